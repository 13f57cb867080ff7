"""Did calibration change between two sets of claims: better, worse, the same, or cannot tell.

What is compared is the size of the gap, ``D = |gap after| − |gap before|``; a change of sign at
equal size is no change of calibration. Inputs are what is counted, however many claims each has.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import scipy

from core.defaults import MINIMUM_INPUTS, TOLERANCE
from core.measure.metrics.intervals import Interval

ChangeVerdict = Literal["better", "worse", "same", "cannot_tell"]
OverallVerdict = Literal["better", "worse", "mixed", "same", "cannot_tell"]

#: A change whose whole interval is smaller than this share of the tolerance is none.
MATERIAL = 0.2
#: Labels are planned so that the answer comes in four of five cases.
_POWER = 0.8


@dataclass(frozen=True)
class SideSums:
    """One number per claim, summed per input j: m_j claims (or weights) with the sum q_j.

    Attributes:
        inputs: distinct inputs.
        m: Σ m_j.
        mm: Σ m_j².
        q: Σ q_j.
        qq: Σ q_j².
        qm: Σ q_j m_j.
    """

    inputs: int
    m: float
    mm: float
    q: float
    qq: float
    qm: float

    @property
    def mean(self) -> float:
        """Σq / Σm; nan without a claim."""
        return self.q / self.m if self.m > 0 else math.nan

    @property
    def effective(self) -> float:
        """Inputs it is worth, (Σm)²/Σm² (Kish 1965), in [0, inputs]."""
        return self.m * self.m / self.mm if self.mm > 0 else 0.0

    @property
    def variance(self) -> float:
        """Of the mean: the linearised ratio estimator over inputs; nan under two of them."""
        if self.inputs < 2 or self.m <= 0:
            return math.nan
        g = self.mean
        spread = max(self.qq - 2 * g * self.qm + g * g * self.mm, 0.0)
        return self.inputs / (self.inputs - 1) * spread / self.m**2


@dataclass(frozen=True)
class Pair:
    """Both sides, and what the inputs that both answered have in common.

    Attributes:
        before, after: the sides.
        shared: inputs in both.
        qq: Σ q_j(before) q_j(after).
        qm: Σ q_j(before) m_j(after).
        mq: Σ m_j(before) q_j(after).
        mm: Σ m_j(before) m_j(after).
    """

    before: SideSums
    after: SideSums
    shared: int = 0
    qq: float = 0.0
    qm: float = 0.0
    mq: float = 0.0
    mm: float = 0.0

    @property
    def inputs(self) -> int:
        """On the smaller side."""
        return min(self.before.inputs, self.after.inputs)

    @property
    def covariance(self) -> float:
        """Of the two means; 0 where no input is shared."""
        if not self.shared:
            return 0.0
        b, a = self.before.mean, self.after.mean
        cross = self.qq - a * self.qm - b * self.mq + a * b * self.mm
        factor = self.shared / (self.shared - 1) if self.shared > 1 else 1.0
        return factor * cross / (self.before.m * self.after.m)


@dataclass(frozen=True)
class GapChange:
    """What became of one group's gap.

    Attributes:
        inputs: on the smaller side.
        before, after: the gaps, with their corrected intervals.
        change: |gap after| − |gap before|, with its corrected interval.
        verdict: see `gap_changes`.
        more_labels: labelled inputs that the smaller side lacks for an answer, were the change
            what it looks like; 0 but for ``cannot_tell``.
    """

    inputs: int
    before: Interval
    after: Interval
    change: Interval
    verdict: ChangeVerdict
    more_labels: int


def difference(pair: Pair, *, level: float = 0.95) -> Interval:
    """Interval of mean after − mean before, by itself; inputs in both are paired.

    Returns:
        nan ends with under two inputs on a side.
    """
    return _linear(pair, -1.0, 1 - level, lowest=-1.0, highest=1.0)


def gap_changes(
    pairs: Sequence[Pair], *, tolerance: float = TOLERANCE, level: float = 0.95
) -> tuple[GapChange, ...]:
    """Judge the change of many groups' gaps together.

    The rule, for each group (the whole, its high-confidence band, every segment):

    1. The family F is all groups with at least `MINIMUM_INPUTS` labelled inputs on both sides.
       Intervals of each are at level ``1 − α/F`` (Bonferroni: groups overlap). Others are
       ``cannot_tell``.
    2. With U = gap after − gap before and W = gap after + gap before,
       ``D = min(max(U, −W), max(W, −U))``. That rises in U and −U, W and −W, so the intervals of
       U and W give that of D. It is no wider than U's where the sign of the gap is plain, and
       claims nothing from noise about a sign that is not (D > 0 needs both U and W, or both −U
       and −W, above 0: an intersection–union test, Berger 1982).
    3. ``same`` when D's interval lies within ±`tolerance` and it holds 0 or lies within
       ±`MATERIAL`·tolerance (1 point for 5); or when both gaps' own intervals lie within
       ±tolerance, for then either is accepted.
    4. else ``worse`` when D's interval lies above 0, ``better`` when below 0.
    5. else ``cannot_tell``.

    U and W have Student's t intervals of the linearised ratio estimator over inputs, the
    covariance of shared inputs counted, J − 1 degrees of freedom (J the smaller side's inputs),
    and the variance of a side's sum raised by z²/2: with few failures the spread says too little,
    and at none the interval is then about the exact one (ln(2/α)/J against z²/√2/J).

    So where no group's |gap| rose, the chance that any is called worse is at most α, and likewise
    for better.

    Args:
        pairs: of residuals v − y; G groups.
        level: 1 − α.
    """
    family = sum(pair.inputs >= MINIMUM_INPUTS for pair in pairs)
    alpha = (1 - level) / max(1, family)
    return tuple(_judged(pair, alpha, tolerance) for pair in pairs)


def overall(whole: OverallVerdict, parts: Sequence[OverallVerdict]) -> OverallVerdict:
    """One word for the whole and its parts; in each, ``mixed`` says that it is both.

    ``worse``: something is, the whole or a part, and nothing is better. ``mixed``: something is
    worse and something better, or only a part is better while the whole is not. ``better``: the
    whole is and nothing is worse. Otherwise what the whole is.

    Args:
        whole: of all claims.
        parts: of the high-confidence band and the segments.
    """
    every = (whole, *parts)
    worse = any(one in ("worse", "mixed") for one in every)
    better = any(one in ("better", "mixed") for one in every)
    if worse:
        return "mixed" if better else "worse"
    return "mixed" if better and whole != "better" else whole


def _judged(pair: Pair, alpha: float, tolerance: float) -> GapChange:
    before, after = (_own(side, alpha) for side in (pair.before, pair.after))
    u = _linear(pair, -1.0, alpha, lowest=-2.0, highest=2.0)
    w = _linear(pair, 1.0, alpha, lowest=-2.0, highest=2.0)
    change = Interval(
        abs(after.value) - abs(before.value),
        max(-1.0, min(max(u.low, -w.high), max(w.low, -u.high))),
        min(1.0, max(u.high, -w.low), max(w.high, -u.low)),
    )
    verdict: ChangeVerdict = "cannot_tell"
    if pair.inputs >= MINIMUM_INPUTS:
        verdict = _verdict(before, after, change, tolerance)
    more = _more_labels(pair, change, alpha, tolerance) if verdict == "cannot_tell" else 0
    return GapChange(pair.inputs, before, after, change, verdict, more)


def _verdict(
    before: Interval, after: Interval, change: Interval, tolerance: float
) -> ChangeVerdict:
    if before.inside(tolerance) and after.inside(tolerance):
        return "same"
    unshown = change.low <= 0 <= change.high or change.inside(MATERIAL * tolerance)
    if change.inside(tolerance) and unshown:
        return "same"
    if change.low > 0:
        return "worse"
    if change.high < 0:
        return "better"
    return "cannot_tell"


def _own(side: SideSums, alpha: float) -> Interval:
    alone = Pair(SideSums(side.inputs, side.m, side.mm, 0.0, 0.0, 0.0), side)
    return _linear(alone, 0.0, alpha, lowest=-1.0, highest=1.0)


def _linear(pair: Pair, sign: float, alpha: float, *, lowest: float, highest: float) -> Interval:
    """Interval of mean after + sign · mean before, sign in {−1, 0, 1}."""
    before, after = pair.before, pair.after
    if before.inputs < 2 or after.inputs < 2:
        return Interval(after.mean + (sign * before.mean if sign else 0.0), lowest, highest)
    value = after.mean + sign * before.mean
    z = float(scipy.special.ndtri(1 - alpha / 2))
    j = before.effective, after.effective
    unseen = 1 / j[1] ** 2
    variance = after.variance
    if sign:
        variance += before.variance + 2 * sign * pair.covariance
        # Inputs in both can differ only once.
        most = max(before.inputs, after.inputs)
        unseen += 1 / j[0] ** 2 - pair.shared / most / (j[0] * j[1])
    t = float(scipy.special.stdtrit(pair.inputs - 1, 1 - alpha / 2))
    half = t * math.sqrt(max(variance, 0.0) + z * z / 2 * max(unseen, 0.0))
    return Interval(value, max(value - half, lowest), min(value + half, highest))


def _more_labels(pair: Pair, change: Interval, alpha: float, tolerance: float) -> int:
    """So that the interval would be narrow enough for a direction, or for ±tolerance."""
    lacking = max(0, MINIMUM_INPUTS - pair.inputs)
    if pair.inputs < 2:
        return lacking
    half = max(change.high - change.value, change.value - change.low)
    wanted = max(abs(change.value), tolerance - abs(change.value))
    z = float(scipy.special.ndtri(1 - alpha / 2))
    times = (
        (half / wanted * (z + float(scipy.special.ndtri(_POWER))) / z) ** 2
        if wanted > 0
        else math.inf
    )
    return max(lacking, 1, math.ceil(pair.inputs * (times - 1))) if math.isfinite(times) else 0
