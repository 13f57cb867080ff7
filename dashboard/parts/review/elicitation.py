"""How the confidence was asked for, and what difference that makes."""

from __future__ import annotations

from functools import partial

import streamlit as st

from core.text.markdown import cells, plain
from core.views.review.elicitation import SHIFT_WORDS, ElicitationView
from dashboard.charts.intervals import interval_dots
from dashboard.charts.kit.palette import palette_for
from dashboard.widgets import chart as charted
from dashboard.widgets import tables

_TABLE = "Differences of confidence, accuracy, Brier score and gap for each pair"
_TITLE = "Difference in points: the first named has more →"


def draw(view: ElicitationView) -> None:
    """The answer, the differences with their intervals, and every number as a table."""
    if view.anchored:
        st.warning(plain(view.headline), icon=":material/anchor:")
    elif view.headline:
        st.markdown(f"### {plain(view.headline)}")
    if view.advice:
        st.markdown(f"**{plain(view.advice)}**")
    for said in view.contradicted:
        st.warning(plain(said), icon=":material/schedule:")
    for said in view.order:
        st.markdown(plain(said))
    if view.table.empty:
        return
    chart = partial(
        interval_dots,
        view.differences,
        palette_for(st.context.theme.type),
        tolerance=view.tolerance,
        title=_TITLE,
        named=SHIFT_WORDS,
    )
    charted.show(chart, " ".join(view.sentences), name="elicitation", behind=_TABLE)
    for sentence in view.sentences:
        st.markdown(plain(sentence))
    st.caption(plain(view.method))
    with st.expander("Every difference as a table", icon=":material/table_rows:"):
        st.dataframe(
            cells(view.table),
            hide_index=True,
            placeholder=tables.NOTHING,
            column_config={
                "other": st.column_config.TextColumn("Asked", width="medium"),
                "reference": st.column_config.TextColumn("Against", width="medium"),
                "on": st.column_config.TextColumn("On"),
                "n": st.column_config.TextColumn("n", width="small"),
                "confidence": st.column_config.TextColumn("Confidence"),
                "accuracy": st.column_config.TextColumn("Accuracy"),
                "brier": st.column_config.TextColumn("Brier score"),
                "gap": st.column_config.TextColumn("Gap"),
            },
            alt=_TABLE,
        )
