"""How large an ECE perfect calibration itself would show, and how rare the observed one is.

ECE is a sum of absolute values, so it is above zero for honest signals too: a number without
its noise floor says nothing. ECE here has ten equal-width bins
(`core.measure.cells.cells.ece_bin`).
"""

from __future__ import annotations

import numpy as np
import scipy

from core.measure.cells.bins import ECE_BINS
from core.measure.cells.cells import Cells, FloatArray, GroupSums, IntArray, ece_bin
from core.measure.cells.group_sums import tally
from core.measure.metrics.intervals import cluster_variance

#: A bin whose calibrated variance Σv(1−v) reaches this is drawn from its normal limit.
NORMAL_FROM = 10.0
#: More inputs than this: the multipliers' sum is drawn from its normal limit.
MULTIPLIERS_UP_TO = 500
#: More distinct values than this in the exactly drawn bins are pooled to two decimals.
VALUES_UP_TO = 200


def ece_noise_floor(sums: GroupSums) -> FloatArray:
    """Average ECE of a perfectly calibrated signal with these very counts.

    Each claim its own input: the sum of outcomes X of a bin is a sum of Bernoulli(v), and
    ``floor = Σ_b E|X_b − Σv| / N``. Of Binomial(n, p), p the bin's mean confidence, de Moivre's
    mean absolute deviation is ``2np(1−p)·b(⌊np⌋; n−1, p)`` with b the binomial probability
    (Diaconis & Zabell 1991, eq. 1.1). The confidences of a bin differ a little; the second-order
    Krawtchouk expansion of a sum of unlike Bernoullis around that binomial (Roos 2000) takes off
    ``τ²·[(1−θ)·b(k−1; n−2, p) + θ·b(k; n−2, p)]`` with ``τ² = Σ(v−p)²``, ``k = ⌊np⌋`` and
    ``θ = np − k``. For large bins that is the familiar factor √(Σv(1−v) / np(1−p)), and it stays
    right at n of 1 and 2 and at confidences near 1, where the factor does not.

    Repeated inputs: ``√(2V_b/π)``, the normal mean absolute deviation, with V_b the bin's centred
    cluster variance; a bin held by one single input counts as standing or falling together,
    ``2n·p(1−p)``. Where no input of a bin repeats, the formula of independent claims holds.

    Args:
        sums: of G groups.

    Returns:
        Shape (G,), in [0, 0.5]; nan where no claim is labelled.
    """
    n = sums.n.astype(np.float64)
    deviation = _mean_absolute_deviation(n, sums.sv, sums.svv)
    if sums.repeated is not None:
        inputs = sums.repeated.bins
        p = sums.sv / np.where(n > 0, n, 1)
        clustered = np.sqrt(2 / np.pi * cluster_variance(sums.sv - sums.s, n, inputs))
        together = 2 * n * p * np.maximum(1 - p, 0)
        repeating = np.where(inputs.inputs > 1, clustered, together)
        deviation = np.where(inputs.inputs < sums.n, repeating, deviation)
    total = n.sum(axis=1)
    floor: FloatArray = deviation.sum(axis=1) / np.where(total > 0, total, np.nan)
    return floor


def ece_p_value(cells: Cells, *, draws: int = 999, seed: int = 20_240_229) -> float:
    """Chance that a perfectly calibrated signal with these counts shows so large an ECE.

    ``p = (1 + #{ECE* ≥ ECE}) / (draws + 1)`` (Davison & Hinkley 1997, §4.2.1) over redrawn
    outcomes. A bin with ``V_b = Σv(1−v) ≥ 10`` is drawn as a normal of that variance, the others
    value by value as Binomial(n, v); where those hold more than `VALUES_UP_TO` distinct values,
    values are first pooled to two decimals at their mean (the mean stays exact, the variance
    grows by at most 1 %).

    Repeated inputs: a wild bootstrap (Wu 1986; Cameron, Gelbach & Miller 2008) over inputs. Per
    input and bin the residual ``r − g_b·m``, centred at the bin's gap g_b and scaled by
    √(J_b/(J_b−1)), takes one random sign per input, which keeps whatever ties an input's claims
    together. Beyond `MULTIPLIERS_UP_TO` inputs their sum is drawn from its normal limit. A bin
    whose observed spread is below that of calibrated independent claims, Σv(1−v), is topped up to
    it by independent normal noise, so that a few inputs that happen to agree cannot look certain.
    With few inputs it still errs on the
    alarmed side: p ≤ .05 came up in .077, .059 and .053 of 2,500 calibrated groups of 40, 100 and
    400 inputs whose four claims fell together.

    Args:
        draws: redraws.
        seed: of the generator; the same cells and seed give the same p.

    Returns:
        p in [1/(draws+1), 1]; nan where no claim is labelled.
    """
    cells = cells.labelled()
    total = cells.total
    if total == 0:
        return float("nan")
    bins = ece_bin(cells.v)
    observed = np.abs(tally(bins, cells.n * cells.v - cells.s, ECE_BINS)).sum()
    rng = np.random.default_rng(seed)
    variance = tally(bins, cells.n * cells.v * (1 - cells.v), ECE_BINS)
    if cells.inputs is None or cells.n_inputs == total:
        drawn = _calibrated_residuals(cells, bins, variance, draws, rng)
    else:
        drawn = _wild_residuals(cells, bins, variance, draws, rng)
    redrawn = np.abs(drawn).sum(axis=1)
    # The slack keeps draws that equal the observed ECE, but for rounding, on the "as large" side.
    reached = int(np.count_nonzero(redrawn >= observed - 1e-9 * max(1.0, observed)))
    return (1 + reached) / (draws + 1)


