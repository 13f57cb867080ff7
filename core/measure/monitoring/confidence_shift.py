"""How far stated confidences, or values of a dimension, moved between two windows; no labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy

from core.measure.cells.cells import Cells, FloatArray, IntArray
from core.measure.cells.group_sums import tally
from core.measure.metrics.scores import NoValue

#: Under this many expected claims in a bin, χ² is not trusted (Cochran 1954) and claims are dealt.
EXPECTED_AT_LEAST = 5.0
#: Beyond so many distinct confidences, dealing works at two decimals.
VALUES_UP_TO = 200
DRAWS = 999
_SEED = 20_240_229


@dataclass(frozen=True)
class Stability:
    """How far counts over the same bins, or values of a dimension, moved between two windows.

    Attributes:
        psi: population stability index, ≥ 0.
        noise: the PSI that windows of this size show on average when nothing changed.
        p_value: of homogeneity; nan when one bin holds everything.
        terms: shape (B,), each bin's part of ``psi``; 0 where both windows are empty.
        n_before: claims counted.
        n_after: claims counted.
        smoothed: whether ½ was added to every count, see `population_stability`.
        test: how the p-value was made, in words a page can print.
    """

    psi: float
    noise: float
    p_value: float
    terms: FloatArray
    n_before: int
    n_after: int
    smoothed: bool
    test: str


def population_stability(
    before: IntArray, after: IntArray, *, design_effects: tuple[float, float] = (1.0, 1.0)
) -> Stability | NoValue:
    """Population stability index of counts, beside what sampling noise alone would show.

    ``PSI = Σ (q − p) ln(q/p)`` over the shares p before and q after (Siddiqi 2006; Jeffreys'
    divergence). Bins empty in both windows do not count. Where a bin is empty in one of them, ½ is
    added to every other bin's count too, in both, so that the logarithm exists; otherwise PSI is
    the plain one. Without a change, PSI / (1/n + 1/m) is about χ² with B − 1 degrees of freedom
    (Yurdakul & Naranjo 2020), so its mean is ``(B − 1)(1/n + 1/m)``. With many claims any
    difference is significant: read the p-value for whether, and PSI − noise for how much.

    The p-value is of Pearson's χ² test of homogeneity. Where some bin expects fewer than
    `EXPECTED_AT_LEAST` claims, the pooled claims are dealt anew to both windows `DRAWS` times
    instead (a permutation test of the same statistic).

    Args:
        before: shape (B,), claims per bin of the first window.
        after: of the second, same bins.
        design_effects: of both windows, ≥ 1, where one input has several claims: n and m become
            n/δ and m/δ in noise and test (Rao & Scott 1984, first order).

    Returns:
        The index; `NoValue` when a window is empty.

    Raises:
        ValueError: if the shapes differ.
    """
    before, after = np.asarray(before, dtype=np.int64), np.asarray(after, dtype=np.int64)
    if before.shape != after.shape:
        raise ValueError(f"bins differ: {before.shape} before, {after.shape} after")
    n, m = int(before.sum()), int(after.sum())
    if not n or not m:
        return NoValue("no claims " + ("before" if not n else "after"))
    used = before + after > 0
    left, right = before[used], after[used]
    smoothed = bool((left == 0).any() or (right == 0).any())
    p, q = (x + smoothed / 2 for x in (left, right))
    p, q = p / p.sum(), q / q.sum()
    terms = np.zeros(before.shape)
    terms[used] = (q - p) * np.log(q / p)

    scale = design_effects[0] / n + design_effects[1] / m
    inflation = scale / (1 / n + 1 / m)
    pooled = left + right
    freedom = len(pooled) - 1
    statistic = float(_homogeneity(left[np.newaxis], pooled, n)[0]) / inflation
    if not freedom:
        p_value, test = np.nan, "no test: one value holds everything"
    elif pooled.min() * min(n, m) / (n + m) >= EXPECTED_AT_LEAST:
        p_value, test = float(scipy.special.chdtrc(freedom, statistic)), "χ² test of homogeneity"
    else:
        dealt = _homogeneity(_dealt(pooled, n), pooled, n)
        p_value, test = _rank(dealt, statistic), f"permutation test, {DRAWS} deals"
    return Stability(float(terms.sum()), freedom * scale, p_value, terms, n, m, smoothed, test)


def _homogeneity(left: IntArray, pooled: IntArray, n: int) -> FloatArray:
    """Pearson's χ² of two windows, shape (draws,), from the first's counts (draws, B)."""
    total = int(pooled.sum())
    share = n / total
    squares: FloatArray = ((left - share * pooled) ** 2 / pooled).sum(axis=1)
    return squares / (share * (1 - share))


def _dealt(pooled: IntArray, n: int) -> IntArray:
    """The first window's counts when the pooled claims are dealt anew, shape (draws, B)."""
    rng = np.random.default_rng(_SEED)
    dealt: IntArray = rng.multivariate_hypergeometric(pooled, n, size=DRAWS, method="marginals")
    return dealt


