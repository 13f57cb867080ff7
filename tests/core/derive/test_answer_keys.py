"""When two answers count as the same, by each of the ways to compare them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.derive.answer_keys import KEYS


@pytest.mark.parametrize(
    ("same", "answers", "key"),
    [
        ("exact", ["Paris", " Paris\n"], "Paris"),
        ("text", ["Paris", "paris.", '  "PARIS"  ', "Ｐａｒｉｓ", "**Paris**"], "paris"),
        ("text", ["the  red\tfox", "The red fox!"], "the red fox"),
        ("number", ["1200", "so it is 1,200.0", "3 + 4, hence 1.2e3", "$1,200"], "1200"),
        ("number", ["0", "-0.0", "0.000"], "0"),
        ("number", ["-3.5 degrees", "it fell to -3.50"], "-3.5"),
        ("letter", ["B", "(B) since it rains", "answer: B", "**B**"], "B"),
    ],
)
def test_these_are_one_answer(same: str, answers: list[str], key: str) -> None:
    assert {KEYS[same](one) for one in answers} == {key}


@pytest.mark.parametrize(
    ("same", "answers"),
    [
        ("exact", ["Paris", "paris"]),
        ("text", ["Paris", "Lyon"]),
        ("number", ["12", "1.2", "-12"]),
        ("letter", ["A", "B"]),
    ],
)
def test_these_are_different_answers(same: str, answers: list[str]) -> None:
    assert len({KEYS[same](one) for one in answers}) == len(answers)


@pytest.mark.parametrize(
    ("same", "answer"),
    [("exact", " "), ("text", "..."), ("number", "none at all"), ("letter", "because it rains")],
)
def test_an_answer_without_what_is_compared_has_no_key(same: str, answer: str) -> None:
    assert KEYS[same](answer) is None


@given(
    st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-9999, max_value=9999)
)
def test_a_number_is_itself_whatever_stands_around_it(value: object) -> None:
    assert KEYS["number"](f"the sum is {value}") == KEYS["number"](f"{value}")
