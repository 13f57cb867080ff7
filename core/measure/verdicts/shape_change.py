"""Did the shape of errors change: worse, better, the same, or cannot tell.

What is compared is the expected calibration error over bands that both sides share,
``D = L1 after − L1 before``, where the gap alone sees nothing of errors that cancel
(`core.measure.metrics.shape`).

With the patterns ε of `core.measure.metrics.shape.patterns`, both signs, and ``σ_b = sign(S_b
before)``

    low = max_ε [ Σ ε_b S_b(after)/N_a − ECE before − c·sd(ε) ]

is a lower bound of D: the first sum is at most L1 after, and the ECE is at least the sum by the
*true* signs. sd is of that difference over inputs, shared ones paired, and raised by c²/2 for what
few failures do not show; c is the 1 − α/2 quantile of the largest. The upper bound is the same
with the sides swapped. The ECE before is biased upwards, so the answer is slow; few bands make it
less so: at most `BANDS_COMPARED`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy

from core.defaults import MINIMUM_INPUTS, TOLERANCE
from core.measure.cells.cells import FloatArray, IntArray
from core.measure.metrics.intervals import Interval
from core.measure.metrics.shape import critical_value, patterns
from core.measure.verdicts.before_after import MATERIAL, ChangeVerdict

#: Labels are planned so that an answer comes in four of five cases.
_POWER = 0.8
#: Beyond so many times the labels there are no number is named.
_MOST_TIMES = 1000.0
#: Of the search for it: to a thousandth.
_HALVINGS = 20

#: Bands of a comparison: more find finer shapes, later.
BANDS_COMPARED = 5


@dataclass(frozen=True)
class BandPair:
    """Two sides over B shared bands, summed over inputs: 2B units, those before first.

    With q_ju and m_ju the residual sum and the claims (or weights) of input j in unit u.

    Attributes:
        inputs: distinct inputs before, and after.
        shared: inputs in both.
        m: shape (2B,), Σ_j m_ju.
        s: the same shape, the right ones among them.
        q: the same shape, Σ_j q_ju.
        qq: shape (2B, 2B), Σ_j q_ju q_jw at [u, w].
        qm: the same shape, Σ_j q_ju m_jw.
        mm: the same shape, Σ_j m_ju m_jw.
    """

    inputs: tuple[int, int]
    shared: int
    m: FloatArray
    s: FloatArray
    q: FloatArray
    qq: FloatArray
    qm: FloatArray
    mm: FloatArray

    @property
    def bands(self) -> int:
        """B."""
        return len(self.m) // 2

    @cached_property
    def total(self) -> tuple[float, float]:
        """Claims (or their weights) before, and after."""
        return float(self.m[: self.bands].sum()), float(self.m[self.bands :].sum())

    @cached_property
    def effective(self) -> tuple[float, float]:
        """Inputs that each side is worth, (Σm)²/Σm² (Kish 1965)."""
        squares = (self.mm[: self.bands, : self.bands], self.mm[self.bands :, self.bands :])
        return tuple(  # type: ignore[return-value]
            n * n / float(mm.sum()) if n > 0 else 0.0
            for n, mm in zip(self.total, squares, strict=True)
        )

    def swapped(self) -> BandPair:
        """The sides the other way round."""
        turn = np.r_[self.bands : 2 * self.bands, : self.bands]
        across = np.ix_(turn, turn)
        return BandPair(
            self.inputs[::-1],
            self.shared,
            self.m[turn],
            self.s[turn],
            self.q[turn],
            self.qq[across],
            self.qm[across],
            self.mm[across],
        )


@dataclass(frozen=True)
class ShapeChange:
    """What became of one group's shape.

    Attributes:
        effective: inputs that the smaller side is worth.
        bands: bands with a label on a side.
        before, after: the expected calibration errors over the bands, with their upper bounds;
            their lower ends are no bounds but 0.
        change: error after − error before, with its interval.
        verdict: see `shape_change`.
        more_labels: labelled inputs that the smaller side lacks for an answer, in four of five
            cases, were errors and change what they look like beyond their noise; 0 where it is
            told, or where no reasonable number would.
    """

    effective: float
    bands: int
    before: Interval
    after: Interval
    change: Interval
    verdict: ChangeVerdict
    more_labels: int = 0


def shared_bands(n: FloatArray | IntArray, most: int = BANDS_COMPARED) -> IntArray:
    """The bands of a comparison: each confidence its own, or neighbours taken together.

    They depend on what was stated, never on outcomes. More than ``most`` confidences at two
    decimals are cut into bands of about equal size; equal width would put most of an LLM's
    confidences in one.

    Args:
        n: shape (101,), labelled claims of both sides at each hundredth of confidence.
        most: bands.

    Returns:
        Shape (101,), the band of each hundredth, 0 … at most most − 1, not falling.
    """
    n = np.asarray(n, dtype=np.float64)
    labelled = n > 0
    if np.count_nonzero(labelled) <= most:
        place = np.cumsum(labelled) - 1
    else:
        middle = np.cumsum(n) - n / 2
        place = np.minimum(most * middle / n.sum(), most - 1).astype(np.int64)
        # A confidence that fills several bands leaves some without a claim.
        used = np.zeros(most, dtype=np.bool_)
        used[place[labelled]] = True
        place = np.cumsum(used)[place] - 1
    found: IntArray = np.maximum(place, 0)
    return found


def shape_change(
    pair: BandPair, *, alpha: float = 0.05, tolerance: float = TOLERANCE
) -> ShapeChange:
    """Judge the change of one group's shape.

    - ``same`` when both errors' upper bounds are within the tolerance, for then either is accepted;
      or when the change's interval lies within
      ±`core.measure.verdicts.before_after.MATERIAL`·tolerance;
    - else ``worse`` when the interval lies above 0, ``better`` when below;
    - else ``cannot_tell``, and under `MINIMUM_INPUTS` effective inputs on a side.

    Where the error did not rise, the chance of ``worse`` is at most alpha/2; likewise ``better``.

    Args:
        pair: the group's sums.
        alpha: 1 − confidence level of the interval; a family is corrected for by the caller.
        tolerance: the error accepted, in [0, 1].
    """
    effective = min(pair.effective)
    bands = np.count_nonzero(pair.m[: pair.bands] + pair.m[pair.bands :])
    if min(pair.total) <= 0:
        nothing = Interval(math.nan, math.nan, math.nan)
        return ShapeChange(effective, int(bands), nothing, nothing, nothing, "cannot_tell")
    sides = _Sides(pair)
    turned = _Sides(pair.swapped())
    before, after = sides.error(alpha), turned.error(alpha)
    value = after.value - before.value
    if effective < MINIMUM_INPUTS:
        nowhere = Interval(value, -1.0, 1.0)
        lacking = math.ceil(MINIMUM_INPUTS - effective)
        return ShapeChange(effective, int(bands), before, after, nowhere, "cannot_tell", lacking)
    change = Interval(value, max(sides.least(alpha / 2), -1.0), min(-turned.least(alpha / 2), 1.0))
    verdict: ChangeVerdict = "cannot_tell"
    if max(before.high, after.high) <= tolerance or change.inside(MATERIAL * tolerance):
        verdict = "same"
    elif change.low > 0:
        verdict = "worse"
    elif change.high < 0:
        verdict = "better"
    more = 0
    if verdict == "cannot_tell":
        times = min(
            max(one.times_to_clear(alpha, tolerance) for one in (sides, turned)),
            _times_to_direct(change, alpha),
        )
        more = math.ceil(effective * (times - 1)) if times <= _MOST_TIMES else 0
    return ShapeChange(effective, int(bands), before, after, change, verdict, more)


def _times_to_direct(change: Interval, alpha: float) -> float:
    """So many times the labels narrow the interval to one side of 0; inf where nothing changed."""
    size = abs(change.value)
    half = change.value - change.low if change.value > 0 else change.high - change.value
    z = float(scipy.special.ndtri(1 - alpha / 2))
    return (
        (half / size * (z + float(scipy.special.ndtri(_POWER))) / z) ** 2 if size > 0 else math.inf
    )


class _Sides:
    """Covariances of the sums of one pair, "after" against "before"."""

    def __init__(self, pair: BandPair) -> None:
        self.pair, size = pair, pair.bands
        gap = pair.q / np.where(pair.m > 0, pair.m, 1)
        mixed = pair.qm * gap[None, :]
        self.covariance = pair.qq - mixed - mixed.T + np.outer(gap, gap) * pair.mm
        for at, inputs in ((slice(0, size), pair.inputs[0]), (slice(size, None), pair.inputs[1])):
            self.covariance[at, at] *= inputs / max(inputs - 1, 1)
        own = np.diag(pair.mm)
        kish = pair.m**2 / np.where(own > 0, own, 1)
        p = (pair.s / np.where(pair.m > 0, pair.m, 1) * kish + 2) / (kish + 4)
        root = np.where(pair.m > 0, np.sqrt(np.clip(p * (1 - p), 0, 0.25)), 0)
        #: As if an input's claims stood and fell together; of one side.
        self.together = np.outer(root, root) * pair.mm

    def error(self, alpha: float) -> Interval:
        """ECE of the side before, with the upper bound of the true one."""
        size, total = self.pair.bands, self.pair.total[0]
        z = float(scipy.special.ndtri(1 - alpha / 2))
        own = slice(0, size)
        variance = max(np.abs(self.covariance[own, own]).sum(), self.together[own, own].sum())
        value = float(np.abs(self.pair.q[own]).sum() / total)
        unseen = z * z / 2 * (total / self.pair.effective[0]) ** 2
        return Interval(value, 0.0, min(value + z * math.sqrt(variance + unseen) / total, 1.0))

    def times_to_clear(self, alpha: float, tolerance: float) -> float:
        """So many times its labels the side before needs for an upper bound within the tolerance.

        As `core.measure.metrics.shape.labels_to_clear`: a band's true error is what it shows beyond
        its noise, and the ECE of so many labels that of such a signal. Inf where none would do.
        """
        size, total = self.pair.bands, self.pair.total[0]
        own = slice(0, size)
        cluster, together = self.covariance[own, own], self.together[own, own]
        noise = np.maximum(np.diag(cluster), np.diag(together))
        mean = np.sqrt(np.maximum(self.pair.q[own] ** 2 - noise, 0)) / total
        variance = max(np.abs(cluster).sum(), together.sum())
        z = float(scipy.special.ndtri(1 - alpha / 2))
        unseen = z * z / 2 * (total / self.pair.effective[0]) ** 2

        def short(times: float) -> bool:
            sd = np.sqrt(np.maximum(noise, 1e-12) / times) / total
            x = mean / sd
            # Mean and variance of the folded normal.
            folded = np.sqrt(2 / np.pi) * sd * np.exp(-x * x / 2)
            folded += mean * scipy.special.erf(x / np.sqrt(2))
            loose = np.maximum(mean**2 + sd**2 - folded**2, 0).sum()
            half = z * math.sqrt(variance / times + unseen / times**2) / total
            return (
                float(folded.sum() + float(scipy.special.ndtri(_POWER)) * math.sqrt(loose) + half)
                > tolerance
            )

        low, high = 0.0, math.log10(_MOST_TIMES)
        if short(10**high):
            return math.inf
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            low, high = (middle, high) if short(10**middle) else (low, middle)
        return float(10**high)

    def least(self, alpha: float) -> float:
        """Lower bound, one-sided, of the error after less the error before."""
        pair, size = self.pair, self.pair.bands
        n_before, n_after = pair.total
        used = np.flatnonzero(pair.m[size:])
        family = np.zeros((0, size))
        if len(used):
            half = patterns(len(used))
            family = np.zeros((2 * len(half), size))
            family[:, used] = np.concatenate([half, -half])
        weights = np.concatenate(
            [
                np.broadcast_to(-np.sign(pair.q[:size]) / n_before, family.shape),
                family / n_after,
            ],
            axis=1,
        )
        reach = weights @ pair.q
        variance = self._variance(weights[:, :size]) + self._variance(weights[:, size:], size)
        crossed = self.covariance[:size, size:]
        variance += 2 * np.einsum("pb,bc,pc->p", weights[:, :size], crossed, weights[:, size:])
        c = critical_value(weights @ self._root(), alpha, one_sided=True)
        unseen = sum(1 / j**2 for j in pair.effective)
        unseen -= pair.shared / max(pair.inputs) / math.prod(pair.effective)
        deviation = np.sqrt(np.maximum(variance, 0) + c * c / 2 * max(unseen, 0))
        return float((reach - c * deviation).max())

    def _variance(self, weights: FloatArray, start: int = 0) -> FloatArray:
        own = slice(start, start + self.pair.bands)
        clustered = np.einsum("pb,bc,pc->p", weights, self.covariance[own, own], weights)
        sizes = np.abs(weights)
        together = np.einsum("pb,bc,pc->p", sizes, self.together[own, own], sizes)
        found: FloatArray = np.maximum(clustered, together)
        return found

    def _root(self) -> FloatArray:
        """A root of the joint covariance, which no band leaves singular for want of failures."""
        matrix = self.covariance.copy()
        at = np.arange(len(matrix))
        matrix[at, at] = np.maximum(matrix[at, at], np.diag(self.together))
        values, vectors = np.linalg.eigh(matrix)
        found: FloatArray = vectors * np.sqrt(np.maximum(values, 0))
        return found
