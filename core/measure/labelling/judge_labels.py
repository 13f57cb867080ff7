"""What a judge's labels add to truth: a narrower interval of the gap, and how far the judge errs.

A judge is whatever labels without being ground truth, an LLM above all. Its labels are many and may
be wrong in any way. Where claims drawn by chance carry a label of truth as well, they show how the
judge errs, and the interval of the gap may rest on both: prediction-powered inference (Angelopoulos
et al. 2023), tuned so that a useless judge costs nothing (PPI++, Angelopoulos, Duchi & Zrnic 2024).
It holds whatever the judge does. Without such claims the judge's labels say nothing of truth.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import scipy

from core.measure.cells.cells import FloatArray, InputSums, IntArray
from core.measure.cells.group_sums import BoolArray
from core.measure.metrics.intervals import clopper_pearson, equivalent_trials, gap_interval

#: Under so many inputs with both labels the judge's are left aside.
MINIMUM_BOTH = 30
#: Further apart than so many standard errors, claims with truth are not like those without.
UNLIKE = 3.0
#: The judge's labels are used only where they narrow the interval to this share of its width.
WORTHWHILE = 0.98
#: The same where chances differ: by less a useless judge seems to help in a few draws of a hundred,
#: and those are the unlucky ones.
WORTHWHILE_BY_CHANCE = 0.95
#: Repeated inputs: under this much kish·p(1−p), or with one input above this share, they are not.
_GATE, _DOMINANT = 20.0, 0.1


@dataclass(frozen=True)
class LabelSums:
    """Sums over the claims of G units; additive over disjoint inputs, every array of shape (G,).

    With r = v − y and q = v − f, f the judge's label, and r_j, q_j and m_j the sums of r, q and 1
    over the claims of input j; where no input repeats every m_j is 1. Where truth is not known, r
    and what is made of it is zero.

    Attributes:
        inputs: distinct inputs J.
        n: claims, Σm_j.
        v: Σv over claims.
        vv: Σv².
        f: Σf.
        s: Σy.
        fs: Σf·y, claims that both call right.
        r: Σr_j.
        q: Σq_j.
        rr: Σr_j².
        qq: Σq_j².
        rq: Σr_j q_j.
        rm: Σr_j m_j.
        qm: Σq_j m_j.
        mm: Σm_j².
        most: the largest m_j.
    """

    inputs: IntArray
    n: IntArray
    v: FloatArray
    vv: FloatArray
    f: FloatArray
    s: FloatArray
    fs: FloatArray
    r: FloatArray
    q: FloatArray
    rr: FloatArray
    qq: FloatArray
    rq: FloatArray
    rm: FloatArray
    qm: FloatArray
    mm: FloatArray
    most: FloatArray

    def __len__(self) -> int:
        return len(self.n)

    @property
    def effective(self) -> FloatArray:
        """Claims these are worth if those of one input are all alike, n²/Σm² (Kish 1965)."""
        n = self.n.astype(float)
        worth: FloatArray = n * n / np.where(self.mm > 0, self.mm, 1)
        return worth

    def take(self, at: IntArray) -> LabelSums:
        """The sums of the named units only, in the order named."""
        return LabelSums(*(getattr(self, one.name)[at] for one in fields(self)))


@dataclass(frozen=True)
class TruthSums:
    """All labels of truth of the same units, whether the judge labelled their claims or not.

    Attributes:
        n: shape (G,), labelled claims.
        s: shape (G,), Σ outcome.
        sv: shape (G,), Σ confidence.
        inputs: sums over inputs where these repeat; None: each claim is its own input.
    """

    n: IntArray
    s: IntArray
    sv: FloatArray
    inputs: InputSums | None = None


@dataclass(frozen=True)
class WeightedSums:
    """The claims with both labels once more, each standing for those that chance left out.

    A claim that was drawn with chance p has the weight w ∝ 1/p; the weights of a unit have the
    mean 1. Every claim is an input of its own.

    Attributes:
        sums: every sum of claims weighted by w; of ``rr``, ``qq``, ``rq``, ``rm``, ``qm`` and
            ``mm`` by w².
        rr: shape (G,), Σwr², weighted by w alone.
        qq: Σwq².
        rq: Σwrq.
    """

    sums: LabelSums
    rr: FloatArray
    qq: FloatArray
    rq: FloatArray


@dataclass(frozen=True)
class JudgeSums:
    """Truth and a judge beside it, of G units: groups, or their high-confidence bands.

    Attributes:
        both: claims with a label of truth and the judge's.
        only: claims with the judge's alone.
        truth: all labels of truth.
        drawn: shape (G,), whether the claims of ``both`` were drawn by chance, each with a known
            one.
        unequal: whether with several.
        weighted: ``both`` by these chances; None where no unit has unequal ones.
    """

    both: LabelSums
    only: LabelSums
    truth: TruthSums
    drawn: BoolArray
    unequal: BoolArray
    weighted: WeightedSums | None = None

    def __len__(self) -> int:
        return len(self.both)


@dataclass(frozen=True)
class Powered:
    """The gap of G units by truth, and where they help by the judge's labels as well; shape (G,).

    Attributes:
        gap: mean confidence − accuracy; nan without a label of truth.
        low: lower end of its interval.
        high: its upper end.
        truth_gap: the gap by the labels of truth alone.
        truth_low: lower end of its interval.
        truth_high: its upper end.
        used: whether the judge's labels are in ``gap``, ``low`` and ``high``; otherwise these are
            those by truth alone.
        weight: of the judge's labels, λ in [0, 1]; 0 where not used.
        worth: labels of truth that would narrow the interval as much, without the judge's; those
            there are where not used.
        weighted: whether they are used with every claim weighted by its chance to be labelled;
            ``gap`` is then of all claims, and ``truth_gap`` of the labelled ones as ever.
        reasons: why the judge's labels are not used; "" where they are.
    """

    gap: FloatArray
    low: FloatArray
    high: FloatArray
    truth_gap: FloatArray
    truth_low: FloatArray
    truth_high: FloatArray
    used: BoolArray
    weight: FloatArray
    worth: FloatArray
    weighted: BoolArray
    reasons: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.gap)


def powered(sums: JudgeSums, *, alpha: float = 0.05, family: bool = False) -> Powered:
    """The gap by truth and judge together, never wider than by truth alone.

    ``gap = r̄ + λ(q̄_only − q̄_both)`` with ``λ = clip(S_rq/(S_qq + z²/2)/(1 + n/M), 0, 1)``, and
    ``± t_{n−2}·√var`` with ``var = (n−1)/(n−2)·[(S_rr − 2λS_rq + λ²S_qq + z²/2)/(n(n−1)) +
    λ²s²_q,only/M]``; S are centred sums, n and M inputs. The ``z²/2`` and the degrees of freedom
    are what PPI++ lacks with few labels: there its 95 % intervals cover .87 to .94, these .945 or
    more from n = 50 for any judge tried (`tests/benchmarks/judges.py`). Beside it stands the
    interval by truth, the wider of `gap_interval` and ``r̄ ± t_{n−1}√((S_rr + z²/2)/(n(n−1)))``,
    and is taken unless the first is narrower by `WORTHWHILE`, both than this and than it would be
    with λ = 0.

    Where inputs repeat the same holds of inputs' sums, centred by ``r_j − r̄·m_j`` (the linearised
    ratio, Cochran 1977, §2.11). The judge's labels are left aside, with the reason, where fewer
    than `MINIMUM_BOTH` inputs have both labels, where these were not drawn by chance, where they
    state another confidence or are judged otherwise than the rest, and where a few inputs hold
    too much.

    Where the chances differ, every claim with both labels is weighted by 1/chance (Hájek 1971) and
    corrected by the judge's labels of all claims (the difference estimator of Särndal, Swensson &
    Wretman 1992, §6.3): ``gap = r̄_w + λ(q̄_all − q̄_w)``, with the variance of the weighted mean
    of r − λq and that of what all claims vary, at as many labels as the weights are worth, and
    never narrower than Clopper–Pearson, as in a family: without that 95 % intervals covered .93 at
    n = 200, with it .95 or more. It is held against the same with λ = 0, for the plain interval is
    of the labelled claims only.

    Args:
        sums: of G units.
        alpha: 1 − confidence level, in (0, 1); of one interval of the family where there is one.
        family: whether many intervals are made together, far out where t is too short for few
            failures: then never narrower than the Clopper–Pearson ends at the
            ``p(1−p)/var`` labels that it is worth, as is always so where chances differ.

    Raises:
        ValueError: alpha is out of range.
    """
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must be in (0, 1), not {alpha}")
    z = float(scipy.special.ndtri(1 - alpha / 2))
    truth_gap, truth_low, truth_high = _by_truth(sums, alpha, z)
    one = _estimate(sums, alpha, z, raised=z * z / 2)
    low, high = one.gap - one.half, one.gap + one.half
    guarded = sums.unequal | family
    if guarded.any():
        right = np.clip(one.accuracy, 0, 1)
        trials = right * (1 - right) / np.where(one.variance > 0, one.variance, np.inf)
        trials = np.where(np.isfinite(trials), trials, 0)
        least, most = clopper_pearson(right * trials, trials, alpha)
        low = np.where(guarded, np.minimum(low, one.gap - (most - right)), low)
        high = np.where(guarded, np.maximum(high, one.gap + (right - least)), high)
    low, high = np.maximum(low, -1), np.minimum(high, 1)
    # What the judge adds is told beside the same form without it, so that no gain is owed to the
    # form alone.
    bare = _estimate(sums, alpha, z, raised=z * z / 2, weight=np.zeros(len(sums)))
    width, usual = high - low, np.where(sums.unequal, 2 * bare.half, truth_high - truth_low)
    needed = np.where(sums.unequal, WORTHWHILE_BY_CHANCE, WORTHWHILE)
    gain = one.half / np.where(bare.half > 0, bare.half, np.inf)
    reasons = _reasons(sums, (gain < needed) & (width < WORTHWHILE * usual))
    used = np.array([not reason for reason in reasons], dtype=np.bool_)
    return Powered(
        gap=np.where(used, one.gap, truth_gap),
        low=np.where(used, low, truth_low),
        high=np.where(used, high, truth_high),
        truth_gap=truth_gap,
        truth_low=truth_low,
        truth_high=truth_high,
        used=used,
        weight=np.where(used, one.weight, 0.0),
        worth=_worth(sums.truth, np.where(used, gain, 1.0), alpha),
        weighted=used & sums.unequal,
        reasons=reasons,
    )


@dataclass(frozen=True)
class JudgeError:
    """How a judge errs where truth is known, of G units; arrays of shape (G,), nan without a claim.

    Every rate has its two-sided Clopper–Pearson interval, at the effective number of claims where
    inputs repeat.

    Attributes:
        n: claims with both labels.
        agreement: share on which both say the same.
        agreement_low: lower end of its interval.
        agreement_high: its upper end.
        false_pass: share of the wrong ones that the judge calls right.
        false_pass_low: lower end of its interval.
        false_pass_high: its upper end.
        false_fail: share of the right ones that the judge calls wrong.
        false_fail_low: lower end of its interval.
        false_fail_high: its upper end.
        level: confidence level of every interval.
    """

    n: IntArray
    agreement: FloatArray
    agreement_low: FloatArray
    agreement_high: FloatArray
    false_pass: FloatArray
    false_pass_low: FloatArray
    false_pass_high: FloatArray
    false_fail: FloatArray
    false_fail_low: FloatArray
    false_fail_high: FloatArray
    level: float


def judge_error(both: LabelSums, *, level: float = 0.95) -> JudgeError:
    """How often a judge is wrong, and in which direction.

    Args:
        both: claims with a label of truth and the judge's, of G units.
    """
    n, s = both.n.astype(float), both.s
    # Claims of one input are taken to be judged alike (Kish 1965).
    share = np.where(both.mm > 0, n / np.where(both.mm > 0, both.mm, 1), 1.0)

    def rate(hits: FloatArray, trials: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        low, high = clopper_pearson(hits * share, trials * share, 1 - level)
        return hits / np.where(trials > 0, trials, np.nan), low, high

    agreed = rate(n - s - both.f + 2 * both.fs, n)
    passed = rate(both.f - both.fs, n - s)
    failed = rate(s - both.fs, s)
    return JudgeError(both.n, *agreed, *passed, *failed, level)


@dataclass(frozen=True)
class _Estimate:
    gap: FloatArray
    accuracy: FloatArray
    weight: FloatArray
    variance: FloatArray
    half: FloatArray


def _estimate(
    sums: JudgeSums, alpha: float, z: float, *, raised: float, weight: FloatArray | None = None
) -> _Estimate:
    """The prediction-powered estimate; nan under three inputs with both labels or two without.

    Args:
        sums: of G units.
        alpha: 1 − confidence level.
        z: its normal quantile.
        raised: what is added to the centred sums of squares; 0 in the textbook form.
        weight: λ; None: the one that makes the variance least.
    """
    both, only = sums.both, sums.only
    n = np.where(both.inputs > 2, both.inputs, np.nan).astype(float)
    more = np.where(only.inputs > 1, only.inputs, np.nan).astype(float)
    claims, others = (np.where(one.n > 0, one.n, np.nan) for one in (both, only))
    r, q, q_more = both.r / claims, both.q / claims, only.q / others
    # Inputs of unequal size count by their size: r_j·J/N is what an input adds to the mean.
    scale, scale_more = (n / claims) ** 2, (more / others) ** 2
    s_rr = scale * (both.rr - 2 * r * both.rm + r * r * both.mm)
    s_qq = scale * (both.qq - 2 * q * both.qm + q * q * both.mm)
    s_rq = scale * (both.rq - r * both.qm - q * both.rm + r * q * both.mm)
    spread_more = scale_more * (only.qq - 2 * q_more * only.qm + q_more**2 * only.mm) / (more - 1)
    s_rr, s_qq, spread_more = (np.maximum(one, 0) for one in (s_rr, s_qq, spread_more))
    given = weight
    if weight is None:
        denominator = s_qq + z * z / 2
        weight = np.clip(s_rq / denominator / (1 + n / more), 0, 1)
    left = np.maximum(s_rr - 2 * weight * s_rq + weight**2 * s_qq, 0)
    variance = (left + raised) / (n * (n - 1)) + weight**2 * spread_more / more
    variance = variance * (n - 1) / (n - 2)
    half = scipy.special.stdtrit(n - 2, 1 - alpha / 2) * np.sqrt(variance)
    plain = _Estimate(
        gap=r + weight * (q_more - q),
        accuracy=both.s / claims + weight * (only.f / others - both.f / claims),
        weight=weight,
        variance=variance,
        half=half,
    )
    if sums.weighted is None:
        return plain
    by_chance = _by_chance(sums, sums.weighted, alpha, raised=raised, weight=given)
    return _Estimate(
        *(
            np.where(sums.unequal, getattr(by_chance, one.name), getattr(plain, one.name))
            for one in fields(_Estimate)
        )
    )


def _by_chance(
    sums: JudgeSums,
    drawn: WeightedSums,
    alpha: float,
    *,
    raised: float,
    weight: FloatArray | None,
) -> _Estimate:
    """The estimate where each claim had its own chance; arguments as of `_estimate`."""
    both, only, w = sums.both, sums.only, drawn.sums
    n = np.where(both.n > 0, both.n, np.nan).astype(float)
    every = n + np.where(only.n > 0, only.n, np.nan)
    worth = np.where(w.effective > 2, w.effective, np.nan)
    r, q = w.r / n, w.q / n
    q_all, f_all = (both.q + only.q) / every, (both.f + only.f) / every
    # Of the weighted means, as the chances and the claims they were drawn from make them vary.
    of_means = n / (n - 1) / n**2
    a_rr = of_means * (w.rr - 2 * r * w.rm + r * r * w.mm)
    a_qq = of_means * (w.qq - 2 * q * w.qm + q * q * w.mm)
    a_rq = of_means * (w.rq - r * w.qm - q * w.rm + r * q * w.mm)
    # Of one claim among all.
    c_qq, c_rq = drawn.qq / n - q * q, drawn.rq / n - r * q
    spare = raised / (worth * (worth - 1))
    if weight is None:
        least = np.maximum(a_qq - c_qq / every, 0) + spare
        weight = np.clip((a_rq - c_rq / every) / np.where(least > 0, least, np.inf), 0, 1)
    left = np.maximum(a_rr - 2 * weight * a_rq + weight**2 * a_qq, 0)
    # All claims vary by r, and of that r − λq is counted already.
    more = (2 * weight * c_rq - weight**2 * c_qq) / every
    variance = np.maximum(left + more, left) + spare
    variance = variance * (worth - 1) / (worth - 2)
    return _Estimate(
        gap=r + weight * (q_all - q),
        accuracy=w.s / n + weight * (f_all - w.f / n),
        weight=weight,
        variance=variance,
        half=scipy.special.stdtrit(worth - 2, 1 - alpha / 2) * np.sqrt(variance),
    )


def _by_truth(sums: JudgeSums, alpha: float, z: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The gap by all labels of truth, and its interval."""
    truth = sums.truth
    known = np.where(truth.n > 0, truth.n, np.nan).astype(float)
    confidence = truth.sv / known
    gap = confidence - truth.s / known
    low, high = gap_interval(confidence, truth.s, truth.n, alpha, truth.inputs)
    # Where confidence says nothing, the labelled claims' own gap varies more than their outcomes.
    both = sums.both
    all_of_them = truth.n == both.n
    n = np.where(all_of_them & (both.inputs > 1), both.inputs, np.nan).astype(float)
    claims = np.where(both.n > 0, both.n, np.nan)
    r = both.r / claims
    spread = np.maximum(both.rr - 2 * r * both.rm + r * r * both.mm, 0) * (n / claims) ** 2
    half = scipy.special.stdtrit(n - 1, 1 - alpha / 2) * np.sqrt(
        (spread + z * z / 2) / (n * (n - 1))
    )
    low = np.fmin(low, np.maximum(gap - half, -1))
    high = np.fmax(high, np.minimum(gap + half, 1))
    return gap, low, high


