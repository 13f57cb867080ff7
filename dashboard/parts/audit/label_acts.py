"""The way to take a claim's label back, or to say which of two that contradict each other holds."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.governance.label_acts import CONFIRM, WITHDRAW, confirm, withdraw
from core.governance.state import State
from core.ledger.errors import LedgerError
from core.text.markdown import plain
from core.trail.acts import Act
from core.views.audit.claim import ClaimView
from dashboard.server import open_ledger as owner
from dashboard.widgets.acting import act_button, announced
from dashboard.widgets.acting.acting_for import Acting

_NO_REASON = "Say why: the reason is kept in the trail."
_NOBODY = "Choose in the sidebar whom you act for."


def draw(view: ClaimView, state: State | None, person: Acting | None) -> None:
    """Draw it, closed, where the claim has a label that stands."""
    if not view.sources or state is None:
        return
    signal, event_id = view.record.signal, view.record.event_id
    as_ = "" if person is None else f" as {plain(person.name)}"
    with st.expander("Withdraw or confirm a label", icon=":material/undo:"):
        st.caption("Every label stays on record, and what was known before is known as before.")
        reason = act_button.asked("Why", "label_reason")
        missing = _NOBODY if person is None else "" if reason.strip() else _NO_REASON
        if view.disputed:
            _confirmed(view, state, person, reason, missing)
        chosen = st.selectbox(
            "The last label of",
            view.sources,
            format_func=lambda source: source or "no source stated",
            key="label_source",
        )
        pressed = act_button.draw(f"Withdraw it{as_}", missing, key="label_withdraw")
        if pressed and person is not None:
            _run(
                lambda: withdraw(
                    owner.office(), person.actor(state, WITHDRAW, signal), signal, event_id,
                    chosen, reason,
                ),
                "withdrawn",
            )  # fmt: skip


def _confirmed(
    view: ClaimView, state: State, person: Acting | None, reason: str, missing: str
) -> None:
    """A button for each of the two that contradict each other."""
    signal, event_id = view.record.signal, view.record.event_id
    as_ = "" if person is None else f" as {plain(person.name)}"
    right = act_button.draw(f"Confirm that it was right{as_}", missing, key="label_right")
    wrong = act_button.draw(f"Confirm that it was wrong{as_}", missing, key="label_wrong")
    if (right or wrong) and person is not None:
        _run(
            lambda: confirm(
                owner.office(), person.actor(state, CONFIRM, signal), signal, event_id,
                int(right), reason,
            ),
            "confirmed",
        )  # fmt: skip


def _run(act: Callable[[], Act], done: str) -> None:
    """Do an act; what refuses it is said here, and otherwise the page is drawn anew."""
    try:
        entry = act().seq
    except LedgerError as error:
        st.error(plain(str(error)), icon=":material/block:")
    else:
        announced.done(f"The label is {done}: entry {entry} of the trail.")
