from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.sentences import numbers as words

MINUS = "\u2212"


@pytest.mark.parametrize(
    ("gap", "decimals", "text"),
    [
        (0.07, 0, "+7"),
        (-0.031, 0, f"{MINUS}3"),
        (0.0, 0, "0"),
        (-0.004, 0, "0"),
        (0.004, 0, "0"),
        (0.004, 1, "+0.4"),
        (-1.0, 0, f"{MINUS}100"),
    ],
)
def test_a_gap_is_said_in_points(gap: float, decimals: int, text: str) -> None:
    assert words.points(gap, decimals=decimals) == text


@given(st.floats(-1, 1), st.integers(0, 2))
def test_points_never_show_a_signed_zero_or_a_hyphen(gap: float, decimals: int) -> None:
    text = words.points(gap, decimals=decimals)
    assert "-" not in text
    assert text == "0" or float(text.replace(MINUS, "-")) != 0


@given(st.floats(-1, 1))
def test_points_of_opposite_gaps_differ_in_sign_alone(gap: float) -> None:
    assert words.points(-gap).lstrip("+" + MINUS) == words.points(gap).lstrip("+" + MINUS)


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.794, "79%"),
        (0.0, "0%"),
        (1.0, "100%"),
        (0.998, ">99%"),
        (0.002, "<1%"),
        (np.float32(0.5), "50%"),
    ],
)
def test_a_share_is_said_in_percent(share: float, text: str) -> None:
    assert words.percent(share) == text


@given(st.floats(0, 1), st.integers(0, 2))
def test_only_all_is_called_all_and_only_none_none(share: float, decimals: int) -> None:
    text = words.percent(share, decimals=decimals)
    is_all = not text.startswith(">") and float(text.strip("<>%")) == 100
    is_none = not text.startswith("<") and float(text.strip("<>%")) == 0
    assert is_all == (share == 1)
    assert is_none == (share == 0)


def test_counts_have_their_thousands_parted() -> None:
    assert words.count(12018) == "12,018"
    assert words.count(np.float64(1e6)) == "1,000,000"


@pytest.mark.parametrize("null", [None, math.nan, math.inf, pd.NA, pd.NaT])
def test_what_is_no_number_is_said_by_a_dash(null: float | None) -> None:
    assert {words.points(null), words.percent(null), words.count(null)} == {"–"}


@pytest.mark.parametrize("nothing", [-0.0, 0.0])
def test_a_share_of_nothing_carries_no_sign(nothing: float) -> None:
    assert words.percent(nothing, decimals=1) == "0.0%"


@given(st.floats(0, 1), st.integers(0, 3))
def test_a_share_that_is_shown_as_a_number_is_within_half_a_digit(share: float, k: int) -> None:
    text = words.percent(share, decimals=k)
    if text[0] not in "<>":
        assert abs(float(text[:-1]) / 100 - share) <= 0.5 * 10 ** (-k - 2) * (1 + 1e-9)


@given(st.floats(-1, 1), st.integers(0, 2))
def test_the_size_of_a_gap_is_its_points_without_the_sign(gap: float, decimals: int) -> None:
    number, unit = words.size_of(gap, decimals=decimals).split(" ")
    assert float(number) == abs(float(words.points(gap, decimals=decimals).replace(MINUS, "-")))
    assert (unit == "point") == (number == "1")


@given(st.integers(0, 1000))
def test_a_declared_tolerance_or_cut_is_never_rounded(thousandths: int) -> None:
    declared = thousandths / 1000
    assert float(words.cut(declared).rstrip("%")) == pytest.approx(thousandths / 10)
    assert float(words.within(declared).split()[0].lstrip("±")) == pytest.approx(thousandths / 10)


def test_one_is_singular() -> None:
    assert [words.counted(n, "claim") for n in (0, 1, 1201)] == [
        "0 claims",
        "1 claim",
        "1,201 claims",
    ]
    assert (words.within(0.01), words.within(0.05)) == ("±1 point", "±5 points")


def test_dimensions_and_groups_have_names_for_people() -> None:
    assert words.dimension_name("model_version") == "Model version"
    assert words.dimension_name("customer_tier") == "Customer tier"
    assert words.group_name({}) == "all claims"
    assert words.group_name({"language": "de", "topic": None}) == "language=de, topic=(none)"
