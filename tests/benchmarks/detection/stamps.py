"""Rubber stamps among fifty reviewers: named falsely, and how soon, looked at every Monday.

With the measure alone: a ledger adds nothing but the counts. Wrong answers reach a reviewer by
chance, two a week on average, and decisions of a year count.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from core.defaults import ALPHA, CAUGHT_LEAST, RELIANCE_WEEKS, REVIEWERS
from core.measure.failures.reliance import is_stamp
from core.measure.metrics.intervals import clopper_pearson

#: Wrong answers of one reviewer and week.
WRONG = 2.0


def print_stamps(rng: np.random.Generator, teams: int) -> None:
    """False alarms of whole teams at rates that are none, and single stamps found."""
    print("\nrubber stamps, of fifty reviewers, every Monday")
    for rate in (CAUGHT_LEAST, 0.4):
        year = [_named(rng, np.full(REVIEWERS, rate), full=True) for _ in range(teams)]
        named = sum(bool(np.isfinite(weeks).any()) for weeks in year)
        low, high = clopper_pearson(named, teams, ALPHA)
        print(f"  all catch {rate:.0%}: somebody named within a year in {named / teams:.1%} of "
              f"{teams} teams ({low:.1%} to {high:.1%})")  # fmt: skip
    for rate in (0.0, 0.05, 0.1):
        weeks = _named(rng, np.full(10 * teams, rate), full=False)
        year, half = np.mean(np.isfinite(weeks)), np.median(weeks)
        print(f"  catches {rate:.0%}: named within a year {year:.0%}, median after "
              f"{half:.0f} weeks and {WRONG * half:.0f} wrong answers")  # fmt: skip


def _named(rng: np.random.Generator, rates: np.ndarray, *, full: bool) -> np.ndarray:
    """The first week of a year in which each reviewer is named; inf: in none.

    Args:
        full: whether a year of decisions is there at the first look, so that old ones go.
    """
    before = RELIANCE_WEEKS if full else 0
    wrong = rng.poisson(WRONG, (before + RELIANCE_WEEKS, len(rates)))
    caught = rng.binomial(wrong, rates)
    first = np.full(len(rates), np.inf)
    for week in range(RELIANCE_WEEKS):
        end = before + week + 1
        window = slice(max(0, end - RELIANCE_WEEKS), end)
        k, m = caught[window].sum(axis=0), wrong[window].sum(axis=0)
        told = np.array([_told(*map(int, one)) for one in zip(k, m, strict=True)])
        first[told & np.isinf(first)] = week + 1
    return first


@cache
def _told(caught: int, wrong: int) -> bool:
    return is_stamp(caught, wrong, least=CAUGHT_LEAST, reviewers=REVIEWERS, alpha=ALPHA)
