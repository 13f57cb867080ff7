"""Reliability diagrams: the CORP curve, its bands, the per-value table and the histogram."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import scipy

from core.defaults import MINIMUM_INPUTS
from core.measure.cells.cells import Cells, FloatArray, InputCells, IntArray
from core.measure.cells.resampling import MAXIMUM_VALUES, by_input, multiplicities, pooled
from core.measure.metrics.intervals import clopper_pearson
from core.measure.metrics.scores import NO_LABELS, NoValue, labelled

#: A per-value table longer than this is pooled at two decimals.
MAXIMUM_ROWS = 100


@dataclass(frozen=True)
class CorpCurve:
    """The isotonic estimate of P(right | v), constant on blocks; every array has shape (blocks,).

    Attributes:
        v_from: smallest confidence of the block.
        v_to: largest confidence of the block, equal to ``v_from`` for a single value.
        observed: the block's accuracy, strictly increasing from block to block.
        n: the block's labelled claims.
    """

    v_from: FloatArray
    v_to: FloatArray
    observed: FloatArray
    n: IntArray


class CorpDecomposition(NamedTuple):
    """Brier score = mcb − dsc + unc."""

    brier: float
    mcb: float
    dsc: float
    unc: float


@dataclass(frozen=True)
class CurveBand:
    """A band over confidences; every array has shape (k,).

    Attributes:
        v: strictly increasing confidences at which the band is given.
        low: lower end in [0, 1].
        high: upper end in [0, 1].
        level: confidence or consistency level.
        pooled: whether neighbouring confidences were pooled at two decimals first.
    """

    v: FloatArray
    low: FloatArray
    high: FloatArray
    level: float
    pooled: bool = False


@dataclass(frozen=True)
class PerValue:
    """What happened at each stated confidence; every array has shape (rows,).

    Attributes:
        v: the confidence, or the mean confidence of a pooled row.
        n_claims: stated claims.
        n: labelled claims; may be 0, and then every estimate of the row is nan.
        s: sum of outcomes.
        observed: accuracy s/n.
        gap: v − observed; positive means overconfident.
        exact_low, exact_high: Clopper–Pearson interval of the accuracy.
        level: its confidence level.
        pooled: whether neighbouring confidences were pooled at two decimals.
    """

    v: FloatArray
    n_claims: IntArray
    n: IntArray
    s: IntArray
    observed: FloatArray
    gap: FloatArray
    exact_low: FloatArray
    exact_high: FloatArray
    level: float
    pooled: bool


@dataclass(frozen=True)
class Histogram:
    """Claims per equal-width bin (low, high], zero in the first; every array has shape (bins,)."""

    low: FloatArray
    high: FloatArray
    n_claims: IntArray
    n: IntArray


def corp(cells: Cells) -> CorpCurve | NoValue:
    """Calibration curve by isotonic regression: no bins to choose, reproducible, optimal.

    Weighted pool-adjacent-violators over the distinct values; ties are one point by construction.
    Dimitriadis, Gneiting & Jordan (2021), "Stable reliability diagrams".
    """
    cells = labelled(cells)
    if not cells.total:
        return NO_LABELS
    fit = scipy.optimize.isotonic_regression(cells.s / cells.n, weights=cells.n)
    first = np.asarray(fit.blocks[:-1], dtype=np.int64)
    last = np.asarray(fit.blocks[1:], dtype=np.int64) - 1
    n = np.add.reduceat(cells.n, first)
    observed = np.add.reduceat(cells.s, first) / n
    return CorpCurve(cells.v[first], cells.v[last], observed, n)


def corp_decomposition(cells: Cells) -> CorpDecomposition | NoValue:
    """Brier score split into miscalibration, discrimination and uncertainty.

    With x the isotonic (recalibrated) value: mcb = S(v) − S(x) ≥ 0 is what recalibration would
    save, dsc = S(p) − S(x) ≥ 0 what the recalibrated values know beyond the base rate p, and
    unc = p(1 − p); brier = mcb − dsc + unc. mcb is positive on calibrated data of finite size.
    Dimitriadis, Gneiting & Jordan (2021).
    """
    cells = labelled(cells)
    total = cells.total
    if not total:
        return NO_LABELS
    n, s, v = cells.n, cells.s, cells.v
    x = scipy.optimize.isotonic_regression(s / n, weights=n).x
    p = float(s.sum()) / total

    def score(q: FloatArray | float) -> float:
        return float((s * (1 - q) ** 2 + (n - s) * q**2).sum()) / total

    recalibrated, marginal = score(x), score(p)
    brier = score(v)
    return CorpDecomposition(brier, brier - recalibrated, marginal - recalibrated, p * (1 - p))


def consistency_band(
    cells: Cells, *, level: float = 0.9, draws: int = 250, seed: int = 0
) -> CurveBand | NoValue:
    """Where the CORP curve would lie, value by value, if the confidences were calibrated.

    Each draw resamples the confidences (multinomial), draws outcomes with probability v, fits the
    isotonic curve (interpolated linearly at values not drawn) and the band is its pointwise
    quantiles: (1 − level)/2 of the draws lie below it at each v. A curve outside somewhere is not
    yet evidence, since k values are looked at; see `honest_band`. Dimitriadis, Gneiting & Jordan
    (2021), consistency bands by resampling.

    Where inputs repeat, inputs are resampled with all their claims, and the residuals y − v of each
    drawn input get one random sign (wild cluster bootstrap; Cameron, Gelbach & Miller 2008): their
    mean is zero, as under calibration, their covariance within the input as observed. Wider than
    needed where the group is far from calibrated. Not done under 30 inputs.

    Args:
        cells: one group; more than 200 distinct values are pooled at two decimals.
        level: pointwise share of calibrated curves inside.
        draws: number of resamples; 250 give the ends to about ±0.1 of their distance.
        seed: of the random generator; the same cells and seed give the same band.
    """
    cells = labelled(cells)
    total = cells.total
    if not total:
        return NO_LABELS
    pool = cells.v.size > MAXIMUM_VALUES
    if pool:
        cells = pooled(cells)
    rng = np.random.default_rng(seed)
    if cells.inputs is None:
        n = rng.multinomial(total, cells.n / total, size=draws).astype(np.float64)
        s = rng.binomial(n.astype(np.int64), cells.v).astype(np.float64)
    elif cells.n_inputs < MINIMUM_INPUTS:
        return NoValue(f"inputs repeat, and there are fewer than {MINIMUM_INPUTS} of them")
    else:
        n, s = _wild_calibrated(cells, cells.inputs, draws, rng)
    curves = np.empty_like(n)
    for d in range(draws):
        drawn = n[d] > 0
        fit = scipy.optimize.isotonic_regression(s[d, drawn] / n[d, drawn], weights=n[d, drawn]).x
        curves[d] = np.interp(cells.v, cells.v[drawn], fit)
    low, high = np.quantile(curves, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return CurveBand(cells.v, low.clip(0, 1), high.clip(0, 1), level, pool)


def _wild_calibrated(
    cells: Cells, inputs: InputCells, draws: int, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Counts and sums of calibrated pseudo-outcomes of resampled inputs, each (draws, k)."""
    residual = by_input(cells, inputs, inputs.s - inputs.n * cells.v[inputs.value])
    count = by_input(cells, inputs, inputs.n)
    n, s = [], []
    j = inputs.n_inputs
    for times in multiplicities(rng, draws, j, 2 * j):
        as_seen, turned = np.hsplit(times, 2)
        drawn = (as_seen + turned) @ count
        n.append(drawn)
        s.append(drawn * cells.v + (as_seen - turned) @ residual)
    return np.concatenate(n), np.concatenate(s)


