"""Whether the decision trail is intact, in words, with what vouches for it and what does not."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from core.audit.held import Held, Stamped, held_beside, stamps_beside
from core.audit.report import Report
from core.audit.verify import verify_ledger
from core.governance.replay import Replay
from core.ledger.errors import LedgerError
from core.sentences.numbers import count, counted
from core.trail import act_search as search
from core.trail import log as trail
from core.trail.act_search import ActSearch
from core.trail.checkpoints import Checkpoint, Note, NoteError
from core.trail.problems import Problem

#: Problems that are listed; the rest is counted. Of checkpoints that somebody kept fewer: where one
#: disagrees, most that are newer do as well.
LISTED, LISTED_HELD = 20, 2


@dataclass(frozen=True)
class Newest:
    """The newest checkpoint.

    Attributes:
        note: the signed note, as it is kept and compared.
        size: entries it covers; None where it cannot be read.
        root: of the tree over them, base64; None likewise.
    """

    note: str
    size: int | None
    root: str | None


@dataclass(frozen=True)
class Wholeness:
    """What a verification of the ledger's trail found.

    Attributes:
        whole: whether nothing is wrong.
        n_entries: entries in the trail; 0: it has not begun.
        headline: the answer, in a sentence.
        anchoring: what outside the ledger vouches for it, and since which entry nothing does.
        anchored: whether something outside the ledger vouches for its last entry.
        problems: what is wrong, at most `LISTED`: in the trail's order, and after that what kept
            checkpoints say against it.
        more: how many problems more there are, in a sentence; empty when none.
        bad: the entries that are wrong.
        remarks: what is worth knowing and not wrong.
        signers: who signed, and on what assurance.
        newest: the newest checkpoint; None before the first entry, and where all are gone.
        key: the public key in force; None where there is none.
        no_export: why the trail cannot be exported, in a sentence; empty when it can.
        checked_at: when this was verified, UTC without zone.
    """

    whole: bool
    n_entries: int
    headline: str
    anchoring: tuple[str, ...]
    anchored: bool
    problems: tuple[Problem, ...]
    more: str
    bad: frozenset[int]
    remarks: tuple[str, ...]
    signers: tuple[str, ...]
    newest: Newest | None
    key: str | None
    no_export: str
    checked_at: datetime


def wholeness(cursor: duckdb.DuckDBPyConnection, ledger: Path | None, now: datetime) -> Wholeness:
    """Verify every entry, checkpoint, piece of evidence and seal; never raises.

    Takes time in proportion to the ledger's rows.

    Args:
        ledger: its file, beside which checkpoints lie and anchors are named; None: in memory.
    """
    held: Sequence[Held] = () if ledger is None else held_beside(ledger)
    stamped = Stamped() if ledger is None else stamps_beside(ledger)
    report = verify_ledger(cursor, held=held, stamped=stamped)
    problems = report.problems or _unusable(cursor)
    n_entries = search.count(cursor, ActSearch())
    bad = _bad(problems)
    listed = _listed(problems)
    more = len(problems) - len(listed)
    return Wholeness(
        whole=not problems,
        n_entries=n_entries,
        headline=_headline(n_entries, problems, min(bad, default=None)),
        anchoring=tuple(_anchoring(report, n_entries)),
        anchored=report.anchored is not None and report.anchored >= n_entries > 0,
        problems=listed,
        more=f"And {count(more)} {'problem' if more == 1 else 'problems'} more." if more else "",
        bad=bad,
        remarks=report.remarks,
        signers=report.signers,
        newest=_newest(cursor),
        key=report.key,
        no_export=_no_export(cursor, n_entries),
        checked_at=now,
    )


def _unusable(cursor: duckdb.DuckDBPyConnection) -> tuple[Problem, ...]:
    """What was signed and still cannot be: acts that nobody was allowed to do."""
    try:
        Replay().caught_up(cursor)
    except (LedgerError, duckdb.Error) as error:
        return (Problem("entry", None, str(error)),)
    return ()


def _bad(problems: Sequence[Problem]) -> frozenset[int]:
    """The entries that problems name; what was kept only says after which one it was rewritten."""
    named = [one for one in problems if one.seq is not None]
    exact = [one for one in named if one.kind != "held"]
    return frozenset(one.seq for one in exact or named if one.seq is not None)


def _listed(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    held = [one for one in problems if one.kind == "held"][:LISTED_HELD]
    others = [one for one in problems if one.kind != "held"]
    return (*others[: LISTED - len(held)], *held)


def _headline(n_entries: int, problems: Sequence[Problem], first: int | None) -> str:
    entries = counted(n_entries, "entry", "entries")
    if problems:
        found = f"{count(len(problems))} {'problem' if len(problems) == 1 else 'problems'}"
        at = "no entry in particular" if first is None else f"the first bad entry is {first}"
        return f"The trail is not intact: {found} in {entries}; {at}."
    if not n_entries:
        return "The trail has not begun."
    return f"The trail is intact: {entries}, each as it was signed, and every sealed row with them."


def _anchoring(report: Report, n_entries: int) -> list[str]:
    if not n_entries:
        return []
    said = []
    if report.anchored is None:
        said.append(
            "Nothing outside the ledger holds a checkpoint: whoever holds the signing key could "
            "have rewritten all of it."
        )
    elif report.anchored < n_entries:
        said.append(
            f"Not anchored since entry {report.anchored}: nothing outside the ledger vouches for "
            "it and those that follow."
        )
    else:
        said.append("Anchored up to its last entry by a checkpoint outside the ledger.")
    if report.beside is not None:
        said.append(
            f"The checkpoints beside the ledger agree up to entry {report.beside - 1}; who can "
            "write to the ledger can most likely write there, too."
        )
    return [*said, *report.kept_since]


def _newest(cursor: duckdb.DuckDBPyConnection) -> Newest | None:
    note = trail.latest_note(cursor)
    if note is None:
        return None
    try:
        read = Checkpoint.of(Note.of(note).text)
    except NoteError:
        return Newest(note, None, None)
    return Newest(note, read.size, base64.b64encode(read.root).decode("ascii"))


def _no_export(cursor: duckdb.DuckDBPyConnection, n_entries: int) -> str:
    if not n_entries:
        return "There is nothing to export yet."
    try:
        if trail.key_in_force(cursor) is not None:
            return ""
    except trail.TrailError as error:
        return str(error)
    return "The decision trail names no key, so it cannot be exported."
