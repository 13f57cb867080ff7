"""Markup in a page: in a shadow root of its own, with Streamlit's theme and our style sheet.

`st.html` would strip every drawing and reload the page at each link; `st.switch_page` would leave
two entries in the history. This is Streamlit's component (v2) with twenty lines of script.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import streamlit as st

from dashboard.widgets.drawn.markup import Markup
from dashboard.widgets.tall import tall_key


@cache
def _file(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def draw(markup: Markup, key: str, tall: int = 0) -> None:
    """Show markup.

    Args:
        markup: what `dashboard.widgets.drawn.markup` made.
        key: of the component on its page; every page has its own.
        tall: pixels it takes at least where the page is wide, kept until it is drawn.

    Raises:
        TypeError: it is text that nobody escaped.
    """
    if not isinstance(markup, Markup):
        raise TypeError("only Markup is drawn: build it with tag and join")
    # To register the same again costs nothing, and Streamlit may have been started anew.
    mount = st.components.v2.component(
        "calledger.drawn",
        html='<div id="drawn"></div>',
        js=_file("draw.js"),
        css=_file("drawn.css"),
    )
    mount(data=str(markup), key=tall_key(key, tall))
