"""A year of standing verdicts, one a week: how often falsely off, how soon rightly, what is blamed.

The window is the newest weeks, and more of them until they hold enough labels; each rule is a pair
of these. *ever off* is the share of years in which any of the 44 looks says so, at the level of one
signal alone; *weeks* to the first after the change in week 20, 99 where half the years see none.
*blamed*: the share of years in which, ten weeks after the change, an error that stands is laid to
the version that began in week 20, by its first four weeks and the windows of the product.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from core.defaults import STANDING_CLAIMS, STANDING_WEEKS, TOLERANCE
from core.measure.cells.cells import FloatArray, IntArray
from core.measure.verdicts.verdict import Judgement, judge
from core.standing.verdict import came_with
from core.standing.window import FIRST_WEEKS
from honest.draws import independent

V = np.array([0.5, 0.7, 0.8, 0.9, 0.95, 0.99])
SHARE = np.array([0.05, 0.1, 0.2, 0.3, 0.25, 0.1])
SIGNS = np.array([-1.0, -1.0, -1.0, 1.0, 1.0, 1.0])
YEAR, CHANGED, ASKED = 52, 20, 30
#: Weeks, and labels at least.
RULES = ((4, 500), (STANDING_WEEKS, 0), (STANDING_WEEKS, STANDING_CLAIMS), (8, 500), (13, 500))


@dataclass(frozen=True)
class Design:
    """The gap of each week, and what is asked of it."""

    name: str
    gap: FloatArray
    labels: int
    version: bool = False


def _designs() -> Iterator[Design]:
    week = np.arange(YEAR)
    late = week >= CHANGED
    kinds = (
        ("calibrated", np.zeros(YEAR), False),
        ("gap at the tolerance", np.full(YEAR, TOLERANCE), False),
        ("gap +10 all year", np.full(YEAR, 0.1), False),
        ("gap 0 to +10", np.where(late, 0.1, 0.0), False),
        ("gap 0 to +15", np.where(late, 0.15, 0.0), False),
        ("version, +10 before too", np.full(YEAR, 0.1), True),
        ("version, +2 a week after it", np.maximum(week - CHANGED, 0) * 0.02, True),
        ("version, 0 to +5", np.where(late, 0.05, 0.0), True),
        ("version, 0 to +10", np.where(late, 0.1, 0.0), True),
        ("version, 0 to +15", np.where(late, 0.15, 0.0), True),
    )
    for name, gap, version in kinds:
        for labels in (20, 100, 1000):
            yield Design(name, gap, labels, version)


DESIGNS = tuple(_designs())


def line(at: int, ledgers: int) -> str:
    """Simulate one design; a fifth as many years as ledgers."""
    one, years = DESIGNS[at], max(1, ledgers // 5)
    rng = np.random.default_rng([at, 14])
    drawn = [_year(rng, one) for _ in range(years)]
    told = _blamed(drawn) if one.version else _looks(drawn)
    return f"{one.name:<30}{one.labels:>6}  {told}"


def _year(rng: np.random.Generator, one: Design) -> tuple[IntArray, IntArray]:
    """Labels and right ones, of shape (weeks, confidences)."""
    n = rng.multinomial(one.labels, SHARE, size=YEAR)
    return n, rng.binomial(n, np.clip(V - one.gap[:, None], 0, 1))


def _judged(n: IntArray, s: IntArray) -> Judgement:
    return judge(independent(V, n.sum(axis=0)[None], s.sum(axis=0)[None]))


def _from(n: IntArray, until: int, weeks: int, least: int, first: int = 0) -> int:
    """Where the window that ends with a week begins, not before the first."""
    at = max(first, until - weeks)
    while at > first and n[at:until].sum() < least:
        at -= 1
    return at


def _looks(drawn: list[tuple[IntArray, IntArray]]) -> str:
    told = []
    for weeks, least in RULES:
        first_off = []
        for n, s in drawn:
            found = 99
            for until in range(8, YEAR + 1):
                at = _from(n, until, weeks, least)
                if _judged(n[at:until], s[at:until]).state[0] == "off":
                    found = until - CHANGED
                    break
            first_off.append(found)
        ever = np.array(first_off)
        told.append(
            f"\n{weeks:>18} weeks, {least:>3} labels: ever off {np.mean(ever < 99):.3f}, "
            f"by the change {np.mean(ever <= 0):.3f}, weeks after it {np.median(ever):.0f}"
        )
    return "".join(told)


def _blamed(drawn: list[tuple[IntArray, IntArray]]) -> str:
    off = blamed = 0
    for n, s in drawn:
        now = _from(n, ASKED, STANDING_WEEKS, STANDING_CLAIMS, CHANGED)
        old = _from(n, CHANGED, STANDING_WEEKS, STANDING_CLAIMS)
        standing = _judged(n[now:ASKED], s[now:ASKED])
        before = _judged(n[old:CHANGED], s[old:CHANGED])
        first = slice(CHANGED, CHANGED + FIRST_WEEKS)
        after = _judged(n[first], s[first])
        if standing.state[0] == "off":
            off += 1
            blamed += came_with(_gap(before), _gap(after), float(standing.gap[0]))
    years = len(drawn)
    return f"off {off / years:.3f}, blamed {blamed / years:.3f}"


def _gap(one: Judgement) -> tuple[float, float, float]:
    return float(one.gap[0]), float(one.corrected_low[0]), float(one.corrected_high[0])
