"""Reliability: is this signal honest, and where in its range is it not."""

import streamlit as st

from core.sentences.numbers import dimension_name, value_name
from core.text.markdown import plain
from dashboard.cache import views as data
from dashboard.pages import PAGES
from dashboard.parts.review import elicitation
from dashboard.widgets import empty_states as empty
from dashboard.widgets import filters, guide, page_head, repair, tables
from dashboard.widgets import reliability_panel as curve
from dashboard.widgets.links import claim_links as claims
from dashboard.widgets.url_choice import choose

chosen = filters.current()
page_head.title("reliability")
if chosen is None:
    empty.ledger()
    st.stop()

page_head.signal(chosen.selection.signal)
splittable = chosen.splittable()
asked, first_side, second_side = st.columns([1, 1, 1], vertical_alignment="bottom")
dimension = asked.selectbox(
    "Compare",
    splittable,
    index=None,
    placeholder="One curve for all claims chosen",
    format_func=dimension_name,
    key="compare",
    bind="query-params",
    help="Puts two groups of this signal side by side: models, prompts, elicitations, splits.",
)
compare = None
if dimension:
    names = [value_name(value) for value in chosen.values(dimension)]
    one = choose("This", names, key="this", place=first_side)
    other = choose("Against", names, key="against", place=second_side, first=1)
    compare = (dimension, filters.value_of(one), filters.value_of(other))

view = data.reliability(chosen.selection, compare)
if all(not group.measures.n_claims and not group.measures.n_unstated for group in view.groups):
    empty.filters()
    st.stop()

if len(view.groups) == 1:
    with curve.with_words(view, data.badge(chosen.selection)):
        whole = view.groups[0].measures
        if not whole.n_claims:
            empty.nothing_stated(whole.n_unstated)
        elif not whole.n:
            empty.outcomes(whole.n_claims)
else:
    if view.comparison:
        st.markdown(f"## {plain(view.comparison)}")
    sides = [chosen.selection.narrowed(compare[0], side) for side in compare[1:]] if compare else []
    curve.pair(view, [data.badge(side) for side in sides])
if len(view.groups) == 1 and view.groups[0].measures.state == "off":
    repair.offered(chosen.selection.signal)
st.caption(f"How the verdicts' intervals were corrected together: {view.method}.")

if any(group.measures.n for group in view.groups):
    st.header("Measures")
    tables.measures(view.groups)
for i, group in enumerate(view.groups):
    of = f" · {plain(group.name)}" if group.name else ""
    with st.expander(f"Every stated confidence{of}", icon=":material/table_rows:"):
        tables.confidences(group.values, key=f"values_{i}", of=group.name)
    for note in group.notes:
        st.caption(note)
asked_ways = data.elicitation(chosen.selection)
if asked_ways.shown:
    st.header("How it was asked")
    elicitation.draw(asked_ways)
claims.behind(chosen.selection)
guide.draw(PAGES["reliability"].title)
