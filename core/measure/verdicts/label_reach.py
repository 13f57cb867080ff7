"""Whether a group's labels may speak for all of its claims, or for the labelled ones only.

A verdict on labelled claims is one on all claims only if being labelled has nothing to do with
being right. That cannot be seen of claims whose outcome is unknown; what can be seen is whether
coverage depends on what *is* known of every claim. Where the confidence says anything of the
outcome, labels that are chosen by outcome are also uneven over the confidences, which is how a
feed that reports failures first is noticed. An even coverage proves nothing, but then there is no
sign of a choice; what the missing labels could change at most stands beside it (Manski 1990).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy

from core.measure.cells.cells import FloatArray, IntArray
from core.measure.cells.group_sums import BoolArray
from core.measure.metrics.label_bias import LabelledWhere, PropensitySums, inverse_propensity

SpeaksFor = Literal["all", "labelled"]

#: Coverage is uneven when chance would show as much less often than this, over all comparisons,
SIGNIFICANT = 0.01
#: and when the two shares differ by as much,
COVERAGE_DIFFERENCE = 0.1
#: or one is so many times the other.
COVERAGE_RATIO = 2.0
#: So large a difference of the gap counts.
GAP_DIFFERENCE = 0.01
#: What the bands of confidence are called.
BAND = "confidence band"
#: Claims that a value and its others both need to be compared.
MINIMUM_CLAIMS = 30


@dataclass(frozen=True)
class Uneven:
    """Claims of one value that are labelled more, or less, than the others.

    Attributes:
        dimension: what tells the claims apart, such as ``confidence_band``.
        value: which of its values; None: claims that name none.
        n: labelled claims of the value.
        n_claims: its stated claims.
        others_n: labelled claims of all other values.
        others_claims: stated claims of these.
        p_value: of the difference, corrected over the values compared.
        within: it shows within several groups taken together, each by itself too small to show it.
    """

    dimension: str
    value: str | None
    n: int
    n_claims: int
    others_n: int
    others_claims: int
    p_value: float
    within: bool = False


@dataclass(frozen=True)
class EarlyLabels:
    """The gap of the same claims by the labels known early, and by all that came in the end.

    Attributes:
        days: age at which the early ones were known.
        final_days: age that is taken as final.
        gap, n: of the labels known early.
        final_gap, final_n: of all known at the final age.
        p_value: chance of early and later labels so unlike, corrected over the ages compared.
    """

    days: int
    final_days: int
    gap: float
    n: int
    final_gap: float
    final_n: int
    p_value: float


@dataclass(frozen=True)
class WeightedGap:
    """The gap of all claims of a group by labels that each count by their logged chance.

    Attributes:
        gap: in [−1, 1].
        low, high: its 95 % interval, see `core.measure.metrics.label_bias.inverse_propensity`.
    """

    gap: float
    low: float
    high: float


@dataclass(frozen=True)
class LabelReach:
    """For which claims of a group its labels speak.

    Attributes:
        speaks_for: ``all`` stated claims, or only the ``labelled`` ones.
        n_claims: stated claims old enough to be looked at.
        n: the labelled among them.
        gap_if_right: the gap of all these claims were every unlabelled one right; nan without any.
        gap_if_wrong: were every one wrong.
        uneven: the value whose coverage stands out; None where none does.
        escalated: the labels are of escalated or reviewed cases only; None where they are not.
        by_chance: labels were drawn with logged chances that differ.
        early: the newest claims have only their first labels, which are unlike the later ones.
        no_truth: the labels are of a source that is not ground truth, such as a judge.
        weighted: the gap by those chances, where every label logs its own and none had to be cut.
    """

    speaks_for: SpeaksFor
    n_claims: int
    n: int
    gap_if_right: float
    gap_if_wrong: float
    uneven: Uneven | None = None
    escalated: LabelledWhere | None = None
    by_chance: bool = False
    early: EarlyLabels | None = None
    no_truth: bool = False
    weighted: WeightedGap | None = None


def weighted_gaps(sums: PropensitySums) -> tuple[WeightedGap | None, ...]:
    """The gap of each of G groups by the logged chances of its labels.

    None where it cannot be told: a label logs no chance, or had to count for less than it stands
    for, or the interval has no end.
    """
    found = inverse_propensity(sums)
    ends = zip(found.gap.tolist(), found.gap_low.tolist(), found.gap_high.tolist(), strict=True)
    return tuple(
        WeightedGap(*one) if good and all(map(math.isfinite, one)) else None
        for one, good in zip(ends, sums.sound.tolist(), strict=True)
    )


def p_of_difference(
    s: tuple[float, float], n: tuple[float, float], shift: float = 0.0, *, effect: float = 1.0
) -> float:
    """Chance of two shares this far apart, or further, if they were one (pooled z test).

    ``z = (s₁/n₁ − s₂/n₂ − shift) / √(p(1−p)(1/n₁ + 1/n₂)·effect)``, two-sided (Fleiss, Levin &
    Paik 2003, §3.1); the design effect is Kish's (1965).

    Args:
        s: successes of the two.
        n: trials of the two, > 0.
        shift: the difference expected without any, such as that of the confidences.
        effect: design effect, at least 1.

    Returns:
        The p-value, in [0, 1]; 1 where both shares are 0, or both 1.
    """
    pooled = sum(s) / sum(n)
    error = np.sqrt(pooled * (1 - pooled) * (1 / n[0] + 1 / n[1]) * effect)
    if error == 0:
        return 1.0
    return float(scipy.special.erfc(abs(s[0] / n[0] - s[1] / n[1] - shift) / error / np.sqrt(2)))


def most_uneven(
    dimension: str,
    values: Sequence[str | None],
    n_claims: IntArray,
    n: IntArray,
    *,
    effect: float = 1.0,
    less_only: bool = False,
    only: int | None = None,
    groups: int = 1,
) -> Uneven | None:
    """The value whose coverage is furthest from the others' for certain.

    Args:
        values: K of them.
        n_claims: shape (K,), stated claims.
        n: shape (K,), the labelled among them.
        effect: design effect of repeated inputs, at least 1.
        less_only: only a value that is labelled less than the others counts.
        only: index of the one value to look at; None: each, corrected over the K (Bonferroni).
        groups: groups looked at side by side, over which it is corrected as well.

    Returns:
        None where none is: too few claims, no difference beyond chance, or none that matters.
    """
    stated, labelled = int(n_claims.sum()), int(n.sum())
    asked = range(len(values)) if only is None else (only,)
    best: Uneven | None = None
    furthest = 0.0
    for i in asked:
        one, own = int(n_claims[i]), int(n[i])
        rest, other = stated - one, labelled - own
        if min(one, rest) < MINIMUM_CLAIMS:
            continue
        here, there = own / one, other / rest
        if not _matters(here, there) or (less_only and here >= there):
            continue
        p = p_of_difference((own, other), (one, rest), effect=effect) * len(asked) * groups
        if p <= SIGNIFICANT and abs(here - there) > furthest:
            furthest = abs(here - there)
            best = Uneven(dimension, values[i], own, one, other, rest, p)
    return best


def most_uneven_band(
    values: Sequence[str | None],
    n_claims: IntArray,
    n: IntArray,
    *,
    effect: float = 1.0,
    groups: int = 1,
) -> Uneven | None:
    """`most_uneven` of bands of confidence; the highest, where nobody looks any more, goes first.

    Args:
        values: labels of the bands, ascending.
        n_claims: shape (K,), stated claims.
        n: shape (K,), the labelled among them.
        effect: design effect of repeated inputs, at least 1.
        groups: groups looked at side by side.
    """
    if not len(values):
        return None
    last = len(values) - 1
    top = most_uneven(BAND, values, n_claims, n, effect=effect, only=last, groups=groups)
    return top or most_uneven(BAND, values, n_claims, n, effect=effect, groups=groups)


def uneven_within(
    dimension: str,
    values: Sequence[str | None],
    n_claims: IntArray,
    n: IntArray,
    *,
    effect: float = 1.0,
) -> tuple[Uneven, BoolArray] | None:
    """The value whose coverage differs from the others' within groups, all of them together.

    Groups too small to show a choice by themselves show it together: the stratified test of one
    value against the others (Mantel & Haenszel 1959; Cochran 1954), which never compares claims of
    two groups, so that groups that differ in coverage and confidence alone show nothing.

    Args:
        values: K of them.
        n_claims: shape (G, K), stated claims by group and value.
        n: shape (G, K), the labelled among them.
        effect: design effect of repeated inputs, at least 1.

    Returns:
        The value, its counts being those of all groups, and shape (G,) whether it may hold for a
        group: not where the group has no claim to compare, or its own labels show that they are
        less uneven than that. None: no value, by chance alone or not enough to matter.
    """
    best: tuple[Uneven, BoolArray] | None = None
    furthest = 0.0
    stated, labelled = n_claims.sum(axis=1), n.sum(axis=1)
    for i, value in enumerate(values):
        one, own = n_claims[:, i], n[:, i]
        rest, other = stated - one, labelled - own
        both = (one > 0) & (rest > 0)
        if min(one[both].sum(), rest[both].sum()) < MINIMUM_CLAIMS:
            continue
        total = np.where(both, stated, 1).astype(np.float64)
        weight = np.where(both, one * rest / total, 0.0)
        here = float((own * rest / total)[both].sum() / weight.sum())
        there = float((other * one / total)[both].sum() / weight.sum())
        counts = [int(column[both].sum()) for column in (own, one, other, rest)]
        plain = counts[0] / counts[1] - counts[2] / counts[3]
        if not _matters(here, there) or plain * (here - there) <= 0:
            continue
        spread = weight * labelled * (stated - labelled) / (total * np.maximum(total - 1, 1))
        if spread.sum() <= 0:
            continue
        moved = (own - one * labelled / total)[both].sum()
        error = float(np.sqrt(spread.sum() * effect))
        p = float(scipy.special.erfc(abs(moved) / error / np.sqrt(2))) * len(values)
        if p <= SIGNIFICANT and abs(here - there) > furthest:
            furthest = abs(here - there)
            may = both & ~_less_uneven(own, one, other, rest, here - there, effect)
            n_own, n_one, n_other, n_rest = counts
            found = Uneven(dimension, value, n_own, n_one, n_other, n_rest, p, within=True)
            best = found, may
    return best


def _less_uneven(
    own: IntArray,
    one: IntArray,
    other: IntArray,
    rest: IntArray,
    difference: float,
    effect: float,
) -> BoolArray:
    """Groups whose own labels rule out that their coverage differs as much, or more."""

    def shown(s: tuple[float, float], n: tuple[float, float]) -> bool:
        if min(n) == 0:
            return False
        least = s[0] / n[0] - s[1] / n[1]
        less = least < difference if difference > 0 else least > difference
        return less and p_of_difference(s, n, difference, effect=effect) <= SIGNIFICANT

    pairs = zip(own.tolist(), other.tolist(), one.tolist(), rest.tolist(), strict=True)
    return np.array([shown((a, b), (c, d)) for a, b, c, d in pairs], dtype=np.bool_)


def _matters(here: float, there: float) -> bool:
    low, high = min(here, there), max(here, there)
    return high - low >= COVERAGE_DIFFERENCE or high >= COVERAGE_RATIO * low


def label_reach(
    *,
    n_claims: int,
    n: int,
    gap_if_right: float,
    gap_if_wrong: float,
    tolerance: float,
    uneven: Uneven | None = None,
    escalated: LabelledWhere | None = None,
    by_chance: bool = False,
    early: EarlyLabels | None = None,
) -> LabelReach:
    """For which claims the labels speak.

    For all, where nothing that can be seen speaks against it; or where, whatever the missing labels
    are, the gap of all claims lies on the same side of the tolerance. The latter says nothing of
    claims too young to be looked at, so that early labels which mislead are never made up for.

    Args:
        n_claims: stated claims old enough to be looked at.
        n: the labelled among them.
        gap_if_right: lower bound of the gap of all, see `core.measure.metrics.label_bias.bounds`.
        gap_if_wrong: upper bound.
        uneven: what was found by `most_uneven`.
        escalated: what was found by `core.measure.metrics.label_bias.escalated_only`; false counts
            as None.
        by_chance: labels were drawn with logged chances that differ.
        early: what was found by `early_labels`, where claims that young are among them.
    """
    certain = (
        gap_if_right > tolerance
        or gap_if_wrong < -tolerance
        or (-tolerance <= gap_if_right and gap_if_wrong <= tolerance)
    )
    chosen = uneven is not None or bool(escalated) or by_chance
    against = early is not None or (chosen and not certain)
    speaks_for: SpeaksFor = "labelled" if n and against else "all"
    return LabelReach(
        speaks_for,
        n_claims,
        n,
        gap_if_right,
        gap_if_wrong,
        uneven,
        escalated or None,
        by_chance,
        early,
    )


def early_labels(
    ages_days: Sequence[int],
    n: IntArray,
    s: IntArray,
    sv: FloatArray,
    *,
    effect: float = 1.0,
) -> EarlyLabels | None:
    """Whether the labels that are known early have another gap than those that come later.

    Args:
        ages_days: A ages, ascending; the last is taken as final.
        n: shape (A,), labelled claims by then, of the same claims at each age.
        s: shape (A,), sum of their outcomes.
        sv: shape (A,), sum of their confidences.
        effect: design effect of repeated inputs, at least 1.

    Returns:
        The first age at which they differ beyond chance and by `GAP_DIFFERENCE`; None: at none.
    """
    compared = [a for a in range(len(n) - 1) if min(n[a], n[-1] - n[a]) >= MINIMUM_CLAIMS]
    gap = (sv - s) / np.where(n > 0, n, np.nan)
    for a in compared:
        counts = float(n[a]), float(n[-1] - n[a])
        right = float(s[a]), float(s[-1] - s[a])
        stated = float(sv[a]) / counts[0] - float(sv[-1] - sv[a]) / counts[1]
        p = min(1.0, p_of_difference(right, counts, stated, effect=effect) * len(compared))
        if p <= SIGNIFICANT and abs(gap[a] - gap[-1]) >= GAP_DIFFERENCE:
            return EarlyLabels(
                ages_days[a],
                ages_days[-1],
                float(gap[a]),
                int(n[a]),
                float(gap[-1]),
                int(n[-1]),
                p,
            )
    return None
