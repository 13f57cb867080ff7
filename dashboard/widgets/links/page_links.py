"""From a sentence to the rows or the curve it speaks of."""

from __future__ import annotations

from urllib.parse import urlencode

import streamlit as st

from core.text.markdown import plain
from core.views.review.week.this_week import Pointer
from core.views.risks.status import Link
from dashboard.pages import PAGES
from dashboard.widgets.drawn.markup import href
from dashboard.widgets.filters import shown_name, url_key
from dashboard.widgets.links.claim_links import STATED


def draw(pointer: Pointer, text: str) -> None:
    """A link to the page a pointer names, with its filters."""
    st.page_link(
        PAGES[pointer.page].path,
        label=plain(text),
        icon=PAGES[pointer.page].icon,
        query_params=_query(pointer),
    )


def href_of(pointer: Pointer) -> str:
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


def parameters(link: Link) -> dict[str, str]:
    """What stands in the address line after the page of a line of evidence."""
    found = {} if link.signal is None else {"signal": link.signal}
    for name, value in link.query:
        if link.page == "segments":
            found |= {"row": name, "cell_row": shown_name(value)}
        else:
            found[url_key(name)] = shown_name(value)
    if link.fingerprint:
        found["fingerprint"] = link.fingerprint
    # The Escalation page has days of its own.
    names = ("first", "last") if link.page == "escalation" else ("since", "until")
    for name, day in zip(names, (link.since, link.until), strict=True):
        if day is not None:
            found[name] = day.isoformat()
    return found


def address(link: Link) -> str:
    """The same as a text, without the server: ``/sign_off?signal=s``."""
    query = urlencode(parameters(link))
    return f"/{link.page}?{query}" if query else f"/{link.page}"


def claim_address(signal: str, event: str) -> str:
    """The address of one claim."""
    return f"claims?{urlencode({'signal': signal, 'claim': event})}"


def registry(signal: str, text: str) -> None:
    """A link to a signal's registry entry."""
    st.page_link(
        PAGES["registry"].path,
        label=plain(text),
        icon=PAGES["registry"].icon,
        query_params={"signal": signal},
    )


#: How the keys in the session begin of who acts, and of what they do: an act outlasts any page.
_ACTING = "acting_"


def start_afresh(*keep: str) -> None:
    """Forget what was chosen on other pages, so that a link from here opens what it says.

    A choice bound to the URL outlives a page that does not draw it, and would come on top of the
    filters of a link that does not name it: a count would open fewer claims than it counts.

    Args:
        keep: how the keys of this page's own widgets begin.
    """
    for key in [str(key) for key in st.session_state]:
        if not key.startswith((_ACTING, *keep)) and not key.endswith(("_written", "_offered")):
            del st.session_state[key]
