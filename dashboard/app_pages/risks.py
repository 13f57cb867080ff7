"""Risks: the twelve failures against every signal, with the evidence one click away."""

import streamlit as st

from dashboard import data
from dashboard.components import acting, empty, findings, guide, links, risks
from dashboard.components.verbatim import plain
from dashboard.pages import PAGES

st.title(PAGES["risks"].title)
links.start_afresh(*risks.KEYS, acting.KEY)
view = data.risks()
if not view.signals:
    empty.ledger()
    risks.mapping()
    guide.draw(PAGES["risks"].title)
    st.stop()
if view.broken:
    findings.lead(data.findings(), None, None)

st.markdown(f"#### {plain(view.headline)}")
st.caption(
    f"As of {view.at:%Y-%m-%d %H:%M} UTC. {plain(view.whole)} Nothing here is set by hand: every "
    "line is computed and shows where it can be seen."
)
one, signal = risks.chosen(view)
if one is None and signal is None:
    risks.grid(view)
else:
    risks.closely(view, one, signal)
st.subheader("Every failure, most open first")
risks.overview(view)
risks.mapping()
risks.downloads(view)
guide.draw(PAGES["risks"].title)
