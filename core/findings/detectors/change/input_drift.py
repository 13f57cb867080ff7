"""What comes in is not what came in before: the mix of segments, or of stated confidence.

Stated confidence is also looked at every day, over the newest `DAYS_NEW` days: a provider's update
moves all of it at once, and nobody should wait for the week to end. These looks together are wrong
at most once in twenty years (Bonferroni over the days of a year); the weeks find what is smaller.

The newest whole `WEEKS` are held against the `WEEKS_BEFORE` before them, and against as many before
the signature that is in force: what was signed rests on the cases of then, and a shift that is
older than the weeks before would otherwise be forgotten. No label is needed, so it is seen within a
week. Every input counts once, at its first claim, and days are what is sampled
(`core.measure.monitoring.population_shift`).

Found is what is beyond noise, over all dimensions, references and signals together (Bonferroni),
*and* of a size that matters: with many cases any difference is beyond noise.

Stated confidence is compared within one version: what another version states of the same cases is
its change review's matter. What moved it, neither labels nor the version's name can tell; the
finding says what it may be, by the segments of the same days and by kept inputs asked again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta

import duckdb
import numpy as np

from core.defaults import ALPHA, MINIMUM_INPUTS
from core.findings.detectors.in_use import resting
from core.findings.facts.change.inputs import (
    STATED,
    CameIn,
    Days,
    Effect,
    InputsDrifted,
    Scored,
    ShareMoved,
)
from core.findings.facts.change.stated import CanarySays, CasesMoved, StatedShifted
from core.findings.kinds import Condition
from core.governance.bodies.canaries import canary_standing
from core.governance.state import State
from core.measure.cells.cells import IntArray
from core.measure.metrics.scores import NoValue
from core.measure.monitoring.brier_decomposition import brier_split
from core.measure.monitoring.population_shift import MixChange, mix_change
from core.queries.base.cells import grouped_cells
from core.queries.base.seen.fingerprints_seen import Seen, fingerprints_seen, in_use
from core.queries.base.selection import Selection
from core.queries.base.together.asking import ask, together, unless_elsewhere
from core.queries.labels.label_provenance import NO_DAYS, how_labelled, labelled_days
from core.queries.sums.inputs_per_day import ArrivalsAsked, Arrived, arrivals
from core.registry.signal_spec import SignalSpec
from core.trail.fingerprint import Fingerprint
from core.validation.recent_sample import all_segments, week_began

#: The newest weeks, and those they are held against.
WEEKS, WEEKS_BEFORE = 4, 8
#: The newest days that are looked at every day, and how many looks that is in a year.
DAYS_NEW = (2, 7)
LOOKS = 365 * len(DAYS_NEW)
#: A share of more than 0.9 that rises by so much, with the gate open, is critical.
HIGH_RISES = 0.2
#: The ECE bin of more than 0.9.
HIGHEST = "9"
#: A size that matters: so much PSI over noise (Siddiqi 2006 calls 0.1 a minor shift), or so much
#: of all inputs in one value more or less.
PSI_OVER_NOISE, SHARE = 0.1, 0.10


@dataclass(frozen=True)
class DimensionMoved:
    """One dimension of one signal held against one reference.

    Attributes:
        signal, dimension: which; None: the stated confidence.
        signed: whether the reference is what came in before the signature.
        before, after: the days.
        values: of the dimension, in the order of the shares.
        change: how the shares moved.
        newest: whether it is a look at the newest days.
        cases: of stated confidence: how the segments moved on the same days.
    """

    signal: str
    dimension: str | None
    signed: bool
    before: Days
    after: Days
    values: tuple[str | None, ...]
    change: MixChange
    newest: bool = False
    cases: tuple[DimensionMoved, ...] = ()

    @property
    def matters(self) -> bool:
        """Whether its size does, whatever noise may do."""
        most = self.change.most
        share = abs(float(self.change.after[most] - self.change.before[most]))
        return self.change.over_noise > PSI_OVER_NOISE or share >= SHARE

    def flagged(self, family: int) -> bool:
        """Whether it is beyond noise among so many looks, and matters.

        Args:
            family: how many are made in the whole ledger.
        """
        return self.matters and self.change.p_value * family <= ALPHA


def inputs_conditions(
    cursor: duckdb.DuckDBPyConnection, state: State, now: datetime
) -> tuple[Condition, ...]:
    """The registered signals whose inputs drifted, or what is stated of them, by dimension."""
    looks = measure_inputs(cursor, state, now)
    moved = [one for one in looks if not one.newest]
    found: defaultdict[str, dict[str | None, DimensionMoved]] = defaultdict(dict)
    for one in moved:
        known = found[one.signal].get(one.dimension)
        further = known is None or one.change.over_noise > known.change.over_noise
        if one.flagged(len(moved)) and further:
            found[one.signal][one.dimension] = one
    newest: dict[str, DimensionMoved] = {}
    for one in looks:
        if one.newest and one.flagged(LOOKS * len(state.entries)):
            newest.setdefault(one.signal, one)
    conditions = []
    for signal in sorted({*found, *newest}):
        by = dict(found[signal])
        stated = by.pop(None, None)
        conditions += [
            _condition(cursor, state, one, stated)
            for _, one in sorted(by.items(), key=lambda item: item[0] or "")
        ]
        # Other cases are stated otherwise: where segments moved, that is no matter of its own,
        # unless it came all at once.
        of_stated = newest.get(signal) if by or stated is None else stated
        if of_stated is not None:
            conditions.append(stated_condition(cursor, state, of_stated, now))
    return tuple(conditions)


def measure_inputs(
    cursor: duckdb.DuckDBPyConnection, state: State, now: datetime
) -> tuple[DimensionMoved, ...]:
    """Every comparison that can be made; those with too few inputs on a side are left out."""
    seen, segments = fingerprints_seen(cursor, now), all_segments(cursor)
    until, today = week_began(now), datetime.combine(now.date(), time())
    after = Days.of_weeks(WEEKS, until)
    asked: list[ArrivalsAsked] = []
    against: list[list[tuple[bool, Days]]] = []
    for signal in sorted(state.entries):
        used = in_use(seen, signal)
        if not used:
            continue
        references = [(False, Days.of_weeks(WEEKS_BEFORE, after.since))]
        at = _signed(state, used, signal, now)
        if at is not None and at < after.since:
            day = datetime.combine(at.date(), time())
            references.append((True, Days.of_weeks(WEEKS_BEFORE, day)))
        since = min(one.since for _, one in references)
        asked.append(ArrivalsAsked(signal, since, today, segments.get(signal, ())))
        against.append(references)
    answers = together(cursor, map(unless_elsewhere, [ask(one) for one in asked]))
    found: list[DimensionMoved] = []
    for one, came, references in zip(asked, answers, against, strict=True):
        if came is None:
            continue
        for signed, before in references:
            found += _compared(one.signal, came, signed, before, after)
        for days in DAYS_NEW:
            new = Days((today - timedelta(days=days)).date(), (today - timedelta(days=1)).date())
            before = Days.of_weeks(WEEKS_BEFORE, new.since)
            looked = _compared(one.signal, came, False, before, new)
            found += [replace(each, newest=True) for each in looked if each.dimension is None]
    return tuple(found)


def _signed(state: State, used: Sequence[Seen], signal: str, now: datetime) -> datetime | None:
    """When the newest of what may act was signed."""
    found = []
    for one in used:
        fingerprint = Fingerprint.of(dict(one.fields))
        known = state.validations.get((signal, fingerprint))
        if known and known.signed and state.standing_of(signal, fingerprint, now).open:
            found.append(known.signed.at)
    return max(found, default=None)


def _compared(
    signal: str, came: Sequence[Arrived], signed: bool, before: Days, after: Days
) -> list[DimensionMoved]:
    first, last = before.since.toordinal(), max(before.until, after.until).toordinal()
    by: defaultdict[tuple[str | None, str | None], list[Arrived]] = defaultdict(list)
    for one in came:
        if first <= one.day.toordinal() < last:
            by[one.dimension, one.version].append(one)
    tables = {key: _table(mine, first, last) for key, mine in by.items()}

    def part(key: tuple[str | None, str | None], span: Days) -> IntArray:
        """The days of a span on which something came in."""
        days: IntArray = tables[key].counts[
            span.since.toordinal() - first : span.until.toordinal() - first
        ]
        return days[days.any(axis=1)]

    # The stated confidence of the version that states most of it now.
    versions = [key for key in by if key[0] is None]
    newest = max(versions, key=lambda key: (int(part(key, after).sum()), str(key)), default=None)
    found = []
    for key in by:
        if key[0] is None and key != newest:
            continue
        old, new = part(key, before), part(key, after)
        if min(old.sum(), new.sum()) < MINIMUM_INPUTS:
            continue
        change = mix_change(old, new)
        if not isinstance(change, NoValue):
            values = tables[key].values
            found.append(DimensionMoved(signal, key[0], signed, before, after, values, change))
    cases = tuple(one for one in found if one.dimension is not None)
    return [replace(one, cases=cases) if one.dimension is None else one for one in found]


@dataclass(frozen=True)
class _Table:
    """Inputs per day and value, shape (days, values); the values in the order of the columns."""

    values: tuple[str | None, ...]
    counts: IntArray


def _table(mine: Sequence[Arrived], first: int, last: int) -> _Table:
    """Of the days [first, last), as ordinal numbers."""
    column: dict[str | None, int] = {}
    for one in mine:
        column.setdefault(one.value, len(column))
    counts = np.zeros((last - first, len(column)), dtype=np.int64)
    for one in mine:
        counts[one.day.toordinal() - first, column[one.value]] += one.n
    return _Table(tuple(column), counts)


def _condition(
    cursor: duckdb.DuckDBPyConnection,
    state: State,
    one: DimensionMoved,
    stated: DimensionMoved | None,
) -> Condition:
    facts = _with_effect(cursor, state.entries[one.signal].spec, one, _drifted(one, stated))
    return Condition.of("inputs_drifted", one.signal, one.dimension or STATED, facts)


def stated_condition(
    cursor: duckdb.DuckDBPyConnection, state: State, one: DimensionMoved, now: datetime
) -> Condition:
    """Stated confidence that shifted, with what it may be.

    Args:
        one: a look at it that is beyond noise and matters.
    """
    spec, drift = state.entries[one.signal].spec, _drifted(one, None)
    if one.newest:
        # The first of these labels are final when the first of these days has come of age.
        drift = replace(
            drift, first_labels=one.after.first + timedelta(days=spec.maturity.days + 1)
        )
    else:
        drift = _with_effect(cursor, spec, one, drift)
    at = one.values.index(HIGHEST) if HIGHEST in one.values else None
    high = ShareMoved(
        HIGHEST,
        0.0 if at is None else float(one.change.before[at]),
        0.0 if at is None else float(one.change.after[at]),
    )
    cases = tuple(
        CasesMoved(
            str(case.dimension),
            ShareMoved(
                case.values[case.change.most],
                float(case.change.before[case.change.most]),
                float(case.change.after[case.change.most]),
            ),
        )
        for case in one.cases
        if case.flagged(len(one.cases))
    )
    kept, says = _canary_says(state, one)
    facts = StatedShifted(drift, high, one.newest, cases, len(one.cases), says, kept)
    rises = high.after - high.before >= HIGH_RISES and says != "unchanged"
    level = resting(state, fingerprints_seen(cursor, now), one.signal, now) if rises else "warning"
    return Condition.of("stated_shifted", one.signal, STATED, facts, level=level)


def _canary_says(state: State, one: DimensionMoved) -> tuple[int, CanarySays]:
    """How many inputs of the signal are kept, and what they say of the days after."""
    kept = state.canaries.get(one.signal)
    if kept is None:
        return 0, "none"
    asked = [
        canary_standing(rounds)
        for (signal, _), rounds in state.canary_rounds.items()
        if signal == one.signal and rounds[-1].seq > kept.seq
    ]
    if any(standing.alarm is not None for standing in asked):
        return len(kept.inputs), "changed"
    since = any(
        standing.bet_on and standing.bet_on[-1].asked_at >= one.after.since for standing in asked
    )
    return len(kept.inputs), "unchanged" if since else "not asked"


def _drifted(one: DimensionMoved, stated: DimensionMoved | None) -> InputsDrifted:
    change, psi = one.change, one.change.stability
    shift = change.after - change.before
    other = int((-shift * np.sign(shift[change.most])).argmax())
    most, least = (
        ShareMoved(one.values[at], float(change.before[at]), float(change.after[at]))
        for at in (change.most, other)
    )
    with_it = None if stated is None else stated.change.stability
    return InputsDrifted(
        one.dimension,
        one.signed,
        CameIn(one.before, change.n_before, change.days_before),
        CameIn(one.after, change.n_after, change.days_after),
        most,
        least,
        psi.psi,
        psi.noise,
        change.dispersion,
        None if with_it is None else (with_it.psi, with_it.noise),
    )


def _with_effect(
    cursor: duckdb.DuckDBPyConnection, spec: SignalSpec, one: DimensionMoved, facts: InputsDrifted
) -> InputsDrifted:
    """With what it does to calibration, as far as settled labels tell."""
    settled = one.after.until - spec.maturity.age
    after = Days.of_weeks(WEEKS, settled)
    before = one.before
    if not one.signed or before.until > after.since:
        before = Days.of_weeks(WEEKS_BEFORE, after.since)
    if not _moved_by_then(cursor, one, before, after):
        due = one.after.since.date() + timedelta(days=spec.maturity.days)
        first = max(due, one.after.until.date() + timedelta(weeks=1))
        return replace(facts, first_labels=first)
    spans = (before, after)
    sides = [
        Selection(one.signal, span.since, span.until, where=(("split", ("production",)),))
        for span in spans
    ]
    if not all(how_labelled(cursor, side).fair for side in sides):
        return replace(facts, labels="unfair")
    cells = [grouped_cells(cursor, side).cells[0] for side in sides]
    split = brier_split(cells[0], cells[1])
    if isinstance(split, NoValue) or min(side.n_inputs for side in cells) < MINIMUM_INPUTS:
        return replace(facts, labels="too few")
    days = [labelled_days(cursor, side).get((None, None), NO_DAYS).n for side in sides]
    scored = [
        Scored(span, brier, side.total, side.n_inputs, n)
        for span, brier, side, n in zip(
            spans, (split.before, split.after), cells, days, strict=True
        )
    ]
    effect = Effect(scored[0], scored[1], split.foretold, split.decalibration)
    return replace(facts, effect=effect)


def _moved_by_then(
    cursor: duckdb.DuckDBPyConnection, one: DimensionMoved, before: Days, after: Days
) -> bool:
    """Whether at least half of the shift was there in weeks whose outcomes are final."""
    dimensions = () if one.dimension is None else (one.dimension,)
    came = [
        each
        for each in arrivals(cursor, one.signal, before.since, after.until, dimensions)
        if each.dimension == one.dimension
    ]
    value = one.values[one.change.most]
    shares = []
    for span in (before, after):
        inside = [each for each in came if span.since.date() <= each.day < span.until.date()]
        total = sum(each.n for each in inside)
        if not total:
            return False
        shares.append(sum(each.n for each in inside if each.value == value) / total)
    whole = float(one.change.after[one.change.most] - one.change.before[one.change.most])
    return (shares[1] - shares[0]) / whole >= 0.5
