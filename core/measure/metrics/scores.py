"""Scores of one group, exact from its cells: calibration errors, proper scores, tests, ranking.

Every function uses only the labelled claims and never expands cells into claims. With k distinct
confidences each costs O(k) or O(k log k), depends on no order of rows, and gives what the same
formula gives on the N single claims. Notation: confidence ``v``, labelled claims ``n``, sum of
outcomes ``s``, observed frequency ``m = s/n``, N = Σn, base rate ``p = Σs/N``.

A measure that does not exist for a group is a `NoValue` that says why; it is never guessed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from scipy.special import digamma, ndtr

from core.measure.cells.cells import ECE_BINS, Cells, FloatArray, IntArray, ece_bin
from core.measure.cells.group_sums import tally


@dataclass(frozen=True)
class NoValue:
    """A measure that does not exist for these claims; false in a condition.

    Attributes:
        reason: why, in words fit for a page.
    """

    reason: str

    def __bool__(self) -> bool:
        return False


NO_LABELS = NoValue("no labelled claims")
ONE_CLASS = NoValue("one class only")
ONE_INPUT = NoValue("one input only")


class Murphy(NamedTuple):
    """Murphy's partition of the Brier score: brier = rel − res + unc."""

    rel: float
    res: float
    unc: float


class ScoreTest(NamedTuple):
    """A standard normal test statistic and its two-sided p-value."""

    z: float
    p: float


class Kuiper(NamedTuple):
    """ECCE (range of the cumulative residual), its scale under calibration, and its p-value."""

    ecce: float
    sigma: float
    p: float | NoValue


class Auroc(NamedTuple):
    """Area under the ROC curve and DeLong's standard error."""

    value: float
    standard_error: float | NoValue


def labelled(cells: Cells) -> Cells:
    """Labelled cells, without the per-input detail where no input has a second claim."""
    cells = cells.labelled()
    if cells.inputs is not None and cells.inputs.n_inputs == cells.total:
        return replace(cells, inputs=None)
    return cells