def honest_band(cells: Cells, *, level: float = 0.95) -> CurveBand | NoValue:
    """Simultaneous confidence band of an increasing calibration curve.

    With probability at least ``level`` it contains P(right | v) at *all* v at once, assuming only
    that this probability does not fall as v rises: at v_i the lower end is the largest
    Clopper–Pearson lower bound over all blocks of neighbouring values that end at or before v_i,
    the upper end the smallest upper bound over blocks that begin at or after it, each at
    α/(k(k+1)) per side. Dimitriadis, Dümbgen, Henzi, Puke & Ziegel (2022), arXiv 2203.04065.

    Where the diagonal leaves the band, the group is miscalibrated there. Where ``low > high``, the
    assumption itself is refuted: accuracy falls as confidence rises. No band where inputs repeat.

    Args:
        cells: one group; more than 100 distinct values are pooled at two decimals (the cost is
            quadratic in them).
        level: simultaneous confidence level.
    """
    cells = labelled(cells)
    if not cells.total:
        return NO_LABELS
    if cells.inputs is not None:
        return NoValue("inputs repeat: the band needs independent claims")
    pool = cells.v.size > MAXIMUM_ROWS
    if pool:
        cells = pooled(cells)
    k = cells.v.size
    first, last = np.triu_indices(k)
    n_to, s_to = (np.concatenate([[0], np.cumsum(x)]) for x in (cells.n, cells.s))
    low, high = np.zeros((k, k)), np.ones((k, k))
    low[first, last], high[first, last] = clopper_pearson(
        s_to[last + 1] - s_to[first],
        n_to[last + 1] - n_to[first],
        2 * (1 - level) / (k * (k + 1)),
    )
    lower = np.maximum.accumulate(low.max(axis=0))
    upper = np.minimum.accumulate(high.min(axis=1)[::-1])[::-1]
    return CurveBand(cells.v, lower, upper, level, pool)


