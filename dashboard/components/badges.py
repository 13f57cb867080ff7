"""Verdicts and standing as badges: an icon and words, never colour alone."""

from __future__ import annotations

import streamlit as st

from core.measure.verdict import Verdict
from core.review.standing import Badge, Level
from core.review.words import VERDICT_WORDS
from dashboard.components.verbatim import plain

_LOOKS: dict[Verdict, tuple[str, str]] = {
    "miscalibrated": (":material/error:", "red"),
    "within_tolerance": (":material/check_circle:", "green"),
    "cannot_tell": (":material/help:", "gray"),
}
_HELP: dict[Verdict, str] = {
    "miscalibrated": "The corrected interval of the gap, or of the high-confidence band's gap, "
    "lies wholly outside the tolerance.",
    "within_tolerance": "Both gaps' corrected intervals lie wholly inside the tolerance, and "
    "single confidences are no further off than noise explains.",
    "cannot_tell": "The labels seen so far allow either answer. That is not a clean bill.",
}
_STANDING: dict[Level, tuple[str, str]] = {
    "validated": (":material/verified:", "green"),
    "waived": (":material/schedule:", "violet"),
    "partly": (":material/lock_open:", "orange"),
    "not_validated": (":material/lock:", "orange"),
    "suspended": (":material/block:", "red"),
    "expired": (":material/event_busy:", "red"),
    "no_owner": (":material/person_off:", "red"),
    "unregistered": (":material/edit_off:", "orange"),
    "broken": (":material/link_off:", "red"),
}


def standing(verdict: Verdict, badge: Badge, *, escalated_only: bool = False) -> None:
    """The verdict, whom it is about, and whether these numbers may be acted on."""
    icon, color = _LOOKS[verdict]
    with st.container(horizontal=True, gap="small"):
        st.badge(VERDICT_WORDS[verdict], icon=icon, color=color, help=_HELP[verdict])  # type: ignore[arg-type]
        if escalated_only:
            st.badge(
                "Escalated cases only",
                icon=":material/filter_alt:",
                color="orange",
                help="Only cases that people looked at are labelled. What the system did by itself "
                "gets no verdict; a random audit of it, with its chance logged as "
                "label_propensity, would mend that.",
            )
        validation(badge)


def validation(badge: Badge) -> None:
    """Whether the numbers may be acted on, and until when."""
    icon, color = _STANDING[badge.level]
    st.badge(badge.words, icon=icon, color=color, help=plain(badge.help))  # type: ignore[arg-type]
