"""The claims behind the numbers on a page, and the way to them."""

from __future__ import annotations

from datetime import datetime, timedelta

import streamlit as st

from core.defaults import HIGH_FROM
from core.queries.base.selection import BAND_DIMENSION, TIME_DIMENSIONS, Selection
from core.queries.claims.claim_list import Search, Standing
from core.sentences.numbers import cut
from core.text.markdown import cells
from dashboard.cache import views as data
from dashboard.pages import PAGES
from dashboard.widgets import tables
from dashboard.widgets.filters import shown_name, url_key

PAGE, ICON = PAGES["claims"].path, PAGES["claims"].icon

#: The choices of the Claims page, in the words that stand in its links.
OUTCOMES: dict[str, Standing] = {"right": "right", "wrong": "wrong", "not known yet": "unknown"}
STATED, UNSTATED = "stated", "unstated"
CONTRADICTING = "contradicting"
#: The claim that the page opens, as its links name it.
OPENED = "claim"

Query = dict[str, str | list[str]]


def behind(selection: Selection) -> None:
    """A closed drawer with the newest claims of the selection; read only when opened."""
    drawer = st.expander(
        "The claims behind these numbers", icon=ICON, key="claims", on_change="rerun"
    )
    if not drawer.open:
        return
    with drawer:
        view = data.claims(selection)
        st.caption(f"{len(view.frame):,} of {view.total:,} claims, newest first; times are UTC.")
        link(Search(selection), "Open these in Claims")
        st.dataframe(
            cells(view.frame),
            hide_index=True,
            placeholder=tables.NOTHING,
            alt="The newest claims behind these numbers",
        )


def high(high_from: float) -> str:
    """The high-confidence band, as the Claims page calls it."""
    return f"{cut(high_from)} or more"


def link(search: Search, label: str, *, high_from: float = HIGH_FROM) -> None:
    """A link to the Claims page with exactly these claims; none where a link cannot say which.

    Args:
        label: of the link.
        high_from: lower edge of the signal's high-confidence band.
    """
    query = query_of(search, high_from=high_from)
    if query is not None:
        st.page_link(PAGE, label=label, icon=ICON, query_params=query)


def one(signal: str, event_id: str, label: str) -> None:
    """A link to one claim end to end."""
    st.page_link(PAGE, label=label, icon=ICON, query_params={"signal": signal, OPENED: event_id})


def query_of(search: Search, *, high_from: float = HIGH_FROM) -> Query | None:
    """What the URL of the Claims page says for a search, under the names its filters read.

    Returns:
        None for what the filters cannot say: several weeks or days at once, times within a day,
        contradicting conditions, or another least confidence than the high band's.
    """
    selection = search.selection
    since, until = selection.since, selection.until
    query: Query = {"signal": selection.signal}
    for dimension, values in _merged(selection):
        if dimension in TIME_DIMENSIONS:
            if len(values) != 1 or values[0] is None:
                return None
            first, after = _span(dimension, values[0])
            since, until = max(since or first, first), min(until or after, after)
        elif not values:
            return None
        else:
            query[_key(dimension)] = [shown_name(value) for value in values]
    if since and until and since >= until:
        return None
    for name, moment, back in (
        ("since", since, 0),
        ("until", until, 1),
        ("as_known", selection.as_known, 1),
    ):
        if moment is None:
            continue
        if moment.time() != datetime.min.time():
            return None
        query[name] = f"{moment - timedelta(days=back):%Y-%m-%d}"
    if search.outcomes:
        query["outcome"] = [word for word, one in OUTCOMES.items() if one in search.outcomes]
    if search.stated_from is not None:
        if search.stated_from != high_from or search.stated is False:
            return None
        query["stated"] = high(high_from)
    elif search.stated is not None:
        query["stated"] = STATED if search.stated else UNSTATED
    if search.id_prefix:
        query["id"] = search.id_prefix
    if search.contradicting:
        query["labels"] = CONTRADICTING
    return query


def _key(dimension: str) -> str:
    return BAND_DIMENSION if dimension == BAND_DIMENSION else url_key(dimension)


def _merged(selection: Selection) -> list[tuple[str, tuple[str | None, ...]]]:
    """The conditions with each dimension once: what all conditions on it accept."""
    merged: dict[str, tuple[str | None, ...]] = {}
    for dimension, values in selection.where:
        known = merged.get(dimension, values)
        merged[dimension] = tuple(value for value in known if value in values)
    return list(merged.items())


def _span(dimension: str, value: str) -> tuple[datetime, datetime]:
    """The first moment of a week "2026-W47" or a day "2026-11-23", and the first after it."""
    if dimension == "week":
        first = datetime.strptime(f"{value}-1", "%G-W%V-%u")
        return first, first + timedelta(weeks=1)
    first = datetime.strptime(value, "%Y-%m-%d")
    return first, first + timedelta(days=1)
