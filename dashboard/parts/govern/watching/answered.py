"""Does anybody act on what is found: kinds of finding, and those an owner keeps quiet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from core.defaults import TURNED_DOWN_DAYS
from core.governance.state import State
from core.ledger.errors import LedgerError
from core.monitoring.finding_responses import NO_REASON
from core.monitoring.turning_down import proposed_turning_down, turn_up
from core.text.markdown import plain, verbatim
from core.trail.acts import Proposal
from core.views.govern.answered import AnsweredView, QuietKind, may_say
from dashboard.pages import PAGES
from dashboard.parts.govern import confirmation as confirmed
from dashboard.server import open_ledger as owner
from dashboard.widgets.acting import act_button, announced, sign_on
from dashboard.widgets.acting.acting_for import Acting

_KEYS = "answered_"


def draw(view: AnsweredView, state: State, person: Acting | None) -> None:
    """The answer in a sentence; behind it the kinds, and what may be kept quiet."""
    st.header("Does anybody act on what is found")
    announced.announce()
    st.markdown(plain(view.headline))
    for one in view.quiet:
        _quiet(one, state, person)
    for one in view.may:
        _may(one, state, person)
    with st.expander("Each kind of finding", icon=":material/rule:"):
        if not view.frame.empty:
            frame = view.frame.assign(Page=[PAGES[one].title for one in view.frame["Page"]])
            st.table(
                frame,
                border="horizontal",
                hide_index=True,
                alt="Each kind of finding: how often it was found, and what became of it",
            )
            st.caption(
                "Acted on: somebody wrote what they do about it, or settled it. Went by: it was "
                "over before anybody answered. Days: the median until the first answer."
            )
        if view.never:
            st.caption(plain(f"Never found: {', '.join(view.never)}."))


def _quiet(one: QuietKind, state: State, person: Acting | None) -> None:
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.markdown(
            f":material/notifications_off: **{plain(one.words)}** of {verbatim(one.signal)} is "
            f"turned down until {one.until}. {plain(one.said)}"
        )
        kind = "finding_kind.turned_up"
        if person is not None and may_say(state, person.sub, one.signal):
            key = f"{_KEYS}up_{one.signal}_{one.kind}"
            if st.button("Hear it again", key=key, icon=":material/notifications:"):
                try:
                    actor = person.actor(state, kind, one.signal)
                    act = turn_up(owner.office(), actor, one.signal, one.kind)
                except LedgerError as error:
                    st.error(plain(str(error)), icon=":material/block:")
                else:
                    announced.done(f"Heard again: entry {act.seq} of the trail.")


def _may(one: QuietKind, state: State, person: Acting | None) -> None:
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.markdown(
            f":material/theater_comedy: **{plain(one.words)}** of {verbatim(one.signal)} changes "
            f"nothing. {plain(one.said)}"
        )
        with st.popover("Turn it down", icon=":material/notifications_off:"):
            _turn_down(one, state, person)


@st.fragment
def _turn_down(one: QuietKind, state: State, person: Acting | None) -> None:
    """Why, and by whom; drawn anew by itself."""
    sign_on.still_signed_on()
    st.markdown(
        f"It is not found anew of this signal for {TURNED_DOWN_DAYS} days, unless it is critical. "
        "The trail keeps who turned it down and why."
    )
    if person is None:
        st.caption(sign_on.nobody())
        return
    if not may_say(state, person.sub, one.signal):
        st.caption("Only the owner or a deputy of the signal turns it down.")
        return
    key = f"{_KEYS}{one.signal}_{one.kind}"
    reason = act_button.asked("Why", f"{key}_why")
    pressed = act_button.draw(
        f"Turn it down as {plain(person.name)}",
        "" if reason.strip() else NO_REASON,
        key=f"{key}_down",
    )

    def propose(words: Mapping[str, Any]) -> list[Proposal]:
        actor = person.actor(state, "finding_kind.turned_down", one.signal, confirming=True)
        return [
            proposed_turning_down(
                owner.office(), actor, one.signal, one.kind, reason=words["reason"]
            )
        ]

    def perform(_: Mapping[str, Any], proposals: Callable[[], Sequence[Proposal]]) -> None:
        try:
            seqs = [owner.office().perform(each).seq for each in proposals()]
        except LedgerError as error:
            st.error(plain(str(error)), icon=":material/block:")
        else:
            announced.done(f"Turned down: entry {seqs[0]} of the trail.")

    confirmed.through(person, key, {"reason": reason} if pressed else None, propose, perform)
