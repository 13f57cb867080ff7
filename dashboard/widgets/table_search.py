"""Above a long table: a text that is looked for, and one kind of rows."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

ALL = "All"


def ask(what: str, kind: str, kinds: Sequence[str], *, find: str, pick: str) -> tuple[str, str]:
    """Ask what is looked for.

    Args:
        what: what a text is found in: ``signal or owner``.
        kind: what rows are told apart by.
        kinds: those there are.
        find: key of the text, in the URL too, which leaves defaults out.
        pick: key of the kind, likewise.

    Returns:
        The text, "" for any, and the kind or `ALL`.
    """
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        text = st.text_input(
            f"Find a {what}",
            key=find,
            placeholder=f"{what[:1].upper()}{what[1:]}",
            icon=":material/search:",
            label_visibility="collapsed",
            bind="query-params",
            width=260,
        )
        picked = st.segmented_control(
            kind,
            [ALL, *kinds],
            default=ALL,
            required=True,
            key=pick,
            label_visibility="collapsed",
            bind="query-params",
        )
    return text or "", picked or ALL
