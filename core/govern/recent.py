"""The newest settled production claims of a signal, measured: the whole, its high band, segments.

Intervals count inputs and not rows (see `core.measure.verdict.judge`), and what a number rests on
is told with it: claims, distinct inputs, distinct days.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import duckdb
import numpy as np

from core.events import PPM
from core.govern.spec import Maturity
from core.govern.state import State
from core.measure.verdict import (
    HIGH_FROM,
    MINIMUM_INPUTS,
    TOLERANCE,
    Judgement,
    Verdict,
    judge,
)
from core.store.basis import NO_DAYS, HowLabelled, LabelledDays, how_labelled, labelled_days
from core.store.catalogue import dimensions, segment_values
from core.store.selection import CLAIM_DIMENSIONS, Selection
from core.store.sums import grouped_sums

#: Settled weeks that are measured.
WEEKS = 8
#: A dimension with more values than these is a name of the case, and no segment.
MOST_VALUES = 50


@dataclass(frozen=True)
class Off:
    """A segment that is off.

    Attributes:
        dimension, value: which.
        gap, low, high: mean confidence minus accuracy, with the interval that holds for all
            segments together; of the high-confidence band where only that is off.
        n: labelled claims.
        n_inputs: distinct inputs among them.
        n_days: distinct days on which they were made.
        band: whether it is only the high-confidence band.
    """

    dimension: str
    value: str | None
    gap: float
    low: float
    high: float
    n: int
    n_inputs: int
    n_days: int
    band: bool


@dataclass(frozen=True)
class Recent:
    """The newest settled production claims, measured.

    Attributes:
        since, until: first and last day.
        n: labelled claims.
        n_inputs: distinct inputs among them; a claim that names none is one of its own.
        n_days: distinct days, UTC, on which they were made.
        gap, low, high: of the whole, the interval at the level asked for.
        verdict: of the whole by itself.
        tolerance, high_from: by which.
        high_n, high_inputs, high_days, high_claimed, high_observed: the high-confidence band.
        high_low, high_high: interval of its gap, corrected likewise.
        n_segments: segments with enough labelled inputs to be judged.
        n_small: segments with fewer.
        n_within: those shown to be within tolerance.
        off: those shown to be off, worst first.
        bounded: share of the labelled claims that lie in segments shown to be off by less than
            twice the tolerance, in [0, 1].
        labels: how the labels came about; where they are not ``fair`` the numbers above speak of
            the labelled claims, and not of all.
    """

    since: date
    until: date
    n: int
    n_inputs: int
    n_days: int
    gap: float
    low: float
    high: float
    verdict: Verdict
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
    n_within: int
    off: tuple[Off, ...]
    bounded: float
    labels: HowLabelled

    @property
    def band_off(self) -> bool:
        """Whether the high-confidence band by itself is outside tolerance."""
        return self.high_low > self.tolerance or self.high_high < -self.tolerance

    @property
    def whole_off(self) -> bool:
        """Whether the gap of the whole is outside tolerance."""
        return self.low > self.tolerance or self.high < -self.tolerance


def week_began(now: datetime) -> datetime:
    """The Monday, at midnight UTC, of the week that a time is in.

    Findings are measured up to it, so that their numbers change once a week and the trail does not
    hold every day's.
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


def window(state: State | None, signal: str, now: datetime) -> Selection:
    """The production claims of a signal's newest settled weeks, by its registered maturity."""
    entry = None if state is None else state.entries.get(signal)
    maturity = Maturity() if entry is None else entry.spec.maturity
    until = datetime.combine(now.date(), time()) - timedelta(days=maturity.days)
    where = (("split", ("production",)),)
    return Selection(signal, until - timedelta(weeks=WEEKS), until, where=where)


