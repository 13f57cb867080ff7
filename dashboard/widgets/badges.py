"""Verdicts and standing as badges: an icon and words, never colour alone."""

from __future__ import annotations

import streamlit as st

from core.measure.verdicts.label_reach import SpeaksFor
from core.measure.verdicts.parts import PartName, PartState
from core.sentences.numbers import PART_WORDS, verdict_words
from core.text.markdown import plain
from core.views.shared.validation_badge import Badge, Level

_LOOKS: dict[PartState, tuple[str, str]] = {
    "off": (":material/error:", "red"),
    "at_the_edge": (":material/warning:", "orange"),
    "too_few": (":material/help:", "gray"),
    "fine": (":material/check_circle:", "green"),
}
_HELP: dict[PartState, str] = {
    "off": "A bound lies beyond the tolerance.",
    "at_the_edge": "There is an error, and it may lie on either side of the tolerance. Decide now: "
    "more labels will not settle it soon.",
    "too_few": "The labels so far allow either verdict. That does not mean it is fine.",
    "fine": "The gap, the high-confidence band and the shape of the errors all lie within the "
    "tolerance.",
}
_HELP_NONE = (
    "Which claims are labelled depends on what they are, so nothing is said of the others. An "
    "audit sample drawn by chance would speak for all."
)
_STANDING: dict[Level, tuple[str, str]] = {
    "validated": (":material/verified:", "green"),
    "waived": (":material/schedule:", "violet"),
    "partly": (":material/lock_open:", "orange"),
    "not_validated": (":material/lock:", "orange"),
    "suspended": (":material/block:", "red"),
    "expired": (":material/event_busy:", "red"),
    "no_owner": (":material/person_off:", "red"),
    "log_only": (":material/edit_note:", "gray"),
    "unregistered": (":material/edit_off:", "orange"),
    "broken": (":material/link_off:", "red"),
}


def standing(
    state: PartState,
    badge: Badge,
    *,
    reason: PartName | None = None,
    speaks_for: SpeaksFor = "all",
) -> None:
    """The verdict, whom it is about, and whether these numbers may be acted on.

    Args:
        state: the verdict.
        badge: whether the numbers may be acted on.
        reason: the part that gives the verdict.
        speaks_for: whether it is one on all claims; by labels of some kind only there is none.
    """
    icon, color = _LOOKS[state]
    why = "" if reason is None else f" This is about {PART_WORDS[reason]}."
    said = _HELP_NONE if speaks_for == "labelled" else _HELP[state] + why
    with st.container(horizontal=True, gap="small"):
        st.badge(verdict_words(state, speaks_for), icon=icon, color=color, help=said)  # type: ignore[arg-type]
        if speaks_for == "labelled":
            st.badge("Labelled cases only", icon=":material/filter_alt:", color="orange")
        validation(badge)


def validation(badge: Badge) -> None:
    """Whether the numbers may be acted on, and until when."""
    icon, color = _STANDING[badge.level]
    st.badge(badge.words, icon=icon, color=color, help=plain(badge.help))  # type: ignore[arg-type]
