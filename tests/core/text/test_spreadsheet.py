"""Tables as CSV: nothing in them runs in a spreadsheet, and nothing is lost."""

from __future__ import annotations

import csv
import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.text.spreadsheet import csv_of, neutralised

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
#: The first characters that OWASP names under "CSV Injection".
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def read_back(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8"), newline="")))


@pytest.mark.parametrize("first", DANGEROUS)
def test_what_a_spreadsheet_would_run_gets_an_apostrophe(first: str) -> None:
    assert neutralised(f"{first}cmd|' /C calc'!A0") == f"'{first}cmd|' /C calc'!A0"


@pytest.mark.parametrize("text", ["", "plain", "a=b", "5 - 3", "'tis", "1", " ="])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert neutralised(text) == text


@given(TEXT)
def test_no_neutralised_text_begins_a_formula(text: str) -> None:
    assert not neutralised(text).startswith(DANGEROUS)


@given(TEXT, TEXT)
def test_no_two_texts_become_one(one: str, other: str) -> None:
    assert (neutralised(one) == neutralised(other)) == (one == other)


@given(st.lists(st.tuples(TEXT, TEXT), max_size=8))
def test_every_text_is_read_back_as_it_was_written(rows: list[tuple[str, str]]) -> None:
    frame = pd.DataFrame(rows, columns=["one", "other"], dtype=object)
    header, *cells = read_back(csv_of(frame))
    assert header == ["one", "other"]
    assert cells == [[neutralised(text) for text in row] for row in rows]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=8))
def test_numbers_stay_numbers_to_the_last_digit(numbers: list[float]) -> None:
    _, *cells = read_back(csv_of(pd.DataFrame({"x": np.array(numbers, dtype=float)})))
    assert [float(cell) for (cell,) in cells] == numbers


def test_a_negative_number_is_no_formula_but_the_same_text_is() -> None:
    frame = pd.DataFrame({"number": [-5], "text": ["-5"]})
    assert read_back(csv_of(frame))[1] == ["-5", "'-5"]


def test_the_header_is_neutralised_too() -> None:
    assert read_back(csv_of(pd.DataFrame({"=1+1": [1]})))[0] == ["'=1+1"]


def test_what_is_missing_is_empty() -> None:
    frame = pd.DataFrame(
        {
            "text": pd.Series([None, "a"], dtype="str"),
            "outcome": pd.Series([None, 1], dtype="Int8"),
            "confidence": [float("nan"), 0.5],
            "ts": pd.to_datetime([None, "2026-11-02"]),
        }
    )
    assert read_back(csv_of(frame))[1:] == [
        ["", "", "", ""],
        ["a", "1", "0.5", "2026-11-02T00:00:00Z"],
    ]


def test_times_say_that_they_are_utc_and_keep_their_microseconds() -> None:
    stamps = pd.to_datetime(["2026-11-02T12:00:00", "2026-11-02T12:00:00.000001"], format="ISO8601")
    _, *cells = read_back(csv_of(pd.DataFrame({"ts": stamps})))
    assert cells == [["2026-11-02T12:00:00Z"], ["2026-11-02T12:00:00.000001Z"]]
