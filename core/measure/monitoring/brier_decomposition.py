"""Why the Brier score changed between two windows: harder cases, or worse calibration.

A worse Brier score may only mean harder cases, which honest confidences foretell. For 0/1 outcomes
``(y − v)² = v(1−v) + (y−v)(1−2v)``, so a change of the mean splits exactly into what the
confidences themselves foretell and *decalibration*, whose expectation is zero while every
confidence is true (the terms behind Spiegelhalter 1986; Seillier-Moiseiwitsch & Dawid 1993).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import scipy

from core.measure.cells.cells import Cells, FloatArray, IntArray
from core.measure.cells.group_sums import tally
from core.measure.metrics.scores import NoValue

#: Variances are taken as if so many claims more had been seen, calibrated ones.
CALIBRATED_CLAIMS = 4
K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True)
class InputMoments:
    """Sums of a quantity x over the inputs of G groups, each array of shape (G,).

    With x_j the sum of x over input j's m_j labelled claims. Where each claim is its own input,
    m_j = 1.

    Attributes:
        x: Σ_j x_j.
        xx: Σ_j x_j².
        xm: Σ_j x_j m_j.
    """

    x: FloatArray
    xx: FloatArray
    xm: FloatArray


@dataclass(frozen=True)
class BrierSums:
    """What the Brier score of G groups and its split need, over labelled claims.

    Attributes:
        n: shape (G,), labelled claims N.
        inputs: shape (G,), distinct inputs J.
        mm: shape (G,), Σ_j m_j².
        brier: of (y − v)².
        foretold: of v(1−v).
        decalibration: of (y − v)(1 − 2v).
        calibrated: shape (G,), Σ (1−2v)²v(1−v), the variance that the sum of decalibration would
            have if every claim were calibrated and its own input.
    """

    n: IntArray
    inputs: IntArray
    mm: FloatArray
    brier: InputMoments
    foretold: InputMoments
    decalibration: InputMoments
    calibrated: FloatArray

    def __len__(self) -> int:
        return len(self.n)


@dataclass(frozen=True)
class Estimates:
    """A mean per group with its interval; shape (G,), nan where there is none."""

    value: FloatArray
    low: FloatArray
    high: FloatArray


@dataclass(frozen=True)
class BrierScores:
    """The Brier score of G groups and its two parts: brier = foretold + decalibration."""

    brier: Estimates
    foretold: Estimates
    decalibration: Estimates


@dataclass(frozen=True)
class DecomposedChange:
    """A difference, after − before, with its interval; None with one input only on a side."""

    value: float
    low: float | None
    high: float | None

    @property
    def sign(self) -> int:
        """Its sign where its interval excludes zero, else 0."""
        if self.low is None or self.high is None:
            return 0
        return (self.low > 0) - (self.high < 0)


@dataclass(frozen=True)
class BrierSplit:
    """Why the Brier score changed: change = foretold + decalibration, exactly.

    Attributes:
        before: Brier score of the first window, in [0, 1].
        after: of the second.
        n_before: labelled claims.
        n_after: labelled claims.
        change: after − before.
        foretold: Δ mean v(1−v): cases became harder (positive) or easier, and the confidences say
            so.
        decalibration: Δ mean (y−v)(1−2v): worse calibrated (positive) or better.
        level: confidence level of the intervals.
        note: why an interval is missing, else None.
    """

    before: float
    after: float
    n_before: int
    n_after: int
    change: DecomposedChange
    foretold: DecomposedChange
    decalibration: DecomposedChange
    level: float
    note: str | None = None


def brier_sums(groups: Sequence[Cells]) -> BrierSums:
    """Sum each group's cells; all values from them are exact.

    Args:
        groups: G groups of cells; any may be empty.

    Returns:
        The sums. A group without per-input detail counts each labelled claim as its own input.
    """
    rows = [_row(group) for group in groups]
    table = np.array(rows, dtype=np.float64).reshape(len(rows), 13).T
    counts = np.rint(table[:2]).astype(np.int64)
    brier, foretold, decalibration = (InputMoments(*table[at : at + 3]) for at in (3, 6, 9))
    return BrierSums(
        counts[0], counts[1], table[2], brier, foretold, decalibration, calibrated=table[12]
    )


def _row(cells: Cells) -> list[float]:
    """N, J, Σm², then x, xx and xm of the three quantities, then the calibrated variance."""
    v, n, s = cells.v, cells.n.astype(float), cells.s.astype(float)
    spread, slope = v * (1 - v), 1 - 2 * v
    # Of a claim that was right, and of one that was wrong.
    quantities = (((1 - v) ** 2, v**2), (spread, spread), ((1 - v) * slope, -v * slope))
    calibrated = float(n @ (slope**2 * spread))
    inputs = cells.inputs
    if inputs is None:
        row = [n.sum(), n.sum(), n.sum()]
        for right, wrong in quantities:
            total = s @ right + (n - s) @ wrong
            row += [total, s @ right**2 + (n - s) @ wrong**2, total]
        return [*map(float, row), calibrated]
    size, at = inputs.n_inputs, inputs.value
    m = tally(inputs.input, inputs.n, size)
    row = [m.sum(), size, m @ m]
    for right, wrong in quantities:
        entries = inputs.s * right[at] + (inputs.n - inputs.s) * wrong[at]
        x = tally(inputs.input, entries, size)
        row += [x.sum(), x @ x, x @ m]
    return [*map(float, row), calibrated]


def brier_scores(sums: BrierSums, *, level: float = 0.95) -> BrierScores:
    """The Brier score of each group, and its parts, each with an interval.

    Means over labelled claims, ``± t_{J−1} · √V``. V is the variance of a mean over inputs,
    ``J/(J−1) · Σ_j (x_j − x̄ m_j)² / N²`` (the linearised ratio, Cochran 1977, §2.11), which for
    claims that are their own input is the sample variance over N. For the two quantities that
    rest on outcomes, V is mixed with the variance that calibrated claims would show, as if
    `CALIBRATED_CLAIMS` more of these had been seen (after Agresti & Coull 1998's four): thirty
    right answers in a row have no spread of their own, and still are not certain.

    Args:
        sums: of G groups.

    Returns:
        Three estimates. Value nan without a label; ends nan with one input only.
    """
    scores = []
    for mean, variance in _means(sums):
        half = scipy.special.stdtrit(np.maximum(sums.inputs - 1, 1), (1 + level) / 2) * np.sqrt(
            variance
        )
        scores.append(Estimates(mean, mean - half, mean + half))
    return BrierScores(*scores)


def _means(sums: BrierSums) -> list[tuple[FloatArray, FloatArray]]:
    """Mean and variance of the mean: of Brier, foretold, decalibration."""
    known = np.where(sums.n > 0, sums.n, np.nan)
    count = np.where(sums.inputs > 1, sums.inputs, np.nan)

    def mean_of(x: InputMoments) -> tuple[FloatArray, FloatArray]:
        mean = x.x / known
        spread = x.xx - 2 * mean * x.xm + mean * mean * sums.mm
        # What is left of equal quantities is rounding, not spread.
        spread = np.where(spread > 1e-14 * x.xx, spread, 0)
        return mean, count / (count - 1) * spread / known**2

    def steadied(
        mean_variance: tuple[FloatArray, FloatArray], prior: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        mean, variance = mean_variance
        more = CALIBRATED_CLAIMS
        return mean, (sums.inputs * variance + more * prior) / (sums.inputs + more)

    foretold = mean_of(sums.foretold)
    # An input's claims right or wrong together: Σm²/N times the variance of independent ones.
    prior = sums.calibrated * sums.mm / known**3
    brier = steadied(mean_of(sums.brier), foretold[1] + prior)
    return [brier, foretold, steadied(mean_of(sums.decalibration), prior)]


def brier_split(before: Cells, after: Cells, *, level: float = 0.95) -> BrierSplit | NoValue:
    """Split the change of the Brier score into what was foretold and what is decalibration.

    The windows count as independent samples: variances of `brier_scores` add up, with Welch's
    degrees of freedom (Welch 1947) over inputs. An input that occurs in both windows counts as
    two; its answers resemble each other, so that errs on the wide side.

    Args:
        level: of each interval, in (0, 1).

    Returns:
        The split; `NoValue` when a window has no label.
    """
    return split_sums(brier_sums([before]), brier_sums([after]), level=level)[0]


def split_sums(
    before: BrierSums, after: BrierSums, *, level: float = 0.95
) -> tuple[BrierSplit | NoValue, ...]:
    """`brier_split` of G pairs of windows, from their sums."""
    pairs = list(zip(_means(before), _means(after), strict=True))
    found: list[BrierSplit | NoValue] = []
    for g in range(len(before)):
        sizes = int(before.n[g]), int(after.n[g])
        if not all(sizes):
            empty = " and ".join(
                w for w, n in zip(("before", "after"), sizes, strict=True) if not n
            )
            found.append(NoValue(f"no labelled claims {empty}"))
            continue
        degrees = np.array([before.inputs[g] - 1, after.inputs[g] - 1], dtype=float)
        change, foretold, decalibration = (
            _change((mb[g], ma[g]), np.array([vb[g], va[g]]), degrees, level)
            for (mb, vb), (ma, va) in pairs
        )
        (old, _), (new, _) = pairs[0]
        note = None if degrees.all() else "no interval: one input only in a window"
        found.append(
            BrierSplit(
                before=float(old[g]),
                after=float(new[g]),
                n_before=sizes[0],
                n_after=sizes[1],
                change=change,
                foretold=foretold,
                decalibration=decalibration,
                level=level,
                note=note,
            )
        )
    return tuple(found)


def _change(
    means: tuple[float, float], variances: FloatArray, degrees: FloatArray, level: float
) -> DecomposedChange:
    value = float(means[1] - means[0])
    total = variances.sum()
    if np.isnan(total):
        return DecomposedChange(value, None, None)
    if total == 0:
        return DecomposedChange(value, value, value)
    freedom = total**2 / (variances**2 / degrees).sum()
    half = float(scipy.special.stdtrit(freedom, (1 + level) / 2) * np.sqrt(total))
    return DecomposedChange(value, value - half, value + half)


@dataclass(frozen=True)
class SegmentSplit(Generic[K]):
    """One segment's part in the change of a whole.

    Attributes:
        key: the segment.
        n_before: labelled claims.
        n_after: labelled claims.
        change: its contribution to the whole's change, ``share · mean`` after less before;
            contributions of disjoint segments add up to the whole's, as do those below.
        foretold: to the foretold part.
        decalibration: to decalibration.
        split: the segment's own change, not weighted by its share; `NoValue` when a side is empty.
    """

    key: K
    n_before: int
    n_after: int
    change: float
    foretold: float
    decalibration: float
    split: BrierSplit | NoValue


def brier_split_by_segment(
    before: Mapping[K, Cells], after: Mapping[K, Cells], *, level: float = 0.95
) -> tuple[SegmentSplit[K], ...] | NoValue:
    """Where in the whole a change of the Brier score came from.

    Args:
        before: cells of disjoint segments that make up the first window.
        after: of the second; a segment absent on one side has nothing there.
        level: of the own splits' intervals, simultaneously over the segments, for each of the
            three quantities: they are made at level^(1/S), S the segments labelled in both
            windows (Šidák 1967; exact for independent claims, as segments are disjoint).

    Returns:
        One entry per segment, those of ``before`` first, in the order given; `NoValue` when a
        whole window has no label.
    """
    keys = list(dict.fromkeys([*before, *after]))
    none = np.zeros(0, dtype=np.int64)
    empty = Cells(np.zeros(0), none, none, none)
    old = brier_sums([before.get(key, empty) for key in keys])
    new = brier_sums([after.get(key, empty) for key in keys])
    totals = int(old.n.sum()), int(new.n.sum())
    if not all(totals):
        return NoValue("no labelled claims " + ("before" if not totals[0] else "after"))
    both = max(int(((old.n > 0) & (new.n > 0)).sum()), 1)
    splits = split_sums(old, new, level=level ** (1 / both))

    def contribution(x: InputMoments, y: InputMoments) -> FloatArray:
        return y.x / totals[1] - x.x / totals[0]

    change = contribution(old.brier, new.brier)
    foretold = contribution(old.foretold, new.foretold)
    decalibration = contribution(old.decalibration, new.decalibration)
    return tuple(
        SegmentSplit(
            key,
            int(old.n[g]),
            int(new.n[g]),
            float(change[g]),
            float(foretold[g]),
            float(decalibration[g]),
            splits[g],
        )
        for g, key in enumerate(keys)
    )
