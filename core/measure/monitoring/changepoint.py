"""When a level changed: a short series of cohort means cut where that explains it best.

Whether anything is wrong is never asked here: `core.measure.monitoring.e_process` decides that.
This only dates it. The series is cut into stretches of one level each so that

    Σ over stretches of Σ (mean − level of its stretch)² / variance  +  penalty · cuts

is least: Gaussian means of known variances, so that a week of 20 labels weighs a tenth of one of
200. The cuts are exact (optimal partitioning, Jackson et al. 2005, with the pruning of PELT,
Killick, Fearnhead & Eckley 2012, "Optimal detection of changepoints with a linear computational
cost", eq. 2–4). A stretch may be one cohort long.

**The penalty** is ``2 ln C + 3`` for C cohorts. A change-point costs two parameters, its place and
its level: ``2 ln C``, as the Schwarz criterion asks (Yao 1988). That is for long series; of 4 to 12
constant cohorts it would cut every fifth. The 3 on top is by simulation: of series of 4 to 52
constant cohorts with 10 to 800 labels each, 2 to 5 % are cut. With 200 labels a week a move of 8
points is dated to within a week in 94 of 100 draws, and to the very week in 80.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from core.measure.cells.cells import Cells, FloatArray, IntArray

#: Of the intervals of levels, 95 %.
_Z = 1.959963984540054
#: Squared residual of the one input more that is taken as seen: a variance is never zero.
_ONE_MORE = 0.25


@dataclass(frozen=True)
class CohortMeans:
    """What is cut; C cohorts in their order, all arrays of shape (C,).

    Attributes:
        inputs: distinct labelled inputs, ≥ 1.
        mean: of the quantity, such as the gap in [−1, 1].
        variance: of that mean, > 0.
    """

    inputs: IntArray
    mean: FloatArray
    variance: FloatArray

    def __len__(self) -> int:
        return len(self.mean)


@dataclass(frozen=True)
class Level:
    """A stretch of cohorts of one level.

    Attributes:
        first, last: positions of its first and last cohort.
        inputs: distinct labelled inputs in it.
        mean: its level, cohorts weighted by 1/variance.
        low, high: 95 % interval of the level, taking the stretch as given.
    """

    first: int
    last: int
    inputs: int
    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class ChangePoint:
    """A change-point.

    Attributes:
        at: position of the first cohort after it.
        before, after: the levels on either side.
    """

    at: int
    before: Level
    after: Level


def levels(cohorts: CohortMeans, *, penalty: float | None = None) -> tuple[Level, ...]:
    """The stretches of one level each, oldest first; one where nothing changed.

    Args:
        cohorts: C of them; may be empty.
        penalty: of each cut, ≥ 0; None: `penalty_of` C.
    """
    count = len(cohorts)
    if not count:
        return ()
    cost = penalty_of(count) if penalty is None else penalty
    weight = 1 / cohorts.variance
    # About its mean, so that no square is lost to rounding.
    x = cohorts.mean - float(weight @ cohorts.mean / weight.sum())
    w, wx, wxx = (np.concatenate([[0.0], np.cumsum(weight * x**power)]) for power in (0, 1, 2))
    best = np.full(count + 1, -cost)
    cut = np.zeros(count + 1, dtype=np.int64)
    kept = np.zeros(1, dtype=np.int64)
    for end in range(1, count + 1):
        spread = wxx[end] - wxx[kept] - (wx[end] - wx[kept]) ** 2 / (w[end] - w[kept])
        total = best[kept] + spread
        at = int(total.argmin())
        best[end], cut[end] = total[at] + cost, kept[at]
        # What is dearer already, without the cost of a cut, can never become the cheapest.
        kept = np.append(kept[total <= best[end]], end)
    starts, end = [], count
    while end:
        end = int(cut[end])
        starts.append(end)
    edges = [*reversed(starts), count]
    return tuple(_level(cohorts, first, end) for first, end in pairwise(edges))


def changes(of: Sequence[Level]) -> tuple[ChangePoint, ...]:
    """The change-points between stretches, oldest first."""
    return tuple(ChangePoint(after.first, before, after) for before, after in pairwise(of))


def penalty_of(cohorts: int) -> float:
    """What a cut of a series of so many cohorts has to gain."""
    return 2 * math.log(cohorts) + 3


def cohort_means(
    cells: Sequence[Cells],
    of: Literal["gap", "automated_error"] = "gap",
    signs: Sequence[FloatArray] | None = None,
) -> CohortMeans:
    """Mean gap, or share of wrong ones, over the inputs of each cohort.

    Args:
        cells: one per cohort, each with a labelled claim.
        of: which.
        signs: of each cohort, −1, 0 or 1 for each of its confidences, by which what is averaged is
            multiplied: the part that a pattern of `core.measure.metrics.shape` sees. None: 1
                throughout.
    """
    rows = [
        _sums(
            one,
            one.v if of == "gap" else np.ones_like(one.v),
            np.ones_like(one.v) if signs is None else signs[i],
        )
        for i, one in enumerate(cells)
    ]
    inputs, x, xx = np.array(rows, dtype=np.float64).reshape(len(rows), 3).T
    mean = x / inputs
    counted = np.rint(inputs).astype(np.int64)
    return CohortMeans(counted, mean, pooled_variances(counted, inputs, xx / inputs - mean**2))


def pooled_variances(inputs: IntArray, effective: FloatArray, spread: FloatArray) -> FloatArray:
    """Variance of each cohort's mean, from the spread within all of them together.

    A cohort's own would be small where by luck all of a few labels were right, which is also where
    its mean is extreme: it would look like a change.

    Args:
        inputs: shape (C,), distinct inputs.
        effective: shape (C,), independent claims it is worth, > 0; its inputs, where each counts
            once.
        spread: shape (C,), mean squared distance of one such claim from the cohort's mean, ≥ 0.

    Returns:
        Shape (C,), > 0.
    """
    together = float(inputs @ np.maximum(spread, 0) + _ONE_MORE) / float((inputs - 1).sum() + 1)
    found: FloatArray = together / effective
    return found


def _sums(cells: Cells, of_wrong: FloatArray, sign: FloatArray) -> tuple[float, float, float]:
    """Inputs, and Σx and Σx² over them, with x the mean of sign · (``of_wrong`` − outcome)."""
    inputs = cells.inputs
    if inputs is None:
        x = float(cells.n @ (sign * of_wrong) - cells.s @ sign)
        right, wrong, counts = cells.s, cells.n - cells.s, sign**2
        xx = float(right @ (counts * (of_wrong - 1) ** 2) + wrong @ (counts * of_wrong**2))
        return cells.total, x, xx
    at = inputs.value
    total = np.bincount(inputs.input, weights=sign[at] * (inputs.n * of_wrong[at] - inputs.s))
    mean = total / np.bincount(inputs.input, weights=inputs.n)
    return mean.size, float(mean.sum()), float(mean @ mean)


def _level(cohorts: CohortMeans, first: int, end: int) -> Level:
    weight = 1 / cohorts.variance[first:end]
    total = float(weight.sum())
    mean = float(weight @ cohorts.mean[first:end]) / total
    half = _Z / math.sqrt(total)
    inputs = int(cohorts.inputs[first:end].sum())
    return Level(first, end - 1, inputs, mean, mean - half, mean + half)
