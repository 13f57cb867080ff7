"""In which order tests are handed out: the journeys in a browser first, or they form a tail."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, islice
from pathlib import Path
from typing import TypeVar

import pytest

T = TypeVar("T")


def journeys_first(items: Sequence[pytest.Item], workers: int) -> list[pytest.Item]:
    """The same tests, so that each worker begins with journeys.

    Those that read the told sample keep to one worker: its server is dear to start.
    """
    shares: list[list[pytest.Item]] = [[] for _ in range(workers)]
    rest: list[pytest.Item] = []
    for _, group in groupby(items, _module):
        found = list(group)
        if found[0].get_closest_marker("browser") is None:
            rest += found
        elif "told_site" in _fixtures(found):
            shares[0] += found
        else:
            shortest = min(shares[1:] or shares, key=len)
            shortest += found
    return handed_out(shares, rest)


def handed_out(shares: Sequence[Sequence[T]], rest: Sequence[T]) -> list[T]:
    """An order in which each worker gets its share first, and then some of the rest.

    What steals work cuts the list first, into parts of one length.
    """
    order: list[T] = []
    left, more = sum(map(len, shares)) + len(rest), iter(rest)
    for workers, share in zip(range(len(shares), 0, -1), shares, strict=True):
        part = left // workers
        left -= part
        order += [*share, *islice(more, max(0, part - len(share)))]
    return [*order, *more]


def _module(item: pytest.Item) -> Path:
    return item.path


def _fixtures(items: Sequence[pytest.Item]) -> set[str]:
    return {name for item in items for name in getattr(item, "fixturenames", ())}
