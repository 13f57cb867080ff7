"""Every measure of one group as a row: its value, its interval and what it means in plain words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from core.measure.metrics.logistic_slope import CLIP
from core.measure.verdicts.measure_table import Measures
from core.sentences.numbers import ABSENT, count, cut, percent, points, size_of


@dataclass(frozen=True)
class MeasureRow:
    """One line of the table of measures.

    Attributes:
        name: the field's standard term.
        value: the estimate as people read it, ``–`` where there is none.
        interval: ``low to high``, or why there is none.
        meaning: one sentence about this very number.
    """

    name: str
    value: str
    interval: str
    meaning: str


def measure_rows(
    one: Measures, intervals: Mapping[str, tuple[float, float]]
) -> tuple[MeasureRow, ...]:
    """The table of measures for one group.

    Args:
        intervals: 95% intervals by field name, for those that have one.
    """
    rows = [_row(one, intervals, name, field, meaning) for name, field, meaning in _LINES]
    return (rows[0], _high_band(one), *rows[1:])


def _row(
    one: Measures,
    intervals: Mapping[str, tuple[float, float]],
    name: str,
    field: str,
    meaning: str | Callable[[Measures], str],
) -> MeasureRow:
    value: float | None = getattr(one, field)
    if value is None:
        return MeasureRow(name, ABSENT, ABSENT, one.notes.get(field, "no value for these claims"))
    in_points = field == "gap"
    shown = points(value, decimals=1) if in_points else _decimal(value)
    said = meaning if isinstance(meaning, str) else meaning(one)
    return MeasureRow(name, shown, _interval(intervals.get(field), in_points), said)


def _interval(interval: tuple[float, float] | None, in_points: bool) -> str:
    if interval is None:
        return ABSENT
    low, high = interval
    if in_points:
        return f"{points(low, decimals=1)} to {points(high, decimals=1)}"
    return f"{_decimal(low)} to {_decimal(high)}"


def _decimal(value: float | None) -> str:
    if value is None:
        return ABSENT
    # Adding zero turns a rounded −0 into 0.
    return f"{round(value, 4) + 0.0:.4f}".replace("-", "−")


def _gap(one: Measures) -> str:
    assert one.gap is not None
    said = (
        f"Right {percent(one.accuracy, decimals=1)} of the time (said "
        f"{percent(one.mean_confidence, decimals=1)})"
    )
    if points(one.gap, decimals=1) == "0":
        return f"{said}."
    return f"{said}: {size_of(one.gap)} {'over' if one.gap > 0 else 'under'}confident."


def _high_band(one: Measures) -> MeasureRow:
    band = one.high_band
    name = "High-confidence band"
    if band is None or band.n == 0:
        reason = one.notes.get("high_band", "no labelled claim in the band")
        return MeasureRow(name, ABSENT, ABSENT, reason)
    return MeasureRow(
        name,
        percent(band.observed, decimals=1),
        ABSENT
        if band.low is None
        else f"{percent(band.low, decimals=1)} to {percent(band.high, decimals=1)}",
        f"Stated {cut(band.high_from)} or more: right {percent(band.observed, decimals=1)} of the "
        f"time (said {percent(band.claimed, decimals=1)}), n {count(band.n)}.",
    )


def _ece(one: Measures) -> str:
    assert one.ece is not None
    text = f"Bins of confidence are off by {size_of(one.ece)} on average"
    if one.ece_noise_floor is None:
        return f"{text}."
    text += f"; noise alone gives {size_of(one.ece_noise_floor)} with these counts"
    if one.ece_p_value is not None:
        bound = "at most " if one.ece_p_value <= 0.001 else ""
        text += f" (p {bound}{one.ece_p_value:.3f})"
    return f"{text}."


def _brier(one: Measures) -> str:
    text = "Mean squared error; 0 is perfect."
    if one.unc is not None and one.brier is not None:
        verb = "beats" if one.brier < one.unc else "does not beat"
        text += f" It {verb} always answering the base rate ({one.unc:.4f})."
    return text


def _uncertainty(one: Measures) -> str:
    return (
        f"The Brier score of always stating {percent(one.accuracy, decimals=1)}; "
        f"Brier = MCB − DSC + UNC."
    )


def _log_loss(one: Measures) -> str:
    exact = one.n_exact_0_or_1
    if not exact:
        return "Mean surprise in nats; no confidence of exactly 0 or 1."
    return (
        f"Mean surprise in nats; {count(exact)} confidences of exactly 0 or 1 are clipped at "
        f"1e-15, so one wrong among them weighs heavily."
    )


def _auroc(one: Measures) -> str:
    return (
        f"A right answer is stated more confidently than a wrong one {percent(one.auroc)} of the "
        f"time (ties count half; 50% is a coin)."
    )


def _slope(one: Measures) -> str:
    assert one.slope is not None
    if one.slope < 0:
        said = "Below 0: higher confidence goes with fewer right answers."
    elif one.slope < 1:
        said = "Below 1: confidences are more extreme than the outcomes bear out."
    else:
        said = "1 is right; above 1 confidences are more timid than the outcomes bear out."
    if one.n_exact_0_or_1:
        said += f" Depends on the clip at {CLIP:g}: some confidences are exactly 0 or 1."
    return said


def _intercept(one: Measures) -> str:
    assert one.intercept is not None
    side = "too high" if one.intercept < 0 else "too low"
    return (
        f"On the logit scale, at even odds: 0 is right; {_decimal(one.intercept)} says "
        f"confidences near 50% are {side}."
    )


#: Name on screen, field of `Measures`, and what it says: a sentence, or how to make one.
_LINES: tuple[tuple[str, str, str | Callable[[Measures], str]], ...] = (
    ("Gap (points)", "gap", _gap),
    ("ECE, ten bins", "ece", _ece),
    (
        "Debiased L2 error",
        "ece_debiased_l2",
        "Root-mean-square error over the bins with sampling noise taken out.",
    ),
    ("smECE", "smece", "Calibration error without bins: residuals smoothed by a kernel."),
    ("Brier score", "brier", _brier),
    ("Miscalibration (MCB)", "mcb", "The part of the Brier score that recalibrating removes."),
    (
        "Discrimination (DSC)",
        "dsc",
        "How far confidence separates right from wrong; more is better, 0 is none.",
    ),
    ("Uncertainty (UNC)", "unc", _uncertainty),
    ("Log loss", "log_loss", _log_loss),
    ("AUROC", "auroc", _auroc),
    ("Calibration slope", "slope", _slope),
    ("Calibration intercept", "intercept", _intercept),
)
