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
                "app_pages/this_week.py",
                title="This week",
                icon=":material/event_note:",
                help="What changed, what is worst, and what to open first.",
                default=True,
            ),
            st.Page(
                "app_pages/reliability.py",
                title="Reliability",
                icon=":material/show_chart:",
                help="Is this signal honest, and where in its range is it not.",
            ),
            st.Page(
                "app_pages/segments.py",
                title="Segments",
                icon=":material/grid_view:",
                help="Which cases the aggregate hides.",
            ),
            st.Page(
                "app_pages/drift.py",
                title="Drift",
                icon=":material/timeline:",
                help="Since when, and after which model or prompt change.",
            ),
            st.Page(
                "app_pages/changes.py",
                title="Changes",
                icon=":material/compare_arrows:",
                help="This new model or prompt: before and after, on which segments.",
            ),
            st.Page(
                "app_pages/labels.py",
                title="Labels",
                icon=":material/label:",
                help="Which labels would settle what is not decided, and the audit sample.",
            ),
        ],
        "Govern": [
            st.Page(
                "app_pages/registry.py",
                title="Registry",
                icon=":material/assignment_ind:",
                help="Who owns it, is it validated, until when, under which rules.",
            ),
            st.Page(
                "app_pages/sign_off.py",
                title="Sign-off",
                icon=":material/draw:",
                help="The evidence, the criteria met and missed, and the signature.",
            ),
            st.Page(
                "app_pages/thresholds.py",
                title="Thresholds",
                icon=":material/tune:",
                help="A cut with a guarantee, tuned on one set and judged on another.",
            ),
            st.Page(
                "app_pages/escalation.py",
                title="Escalation",
                icon=":material/call_split:",
                help="The rules, how many cases each took, and where they were not kept.",
            ),
            st.Page(
                "app_pages/watch.py",
                title="Watch",
                icon=":material/visibility:",
                help="What is measured again, when, with what outcome, and who is told.",
            ),
            st.Page(
                "app_pages/risks.py",
                title="Risks",
                icon=":material/shield:",
                help="Twelve ways trust fails, for every signal: covered, open, or not measured.",
            ),
        ],
        "Audit": [
            st.Page(
                "app_pages/decision_trail.py",
                title="Decision trail",
                icon=":material/history_edu:",
                help="Who did what, on which numbers; is the trail whole.",
            ),
            st.Page(
                "app_pages/claims.py",
                title="Claims",
                icon=":material/receipt_long:",
                help="One claim end to end: what was said, and what happened.",
            ),
            st.Page(
                "app_pages/data.py",
                title="Data",
                icon=":material/database:",
                help="What came in, what was refused and why, how much is labelled.",
            ),
        ],
    },
    # Otherwise the last group hides behind "View more".
    expanded=True,
)

overview = data.overview()
scopes: dict[str, filters.Scope] = {
    "This week": "nothing",
    "Registry": "nothing",
    "Sign-off": "nothing",
    "Thresholds": "nothing",
    "Escalation": "nothing",
    "Watch": "nothing",
    "Risks": "nothing",
    "Decision trail": "nothing",
    "Data": "signal",
}
filters.draw(overview, scopes.get(page.title, "everything"), page.title)
st.sidebar.caption(overview.freshness)
page.run()
