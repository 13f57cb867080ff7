"""The layers a reliability diagram is made of, each from its own tidy frame."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from core.review.words import count, percent
from dashboard.charts import words
from dashboard.charts.base import COUNT_LABEL, at_x, at_y, layered, tooltip
from dashboard.charts.palette import REGION_OPACITY, Palette

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


def unit_axes() -> dict[str, Any]:
    """What the layers of the upper plot share: grid lines; x labels stand below the histogram."""
    return {
        "x": alt.X(scale=_UNIT, axis=alt.Axis(values=TICKS, labels=False, title=None)),
        "y": alt.Y(scale=_UNIT, title="Came true", axis=alt.Axis(values=TICKS, format=".0%")),
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
    frame = frame.assign(
        _size=14 + 130 * frame["n"] / frame["n"].max(),
        _v=[percent(v, decimals=1) for v in frame["v"]],
        _observed=[percent(v, decimals=1) for v in frame["observed"]],
        _told=_told(frame["n"]),
    )
    mark = alt.Chart(frame).mark_point(color=colour, opacity=0.55, strokeWidth=1, filled=False)
    return [
        mark.encode(
            x=at_x("v"),
            y=at_y("observed"),
            size=alt.Size(field="_size", type="quantitative", scale=None),
            tooltip=tooltip({"_v": "Stated", "_observed": "Came true", "_told": "Labelled claims"}),
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
    joins = pd.DataFrame(
        {
            "v": np.ravel(curve[["v_from", "v_to"]].to_numpy(dtype=float)),
            "observed": np.repeat(curve["observed"].to_numpy(dtype=float), 2),
        }
    ).drop_duplicates()
    joins["_order"] = range(len(joins))
    share = np.sqrt(curve["n"] / max(float(curve["n"].max()), 1.0))
    single = curve["v_to"] <= curve["v_from"]
    nudge = 0.0006 * single  # a line of no length would not be drawn
    pieces = curve[["observed"]].assign(
        v_from=curve["v_from"] - nudge,
        v_to=curve["v_to"] + nudge,
        _thickness=(_THICKEST * share).clip(lower=_THINNEST) + _DOT_EXTRA * single,
        _stated=_stated(curve["v_from"], curve["v_to"]),
        _observed=[percent(v, decimals=1) for v in curve["observed"]],
        _told=_told(curve["n"]),
        _left=(curve["v_from"] - 0.008).clip(lower=0),
        _right=(curve["v_to"] + 0.008).clip(upper=1),
        _name=name,
    )
    line = alt.Chart(joins).mark_line(
        color=colour, strokeWidth=1.25, strokeDash=[4, 3] if dashed else [1, 0]
    )
    base = alt.Chart(pieces)
    group = {"_name": "Group"} if name else {}
    tips = {"_stated": "Stated", "_observed": "Came true", "_told": "Labelled claims"}
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
        width: of the plot, in pixels.
        high_from: bins from here on take the accent colour.
        name: of the group, written before the counts.
        last: whether the axis of stated confidence stands below.
    """
    frame = histogram[["left", "right", "n_claims", "n"]].assign(_zero=0)
    high = frame["left"] >= (2.0 if high_from is None else high_from) - 1e-9
    frame["_colour"] = np.where(high, palette.accent, colour)
    frame["_bin"] = _stated(frame["left"], frame["right"])
    frame["_claims"], frame["_labelled"] = _told(frame["n_claims"]), _told(frame["n"])
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

    text = _counts(int(frame["n_claims"].sum()), int(frame["n"].sum()))
    return layered(
        [bars("n", "n_claims", 0.35), bars("_zero", "n", 0.9)],
        shared,
        data=frame,
        width=width,
        height=HISTOGRAM_HEIGHT,
        title=alt.Title(f"{name}: {text}" if name else text, frame="group"),
    )


def _counts(stated: int, labelled: int) -> str:
    text = words.plural(stated, "stated claim")
    if not stated:
        return text
    if not labelled:
        return f"{text}, none labelled yet"
    if labelled == stated:
        return f"{text}, all labelled"
    return f"{text}, {count(labelled)} labelled (solid), the others pale"


def _stated(low: pd.Series, high: pd.Series) -> list[str]:
    pairs = zip(low, high, strict=True)
    return [f"{a:.6g}" if a == b else f"{a:.6g} to {b:.6g}" for a, b in pairs]


def _told(n: pd.Series) -> list[str]:
    return [count(v) for v in n]


def _thinned(frame: pd.DataFrame) -> pd.DataFrame:
    """At most `_MOST_VALUES` rows, evenly, the first and the last among them."""
    if len(frame) <= _MOST_VALUES:
        return frame
    return frame.iloc[np.unique(np.linspace(0, len(frame) - 1, _MOST_VALUES).astype(int))]
