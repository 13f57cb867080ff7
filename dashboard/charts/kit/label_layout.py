"""Direct labels on the unit square of a reliability diagram."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboard.charts.kit.base import LABEL_SIZE, at_x, at_y, words_of
from dashboard.charts.kit.label_placement import LINE_HEIGHT, Canvas, Placed, Polyline
from dashboard.charts.kit.palette import Palette


class UnitLabels:
    """Finds a place for each label, then draws them all, on halos of the background.

    Args:
        palette: for the halos.
        width: of the plot, in pixels.
        height: of the plot, in pixels.
    """

    def __init__(self, palette: Palette, width: int, height: int) -> None:
        self._palette, self._width, self._height = palette, width, height
        self._canvas = Canvas(width, height)
        self._rows: list[dict[str, object]] = []
        self._canvas.line(self.pixels([0, 1], [0, 1]), cost=2, thickness=2)

    def pixels(self, v: npt.ArrayLike, share: npt.ArrayLike) -> Polyline:
        """Points of the unit square in pixels of the plot, y downwards; shape (k, 2)."""
        x = np.asarray(v, dtype=float) * self._width
        return np.column_stack([x, (1 - np.asarray(share, dtype=float)) * self._height])

    def curve(self, curve: pd.DataFrame) -> Polyline:
        """A CORP curve (v_from, v_to, observed) in pixels."""
        v = np.ravel(curve[["v_from", "v_to"]].to_numpy(dtype=float))
        return self.pixels(v, np.repeat(curve["observed"].to_numpy(dtype=float), 2))

    def edges(self, band: pd.DataFrame) -> tuple[Polyline, Polyline]:
        """The lower and the upper edge of a band (v, low, high) in pixels."""
        rows = band[["v", "low", "high"]].to_numpy(dtype=float)
        v, low, high = rows[~np.isnan(rows).any(axis=1)].T
        return self.pixels(v, low), self.pixels(v, high)

    def avoid_curve(self, curve: pd.DataFrame) -> None:
        """Keep every label off a curve."""
        if len(curve):
            self._canvas.line(self.curve(curve), thickness=16)

    def avoid_band(self, band: pd.DataFrame, *, cost: float, edge: float = 0) -> None:
        """Rather write beside a band than on it; ``edge`` is the further cost of crossing it."""
        low, high = self.edges(band)
        self._canvas.area(low, high, cost=cost)
        if edge and len(low):
            self._canvas.line(low, cost=edge, thickness=2)
            self._canvas.line(high, cost=edge, thickness=2)

    def add(self, text: str, near: Polyline, ink: str) -> None:
        """Write a text near the points of what it names."""
        self._write(self._canvas.place(text, near), [ink] * (text.count("\n") + 1))

    def add_for_region(self, lines: Sequence[str], inks: Sequence[str], high_from: float) -> None:
        """Write, bold, what is said of the region right of ``high_from``: left of its edge.

        Args:
            lines: one below the other.
            inks: one per line.
            high_from: lower edge of the region, in (0, 1].
        """
        edge = self.pixels([high_from, high_from], [0.04, 0.96])
        limit = high_from * self._width - 4 if high_from >= 0.5 else None
        place = self._canvas.place("\n".join(lines), edge, right=limit, align="right")
        self._write(place, inks)

    def _write(self, place: Placed, inks: Sequence[str]) -> None:
        for k, (line, ink) in enumerate(zip(place.text.split("\n"), inks, strict=True)):
            y = place.top + LINE_HEIGHT * (k + 0.5)
            self._rows.append(
                {
                    "v": place.x / self._width,
                    "share": 1 - y / self._height,
                    "text": line,
                    "ink": ink,
                    "align": place.align,
                }
            )

    def layers(self) -> list[alt.Chart]:
        """The marks; right-aligned ones, which speak of the region, are bold."""
        if not self._rows:
            return []
        halo: dict[str, Any] = {
            "stroke": self._palette.background,
            "strokeWidth": 4,
            "strokeOpacity": 0.8,
            "strokeJoin": "round",
        }
        base = alt.Chart(pd.DataFrame(self._rows)).encode(
            x=at_x("v"),
            y=at_y("share"),
            text=words_of("text"),
            color=alt.Color(field="ink", type="nominal", scale=None),
        )
        return [
            base.mark_text(
                align=alt.ExprRef("datum.align"),
                baseline="middle",
                fontSize=LABEL_SIZE,
                fontWeight=alt.ExprRef("datum.align == 'right' ? 'bold' : 'normal'"),
                **extra,
            )
            for extra in (halo, {})
        ]
