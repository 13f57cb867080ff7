"""Leakage: judged claims that the signal was tuned on."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from core.ledger.errors import LedgerError
from core.queries.base.selection import Selection
from core.queries.sums.validation_sample import JudgedSpan, Shared, shared_with_tuning

#: As many overlapping claims are listed, unless more are asked for.
LISTED = 1_000
#: As many stand in the refusal's own sentence.
NAMED = 5


@dataclass(frozen=True)
class Overlap:
    """The judged claims that share an event or an input with the tuning split.

    Attributes:
        rows: the first of them, by event_id.
        n: how many there are.
    """

    rows: tuple[Shared, ...]
    n: int

    def __bool__(self) -> bool:
        return self.n > 0


class TuningLeaked(LedgerError):  # noqa: N818 (reads as what is the matter)
    """The claims to judge on were tuned on.

    Attributes:
        overlap: which.
        judged: among which claims; with it `overlap` lists all of them.
    """

    def __init__(self, signal: str, overlap: Overlap, judged: JudgedSpan) -> None:
        named = "; ".join(words(row) for row in overlap.rows[:NAMED])
        rest = overlap.n - min(NAMED, len(overlap.rows))
        more = f"; and {rest:,} more" if rest else ""
        one = overlap.n == 1
        super().__init__(
            f"{overlap.n:,} of the claims to judge {signal} on {'was' if one else 'were'} also "
            f"tuned on ({named}{more}); leave {'it' if one else 'them'} out of the evidence, or "
            "bring in heldout claims on other inputs."
        )
        self.overlap = overlap
        self.judged = judged


class NoTuning(LedgerError):  # noqa: N818 (reads as what is the matter)
    """Nothing is there to choose or to fit on."""


class TunedOn(LedgerError):  # noqa: N818
    """The heldout claims share inputs with the tuning split.

    Attributes:
        overlap: which.
        selection: among which claims.
    """

    def __init__(self, selection: Selection, overlap: Overlap) -> None:
        named = "; ".join(words(row) for row in overlap.rows[:NAMED])
        rest = overlap.n - min(NAMED, len(overlap.rows))
        more = f"; and {rest:,} more" if rest else ""
        one = overlap.n == 1
        super().__init__(
            f"{overlap.n:,} heldout {'claim' if one else 'claims'} of {selection.signal} "
            f"{'has an input' if one else 'have inputs'} that it was tuned on ({named}{more}); "
            f"leave {'it' if one else 'them'} out, or bring in heldout claims on other inputs."
        )
        self.overlap = overlap
        self.selection = selection


def overlap(
    cursor: duckdb.DuckDBPyConnection, judged: JudgedSpan, *, limit: int = LISTED
) -> Overlap:
    """The judged claims that share event_id or input_id with the signal's tuning split.

    The tuning split is that of the whole signal: an input that one version was tuned on tells
    nothing new about the next.

    Args:
        limit: the most that are listed; all are counted.
    """
    return Overlap(*shared_with_tuning(cursor, judged, limit=limit))


def words(row: Shared) -> str:
    """A judged claim and the tuning claim that it meets."""
    if row.by == "event_id":
        return f"event {row.event_id}"
    return f"event {row.event_id} has input {row.input_id} of tuning event {row.tuning_event_id}"
