"""Decision trail: who did what, on which numbers; is the trail whole."""

import streamlit as st

from dashboard.cache import views as data
from dashboard.pages import PAGES
from dashboard.parts.audit import decision_trail as acts
from dashboard.parts.audit import trail_entry as act
from dashboard.parts.audit import trail_integrity as trail
from dashboard.widgets import empty_states as empty
from dashboard.widgets import guide, page_head

page_head.title("decision_trail")
if not data.trail_size():
    trail.not_begun()
    guide.draw(PAGES["decision_trail"].title)
    st.stop()

top = trail.place()
asked = acts.search(data.act_choices())
view = data.acts(asked, acts.leaf_number(asked))
st.markdown(f"## {view.sentence}")
flags = st.container()
listing = st.container()
opened = act.chosen()
with listing:
    if view.rows:
        acts.listed(view, opened)
        acts.leaves(view)
    else:
        empty.acts()

# The list is there at once; verifying a large ledger takes seconds.
whole = data.wholeness()
with top.container():
    trail.whole(whole)
with flags:
    acts.flagged(view, whole)
if opened is not None:
    act.opened(opened, whole)
guide.draw(PAGES["decision_trail"].title)
