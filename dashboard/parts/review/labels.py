"""How far the labels may be taken for all claims: what was found first, the figures behind it."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from core.text.markdown import cells
from core.text.shown import visible
from core.views.review.labelling.labels import LabelsView
from dashboard.charts.cohorts import alt_text_cohorts, cohort_age_chart
from dashboard.charts.kit.palette import palette_for
from dashboard.widgets import chart as charted
from dashboard.widgets import tables

_AGES = "The gap of each week by its age"


def draw(view: LabelsView, tolerance: float) -> None:
    """Draw the section; ``tolerance`` is the gap accepted."""
    st.markdown(f"**{view.headline}**")
    for finding in view.findings:
        st.markdown(f":material/warning: {finding}")
    for sentence in (view.weighted, view.bounds):
        if sentence:
            st.markdown(sentence)
    if view.fine:
        st.caption(view.fine)
    if view.cohorts.empty:
        return
    with st.expander("Coverage by band, action and week", icon=":material/table_rows:"):
        _coverage(view.bands, "Confidence band")
        _coverage(view.actions, "Action taken")
        _coverage(view.cohorts.iloc[::-1], "Week")
        st.caption(
            "Bands and actions: the claims counted above. *If right*, *if wrong*: the gap of all "
            "claims, in points, if every unlabelled one were right, or wrong; no sampling error "
            "is in these bounds. Coverage with its 95% interval."
        )
    with st.expander("The gap by the age of the claims", icon=":material/timeline:"):
        palette = palette_for(st.context.theme.type)
        chart = partial(cohort_age_chart, view.ages, palette, tolerance=tolerance)
        said = alt_text_cohorts(view.ages)
        charted.show(chart, said, name="cohorts", behind=_AGES)
        st.caption("Each week's claims as known at that age; only equal ages compare.")
        shares = ("gap", "low", "high")
        tables.figures(
            view.ages.assign(**{share: view.ages[share] * 100 for share in shares}),
            {
                "cohort": "Week",
                "age_days": tables.number("Age, days"),
                "n": tables.number("Labelled"),
                "gap": tables.points("Gap, points"),
                "low": tables.points("95% from"),
                "high": tables.points("to"),
            },
            key="labels_ages",
            alt=_AGES,
        )


def _coverage(rows: pd.DataFrame, name: str) -> None:
    if rows.empty:
        return
    shares = ("coverage", "coverage_low", "coverage_high", "gap_if_right", "gap_if_wrong")
    week = name == "Week"
    st.dataframe(
        cells(rows.assign(**{share: rows[share] * 100 for share in shares})),
        hide_index=True,
        placeholder=tables.NOTHING,
        key=f"labels_{name}",
        column_order=(
            "value",
            *(("mature",) if week else ()),
            "n_claims",
            "n",
            *shares,
        ),
        column_config={
            "value": st.column_config.TextColumn(name, width=130),
            "mature": st.column_config.CheckboxColumn("Mature", width="small"),
            "n_claims": tables.number("Claims"),
            "n": tables.number("Labelled"),
            "coverage": tables.share("Coverage"),
            "coverage_low": tables.share("95% from"),
            "coverage_high": tables.share("to"),
            "gap_if_right": tables.points("If right"),
            "gap_if_wrong": tables.points("If wrong"),
        },
        alt=visible(f"Label coverage by {name.lower()}, with bounds of the gap"),
    )
