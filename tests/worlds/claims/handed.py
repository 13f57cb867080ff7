"""Cases that went to people: a careful reviewer, one who looks at nothing, and one with few."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from core.events import HANDOFF_FIELDS
from core.ledger.connection import Ledger
from tests.worlds.claims.events import add_claims
from tests.worlds.governed.governed import REGISTRY, Clock, Governed

#: Of the first case; a minute lies between them.
FIRST = datetime(2026, 10, 5, 8)
ENTRY = REGISTRY.replace(
    "    fallback:", "    handling: {review: {queue: desk, withinHours: 8}}\n    fallback:"
)
#: Reviewer, queue, how many answers were wrong, how many of them caught; right ones, overruled.
DECIDED = (
    ("r-1", "desk", 40, 30, 40, 4),
    ("r-2", "desk", 50, 0, 50, 0),
    ("r-3", None, 3, 1, 3, 0),
)
_TIME = pa.timestamp("us")
_TYPES = {"handed_at": _TIME, "taken_at": _TIME, "decided_at": _TIME}
_TYPES |= dict.fromkeys(("agreed", "seeded"), pa.int8())
_SCHEMA = pa.schema(
    [
        *((name, _TYPES.get(name, pa.string())) for name in HANDOFF_FIELDS),
        *(("import_id", pa.int32()), ("import_row", pa.int64())),
    ]
)

Row = Mapping[str, Any]


def hand_over(ledger: Ledger, *rows: Row) -> None:
    """Put hand-offs straight into a ledger; what a row leaves out is not known."""
    usual = {"signal": "triage", "import_id": 1}
    full = [{**usual, "import_row": i, **row} for i, row in enumerate(rows, 1)]
    with ledger.transaction() as cursor:
        cursor.register("handed", pa.Table.from_pylist(full, _SCHEMA))
        cursor.execute("INSERT INTO handoffs BY NAME SELECT * FROM handed")


def hand_all_over(ledger: Ledger) -> None:
    """The cases of `DECIDED`, two that wait, and one that nobody was given."""
    cases = list(_cases())
    claims = [
        {
            "event_id": one["event_id"],
            "ts": one["handed_at"] - timedelta(minutes=5),
            "confidence": 0.7,
            "action": "review",
            "outcome": one.pop("outcome"),
        }
        for one in cases
    ]
    forgotten = {"event_id": "forgotten", "ts": FIRST, "confidence": 0.7, "action": "review"}
    add_claims(ledger, [*claims, forgotten])
    hand_over(ledger, *cases)


def _cases() -> Iterator[dict[str, Any]]:
    when = FIRST
    for who, queue, *counts in DECIDED:
        for outcome, n, overridden in ((0, *counts[:2]), (1, *counts[2:])):
            for i in range(n):
                when += timedelta(minutes=1)
                yield {
                    "event_id": f"{who}-{outcome}-{i}",
                    "queue": queue,
                    "reviewer": who,
                    "handed_at": when,
                    "taken_at": when + timedelta(hours=2),
                    "decided_at": when + timedelta(hours=2, minutes=6),
                    "agreed": int(i >= overridden),
                    "outcome": outcome,
                }
    late = datetime(2026, 11, 1, 9)
    yield {"event_id": "late", "queue": "desk", "handed_at": late, "outcome": None}
    taken = {"reviewer": "r-1", "taken_at": late + timedelta(hours=3)}
    yield {"event_id": "taken", "queue": "desk", "handed_at": late, **taken, "outcome": None}


def handed_ledger(folder: Path) -> Path:
    """A registered signal's ledger with these cases."""
    path = folder / "ledger.duckdb"
    with Ledger.open(path, create=True) as ledger:
        Governed(ledger, Clock()).apply(ENTRY)
        hand_all_over(ledger)
    return path
