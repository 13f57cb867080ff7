"""Intervals of an accuracy and of a gap, and how small a gap so many labels can show.

Everything is vectorised: arguments broadcast, results have the broadcast shape. Where there is
nothing to say (no label, one single input) the answer is nan, never a made-up interval.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy

from core.measure.cells.cells import FloatArray, InputSums

Numbers = npt.ArrayLike
BoolArray = npt.NDArray[np.bool_]

#: Where inputs repeat and the effective inputs times p(1−p) are fewer than this, or one input
#: holds a larger share of the claims than this, the observed spread is not relied on alone.
FEW_MIXED = 20.0
LARGE_SHARE = 0.1


@dataclass(frozen=True)
class Interval:
    """A number with its two ends; nan where nothing can be said."""

    value: float
    low: float
    high: float

    def inside(self, margin: float) -> bool:
        """Whether it lies wholly within ``±margin``."""
        return -margin <= self.low and self.high <= margin


def clopper_pearson(s: Numbers, n: Numbers, alpha: Numbers) -> tuple[FloatArray, FloatArray]:
    """Exact two-sided interval of a proportion (Clopper & Pearson 1934).

    The ends are beta quantiles: ``low = B⁻¹(α/2; s, n−s+1)``, ``high = B⁻¹(1−α/2; s+1, n−s)``,
    with ``low = 0`` at s = 0 and ``high = 1`` at s = n. It also covers the *mean* of unlike
    Bernoulli probabilities with at least 1 − α, because a sum of unlike Bernoullis is less
    spread than the binomial of the same mean (Hoeffding 1956).

    Args:
        s: successes, 0 … n; an effective (fractional) count is accepted.
        n: trials.
        alpha: 1 − confidence level, in (0, 1).

    Returns:
        Lower and upper end, each in [0, 1]; nan where n = 0.
    """
    s, n, alpha = np.broadcast_arrays(
        np.asarray(s, float), np.asarray(n, float), np.asarray(alpha, float)
    )
    miss = n - s
    low = np.where(n > 0, 0.0, np.nan)
    high = np.where(n > 0, 1.0, np.nan)
    at = s > 0
    low[at] = scipy.special.betaincinv(s[at], miss[at] + 1, alpha[at] / 2)
    at = miss > 0
    high[at] = scipy.special.betainccinv(s[at] + 1, miss[at], alpha[at] / 2)
    return low, high


def wilson(s: Numbers, n: Numbers, alpha: Numbers) -> tuple[FloatArray, FloatArray]:
    """Wilson's score interval of a proportion (Wilson 1927), for display.

    ``(s + z²/2 ± z√(s(n−s)/n + z²/4)) / (n + z²)``. Shorter than Clopper–Pearson, right on
    average rather than always.

    Args:
        s: successes, 0 … n.
        n: trials.
        alpha: 1 − confidence level, in (0, 1).

    Returns:
        Lower and upper end, each in [0, 1]; nan where n = 0.
    """
    s, n = np.asarray(s, float), np.asarray(n, float)
    z = scipy.special.ndtri(1 - np.asarray(alpha, float) / 2)
    known = np.where(n > 0, n, np.nan)
    half = z * np.sqrt(s * (known - s) / known + z * z / 4)
    centre = s + z * z / 2
    return (
        np.clip((centre - half) / (known + z * z), 0, 1),
        np.clip((centre + half) / (known + z * z), 0, 1),
    )


def cluster_variance(residual: Numbers, n: Numbers, inputs: InputSums) -> FloatArray:
    """Sampling variance of a sum of residuals Σ(v − y) whose inputs repeat.

    ``J/(J−1) · Σ_j (r_j − g·m_j)²`` with ``g = Σr/N`` the unit's gap: the linearised ratio
    estimator over inputs (Cochran 1977, §2.11 and §9A; Liang & Zeger 1986). Divided by N² it is
    the squared standard error of the gap.

    Args:
        residual: Σ(v − y) over the unit's labelled claims, N times its gap.
        n: labelled claims N.
        inputs: sums over the unit's inputs, of the same shape.

    Returns:
        The variance, ≥ 0; nan where fewer than two inputs are labelled.
    """
    n = np.asarray(n, float)
    count = inputs.inputs.astype(float)
    gap = np.asarray(residual, float) / np.where(n > 0, n, np.nan)
    spread = np.maximum(inputs.rr - 2 * gap * inputs.rm + gap * gap * inputs.mm, 0)
    return np.where(count > 1, count / np.where(count > 1, count - 1, 1), np.nan) * spread


def gap_interval(
    mean_confidence: Numbers,
    s: Numbers,
    n: Numbers,
    alpha: Numbers,
    inputs: InputSums | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Two-sided interval of the gap, mean confidence − accuracy.

    Each claim its own input: mean confidence minus the Clopper–Pearson ends of the accuracy.
    Given the confidences only the outcomes are random, and the outcomes' sum is at most binomially
    spread (Hoeffding 1956), so the coverage is at least 1 − α.

    Repeated inputs: ``gap ± t_{J−1, 1−α/2} · √(cluster variance)/N``, or the Clopper–Pearson ends
    at `effective_n` trials (Korn & Graubard 1998) where those lie further out. The second matters
    where one outcome is rare: few failures come with a small observed spread, and far out, where
    a correction over many groups looks, t intervals alone gave a family-wise error of .27 for .05
    in simulation (20 groups, 5 % failures among 200 high-band inputs). A unit of a repeating
    signal in which no input repeats (J = N) is treated as independent claims. Where `few_inputs`,
    the interval is no narrower than Clopper–Pearson at `kish_n` trials: an input's claims are then
    taken to stand or fall together.

    Args:
        mean_confidence: over the labelled claims, in [0, 1].
        s: sum of outcomes.
        n: labelled claims N.
        alpha: 1 − confidence level, in (0, 1).
        inputs: sums over inputs, of the same shape; None: each claim is its own input.

    Returns:
        Lower and upper end, in [−1, 1]; nan where N = 0, or where several claims share one
        single input (J < 2).
    """
    confidence = np.asarray(mean_confidence, float)
    s, n = np.asarray(s, float), np.asarray(n, float)
    if inputs is None:
        accuracy_low, accuracy_high = clopper_pearson(s, n, alpha)
        return confidence - accuracy_high, confidence - accuracy_low

    count = inputs.inputs.astype(float)
    repeats = count < n
    right, trials = equivalent_trials(confidence, s, n, inputs)
    accuracy_low, accuracy_high = clopper_pearson(right, trials, alpha)
    low, high = confidence - accuracy_high, confidence - accuracy_low
    few = few_inputs(s, n, inputs)
    if few.any():
        accuracy_low, accuracy_high = clopper_pearson(*kish_trials(s, n, inputs), alpha)
        low = np.where(few, np.minimum(low, confidence - accuracy_high), low)
        high = np.where(few, np.maximum(high, confidence - accuracy_low), high)
    known = np.where(n > 0, n, np.nan)
    residual = np.where(n > 0, n * confidence - s, 0.0)
    gap = residual / known
    error = np.sqrt(cluster_variance(residual, n, inputs)) / known
    degrees = np.where(count > 1, count - 1, np.nan)
    half = scipy.special.stdtrit(degrees, 1 - np.asarray(alpha, float) / 2) * error
    low = np.where(repeats, np.minimum(low, np.maximum(gap - half, -1)), low)
    high = np.where(repeats, np.maximum(high, np.minimum(gap + half, 1)), high)
    return low, high


