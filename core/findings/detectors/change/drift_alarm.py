"""The standing watch: whether what was signed still holds, week by week since the signature.

For every validation in force: gap and shape of the errors against the registered tolerance, in one
process, so that errors that cancel are found too; the error rate of what the rules automate against
the bound on ``automated_error`` where there is one; and gap and shape of every value of the
required segments, all by `core.measure.monitoring.e_process`. The chance of a false alarm, ever, is
`LEVEL` for one validation of one fingerprint (no registry field changes it), shared equally among
the parts that are watched; segments share theirs by e-BH. A week enters once, when the registered
maturity in days has passed since its end, with outcomes as they stood at that age of their claim.

The evidence decides whether; when it changed is dated by `core.measure.monitoring.changepoint`,
which decides nothing.

Every look works the path out anew from the ledger. Outcomes that come in later than they say they
were known change it, as they change every number read at a fixed age.

The bands of the shape are those of the confidences stated before the signature; without any, of the
first cohort.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import duckdb
import numpy as np

from core.findings.facts.change.drift import Drifted
from core.findings.kinds import Condition
from core.governance.state import State
from core.governance.stops import DRIFT_ALARM, Alarmed, Dated, DriftedPart, OffPattern
from core.governance.validations.records import Validation
from core.ledger.errors import NeedsClaims
from core.measure.cells.cells import Cells, FloatArray, IntArray, hundredth
from core.measure.monitoring.changepoint import ChangePoint, Level, changes, cohort_means, levels
from core.measure.monitoring.e_process import (
    LEVEL,
    EProcess,
    e_bh,
    e_process,
    error_bets_of,
    leading_side,
    mean_over_inputs,
    shape_bets_of,
    shape_edges,
    shape_prior,
    shape_sides,
)
from core.queries.labels.weekly_cohorts import (
    Group,
    Matured,
    matured_cells,
    matured_series,
    stated_before,
    week_end,
)
from core.registry.escalation_rules import rungs_of, table
from core.registry.signal_spec import SignalSpec
from core.text.figures import counted, e_words
from core.text.parts import bands_at
from core.trail.fingerprint import Fingerprint

#: As many parts of an alarm are named.
NAMED = 3


@dataclass(frozen=True)
class WatchedPart:
    """One thing that is watched.

    Attributes:
        what: gap and shape, or the share of wrong ones among the automated.
        where: (segment dimension, value); None: the whole.
        weeks: its matured cohorts that have a label, oldest first.
        n: labelled claims of these.
        n_inputs: distinct inputs among them.
        estimate: the gap (positive: overconfident) or error rate since, over inputs; nan without.
        bound: what is accepted.
        process: the evidence against it, cohort by cohort.
        pattern: of its errors, by the evidence so far (up to the alarm, where there is one); None:
            the gap, or no evidence.
        stretches: its weeks cut into stretches of one level each, oldest first: of the pattern, or
            else of the estimate.
    """

    what: Literal["gap", "automated_error"]
    where: tuple[str, str | None] | None
    weeks: tuple[str, ...]
    n: int
    n_inputs: int
    estimate: float
    bound: float
    process: EProcess
    stretches: tuple[Level, ...]
    pattern: OffPattern | None = None

    def changed(self, week: str) -> ChangePoint | None:
        """The last change-point no later than a week; None: none is seen."""
        known = [one for one in changes(self.stretches) if self.weeks[one.at] <= week]
        return known[-1] if known else None

    def seen_with(self, week: str | None) -> DriftedPart:
        """As acts carry it, and since when it is so as an alarm with a week found it."""
        change = None if week is None else self.changed(week)
        start = self.stretches[0] if self.stretches else None
        return DriftedPart(
            self.what,
            self.where,
            len(self.weeks),
            self.n,
            self.n_inputs,
            self.estimate,
            self.bound,
            self.process.e_value,
            self.process.needed,
            self.pattern,
            None
            if change is None
            else Dated(self.weeks[change.at], change.before.mean, change.after.mean),
            from_first=change is None
            and start is not None
            and (start.low > self.bound or -start.high > self.bound),
        )


@dataclass(frozen=True)
class Alarm:
    """That the evidence sufficed.

    Attributes:
        at: when the outcomes of the cohort that did it were final.
        week: that cohort.
        parts: what is beyond what was agreed; where segments did it, the flagged ones.
    """

    at: datetime
    week: str
    parts: tuple[WatchedPart, ...]

    @property
    def facts(self) -> Alarmed:
        """The same as acts carry it."""
        told = tuple(one.seen_with(self.week) for one in self.parts[:NAMED])
        return Alarmed(self.week, len(self.parts), told)

    @property
    def words(self) -> str:
        """What is off, since when it is known, and when it changed."""
        return self.facts.words


@dataclass(frozen=True)
class Watched:
    """One validation under watch.

    Attributes:
        signal, fingerprint: of the validation.
        since: its signature; claims count from then on.
        gap: gap and shape of the whole.
        errors: what is automated; None without a bound on it.
        segments: every value of the required dimensions met so far.
        flagged: the segments that e-BH rejects now.
        alarm: the first; None: none so far.
    """

    signal: str
    fingerprint: Fingerprint
    since: datetime
    gap: WatchedPart
    errors: WatchedPart | None
    segments: tuple[WatchedPart, ...]
    flagged: tuple[WatchedPart, ...]
    alarm: Alarm | None

    @property
    def cohorts(self) -> int:
        """Weekly cohorts with a label whose outcomes are final."""
        return len(self.gap.weeks)

    @property
    def n_inputs(self) -> int:
        """Distinct inputs among them."""
        return self.gap.n_inputs

    @property
    def words(self) -> str:
        """``watched since 2026-10-14: 5 cohorts, 3,100 inputs, evidence 0.8 of 20 needed: …``."""
        if not self.cohorts:
            return f"watched since {self.since:%Y-%m-%d}: no cohort has final outcomes yet"
        told = [f"evidence {_evidence(self.gap.process)}"]
        if self.errors is not None:
            told.append(f"on errors of the automated {_evidence(self.errors.process)}")
        if self.segments:
            told.append(f"{counted(len(self.segments), 'segment')}, {len(self.flagged)} flagged")
        end = "no alarm" if self.alarm is None else f"alarm with the cohort {self.alarm.week}"
        return (
            f"watched since {self.since:%Y-%m-%d}: {counted(self.cohorts, 'cohort')}, "
            f"{counted(self.n_inputs, 'input')}, {', '.join(told)}: {end}"
        )


def watched(
    cursor: duckdb.DuckDBPyConnection, state: State, now: datetime, *, only: str | None = None
) -> tuple[Watched, ...]:
    """Every validation that is in force, or that an alarm suspended, as seen now.

    Args:
        only: of this signal only.
    """
    found = []
    for (signal, fingerprint), one in state.validations.items():
        if signal not in state.entries or one.signed is None or only not in (None, signal):
            continue
        in_force = state.standing_of(signal, fingerprint, now).state in ("validated", "waived")
        if in_force or _alarmed(one):
            spec = state.entries[signal].spec
            with suppress(NeedsClaims):
                found.append(watch_one(cursor, spec, fingerprint, one.signed.at, now))
    return tuple(found)


def watch_one(
    cursor: duckdb.DuckDBPyConnection,
    spec: SignalSpec,
    fingerprint: Fingerprint,
    since: datetime,
    now: datetime,
) -> Watched:
    """One fingerprint since a time.

    Args:
        fingerprint: whose production claims.
        since: from then on, UTC without zone.
    """
    plan, tolerance = spec.validation, spec.tolerance_ppm / 1_000_000
    matured = Matured(spec.name, fingerprint.as_json(), since, now, spec.maturity)
    bound = _error_bound(spec)
    level = LEVEL / (1 + (bound is not None) + bool(plan.segments))
    series = matured_series(cursor, matured, sorted(set(plan.segments)))
    groups = [None, *(group for group in series if group is not None)]
    edges = _edges(cursor, matured, series.get(None, {}))
    gap, *segments = [
        _curved(group, series.get(group, {}), tolerance, level, edges) for group in groups
    ]
    errors = None
    if bound is not None:
        automated = _automated(cursor, matured, spec)
        errors = _automated_part(automated, bound, level)
    flagged_by_week = _flagged(segments, gap.weeks, level)
    alarms: list[tuple[str, tuple[WatchedPart, ...]]] = [
        (one.weeks[one.process.crossed], (one,))
        for one in (gap, errors)
        if one is not None and one.process.crossed is not None
    ]
    alarms += [(week, of) for week, of in zip(gap.weeks, flagged_by_week, strict=True) if of][:1]
    alarm = None
    if alarms:
        week = min(week for week, _ in alarms)
        parts = tuple(part for at, of in alarms if at == week for part in of)
        alarm = Alarm(week_end(week) + spec.maturity.age, week, parts)
    return Watched(
        spec.name,
        fingerprint,
        since,
        gap,
        errors,
        tuple(segments),
        flagged_by_week[-1] if flagged_by_week else (),
        alarm,
    )


def drift_conditions(state: State, seen: Sequence[Watched]) -> tuple[Condition, ...]:
    """The alarms as what is wrong; one that suspended a validation stands until it is signed anew.

    Args:
        seen: what `watched` saw.
    """
    found = []
    for one in seen:
        validation = state.validations[one.signal, one.fingerprint]
        if validation.signed is None or validation.signed.at != one.since:
            continue  # signed again meanwhile
        since, trigger = one.since.date(), validation.trigger
        if one.alarm is not None:
            facts = Drifted(since, one.alarm.facts)
        elif _alarmed(validation) and trigger is not None:
            gap = one.gap.seen_with(None)
            held = trigger.facts if isinstance(trigger.facts, Alarmed) else None
            facts = Drifted(since, held=held, said="" if held else trigger.reason, gap=gap)
        else:
            continue
        id_, print_ = one.fingerprint.id, one.fingerprint
        found.append(Condition.of("drift_alarm", one.signal, id_, facts, print_))
    return tuple(found)


def drifted(
    state: State, seen: Sequence[Watched], now: datetime
) -> dict[tuple[str, Fingerprint], Alarmed]:
    """What an alarm closes, and why: what is in force and was opened before the alarm.

    Who lets a fingerprint act by a waiver after an alarm does so knowing it.

    Args:
        seen: what `watched` saw.
    """
    found = {}
    for one in seen:
        validation = state.validations.get((one.signal, one.fingerprint))
        standing = state.standing_of(one.signal, one.fingerprint, now)
        if one.alarm is None or validation is None or validation.signed is None:
            continue
        opened = {
            "validated": validation.signed.at,
            "waived": validation.waiver.at if validation.waiver else None,
        }.get(standing.state)
        # Signed again meanwhile: what was seen is about the signature before.
        if opened is not None and one.since == validation.signed.at and one.alarm.at > opened:
            found[one.signal, one.fingerprint] = one.alarm.facts
    return found


def _alarmed(one: Validation) -> bool:
    """Whether it is an alarm that holds it suspended."""
    return one.state == "suspended" and one.trigger is not None and one.trigger.id == DRIFT_ALARM


Cohorts = Mapping[str, Cells]


def _automated(
    cursor: duckdb.DuckDBPyConnection, matured: Matured, spec: SignalSpec
) -> dict[str, Cells]:
    rules = tuple(row for row in table(spec.rules) if row.from_ppm is not None)
    grouped = matured_cells(
        cursor,
        matured,
        rungs=rungs_of(spec.rules),
        only=[i for i, row in enumerate(rules) if row.action == "automate"],
    )
    return {str(key[0]): cells for key, cells in zip(grouped.keys, grouped.cells, strict=True)}


def _error_bound(spec: SignalSpec) -> float | None:
    """The registered bound on what is automated; none at all is taken for one in a million."""
    bounds = [
        one.maximum_ppm
        for one in spec.validation.criteria
        if one.metric == "automated_error" and one.maximum_ppm is not None
    ]
    return max(1, min(bounds)) / 1_000_000 if bounds else None


def _edges(cursor: duckdb.DuckDBPyConnection, matured: Matured, series: Cohorts) -> IntArray:
    """The bands of the shape, by what is known before the first bet."""
    stated = stated_before(cursor, matured)
    if not len(stated.v) and series:
        stated = series[min(series)]
    return shape_edges(stated)


def _curved(
    group: Group, series: Cohorts, tolerance: float, level: float, edges: IntArray
) -> WatchedPart:
    """Gap and shape of a group."""
    weeks = tuple(sorted(series))
    cells = [series[week] for week in weeks]
    prior = shape_prior(edges)
    bets = [shape_bets_of(one, tolerance, edges) for one in cells]
    process = e_process(bets, level, prior)
    pattern, stretches = None, levels(cohort_means(cells))
    if weeks and process.log_e.max() > 0:
        until = len(weeks) if process.crossed is None else process.crossed + 1
        side = shape_sides(edges)[leading_side(bets[:until], prior)]
        if abs(side.sum()) != len(side):
            pattern, stretches = _pattern(cells, side, edges)
    return WatchedPart(
        what="gap",
        where=group,
        weeks=weeks,
        n=sum(one.total for one in cells),
        n_inputs=sum(one.n_inputs for one in cells),
        estimate=mean_over_inputs(cells)[0],
        bound=tolerance,
        process=process,
        stretches=stretches,
        pattern=pattern,
    )


def _pattern(
    cells: Sequence[Cells], signs: FloatArray, edges: IntArray
) -> tuple[OffPattern, tuple[Level, ...]]:
    """A side that is none of the gap's two, as these cohorts show it, and its stretches."""
    places = [np.searchsorted(edges, hundredth(one.v)) for one in cells]
    stated = np.concatenate([hundredth(one.v) for one in cells])
    band = np.concatenate(places)
    labels, taken = [], []
    for b in np.unique(band).tolist():
        low, high = (int(f(stated[band == b])) / 100 for f in (np.min, np.max))
        labels.append(f"{low:g}" if low == high else f"({low:g}, {high:g}]")
        taken.append(int(signs[b]))
    means = cohort_means(cells, signs=[signs[place] for place in places])
    estimate = float(means.inputs @ means.mean / means.inputs.sum())
    return OffPattern(bands_at(labels, taken), estimate), levels(means)


