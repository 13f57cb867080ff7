"""Direct labels in a strip of a plot, laid out for the narrowest width it may take."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dashboard.charts.kit.base import SMALL_SIZE
from dashboard.charts.kit.drawing import Drawing, Strip
from dashboard.charts.kit.label_placement import LINE_HEIGHT, Canvas, Polyline
from dashboard.charts.kit.time_axis import Series


class StripLabels:
    """Finds a place for each label and writes it.

    Args:
        drawing: to write upon.
        strip: where.
        end: the quantity at the right edge; 0 is at the left.
        width: of the plot at its narrowest, in pixels.
        free_from: height from which labels may stand, in pixels from the top; the strip's upper
            edge unless given.
    """

    def __init__(
        self,
        drawing: Drawing,
        strip: Strip,
        end: float,
        width: int,
        *,
        free_from: float | None = None,
    ) -> None:
        self._drawing, self._strip, self._end, self._width = drawing, strip, end, width
        self._canvas = Canvas(width, round(strip.bottom), SMALL_SIZE)
        stop = max((strip.top if free_from is None else free_from) - 4, 0)
        edge = np.array([[0.0, 0.0], [width, 0.0]])
        self._canvas.area(np.array([[0.0, stop], [width, stop]]), edge, cost=1e3)

    def pixels(self, x: npt.ArrayLike, value: npt.ArrayLike) -> Polyline:
        """Points at the narrowest width, shape (k, 2); those without a value are left out."""
        values = np.asarray(value, dtype=float)
        across = np.asarray(x, dtype=float) * self._width / self._end
        known = ~np.isnan(values)
        return np.column_stack([across[known], self._strip.y(values[known])])

    def avoid(self, series: Series, *, cost: float = 1e4) -> None:
        """Keep labels off a line, and rather off its band."""
        for rows, _ in series.stretches():
            x = series.x[rows]
            self._canvas.line(self.pixels(x, series.value[rows]), cost=cost, thickness=14)
            low, high = (self.pixels(x, e[rows]) for e in (series.low, series.high))
            if cost > 100 and len(low) == len(high) == len(rows):
                self._canvas.area(low, high, cost=1)
        for k in np.flatnonzero(series.alone()):
            place = self.pixels(series.x[[k, k]], series.value[[k, k]])
            self._canvas.line(place, cost=cost, thickness=24)

    def avoid_level(self, value: float) -> None:
        """Rather write beside a line across the strip."""
        self._canvas.line(self.pixels([0, self._end], [value, value]), cost=20, thickness=2)

    def avoid_rule(self, x: float, *, cost: float = 60) -> None:
        """Rather write beside a line down the strip."""
        path = self.pixels([x, x], [self._strip.low, self._strip.high])
        self._canvas.line(path, cost=cost, thickness=2)

    def avoid_below(self, x: npt.ArrayLike, value: npt.ArrayLike) -> None:
        """Rather write above the outline of bars."""
        top = self.pixels(x, value)
        foot = np.column_stack([top[:, 0], np.full(len(top), self._strip.bottom)])
        self._canvas.area(foot, top, cost=3)
        self._canvas.line(top, cost=200, thickness=8)

    def add(self, text: str, near: Polyline, ink: str, *, bold: bool = False) -> None:
        """Write a text near some points in pixels, shape (k, 2), k ≥ 1."""
        place = self._canvas.place(text, near)
        x, y = place.x * self._end / self._width, place.top + LINE_HEIGHT / 2
        self._drawing.write(text, x, y, ink, bold=bold)

    def add_tolerance(self, text: str, tolerance: float, ink: str) -> None:
        """Write a text at an edge of what is accepted, at either end."""
        for level in (-tolerance, 0, tolerance):
            self.avoid_level(level)
        lower, upper = self._strip.y([-tolerance, tolerance])
        right = self._width - 4.0
        near = [[4.0, lower - 12], [right, lower - 12], [4.0, upper + 12], [right, upper + 12]]
        self.add(text, np.array(near), ink)
