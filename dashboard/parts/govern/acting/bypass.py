"""What acted by itself and never asked the gate, on the page."""

from __future__ import annotations

from datetime import date

import pandas as pd
import streamlit as st

from core.sentences.numbers import count
from core.text.markdown import plain
from core.views.govern.bypass import DOWNLOAD_SIZE, LISTED, BypassView
from dashboard.cache import views as data
from dashboard.widgets import download, tables
from dashboard.widgets.links import page_links as links

_KEYS = "unasked_"


def warn(view: BypassView) -> None:
    """That claims acted without asking, beside whatever else is said of the signal."""
    if view.n:
        st.warning(plain(view.headline), icon=":material/report:")


def draw(view: BypassView, last: date) -> None:
    """How many did not ask, by version and day, and each the way to its claim.

    Args:
        last: the last day that was asked for; what is not whole yet is not looked at.
    """
    said = view.said if view.n_listed else (view.headline, *view.said)
    st.markdown(plain(" ".join(said)))
    if view.last < last:
        st.caption(f"Looked at up to {view.last}: answers of later days may still come in.")
    if not view.n_listed:
        return
    if view.n:
        _days(view)
    _claims(view)


def _days(view: BypassView) -> None:
    tables.listed(
        pd.DataFrame(
            {
                "day": [one.day for one in view.lines],
                "version": [one.version for one in view.lines],
                "n": [one.n for one in view.lines],
                "acted": [one.n_acted for one in view.lines],
                "known": [one.n_known for one in view.lines],
                "wrong": [one.n_wrong for one in view.lines],
            }
        ),
        key=f"{_KEYS}days",
        column_config={
            "day": st.column_config.DateColumn("Day (UTC)", width=100),
            "version": st.column_config.TextColumn("Version", width=300),
            "n": tables.number("Not asked"),
            "acted": tables.number("Acted"),
            "known": tables.number("Labelled"),
            "wrong": tables.number("Wrong"),
        },
        alt="Claims that acted without asking the gate, by day and version",
    )


def _claims(view: BypassView) -> None:
    found = data.unasked_claims(view.signal, view.first, view.last)
    tables.listed(
        found.assign(
            confidence=found["confidence"] * 100,
            claim=[links.claim_address(view.signal, event) for event in found["event_id"]],
        ),
        key=f"{_KEYS}claims",
        column_order=("claim", "ts", "event_id", "asked", "confidence", "outcome", "model_version",
                      "prompt_version", "came_in"),
        column_config={
            "claim": st.column_config.LinkColumn(
                "Claim", display_text="Open", width=60, pinned=True
            ),
            "ts": st.column_config.DatetimeColumn(
                "Time (UTC)", format="YYYY-MM-DD HH:mm:ss", width=150
            ),
            "event_id": st.column_config.TextColumn("Event", width=130),
            "asked": st.column_config.TextColumn("Asked", width=90),
            "confidence": st.column_config.NumberColumn("Stated", format="%.7g%%", width=70),
            "outcome": st.column_config.TextColumn("Outcome", width=112),
            "model_version": st.column_config.TextColumn("Model version"),
            "prompt_version": st.column_config.TextColumn("Prompt version"),
            "came_in": st.column_config.DatetimeColumn(
                "Imported (UTC)", format="YYYY-MM-DD HH:mm", width=150
            ),
        },
        alt="The claims that acted without asking the gate, or asked afterwards, newest first",
    )  # fmt: skip
    if view.n_listed > LISTED:
        st.caption(f"The newest {count(LISTED)} of {count(view.n_listed)}; the file holds more.")
    download.button(
        lambda: data.all_unasked_claims(view.signal, view.first, view.last),
        n_rows=view.n_listed,
        most=DOWNLOAD_SIZE,
        name=f"unasked-{view.signal}-{view.first}-{view.last}",
    )
