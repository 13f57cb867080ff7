"""Many segments at once: is any of them off, and which ones.

Looking at many segments finds "significant" ones by chance alone. `max_statistic_test` asks one
question of a whole report; `gap_p_values` with `false_discovery_q` makes a list of which a known
share is false.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy

from core.measure.cells.cells import Cells, FloatArray, GroupSums, IntArray
from core.measure.cells.group_sums import BoolArray, tally
from core.measure.metrics.intervals import (
    cluster_variance,
    equivalent_trials,
    few_inputs,
    kish_trials,
)

#: A segment whose calibrated variance Σnv(1−v) is below this is left out: the statistic's
#: denominator would be a handful of expected errors.
MINIMUM_VARIANCE = 5.0
#: A cell whose variance nv(1−v) reaches this is redrawn from its normal limit.
NORMAL_FROM = 10.0
#: More distinct confidences than this are pooled to two decimals.
GRID_UP_TO = 200
#: Doubles held at once while redrawing.
_CHUNK = 4_000_000


@dataclass(frozen=True)
class MaxStatisticTest:
    """One test that no segment of a report is miscalibrated.

    Attributes:
        statistic: T, the largest of ``statistics``; nan where every segment is left out.
        p_value: chance of so large a T if every claim is calibrated; nan where there is no T or
            inputs repeat.
        worst: index of the segment that gives T; −1 where there is none.
        statistics: shape (S,), each segment's statistic; nan where left out.
        excluded: segments left out for Σnv(1−v) < `MINIMUM_VARIANCE`.
        note: why a value is nan or what was approximated, else None.
    """

    statistic: float
    p_value: float
    worst: int
    statistics: FloatArray
    excluded: int
    note: str | None = None


@dataclass(frozen=True)
class _Report:
    """Finest cells on a common grid, and the operator that sums them to (segment, value)."""

    residual: FloatArray  # (C,) Σ(y − v)
    n: IntArray  # (C,)
    v: FloatArray  # (C,) mean confidence
    variance: FloatArray  # (C,) Σv(1−v)
    to_paths: scipy.sparse.csr_array  # (S·K, C) of the segments kept
    kept: IntArray  # indices of the segments kept
    scale: FloatArray  # (kept,) √Σv(1−v)
    grid: int  # K


def max_statistic_test(
    units: Sequence[Cells],
    membership: BoolArray,
    *,
    draws: int = 499,
    seed: int = 20_240_229,
) -> MaxStatisticTest:
    """Test all segments of a report together, overlaps included.

    Each segment's statistic is ECCE/σ, the cumulative miscalibration of Arrieta-Ibarra et al.
    2022 (JMLR 23, 351) in units of its standard deviation: the range of ``Σ_{v≤x}(s − nv)`` over
    ascending *distinct* v, the start 0 included, over ``√Σnv(1−v)``. Collapsing ties first makes
    it independent of row order. T is the largest over segments (multicalibration error of Guy et
    al. 2025, arXiv 2506.11251). Under the null every outcome is Bernoulli(v): s is redrawn as
    Binomial(n, v) in the finest cells and summed to all segments, so that overlap between them
    is kept, and ``p = (1 + #{T* ≥ T})/(draws + 1)`` (single-step maxT, Westfall & Young 1993).

    Approximations: with more than `GRID_UP_TO` distinct confidences the path is taken at two
    decimals (residuals and variances stay exact: a redraw at the pooled mean is scaled to the
    variance of its parts); a cell with nv(1−v) ≥ `NORMAL_FROM` is redrawn as a normal.

    Repeated inputs: a unit numbers its own inputs, so one input's claims in two units cannot be
    tied together, and redraws of independent claims would be too narrow. The statistics are
    given, the p-values are nan, with a note.

    Args:
        units: U disjoint groups of cells, fine enough that every segment is a union of them.
        membership: shape (S, U), whether segment i contains unit u.
        draws: redraws.
        seed: of the generator; same input and seed give the same p.

    Raises:
        ValueError: if membership is not of shape (S, U).
    """
    membership = np.asarray(membership, dtype=np.bool_)
    if membership.ndim != 2 or membership.shape[1] != len(units):
        raise ValueError(f"membership must be (segments, {len(units)}), not {membership.shape}")
    size = len(membership)
    report, pooled = _report(units, membership)
    statistics = np.full(size, np.nan)
    notes = [f"confidences pooled to two decimals: more than {GRID_UP_TO} values"] * pooled
    if not len(report.kept):
        reason = f"no segment has Σnv(1−v) ≥ {MINIMUM_VARIANCE:g}"
        return MaxStatisticTest(np.nan, np.nan, -1, statistics, size, reason)

    statistics[report.kept] = _path_range(report, report.residual[:, None])[:, 0]
    worst = int(np.nanargmax(statistics))
    p_value = np.nan
    repeats = any(unit.inputs is not None for unit in units)
    if repeats:
        notes.append("no p-value: inputs repeat, and may do so across units")
    else:
        largest = _null_maxima(report, draws, seed)
        p_value = float((1 + (largest >= statistics[worst] - 1e-9).sum()) / (draws + 1))
    return MaxStatisticTest(
        statistic=float(statistics[worst]),
        p_value=p_value,
        worst=worst,
        statistics=statistics,
        excluded=size - len(report.kept),
        note="; ".join(notes) or None,
    )


def gap_p_values(sums: GroupSums, tolerance: float) -> FloatArray:
    """Two-sided p-value of each group for the null |gap| ≤ tolerance; uncorrected.

    ``2·min(P(X ≤ s | a = c − τ), P(X ≥ s | a = c + τ))``, at most 1, with X ~ Binomial(N, a), c
    the mean confidence and a kept in [0, 1]: the test whose inversion is `gap_interval`, so p < α
    exactly when that interval at level 1 − α lies wholly outside ±τ. For unlike confidences the
    binomial tail bounds the true one (Hoeffding 1956).

    Repeated inputs: the larger of that at `effective_n` trials and of the t-test
    ``2·P(t_{J−1} ≥ (|gap| − τ)/se)`` with the cluster standard error; where `few_inputs`, of that
    at `kish_n` trials as well.

    Args:
        sums: of G groups.
        tolerance: τ, in [0, 1].

    Returns:
        Shape (G,); nan where no claim is labelled, or several claims share one single input.
    """
    n, s = sums.n.sum(axis=1).astype(np.float64), sums.s.sum(axis=1).astype(np.float64)
    residual = (sums.sv - sums.s).sum(axis=1)
    known = np.where(n > 0, n, np.nan)
    confidence, gap = sums.sv.sum(axis=1) / known, residual / known
    if sums.repeated is None:
        return _binomial_p(s, n, confidence, tolerance)
    inputs = sums.repeated.whole
    p = _binomial_p(*equivalent_trials(confidence, s, n, inputs), confidence, tolerance)
    alike = _binomial_p(*kish_trials(s, n, inputs), confidence, tolerance)
    p = np.where(few_inputs(s, n, inputs), np.maximum(p, alike), p)
    error = np.sqrt(cluster_variance(residual, n, inputs)) / known
    beyond = np.abs(gap) - tolerance
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(beyond > 0, beyond / error, np.where(np.isnan(error), np.nan, 0.0))
    degrees = np.where(inputs.inputs > 1, inputs.inputs - 1, np.nan)
    clustered = 2 * scipy.special.stdtr(degrees, -t)
    return np.where(inputs.inputs < n, np.maximum(p, clustered), p)


def false_discovery_q(p: FloatArray, *, overlapping: bool) -> FloatArray:
    """Smallest false discovery rate at which each segment would be listed.

    Benjamini & Hochberg 1995 for separate segments; Benjamini & Yekutieli 2001, which holds under
    any dependence at the price of a factor Σ1/i, where segments overlap.

    Args:
        p: shape (S,), p-values; nan stays nan and does not count as a test.
        overlapping: whether claims belong to several of the segments.

    Returns:
        Shape (S,), in [0, 1].
    """
    q = np.array(p, dtype=np.float64)
    tested = ~np.isnan(q)
    found = q[tested]
    rank = np.arange(1, len(found) + 1)
    factor = len(found) / rank * (np.sum(1 / rank) if overlapping else 1)
    order = np.argsort(found)
    # A segment is listed wherever one with a larger p-value is.
    found[order] = np.minimum.accumulate((found[order] * factor)[::-1])[::-1]
    q[tested] = np.minimum(found, 1)
    return q


def _binomial_p(
    s: FloatArray, n: FloatArray, confidence: FloatArray, tolerance: float
) -> FloatArray:
    lower, upper = np.clip(confidence - tolerance, 0, 1), np.clip(confidence + tolerance, 0, 1)
    # P(X ≤ s) and P(X ≥ s) as incomplete beta functions, which take fractional counts too.
    few = np.where(s < n, scipy.special.betaincc(s + 1, np.where(s < n, n - s, 1), lower), 1.0)
    many = np.where(s > 0, scipy.special.betainc(np.where(s > 0, s, 1), n - s + 1, upper), 1.0)
    return np.where(n > 0, np.minimum(1, 2 * np.minimum(few, many)), np.nan)


def _report(units: Sequence[Cells], membership: BoolArray) -> tuple[_Report, bool]:
    """Sum the units to the finest cells that matter; also whether the grid was pooled."""
    # Units that belong to the same segments can be drawn as one.
    patterns, pattern = np.unique(membership.T, axis=0, return_inverse=True)
    unit = np.repeat(pattern, [len(cells.v) for cells in units])
    v = np.concatenate([np.zeros(0), *(cells.v for cells in units)])
    n = np.concatenate([np.zeros(0), *(cells.n for cells in units)])
    s = np.concatenate([np.zeros(0), *(cells.s for cells in units)])
    asked: BoolArray = np.any(patterns, axis=1, keepdims=False)
    used = (n > 0) & asked[unit]
    unit, v, n, s = unit[used], v[used], n[used], s[used]

    _, value = np.unique(np.rint(v * 1_000_000), return_inverse=True)
    pooled = bool(value.size) and int(value.max()) >= GRID_UP_TO
    if pooled:
        _, value = np.unique(np.rint(v * 100), return_inverse=True)
    grid = int(value.max()) + 1 if value.size else 0
    key, cell = np.unique(unit * max(grid, 1) + value, return_inverse=True)
    count, total = tally(cell, n, len(key)), tally(cell, n * v, len(key))
    variance = tally(cell, n * v * (1 - v), len(key))

    inside = patterns[key // max(grid, 1)].T  # (S, C)
    segment_variance = inside @ variance
    kept = np.flatnonzero(segment_variance >= MINIMUM_VARIANCE)
    segment, column = np.nonzero(inside[kept])
    row = segment * grid + (key % max(grid, 1))[column]
    to_paths = scipy.sparse.csr_array(
        (np.ones(len(row)), (row, column)), shape=(len(kept) * grid, len(key))
    )
    report = _Report(
        residual=tally(cell, s - n * v, len(key)),
        n=count.astype(np.int64),
        v=np.clip(total / np.where(count > 0, count, 1), 0, 1),
        variance=variance,
        to_paths=to_paths,
        kept=kept,
        scale=np.sqrt(segment_variance[kept]),
        grid=grid,
    )
    return report, pooled


def _path_range(report: _Report, residual: FloatArray) -> FloatArray:
    """ECCE/σ of each kept segment, shape (kept, b), from cell residuals of shape (C, b)."""
    steps = report.to_paths @ residual
    path = np.cumsum(steps.reshape(len(report.kept), report.grid, -1), axis=1)
    reach = np.maximum(path.max(axis=1), 0) - np.minimum(path.min(axis=1), 0)
    statistic: FloatArray = reach / report.scale[:, None]
    return statistic


def _null_maxima(report: _Report, draws: int, seed: int) -> FloatArray:
    """T* of each redraw, shape (draws,)."""
    rng = np.random.default_rng(seed)
    widest = max(len(report.n), report.to_paths.shape[0], 1)
    step = max(1, min(draws, _CHUNK // widest))
    return np.concatenate(
        [
            _path_range(report, _redrawn(report, min(step, draws - start), rng)).max(axis=0)
            for start in range(0, draws, step)
        ]
    )


def _redrawn(report: _Report, draws: int, rng: np.random.Generator) -> FloatArray:
    """Residuals Σ(y − v) of calibrated claims, shape (C, draws)."""
    n, v, variance = report.n, report.v, report.variance
    drawn = np.empty((len(n), draws))
    normal = variance >= NORMAL_FROM
    single = (n == 1) & ~normal
    other = ~normal & ~single
    drawn[normal] = rng.standard_normal((int(normal.sum()), draws))
    drawn[normal] *= np.sqrt(variance[normal])[:, None]
    drawn[single] = rng.random((int(single.sum()), draws)) < v[single, None]
    drawn[single] -= v[single, None]
    drawn[other] = rng.binomial(n[other, None], v[other, None], (int(other.sum()), draws))
    drawn[other] -= (n * v)[other, None]
    # A pooled cell is drawn at its mean confidence, a little too widely.
    wide = n[other] * v[other] * (1 - v[other])
    drawn[other] *= np.sqrt(np.minimum(variance[other] / np.where(wide > 0, wide, 1), 1))[:, None]
    return drawn
