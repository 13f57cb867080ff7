"""What labels would settle, and what the samples say, in words computed from their numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from core.defaults import MINIMUM_INPUTS
from core.measure.labelling.assurance import REASONABLE
from core.measure.labelling.sample_size import CHANCE, Outlook
from core.measure.verdicts.verdict import Verdict
from core.queries.sums.labelling.audit_answers import ANSWERED
from core.sentences.numbers import (
    VERDICT_WORDS,
    count,
    counted,
    cut,
    dimension_name,
    percent,
    points,
    within,
)

#: What the drawn claims alone say beside a verdict; "": none is labelled.
Beside = Literal["", "same", "open", "waiting", "contrary"]

#: What the labels are expected to show.
_EXPECTED = {"inside": "fine", "outside": "off", "cancel": "off in shape, its errors cancel"}


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
    likely: float,
    chance_if_all: float,
    plateau: float,
    plateau_at: float,
) -> str:
    """What one group's labels would take.

    Args:
        n: labelled claims.
        needed: further labelled inputs for a verdict; inf: no number does. Of no meaning where the
            verdict is given.
        band_needed: until the gap of its high-confidence band is placed; likewise.
        in_high: how many of them would be in the high-confidence band.
        available: unlabelled inputs that may be drawn.
        waiting: those among them that a sample holds.
        enough: whether those are about what is needed.
        outlook: what is expected of the labels.
        gap: the true gap that is believed the likeliest.
        high_gap: that of the band.
        high_from: lower edge of the band.
        likely: further labelled inputs with which a verdict is as likely as not; inf likewise.
        chance_if_all: of a verdict when all that may be drawn is labelled.
        plateau: the best chance that a reasonable number of labels gives.
        plateau_at: about how many labels give it.
    """
    if verdict != "cannot_tell":
        return f"{VERDICT_WORDS[verdict]}: no more labels are needed for that."
    if math.isinf(needed):
        said = _never(outlook, high_from, tolerance, plateau, plateau_at)
        return f"{said} {_batch(likely, available, chance_if_all)}".rstrip()
    more = f"{counted(int(needed), 'more labelled input')}"
    believed = (
        "without a label it may be well calibrated or far off"
        if n == 0
        else f"its gap is likeliest {points(gap, decimals=1)} points"
    )
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
        said = (
            f"Cannot be decided with {percent(CHANCE)} chance with the claims there are: that "
            f"would take about {more}, and {there}. {why}"
        )
        return f"{said} {_batch(likely, available, chance_if_all)}".rstrip()
    said = f"{more} {'settles' if needed == 1 else 'settle'} it with {percent(CHANCE)} chance"
    if 0 < likely < needed:
        said += f", {count(likely)} with {percent(0.5)}"
    said += (
        f" ({believed}: {_EXPECTED.get(outlook, 'an answer')}). About {count(in_high)} of them "
        f"would be stated {cut(high_from)} or more."
    )
    if enough:
        return f"{said} {_waits(waiting)}: label those first."
    return f"{said} {_waits(waiting)}." if waiting else said


def _waits(waiting: int) -> str:
    return f"{count(waiting)} drawn already {'waits' if waiting == 1 else 'wait'} for a label"


def _batch(likely: float, available: int, chance_if_all: float) -> str:
    """What is worth labelling all the same, before it is planned again; "" where nothing is."""
    if not 0 < likely <= available:
        return ""
    return (
        f"Label {count(likely)} first, which decide it with {percent(0.5)} chance (all "
        f"{count(available)} with {percent(chance_if_all)}), and plan again."
    )


def _never(
    outlook: Outlook, high_from: float, tolerance: float, plateau: float, plateau_at: float
) -> str:
    if outlook == "exhausted":
        return (
            f"No label that is left decides it: at {cut(high_from)} or more too few claims were "
            f"made for {within(tolerance)}, and all of them are labelled. It takes claims to come."
        )
    return (
        f"No reasonable number of labels decides it with {percent(CHANCE)} chance: about "
        f"{count(plateau_at)} give {percent(plateau)}, and {count(REASONABLE)} little more. Its "
        "true error, of the whole, the high band or the shape, may lie at the edge of "
        f"{within(tolerance)}: decide, or recalibrate."
    )


def shown(verdict: Verdict, n: int, gap: float, low: float, high: float) -> str:
    """A verdict with what it stands on: its gap, 95% interval and n."""
    return (
        f"{VERDICT_WORDS[verdict].lower()} (gap {points(gap, decimals=1)} points, 95% interval "
        f"{points(low, decimals=1)} to {points(high, decimals=1)}, n {count(n)})"
    )


def looked_at(n: int, to_begin: int, waiting: int, stands: str) -> str:
    """What one group's labels are worth where only looked-at cases are labelled.

    Args:
        n: labelled claims.
        to_begin: inputs that an audit sample is to begin with; 0: none is left.
        waiting: unlabelled inputs that a sample holds.
        stands: what the labels show, as `shown` has it.
    """
    of = f"Its {counted(n, 'label')} speak" if n != 1 else "Its 1 label speaks"
    said = (
        f"{of} only of the cases people looked at: {stands}. No number of such labels says "
        "anything about the others; "
    )
    if not n:
        said = (
            "No claim here is labelled, and plain labels come only from the cases people look at; "
        )
    if not to_begin:
        return f"{said}and none is left to draw: new claims are needed."
    said += (
        f"a drawn audit sample does: about {counted(to_begin, 'label')} to begin with, drawn at "
        "random from all claims."
    )
    return f"{said} {_waits(waiting)}: label those first." if waiting else said


def unspoken(why: str, to_begin: int, waiting: int) -> str:
    """What one group needs whose labels cannot speak for all its claims.

    Args:
        why: that they cannot, and what could be true, in sentences.
        to_begin: inputs that an audit sample is to begin with; 0: none is left.
        waiting: unlabelled inputs that a sample holds.
    """
    if not to_begin:
        return f"{why} None is left to draw: new claims are needed."
    said = (
        f"{why} About {counted(to_begin, 'label')} to begin with, drawn at random from all claims."
    )
    return f"{said} {_waits(waiting)}: label those first." if waiting else said


def weighed(why: str, estimate: str) -> str:
    """That a drawn sample tells what labels which cannot speak for all claims do not."""
    return f"{why} What counts is the estimate that weighs each label by its chance: {estimate}"


def held(groups: int) -> str:
    """That so many values have labels which cannot speak for all their claims."""
    verb, whose = ("has", "its") if groups == 1 else ("have", "their")
    return (
        f"{counted(groups, 'value')} {verb} no verdict: {whose} labels do not represent all claims."
    )


def looked_at_headline(
    sentence: str, to_begin: int, by: str | None, stands: str, waiting: int
) -> str:
    """What to label where only looked-at cases are, in place of `headline`.

    Args:
        sentence: that they are, with the numbers.
        to_begin: inputs that an audit sample is to begin with, of all groups.
        by: the dimension split by; None: the whole.
        stands: what the labels show, of the whole; "" where it is split.
        waiting: unlabelled inputs that a sample holds.
    """
    shows = f": {stands}" if stands else ""
    begun = "none is left to draw"
    if to_begin:
        of = "" if by is None else f", over all values of {dimension_name(by).lower()}"
        begun = f"about {counted(to_begin, 'label')} to begin with{of}"
        begun += f"; {_waits(waiting)}" if waiting else ""
    return (
        f"{sentence} The labels cover only the cases people looked at{shows}. No number of plain "
        f"labels fixes that; a drawn audit sample does ({begun})."
    )


def own_sampling(n: int, unlabelled: int, estimate: str) -> str:
    """That claims log their own chance of a label, and what counts there.

    Args:
        n: claims that do.
        unlabelled: those of them without a label.
        estimate: the weighted estimate in a sentence; "" where nothing is labelled.
    """
    said = (
        f"{counted(n, 'claim')} {'is' if n == 1 else 'are'} under the signal's own sampling "
        f"(each logs its label_propensity), so none of them is drawn here; {count(unlabelled)} of "
        f"them {'is' if unlabelled == 1 else 'are'} unlabelled."
    )
    if not estimate:
        return f"{said} None of them is labelled yet."
    return f"{said} What counts is the estimate that weighs each label by its chance: {estimate}"


def drawn(now: int, n: int, before: int) -> str:
    """What a draw leaves to be labelled, as the end of a sentence.

    Args:
        now: drawn claims of the signal that wait for a label.
        n: claims that the new sample holds.
        before: claims that waited before it.
    """
    said = f"{counted(now, 'claim')} {'is' if now == 1 else 'are'} to be labelled now"
    if before:
        said += f": {count(before)} waited already, and this draw tops up by {count(now - before)}"
    return f"{said}. The new sample holds {counted(n, 'claim')} in all, labelled ones among them."


def headline(
    groups: Sequence[tuple[Verdict, int | None, bool]],
    by: str | None,
    tolerance: float,
    stands: str = "",
    sample: Beside = "",
) -> str:
    """What to label, in a sentence.

    Args:
        groups: verdict, inputs to label (None: none needed, or none would do) and whether those
            settle it, of each group.
        by: the dimension split by; None: the whole.
        stands: the verdict of the whole with its numbers, as `shown` has it; "": bare.
        sample: what the drawn claims alone say beside it.
    """
    if not groups:
        return "No claim matches these filters."
    untold = [one for one in groups if one[0] == "cannot_tell"]
    settled = [one for one in untold if one[2]]
    labels = counted(sum(needed or 0 for _, needed, _ in settled), "more label")
    if by is None:
        if not untold:
            told = stands or VERDICT_WORDS[groups[0][0]].lower()
            if sample == "open":
                return (
                    f"Each label counted once, the verdict is {told}. The drawn ones alone, below, "
                    "still leave it open: where the others were picked, only those count."
                )
            if sample == "waiting":
                return (
                    f"Each label counted once, the verdict is {told}. Drawn claims still wait for "
                    "their label: until they have it, the sample leans to what was labelled "
                    "before."
                )
            if sample == "contrary":
                return (
                    f"The labels contradict each other: each counted once they say {told}; the "
                    "drawn ones alone, below, say otherwise, and those count."
                )
            return f"No more labels are needed: {told}."
        if settled:
            return f"{labels} would decide whether it is within {within(tolerance)}."
        if untold[0][1]:
            return (
                f"{counted(untold[0][1], 'more label')} would decide with {percent(0.5)} chance "
                f"whether it is within {within(tolerance)}; for more, plan again then."
            )
        return "Whether it is within tolerance cannot be decided with the claims available."
    name = dimension_name(by).lower()
    if not untold:
        return f"No more labels are needed: each of {len(groups)} of {name} has a verdict."
    said = f"{len(untold)} of {counted(len(groups), 'value')} of {name} not decided"
    if not settled:
        return f"{said}, and cannot be decided with the claims available."
    if len(settled) == len(untold):
        return f"{said}: {labels} would decide {'it' if len(untold) == 1 else 'them'}."
    rest = len(untold) - len(settled)
    return (
        f"{said}: {labels} would decide {len(settled)} of them; {rest} cannot be decided with the "
        "claims available."
    )


def details(
    tolerance: float, chance: float, by: str | None, looked_at: bool = False, edge: float = 0.0
) -> str:
    """How it was planned.

    Args:
        chance: of a verdict.
        looked_at: as if nothing were labelled.
        edge: how near the tolerance a gap is told by no reasonable number; 0: nothing is planned.
    """
    each = "" if by is None else ", each with this chance by itself"
    suggested = (
        "as if nothing were labelled"
        if looked_at
        else "over all true gaps that the labels so far leave open"
    )
    said = (
        f"Planned so that the verdict against {within(tolerance)} comes out with "
        f"{percent(chance)} chance{each}, {suggested}. Plan again when they are in."
    )
    if edge:
        said += (
            f" A true error less than {points(edge, decimals=1).lstrip('+')} points from the edge "
            f"of {within(tolerance)} cannot be decided by a reasonable number "
            f"({count(REASONABLE)})."
        )
    return said


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
    """
    drawn = counted(n, "drawn and labelled claim")
    if effective_n < MINIMUM_INPUTS or math.isnan(low):
        even = f"as much as {count(effective_n)} drawn evenly"
        return f"{drawn}, {even}: too few to say what the gap is."
    of = "all claims" if covered == 1 else f"the {percent(covered)} that could be drawn"
    if low > tolerance or high < -tolerance:
        where = f"outside {within(tolerance)}"
    elif -tolerance <= low and high <= tolerance:
        where = f"within {within(tolerance)}"
    else:
        where = (
            f"which by itself (effective n {count(effective_n)}) leaves open whether it is within "
            f"{within(tolerance)}"
        )
    said = (
        f"From {drawn} alone (as much as {count(effective_n)} drawn evenly) the gap of {of} is "
        f"{points(gap, decimals=1)} points (95% interval {points(low, decimals=1)} to "
        f"{points(high, decimals=1)}), {where}."
    )
    if capped:
        said += f" {counted(capped, 'weight')} cut: too rarely drawn."
    return said


def response(n: int, labelled: int, *, answered: bool) -> str:
    """How far the drawn claims are labelled; "" where none is drawn.

    Args:
        answered: whether some sample is labelled far enough to speak for the others.
    """
    if not n:
        return ""
    if n == labelled:
        return f"All {counted(n, 'drawn claim')} are labelled."
    waiting = n - labelled
    if not answered:
        return (
            f"{count(labelled)} of {counted(n, 'drawn claim')} labelled, {count(waiting)} wait. "
            f"They speak for the others once {percent(ANSWERED)} of those without a label when "
            "they were drawn have one: those that had theirs before are not like the rest."
        )
    return (
        f"{count(labelled)} of {counted(n, 'drawn claim')} labelled ({percent(labelled / n)}), "
        f"{count(waiting)} {'waits' if waiting == 1 else 'wait'}. Which ones are left must not "
        "depend on what they are, or the estimate is off."
    )
