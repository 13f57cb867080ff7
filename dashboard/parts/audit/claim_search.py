"""Finding claims: what to look for besides the shared filters, and the list of what was found."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import streamlit as st

from core.queries.base.catalogue import DimensionFacts
from core.queries.base.dimensions import BAND_LABELS
from core.queries.base.selection import BAND_DIMENSION, Selection
from core.queries.claims.claim_list import Order, Search
from core.sentences.numbers import cut, dimension_name
from dashboard.widgets import tables
from dashboard.widgets.links.claim_links import (
    CONTRADICTING,
    OPENED,
    OUTCOMES,
    STATED,
    UNSTATED,
    high,
)

_PAGE, _PAGE_OF = "page", "page_of"
_ORDERS: dict[str, Order] = {
    "newest first": "-ts",
    "oldest first": "ts",
    "wrong first, most confident": "worst",
    "least confident first": "confidence",
}
#: Pixels of the list while a claim is open beneath it.
_SHORT = 283


def search(selection: Selection, high_from: float) -> tuple[Search, Order]:
    """Draw the page's own filters, and say what is looked for and in which order.

    Args:
        selection: the shared filters.
        high_from: lower edge of the signal's high-confidence band.
    """
    confident = high(high_from)
    said, band, happened = st.columns([1, 1, 1], vertical_alignment="bottom")
    stated = said.selectbox(
        "Confidence",
        (STATED, confident, UNSTATED),
        index=None,
        placeholder="Any or none",
        key="stated",
        bind="query-params",
        help=f"{confident}: the high-confidence band, {cut(high_from)} itself included. Unstated "
        "claims are kept and counted, but never measured.",
    )
    bands = band.multiselect(
        dimension_name(BAND_DIMENSION),
        BAND_LABELS[::-1],
        key=BAND_DIMENSION,
        bind="query-params",
        placeholder="All",
        help="Upper ends belong to a band, lower ends to the one below: 0.9 lies in 0.8–0.9.",
    )
    outcomes = happened.multiselect(
        "Outcome",
        tuple(OUTCOMES),
        key="outcome",
        bind="query-params",
        placeholder="All",
        help="As known on the day chosen in the sidebar; without one, as known now.",
    )
    ids, sort, several = st.columns([1, 1, 1], vertical_alignment="bottom")
    prefix = ids.text_input(
        "Event, input or trace id",
        key="id",
        bind="query-params",
        type="search",
        placeholder="Begins with …",
        help="Finds ids that begin with exactly this, upper and lower case told apart.",
    )
    order = sort.selectbox("Sort", tuple(_ORDERS), key="sort", bind="query-params")
    labels = several.selectbox(
        "Labels",
        (CONTRADICTING,),
        index=None,
        placeholder="Any",
        key="labels",
        bind="query-params",
        help="Claims with labels that contradict each other and that nobody has answered yet.",
    )
    if bands:
        selection = replace(selection, where=(*selection.where, (BAND_DIMENSION, tuple(bands))))
    asked = Search(
        selection,
        outcomes=tuple(OUTCOMES[word] for word in outcomes),
        stated=None if stated is None else stated != UNSTATED,
        stated_from=high_from if stated == confident else None,
        id_prefix=(prefix or "").strip(),
        contradicting=labels == CONTRADICTING,
    )
    return asked, _ORDERS[order]


def has_tuning(dimensions: tuple[DimensionFacts, ...]) -> bool:
    """Whether a signal has claims of the tuning split, which are left out unless asked for."""
    splits = (value for one in dimensions if one.name == "split" for value, _ in one.values)
    return "tuning" in splits


def leaf_number(asked: Search, order: Order, n_leaves: int) -> int:
    """Which leaf of the list to show: from the URL, and the first whenever the search changes."""
    of = (asked, order)
    known = str(st.session_state.get(_PAGE) or st.query_params.get(_PAGE, "1"))
    leaf = int(known) if known.isdecimal() else 1
    if st.session_state.get(_PAGE_OF, of) != of or not 1 <= leaf <= n_leaves:
        leaf = st.session_state[_PAGE] = 1
    st.session_state[_PAGE_OF] = of
    return leaf


def leaves(n_leaves: int) -> None:
    """The choice of the leaf, where there are several."""
    if n_leaves > 1:
        st.pagination(n_leaves, key=_PAGE, bind="query-params")


def listed(frame: pd.DataFrame) -> None:
    """One leaf of the claims found; ticking a row opens it, unticking closes it."""
    events = tuple(frame["event_id"])
    # A tick belongs to the rows it was made on, and must not pass to others in their place.
    key = f"found_{abs(hash(events))}"
    # The field that opens a claim is drawn later: at first only the link knows of it.
    is_open = st.session_state.get(OPENED, st.query_params.get(OPENED))
    segments = [name for name in frame.columns if name.startswith("seg_")]
    described = [
        name
        for name in (*segments, "model_version", "prompt_version", "action", "input_id", "split")
        if frame[name].notna().any()
    ]
    shown = frame.assign(
        confidence=frame["confidence"] * 100,
        outcome=frame["outcome"].map({1: "right", 0: "wrong"}).fillna("not known yet"),
    )
    names = {name: dimension_name(name.removeprefix("seg_")) for name in described}
    tables.listed(
        shown,
        key=key,
        tallest=_SHORT if is_open else tables.FIFTEEN,
        on_select=lambda: _open_ticked(key, events),
        selection_mode="single-row",
        column_order=("ts", "event_id", "confidence", "outcome", *described),
        column_config={
            "ts": st.column_config.DatetimeColumn(
                "Time (UTC)", format="YYYY-MM-DD HH:mm:ss", width=150
            ),
            "event_id": st.column_config.TextColumn("Event", width="medium"),
            "confidence": st.column_config.NumberColumn("Stated", format="%.7g%%", width="small"),
            "outcome": st.column_config.TextColumn("Outcome", width=110),
            **names,
            "input_id": "Input",
        },
        alt="The claims found, one line each",
    )


def _open_ticked(key: str, events: tuple[str, ...]) -> None:
    """Carry the ticked row into the field that opens a claim, and so into the link."""
    ticked = st.session_state[key].selection.rows
    st.session_state[OPENED] = events[ticked[0]] if ticked else ""
