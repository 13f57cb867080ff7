"""Registry: who owns it, is it validated, until when, under which rules."""

import streamlit as st

from core.governance.people.names import directory
from core.governance.replay import TrailBroken
from core.text.markdown import plain
from dashboard.cache import views as data
from dashboard.pages import PAGES
from dashboard.parts.govern.registry import entry_editor, registry
from dashboard.parts.govern.watching import findings
from dashboard.server import open_ledger as owner
from dashboard.widgets import empty_states as empty
from dashboard.widgets import guide, page_head
from dashboard.widgets.acting import acting_for as acting
from dashboard.widgets.acting.announced import announce
from dashboard.widgets.url_choice import choose

page_head.title("registry")
announce()
try:
    state = owner.office().state()
    view = data.registry()
except TrailBroken:
    findings.broken(data.findings())
    st.stop()
names = directory(owner.cursor())
person = acting.choose(state, names)
if not view.rows:
    empty.ledger()
    registry.nothing()
    st.header("People")
    registry.everybody(view, state, names, person)
    st.stop()

st.markdown(f"## {plain(view.headline)}")
if view.production:
    st.caption("The gate is in production mode: a signature made without sign-on does not open it.")
registry.overview(view, data.standing())
chosen, _ = st.columns([1, 1])
signal = choose("Signal", view.names, key="signal", place=chosen)
one = data.signal_entry(signal)

registry.header(one)
waiting = sum(row.waits for row in one.findings)
versions, seats, rules, wrong, change, history, people = st.tabs(
    [
        "Versions",
        "Owners and terms",
        "Rules",
        f"Findings ({waiting})",
        "Change the entry",
        "History",
        "People",
    ]
)
with versions:
    registry.versions(one, state, person)
with seats:
    registry.written(one)
with rules:
    registry.rules(one)
with wrong:
    findings.each(one.findings, state, person, on_its_entry=True)
    if not one.findings:
        st.markdown("Nothing is open.")
with change:
    entry_editor.draw(one, state, names, person)
with history:
    registry.history(one.history)
with people:
    registry.everybody(view, state, names, person)
guide.draw(PAGES["registry"].title)
