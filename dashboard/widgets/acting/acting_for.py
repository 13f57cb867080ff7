"""Whom the reader acts for: who signed on, or without sign-on whomever they choose."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from core.governance.bodies.refusal import Refused
from core.governance.people.accounts import person_of
from core.governance.people.names import Directory
from core.governance.people.people import actor_for
from core.governance.state import State
from core.text.shown import visible
from core.trail.act_kinds import KINDS
from core.trail.acts import Actor, Assurance
from dashboard.server import open_ledger as owner
from dashboard.server import settings as server
from dashboard.server.sign_on.session import Session
from dashboard.server.sign_on.settings import Provider
from dashboard.widgets.acting import sign_on

#: In the session; never in the URL.
KEY = "acting_for"


@dataclass(frozen=True)
class Acting:
    """The person chosen.

    Attributes:
        sub: their opaque id.
        name: as pages show them.
        session: by which they signed on; None: nobody signs on here.
    """

    sub: str
    name: str
    session: Session | None = None

    @property
    def provider(self) -> Provider | None:
        """Where they sign on once more for an act of weight; None: nowhere."""
        settings = server.sign_on()
        if settings is None or self.session is None:
            return None
        found = settings.providers.get(self.session.provider)
        return found if found is not None and found.reauthenticate else None

    def actor(
        self, state: State, kind: str, signal: str | None, *, confirming: bool = False
    ) -> Actor:
        """They, in the role that allows an act; asked for at every act.

        Args:
            confirming: whether the act goes on to `dashboard.parts.govern.confirmation`.

        Raises:
            Refused: their session is over, their account is no longer bound to them, or they have
                to sign on once more for it.
        """
        if KINDS[kind].weighty and self.provider is not None and not confirming:
            raise Refused(f"To {KINDS[kind].may}, sign on once more for it.")
        return actor_for(state, self.sub, kind, signal, assurance=self.assurance(), via="page")

    def assurance(self) -> Assurance:
        """How it is known that it is they, now.

        Raises:
            Refused: their session is over, or their account is no longer bound to them.
        """
        if self.session is None:
            if sign_on.needed():
                raise Refused("Sign on to act here.")
            return "none"
        sign_on.require(self.session)
        if person_of(owner.office(), self.session.account) != self.sub:
            raise Refused(
                f"Your account is no longer bound to {self.name}. Ask an admin to bind it."
            )
        return "signed-on"


def choose(state: State, names: Directory) -> Acting | None:
    """Who signed on, or the choice in the sidebar of everybody who has not left; None: nobody.

    It never stands in the URL: a link that is passed on makes nobody somebody else.
    """
    if sign_on.needed():
        session = sign_on.session()
        sub = None if session is None else sign_on.acts_for(names, state, session)
        return None if sub is None else Acting(sub, names.words(sub), session)
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
