"""Labels: which ones would decide what cannot be told, and the audit sample."""

import streamlit as st

from core.governance.people.names import directory
from core.governance.replay import TrailBroken
from dashboard.cache import views as data
from dashboard.pages import PAGES
from dashboard.parts.govern.watching import findings
from dashboard.parts.review import label_disputes, label_plan
from dashboard.server import open_ledger as owner
from dashboard.widgets import empty_states as empty
from dashboard.widgets import filters, guide, page_head
from dashboard.widgets.acting import acting_for as acting
from dashboard.widgets.acting.announced import announce

chosen = filters.current()
page_head.title("labels")
announce()
try:
    state = owner.office().state()
except TrailBroken:
    findings.broken(data.findings())
    st.stop()
if chosen is None:
    empty.ledger()
    guide.draw(PAGES["labels"].title)
    st.stop()
names = directory(owner.cursor())
person = acting.choose(state, names)

page_head.signal(chosen.selection.signal)
label_disputes.draw(data.label_disputes(chosen.selection.signal), chosen.selection.signal)
view = data.label_plan(chosen.selection, label_plan.choose_split(chosen))
if not view.groups or not sum(one.n_claims for one in view.groups):
    empty.nothing_stated(chosen.facts.n_unstated)
    guide.draw(PAGES["labels"].title)
    st.stop()
label_plan.answer(view, chosen.selection)
label_plan.groups(view)
label_plan.draw(view, state, names, person)
label_plan.weekly(data.weekly_audit(state, chosen.selection.signal))
label_plan.hand_out(view)
label_plan.drawn(view)
guide.draw(PAGES["labels"].title)
