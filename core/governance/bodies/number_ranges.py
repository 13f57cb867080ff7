"""Whole numbers that are mostly given out one after another: kept as the ranges they make up.

A state has the number of every import, and another state is made with each: a set of its own for
each would make the replay of a trail grow with the square of its length.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, eq=False)
class Numbers(Set[int]):
    """A set that does not change.

    Attributes:
        ranges: first and last of each, in order; none touches the next.
    """

    ranges: tuple[tuple[int, int], ...] = ()

    def __contains__(self, number: object) -> bool:
        """Whether a number is one of them."""
        if not isinstance(number, int):
            return False
        place = bisect_right(self.ranges, number, key=lambda one: one[0])
        return place > 0 and number <= self.ranges[place - 1][1]

    def __iter__(self) -> Iterator[int]:
        """From the smallest on."""
        return (number for first, last in self.ranges for number in range(first, last + 1))

    def __len__(self) -> int:
        """How many there are."""
        return sum(last - first + 1 for first, last in self.ranges)

    def and_(self, number: int) -> Numbers:
        """These and one more."""
        if number in self:
            return self
        place = bisect_right(self.ranges, number, key=lambda one: one[0])
        before, after = self.ranges[:place], self.ranges[place:]
        first = last = number
        if before and before[-1][1] == number - 1:
            first, before = before[-1][0], before[:-1]
        if after and after[0][0] == number + 1:
            last, after = after[0][1], after[1:]
        return Numbers((*before, (first, last), *after))

    @classmethod
    def _from_iterable(cls, it: Iterable[Any]) -> Set[Any]:
        # What comes out of a union with any other set is an ordinary one.
        return frozenset(it)
