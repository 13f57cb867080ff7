"""Which segments claim more, or less, than they deliver, as a heatmap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import altair as alt
import numpy as np
import pandas as pd

from dashboard.charts import words
from dashboard.charts.base import (
    POINTS_LABEL,
    finish,
    layered,
    lookup,
    name_axis,
    shortened,
    words_only,
)
from dashboard.charts.cell_layout import (
    STEP,
    CellLayout,
    cell_layout,
    column_axis,
    full_counts,
    short_counts,
)
from dashboard.charts.palette import Palette

_FLAG = "M0,0L-2,0L0,2Z"  # a folded corner


def segment_heatmap(
    cells: pd.DataFrame,
    palette: Palette,
    *,
    row: str,
    column: str,
    limit: float = 0.15,
    selection_name: str = "cell",
    width: int = 900,
) -> alt.LayerChart | alt.Chart:
    """Signed gap of each pair of segments.

    Colour is the corrected interval's end nearest zero, so that a wide interval cannot alarm
    (after the value-suppressing palettes of Correll, Moritz and Heer 2018, CHI). A folded corner
    marks a miscalibrated cell, bold type an interval that excludes zero; under 30 inputs the cell
    is empty and dashed; a pair without claims is blank.

    Rows and columns keep the order in which the frame first names them, or the order of the
    categories where the column is a pandas categorical. A null key is shown, and selected, as
    ``words.NONE``.

    Args:
        cells: one row per pair: the two keys, gap, corrected_low, corrected_high (differences of
            proportions, null where nothing is labelled), n, n_inputs, coverage (null where there
            is no claim), verdict, shown (the corrected interval's end nearest zero; 0 where it
            contains zero), too_few (bool).
        palette: the colours.
        row: name of the key column that runs down.
        column: name of the key column that runs across.
        limit: gap at which the colour is strongest, in proportion; the scale is symmetric.
        selection_name: of the point selection, whose fields are ``row`` and ``column``.
        width: the most pixels it takes, row labels included. A page may narrow it further:
            names then turn aslant, counts shorten and go (they stay in the tooltip), gaps remain.
    """
    frame = cells[cells["coverage"].notna()].copy()
    if frame.empty:
        return finish(words_only("No claims to compare.", palette, width=420), palette)
    rows, columns = _order(cells[row]), _order(cells[column])
    frame[row] = [words.key(v) for v in frame[row]]
    frame[column] = [words.key(v) for v in frame[column]]
    layout = cell_layout(frame["n"].to_list(), rows, columns, width)
    frame = _told(frame)

    chosen = alt.selection_point(name=selection_name, fields=[_field(row), _field(column)])
    base = alt.Chart(frame).encode(
        x=alt.X(
            f"{_field(column)}:N",
            title=None,
            sort=columns,
            scale=alt.Scale(domain=columns, paddingInner=0.04, paddingOuter=0),
            axis=column_axis(palette, columns, layout),
        ),
        y=alt.Y(
            f"{_field(row)}:N",
            title=None,
            sort=rows,
            scale=alt.Scale(domain=rows, paddingInner=3 / layout.height, paddingOuter=0),
            axis=name_axis(palette, lookup({r: shortened(r) for r in rows}), orient="left"),
        ),
    )
    few, telling = "datum.too_few", "datum._telling"
    tiles = (
        base.mark_rect(cornerRadius=2)
        .encode(
            color=alt.condition(few, alt.value(palette.background), _colour(palette, limit)),
            stroke=alt.when(chosen, empty=False)
            .then(alt.value(palette.ink))
            .otherwise(alt.value(palette.background)),
            strokeWidth=alt.when(chosen, empty=False).then(alt.value(2.5)).otherwise(alt.value(0)),
            tooltip=_tooltip(row, column),
        )
        .add_params(chosen)
    )
    dashes = base.transform_filter(few).mark_rect(
        fill=None, stroke=palette.outline, strokeWidth=1, strokeDash=[3, 3], cornerRadius=2
    )
    flags = (
        base.transform_filter("datum.verdict == 'miscalibrated'")
        .mark_point(
            filled=True,
            shape=_FLAG,
            size=alt.ExprRef(f"{STEP} < 36 ? 16 : 40"),
            color=palette.ink,
            opacity=1,
            xOffset=-1,
            yOffset=1,
        )
        .encode(
            x=alt.X(f"{_field(column)}:N", sort=columns, bandPosition=1),
            y=alt.Y(f"{_field(row)}:N", sort=rows, bandPosition=0),
        )
    )
    layers = [tiles, dashes, flags, *_texts(base, palette, layout, few, telling)]
    return finish(
        layered(
            layers,
            width=layout.width,
            height=layout.height * len(rows),
            title=_heatmap_key(),
        ),
        palette,
        fit=True,
    )


def _texts(
    base: alt.Chart, palette: Palette, layout: CellLayout, few: str, telling: str
) -> list[alt.Chart]:
    """In each cell the gap, bold where its interval excludes zero, and below it the count.

    Where there is no room for a count, cells too small to be judged show it in the gap's place.
    """
    gap = alt.ExprRef(f"{few} && !({layout.has_count}) ? '' : datum._gap")
    up = layout.with_count(-(layout.count_size / 2 + 2))
    looks: tuple[tuple[str, Literal["bold", "normal"], str], ...] = (
        (telling, "bold", palette.ink),
        (f"!{telling}", "normal", palette.muted_ink),
    )
    layers = [
        base.transform_filter(where).mark_text(
            baseline="middle",
            fontSize=layout.gap_size,
            fontWeight=weight,
            color=ink,
            dy=up,
            text=gap,
        )
        for where, weight, ink in looks
    ]
    full = f"{STEP} >= {layout.full_count_from:.0f}"
    bare = f"{layout.has_count} || {few} ? datum._n_short : ''"
    count = base.mark_text(
        baseline="middle",
        fontSize=layout.count_size,
        dy=layout.with_count(layout.gap_size / 2 + 3),
        text=alt.ExprRef(f"{full} ? datum._n : ({bare})"),
    )
    ink = alt.condition(telling, alt.value(palette.ink), alt.value(palette.muted_ink))
    return [*layers, count.encode(color=ink)]


def selected_cell(
    points: Sequence[Mapping[str, Any]], *, row: str, column: str
) -> tuple[str | None, str | None] | None:
    """The keys of the cell that was clicked, read from the selection a page gets back.

    Args:
        points: the list under the selection's name; empty when nothing is selected.
        row: as given to `segment_heatmap`.
        column: as given to `segment_heatmap`.

    Returns:
        Row key and column key, a null key as None; None when nothing is selected.
    """
    if not points:
        return None
    keys = (points[0].get(_field(name)) for name in (row, column))
    first, second = (None if key == words.NONE else key for key in keys)
    return first, second


def _order(values: pd.Series) -> list[str]:
    """Distinct keys as shown, in the caller's order."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        present = set(values.dropna())
        ordered = [words.key(v) for v in values.cat.categories if v in present]
        return [*ordered, words.NONE] if values.isna().any() else ordered
    return list(dict.fromkeys(words.key(v) for v in values))


