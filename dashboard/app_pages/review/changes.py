"""Changes: this new model or prompt, before and after, on which segments."""

import streamlit as st

from core.text.markdown import plain
from dashboard.cache import views as data
from dashboard.pages import PAGES
from dashboard.parts.review import changes as change
from dashboard.widgets import empty_states as empty
from dashboard.widgets import filters, guide, page_head, tables
from dashboard.widgets import reliability_panel as curve

chosen = filters.current()
page_head.title("changes")
if chosen is None:
    empty.ledger()
    st.stop()

page_head.signal(chosen.selection.signal)
asked = change.choose_sides(chosen)
if asked is None:
    change.nothing_changed(chosen)
    guide.draw(PAGES["changes"].title)
    st.stop()
if asked.values[0] == asked.values[1]:
    st.info("Choose two different versions to compare.", icon=":material/compare_arrows:")
    guide.draw(PAGES["changes"].title)
    st.stop()
before, after = (chosen.selection.narrowed(asked.dimension, one) for one in asked.values)
review = data.change(before, after, asked.paired)
if isinstance(review, str):
    st.info(plain(review), icon=":material/filter_alt_off:")
    guide.draw(PAGES["changes"].title)
    st.stop()

change.verdict(review)
change.links(review)
segments, numbers, curves = st.tabs(["Segments, worst first", "Before and after", "Both curves"])
with segments:
    change.segments(review)
with numbers:
    change.numbers(review)
with curves:
    view = data.reliability(chosen.selection, (asked.dimension, *asked.values))
    curve.pair(view, [data.badge(one) for one in (before, after)])
    for i, group in enumerate(view.groups):
        with st.expander(
            f"Every stated confidence · {plain(group.name)}", icon=":material/table_rows:"
        ):
            tables.confidences(group.values, key=f"values_{i}", of=group.name)
    if review.paired:
        st.caption("The curves show every claim of both, not only those on inputs they share.")
guide.draw(PAGES["changes"].title)
