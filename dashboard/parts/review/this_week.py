"""One signal's line of the weekly review."""

from __future__ import annotations

import streamlit as st

from core.sentences.numbers import counted, cut, percent, points
from core.text.markdown import plain
from core.text.parts import reach_words
from core.views.review.this_week import Pointer, SignalWeek, WeekView
from core.views.review.validation_badge import Written
from dashboard.widgets import badges
from dashboard.widgets import page_links as links


def card(row: SignalWeek, view: WeekView, written: Written) -> None:
    """Verdict, standing, owner, gap, high-confidence band, worst segment, coverage and trend."""
    with st.container(border=True):
        with st.container(horizontal=True, horizontal_alignment="distribute", gap="small"):
            st.markdown(f"**{plain(row.signal)}**", width="content")
            links.registry(row.signal, f"Owner: {written.owner.words}")
        badges.standing(row.state, written.badge, reason=row.reason, speaks_for=row.speaks_for)
        gap, band, covered = st.columns(3)
        gap.metric(
            f"Gap, points ({row.judged_week or 'no mature week'})",
            points(row.gap, decimals=1),
            delta=None if row.gap_before is None else f"{_change(row)} on the week before",
            delta_color="off",
            delta_arrow="off",
            chart_data=[gap * 100 for gap in row.trend] or None,
            help="Mean confidence minus accuracy in the last mature week; the line is the gap of "
            "the mature weeks before.",
        )
        gap.caption(_interval(row))
        band.metric(
            f"Stated {cut(row.terms.high_from)} or more",
            "–" if row.high_observed is None else f"right {percent(row.high_observed)}",
        )
        band.caption(
            "no labelled claim"
            if row.high_claimed is None
            else f"said {percent(row.high_claimed)}, {counted(row.high_n, 'case')}"
        )
        covered.metric("Labelled so far", percent(row.coverage))
        with covered:
            links.draw(
                Pointer("", "claims", row.signal, since=view.first, until=view.last),
                counted(row.n_claims, "claim"),
            )
        if row.reach is not None and row.speaks_for == "labelled":
            st.caption(plain(reach_words(row.reach)))
        elif row.worst is not None:
            links.draw(row.worst, f"Worst segment: {row.worst.text}")
        else:
            st.caption("No segment stands out in the last complete weeks.")


def _interval(row: SignalWeek) -> str:
    if row.gap is None:
        return "no labelled claim in a mature week"
    low, high = (points(end, decimals=1) for end in (row.gap_low, row.gap_high))
    return f"95% interval {low} to {high}, n {row.n:,}"


def _change(row: SignalWeek) -> str:
    return points((row.gap or 0) - (row.gap_before or 0), decimals=1)
