"""Page configuration, navigation and the shared filters; every page runs inside this."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from core import __version__
from dashboard.cache import views as data
from dashboard.pages import PAGES
from dashboard.widgets import filters

st.set_page_config(
    page_title="Calibration Ledger",
    page_icon=str(Path(__file__).with_name("icon.svg")),
    layout="wide",
    menu_items={"About": f"Calibration Ledger {__version__}"},
)

first = next(iter(PAGES))
groups: dict[str, list[Any]] = {}
for one in PAGES.values():
    script = st.Page(
        one.path, title=one.title, icon=one.icon, help=one.help, default=one.key == first
    )
    groups.setdefault(one.group, []).append(script)
# Unexpanded, the last group hides behind "View more".
page = st.navigation(groups, expanded=True)

overview = data.overview()
(opened,) = (one for one in PAGES.values() if one.title == page.title)
filters.draw(overview, opened.filters, page.title)
st.sidebar.caption(overview.freshness)
page.run()
