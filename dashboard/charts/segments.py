"""Which segments claim more, or less, than they deliver, as a heatmap."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import altair as alt
import numpy as np
import pandas as pd

from core.sentences.numbers import ABSENT, NONE_WORD, SHOWN_WORDS, count, percent, points
from dashboard.charts.kit import alt_text as words
from dashboard.charts.kit.base import (
    POINTS_LABEL,
    finish,
    layered,
    lookup,
    name_axis,
    shortened,
    tooltip,
    words_only,
)
from dashboard.charts.kit.cell_layout import (
    STEP,
    CellLayout,
    cell_layout,
    column_axis,
    full_counts,
    short_counts,
)
from dashboard.charts.kit.palette import Palette

#: What a heatmap's colours and figures are of.
Measure = Literal["gap", "shape"]

_FLAG = "M0,0L-2,0L0,2Z"  # a folded corner
#: Expressions: whether a cell is too small to be judged, whether its interval excludes zero.
_FEW, _TELLING = "datum.too_few", "datum._telling"


def segment_heatmap(
    cells: pd.DataFrame,
    palette: Palette,
    *,
    row: str,
    column: str,
    measure: Measure = "gap",
    limit: float = 0.15,
    selection_name: str = "cell",
    width: int = 900,
) -> alt.LayerChart | alt.Chart:
    """Signed gap of each pair of segments, or the size of its error over bands of confidence.

    Of the gap, colour is the corrected interval's end nearest zero, so that a wide interval cannot
    alarm (after the value-suppressing palettes of Correll, Moritz and Heer 2018, CHI). Of the shape
    it is the lower bound, for an observed error over bands is never zero; a cell where none is
    shown has no colour and says what the error is at most. A folded corner
    marks a cell that is off, bold type an interval that excludes zero; under 30 inputs the cell
    is empty and dashed; a pair without claims is blank.

    Rows and columns keep the order in which the frame first names them, or the order of the
    categories where the column is a pandas categorical. A null key is shown, and selected, as
    ``NONE_WORD``.

    Args:
        cells: one row per pair: the two keys, gap, corrected_low, corrected_high (differences of
            proportions, null where nothing is labelled), n, n_inputs, coverage (null where there
            is no claim), verdict, shown (the corrected interval's end nearest zero; 0 where it
            contains zero), too_few (bool); for the shape also shape_low, shape_high, shape_shown
            and shape_where, as `core.views.review.segments.SegmentsView` has them.
        row: name of the key column that runs down.
        column: name of the key column that runs across.
        measure: what is coloured and written in the cells.
        limit: error at which the colour is strongest, in proportion; the scale is symmetric.
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
    frame = _told(frame) if measure == "gap" else _told_shape(_told(frame))

    down, across = _field(row), _field(column)
    shared = {
        "x": alt.X(
            field=across,
            type="nominal",
            title=None,
            sort=columns,
            scale=alt.Scale(domain=columns, paddingInner=0.04, paddingOuter=0),
            axis=column_axis(palette, columns, layout),
        ),
        "y": alt.Y(
            field=down,
            type="nominal",
            title=None,
            sort=rows,
            scale=alt.Scale(domain=rows, paddingInner=3 / layout.height, paddingOuter=0),
            axis=name_axis(palette, lookup({r: shortened(r) for r in rows}), orient="left"),
        ),
    }
    chosen = alt.selection_point(name=selection_name, fields=[down, across])
    chart = layered(
        [
            _tiles(
                _colour(palette, limit, measure), palette, chosen, _tooltip(row, column, measure)
            ),
            _dashes(palette),
            _flags(palette, alt.X(field=across, bandPosition=1), alt.Y(field=down, bandPosition=0)),
            *_texts(palette, layout),
        ],
        shared,
        data=frame,
        width=layout.width,
        height=layout.height * len(rows),
        title=_heatmap_key(measure),
    )
    return finish(chart, palette, fit=True)


