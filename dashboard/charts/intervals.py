"""Gaps with their intervals, one below the other, beside what is accepted."""

from __future__ import annotations

import json

import altair as alt
import numpy as np
import pandas as pd

from dashboard.charts import words
from dashboard.charts.base import (
    POINTS_LABEL,
    SMALL_SIZE,
    finish,
    layered,
    lookup,
    name_axis,
    shortened,
    words_only,
)
from dashboard.charts.palette import BAND_OPACITY, Palette

_ROW = 40
_OWN_Y_AXES = alt.AxisResolveMap(y="independent")


def interval_dots(
    rows: pd.DataFrame, palette: Palette, *, tolerance: float, width: int = 760
) -> alt.LayerChart | alt.Chart:
    """Gap and interval per segment, against what the owner accepts.

    A filled dot is a verdict, a hollow one *cannot tell*. Below each name stand its gap, interval,
    labelled claims and verdict in words.

    Args:
        rows: in the order to show: label (unique), gap, low, high (differences of proportions,
            null where there is none), n (labelled claims), verdict.
        palette: the colours.
        tolerance: the accepted gap, in (0, 1).
        width: of the whole, in pixels; a page may narrow it.

    Raises:
        ValueError: if two rows have the same label.
    """
    if rows.empty:
        return finish(words_only("No segment to show.", palette, width=width), palette)
    frame = _told(rows, palette)
    labels = frame["label"].to_list()
    if len(set(labels)) < len(labels):
        raise ValueError("two rows have the same label")
    low, high = _reach(frame, tolerance)
    scale = alt.Scale(domain=[low, high], nice=False, zero=False)
    axis = alt.Axis(labelExpr=POINTS_LABEL, tickCount=6)
    x = alt.X(
        "gap:Q", scale=scale, title="Gap in points: claims more than it delivers →", axis=axis
    )
    names = lookup({name: shortened(name) for name in labels})
    y = _axis_of(labels, name_axis(palette, names, orient="left", labelOffset=-8))
    bare = y.copy().axis(None)
    base = alt.Chart(frame).encode(y=bare)
    ends = base.transform_filter("isValid(datum.low) && isValid(datum.high)")
    dots = base.transform_filter("isValid(datum.gap)")
    layers = [
        *_strip(palette, tolerance, x, scale),
        ends.mark_rule(strokeWidth=2, strokeCap="round").encode(
            x=alt.X("low:Q", scale=scale), x2="high:Q", color=alt.Color("_colour:N", scale=None)
        ),
        dots.mark_point(size=64, opacity=1, strokeWidth=1.75).encode(
            x=x,
            y=y,
            stroke=alt.Stroke("_colour:N", scale=None),
            fill=alt.Fill("_fill:N", scale=None),
            tooltip=[
                alt.Tooltip("label:N", title="Segment"),
                alt.Tooltip("_gap:N", title="Gap, points"),
                alt.Tooltip("_interval:N", title="Interval"),
                alt.Tooltip("_n:N", title="Labelled claims"),
                alt.Tooltip("_verdict:N", title="Verdict"),
            ],
        ),
        _figures(frame, palette, labels),
    ]
    height = _ROW * len(frame)
    chart = layered(layers, width=width, height=height, resolve=alt.Resolve(axis=_OWN_Y_AXES))
    return finish(chart, palette, fit=True)


def _told(rows: pd.DataFrame, palette: Palette) -> pd.DataFrame:
    """The rows with their words and colours."""
    verdict = rows["verdict"].to_numpy(dtype=object)
    out = verdict == "miscalibrated"
    colour = np.where(out, palette.alert, palette.estimate)
    ends = zip(rows["low"], rows["high"], strict=True)
    return pd.DataFrame(
        {
            "label": [words.key(v) for v in rows["label"]],
            "gap": rows["gap"].to_numpy(dtype=float),
            "low": rows["low"].to_numpy(dtype=float),
            "high": rows["high"].to_numpy(dtype=float),
            "_colour": colour,
            "_fill": np.where(verdict == "cannot_tell", palette.background, colour),
            "_ink": np.where(out, palette.alert_ink, palette.muted_ink),
            "_gap": [words.points(g) for g in rows["gap"]],
            "_interval": [words.interval(low, high) for low, high in ends],
            "_n": [words.count(n) for n in rows["n"]],
            "_verdict": [words.VERDICT_WORDS.get(v, str(v)) for v in verdict],
        }
    )


def _reach(frame: pd.DataFrame, tolerance: float) -> tuple[float, float]:
    """Ends of the x axis: all that is drawn, and some room around the strip."""
    drawn = frame[["gap", "low", "high"]].to_numpy()
    low = float(np.nanmin(drawn, initial=-1.4 * tolerance))
    high = float(np.nanmax(drawn, initial=1.4 * tolerance))
    margin = (high - low) / 30
    return max(low - margin, -1.02), min(high + margin, 1.02)


def _strip(palette: Palette, tolerance: float, x: alt.X, scale: alt.Scale) -> list[alt.Chart]:
    """What is accepted, named, and the line of no gap."""
    name = f"±{words.points(tolerance).lstrip('+')} accepted"
    frame = pd.DataFrame({"from": [-tolerance], "to": [tolerance], "gap": [0.0], "text": [name]})
    chart = alt.Chart(frame)
    strip = chart.mark_rect(color=palette.band, opacity=BAND_OPACITY * 0.7)
    text = chart.mark_text(color=palette.muted_ink, fontSize=SMALL_SIZE, baseline="bottom")
    return [
        strip.encode(x=alt.X("from:Q", scale=scale), x2="to:Q"),
        chart.mark_rule(color=palette.outline).encode(x=x),
        text.encode(x=x, y=alt.value(-5), text="text:N"),
    ]


def _axis_of(labels: list[str], axis: alt.Axis) -> alt.Y:
    return alt.Y("label:N", sort=labels, title=None, scale=alt.Scale(domain=labels), axis=axis)


def _figures(frame: pd.DataFrame, palette: Palette, labels: list[str]) -> alt.Chart:
    """A layer without ink, for the sake of its axis: below each name its figures in words."""
    columns = (frame[c] for c in ("_gap", "_interval", "_n", "_verdict"))
    written = [f"{g} ({i}), n {n}, {v}" for g, i, n, v in zip(*columns, strict=True)]
    inks = dict(zip(labels, frame["_ink"], strict=True))
    axis = name_axis(
        palette,
        lookup(dict(zip(labels, written, strict=True))),
        orient="left",
        labelOffset=8,
        labelColor=alt.ExprRef(f"({json.dumps(inks)})[datum.value]"),
        labelFontSize=SMALL_SIZE,
    )
    chart: alt.Chart = alt.Chart(frame).mark_point(opacity=0).encode(y=_axis_of(labels, axis))
    return chart
