"""Segments: which cases does the aggregate hide."""

import streamlit as st

from core.review.words import dimension_name
from core.store.selection import BAND_DIMENSION
from dashboard import data
from dashboard.components import empty, filters, guide, heatmap, ranked, segment

chosen = filters.current()
st.title("Segments")
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
down, across, _ = st.columns([1, 1, 1])
row = down.selectbox("Down", rows, format_func=dimension_name, key="row", bind="query-params")
others = [name for name in (*rows, BAND_DIMENSION, "week") if name != row]
column = across.selectbox(
    "Across",
    others,
    format_func=dimension_name,
    key="column",
    bind="query-params",
    help="Another dimension, the confidence itself, or the week of the claim.",
)
every_pair = st.toggle(
    "Rank every pair of dimensions, not only this one", key="pairs", bind="query-params"
)
view = data.segments(chosen.selection, row, column, rows, every_pair)
if not view.cells["n_claims"].any():
    empty.nothing_stated(int(view.cells["n_unstated"].sum()))
    st.stop()

st.markdown(f"**{chosen.selection.signal}**")
st.markdown(f"#### {view.headline}")
if view.test:
    st.markdown(view.test)
heatmap.draw(view)

opened = heatmap.opened_cell(view)
if opened:
    segment.draw(chosen, opened)

st.subheader("Worst segments")
ranked.draw(view)
guide.segments()