def recent(
    cursor: duckdb.DuckDBPyConnection,
    state: State | None,
    signal: str,
    now: datetime,
    *,
    level: float = 0.95,
    names: Sequence[str] | None = None,
) -> Recent | None:
    """Measure the newest settled production claims of a signal.

    Args:
        cursor: of the ledger.
        state: what the trail says, for the signal's tolerance, band and maturity; None, or
            without an entry: the usual ones.
        signal: which signal.
        now: UTC without zone.
        level: at which the intervals of the whole and its band hold together, and those of all
            segments likewise.
        names: segment dimensions; None: `segments_of` the signal.

    Returns:
        None where no claim of these weeks is labelled.
    """
    entry = None if state is None else state.entries.get(signal)
    tolerance = TOLERANCE if entry is None else entry.spec.tolerance_ppm / PPM
    high_from = HIGH_FROM if entry is None else entry.spec.high_from_ppm / PPM
    names = segments_of(cursor, signal) if names is None else names
    claims = window(state, signal, now)
    groupings = [(), *((name,) for name in names)]
    found = grouped_sums(cursor, claims, groupings, high_from=high_from)
    whole = judge(found.sums.take([0]), tolerance=tolerance, level=level)
    if not whole.n[0]:
        return None
    rest = list(range(1, len(found)))
    parts = judge(found.sums.take(rest), tolerance=tolerance, level=level)
    repeated = found.sums.repeated
    high_inputs = found.sums.high_n if repeated is None else repeated.high.inputs
    entries = [(by[0], key[0]) for by, key in found.entries[1:]]
    return _measured(
        claims,
        whole,
        parts,
        entries,
        [int(one) for one in high_inputs],
        labelled_days(cursor, claims, names, high_from=high_from),
        how_labelled(cursor, claims),
    )


def _measured(
    claims: Selection,
    whole: Judgement,
    parts: Judgement,
    entries: Sequence[tuple[str, str | None]],
    high_inputs: Sequence[int],
    days: Mapping[tuple[str | None, str | None], LabelledDays],
    labels: HowLabelled,
) -> Recent:
    assert claims.since is not None
    assert claims.until is not None
    tolerance = whole.tolerance
    enough = [i for i in range(len(parts)) if parts.n_effective[i] >= MINIMUM_INPUTS]
    within = [i for i in enough if parts.verdict[i] == "within_tolerance"]
    off = [
        _off(parts, i, entries[i], high_inputs[i + 1], days.get(entries[i], NO_DAYS))
        for i in enough
        if parts.verdict[i] == "miscalibrated"
    ]
    off.sort(key=lambda one: -abs(one.gap))
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
        verdict=whole.verdict[0],
        tolerance=tolerance,
        high_from=whole.high_from,
        high_n=int(whole.high_n[0]),
        high_inputs=high_inputs[0],
        high_days=made.high,
        high_claimed=float(whole.high_claimed[0]),
        high_observed=float(whole.high_observed[0]),
        high_low=float(whole.high_gap_low[0]),
        high_high=float(whole.high_gap_high[0]),
        n_segments=len(enough),
        n_small=len(parts) - len(enough),
        n_within=len(within),
        off=tuple(off),
        bounded=float(n[bounded].sum() / n.sum()) if n.sum() else 0.0,
        labels=labels,
    )


def _off(
    parts: Judgement, i: int, entry: tuple[str, str | None], high_inputs: int, days: LabelledDays
) -> Off:
    low, high = float(parts.corrected_low[i]), float(parts.corrected_high[i])
    if low > parts.tolerance or high < -parts.tolerance:
        n, inputs = int(parts.n[i]), int(parts.n_inputs[i])
        return Off(*entry, float(parts.gap[i]), low, high, n, inputs, days.n, band=False)
    gap = float(parts.high_claimed[i] - parts.high_observed[i])
    low, high = float(parts.high_gap_low[i]), float(parts.high_gap_high[i])
    return Off(*entry, gap, low, high, int(parts.high_n[i]), high_inputs, days.high, band=True)
