"""A set of numbers kept as ranges: the same set, and small where numbers follow one another."""

from __future__ import annotations

from functools import reduce

from hypothesis import given
from hypothesis import strategies as st

from core.governance.bodies.number_ranges import Numbers

SMALL = st.lists(st.integers(0, 40), max_size=40)


@given(SMALL, st.integers(-2, 42))
def test_it_is_the_set_of_what_was_put_in(numbers: list[int], other: int) -> None:
    found = reduce(Numbers.and_, numbers, Numbers())
    assert found == set(numbers)
    assert list(found) == sorted(set(numbers))
    assert len(found) == len(set(numbers))
    assert (other in found) is (other in numbers)
    assert "1" not in found
    # No two of its ranges could be one.
    assert all(a[1] + 1 < b[0] for a, b in zip(found.ranges, found.ranges[1:], strict=False))


def test_numbers_that_follow_one_another_are_one_range_however_many() -> None:
    found = reduce(Numbers.and_, range(1, 10_001), Numbers())
    assert found.ranges == ((1, 10_000),)
    assert found | {10_001} == set(range(1, 10_002))
