"""The proof at a signature: a link that opens the provider in a new tab, and the wait for it.

The page stays as it is meanwhile, with what was typed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from core.text.markdown import plain
from core.trail.acts import Proposal
from dashboard.server.settings import sign_on
from dashboard.server.sign_on.grants import GRANTS, digest
from dashboard.server.sign_on.settings import START_PATH, Provider
from dashboard.widgets.acting.acting_for import Acting

#: In the session: what waits to be confirmed, and in which words.
_WAITS = "confirmation_waits"
#: Seconds between two looks whether it is confirmed.
_GLANCE = 1.0

_PROMISE = {
    "none": "Assurance: none, because nobody signs on here; a gate in production mode does not "
    "accept it.",
    "signed-on": "Assurance: signed-on.",
    "re-authenticated": "You sign on once more to confirm it. Assurance: re-authenticated.",
}


def asked_of(person: Acting | None) -> bool:
    """Whether somebody who signs is asked to sign on again."""
    found = _provider(person)
    return found is not None and found.reauthenticate


def promise(person: Acting | None) -> str:
    """What a signature made here will say of how it was made."""
    if asked_of(person):
        return _PROMISE["re-authenticated"]
    return _PROMISE["none" if person is None or person.session is None else "signed-on"]


def _provider(person: Acting | None) -> Provider | None:
    settings = sign_on()
    if settings is None or person is None or person.session is None:
        return None
    return settings.providers.get(person.session.provider)


def ask(person: Acting, about: str, proposal: Proposal, words: Mapping[str, Any]) -> None:
    """Wait from now on for the confirmation of one signature; an earlier one is given up."""
    assert person.session is not None
    _give_up()
    id_ = GRANTS.ask(digest(proposal), person.session.account, person.session.provider)
    st.session_state[_WAITS] = (id_, about, dict(words))


def draw(person: Acting, about: str, sign: Callable[[str, Mapping[str, Any]], None]) -> None:
    """Show what waits about one fingerprint; sign once it is confirmed, or say why it is not."""
    id_, of, words = st.session_state.get(_WAITS, ("", "", {}))
    if of != about:
        return
    found = GRANTS.look(id_)
    if found is not None and found.stage == "granted":
        del st.session_state[_WAITS]
        sign(id_, words)
    elif found is None or found.stage == "refused":
        _give_up()
        why = "It was not confirmed within five minutes." if found is None else found.reason
        st.error(plain(f"Not signed. {why}"), icon=":material/block:")
    else:
        provider = _provider(person)
        st.link_button(
            f"Confirm with {plain(provider.label if provider else found.provider)}",
            f"{START_PATH}?id={id_}",
            type="primary",
            icon=":material/open_in_new:",
        )
        _wait(id_)


@st.fragment(run_every=_GLANCE)
def _wait(id_: str) -> None:
    """Look again and again; draw the page anew once there is an answer."""
    found = GRANTS.look(id_)
    if found is None or found.stage in ("granted", "refused"):
        st.rerun()
    st.caption(
        "Waiting for you to sign on again in the new tab. This page keeps what you wrote, and "
        "signs by itself when you are done."
    )
    if st.button("Do not sign", key="confirmation_drop"):
        _give_up()
        st.rerun()


def _give_up() -> None:
    id_, _, _ = st.session_state.pop(_WAITS, ("", "", {}))
    if id_:
        GRANTS.drop(id_)
