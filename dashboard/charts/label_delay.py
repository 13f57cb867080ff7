"""What came in: how much of it is labelled, and how late labels arrive."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from core.sentences.numbers import count, percent
from dashboard.charts.kit import alt_text as words
from dashboard.charts.kit.alt_text import IMMATURE_WORDS
from dashboard.charts.kit.base import (
    COUNT_LABEL,
    SMALL_SIZE,
    at_y,
    finish,
    in_lines,
    layered,
    lookup,
    text_width,
    tooltip,
    words_of,
    words_only,
)
from dashboard.charts.kit.palette import REGION_OPACITY, Palette

#: The bars take the lower part of the plot, the shares the part above this, as parts of its height.
_BARS = 0.56
_SHARES_FROM = 0.68
_WIDTH, _HEIGHT = 760, 230  # of the timeline, and of its plot
_MARGIN = 60  # pixels beside the plot


def label_coverage_timeline(weeks: pd.DataFrame, palette: Palette) -> alt.LayerChart | alt.Chart:
    """Stated and labelled claims per ISO week, and above them the labelled share.

    Bars: labelled claims solid, the rest of the stated ones pale above. Weeks whose outcomes are
    still due are paler, dashed and named, so that their low coverage does not alarm.

    Args:
        weeks: one row per week, ascending, none left out: week ("2026-W12"), n_claims (stated), n
            (labelled among them), coverage (n / n_claims, null without claims), mature (bool).
    """
    if weeks.empty:
        return finish(words_only("No claims yet.", palette, width=_WIDTH), palette)
    width = min(_WIDTH, max(420, _MARGIN + 56 * len(weeks)))
    mature = weeks["mature"].astype(bool)
    frame = weeks[["n_claims", "n", "coverage"]].assign(
        week=weeks["week"].astype(str),
        mature=mature,
        zero=0,
        _share=[percent(c) for c in weeks["coverage"]],
        _claims=[count(n) for n in weeks["n_claims"]],
        _labelled=[count(n) for n in weeks["n"]],
        _state=np.where(mature, "mature", IMMATURE_WORDS),
    )
    order = frame["week"].to_list()
    axis = _week_axis(order, (width - _MARGIN) / len(order))
    text = "Stated claims: labelled solid, the others pale"
    if not mature.all():
        text += "; dashed: weeks whose outcomes still arrive"
    heads = _heads(
        {
            "Coverage: labelled share of stated claims": 0.0,
            text: _HEIGHT * (1 - _BARS) - 4,
        },
        palette.muted_ink,
    )
    scale = alt.Scale(domain=order, paddingInner=0.18, paddingOuter=0.09)
    week = alt.X(field="week", type="ordinal", sort=order, scale=scale, title=None, axis=axis)
    chart = layered(
        [_bars(frame, palette), heads, _shares(frame, palette)],
        {"x": week},
        data=frame,
        width=width,
        height=_HEIGHT,
        resolve=alt.Resolve(scale=alt.ScaleResolveMap(y="independent")),
    )
    return finish(chart, palette, fit=True)


def _week_axis(order: list[str], step: float) -> alt.Axis:
    """Every so many weeks "W12", with the year below where it changes."""
    every = max(1, int(np.ceil(34 / step)))
    ticks = order[::every]
    written: dict[str, str] = {}
    last = ""
    for week in ticks:
        year, _, number = week.rpartition("-")
        written[week] = number if year == last else f"{number}\n{year}"
        last = year
    expression = lookup(written)
    return alt.Axis(
        values=ticks, labelExpr=expression, labelAngle=0, labelOverlap="greedy", grid=False
    )


def _tooltip() -> list[alt.Tooltip]:
    return tooltip(
        {
            "week": "Week",
            "_claims": "Stated claims",
            "_labelled": "Labelled",
            "_share": "Coverage",
            "_state": "State",
        }
    )


def _heads(written: dict[str, float], ink: str) -> alt.Chart:
    """Words at the left edge, their foot at a height in pixels from the top."""
    rows = [{"text": text, "y": y - 4} for text, y in written.items()]
    mark = alt.Chart(alt.InlineData(values=rows)).mark_text(
        align="left",
        baseline="bottom",
        color=ink,
        fontSize=SMALL_SIZE,
        y=alt.ExprRef("datum.y"),
    )
    left = alt.XValue(0)  # type: ignore[no-untyped-call]  # untyped in Altair
    heads: alt.Chart = mark.encode(x=left, text=words_of("text"))
    return heads


def _shares(frame: pd.DataFrame, palette: Palette) -> alt.LayerChart:
    """Coverage as a line in the upper part, with its values where they fit."""
    below = -_SHARES_FROM / (1 - _SHARES_FROM)  # so that 0 % lies where the upper part begins
    y = at_y(
        "coverage",
        title=None,
        scale=alt.Scale(domain=[below, 1], nice=False, zero=False),
        axis=alt.Axis(values=[0, 0.5, 1], format=".0%", orient="left"),
    )
    fits = f"bandwidth('x') >= {text_width('100%', SMALL_SIZE) * 0.82:.0f} ? datum._share : ''"
    low = "datum.coverage < 0.55"
    return alt.LayerChart(
        data=frame[frame["coverage"].notna()],
        encoding=alt.FacetedEncoding(y=y),
        layer=[
            alt.Chart().mark_line(color=palette.estimate, strokeWidth=1.5),
            alt.Chart()
            .mark_point(size=30, opacity=1, strokeWidth=1.5, stroke=palette.estimate)
            .encode(
                fill=alt.FillValue(palette.background, condition=_mature(palette.estimate)),
                tooltip=_tooltip(),
            ),
            alt.Chart().mark_text(
                color=palette.muted_ink,
                dx=alt.ExprRef(f"{low} ? 7 : 0"),
                dy=alt.ExprRef(f"{low} ? -4 : 7"),
                baseline=alt.ExprRef(f"{low} ? 'bottom' : 'top'"),
                fontSize=SMALL_SIZE,
                text=alt.ExprRef(fits),
            ),
        ],
    )


def _mature(value: Any) -> dict[str, Any]:
    """The condition that gives mature weeks a value."""
    return {"test": "datum.mature", "value": value}


def _bars(frame: pd.DataFrame, palette: Palette) -> alt.LayerChart:
    """Claims in the lower part; behind immature weeks a tint over the whole height, and a name."""
    ticks = _ticks(float(frame["n_claims"].max()))
    scale = alt.Scale(domain=[0, max(ticks[-1], frame["n_claims"].max()) / _BARS], nice=False)
    y = alt.Y(title=None, axis=alt.Axis(values=ticks, labelExpr=COUNT_LABEL), scale=scale)
    layers: list[alt.Chart] = []
    young = frame[~frame["mature"]]
    if len(young):
        tint = alt.Chart(young).mark_rect(
            color=palette.accent, opacity=REGION_OPACITY, width=alt.RelativeBandSize(1 / 0.82)
        )
        name = alt.Chart(young.tail(1)).mark_text(
            align="right",
            baseline="bottom",
            color=palette.accent_ink,
            fontSize=SMALL_SIZE,
            text=IMMATURE_WORDS,
            y=-4,
        )
        end = alt.X(field="week", type="ordinal", bandPosition=1)
        layers += [tint, name.encode(x=end)]

    def bars(low: str, high: str, strong: float, weak: float) -> alt.Chart:
        mark = alt.Chart().mark_bar(
            color=palette.estimate,
            strokeWidth=1,
            width=alt.ExprRef("min(bandwidth('x'), 72)"),
        )
        drawn: alt.Chart = mark.encode(
            y=at_y(low),
            y2=alt.Y2(field=high),
            fillOpacity=alt.FillOpacityValue(weak, condition=_mature(strong)),
            stroke=alt.StrokeValue(palette.estimate, condition=_mature(palette.background)),
            strokeDash=alt.StrokeDashValue([2, 2], condition=_mature([1, 0])),
            tooltip=_tooltip(),
        )
        return drawn

    layers += [bars("n", "n_claims", 0.28, 0.08), bars("zero", "n", 0.9, 0.5)]
    return alt.LayerChart(layer=layers, encoding=alt.FacetedEncoding(y=y))


def _ticks(most: float) -> list[float]:
    """Zero and a few round counts up to the largest."""
    if most < 1:
        return [0.0, 1.0]
    magnitude = 10.0 ** np.floor(np.log10(most))
    step = next(s for s in (0.2, 0.5, 1.0, 2.0, 5.0) if most / (s * magnitude) <= 4) * magnitude
    step = max(step, 1.0)
    return [float(t) for t in np.arange(0, most + step * 0.01, step)]


def delay_histogram(
    delays: pd.DataFrame, palette: Palette, *, width: int = 520, height: int = 150
) -> alt.LayerChart | alt.Chart:
    """How long outcomes took to become known.

    Bins stand side by side whatever their width, with their share written on top: delays spread
    over hours and months alike.

    Args:
        delays: ascending: left, right (days from claim to outcome; right may be infinite for the
            last bin), n (outcomes in the bin).
    """
    total = float(delays["n"].sum()) if len(delays) else 0.0
    if total == 0:
        text = "No outcome with a known time yet."
        return finish(words_only(text, palette, width=width), palette)
    ends = zip(delays["left"], delays["right"], strict=True)
    names = [words.delay(left, right) for left, right in ends]
    frame = pd.DataFrame(
        {
            "bin": names,
            "n": delays["n"].to_numpy(),
            "_share": [percent(n / total) if n else "" for n in delays["n"]],
            "_n": [count(n) for n in delays["n"]],
        }
    )
    fits = f"bandwidth('x') >= {text_width('100%', SMALL_SIZE):.0f} ? datum._share : ''"
    bars = alt.Chart().mark_bar(color=palette.estimate, opacity=0.9)
    shares = alt.Chart().mark_text(
        dy=-4,
        baseline="bottom",
        color=palette.muted_ink,
        fontSize=SMALL_SIZE,
        text=alt.ExprRef(fits),
    )
    counts = alt.Axis(tickCount=3, labelExpr=COUNT_LABEL, tickMinStep=1)
    shared = {
        "x": alt.X(
            field="bin",
            type="ordinal",
            sort=names,
            title="From claim to outcome",
            axis=_delay_axis(names, (width - _MARGIN) / len(frame)),
        ),
        "y": at_y("n", title="Outcomes", axis=counts),
    }
    told = tooltip({"bin": "Delay", "_n": "Outcomes", "_share": "Share"})
    layers = [bars.encode(tooltip=told), shares]
    chart = layered(layers, shared, data=frame, width=width, height=height)
    return finish(chart, palette, fit=True)


def _delay_axis(names: list[str], step: float) -> alt.Axis:
    """Names in lines where those fit between the bars' middles, else aslant."""
    lines = {name: in_lines(name, step - 4, SMALL_SIZE) for name in names}
    if max(text_width(text, SMALL_SIZE) for text in lines.values()) > step - 4:
        return alt.Axis(labelAngle=-45, grid=False, labelOverlap=False)
    return alt.Axis(labelAngle=0, grid=False, labelOverlap=False, labelExpr=lookup(lines))
