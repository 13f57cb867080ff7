"""What the pages say in words; every sentence is computed from the numbers it speaks of."""

from __future__ import annotations

from core.measure.summary import Measures
from core.measure.verdict import MINIMUM_INPUTS
from core.review.words import count, percent, points, size_of


def direction(gap: float) -> str:
    """``overconfident`` or ``underconfident``."""
    return "overconfident" if gap > 0 else "underconfident"


def headline(one: Measures, *, tolerance: float) -> str:
    """The one sentence a lead should read: what is claimed, what is got, and the verdict."""
    if one.n == 0 or one.gap is None:
        return _nothing_labelled(one)
    said = f"Claims {percent(one.mean_confidence, decimals=1)}, gets "
    said += f"{percent(one.accuracy, decimals=1)}"
    allowed = f"±{size_of(tolerance, decimals=0)}"
    if one.verdict == "within_tolerance":
        tail = "" if one.high_band is None else ", and so is its high-confidence band"
        return f"{said}: within {allowed}{tail}."
    if one.verdict == "miscalibrated":
        if abs(one.gap) > tolerance:
            return f"{said}: {direction(one.gap)} by {size_of(one.gap)}."
        band = one.high_band
        if band is not None and band.claimed is not None and band.observed is not None:
            gap = band.claimed - band.observed
            return (
                f"{said}, which looks fine; but where it is most confident it is "
                f"{direction(gap)} by {size_of(gap)}."
            )
    return f"{said}: a gap of {points(one.gap, decimals=1)} points, which cannot be judged yet."


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
            f"Only {count(one.n_inputs)} distinct labelled inputs; under {MINIMUM_INPUTS} "
            f"nothing can be told."
        )
    allowed = f"±{size_of(tolerance, decimals=0)}"
    gaps = {"gap": corrected}
    if one.high_band is not None:
        gaps["high-confidence band's gap"] = high_gap
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
    stated = f"Stated at {percent(high_from)} or more"
    if band is None or band.n == 0:
        return f"{stated}: no labelled claim."
    said = (
        f"{stated}: claims {percent(band.claimed, decimals=1)}, gets "
        f"{percent(band.observed, decimals=1)} (n {count(band.n)}, 95% interval "
        f"{percent(band.low, decimals=1)} to {percent(band.high, decimals=1)})."
    )
    if band.n < 20:
        return f"{said} Too few to tell."
    if band.p_value is not None and band.p_value < 0.05 and band.claimed > band.observed:
        return f"{said} An honest signal would do this badly {_odds(band.p_value)}."
    return said


def coverage(one: Measures) -> str:
    """How much of what was stated is labelled."""
    text = f"{count(one.n)} of {count(one.n_claims)} stated claims are labelled"
    text += f" ({percent(one.coverage)})"
    if one.n_inputs < one.n:
        text += f", on {count(one.n_inputs)} distinct inputs"
    if one.n_unstated:
        text += f"; {count(one.n_unstated)} more stated no confidence"
    return f"{text}."


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
    """Two groups' gaps compared by their corrected intervals: (name, gap, low, high) each."""
    (a, gap_a, low_a, high_a), (b, gap_b, low_b, high_b) = first, second
    said = f"{a}: {points(gap_a, decimals=1)} points; {b}: {points(gap_b, decimals=1)} points."
    if low_a > high_b or low_b > high_a:
        worse, better = (a, b) if abs(gap_a) > abs(gap_b) else (b, a)
        return f"{said} Their intervals do not overlap: {worse} is further off than {better}."
    return f"{said} Their intervals overlap: these labels do not tell the two apart."


def _nothing_labelled(one: Measures) -> str:
    if one.n_claims == 0 and one.n_unstated == 0:
        return "No claim matches these filters."
    if one.n_claims == 0:
        return f"{count(one.n_unstated)} claims, none of which states a confidence."
    return (
        f"{count(one.n_claims)} claims and no outcome yet: nothing can be measured before "
        f"outcomes arrive."
    )


def _inside(interval: tuple[float, float], tolerance: float) -> bool:
    return -tolerance <= interval[0] and interval[1] <= tolerance


def _span(interval: tuple[float, float]) -> str:
    low, high = (points(end, decimals=1) for end in interval)
    return f"from {low} to {high} points"


def _odds(p_value: float) -> str:
    if p_value < 0.0001:
        return "less than once in 10,000 times"
    return f"about once in {count(round(1 / p_value))} times"
