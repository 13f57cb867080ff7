"""Findings: what is wrong, who answers for it by when, and what people say to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

import streamlit as st

from core.defaults import WAIVER_DAYS
from core.findings.kinds import Severity
from core.governance.state import State
from core.ledger.errors import LedgerError
from core.monitoring.finding_responses import acknowledge, waive
from core.sentences.numbers import counted
from core.text.markdown import plain, verbatim
from core.trail.acts import Act
from core.views.govern.findings import FindingRow, FindingsView, Leading, answering
from dashboard.pages import PAGES
from dashboard.parts.audit import trail_integrity as trail
from dashboard.server import open_ledger as owner
from dashboard.widgets import evidence_links as evidenced
from dashboard.widgets import page_links as links
from dashboard.widgets.acting_for import Acting

#: As many kinds stand open, each with its most urgent finding; the rest waits in a drawer.
SHOWN = 3
#: As many signals are named beside it.
_NAMED = 4
#: How the keys of this component's widgets begin.
KEYS = "finding_"

_LOOKS: dict[Severity, tuple[str, str]] = {
    "critical": (":material/error:", "red"),
    "warning": (":material/warning:", "orange"),
}
_SIGN_OFF, _SIGN_ICON = PAGES["sign_off"].path, PAGES["sign_off"].icon
_DONE = f"{KEYS}done"


def lead(view: FindingsView, state: State | None, person: Acting | None) -> None:
    """The findings that wait, the most urgent ones open; nothing where nothing is wrong.

    Args:
        view: what is wrong now.
        state: what the trail says; None: it is broken.
        person: whom the reader acts for.
    """
    announce()
    if not view.rows:
        return
    st.subheader("Findings")
    st.markdown(plain(view.headline))
    leading = view.leading(SHOWN)
    for one in leading:
        with st.container(border=True, gap="xsmall"):
            _one(one.row, state, person, on_its_entry=False)
            if one.others:
                st.markdown(_alike(one))
    shown = {one.row.id for one in leading}
    waived = [one for one in view.rows if not one.waits]
    rest = [*(one for one in view.waiting if one.id not in shown), *waived]
    if rest:
        said = f"{len(rest)} more"
        if waived:
            said += f", {counted(len(waived), 'waived one')} among them"
        with st.expander(said, icon=":material/unfold_more:"):
            each(rest, state, person)


def _alike(one: Leading) -> str:
    """How many more of its kind wait, and of which signals."""
    several = "another one waits" if one.others == 1 else f"{one.others} more wait"
    named = ", ".join(verbatim(signal) for signal in one.also[:_NAMED])
    more = f" and {len(one.also) - _NAMED} more" if len(one.also) > _NAMED else ""
    return f"Of this kind {several}{f': {named}{more}' if named else ''}."


def each(
    rows: Sequence[FindingRow],
    state: State | None,
    person: Acting | None,
    *,
    on_its_entry: bool = False,
) -> None:
    """Findings one below the other; ``on_its_entry``: on the page of their signal's entry."""
    for row in rows:
        with st.container(border=True, gap="xsmall"):
            _one(row, state, person, on_its_entry)


def _one(row: FindingRow, state: State | None, person: Acting | None, on_its_entry: bool) -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute", gap="small"):
        with st.container(horizontal=True, width="content", gap="small"):
            _title(row, on_its_entry)
        with st.container(
            horizontal=True, width="content", gap="small", vertical_alignment="center"
        ):
            if not on_its_entry or row.page != "registry":
                _settle(row)
            if row.id and state is not None:
                with st.popover("Answer", icon=":material/reply:", type="tertiary"):
                    _answer(row, state, person)
    st.markdown(plain(row.text))
    said = [f"Owner: {plain(row.owner)}"]
    if row.occurrences > 1:
        said.append(f"found {row.occurrences} times")
    if row.state_words and row.due_words:
        said.append(row.state_words)
    st.caption(f"{' · '.join(said)}. {plain(row.mend)}")


def _title(row: FindingRow, on_its_entry: bool) -> None:
    """How bad, what, about which signal, and by when."""
    icon, color = _LOOKS[row.severity]
    st.badge(row.severity_words, icon=icon, color=color)  # type: ignore[arg-type]
    about = f" · {verbatim(row.signal)}" if row.signal and not on_its_entry else ""
    st.markdown(f"**{row.title}**{about}", width="content")
    due = row.due_words or row.state_words
    # Colour only repeats what the words say.
    late = f":red[:material/alarm: **{due}**]"
    st.markdown(late if row.overdue else due, width="content")


def _settle(row: FindingRow) -> None:
    """The way to where it is settled."""
    if row.page == "decision_trail":
        st.page_link(trail.PAGE, label="Open the Decision trail", icon=trail.ICON)
    elif row.page == "sign_off" and row.signal:
        query = {"signal": row.signal, "fingerprint": row.fingerprint}
        st.page_link(_SIGN_OFF, label="Open in Sign-off", icon=_SIGN_ICON, query_params=query)
    elif row.page == "registry" and row.signal:
        links.registry(row.signal, "Open in Registry")
    elif row.signal:
        evidenced.link(row, row.signal)


def _answer(row: FindingRow, state: State, person: Acting | None) -> None:
    """What was said so far, and what the reader may say."""
    for line in row.history:
        trail.link(line.seq, plain(line.words))
    if not row.history:
        st.caption("Noticed just now; it is written into the trail with the first answer.")
    if person is None:
        st.caption("To answer, choose in the sidebar whom you act for.")
        return
    may = answering(state, person.sub, row)
    # What was typed belongs to one answer: the next one begins empty.
    key = f"{row.id}_{row.n_answers}"
    if may.why_not:
        st.caption(may.why_not)
    if may.acknowledge:
        # What was typed outlasts a look at the page as somebody else.
        note = st.text_input(
            "What you do about it", key=f"{KEYS}note_{key}", max_chars=500, persist_state="page"
        )
        if st.button(f"Acknowledge as {plain(person.name)}", key=f"{KEYS}ack_{key}"):
            actor = person.actor(state, "finding.acknowledged", row.signal)
            _run(lambda: acknowledge(owner.office(), actor, row.id, note=note), "Acknowledged")
    if may.waive:
        today = owner.office().now().date()
        until = st.date_input(
            "Let it wait until",
            value=today + timedelta(days=7),
            min_value=today + timedelta(days=1),
            max_value=today + timedelta(days=WAIVER_DAYS),
            key=f"{KEYS}until_{key}",
            format="YYYY-MM-DD",
            persist_state="page",
        )
        reason = st.text_input(
            "Why it may wait", key=f"{KEYS}reason_{key}", max_chars=500, persist_state="page"
        )
        if st.button(f"Waive as {plain(person.name)}", key=f"{KEYS}waive_{key}"):
            actor = person.actor(state, "finding.waived", row.signal)
            office = owner.office()
            _run(lambda: waive(office, actor, row.id, until=until, reason=reason), "Waived")


def _run(act: Callable[[], Act], done: str) -> None:
    """Do an act; what refuses it is said here, and otherwise the page is drawn anew."""
    try:
        entry = act()
    except LedgerError as error:
        st.error(plain(str(error)), icon=":material/block:")
        return
    st.session_state[_DONE] = f"{done}: entry {entry.seq} of the trail."
    st.rerun()


def announce() -> None:
    """Say what was done by the act that this page was drawn anew for."""
    said = st.session_state.pop(_DONE, None)
    if said:
        st.toast(said, icon=":material/check_circle:")