def bin_sums(cells: Cells, bins: IntArray, count: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Sums over bins of values.

    Args:
        cells: k values.
        bins: shape (k,), each value's bin, 0 … count − 1.
        count: number of bins.

    Returns:
        Labelled claims, sums of outcomes, sums of confidences; each of shape (count,).
    """
    return (
        tally(bins, cells.n, count),
        tally(bins, cells.s, count),
        tally(bins, cells.n * cells.v, count),
    )


def ece(cells: Cells) -> float | NoValue:
    """Expected calibration error over ten equal-width bins, Σ_b |Σ_b (n·v − s)| / N.

    Bins are (lo, hi] with zero in the first, see `ece_bin`. Range [0, 1]. Never zero in
    expectation: read it beside its noise floor. Naeini, Cooper & Hauskrecht
    (2015); Guo, Pleiss, Sun & Weinberger (2017).
    """
    cells = labelled(cells)
    if not cells.total:
        return NO_LABELS
    _, s, sv = bin_sums(cells, ece_bin(cells.v), ECE_BINS)
    return float(np.abs(sv - s).sum() / cells.total)


def ece_per_value(cells: Cells) -> float | NoValue:
    """ECE with one bin per distinct confidence, Σ|n·v − s| / N.

    Needs no binning rule and is never below `ece`; its noise grows with the number of values.
    """
    cells = labelled(cells)
    if not cells.total:
        return NO_LABELS
    return float(np.abs(cells.n * cells.v - cells.s).sum() / cells.total)


def equal_mass_bins(cells: Cells, bins: int = 10) -> IntArray:
    """Bin of each value, shape (k,), when claims in order of confidence fill ``bins`` evenly.

    A tied value is never split: all of it goes where its middle claim falls. Bins may therefore
    stay empty, and multiplying every count by a constant changes nothing. On values without ties,
    and N divisible by ``bins``, every bin holds exactly N / bins claims.
    """
    below = np.cumsum(cells.n) - cells.n
    return (bins * (2 * below + cells.n)) // (2 * cells.total)


def ece_equal_mass(cells: Cells, bins: int = 10) -> float | NoValue:
    """ECE over bins of equal mass that never split a tied value, see `equal_mass_bins`.

    Where claims tie, implementations that cut at sample positions depend on the order of rows and
    those that cut at quantiles may fail or merge; this one does neither. Range [0, 1].
    Nguyen & O'Connor (2015), for adaptive bins.
    """
    cells = labelled(cells)
    if not cells.total:
        return NO_LABELS
    _, s, sv = bin_sums(cells, equal_mass_bins(cells, bins), bins)
    return float(np.abs(sv - s).sum() / cells.total)


def ece_debiased_l2(cells: Cells) -> float | NoValue:
    """Root of the debiased squared calibration error over the ten ECE bins.

    √max(0, Σ_b (n_b/N)·[(m_b − v̄_b)² − m_b(1 − m_b)/(n_b − 1)]), v̄_b the bin's mean confidence.
    A bin with a single claim has no variance estimate and contributes 0. The truncation at zero
    keeps the root real, and leaves a positive bias on calibrated data. Range [0, 1].
    Kumar, Liang & Ma (2019), "Verified uncertainty calibration", the debiased estimator.
    """
    cells = labelled(cells)
    if not cells.total:
        return NO_LABELS
    n, s, sv = bin_sums(cells, ece_bin(cells.v), ECE_BINS)
    several = n > 1
    n, s, sv = n[several], s[several], sv[several]
    m = s / n
    squared = (m - sv / n) ** 2 - m * (1 - m) / (n - 1)
    return math.sqrt(max(0.0, float(n @ squared) / cells.total))


def brier(cells: Cells) -> float | NoValue:
    """Mean squared error of the confidences, Σ[s(1 − v)² + (n − s)v²] / N. Brier (1950).

    Range [0, 1]; a mean, so the size of the group does not enter.
    """
    cells = labelled(cells)
    if not cells.total:
        return NO_LABELS
    v, s = cells.v, cells.s
    return float((s * (1 - v) ** 2 + (cells.n - s) * v**2).sum() / cells.total)


def murphy(cells: Cells) -> Murphy | NoValue:
    """Reliability Σn(v − m)²/N, resolution Σn(m − p)²/N and uncertainty p(1 − p), per value.

    Because every distinct confidence is its own bin, brier = rel − res + unc holds exactly.
    Both rel and res grow with the number of values. Murphy (1973).
    """
    cells = labelled(cells)
    total = cells.total
    if not total:
        return NO_LABELS
    m = cells.s / cells.n
    p = float(cells.s.sum()) / total
    rel = float((cells.n * (cells.v - m) ** 2).sum() / total)
    res = float((cells.n * (m - p) ** 2).sum() / total)
    return Murphy(rel, res, p * (1 - p))


def log_loss(cells: Cells, clip: float = 1e-15) -> float | NoValue:
    """Mean negative log-likelihood −Σ[s ln v + (n − s) ln(1 − v)] / N, in nats. Good (1952).

    A wrong claim at exactly 0 or 1 costs infinitely much, so confidences are first moved into
    [clip, 1 − clip]. Where `n_exact_0_or_1` is not zero the result says as much about ``clip``
    as about the claims: print both.
    """
    cells = labelled(cells)
    if not cells.total:
        return NO_LABELS
    v = np.clip(cells.v, clip, 1 - clip)
    return float(-(cells.s * np.log(v) + (cells.n - cells.s) * np.log1p(-v)).sum() / cells.total)


def n_exact_0_or_1(cells: Cells) -> int:
    """Labelled claims that state certainty: a confidence of exactly 0 or exactly 1."""
    return int(cells.n[(cells.v == 0) | (cells.v == 1)].sum())


def spiegelhalter(cells: Cells) -> ScoreTest | NoValue:
    """Spiegelhalter's test that the confidences are the true probabilities.

    z = Σ(s − nv)(1 − 2v) / √(Σn(1 − 2v)²v(1 − v)), two-sided. The numerator is N times the Brier
    score minus what calibration promises of it, so z > 0 means worse than promised. Blind at
    v = 0.5, and without value when every confidence is 0, 0.5 or 1. Where inputs repeat, the
    variance is that of the per-input sums. Spiegelhalter (1986).
    """
    cells = labelled(cells)
    if not cells.total:
        return NO_LABELS
    weight = 1 - 2 * cells.v
    if cells.inputs is None:
        variance = float((cells.n * weight**2 * cells.v * (1 - cells.v)).sum())
    else:
        e = cells.inputs
        if e.n_inputs < 2:
            return ONE_INPUT
        sums = np.bincount(e.input, weights=(e.s - e.n * cells.v[e.value]) * weight[e.value])
        variance = float((sums**2).sum())
    if variance <= 0:
        return NoValue("every confidence is 0, 0.5 or 1: the test has no variance")
    z = float(((cells.s - cells.n * cells.v) * weight).sum()) / math.sqrt(variance)
    return ScoreTest(z, 2 * float(ndtr(-abs(z))))


def brownian_range_sf(x: float) -> float:
    """P(range of standard Brownian motion over [0, 1] > x).

    Feller (1951) gives the density 8 Σ_{k≥1} (−1)^{k−1} k² φ(kx); integrated term by term,
    8 Σ (−1)^{k−1} k Φ(−kx), which converges fast for large x. For small x the Poisson-dual
    series, 1 − Σ_{k≥0} (8/x² + 2/κ²) exp(−2κ²/x²) with κ = (k + ½)π (Tygert 2022, arXiv
    2202.00100), does. They agree to rounding where they meet.
    """
    if x <= 0:
        return 1.0
    if x < 2:
        kappa = (np.arange(20) + 0.5) * math.pi
        return 1.0 - float(((8 / x**2 + 2 / kappa**2) * np.exp(-2 * (kappa / x) ** 2)).sum())
    k = np.arange(1, 20)
    return 8 * float((np.where(k % 2 == 1, k, -k) * ndtr(-k * x)).sum())


def kuiper(cells: Cells) -> Kuiper | NoValue:
    """Cumulative calibration error (ECCE, Kuiper's form): no bins, no bandwidth.

    The residuals s − nv are accumulated in order of confidence, one step per distinct value; ECCE
    is the range (maximum minus minimum, the start at 0 included) divided by N: the largest total
    gap over any interval of confidences. Ties are collapsed *before* accumulating; otherwise the
    order of rows makes a calibrated group look broken. Under calibration ECCE/σ, σ = √Σnv(1 − v)/N,
    tends to the range of Brownian motion (`brownian_range_sf`); few distinct values make the
    p-value conservative, a single one about fourfold. No p-value where inputs repeat (the limit
    needs independent claims) or where every confidence is 0 or 1. Arrieta-Ibarra et al. (2022).
    """
    cells = labelled(cells)
    total = cells.total
    if not total:
        return NO_LABELS
    path = np.cumsum(cells.s - cells.n * cells.v)
    ecce = (max(0.0, float(path.max())) - min(0.0, float(path.min()))) / total
    sigma = math.sqrt(float((cells.n * cells.v * (1 - cells.v)).sum())) / total
    p: float | NoValue
    if cells.inputs is not None:
        p = NoValue("inputs repeat: the null distribution needs independent claims")
    elif sigma == 0:
        p = NoValue("every confidence is 0 or 1: the scale is zero")
    else:
        p = brownian_range_sf(ecce / sigma)
    return Kuiper(ecce, sigma, p)


def auroc(cells: Cells) -> Auroc | NoValue:
    """Probability that a right claim was stated with more confidence than a wrong one, ties half.

    Range [0, 1], 0.5 without discrimination; `NoValue` (not 0.5) when all claims are right or all
    wrong. The standard error is DeLong, DeLong & Clarke-Pearson (1988), whose structural
    components take one value per distinct confidence; where inputs repeat, components are summed
    per input first (Obuchowski 1997). It needs two claims of each class (two inputs).
    """
    cells = labelled(cells)
    right, wrong = cells.s, cells.n - cells.s
    n_right, n_wrong = int(right.sum()), int(wrong.sum())
    if not cells.total:
        return NO_LABELS
    if not (n_right and n_wrong):
        return ONE_CLASS
    wrong_below = (np.cumsum(wrong) - wrong / 2) / n_wrong
    right_above = (n_right - np.cumsum(right) + right / 2) / n_right
    area = float(right @ wrong_below) / n_right
    if cells.inputs is not None:
        e = cells.inputs
        influence = np.bincount(
            e.input,
            weights=e.s * (wrong_below[e.value] - area) / n_right
            + (e.n - e.s) * (right_above[e.value] - area) / n_wrong,
        )
        j = cells.n_inputs
        if j < 2:
            return Auroc(area, ONE_INPUT)
        return Auroc(area, math.sqrt(j / (j - 1) * float((influence**2).sum())))
    if min(n_right, n_wrong) < 2:
        return Auroc(area, NoValue("fewer than two claims of one class"))
    variance = float(right @ (wrong_below - area) ** 2) / (n_right - 1) / n_right
    variance += float(wrong @ (right_above - area) ** 2) / (n_wrong - 1) / n_wrong
    return Auroc(area, math.sqrt(variance))


def aurc(cells: Cells) -> float | NoValue:
    """Area under the risk–coverage curve: mean error rate of the i most confident claims, i = 1…N.

    Claims tied at one confidence are taken in random order and the *expected* risk is summed, so
    no row order matters: after C claims with E errors, the j-th of n tied ones with e errors has
    expected risk (E + j·e/n)/(C + j), and Σ_j of it is e + (E − C·e/n)(H_{C+n} − H_C) with the
    harmonic numbers H. Range [0, 1], lower is better. Geifman & El-Yaniv (2017), for the curve.
    """
    cells = labelled(cells)
    total = cells.total
    if not total:
        return NO_LABELS
    n = cells.n[::-1].astype(np.float64)
    errors = (cells.n - cells.s)[::-1].astype(np.float64)
    taken = np.cumsum(n) - n
    errors_before = np.cumsum(errors) - errors
    harmonic = digamma(taken + n + 1) - digamma(taken + 1)
    area = errors + (errors_before - taken * errors / n) * harmonic
    return float(area.sum() / total)
