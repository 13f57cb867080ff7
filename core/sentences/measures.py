"""What the pages say in words; every sentence is computed from the numbers it speaks of."""

from __future__ import annotations

from core.defaults import MINIMUM_INPUTS
from core.measure.metrics.intervals import LARGE_SHARE
from core.measure.verdicts.measure_table import Measures, PartMeasure
from core.measure.verdicts.parts import MATTERS_FROM, PartName
from core.sentences.numbers import (
    PART_WORDS,
    absent,
    count,
    counted,
    cut,
    percent,
    points,
    size_of,
    within,
)
from core.text.parts import bands_at_named, reach_words
from core.text.sentence import capital

#: Under this accuracy a gap is also said as a ratio,
RARE = 0.1
#: where it is shown to be more than so many times too high or too low.
RELATIVE = 1.25


def direction(gap: float) -> str:
    """``overconfident`` or ``underconfident``."""
    return "overconfident" if gap > 0 else "underconfident"


def headline(one: Measures, *, tolerance: float) -> str:
    """The one sentence a lead should read: how often it is right, what it said, the verdict."""
    if one.n == 0 or one.gap is None:
        return _nothing_labelled(one)
    said = f"right {percent(one.accuracy, decimals=1)} of the time (said "
    said += f"{percent(one.mean_confidence, decimals=1)}), {counted(one.n, 'case')}"
    allowed = within(tolerance)
    if one.reach is not None and one.reach.no_truth:
        return f"No verdict, for these labels are not ground truth: {said}."
    if one.speaks_for == "labelled":
        return f"No verdict on all claims: the labelled ones are {said}."
    if one.state == "fine":
        tail = ", and so is its high-confidence band" if "high_band" in one.parts else ""
        return f"Fine, within {allowed}{tail}: {said}."
    if one.state == "off":
        return _off(one, said)
    part = {"high_band": " where it is most confident", "shape": " in shape"}.get(
        one.reason or "whole", ""
    )
    if one.state == "at_the_edge":
        return f"At the edge of {allowed}{part}: {said}, gap {points(one.gap, decimals=1)} points."
    return f"Too few labels{part}: {said}, gap {points(one.gap, decimals=1)} points."


def _off(one: Measures, said: str) -> str:
    assert one.gap is not None
    healthy = "whole" in one.parts and one.parts["whole"].state == "fine"
    start = f"Looks fine overall: {said}. But" if healthy else f"Overall {said};"
    band, curve = one.high_band, one.parts.get("shape")
    if one.reason == "high_band" and band is not None:
        gap = band.claimed - band.observed
        return f"{start} where it is most confident it is {direction(gap)} by {size_of(gap)}."
    if one.reason == "shape" and curve is not None and curve.value is not None:
        where = bands_at_named(curve.over, curve.under).words
        return (
            f"{start} errors cancel: off by {size_of(curve.value)} on average over the range of "
            f"confidence{f', {where}' if where else ''}."
        )
    return f"{direction(one.gap).capitalize()} by {size_of(one.gap)}: {said}."


def why_not_decided(one: Measures, *, tolerance: float) -> str | None:
    """What is not decided and what would decide it; None where it is, or labels cannot speak."""
    if one.state not in ("too_few", "at_the_edge") or one.n == 0 or one.speaks_for == "labelled":
        return None
    if one.n_effective < MINIMUM_INPUTS:
        worth = counted(one.n_inputs, "distinct labelled input")
        if one.n_inputs < one.n:
            worth = f"{counted(one.n, 'label')} on {worth}, worth {count(one.n_effective)}"
        return f"Only {worth}; it takes {MINIMUM_INPUTS} to decide anything."
    told = [
        _undecided(name, part, tolerance)
        for name, part in one.parts.items()
        if part.state in ("too_few", "at_the_edge") and not _too_small(part)
    ]
    return " ".join(told) or None


def _too_small(part: PartMeasure) -> bool:
    """Whether a part that is not decided is so small that it does not count; see `beside`."""
    return part.state == "too_few" and part.share < MATTERS_FROM


