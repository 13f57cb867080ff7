"""This week: what changed, what is worst, and what to open first."""

from datetime import UTC, date, datetime

import streamlit as st

from core.governance.names import directory
from core.queries.base.dimensions import week_label
from core.text.markdown import plain
from dashboard.cache import views as data
from dashboard.pages import PAGES
from dashboard.parts.govern import findings, notices
from dashboard.parts.review import this_week as week
from dashboard.server import open_ledger as owner
from dashboard.widgets import acting_for as acting
from dashboard.widgets import empty_states as empty
from dashboard.widgets import guide
from dashboard.widgets import page_links as links
from dashboard.widgets.url_choice import choose

st.title(PAGES["this_week"].title)
links.start_afresh("week", acting.KEY, findings.KEYS)
state = data.state()
person = None if state is None else acting.choose(state, directory(owner.cursor()))
mondays = data.mondays()
if not mondays:
    empty.ledger()
    findings.lead(data.findings(), state, person)
    st.stop()

labels = {week_label(monday): monday for monday in mondays}
chosen, _ = st.columns([1, 2])
picked: date = labels[choose("Week", tuple(labels), key="week", place=chosen)]
view = data.week(picked)

running = ", still running" if datetime.now(UTC).date() <= view.last else ""
st.caption(f"{view.first} to {view.last}{running}; gaps are those of the last mature week.")
st.markdown(f"#### {plain(view.headline)}")
if view.first_step is not None:
    links.draw(view.first_step, f"Open first: {view.first_step.text}")

if picked != mondays[0]:
    st.caption("Findings are those of today; the numbers beneath are of the week chosen.")
notices.warn(data.notices(data.overview().names()))
findings.lead(data.findings(), state, person)
st.subheader("What changed")
changes = [change for row in view.rows for change in row.changes]
if not changes:
    st.markdown("Nothing that stands out against the week before.")
for change in changes:
    links.draw(change, f"{change.signal}: {change.text}")

st.subheader("Every signal, worst first")
written = data.written(picked)
for row in view.rows:
    week.card(row, view, written[row.signal])
if view.quiet:
    st.caption(f"No claims in this week or the twelve before: {plain(', '.join(view.quiet))}.")
st.caption(f"How the verdicts were corrected together: {view.method}.")
guide.draw(PAGES["this_week"].title)
