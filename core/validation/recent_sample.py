"""Some claims of a signal, measured: the whole, its high band, its segments.

Intervals count inputs and not rows (see `core.measure.verdicts.verdict.judge`), and what a number
rests on is told with it: claims, distinct inputs, distinct days.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import duckdb
import numpy as np

from core.defaults import LEVEL, MINIMUM_INPUTS
from core.measure.verdicts.label_reach import LabelReach
from core.measure.verdicts.parts import PART_NAMES, PartName, PartState
from core.measure.verdicts.verdict import Judgement, judge
from core.queries.base.catalogue import dimensions, segment_values
from core.queries.base.selection import CLAIM_DIMENSIONS, Selection
from core.queries.base.together.asking import Asking, answered, ask
from core.queries.labels.label_provenance import (
    NO_DAYS,
    DaysAsked,
    HowLabelled,
    LabelledDays,
    LabellingAsked,
)
from core.queries.labels.label_reach import reaching
from core.queries.sums.grouped_sums import SumsAsked
from core.terms import Terms
from core.text.figures import basis
from core.text.off_at import OffAt
from core.text.parts import PartShown, part_shown, shape_at

#: A dimension with more values than these is a name of the case, and no segment.
MOST_VALUES = 50


@dataclass(frozen=True)
class Off:
    """A segment that is off.

    Attributes:
        dimension, value: which.
        shown: the part of it that is off, the bounds holding for all segments together; other
            parts may be off too.
        n_inputs: distinct inputs among them.
        n_days: distinct days on which they were made.
        differs: whether its gap is beyond that of the rest, by more than chance explains.
    """

    dimension: str
    value: str | None
    shown: PartShown
    n_inputs: int
    n_days: int
    differs: bool = False

    @property
    def words(self) -> str:
        """What it shows, in a clause."""
        return self.shown.words(basis(self.shown.n, self.n_inputs, self.n_days))


@dataclass(frozen=True)
class Recent:
    """Claims of a signal, measured.

    Attributes:
        since, until: first and last day.
        n: labelled claims.
        n_inputs: distinct inputs among them; a claim that names none is one of its own.
        n_days: distinct days, UTC, on which they were made.
        gap, low, high: of the whole, the interval at the level asked for.
        state: of the whole by itself, by its worst part that matters.
        off_parts: the parts of the whole that are off, the first being the reason.
        error, error_low, error_high: the error over the bands of confidence, with its bounds.
        error_at: where in its range it is off; nowhere where no error of its shape is shown.
        tolerance, high_from: by which.
        high_n, high_inputs, high_days, high_claimed, high_observed: the high-confidence band.
        high_low, high_high: interval of its gap, corrected likewise.
        n_segments: segments with enough labelled inputs to be judged, whose labels speak for all.
        n_small: segments with fewer.
        n_mute: labelled segments, of either kind, whose labels cannot speak for all their claims.
        n_within: those shown to be within tolerance.
        off: those shown to be off, worst first.
        bounded: share of the labelled claims that lie in segments shown to be off by less than
            twice the tolerance, in [0, 1].
        labels: how the labels came about.
        reach: for which claims the labels speak.
        reason: the part of the whole that gives its state; None where it is fine.
        said: mean confidence of the labelled claims.
    """

    since: date
    until: date
    n: int
    n_inputs: int
    n_days: int
    gap: float
    low: float
    high: float
    state: PartState
    off_parts: tuple[PartName, ...]
    error: float
    error_low: float
    error_high: float
    error_at: OffAt
    tolerance: float
    high_from: float
    high_n: int
    high_inputs: int
    high_days: int
    high_claimed: float
    high_observed: float
    high_low: float
    high_high: float
    n_segments: int
    n_small: int
    n_mute: int
    n_within: int
    off: tuple[Off, ...]
    bounded: float
    labels: HowLabelled
    reach: LabelReach
    reason: PartName | None = None
    said: float = math.nan

    @property
    def band_off(self) -> bool:
        """Whether the high-confidence band by itself is outside tolerance."""
        return "high_band" in self.off_parts

    @property
    def speaks_for_all(self) -> bool:
        """Whether the labels may speak for all claims; else the numbers are of the labelled."""
        return self.reach.speaks_for == "all"


def week_began(now: datetime) -> datetime:
    """The Monday, at midnight UTC, of the week that a time is in.

    Findings and standing verdicts are measured up to it, so that their numbers change once a week
    and the trail does not hold every day's.
    """
    return datetime.combine(now.date() - timedelta(days=now.weekday()), time())


def segments_of(cursor: duckdb.DuckDBPyConnection, signal: str) -> tuple[str, ...]:
    """The segment dimensions that can tell two groups of a signal's claims apart."""
    return tuple(
        one.name
        for one in dimensions(cursor, signal)
        if one.name not in CLAIM_DIMENSIONS
        and 1 < one.n_values + (one.n_missing > 0) <= MOST_VALUES
    )


def all_segments(cursor: duckdb.DuckDBPyConnection) -> dict[str, tuple[str, ...]]:
    """`segments_of` every signal."""
    return {
        signal: tuple(name for name, n in values.items() if 1 < n <= MOST_VALUES)
        for signal, values in segment_values(cursor).items()
    }


def recent(
    cursor: duckdb.DuckDBPyConnection,
    claims: Selection,
    now: datetime,
    *,
    terms: Terms,
    level: float = LEVEL,
    names: Sequence[str] | None = None,
) -> Recent | None:
    """Measure claims of a signal.

    Args:
        now: when ages are taken, UTC without zone.
        terms: by which.
        level: at which the intervals of the whole and its band hold together, and those of all
            segments likewise.
        names: segment dimensions; None: `segments_of` the signal.

    Returns:
        None where none of them is labelled.
    """
    names = segments_of(cursor, claims.signal) if names is None else names
    return answered(cursor, measuring(cursor, claims, now, terms=terms, level=level, names=names))