def _undecided(name: PartName, part: PartMeasure, tolerance: float) -> str:
    words = _subject(name)
    if part.n_effective < MINIMUM_INPUTS:
        labels = counted(part.n, "label")
        return f"{words} has {labels}, and it takes {MINIMUM_INPUTS} effective inputs to decide it."
    assert part.low is not None
    assert part.high is not None
    if name == "shape" and part.state == "too_few":
        span = f"may be off by up to {size_of(part.high)} on average"
    elif name == "shape":
        span = f"is off by {part.low * 100:.1f} to {size_of(part.high)} on average"
    else:
        span = f"may be anything {_span((part.low, part.high))}"
    if part.state == "at_the_edge":
        span += f": there is an error, within {within(tolerance)} or beyond"
    more = ""
    if part.labels_needed is not None:
        more = f" About {counted(part.labels_needed, 'more label')} would decide it."
    elif part.state == "at_the_edge":
        more = " Decide now: more labels will not settle it soon."
    return f"{words} {span}.{more}"


def _subject(name: PartName) -> str:
    return capital(PART_WORDS[name])


def beside(one: Measures) -> tuple[str, ...]:
    """What has to be known beside a verdict: for whom it speaks, what it leaves out, repeats."""
    found = []
    if one.reach is not None and one.reach.speaks_for == "labelled":
        found.append(reach_words(one.reach))
    if one.n_inputs < one.n and one.largest_share is not None and one.largest_share > LARGE_SHARE:
        found.append(
            f"One input holds {percent(one.largest_share)} of these labels: {count(one.n)} on "
            f"{counted(one.n_inputs, 'input')} are worth {count(one.n_effective)}."
        )
    for name, part in one.parts.items():
        if _too_small(part) and one.n:
            found.append(
                f"{_subject(name)} holds {percent(part.share)} of the claims and has too few "
                f"labels ({count(part.n)}) to decide; it does not count against the rest."
            )
    relative = _relative(one)
    if relative:
        found.append(relative)
    return tuple(found)


def _relative(one: Measures) -> str:
    """How many times too high or too low confidences are, where it is rarely right; else nothing.

    A few points are little beside an accuracy of a half, and all of one of 2 %. Confidences are as
    they are, so the gap's interval gives the ratio's.
    """
    said, right, low, high = one.mean_confidence, one.accuracy, one.gap_low, one.gap_high
    if said is None or right is None or low is None or high is None:
        return ""
    if right >= RARE or right <= 0 or one.n_effective < MINIMUM_INPUTS:
        return ""
    least = said / (said - low) if low < said else float("inf")
    most = said / (said - high) if high < said else None
    if not (least > RELATIVE or (most is not None and most < 1 / RELATIVE)):
        return ""
    times = said / right
    way = f"{times:.1f} times too high" if times > 1 else f"{1 / times:.1f} times too low"
    ends = [least, most] if times > 1 else [None if most is None else 1 / most, 1 / least]
    first, last = ("" if end is None else f"{end:.1f}" for end in ends)
    between = f"{first} to {last}" if first and last else f"at least {first}"
    return (
        f"It is right {percent(right, decimals=1)} of the time and says "
        f"{percent(said, decimals=1)}: {way} ({between}), however few points that is."
    )


def high_band(one: Measures, *, high_from: float) -> str:
    """The high-confidence band in words."""
    band = one.high_band
    stated = f"Stated at {cut(high_from)} or more"
    if band is None or band.n == 0:
        return f"{stated}: no labelled claim."
    interval = (
        "no interval from one input"
        if band.low is None
        else f"95% interval {percent(band.low, decimals=1)} to {percent(band.high, decimals=1)}"
    )
    said = (
        f"{stated}: right {percent(band.observed, decimals=1)} of the time (said "
        f"{percent(band.claimed, decimals=1)}), {counted(band.n, 'case')}, {interval}."
    )
    if band.n < 20:
        return f"{said} Too few to decide."
    if band.p_value is not None and band.p_value < 0.05 and band.claimed > band.observed:
        return f"{said} A well-calibrated signal would miss by this much {_odds(band.p_value)}."
    return said


