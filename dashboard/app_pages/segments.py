"""Segments: which cases does the aggregate hide."""

import streamlit as st

from core.review.words import dimension_name
from core.store.selection import BAND_DIMENSION
from dashboard import data
from dashboard.components import badges, empty, filters, guide, heatmap, ranked, segment
from dashboard.components.choice import choose
from dashboard.components.verbatim import plain
from dashboard.pages import PAGES

#: So many segments without a verdict are told with the reason.
_WITHHELD = 3

chosen = filters.current()
st.title(PAGES["segments"].title)
if chosen is None:
    empty.ledger()
    st.stop()

rows = chosen.splittable()
if not rows:
    st.info(
        "This signal's claims carry no segment, model or prompt to split by. Log columns such as "
        "`seg_language` or `model_version` with each claim.",
        icon=":material/call_split:",
    )
    st.stop()
down, across, colour = st.columns([1, 1, 1])
row = choose("Down", rows, key="row", place=down, format_func=dimension_name)
others = [name for name in (*rows, BAND_DIMENSION, "week") if name != row]
column = choose(
    "Across",
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

st.markdown(f"**{plain(chosen.selection.signal)}**")
badges.validation(data.badge(chosen.selection))
st.markdown(f"#### {plain(view.headline)}")
if view.test:
    st.markdown(plain(view.test))
for sentence in view.withheld[:_WITHHELD]:
    st.caption(plain(sentence))
if len(view.withheld) > _WITHHELD:
    st.caption(f"… and {len(view.withheld) - _WITHHELD} more segments without a verdict.")
heatmap.draw(view, measure)

opened = heatmap.opened_cell(view)
if opened:
    segment.draw(chosen, opened)

st.subheader("Worst segments")
ranked.draw(view)
guide.draw(PAGES["segments"].title)
