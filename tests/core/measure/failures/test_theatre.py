"""What a confidence changes, against counting by hand and against simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from core.measure.failures.theatre import ACTIONS, USUAL_COSTS, CaseCosts, Handled, theatre

COSTS = CaseCosts(error=10, review=1, escalate=3)


def told(n_claims: int, n: int, wrong: int) -> Handled:
    return Handled(n_claims, n, float(n), wrong / n if n else None)


def test_a_hand_worked_case():
    # 100 automated at 5 % wrong, 50 reviewed of which 20 % would be wrong, 10 escalated, half.
    found = theatre(
        {"automate": told(100, 100, 5), "review": told(50, 50, 10), "escalate": told(10, 10, 5)},
        COSTS,
    )
    assert found.cost == pytest.approx(5 * 10 + 50 * 1 + 10 * 3)
    assert found.constant == pytest.approx(
        {"automate": (5 + 10 + 5) * 10, "review": 160, "escalate": 480}
    )
    assert (found.best, found.changed, found.single) == ("review", 110, None)
    assert found.saved == pytest.approx(160 - 130)
    assert found.low < found.saved < found.high


def test_labels_are_scaled_to_all_claims_of_their_action():
    found = theatre({"automate": told(1000, 100, 5), "review": told(1000, 50, 25)}, COSTS)
    assert found.cost == pytest.approx(1000 * 0.05 * 10 + 1000)
    assert found.constant["automate"] == pytest.approx((50 + 500) * 10)


def test_the_interval_against_always_reviewing_is_clopper_pearson_of_the_automated():
    found = theatre({"automate": told(1000, 200, 4), "review": told(1000, 200, 80)}, COSTS)
    rate = stats.binomtest(4, 200).proportion_ci(0.95, "exact")
    assert found.best == "review"
    assert found.low == pytest.approx(1000 - 10_000 * rate.high)
    assert found.high == pytest.approx(1000 - 10_000 * rate.low)


@pytest.mark.parametrize("action", ACTIONS)
def test_one_action_throughout_is_named_and_changes_nothing_against_itself(action: str):
    found = theatre({action: told(200, 100, 20)}, COSTS)
    assert found.single == action
    if found.best == action:
        assert (found.changed, found.saved) == (0, 0)


def test_where_the_automated_are_unlabelled_nothing_is_claimed_and_the_interval_is_wide():
    found = theatre({"automate": Handled(100), "review": told(100, 100, 10)}, COSTS)
    assert (found.best, found.cost, found.saved) == (None, None, None)
    # From all of the automated wrong to none of them.
    assert found.low == pytest.approx(100 - 1000)
    assert found.high <= 100


def test_without_a_claim_there_is_nothing_to_say():
    found = theatre({}, USUAL_COSTS)
    assert (found.n_claims, found.single, found.best) == (0, None, None)
    assert (found.saved, found.low, found.high) == (None, None, None)


@given(
    st.lists(st.tuples(st.integers(0, 500), st.integers(1, 60), st.floats(0, 1)), min_size=3,
             max_size=3),
    st.tuples(st.floats(0, 50), st.floats(0, 5), st.floats(0, 5)),
    st.floats(0.1, 10),
)  # fmt: skip
def test_costs_in_another_unit_scale_everything_and_change_no_choice(parts, costs, unit):
    by = {
        action: told(n_claims, n, round(share * n))
        for action, (n_claims, n, share) in zip(ACTIONS, parts, strict=True)
    }
    one = theatre(by, CaseCosts(*costs))
    other = theatre(by, CaseCosts(*(unit * each for each in costs)))
    if one.saved is None:
        assert other.saved is None
        return
    assert other.saved == pytest.approx(unit * one.saved, abs=1e-6)
    assert other.low == pytest.approx(unit * one.low, abs=1e-6)
    assert one.low - 1e-9 <= one.saved <= one.high + 1e-9
    assert one.cost + one.saved == pytest.approx(min(one.constant.values()))


def test_the_interval_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(1)
    n_claims, n = np.array([2000, 1200, 600]), np.array([300, 250, 200])
    p = np.array([0.04, 0.2, 0.4])
    costs = CaseCosts(10, 1, 2)
    cost = 10 * n_claims[0] * p[0] + n_claims[1] + 2 * n_claims[2]
    truth = min(10 * n_claims @ p, n_claims.sum(), 2 * n_claims.sum()) - cost
    held = 0
    for _ in range(600):
        by = {
            action: told(int(n_claims[i]), int(n[i]), int(rng.binomial(n[i], p[i])))
            for i, action in enumerate(ACTIONS)
        }
        found = theatre(by, costs)
        held += found.low <= truth <= found.high
    # At 95 % coverage, 600 draws show fewer than 556 once in 400 times.
    assert held >= 556
