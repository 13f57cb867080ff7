"""How what is known of a cohort settles as its outcomes come in."""

from __future__ import annotations

from dataclasses import replace

import altair as alt
import numpy as np
import pandas as pd

from core.sentences.numbers import count, counted, points, within
from dashboard.charts.kit import alt_text as words
from dashboard.charts.kit.alt_text import IMMATURE_WORDS
from dashboard.charts.kit.base import finish, lookup, words_only
from dashboard.charts.kit.drawing import Drawing, Row, Strip, round_values
from dashboard.charts.kit.palette import BAND_OPACITY, HONEST_OPACITY, REGION_OPACITY, Palette
from dashboard.charts.kit.quantities import MEASURES, reach, ticks
from dashboard.charts.kit.strip_labels import StripLabels
from dashboard.charts.kit.time_axis import NARROW, Series

_WIDTH, _HEIGHT = 900, 240  # of the whole, and of the plot
_MARGIN = 62  # pixels beside the plot
_HEAD = 18  # height of a row of words


def cohort_age_chart(
    ages: pd.DataFrame,
    palette: Palette,
    *,
    tolerance: float | None = None,
) -> alt.LayerChart | alt.Chart:
    """The gap of each cohort by its age: one line per cohort, the newest over the pale others.

    Failures often become known sooner than successes, or later, so that a young cohort misleads:
    where the pale lines settle is where the newest may be expected to.

    Args:
        ages: cohort (its name, e.g. "2026-W47"), age_days (since its end), gap, low, high (null
            where nothing is labelled), n (labelled claims), mature (bool). Cohorts in the order of
            their weeks, the newest last; ages ascending within each.
        tolerance: the accepted gap, in (0, 1); None leaves its strip out.
    """
    known = ages[ages["gap"].notna()]
    if known.empty:
        text = "No labelled claims yet: the gap of each week appears as outcomes arrive."
        return finish(words_only(text, palette, width=_WIDTH), palette)
    cohorts = list(dict.fromkeys(known["cohort"]))
    newest = known[known["cohort"] == cohorts[-1]]
    end = max(float(known["age_days"].max()) * 1.02, 1.0)
    plot = min(_WIDTH, NARROW) - _MARGIN
    drawing = Drawing(palette)
    strip = Strip(
        _HEAD, _HEIGHT, *reach(MEASURES["gap"], [_all_held(known)], tolerance, beyond=0.15)
    )
    labels = StripLabels(drawing, strip, end, plot)
    if tolerance is not None:
        edges = strip.y([tolerance, -tolerance])
        drawing.rect((0, end), (edges[0], edges[1]), palette.band, BAND_OPACITY * 0.7)
    drawing.rule((0, end), (float(strip.y(0)),) * 2, palette.outline)
    for cohort, rows in known.groupby("cohort", sort=False):
        of, latest = _series(rows), cohort == cohorts[-1]
        labels.avoid(of, cost=1e4 if latest else 6)
        if not latest and len(rows) > 1:
            drawing.line(of.x, strip.y(of.value), palette.band, thick=1.25, opacity=0.55)
        elif not latest:
            drawing.point(float(of.x[0]), float(strip.y(of.value)[0]), palette.band, size=14)
    at = _mark_maturity(drawing, known, strip, end, palette)
    if at is not None:
        labels.avoid_rule(at, cost=2)
    _draw_newest(drawing, newest, strip, palette)
    _name_lines(labels, known, palette)
    if tolerance is not None:
        text = f"grey: {within(tolerance)} accepted"
        labels.add_tolerance(text, tolerance, palette.muted_ink)
    drawing.tell(_hover(known, strip, end), _TITLES)
    days = {f"{day:g}": f"{day:g}" for day in round_values(0, end, 8)}
    axis = alt.Axis(values=[float(d) for d in days], labelExpr=lookup(days), grid=False)
    scale = alt.Scale(domain=[0, end], nice=False, zero=True)
    x = alt.X(scale=scale, axis=axis, title="Age of the cohort, in days")
    chart = drawing.chart(
        x,
        strip.bottom,
        ticks(strip, MEASURES["gap"], most=6),
        width=_WIDTH,
        title="Gap in points of each week's claims, as known at that age",
    )
    return finish(chart, palette, fit=True)