def _mean_absolute_deviation(n: FloatArray, sv: FloatArray, svv: FloatArray) -> FloatArray:
    """E|X − Σv| of X a sum of n Bernoullis with the given sums of v and v²; 0 where n = 0."""
    known = n > 0
    p = np.clip(sv / np.where(known, n, 1), 0, 1)
    mean = np.clip(sv, 0, n)
    below = np.floor(mean)
    part = mean - below
    spread = np.where(known, np.maximum(svv - n * p * p, 0), 0)
    binomial = 2 * n * p * (1 - p) * _binomial_probability(below, n - 1, p)
    unlike = (1 - part) * _binomial_probability(below - 1, n - 2, p)
    unlike += part * _binomial_probability(below, n - 2, p)
    return np.maximum(binomial - spread * unlike, 0)


def _binomial_probability(k: FloatArray, n: FloatArray, p: FloatArray) -> FloatArray:
    """C(n, k)·p^k·(1−p)^(n−k), and 0 for a k or an n out of range."""
    possible = (n >= 0) & (k >= 0) & (k <= n)
    k, n = np.where(possible, k, 0), np.where(possible, n, 0)
    log = (
        scipy.special.gammaln(n + 1)
        - scipy.special.gammaln(k + 1)
        - scipy.special.gammaln(n - k + 1)
    )
    log = log + scipy.special.xlogy(k, p) + scipy.special.xlog1py(n - k, -p)
    return np.where(possible, np.exp(log), 0)


def _calibrated_residuals(
    cells: Cells, bins: IntArray, variance: FloatArray, draws: int, rng: np.random.Generator
) -> FloatArray:
    """Σ(v − y) per draw and bin, shape (draws, 10), outcomes drawn as Bernoulli(v)."""
    normal = variance >= NORMAL_FROM
    drawn = np.zeros((draws, ECE_BINS))
    drawn[:, normal] = rng.standard_normal((draws, int(normal.sum()))) * np.sqrt(variance[normal])
    exact = ~normal[bins]
    v, n, into = cells.v[exact], cells.n[exact], bins[exact]
    if len(v) > VALUES_UP_TO:
        key, place = np.unique(into * 1000 + np.rint(v * 100).astype(np.int64), return_inverse=True)
        pooled = tally(place, n, len(key))
        v, n, into = tally(place, n * v, len(key)) / pooled, pooled.astype(np.int64), key // 1000
    if len(v):
        residual = n * v - rng.binomial(n, np.clip(v, 0, 1), size=(draws, len(v)))
        member = np.zeros((len(v), ECE_BINS))
        member[np.arange(len(v)), into] = 1
        drawn += residual @ member
    return drawn


def _wild_residuals(
    cells: Cells, bins: IntArray, variance: FloatArray, draws: int, rng: np.random.Generator
) -> FloatArray:
    """Σ(v − y) per draw and bin, shape (draws, 10), one random sign per input."""
    inputs = cells.inputs
    assert inputs is not None
    size = inputs.n_inputs
    key = inputs.input * ECE_BINS + bins[inputs.value]
    m = tally(key, inputs.n, size * ECE_BINS).reshape(size, ECE_BINS)
    r = tally(key, inputs.n * cells.v[inputs.value] - inputs.s, size * ECE_BINS)
    r = r.reshape(size, ECE_BINS)
    count = m.sum(axis=0)
    residual = r - m * (r.sum(axis=0) / np.where(count > 0, count, 1))
    # Centring takes a degree of freedom from each bin, as in `cluster_variance`.
    present = (m > 0).sum(axis=0)
    residual *= np.sqrt(present / np.maximum(present - 1, 1))
    covariance = residual.T @ residual
    if size <= MULTIPLIERS_UP_TO:
        signs = rng.integers(0, 2, size=(draws, size), dtype=np.int8) * 2.0 - 1.0
        drawn = signs @ residual
    else:
        drawn = _normal_draws(covariance, draws, rng)
    missing = np.sqrt(np.maximum(variance - np.diag(covariance), 0))
    topped: FloatArray = drawn + rng.standard_normal((draws, ECE_BINS)) * missing
    return topped


def _normal_draws(covariance: FloatArray, draws: int, rng: np.random.Generator) -> FloatArray:
    """Draws of N(0, covariance), shape (draws, d); the covariance may be singular."""
    values, vectors = np.linalg.eigh(covariance)
    scale = vectors * np.sqrt(np.maximum(values, 0))
    drawn: FloatArray = rng.standard_normal((draws, len(values))) @ scale.T
    return drawn
