"""What charts over time share: an axis of weeks or days, and series that show what is immature."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import altair as alt
import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboard.charts.kit.base import lookup
from dashboard.charts.kit.drawing import Drawing, Strip
from dashboard.charts.kit.palette import HONEST_OPACITY, Palette

Days = npt.NDArray[np.float64]

#: A page may narrow a chart to this, so labels are laid out for it.
NARROW = 540
_LABEL = 34  # pixels a label of the time axis takes
_WEEKS_UP_TO = 60
_DAYS_UP_TO = 100


@dataclass(frozen=True)
class TimeAxis:
    """Dates as days from the first period on.

    Attributes:
        origin: start of the first period.
        step: days that a period takes.
        end: days from the first start to the last end.
        starts: of each period, in days.
        names: of each period.
    """

    origin: pd.Timestamp
    step: float
    end: float
    starts: Days
    names: tuple[str, ...]

    @property
    def unit(self) -> str:
        """What a period is called."""
        return {7: "week", 1: "day"}.get(int(self.step), "period")

    @property
    def middles(self) -> Days:
        """Of each period, in days."""
        return self.starts + self.step / 2

    def described(self, k: int) -> str:
        """The name of period k, and a week's first day."""
        if self.unit != "week":
            return self.names[k]
        first = self.origin + pd.Timedelta(days=float(self.starts[k]))
        return f"{self.names[k]}, from {first.day} {first:%B}"

    def at(self, dates: Iterable[object]) -> Days:
        """Dates in days from the first start."""
        return _in_days(_utc(dates), self.origin)

    def dates(self, days: Days) -> pd.DatetimeIndex:
        """Days from the first start as dates."""
        return pd.DatetimeIndex(self.origin + pd.to_timedelta(days, unit="D"))

    def x(self, width: float) -> alt.X:
        """The horizontal axis, its labels far enough apart at a plot width in pixels."""
        written = {f"{day:.10g}": text for day, text in self.labels(width).items()}
        axis = alt.Axis(
            values=[float(day) for day in written],
            labelExpr=lookup(written),
            labelOverlap=False,
            grid=False,
            title=None,
        )
        return alt.X(scale=alt.Scale(domain=[0, self.end], nice=False, zero=False), axis=axis)

    def labels(self, width: float) -> dict[float, str]:
        """What stands below which day; the year below where it changes.

        Every so many weeks "W12" or days "3 Feb"; over long stretches the months.
        """
        limit = {"week": _WEEKS_UP_TO, "day": _DAYS_UP_TO}.get(self.unit, _WEEKS_UP_TO)
        if self.end / self.step > limit:
            return self._months(width)
        every = _step(self.end / self.step, width / _LABEL, (1, 2, 4, 7, 8, 14, 28))
        last, written = "", {}
        for start, name in zip(self.starts, self.names, strict=True):
            if round(start / self.step) % every:
                continue
            date = self.origin + pd.Timedelta(days=float(start))
            year, _, week = name.partition("-")
            if self.unit != "week" or not week.startswith("W"):
                year, week = str(date.year), f"{date.day} {date:%b}"
            written[float(start + self.step / 2)] = week if year == last else f"{week}\n{year}"
            last = year
        return written

    def _months(self, width: float) -> dict[float, str]:
        last_day = self.origin + pd.Timedelta(days=self.end)
        firsts = pd.date_range(self.origin, last_day, freq="MS")
        every = _step(len(firsts), width / _LABEL, (1, 2, 3, 6, 12))
        last, written = "", {}
        for first in firsts[(firsts.month - 1) % every == 0]:
            year = str(first.year)
            text = f"{first:%b}" if year == last else f"{first:%b}\n{year}"
            written[float(self.at([first])[0])] = text
            last = year
        return written


def time_axis(periods: pd.DataFrame) -> TimeAxis:
    """The axis of at least one period.

    Args:
        periods: period (its name: "2026-W12" a week, "2026-03-16" a day, others as long as the
            shortest distance between two starts), start (date), ascending.
    """
    starts = _utc(periods["start"])
    names = tuple(str(name) for name in periods["period"])
    days = _in_days(starts, starts[0])
    step = 7.0 if "W" in names[0] else 1.0
    if "W" not in names[0] and names[0].count("-") != 2 and len(days) > 1:
        step = float(np.diff(days).min())
    return TimeAxis(starts[0], step, float(days[-1] + step), days, names)