def _tiles(
    colour: alt.Color, palette: Palette, chosen: alt.Parameter, told: list[alt.Tooltip]
) -> alt.Chart:
    """The cells; a click on one chooses it."""
    picked = {"param": chosen.name, "empty": False}
    tiles: alt.Chart = (
        alt.Chart()
        .mark_rect(cornerRadius=2)
        .encode(
            color=colour,
            stroke=alt.StrokeValue(palette.background, condition={**picked, "value": palette.ink}),
            strokeWidth=alt.StrokeWidthValue(0, condition={**picked, "value": 2.5}),
            tooltip=told,
        )
        .add_params(chosen)
    )
    return tiles


def _dashes(palette: Palette) -> alt.Chart:
    """The outline of cells too small to be judged; a screen reader has the cell itself."""
    dashes: alt.Chart = (
        alt.Chart()
        .mark_rect(
            aria=False,
            fill=None,
            stroke=palette.outline,
            strokeWidth=1,
            strokeDash=[3, 3],
            cornerRadius=2,
        )
        .transform_filter(_FEW)
    )
    return dashes


def _flags(palette: Palette, x: alt.X, y: alt.Y) -> alt.Chart:
    """The folded corner of cells that are off."""
    flags: alt.Chart = (
        alt.Chart()
        .mark_point(
            aria=False,
            filled=True,
            shape=_FLAG,
            size=alt.ExprRef(f"{STEP} < 36 ? 16 : 40"),
            color=palette.ink,
            opacity=1,
            xOffset=-1,
            yOffset=1,
        )
        .encode(x=x, y=y)
        .transform_filter("datum.verdict == 'off'")
    )
    return flags


def _texts(palette: Palette, layout: CellLayout) -> list[alt.Chart]:
    """In each cell the gap, bold where its interval excludes zero, and below it the count.

    Where there is no room for a count, cells too small to be judged show it in the gap's place.
    """
    full = f"{STEP} >= {layout.full_count_from:.0f}"
    bare = f"{layout.has_count} || {_FEW} ? datum._n_short : ''"
    ink = alt.ExprRef(f"{_TELLING} ? '{palette.ink}' : '{palette.muted_ink}'")
    gap = alt.Chart().mark_text(
        aria=False,
        baseline="middle",
        fontSize=layout.gap_size,
        fontWeight=alt.ExprRef(f"{_TELLING} ? 'bold' : 'normal'"),
        color=ink,
        dy=layout.with_count(-(layout.count_size / 2 + 2)),
        text=alt.ExprRef(f"{_FEW} && !({layout.has_count}) ? '' : datum._gap"),
    )
    number = alt.Chart().mark_text(
        aria=False,
        baseline="middle",
        fontSize=layout.count_size,
        color=ink,
        dy=layout.with_count(layout.gap_size / 2 + 3),
        text=alt.ExprRef(f"{full} ? datum._n : ({bare})"),
    )
    return [gap, number]


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
    first, second = (None if key == NONE_WORD else key for key in keys)
    return first, second


