"""A threshold that holds however often it is chosen again, by hand and by simulation."""

from __future__ import annotations

import numpy as np
import pytest
import scipy

from core.measure.cells.cells import Cells
from core.measure.labelling.cut_at_every_look import (
    STARTS,
    claims_needed,
    learn_at_every_look,
    log_broken,
    log_won,
)
from core.measure.labelling.risk_thresholds import learn_then_test
from tests.benchmarks.choosing_again import simulate


def cells(*rows: tuple[float, int, int]) -> Cells:
    """Of confidence, right and wrong ones."""
    v, right, wrong = (np.array(column) for column in zip(*sorted(rows), strict=True))
    return Cells(v, right + wrong, right + wrong, right)


def test_one_claim_by_hand() -> None:
    # Error rates drawn evenly from (0, 0.05) are 0.025 on average: .975 / .95, and .025 / .05.
    assert np.exp(log_won(1, 0, 0.05)) == pytest.approx(0.975 / 0.95)
    assert np.exp(log_won(1, 1, 0.05)) == pytest.approx(0.5)
    assert np.exp(log_won(0, 0, 0.05)) == pytest.approx(1)


@pytest.mark.parametrize(("n", "errors", "risk"), [(80, 0, 0.05), (100, 2, 0.05), (400, 70, 0.2)])
def test_the_bet_is_its_integral(n: int, errors: int, risk: float) -> None:
    def odds(q: float) -> float:
        return float((q / risk) ** errors * ((1 - q) / (1 - risk)) ** (n - errors))

    whole, _ = scipy.integrate.quad(odds, 0, risk)
    assert np.exp(log_won(n, errors, risk)) == pytest.approx(whole / risk, rel=1e-6)


@pytest.mark.parametrize("rate", [0.05, 0.08, 0.5])
def test_its_mean_never_rises_where_more_are_wrong_than_the_bound(rate: float) -> None:
    # Over all outcomes of the next claim, from any point so far.
    for n, errors in [(0, 0), (10, 0), (50, 3), (200, 4)]:
        now = np.exp(log_won(n, errors, 0.05))
        later = (1 - rate) * np.exp(log_won(n + 1, errors, 0.05)) + rate * np.exp(
            log_won(n + 1, errors + 1, 0.05)
        )
        assert later <= now * (1 + 1e-9)


def test_the_fewest_claims_are_just_enough() -> None:
    needed = claims_needed(0.05, 0.1)
    assert learn_at_every_look(cells((0.99, needed, 0)), 0.05, 0.1).cut == 0.99
    found = learn_at_every_look(cells((0.99, needed - 1, 0)), 0.05, 0.1)
    assert found.cut is None
    assert f"takes {needed:,} without an error" in found.reason


def test_what_is_proven_hands_its_budget_on_and_what_is_not_loses_it() -> None:
    few = claims_needed(0.05, 0.1) - 1
    # 0.93 is no start: it is reached from 0.99 and 0.95 alone.
    assert learn_at_every_look(cells((0.99, 300, 0), (0.93, 60, 0)), 0.05, 0.1).cut == 0.93
    assert learn_at_every_look(cells((0.93, few, 0)), 0.05, 0.1).cut is None
    # A top that fails does not keep a lower start from beginning anew.
    found = learn_at_every_look(cells((0.99, 20, 5), (0.9, 900, 3)), 0.05, 0.1)
    assert found.cut == 0.9
    assert [step.cut for step in found.path] == [0.9]


def test_a_candidate_after_the_first_that_fails_is_not_taken() -> None:
    found = learn_at_every_look(cells((0.96, 400, 2), (0.85, 50, 50), (0.6, 9000, 0)), 0.05, 0.1)
    assert found.cut == 0.96
    assert found.stopped is not None
    assert found.stopped.cut == 0.85


def test_starts_are_fixed_before_any_claim() -> None:
    assert list(STARTS) == sorted(STARTS, reverse=True)


def test_it_is_stricter_than_one_look_and_comes_near_it_with_labels() -> None:
    rows = [
        (v, 4000 - wrong, wrong) for v, wrong in ((0.95, 20), (0.9, 90), (0.85, 150), (0.8, 600))
    ]
    assert learn_then_test(cells(*rows), 0.05, 0.1).cut == 0.85
    assert learn_at_every_look(cells(*rows), 0.05, 0.1).cut == 0.85
    small = [(v, n // 20, wrong // 20) for v, n, wrong in rows]
    once, ever = (
        rule(cells(*small), 0.05, 0.1).cut or 1 for rule in (learn_then_test, learn_at_every_look)
    )
    assert once <= ever


def test_over_a_year_of_looks_the_promise_is_kept_where_each_look_anew_breaks_it() -> None:
    found = simulate("just above everywhere", 40, 200, every=4)
    broken = [ever for ever, _, _ in found.values()]
    naive, _, bet = broken
    assert naive > 0.15
    assert bet <= 0.1


def test_the_bet_against_a_promise_by_hand_and_by_its_integral() -> None:
    # Error rates drawn evenly from (0.05, 1) are 0.525 on average: .475 / .95, and .525 / .05.
    assert np.exp(log_broken(1, 0, 0.05)) == pytest.approx(0.475 / 0.95)
    assert np.exp(log_broken(1, 1, 0.05)) == pytest.approx(0.525 / 0.05)
    whole, _ = scipy.integrate.quad(
        lambda q: (q / 0.05) ** 20 * ((1 - q) / 0.95) ** 180, 0.05, 1, limit=200
    )
    assert np.exp(log_broken(200, 20, 0.05)) == pytest.approx(whole / 0.95, rel=1e-6)


def test_a_promise_that_is_kept_is_called_broken_on_any_day_by_one_in_twenty_at_most() -> None:
    rng = np.random.default_rng(20261129)
    errors = np.cumsum(rng.random((600, 1500)) < 0.05, axis=1)
    won = log_broken(np.arange(1, 1501), errors, 0.05)
    assert (won.max(axis=1) >= np.log(20)).mean() <= 0.05
    more = np.cumsum(rng.random((200, 1500)) < 0.08, axis=1)
    assert (log_broken(np.arange(1, 1501), more, 0.05).max(axis=1) >= np.log(20)).mean() > 0.9
