"""What differs between two windows without a look at outcomes: who came, and what was stated."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd

from core.sentences.numbers import count, counted, percent, points
from core.text.sentence import capital
from dashboard.charts.kit import alt_text as words
from dashboard.charts.kit.base import finish, lookup, shortened, words_only
from dashboard.charts.kit.drawing import Drawing, Pixels, Row, Strip, round_values
from dashboard.charts.kit.palette import Palette
from dashboard.charts.kit.strip_labels import StripLabels
from dashboard.charts.kit.time_axis import NARROW

_MARGIN = 62  # pixels beside a plot
_ROW = 40
_WIDTH, _HEIGHT = 760, 170  # of the whole, and of a plot
_NAMES = ("reference", "now")
_LINE = 18  # height of a row of words


# -------------------------------------------------------------------------------------- who came
def mix_change(
    values: pd.DataFrame,
    palette: Palette,
    *,
    before: str = "in the reference window",
    after: str = "now",
    most: int = 12,
    width: int = 760,
) -> alt.LayerChart | alt.Chart:
    """The share of each value of a dimension in two windows, the largest changes first.

    Args:
        values: value, share_before, share_after (of all stated claims, in [0, 1]), n_before,
            n_after (stated claims).
        before: when the first window was; its dots are hollow.
        after: when the second; its dots are filled.
        most: how many values are shown; the others are counted in words.
    """
    if values.empty:
        return finish(words_only("No claims to compare.", palette, width=width), palette)
    ordered = _by_change(values)
    shown = ordered.head(most)
    drawing = Drawing(palette)
    rows: list[Row] = []
    end = float(np.nanmax(shown[["share_before", "share_after"]].to_numpy(dtype=float))) * 1.06
    end = min(max(end, 0.05), 1.02)
    numbers = ["share_before", "share_after", "n_before", "n_after"]
    columns = zip(shown["value"], shown[numbers].to_numpy(dtype=float), strict=True)
    for k, (value, (old, new, n_old, n_new)) in enumerate(columns):
        top, y = _ROW * k, _ROW * k + 26
        name = words.key(value)
        said = f"{percent(old)} → {percent(new)} ({points(new - old)}), "
        said += f"n {count(n_old)} → {count(n_new)}"
        drawing.write(f"{shortened(name, 30)}: {said}", 0, top + 10, palette.ink)
        drawing.rule((old, new), (y, y), palette.estimate, thick=2)
        drawing.point(old, y, palette.estimate, filled=False, size=56)
        drawing.point(new, y, palette.estimate, size=56)
        rows.append(
            {
                **{"x": 0.0, "x2": end, "y": top, "y2": top + _ROW},
                "value": name,
                "before": f"{percent(old, decimals=1)}, {counted(n_old, 'claim')}",
                "after": f"{percent(new, decimals=1)}, {counted(n_new, 'claim')}",
                "change": f"{points(new - old, decimals=1)} points",
            }
        )
    drawing.tell(
        rows,
        {
            "value": "Value",
            "before": capital(before),
            "after": capital(after),
            "change": "Change",
        },
    )
    title = [f"Share of claims: hollow {before}, filled {after}"]
    rest = ordered.iloc[most:]
    if len(rest):
        moved = (rest["share_after"] - rest["share_before"]).abs().max()
        title.append(
            f"{counted(len(rest), 'more value')} not shown, each changed by "
            f"{points(moved, decimals=1).lstrip('+')} points or less"
        )
    x = _percent_axis(end, "Share of claims")
    chart = drawing.chart(x, _ROW * len(shown), {}, width=width, title=title)
    return finish(chart, palette, fit=True)


def _by_change(values: pd.DataFrame) -> pd.DataFrame:
    change = (values["share_after"] - values["share_before"]).abs()
    return values.loc[change.sort_values(ascending=False, kind="stable").index]


def alt_text_mix(values: pd.DataFrame) -> str:
    """Takeaway of `mix_change`: the value that changed most."""
    if values.empty:
        return "No claims to compare."
    first = _by_change(values).iloc[0]
    return (
        f"Shares of {counted(len(values), 'value')} in two windows. The largest change: "
        f"{words.key(first['value'])}, {percent(first['share_before'])} to "
        f"{percent(first['share_after'])} "
        f"({counted(first['n_before'], 'claim')} before, {count(first['n_after'])} after)."
    )


# ----------------------------------------------------------------------------------- what was said
def confidence_shift(
    before: pd.DataFrame,
    after: pd.DataFrame,
    palette: Palette,
) -> alt.LayerChart | alt.Chart:
    """Stated confidence in two windows: the first as grey bars, the second as a line over them.

    Args:
        before: left, right (bin edges in [0, 1]), n_claims (stated); shares are of their sum.
        after: the same bins.
    """
    totals = before["n_claims"].sum(), after["n_claims"].sum()
    if not any(totals):
        return finish(words_only("No claims to compare.", palette, width=_WIDTH), palette)
    shares = [_shares(frame) for frame in (before, after)]
    most = max(float(max(s.max(initial=0) for s in shares)), 0.01)
    strip = Strip(_LINE, _HEIGHT, 0, most * 1.05)
    drawing = Drawing(palette)
    labels = StripLabels(drawing, strip, 1.0, min(_WIDTH, NARROW) - _MARGIN)
    outlines = [
        _outline(frame, share) for frame, share in zip((before, after), shares, strict=True)
    ]
    for x, y in outlines:
        labels.avoid_below(x, y)
    edges = zip(before["left"], before["right"], shares[0], strict=True)
    for left, right, share in edges:
        air = (right - left) * 0.04
        bar = float(strip.y(share)), strip.bottom
        drawing.rect((left + air, right - air), bar, palette.band, 0.45)
    if totals[1]:
        x, y = outlines[1]
        ends = np.concatenate([x[:1], x, x[-1:]]), np.concatenate([[0.0], y, [0.0]])
        drawing.line(ends[0], strip.y(ends[1]), palette.estimate, thick=2)
    inks = palette.muted_ink, palette.estimate_ink
    for name, total, (x, y), ink in zip(_NAMES, totals, outlines, inks, strict=True):
        peak = y >= y.max() / 2
        text = f"{name}: {counted(total, 'claim')}"
        labels.add(text, labels.pixels(x[peak], y[peak]), ink, bold=True)
    drawing.tell(
        _told_bins(before, after, shares, strip),
        {"bin": "Stated", "first": capital(_NAMES[0]), "second": capital(_NAMES[1])},
    )
    x_axis = _percent_axis(1.0, "Stated confidence", grid=False)
    beside = {float(strip.y(t)): percent(t) for t in strip.ticks(3)}
    title = f"Share of claims: bars {_NAMES[0]}, line {_NAMES[1]}"
    chart = drawing.chart(x_axis, strip.bottom, beside, width=_WIDTH, title=title)
    return finish(chart, palette, fit=True)


def _outline(frame: pd.DataFrame, share: Pixels) -> tuple[Pixels, Pixels]:
    """The upper edge of bars, as points."""
    return np.ravel(frame[["left", "right"]].to_numpy(dtype=float)), np.repeat(share, 2)


def _shares(frame: pd.DataFrame) -> Pixels:
    n = frame["n_claims"].to_numpy(dtype=float)
    return np.asarray(n / max(n.sum(), 1.0))


def _told_bins(
    before: pd.DataFrame, after: pd.DataFrame, shares: list[Pixels], strip: Strip
) -> list[Row]:
    columns = zip(before["left"], before["right"], before["n_claims"], shares[0], strict=True)
    second = zip(after["n_claims"], shares[1], strict=True)
    return [
        {
            **{"x": float(a), "x2": float(b), "y": strip.top, "y2": strip.bottom},
            "bin": f"{a:.6g} to {b:.6g}",
            "first": f"{percent(s, decimals=1)}, {counted(n, 'claim')}",
            "second": f"{percent(t, decimals=1)}, {counted(m, 'claim')}",
        }
        for (a, b, n, s), (m, t) in zip(columns, second, strict=True)
    ]


def alt_text_shift(before: pd.DataFrame, after: pd.DataFrame) -> str:
    """Takeaway of `confidence_shift`: the commonest bin of each window."""
    parts = []
    for name, frame in zip(_NAMES, (before, after), strict=True):
        total = frame["n_claims"].sum()
        if not total:
            parts.append(f"{name}: no claims")
            continue
        top = frame.iloc[int(frame["n_claims"].to_numpy().argmax())]
        parts.append(
            f"{name}, {counted(total, 'claim')}: most often {top['left']:.6g} to "
            f"{top['right']:.6g}, {percent(top['n_claims'] / total)}"
        )
    return f"Stated confidence in two windows. {capital('; '.join(parts))}."


def _percent_axis(end: float, title: str, *, grid: bool = True) -> alt.X:
    shown = {f"{v:.6g}": percent(v) for v in round_values(0, end, 5)}
    axis = alt.Axis(values=[float(v) for v in shown], labelExpr=lookup(shown), grid=grid)
    return alt.X(scale=alt.Scale(domain=[0, end], nice=False, zero=True), axis=axis, title=title)