def _reasons(sums: JudgeSums, narrower: BoolArray) -> tuple[str, ...]:
    both, only = sums.both, sums.only
    dominated = _dominated(both) | _dominated(only)
    apart = _apart(both, only)
    worth = np.full(len(sums), np.inf)
    heavy = np.zeros(len(sums), dtype=np.bool_)
    if sums.weighted is not None:
        by_chance = sums.weighted.sums
        worth = np.where(sums.unequal, by_chance.effective, np.inf)
        heavy = sums.unequal & (by_chance.most > _DOMINANT * both.n)
        # What chance picked unequally is like the rest once it is weighted.
        weighted_apart = _apart(by_chance, _all_of(both, only))
        apart = [
            after if other else before
            for before, after, other in zip(apart, weighted_apart, sums.unequal, strict=True)
        ]
    found = []
    for g in range(len(sums)):
        n = int(both.inputs[g])
        if not both.n[g]:
            reason = "no claim has both a label of ground truth and the judge's"
        elif n < MINIMUM_BOTH:
            reason = f"only {n} inputs have both labels; {MINIMUM_BOTH} are needed"
        elif not sums.drawn[g]:
            reason = (
                "the claims with both labels were not all drawn by chance; draw an audit sample of "
                "what the judge labels"
            )
        elif sums.unequal[g] and both.inputs[g] < both.n[g]:
            reason = (
                "the claims with both labels were drawn with several chances, and their inputs "
                "repeat"
            )
        elif worth[g] < MINIMUM_BOTH:
            reason = (
                f"the claims with both labels were drawn with such different chances that they are "
                f"worth {worth[g]:.0f}; {MINIMUM_BOTH} are needed"
            )
        elif heavy[g]:
            reason = "a claim with both labels had so small a chance that it stands for too many"
        elif only.inputs[g] < 2:
            reason = "the judge labels no more claims than ground truth does"
        elif dominated[g]:
            reason = "a few inputs hold too many of the claims"
        elif apart[g]:
            reason = f"claims with both labels are not like the rest: {apart[g]}"
        elif not narrower[g]:
            reason = "the judge's labels would not narrow the interval"
        else:
            reason = ""
        found.append(reason)
    return tuple(found)


