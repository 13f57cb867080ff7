"""What the labels' evenness, age and chances mean, in words computed from their numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special

from core.measure.cells import FloatArray, IntArray
from core.measure.labels import LabelledWhere, Weighted
from core.measure.verdict import MINIMUM_INPUTS
from core.review.words import NONE_WORD, count, counted, p_words, percent, points, within

#: A difference counts when chance would show it less often than this, over all comparisons made,
SIGNIFICANT = 0.01
#: and when it is so large: of coverage,
COVERAGE_DIFFERENCE = 0.1
#: and of the gap.
GAP_DIFFERENCE = 0.01
#: What is looked at.
BAND, ACTION, WEEK, AGE = "confidence band", "action", "week", "age"
ESCALATED, CHANCE = "escalation", "chance of a label"
TOO_FEW = "too few claims"
_COVERAGE_TOPICS = (BAND, ACTION, WEEK)
#: The band of the highest confidences, as the ten bands are named.
_HIGHEST, _ABOVE = "0.9–1.0", "above 90%"


@dataclass(frozen=True)
class Told:
    """One thing looked at.

    Attributes:
        topic: what was looked at, to be listed: "confidence band".
        wrong: whether it speaks against the labels.
        words: if so, how, a whole sentence; else why it could not be looked at, or "".
    """

    topic: str
    wrong: bool
    words: str


@dataclass(frozen=True)
class Early:
    """The same cohorts as known at several ages; arrays of shape (A,), cumulative.

    Attributes:
        ages_days: the ages, ascending; the last is taken as final.
        cohorts: weeks that have reached all ages.
        n: labelled claims by then.
        s: sum of their outcomes.
        sv: sum of their confidences.
        low, high: 95% interval of the gap.
        effect: design effect of repeated inputs, at least 1.
    """

    ages_days: tuple[int, ...]
    cohorts: int
    n: IntArray
    s: IntArray
    sv: FloatArray
    low: FloatArray
    high: FloatArray
    effect: float


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
    return float(special.erfc(abs(s[0] / n[0] - s[1] / n[1] - shift) / error / np.sqrt(2)))


def by_band(bands: pd.DataFrame, effect: float) -> Told:
    """Whether claims of some confidence are labelled less, or more, than the others."""
    if len(bands) < 2:
        return Told(BAND, False, "all claims are in one confidence band")
    if not _comparable(bands):
        return Told(BAND, False, TOO_FEW)
    highest = bands[bands["value"] == _HIGHEST]
    if len(highest):
        p_value = _p_of(bands, highest.index[0], effect)
        if p_value is not None and p_value <= SIGNIFICANT:
            return Told(BAND, True, _against_others(bands, highest.index[0], p_value, _ABOVE))
    at, p_value = _worst(bands, effect)
    if at is None:
        return Told(BAND, False, "")
    low, high = (float(end) for end in str(bands["value"][at]).split("–"))
    name = f"{percent(low)} to {percent(high)}"
    return Told(BAND, True, _against_others(bands, at, p_value, name))


def by_action(actions: pd.DataFrame, effect: float) -> Told:
    """Whether claims that led to some action are labelled less, or more, than the others."""
    actions = actions[actions["value"] != NONE_WORD].reset_index(drop=True)
    if actions.empty:
        return Told(ACTION, False, "no action is logged")
    if len(actions) < 2:
        return Told(ACTION, False, f"every action is {actions['value'].iloc[0]}")
    if not _comparable(actions):
        return Told(ACTION, False, TOO_FEW)
    at, p_value = _worst(actions, effect)
    if at is None:
        return Told(ACTION, False, "")
    each = ", ".join(
        f"{row['value']} {percent(row['coverage'])} ({count(row['n'])} of {count(row['n_claims'])})"
        for _, row in actions.iterrows()
    )
    return Told(
        ACTION, True, f"How much is labelled depends on the action: {each}; {p_words(p_value)}."
    )


def escalated(where: LabelledWhere) -> Told:
    """That only escalated or reviewed cases are labelled."""
    reason = where.reason.replace(" %", "%")
    return Told(ESCALATED, True, f"Escalated cases only: {reason}; no verdict for the rest.")


def by_cohort(cohorts: pd.DataFrame, effect: float) -> Told:
    """Whether some settled week is labelled less than the others, as when a feed failed."""
    if len(cohorts) < 2:
        return Told(WEEK, False, "there is one settled week only")
    cohorts = cohorts.reset_index(drop=True)
    if not _comparable(cohorts):
        return Told(WEEK, False, TOO_FEW)
    at, p_value = _worst(cohorts, effect, less_only=True)
    if at is None:
        return Told(WEEK, False, "")
    return Told(WEEK, True, _against_others(cohorts, at, p_value, None))


def by_age(early: Early) -> Told:
    """Whether outcomes that are known early are like the rest of the same claims."""
    if not early.cohorts:
        return Told(AGE, False, f"no week is wholly {early.ages_days[-1]} days old")
    if not early.n[-1]:
        within_age = f"within {early.ages_days[-1]} days of its claim"
        return Told(AGE, False, f"no outcome is dated {within_age}")
    gap = (early.sv - early.s) / np.where(early.n > 0, early.n, np.nan)
    compared = [
        (a, _p_of_early(early, a))
        for a in range(len(early.n) - 1)
        if min(early.n[a], early.n[-1] - early.n[a]) >= MINIMUM_INPUTS
    ]
    if not compared:
        first = early.ages_days[0]
        every = f"every outcome came within {first} days"
        return Told(AGE, False, every if early.n[0] == early.n[-1] else "too few outcomes")
    for a, p_value in compared:
        p_value = min(1.0, p_value * len(compared))
        if p_value <= SIGNIFICANT and abs(gap[a] - gap[-1]) >= GAP_DIFFERENCE:
            then, final = (
                f"{points(gap[i], decimals=1)} points ({points(early.low[i], decimals=1)} to "
                f"{points(early.high[i], decimals=1)}, n {count(early.n[i])})"
                for i in (a, -1)
            )
            words = (
                f"At {early.ages_days[a]} days old the gap reads {then}, at "
                f"{early.ages_days[-1]} days {final}: early outcomes are not like the rest "
                f"({p_words(p_value)})."
            )
            return Told(AGE, True, words)
    return Told(AGE, False, "")


def headline(told: Sequence[Told], n: int, n_claims: int, which: str) -> str:
    """What to make of the labels.

    Args:
        told: all that was looked at.
        n: the labelled claims.
        n_claims: the stated ones.
        which: what these claims are: "at least 30 days old".
    """
    claims = f"{counted(n_claims, 'claim')} {which}"
    if not n:
        return f"None of {claims} is labelled."
    base = f"{count(n)} of {claims} labelled, {percent(n / n_claims)}"
    base = f"all {claims} labelled" if n == n_claims else base
    wrong = [one.topic for one in told if one.wrong]
    uneven = [topic for topic in wrong if topic in _COVERAGE_TOPICS]
    if ESCALATED in wrong:
        said = "These labels are of escalated cases only: they say nothing of the rest"
    elif CHANCE in wrong:
        said = "Labels came with unequal chances: read the weighted gap, not the plain one"
    elif uneven:
        said = f"The labels are no fair sample of the claims: uneven by {_listed(uneven)}"
    elif AGE in wrong:
        return f"Do not read young weeks: their first labels are unlike the rest ({base})."
    else:
        return f"Nothing found speaks against taking the labels for all claims ({base})."
    young = "; and young weeks mislead" if AGE in wrong else ""
    return f"{said} ({base}){young}."


def fine(told: Sequence[Told]) -> str:
    """What was looked at and is in order, and what could not be looked at."""
    right = [one.topic for one in told if not one.wrong and not one.words]
    even = [topic for topic in right if topic in _COVERAGE_TOPICS]
    parts = [f"coverage is even by {_listed(even)}"] if even else []
    if AGE in right:
        parts.append("early outcomes read like later ones")
    parts += [
        f"by {one.topic} it cannot be told: {one.words}"
        for one in told
        if not one.wrong and one.words and one.topic != CHANCE
    ]
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}." if text else ""


def bounds(ends: tuple[float, float], n: int, n_claims: int, tolerance: float) -> str:
    """What the missing labels could do at most."""
    if n == n_claims:
        return ""
    right, wrong = ends
    said = (
        f"If every unlabelled claim were right the gap would be {points(right, decimals=1)} "
        f"points, if every one were wrong {points(wrong, decimals=1)} "
        f"({count(n_claims - n)} of {count(n_claims)} unlabelled)"
    )
    if right > tolerance or wrong < -tolerance:
        return f"{said}: outside {within(tolerance)} whatever they will be."
    if -tolerance <= right and wrong <= tolerance:
        return f"{said}: within {within(tolerance)} whatever they will be."
    return f"{said}."


def weighted(one: Weighted, n_labelled: int, plain: float) -> Told:
    """The estimate that logged label propensities allow, of the first group.

    Args:
        one: the estimate.
        n_labelled: labelled claims, with a propensity or without.
        plain: the gap of these, each counted once.
    """
    n, worth, gap = int(one.n[0]), float(one.effective_n[0]), float(one.gap[0])
    sampled = f"{counted(n, 'randomly sampled label')} (worth {count(worth)})"
    if worth < MINIMUM_INPUTS:
        return Told(CHANCE, False, f"{sampled}: too few to say what the gap of all claims is.")
    low, high = float(one.gap_low[0]), float(one.gap_high[0])
    off = not low <= plain <= high
    said = (
        f"From {sampled} the gap of all claims is {points(gap, decimals=1)} points (95% interval "
        f"{points(low, decimals=1)} to {points(high, decimals=1)}); all labels counted alike show "
        f"{points(plain, decimals=1)}{', outside it' if off else ''}."
    )
    if n < n_labelled:
        said += f" {counted(n_labelled - n, 'label')} without a logged chance left out."
    if one.n_capped[0]:
        cap = f"{one.maximum_weight:g}"
        said += f" {count(one.n_capped[0])} would stand for more than {cap} claims; cut at {cap}."
    return Told(CHANCE, off, said)


def not_settled(n_claims: int) -> str:
    """Why nothing is told yet."""
    if not n_claims:
        return "No claim states a confidence yet."
    return (
        f"None of {counted(n_claims, 'claim')} is of a mature week yet: whether the labels are a "
        f"fair sample cannot be told."
    )


def _comparable(rows: pd.DataFrame) -> bool:
    """Whether some row and its others both have claims enough to be compared."""
    n_claims = rows["n_claims"]
    return bool((np.minimum(n_claims, n_claims.sum() - n_claims) >= MINIMUM_INPUTS).any())


def _p_of(rows: pd.DataFrame, at: int, effect: float) -> float | None:
    """How surely one row's coverage differs from the others'; None where too little, or too few."""
    n, n_claims = rows["n"], rows["n_claims"]
    one, rest = int(n_claims[at]), int(n_claims.sum() - n_claims[at])
    if min(one, rest) < MINIMUM_INPUTS:
        return None
    labelled = float(n[at]), float(n.sum() - n[at])
    if abs(labelled[0] / one - labelled[1] / rest) < COVERAGE_DIFFERENCE:
        return None
    return p_of_difference(labelled, (one, rest), effect=effect)


def _worst(
    rows: pd.DataFrame, effect: float, *, less_only: bool = False
) -> tuple[int | None, float]:
    """The row furthest from the others for certain (Bonferroni), and its p-value."""
    best: int | None = None
    best_p, furthest = 1.0, 0.0
    for at in rows.index:
        p_value = _p_of(rows, at, effect)
        if p_value is None or p_value * len(rows) > SIGNIFICANT:
            continue
        n, n_claims = _others(rows, at)
        distance = n / n_claims - rows["coverage"][at]
        distance = distance if less_only else abs(distance)
        if distance > furthest:
            best, best_p, furthest = int(at), p_value * len(rows), distance
    return best, best_p


def _others(rows: pd.DataFrame, at: int) -> tuple[int, int]:
    """(labelled, stated) claims of all rows but one."""
    n, n_claims = rows["n"], rows["n_claims"]
    return int(n.sum() - n[at]), int(n_claims.sum() - n_claims[at])


def _against_others(rows: pd.DataFrame, at: int, p_value: float, stated: str | None) -> str:
    n, n_claims = int(rows["n"][at]), int(rows["n_claims"][at])
    rest, rest_claims = _others(rows, at)
    who = f"of {rows['value'][at]}" if stated is None else f"stated {stated}"
    return (
        f"Claims {who} are labelled {percent(n / n_claims)} ({count(n)} of {count(n_claims)}), the "
        f"others {percent(rest / rest_claims)} ({count(rest)} of {count(rest_claims)}); "
        f"{p_words(p_value)}."
    )


def _p_of_early(early: Early, a: int) -> float:
    """Whether the labels known at an age have the gap of those that came after it."""
    n = float(early.n[a]), float(early.n[-1] - early.n[a])
    s = float(early.s[a]), float(early.s[-1] - early.s[a])
    sv = float(early.sv[a]), float(early.sv[-1] - early.sv[a])
    return p_of_difference(s, n, sv[0] / n[0] - sv[1] / n[1], effect=early.effect)


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
