"""Risks: the twelve failures against every signal, with the evidence one click away."""

import streamlit as st

from core.text.markdown import plain
from dashboard.cache import views as data
from dashboard.pages import PAGES
from dashboard.parts.govern.watching import findings, risks
from dashboard.widgets import empty_states as empty
from dashboard.widgets import guide, page_head
from dashboard.widgets.links import page_links as links

page_head.title("risks")
links.start_afresh(*risks.KEYS)
view = data.risks()
if not view.signals:
    empty.ledger()
    risks.mapping()
    guide.draw(PAGES["risks"].title)
    st.stop()
if view.broken:
    findings.broken(data.findings())

st.markdown(f"## {plain(view.headline)}")
st.caption(
    f"As of {view.at:%Y-%m-%d %H:%M} UTC. {plain(view.whole)} Nothing here is set by hand: every "
    "line is computed and links to what it rests on."
)
one, signal = risks.chosen(view)
if one is None and signal is None:
    risks.grid(view)
else:
    risks.closely(view, one, signal)
risks.mapping()
risks.downloads(view)
guide.draw(PAGES["risks"].title)
