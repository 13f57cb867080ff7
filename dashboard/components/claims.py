"""The claims behind the numbers on a page."""

from __future__ import annotations

import streamlit as st

from core.store.selection import Selection
from dashboard import data


def behind(selection: Selection) -> None:
    """A closed drawer with the newest claims of the selection; read only when opened."""
    drawer = st.expander(
        "The claims behind these numbers",
        icon=":material/receipt_long:",
        key="claims",
        on_change="rerun",
    )
    if not drawer.open:
        return
    with drawer:
        view = data.claims(selection)
        st.caption(f"{len(view.frame):,} of {view.total:,} claims, newest first; times are UTC.")
        st.dataframe(view.frame, hide_index=True, alt="The newest claims behind these numbers")
