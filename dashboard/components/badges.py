"""Verdicts and standing as badges: an icon and words, never colour alone."""

from __future__ import annotations

import streamlit as st

from core.measure.verdict import Verdict
from core.review.words import VERDICT_WORDS

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


def standing(verdict: Verdict, *, escalated_only: bool = False) -> None:
    """The verdict, whom it is about, and that nobody has signed this signal off."""
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
        st.badge(
            "Not validated",
            icon=":material/lock:",
            color="orange",
            help="Nobody has signed this signal off. Read these numbers as measurements, not as "
            "leave to act on its confidence.",
        )
