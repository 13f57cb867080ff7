"""From a sentence to the rows or the curve it speaks of."""

from __future__ import annotations

import streamlit as st

from core.text.markdown import plain
from core.views.review.this_week import Pointer
from dashboard.pages import PAGES
from dashboard.widgets.claim_links import STATED
from dashboard.widgets.drawn.markup import href
from dashboard.widgets.filters import shown_name, url_key


def draw(pointer: Pointer, text: str) -> None:
    """A link to the page a pointer names, with its filters."""
    st.page_link(
        PAGES[pointer.page].path,
        label=plain(text),
        icon=PAGES[pointer.page].icon,
        query_params=_query(pointer),
    )


def address(pointer: Pointer) -> str:
    """The same as an address, for what is drawn."""
    return href(pointer.page, **_query(pointer))


def _query(pointer: Pointer) -> dict[str, str]:
    query = {url_key(name): shown_name(value) for name, value in pointer.query}
    for key, day in (("since", pointer.since), ("until", pointer.until)):
        if day is not None:
            query[key] = day.isoformat()
    if pointer.page == "claims":
        # Reviews count stated claims.
        query["stated"] = STATED
    return {"signal": pointer.signal, **query}


def registry(signal: str, text: str) -> None:
    """A link to a signal's registry entry."""
    st.page_link(
        PAGES["registry"].path,
        label=plain(text),
        icon=PAGES["registry"].icon,
        query_params={"signal": signal},
    )


def start_afresh(*keep: str) -> None:
    """Forget what was chosen on other pages, so that a link from here opens what it says.

    A choice bound to the URL outlives a page that does not draw it, and would come on top of the
    filters of a link that does not name it: a count would open fewer claims than it counts.

    Args:
        keep: how the keys of this page's own widgets begin.
    """
    for key in [str(key) for key in st.session_state]:
        if not key.startswith(keep) and not key.endswith(("_written", "_offered")):
            del st.session_state[key]
