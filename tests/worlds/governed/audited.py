"""Weeks of a signal whose labels people choose, beside the weekly audit sample of the program."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from unittest.mock import patch

import numpy as np
import pandas as pd

from core.ledger.connection import Ledger
from core.monitoring.weekly_audits import draw_weekly
from core.standing.audited import AuditedGap, audited_gap
from core.standing.verdict import StandingVerdict, standing_verdicts
from tests.worlds.governed.governed import REGISTRY, Clock, Governed

#: A Monday; claims come from a week before it.
START = datetime(2026, 1, 12, 1)
SIGNAL = "triage"
V = np.array([0.55, 0.7, 0.8, 0.9, 0.97])
#: What the program asks for, and when outcomes are final.
PLAN = "  audit: {perWeek: 60}\n  maturity: {days: 14}\n  tolerance:"
#: Of low stakes, whose entry needs no proof of its threshold.
ENTRY = REGISTRY.replace("  tolerance:", PLAN, 1).replace("stakes: high", "stakes: low", 1)


@dataclass(frozen=True)
class Labelled:
    """How people label by themselves.

    Attributes:
        wrong, right: chance that a wrong, and a right, answer is labelled.
        early: part of it that is known before the week's sample is drawn.
    """

    wrong: float
    right: float
    early: float = 0.5


#: People look at what went wrong first.
WRONG_FIRST = Labelled(0.7, 0.3)


@dataclass(frozen=True)
class AuditedWorld:
    """What came out of it.

    Attributes:
        gap: of all claims of the window, the unlabelled ones included.
        audit: what the samples say; None: they do not speak.
        verdict: the standing one.
    """

    gap: float
    audit: AuditedGap | None
    verdict: StandingVerdict


def told(
    rng: np.random.Generator,
    gap: float,
    *,
    people: Labelled = WRONG_FIRST,
    answered: float = 0.95,
    per_week: int = 300,
    weeks: int = 11,
) -> AuditedWorld:
    """Tell so many weeks, and ask for the verdict.

    Args:
        gap: of all claims, stated less right.
        people: how they label by themselves.
        answered: share of each sample that is labelled, by chance.
    """
    with Ledger.in_memory() as ledger:
        clock = Clock()
        clock.now = START
        governed = Governed(ledger, clock)
        governed.apply(ENTRY)
        seed = rng.bytes(16).hex()
        truth = pd.DataFrame({"event": [], "outcome": []})
        for week in range(weeks):
            clock.now = START + timedelta(weeks=week)
            claims = _claims(rng, clock.now, per_week, gap, week)
            chosen = rng.random(per_week) < np.where(claims["y"] == 1, people.right, people.wrong)
            early = rng.random(per_week) < people.early
            truth = pd.concat([truth, claims[["event", "y"]].rename(columns={"y": "outcome"})])
            with ledger.transaction() as cursor:
                imported(cursor, 3 * week + 1, clock.now)
                _keep(cursor, claims, 3 * week + 1)
                label(cursor, claims[chosen & early], 3 * week + 1, clock.now)
            # The signal's random numbers come from the same chance as all else.
            with patch("core.monitoring.audit_draw.secrets.token_hex", _hex(seed, week)):
                draw_weekly(governed.office)
            with ledger.transaction() as cursor:
                imported(cursor, 3 * week + 2, clock.now)
                label(cursor, claims[chosen & ~early], 3 * week + 2, clock.now)
                waiting = cursor.execute(
                    "SELECT DISTINCT event_id AS event FROM audit_claims "
                    "JOIN claims USING (signal, event_id) WHERE outcome IS NULL"
                ).df()
                asked = waiting.merge(truth, on="event").rename(columns={"outcome": "y"})
                asked = asked[rng.random(len(asked)) < answered]
                imported(cursor, 3 * week + 3, clock.now)
                label(cursor, asked, 3 * week + 3, clock.now)
        with ledger.cursor() as cursor:
            (verdict,) = standing_verdicts(cursor, governed.office.state(), clock.now)[SIGNAL]
            assert verdict.window is not None
            audit = audited_gap(
                cursor,
                verdict.window.claims,
                level=verdict.level,
                tolerance=verdict.terms.tolerance,
            )
            inside = cursor.execute(
                "SELECT event_id AS event, confidence_ppm / 1e6 AS v FROM claims "
                "WHERE ts >= $since AND ts < $until",
                {"since": verdict.window.claims.since, "until": verdict.window.claims.until},
            ).df()
        of = inside.merge(truth, on="event")
        return AuditedWorld(float((of["v"] - of["outcome"]).mean()), audit, verdict)


def _hex(seed: str, week: int) -> Callable[[int], str]:
    """Of 16 bytes the seed, else an id of the week."""
    return lambda n: seed if n == 16 else f"{week:0{2 * n}x}"


def _claims(rng: np.random.Generator, now: datetime, n: int, gap: float, week: int) -> pd.DataFrame:
    v = rng.choice(V, n)
    seconds = rng.integers(0, 7 * 86_400, n)
    midnight = np.datetime64(now.replace(hour=0) - timedelta(weeks=1), "us")
    return pd.DataFrame(
        {
            "event": [f"e{week}-{i}" for i in range(n)],
            "ts": midnight + seconds * np.timedelta64(1_000_000, "us"),
            "v": v,
            "y": (rng.random(n) < np.clip(v - gap, 0, 1)).astype(np.int8),
        }
    )


def imported(cursor, number: int, now: datetime) -> None:
    """Write down that an import came in."""
    cursor.execute(
        "INSERT INTO imports VALUES "
        "($n, 'simulated', 'parquet', '', $at, 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, [], '{}')",
        {"n": number, "at": now},
    )


def _keep(cursor, claims: pd.DataFrame, number: int) -> None:
    rows = pd.DataFrame(
        {
            "event_id": claims["event"],
            "signal": SIGNAL,
            "ts": claims["ts"],
            "confidence_ppm": (claims["v"] * 1_000_000).round().astype(np.int32),
            "confidence_raw": claims["v"],
            "model_version": "m1",
            "prompt_version": "p1",
            "split": "production",
            "import_id": number,
            "import_row": np.arange(len(claims)),
        }
    )
    cursor.execute("INSERT INTO claims BY NAME SELECT * FROM rows")
    cursor.execute(
        "INSERT INTO signals SELECT $s, false, 1 WHERE NOT EXISTS (SELECT 1 FROM signals)",
        {"s": SIGNAL},
    )
    del rows


def label(cursor, claims: pd.DataFrame, number: int, now: datetime) -> None:
    """Put in outcomes (columns event and y), as an import that is written down brings them."""
    rows = pd.DataFrame({"event": claims["event"], "y": claims["y"].astype(np.int8)})
    cursor.execute(
        "UPDATE claims SET outcome = y, outcome_known_at = $at, outcome_source = 'HUMAN' "
        "FROM rows WHERE event_id = event",
        {"at": now},
    )
    cursor.execute(
        "INSERT INTO outcomes BY NAME SELECT event AS event_id, $s AS signal, y AS outcome, "
        "$at AS known_at, 'HUMAN' AS source, false AS with_claim, $n AS import_id, "
        "row_number() OVER () AS import_row FROM rows",
        {"s": SIGNAL, "at": now, "n": number},
    )
    del rows
