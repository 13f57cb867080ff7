"""Numbers as findings say them."""

from __future__ import annotations

from datetime import date

import pytest

from core.text.figures import (
    basis,
    counted,
    ends,
    percent,
    points,
    segment,
    signed,
    this_window,
    within,
)


@pytest.mark.parametrize(
    ("value", "said"),
    [(0.0714, "+7.1"), (-0.042, "−4.2"), (0.0, "0.0"), (-0.0001, "0.0"), (1.0, "+100.0")],
)
def test_points_carry_their_sign_and_zero_has_none(value: float, said: str) -> None:
    assert points(value) == said


@pytest.mark.parametrize(
    ("share", "said"), [(0.5, "50%"), (1.0, "100%"), (0.999, ">99%"), (0.001, "<1%"), (0.0, "0%")]
)
def test_a_share_is_never_a_plain_all_or_nothing_that_it_is_not(share: float, said: str) -> None:
    assert percent(share) == said


def test_a_noun_follows_its_count() -> None:
    assert [counted(n, "claim") for n in (0, 1, 2000)] == ["0 claims", "1 claim", "2,000 claims"]
    assert [counted(n, "entry", "entries") for n in (1, 2)] == ["1 entry", "2 entries"]


def test_a_difference_that_rounds_to_zero_has_no_sign() -> None:
    assert [signed(x, 3) for x in (0.0731, -0.0004, -0.5)] == ["+0.073", "0.000", "−0.500"]


def test_what_a_number_rests_on_is_claims_inputs_and_days() -> None:
    assert basis(1204, 311, 42) == "1,204 claims of 311 inputs on 42 days"
    assert basis(1, 1, 1) == "1 claim of 1 input on 1 day"


def test_a_declared_tolerance_is_not_rounded() -> None:
    assert within(0.05) == "±5 points"
    assert within(0.0125) == "±1.25 points"
    assert within(0.01) == "±1 point"


def test_an_interval_and_a_segment_read_as_everywhere() -> None:
    assert ends(-0.011, 0.062) == "−1.1 to +6.2"
    assert segment("topic", None) == "topic=(none)"


@pytest.mark.parametrize(
    ("first", "said"),
    [
        (date(2026, 10, 26), "this window: 4 weeks to 22 Nov 2026"),
        (date(2026, 11, 16), "this window: 1 week to 22 Nov 2026"),
        (date(2026, 11, 20), "this window: 3 days to 22 Nov 2026"),
    ],
)
def test_a_window_is_told_in_weeks_where_it_is_whole_ones(first: date, said: str) -> None:
    assert this_window(first, date(2026, 11, 22)) == said
