"""How much kept inputs moved, by hand; and since when."""

import math

import numpy as np
import pytest
from scipy import stats

from core.measure.monitoring.canary_sizes import canary_sizes, likely_since


def test_sizes_by_hand() -> None:
    stated = np.array([[800_000, 600_000, 500_000], [900_000, 600_000, -1], [950_000, 700_000, -1]])
    said = np.array([[0, 0, -1], [0, 1, -1], [2, 0, -1]])
    found = canary_sizes(stated, said, since=2)
    # The third input states nothing after, and has no answer.
    assert (found.n_inputs, found.n_answered) == (2, 2)
    assert (found.before, found.after) == pytest.approx((0.725, 0.825))
    same = stats.ttest_rel([0.95, 0.7], [0.85, 0.6]).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((same.low, same.high))
    # Before: never other for the first, always for the second; after: always, and half.
    assert (found.other_own, found.other_now) == pytest.approx((0.5, 0.75))


def test_the_interval_is_that_of_a_paired_t_test() -> None:
    rng = np.random.default_rng(2)
    stated = rng.integers(500_000, 900_000, (2, 20))
    found = canary_sizes(stated, np.full((2, 20), -1), since=1)
    same = stats.ttest_rel(stated[1] / 1e6, stated[0] / 1e6).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((same.low, same.high))
    assert math.isnan(found.other_now)


def test_a_change_is_dated_to_the_round_from_which_on_bets_won() -> None:
    quiet, loud = [0.5, 0.5, 0.5, 0.5], [1e-4, 1.0, 0.5, 0.5]
    assert likely_since([quiet] * 5 + [loud] * 2) == 5
    assert likely_since([loud]) == 0
