"""Gaps with their intervals, one below the other, beside what is accepted."""

from __future__ import annotations

import json
from collections.abc import Mapping

import altair as alt
import numpy as np
import pandas as pd

from core.sentences.numbers import SHOWN_WORDS, count, points
from core.text.shown import visible
from dashboard.charts.kit import alt_text as words
from dashboard.charts.kit.base import (
    POINTS_LABEL,
    SMALL_SIZE,
    at_x,
    finish,
    layered,
    lookup,
    name_axis,
    shortened,
    tooltip,
    words_of,
    words_only,
)
from dashboard.charts.kit.palette import BAND_OPACITY, Palette

_WIDTH, _ROW = 760, 40


#: What the x axis of gaps is called.
GAP_TITLE = "Gap in points: overconfident →"


def interval_dots(
    rows: pd.DataFrame,
    palette: Palette,
    *,
    tolerance: float,
    title: str = GAP_TITLE,
    named: Mapping[str, str] = SHOWN_WORDS,
) -> alt.LayerChart | alt.Chart:
    """Gap and interval per segment, or another difference, against what the owner accepts.

    A filled dot is a verdict, a hollow one is not decided. Below each name stand its gap, interval,
    labelled claims and verdict in words.

    Args:
        rows: in the order to show: label (unique), gap, low, high (differences of proportions,
            null where there is none), n (labelled claims), verdict.
        title: of the x axis, where it is not the gap.
        named: verdict → what it is called, where it is not about calibration.

    Raises:
        ValueError: if two rows have the same label.
    """
    if rows.empty:
        return finish(words_only("No segment to show.", palette, width=_WIDTH), palette)
    frame = _told(rows, palette, named)
    labels = frame["label"].to_list()
    if len(set(labels)) < len(labels):
        raise ValueError("two rows have the same label")
    low, high = _reach(frame, tolerance)
    names = lookup({name: shortened(name) for name in labels})
    shared = {
        "x": alt.X(
            scale=alt.Scale(domain=[low, high], nice=False, zero=False),
            title=title,
            axis=alt.Axis(labelExpr=POINTS_LABEL, tickCount=6),
        ),
        "y": alt.Y(sort=labels, title=None, scale=alt.Scale(domain=labels)),
    }
    layers: list[alt.Chart | alt.LayerChart] = [
        _strip(palette, tolerance),
        _ends(),
        _dots(name_axis(palette, names, orient="left", labelOffset=-8)),
        _figures(frame, palette),
    ]
    chart = layered(
        layers,
        shared,
        data=frame,
        width=_WIDTH,
        height=_ROW * len(frame),
        resolve=alt.Resolve(axis=alt.AxisResolveMap(y="independent")),
    )
    return finish(chart, palette, fit=True)


def _told(rows: pd.DataFrame, palette: Palette, named: Mapping[str, str]) -> pd.DataFrame:
    """The rows with their words and colours."""
    verdict = rows["verdict"].to_numpy(dtype=object)
    out = verdict == "off"
    colour = np.where(out, palette.alert, palette.estimate)
    ends = zip(rows["low"], rows["high"], strict=True)
    return pd.DataFrame(
        {
            "label": [words.key(v) for v in rows["label"]],
            "gap": rows["gap"].to_numpy(dtype=float),
            "low": rows["low"].to_numpy(dtype=float),
            "high": rows["high"].to_numpy(dtype=float),
            "_colour": colour,
            "_fill": np.where(np.isin(verdict, ("off", "fine")), colour, palette.background),
            "_ink": np.where(out, palette.alert_ink, palette.muted_ink),
            "_gap": [points(g) for g in rows["gap"]],
            "_interval": [words.interval(low, high) for low, high in ends],
            "_n": [count(n) for n in rows["n"]],
            "_verdict": [named.get(v, str(v)) for v in verdict],
        }
    )


def _reach(frame: pd.DataFrame, tolerance: float) -> tuple[float, float]:
    """Ends of the x axis: all that is drawn, and some room around the strip."""
    drawn = frame[["gap", "low", "high"]].to_numpy()
    low = float(np.nanmin(drawn, initial=-1.4 * tolerance))
    high = float(np.nanmax(drawn, initial=1.4 * tolerance))
    margin = (high - low) / 30
    return max(low - margin, -1.02), min(high + margin, 1.02)


def _strip(palette: Palette, tolerance: float) -> alt.LayerChart:
    """What is accepted, named, and the line of no gap."""
    name = f"±{points(tolerance).lstrip('+')} accepted"
    row = {"from": -tolerance, "to": tolerance, "gap": 0.0, "text": name}
    strip = alt.Chart().mark_rect(color=palette.band, opacity=BAND_OPACITY * 0.7)
    text = alt.Chart().mark_text(
        color=palette.muted_ink, fontSize=SMALL_SIZE, baseline="bottom", y=-5
    )
    return alt.LayerChart(
        data=alt.InlineData(values=[row]),
        layer=[
            strip.encode(x=at_x("from"), x2=alt.X2(field="to")),
            alt.Chart().mark_rule(color=palette.outline).encode(x=at_x("gap")),
            text.encode(x=at_x("gap"), text=words_of("text")),
        ],
    )


def _ends() -> alt.Chart:
    """The intervals."""
    rule: alt.Chart = (
        alt.Chart()
        .mark_rule(strokeWidth=2, strokeCap="round")
        .encode(
            x=at_x("low"),
            x2=alt.X2(field="high"),
            y=_label(None),
            color=alt.Color(field="_colour", type="nominal", scale=None),
        )
        .transform_filter("isValid(datum.low) && isValid(datum.high)")
    )
    return rule


def _dots(axis: alt.Axis) -> alt.Chart:
    """The gaps, with the names beside them."""
    titles = {
        "label": "Segment",
        "_gap": "Points",
        "_interval": "Interval",
        "_n": "Labelled claims",
        "_verdict": "Verdict",
    }
    dots: alt.Chart = (
        alt.Chart()
        .mark_point(size=64, opacity=1, strokeWidth=1.75)
        .encode(
            x=at_x("gap"),
            y=_label(axis),
            stroke=alt.Stroke(field="_colour", type="nominal", scale=None),
            fill=alt.Fill(field="_fill", type="nominal", scale=None),
            tooltip=tooltip(titles),
        )
        .transform_filter("isValid(datum.gap)")
    )
    return dots


def _label(axis: alt.Axis | None) -> alt.Y:
    return alt.Y(field="label", type="nominal", axis=axis)


def _figures(frame: pd.DataFrame, palette: Palette) -> alt.Chart:
    """A layer without ink, for the sake of its axis: below each name its figures in words."""
    labels = frame["label"]
    verdicts = frame["_verdict"].str.lower()
    columns = (frame["_gap"], frame["_interval"], frame["_n"], verdicts)
    written = [f"{g} ({i}), n {n}, {v}" for g, i, n, v in zip(*columns, strict=True)]
    inks = dict(zip(map(visible, labels), frame["_ink"], strict=True))
    axis = name_axis(
        palette,
        lookup(dict(zip(labels, written, strict=True))),
        orient="left",
        labelOffset=8,
        labelColor=alt.ExprRef(f"({json.dumps(inks)})[datum.value]"),
        labelFontSize=SMALL_SIZE,
    )
    chart: alt.Chart = alt.Chart().mark_point(opacity=0).encode(y=_label(axis))
    return chart