def coverage(one: Measures) -> str:
    """How much of what was stated is labelled."""
    if one.n_claims == 0:
        return _nothing_labelled(one)
    verb = "is" if one.n_claims == 1 else "are"
    text = f"{count(one.n)} of {counted(one.n_claims, 'stated claim')} {verb} labelled"
    text += f" ({percent(one.coverage)})"
    if one.n_inputs < one.n:
        text += f", on {counted(one.n_inputs, 'distinct input')}"
    if one.n_unstated:
        text += f"; {count(one.n_unstated)} more stated no confidence"
    return f"{text}."


def interval(one: Measures) -> str | None:
    """The gap with its own interval and n; None without a labelled claim."""
    if one.gap is None or one.gap_low is None or one.gap_high is None:
        return None
    return (
        f"Gap {points(one.gap, decimals=1)} points, 95% interval "
        f"{points(one.gap_low, decimals=1)} to {points(one.gap_high, decimals=1)} points, "
        f"n {count(one.n)}."
    )


def unseen(one: Measures, *, tolerance: float) -> str | None:
    """How small a gap these labels could have missed, at all and as one beyond the tolerance."""
    if one.minimum_detectable_gap is None:
        return None
    said = f"Smallest gap this sample can detect: {size_of(one.minimum_detectable_gap)}"
    beyond = one.detectable_beyond_tolerance
    if beyond is None:
        return f"{said}; none would show to be beyond {within(tolerance)}."
    return f"{said}; to show that it is beyond {within(tolerance)}: {size_of(beyond)}."


def told_apart(
    first: tuple[str, float, float, float], second: tuple[str, float, float, float]
) -> str:
    """Two groups' gaps compared by their corrected intervals: (name, gap, low, high) each.

    Gaps told apart are not yet *sizes* told apart: +6 and −5 points may differ for certain while
    nobody can say which is further from zero.
    """
    (a, gap_a, low_a, high_a), (b, gap_b, low_b, high_b) = first, second
    said = f"{a}: {points(gap_a, decimals=1)} points; {b}: {points(gap_b, decimals=1)} points."
    if absent(low_a) or absent(low_b):
        return f"{said} One input only is no ground to compare."
    if not (low_a > high_b or low_b > high_a):
        return f"{said} Their intervals overlap: these labels do not separate the two."
    (near_a, far_a), (near_b, far_b) = _from_zero(low_a, high_a), _from_zero(low_b, high_b)
    if near_a > far_b or near_b > far_a:
        worse, better = (a, b) if near_a > far_b else (b, a)
        return f"{said} Their intervals do not overlap: {worse} is further off than {better}."
    more, less = (a, b) if low_a > high_b else (b, a)
    return (
        f"{said} Their intervals do not overlap: {more} is more overconfident than {less}; "
        f"which of the two is further off is not decided."
    )


def _nothing_labelled(one: Measures) -> str:
    if one.n_claims == 0 and one.n_unstated == 0:
        return "No claim matches these filters."
    if one.n_claims == 0:
        return f"{counted(one.n_unstated, 'claim')}, none of which states a confidence."
    return (
        f"{counted(one.n_claims, 'claim')} and no outcome yet: nothing can be measured before "
        f"outcomes arrive."
    )


def _from_zero(low: float, high: float) -> tuple[float, float]:
    """The least and the greatest distance from zero within an interval."""
    return max(low, -high, 0.0), max(high, -low)


def _span(interval: tuple[float, float]) -> str:
    low, high = (points(end, decimals=1) for end in interval)
    return f"from {low} to {high} points"


def _odds(p_value: float) -> str:
    if p_value < 0.0001:
        return "less than 1 time in 10,000"
    return f"about 1 time in {count(round(1 / p_value))}"
