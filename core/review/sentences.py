"""What the pages say in words; every sentence is computed from the numbers it speaks of."""

from __future__ import annotations

from core.measure.summary import Measures
from core.measure.verdict import MINIMUM_INPUTS
from core.review.words import absent, count, counted, cut, percent, points, size_of, within


def direction(gap: float) -> str:
    """``overconfident`` or ``underconfident``."""
    return "overconfident" if gap > 0 else "underconfident"


def headline(one: Measures, *, tolerance: float) -> str:
    """The one sentence a lead should read: what is claimed, what is got, and the verdict."""
    if one.n == 0 or one.gap is None:
        return _nothing_labelled(one)
    said = f"Claims {percent(one.mean_confidence, decimals=1)}, gets "
    said += f"{percent(one.accuracy, decimals=1)}"
    unsure = f"{said}: a gap of {points(one.gap, decimals=1)} points, which cannot be judged yet"
    if one.verdict == "within_tolerance":
        tail = "" if one.high_band is None else ", and so is its high-confidence band"
        return f"{said}: within {within(tolerance)}{tail}."
    if one.verdict == "miscalibrated":
        band = one.high_band
        if band is None or _outside(one, tolerance):
            return f"{said}: {direction(one.gap)} by {size_of(one.gap)}."
        gap = band.claimed - band.observed
        fine = f"{said}, which looks fine" if abs(one.gap) <= tolerance else unsure
        return f"{fine}; but where it is most confident it is {direction(gap)} by {size_of(gap)}."
    return f"{unsure}."


def why_not_told(
    one: Measures,
    *,
    tolerance: float,
    corrected: tuple[float, float],
    high_gap: tuple[float, float],
) -> str | None:
    """Why the verdict is *cannot tell*, and what would change that; None for another verdict."""
    if one.verdict != "cannot_tell" or one.n == 0:
        return None
    if one.n_inputs < MINIMUM_INPUTS:
        return (
            f"Only {counted(one.n_inputs, 'distinct labelled input')}; under {MINIMUM_INPUTS} "
            f"nothing can be told."
        )
    allowed = within(tolerance)
    gaps = {"gap": corrected}
    if one.high_band is not None:
        gaps["high-confidence band's gap"] = high_gap
    if absent(high_gap[0]) and one.high_band is not None:
        return "All claims of the high-confidence band are on one input: it cannot be judged."
    loose = [(name, gap) for name, gap in gaps.items() if not _inside(gap, tolerance)]
    if not loose:
        return (
            f"The gaps lie within {allowed}, but single confidences are further off (ECE "
            f"{points(one.ece, decimals=1).lstrip('+')} points against "
            f"{points(one.ece_noise_floor, decimals=1).lstrip('+')} by noise alone)."
        )
    told = ", and the ".join(f"{name} may be anywhere {_span(gap)}" for name, gap in loose)
    return f"The {told}: not wholly inside {allowed}, and not wholly outside."


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
        f"{stated}: claims {percent(band.claimed, decimals=1)}, gets "
        f"{percent(band.observed, decimals=1)} (n {count(band.n)}, {interval})."
    )
    if band.n < 20:
        return f"{said} Too few to tell."
    if band.p_value is not None and band.p_value < 0.05 and band.claimed > band.observed:
        return f"{said} An honest signal would do this badly {_odds(band.p_value)}."
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


def unseen(one: Measures) -> str | None:
    """How small a gap these labels could have missed."""
    if one.minimum_detectable_gap is None:
        return None
    return (
        f"With these labels a gap under {size_of(one.minimum_detectable_gap)} "
        f"would often go unseen."
    )


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
        return f"{said} Their intervals overlap: these labels do not tell the two apart."
    (near_a, far_a), (near_b, far_b) = _from_zero(low_a, high_a), _from_zero(low_b, high_b)
    if near_a > far_b or near_b > far_a:
        worse, better = (a, b) if near_a > far_b else (b, a)
        return f"{said} Their intervals do not overlap: {worse} is further off than {better}."
    more, less = (a, b) if low_a > high_b else (b, a)
    return (
        f"{said} Their intervals do not overlap: {more} claims more for what it delivers than "
        f"{less}; which of the two is further off cannot be told."
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


def _inside(interval: tuple[float, float], tolerance: float) -> bool:
    return -tolerance <= interval[0] and interval[1] <= tolerance


def _outside(one: Measures, tolerance: float) -> bool:
    """Whether the gap may be what the verdict *miscalibrated* rests on.

    The verdict's corrected interval is no narrower than the gap's own: if that one reaches into
    the tolerance, the verdict rests on the high-confidence band.
    """
    low, high = one.gap_low, one.gap_high
    return low is not None and high is not None and (low > tolerance or high < -tolerance)


def _from_zero(low: float, high: float) -> tuple[float, float]:
    """The least and the greatest distance from zero within an interval."""
    return max(low, -high, 0.0), max(high, -low)


def _span(interval: tuple[float, float]) -> str:
    low, high = (points(end, decimals=1) for end in interval)
    return f"from {low} to {high} points"


def _odds(p_value: float) -> str:
    if p_value < 0.0001:
        return "less than once in 10,000 times"
    return f"about once in {count(round(1 / p_value))} times"
