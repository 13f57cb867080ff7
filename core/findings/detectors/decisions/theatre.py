"""Confidence theatre: signals whose confidence decides nothing, and rules that no claim meets."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import duckdb

from core.events import PPM
from core.findings.detectors.in_use import acting
from core.findings.facts.decisions.theatre import AlwaysTheSame
from core.findings.kinds import Condition
from core.governance.state import State
from core.measure.failures.theatre import (
    ACTIONS,
    USUAL_COSTS,
    Action,
    ActionEffect,
    CaseCosts,
    Handled,
    theatre,
)
from core.queries.base.catalogue import signals
from core.queries.base.seen.fingerprints_seen import fingerprints_seen
from core.queries.base.selection import Selection
from core.queries.base.together.asking import Asking, answered, ask, together, unless_elsewhere
from core.queries.claims.decision_outcomes import HandledAsked
from core.queries.sums.rule_outcomes import CountAsked, Sort, Sorting
from core.registry.escalation_rules import Compiled, RuleRow, compile_rules, table, told_apart
from core.registry.signal_spec import SignalSpec
from core.terms import USUAL
from core.validation.recent_sample import week_began

#: So far back claims are looked at.
PERIOD = timedelta(weeks=13)
#: Fewer decisions than these may be alike by chance: of 100, all alike, others may be up to 3 %.
MINIMUM_DECISIONS = 100

Basis = Literal["logged", "rules", "nothing"]


@dataclass(frozen=True)
class RuleTaken:
    """A band of the rules in force, and how many claims of the period met it."""

    row: RuleRow
    n_claims: int


@dataclass(frozen=True)
class Theatre:
    """What a signal's confidence changed in a period.

    Attributes:
        signal: which signal.
        since, until: claim times, [since, until), UTC without zone.
        settled: labels count of claims made before it.
        basis: whether the actions were logged, or are those of the rules in force, as if each
            claim could act; "nothing" where neither is there.
        n_claims: claims of the period, unstated ones included, tuning ones left out.
        n_unlogged: those of them without a logged action, where others have one; left out.
        costs: by what cases are counted.
        unit: of the costs; None: none are declared, and `USUAL_COSTS` stand in.
        effect: against the constant policies; None where the basis is "nothing".
        handled: the claims by action.
        rules: every band of the rules in force, in the table's order; empty without an entry.
    """

    signal: str
    since: datetime
    until: datetime
    settled: datetime
    basis: Basis
    n_claims: int
    n_unlogged: int
    costs: CaseCosts
    unit: str | None
    effect: ActionEffect | None
    handled: tuple[tuple[Action, Handled], ...]
    rules: tuple[RuleTaken, ...]

    @property
    def weeks(self) -> float:
        """How long the period is."""
        return (self.until - self.since) / timedelta(weeks=1)

    @property
    def dead(self) -> tuple[RuleRow, ...]:
        """The bands that no claim met."""
        return tuple(one.row for one in self.rules if not one.n_claims) if self.n_claims else ()

    @property
    def would(self) -> dict[Action, int]:
        """Claims by what the rules say, as if each could act."""
        found: Counter[Action] = Counter()
        for one in self.rules:
            found[one.row.action] += one.n_claims
        return dict(found)

    @property
    def changes_nothing(self) -> bool:
        """Whether every one of enough decisions was the same."""
        effect = self.effect
        if effect is None or effect.n_claims < MINIMUM_DECISIONS:
            return False
        taken = [one for one in self.rules if one.n_claims]
        return effect.single is not None or (self.basis == "rules" and len(taken) == 1)


def measure_theatre(
    cursor: duckdb.DuckDBPyConnection,
    spec: SignalSpec | None,
    selection: Selection,
    now: datetime,
) -> Theatre:
    """What the confidence of the selected claims changed.

    Args:
        spec: the entry in force; None: the signal is unregistered.
        selection: the claims; where it does not say since when, the last `PERIOD` of them.
    """
    return answered(cursor, measuring_theatre(spec, selection, now))


def measuring_theatre(
    spec: SignalSpec | None, selection: Selection, now: datetime
) -> Asking[Theatre]:
    """`measure_theatre`, asked together with other signals."""
    until = min(selection.until or now, now)
    since = selection.since or until - PERIOD
    asked = Selection(selection.signal, since, until, selection.as_known, selection.where)
    settled = now - (USUAL if spec is None else spec.terms).maturity.age
    sorting = _sorting(spec)
    numbers: Counter[int] = Counter()
    for one in (yield from ask(CountAsked(asked, sorting))):
        numbers[one.code] += one.n_claims
    sorts = {code: sorting.sort(code) for code in numbers}
    logged = {code: _known(sort.action) for code, sort in sorts.items()}
    basis: Basis = "nothing"
    actions: dict[int, Action] = {}
    if any(logged.values()):
        basis, actions = "logged", {code: one for code, one in logged.items() if one}
    elif spec is not None:
        answer = compile_rules(spec.rules)
        basis = "rules"
        actions = {code: _answer(answer, sort)[0] for code, sort in sorts.items()}
    groups: defaultdict[str, list[int]] = defaultdict(list)
    for code, action in actions.items():
        groups[action].append(code)
    sums: dict[str, Handled] = {}
    if groups:
        of = tuple((name, tuple(codes)) for name, codes in groups.items())
        sums = yield from ask(HandledAsked(asked, sorting, of, settled))
    costs, unit = _costs(spec)
    by = {action: sums[action] for action in ACTIONS if action in sums}
    return Theatre(
        signal=selection.signal,
        since=since,
        until=until,
        settled=settled,
        basis=basis,
        n_claims=numbers.total(),
        n_unlogged=numbers.total() - sum(numbers[code] for code in actions),
        costs=costs,
        unit=unit,
        effect=None if basis == "nothing" else theatre(by, costs),
        handled=tuple(by.items()),
        rules=_rules_taken(spec, numbers, sorts),
    )


def theatre_conditions(
    cursor: duckdb.DuckDBPyConnection, state: State, now: datetime
) -> tuple[Condition, ...]:
    """The signals whose confidence changed nothing, up to the Monday of this week."""
    found = []
    monday = week_began(now)
    seen = fingerprints_seen(cursor, now)
    entries = {one.name: state.entries.get(one.name) for one in signals(cursor)}
    for measured in together(
        cursor,
        (
            unless_elsewhere(
                measuring_theatre(
                    None if entry is None else entry.spec, Selection(signal, until=monday), now
                )
            )
            for signal, entry in entries.items()
            # Of one that is only logged it is written down that it changes nothing.
            if entry is None or not entry.spec.log_only
        ),
    ):
        if measured is not None and measured.changes_nothing:
            found.append(_condition(measured, acting(state, seen, measured.signal, now)))
    return tuple(found)


def _condition(measured: Theatre, is_open: bool) -> Condition:
    effect = measured.effect
    assert effect is not None
    action: str = effect.single or next(one.row.action for one in measured.rules if one.n_claims)
    other = {one: n for one, n in measured.would.items() if n and one != action}
    return Condition.of(
        "confidence_theatre",
        measured.signal,
        "confidence_theatre",
        AlwaysTheSame(
            action=action,
            basis="logged" if measured.basis == "logged" else "rules",
            decisions=effect.n_claims,
            since=measured.since.date(),
            would=tuple(sorted(other.items())) if measured.basis == "logged" else (),
            gate_open=is_open,
        ),
    )


def _sorting(spec: SignalSpec | None) -> Sorting:
    """Claims told apart by their logged action and by all that the rules look at."""
    return Sorting(apart=told_apart([] if spec is None else [spec.rules]))


def _answer(answer: Compiled, sort: Sort) -> tuple[Action, str]:
    """What the rules say of a sort of claims that may act, and by which rule."""
    found = answer(sort.confidence, sort.segments, may_act=True)
    return found.action, found.rule


def _rules_taken(
    spec: SignalSpec | None, numbers: Counter[int], sorts: dict[int, Sort]
) -> tuple[RuleTaken, ...]:
    if spec is None:
        return ()
    answer = compile_rules(spec.rules)
    taken: Counter[str] = Counter()
    for code, n in numbers.items():
        taken[_answer(answer, sorts[code])[1]] += n
    return tuple(RuleTaken(row, taken[row.rule]) for row in table(spec.rules) if not row.case)


def _costs(spec: SignalSpec | None) -> tuple[CaseCosts, str | None]:
    declared = None if spec is None else spec.costs
    if declared is None:
        return USUAL_COSTS, None
    return CaseCosts(
        declared.error_millionths / PPM,
        declared.review_millionths / PPM,
        declared.escalate_millionths / PPM,
    ), declared.unit


def _known(action: str | None) -> Action | None:
    return next((one for one in ACTIONS if one == action), None)
