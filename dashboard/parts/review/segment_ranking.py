"""The ranked list of worst segments."""

from __future__ import annotations

from functools import partial

import streamlit as st

from core.sentences.numbers import SHOWN_WORDS, percent
from core.views.review.segments import FALSE_DISCOVERY_RATE, SegmentsView
from dashboard.charts.intervals import interval_dots
from dashboard.charts.kit.alt_text import alt_text_intervals
from dashboard.charts.kit.palette import palette_for
from dashboard.parts.review.segment_heatmap import open_segment
from dashboard.widgets import chart as charted
from dashboard.widgets import tables

DRAWN = 12
_TABLE, _SEGMENTS = "ranked", "ranked_segments"
_ALL = "All segments, worst first"


def draw(view: SegmentsView) -> None:
    """The worst segments as dots with intervals, and all of them as a table in the next tab."""
    if view.ranked.empty:
        st.caption("No segment has a labelled claim yet.")
        return
    n = len(view.ranked)
    largest, every = st.tabs(
        [f"The {DRAWN} largest" if n > DRAWN else "Drawn", f"All {n} in a table"]
    )
    with largest:
        _drawn(view)
    with every:
        _listed(view)


def _drawn(view: SegmentsView) -> None:
    worst = view.ranked.head(DRAWN).rename(columns={"gap_low": "low", "gap_high": "high"})
    palette = palette_for(st.context.theme.type)
    chart = partial(interval_dots, worst, palette, tolerance=view.tolerance)
    said = alt_text_intervals(worst, tolerance=view.tolerance)
    charted.show(chart, said, name="ranked", behind=_ALL)
    st.caption(
        f"The {len(worst)} largest of {len(view.ranked)} segments by shrunken gap, with their own "
        f"95% intervals; verdicts are corrected together: {view.ranked_method}. *q* after "
        f"Benjamini–Hochberg (Yekutieli's form where segments overlap); flagged at "
        f"{percent(FALSE_DISCOVERY_RATE)}."
    )


def _listed(view: SegmentsView) -> None:
    hundredfold = (
        *("gap", "gap_low", "gap_high", "shrunken", "coverage", "mean_confidence", "accuracy"),
        *("high_claimed", "high_observed"),
    )
    table = view.ranked.assign(
        **{name: view.ranked[name] * 100 for name in hundredfold},
        verdict=view.ranked["verdict"].map(SHOWN_WORDS),
    )
    st.caption("Tick a row to open its curve.")
    tables.listed(
        table.drop(columns="segment"),
        key=_TABLE,
        on_select=_open_ticked,
        selection_mode="single-row",
        column_order=(
            *("label", "verdict", "gap", "gap_low", "gap_high", "shrunken", "n", "n_inputs"),
            *("coverage", "mean_confidence", "accuracy", "high_n", "high_claimed"),
            *("high_observed", "q", "flagged"),
        ),
        column_config={
            "label": st.column_config.TextColumn("Segment", width="medium", pinned=True),
            "verdict": st.column_config.TextColumn("Verdict", width=130),
            "gap": tables.points("Gap, points"),
            "gap_low": tables.points("95% from"),
            "gap_high": tables.points("to"),
            "shrunken": tables.points(
                "Shrunken", help="The gap drawn towards the average by how noisy it is."
            ),
            "n": tables.number("Labelled"),
            "n_inputs": tables.number("Inputs"),
            "coverage": tables.share("Coverage"),
            "mean_confidence": tables.share("Said"),
            "accuracy": tables.share("Right"),
            "high_n": tables.number("High n", help="Labelled claims in the high-confidence band."),
            "high_claimed": tables.share("High said"),
            "high_observed": tables.share("High right"),
            "q": st.column_config.NumberColumn("q", format="%.3f", width="small"),
            "flagged": st.column_config.CheckboxColumn("Flagged", width="small"),
        },
        alt=_ALL,
    )
    st.session_state[_SEGMENTS] = tuple(view.ranked["segment"])


def _open_ticked() -> None:
    """Carry the ticked row into the choices under the heatmap, and so into the link."""
    ticked = st.session_state[_TABLE].selection.rows
    if ticked:
        open_segment(st.session_state[_SEGMENTS][ticked[0]])
