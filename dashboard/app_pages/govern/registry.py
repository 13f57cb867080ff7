"""Registry: who owns it, is it validated, until when, under which rules."""

import streamlit as st

from core.governance.names import directory
from core.governance.replay import TrailBroken
from core.text.markdown import plain
from dashboard.cache import views as data
from dashboard.pages import PAGES
from dashboard.parts.govern import entry_editor, findings, registry
from dashboard.server import open_ledger as owner
from dashboard.widgets import acting_for as acting
from dashboard.widgets import empty_states as empty
from dashboard.widgets import guide
from dashboard.widgets.url_choice import choose

st.title(PAGES["registry"].title)
registry.announce()
findings.announce()
try:
    state = owner.office().state()
    view = data.registry()
except TrailBroken:
    findings.lead(data.findings(), None, None)
    st.stop()
names = directory(owner.cursor())
person = acting.choose(state, names)
if not view.rows:
    empty.ledger()
    registry.nothing()
    registry.everybody(view, state, person)
    st.stop()

st.markdown(f"#### {plain(view.headline)}")
if view.production:
    st.caption(
        "The gate is in production mode: a signature made without sign-on opens nothing. This "
        "version offers no sign-on yet, so every claim falls back."
    )
registry.overview(view)
chosen, _ = st.columns([1, 1])
signal = choose("Signal", view.names, key="signal", place=chosen)
one = data.signal_entry(signal)

registry.header(one)
findings.each(one.findings, state, person, on_its_entry=True)
registry.versions(one, state, person)
registry.written(one)
registry.rules(one)
entry_editor.draw(one, state, names, person)
registry.history(one.history)
registry.everybody(view, state, person)
guide.draw(PAGES["registry"].title)
