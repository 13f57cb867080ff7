"""Risk against coverage: what each threshold automates, and how much of it is wrong."""

from __future__ import annotations

import altair as alt
import pandas as pd

from core.sentences.numbers import count, percent
from core.sentences.numbers import cut as _share
from dashboard.charts.kit.base import (
    LABEL_SIZE,
    at_x,
    at_y,
    finish,
    layered,
    tooltip,
    words_of,
    words_only,
)
from dashboard.charts.kit.palette import BAND_OPACITY, Palette

_WIDTH, _HEIGHT = 620, 300  # of the whole, and of the plot
_DASHES = ([1, 0], [5, 3])


def risk_chart(
    curve: pd.DataFrame,
    marks: pd.DataFrame,
    risk: float,
    palette: Palette,
) -> alt.LayerChart | alt.Chart:
    """Share of wrong ones over the share automated, one point per threshold.

    Args:
        curve: sample, cut ("0.93" as a number), coverage, risk, low, high, n, errors; the first
            sample is the one tuned on, the second the one held out.
        marks: sample, cut (in words), coverage, risk of the chosen threshold; may be empty.
        risk: the accepted share of wrong ones.
    """
    if curve.empty:
        return finish(words_only("No labelled claim to draw.", palette, width=_WIDTH), palette)
    samples = list(dict.fromkeys(curve["sample"]))
    top = min(1.0, 1.25 * max(risk, float(curve["risk"].max())))
    frame = curve.assign(
        low=curve["low"].clip(upper=top),
        high=curve["high"].clip(upper=top),
        _cut=[f"{cut:.6g} and above" for cut in curve["cut"]],
        _risk=[
            f"{percent(one, decimals=1)} ({percent(low, decimals=1)} to "
            f"{percent(high, decimals=1)})"
            for one, low, high in zip(curve["risk"], curve["low"], curve["high"], strict=True)
        ],
        _n=[f"{count(e)} of {count(n)}" for e, n in zip(curve["errors"], curve["n"], strict=True)],
        _coverage=[percent(one, decimals=1) for one in curve["coverage"]],
    )
    colours = [palette.estimate, palette.other][: len(samples)]
    scale = alt.Scale(domain=samples, range=colours)
    legend = alt.Legend(
        title=None,
        orient="top",
        symbolType="stroke",
        symbolOpacity=1,
        symbolStrokeWidth=2,
        symbolSize=500,
        columns=len(samples),
    )
    colour = alt.Color(field="sample", type="nominal", scale=scale, legend=legend)
    dash = alt.StrokeDash(
        field="sample",
        type="nominal",
        scale=alt.Scale(domain=samples, range=list(_DASHES[: len(samples)])),
        legend=legend,
    )
    x = at_x(
        "coverage",
        title="Automated, of all",
        scale=alt.Scale(domain=[0, 1], nice=False),
        axis=alt.Axis(format=".0%", grid=False),
    )
    y = at_y(
        "risk",
        title="Wrong among the automated",
        scale=alt.Scale(domain=[0, top], nice=False),
        axis=alt.Axis(format=".0%", tickCount=5),
    )
    base = alt.Chart(frame)
    area = base.mark_area(opacity=BAND_OPACITY / 2, clip=True).encode(
        y=at_y("low"), y2=alt.Y2(field="high"), color=colour
    )
    line = base.mark_line(strokeWidth=2, clip=True).encode(
        y=y, color=colour, strokeDash=dash, order=alt.Order(field="coverage", type="quantitative")
    )
    dots = base.mark_point(filled=True, size=34, opacity=1, clip=True).encode(
        y=at_y("risk"),
        color=colour,
        tooltip=tooltip(
            {
                "sample": "Claims",
                "_cut": "Automated from",
                "_coverage": "Automated",
                "_risk": "Wrong",
                "_n": "Labelled",
            }
        ),
    )
    bound = pd.DataFrame(
        {"from": [0.0], "to": [1.0], "risk": [risk], "_said": [f"{_share(risk)} accepted"]}
    )
    rule = (
        alt.Chart(bound)
        .mark_rule(color=palette.muted_ink, strokeDash=[2, 3])
        .encode(x=at_x("from"), x2=alt.X2(field="to"), y=at_y("risk"))
    )
    said = (
        alt.Chart(bound)
        .mark_text(align="right", baseline="bottom", dy=-3, color=palette.muted_ink)
        .encode(x=at_x("to"), y=at_y("risk"), text=words_of("_said"))
    )
    layers = [area, rule, said, line, dots]
    if not marks.empty:
        layers += _marked(marks, palette)
    shown = layered(layers, {"x": x}, width=_WIDTH, height=_HEIGHT)
    return finish(shown, palette, fit=True)


def _marked(marks: pd.DataFrame, palette: Palette) -> list[alt.Chart]:
    """The chosen cut, ringed on every curve, and named once."""
    base = alt.Chart(marks)
    rings = base.mark_point(
        filled=False, size=170, strokeWidth=2, opacity=1, color=palette.ink, clip=True
    ).encode(y=at_y("risk"))
    names = (
        alt.Chart(marks.head(1).assign(_said=[f"threshold {marks['cut'].iloc[0]}"]))
        .mark_text(baseline="top", dy=13, fontSize=LABEL_SIZE, fontWeight="bold", color=palette.ink)
        .encode(y=at_y("risk"), text=words_of("_said"))
    )
    return [rings, names]


def alt_text_risk(curve: pd.DataFrame, marks: pd.DataFrame, risk: float) -> str:
    """Takeaway of `risk_chart`."""
    if curve.empty:
        return "No labelled claim to draw."
    said = [
        f"{name}: {percent(of['risk'].iloc[-1], decimals=1)} wrong with "
        f"{percent(of['coverage'].iloc[-1])} automated."
        for name, of in curve.groupby("sample", sort=False)
    ]
    chosen = [
        f"At the threshold {cut} {percent(wrong, decimals=1)} wrong and {percent(automated)} "
        f"automated ({name})."
        for name, cut, automated, wrong in zip(
            marks["sample"], marks["cut"], marks["coverage"], marks["risk"], strict=True
        )
    ]
    return " ".join(
        [
            "Share of wrong ones over the share automated.",
            *said,
            *chosen,
            f"{_share(risk)} is accepted.",
        ]
    )
