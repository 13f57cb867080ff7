"""The layers a reliability diagram is made of, each from its own tidy frame."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from core.sentences.numbers import count, counted, percent
from dashboard.charts.kit.base import COUNT_LABEL, at_x, at_y, layered, tooltip
from dashboard.charts.kit.palette import REGION_OPACITY, Palette

TICKS = [0, 0.2, 0.4, 0.6, 0.8, 1]
HISTOGRAM_HEIGHT = 76
#: Thickest piece in pixels; the others are thinner by √(n / largest n).
_THICKEST = 8.0
_THINNEST = 1.75
#: A piece of a single value is a dot, this much larger than a long piece is thick.
_DOT_EXTRA = 3.0
#: A band is drawn through at most this many values, and at most this many single values are
#: drawn as points (those with most claims): a screen shows no more.
_MOST_VALUES = 600
_UNIT = alt.Scale(domain=[0, 1], nice=False, zero=True)
_RIGHT = "How often it was right"


def unit_axes() -> dict[str, Any]:
    """What the layers of the upper plot share: grid lines; x labels stand below the histogram."""
    return {
        "x": alt.X(scale=_UNIT, axis=alt.Axis(values=TICKS, labels=False, title=None)),
        "y": alt.Y(
            scale=_UNIT, title="How often it was right", axis=alt.Axis(values=TICKS, format=".0%")
        ),
    }


def region(high_from: float | None, colour: str) -> list[alt.Chart]:
    """The tint of the high-confidence region."""
    if high_from is None:
        return []
    edges = alt.InlineData(values=[{"from": high_from, "to": 1.0}])
    mark = alt.Chart(edges).mark_rect(color=colour, opacity=REGION_OPACITY)
    return [mark.encode(x=at_x("from"), x2=alt.X2(field="to"))]


def diagonal(palette: Palette) -> alt.Chart:
    """Where what came true is what was stated."""
    ends = alt.InlineData(values=[{"v": 0.0, "observed": 0.0}, {"v": 1.0, "observed": 1.0}])
    mark = alt.Chart(ends).mark_line(color=palette.outline, strokeDash=[3, 3], strokeWidth=1)
    line: alt.Chart = mark.encode(x=at_x("v"), y=at_y("observed"))
    return line


def ribbon(band: pd.DataFrame, colour: str, opacity: float, *, outline: bool) -> list[alt.Chart]:
    """A band (v, low, high) as an area, with an outline when it belongs to a curve.

    One value has no width to fill: it becomes an upright bar.
    """
    band = band[["v", "low", "high"]].dropna()
    if band.empty:
        return []
    if len(band) == 1:
        base = alt.Chart(band).encode(x=at_x("v"), y=at_y("low"), y2=alt.Y2(field="high"))
        bar = base.mark_rule(color=colour, opacity=opacity, strokeWidth=18)
        return [bar, base.mark_rule(color=colour, strokeWidth=1.25)] if outline else [bar]
    edge: dict[str, Any] = (
        {"stroke": colour, "strokeOpacity": 0.65, "strokeWidth": 1} if outline else {}
    )
    mark = alt.Chart(_thinned(band)).mark_area(color=colour, opacity=1, fillOpacity=opacity, **edge)
    return [mark.encode(x=at_x("v"), y=at_y("low"), y2=alt.Y2(field="high"))]


def single_values(points: pd.DataFrame | None, colour: str) -> list[alt.Chart]:
    """The share that came true at each stated value (v, observed, n), as rings."""
    if points is None or points.empty:
        return []
    frame = points[["v", "observed", "n"]].nlargest(_MOST_VALUES, "n")
    frame = frame.assign(_size=14 + 130 * frame["n"] / frame["n"].max(), _told=_told(frame["n"]))
    mark = alt.Chart(frame).mark_point(color=colour, opacity=0.55, strokeWidth=1, filled=False)
    return [
        mark.encode(
            x=at_x("v"),
            y=at_y("observed"),
            size=alt.Size(field="_size", type="quantitative", scale=None),
            tooltip=[
                alt.Tooltip(field="v", type="quantitative", title="Stated", format=".1%"),
                alt.Tooltip(
                    field="observed",
                    type="quantitative",
                    title="How often it was right",
                    format=".1%",
                ),
                alt.Tooltip(field="_told", type="nominal", title="Labelled claims"),
            ],
        )
    ]


def corp_curve(
    curve: pd.DataFrame, colour: str, *, dashed: bool = False, name: str = ""
) -> list[alt.Chart]:
    """Flat pieces as thick as √n, dots where a piece is a single value, thin joins between.

    Args:
        curve: v_from, v_to, observed, n; one row per block, ascending.
        colour: of everything.
        dashed: whether the joins are dashed.
        name: of the group, for the tooltip.
    """
    first, last, observed, n = curve[["v_from", "v_to", "observed", "n"]].to_numpy(dtype=float).T
    joins = pd.DataFrame(
        {"v": np.ravel(np.column_stack([first, last])), "observed": np.repeat(observed, 2)}
    ).drop_duplicates()
    joins["_order"] = range(len(joins))
    single = last <= first
    nudge = 0.0006 * single  # a line of no length would not be drawn
    thickness = np.maximum(_THICKEST * np.sqrt(n / max(n.max(), 1.0)), _THINNEST)
    pieces = pd.DataFrame(
        {
            "observed": observed,
            "v_from": first - nudge,
            "v_to": last + nudge,
            "_thickness": thickness + _DOT_EXTRA * single,
            "_stated": _stated(first, last),
            "_observed": [percent(v, decimals=1) for v in observed],
            "_told": _told(n),
            "_left": np.maximum(first - 0.008, 0),
            "_right": np.minimum(last + 0.008, 1),
            "_name": name,
        }
    )
    line = alt.Chart(joins).mark_line(
        color=colour, strokeWidth=1.25, strokeDash=[4, 3] if dashed else [1, 0]
    )
    base = alt.Chart(pieces)
    group = {"_name": "Group"} if name else {}
    tips = {"_stated": "Stated", "_observed": _RIGHT, "_told": "Labelled claims"}
    return [
        line.encode(
            x=at_x("v"),
            y=at_y("observed"),
            order=alt.Order(field="_order", type="quantitative"),
        ),
        base.mark_rule(color=colour, strokeCap="round", opacity=1).encode(
            x=at_x("v_from"),
            x2=alt.X2(field="v_to"),
            y=at_y("observed"),
            strokeWidth=alt.StrokeWidth(field="_thickness", type="quantitative", scale=None),
        ),
        base.mark_rule(color=colour, opacity=0, strokeWidth=16).encode(
            x=at_x("_left"),
            x2=alt.X2(field="_right"),
            y=at_y("observed"),
            tooltip=tooltip(group | tips),
        ),
    ]


def claims_histogram(
    histogram: pd.DataFrame,
    palette: Palette,
    colour: str,
    *,
    width: int,
    high_from: float | None = None,
    name: str = "",
    last: bool = True,
) -> alt.LayerChart:
    """Stated claims per bin: labelled solid, unlabelled pale on top of them.

    Args:
        histogram: left, right, n_claims, n.
        palette: for the background and the high-confidence bins.
        colour: of the bars.
        high_from: bins from here on take the accent colour.
        name: of the group, written before the counts.
        last: whether the axis of stated confidence stands below.
    """
    left, right = (histogram[edge].to_numpy(dtype=float) for edge in ("left", "right"))
    stated, labelled = histogram["n_claims"].to_numpy(), histogram["n"].to_numpy()
    high = left >= (2.0 if high_from is None else high_from) - 1e-9
    frame = pd.DataFrame(
        {
            "left": left,
            "right": right,
            "n_claims": stated,
            "n": labelled,
            "_zero": 0,
            "_colour": np.where(high, palette.accent, colour),
            "_bin": _stated(left, right),
            "_claims": _told(stated),
            "_labelled": _told(labelled),
        }
    )
    axis = alt.Axis(values=TICKS, format=".0%", grid=False, labels=last)
    title = "Stated confidence" if last else None
    counts = alt.Axis(tickCount=2, tickMinStep=1, labelExpr=COUNT_LABEL)
    shared = {
        "x": at_x("left", scale=_UNIT, axis=axis, title=title),
        "x2": alt.X2(field="right"),
        "y": alt.Y(title="Claims", axis=counts),
        "color": alt.Color(field="_colour", type="nominal", scale=None),
        "tooltip": tooltip({"_bin": "Stated", "_claims": "Claims", "_labelled": "Labelled"}),
    }

    def bars(low: str, high: str, opacity: float) -> alt.Chart:
        mark = alt.Chart().mark_rect(stroke=palette.background, strokeWidth=1, opacity=opacity)
        drawn: alt.Chart = mark.encode(y=at_y(low), y2=alt.Y2(field=high))
        return drawn

    text = _counts(int(stated.sum()), int(labelled.sum()))
    return layered(
        [bars("n", "n_claims", 0.35), bars("_zero", "n", 0.9)],
        shared,
        data=frame,
        width=width,
        height=HISTOGRAM_HEIGHT,
        title=alt.Title(f"{name}: {text}" if name else text, frame="group"),
    )


def _counts(stated: int, labelled: int) -> str:
    text = counted(stated, "stated claim")
    if not stated:
        return text
    if not labelled:
        return f"{text}, none labelled yet"
    if labelled == stated:
        return f"{text}, all labelled"
    return f"{text}, {count(labelled)} labelled (solid), the others pale"


def _stated(low: Iterable[float], high: Iterable[float]) -> list[str]:
    pairs = zip(low, high, strict=True)
    return [f"{a:.6g}" if a == b else f"{a:.6g} to {b:.6g}" for a, b in pairs]


def _told(n: Iterable[float]) -> list[str]:
    return [count(v) for v in n]


def _thinned(frame: pd.DataFrame) -> pd.DataFrame:
    """At most `_MOST_VALUES` rows, evenly, the first and the last among them."""
    if len(frame) <= _MOST_VALUES:
        return frame
    return frame.iloc[np.unique(np.linspace(0, len(frame) - 1, _MOST_VALUES).astype(int))]
