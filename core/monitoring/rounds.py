"""The rounds: what time and data brought about since the last look, recorded as acts.

Expiries, new fingerprints, findings that came or went, and the sealing of the gate's answers. The
gate does not wait for it: what it answers is worked out anew each time.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import duckdb

from core.findings.acts import finding_acts
from core.findings.detectors.all import detected, looked_for
from core.findings.detectors.change.canary import canary_closes, canary_conditions
from core.findings.detectors.change.drift_alarm import Watched, drift_conditions, drifted, watched
from core.findings.kinds import Condition, conditions, kind_of
from core.findings.lifecycle import Finding, answers, current, due, findings
from core.findings.set_aside import set_aside_conditions
from core.findings.time_stamps import unstamped_conditions
from core.findings.turned_down import heard, is_turned_down
from core.gate.breaches import Breached, breached_signals
from core.gate.decision_log import unsealed
from core.governance.perform import Desk, Office
from core.governance.state import State
from core.governance.stops import (
    CANARY_ALARM,
    DRIFT_ALARM,
    EVIDENCE_CHANGED,
    CanaryAlarm,
    StoppedBy,
)
from core.queries.base.seen.fingerprints_seen import Seen, fingerprints_seen
from core.trail import log as trail
from core.trail.acts import SYSTEM, Act, Actor, Proposal, stamp
from core.trail.facts import FACTS, written
from core.trail.fingerprint import Fingerprint
from core.trail.seals import signed_answers
from core.trail.seals.row_seals import seal_decisions
from core.validation import evidence

PROGRAM = Actor(SYSTEM, SYSTEM, via="system")
#: So many days, today among them, are looked at for breaches.
BREACH_DAYS = 30


@dataclass(frozen=True)
class WrongNow:
    """What is wrong now.

    Attributes:
        findings: critical ones first, then by due date.
        state: what the trail says.
        now: when that was.
    """

    findings: tuple[Finding, ...]
    state: State
    now: datetime

    def open(self) -> tuple[Finding, ...]:
        """Those that wait for somebody."""
        return tuple(one for one in self.findings if one.state in ("open", "acknowledged"))


def outlook(office: Office) -> WrongNow:
    """What is wrong now, without writing anything.

    What only a thorough round can see is not looked for here: what the last one found of it stands
    in the trail.
    """
    with office.ledger.cursor() as cursor:
        return outlook_of(cursor, office.state(), office.now())


def outlook_of(cursor: duckdb.DuckDBPyConnection, state: State, now: datetime) -> WrongNow:
    """`outlook` for a state that was read already."""
    seen = fingerprints_seen(cursor, now)
    stored = findings(finding_acts(cursor), now)
    wrong = [
        *set_aside_conditions(cursor),
        *unstamped_conditions(cursor, now),
        *canary_conditions(cursor, state, now),
        *conditions(state, seen, now, breaches=_breaches(cursor, state, now)),
        *_lasting(stored),
    ]
    return WrongNow(current(stored, heard(wrong, state, now), state, now), state, now)


def rounds(office: Office, *, thorough: bool = False) -> tuple[Act, ...]:
    """Record what changed since the last round.

    Args:
        thorough: also recompute the evidence of every validation in force, watch whether what was
            signed still holds, and measure every signal for what `core.findings.detectors.all`
            looks for; it takes seconds.

    Returns:
        The acts; none when nothing changed.
    """
    state, now = office.state(), office.now()
    with office.ledger.cursor() as cursor:
        measured = _measured(cursor, state, now) if thorough else None
        proposals = _proposals(cursor, state, now, measured)
        span = unsealed(cursor, state.sealed_to)
    if not proposals and span is None:
        return ()
    with office.acting() as desk:
        # Somebody else may have made the same round meanwhile: what is still to be done is worked
        # out anew, now that writers take turns.
        proposals = _proposals(desk.cursor, desk.state, desk.now, measured)
        span = unsealed(desk.cursor, desk.state.sealed_to)
        done = [desk.perform(one) for one in proposals]
        if span is not None:
            done.append(_seal(desk, *span))
    return tuple(done)


@dataclass(frozen=True)
class _Measured:
    """What a thorough round sees.

    Attributes:
        changed: what differs, where evidence that was signed no longer recomputes.
        detected: what the signals' claims show.
        watched: the validations in force, since their signatures.
    """

    changed: Mapping[tuple[str, Fingerprint], evidence.Recomputed]
    detected: tuple[Condition, ...]
    watched: tuple[Watched, ...]


def _measured(cursor: duckdb.DuckDBPyConnection, state: State, now: datetime) -> _Measured:
    return _Measured(
        _changed_evidence(cursor, state, now),
        detected(cursor, state, now),
        watched(cursor, state, now),
    )


def _breaches(
    cursor: duckdb.DuckDBPyConnection, state: State, now: datetime
) -> Mapping[str, Breached]:
    """The breaches of the last days; counted anew when the claims, the rules or the day change."""
    row = cursor.execute(
        """
        SELECT (SELECT path FROM duckdb_databases() WHERE database_name = current_database()),
               (SELECT max(import_id) FROM imports)
        """
    ).fetchone()
    path, version = row if row is not None else (None, None)
    tomorrow = datetime.combine(now.date(), time()) + timedelta(days=1)
    known = _COUNTED.get(str(path))
    if known is None or known.of != (version, tomorrow) or not known.holds_for(state):
        found = breached_signals(
            cursor, trail.acts(cursor), tomorrow - timedelta(days=BREACH_DAYS), tomorrow
        )
        known = _Counted((version, tomorrow), state, found)
        _COUNTED.clear()
        # A ledger in memory has no name to be known again by.
        if path is not None:
            _COUNTED[str(path)] = known
    return known.found


@dataclass(frozen=True)
class _Counted:
    """What was counted last, of which data version and day, and under which state."""

    of: tuple[int | None, datetime]
    state: State
    found: Mapping[str, Breached]

    def holds_for(self, state: State) -> bool:
        """Whether nothing that rules rest on was changed since; acts make new mappings of it."""
        mine = self.state
        return (
            mine.entries is state.entries
            and mine.validations is state.validations
            and mine.people is state.people
            and mine.groups is state.groups
            and mine.mode == state.mode
        )


#: By the ledger's file; of one file at most.
_COUNTED: dict[str, _Counted] = {}


def _proposals(
    cursor: duckdb.DuckDBPyConnection,
    state: State,
    now: datetime,
    measured: _Measured | None,
) -> list[Proposal]:
    """What a round has to record; ``measured`` is None where it is not a thorough one."""
    seen = fingerprints_seen(cursor, now)
    stored = findings(finding_acts(cursor), now)
    breaches = _breaches(cursor, state, now)
    aside = (
        *set_aside_conditions(cursor),
        *unstamped_conditions(cursor, now),
        *canary_conditions(cursor, state, now),
    )
    if measured is None:
        wrong = [*aside, *conditions(state, seen, now, breaches=breaches), *_lasting(stored)]
    else:
        wrong = [
            *aside,
            *conditions(state, seen, now, changed_evidence=measured.changed, breaches=breaches),
            *drift_conditions(state, measured.watched),
            *measured.detected,
            *_unlooked(stored, measured.detected),
        ]
    quiet = {one.id for one in wrong if is_turned_down(state, one, now)}
    wrong = heard(wrong, state, now)
    return [
        *_expiries(state, now),
        *_suspensions(state, now, measured, canary_closes(cursor, state, now)),
        *_new_fingerprints(state, seen),
        *_found(state, stored, wrong, now),
        *(() if measured is None else _revised(state, stored, wrong, now)),
        *_gone(stored, wrong, quiet),
    ]


def _lasting(stored: Mapping[str, Finding]) -> list[Condition]:
    """What the last thorough round found, which stays so until the next one."""
    return [
        Condition(
            one.kind,
            one.signal,
            one.subject,
            one.text,
            one.mend,
            one.fingerprint,
            one.evidence,
            one.severity,
            one.facts,
        )
        for one in stored.values()
        if kind_of(one.kind).thorough and one.state != "resolved"
    ]


def _unlooked(stored: Mapping[str, Finding], wrong: Sequence[Condition]) -> list[Condition]:
    """What earlier rounds found where a check could not look now: it stands until one can."""
    blind = {
        (kind, one.signal)
        for one in wrong
        if one.kind == "check_failed"
        for kind in looked_for(one)
    }
    return [one for one in _lasting(stored) if (one.kind, one.signal) in blind]


def _changed_evidence(
    cursor: duckdb.DuckDBPyConnection, state: State, now: datetime
) -> dict[tuple[str, Fingerprint], evidence.Recomputed]:
    """What differs, for every validation that acts, or would but for that, on changed evidence."""
    found = {}
    for (signal, fingerprint), one in state.validations.items():
        is_open = state.standing_of(signal, fingerprint, now).open
        stopped_by = one.trigger.id if one.state == "suspended" and one.trigger else None
        if one.signed is None or not (is_open or stopped_by == EVIDENCE_CHANGED):
            continue
        comparison = evidence.unchanged(cursor, one.signed.evidence)
        if not comparison.same:
            found[signal, fingerprint] = comparison
    return found


def _expiries(state: State, now: datetime) -> list[Proposal]:
    found = []
    for (signal, fingerprint), one in state.validations.items():
        standing = state.standing_of(signal, fingerprint, now)
        if one.state in ("validated", "waived") and standing.state == "expired":
            until = one.waiver.until if one.waiver and one.state == "waived" else None
            until = until or (one.signed.until if one.signed else now)
            body = {"until": stamp(until)}
            found.append(Proposal("validation.expired", PROGRAM, signal, fingerprint, body))
    return found


def _suspensions(
    state: State,
    now: datetime,
    measured: _Measured | None,
    swapped: Mapping[tuple[str, Fingerprint], CanaryAlarm],
) -> list[Proposal]:
    """What no longer is as it was signed closes at once; only a new signature opens."""
    changed: dict[tuple[str, Fingerprint], StoppedBy] = {}
    drift: dict[tuple[str, Fingerprint], StoppedBy] = {}
    if measured is not None:
        changed |= {
            key: comparison.facts
            for key, comparison in measured.changed.items()
            if state.standing_of(*key, now).open
        }
        drift |= {
            key: alarm
            for key, alarm in drifted(state, measured.watched, now).items()
            if key not in changed
        }
    canary: dict[tuple[str, Fingerprint], StoppedBy] = {
        key: alarm for key, alarm in swapped.items() if key not in changed and key not in drift
    }
    return [
        Proposal(
            "validation.suspended",
            PROGRAM,
            signal,
            fingerprint,
            {"trigger": trigger, FACTS: written(facts)},
        )
        for trigger, of in (
            (EVIDENCE_CHANGED, changed),
            (DRIFT_ALARM, drift),
            (CANARY_ALARM, canary),
        )
        for (signal, fingerprint), facts in of.items()
    ]


def _new_fingerprints(state: State, seen: Sequence[Seen]) -> list[Proposal]:
    return [
        Proposal(
            "fingerprint.seen",
            PROGRAM,
            one.signal,
            fingerprint,
            {"first_ts": stamp(one.first_ts), "n_claims": one.n_claims},
        )
        for one in seen
        if one.signal in state.entries
        and (one.signal, (fingerprint := Fingerprint.of(dict(one.fields)))) not in state.validations
    ]


def _found(
    state: State, stored: Mapping[str, Finding], wrong: Sequence[Condition], now: datetime
) -> list[Proposal]:
    proposals = []
    for one in wrong:
        known = stored.get(one.id)
        if known is not None and known.state != "resolved":
            continue
        owner = answers(one, state, now)
        kind = "finding.opened" if known is None else "finding.recurred"
        by = due(one, state, now)
        proposals.append(_proposed(kind, one, by, subject=one.subject, owner=owner))
    return proposals


def _revised(
    state: State, stored: Mapping[str, Finding], wrong: Sequence[Condition], now: datetime
) -> list[Proposal]:
    """What later data made of findings that stand; what was believed before stays in the trail.

    Only what is measured is decided anew as labels come in. What is read off the trail and the
    claims' counts is shown as it is now, and recorded again when it becomes worse or milder.
    """
    proposals = []
    for one in wrong:
        known = stored.get(one.id)
        if known is None or known.state == "resolved":
            continue
        # The facts decide: the same in other words is no news.
        moved = tuple(sorted(one.evidence)) != known.evidence
        if one.severity == known.severity and not (moved and kind_of(one.kind).thorough):
            continue
        by = known.due
        if one.severity == "critical" != known.severity:
            by = min(by, due(one, state, now))
        proposals.append(_proposed("finding.revised", one, by))
    return proposals


def _proposed(kind: str, one: Condition, by: date, **more: str | None) -> Proposal:
    """An act that says what is wrong, and by when it must be answered."""
    what: Mapping[str, Any]
    if one.facts is not None:
        what = {FACTS: one.facts}
    else:
        # Of a kind that another version of the program found, or before acts held facts.
        what = {"evidence": dict(one.evidence), "text": one.text, "mend": one.mend}
    body = {"finding": one.id, "finding_kind": one.kind, "severity": one.severity}
    return Proposal(
        kind,
        PROGRAM,
        one.signal,
        one.fingerprint,
        {**body, **more, "due": by.isoformat(), **what},
    )


#: Why a finding is over that is still so.
_QUIET = "Its kind was turned down for this signal; it may still be so."


def _gone(
    stored: Mapping[str, Finding], wrong: Sequence[Condition], quiet: Collection[str]
) -> list[Proposal]:
    there = {one.id for one in wrong}
    return [
        Proposal(
            "finding.resolved",
            PROGRAM,
            one.signal,
            one.fingerprint,
            {"finding": one.id, **({"reason": _QUIET} if one.id in quiet else {})},
        )
        for one in stored.values()
        if one.state != "resolved" and one.id not in there
    ]


def _seal(desk: Desk, first: int, last: int) -> Act:
    wrong, _ = signed_answers.check_answers(
        desk.cursor,
        sealed_to=desk.state.sealed_to,
        begins=desk.state.signed_from,
        keys=trail.keys(desk.cursor),
    )
    seals = [dict(one) for one in seal_decisions(desk.cursor, first, last)]
    body = {
        "first": first,
        "last": last,
        "seals": seals,
        # A seal never makes good what was altered before it.
        signed_answers.AS_SIGNED: not wrong,
        signed_answers.SIGNED_FROM: last + 1,
    }
    signed_answers.clear(desk.cursor)
    return desk.perform(Proposal("decisions.sealed", PROGRAM, body=body))
