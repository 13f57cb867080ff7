"""Which windows are compared, and when a period is mature."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import pytest

from core.queries.base.selection import Selection
from core.terms import USUAL
from core.views.shared.maturity import Window, default_windows, mature

MONDAY = date(2026, 10, 19)


def weeks(n: int) -> list[date]:
    return [MONDAY + timedelta(weeks=i) for i in range(n)]


def test_a_window_holds_both_its_days() -> None:
    asked = Window(date(2026, 9, 1), date(2026, 9, 1)).of(
        Selection("s", until=datetime(2020, 1, 1))
    )
    assert (asked.since, asked.until) == (datetime(2026, 9, 1), datetime(2026, 9, 2))


@pytest.mark.parametrize(
    ("as_of", "n", "n_claims", "expected"),
    [
        (datetime(2026, 11, 25), 0, 100, True),
        (datetime(2026, 11, 24, 23, 59), 79, 100, False),
        (datetime(2026, 10, 26), 80, 100, True),
        (datetime(2026, 10, 26), 0, 0, False),
    ],
    ids=["30 days after its end", "a minute younger", "four in five labelled", "no claim"],
)
def test_a_week_is_mature_by_its_age_or_its_coverage(
    as_of: datetime, n: int, n_claims: int, expected: bool
) -> None:
    counts = np.array([n]), np.array([n_claims])
    assert mature(USUAL.maturity, [MONDAY], 7, *counts, as_of).tolist() == [expected]


def test_four_weeks_from_the_start_are_compared_with_the_last_four_mature_ones() -> None:
    is_mature = np.array([True] * 10 + [False] * 3)
    assert default_windows(weeks(13), is_mature, 7) == (
        Window(MONDAY, MONDAY + timedelta(days=27)),
        Window(MONDAY + timedelta(weeks=6), MONDAY + timedelta(days=69)),
    )


@pytest.mark.parametrize(("n", "each"), [(2, 1), (3, 1), (5, 2), (8, 4), (20, 4)])
def test_fewer_weeks_make_shorter_windows_that_never_overlap(n: int, each: int) -> None:
    found = default_windows(weeks(n), np.ones(n, dtype=bool), 7)
    assert found is not None
    for window in found:
        assert window.last - window.first == timedelta(days=7 * each - 1)
    assert found[0].last < found[1].first


def test_days_are_compared_over_as_much_time_as_weeks() -> None:
    days = [MONDAY + timedelta(days=i) for i in range(90)]
    found = default_windows(days, np.ones(90, dtype=bool), 1)
    assert found is not None
    assert [window.last - window.first for window in found] == [timedelta(days=27)] * 2


@pytest.mark.parametrize("n", [0, 1])
def test_one_mature_week_cannot_be_compared(n: int) -> None:
    is_mature = np.array([True] * n + [False] * 3)
    assert default_windows(weeks(n + 3), is_mature, 7) is None