def equivalent_trials(
    mean_confidence: Numbers, s: Numbers, n: Numbers, inputs: InputSums
) -> tuple[FloatArray, FloatArray]:
    """The binomial count that stands in for a unit's labels where inputs repeat.

    `effective_n` trials at the observed accuracy (Korn & Graubard 1998).

    Args:
        mean_confidence: over the labelled claims, in [0, 1].
        s: sum of outcomes.
        n: labelled claims N.
        inputs: sums over inputs, of the same shape.

    Returns:
        Successes and trials, possibly fractional.
    """
    return _trials(s, n, effective_n(mean_confidence, s, n, inputs))


def _trials(s: Numbers, n: Numbers, trials: FloatArray) -> tuple[FloatArray, FloatArray]:
    s, n = np.asarray(s, float), np.asarray(n, float)
    # Unanimous outcomes must stay exactly all, whatever the rounding.
    right = np.where(s == n, trials, s * (trials / np.where(n > 0, n, 1)))
    return np.minimum(right, trials), trials


def few_inputs(s: Numbers, n: Numbers, inputs: InputSums) -> BoolArray:
    """Whether so few inputs tell, or one so much, that their observed spread may mislead.

    With κ = `kish_n` and ``p̃ = (κ·accuracy + 2)/(κ + 4)``: inputs repeat, and κ·p̃(1−p̃) <
    `FEW_MIXED` or the largest input holds more than `LARGE_SHARE` of the claims. A cluster
    variance fails on both: few wrong inputs show by chance no spread at all, and of one that
    outweighs the rest there is no second to compare it with. In simulation (50 groups, whole and
    high band, for .05) the family-wise error without this was .42 and .49 with Pareto(1) input
    sizes and .98 with one input of 80 %, and with it 0; at half the threshold ten repeats that
    are 70 % alike still gave .04.

    Args:
        s: sum of outcomes.
        n: labelled claims N.
        inputs: sums over inputs, of the same shape.

    Returns:
        Booleans; False where no input repeats.
    """
    n = np.asarray(n, float)
    right, kish = kish_trials(s, n, inputs)
    p = (right + 2) / (kish + 4)
    found: BoolArray = (inputs.inputs < n) & (
        (kish * p * (1 - p) < FEW_MIXED) | (inputs.most > LARGE_SHARE * n)
    )
    return found


