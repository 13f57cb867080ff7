"""What labels would settle, and what the samples say, in words computed from their numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

from core.measure.planning import CHANCE, MOST, Outlook
from core.measure.verdict import MINIMUM_INPUTS, Verdict
from core.review.words import (
    VERDICT_WORDS,
    count,
    counted,
    cut,
    dimension_name,
    percent,
    points,
    within,
)

#: What the labels are expected to show.
_EXPECTED = {"inside": "within tolerance", "outside": "miscalibrated"}


def group(
    *,
    verdict: Verdict,
    n: int,
    needed: float,
    band_needed: float,
    in_high: int,
    available: int,
    waiting: int,
    enough: bool,
    outlook: Outlook,
    gap: float,
    high_gap: float,
    high_from: float,
    tolerance: float,
) -> str:
    """What one group's labels would take.

    Args:
        verdict: its verdict.
        n: labelled claims.
        needed: further labelled inputs for a verdict; inf: no number does. Of no meaning where the
            verdict is given.
        band_needed: until the gap of its high-confidence band is placed; likewise.
        in_high: how many of them would be in the high-confidence band.
        available: unlabelled inputs that may be drawn.
        waiting: those among them that a sample holds.
        enough: whether those are about what is needed.
        outlook: what is expected of the labels.
        gap: the true gap that is assumed.
        high_gap: that of the band.
        high_from: lower edge of the band.
        tolerance: the gap accepted.
    """
    if verdict != "cannot_tell":
        return f"{VERDICT_WORDS[verdict]}: no further label is needed for that."
    if math.isinf(needed):
        return _never(outlook, high_from, tolerance)
    more = f"{counted(int(needed), 'more labelled input')}"
    assumed = "if it is honest" if n == 0 else f"if its gap is about {points(gap, decimals=1)}"
    assumed += "" if n == 0 else " points"
    if needed > available:
        there = (
            "all that could be drawn are labelled"
            if not available
            else f"{counted(available, 'unlabelled one')} {'is' if available == 1 else 'are'} there"
        )
        of_band = band_needed > available
        nearest = high_gap if of_band else gap
        near = abs(abs(nearest) - tolerance) < tolerance / 2
        whose = f"The true gap{f' at {cut(high_from)} or more' if of_band else ''}"
        why = (
            f"{whose} seems too near the edge of {within(tolerance)}."
            if near
            else f"There are too few claims {f'at {cut(high_from)} or more ' if of_band else ''}"
            f"for {within(tolerance)}."
        )
        return (
            f"Cannot be settled with the claims there are: it would take about {more} {assumed}, "
            f"and {there}. {why}"
        )
    said = (
        f"{more} {'settles' if needed == 1 else 'settle'} it with {percent(CHANCE)} chance "
        f"{assumed}: {_EXPECTED.get(outlook, 'an answer')}. About {count(in_high)} of them would "
        f"be stated {cut(high_from)} or more."
    )
    if enough:
        return f"{said} {_waits(waiting)}: label those first."
    return f"{said} {_waits(waiting)}." if waiting else said


def _waits(waiting: int) -> str:
    return f"{count(waiting)} drawn already {'waits' if waiting == 1 else 'wait'} for a label"


def _never(outlook: Outlook, high_from: float, tolerance: float) -> str:
    if outlook == "exhausted":
        return (
            f"No label that is left settles it: at {cut(high_from)} or more too few claims were "
            f"made for {within(tolerance)}, and all of them are labelled. It takes claims to come."
        )
    if outlook == "cancel":
        return (
            "No number of labels settles it: the gap is within tolerance, but its confidence bands "
            f"are off in opposite ways by more than {within(tolerance)} on average. Look at the "
            "curve, and recalibrate."
        )
    return (
        f"No number of labels up to {count(MOST)} settles it: its true gap seems to lie at the "
        f"edge of {within(tolerance)}. Widen or narrow the tolerance, or recalibrate."
    )


def headline(
    groups: Sequence[tuple[Verdict, int | None, bool]], by: str | None, tolerance: float
) -> str:
    """What to label, in a sentence.

    Args:
        groups: verdict, needed inputs (None: none needed, or none would do) and whether those are
            there, of each group.
        by: the dimension split by; None: the whole.
        tolerance: the gap accepted.
    """
    if not groups:
        return "No claim matches these filters."
    untold = [one for one in groups if one[0] == "cannot_tell"]
    settled = [one for one in untold if one[2]]
    labels = counted(sum(needed or 0 for _, needed, _ in settled), "more label")
    if by is None:
        if not untold:
            return f"No label is needed for an answer: {VERDICT_WORDS[groups[0][0]].lower()}."
        if settled:
            return f"{labels} would tell whether the gap is within {within(tolerance)}."
        return "Whether the gap is within tolerance cannot be settled with the claims there are."
    name = dimension_name(by).lower()
    if not untold:
        return f"No label is needed for an answer: each of {len(groups)} of {name} has one."
    said = f"{len(untold)} of {counted(len(groups), 'value')} of {name} cannot be told"
    if not settled:
        return f"{said}, and cannot be settled with the claims there are."
    if len(settled) == len(untold):
        return f"{said}: {labels} would settle {'it' if len(untold) == 1 else 'them'}."
    rest = len(untold) - len(settled)
    return (
        f"{said}: {labels} would settle {len(settled)} of them; {rest} cannot be settled with the "
        "claims there are."
    )


def details(tolerance: float, chance: float, by: str | None) -> str:
    """How it was planned."""
    each = "" if by is None else ", each with this chance by itself"
    return (
        f"Planned so that the verdict against {within(tolerance)} comes out with "
        f"{percent(chance)} chance{each}, if the gap is what the labels so far suggest: with few, "
        "that leans towards honest. Plan again when they are in."
    )


def estimate(
    *,
    n: int,
    effective_n: float,
    gap: float,
    low: float,
    high: float,
    capped: int,
    covered: float,
    tolerance: float,
) -> str:
    """What the drawn and labelled claims say against the tolerance.

    Args:
        n: labelled claims that were drawn.
        effective_n: equally weighted ones they are worth.
        gap: the estimate.
        low: lower end of its 95% interval.
        high: its upper end.
        capped: claims whose weight was cut.
        covered: share of the claims that had a chance to be drawn.
        tolerance: the gap accepted.
    """
    drawn = counted(n, "drawn and labelled claim")
    if effective_n < MINIMUM_INPUTS or math.isnan(low):
        return f"{drawn}, worth {count(effective_n)}: too few to say what the gap is."
    of = "all claims" if covered == 1 else f"the {percent(covered)} that could be drawn"
    if low > tolerance or high < -tolerance:
        where = f"outside {within(tolerance)}"
    elif -tolerance <= low and high <= tolerance:
        where = f"within {within(tolerance)}"
    else:
        where = f"which leaves open whether it is within {within(tolerance)}"
    said = (
        f"From {drawn} (worth {count(effective_n)}) the gap of {of} is "
        f"{points(gap, decimals=1)} points (95% interval {points(low, decimals=1)} to "
        f"{points(high, decimals=1)}), {where}."
    )
    if capped:
        said += f" {counted(capped, 'weight')} cut: too rarely drawn."
    return said


def response(n: int, labelled: int) -> str:
    """How far the drawn claims are labelled; "" where none is drawn."""
    if not n:
        return ""
    if n == labelled:
        return f"All {counted(n, 'drawn claim')} are labelled."
    waiting = n - labelled
    return (
        f"{count(labelled)} of {counted(n, 'drawn claim')} labelled ({percent(labelled / n)}), "
        f"{count(waiting)} {'waits' if waiting == 1 else 'wait'}. Which ones are left must not "
        "depend on what they are, or the estimate is off."
    )
