"""What was done by an act, said once the page is drawn anew for it."""

from __future__ import annotations

from typing import NoReturn

import streamlit as st

_DONE = "acting_done"


def done(said: str) -> NoReturn:
    """Draw the page anew, and say there what was done.

    Args:
        said: as Markdown.
    """
    st.session_state[_DONE] = said
    st.rerun()


def announce() -> None:
    """Say what was done by the act that this page was drawn anew for."""
    said = st.session_state.pop(_DONE, None)
    if said:
        st.toast(said, icon=":material/check_circle:")