def _order(values: pd.Series) -> list[str]:
    """Distinct keys as shown, in the caller's order."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        present = set(values.dropna())
        ordered = [words.key(v) for v in values.cat.categories if v in present]
        return [*ordered, NONE_WORD] if values.isna().any() else ordered
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
        _gap=np.where(few, ABSENT, [points(g) for g in frame["gap"]]),
        _n=full_counts(frame["n"].to_list()),
        _n_short=short_counts(frame["n"].to_list()),
        _tip_gap=[f"{points(g, decimals=1)} points" for g in frame["gap"]],
        _tip_interval=[words.interval(low, high, decimals=1) for low, high in ends],
        _tip_n=[count(n) for n in frame["n"]],
        _tip_inputs=[count(n) for n in frame["n_inputs"]],
        _tip_coverage=[percent(c) for c in frame["coverage"]],
        _tip_verdict=np.where(
            few,
            f"{SHOWN_WORDS['too_few']}: under 30 inputs",
            [SHOWN_WORDS.get(v, str(v)) for v in frame["verdict"]],
        ),
    )


def _told_shape(frame: pd.DataFrame) -> pd.DataFrame:
    """The same of the error over bands: at least so much where it is shown, else at most."""
    telling = ~frame["too_few"] & (frame["shape_shown"] > 0)
    bounds = list(zip(frame["shape_low"], frame["shape_high"], telling, strict=True))
    known = ~frame["too_few"] & frame["shape_high"].notna()
    said = [_bound(low, high, shown, decimals=0) for low, high, shown in bounds]
    told = [f"{_bound(low, high, shown, decimals=1)} points" for low, high, shown in bounds]
    where = [
        f"{size}, {place}" if shown and place else size
        for size, place, (_, _, shown) in zip(told, frame["shape_where"], bounds, strict=True)
    ]
    alone = np.where(frame["too_few"], ABSENT, "one confidence only")
    return frame.assign(
        shown=frame["shape_shown"],
        _telling=telling,
        _gap=np.where(known, said, ABSENT),
        _tip_shape=np.where(known, where, alone),
    )


def _bound(low: float, high: float, shown: bool, *, decimals: int) -> str:
    """At least, or at most; rounded to the safe side, and a small one not to nothing."""
    if not math.isfinite(high):
        return ABSENT
    if shown:
        decimals = 1 if low < 0.1 else decimals
        return f"≥{math.floor(100 * low * 10**decimals + 1e-9) / 10**decimals:.{decimals}f}"
    return f"≤{math.ceil(100 * high * 10**decimals - 1e-9) / 10**decimals:.{decimals}f}"


def _colour(palette: Palette, limit: float, measure: Measure) -> alt.Color:
    """Neutral at zero, a clear tint as soon as zero is excluded, then up to the limit.

    Cells too small to be judged have none.
    """
    ends = [0, limit / 20, limit / 2, limit]
    if measure == "gap":
        ends = [-limit, -limit / 2, -limit / 20, *ends]
    return alt.Color(
        field="shown",
        type="quantitative",
        condition={"test": _FEW, "value": palette.background},
        scale=alt.Scale(
            domain=ends,
            range=list(palette.ramp if measure == "gap" else palette.size_ramp),
            clamp=True,
            interpolate="rgb",
        ),
        legend=alt.Legend(
            orient="bottom",
            direction="horizontal",
            gradientLength=220,
            gradientThickness=8,
            offset=10,
            title="Colour: the smallest gap the data support"
            if measure == "gap"
            else "Colour: lower bound of the error over confidence",
            titleLimit=320,
            values=[-limit, 0, limit] if measure == "gap" else [0, limit],
            labelExpr=POINTS_LABEL if measure == "gap" else "format(datum.value * 100, '.0f')",
        ),
    )


def _tooltip(row: str, column: str, measure: Measure) -> list[alt.Tooltip]:
    keys = [alt.Tooltip(field=_field(k), type="nominal", title=k) for k in (row, column)]
    told = {
        **({"_tip_shape": "Error over confidence"} if measure == "shape" else {}),
        "_tip_gap": "Gap",
        "_tip_interval": "Corrected interval",
        "_tip_n": "Labelled claims",
        "_tip_inputs": "Distinct inputs",
        "_tip_coverage": "Labelled share",
        "_tip_verdict": "Verdict",
    }
    return [*keys, *tooltip(told)]


def _heatmap_key(measure: Measure) -> alt.Title:
    """What the marks mean, under the chart, so that a saved picture explains itself."""
    lines = [
        "Gap in points; bold: the interval excludes zero."
        if measure == "gap"
        else "Error over confidence in points; bold ≥: at least that; ≤: none shown.",
        "Folded corner: off. Blank: no claims.",
        "Dashed: under 30 inputs. Small: labelled claims.",
    ]
    return alt.Title(lines, orient="bottom", frame="group", offset=10, lineHeight=15)
