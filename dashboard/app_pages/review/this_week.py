"""This week: what is off and whose it is, what is new, and what to open first."""

from datetime import date

import streamlit as st

from core.governance.people.names import directory
from core.queries.base.dimensions import week_label
from dashboard.cache import views as data
from dashboard.pages import PAGES
from dashboard.parts.govern.watching import findings, notices
from dashboard.parts.review import this_week as week
from dashboard.parts.review import week_search as search
from dashboard.server import open_ledger as owner
from dashboard.widgets import empty_states as empty
from dashboard.widgets import guide
from dashboard.widgets.acting import acting_for as acting
from dashboard.widgets.drawn.draw import draw
from dashboard.widgets.drawn.framed import MANY, tall
from dashboard.widgets.links import page_links as links
from dashboard.widgets.url_choice import choose

links.start_afresh("week", search.FIND, search.VERDICT, findings.KEYS)
state = data.state()
person = None if state is None else acting.choose(state, directory(owner.cursor()))
mondays = data.mondays()
found = data.findings()
today = owner.office().clock().date()
head = st.container(horizontal=True, vertical_alignment="center", gap="medium")
with head:
    st.title(PAGES["this_week"].title, anchor=False, width="content")
if not mondays:
    empty.ledger()
    if found.rows:
        findings.table(found, state, person, today)
    st.stop()

labels = {week_label(monday): monday for monday in mondays}
with head:
    place = st.container(width=220)
picked: date = labels[choose("Week", tuple(labels), key="week", place=place, hidden_label=True)]
view = data.week(picked)

if picked != mondays[0]:
    st.markdown(
        f":gray[Verdicts are those of the end of {view.week} ({view.first} to {view.last}), with "
        "what is known of it today; findings are those of today.]"
    )
notices.warn(data.notices(data.overview().names()))
written = data.written(picked)
draw(week.board(view, written, found, today), key="week_board", tall=week.tall(view))
if len(view.rows) > MANY:
    rows = search.ask(view.rows, written)
    draw(
        week.long_table(view, rows, written, found, today), key="week_signals", tall=tall(len(rows))
    )
new, wrong = st.columns([3, 7], gap="medium")
with new:
    draw(week.news(view, found), key="week_news")
with wrong:
    findings.table(found, state, person, view.first)
guide.draw(PAGES["this_week"].title)
