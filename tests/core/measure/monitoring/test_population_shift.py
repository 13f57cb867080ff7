"""The mix of two windows compared, with days as what is sampled."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from core.measure.metrics.scores import NoValue
from core.measure.monitoring.population_shift import MixChange, mix_change

SHARES = np.array([0.5, 0.25, 0.2, 0.05])


def window(rng: np.random.Generator, days: int, n: int, alike: float = 0.0) -> np.ndarray:
    """Inputs per day and value; ``alike``: how much the cases of one day resemble each other."""
    if not alike:
        return rng.multinomial(n, SHARES, size=days)
    of_day = rng.dirichlet(SHARES * (1 - alike) / alike, size=days)
    return np.array([rng.multinomial(n, one) for one in of_day])


def compared(before: np.ndarray, after: np.ndarray) -> MixChange:
    found = mix_change(before, after)
    assert isinstance(found, MixChange)
    return found


def test_where_days_differ_by_chance_it_is_the_usual_test_of_homogeneity() -> None:
    rng = np.random.default_rng(3)
    before, after = window(rng, 200, 50), window(rng, 100, 50)
    found = compared(before, after)
    table = np.array([before.sum(axis=0), after.sum(axis=0)])
    expected = stats.chi2_contingency(table, correction=False).pvalue
    assert found.dispersion == pytest.approx(1, abs=0.05)
    assert found.p_value == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize(
    ("days", "alike"),
    [((56, 28), 0.0), ((56, 28), 0.1), ((8, 4), 0.2), ((4, 2), 0.2)],
    ids=["independent", "days alike", "twelve days", "six days"],
)
def test_without_a_change_it_is_seldom_called_one(days: tuple[int, int], alike: float) -> None:
    rng = np.random.default_rng(11)
    called = [
        compared(window(rng, days[0], 60, alike), window(rng, days[1], 60, alike)).p_value <= 0.05
        for _ in range(400)
    ]
    # Five in a hundred and three standard errors; counted by cases it would be half of them.
    assert np.mean(called) <= 0.085


def test_cases_counted_as_if_days_were_not_would_alarm_on_nothing() -> None:
    rng = np.random.default_rng(11)
    called = []
    for _ in range(200):
        table = np.array([window(rng, d, 60, 0.2).sum(axis=0) for d in (8, 4)])
        called.append(stats.chi2_contingency(table, correction=False).pvalue <= 0.05)
    assert np.mean(called) > 0.4


def test_a_real_change_is_seen_and_its_value_named() -> None:
    rng = np.random.default_rng(5)
    after = rng.multinomial(40, [0.25, 0.25, 0.2, 0.3], size=28)
    found = compared(window(rng, 56, 40, 0.05), after)
    assert found.p_value < 1e-6
    assert found.over_noise > 0.1
    assert abs(found.after[found.most] - found.before[found.most]) > 0.2
    assert (found.days_before, found.days_after, found.n_after) == (56, 28, 28 * 40)


def test_many_rare_values_are_tested_as_one_and_shown_apart() -> None:
    rng = np.random.default_rng(7)
    shares = np.array([0.6, 0.3, *[0.1 / 40] * 40])
    before, after = (rng.multinomial(20, shares, size=days) for days in (40, 20))
    found = compared(before, after)
    assert len(found.before) == 42
    assert found.before.sum() == pytest.approx(1)
    assert found.stability.test == "χ² test of homogeneity"
    assert found.p_value > 0.01


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (np.zeros((0, 2), dtype=np.int64), np.ones((3, 2), dtype=np.int64)),
        (np.full((1, 2), 50), np.full((5, 2), 50)),
        (np.full((5, 1), 50), np.full((5, 1), 50)),
        (np.tile([100, 0], (5, 1)), np.tile([100, 0], (5, 1))),
    ],
    ids=["an empty window", "one day", "one value", "one value that occurs"],
)
def test_what_cannot_be_compared_says_so(before: np.ndarray, after: np.ndarray) -> None:
    assert isinstance(mix_change(before, after), NoValue)
