"""Tables to take away as CSV files."""

from __future__ import annotations

import re
from collections.abc import Callable

import pandas as pd
import streamlit as st

from core.sentences.numbers import counted
from core.text.spreadsheet import csv_of


def button(fetch: Callable[[], pd.DataFrame], *, n_rows: int, most: int, name: str) -> None:
    """A button that fetches the rows and hands them out as CSV when it is pressed.

    Args:
        fetch: the rows, `most` at most; called outside the page's script.
        n_rows: how many there are.
        most: how many one file holds.
        name: of the file, without its ending.
    """
    what = (
        f"Download {counted(n_rows, 'claim')}"
        if n_rows <= most
        else f"Download the first {most:,} of {counted(n_rows, 'claim')}"
    )
    st.download_button(
        f"{what} (CSV)",
        data=lambda: csv_of(fetch()),
        file_name=re.sub(r"[^\w.-]+", "-", name) + ".csv",
        mime="text/csv; charset=utf-8",
        icon=":material/download:",
        on_click="ignore",
        disabled=not n_rows,
        help=f"The claims found, in this order, {most:,} at most. A text that a spreadsheet would "
        "run as a formula gets an apostrophe before it.",
    )
