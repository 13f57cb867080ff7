"""The rules that are compared: what a verdict was, and what it is with shape and clusters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from core.defaults import MINIMUM_INPUTS, TOLERANCE
from core.measure.cells.cells import FloatArray, GroupSums, InputSums
from core.measure.metrics.intervals import (
    clopper_pearson,
    cluster_variance,
    equivalent_trials,
    gap_interval,
    kish_n,
)
from core.measure.metrics.noise_floor import ece_noise_floor
from core.measure.metrics.shape import shape
from core.measure.verdicts.verdict import _overlap, max_statistic_critical_value

BoolArray = npt.NDArray[np.bool_]
Interval = tuple[FloatArray, FloatArray]

#: Of the chance of a false "off", the share that the shape has.
SHAPE_SHARE = 0.2


@dataclass(frozen=True)
class Called:
    """What a rule says of each group: off, fine, or neither."""

    off: BoolArray
    fine: BoolArray


def old(sums: GroupSums, level: float = 0.95) -> Called:
    """Gap and high band, the cluster variance taken at its word; ECE less its noise floor."""
    whole, band = _inputs(sums)
    n = sums.n.sum(axis=1)
    judged = (whole.inputs if whole else n) >= MINIMUM_INPUTS
    alpha = _alpha(_overlap(sums)[judged], level)
    low, high = _old_interval(*_unit(sums), alpha, whole)
    band_low, band_high = _old_interval(*_band(sums), alpha, band)
    ece = np.abs(sums.sv - sums.s).sum(axis=1) / np.maximum(n, 1)
    off = _beyond(low, high) | _beyond(band_low, band_high)
    fine = _within(low, high) & ((sums.high_n == 0) | _within(band_low, band_high))
    fine &= ece - ece_noise_floor(sums) <= TOLERANCE
    return Called(judged & off, judged & fine & ~off)


def new(sums: GroupSums, level: float = 0.95) -> Called:
    """Gap, high band and shape, each of effective inputs; a fine group needs an upper bound."""
    whole, band = _inputs(sums)
    n = sums.n.sum(axis=1)
    judged = kish_n(n, whole) >= MINIMUM_INPUTS
    band_judged = kish_n(sums.high_n, band) >= MINIMUM_INPUTS
    correlation = np.where(band_judged, _overlap(sums), 1.0)[judged]
    shaped = judged & (sums.bands.count > 1)
    share = SHAPE_SHARE if shaped.any() else 0.0
    alpha = _alpha(correlation, 1 - (1 - level) * (1 - share))
    fine_alpha = _alpha(correlation, level)
    low, high = gap_interval(*_unit(sums), alpha, whole)
    band_low, band_high = gap_interval(*_band(sums), alpha, band)
    off = _beyond(low, high) | (band_judged & _beyond(band_low, band_high))
    # Fine takes all parts, so none of them shares its chance of an error.
    fine = _within(*gap_interval(*_unit(sums), fine_alpha, whole))
    band_fine = _within(*gap_interval(*_band(sums), fine_alpha, band))
    fine &= ~band_judged | band_fine
    if shaped.any():
        found = shape(
            sums.bands,
            _sidak((1 - level) * SHAPE_SHARE, int(shaped.sum())),
            _sidak(1 - level, int(shaped.sum())),
        )
        off |= shaped & (found.low > TOLERANCE)
        fine &= ~shaped | (found.high <= TOLERANCE)
    return Called(judged & off, judged & fine & ~off)


def _sidak(alpha: float, tests: int) -> float:
    return float(-np.expm1(np.log1p(-alpha) / tests))


def _alpha(correlation: FloatArray, level: float) -> float:
    return 2 * float(special.ndtr(-max_statistic_critical_value(correlation, level)))


def _inputs(sums: GroupSums) -> tuple[InputSums | None, InputSums | None]:
    of = sums.repeated
    return (of.whole, of.high) if of else (None, None)


def _unit(sums: GroupSums) -> tuple[FloatArray, FloatArray, FloatArray]:
    n = sums.n.sum(axis=1)
    return sums.sv.sum(axis=1) / np.where(n > 0, n, np.nan), sums.s.sum(axis=1), n


def _band(sums: GroupSums) -> tuple[FloatArray, FloatArray, FloatArray]:
    n = np.where(sums.high_n > 0, sums.high_n, np.nan)
    return sums.high_sv / n, sums.high_s, sums.high_n


def _beyond(low: FloatArray, high: FloatArray) -> BoolArray:
    found: BoolArray = (low > TOLERANCE) | (high < -TOLERANCE)
    return found


def _within(low: FloatArray, high: FloatArray) -> BoolArray:
    found: BoolArray = (low >= -TOLERANCE) & (high <= TOLERANCE)
    return found


def _old_interval(
    confidence: FloatArray, s: FloatArray, n: FloatArray, alpha: float, inputs: InputSums | None
) -> Interval:
    """The wider of the cluster t and Clopper–Pearson at `effective_n`, whatever the inputs."""
    if inputs is None:
        return gap_interval(confidence, s, n, alpha)
    right, trials = equivalent_trials(confidence, s, n, inputs)
    below, above = clopper_pearson(right, trials, alpha)
    known = np.where(n > 0, n, np.nan)
    residual = np.where(n > 0, n * confidence - s, 0.0)
    error = np.sqrt(cluster_variance(residual, n, inputs)) / known
    degrees = np.where(inputs.inputs > 1, inputs.inputs - 1, np.nan)
    half = special.stdtrit(degrees, 1 - alpha / 2) * error
    gap, repeats = residual / known, inputs.inputs < n
    low = np.where(repeats, np.minimum(confidence - above, gap - half), confidence - above)
    high = np.where(repeats, np.maximum(confidence - below, gap + half), confidence - below)
    return low, high