def non_crossing(band: CurveBand, curve: CorpCurve) -> CurveBand:
    """The band widened, where it must be, to hold the CORP curve.

    An honest band may cross (low > high) where accuracy falls as confidence rises; widened to the
    isotonic estimate it still holds the true curve, if that rises (Dimitriadis et al. 2022,
    section 2.3), and it can be drawn.

    Args:
        band: k values.
        curve: the CORP curve of the same cells.
    """
    at = np.clip(np.searchsorted(curve.v_to, band.v), 0, curve.v_to.size - 1)
    observed = curve.observed[at]
    return replace(band, low=np.minimum(band.low, observed), high=np.maximum(band.high, observed))


def per_value(cells: Cells, *, level: float = 0.95) -> PerValue:
    """Accuracy, gap and intervals at each stated confidence, labelled or not.

    More than 100 values are pooled at two decimals. Where inputs repeat, the intervals use the
    effective number of claims n/deff, deff = max(1, Σ_j (s_j − m·n_j)² / (n·m(1 − m))) over the
    inputs j of the row, and the number of inputs where m is 0 or 1 (Korn & Graubard 1998).
    An empty group gives a table without rows.
    """
    pool = cells.v.size > MAXIMUM_ROWS
    if pool:
        cells = pooled(cells)
    n = cells.n.astype(np.float64)
    labelled = n > 0
    observed = np.divide(cells.s, n, out=np.full(n.shape, np.nan), where=labelled)
    effective = n if cells.inputs is None else _effective_n(cells, cells.inputs, observed)
    s = np.where(labelled, observed, 0) * effective
    exact = clopper_pearson(s, effective, 1 - level)
    return PerValue(
        cells.v, cells.n_claims, cells.n, cells.s, observed, cells.v - observed,
        *exact, level, pool,
    )  # fmt: skip


def _effective_n(cells: Cells, inputs: InputCells, observed: FloatArray) -> FloatArray:
    """Independent claims that would tell as much as the row's repeated ones; shape (k,)."""
    k = cells.v.size
    spread = (inputs.s - inputs.n * observed[inputs.value]) ** 2
    clustered = np.bincount(inputs.value, weights=spread, minlength=k)
    binomial = cells.n * observed * (1 - observed)
    n_inputs = np.bincount(inputs.value, minlength=k).astype(np.float64)
    mixed = (cells.s > 0) & (cells.s < cells.n)
    design = np.divide(clustered, binomial, out=np.ones(k), where=mixed)
    return np.where(mixed, cells.n / np.maximum(design, 1), n_inputs)


def histogram(cells: Cells, bins: int = 20) -> Histogram:
    """Stated and labelled claims per equal-width bin of confidence; ``bins`` divides 1,000,000.

    Edges are compared in whole millionths, the resolution confidences are kept at, so that 0.3
    falls where it should.
    """
    width = 1_000_000 // bins
    millionths = np.rint(cells.v * 1_000_000).astype(np.int64)
    place = np.maximum((millionths + width - 1) // width, 1) - 1
    edges = np.arange(bins + 1) / bins
    n_claims, n = (
        np.bincount(place, weights=x, minlength=bins).astype(np.int64)
        for x in (cells.n_claims, cells.n)
    )
    return Histogram(edges[:-1], edges[1:], n_claims, n)
