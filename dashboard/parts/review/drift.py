"""A signal over time: one measure large, all of them small, and the figures as a table."""

from __future__ import annotations

from functools import partial

import streamlit as st

from core.sentences.numbers import SHOWN_WORDS
from core.text.markdown import cells
from core.views.review.drift import DriftView
from dashboard.charts.drift import drift_timeline, measure_strips
from dashboard.charts.drift_words import alt_text_drift, alt_text_strips
from dashboard.charts.kit.palette import palette_for
from dashboard.widgets import chart as charted
from dashboard.widgets import tables

#: How the table is told.
PERIODS = "Every period with its measures"
MEASURES = {
    "gap": "Gap",
    "accuracy": "Accuracy",
    "mean_confidence": "Mean confidence",
    "brier": "Brier score",
    "coverage": "Label coverage",
}


def draw(view: DriftView, measure: str) -> None:
    """One measure over time, with what changed and what was breached."""
    periods = view.periods.assign(
        value=view.periods[measure],
        low=view.periods[f"{measure}_low"],
        high=view.periods[f"{measure}_high"],
    )
    chart = partial(
        drift_timeline,
        periods,
        view.changes,
        view.breaches,
        palette_for(st.context.theme.type),
        measure=measure,  # type: ignore[arg-type]
        tolerance=view.tolerance if measure == "gap" else None,
        levels=view.levels,
    )
    said = alt_text_drift(
        periods,
        view.changes,
        view.breaches,
        measure=measure,  # type: ignore[arg-type]
        levels=view.levels,
    )
    charted.show(chart, said, name="drift", behind=PERIODS)
    st.caption(
        f"95% intervals of each period's own; breaches and verdicts are corrected together: "
        f"{view.method}."
    )


def strips(view: DriftView) -> None:
    """All measures on one time axis."""
    palette = palette_for(st.context.theme.type)
    chart = partial(measure_strips, view.periods, palette, changes=view.changes)
    charted.show(chart, alt_text_strips(view.periods), name="strips", behind=PERIODS)


def table(view: DriftView) -> None:
    """The figures of every period, newest first."""
    shares = ("gap", "gap_low", "gap_high", "accuracy", "mean_confidence", "coverage")
    frame = view.periods.iloc[::-1].assign(
        **{name: view.periods[name] * 100 for name in shares},
        verdict=view.periods["verdict"].map(SHOWN_WORDS),
    )
    st.dataframe(
        cells(frame),
        hide_index=True,
        placeholder=tables.NOTHING,
        key="periods",
        column_order=(
            *("period", "mature", "verdict", "n", "n_inputs", "n_claims", "coverage", "gap"),
            *("gap_low", "gap_high", "mean_confidence", "accuracy", "brier"),
        ),
        column_config={
            "period": "Period",
            "mature": st.column_config.CheckboxColumn("Mature", width="small"),
            "verdict": st.column_config.TextColumn("Verdict", width=130),
            "n": tables.number("Labelled"),
            "n_inputs": tables.number("Inputs"),
            "n_claims": tables.number("Claims"),
            "coverage": tables.share("Coverage"),
            "gap": tables.points("Gap, points"),
            "gap_low": tables.points("95% from"),
            "gap_high": tables.points("to"),
            "mean_confidence": tables.share("Said"),
            "accuracy": tables.share("Right"),
            "brier": st.column_config.NumberColumn("Brier", format="%.4f", width="small"),
        },
        alt=PERIODS,
    )
