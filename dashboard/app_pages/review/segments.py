"""Segments: which cases does the aggregate hide."""

import streamlit as st

from core.queries.base.segment_names import too_many
from core.queries.base.selection import BAND_DIMENSION
from core.sentences.numbers import dimension_name
from core.text.markdown import plain
from dashboard.cache import views as data
from dashboard.pages import PAGES
from dashboard.parts.review import segment
from dashboard.parts.review import segment_cells as worst_cells
from dashboard.parts.review import segment_heatmap as heatmap
from dashboard.parts.review import segment_ranking as ranked
from dashboard.widgets import empty_states as empty
from dashboard.widgets import filters, guide, page_head
from dashboard.widgets.url_choice import choose

#: So many segments without a verdict are told with the reason.
_WITHHELD = 3

chosen = filters.current()
page_head.title("segments")
if chosen is None:
    empty.ledger()
    st.stop()

page_head.signal(chosen.selection.signal)
for one in chosen.not_split_by():
    st.info(plain(too_many(one.name, one.n_values)), icon=":material/info:")
rows = chosen.splittable()
if not rows:
    st.info(
        "This signal's claims carry no segment, model or prompt to split by. Log columns such as "
        "`seg_language` or `model_version` with each claim.",
        icon=":material/call_split:",
    )
    st.stop()
down, across, colour = st.columns([1, 1, 1])
# The map opens on the dimension in which the standing verdict finds the worst.
verdict = data.standing().get(chosen.selection.signal)
failing = None if verdict is None or verdict.worst is None else verdict.worst.dimension
first = rows.index(failing) if failing in rows else 0
row = choose("Rows", rows, key="row", place=down, first=first, format_func=dimension_name)
others = [name for name in (*rows, BAND_DIMENSION, "week") if name != row]
column = choose(
    "Columns",
    others,
    key="column",
    place=across,
    format_func=dimension_name,
    help="Another dimension, the confidence itself, or the week of the claim.",
)
measure = heatmap.chosen_measure(colour)
every_pair = st.toggle(
    "Rank every pair of dimensions, not only this one", key="pairs", bind="query-params"
)
view = data.segments(chosen.selection, row, column, rows, every_pair)
if not view.cells["n_claims"].any():
    empty.nothing_stated(int(view.cells["n_unstated"].sum()))
    st.stop()

st.markdown(f"## {plain(view.headline)}")
if view.test:
    st.markdown(plain(view.test))
for sentence in view.withheld[:_WITHHELD]:
    st.caption(plain(sentence))
if len(view.withheld) > _WITHHELD:
    st.caption(f"… and {len(view.withheld) - _WITHHELD} more segments without a verdict.")
heatmap.draw(view, measure)
worst_cells.draw(view, chosen.selection)

opened = heatmap.opened_cell(view)
if opened:
    segment.draw(chosen, opened)

st.header("Worst segments")
ranked.draw(view)
guide.draw(PAGES["segments"].title)
