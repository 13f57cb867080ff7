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

from core.measure.cells.bins import ECE_BINS
from core.measure.cells.cells import Cells, FloatArray, IntArray, ece_bin
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


def cutoff_error(cells: Cells) -> float | NoValue:
    """The largest miscalibration of any interval of confidences, max_{i ≤ j} |Σ_i^j (n·v − s)| / N.

    Cutoff calibration error: the supremum over intervals I of |E[(v − y)·1{v ∈ I}]|, which bounds
    what acting above any cut can cost and, unlike the ECE, can be estimated whatever the
    confidences are. All intervals are the range of the cumulative sum, so that k cells give it in
    k steps. Range [0, 1]; never zero in expectation.
    Rossellini, Soloff, Barber, Ren & Willett (COLT 2025), "Can a calibration metric be both
    testable and actionable?"; the same range is ECCE-R in Arrieta-Ibarra et al. (2022).
    """
    cells = labelled(cells)
    if not cells.total:
        return NO_LABELS
    return float(np.ptp(np.cumsum([0.0, *(cells.n * cells.v - cells.s)])) / cells.total)


def brier(cells: Cells) -> float | NoValue:
    """Mean squared error of the confidences, Σ[s(1 − v)² + (n − s)v²] / N. Brier (1950).

    Range [0, 1]; a mean, so the size of the group does not enter.
    """
    cells = labelled(cells)
    if not cells.total:
        return NO_LABELS
    v, s = cells.v, cells.s
    return float((s * (1 - v) ** 2 + (cells.n - s) * v**2).sum() / cells.total)


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
