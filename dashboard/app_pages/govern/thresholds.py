"""Thresholds: a threshold with a guarantee, tuned on one set and judged on another."""

import streamlit as st

from core.governance.people.names import directory
from core.governance.replay import TrailBroken
from dashboard.cache import views as data
from dashboard.pages import PAGES
from dashboard.parts.govern.acting import thresholds
from dashboard.parts.govern.watching import findings
from dashboard.server import open_ledger as owner
from dashboard.widgets import empty_states as empty
from dashboard.widgets import guide, page_head
from dashboard.widgets.acting import acting_for as acting
from dashboard.widgets.acting.announced import announce

page_head.title("thresholds")
announce()
try:
    state = owner.office().state()
except TrailBroken:
    findings.broken(data.findings())
    st.stop()
tuned = data.tuned_signals()
names = tuple(dict.fromkeys((*tuned, *data.overview().names())))
if not names:
    empty.ledger()
    guide.draw(PAGES["thresholds"].title)
    st.stop()

people = directory(owner.cursor())
person = acting.choose(state, people)
view = thresholds.answered(thresholds.ask(names))
if view is not None:
    thresholds.answer(view)
    thresholds.numbers(view)
    thresholds.run(view, state, people, person)
    thresholds.change(view)
guide.draw(PAGES["thresholds"].title)
