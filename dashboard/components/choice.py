"""A choice that always stands in the URL, also while it is the one the page made itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator


def choose(
    label: str,
    options: Sequence[str],
    *,
    key: str,
    place: DeltaGenerator | None = None,
    first: int = 0,
    format_func: Callable[[str], str] = str,
    help: str | None = None,
) -> str:
    """One of the options.

    A widget bound to the URL leaves its default out of it. These defaults depend on the data and
    on other choices, so a link without them would open another view tomorrow; hence the choice is
    written into the URL whatever it is, and read from it when a link brings another.

    Args:
        label: of the widget.
        options: at least one.
        key: of the widget, and its name in the URL.
        place: where to draw; the page when None.
        first: index of the option taken until somebody chooses.
        format_func: how an option is shown.
        help: the widget's tooltip.
    """
    written = f"{key}_written"
    linked = st.query_params.get(key)
    if linked in options and linked != st.session_state.get(written):
        st.session_state[key] = linked
    elif st.session_state.get(key) not in options:
        st.session_state[key] = options[first]
    chosen: str = (place or st).selectbox(
        label, options, key=key, format_func=format_func, help=help
    )
    st.query_params[key] = st.session_state[written] = chosen
    return chosen