def _rank(draws: FloatArray, observed: float) -> float:
    """Permutation p-value (Davison & Hinkley 1997, §4.2.1); a tie counts as reached."""
    return (1 + int((draws >= observed * (1 - 1e-9)).sum())) / (len(draws) + 1)


@dataclass(frozen=True)
class Displacement:
    """How far the stated confidences moved between two windows.

    Attributes:
        distance: first Wasserstein distance, in [0, 1]: the average way a confidence moved.
        shift: mean after − mean before; |shift| ≤ distance, with equality when all moved one way.
        noise: the distance that windows of this size show on average when nothing changed; None
            where inputs repeat and no design effect is given.
        p_value: chance of such a distance or more when nothing changed; None likewise.
        n_before: stated claims.
        n_after: stated claims.
        note: why a value is None or what was approximated, else None.
    """

    distance: float
    shift: float
    noise: float | None
    p_value: float | None
    n_before: int
    n_after: int
    note: str | None = None


def wasserstein(
    before: Cells, after: Cells, *, design_effects: tuple[float, float] | None = None
) -> Displacement | NoValue:
    """First Wasserstein distance between the *stated* confidences of two windows.

    ``W₁ = ∫ |F − G|``, exact from counts. No label is looked at. Were nothing changed, F − G at x
    would have variance ``H(1−H)(1/n + 1/m)`` with H the pooled distribution, so that the expected
    distance is ``∫ √(2/π · H(1−H)(1/n + 1/m))`` up to a normal approximation at each x. The
    p-value is a permutation test: pooled claims dealt anew `DRAWS` times (at two decimals beyond
    `VALUES_UP_TO` distinct confidences).

    Args:
        design_effects: of both windows, ≥ 1, where one input has several claims: n/δ and m/δ
            claims then count (Kish 1965). Cells tell inputs apart for labelled claims only, so
            it must be given.

    Returns:
        The distance; `NoValue` when a window has no stated claim.
    """
    n, m = int(before.n_claims.sum()), int(after.n_claims.sum())
    if not n or not m:
        return NoValue("no stated claims " + ("before" if not n else "after"))
    v, left, right = _aligned(before, after)
    width = np.diff(v)
    distance = float(np.abs(_steps(left) / n - _steps(right) / m) @ width)
    shift = float(after.v @ after.n_claims / m - before.v @ before.n_claims / n)
    if design_effects is None and (before.inputs is not None or after.inputs is not None):
        lacking = "inputs repeat: no noise level without their design effect"
        return Displacement(distance, shift, None, None, n, m, lacking)
    effects = design_effects or (1.0, 1.0)
    scale = effects[0] / n + effects[1] / m
    inflation = np.sqrt(scale / (1 / n + 1 / m))
    h = _steps(left + right) / (n + m)
    noise = float(np.sqrt(2 / np.pi * scale * h * (1 - h)) @ width)

    note: str | None = None
    observed = distance
    if len(v) > VALUES_UP_TO:
        note = f"p-value at two decimals: more than {VALUES_UP_TO} values"
        hundredths, place = np.unique(np.rint(v * 100), return_inverse=True)
        left, right = (tally(place, x, len(hundredths)).astype(np.int64) for x in (left, right))
        width = np.diff(hundredths / 100)
        observed = float(np.abs(_steps(left) / n - _steps(right) / m) @ width)
    pooled = left + right
    dealt = _dealt(pooled, n)
    draws = np.abs(_steps(dealt) / n - _steps(pooled - dealt) / m) @ width
    p_value = _rank(draws, observed / float(inflation))
    return Displacement(distance, shift, noise, p_value, n, m, note)


def _steps(counts: IntArray) -> IntArray:
    """Cumulative counts at all values but the last, along the last axis."""
    return np.cumsum(counts, axis=-1)[..., :-1]


def _aligned(before: Cells, after: Cells) -> tuple[FloatArray, IntArray, IntArray]:
    """Both windows' stated counts over the distinct confidences of either."""
    v, place = np.unique(np.concatenate([before.v, after.v]), return_inverse=True)
    split = len(before.v)
    counts = [
        tally(at, cells.n_claims, len(v)).astype(np.int64)
        for at, cells in ((place[:split], before), (place[split:], after))
    ]
    return v, counts[0], counts[1]
