"""The proof at a signature or another act of weight: a link that opens the provider in a new tab.

The page waits for it, and stays as it is meanwhile, with what was typed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import streamlit as st

from core.governance.advance import check
from core.ledger.errors import LedgerError
from core.sentences import acts as act_words
from core.text.markdown import plain
from core.trail.acts import Act, Proposal, stamp
from dashboard.server import open_ledger as owner
from dashboard.server.sign_on.confirmations import CONFIRMATIONS, digest
from dashboard.server.sign_on.session import browser_of
from dashboard.server.sign_on.settings import START_PATH
from dashboard.widgets.acting import sign_on
from dashboard.widgets.acting.acting_for import Acting

#: In the session: what waits to be confirmed, and in which words.
_WAITS = "acting_waits"
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
    return person is not None and person.provider is not None


def promise(person: Acting | None) -> str:
    """What a signature made here will say of how it was made."""
    if asked_of(person):
        return _PROMISE["re-authenticated"]
    return _PROMISE["none" if person is None or person.session is None else "signed-on"]


#: What is to be done, made from the words it was asked in.
Proposed = Callable[[Mapping[str, Any]], Sequence[Proposal]]
#: Does it: with the words, and what makes the proposals as they are to be done, which may refuse.
Performed = Callable[[Mapping[str, Any], Callable[[], Sequence[Proposal]]], None]


def through(
    person: Acting,
    about: str,
    words: Mapping[str, Any] | None,
    propose: Proposed,
    perform: Performed,
    *,
    checked: bool = False,
) -> None:
    """Do acts of weight: at once, or where people sign on, once their actor has signed on again.

    Args:
        person: who acts.
        about: tells what is done here from everything else on the page.
        words: what was pressed for just now; None: nothing was.
        propose: makes the acts, now and again when they are confirmed.
        perform: does them.
        checked: whether it is known already that nothing speaks against them.
    """
    if words is not None and not asked_of(person):
        asked = words
        perform(asked, lambda: propose(asked))
    elif words is not None:
        try:
            proposals = propose(words)
            for one in () if checked else proposals:
                # Nobody signs on again for what would be refused.
                check(owner.office().state(), one, owner.office().now())
            ask(person, about, proposals, words)
        except LedgerError as error:
            st.error(plain(str(error)), icon=":material/block:")

    def confirmed(id_: str, kept: Mapping[str, Any]) -> None:
        perform(kept, lambda: _proven(person, id_, propose(kept)))

    draw(person, about, confirmed, done="done")


def _proven(person: Acting, id_: str, proposals: Sequence[Proposal]) -> list[Proposal]:
    """Acts as their actor confirmed them, with when.

    Raises:
        Refused: something else was confirmed than they are now.
    """
    assert person.session is not None
    at = stamp(CONFIRMATIONS.redeem(id_, digest(*proposals), person.session.account))
    return [
        replace(
            one,
            actor=replace(one.actor, assurance="re-authenticated"),
            body={**one.body, "confirmed": at},
        )
        for one in proposals
    ]


def ask(
    person: Acting, about: str, proposals: Sequence[Proposal], words: Mapping[str, Any]
) -> None:
    """Wait from now on for the confirmation of one signature; an earlier one is given up."""
    assert person.session is not None
    _give_up()
    id_ = CONFIRMATIONS.ask(
        digest(*proposals),
        person.session.account,
        person.session.provider,
        browser=browser_of(st.context.cookies),
        about=_told(person, proposals),
    )
    st.session_state[_WAITS] = (id_, about, dict(words))


def _told(person: Acting, proposals: Sequence[Proposal]) -> list[tuple[str, str]]:
    """What is to be confirmed, as it will stand in the trail, by name."""
    with owner.office().ledger.cursor() as cursor:
        names = act_words.Names.read(cursor)
    found = [("Person", person.name)]
    for one in proposals:
        act = Act(
            seq=0,
            at=owner.office().now(),
            kind=one.kind,
            actor=one.actor,
            signal=one.signal,
            fingerprint=one.fingerprint,
            body=one.body,
            signature=one.signature,
        )
        found.append(("Act", act_words.short(act, names)))
        if act_words.about(act):
            found.append(("Signal", act_words.about(act)))
        if one.signature is not None:
            found.append(("What the signature means", one.signature.meaning))
            found.append(("Evidence", one.signature.evidence))
        found += [(fact.name, fact.value) for fact in act_words.facts(act, names)]
    return found


def draw(
    person: Acting,
    about: str,
    sign: Callable[[str, Mapping[str, Any]], None],
    *,
    done: str = "signed",
) -> None:
    """Show what waits about one fingerprint; sign once it is confirmed, or say why it is not."""
    id_, of, words = st.session_state.get(_WAITS, ("", "", {}))
    if of != about:
        return
    found = CONFIRMATIONS.look(id_)
    if found is not None and found.stage == "granted":
        del st.session_state[_WAITS]
        sign(id_, words)
    elif found is None or found.stage == "refused":
        _give_up()
        why = "It was not confirmed within five minutes." if found is None else found.reason
        st.error(plain(f"Not {done}. {why}"), icon=":material/block:")
    else:
        provider = person.provider
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
    sign_on.still_signed_on()
    found = CONFIRMATIONS.look(id_)
    if found is None or found.stage in ("granted", "refused"):
        st.rerun()
    st.caption(
        "Waiting for you to sign on again in the new tab. This page keeps what you wrote, and "
        "goes on by itself when you are done."
    )
    if st.button("Give it up", key="confirmation_drop"):
        _give_up()
        st.rerun()


def _give_up() -> None:
    id_, _, _ = st.session_state.pop(_WAITS, ("", "", {}))
    if id_:
        CONFIRMATIONS.drop(id_)
