"""A real ledger in memory, governed as any other, and claims to put in it."""

from __future__ import annotations

from datetime import datetime, timedelta

import duckdb
import numpy as np
import pandas as pd

from core.ledger.connection import Ledger
from core.measure.cells.cells import FloatArray
from tests.worlds.governed.governed import REGISTRY, V1, Clock, Governed

#: A Monday; claims come from then on.
START = datetime(2026, 1, 5)
#: Weeks in which nothing is wrong yet, those of them before the signature, and weeks that are
#: looked at afterwards.
BEFORE, SIGNED, AFTER = 16, 8, 12
#: Claims a week, all labelled, a day later each; labels are settled after a week.
LABELS, MATURITY = 200, 7
V = np.array([0.55, 0.7, 0.8, 0.9, 0.97])
SHARES = np.array([0.1, 0.15, 0.2, 0.3, 0.25])
TOPICS = np.array(list("abcdefgh"))
SIGNAL = "triage"

#: Simulated claims name no language, so that no rule of its own stands for one.
_OF_LANGUAGE = """    overrides:
      - where: {language: hi}
        bands:
          - {below: "0.95", action: review}
          - {action: automate}
    knownValues: {language: [de, en]}
"""
#: The entry.
WRITTEN = (
    REGISTRY.replace("maxAgeDays: 90", "maxAgeDays: 365")
    # At low stakes a cut need not be proven.
    .replace("stakes: high", "stakes: low")
    .replace(
        '  highConfidence: "0.90"\n',
        f'  highConfidence: "0.90"\n  maturity: {{days: {MATURITY}}}\n',
    )
    .replace(_OF_LANGUAGE, "")
)


_IMPORTS = """
    INSERT INTO imports
    SELECT unnest($ids::INTEGER[]), 'simulated', 'parquet', '', unnest($at::TIMESTAMP[]),
           0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, [], '{}'
"""
_REFUSED = """
    INSERT INTO quarantine
    SELECT row_number() OVER (), id, 'simulated', 0, 'confidence', '', '', '', $of
    FROM (SELECT unnest($ids::INTEGER[]) AS id)
"""


def look(weeks: int) -> datetime:
    """Noon of the Monday so many weeks after the failure began."""
    return START + timedelta(weeks=BEFORE + weeks, hours=12)


def governed(ledger: Ledger) -> Governed:
    """The signal registered, and the version m1, p1 validated after `SIGNED` weeks."""
    clock = Clock()
    clock.now = START
    made = Governed(ledger, clock)
    made.apply(WRITTEN)
    clock.forward(weeks=SIGNED)
    made.validate(days=364)
    return made


class Desk:
    """One such ledger, for one simulated story after the other.

    Attributes:
        governed: its written side.
        state: what its trail says.
        cursor: of the ledger.
    """

    def __init__(self) -> None:
        self._ledger = Ledger.in_memory()
        self.governed = governed(self._ledger)
        self.state = self.governed.office.state()
        with self._ledger.transaction() as cursor:
            cursor.execute("ALTER TABLE claims ADD COLUMN seg_topic VARCHAR")
            cursor.execute("INSERT INTO segment_dimensions VALUES ('topic', 1)")
        self.cursor: duckdb.DuckDBPyConnection = self._ledger.cursor()
        # Each of the processes has one core.
        self.cursor.execute("SET threads = 1")

    def fill(self, claims: pd.DataFrame) -> None:
        """Take these claims in place of those of the story before.

        With a column ``refused`` they came in day by day, and those of it into the quarantine.
        """
        by_day = "refused" in claims
        day = (claims["ts"] - START).dt.days if by_day else pd.Series(0, index=claims.index)
        at = {int(one): START + timedelta(days=int(one), hours=23 * by_day) for one in day.unique()}
        put_aside = day[claims["refused"]] if by_day else day[:0]
        claims = claims[~claims["refused"]].drop(columns="refused") if by_day else claims
        rows = claims.assign(
            event_id=np.char.add("e", np.arange(len(claims)).astype(str)),
            signal=SIGNAL,
            confidence_ppm=(claims["v"] * 1_000_000).round().astype("Int32"),
            confidence_raw=claims["v"],
            outcome_ts=claims["ts"] + pd.Timedelta(days=1),
            outcome_known_at=claims["ts"] + pd.Timedelta(days=1),
            import_id=day.loc[claims.index] + 1,
            import_row=np.arange(len(claims)),
        ).drop(columns=["v", "week"])
        repeats = "input_id" in claims and bool(claims["input_id"].dropna().duplicated().any())
        with self._ledger.transaction() as cursor:
            cursor.execute("DELETE FROM imports")
            cursor.execute("DELETE FROM quarantine")
            cursor.execute(_IMPORTS, {"ids": [one + 1 for one in at], "at": list(at.values())})
            if len(put_aside):
                refused = {"ids": (put_aside + 1).tolist(), "of": f'{{"signal": "{SIGNAL}"}}'}
                cursor.execute(_REFUSED, refused)
            cursor.execute("DELETE FROM claims")
            cursor.execute("DELETE FROM signals")
            cursor.execute("INSERT INTO signals VALUES ($s, $r, 1)", {"s": SIGNAL, "r": repeats})
            cursor.execute("INSERT INTO claims BY NAME SELECT * FROM rows")
        del rows


def claims(
    rng: np.random.Generator,
    *,
    gap: FloatArray | float = 0.0,
    per_week: int = LABELS,
    first: int = 0,
    weeks: int = BEFORE + AFTER,
) -> pd.DataFrame:
    """Weeks of production claims, right as often as they say less a gap.

    Args:
        rng: where chance comes from.
        gap: of each week, in [−1, 1].
        per_week: claims.
        first: the first week.
        weeks: how many.

    Returns:
        Columns week (from 0), ts, v, outcome, model_version, prompt_version, split, seg_topic.
    """
    size = per_week * weeks
    week = np.repeat(np.arange(first, first + weeks), per_week)
    v = rng.choice(V, size, p=SHARES)
    seconds = week * 7 * 86_400 + rng.integers(0, 7 * 86_400, size)
    of_week = np.broadcast_to(gap, (weeks,))[week - first]
    return pd.DataFrame(
        {
            "week": week,
            "ts": np.datetime64(START, "us") + seconds * np.timedelta64(1_000_000, "us"),
            "v": v,
            "outcome": right(rng, v - of_week),
            "model_version": V1.model_version,
            "prompt_version": V1.prompt_version,
            "split": "production",
            "seg_topic": rng.choice(TOPICS, size),
        }
    )


def right(rng: np.random.Generator, chance: FloatArray) -> np.ndarray:
    """Outcomes that are right with a chance each."""
    return (rng.random(chance.shape) < np.clip(chance, 0, 1)).astype(np.int8)