def _field(name: str) -> str:
    """A column name as Vega reads it: dots and brackets are no path, colons no type."""
    return "".join("\\" + c if c in ".[]:'\"\\" else c for c in name)


def _told(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with what is written in each cell and told on hovering."""
    few = frame["too_few"].astype(bool)
    ends = zip(frame["corrected_low"], frame["corrected_high"], strict=True)
    return frame.assign(
        too_few=few,
        shown=frame["shown"].fillna(0.0).astype(float),
        _telling=~few & (frame["shown"].fillna(0.0) != 0),
        _gap=np.where(few, words.ABSENT, [words.points(g) for g in frame["gap"]]),
        _n=full_counts(frame["n"].to_list()),
        _n_short=short_counts(frame["n"].to_list()),
        _tip_gap=[f"{words.points(g, 1)} points" for g in frame["gap"]],
        _tip_interval=[words.interval(low, high, 1) for low, high in ends],
        _tip_n=[words.count(n) for n in frame["n"]],
        _tip_inputs=[words.count(n) for n in frame["n_inputs"]],
        _tip_coverage=[words.percent(c) for c in frame["coverage"]],
        _tip_verdict=np.where(
            few,
            "cannot tell: under 30 inputs",
            [words.VERDICT_WORDS.get(v, str(v)) for v in frame["verdict"]],
        ),
    )


def _colour(palette: Palette, limit: float) -> alt.Color:
    """Neutral at zero, a clear tint as soon as zero is excluded, then up to the limit."""
    return alt.Color(
        "shown:Q",
        scale=alt.Scale(
            domain=[-limit, -limit / 2, -limit / 20, 0, limit / 20, limit / 2, limit],
            range=list(palette.ramp),
            clamp=True,
            interpolate="rgb",
        ),
        legend=alt.Legend(
            orient="bottom",
            direction="horizontal",
            gradientLength=220,
            gradientThickness=8,
            offset=10,
            title="Colour: corrected interval's end nearest zero",
            titleLimit=320,
            values=[-limit, 0, limit],
            labelExpr=POINTS_LABEL,
        ),
    )


def _tooltip(row: str, column: str) -> list[alt.Tooltip]:
    return [
        alt.Tooltip(f"{_field(row)}:N", title=row),
        alt.Tooltip(f"{_field(column)}:N", title=column),
        alt.Tooltip("_tip_gap:N", title="Gap"),
        alt.Tooltip("_tip_interval:N", title="Corrected interval"),
        alt.Tooltip("_tip_n:N", title="Labelled claims"),
        alt.Tooltip("_tip_inputs:N", title="Distinct inputs"),
        alt.Tooltip("_tip_coverage:N", title="Labelled share"),
        alt.Tooltip("_tip_verdict:N", title="Verdict"),
    ]


def _heatmap_key() -> alt.Title:
    """What the marks mean, under the chart, so that a saved picture explains itself."""
    lines = [
        "Gap in points; bold: the interval excludes zero.",
        "Folded corner: miscalibrated. Blank: no claims.",
        "Dashed: under 30 inputs. Small: labelled claims.",
    ]
    return alt.Title(lines, orient="bottom", frame="group", offset=10, lineHeight=15)
