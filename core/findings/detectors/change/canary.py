"""Models that changed behind their name, and canary rounds that were missed.

Both are read off the trail, in every round: an alarm does not wait for the night.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime

import duckdb

from core.findings.facts.change.canary import CanaryMissed, ChangedBehindName
from core.findings.kinds import Condition, Severity
from core.governance.bodies.canaries import CanaryRound, canary_standing, unanswered_alarm
from core.governance.canary_answers import answered, answers_of, stated_of
from core.governance.canary_due import due_round, rounds_missed
from core.governance.state import State
from core.governance.stops import CANARY_ALARM, CanaryAlarm
from core.governance.validations.records import Validation
from core.measure.monitoring.canary_sizes import canary_sizes, likely_since
from core.trail.fingerprint import Fingerprint

#: A change is critical from so many more answers on that are other ones than by own variation,
OTHERS = 0.05
#: or from half of the tolerated gap on.
SHIFT_OF_TOLERANCE = 0.5


def canary_conditions(
    cursor: duckdb.DuckDBPyConnection, state: State, now: datetime
) -> tuple[Condition, ...]:
    """What the canaries of registered signals say now, and which were not asked."""
    found = [
        _changed(state, signal, fingerprint, alarm, now)
        for (signal, fingerprint), alarm in canary_alarms(cursor, state).items()
    ]
    return (*found, *_missed(state, now))


def canary_alarms(
    cursor: duckdb.DuckDBPyConnection, state: State
) -> dict[tuple[str, Fingerprint], CanaryAlarm]:
    """The versions that changed behind their name, and were not signed for since."""
    found = {}
    for (signal, fingerprint), rounds in state.canary_rounds.items():
        kept = state.canaries.get(signal)
        # Inputs that were kept anew begin from nothing.
        if signal not in state.entries or kept is None or rounds[-1].seq < kept.seq:
            continue
        known = state.validations.get((signal, fingerprint))
        signed = known.signed.at if known is not None and known.signed is not None else None
        alarm = unanswered_alarm(rounds, signed)
        if alarm is not None:
            found[signal, fingerprint] = _facts(cursor, signal, rounds, alarm)
    return found


def canary_closes(
    cursor: duckdb.DuckDBPyConnection, state: State, now: datetime
) -> dict[tuple[str, Fingerprint], CanaryAlarm]:
    """What an alarm closes: what is in force, where the registry entry says so.

    Who lets a version act by a waiver after an alarm does so knowing it.
    """
    found = {}
    for (signal, fingerprint), alarm in canary_alarms(cursor, state).items():
        plan = state.entries[signal].spec.canary
        known = state.validations.get((signal, fingerprint))
        if plan is None or not plan.closes_gate or known is None or known.signed is None:
            continue
        waived = known.state == "waived" and _stopped(known)
        if state.standing_of(signal, fingerprint, now).open and not waived:
            found[signal, fingerprint] = alarm
    return found


def _facts(
    cursor: duckdb.DuckDBPyConnection,
    signal: str,
    rounds: tuple[CanaryRound, ...],
    alarm: CanaryRound,
) -> CanaryAlarm:
    standing = canary_standing(rounds)
    mine, judged = standing.rounds, standing.bet_on
    crossed = judged.index(alarm)
    p_values = [one.p_values for one in judged[: crossed + 1] if one.p_values is not None]
    first = judged[likely_since(p_values)]
    since = mine.index(first)
    bodies = answered(cursor, signal, mine)
    sizes = canary_sizes(stated_of(bodies), answers_of(bodies), since)
    return CanaryAlarm(
        round=alarm.name,
        since=first.name,
        day=first.asked_at.date(),
        rounds_before=since,
        rounds_after=len(mine) - since,
        n_inputs=sizes.n_inputs,
        before=_known(sizes.before),
        after=_known(sizes.after),
        low=_known(sizes.low),
        high=_known(sizes.high),
        n_answered=sizes.n_answered,
        other_own=_known(sizes.other_own),
        other_now=_known(sizes.other_now),
        e_value=math.exp(min(float(standing.process.log_e[crossed]), 700.0)),
    )


def _known(number: float) -> float | None:
    return None if math.isnan(number) else round(number, 6)


def _changed(
    state: State, signal: str, fingerprint: Fingerprint, alarm: CanaryAlarm, now: datetime
) -> Condition:
    spec = state.entries[signal].spec
    may_act = state.standing_of(signal, fingerprint, now).open
    closes = spec.canary is not None and spec.canary.closes_gate
    large = abs(alarm.shift) >= SHIFT_OF_TOLERANCE * spec.terms.tolerance or alarm.others >= OTHERS
    known = state.validations.get((signal, fingerprint))
    rested = may_act or (known is not None and _stopped(known))
    level: Severity = "critical" if large and rested else "warning"
    facts = ChangedBehindName(alarm, closes, may_act)
    return Condition.of("model_swapped", signal, fingerprint.id, facts, fingerprint, level)


def _stopped(validation: Validation) -> bool:
    """Whether it was a canary that suspended it last."""
    return validation.trigger is not None and validation.trigger.id == CANARY_ALARM


def _missed(state: State, now: datetime) -> Iterator[Condition]:
    for signal, entry in sorted(state.entries.items()):
        missed, due = rounds_missed(state, signal, now), due_round(state, signal)
        if not missed or due is None or entry.spec.canary is None:
            continue
        kept = state.canaries.get(signal)
        facts = CanaryMissed(
            entry.spec.canary.every_days,
            due.at.date(),
            missed,
            0 if kept is None else len(kept.inputs),
            None if due.last is None else due.last.asked_at.date(),
        )
        yield Condition.of("canary_missed", signal, "", facts, due.version)
