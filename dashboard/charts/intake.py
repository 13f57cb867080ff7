"""What came in: how much of it is labelled, and how late labels arrive."""

from __future__ import annotations

from typing import Literal

import altair as alt
import numpy as np
import pandas as pd

from dashboard.charts import words
from dashboard.charts.base import (
    COUNT_LABEL,
    SMALL_SIZE,
    finish,
    layered,
    lookup,
    text_width,
    words_only,
)
from dashboard.charts.palette import REGION_OPACITY, Palette

IMMATURE_WORDS = "immature: outcomes still to come"
#: The bars take the lower part of the plot, the shares the part above this, as parts of its height.
_BARS = 0.56
_SHARES_FROM = 0.68
_MARGIN = 60  # pixels beside the plot


def label_coverage_timeline(
    weeks: pd.DataFrame, palette: Palette, *, width: int = 760, height: int = 230
) -> alt.LayerChart | alt.Chart:
    """Stated and labelled claims per ISO week, and above them the labelled share.

    Bars: labelled claims solid, the rest of the stated ones pale above. Weeks whose outcomes are
    still due are paler, dashed and named, so that their low coverage does not alarm.

    Args:
        weeks: one row per week, ascending, none left out: week ("2026-W12"), n_claims (stated), n
            (labelled among them), coverage (n / n_claims, null without claims), mature (bool).
        palette: the colours.
        width: of the whole, in pixels; a page may narrow it.
        height: of the plot, in pixels.
    """
    if weeks.empty:
        return finish(words_only("No claims yet.", palette, width=width), palette)
    width = min(width, max(420, _MARGIN + 56 * len(weeks)))
    mature = weeks["mature"].astype(bool)
    frame = weeks[["n_claims", "n", "coverage"]].assign(
        week=weeks["week"].astype(str),
        mature=mature,
        zero=0,
        _share=[words.percent(c) for c in weeks["coverage"]],
        _claims=[words.count(n) for n in weeks["n_claims"]],
        _labelled=[words.count(n) for n in weeks["n"]],
        _state=np.where(mature, "mature", IMMATURE_WORDS),
    )
    order = frame["week"].to_list()
    axis = _week_axis(order, (width - _MARGIN) / len(order))
    bars = _bars(frame, palette, _week(order, axis))
    shares = _shares(frame, palette, _week(order, axis))
    text = "Stated claims: labelled solid, the others pale"
    if not mature.all():
        text += "; dashed: immature weeks"
    heads = [
        _head("Coverage: labelled share of stated claims", 0, palette.muted_ink),
        _head(text, height * (1 - _BARS) - 4, palette.muted_ink),
    ]
    parts = [layered([*bars, *heads]), layered(shares)]
    own = alt.Resolve(scale=alt.ScaleResolveMap(y="independent"))
    chart = layered(parts, width=width, height=height, resolve=own)
    return finish(chart, palette, fit=True)


def _week(order: list[str], axis: alt.Axis) -> alt.X:
    scale = alt.Scale(domain=order, paddingInner=0.18, paddingOuter=0.09)
    return alt.X("week:O", sort=order, scale=scale, title=None, axis=axis)


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
    return [
        alt.Tooltip("week:O", title="Week"),
        alt.Tooltip("_claims:N", title="Stated claims"),
        alt.Tooltip("_labelled:N", title="Labelled"),
        alt.Tooltip("_share:N", title="Coverage"),
        alt.Tooltip("_state:N", title="State"),
    ]


def _head(text: str, y: float, ink: str) -> alt.Chart:
    """Words at the left edge, their foot at a height in pixels from the top."""
    mark = alt.Chart(pd.DataFrame({"text": [text]})).mark_text(
        align="left", baseline="bottom", color=ink, fontSize=SMALL_SIZE
    )
    head: alt.Chart = mark.encode(x=alt.value(0), y=alt.value(y - 4), text="text:N")
    return head


def _shares(frame: pd.DataFrame, palette: Palette, x: alt.X) -> list[alt.Chart]:
    """Coverage as a line in the upper part, with its values where they fit."""
    below = -_SHARES_FROM / (1 - _SHARES_FROM)  # so that 0 % lies where the upper part begins
    y = alt.Y(
        "coverage:Q",
        title=None,
        scale=alt.Scale(domain=[below, 1], nice=False, zero=False),
        axis=alt.Axis(values=[0, 0.5, 1], format=".0%", orient="left"),
    )
    known = alt.Chart(frame[frame["coverage"].notna()])
    fill = alt.condition("datum.mature", alt.value(palette.estimate), alt.value(palette.background))
    dots = known.mark_point(size=30, opacity=1, strokeWidth=1.5, stroke=palette.estimate)
    layers = [
        known.mark_line(color=palette.estimate, strokeWidth=1.5).encode(x=x, y=y),
        dots.encode(x=x, y=y, fill=fill, tooltip=_tooltip()),
    ]
    fits = f"bandwidth('x') >= {text_width('100%', SMALL_SIZE) * 0.82:.0f} ? datum._share : ''"
    looks: tuple[tuple[str, int, int, Literal["bottom", "top"]], ...] = (
        ("datum.coverage < 0.55", 7, -4, "bottom"),
        ("datum.coverage >= 0.55", 0, 7, "top"),
    )
    for where, dx, dy, base in looks:
        text = known.transform_filter(where).mark_text(
            color=palette.muted_ink,
            dx=dx,
            dy=dy,
            baseline=base,
            fontSize=SMALL_SIZE,
            text=alt.ExprRef(fits),
        )
        layers.append(text.encode(x=x, y=y))
    return layers


