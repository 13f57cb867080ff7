"""Labels that contradict each other: which, and the way to each claim."""

from __future__ import annotations

import streamlit as st

from core.queries.base.selection import Selection
from core.queries.claims.claim_list import Search
from core.text.markdown import verbatim
from core.views.review.labelling.label_disputes import DisputesView
from dashboard.widgets.links import claim_links


def draw(view: DisputesView, signal: str) -> None:
    """The section; nothing where nothing contradicts."""
    if not view.headline:
        return
    st.markdown("### Labels that contradict each other")
    st.markdown(f":material/warning: {view.headline}")
    for event_id, line in view.lines:
        claim_links.one(signal, event_id, f"{verbatim(event_id)}: {line}")
    if view.more:
        st.caption(view.more)
    claim_links.link(
        Search(Selection(signal), contradicting=True), "Open the contradicting ones in Claims"
    )
