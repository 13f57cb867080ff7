"""Page configuration, navigation and the shared filters; every page runs inside this."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from core import __version__
from core.ledger.errors import NeedsClaims
from core.text.shown import visible
from dashboard.cache import views as data
from dashboard.pages import PAGES
from dashboard.widgets import empty_states as empty
from dashboard.widgets import filters
from dashboard.widgets.acting import sign_on

NAME, HERE = "Calibration Ledger", Path(__file__)
st.set_page_config(
    page_title=NAME,
    page_icon=str(HERE.with_name("icon.svg")),
    layout="wide",
    initial_sidebar_state=230,
    menu_items={"About": f"{NAME} {__version__}"},
)
# The name beside the mark is text of frame.css, so that it follows the theme at once.
st.logo(str(HERE.with_name("icon.svg")), size="large")

first = next(iter(PAGES))
groups: dict[str, list[Any]] = {}
for one in PAGES.values():
    script = st.Page(
        one.path,
        title=one.title,
        icon=one.icon,
        help=one.help,
        default=one.key == first,
        visibility="hidden" if one.hidden else "visible",
    )
    groups.setdefault(one.group, []).append(script)
# Unexpanded, the last group hides behind "View more".
signed_on = sign_on.signed_on()
page = st.navigation(groups, expanded=True, position="sidebar" if signed_on else "hidden")
if not signed_on:
    sign_on.screen()
    st.stop()

overview = data.overview()
(opened,) = (one for one in PAGES.values() if one.title == page.title)
about = st.query_params.get("signal") if opened.key == "signal" else None
st.set_page_config(page_title=f"{visible(about or opened.title)} · {NAME}")
filters.draw(overview, opened.filters, page.title)
st.sidebar.markdown(f":gray[:small[{overview.freshness}]]")
sign_on.sidebar()
try:
    page.run()
except NeedsClaims as needed:
    empty.claims_elsewhere(needed)
