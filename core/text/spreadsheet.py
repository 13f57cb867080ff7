"""Tables as CSV files that a spreadsheet opens without running anything in them."""

from __future__ import annotations

import re

import pandas as pd

#: What spreadsheets take for the beginning of a formula (OWASP, "CSV Injection"), perhaps after
#: apostrophes: those take one more, so that what is read back has one, and only one, to lose.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")


def neutralised(text: str) -> str:
    """The text, with an apostrophe before it if a spreadsheet might run it as a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def csv_of(frame: pd.DataFrame) -> bytes:
    """A table as CSV: UTF-8, RFC 4180, a header, no index.

    Numbers stay numbers, negative ones too; times, which are UTC without zone, are written with
    a ``Z``; what is missing is empty; every other cell, and the header, is `neutralised`.
    """
    written = pd.DataFrame(
        {i: _written(frame.iloc[:, i]) for i in range(frame.shape[1])}, index=frame.index
    )
    header = [neutralised(str(name)) for name in frame.columns]
    text: str = written.to_csv(index=False, header=header, lineterminator="\r\n")
    return text.encode("utf-8")


def _written(column: pd.Series) -> pd.Series:
    if pd.api.types.is_numeric_dtype(column):
        return column
    if pd.api.types.is_datetime64_any_dtype(column):
        stamps: pd.Series = column.dt.strftime("%Y-%m-%dT%H:%M:%S.%f")
        written: pd.Series = stamps.str.removesuffix(".000000") + "Z"
        return written
    cells: pd.Series = column.map(lambda cell: neutralised(str(cell)), na_action="ignore")
    return cells
