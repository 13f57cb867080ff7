"""Honesty about labels: what the unlabelled could change, and what a logged sampling puts right.

Labels that come in by themselves are seldom a fair sample: failures are reported faster, doubtful
cases are reviewed, automated ones are not. `bounds` says what could be true with no assumption at
all; `inverse_propensity` what is true if each labelled claim's chance of being labelled is known;
`escalated_only` notices that neither is possible for what the system did by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt
import scipy

from core.measure.cells.cells import FloatArray, IntArray
from core.measure.metrics.intervals import clopper_pearson

Numbers = npt.ArrayLike

#: A labelled claim stands for at most so many claims, unless asked otherwise.
MAXIMUM_WEIGHT = 100.0
#: Below this share of labelled automated claims the automated ones count as not sampled.
AUTOMATED_COVERAGE_MINIMUM = 0.05


@dataclass(frozen=True)
class Bounds:
    """The gap over *all* stated claims, whatever the missing labels will be.

    Every array has the groups' shape; nan in a group without a stated claim.

    Attributes:
        gap_if_wrong: the gap if every unlabelled claim were wrong, the most it can be.
        gap_if_right: if every one were right, the least.
    """

    gap_if_wrong: FloatArray
    gap_if_right: FloatArray


def bounds(n_claims: Numbers, n: Numbers, s: Numbers, sum_v: Numbers) -> Bounds:
    """Worst and best case for the unlabelled (Manski 1990, worst-case bounds).

    Arguments broadcast. The bounds are about the claims that were made, and hold for certain;
    their width is 1 − coverage. No sampling error is in them.

    Args:
        n: the labelled among them.
        s: sum of outcomes of the labelled.
        sum_v: sum of confidences of *all stated* claims, labelled or not.
    """
    claims = np.asarray(n_claims, float)
    known = np.where(claims > 0, claims, np.nan)
    right, confidence = np.asarray(s, float) / known, np.asarray(sum_v, float) / known
    most = right + (claims - np.asarray(n, float)) / known
    return Bounds(confidence - right, confidence - most)


@dataclass(frozen=True)
class PropensitySums:
    """What the inverse-propensity estimate of G groups needs; additive over disjoint inputs.

    Over labelled claims with a logged propensity π, of weight w = min(1/π, ``maximum_weight``).
    Sums over inputs j: W_j = Σ w, Y_j = Σ w·y, R_j = Σ w(v − y) over the input's claims; a claim
    of an input of its own is one input. Arrays of shape (G,).

    Attributes:
        n_labelled: labelled claims, with a propensity or without.
        n: those with one; the estimate rests on these alone.
        n_capped: those whose weight was cut at ``maximum_weight``.
        inputs: distinct inputs J among the n.
        w: Σ W_j.
        wy: Σ Y_j.
        wr: Σ R_j.
        ww: Σ W_j².
        ww_y: Σ W_j Y_j.
        yy: Σ Y_j².
        ww_r: Σ W_j R_j.
        rr: Σ R_j².
        maximum_weight: the cap.
    """

    n_labelled: IntArray
    n: IntArray
    n_capped: IntArray
    inputs: IntArray
    w: FloatArray
    wy: FloatArray
    wr: FloatArray
    ww: FloatArray
    ww_y: FloatArray
    yy: FloatArray
    ww_r: FloatArray
    rr: FloatArray
    maximum_weight: float = MAXIMUM_WEIGHT

    def __len__(self) -> int:
        return len(self.n)

    @property
    def sound(self) -> npt.NDArray[np.bool_]:
        """Whether every label logs its chance and none has to count for less than it stands for."""
        found: npt.NDArray[np.bool_] = (
            (self.n > 0) & (self.n == self.n_labelled) & (self.n_capped == 0)
        )
        return found

    def take(self, groups: Sequence[int]) -> PropensitySums:
        """The same of some of the groups."""
        at = np.asarray(groups, dtype=np.int64)
        of = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "maximum_weight"}
        return replace(self, **{name: values[at] for name, values in of.items()})


@dataclass(frozen=True)
class Weighted:
    """Inverse-propensity estimates of G groups, shape (G,); nan without a logged propensity.

    Attributes:
        n: labelled claims that carry a propensity.
        n_capped: those among them whose weight was cut.
        effective_n: equally weighted claims they are worth (Kish), 0 … inputs.
        accuracy: of all claims, labelled or not.
        accuracy_low: lower end of its interval; nan with one input only.
        accuracy_high: upper end.
        gap: of all claims.
        gap_low: lower end of its interval; nan with one input only.
        gap_high: upper end.
        maximum_weight: the cap.
        level: confidence level of the intervals.
    """

    n: IntArray
    n_capped: IntArray
    effective_n: FloatArray
    accuracy: FloatArray
    accuracy_low: FloatArray
    accuracy_high: FloatArray
    gap: FloatArray
    gap_low: FloatArray
    gap_high: FloatArray
    maximum_weight: float
    level: float


def inverse_propensity(sums: PropensitySums, *, level: float = 0.95) -> Weighted:
    """Accuracy and gap of all claims, from labels that were sampled with known chances.

    Hájek's ratio ``Σwy/Σw``, and ``Σw(v−y)/Σw`` for the gap (Hájek 1971). It repairs selective
    labels if every claim had a chance above zero of being labelled and the logged chances are
    true. Cutting weights trades some bias for less variance (Potter 1990): with ``n_capped`` > 0
    the rarest-sampled claims count for too little.

    Effective size ``(Σ_j W_j)²/Σ_j W_j²`` (Kish 1965, §8.2), over inputs. Interval: the linearised
    ratio over inputs, ``± t_{J−1}·√(J/(J−1)·Σ_j (R_j − ĝW_j)²)/Σw`` (Särndal, Swensson & Wretman
    1992, §5.7, sampling with replacement), or the Clopper–Pearson ends of the accuracy at the
    effective size where those lie further out (Korn & Graubard 1998): a few labels that agree
    have no spread, and still are not certain.

    Args:
        sums: of G groups.
    """
    known = np.where(sums.n > 0, sums.w, np.nan)
    effective = np.where(sums.n > 0, sums.w**2 / np.where(sums.ww > 0, sums.ww, 1), 0.0)
    accuracy = np.clip(sums.wy / known, 0, 1)
    gap = sums.wr / known
    several = sums.inputs > 1
    # Unanimous outcomes must stay exactly all, whatever the rounding.
    right = np.where(sums.wy == sums.w, effective, np.minimum(accuracy * effective, effective))
    trials = np.where(several, effective, 0.0)
    least, most = clopper_pearson(np.where(several, right, 0.0), trials, 1 - level)

    def half(ratio: FloatArray, product: FloatArray, square: FloatArray) -> FloatArray:
        count = np.where(several, sums.inputs, np.nan)
        spread = np.maximum(square - 2 * ratio * product + ratio**2 * sums.ww, 0)
        error = np.sqrt(count / (count - 1) * spread) / known
        widened: FloatArray = scipy.special.stdtrit(count - 1, (1 + level) / 2) * error
        return widened

    half_accuracy = half(accuracy, sums.ww_y, sums.yy)
    half_gap = half(gap, sums.ww_r, sums.rr)
    claimed = gap + accuracy
    return Weighted(
        n=sums.n,
        n_capped=sums.n_capped,
        effective_n=effective,
        accuracy=accuracy,
        accuracy_low=np.minimum(least, np.maximum(accuracy - half_accuracy, 0)),
        accuracy_high=np.maximum(most, np.minimum(accuracy + half_accuracy, 1)),
        gap=gap,
        gap_low=np.minimum(claimed - most, np.maximum(gap - half_gap, -1)),
        gap_high=np.maximum(claimed - least, np.minimum(gap + half_gap, 1)),
        maximum_weight=sums.maximum_weight,
        level=level,
    )


@dataclass(frozen=True)
class LabelledWhere:
    """Whether labels exist only for what people looked at; false in a condition if not.

    Attributes:
        escalated_only: the labels are of escalated or reviewed cases only; what the system
            automated gets no verdict.
        reason: the counts it rests on, as a clause a sentence can end with.
        automated: (stated, labelled) claims that were automated.
        others: (stated, labelled) claims that were reviewed or escalated.
    """

    escalated_only: bool
    reason: str
    automated: tuple[int, int]
    others: tuple[int, int]

    def __bool__(self) -> bool:
        return self.escalated_only


def escalated_only(
    coverage: Mapping[str | None, tuple[int, int]],
    *,
    minimum: float = AUTOMATED_COVERAGE_MINIMUM,
) -> LabelledWhere:
    """Whether a signal is labelled only where its cases were reviewed or escalated.

    It is when under ``minimum`` of the automated claims are labelled while the reviewed and
    escalated ones are, at that share or more. Then accuracy and gap speak of the cases people
    looked at, and of nothing else: selection on the very doubt that is to be judged (Heckman
    1979). A random audit of automated claims with its chance logged as ``label_propensity``
    puts it right, however small: ask for `inverse_propensity` before this rule.

    Args:
        coverage: action → (stated, labelled) claims; None where no action is logged. Give it
            cohorts that are mature, or a young automated case looks unlabelled for good.
        minimum: share of automated claims, in [0, 1].

    Returns:
        The answer, and why.
    """

    def total(*actions: str) -> tuple[int, int]:
        pairs = [coverage.get(action, (0, 0)) for action in actions]
        return sum(n_claims for n_claims, _ in pairs), sum(n for _, n in pairs)

    automated, others = total("automate"), total("review", "escalate")
    if not automated[0] or not others[0]:
        lacking = "automated" if not automated[0] else "reviewed or escalated"
        return LabelledWhere(False, f"no claim is logged as {lacking}", automated, others)
    share, other_share = automated[1] / automated[0], others[1] / others[0]
    reason = (
        f"{automated[1]:,} of {automated[0]:,} automated claims are labelled ({_percent(share)}), "
        f"and {others[1]:,} of {others[0]:,} reviewed or escalated ones ({_percent(other_share)})"
    )
    return LabelledWhere(share < minimum <= other_share, reason, automated, others)


def _percent(share: float) -> str:
    """A share in whole percent, never rounded to a plain 0 or 100 % that it is not."""
    if 0 < share < 0.01:
        return "under 1 %"
    return f"{100 * share if share == 1 else min(100 * share, 99):.0f} %"
