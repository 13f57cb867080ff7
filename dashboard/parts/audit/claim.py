"""One claim end to end: what was said, about what, what was done, and what happened."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import pandas as pd
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from core.governance.state import State
from core.queries.base.selection import Selection
from core.queries.claims.claim_history import Relation
from core.queries.claims.claim_list import Search
from core.text.markdown import cells, plain, verbatim
from core.views.audit.claim import ClaimView, outcome_words, stated_words
from core.views.audit.claim_rules import GateAnswer, Governed
from dashboard.cache import views as data
from dashboard.parts.audit import label_acts
from dashboard.parts.audit import trail_integrity as trail
from dashboard.widgets import tables
from dashboard.widgets.acting.acting_for import Acting
from dashboard.widgets.links.claim_links import ICON, OPENED, PAGE, Query, query_of

#: Pixels of the two halves; one below the other where the page is narrow.
_HALF = 470


def opened(selection: Selection, state: State | None, person: Acting | None) -> None:
    """The field that opens a claim, and the claim it names; nothing when it is empty.

    Args:
        selection: the signal, and when the reader wants it known.
        person: whom the reader acts for.
    """
    field, _ = st.columns([2, 1])
    event_id = field.text_input(
        "Open a claim",
        key=OPENED,
        bind="query-params",
        placeholder="Tick a row above, or give an event id",
        help="Opens the claim of this signal, also one that the filters leave out.",
    )
    if not event_id:
        return
    view = data.claim(selection.signal, event_id, selection.as_known)
    if view is None:
        _missing(selection, event_id)
        return
    _draw(view, selection.as_known, state, person)


def _draw(
    view: ClaimView, as_known: datetime | None, state: State | None, person: Acting | None
) -> None:
    st.header(f"Claim {verbatim(view.record.event_id)}")
    st.markdown(f"## {view.headline}")
    st.markdown(f"{view.standing} {view.done}")
    with st.container(horizontal=True, gap="medium"):
        with st.container(width=_HALF):
            tables.facts("What was said", view.said)
            if view.not_logged:
                st.caption(view.not_logged)
        with st.container(width=_HALF):
            tables.facts("Where it came from", view.came_from)
    tables.facts("About what", view.about)
    if not view.happened.empty:
        st.markdown("### What happened")
        _happened(view.happened)
        label_acts.draw(view, state, person)
    if not view.handed.empty:
        st.markdown("### Who it went to")
        _handed(view.handed)
    _governed(view.governed)
    _relations("The same event in other signals", view.same_event, "signal", as_known)
    _relations("The same input in other claims", view.same_input, "event_id", as_known)
    if view.more:
        st.caption(view.more)


def _governed(governed: Governed) -> None:
    """Which rules were in force, and what the gate answered."""
    st.markdown("### Which rules were in force")
    st.markdown(plain(governed.then))
    with st.container(horizontal=True, gap="medium"):
        if governed.entry is not None:
            trail.link(governed.entry, f"The registry entry then: entry {governed.entry}")
        if governed.last_act is not None:
            trail.link(
                governed.last_act,
                f"The last act about its fingerprint until then: entry {governed.last_act}",
            )
    if governed.asked:
        st.markdown(governed.asked)
    if governed.differs:
        st.warning(plain(governed.followed), icon=":material/alt_route:")
    elif governed.followed:
        st.markdown(plain(governed.followed))
    for one in governed.answers:
        _answer(one)


def _answer(answer: GateAnswer) -> None:
    """One answer of the gate."""
    with st.container(border=True):
        st.markdown(
            f"**{plain(answer.action)}** at {answer.at:%Y-%m-%d %H:%M:%S} UTC, by the rule "
            f"{verbatim(answer.rule)}. {plain(answer.reason)}"
        )
        st.markdown(f"Validation then: {plain(answer.state)}. {verbatim(answer.decision_id)}")
        for words in answer.otherwise:
            st.markdown(f":material/warning: {plain(words)}")
        if answer.entry is not None:
            trail.link(answer.entry, f"The registry version it rests on: entry {answer.entry}")


def _happened(happened: pd.DataFrame) -> None:
    """Every outcome received, oldest first."""

    def time_column(label: str, help: str) -> ColumnConfig:
        return st.column_config.DatetimeColumn(label, format="YYYY-MM-DD HH:mm:ss", help=help)

    st.dataframe(
        cells(happened),
        hide_index=True,
        placeholder=tables.NOTHING,
        key="happened",
        column_config={
            "outcome": "Outcome",
            "in_force": "In force",
            "known_at": time_column(
                "Known from (UTC)", "When it turned out, or else when it was imported."
            ),
            "outcome_ts": time_column("Stated time (UTC)", "Empty when the record gave none."),
            "source": "Who said so",
            "said_of": "Said of",
            "file": "File",
            "row": "Row",
            "import_id": "Import",
            "imported_at": time_column("Imported (UTC)", "When the ledger received it."),
        },
        alt="Every outcome received for this claim, oldest first",
    )


def _handed(handed: pd.DataFrame) -> None:
    """Every hand-off to people, oldest first."""

    def time_column(label: str) -> ColumnConfig:
        return st.column_config.DatetimeColumn(label, format="YYYY-MM-DD HH:mm:ss")

    tables.listed(
        handed,
        key="handed",
        column_config={
            "handed_at": time_column("Handed over (UTC)"),
            "queue": "Queue",
            "reviewer": "Reviewer",
            "taken_at": time_column("Taken (UTC)"),
            "decided_at": time_column("Decided (UTC)"),
            "decision": "Decision",
            "agreed": "The model's answer",
            "seeded": "Planted error",
        },
        alt="Every hand-off of this claim to people, oldest first",
    )


def _relations(
    title: str,
    relations: Sequence[Relation],
    told_by: Literal["signal", "event_id"],
    as_known: datetime | None,
) -> None:
    """Other claims, each a link that says what tells it from the others, with its outcome now."""
    if not relations:
        return
    st.markdown(f"### {title}")
    for one in relations:
        versions = [value for value in (one.model_version, one.prompt_version) if value]
        made_by = f" by {', '.join(map(verbatim, versions))}" if versions else ""
        st.page_link(
            PAGE,
            label=f"{verbatim(getattr(one, told_by))}: "
            f"{stated_words(one.confidence_ppm)}, {outcome_words(one.outcome)}; "
            f"{one.ts:%Y-%m-%d %H:%M}{made_by}",
            icon=ICON,
            query_params=_query(one.signal, one.event_id, as_known),
        )


def _missing(selection: Selection, event_id: str) -> None:
    """No such claim: say so, and where the event does have one."""
    st.info(
        f"There is no claim {verbatim(event_id)} in {verbatim(selection.signal)}. An event id is "
        "given whole, upper and lower case told apart; to find one by how it begins, use the field "
        "above the list.",
        icon=":material/search_off:",
    )
    for signal in data.signals_of_event(event_id):
        st.page_link(
            PAGE,
            label=f"{verbatim(event_id)} in {verbatim(signal)}",
            icon=ICON,
            query_params=_query(signal, event_id, selection.as_known),
        )


def _query(signal: str, event_id: str, as_known: datetime | None) -> Query:
    known = query_of(Search(Selection(signal, as_known=as_known))) or {"signal": signal}
    return {**known, OPENED: event_id}
