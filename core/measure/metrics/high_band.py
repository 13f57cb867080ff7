"""Is the high-confidence band overconfident? The exact one-sided test, and its limits."""

from __future__ import annotations

import math

import numpy as np
import scipy

from core.measure.cells.cells import Cells, FloatArray, InputCells, IntArray
from core.measure.cells.group_sums import in_high_band
from core.measure.metrics.scores import NoValue, labelled

#: Labelled claims in the band up to which the tail is summed exactly; beyond, the saddlepoint.
EXACT_UP_TO = 10_000


def overconfidence_p_value(cells: Cells, high_from: float) -> float | NoValue:
    """P(as few right claims or fewer, if every confidence in the band were true), one-sided.

    Under calibration the number of right claims at v ≥ ``high_from`` is a sum of independent
    Bernoulli(v), a Poisson-binomial. Up to `EXACT_UP_TO` claims its lower tail is exact (Hong
    2013, here by convolving the failures of each distinct value); beyond, the lattice saddlepoint
    approximation, good to about a part in a thousand even far in the tail. A single failed claim
    stated at exactly 1 gives p = 0 if nothing else could have failed.

    Where inputs repeat: Student's t over the band's J inputs, of Σ(v − y) per input (linearised
    ratio), J − 1 degrees of freedom; and never below the p-value of independent claims, so that a
    few inputs that happen to agree cannot look certain.

    Args:
        high_from: lower edge of the band, inclusive.
    """
    cells = labelled(cells)
    high = in_high_band(cells.v, high_from)
    n, s = cells.n[high], cells.s[high]
    if not n.size:
        return NoValue(f"no labelled claim at or above {high_from:g}")
    independent = failures_sf(n, 1 - cells.v[high], int((n - s).sum()))
    if cells.inputs is None:
        return independent
    clustered = _over_inputs(cells, cells.inputs, high.astype(np.int64))
    return clustered if isinstance(clustered, NoValue) else max(clustered, independent)


def failures_sf(n: IntArray, q: FloatArray, failed: int) -> float:
    """P(F ≥ failed) for F = Σ Binomial(n, q).

    Args:
        n: shape (k,), trials.
        q: shape (k,), failure probabilities in [0, 1].
        failed: observed failures, 0 … Σn.
    """
    certain = int(n[q >= 1].sum())
    open_ = (q > 0) & (q < 1)
    n, q, failed = n[open_], q[open_], failed - certain
    if failed <= 0:
        return 1.0
    if failed > n.sum():
        return 0.0
    if n.sum() > EXACT_UP_TO:
        return _saddlepoint_sf(n, q, failed)
    mean = float(n @ q)
    # Sum the smaller tail, so that nothing cancels; beyond 12 standard deviations past the
    # observed count nothing is left that would show.
    if failed <= mean:
        return max(0.0, 1.0 - float(_failures_pmf(n, q, failed - 1).sum()))
    spread = math.sqrt(float(n @ (q * (1 - q))))
    longest = min(int(n.sum()), failed + math.ceil(12 * spread) + 50)
    return min(1.0, float(_failures_pmf(n, q, longest)[failed:].sum()))


def _failures_pmf(n: IntArray, q: FloatArray, longest: int) -> FloatArray:
    """P(F = 0), …, P(F = longest)."""
    pmf = np.ones(1)
    for trials, chance in zip(n.tolist(), q.tolist(), strict=True):
        one = _binomial_pmf(np.arange(min(trials, longest) + 1), trials, chance)
        pmf = np.convolve(pmf, one)[: longest + 1]
    return pmf


def _binomial_pmf(k: IntArray, n: int, p: float) -> FloatArray:
    """P(X = k), p in (0, 1); `scipy.stats` has it, and takes half a second to be loaded."""
    special = scipy.special
    ways = special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1)
    return np.asarray(np.exp(ways + k * math.log(p) + (n - k) * math.log1p(-p)))


def _saddlepoint_sf(n: IntArray, q: FloatArray, failed: int) -> float:
    """Lugannani–Rice tail with Daniels' (1987) continuity correction for integers."""
    at = failed - 0.5

    def tilted(t: float) -> FloatArray:
        # The failure probabilities under exponential tilting, q eᵗ / (1 − q + q eᵗ).
        odds = np.log(q) - np.log1p(-q) + t
        return np.asarray(1 / (1 + np.exp(-odds)))

    t = float(scipy.optimize.brentq(lambda t: float(n @ tilted(t)) - at, -60, 60, xtol=1e-13))
    p = tilted(t)
    variance = float(n @ (p * (1 - p)))
    exponent = t * at - float(n @ np.log1p(q * np.expm1(t)))
    w = math.copysign(math.sqrt(max(0.0, 2 * exponent)), t)
    u = 2 * math.sinh(t / 2) * math.sqrt(variance)
    if abs(w) < 1e-3:
        correction = -float(n @ (p * (1 - p) * (1 - 2 * p))) / (6 * variance**1.5)
    else:
        correction = 1 / u - 1 / w
    density = math.exp(-w * w / 2) / math.sqrt(2 * math.pi)
    return float(min(1.0, max(0.0, scipy.special.ndtr(-w) + density * correction)))


def _over_inputs(cells: Cells, inputs: InputCells, high: IntArray) -> float | NoValue:
    """One-sided t-test over inputs; ``high`` is 1 for the values inside the band, else 0."""
    j = inputs.n_inputs
    inside = high[inputs.value]
    m = np.bincount(inputs.input, weights=inside * inputs.n, minlength=j)
    r = np.bincount(
        inputs.input,
        weights=inside * (inputs.n * cells.v[inputs.value] - inputs.s),
        minlength=j,
    )
    m, r = m[m > 0], r[m > 0]
    if m.size < 2:
        return NoValue("one input only in the band")
    gap = r.sum() / m.sum()
    error = math.sqrt(m.size / (m.size - 1) * float(((r - gap * m) ** 2).sum())) / m.sum()
    if error < 1e-12:
        return NoValue("the band's inputs do not differ: no spread to test against")
    return float(scipy.special.stdtr(m.size - 1, -gap / error))
