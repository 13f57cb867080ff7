"""A metric that gets better while the number gets worse: calibration bought with discrimination.

A signal that says nearly the same of every case, close to its average accuracy, has a small ECE
and is of no use. Two signs of that are looked for between two groups of claims: ECE falls while
AUROC falls as well, or the stated confidences shrink into a narrow band.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import scipy

from core.defaults import MINIMUM_INPUTS
from core.measure.cells.bins import ECE_BINS
from core.measure.cells.cells import Cells, FloatArray, IntArray, ece_bin
from core.measure.cells.group_sums import group_sums
from core.measure.cells.resampling import pooled, resampled
from core.measure.metrics.intervals import Interval
from core.measure.metrics.noise_floor import ece_noise_floor
from core.measure.metrics.scores import NoValue, auroc, ece, labelled

#: Share of the stated confidences that the narrowest window holds.
HELD = 0.9
#: A window at most so wide is a band, and at most such a share of what it was is narrowed.
BAND, NARROWED = 0.15, 0.5
#: Falls no larger than these are of no interest, however certain.
ECE_MARGIN, AUROC_MARGIN = 0.01, 0.02
#: Beyond so many distinct confidences, the spread is taken at two decimals.
_VALUES_UP_TO = 120
_ECE_DRAWS = 400


@dataclass(frozen=True)
class Spread:
    """How far apart stated confidences lie.

    Attributes:
        width: of the narrowest window that holds `HELD` of them, in [0, 1].
        low, high: its ends.
        n_values: distinct confidences.
        entropy: of their distribution, in bits: 0 where all state one confidence.
    """

    width: float
    low: float
    high: float
    n_values: int
    entropy: float


@dataclass(frozen=True)
class GroupSide:
    """One of the two groups.

    Attributes:
        n_claims: stated claims, which the spread is of.
        n: labelled ones, which ECE and AUROC are of.
        ece: over ten bins; None without labels.
        noise: the ECE that a calibrated signal with these counts would show.
        auroc: None where one class only is labelled.
    """

    n_claims: int
    n: int
    ece: float | None
    noise: float | None
    auroc: float | None
    spread: Spread


@dataclass(frozen=True)
class Collapse:
    """Two groups of claims compared.

    Attributes:
        before, after: the groups.
        ece: change of the ECE above its noise floor; None where a side has too few labels.
        auroc: change of the AUROC, likewise.
        width: change of the narrowest window that holds `HELD` of the stated confidences.
        p_traded: chance of so clear a fall of *both* ECE and AUROC if one of them fell by no more
            than its margin; 1 where it cannot be told.
        p_narrowed: chance that resampling leaves the window wider than a band, or than
            `NARROWED` of what it was; 1 where AUROC is shown to have risen.
        p: of the two signs together (Bonferroni), for a correction over many comparisons.
        level: confidence level of the intervals.
    """

    before: GroupSide
    after: GroupSide
    ece: Interval | None
    auroc: Interval | None
    width: Interval
    p_traded: float
    p_narrowed: float
    level: float

    @property
    def p(self) -> float:
        """The smaller of the two, doubled."""
        return min(1.0, 2 * min(self.p_traded, self.p_narrowed))


def spread(cells: Cells) -> Spread | NoValue:
    """How far apart the stated confidences of a group lie."""
    used = cells.n_claims > 0
    if not used.any():
        return NoValue("no stated claims")
    v, n = cells.v[used], cells.n_claims[used]
    share = n / n.sum()
    starts, ends = _windows(n[np.newaxis, :].astype(np.float64))
    at = int(np.argmin(np.where(ends[0] >= 0, v[ends[0]] - v[starts], np.inf)))
    low, high = float(v[starts[at]]), float(v[ends[0, at]])
    entropy = float(-np.sum(share * np.log2(share)))
    return Spread(high - low, low, high, int(v.size), max(entropy, 0.0))


def collapse(
    before: Cells, after: Cells, *, draws: int = 999, level: float = 0.95, seed: int = 0
) -> Collapse | NoValue:
    """Compare two groups of claims for the two signs.

    ECE: its excess over the noise floor, with the spread of the bootstrap over inputs, so that more
    labels alone make no ECE fall. AUROC: DeLong, DeLong & Clarke-Pearson (1988) for two unpaired
    samples, over inputs (Obuchowski 1997); where both groups answered some of the same inputs, the
    interval is wider than it need be. Falls are tested against their margins, and the sign asks
    for both (an intersection–union test, Berger 1982), so neither needs a correction.
    Spread: a bootstrap of the stated claims, labelled or not; where inputs repeat, as many are
    drawn as there are inputs, judged by the labelled ones.

    Args:
        draws: resamples of the spread; p-values go down to ``1 / (draws + 1)``.

    Returns:
        The comparison; `NoValue` where a side states fewer than `MINIMUM_INPUTS` confidences.
    """
    if min(before.n_claims.sum(), after.n_claims.sum()) < MINIMUM_INPUTS:
        return NoValue(f"fewer than {MINIMUM_INPUTS} stated claims on a side")
    sides = _side(before), _side(after)
    # One generator per side and question, so that the order of sides or rows changes nothing.
    ece_change, p_ece = _ece_change(before, after, sides, level, seed)
    auroc_change, p_auroc = _auroc_change(before, after, level)
    width, p_narrowed = _narrowed(before, after, sides, draws, level, seed)
    if auroc_change is not None and auroc_change.low > 0:
        p_narrowed = 1.0
    return Collapse(*sides, ece_change, auroc_change, width, max(p_ece, p_auroc), p_narrowed, level)


def _side(cells: Cells) -> GroupSide:
    found = spread(cells)
    assert isinstance(found, Spread)
    error, area = ece(cells), auroc(cells)
    return GroupSide(
        n_claims=int(cells.n_claims.sum()),
        n=cells.total,
        ece=None if isinstance(error, NoValue) else error,
        noise=None
        if isinstance(error, NoValue)
        else float(ece_noise_floor(group_sums([cells]))[0]),
        auroc=None if isinstance(area, NoValue) else area.value,
        spread=found,
    )


def _enough(*groups: Cells) -> bool:
    return all(labelled(one).n_inputs >= MINIMUM_INPUTS for one in groups)


def _ece_change(
    before: Cells, after: Cells, sides: tuple[GroupSide, GroupSide], level: float, seed: int
) -> tuple[Interval | None, float]:
    first, second = sides
    if not _enough(before, after) or first.ece is None or second.ece is None:
        return None, 1.0
    assert first.noise is not None
    assert second.noise is not None
    value = (second.ece - second.noise) - (first.ece - first.noise)
    deviation = math.hypot(
        *(_ece_deviation(one, seed + i) for i, one in enumerate((before, after)))
    )
    return _normal(value, deviation, level, ECE_MARGIN)


def _ece_deviation(cells: Cells, seed: int) -> float:
    """Standard deviation of the ECE over resamples of the inputs."""
    cells = labelled(cells)
    if cells.v.size > _VALUES_UP_TO:
        # Pools lie within bins and keep their means, which is all that the ECE is made of.
        cells = pooled(cells)
    n, s = resampled(cells, _ECE_DRAWS, np.random.default_rng(seed))
    member = np.zeros((cells.v.size, ECE_BINS))
    member[np.arange(cells.v.size), ece_bin(cells.v)] = 1
    error = np.abs((n * cells.v) @ member - s @ member).sum(axis=1) / n.sum(axis=1)
    return float(error.std(ddof=1))


def _auroc_change(before: Cells, after: Cells, level: float) -> tuple[Interval | None, float]:
    areas = auroc(before), auroc(after)
    if not _enough(before, after) or any(isinstance(one, NoValue) for one in areas):
        return None, 1.0
    values, deviations = [], []
    for one in areas:
        assert not isinstance(one, NoValue)
        if isinstance(one.standard_error, NoValue):
            return None, 1.0
        values.append(one.value)
        deviations.append(one.standard_error)
    return _normal(values[1] - values[0], math.hypot(*deviations), level, AUROC_MARGIN)


def _normal(value: float, deviation: float, level: float, margin: float) -> tuple[Interval, float]:
    """The normal interval of a change, and p of a fall by more than the margin."""
    half = float(scipy.special.ndtri((1 + level) / 2)) * deviation
    beyond = value + margin
    certain = 0.0 if beyond < 0 else 1.0
    p = certain if deviation == 0 else float(scipy.special.ndtr(beyond / deviation))
    return Interval(value, value - half, value + half), p


def _narrowed(
    before: Cells,
    after: Cells,
    sides: tuple[GroupSide, GroupSide],
    draws: int,
    level: float,
    seed: int,
) -> tuple[Interval, float]:
    widths = [_drawn_widths(one, draws, seed + 10 + i) for i, one in enumerate((before, after))]
    change = sides[1].spread.width - sides[0].spread.width
    low, high = np.quantile(widths[1] - widths[0], [(1 - level) / 2, (1 + level) / 2]).tolist()
    # Half a millionth of slack: widths are differences of decimals.
    wide = widths[1] > np.minimum(BAND, NARROWED * widths[0]) + 5e-7
    p = (1 + int(np.count_nonzero(wide))) / (draws + 1)
    return Interval(change, min(low, change), max(high, change)), p


def _drawn_widths(cells: Cells, draws: int, seed: int) -> FloatArray:
    """Width of the narrowest window in each resample of the stated claims, shape (draws,)."""
    if cells.v.size > _VALUES_UP_TO:
        cells = pooled(cells)
    used = cells.n_claims > 0
    v, n = cells.v[used], cells.n_claims[used]
    known = labelled(cells)
    independent = known.n_inputs / known.total if known.total else 1.0
    size = max(1, round(int(n.sum()) * independent))
    counts = np.random.default_rng(seed).multinomial(size, n / n.sum(), size=draws)
    starts, ends = _windows(counts.astype(np.float64))
    reach = np.where(ends >= 0, v[ends] - v[starts], np.inf)
    width: FloatArray = reach.min(axis=1)
    return width


def _windows(counts: FloatArray) -> tuple[IntArray, IntArray]:
    """Per start of a window the first end at which it holds `HELD`, shape (B, k); −1: never."""
    k = counts.shape[1]
    cumulated = np.cumsum(counts, axis=1)
    before = cumulated - counts
    # A grain of slack: 0.9 · N is no whole number in binary.
    least = before + (HELD * cumulated[:, -1:] - 1e-9)
    ends = np.array([np.searchsorted(of, one) for of, one in zip(cumulated, least, strict=True)])
    ends[ends == k] = -1
    return np.arange(k, dtype=np.int64), ends
