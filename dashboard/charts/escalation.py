"""What people and the program did with the cases of each week, breaches marked."""

from __future__ import annotations

import altair as alt
import pandas as pd

from core.sentences.numbers import count, counted
from core.text.figures import percent
from dashboard.charts.kit.base import (
    COUNT_LABEL,
    SMALL_SIZE,
    at_y,
    finish,
    layered,
    lookup,
    tooltip,
    words_of,
    words_only,
)
from dashboard.charts.kit.palette import Palette

#: From the bottom of a bar to its top.
_ORDER = ("automated", "reviewed", "escalated", "not logged")
_BREACH = "breach"
_WIDTH, _HEIGHT = 900, 230  # of the whole, and of the plot
_MARGIN = 60  # pixels beside the plot


def load_chart(weeks: pd.DataFrame, palette: Palette) -> alt.LayerChart | alt.Chart:
    """Claims per week by what was done with them, and how many of them are breaches.

    Args:
        weeks: week ("2026-W47"), done ("automated", "reviewed", "escalated", "not logged"), n,
            n_breaches; weeks ascending, each with the same values of done.
    """
    if weeks.empty:
        text = "No claim of these days was made under a rule."
        return finish(words_only(text, palette, width=_WIDTH), palette)
    order = list(dict.fromkeys(weeks["week"]))
    width = min(_WIDTH, max(420, _MARGIN + 90 * len(order)))
    frame = _stacked(weeks)
    there = [name for name in _names() if name in set(frame["what"])]
    looks = _looks(palette)
    axis = alt.Axis(
        values=order,
        labelExpr=lookup({week: week.rpartition("-")[2] for week in order}),
        labelAngle=0,
        labelOverlap="greedy",
        grid=False,
    )
    scale = alt.Scale(domain=order, paddingInner=0.25, paddingOuter=0.12)
    x = alt.X(field="week", type="ordinal", sort=order, scale=scale, title=None, axis=axis)
    colour = alt.Color(
        field="what",
        type="nominal",
        sort=there,
        scale=alt.Scale(domain=there, range=[looks[name] for name in there]),
        legend=alt.Legend(title=None, orient="top", symbolType="square", columns=len(there)),
    )
    bars = (
        alt.Chart(frame)
        .mark_bar(strokeWidth=1, stroke=palette.background, width=alt.RelativeBandSize(1))
        .encode(
            y=at_y("low", title="Claims a week", axis=alt.Axis(labelExpr=COUNT_LABEL)),
            y2=alt.Y2(field="high"),
            color=colour,
            tooltip=tooltip({"week": "Week", "what": "Done", "_n": "Claims", "_share": "Of all"}),
        )
    )
    return finish(
        layered([bars, _breach_words(weeks, palette)], {"x": x}, width=width, height=_HEIGHT),
        palette,
        fit=True,
    )


def alt_text_load(weeks: pd.DataFrame) -> str:
    """Takeaway of `load_chart`: how many claims a week, and when the breaches were."""
    if weeks.empty:
        return "No claim of these days was made under a rule."
    by_week = weeks.groupby("week", sort=False)[["n", "n_breaches"]].sum()
    text = (
        f"{counted(len(by_week), 'week')}, {count(by_week['n'].min())} to "
        f"{count(by_week['n'].max())} claims a week."
    )
    breached = by_week[by_week["n_breaches"] > 0]
    if breached.empty:
        return f"{text} No week has a breach."
    most = breached["n_breaches"].idxmax()
    return (
        f"{text} {counted(len(breached), 'week')} with breaches, most of them in {most}: "
        f"{count(breached['n_breaches'].max())}."
    )


def _names() -> list[str]:
    return [name for done in _ORDER for name in (done, f"{done}: {_BREACH}")]


def _stacked(weeks: pd.DataFrame) -> pd.DataFrame:
    """One row per piece of a bar, from ``low`` to ``high``."""
    rows = []
    for week, of in weeks.groupby("week", sort=False):
        total, low = int(of["n"].sum()), 0
        pieces = {
            done: (n, breaches)
            for done, n, breaches in zip(of["done"], of["n"], of["n_breaches"], strict=True)
        }
        for done in _ORDER:
            n, breaches = pieces.get(done, (0, 0))
            for what, size in ((done, n - breaches), (f"{done}: {_BREACH}", breaches)):
                if size:
                    share = percent(size / total)
                    rows.append((week, what, low, low + size, count(size), share))
                low += size
    return pd.DataFrame(rows, columns=["week", "what", "low", "high", "_n", "_share"])


def _looks(palette: Palette) -> dict[str, str]:
    plain = {
        "automated": palette.estimate,
        "reviewed": palette.under[1],
        "escalated": palette.under[2],
        "not logged": palette.grid,
    }
    return plain | {f"{done}: {_BREACH}": palette.alert for done in plain}


def _breach_words(weeks: pd.DataFrame, palette: Palette) -> alt.Chart:
    """How many breaches a week has, above its bar."""
    by_week = weeks.groupby("week", sort=False, as_index=False)[["n", "n_breaches"]].sum()
    frame = by_week[by_week["n_breaches"] > 0].assign(
        _said=[f"{count(n)} ▲" for n in by_week.loc[by_week["n_breaches"] > 0, "n_breaches"]]
    )
    mark = alt.Chart(frame).mark_text(
        baseline="bottom", dy=-3, fontSize=SMALL_SIZE, fontWeight="bold", color=palette.alert_ink
    )
    drawn: alt.Chart = mark.encode(y=at_y("n"), text=words_of("_said"))
    return drawn
