"""What a signal's confidence changes, against treating every case alike."""

from __future__ import annotations

import streamlit as st

from core.text.markdown import plain
from core.views.review.theatre import TheatreView


def draw(view: TheatreView) -> None:
    """The answer, by which costs, and what the policies without a confidence would cost."""
    if view.changes_nothing:
        st.warning(plain(view.headline), icon=":material/theater_comedy:")
    else:
        st.markdown(f"### {plain(view.headline)}")
    if view.interval:
        st.markdown(f"**{plain(view.interval)}**")
    if view.dead_words:
        st.markdown(f":material/block: {plain(view.dead_words)}")
    st.caption(plain(f"{view.basis} {view.costs}"))
    if view.policies.empty:
        return
    policies = view.policies[["policy", "words"]]
    st.table(
        policies.rename(
            columns={"policy": "Policy", "words": f"Expected cost, {view.unit} a week"}
        ),
        border="horizontal",
        hide_index=True,
        alt="What each policy is expected to cost a week, the cheapest first",
    )
    actions = view.actions[["action", "claims", "wrong"]]
    st.table(
        actions.rename(
            columns={"action": "Action", "claims": "Claims", "wrong": "Wrong among the labelled"}
        ),
        border="horizontal",
        hide_index=True,
        alt="Claims by action, and how many of the labelled ones were wrong",
    )
    for note in view.notes:
        st.caption(plain(note))
