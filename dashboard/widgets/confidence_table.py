"""The per-value table: each stated confidence, how often it was right, and how sure that is."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.text.markdown import cells
from dashboard.widgets import table_columns as columns


def table(values: pd.DataFrame, *, key: str) -> None:
    """Draw the per-value table.

    Args:
        values: v, n_claims, n, s, observed, gap, exact_low, exact_high.
        key: the element's key.
    """
    table = values.assign(
        **{name: values[name] * 100 for name in ("observed", "exact_low", "exact_high", "gap")}
    )
    st.dataframe(
        cells(table),
        hide_index=True,
        key=key,
        column_order=("v", "n_claims", "n", "s", "observed", "exact_low", "exact_high", "gap"),
        column_config={
            "v": st.column_config.NumberColumn("Stated", format="%.4g", width="small"),
            "n_claims": columns.number("Claims"),
            "n": columns.number("Labelled"),
            "s": columns.number("Right"),
            "observed": columns.share("Observed"),
            "exact_low": columns.share(
                "95% from", help="Clopper–Pearson interval of the observed share."
            ),
            "exact_high": columns.share("to"),
            "gap": columns.points("Gap, points"),
        },
        alt="Each stated confidence with its labelled claims and observed share",
    )
