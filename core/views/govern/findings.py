"""What is wrong now, who must answer it by when, and where it is settled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import duckdb

from core.findings.kinds import Severity, broken_trail, kind_of
from core.findings.lifecycle import Finding, FindingStep
from core.governance.people.names import Directory, directory
from core.governance.permissions import roles_of, who_may
from core.governance.replay import TrailBroken
from core.governance.state import State
from core.monitoring.finding_responses import OWNS_IT
from core.monitoring.rounds import outlook_of
from core.sentences.numbers import counted

SEVERITY_WORDS: dict[Severity, str] = {"critical": "Critical", "warning": "Warning"}

_ACT_WORDS = {
    "finding.opened": "found",
    "finding.recurred": "found again",
    "finding.revised": "revised",
    "finding.acknowledged": "acknowledged",
    "finding.waived": "waived",
    "finding.resolved": "resolved",
}


@dataclass(frozen=True)
class HistoryLine:
    """One act about a finding.

    Attributes:
        seq: its place in the trail.
        words: when, who and what they said.
    """

    seq: int
    words: str


@dataclass(frozen=True)
class FindingRow:
    """A finding as people read it.

    Attributes:
        id: of the finding; "" where the trail cannot hold it.
        kind, severity: as the code calls them.
        title: the kind in words.
        severity_words: likewise.
        signal: which signal; None for the ledger as a whole.
        text: what is wrong.
        mend: what to do next.
        owner: who must answer it, by name.
        due_words: by when: ``due in 3 days (2026-11-27)``, ``overdue since 2026-11-20``.
        overdue: whether that is past.
        occurrences: how often it was found.
        state_words: what became of it: "", ``acknowledged``, ``waived until 2026-12-01``.
        waits: whether it waits for somebody; not while it is waived.
        page: key of the page where it is seen and settled.
        fingerprint: the id of the fingerprint it is about; "" where none.
        history: every act about it, oldest first.
        n_answers: how often somebody answered it.
        evidence: the numbers it rests on, as text, by name.
        opened: the day it was found, this time; None where it is not recorded.
        age: days since then.
        due: by when; None where it waits for nobody.
        owner_id: opaque id of who must answer it; None where nobody does.
    """

    id: str
    kind: str
    severity: Severity
    title: str
    severity_words: str
    signal: str | None
    text: str
    mend: str
    owner: str
    due_words: str
    overdue: bool
    occurrences: int
    state_words: str
    waits: bool
    page: str
    fingerprint: str = ""
    history: tuple[HistoryLine, ...] = ()
    n_answers: int = 0
    evidence: tuple[tuple[str, str], ...] = ()
    opened: date | None = None
    age: int = 0
    due: date | None = None
    owner_id: str | None = None


@dataclass(frozen=True)
class FindingsView:
    """What is wrong now.

    Attributes:
        rows: those that wait for somebody, critical ones first, then by due date; then the waived.
        headline: how many, and how many of them are overdue, in a sentence.
    """

    rows: tuple[FindingRow, ...]
    headline: str

    def of(self, signal: str) -> tuple[FindingRow, ...]:
        """Those of one signal."""
        return tuple(one for one in self.rows if one.signal == signal)

    def since(self, day: date) -> tuple[FindingRow, ...]:
        """Those that wait and were found on a day or later."""
        return tuple(one for one in self.waiting if one.opened is not None and one.opened >= day)

    @property
    def waiting(self) -> tuple[FindingRow, ...]:
        """Those that wait for somebody."""
        return tuple(one for one in self.rows if one.waits)


@dataclass(frozen=True)
class Answering:
    """What a person may say to a finding.

    Attributes:
        acknowledge: whether they may say that it is seen.
        waive: whether they may let it wait until a day.
        why_not: where neither, who may; where they own it, why they cannot waive it; "" otherwise.
    """

    acknowledge: bool
    waive: bool
    why_not: str


def answering(state: State, sub: str, row: FindingRow) -> Answering:
    """What a person may say to a finding, by the roles they hold."""
    held = roles_of(state, sub, row.signal)
    may = held & who_may(state, "finding.acknowledged", row.signal)
    # Who is responsible for a part answers what is theirs, and nothing else.
    acknowledge = bool(may - {"responsible"} or (may and sub == row.owner_id)) and row.waits
    waive = bool(held & who_may(state, "finding.waived", row.signal))
    registered = row.signal in state.entries
    who = "the owner, a deputy or whoever it is for" if registered else "an admin"
    why = "" if acknowledge or waive else f"Only {who} acknowledges it; a risk approver waives it."
    if waive and sub == row.owner_id:
        waive, why = False, OWNS_IT
    return Answering(acknowledge, waive, why)


def findings_view(cursor: duckdb.DuckDBPyConnection, state: State, now: datetime) -> FindingsView:
    """Assemble what is wrong now."""
    names = directory(cursor)
    rows = [_row(one, names, now) for one in outlook_of(cursor, state, now).findings]
    rows.sort(key=lambda one: not one.waits)
    return FindingsView(tuple(rows), _headline(rows))


def broken_view(broken: TrailBroken, now: datetime) -> FindingsView:
    """What is wrong where the trail is: nothing else can be told.

    Args:
        broken: what is the matter.
    """
    found = broken_trail(str(broken))
    row = FindingRow(
        id="",
        kind=found.kind,
        severity=found.severity,
        title=kind_of(found.kind).words,
        severity_words=SEVERITY_WORDS[found.severity],
        signal=found.signal,
        text=found.text,
        mend=found.mend,
        owner="whoever keeps this ledger",
        due_words=_due_words(now.date(), now),
        overdue=False,
        occurrences=1,
        state_words="",
        waits=True,
        page=kind_of(found.kind).page,
    )
    return FindingsView(
        (row,),
        "The decision trail is broken.",
    )


def _row(one: Finding, names: Directory, now: datetime) -> FindingRow:
    waits = one.state in ("open", "acknowledged")
    state_words = {"open": "", "acknowledged": "acknowledged"}.get(one.state)
    return FindingRow(
        id=one.id,
        kind=one.kind,
        severity=one.severity,
        title=kind_of(one.kind).words,
        severity_words=SEVERITY_WORDS[one.severity],
        signal=one.signal,
        text=one.text,
        mend=one.mend,
        owner=owner_words(names, one),
        due_words=_due_words(one.due, now) if waits else "",
        overdue=one.overdue(now),
        occurrences=one.occurrences,
        state_words=f"waived until {one.until}" if state_words is None else state_words,
        waits=waits,
        page=kind_of(one.kind).page,
        fingerprint="" if one.fingerprint is None else one.fingerprint.id,
        history=_history(one, names),
        n_answers=sum(
            entry.kind in ("finding.acknowledged", "finding.waived") for entry in one.history
        ),
        evidence=one.evidence,
        opened=one.since.date(),
        age=(now.date() - one.since.date()).days,
        due=one.due if waits else None,
        owner_id=one.owner,
    )


def owner_words(names: Directory, one: Finding) -> str:
    """Who must respond to a finding, and for which part of the signal, if it is one."""
    part = kind_of(one.kind).part
    said = names.words(one.owner)
    return said if part is None or one.owner is None else f"{said}, for {part}"


def _history(one: Finding, names: Directory) -> tuple[HistoryLine, ...]:
    """Every act about it; what was believed before stands with the act that said so."""
    return tuple(_line(entry, names, one.text) for entry in one.history)


def _line(entry: FindingStep, names: Directory, now: str) -> HistoryLine:
    words = _ACT_WORDS.get(entry.kind, entry.kind)
    said = f": {entry.note}" if entry.note else ""
    if entry.text and entry.text != now:
        until = "Last known" if entry.kind == "finding.resolved" else "Known then"
        said += f"{'' if said.endswith('.') else '.'} {until}: {entry.text}"
    return HistoryLine(
        entry.seq, f"{entry.at:%Y-%m-%d %H:%M} {words} by {names.words(entry.actor)}{said}"
    )


def _due_words(due: date, now: datetime) -> str:
    days = (due - now.date()).days
    if days < 0:
        return f"overdue since {due}"
    if days == 0:
        return f"due today ({due})"
    return f"due in {counted(days, 'day')} ({due})"


def _headline(rows: Sequence[FindingRow]) -> str:
    waiting = [one for one in rows if one.waits]
    if not waiting:
        return "No open finding."
    critical = sum(one.severity == "critical" for one in waiting)
    late = sum(one.overdue for one in waiting)
    text = f"{len(waiting)} open {'finding' if len(waiting) == 1 else 'findings'}"
    more = [f"{critical} critical"] if critical else []
    more += [f"{late} overdue"] if late else []
    return f"{text}{', ' + ', '.join(more) if more else ''}."
