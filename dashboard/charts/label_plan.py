"""How many labels an answer takes, against the claims that are there to be labelled."""

from __future__ import annotations

import json

import altair as alt
import numpy as np
import pandas as pd

from core.sentences.numbers import count, counted
from core.text.shown import visible
from dashboard.charts.kit import alt_text as words
from dashboard.charts.kit.base import (
    COUNT_LABEL,
    SMALL_SIZE,
    at_x,
    finish,
    layered,
    lookup,
    name_axis,
    shortened,
    text_width,
    tooltip,
    words_of,
    words_only,
)
from dashboard.charts.kit.palette import Palette

_ROW = 40
_NOTHING = "No group waits for labels."


def labels_chart(
    rows: pd.DataFrame, palette: Palette, *, width: int = 760
) -> alt.LayerChart | alt.Chart:
    """What each group's answer takes as a dot, and as a bar what is there to be labelled.

    The axis is logarithmic: needs differ a hundredfold. A dot inside its bar can be met, one beyond
    it cannot; below each name the same stands in words.

    Args:
        rows: in the order to show: name (unique), needed (labels, null where no number does),
            available (unlabelled inputs), settles (bool).

    Raises:
        ValueError: if two rows have the same name.
    """
    if rows.empty:
        return finish(words_only(_NOTHING, palette, width=width), palette)
    frame = _told(rows, palette)
    names = frame["name"].to_list()
    if len(set(names)) < len(names):
        raise ValueError("two rows have the same name")
    drawn = frame[["needed", "there"]].to_numpy(dtype=float)
    most = float(np.nanmax(drawn, initial=10))
    shared = {
        "x": alt.X(
            scale=alt.Scale(type="log", domain=[1, most * 1.3], nice=False),
            title="Labelled inputs, on a logarithmic scale",
            axis=alt.Axis(labelExpr=COUNT_LABEL, values=_decades(most)),
        ),
        "y": alt.Y(sort=names, title=None, scale=alt.Scale(domain=names)),
    }
    axis = name_axis(
        palette,
        lookup({name: shortened(name) for name in names}),
        orient="left",
        labelOffset=-8,
    )
    chart = layered(
        [_bars(palette), _dots(axis), _needs(most, width), _figures(frame, palette)],
        shared,
        data=frame,
        width=width,
        height=_ROW * len(frame),
        resolve=alt.Resolve(axis=alt.AxisResolveMap(y="independent")),
    )
    return finish(chart, palette, fit=True)


def alt_text_labels(rows: pd.DataFrame) -> str:
    """Takeaway of `labels_chart`: how many groups can be settled, and with how many labels."""
    if rows.empty:
        return _NOTHING
    met = rows[rows["settles"].astype(bool)]
    text = f"{len(met)} of {counted(len(rows), 'group')} can be decided with what is there"
    if met.empty:
        return f"{text}."
    cheapest = met.iloc[int(met["needed"].to_numpy(dtype=float).argmin())]
    return f"{text}; fewest labels: {cheapest['name']}, {count(cheapest['needed'])}."


def _told(rows: pd.DataFrame, palette: Palette) -> pd.DataFrame:
    settles = rows["settles"].to_numpy(dtype=bool)
    needed = rows["needed"].to_numpy(dtype=float)
    needs = [None if np.isnan(need) else float(need) for need in needed]
    said = [
        f"no number does; {count(there)} there"
        if need is None
        else f"{count(need)} of {count(there)} unlabelled"
        if met
        else f"{count(need)} needed, {count(there)} there"
        for need, there, met in zip(needs, rows["available"], settles, strict=True)
    ]
    return pd.DataFrame(
        {
            "name": [words.key(name) for name in rows["name"]],
            "needed": needed,
            "from": 1.0,
            "there": np.maximum(rows["available"].to_numpy(dtype=float), 1.0),
            "_colour": np.where(settles, palette.estimate, palette.alert),
            "_ink": np.where(settles, palette.muted_ink, palette.alert_ink),
            "_needed": [count(need) for need in needs],
            "_there": [count(there) for there in rows["available"]],
            "_said": said,
        }
    )


def _decades(most: float) -> list[float]:
    return [float(10**k) for k in range(int(np.floor(np.log10(most * 1.3))) + 1)]


def _bars(palette: Palette) -> alt.Chart:
    """What is there to be labelled."""
    drawn: alt.Chart = (
        alt.Chart()
        .mark_bar(color=palette.band, opacity=0.35, height=14)
        .encode(x=at_x("from"), x2=alt.X2(field="there"), y=_name(None))
        .transform_filter("datum.there > 1")
    )
    return drawn


def _dots(axis: alt.Axis) -> alt.Chart:
    """What an answer takes, with the names beside it."""
    titles = {"name": "Group", "_needed": "Labels needed", "_there": "Unlabelled"}
    colour = alt.Color(field="_colour", type="nominal", scale=None)
    drawn: alt.Chart = (
        alt.Chart()
        .mark_point(size=80, opacity=1, filled=True)
        .encode(x=at_x("needed"), y=_name(axis), color=colour, tooltip=tooltip(titles))
        .transform_filter("isValid(datum.needed)")
    )
    return drawn


def _needs(most: float, width: int) -> alt.Chart:
    """The needs as numbers, to the right of their dots, or left where there is no room."""
    room = 1 - text_width("1,000,000", SMALL_SIZE) / max(width - 240, 200)
    far = (most * 1.3) ** room
    drawn: alt.Chart = (
        alt.Chart()
        .mark_text(
            fontSize=SMALL_SIZE,
            baseline="middle",
            align=alt.ExprRef(f"datum.needed > {far:.1f} ? 'right' : 'left'"),
            dx=alt.ExprRef(f"datum.needed > {far:.1f} ? -9 : 9"),
        )
        .encode(
            x=at_x("needed"),
            y=_name(None),
            text=words_of("_needed"),
            color=alt.Color(field="_ink", type="nominal", scale=None),
        )
        .transform_filter("isValid(datum.needed)")
    )
    return drawn


def _name(axis: alt.Axis | None) -> alt.Y:
    return alt.Y(field="name", type="nominal", axis=axis)


def _figures(frame: pd.DataFrame, palette: Palette) -> alt.Chart:
    """A layer without ink, for the sake of its axis: below each name its figures in words."""
    said = dict(zip(frame["name"], frame["_said"], strict=True))
    inks = dict(zip(map(visible, frame["name"]), frame["_ink"], strict=True))
    axis = name_axis(
        palette,
        lookup(said),
        orient="left",
        labelOffset=8,
        labelColor=alt.ExprRef(f"({json.dumps(inks)})[datum.value]"),
        labelFontSize=SMALL_SIZE,
    )
    chart: alt.Chart = alt.Chart().mark_point(opacity=0).encode(y=_name(axis))
    return chart
