"""Bootstrap intervals of the composite measures, those that have no formula of their own."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy

from core.measure.cells.bins import ECE_BINS
from core.measure.cells.cells import Cells, FloatArray, IntArray, ece_bin
from core.measure.cells.resampling import MAXIMUM_VALUES, pooled, resampled
from core.measure.metrics.logistic_slope import CLIP, clipped_logit, fit_logistic, overlapping
from core.measure.metrics.scores import labelled
from core.measure.metrics.smece import smece_bandwidth, smece_of_draws

#: A measure that more than this share of the draws leaves undefined gets no interval.
_UNDEFINED_AT_MOST = 0.1


def bootstrap_intervals(
    cells: Cells, *, draws: int = 200, level: float = 0.95, seed: int = 0
) -> dict[str, tuple[float, float]]:
    """Percentile bootstrap intervals of the composite measures.

    These are ece, ece_debiased_l2, smece (at the estimate's bandwidth), cutoff_error, brier, mcb,
    dsc, unc, log_loss, auroc, slope and intercept.
    Claims are resampled with replacement (Efron 1979); where inputs repeat, whole inputs are, so
    that copies of one input do not pass for evidence.

    What the intervals are not: ece, ece_debiased_l2, cutoff_error and mcb are biased upwards, and
    resampling adds the same bias once more. Near calibration their intervals lie *above* the point
    estimate and exclude zero even for perfect confidences: they tell how much the figure would
    wobble, and are no test of calibration. For that, see the noise floor, the p-value and the gap's
    interval.

    Args:
        cells: one group; more than 200 distinct confidences are pooled at two decimals first,
            so the intervals are then those of the measures at two decimals (ece and
            ece_debiased_l2 stay exact, see `pooled`).
        draws: number of resamples B.
        seed: of the random generator; the same cells and seed give the same intervals.

    Returns:
        (low, high) by the measure's name. A measure that is undefined in more than a tenth of the
        draws (one class only, separation) is left out; without labelled claims all are.
    """
    cells = labelled(cells)
    if not cells.total:
        return {}
    if cells.v.size > MAXIMUM_VALUES:
        cells = pooled(cells)
    n, s = resampled(cells, draws, np.random.default_rng(seed))
    tails = [(1 - level) / 2, (1 + level) / 2]
    intervals = {}
    scores = scores_of_draws(cells.v, n, s)
    scores["smece"] = smece_of_draws(cells.v, n, s, smece_bandwidth(cells))
    for name, values in scores.items():
        defined = values[np.isfinite(values)]
        if defined.size >= (1 - _UNDEFINED_AT_MOST) * draws:
            low, high = np.quantile(defined, tails).tolist()
            intervals[name] = (low, high)
    return intervals


def scores_of_draws(v: FloatArray, n: FloatArray, s: FloatArray) -> dict[str, FloatArray]:
    """The composite measures of B sets of cells that share their confidences.

    The formulas are those of `core.measure.metrics.scores`, `corp_decomposition` and
    `calibration_slope_intercept`, over rows.

    Args:
        v: shape (k,), increasing.
        n: shape (B, k), labelled claims; every row has at least one.
        s: shape (B, k), sums of outcomes.

    Returns:
        Arrays of shape (B,) by measure; nan where a draw leaves the measure undefined.
    """
    total, right = n.sum(axis=1), s.sum(axis=1)
    unc = right / total * (1 - right / total)
    brier = (s @ (1 - v) ** 2 + (n - s) @ v**2) / total
    recalibrated = _recalibrated_brier(n, s)
    inside = np.clip(v, 1e-15, 1 - 1e-15)
    scores = {
        "brier": brier,
        "mcb": brier - recalibrated,
        "dsc": unc - recalibrated,
        "unc": unc,
        "log_loss": -(s @ np.log(inside) + (n - s) @ np.log1p(-inside)) / total,
        "auroc": _auroc(n, s),
    }
    scores["ece"], scores["ece_debiased_l2"] = _binned(ece_bin(v), v, n, s)
    scores["cutoff_error"] = _cutoff_error(v, n, s)
    x, place = clipped_logit(v, CLIP)
    coefficients = np.full((len(n), 2), np.nan)
    if x.size > 1:
        member = _membership(place, x.size)
        n_at, s_at = n @ member, s @ member
        fits = overlapping(n_at, s_at)
        if fits.any():
            coefficients[fits] = fit_logistic(x, n_at[fits], s_at[fits])
    scores["intercept"], scores["slope"] = coefficients.T
    return scores


def _cutoff_error(v: FloatArray, n: FloatArray, s: FloatArray) -> FloatArray:
    """The range of the cumulative miscalibration, shape (B,)."""
    sums = np.cumsum(n * v - s, axis=1)
    high, low = np.maximum(sums.max(axis=1), 0), np.minimum(sums.min(axis=1), 0)
    return np.asarray((high - low) / n.sum(axis=1))


def _membership(place: npt.NDArray[np.intp] | IntArray, size: int) -> FloatArray:
    member = np.zeros((place.size, size))
    member[np.arange(place.size), place] = 1
    return member


def _binned(
    bins: IntArray, v: FloatArray, n: FloatArray, s: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """ECE and its debiased root mean square over the ten bins, each of shape (B,)."""
    member = _membership(bins, ECE_BINS)
    total = n.sum(axis=1)
    count, right, sv = n @ member, s @ member, (n * v) @ member
    ece = np.abs(sv - right).sum(axis=1) / total
    several = count > 1
    known = np.where(several, count, 2)
    m = right / known
    squared = np.where(several, (m - sv / known) ** 2 - m * (1 - m) / (known - 1), 0)
    return ece, np.sqrt(np.maximum(0, (count * squared).sum(axis=1) / total))


def _recalibrated_brier(n: FloatArray, s: FloatArray) -> FloatArray:
    """Brier score after isotonic recalibration, shape (B,)."""
    scores = np.empty(len(n))
    for draw, (count, right) in enumerate(zip(n, s, strict=True)):
        some = count > 0
        count, right = count[some], right[some]
        x = scipy.optimize.isotonic_regression(right / count, weights=count).x
        scores[draw] = (right @ (1 - x) ** 2 + (count - right) @ x**2) / count.sum()
    return scores


def _auroc(n: FloatArray, s: FloatArray) -> FloatArray:
    """Mid-rank AUROC, shape (B,); nan where a draw has one class only."""
    wrong = n - s
    pairs = s.sum(axis=1) * wrong.sum(axis=1)
    won = (s * (np.cumsum(wrong, axis=1) - wrong / 2)).sum(axis=1)
    area: FloatArray = np.divide(won, pairs, out=np.full(len(n), np.nan), where=pairs > 0)
    return area
