"""Drift: since when, and after which model or prompt change."""

import streamlit as st

from core.sentences.numbers import dimension_name
from core.text.markdown import plain
from dashboard.cache import views as data
from dashboard.pages import PAGES
from dashboard.parts.review import canary, gaming
from dashboard.parts.review import drift as timeline
from dashboard.parts.review import window_comparison as shift
from dashboard.widgets import empty_states as empty
from dashboard.widgets import filters, guide, page_head
from dashboard.widgets.links import claim_links as claims
from dashboard.widgets.url_choice import choose

chosen = filters.current()
page_head.title("drift")
if chosen is None:
    empty.ledger()
    st.stop()

page_head.signal(chosen.selection.signal)
by_measure, by_period, _ = st.columns(3)
measure = choose(
    "Show", tuple(timeline.MEASURES), key="measure", place=by_measure,
    format_func=timeline.MEASURES.__getitem__,
)  # fmt: skip
period = choose("Per", ("week", "day"), key="period", place=by_period, format_func=str.capitalize)
view = data.drift(chosen.selection, "day" if period == "day" else "week")
if view.periods.empty:
    empty.filters()
    st.stop()

st.markdown(f"## {plain(view.headline)}")
if view.moved:
    st.markdown(plain(view.moved))
timeline.draw(view, measure)
compared, same, gamed, every, table = st.tabs(
    [
        "Two windows compared",
        "Is it the same model?",
        "Is a metric being gamed?",
        "Every measure",
        "Table",
    ]
)
with same:
    signal = chosen.selection.signal
    canary.draw(data.canaries(signal), signal)
with every:
    timeline.strips(view)
with table:
    timeline.table(view)
with gamed:
    gaming.draw(data.gaming(chosen.selection.signal), data.badge)
with compared:
    windows = shift.choose_windows(view)
    if windows is None:
        st.info(
            "Comparing needs two windows of weeks whose outcomes are final. Choose their days when "
            "there are.",
            icon=":material/hourglass_empty:",
        )
    else:
        dimensions = chosen.splittable()
        by = st.selectbox(
            "Split the change by",
            dimensions,
            index=None,
            placeholder="Overall only",
            format_func=dimension_name,
            key="split_by",
            bind="query-params",
        )
        shift.draw(data.shift(chosen.selection, *windows, chosen.segment_dimensions(), by), by)
claims.behind(chosen.selection)
guide.draw(PAGES["drift"].title)
