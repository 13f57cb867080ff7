"""Page configuration, navigation and the shared filters; every page runs inside this."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core import __version__
from dashboard import data
from dashboard.components import filters

st.set_page_config(
    page_title="Calibration Ledger",
    page_icon=str(Path(__file__).with_name("icon.svg")),
    layout="wide",
    menu_items={"About": f"Calibration Ledger {__version__}"},
)

page = st.navigation(
    {
        "Review": [
            st.Page(
                "app_pages/reliability.py",
                title="Reliability",
                icon=":material/show_chart:",
                help="Is this signal honest, and where in its range is it not.",
                default=True,
            ),
            st.Page(
                "app_pages/segments.py",
                title="Segments",
                icon=":material/grid_view:",
                help="Which cases the aggregate hides.",
            ),
        ],
        "Audit": [
            st.Page(
                "app_pages/data.py",
                title="Data",
                icon=":material/database:",
                help="What came in, what was refused and why, how much is labelled.",
            ),
        ],
    }
)

overview = data.overview()
filters.draw(overview, signal_only=page.title == "Data")
st.sidebar.caption(overview.freshness)
page.run()
