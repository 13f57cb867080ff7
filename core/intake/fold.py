"""The spool into the ledger: segment by segment, each whole or not at all.

A segment is imported like a file and then removed. If the process dies in between, the same bytes
come in again and change nothing. A segment that cannot be used is set aside and stops no other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from core.gate.decision_log import KIND as DECISIONS
from core.gate.decision_log import fold_answers
from core.governance.perform import Office
from core.governance.recorded_import import import_recorded
from core.intake.otlp.joining import KIND as SPANS_AND_CLAIMS
from core.intake.otlp.joining import Joined, Joiner
from core.ledger.errors import LedgerError, UnusableFile
from core.spool.segments import Segment, Spool, beside

#: What says nothing about a segment: it waits for the next fold.
_NOT_ITS_FAULT = (
    LedgerError,
    OSError,
    MemoryError,
    duckdb.IOException,
    duckdb.OutOfMemoryException,
    duckdb.FatalException,
    duckdb.ConnectionException,
    duckdb.InterruptException,
    duckdb.TransactionException,
)


@dataclass(frozen=True)
class Folded:
    """What a fold did.

    Attributes:
        folded: the segments whose rows are in the ledger.
        set_aside: those that cannot be used, and why.
        joined: what became of claims that waited for their span.
    """

    folded: tuple[Segment, ...] = ()
    set_aside: tuple[tuple[Segment, str], ...] = ()
    joined: Joined = field(default_factory=Joined)


def fold(
    office: Office,
    spool: Spool,
    kinds: Sequence[str] | None = None,
    *,
    joiner: Joiner | None = None,
    last: bool = True,
) -> Folded:
    """Fold what has come in until now.

    Args:
        spool: beside it; not to be folded by two at once.
        kinds: only these, see `Spool.closed`.
        joiner: knows the spans of earlier folds.
        last: whether no claim waits for its span any longer.

    Raises:
        LedgerError, OSError, MemoryError, duckdb.Error: nothing can be written now, or the trail is
            broken; what is not folded yet stays where it is.
    """
    folded: list[Segment] = []
    joined = Joined()
    if kinds is None:
        waiting = spool.closed([SPANS_AND_CLAIMS])
        joined = (joiner or Joiner()).join(spool, waiting, last=last)
    set_aside: list[tuple[Segment, str]] = list(joined.set_aside)
    for segment in spool.closed(kinds):
        if segment.kind.partition("-")[0] == SPANS_AND_CLAIMS:
            continue
        if not segment.path.stat().st_size:
            # Its server was killed before the first row was whole: nobody was told it is kept.
            spool.folded(segment)
            continue
        try:
            _fold(office, segment)
        except UnusableFile as error:
            set_aside.append((segment, str(error)))
            spool.set_aside(segment)
        except _NOT_ITS_FAULT:
            raise
        except Exception as error:
            # Whatever it is, it would meet every fold to come, and the segments after it.
            set_aside.append((segment, f"{type(error).__name__}: {error}".splitlines()[0]))
            spool.set_aside(segment)
        else:
            folded.append(segment)
            spool.folded(segment)
    return Folded(tuple(folded), tuple(set_aside), joined)


def fold_left_over(office: Office) -> Folded:
    """Fold what a server that did not end in order left beside a ledger; for one nobody serves."""
    path = office.ledger.path
    if path is None or office.ledger.read_only or not beside(path).is_dir():
        return Folded()
    spool = Spool(beside(path))
    try:
        return fold(office, spool)
    finally:
        spool.close()


def _fold(office: Office, segment: Segment) -> None:
    if segment.kind == DECISIONS:
        fold_answers(office, segment.path)
    else:
        import_recorded(office, segment.path, now=_last_written(segment.path))


def _last_written(path: Path) -> datetime:
    """When its last row came in: an outcome that names no time became known by then."""
    return datetime.fromtimestamp(path.stat().st_mtime, UTC).replace(tzinfo=None)