def alt_text_cohorts(ages: pd.DataFrame) -> str:
    """Takeaway of `cohort_age_chart`: where the newest stands and where the mature ones settled."""
    known = ages[ages["gap"].notna()]
    if known.empty:
        return "No cohort has labelled claims yet."
    cohorts = list(dict.fromkeys(known["cohort"]))
    last = known.groupby("cohort", sort=False).tail(1)
    new = last[last["cohort"] == cohorts[-1]].iloc[0]
    text = (
        f"Gap by age of {counted(len(cohorts), 'cohort')}. The newest, {new['cohort']}, "
        f"{'final' if new['mature'] else 'not final yet'} at "
        f"{counted(new['age_days'], 'day')}: {points(new['gap'])} points "
        f"({words.interval(new['low'], new['high'])}), "
        f"{counted(new['n'], 'labelled claim')}."
    )
    settled = last[last["mature"].astype(bool) & (last["cohort"] != cohorts[-1])]
    if settled.empty:
        return f"{text} No earlier cohort has final outcomes."
    low, high = settled["gap"].min(), settled["gap"].max()
    which = "The earlier final one lies" if len(settled) == 1 else "Earlier final ones lie"
    where = f"at {points(low)}" if points(low) == points(high) else f"between {points(low)} and "
    where += "" if points(low) == points(high) else points(high)
    return f"{text} {which} {where} points."


_TITLES = {
    "cohort": "Cohort",
    "age": "Age",
    "gap": "Gap, points",
    "interval": "Interval",
    "n": "Labelled claims",
    "state": "State",
}


def _series(rows: pd.DataFrame) -> Series:
    x, value, low, high = (
        rows[name].to_numpy(dtype=float, na_value=np.nan)
        for name in ("age_days", "gap", "low", "high")
    )
    return Series(x, value, low, high, rows["mature"].to_numpy(dtype=bool), np.inf)


def _all_held(rows: pd.DataFrame) -> Series:
    """The rows as if mature, so that the axis holds how they began."""
    return replace(_series(rows), mature=np.ones(len(rows), dtype=bool))


def _mark_maturity(
    drawing: Drawing, known: pd.DataFrame, strip: Strip, end: float, palette: Palette
) -> float | None:
    """A tint up to the age from which cohorts are mature, and that age; None while none is."""
    mature = known["mature"].astype(bool)
    at = float(known.loc[mature, "age_days"].min()) if mature.any() else end
    y = _HEAD / 2 - 2
    if at > 0:
        drawing.rect((0, at), (strip.top, strip.bottom), palette.accent, REGION_OPACITY)
        drawing.write(IMMATURE_WORDS, 0, y, palette.accent_ink)
    if not mature.any():
        return None
    drawing.rule((at, at), (0, strip.bottom), palette.muted_ink, dash="dashed")
    all_of_them = bool(mature[known["age_days"] >= at].all())
    text = f"{'' if all_of_them else 'some '}final from {counted(at, 'day')}"
    # Beside the words on what is immature where those leave room, else below them.
    drawing.write(text, at, y if at > end * 0.45 else y + _HEAD, palette.muted_ink, dx=4)
    return at


def _draw_newest(drawing: Drawing, rows: pd.DataFrame, strip: Strip, palette: Palette) -> None:
    of, colour = _series(rows), palette.estimate
    y, low, high = strip.y(of.value), strip.y(of.low), strip.y(of.high)
    bounded = ~np.isnan(low + high)
    if bounded.sum() > 1:
        drawing.band(of.x[bounded], low[bounded], high[bounded], colour, HONEST_OPACITY * 1.4)
    elif bounded.any():
        x = float(of.x[bounded][0])
        drawing.rule((x, x), (low[bounded][0], high[bounded][0]), colour, thick=2)
    for rows_of, young in of.stretches():
        drawing.line(
            of.x[rows_of], y[rows_of], colour, thick=2.25, dash="dashed" if young else "solid"
        )
    size = 30 if len(of.x) <= 30 else 9
    for x, at, mature in zip(of.x, y, of.mature, strict=True):
        drawing.point(float(x), float(at), colour, filled=bool(mature), size=size)


def _name_lines(labels: StripLabels, known: pd.DataFrame, palette: Palette) -> None:
    """What the newest line is, and what the others are, at their last ages."""
    last = known.groupby("cohort", sort=False).tail(1)
    new = last.iloc[-1]
    text = f"{new['cohort']}, day {new['age_days']:g}: {points(new['gap'])} "
    text += f"({words.interval(new['low'], new['high'])})"
    at = labels.pixels(last["age_days"], last["gap"])
    labels.add(text, at[-1:], palette.estimate_ink, bold=True)
    if len(last) > 1:
        labels.add(counted(len(last) - 1, "earlier week"), at[:-1], palette.muted_ink)


def _hover(known: pd.DataFrame, strip: Strip, end: float) -> list[Row]:
    of, beside = _series(known), end / 120
    columns = zip(
        of.x, of.value, of.low, of.high, of.mature, known["cohort"], known["n"], strict=True
    )
    return [
        {
            "x": float(age - beside),
            "x2": float(age + beside),
            "y": float(strip.y(gap)) - 6,
            "y2": float(strip.y(gap)) + 6,
            "cohort": str(cohort),
            "age": counted(age, "day"),
            "gap": points(gap, decimals=1),
            "interval": words.interval(low, high, decimals=1),
            "n": count(n),
            "state": "mature" if mature else IMMATURE_WORDS,
        }
        for age, gap, low, high, mature, cohort, n in columns
    ]
