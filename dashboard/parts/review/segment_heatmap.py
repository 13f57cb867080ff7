"""The segment heatmap and the cell that is opened from it."""

from __future__ import annotations

import streamlit as st

from core.queries.base.group_keys import Segment
from core.sentences.numbers import dimension_name, value_name
from core.text.shown import visible
from core.views.review.segments import SegmentsView
from dashboard.charts.kit.alt_text import alt_text_heatmap, alt_text_heatmap_of_shape
from dashboard.charts.kit.palette import palette_for
from dashboard.charts.segments import Measure, segment_heatmap, selected_cell
from dashboard.widgets.chart import AROUND, height_of
from dashboard.widgets.filters import shown_name
from dashboard.widgets.tall import tall_key
from dashboard.widgets.url_choice import choose

_CHART = "heatmap"
#: The opened cell, in the session and in the URL.
CELL_ROW, CELL_COLUMN = "cell_row", "cell_column"
#: Pixels of what stands below the cells.
_LEGEND = 100
WIDTH = 900


#: What the cells may be coloured by, and how the page names it.
_MEASURES: dict[str, Measure] = {"gap": "gap", "shape": "shape"}
_NAMES = {"gap": "Gap", "shape": "Shape of the errors"}


def chosen_measure(place: st.delta_generator.DeltaGenerator) -> Measure:
    """What the cells are to be coloured by, as chosen there or in the link."""
    chosen = choose(
        "Colour by",
        tuple(_MEASURES),
        key="colour",
        place=place,
        format_func=_NAMES.__getitem__,
        help="The gap says whether confidence is too high or too low on average. The shape says "
        "how far off it is over its range, where errors may cancel.",
    )
    return _MEASURES[chosen]


def draw(view: SegmentsView, measure: Measure) -> None:
    """Draw the heatmap; a click opens a cell."""
    told = alt_text_heatmap if measure == "gap" else alt_text_heatmap_of_shape
    chart = segment_heatmap(
        view.cells,
        palette_for(st.context.theme.type),
        row=view.row,
        column=view.column,
        measure=measure,
        selection_name="cell",
        width=WIDTH,
    )
    with st.container(key=tall_key("heatmap", height_of(chart) + AROUND + _LEGEND)):
        st.altair_chart(
            chart,
            width=int(chart.width),
            key=_CHART,
            on_select=lambda: _open_clicked(view.row, view.column),
            selection_mode="cell",
            alt=visible(told(view.cells, row=view.row, column=view.column)),
        )
    what = "Gap" if measure == "gap" else "Error over the range of confidence"
    st.caption(
        f"{what} in points and n of each pair of {dimension_name(view.row).lower()} and "
        f"{dimension_name(view.column).lower()}; corrected together: {view.cells_method}. "
        "A folded corner marks a cell that is off."
    )


def opened_cell(view: SegmentsView) -> tuple[tuple[str, str], ...]:
    """The choices under the heatmap: both name a cell, one alone a whole row or column."""
    down, across, _ = st.columns([1, 1, 1])
    row = _choice(down, view, view.row, CELL_ROW)
    column = _choice(across, view, view.column, CELL_COLUMN)
    chosen = ((view.row, row), (view.column, column))
    return tuple((dimension, name) for dimension, name in chosen if name is not None)


def open_segment(segment: Segment) -> None:
    """Carry a segment into the choices; to be called before they are drawn."""
    (row, row_value), *rest = segment
    st.session_state["row"] = row
    st.session_state[CELL_ROW] = shown_name(row_value)
    st.session_state[CELL_COLUMN] = None
    if rest:
        ((column, column_value),) = rest
        st.session_state["column"] = column
        st.session_state[CELL_COLUMN] = shown_name(column_value)


def _choice(
    place: st.delta_generator.DeltaGenerator, view: SegmentsView, dimension: str, key: str
) -> str | None:
    names = {visible(name): name for name in map(value_name, view.cells[dimension])}
    opened = place.selectbox(
        f"Open {dimension_name(dimension).lower()}",
        tuple(names),
        index=None,
        placeholder="Click a cell, or choose",
        key=key,
        bind="query-params",
    )
    return None if opened is None else names.get(opened)


def _open_clicked(row: str, column: str) -> None:
    """Carry the clicked cell into the two choices, and so into the link."""
    clicked = selected_cell(
        st.session_state[_CHART].selection.get("cell", []), row=row, column=column
    )
    if clicked is not None:
        st.session_state[CELL_ROW], st.session_state[CELL_COLUMN] = map(shown_name, clicked)
