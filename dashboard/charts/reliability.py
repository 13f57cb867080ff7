"""Reliability diagrams: what was stated against what came true, with the counts beneath.

The curve is the CORP estimate (Dimitriadis, Gneiting and Jordan 2021, PNAS 118, e2016191118):
the isotonic regression of outcomes on stated confidence, drawn as flat pieces joined by thin
lines. Around the *diagonal* lies, in grey, the consistency band: where chance alone would put a
calibrated signal. Around the *curve* lies, outlined, the confidence band: where the true curve
may be. They answer different questions, so they look different and are named on the chart.
"""

from __future__ import annotations

from dataclasses import dataclass

import altair as alt
import numpy as np
import pandas as pd

from dashboard.charts.kit.base import finish, layered, stacked, words_only
from dashboard.charts.kit.label_layout import UnitLabels
from dashboard.charts.kit.palette import BAND_OPACITY, HONEST_OPACITY, Palette
from dashboard.charts.kit.reliability_layers import (
    claims_histogram,
    corp_curve,
    diagonal,
    region,
    ribbon,
    single_values,
    unit_axes,
)

BAND_WORDS = "grey: where chance alone\nwould put a calibrated signal"
HONEST_WORDS = "outlined: where the\ntrue curve may lie"
UNLABELLED_WORDS = "No labelled claims yet.\nThe curve appears when outcomes arrive."


@dataclass(frozen=True)
class ShownGroup:
    """One group of a `reliability_pair`; frames as in `reliability_diagram`.

    Attributes:
        name: what the group is called, written on the chart.
        curve: v_from, v_to, observed, n.
        honest: v, low, high; may be empty.
        histogram: left, right, n_claims, n.
        note: one line on the high-confidence region, e.g. "right 79% (said 97%)"; may be empty.
    """

    name: str
    curve: pd.DataFrame
    honest: pd.DataFrame
    histogram: pd.DataFrame
    note: str = ""


def reliability_diagram(
    curve: pd.DataFrame,
    band: pd.DataFrame,
    honest: pd.DataFrame,
    points: pd.DataFrame | None,
    histogram: pd.DataFrame,
    palette: Palette,
    *,
    high_from: float | None,
    note: str = "",
    width: int = 432,
    height: int | None = None,
) -> alt.VConcatChart:
    """The reliability diagram of one group.

    Args:
        curve: one row per CORP block, ascending: v_from and v_to (its smallest and largest
            stated value), observed (its share of right outcomes), n (labelled claims). Proportions
            in [0, 1]. Empty when nothing is labelled: then only the histogram is drawn, and words.
        band: consistency band about the diagonal: v, low, high, ascending in v. May be empty.
        honest: simultaneous confidence band around the curve: v, low, high. May be empty.
        points: share of right outcomes at each stated value: v, observed, n; None leaves it out.
        histogram: left, right (bin edges in [0, 1]), n_claims (stated), n (labelled among them).
        high_from: lower edge of the high-confidence region, which is tinted; None leaves it out.
        note: what to say of that region, e.g. "stated 90% or more: right 79% (said 97%)"; newlines
            part lines.
        height: of the upper plot; a square unless given.
    """
    tall = width if height is None else height
    grey = palette.band
    below = claims_histogram(histogram, palette, grey, width=width, high_from=high_from)
    if curve.empty:
        silent = words_only(UNLABELLED_WORDS, palette, width=width)
        return finish(stacked([silent, below]), palette)

    ink = palette.estimate_ink
    labels = UnitLabels(palette, width, tall)
    labels.avoid_curve(curve)
    labels.avoid_band(honest, cost=0.6, edge=40)
    labels.avoid_band(band, cost=0.25)
    if high_from is not None and note:
        lines = note.split("\n")
        labels.add_for_region(lines, [palette.accent_ink] * len(lines), high_from)
    labels.add("observed", labels.curve(curve), ink)
    if len(honest):
        labels.add(HONEST_WORDS, np.concatenate(labels.edges(honest)), ink)
    if len(band):
        labels.add(BAND_WORDS, np.concatenate(labels.edges(band)), palette.muted_ink)

    layers = [
        *region(high_from, palette.accent),
        *ribbon(band, grey, BAND_OPACITY, outline=False),
        diagonal(palette),
        *ribbon(honest, palette.estimate, HONEST_OPACITY, outline=True),
        *single_values(points, palette.estimate),
        *corp_curve(curve, palette.estimate),
        *labels.layers(),
    ]
    above = layered(layers, unit_axes(), width=width, height=tall)
    return finish(stacked([above, below]), palette)


def reliability_pair(
    first: ShownGroup,
    second: ShownGroup,
    palette: Palette,
    *,
    high_from: float | None,
    region_words: str = "",
    width: int = 432,
    height: int | None = None,
) -> alt.VConcatChart:
    """Two groups on the same axes: before and after, one model and another.

    Each has its hue, its name beside its curve, its confidence band, and its own histogram; the
    second's joins are dashed, so that they are told apart without colour. There is no grey band:
    it depends on how many claims a group has, and two of them would hide the difference. What
    each claims and gets in the high-confidence region stands together, one below the other.

    Args:
        first: drawn in ``palette.estimate``.
        second: drawn in ``palette.other``.
        high_from: lower edge of the high-confidence region; None leaves it out.
        region_words: what that region is called above the groups' notes: "stated 90% or more:".
        height: of the upper plot; a square unless given.
    """
    tall = width if height is None else height
    looks = (
        (first, palette.estimate, palette.estimate_ink),
        (second, palette.other, palette.other_ink),
    )
    labels = UnitLabels(palette, width, tall)
    for group, *_ in looks:
        labels.avoid_curve(group.curve)
        labels.avoid_band(group.honest, cost=0.6, edge=40)
    noted = [(f"{g.name}: {g.note}", ink) for g, _, ink in looks if g.note]
    if high_from is not None and noted:
        spoken = [(region_words, palette.ink), *noted] if region_words else noted
        labels.add_for_region([s for s, _ in spoken], [i for _, i in spoken], high_from)
    bands: list[alt.Chart] = []
    curves: list[alt.Chart] = []
    for group, colour, ink in looks:
        if group.curve.empty:
            labels.add(f"{group.name}: no labelled claims yet", labels.pixels([0.02], [0.98]), ink)
            continue
        bands += ribbon(group.honest, colour, HONEST_OPACITY, outline=True)
        curves += corp_curve(group.curve, colour, dashed=group is second, name=group.name)
        labels.add(group.name, labels.curve(group.curve), ink)
    tint = region(high_from, palette.muted_ink)
    layers = [*tint, diagonal(palette), *bands, *curves, *labels.layers()]
    above = layered(layers, unit_axes(), width=width, height=tall)
    below = [
        claims_histogram(g.histogram, palette, colour, width=width, name=g.name, last=g is second)
        for g, colour, _ in looks
    ]
    return finish(stacked([above, *below]), palette)
