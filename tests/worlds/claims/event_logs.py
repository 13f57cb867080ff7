"""Event logs made up by a number: in a lake, and the same events imported into a ledger."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from core.ingest.import_file import import_file
from core.ledger.connection import Ledger

MONDAY = date(2026, 10, 5)
WEEKS = 3
UNTIL = MONDAY + timedelta(weeks=WEEKS)
CLAIM = pa.schema(
    [
        ("seq", pa.int64()),
        ("event_id", pa.string()),
        ("ts", pa.timestamp("us")),
        ("signal", pa.string()),
        ("confidence", pa.float64()),
        ("model_version", pa.string()),
        ("elicitation", pa.string()),
        ("input_id", pa.string()),
        ("split", pa.string()),
        ("action", pa.string()),
        ("label_propensity", pa.float64()),
        ("seg_topic", pa.string()),
        ("seg_user", pa.string()),
    ]
)
OUTCOME = pa.schema(
    [
        ("event_id", pa.string()),
        ("signal", pa.string()),
        ("outcome", pa.int32()),
        ("outcome_ts", pa.timestamp("us")),
        ("outcome_source", pa.string()),
        ("logged_at", pa.timestamp("us")),
    ]
)
Row = dict[str, Any]
#: Confidences whose place in a hundredth, a bin or the band hangs on the last bit.
EDGES = (None, 0.0, 1.0, 0.1 + 0.2, 0.3, 0.8999999, 0.9, 0.90000049, 0.5, 1e-7, 0.010000001, 1 / 3)
SIGNALS = ("triage", "désk, élan/2 'q'")


@dataclass
class EventWorld:
    """Events in the order they came, in batches of one kind each.

    Attributes:
        batches: "claims" or "outcomes", when they came, and the rows.
    """

    batches: list[tuple[str, datetime, list[Row]]] = field(default_factory=list)

    def rows(self, kind: str) -> list[Row]:
        """All rows of a kind."""
        return [row for of, _, rows in self.batches if of == kind for row in rows]

    def write_log(self, prefix: Path) -> None:
        """As a lake has them, in folders by signal and day that hold some files each."""
        for kind, schema in (("claims", CLAIM), ("outcomes", OUTCOME)):
            for folder, rows in _parted(kind, self.rows(kind)):
                at = prefix / kind / folder
                at.mkdir(parents=True, exist_ok=True)
                pq.write_table(pa.Table.from_pylist(rows, schema), at / "part.parquet")

    def import_all(self, ledger: Ledger, folder: Path) -> None:
        """As an import brings them, batch by batch."""
        folder.mkdir(exist_ok=True)
        for number, (kind, at, rows) in enumerate(self.batches):
            path = folder / f"{number}.parquet"
            schema = CLAIM if kind == "claims" else OUTCOME
            table = pa.Table.from_pylist(rows, schema)
            dropped = ["seq"] if kind == "claims" else ["logged_at"]
            pq.write_table(table.drop_columns(dropped), path)
            import_file(ledger, path, now=at)


def _parted(kind: str, rows: Iterable[Row]) -> list[tuple[str, list[Row]]]:
    parts: dict[str, list[Row]] = {}
    for row in rows:
        when = row["ts"] if kind == "claims" else row["logged_at"]
        name = f"signal={SIGNALS.index(row['signal']) if row['signal'] in SIGNALS else 'x'}"
        parts.setdefault(f"{name}/day={when.date()}", []).append(row)
    return sorted(parts.items())


def world(seed: int, n_claims: int = 250) -> EventWorld:
    """A world with late outcomes, corrections, ties, repeats, conflicts, nulls and wrong values."""
    rng = random.Random(seed)
    made = EventWorld()
    seq = iter(range(1, 1_000_000))
    came = datetime(2026, 10, 26)
    start = datetime(MONDAY.year, MONDAY.month, MONDAY.day)
    span = int(timedelta(weeks=WEEKS).total_seconds() * 1_000_000)
    known: list[Row] = []
    for _ in range(rng.randint(2, 5)):
        rows = [_claim(rng, start, span, n_claims) for _ in range(n_claims // 3)]
        rows += [dict(one) for one in rng.sample(known, min(len(known), 10))]
        for one in rng.sample(known, min(len(known), 5)):
            rows.append({**one, "confidence": 0.77, "model_version": "m9"})
        known += rows
        came += timedelta(hours=rng.randint(1, 30))
        made.batches.append(("claims", came, [{**one, "seq": next(seq)} for one in rows]))
        labels = [_outcome(rng, came, n_claims) for _ in range(n_claims // 2)]
        labels += [dict(one) for one in rng.sample(labels, 5)]
        came += timedelta(hours=rng.randint(1, 30))
        made.batches.append(
            ("outcomes", came, [{**one, "seq": next(seq), "logged_at": came} for one in labels])
        )
    rng.shuffle(made.batches)
    # What comes later has the later number.
    at, number = datetime(2026, 10, 26), iter(range(1, 1_000_000))
    shuffled = []
    for kind, _, rows in made.batches:
        at += timedelta(hours=7)
        again = [{**one, "seq": next(number)} for one in rows]
        if kind == "outcomes":
            again = [{**one, "logged_at": at} for one in again]
        shuffled.append((kind, at, again))
    return EventWorld(shuffled)


def _claim(rng: random.Random, start: datetime, span: int, n_ids: int) -> Row:
    moment = rng.choice([rng.randrange(span), rng.randrange(21) * 86_400_000_000, span - 1])
    confidence = rng.choice([rng.choice(EDGES), round(rng.random(), 2), rng.random(), 0.9])
    return {
        "event_id": f"e{rng.randrange(n_ids)}",
        "ts": start + timedelta(microseconds=moment),
        "signal": rng.choice(SIGNALS),
        "confidence": confidence if rng.random() > 0.02 else rng.choice([1.5, -0.1, float("nan")]),
        "model_version": rng.choice(["m1", "m2", None, ""]),
        "elicitation": rng.choice([None, None, "verbal"]),
        "input_id": rng.choice([None, f"i{rng.randrange(200)}"]),
        "split": rng.choice([None, "production", "tuning", "heldout"]),
        "action": rng.choice([None, "automate", "review", "escalate"]),
        "label_propensity": rng.choice([None, 1.0, 0.1, 1 / 3]),
        "seg_topic": rng.choice([None, "", "billing", " billing ", "Billing", "a;b'c", "\u00a0x"]),
        "seg_user": f"u{rng.randrange(8)}",
    }


def _outcome(rng: random.Random, came: datetime, n_ids: int) -> Row:
    stated = datetime(2026, 10, 6) + timedelta(hours=rng.randrange(24 * 20))
    return {
        "event_id": f"e{rng.randrange(n_ids + 20)}",
        "signal": rng.choice([None, *SIGNALS]),
        "outcome": rng.randrange(2) if rng.random() > 0.02 else 2,
        "outcome_ts": rng.choice([None, stated, datetime(2026, 10, 20)]),
        "outcome_source": rng.choice([None, "HUMAN", "CODE", "LLM"]),
    }
