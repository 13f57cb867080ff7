"""The way from a finding to the page that shows what it rests on, with the same choices made."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from core.review.findings import FindingRow, Page

#: Where measurements are seen.
PAGES: Mapping[Page, tuple[str, str, str]] = {
    "changes": ("app_pages/changes.py", "Open in Changes", ":material/compare_arrows:"),
    "drift": ("app_pages/drift.py", "Open in Drift", ":material/timeline:"),
    "labels": ("app_pages/labels.py", "Open in Labels", ":material/label:"),
    "reliability": ("app_pages/reliability.py", "Open in Reliability", ":material/show_chart:"),
    "segments": ("app_pages/segments.py", "Open in Segments", ":material/grid_view:"),
}


def link(row: FindingRow, signal: str) -> None:
    """A link to the claims a finding was measured on.

    Args:
        row: the finding; its page is one of `PAGES`.
        signal: which it is about.
    """
    page, label, icon = PAGES[row.page]
    st.page_link(page, label=label, icon=icon, query_params={"signal": signal, **choices(row)})


def choices(row: FindingRow) -> dict[str, str]:
    """What a finding's page has to choose, so that it shows the numbers of the finding."""
    known = dict(row.evidence)
    if row.page == "changes":
        dimension = known["dimension"]
        # The first labels to come are not like the rest, so the review leaves young claims out.
        return {
            "changed": dimension,
            f"from_{dimension}": known["before"],
            f"to_{dimension}": known["after"],
            "split": "production",
            "until": known["until"],
        }
    if row.kind in ("miscalibrated", "hidden_segment"):
        days = {name: known[name] for name in ("since", "until")} | {"split": "production"}
        return days | ({"row": known["dimension"]} if row.page == "segments" else {})
    return {}
