"""How honest a signal was, period by period, and what was changed meanwhile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import altair as alt
import numpy as np
import pandas as pd

from core.sentences.numbers import ABSENT, SHOWN_WORDS, absent, count, counted, percent, within
from dashboard.charts.kit import alt_text as words
from dashboard.charts.kit.alt_text import IMMATURE_WORDS
from dashboard.charts.kit.annotations import (
    LANE,
    Changes,
    claim_ticks,
    draw_breaches,
    draw_changes,
    draw_claims,
    draw_immature,
    draw_levels,
    place_changes,
)
from dashboard.charts.kit.base import finish, words_only
from dashboard.charts.kit.drawing import Drawing, Row, Strip
from dashboard.charts.kit.palette import BAND_OPACITY, Palette
from dashboard.charts.kit.quantities import MEASURES, MeasureName, reach, ticks
from dashboard.charts.kit.strip_labels import StripLabels
from dashboard.charts.kit.time_axis import NARROW, Days, Series, TimeAxis, draw_series, time_axis

_WIDTH, _STRIP = 900, 84  # of the strips, and the height of each
_MARGIN = 62  # pixels beside the plot
_HEAD = LANE + 5
NO_LEVELS = pd.DataFrame(columns=["start", "end", "value", "label"])
#: What `measure_strips` shows, from the top.
STRIPS: tuple[tuple[MeasureName, ...], ...] = (
    ("accuracy", "mean_confidence"),
    ("brier",),
    ("coverage",),
)


def drift_timeline(
    periods: pd.DataFrame,
    changes: pd.DataFrame,
    breaches: pd.DataFrame,
    palette: Palette,
    *,
    measure: MeasureName,
    tolerance: float | None = None,
    levels: pd.DataFrame | None = None,
    width: int = 900,
    height: int = 240,
) -> alt.LayerChart | alt.Chart:
    """One measure over time, with what changed, what was breached, and how many claims there were.

    The line lies in its interval band. Immature periods are hollow, dashed, tinted and named; a
    period without a value, or left out, is a gap in the line. Diamonds are gaps judged
    off. A step from one level to the next is where the gap moved, whatever version came
    in then. Intervals much wider than the line moves are cut at the plot's edge; hovering tells
    their ends.

    Args:
        periods: one row per week or day, ascending: period ("2026-W47" or "2026-11-23"), start
            (date), value, low, high (null where nothing is labelled), n (labelled claims),
            n_claims (stated), coverage, mature (bool), verdict.
        changes: kind ("model" has a solid rule, "prompt" a dashed one, others a dotted one),
            label, at (date); those outside the time shown are left out. May be empty.
        breaches: start (date), end (date, the day after the last), label. May be empty.
        measure: which one ``value`` is; gap, accuracy, mean_confidence and coverage are
            proportions.
        tolerance: the accepted gap, in (0, 1); its strip is drawn for the gap only.
        levels: stretches of one level of the gap, drawn for it only: start (date), end (date, the
            day after the last), value, label (of the move to it). None leaves them out.
        height: of the part with the line, in pixels; what stands above and below it comes on top.
    """
    if periods.empty:
        return finish(words_only("No claims yet.", palette, width=width), palette)
    known = MEASURES[measure]
    tolerance = tolerance if measure == "gap" else None
    out = periods["verdict"].to_numpy(dtype=object) == "off"
    out &= measure == "gap"
    axis = time_axis(periods)
    width = min(width, max(NARROW, round(_MARGIN + 56 * axis.end / axis.step)))
    plot = NARROW - _MARGIN
    drawing = Drawing(palette)
    placed = place_changes(changes, axis, plot)
    series = _series(periods, axis, "value", "low", "high")
    strip = Strip(placed.height, height, *reach(known, [series], tolerance))
    draw_changes(drawing, placed, strip.bottom, palette)
    if measure == "gap":
        _draw_tolerance(drawing, strip, axis, tolerance, palette)
    draw_series(drawing, strip, series, palette, palette.estimate, out=out)
    steps = levels if levels is not None and measure == "gap" else NO_LEVELS
    moved = draw_levels(drawing, steps, axis, plot, strip, palette)
    _name_parts(drawing, strip, series, axis, placed, tolerance, palette)
    below = draw_breaches(drawing, breaches, axis, plot, moved, palette)
    bars = draw_claims(drawing, periods, axis, below + _HEAD + 4, palette)
    span = (placed.height, bars.bottom)
    draw_immature(drawing, periods, axis, span, bars.top - LANE / 2 - 2, palette)
    titles = {"value": known.name.capitalize(), "interval": "Interval", "verdict": "Verdict"}
    rows = _hover(periods, axis, span, placed)
    for row, value, low, high, verdict in zip(
        rows, series.value, series.low, series.high, periods["verdict"], strict=True
    ):
        row["value"], row["interval"] = known.told(value), known.told_interval(low, high)
        row["verdict"] = SHOWN_WORDS.get(verdict, ABSENT)
    drawing.tell(rows, _titles(axis, titles, placed, coverage=measure != "coverage"))
    labels = ticks(strip, known, most=5)
    labels |= {float(bars.y(t)): words.count_short(t) for t in claim_ticks(bars.high)}
    title = [known.title + (", with its interval" if np.isfinite(series.low).any() else "")]
    notes = ["diamonds: off"] * bool(out.any())
    notes += ["steps: its level before and after it moved"] * (not steps.empty)
    if placed.unnamed:
        notes.append(f"{counted(placed.unnamed, 'change')} without room for a name: hover for it")
    if notes:
        text = "; ".join(notes)
        title.append(text[0].upper() + text[1:])
    x = axis.x(plot)
    return finish(
        drawing.chart(x, bars.bottom, labels, width=width, title=title), palette, fit=True
    )


def measure_strips(
    periods: pd.DataFrame,
    palette: Palette,
    *,
    changes: pd.DataFrame | None = None,
) -> alt.LayerChart | alt.Chart:
    """Several measures over the same time, one strip below the other.

    Args:
        periods: one row per week or day, ascending: period, start, n, n_claims, mature, and for
            each measure a column of its name and, where it has an interval, ``<name>_low`` and
            ``<name>_high``.
        changes: as in `drift_timeline`; None leaves them out.
    """
    if periods.empty:
        return finish(words_only("No claims yet.", palette, width=_WIDTH), palette)
    axis = time_axis(periods)
    width = min(_WIDTH, max(NARROW, round(_MARGIN + 56 * axis.end / axis.step)))
    plot = NARROW - _MARGIN
    drawing = Drawing(palette)
    placed = place_changes(changes, axis, plot)
    top = placed.height
    labels: dict[float, str] = {}
    for row in STRIPS:
        strip = _draw_strip(drawing, periods, axis, row, (top, _STRIP), palette)
        labels |= ticks(strip, MEASURES[row[0]], most=3)
        top = strip.bottom + 8
    young = not periods["mature"].astype(bool).all()
    bottom = top + LANE if young else top - 8
    draw_changes(drawing, placed, top - 8, palette)
    draw_immature(drawing, periods, axis, (placed.height, bottom), top + LANE / 2 - 3, palette)
    names = [name for row in STRIPS for name in row]
    rows = _hover(periods, axis, (placed.height, bottom), placed)
    for name in names:
        series = _series(periods, axis, name, f"{name}_low", f"{name}_high")
        for told, value, low, high in zip(rows, series.value, series.low, series.high, strict=True):
            told[name] = MEASURES[name].told(value)
            if not absent(low):
                told[name] += f" ({MEASURES[name].told_interval(low, high)})"
    titles: dict[str, str] = {name: MEASURES[name].name.capitalize() for name in names}
    drawing.tell(rows, _titles(axis, titles, placed, coverage=False))
    return finish(drawing.chart(axis.x(plot), bottom, labels, width=width), palette, fit=True)


def _draw_strip(
    drawing: Drawing,
    periods: pd.DataFrame,
    axis: TimeAxis,
    row: Sequence[MeasureName],
    place: tuple[float, float],
    palette: Palette,
) -> Strip:
    """One strip of `measure_strips`, below its name; ``place`` is its top and its height."""
    top, height = place
    all_series = [_series(periods, axis, m, f"{m}_low", f"{m}_high") for m in row]
    strip = Strip(top + _HEAD, height, *reach(MEASURES[row[0]], all_series))
    looks = ((palette.estimate, "circle"), (palette.other, "square"))
    for series, (colour, shape) in zip(all_series, looks, strict=False):
        draw_series(drawing, strip, series, palette, colour, shape=shape)
    if len(row) == 1:
        drawing.write(MEASURES[row[0]].title, 0, top + _HEAD / 2 - 2, palette.muted_ink)
    else:
        _name_both(drawing, strip, axis, dict(zip(row, all_series, strict=True)), top, palette)
    return strip


def _name_both(
    drawing: Drawing,
    strip: Strip,
    axis: TimeAxis,
    lines: Mapping[MeasureName, Series],
    top: float,
    palette: Palette,
) -> None:
    """Names beside two lines: above the upper, below the lower."""
    labels = StripLabels(drawing, strip, axis.end, NARROW - _MARGIN, free_from=top)
    for series in lines.values():
        labels.avoid(series)
    near = {m: labels.pixels(s.x, s.value) for m, s in lines.items() if s.some}
    lowest = max((float(points[:, 1].mean()) for points in near.values()), default=0.0)
    inks = dict(zip(lines, (palette.estimate_ink, palette.other_ink), strict=False))
    for name, points in near.items():
        aside = 16.0 if points[:, 1].mean() == lowest else -16.0
        labels.add(MEASURES[name].name, np.add(points, [0.0, aside]), inks[name])


# ------------------------------------------------------------------------------------ the measure
def _series(periods: pd.DataFrame, axis: TimeAxis, value: str, low: str, high: str) -> Series:
    def column(name: str) -> Days:
        if name not in periods:
            return np.full(len(periods), np.nan)
        return periods[name].to_numpy(dtype=float, na_value=np.nan)

    mature = periods["mature"].to_numpy(dtype=bool)
    return Series(axis.middles, column(value), column(low), column(high), mature, axis.step)


def _draw_tolerance(
    drawing: Drawing, strip: Strip, axis: TimeAxis, tolerance: float | None, palette: Palette
) -> None:
    """What is accepted, and the line of no gap."""
    if tolerance is not None:
        edges = strip.y([tolerance, -tolerance])
        opacity = BAND_OPACITY * 0.7
        drawing.rect((0, axis.end), (edges[0], edges[1]), palette.band, opacity)
    zero = float(strip.y(0))
    drawing.rule((0, axis.end), (zero, zero), palette.outline)


def _name_parts(
    drawing: Drawing,
    strip: Strip,
    series: Series,
    axis: TimeAxis,
    changes: Changes,
    tolerance: float | None,
    palette: Palette,
) -> None:
    """The name of the strip of tolerance, or what there is instead of a line."""
    if not series.some:
        y = strip.top + strip.height / 2 - 24
        drawing.write("No labelled claims yet.", 0, y, palette.muted_ink, dx=8, size=13)
    if tolerance is None:
        return
    labels = StripLabels(drawing, strip, axis.end, NARROW - _MARGIN)
    labels.avoid(series)
    for at in changes.at:
        labels.avoid_rule(float(at))
    labels.add_tolerance(f"grey: {within(tolerance)} accepted", tolerance, palette.muted_ink)


# --------------------------------------------------------------------------------------- in words
def _hover(
    periods: pd.DataFrame, axis: TimeAxis, span: tuple[float, float], changes: Changes
) -> list[Row]:
    """What is told of each period, whatever the measure."""
    mature = periods["mature"].to_numpy(dtype=bool)
    covered = periods["coverage"] if "coverage" in periods else [None] * len(periods)
    columns = zip(axis.starts, periods["n"], periods["n_claims"], covered, mature, strict=True)
    return [
        {
            "x": float(start),
            "x2": float(start + axis.step),
            "y": span[0],
            "y2": span[1],
            "period": axis.described(k),
            "n": count(n),
            "n_claims": count(n_claims),
            "covered": percent(coverage),
            "state": "mature" if is_mature else IMMATURE_WORDS,
            "changes": changes.between(start, start + axis.step) or "none",
        }
        for k, (start, n, n_claims, coverage, is_mature) in enumerate(columns)
    ]


def _titles(
    axis: TimeAxis, own: Mapping[str, str], changes: Changes, *, coverage: bool
) -> dict[str, str]:
    return {
        "period": axis.unit.capitalize(),
        **own,
        "n": "Labelled claims",
        "n_claims": "Stated claims",
        **({"covered": "Coverage"} if coverage else {}),
        "state": "State",
        **({"changes": "Changes"} if changes.names else {}),
    }