def kish_trials(s: Numbers, n: Numbers, inputs: InputSums) -> tuple[FloatArray, FloatArray]:
    """Successes and trials, `kish_n` of them, at the observed accuracy; possibly fractional."""
    return _trials(s, n, kish_n(n, inputs))


def kish_n(n: Numbers, inputs: InputSums | None) -> FloatArray:
    """Effective inputs: labels' worth when an input's claims are right or wrong together.

    ``(Σm)²/Σm²`` (Kish 1965, §8.2, with an intra-class correlation of one): how many equally
    weighted inputs would tell as much. Between 1 and the number of inputs.

    Args:
        n: labelled claims N.
        inputs: sums over inputs, of the same shape; None: each claim is its own input.

    Returns:
        The effective count; 0 where N = 0.
    """
    n = np.asarray(n, float)
    if inputs is None:
        return np.array(n)
    kish: FloatArray = n * n / np.where(inputs.mm > 0, inputs.mm, 1)
    return kish


def effective_n(
    mean_confidence: Numbers, s: Numbers, n: Numbers, inputs: InputSums | None = None
) -> FloatArray:
    """How many independent labels the labelled claims are worth.

    N divided by the design effect (Kish 1965): the gap's cluster variance over the variance
    ``p(1−p)N`` that independent claims of the same accuracy p would have. The design effect is
    held at 1 or more: repeats are never counted as *more* than their number. Where all outcomes
    are equal, or one input holds every label, the spread says nothing and `kish_n` is given.

    Args:
        mean_confidence: over the labelled claims, in [0, 1].
        s: sum of outcomes.
        n: labelled claims N.
        inputs: sums over inputs, of the same shape; None: each claim is its own input.

    Returns:
        The effective count, 0 … N.
    """
    s, n = np.asarray(s, float), np.asarray(n, float)
    if inputs is None:
        return np.array(n)
    residual = np.where(n > 0, n * np.asarray(mean_confidence, float) - s, 0.0)
    cluster = cluster_variance(residual, n, inputs)
    independent = s * (n - s) / np.where(n > 0, n, 1)
    measured = (inputs.inputs > 1) & (independent > 0)
    effect = np.where(measured, cluster, 1) / np.where(measured, independent, 1)
    held = np.where(measured, n / np.maximum(effect, 1), kish_n(n, inputs))
    return np.where(inputs.inputs < n, held, n)


def minimum_detectable_gap(
    mean_confidence: Numbers,
    n: Numbers,
    alpha: float = 0.05,
    power: float = 0.8,
    *,
    tolerance: float = 0.0,
) -> FloatArray:
    """Smallest overconfident gap that n labels would show with the given power.

    Shown is what the Clopper–Pearson interval of `gap_interval` keeps away from the tolerance: so
    few right ones, k* at most, that ``P(Bin(n, c − τ) ≤ k*) ≤ α/2``. The gap is exact: at accuracy
    c − g these come with the given power, ``g = c − 1 + B⁻¹(power; n − k*, k* + 1)``, the inverse
    of the regularised incomplete beta. A normal approximation is out by half at c = 1, where one
    wrong claim shows a gap.

    Args:
        mean_confidence: c, in [0, 1].
        n: labels; pass `effective_n` where inputs repeat, whose fractions have a fractional k*.
        alpha: two-sided size of the test.
        power: wanted chance to see the gap, in (0, 1).
        tolerance: τ, the gap beyond which it has to lie, in [0, 1]; 0: that there is any.

    Returns:
        The gap, in (0, c]; nan where n = 0, and where even an accuracy of zero would not show.
    """
    c, n = np.broadcast_arrays(np.asarray(mean_confidence, float), np.asarray(n, float))
    trials = np.where(n > 0, n, 1.0)
    edge = np.clip(np.where(np.isfinite(c), c, 0.0) - tolerance, 0, 1)
    most = _most_right(trials, edge, alpha / 2)
    possible = (n > 0) & (most >= 0)
    right = np.where(possible, most, 0.0)
    wrong = scipy.special.betaincinv(trials - right, right + 1, power)
    return np.where(possible, np.minimum(c - 1 + wrong, c), np.nan)


def _most_right(n: FloatArray, p: FloatArray, size: float) -> FloatArray:
    """The largest k with ``P(Bin(n, p) ≤ k) ≤ size``; −1 where there is none.

    A whole number where n is one, and else the root of ``I_{1−p}(n − k, k + 1) = size``.
    """
    inside = (p > 0) & (p < 1)
    there = inside & (scipy.special.betainc(n, 1.0, np.where(inside, 1 - p, 0.5)) <= size)
    found = np.where(p >= 1, n - 1, -1.0)
    if not there.any():
        return found
    found[there] = scipy.special.bdtrik(size, n[there], p[there])
    found = np.where(there & (n == np.rint(n)), np.floor(found + 1e-9), found)
    return found