def measuring(
    cursor: duckdb.DuckDBPyConnection,
    claims: Selection,
    now: datetime,
    *,
    terms: Terms,
    level: float = LEVEL,
    names: Sequence[str],
) -> Asking[Recent | None]:
    """`recent`, asked together with other claims."""
    groupings = ((), *((name,) for name in names))
    found = yield from ask(SumsAsked(claims, groupings, terms.high_from))
    whole = judge(found.sums.take([0]), tolerance=terms.tolerance, level=level)
    if not whole.n[0]:
        return None
    rest = list(range(1, len(found)))
    parts = judge(found.sums.take(rest), tolerance=terms.tolerance, level=level)
    entries = [(by[0], key[0]) for by, key in found.entries[1:]]
    reaches = yield from reaching(cursor, claims, groupings, terms=terms, as_of=now)
    parts = parts.with_reaches([reaches[by].get(key) for by, key in found.entries[1:]])
    days = yield from ask(DaysAsked(claims, tuple(names), terms.high_from))
    labels = yield from ask(LabellingAsked(claims))
    return _measured(
        claims,
        whole,
        parts,
        entries,
        days,
        labels,
        reaches[()][()],
    )


def _measured(
    claims: Selection,
    whole: Judgement,
    parts: Judgement,
    entries: Sequence[tuple[str, str | None]],
    days: Mapping[tuple[str | None, str | None], LabelledDays],
    labels: HowLabelled,
    reach: LabelReach,
) -> Recent:
    assert claims.since is not None
    assert claims.until is not None
    tolerance = whole.tolerance
    # What is held of a segment's labels only is said of neither side.
    spoken = np.array(parts.speaks_for) == "all"
    enough = [i for i in np.flatnonzero(spoken).tolist() if parts.n_effective[i] >= MINIMUM_INPUTS]
    within = [i for i in enough if parts.state[i] == "fine"]
    off = [
        _off(whole, parts, i, entries[i], days.get(entries[i], NO_DAYS))
        for i in enough
        if parts.state[i] == "off"
    ]
    off.sort(key=lambda one: -abs(one.shown.value))
    n = np.where(np.isfinite(parts.gap), parts.n, 0)
    most = 2 * tolerance
    bounded = [
        i for i in enough if parts.corrected_low[i] >= -most and parts.corrected_high[i] <= most
    ]
    made = days.get((None, None), NO_DAYS)
    return Recent(
        since=claims.since.date(),
        until=(claims.until - timedelta(days=1)).date(),
        n=int(whole.n[0]),
        n_inputs=int(whole.n_inputs[0]),
        n_days=made.n,
        gap=float(whole.gap[0]),
        low=float(whole.corrected_low[0]),
        high=float(whole.corrected_high[0]),
        state=whole.state[0],
        off_parts=tuple(name for name in PART_NAMES if whole.part(name).is_off(0)),
        error=float(whole.shape.value[0]),
        error_low=float(whole.shape.low[0]),
        error_high=float(whole.shape.high[0]),
        error_at=shape_at(whole, 0),
        tolerance=tolerance,
        high_from=whole.high_from,
        high_n=int(whole.high_n[0]),
        high_inputs=int(whole.high_inputs[0]),
        high_days=made.high,
        high_claimed=float(whole.high_claimed[0]),
        high_observed=float(whole.high_observed[0]),
        high_low=float(whole.high_gap_low[0]),
        high_high=float(whole.high_gap_high[0]),
        n_segments=len(enough),
        n_small=int(spoken.sum()) - len(enough),
        n_mute=int((~spoken & (parts.n > 0)).sum()),
        n_within=len(within),
        off=tuple(off),
        bounded=float(n[bounded].sum() / n.sum()) if n.sum() else 0.0,
        labels=labels,
        reach=reach,
        reason=whole.reason[0],
        said=float(whole.mean_confidence[0]),
    )


def _off(
    whole: Judgement, parts: Judgement, i: int, entry: tuple[str, str | None], days: LabelledDays
) -> Off:
    reason = parts.reason[i]
    assert reason is not None
    return Off(
        *entry,
        shown=part_shown(parts, i, reason),
        n_inputs=int(parts.part(reason).n_inputs[i]),
        n_days=days.high if reason == "high_band" else days.n,
        differs=beyond_the_rest(whole, parts, i),
    )


def beyond_the_rest(whole: Judgement, parts: Judgement, i: int) -> bool:
    """Whether a segment's gap lies beyond that of the other claims, by more than chance explains.

    The interval of the difference is made of the two intervals (Zou & Donner 2008, the method of
    variance estimates recovery): the segment's, which holds for all segments together, and that of
    the rest, whose width is the whole's at its own number of effective inputs.

    Args:
        whole: all claims, one group.
        parts: the segments, judged together.
    """
    n, mine = int(whole.n[0]), int(parts.n[i])
    rest = n - mine
    if rest <= 0:
        return False
    gap = float(parts.gap[i])
    others = (float(whole.gap[0]) * n - gap * mine) / rest
    widened = (n / rest) ** 0.5
    below = float(whole.gap[0] - whole.gap_low[0]) * widened
    above = float(whole.gap_high[0] - whole.gap[0]) * widened
    if gap > 0:
        return gap - others > float(np.hypot(gap - parts.corrected_low[i], above))
    return others - gap > float(np.hypot(parts.corrected_high[i] - gap, below))
