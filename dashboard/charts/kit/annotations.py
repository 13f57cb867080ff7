"""What stands around a line over time: changes, moves, breaches, immature periods, claims."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from dashboard.charts.kit.alt_text import IMMATURE_WORDS
from dashboard.charts.kit.base import SMALL_SIZE, shortened, text_width
from dashboard.charts.kit.drawing import Dash, Drawing, Strip, round_values
from dashboard.charts.kit.lanes import Label, Lane, lanes
from dashboard.charts.kit.palette import REGION_OPACITY, Palette
from dashboard.charts.kit.time_axis import Days, TimeAxis

LANE = 15  # height of a row of words
_BARS = 42  # height of the bars
_WIDEST = 0.16  # of a bar, as part of the plot
_DASHES: dict[str, Dash] = {"model": "solid", "prompt": "dashed"}
_LONGEST = 24  # characters of a label
_ASIDE = 4  # pixels between a rule and its label


@dataclass(frozen=True)
class Changes:
    """Changes of a signal within the time shown, ascending.

    Attributes:
        at: in days from the first start.
        kinds: "model", "prompt" or others.
        names: as told.
        labels: as written, perhaps shortened.
        lanes: where each label stands; None where there is no room.
        width: of the plot for which they were placed, in pixels.
    """

    at: Days
    kinds: tuple[str, ...]
    names: tuple[str, ...]
    labels: tuple[str, ...]
    lanes: tuple[Lane | None, ...]
    width: float

    @property
    def height(self) -> float:
        """Pixels that the lanes take."""
        used = [lane.lane + 1 for lane in self.lanes if lane is not None]
        return max(used, default=0) * LANE + (4 if used else 0)

    @property
    def unnamed(self) -> int:
        """How many have no label."""
        return sum(lane is None for lane in self.lanes)

    def between(self, start: float, end: float) -> str:
        """Names of those from a day (inclusive) to another (exclusive); empty without."""
        inside = zip(self.at, self.names, strict=True)
        return ", ".join(name for at, name in inside if start <= at < end)


def place_changes(changes: pd.DataFrame | None, axis: TimeAxis, width: float) -> Changes:
    """Find lanes for the labels of changes.

    Args:
        changes: kind, label, at (date); those outside the axis are left out. May be empty.
        width: of the plot at its narrowest, in pixels.
    """
    if changes is None or changes.empty:
        return Changes(np.zeros(0), (), (), (), (), width)
    frame = changes.assign(_at=axis.at(changes["at"]))
    frame = frame[frame["_at"].between(0, axis.end)].sort_values("_at", kind="stable")
    kinds = tuple(str(kind) for kind in frame["kind"])
    names = tuple(map(_name, kinds, frame["label"]))
    labels = tuple(map(shortened, names, [_LONGEST] * len(names)))
    at = frame["_at"].to_numpy(dtype=float)
    weights = {"model": 2, "prompt": 1}
    to_place = [
        Label(x * width / axis.end, text_width(text, SMALL_SIZE) + _ASIDE, weights.get(kind, 0))
        for x, text, kind in zip(at, labels, kinds, strict=True)
    ]
    return Changes(at, kinds, names, labels, tuple(lanes(to_place, width)), width)


def _name(kind: str, label: object) -> str:
    """The label, with its kind before it unless it says so itself."""
    text = str(label)
    return text if kind.lower() in text.lower() else f"{kind} {text}"


def draw_changes(drawing: Drawing, changes: Changes, bottom: float, palette: Palette) -> None:
    """Rules from each label down to a height: solid for models, dashed for prompts."""
    foot = changes.height - 4
    rows = zip(changes.at, changes.kinds, changes.labels, changes.lanes, strict=True)
    for at, kind, label, lane in rows:
        x = float(at)
        ink = palette.ink if kind == "model" else palette.muted_ink
        dash = _DASHES.get(kind, "dotted")
        y = changes.height if lane is None else foot - LANE * (lane.lane + 0.5)
        drawing.rule((x, x), (y - 6, bottom), ink, thick=1.25, dash=dash)
        if lane is not None:
            dx = _ASIDE if lane.align == "left" else -_ASIDE
            drawing.write(label, x, y, ink, align=lane.align, dx=dx)


def draw_breaches(
    drawing: Drawing,
    breaches: pd.DataFrame,
    axis: TimeAxis,
    width: float,
    top: float,
    palette: Palette,
) -> float:
    """Bars with their labels, below each other where they would overlap.

    Args:
        breaches: start (date), end (date, the day after the last), label. May be empty.
        width: of the plot at its narrowest, in pixels.
        top: where they begin, in pixels from the top of the plot.

    Returns:
        Where they end.
    """
    if breaches.empty:
        return top
    start = np.clip(axis.at(breaches["start"]), 0, axis.end)
    end = np.clip(axis.at(breaches["end"]), 0, axis.end)
    scale = width / axis.end
    rows = [
        (float(a), float(b), shortened(str(text), 40))
        for a, b, text in zip(start, end, breaches["label"], strict=True)
        if b > a
    ]
    to_place = [
        Label(a * scale, max(text_width(text, SMALL_SIZE), (b - a) * scale)) for a, b, text in rows
    ]
    deepest = 0
    for (a, b, text), lane in zip(rows, lanes(to_place, width), strict=True):
        deep = 0 if lane is None else lane.lane
        deepest = max(deepest, deep + 1)
        y = top + 6 + deep * (LANE + 10) + LANE / 2
        fits = a * scale + text_width(text, SMALL_SIZE) <= width
        align = "left" if fits else "right"
        if lane is not None:
            drawing.write(text, a if fits else b, y, palette.alert_ink, align=align, bold=True)
        drawing.rect((a, b), (y + 8, y + 13), palette.alert, 1)
    return top + 6 + deepest * (LANE + 10)


def draw_levels(
    drawing: Drawing,
    levels: pd.DataFrame,
    axis: TimeAxis,
    width: float,
    strip: Strip,
    palette: Palette,
) -> float:
    """Steps from one level to the next, and below the strip a triangle and words at each move.

    Args:
        levels: start (date), end (date, the day after the last), value, label (of the move to it;
            "" for the first), ascending. May be empty.
        width: of the plot at its narrowest, in pixels.
        strip: the line's.

    Returns:
        Where the words end, in pixels from the top of the plot.
    """
    if levels.empty:
        return strip.bottom
    start = np.clip(axis.at(levels["start"]), 0, axis.end)
    end = np.clip(axis.at(levels["end"]), 0, axis.end)
    # A level holds until the next begins, also over periods without a label.
    stop = np.append(start[1:], end[-1])
    y = strip.y(levels["value"])
    drawing.line(
        np.column_stack([start, stop]).ravel(), np.repeat(y, 2), palette.ink, thick=2.5, opacity=0.6
    )
    scale = width / axis.end
    texts = [shortened(str(text), 48) for text in levels["label"]]
    moves = [k for k, text in enumerate(texts) if text]
    to_place = [
        Label(float(start[k]) * scale - 6, text_width(texts[k], SMALL_SIZE) + 12) for k in moves
    ]
    deepest = 0
    for k, lane in zip(moves, lanes(to_place, width), strict=True):
        x = float(start[k])
        deep = 0 if lane is None else lane.lane
        deepest = max(deepest, deep + 1)
        at = strip.bottom + 4 + LANE * (deep + 0.5)
        shape = (
            "triangle-up"
            if levels["value"].iloc[k] > levels["value"].iloc[k - 1]
            else ("triangle-down")
        )
        drawing.point(x, at, palette.ink, size=46, shape=shape)
        if lane is not None:
            dx = 9 if lane.align == "left" else -9
            drawing.write(texts[k], x, at, palette.ink, align=lane.align, dx=dx)
    return strip.bottom + 4 + deepest * LANE


def draw_claims(
    drawing: Drawing, periods: pd.DataFrame, axis: TimeAxis, top: float, palette: Palette
) -> Strip:
    """Bars of the claims per period: labelled solid, the others pale; immature ones dashed."""
    most = max(float(periods["n_claims"].max()), 1.0)
    strip = Strip(top, _BARS, 0, most)
    stated = strip.y(periods["n_claims"].fillna(0))
    labelled = strip.y(periods["n"].fillna(0))
    mature = periods["mature"].to_numpy(dtype=bool)
    gap = max(axis.step * 0.09, (axis.step - axis.end * _WIDEST) / 2)
    colour = palette.estimate
    for k, start in enumerate(axis.starts):
        x = (float(start + gap), float(start + axis.step - gap))
        strong, weak = (0.9, 0.28) if mature[k] else (0.5, 0.08)
        edge = None if mature[k] or len(periods) > 60 else colour
        drawing.rect(x, (stated[k], labelled[k]), colour, weak, edge=edge)
        drawing.rect(x, (labelled[k], strip.bottom), colour, strong, edge=edge)
    words = f"Claims per {axis.unit}: labelled solid, rest pale"
    drawing.write(words, 0, top - LANE / 2 - 2, palette.muted_ink)
    return strip


def claim_ticks(most: float) -> list[float]:
    """Zero and a round count."""
    whole = [t for t in round_values(0, max(most, 1.0), 3) if t == round(t)]
    return [0.0, whole[-1]]


def draw_immature(
    drawing: Drawing,
    periods: pd.DataFrame,
    axis: TimeAxis,
    span: tuple[float, float],
    words_at: float,
    palette: Palette,
) -> None:
    """A tint over immature periods, and what it means.

    Args:
        periods: mature (bool).
        span: from which height to which, in pixels.
        words_at: height of the words.
    """
    young = np.flatnonzero(~periods["mature"].to_numpy(dtype=bool))
    if not len(young):
        return
    for stretch in np.split(young, np.flatnonzero(np.diff(young) > 1) + 1):
        x = (float(axis.starts[stretch[0]]), float(axis.starts[stretch[-1]] + axis.step))
        drawing.rect(x, span, palette.accent, REGION_OPACITY)
    end = float(axis.starts[young[-1]] + axis.step)
    align = "right" if end > axis.end / 2 else "left"
    drawing.write(IMMATURE_WORDS, end, words_at, palette.accent_ink, align=align)
