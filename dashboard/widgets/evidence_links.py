"""The way from a finding to the page that shows what it rests on, with the same choices made."""

from __future__ import annotations

from datetime import date, timedelta

import streamlit as st

from core.findings.detectors.theatre import PERIOD
from core.views.govern.findings import FindingRow, Page
from dashboard.pages import PAGES

#: Where what was measured or counted is seen.
SHOWN_ON: frozenset[Page] = frozenset(
    ("changes", "drift", "escalation", "labels", "reliability", "segments", "thresholds")
)


def link(row: FindingRow, signal: str) -> None:
    """A link to the claims a finding was measured on.

    Args:
        row: the finding; its page is one of `SHOWN_ON`.
        signal: which it is about.
    """
    page = PAGES[row.page]
    query = {"signal": signal, **choices(row)}
    st.page_link(page.path, label=page.opening, icon=page.icon, query_params=query)


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
