"""Findings: what is wrong, who answers for it by when, and what people say to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from core.defaults import WAIVER_DAYS
from core.findings.kinds import Severity
from core.governance.state import State
from core.ledger.errors import LedgerError
from core.monitoring.finding_responses import NO_NOTE, NO_REASON, acknowledge, proposed_waiver
from core.text.markdown import plain, verbatim
from core.trail.acts import Act, Proposal
from core.views.govern.findings import FindingRow, FindingsView, answering
from dashboard.pages import PAGES
from dashboard.parts.audit import trail_integrity as trail
from dashboard.parts.govern import confirmation as confirmed
from dashboard.server import open_ledger as owner
from dashboard.widgets import tables
from dashboard.widgets.acting import act_button, announced, sign_on
from dashboard.widgets.acting.acting_for import Acting
from dashboard.widgets.links import evidence_links as evidenced
from dashboard.widgets.links import page_links as links

#: How the keys of this component's widgets begin.
KEYS = "finding_"
#: Before what is critical.
CRITICAL = "▲"
#: Pixels of the table: eight rows.
_TALL = 318

_LOOKS: dict[Severity, tuple[str, str]] = {
    "critical": (":material/error:", "red"),
    "warning": (":material/warning:", "orange"),
}
_SIGN_OFF, _SIGN_ICON = PAGES["sign_off"].path, PAGES["sign_off"].icon


def broken(view: FindingsView) -> None:
    """What is wrong where the trail is broken: nothing else can be told."""
    each(view.rows, None, None)


def table(view: FindingsView, state: State | None, person: Acting | None, since: date) -> None:
    """The open findings, a row each; the rows chosen are shown whole and can be answered together.

    Args:
        view: what is wrong now.
        person: whom the reader acts for.
        since: first day of the week reviewed: what was found from then on is new.
    """
    announced.announce()
    st.header("Open findings", anchor=False)
    if not view.rows:
        st.markdown("Nothing is open. Findings appear here, with who must respond.")
        return
    rows = _filtered(view, person, since)
    if not rows:
        st.markdown("None of these.")
        return
    # Choosing other rows is another table: what was chosen in one is not taken for the other.
    key = f"{KEYS}table_{len(rows)}_{rows[0].id}"
    event = tables.listed(
        _frame(rows, since),
        key=key,
        alt="The open findings, one line each",
        tallest=_TALL,
        on_select="rerun",
        selection_mode="multi-row",
        # What matters stands whole from 1000 pixels on; the age comes last and is cut first.
        column_config={
            "Signal": st.column_config.TextColumn(width=190),
            "Finding": st.column_config.TextColumn(width=290, help=f"{CRITICAL} critical."),
            "Due": st.column_config.TextColumn(width=112),
            "Owner": st.column_config.TextColumn(width=78),
            "Age": st.column_config.TextColumn(width=82),
        },
    )
    chosen = [rows[i] for i in event["selection"]["rows"] if i < len(rows)]
    if not chosen:
        st.markdown(":gray[Select rows to read them in full and to respond.]")
    elif len(chosen) == 1 or state is None or person is None:
        each(chosen, state, person)
    else:
        _together(chosen, state, person)


def _filtered(view: FindingsView, person: Acting | None, since: date) -> tuple[FindingRow, ...]:
    """What the reader wants to see of it."""
    waived = tuple(one for one in view.rows if not one.waits)
    groups = {
        "All": view.waiting,
        "New": view.since(since),
        "Overdue": tuple(one for one in view.waiting if one.overdue),
        "Waived": waived,
    }
    if person is not None:
        mine = tuple(one for one in view.waiting if one.owner_id == person.sub)
        groups["Mine"] = mine
    names = [name for name, of in groups.items() if of or name == "All"]
    picked = st.segmented_control(
        "Which findings",
        names,
        default="All",
        required=True,
        format_func=lambda name: f"{name} {len(groups[name])}",
        label_visibility="collapsed",
        key=f"{KEYS}which",
    )
    return groups[picked or "All"]


def _frame(rows: Sequence[FindingRow], since: date) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Signal": [one.signal or "the whole ledger" for one in rows],
            "Finding": [_marked(one) for one in rows],
            "Due": [_due(one) for one in rows],
            "Owner": [one.owner for one in rows],
            "Age": [_age(one, since) for one in rows],
        }
    )


def _age(one: FindingRow, since: date) -> str:
    new = one.opened is not None and one.opened >= since
    return f"{one.age} d{' · new' if new else ''}"


def _marked(one: FindingRow) -> str:
    return f"{CRITICAL} {one.title}" if one.severity == "critical" else one.title


def _due(one: FindingRow) -> str:
    if one.due is None:
        return one.state_words
    return f"{one.due} late" if one.overdue else f"{one.due}"


@st.fragment
def _together(rows: Sequence[FindingRow], state: State, person: Acting) -> None:
    """Several findings, and one note or one waiver for all of them; drawn anew by itself."""
    sign_on.still_signed_on()
    with st.container(border=True, gap="small"):
        for row in rows:
            st.markdown(f"**{row.title}** · {verbatim(row.signal or '')}: {plain(row.text)}")
        may = [answering(state, person.sub, row) for row in rows]
        acks = [row for row, one in zip(rows, may, strict=True) if one.acknowledge]
        waives = [row for row, one in zip(rows, may, strict=True) if one.waive]
        if not acks and not waives:
            st.markdown(f":gray[{may[0].why_not}]")
        key = "_".join(f"{row.id}_{row.n_answers}" for row in rows)
        if acks:
            note = act_button.asked("What you do about them", f"{KEYS}notes_{key}")
            said = f"Acknowledge {len(acks)} of {len(rows)} as {plain(person.name)}"
            if act_button.draw(said, "" if note.strip() else NO_NOTE, key=f"{KEYS}acks_{key}"):
                _run_all(
                    [
                        lambda row=row: acknowledge(  # type: ignore[misc]
                            owner.office(),
                            person.actor(state, "finding.acknowledged", row.signal),
                            row.id,
                            note=note,
                        )
                        for row in acks
                    ],
                    "Acknowledged",
                )
        if waives:
            until, reason = _waiver("Why they may wait", key)
            said = f"Waive {len(waives)} of {len(rows)} as {plain(person.name)}"
            missing = "" if reason.strip() else NO_REASON
            pressed = act_button.draw(said, missing, key=f"{KEYS}waives_{key}")
            _waive(waives, state, person, f"waives_{key}", until, reason, pressed=pressed)


def _waiver(label: str, key: str) -> tuple[date, str]:
    """Until when something may wait, and why."""
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
    return until, act_button.asked(label, f"{KEYS}reason_{key}")


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
                with st.popover("Respond", icon=":material/reply:", type="tertiary"):
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


@st.fragment
def _answer(row: FindingRow, state: State, person: Acting | None) -> None:
    """What was said so far, and what the reader may say; drawn anew by itself."""
    sign_on.still_signed_on()
    for line in row.history:
        trail.link(line.seq, plain(line.words))
    if not row.history:
        st.caption("Just noticed; it enters the trail with the first response.")
    if person is None:
        st.caption(sign_on.nobody())
        return
    may = answering(state, person.sub, row)
    # What was typed belongs to one answer: the next one begins empty.
    key = f"{row.id}_{row.n_answers}"
    if may.why_not:
        st.caption(may.why_not)
    if may.acknowledge:
        note = act_button.asked("What you do about it", f"{KEYS}note_{key}")
        if act_button.draw(
            f"Acknowledge as {plain(person.name)}",
            "" if note.strip() else NO_NOTE,
            key=f"{KEYS}ack_{key}",
        ):
            kind = "finding.acknowledged"
            _run(
                lambda: acknowledge(
                    owner.office(), person.actor(state, kind, row.signal), row.id, note=note
                ),
                "Acknowledged",
            )
    if may.waive:
        until, reason = _waiver("Why it may wait", key)
        pressed = act_button.draw(
            f"Waive as {plain(person.name)}",
            "" if reason.strip() else NO_REASON,
            key=f"{KEYS}waive_{key}",
        )
        _waive([row], state, person, f"waive_{key}", until, reason, pressed=pressed)


def _waive(
    rows: Sequence[FindingRow],
    state: State,
    person: Acting,
    about: str,
    until: date,
    reason: str,
    *,
    pressed: bool,
) -> None:
    """Let findings wait, where people sign on once their actor has signed on again for it."""

    def propose(words: Mapping[str, Any]) -> list[Proposal]:
        return [
            proposed_waiver(
                owner.office(),
                person.actor(state, "finding.waived", row.signal, confirming=True),
                row.id,
                until=words["until"],
                reason=words["reason"],
            )
            for row in rows
        ]

    def perform(_: Mapping[str, Any], proposals: Callable[[], Sequence[Proposal]]) -> None:
        try:
            acts = [partial(owner.office().perform, one) for one in proposals()]
        except LedgerError as error:
            st.error(plain(str(error)), icon=":material/block:")
        else:
            _run_all(acts, "Waived")

    words = {"until": until, "reason": reason} if pressed else None
    confirmed.through(person, about, words, propose, perform)


def _run(act: Callable[[], Act], done: str) -> None:
    """Do an act; what refuses it is said here, and otherwise the page is drawn anew."""
    _run_all([act], done)


def _run_all(acts: Sequence[Callable[[], Act]], done: str) -> None:
    """Do acts one by one; the first refusal ends it and is said, with what was done before it."""
    entries: list[int] = []
    refused = None
    for act in acts:
        try:
            entries.append(act().seq)
        except LedgerError as error:
            refused = plain(str(error))
            break
    said = ""
    if entries:
        words = "entry" if len(entries) == 1 else "entries"
        said = f"{done}: {words} {', '.join(str(seq) for seq in entries)} of the trail."
    if refused:
        st.error(f"{said} {refused}".strip(), icon=":material/block:")
    elif entries:
        announced.done(said)
