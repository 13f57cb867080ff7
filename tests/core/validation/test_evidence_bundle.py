from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.trail.canonical_json import canonical
from core.validation.evidence_bundle import decimal, segment_name, written


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (1.0, "1"),
        (0.1 + 0.2, "0.3"),
        (1 / 3, "0.333333333"),
        (-2 / 3, "-0.666666667"),
        (123456.789012, "123456.789"),
        (1234567890.4, "1234567890"),
        (1e-9, "0.000000001"),
        (1.2345e-17, "0"),
        (-1e-30, "0"),
        (1e15, "1000000000000000"),
        (math.nan, None),
        (math.inf, None),
        (None, None),
    ],
)
def test_a_fraction_is_written_as_a_plain_decimal(value: float | None, text: str | None) -> None:
    assert decimal(value) == text


@given(st.floats(min_value=-1e6, max_value=1e6, allow_subnormal=False))
def test_a_written_fraction_reads_back_to_nine_digits(value: float) -> None:
    text = decimal(value)

    assert text is not None
    assert "e" not in text
    assert float(text) == pytest.approx(value, rel=1e-8, abs=1e-12)
    assert decimal(float(text)) == text


def test_floats_are_written_wherever_they_stand() -> None:
    value = {"a": [0.5, (1, None, "x")], "b": {"c": math.nan, "d": True}}

    assert written(value) == {"a": ["0.5", [1, None, "x"]], "b": {"c": None, "d": True}}
    canonical(written(value))


def test_a_segment_that_is_not_named_is_called_none() -> None:
    assert segment_name("language", None) == "language=(none)"
