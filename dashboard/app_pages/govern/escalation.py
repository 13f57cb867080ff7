"""Escalation: the rules, how many cases each took, and where they were not kept."""

import streamlit as st

from core.governance.replay import TrailBroken
from core.views.govern.escalation import default_days
from dashboard.cache import views as data
from dashboard.pages import PAGES
from dashboard.parts.govern.acting import bypass, escalation, handoffs, theatre
from dashboard.parts.govern.watching import findings
from dashboard.server import open_ledger as owner
from dashboard.widgets import guide, page_head
from dashboard.widgets.url_choice import choose, choose_day

page_head.title("escalation")
try:
    state = owner.office().state()
except TrailBroken:
    findings.broken(data.findings())
    st.stop()
overview = data.overview()
names = tuple(dict.fromkeys((*overview.names(), *sorted(state.entries))))
if not names:
    escalation.no_signals()
    guide.draw(PAGES["escalation"].title)
    st.stop()

which, _ = st.columns([1, 1])
signal = choose("Signal", names, key="signal", place=which)
since, until, _ = st.columns(3)
newest = overview.facts(signal).last_ts if signal in overview.names() else None
first, last = default_days(newest, owner.office().now())
first = choose_day("From", key="first", first=first, place=since) or first
last = choose_day("To", key="last", first=last, place=until) or last
if first > last:
    st.error(f"The days end ({last}) before they begin ({first}).", icon=":material/date_range:")
    st.stop()
page_head.signal(signal)
if signal not in state.entries:
    escalation.unregistered(signal)
    guide.draw(PAGES["escalation"].title)
    st.stop()

view = data.escalation(signal, first, last, as_if=False)
never = data.unasked(signal, first, last)
handed = data.handoffs(signal, first, last)
escalation.headline(view)
bypass.warn(never)
handoffs.warn(handed)
broken, unasked, policy, rules, weeks, people, worth = st.tabs(
    [
        f"Breaches ({view.n_breaches:,})",
        f"Never asked ({never.n:,})",
        "Policy vs practice",
        "Rules",
        "By week",
        "Hand-offs",
        "What it saves or costs",
    ]
)
with broken:
    escalation.listed(view)
with unasked:
    bypass.draw(never, last)
with policy:
    escalation.sides(view)
with rules:
    escalation.rules(view)
with weeks:
    escalation.load(view)
with people:
    handoffs.draw(handed)
with worth:
    theatre.draw(data.theatre(signal, last))
guide.draw(PAGES["escalation"].title)
