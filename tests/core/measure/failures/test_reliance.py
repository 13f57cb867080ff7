"""Override rates are shrunk as published; a rubber stamp is told no more often than said."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate, special, stats

from core.measure.failures.reliance import (
    are_own_labels,
    is_stamp,
    log_stamp_evidence,
    shrunken_rates,
)

#: Tumours among rats of 71 groups (Tarone 1982), as printed in Bayesian Data Analysis, table 5.1.
RATS = """
0/20 0/20 0/20 0/20 0/20 0/20 0/20 0/19 0/19 0/19 0/19 0/18 0/18 0/17 1/20 1/20 1/20 1/20 1/19 1/19
1/18 1/18 2/25 2/24 2/23 2/20 2/20 2/20 2/20 2/20 2/20 1/10 5/49 2/19 5/46 3/27 2/17 7/49 7/47 3/20
3/20 2/13 9/48 10/50 4/20 4/20 4/20 4/20 4/20 4/20 4/20 10/48 4/19 4/19 4/19 5/22 11/46 12/49 5/20
5/20 6/23 5/19 6/22 6/20 6/20 6/20 16/52 15/47 15/46 9/24 4/14
"""


def rats() -> tuple[np.ndarray, np.ndarray]:
    pairs = np.array([[float(part) for part in one.split("/")] for one in RATS.split()])
    return pairs[:, 0], pairs[:, 1]


def by_quadrature(s: np.ndarray, n: np.ndarray) -> np.ndarray:
    """The posterior means by scipy's own beta-binomial and adaptive integration."""

    def joint(v: float, u: float) -> float:
        a, b = math.exp(v) * special.expit(u), math.exp(v) * special.expit(-u)
        log = stats.betabinom.logpmf(s, n, a, b).sum() + math.log(a * b) - 2.5 * v
        return math.exp(log - top)

    top = 0.0
    top = max(
        math.log(joint(v, u)) for u in np.linspace(-4, 4, 33) for v in np.linspace(-1, 7, 33)
    )  # fmt: skip

    def mean_of(i: int | None) -> float:
        def weighed(v: float, u: float) -> float:
            a, b = math.exp(v) * special.expit(u), math.exp(v) * special.expit(-u)
            return joint(v, u) * (1 if i is None else (a + s[i]) / (a + b + n[i]))

        return integrate.dblquad(weighed, -6, 6, -2, 10, epsabs=1e-6, epsrel=1e-5)[0]

    whole = mean_of(None)
    return np.array([mean_of(i) / whole for i in range(len(s))])


def test_the_rates_of_the_rats_are_as_published() -> None:
    # BDA3, p. 113: E(α|y) = 2.4 and E(β|y) = 14.3, so that rates lie about 2.4/16.7.
    s, n = rats()
    found = shrunken_rates(s, n)
    assert found.mean == pytest.approx(2.4 / 16.7, abs=0.003)
    # Figure 5.4: of the last group, 4 of 14 (.29), the median lies near .21, from about .10 to .36.
    assert found.rate[-1] == pytest.approx(0.21, abs=0.01)
    assert (found.low[-1], found.high[-1]) == pytest.approx((0.10, 0.36), abs=0.02)


def test_posterior_means_are_those_of_adaptive_integration() -> None:
    s, n = np.array([0.0, 3, 4, 9]), np.array([12.0, 20, 40, 30])
    assert shrunken_rates(s, n).rate == pytest.approx(by_quadrature(s, n), abs=5e-4)


def test_intervals_hold_the_true_rate_as_often_as_they_say() -> None:
    rng = np.random.default_rng(7)
    held = []
    for _ in range(150):
        n = rng.integers(20, 200, 12).astype(float)
        true = rng.beta(3, 17, 12)
        found = shrunken_rates(rng.binomial(n.astype(int), true).astype(float), n)
        held.append((found.low <= true) & (true <= found.high))
    assert 0.93 <= np.mean(held) <= 0.975


def test_few_decisions_are_believed_little_and_many_are_believed() -> None:
    found = shrunken_rates(np.array([0.0, 0.0, 40, 38, 44]), np.array([4.0, 400, 200, 200, 200]))
    assert found.rate[1] < 0.02 < 0.05 < found.rate[0] < 0.3
    assert found.high[0] - found.low[0] > 5 * (found.high[1] - found.low[1])


def test_no_reviewers_have_no_rates() -> None:
    assert shrunken_rates(np.array([]), np.array([])).rate.size == 0


@pytest.mark.parametrize("wrong", [1, 7, 40, 300])
def test_the_evidence_is_worth_one_at_the_bound_and_less_above_it(wrong: int) -> None:
    k = np.arange(wrong + 1)
    e = np.exp([log_stamp_evidence(int(one), wrong, 0.25) for one in k])
    assert stats.binom.pmf(k, wrong, 0.25) @ e == pytest.approx(1, rel=1e-9)
    for rate in (0.3, 0.6, 1.0):
        assert stats.binom.pmf(k, wrong, rate) @ e < 1


def test_the_evidence_is_the_mixture_that_it_says() -> None:
    def ratio(rate: float) -> float:
        return (rate / 0.25) ** 3 * ((1 - rate) / 0.75) ** 37

    mixed = integrate.quad(ratio, 0, 0.25)[0] / 0.25
    assert math.exp(log_stamp_evidence(3, 40, 0.25)) == pytest.approx(mixed, rel=1e-8)


def told(caught: int, wrong: int) -> bool:
    return is_stamp(caught, wrong, least=0.25, reviewers=50, alpha=0.05)


def test_among_fifty_it_is_who_lets_32_wrong_answers_pass_and_not_who_catches_a_third() -> None:
    assert (told(0, 32), told(0, 31)) == (True, False)
    assert (told(3, 58), told(3, 57)) == (True, False)
    assert not told(13, 40)
    assert not told(130, 400)


def own(*counts: int) -> bool:
    return are_own_labels(*counts, share=0.9, alpha=0.05)


def test_outcomes_are_taken_for_the_decisions_where_both_kinds_say_the_same_beyond_chance() -> None:
    assert (own(29, 29, 29, 29), own(28, 28, 29, 29)) == (True, False)
    assert (own(73, 76, 400, 410), own(72, 75, 400, 410)) == (True, False)
    # Who accepts everything agrees with most outcomes of a good model; so does who looks well.
    assert not own(0, 30, 970, 970)
    assert not own(80, 100, 900, 950)
