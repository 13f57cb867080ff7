"""The way from a finding to the page that shows what it rests on, with the same choices made."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import streamlit as st

from core.govern.detect_theatre import PERIOD
from core.review.findings import FindingRow, Page

#: Where what was measured or counted is seen.
PAGES: Mapping[Page, tuple[str, str, str]] = {
    "changes": ("app_pages/changes.py", "Open in Changes", ":material/compare_arrows:"),
    "drift": ("app_pages/drift.py", "Open in Drift", ":material/timeline:"),
    "escalation": ("app_pages/escalation.py", "Open in Escalation", ":material/call_split:"),
    "labels": ("app_pages/labels.py", "Open in Labels", ":material/label:"),
    "reliability": ("app_pages/reliability.py", "Open in Reliability", ":material/show_chart:"),
    "segments": ("app_pages/segments.py", "Open in Segments", ":material/grid_view:"),
    "thresholds": ("app_pages/thresholds.py", "Open in Thresholds", ":material/tune:"),
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
    if row.kind == "judge_disagrees":
        return {name: known[name] for name in ("since", "until")}
    if row.kind in ("miscalibrated", "hidden_segment"):
        days = {name: known[name] for name in ("since", "until")} | {"split": "production"}
        return days | ({"row": known["dimension"]} if row.page == "segments" else {})
    if row.kind == "escalation_breached":
        return {name: known[name] for name in ("first", "last")}
    if row.kind == "confidence_theatre":
        # The page weighs whole days.
        since = date.fromisoformat(known["since"])
        last = since + PERIOD - timedelta(days=1)
        return {"first": since.isoformat(), "last": last.isoformat()}
    return {}
