"""Why the Brier score moved: what the confidences foretold, and what is decalibration."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from core.sentences.numbers import absent, count, counted
from core.text.figures import signed
from dashboard.charts.kit import alt_text as words
from dashboard.charts.kit.base import SMALL_SIZE, finish, lookup, shortened, text_width, words_only
from dashboard.charts.kit.drawing import Drawing, Row, round_values
from dashboard.charts.kit.palette import Palette
from dashboard.charts.kit.time_axis import NARROW

#: One row of what is drawn, by column.
Part = Mapping[Hashable, Any]

_MARGIN = 16  # pixels beside the plot
_LINE = 18  # height of a row of words
_BAR = 9


def brier_split(
    parts: pd.DataFrame, palette: Palette, *, width: int = 760
) -> alt.LayerChart | alt.Chart:
    """The change of the Brier score in two steps: what the confidences foretold, and the rest.

    One row is drawn as a waterfall of four lines; several as one small waterfall each, below each
    other. Bars whose interval reaches zero, or is missing, are pale and dashed.

    Args:
        parts: label, before, after (Brier scores), n_before, n_after (labelled claims), and for
            foretold and decalibration the value, ``…_low`` and ``…_high`` (null where there is no
            interval); before + foretold + decalibration = after.
    """
    known = parts[parts["before"].notna() & parts["after"].notna()]
    if known.empty:
        text = "No labelled claims to compare in both windows."
        return finish(words_only(text, palette, width=width), palette)
    single = len(known) == 1
    low, high = _reach(known)
    # Words stand right of the marks of each small waterfall: room for them at the narrowest.
    room = 0 if single else text_width("decalibration +0.000", SMALL_SIZE) + 12
    plot = min(width, NARROW) - _MARGIN
    end = low + (high - low) * plot / (plot - room)
    drawing = Drawing(palette)
    rows: list[Row] = []
    top = 0.0
    for part in known.to_dict("records"):
        if single:
            bottom = _draw_alone(drawing, part, low, palette)
        else:
            bottom = _draw_row(drawing, part, top, low, palette)
        rows.append({"x": low, "x2": end, "y": top, "y2": bottom, **_told_parts(part)})
        top = bottom
    drawing.tell(rows, _PARTS)
    shown = {f"{v:.6g}": f"{v:.2f}" for v in round_values(low, high, 5)}
    axis = alt.Axis(values=[float(v) for v in shown], labelExpr=lookup(shown))
    scale = alt.Scale(domain=[low, end], nice=False, zero=False)
    x = alt.X(scale=scale, axis=axis, title="Brier score: lower is better")
    unsure = any(
        not (_number(part, f"{step}_low") > 0 or _number(part, f"{step}_high") < 0)
        for part in known.to_dict("records")
        for step in _STEPS
    )
    title = "Pale and dashed: the interval reaches zero" if unsure else None
    chart = drawing.chart(x, top, {}, width=width, title=title)
    return finish(chart, palette, fit=True)


_STEPS = {"foretold": "expected from the confidences", "decalibration": "decalibration"}
_PARTS = {
    "label": "Of",
    "scores": "Brier score",
    "foretold": "Expected from the confidences",
    "decalibration": "Decalibration",
    "n": "Labelled claims",
}


@dataclass(frozen=True)
class _Step:
    """One step of a waterfall."""

    name: str
    start: float
    change: float
    low: float
    high: float
    colour: str
    ink: str

    @property
    def furthest(self) -> float:
        """What is drawn furthest to the right."""
        return float(np.nanmax([self.start, self.start + self.change, self.start + self.high]))

    @property
    def said(self) -> str:
        """The change in words, with its interval."""
        return f"{signed(self.change, 3)} ({_interval(self.low, self.high)})"


def _steps(part: Part, palette: Palette) -> list[_Step]:
    colours = (palette.estimate, palette.estimate_ink), (palette.other, palette.other_ink)
    at, steps = _number(part, "before"), []
    for name, (colour, ink) in zip(_STEPS, colours, strict=True):
        change, low, high = (_number(part, f"{name}{end}") for end in ("", "_low", "_high"))
        steps.append(_Step(name, at, change, low, high, colour, ink))
        at += change
    return steps


def _draw_alone(drawing: Drawing, part: Part, left: float, palette: Palette) -> float:
    """A waterfall of four lines, words above each; returns its height in pixels."""
    before, after = _number(part, "before"), _number(part, "after")
    pitch = _LINE + _BAR + 9

    def middle(line: int) -> float:
        return pitch * line + _LINE + _BAR / 2 + 2

    def write(line: int, text: str, ink: str) -> None:
        drawing.write(text, left, pitch * line + _LINE / 2, ink)

    write(0, f"before: {before:.3f}, n {count(_number(part, 'n_before'))}", palette.ink)
    drawing.point(before, middle(0), palette.ink, filled=False)
    for line, step in enumerate(_steps(part, palette), start=1):
        write(line, f"{_STEPS[step.name]}: {step.said}", step.ink)
        _join(drawing, step.start, middle(line - 1), middle(line), palette)
        _draw_step(drawing, step, middle(line), palette)
    write(3, f"after: {after:.3f}, n {count(_number(part, 'n_after'))}", palette.ink)
    _join(drawing, after, middle(2), middle(3), palette)
    drawing.point(after, middle(3), palette.ink)
    return pitch * 4


def _draw_row(drawing: Drawing, part: Part, top: float, left: float, palette: Palette) -> float:
    """A small waterfall of two bars below its name; returns where it ends, in pixels."""
    before, after = _number(part, "before"), _number(part, "after")
    ns = " → ".join(count(_number(part, f"n_{when}")) for when in ("before", "after"))
    name = shortened(words.key(part["label"]), 30)
    drawing.write(f"{name}: {before:.3f} → {after:.3f}, n {ns}", left, top + _LINE / 2, palette.ink)
    middles = [top + _LINE * (k + 1.5) for k in range(2)]
    for step, middle in zip(_steps(part, palette), middles, strict=True):
        _draw_step(drawing, step, middle, palette)
        text = f"{step.name} {signed(step.change, 3)}"
        drawing.write(text, step.furthest, middle, step.ink, dx=8)
    _join(drawing, before + _number(part, "foretold"), middles[0], middles[1], palette)
    drawing.point(before, middles[0], palette.ink, filled=False, size=30)
    drawing.point(after, middles[1], palette.ink, size=30)
    return middles[1] + _LINE


def _draw_step(drawing: Drawing, step: _Step, middle: float, palette: Palette) -> None:
    """Its bar, pale and dashed where nothing is sure, and its interval around the end."""
    unsure = not (step.low > 0 or step.high < 0)
    ends = sorted((step.start, step.start + step.change))
    y = middle - _BAR / 2, middle + _BAR / 2
    edge = step.colour if unsure else None
    drawing.rect((ends[0], ends[1]), y, step.colour, 0.25 if unsure else 0.9, edge=edge)
    if not absent(step.low) and not absent(step.high):
        interval = step.start + step.low, step.start + step.high
        drawing.rule(interval, (middle, middle), palette.ink, thick=1.25)


def _join(drawing: Drawing, x: float, top: float, bottom: float, palette: Palette) -> None:
    drawing.rule((x, x), (top, bottom), palette.outline, dash="dotted")


def _reach(known: pd.DataFrame) -> tuple[float, float]:
    """Ends of the axis: every score and step, with its interval."""
    before, after = (known[c].to_numpy(dtype=float) for c in ("before", "after"))
    middle = before + known["foretold"].to_numpy(dtype=float)
    reached = [before, after, middle]
    for start, step in ((before, "foretold"), (middle, "decalibration")):
        reached += [start + known[f"{step}_{e}"].to_numpy(dtype=float) for e in ("low", "high")]
    low, high = float(np.nanmin(reached)), float(np.nanmax(reached))
    margin = max((high - low) / 25, 0.002)
    return low - margin, high + margin


def _number(part: Part, field: str) -> float:
    """A number of one row; nan where there is none."""
    value = part.get(field)
    return float("nan") if value is None or absent(value) else float(value)


def _interval(low: float, high: float) -> str:
    return (
        "no interval" if absent(low) or absent(high) else f"{signed(low, 3)} to {signed(high, 3)}"
    )


def _told_parts(part: Part) -> Row:
    told: Row = {
        "label": words.key(part["label"]),
        "scores": f"{_number(part, 'before'):.3f} → {_number(part, 'after'):.3f}",
        "n": f"{count(_number(part, 'n_before'))} → {count(_number(part, 'n_after'))}",
    }
    for step in _STEPS:
        value, low, high = (_number(part, f"{step}{end}") for end in ("", "_low", "_high"))
        told[step] = f"{signed(value, 3)} ({_interval(low, high)})"
    return told


def alt_text_brier(parts: pd.DataFrame) -> str:
    """Takeaway of `brier_split`: each change and its two parts, the largest decalibration first."""
    known = parts[parts["before"].notna() & parts["after"].notna()]
    if known.empty:
        return "No labelled claims to compare in both windows."
    ordered = known.loc[known["decalibration"].abs().sort_values(ascending=False).index]
    told = [
        f"{words.key(p['label'])}: {_number(p, 'before'):.3f} to {_number(p, 'after'):.3f}, "
        f"{signed(_number(p, 'foretold'), 3)} expected from the confidences, "
        f"{signed(_number(p, 'decalibration'), 3)} decalibration "
        f"({_interval(_number(p, 'decalibration_low'), _number(p, 'decalibration_high'))})"
        for p in ordered.head(3).to_dict("records")
    ]
    more = len(known) - len(told)
    tail = f" {counted(more, 'more segment')}." if more else ""
    return f"Change of the Brier score. {'. '.join(told)}.{tail}"
