"""Whom the reader acts for. Nobody signs on here, and every signature made this way says so."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from core.governance.names import Directory
from core.governance.people import actor_for
from core.governance.state import State
from core.text.shown import visible
from core.trail.acts import Actor

#: In the session; never in the URL.
KEY = "acting_for"


@dataclass(frozen=True)
class Acting:
    """The person chosen.

    Attributes:
        sub: their opaque id.
        name: as pages show them.
    """

    sub: str
    name: str

    def actor(self, state: State, kind: str, signal: str | None) -> Actor:
        """They, in the role that allows an act."""
        return actor_for(state, self.sub, kind, signal, via="page")


def choose(state: State, names: Directory) -> Acting | None:
    """The choice in the sidebar, of everybody who has not left; None until somebody chose.

    It never stands in the URL: a link that is passed on makes nobody somebody else.
    """
    subs = sorted(
        (sub for sub, one in state.people.items() if one.status != "left"), key=names.words
    )
    if not subs:
        return None
    # A widget's own state is lost on a page that does not draw it; what was written stays.
    written = f"{KEY}_written"
    if KEY not in st.session_state and st.session_state.get(written) in subs:
        st.session_state[KEY] = st.session_state[written]
    with st.sidebar:
        sub = st.selectbox(
            "Acting for",
            subs,
            index=None,
            key=KEY,
            format_func=lambda one: visible(names.words(one)),
            placeholder="Choose a person to act",
            help="Without sign-on anybody at this machine can choose anybody. What is signed this "
            "way carries “assurance: none”, and a gate in production mode does not accept it.",
        )
    st.session_state[written] = sub
    return None if sub is None else Acting(sub, names.words(sub))
