"""Names and values, one under the other."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.sentences.fact import Fact
from core.text.markdown import plain, verbatim

#: Of the width, for a fact's name and its value.
_SHARES = (3, 7)


def draw(title: str, facts: Sequence[Fact], *, none: str = "Nothing was logged.") -> None:
    """Names and values, those from outside as they were logged.

    Args:
        title: above them.
        facts: in order.
        none: what is said where there are none.
    """
    st.markdown(f"### {title}")
    if not facts:
        st.markdown(none)
        return
    # A table would cut long texts at its right edge; columns wrap them.
    with st.container(gap="xxsmall"):
        for fact in facts:
            name, value = st.columns(_SHARES, gap="small")
            name.markdown(f":gray[{plain(fact.name)}]")
            value.markdown(verbatim(fact.value) if fact.logged else plain(fact.value))