def _utc(dates: Iterable[object]) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(pd.to_datetime(pd.Series(list(dates)), utc=True)).tz_localize(None)


def _in_days(dates: pd.DatetimeIndex, origin: pd.Timestamp) -> Days:
    return np.asarray((dates - origin) / pd.Timedelta(days=1), dtype=float)


def _step(number: float, room: float, steps: tuple[int, ...]) -> int:
    return next((s for s in steps if number / s <= room), steps[-1])


@dataclass(frozen=True)
class Series:
    """Values over time, with their intervals; arrays of one length, nan where there is none.

    Attributes:
        x: ascending.
        value: the values.
        low: lower ends.
        high: upper ends.
        mature: whether all outcomes that will come have come.
        step: how far apart neighbours are; what is further apart is not joined.
    """

    x: Days
    value: Days
    low: Days
    high: Days
    mature: npt.NDArray[np.bool_]
    step: float

    @property
    def some(self) -> bool:
        """Whether there is any value."""
        return bool(np.isfinite(self.value).any())

    def stretches(self) -> list[tuple[npt.NDArray[np.int_], bool]]:
        """Rows to join by one line, and whether it shows immature values.

        A line breaks where a value is missing; where one turns immature, both share a row.
        """
        known = ~np.isnan(self.value)
        near = np.diff(self.x) < self.step * 1.5
        joined = known[1:] & known[:-1] & near
        young = ~(self.mature[1:] & self.mature[:-1])
        found: list[tuple[npt.NDArray[np.int_], bool]] = []
        start = 0
        for k in range(len(joined)):
            if not joined[k]:
                start = k + 1
            elif k + 1 == len(joined) or not joined[k + 1] or young[k + 1] != young[k]:
                found.append((np.arange(start, k + 2), bool(young[k])))
                start = k + 1
        return found

    def alone(self) -> npt.NDArray[np.bool_]:
        """Which rows have a value and no neighbour."""
        beside = np.zeros(len(self.x), dtype=bool)
        for rows, _ in self.stretches():
            beside[rows] = True
        return ~np.isnan(self.value) & ~beside


def draw_series(
    drawing: Drawing,
    strip: Strip,
    series: Series,
    palette: Palette,
    colour: str,
    *,
    shape: str = "circle",
    out: npt.NDArray[np.bool_] | None = None,
) -> None:
    """A line with points in its interval band; hollow and dashed where immature.

    A value beyond the strip is a triangle at its edge that points there.

    Args:
        strip: where.
        series: what.
        colour: of the line.
        shape: of the points.
        out: rows that stand out as diamonds in the colour of alarm.
    """
    y, low, high = strip.y(series.value), strip.y(series.low), strip.y(series.high)
    bounded = ~np.isnan(low) & ~np.isnan(high)
    with_interval = replace(series, value=np.where(bounded, series.value, np.nan))
    for rows, young in with_interval.stretches():
        opacity = HONEST_OPACITY * (0.6 if young else 1.4)
        drawing.band(series.x[rows], low[rows], high[rows], colour, opacity)
    for rows, young in series.stretches():
        drawing.line(series.x[rows], y[rows], colour, dash="dashed" if young else "solid")
    for k in np.flatnonzero(with_interval.alone()):
        x = float(series.x[k])
        drawing.rule((x, x), (low[k], high[k]), colour, thick=2)
    count = len(series.x)
    size = 38 if count <= 30 else 22 if count <= 60 else 9
    for k in np.flatnonzero(~np.isnan(series.value)):
        alarming = out is not None and bool(out[k])
        beyond = strip.beyond(float(series.value[k]))
        drawing.point(
            float(series.x[k]),
            float(y[k]),
            palette.alert if alarming else colour,
            filled=bool(series.mature[k]),
            size=size * (1.8 if alarming else 1),
            shape=beyond or ("diamond" if alarming else shape),
        )