def _dominated(sums: LabelSums) -> BoolArray:
    """Whether repeated inputs are too few, or too unequal, for a normal approximation."""
    n = sums.n.astype(float)
    kish = n * n / np.where(sums.mm > 0, sums.mm, 1)
    right = (sums.f * kish / np.where(n > 0, n, 1) + 2) / (kish + 4)
    few = (kish * right * (1 - right) < _GATE) | (sums.most > _DOMINANT * n)
    dominated: BoolArray = (sums.inputs < sums.n) & few
    return dominated


def _all_of(both: LabelSums, only: LabelSums) -> LabelSums:
    """The sums of both together; inputs that are in both parts count twice."""
    summed = {one.name: getattr(both, one.name) + getattr(only, one.name) for one in fields(both)}
    return LabelSums(**summed | {"most": np.maximum(both.most, only.most)})


def _apart(both: LabelSums, only: LabelSums) -> list[str]:
    """In what the claims with both labels differ from those with the judge's; "" in nothing."""
    n, more = (np.where(one.n > 0, one.n, np.nan).astype(float) for one in (both, only))

    def distance(first: str, second: str) -> FloatArray:
        (a, aa), (b, bb) = ((getattr(one, first), getattr(one, second)) for one in (both, only))
        mean, other = a / n, b / more
        # Repeats of an input are no claims of their own: Σm² for every n (Kish 1965).
        variance = (aa / n - mean**2) * both.mm / n**2 + (bb / more - other**2) * only.mm / more**2
        apart: FloatArray = np.abs(mean - other) / np.sqrt(np.maximum(variance, 1e-300))
        return np.where(np.abs(mean - other) < 1e-12, 0.0, apart)

    confidence, judged = distance("v", "vv"), distance("f", "f")
    return [
        " and ".join(
            ["they state another confidence"] * bool(one > UNLIKE)
            + ["the judge passes another share of them"] * bool(two > UNLIKE)
        )
        for one, two in zip(confidence, judged, strict=True)
    ]


def _worth(truth: TruthSums, ratio: FloatArray, alpha: float) -> FloatArray:
    """Labels of truth that narrow the Clopper–Pearson interval to this ratio of its width."""
    n, s = truth.n.astype(float), truth.s.astype(float)
    trials, right = n, s
    if truth.inputs is not None:
        confidence = truth.sv / np.where(n > 0, n, 1)
        right, trials = equivalent_trials(confidence, s, n, truth.inputs)
    accuracy = right / np.where(trials > 0, trials, 1)

    def width(trials: FloatArray) -> FloatArray:
        low, high = clopper_pearson(accuracy * trials, trials, alpha)
        return high - low

    wanted = ratio * width(trials)
    low, high = np.log(np.maximum(trials, 1)), np.log(np.maximum(trials, 1)) + 14.0
    for _ in range(50):
        middle = (low + high) / 2
        wider = width(np.exp(middle)) > wanted
        low, high = np.where(wider, middle, low), np.where(wider, high, middle)
    found: FloatArray = np.where((ratio < 1) & (trials > 0), np.exp(high), trials)
    return found
