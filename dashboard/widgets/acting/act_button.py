"""A button that is closed while something is missing or not allowed, and says what beside it."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.text.markdown import plain


def draw(label: str, missing: str, **looks: Any) -> bool:
    """Draw the button; whether it was pressed.

    Args:
        label: what happens.
        missing: why it cannot be pressed yet, in a sentence; "": it can.
        **looks: of `st.button`.
    """
    pressed = st.button(label, disabled=bool(missing), **looks)
    if missing:
        st.caption(f":material/block: {plain(missing)}")
    return pressed and not missing


def asked(label: str, key: str, *, placeholder: str = "", help: str | None = None) -> str:
    """A line of words an act needs; it counts while it is typed, so its button opens by itself.

    What was typed outlasts a look at the page as somebody else.
    """
    return st.text_input(
        label,
        key=key,
        placeholder=placeholder,
        help=help,
        max_chars=500,
        live=True,
        persist_state="page",
    )
