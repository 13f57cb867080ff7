"""Whether the decision trail is intact, in words, with what vouches for it and what does not."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from core.audit.held import Held, Stamped, held_beside, stamps_beside
from core.audit.last_full import LastFull
from core.audit.report import Report
from core.audit.verify import Since, rows_there, verify_ledger, verify_since
from core.governance.replay import Replay
from core.ledger.errors import LedgerError
from core.sentences.numbers import count, counted
from core.trail import act_search as search
from core.trail import log as trail
from core.trail.act_search import ActSearch
from core.trail.checkpoints.checkpoints import Checkpoint, Note, NoteError
from core.trail.problems import Problem

#: Problems that are listed; the rest is counted. Of checkpoints that somebody kept fewer: where one
#: disagrees, most that are newer do as well.
LISTED, LISTED_HELD = 20, 2
#: Claims and logged outcomes that a visit verifies, which takes a fraction of a second.
BY_VISIT = 200_000


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
        checked_at: when this was looked at, UTC without zone.
        verified: what was verified, and when, in sentences.
        rows_verified: whether every sealed row was verified, now or when it was done last.
        verified_at: when that was, UTC without zone; None where it never was.
        by_visit: whether the ledger is small enough for every visit to verify all of it.
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
    verified: tuple[str, ...]
    rows_verified: bool
    verified_at: datetime | None
    by_visit: bool


def wholeness(
    cursor: duckdb.DuckDBPyConnection,
    ledger: Path | None,
    now: datetime,
    last: LastFull | None = None,
) -> Wholeness:
    """What a visit verifies: every entry, checkpoint and piece of evidence; never raises.

    Of the sealed rows all that a small ledger has, see `BY_VISIT`; of a larger one those that came
    in since all of it was verified, if these are few. For the others stands what was found then.

    Args:
        ledger: its file, beside which checkpoints lie and anchors are named; None: in memory.
        last: when everything was verified last.
    """
    held: Sequence[Held] = () if ledger is None else held_beside(ledger)
    stamped = Stamped() if ledger is None else stamps_beside(ledger)
    since: Since | None = None
    if _is_small(cursor):
        report = verify_ledger(cursor, held=held, stamped=stamped)
        problems = report.problems
    else:
        since = verify_since(cursor, last, most=BY_VISIT, held=held, stamped=stamped)
        report = since.report
        before = since.last.problems if since.last is not None else ()
        problems = (*report.problems, *(one for one in before if one not in report.problems))
    problems = problems or _unusable(cursor)
    n_entries = search.count(cursor, ActSearch())
    bad = _bad(problems)
    listed = _listed(problems)
    n_problems = len(problems)
    if since is not None and since.last is not None:
        n_problems = max(n_problems, since.last.n_problems)
    more = n_problems - len(listed)
    verified_at = now if since is None else None if since.last is None else since.last.at
    return Wholeness(
        whole=not problems,
        n_entries=n_entries,
        headline=_headline(n_entries, n_problems, min(bad, default=None), since),
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
        verified=_verified(cursor, n_entries, since, now),
        rows_verified=since is None or (since.last is not None and since.read),
        verified_at=verified_at,
        by_visit=since is None,
    )


def _is_small(cursor: duckdb.DuckDBPyConnection) -> bool:
    try:
        return rows_there(cursor) <= BY_VISIT
    except duckdb.Error:
        # A table is gone: verifying says which.
        return True


def _verified(
    cursor: duckdb.DuckDBPyConnection, n_entries: int, since: Since | None, now: datetime
) -> tuple[str, ...]:
    """What was verified and when."""
    small = "every entry, checkpoint, piece of evidence and sealed row"
    if since is None:
        return (f"Verified {now:%Y-%m-%d %H:%M:%S} UTC: {small}.",)
    trail_now = "Entries, checkpoints and evidence were verified now."
    if since.last is None:
        n_rows = count(rows_there(cursor))
        return (f"The {n_rows} sealed rows were not verified yet. {trail_now}",)
    n_new = n_entries - since.last.n_entries
    if not n_new:
        later = f", the last. {trail_now}"
    elif since.read:
        seals = "its seals were" if n_new == 1 else "their seals were"
        later = f"; since then {counted(n_new, 'entry', 'entries')}: {seals} checked now."
    else:
        later = (
            f"; since then {counted(n_new, 'entry', 'entries')} with "
            f"{count(since.n_new_rows)} rows that were not verified yet. {trail_now}"
        )
    return (
        f"All of it was verified on {since.last.at:%Y-%m-%d %H:%M} UTC up to entry "
        f"{since.last.n_entries - 1}{later}",
        "That it was verified is noted beside the ledger, and is no proof: who can write to the "
        "ledger can write that note.",
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


def _headline(n_entries: int, n_problems: int, first: int | None, since: Since | None) -> str:
    entries = counted(n_entries, "entry", "entries")
    if n_problems:
        found = f"{count(n_problems)} {'problem' if n_problems == 1 else 'problems'}"
        at = "no entry in particular" if first is None else f"the first bad entry is {first}"
        return f"The trail is not intact: {found} in {entries}; {at}."
    if not n_entries:
        return "The trail has not begun."
    signed = f"The trail is intact: {entries}, each as it was signed"
    if since is None:
        return f"{signed}, and every sealed row with them."
    if since.last is None:
        return f"{signed}. Its sealed rows were not verified yet."
    if not since.read:
        return f"{signed}. Its newest sealed rows were not verified yet."
    return f"{signed}; and every sealed row when all of it was verified last."


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
