"""Marks placed in pixels downwards and by a quantity across, gathered into few layers.

A chart of several plots cannot be narrowed by a page, and every layer costs milliseconds. So plots
that share their horizontal axis are drawn as one, each in its own strip of pixels.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import altair as alt
import numpy as np
import numpy.typing as npt

from dashboard.charts.kit.base import (
    SMALL_SIZE,
    Layered,
    at_x,
    at_y,
    layered,
    lookup,
    tooltip,
    words_of,
)
from dashboard.charts.kit.palette import Palette

Pixels = npt.NDArray[np.float64]
Row = dict[str, Any]

Dash = Literal["solid", "dashed", "dotted"]
_DASHES: dict[Dash, list[float]] = {"solid": [1, 0], "dashed": [4, 3], "dotted": [1.5, 3]}


@dataclass(frozen=True)
class Strip:
    """A part of the plot with its own scale.

    Attributes:
        top: its upper edge, in pixels from the top of the plot.
        height: in pixels.
        low: the quantity at its lower edge.
        high: at its upper edge.
    """

    top: float
    height: float
    low: float
    high: float

    @property
    def bottom(self) -> float:
        """Its lower edge, in pixels from the top of the plot."""
        return self.top + self.height

    def y(self, values: npt.ArrayLike) -> Pixels:
        """Pixels from the top of the plot; what lies beyond the scale is cut at the edge."""
        share = (np.asarray(values, dtype=float) - self.low) / (self.high - self.low)
        return self.bottom - self.height * np.clip(share, 0, 1)

    def beyond(self, value: float) -> str:
        """The triangle that stands for a value beyond the scale; empty for one within."""
        return "triangle-up" if value > self.high else "triangle-down" if value < self.low else ""

    def ticks(self, most: int = 4) -> list[float]:
        """Up to ``most`` + 1 round values within the scale."""
        return round_values(self.low, self.high, most)


def round_values(low: float, high: float, most: int) -> list[float]:
    """Round values from low to high: at most ``most`` steps of 1, 2 or 5 times a power of ten."""
    span = high - low
    magnitude = 10.0 ** np.floor(np.log10(span / most))
    step = next(s for s in (1, 2, 5, 10) if span / (s * magnitude) <= most) * magnitude
    first, last = np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9)
    return [float(k * step) + 0.0 for k in np.arange(first, last + 1)]


class Drawing:
    """Gathers marks by kind; within a kind, later ones lie on top.

    Kinds from the lowest to the highest: rectangles, bands, rules, lines, points, words, and what
    hovering tells.
    """

    def __init__(self, palette: Palette) -> None:
        self._palette = palette
        self._rects: list[Row] = []
        self._bands: list[Row] = []
        self._rules: list[Row] = []
        self._lines: list[Row] = []
        self._points: list[Row] = []
        self._words: list[Row] = []
        self._hover: list[Row] = []
        self._titles: Mapping[str, str] = {}

    def rect(
        self,
        x: tuple[float, float],
        y: tuple[float, float],
        colour: str,
        opacity: float,
        *,
        edge: str | None = None,
    ) -> None:
        """A rectangle; ``edge`` is the colour of a dashed outline."""
        self._rects.append(
            {**_box(x, y), "colour": colour, "opacity": opacity, "edge": edge or "transparent"}
        )

    def rule(
        self,
        x: tuple[float, float],
        y: tuple[float, float],
        colour: str,
        *,
        thick: float = 1,
        dash: Dash = "solid",
    ) -> None:
        """A straight line."""
        self._rules.append({**_box(x, y), "colour": colour, "thick": thick, "dash": dash})

    def band(
        self,
        x: Iterable[float],
        low: Iterable[float],
        high: Iterable[float],
        colour: str,
        op: float,
    ) -> None:
        """An area between two edges, of at least two points."""
        name = len(self._bands)
        self._bands += [
            {"x": a, "y": b, "y2": c, "path": name, "colour": colour, "opacity": op}
            for a, b, c in zip(x, low, high, strict=True)
        ]

    def line(
        self,
        x: Iterable[float],
        y: Iterable[float],
        colour: str,
        *,
        thick: float = 1.75,
        dash: Dash = "solid",
        opacity: float = 1,
    ) -> None:
        """A line through points."""
        name = len(self._lines)
        look = {"colour": colour, "thick": thick, "dash": dash, "opacity": opacity}
        self._lines += [{"x": a, "y": b, "path": name, **look} for a, b in zip(x, y, strict=True)]

    def point(
        self,
        x: float,
        y: float,
        colour: str,
        *,
        filled: bool = True,
        size: float = 36,
        shape: str = "circle",
    ) -> None:
        """A point; hollow ones let nothing shine through."""
        fill = colour if filled else self._palette.background
        self._points.append(
            {"x": x, "y": y, "colour": colour, "fill": fill, "size": size, "shape": shape}
        )

    def write(
        self,
        text: str,
        x: float,
        y: float,
        ink: str,
        *,
        align: str = "left",
        dx: float = 0,
        bold: bool = False,
        size: float = SMALL_SIZE,
    ) -> None:
        """Words, their middle at a height, ``dx`` pixels beside a quantity."""
        for row in range(text.count("\n") + 1):
            self._words.append(
                {
                    "x": x,
                    "y": y + row * (size + 3),
                    "text": text.split("\n")[row],
                    "ink": ink,
                    "align": align,
                    "dx": dx,
                    "weight": "bold" if bold else "normal",
                    "size": size,
                }
            )

    def tell(self, rows: list[Row], titles: Mapping[str, str]) -> None:
        """What hovering tells: rows of x, x2, y, y2 and the fields of ``titles``."""
        self._hover, self._titles = rows, titles

    def chart(
        self,
        x: alt.X,
        height: float,
        y_labels: Mapping[float, str],
        *,
        width: int,
        title: str | list[str] | None = None,
    ) -> Layered:
        """Everything drawn, on one plot.

        Args:
            x: the horizontal axis, with its scale.
            y_labels: what stands beside the plot at each pixel from the top, with a grid line.
        """
        written = {f"{y:.6g}": text for y, text in y_labels.items()}
        axis = alt.Axis(
            values=[float(y) for y in written],
            labelExpr=lookup(written),
            labelOverlap=False,
            labelPadding=8,
        )
        y = alt.Y(scale=alt.Scale(domain=[height, 0], nice=False), axis=axis, title=None)
        properties: dict[str, Any] = {"width": width, "height": height}
        if title:
            properties["title"] = alt.Title(title, frame="group", anchor="start", lineHeight=15)
        return layered(self._layers(), {"x": x, "y": y}, **properties)

    def _layers(self) -> list[alt.Chart]:
        layers = [
            self._draw_rects(),
            self._draw_bands(),
            self._draw_rules(),
            self._draw_lines(),
            self._draw_points(),
            *self._draw_words(),
            self._draw_hover(),
        ]
        return [layer for layer in layers if layer is not None]

    def _draw_rects(self) -> alt.Chart | None:
        if not self._rects:
            return None
        mark = _over(self._rects).mark_rect(
            strokeWidth=1, strokeDash=[2, 2], fillOpacity=_of("opacity"), stroke=_of("edge")
        )
        drawn: alt.Chart = mark.encode(
            **_edges(), fill=alt.Fill(field="colour", type="nominal", scale=None)
        )
        return drawn

    def _draw_bands(self) -> alt.Chart | None:
        if not self._bands:
            return None
        mark = _over(self._bands).mark_area(fillOpacity=_of("opacity"), fill=_of("colour"))
        drawn: alt.Chart = mark.encode(
            x=at_x("x"), y=at_y("y"), y2=alt.Y2(field="y2"), detail=alt.Detail(field="path")
        )
        return drawn

    def _draw_rules(self) -> alt.Chart | None:
        if not self._rules:
            return None
        mark = _over(self._rules).mark_rule(
            stroke=_of("colour"), strokeWidth=_of("thick"), strokeDash=_dash()
        )
        drawn: alt.Chart = mark.encode(**_edges())
        return drawn

    def _draw_lines(self) -> alt.Chart | None:
        if not self._lines:
            return None
        mark = _over(self._lines).mark_line(
            stroke=_of("colour"),
            strokeWidth=_of("thick"),
            strokeDash=_dash(),
            strokeOpacity=_of("opacity"),
        )
        drawn: alt.Chart = mark.encode(x=at_x("x"), y=at_y("y"), detail=alt.Detail(field="path"))
        return drawn

    def _draw_points(self) -> alt.Chart | None:
        if not self._points:
            return None
        mark = _over(self._points).mark_point(
            opacity=1,
            strokeWidth=1.5,
            stroke=_of("colour"),
            fill=_of("fill"),
            size=_of("size"),
            shape=_of("shape"),
        )
        drawn: alt.Chart = mark.encode(x=at_x("x"), y=at_y("y"))
        return drawn

    def _draw_words(self) -> list[alt.Chart]:
        """On halos of the background, so that they read over lines."""
        if not self._words:
            return []
        halo: Row = {
            "stroke": self._palette.background,
            "strokeWidth": 4,
            "strokeOpacity": 0.85,
            "strokeJoin": "round",
        }
        drawn = []
        for extra in (halo, {}):
            mark = _over(self._words).mark_text(
                align=_of("align"),
                baseline="middle",
                dx=_of("dx"),
                fill=_of("ink"),
                fontSize=_of("size"),
                fontWeight=_of("weight"),
                **extra,
            )
            drawn.append(mark.encode(x=at_x("x"), y=at_y("y"), text=words_of("text")))
        return drawn

    def _draw_hover(self) -> alt.Chart | None:
        if not self._hover:
            return None
        mark = _over(self._hover).mark_rect(opacity=0)
        drawn: alt.Chart = mark.encode(**_edges(), tooltip=tooltip(self._titles))
        return drawn


def _over(rows: list[Row]) -> alt.Chart:
    # Rows as they are: of a data frame Altair checks and converts every column.
    return alt.Chart({"values": rows})


def _of(field: str) -> alt.ExprRef:
    """The value of a field, as it stands."""
    return alt.ExprRef(f"datum.{field}")


def _dash() -> alt.ExprRef:
    """The dashes of a name: lists themselves would not survive the way to a page's browser."""
    return alt.ExprRef(f"({json.dumps(_DASHES)})[datum.dash]")


def _box(x: tuple[float, float], y: tuple[float, float]) -> Row:
    return {"x": x[0], "x2": x[1], "y": y[0], "y2": y[1]}


def _edges() -> dict[str, Any]:
    return {
        "x": at_x("x"),
        "x2": alt.X2(field="x2"),
        "y": at_y("y"),
        "y2": alt.Y2(field="y2"),
    }
