"""Stories told to ledgers in memory, looked at week by week, in several processes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache

import numpy as np

from detection.failures import FAILURES, Failure
from detection.ledgers import AFTER, BEFORE, Desk, look

SEED = 20261124
#: Ledgers that one process takes at a time.
_TOGETHER = 10


@dataclass(frozen=True)
class Found:
    """How a rule did on ledgers of one size of a failure.

    Attributes:
        weeks: of each ledger, after how many weeks it was found; infinite: not within `AFTER`.
    """

    weeks: tuple[float, ...]

    @property
    def share(self) -> float:
        """Of the ledgers, in which it was found."""
        return float(np.isfinite(self.weeks).mean())

    @property
    def median(self) -> float:
        """Weeks until it is found; infinite where it is not in half of them."""
        return float(np.median(self.weeks))


@dataclass(frozen=True)
class Line:
    """One size of one failure, the detector beside the naive rule.

    Attributes:
        failure: which.
        size: in words.
        ours, naive: in ledgers with the failure.
        ours_false, naive_false: in those without.
    """

    failure: Failure
    size: str
    ours: Found
    naive: Found
    ours_false: Found
    naive_false: Found


def lines(
    ledgers: int, processes: int, only: Sequence[str] = (), *, looks: int = AFTER
) -> Iterator[Line]:
    """Every size of every failure.

    Args:
        ledgers: simulated of each size, and of none.
        processes: that share the work.
        only: names of failures; none: all.
        looks: weeks that are looked at after it begins.
    """
    with ProcessPoolExecutor(processes) as pool:
        asked = [one for one in FAILURES if not only or one.name in only]
        work = {
            (one.name, size): [
                pool.submit(_told, one.name, size, first, min(first + _TOGETHER, ledgers), looks)
                for first in range(0, ledgers, _TOGETHER)
            ]
            for one in asked
            for size in (0.0, *(value for _, value in one.sizes))
        }
        for one in asked:
            done = {
                size: [pair for part in work[one.name, size] for pair in part.result()]
                for size in (0.0, *(value for _, value in one.sizes))
            }
            by = {size: [Found(tuple(each)) for each in zip(*done[size])] for size in done}  # noqa: B905
            for words, value in one.sizes:
                yield Line(one, words, *by[value], *by[0.0])


@cache
def _desk() -> Desk:
    return Desk()


def _told(name: str, size: float, first: int, end: int, looks: int) -> list[tuple[float, float]]:
    """Weeks until the detector and the naive rule find it, in some ledgers."""
    failure = next(one for one in FAILURES if one.name == name)
    which = [one.name for one in FAILURES].index(name)
    desk, found = _desk(), []
    for ledger in range(first, end):
        rng = np.random.default_rng([SEED, which, round(1000 * size), ledger])
        claims = failure.made(rng, size)
        desk.fill(claims)
        newest = BEFORE - 1 - failure.labels
        found.append(
            (
                _first(looks, lambda week: failure.found(desk, look(week))),
                _first(looks, lambda week: failure.naive(claims, newest + week)),  # noqa: B023
            )
        )
    return found


def _first(looks: int, finds) -> float:
    """The first week at which it is found."""
    return next((float(week) for week in range(1, looks + 1) if finds(week)), math.inf)
