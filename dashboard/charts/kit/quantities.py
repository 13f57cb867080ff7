"""How the measures shown over time are named, written and scaled."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.sentences.numbers import ABSENT, absent, percent, points
from dashboard.charts.kit.drawing import Strip
from dashboard.charts.kit.time_axis import Series

MeasureName = Literal["gap", "accuracy", "mean_confidence", "brier", "coverage"]


@dataclass(frozen=True)
class Measure:
    """How a measure is written.

    Attributes:
        name: in few words.
        title: above a chart.
        say: a value as text, with a number of decimals.
        decimals: how many where a value is told.
        least: what its axis spans at least.
    """

    name: str
    title: str
    say: Callable[[float, int], str]
    decimals: int
    least: float

    def told(self, value: float) -> str:
        """A value with all its decimals."""
        return ABSENT if absent(value) else self.say(value, self.decimals)

    def told_interval(self, low: float, high: float) -> str:
        """Both ends of an interval, or that there is none."""
        if absent(low) or absent(high):
            return "no interval"
        return f"{self.told(low)} to {self.told(high)}"


def _share(value: float, decimals: int) -> str:
    return percent(value, decimals=decimals)


def _points(value: float, decimals: int) -> str:
    return points(value, decimals=decimals)


def _score(value: float, decimals: int) -> str:
    return f"{value:.{decimals}f}"


MEASURES: Mapping[str, Measure] = {
    "gap": Measure("gap in points", "Gap in points: above 0 is overconfident", _points, 1, 0.1),
    "accuracy": Measure("accuracy", "Accuracy: share that was right", _share, 1, 0.1),
    "mean_confidence": Measure("mean confidence", "Mean stated confidence", _share, 1, 0.1),
    "brier": Measure("Brier score", "Brier score: lower is better", _score, 3, 0.05),
    "coverage": Measure("coverage", "Coverage: labelled share of stated claims", _share, 0, 1.0),
}


def reach(
    measure: Measure,
    all_series: Sequence[Series],
    tolerance: float | None = None,
    *,
    beyond: float = 0.4,
) -> tuple[float, float]:
    """Ends of an axis that holds every mature value, and what else does not squeeze those.

    Immature values, and the ends of intervals, may lie beyond: few labels make them leap.

    Args:
        measure: for what the axis spans at least.
        all_series: what is drawn.
        tolerance: of the gap, whose strip is held as well.
        beyond: how far intervals make the axis reach further, as part of what the values span.
    """
    if measure.least >= 1:
        return 0.0, 1.0
    value, low, high, mature = (
        np.concatenate([np.asarray(getattr(s, part)) for s in all_series])
        for part in ("value", "low", "high", "mature")
    )
    signed = measure.say is _points
    values = value[~np.isnan(value)]
    sure = value[mature & ~np.isnan(value)]
    held = [0.0] if signed else []
    if tolerance is not None:
        held += [-1.4 * tolerance, 1.4 * tolerance]
    held += list(sure if len(sure) else values)
    if not held:
        return 0.0, measure.least
    bottom, top = min(held), max(held)
    ends = np.concatenate([low, high])
    for others, at_most in ((values, 1.0), (ends[~np.isnan(ends)], beyond)):
        room = max(top - bottom, measure.least) * at_most
        others = np.clip(others, bottom - room, top + room)
        bottom = float(min(bottom, others.min(initial=bottom)))
        top = float(max(top, others.max(initial=top)))
    margin = max(measure.least - (top - bottom), 0) / 2 + (top - bottom) / 24
    floor, ceiling = (-1.0 if signed else 0.0), 1.0
    # A point at 100 % lies wholly in the plot.
    air = (top - bottom) / 50
    return max(bottom - margin, floor - air), min(top + margin, ceiling + air)


def ticks(strip: Strip, measure: Measure, *, most: int = 4) -> dict[float, str]:
    """What stands beside a strip at which pixel from the top of the plot: at least two values."""
    values = next(found for k in range(most, 9) if len(found := strip.ticks(k)) > 1 or k == 8)
    step = values[1] - values[0] if len(values) > 1 else 1.0
    finest = -int(np.floor(np.log10(step) + 1e-9))
    decimals = max(finest, 2) if measure.say is _score else max(finest - 2, 0)
    return {round(float(strip.y(value)), 1): measure.say(value, decimals) for value in values}