def _bars(frame: pd.DataFrame, palette: Palette, x: alt.X) -> list[alt.Chart]:
    """Claims in the lower part; behind immature weeks a tint over the whole height, and a name."""
    ticks = _ticks(float(frame["n_claims"].max()))
    y_axis = alt.Axis(values=ticks, labelExpr=COUNT_LABEL)
    scale = alt.Scale(domain=[0, max(ticks[-1], frame["n_claims"].max()) / _BARS], nice=False)
    layers: list[alt.Chart] = []
    young = frame[~frame["mature"]]
    if len(young):
        tint = alt.Chart(young).mark_rect(
            color=palette.accent, opacity=REGION_OPACITY, width=alt.RelativeBandSize(1 / 0.82)
        )
        layers.append(tint.encode(x=x))
        name = alt.Chart(young.tail(1)).mark_text(
            align="right",
            baseline="bottom",
            color=palette.accent_ink,
            fontSize=SMALL_SIZE,
            text=IMMATURE_WORDS,
        )
        end = x.bandPosition(1)
        layers.append(name.encode(x=end, y=alt.value(-4)))

    def bars(low: str, high: str, strong: float, weak: float) -> alt.Chart:
        stroke = alt.condition(
            "datum.mature", alt.value(palette.background), alt.value(palette.estimate)
        )
        mark = alt.Chart(frame).mark_bar(
            color=palette.estimate,
            strokeWidth=1,
            width=alt.ExprRef("min(bandwidth('x'), 72)"),
        )
        drawn: alt.Chart = mark.encode(
            x=x,
            y=alt.Y(f"{low}:Q", title=None, axis=y_axis, scale=scale),
            y2=f"{high}:Q",
            fillOpacity=alt.condition("datum.mature", alt.value(strong), alt.value(weak)),
            stroke=stroke,
            strokeDash=alt.condition("datum.mature", alt.value([1, 0]), alt.value([2, 2])),
            tooltip=_tooltip(),
        )
        return drawn

    return [*layers, bars("n", "n_claims", 0.28, 0.08), bars("zero", "n", 0.9, 0.5)]


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
        palette: the colours.
        width: of the whole, in pixels; a page may narrow it.
        height: of the plot, in pixels.
    """
    total = float(delays["n"].sum()) if len(delays) else 0.0
    if total == 0:
        text = "No outcome with a known time yet."
        return finish(words_only(text, palette, width=width), palette)
    names = [_bin(a, b) for a, b in zip(delays["left"], delays["right"], strict=True)]
    frame = pd.DataFrame(
        {
            "bin": names,
            "n": delays["n"].to_numpy(),
            "_share": [words.percent(n / total) if n else "" for n in delays["n"]],
            "_n": [words.count(n) for n in delays["n"]],
        }
    )
    step = (width - _MARGIN) / len(frame)
    level = max(text_width(t, SMALL_SIZE) for t in names) <= step - 4
    axis = alt.Axis(labelAngle=0 if level else -45, grid=False, labelOverlap=False)
    x = alt.X("bin:O", sort=names, title="Days from claim to outcome", axis=axis)
    counts = alt.Axis(tickCount=3, labelExpr=COUNT_LABEL, tickMinStep=1)
    base = alt.Chart(frame).encode(x=x, y=alt.Y("n:Q", title="Outcomes", axis=counts))
    bars = base.mark_bar(color=palette.estimate, opacity=0.9).encode(
        tooltip=[
            alt.Tooltip("bin:O", title="Days"),
            alt.Tooltip("_n:N", title="Outcomes"),
            alt.Tooltip("_share:N", title="Share"),
        ]
    )
    fits = f"bandwidth('x') >= {text_width('100%', SMALL_SIZE):.0f} ? datum._share : ''"
    shares = base.mark_text(
        dy=-4,
        baseline="bottom",
        color=palette.muted_ink,
        fontSize=SMALL_SIZE,
        text=alt.ExprRef(fits),
    )
    chart = layered([bars, shares], width=width, height=height)
    return finish(chart, palette, fit=True)


def _bin(left: float, right: float) -> str:
    return f"{left:g}–{right:g}" if np.isfinite(right) else f"{left:g}+"
