"""What the labels' evenness, age and chances mean, in words computed from their numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.defaults import MINIMUM_INPUTS
from core.measure.cells.cells import FloatArray, IntArray
from core.measure.metrics.label_bias import LabelledWhere, Weighted
from core.measure.verdicts.label_reach import Uneven, early_labels, most_uneven, most_uneven_band
from core.sentences.numbers import NONE_WORD, count, counted, p_words, percent, points, within
from core.text.sentence import capital

#: What is looked at.
BAND, ACTION, WEEK, AGE = "confidence band", "action", "week", "age"
ESCALATED, CHANCE = "escalation", "chance of a label"
TOO_FEW = "too few claims"
_COVERAGE_TOPICS = (BAND, ACTION, WEEK)
#: The band of the highest confidences, as the ten bands are named.
_HIGHEST, _ABOVE = "0.9–1.0", "above 90%"


@dataclass(frozen=True)
class LookedAt:
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


def by_band(bands: pd.DataFrame, effect: float) -> LookedAt:
    """Whether claims of some confidence are labelled less, or more, than the others."""
    if len(bands) < 2:
        return LookedAt(BAND, False, "all claims are in one confidence band")
    if not _comparable(bands):
        return LookedAt(BAND, False, TOO_FEW)
    n_claims, n = (bands[name].to_numpy(np.int64) for name in ("n_claims", "n"))
    found = most_uneven_band(bands["value"].to_list(), n_claims, n, effect=effect)
    if found is None:
        return LookedAt(BAND, False, "")
    assert found.value is not None
    low, high = (float(end) for end in found.value.split("–"))
    name = _ABOVE if found.value == _HIGHEST else f"{percent(low)} to {percent(high)}"
    return LookedAt(BAND, True, _against_others(found, f"stated {name}"))


def by_action(actions: pd.DataFrame, effect: float) -> LookedAt:
    """Whether claims that led to some action are labelled less, or more, than the others."""
    actions = actions[actions["value"] != NONE_WORD].reset_index(drop=True)
    if actions.empty:
        return LookedAt(ACTION, False, "no action is logged")
    if len(actions) < 2:
        return LookedAt(ACTION, False, f"every action is {actions['value'].iloc[0]}")
    if not _comparable(actions):
        return LookedAt(ACTION, False, TOO_FEW)
    found = _uneven(ACTION, actions, effect)
    if found is None:
        return LookedAt(ACTION, False, "")
    each = ", ".join(
        f"{row['value']} {percent(row['coverage'])} ({count(row['n'])} of {count(row['n_claims'])})"
        for _, row in actions.iterrows()
    )
    return LookedAt(
        ACTION,
        True,
        f"How much is labelled depends on the action: {each}; {p_words(found.p_value)}.",
    )


def escalated(where: LabelledWhere) -> LookedAt:
    """That only escalated or reviewed cases are labelled."""
    reason = where.reason.replace(" %", "%")
    return LookedAt(ESCALATED, True, f"Escalated cases only: {reason}; no verdict for the rest.")


def by_cohort(cohorts: pd.DataFrame, effect: float) -> LookedAt:
    """Whether some settled week is labelled less than the others, as when a feed failed."""
    if len(cohorts) < 2:
        return LookedAt(WEEK, False, "only one week has final outcomes")
    cohorts = cohorts.reset_index(drop=True)
    if not _comparable(cohorts):
        return LookedAt(WEEK, False, TOO_FEW)
    found = _uneven(WEEK, cohorts, effect, less_only=True)
    if found is None:
        return LookedAt(WEEK, False, "")
    return LookedAt(WEEK, True, _against_others(found, f"of {found.value}"))


def by_age(early: Early) -> LookedAt:
    """Whether outcomes that are known early are like the rest of the same claims."""
    if not early.cohorts:
        return LookedAt(AGE, False, f"no week is wholly {early.ages_days[-1]} days old")
    if not early.n[-1]:
        within_age = f"within {early.ages_days[-1]} days of its claim"
        return LookedAt(AGE, False, f"no outcome is dated {within_age}")
    if not _several_ages(early):
        first = early.ages_days[0]
        every = f"every outcome came within {first} days"
        return LookedAt(AGE, False, every if early.n[0] == early.n[-1] else "too few outcomes")
    found = early_labels(early.ages_days, early.n, early.s, early.sv, effect=early.effect)
    if found is None:
        return LookedAt(AGE, False, "")
    then, final = (
        f"{points(gap, decimals=1)} points ({points(early.low[i], decimals=1)} to "
        f"{points(early.high[i], decimals=1)}, n {count(n)})"
        for i, gap, n in (
            (early.ages_days.index(found.days), found.gap, found.n),
            (-1, found.final_gap, found.final_n),
        )
    )
    words = (
        f"At {found.days} days old the gap reads {then}, at {found.final_days} days {final}: early "
        f"outcomes differ from later ones ({p_words(found.p_value)})."
    )
    return LookedAt(AGE, True, words)


def _several_ages(early: Early) -> bool:
    """Whether at some age enough outcomes were known, and enough came later, to compare."""
    return bool((np.minimum(early.n, early.n[-1] - early.n) >= MINIMUM_INPUTS).any())


def headline(told: Sequence[LookedAt], n: int, n_claims: int, which: str) -> str:
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
        said = "These labels are of escalated cases only: they say nothing about the rest"
    elif CHANCE in wrong:
        said = "Labels came with unequal chances: read the weighted gap, not the plain one"
    elif uneven:
        said = f"The labels are no fair sample of the claims: uneven by {_listed(uneven)}"
    elif AGE in wrong:
        return f"Ignore young weeks: their first labels differ from the rest ({base})."
    else:
        return f"No sign that the labelled claims are unrepresentative ({base})."
    young = "; and young weeks mislead" if AGE in wrong else ""
    return f"{said} ({base}){young}."


def fine(told: Sequence[LookedAt]) -> str:
    """What was looked at and is in order, and what could not be looked at."""
    right = [one.topic for one in told if not one.wrong and not one.words]
    even = [topic for topic in right if topic in _COVERAGE_TOPICS]
    parts = [f"coverage is even by {_listed(even)}"] if even else []
    if AGE in right:
        parts.append("early outcomes read like later ones")
    parts += [
        f"by {one.topic} it is not known: {one.words}"
        for one in told
        if not one.wrong and one.words and one.topic != CHANCE
    ]
    text = "; ".join(parts)
    return f"{capital(text)}." if text else ""


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


def weighted(one: Weighted, n_labelled: int, plain: float) -> LookedAt:
    """The estimate that logged label propensities allow, of the first group.

    Args:
        n_labelled: labelled claims, with a propensity or without.
        plain: the gap of these, each counted once.
    """
    n, worth, gap = int(one.n[0]), float(one.effective_n[0]), float(one.gap[0])
    sampled = f"{counted(n, 'randomly sampled label')} (worth {count(worth)})"
    if worth < MINIMUM_INPUTS:
        return LookedAt(CHANCE, False, f"{sampled}: too few to say what the gap of all claims is.")
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
    return LookedAt(CHANCE, off, said)


def not_settled(n_claims: int) -> str:
    """Why nothing is told yet."""
    if not n_claims:
        return "No claim states a confidence yet."
    return (
        f"None of {counted(n_claims, 'claim')} has a final outcome yet: whether the labels are a "
        "fair sample is not known."
    )


def _comparable(rows: pd.DataFrame) -> bool:
    """Whether some row and its others both have claims enough to be compared."""
    n_claims = rows["n_claims"]
    return bool((np.minimum(n_claims, n_claims.sum() - n_claims) >= MINIMUM_INPUTS).any())


def _uneven(
    topic: str, rows: pd.DataFrame, effect: float, *, less_only: bool = False
) -> Uneven | None:
    """`most_uneven` of a table of coverage."""
    n_claims, n = (rows[name].to_numpy(np.int64) for name in ("n_claims", "n"))
    return most_uneven(
        topic, rows["value"].to_list(), n_claims, n, effect=effect, less_only=less_only
    )


def _against_others(one: Uneven, who: str) -> str:
    return (
        f"Claims {who} are labelled {percent(one.n / one.n_claims)} ({count(one.n)} of "
        f"{count(one.n_claims)}), the others {percent(one.others_n / one.others_claims)} "
        f"({count(one.others_n)} of {count(one.others_claims)}); {p_words(one.p_value)}."
    )


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
