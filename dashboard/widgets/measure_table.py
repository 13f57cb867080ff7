"""The table of measures: value, interval and plain meaning, one line each."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.views.review.reliability import GroupView


def table(groups: Sequence[GroupView]) -> None:
    """Draw the measures of one group with their meaning, or of two side by side."""
    columns: dict[str, list[str]] = {"Measure": [row.name for row in groups[0].rows]}
    for group in groups:
        of = f" · {group.name}" if group.name else ""
        columns[f"Value{of}"] = [row.value for row in group.rows]
        columns[f"95% interval{of}"] = [row.interval for row in group.rows]
    if len(groups) == 1:
        columns["What it says"] = [row.meaning for row in groups[0].rows]
    st.table(
        pd.DataFrame(columns),
        border="horizontal",
        hide_index=True,
        alt="Every measure with its 95% interval",
    )
