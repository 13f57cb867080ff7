"""Findings: something wrong that somebody owns and must answer by a date.

What is wrong now is worked out by `core.findings.kinds`; that it was found, who owns it and what
they said of it stands in the trail, from which `findings` replays it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Literal

from core.findings.kinds import Condition, Severity, kind_of, told_of
from core.governance.state import State
from core.registry.signal_spec import Stakes
from core.trail.acts import SYSTEM, Act
from core.trail.facts import FACTS
from core.trail.fingerprint import Fingerprint

FindingState = Literal["open", "acknowledged", "waived", "resolved"]

#: Days until a finding must be answered, by the signal's stakes; half of it when critical.
DUE_DAYS: Mapping[Stakes, int] = {"high": 4, "medium": 7, "low": 14, "log-only": 14}


@dataclass(frozen=True)
class FindingStep:
    """One line of a finding's history.

    Attributes:
        seq, at, kind, actor: of the act.
        note: what somebody said, or why.
        text: what was believed from then on; of a resolution, until then.
    """

    seq: int
    at: datetime
    kind: str
    actor: str
    note: str
    text: str = ""


@dataclass(frozen=True)
class Finding:
    """A condition that was found, and what became of it.

    Attributes:
        id, kind, severity, signal, fingerprint, text, mend, evidence, facts: see `Condition`; of
            the last time it was found.
        owner: opaque id of who must answer (`answers`); None where there is none.
        opened_at: when it was found first.
        since: when it was found this time.
        due: the day by which it must be answered.
        state: open, acknowledged, waived (until a day) or resolved.
        until: the last day of a waiver.
        occurrences: how often it was found.
        history: every act about it, oldest first.
        stored: whether it stands in the trail; a live one that was just noticed does not yet.
    """

    id: str
    kind: str
    severity: Severity
    signal: str | None
    subject: str
    fingerprint: Fingerprint | None
    text: str
    mend: str
    evidence: tuple[tuple[str, str], ...]
    owner: str | None
    opened_at: datetime
    since: datetime
    due: date
    state: FindingState
    until: date | None
    occurrences: int
    history: tuple[FindingStep, ...]
    facts: Mapping[str, Any] | None = None
    stored: bool = True

    def overdue(self, now: datetime) -> bool:
        """Whether it should have been answered."""
        return self.state in ("open", "acknowledged") and now.date() > self.due


def findings(acts: Sequence[Act], now: datetime) -> dict[str, Finding]:
    """Every finding of the trail by id, as it stands at a time: a waiver ends with its day.

    What another version of the program did with one is left out.
    """
    found: dict[str, Finding] = {}
    for act in acts:
        if act.kind in MOVES:
            one = _advanced(found.get(str(act.body["finding"])), act)
            found[one.id] = one
    return {id_: _now(one, now) for id_, one in found.items()}


def _now(one: Finding, now: datetime) -> Finding:
    if one.state == "waived" and one.until is not None and now.date() > one.until:
        return replace(one, state="open", until=None)
    return one


def _advanced(one: Finding | None, act: Act) -> Finding:
    if one is None and act.kind not in ("finding.opened", "finding.recurred"):
        raise ValueError(f"finding {act.body['finding']} was never opened")
    known = one or _found(act)
    after = MOVES[act.kind](known, act)
    # Until a resolution it was believed; with an answer nothing was.
    text = after.text if act.kind == "finding.resolved" or says_what(act) else ""
    entry = FindingStep(act.seq, act.at, act.kind, act.actor.sub, note_of(act), text)
    return replace(after, history=(*known.history, entry))


def says_what(act: Act) -> bool:
    """Whether an act says what is wrong: by its facts, or as acts of before in words."""
    return FACTS in act.body or "text" in act.body


def note_of(act: Act) -> str:
    """What an act about a finding says of it beside the facts; "" where nothing."""
    said = act.body.get("note") or act.body.get("reason")
    if not said and act.kind == "finding.resolved" and act.actor.sub == SYSTEM:
        return "It no longer applies."
    return str(said or "")


def _found(act: Act) -> Finding:
    """As found for the first time."""
    body = act.body
    told = told_of(str(body["finding_kind"]), body, act.fingerprint)
    return Finding(
        id=str(body["finding"]),
        kind=str(body["finding_kind"]),
        severity=body["severity"],
        signal=act.signal,
        subject=str(body["subject"]),
        fingerprint=act.fingerprint,
        text=told.text,
        mend=told.mend,
        evidence=told.evidence,
        owner=body["owner"],
        opened_at=act.at,
        since=act.at,
        due=date.fromisoformat(body["due"]),
        state="open",
        until=None,
        occurrences=0,
        history=(),
        facts=body.get(FACTS),
    )


def _found_again(one: Finding, act: Act) -> Finding:
    return replace(_found(act), opened_at=one.opened_at, occurrences=one.occurrences + 1)


def _revised(one: Finding, act: Act) -> Finding:
    body = act.body
    worse = body["severity"] == "critical" and one.severity != "critical"
    told = told_of(one.kind, body, one.fingerprint)
    return replace(
        one,
        severity=body["severity"],
        text=told.text,
        mend=told.mend,
        evidence=told.evidence,
        facts=body.get(FACTS),
        due=date.fromisoformat(str(body["due"])),
        # What was answered, or waived, was something milder.
        state="open" if worse else one.state,
        until=None if worse else one.until,
    )


def _waived(one: Finding, act: Act) -> Finding:
    return replace(one, state="waived", until=date.fromisoformat(str(act.body["until"])))


#: What an act of each kind makes of a finding.
MOVES: Mapping[str, Callable[[Finding, Act], Finding]] = {
    "finding.opened": _found_again,
    "finding.recurred": _found_again,
    "finding.revised": _revised,
    "finding.acknowledged": lambda one, _act: replace(one, state="acknowledged"),
    "finding.waived": _waived,
    "finding.resolved": lambda one, _act: replace(one, state="resolved", until=None),
}


def due(condition: Condition, state: State, now: datetime) -> date:
    """The day by which a condition found now must be answered."""
    entry = None if condition.signal is None else state.entries.get(condition.signal)
    days = DUE_DAYS[entry.spec.stakes if entry else "medium"]
    return now.date() + timedelta(days=days // 2 if condition.severity == "critical" else days)


def answers(one: Condition | Finding, state: State, now: datetime) -> str | None:
    """Opaque id of who must respond: whoever answers for what it is about; None: nobody does."""
    kind = kind_of(one.kind)
    if one.signal is None:
        return one.subject if kind.personal and one.subject in state.people else None
    return state.answers_for(one.signal, kind.part, now)


def current(
    stored: Mapping[str, Finding], wrong: Sequence[Condition], state: State, now: datetime
) -> tuple[Finding, ...]:
    """What is wrong now as findings: those of the trail, and what it does not hold yet.

    A stored finding whose condition is gone is left out; a resolved one whose condition is there
    counts as found again. Critical ones first, then by due date.
    """
    found = []
    for one in wrong:
        known = stored.get(one.id)
        owner = answers(one, state, now)
        if known is None or known.state == "resolved":
            new = fresh(one, owner, due(one, state, now), now)
            if known is not None:
                new = replace(
                    new,
                    opened_at=known.opened_at,
                    occurrences=known.occurrences + 1,
                    history=known.history,
                )
            found.append(new)
        else:
            found.append(
                replace(
                    known,
                    severity=one.severity,
                    text=one.text,
                    mend=one.mend,
                    evidence=one.evidence,
                    facts=one.facts,
                    owner=owner,
                )
            )
    return tuple(sorted(found, key=lambda one: (one.severity != "critical", one.due, one.id)))


def fresh(one: Condition, owner: str | None, by: date, now: datetime) -> Finding:
    """A condition found just now, which the trail does not hold yet."""
    return Finding(
        id=one.id,
        kind=one.kind,
        severity=one.severity,
        signal=one.signal,
        subject=one.subject,
        fingerprint=one.fingerprint,
        text=one.text,
        mend=one.mend,
        evidence=one.evidence,
        owner=owner,
        opened_at=now,
        since=now,
        due=by,
        state="open",
        until=None,
        occurrences=1,
        history=(),
        facts=one.facts,
        stored=False,
    )
