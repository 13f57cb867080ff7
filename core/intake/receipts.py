"""What became of the rows that a receipt stands for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import duckdb

from core.ingest.claim_dedupe import CONFLICT
from core.ingest.handoffs import OTHERWISE
from core.spool.segments import Receipt, failed_beside, segments_beside


@dataclass(frozen=True)
class Outcome:
    """What became of rows.

    Attributes:
        state: waiting to be folded, folded into the ledger, or set aside with all of its segment.
        received: how many rows were kept under the receipt.
        new: those that brought a claim, an outcome, or something of a hand-off, not known before.
        duplicate: those that the ledger had already.
        conflict: claims and hand-offs that it has with other content, kept in the quarantine.
        quarantined: those kept there for another reason.
    """

    state: Literal["waiting", "folded", "set_aside"]
    received: int
    new: int | None = None
    duplicate: int | None = None
    conflict: int | None = None
    quarantined: int | None = None

    def as_json(self) -> dict[str, Any]:
        """As HTTP answers; what is not known yet is left out."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def outcome_of(cursor: duckdb.DuckDBPyConnection, ledger: Path, receipt: Receipt) -> Outcome | None:
    """What became of the rows of a receipt.

    Args:
        receipt: as it was given.

    Returns:
        None where there is nothing under it: it is no receipt of this ledger, or every row of its
        segment was known before, and so nothing was recorded.
    """
    received = receipt.last - receipt.first + 1
    # Asked first: a segment is in the ledger before it is gone from the spool.
    waiting = any(one.number == receipt.segment for one in segments_beside(ledger))
    row = cursor.execute(
        """
        SELECT max(import_id), max(n_read) FROM imports
        WHERE format = 'jsonl' AND starts_with(source, $prefix)
        """,
        {"prefix": f"{receipt.segment:013d}."},
    ).fetchone()
    assert row is not None
    import_id, n_read = row
    if import_id is not None:
        if receipt.last > n_read:
            return None
        return Outcome("folded", received, *_counted(cursor, import_id, receipt))
    if waiting:
        return Outcome("waiting", received)
    if any(one.number == receipt.segment for one in failed_beside(ledger)):
        return Outcome("set_aside", received)
    return None


def together(outcomes: Sequence[Outcome]) -> Outcome | None:
    """What became of the rows of several receipts that were given in one answer; None: of none."""
    if len(outcomes) < 2:
        return outcomes[0] if outcomes else None
    states = {one.state for one in outcomes}
    found = outcomes[0].state if len(states) == 1 else "waiting"
    counts = zip(*((one.new, one.duplicate, one.conflict, one.quarantined) for one in outcomes),
                 strict=True)  # fmt: skip
    summed = (None if None in of else sum(n for n in of if n is not None) for of in counts)
    return Outcome(found, sum(one.received for one in outcomes), *summed)


def all_known(receipt: Receipt) -> Outcome:
    """What became of rows whose segment was folded and brought nothing new."""
    received = receipt.last - receipt.first + 1
    return Outcome("folded", received, 0, received, 0, 0)


def _counted(
    cursor: duckdb.DuckDBPyConnection, import_id: int, receipt: Receipt
) -> tuple[int, int, int, int]:
    row = cursor.execute(
        """
        WITH brought AS (
            SELECT import_row FROM claims
            WHERE import_id = $import_id AND import_row BETWEEN $first AND $last
            UNION
            SELECT import_row FROM outcomes
            WHERE import_id = $import_id AND import_row BETWEEN $first AND $last
            UNION
            SELECT import_row FROM handoffs
            WHERE import_id = $import_id AND import_row BETWEEN $first AND $last),
        refused AS (
            SELECT import_row, reason IN (SELECT unnest($conflicts)) AS conflict FROM quarantine
            WHERE import_id = $import_id AND import_row BETWEEN $first AND $last)
        SELECT (SELECT count(*) FROM brought),
               (SELECT count(*) FROM refused WHERE conflict),
               (SELECT count(*) FROM refused WHERE NOT conflict)
        """,
        {
            "import_id": import_id,
            "first": receipt.first,
            "last": receipt.last,
            "conflicts": [CONFLICT, OTHERWISE],
        },
    ).fetchone()
    assert row is not None
    new, conflict, quarantined = row
    duplicate = receipt.last - receipt.first + 1 - new - conflict - quarantined
    return new, duplicate, conflict, quarantined