def _automated_part(series: Cohorts, bound: float, level: float) -> WatchedPart:
    """The error rate of what is automated."""
    weeks = tuple(sorted(series))
    cells = [series[week] for week in weeks]
    return WatchedPart(
        what="automated_error",
        where=None,
        weeks=weeks,
        n=sum(one.total for one in cells),
        n_inputs=sum(one.n_inputs for one in cells),
        estimate=mean_over_inputs(cells)[1],
        bound=bound,
        process=e_process([error_bets_of(one, bound) for one in cells], level),
        stretches=levels(cohort_means(cells, "automated_error")),
    )


def _flagged(
    segments: Sequence[WatchedPart], weeks: Sequence[str], level: float
) -> list[tuple[WatchedPart, ...]]:
    """The segments that e-BH rejects after each week, among those met by then."""
    found = []
    for week in weeks:
        met = [(one, known) for one in segments if (known := _after(one, week)) is not None]
        rejected = e_bh(np.array([known for _, known in met], dtype=np.float64), level)
        found.append(tuple(one for (one, _), no in zip(met, rejected, strict=True) if no))
    return found


def _after(part: WatchedPart, week: str) -> float | None:
    """Logarithm of a segment's e-value after a week; None before its first."""
    known = sum(one <= week for one in part.weeks)
    log_e: FloatArray = part.process.log_e
    return float(log_e[known - 1]) if known else None


def _evidence(process: EProcess) -> str:
    return f"{e_words(process.e_value)} of {e_words(process.needed)} needed"
