"""Choices that always stand in the URL, also while they are those the page made itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.text.shown import visible

#: The days that can be chosen; a link to another one is not followed.
_FIRST_DAY, _LAST_DAY = date(1970, 1, 1), date(2999, 12, 31)


def choose(
    label: str,
    options: Sequence[str],
    *,
    key: str,
    place: DeltaGenerator | None = None,
    first: int = 0,
    format_func: Callable[[str], str] = str,
    help: str | None = None,
    hidden_label: bool = False,
) -> str:
    """One of the options.

    A widget bound to the URL leaves its default out of it. These defaults depend on the data and
    on other choices, so a link without them would open another view tomorrow; hence the choice is
    written into the URL whatever it is, and read from it when a link brings another.

    Args:
        options: at least one.
        key: of the widget, and its name in the URL.
        place: where to draw; the page when None.
        first: index of the option taken until somebody chooses.
        format_func: how an option is shown.
        help: the widget's tooltip.
        hidden_label: whether what stands beside it says what it is.
    """
    written = f"{key}_written"
    # A widget's own state is lost on a page that does not draw it; what was written stays.
    last = st.session_state.get(written)
    linked = st.query_params.get(key)
    value = st.session_state.get(key, last)
    if linked in options and (linked != last or key not in st.session_state):
        value = linked
    elif value not in options:
        value = options[first]
    # Set in any case: what is known may be of a widget of this key on the page before.
    st.session_state[key] = value
    chosen: str = (place or st).selectbox(
        label,
        options,
        key=key,
        format_func=lambda one: visible(format_func(one)),
        help=help,
        label_visibility="collapsed" if hidden_label else "visible",
    )
    st.query_params[key] = st.session_state[written] = chosen
    return chosen


def choose_day(
    label: str, *, key: str, first: date | None, place: DeltaGenerator | None = None
) -> date | None:
    """A day, or None; like `choose`, with ``first`` taken until somebody chooses another.

    Args:
        key: of the widget, and its name in the URL.
        first: the day the page chooses itself; None leaves the choice open.
        place: where to draw; the page when None.
    """
    written, offered = f"{key}_written", f"{key}_offered"
    linked = _date(st.query_params.get(key))
    last, was_offered = (st.session_state.get(name) for name in (written, offered))
    value = st.session_state.get(key, last)
    if linked is not None and (linked != last or key not in st.session_state):
        value = linked
    elif value == was_offered:
        value = first
    st.session_state[key] = value
    st.session_state[offered] = first
    picked: date | None = (place or st).date_input(
        label,
        value=None,
        key=key,
        format="YYYY-MM-DD",
        min_value=_FIRST_DAY,
        max_value=_LAST_DAY,
    )
    st.session_state[written] = picked
    if picked is None:
        st.query_params.pop(key, None)
    else:
        st.query_params[key] = picked.isoformat()
    return picked


def _date(text: str | None) -> date | None:
    try:
        day = date.fromisoformat(text or "")
    except ValueError:
        return None
    return day if _FIRST_DAY <= day <= _LAST_DAY else None
