"""Paired and unpaired differences, against scipy and by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from core.measure.failures.elicitation import (
    MeanDifference,
    Moments,
    anchored,
    paired_difference,
    unpaired_difference,
)

differences = st.lists(st.floats(-1, 1).map(lambda x: round(x, 3)), min_size=30, max_size=60)


@given(differences)
def test_moments_are_those_of_numpy_and_turn_with_their_sign(values):
    array = np.array(values)
    one = Moments.of(array)
    assert (one.n, one.mean) == (len(values), pytest.approx(array.mean()))
    assert one.deviation == pytest.approx(array.std(ddof=1))
    turned, negated = Moments.of(-array), one.negated()
    assert (negated.mean, negated.least, negated.most) == pytest.approx(
        (turned.mean, turned.least, turned.most)
    )


@given(differences, st.randoms())
def test_the_order_of_inputs_changes_nothing(values, random):
    shuffled = list(values)
    random.shuffle(shuffled)
    one, other = (paired_difference(Moments.of(np.array(v))) for v in (values, shuffled))
    assert (one.value, one.low, one.high) == pytest.approx((other.value, other.low, other.high))


def test_a_paired_interval_is_students_t():
    d = np.random.default_rng(0).normal(0.1, 0.2, 50).clip(-1, 1)
    found = paired_difference(Moments.of(d), level=0.9)
    low, high = stats.ttest_1samp(d, 0).confidence_interval(0.9)
    assert (found.low, found.high) == pytest.approx((low, high))


def test_an_unpaired_interval_is_welchs():
    rng = np.random.default_rng(1)
    one, other = rng.uniform(0, 1, 40), rng.uniform(0.3, 0.9, 90)
    found = unpaired_difference(Moments.of(one), Moments.of(other))
    low, high = stats.ttest_ind(other, one, equal_var=False).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((low, high))
    assert found.n == 40


def test_equal_differences_leave_open_what_the_exact_rule_of_three_leaves_open():
    found = paired_difference(Moments.of(np.full(100, 0.15)))
    unseen = stats.binomtest(0, 100).proportion_ci(0.90, "exact").high
    assert found.value == pytest.approx(0.15)
    assert found.low == pytest.approx(0.15 - unseen * 1.15)
    assert found.high == pytest.approx(0.15 + unseen * 0.85)


@pytest.mark.parametrize("n", [0, 1, 29])
def test_under_thirty_inputs_nothing_is_told(n: int):
    few, enough = Moments.of(np.full(n, 0.5)), Moments.of(np.full(60, 0.5))
    assert paired_difference(few) is None
    assert unpaired_difference(few, enough) is None
    assert unpaired_difference(enough, few) is None


def test_no_input_has_no_mean():
    assert math.isnan(Moments.of(np.zeros(0)).mean)


SHIFT = MeanDifference(1200, 0.15, 0.14, 0.16)
SAME = MeanDifference(1064, 0.0, -0.01, 0.01)


def test_a_shift_at_equal_accuracy_is_anchored():
    assert anchored(SHIFT, SAME, tolerance=0.05)


@pytest.mark.parametrize(
    ("confidence", "accuracy"),
    [
        (MeanDifference(1200, 0.08, 0.04, 0.12), SAME),
        (MeanDifference(1200, -0.15, -0.16, -0.14), SAME),
        (SHIFT, MeanDifference(40, 0.0, -0.1, 0.1)),
        (SHIFT, MeanDifference(1064, 0.12, 0.10, 0.14)),
        (SHIFT, None),
        (None, SAME),
    ],
    ids=["not beyond", "less, not more", "accuracy unclear", "more right", "no labels", "no pairs"],
)
def test_anything_less_is_not(confidence, accuracy):
    assert not anchored(confidence, accuracy, tolerance=0.05)


def test_where_asking_changes_nothing_few_are_called_anchored():
    rng = np.random.default_rng(2)
    # At the very edge of the tolerance; inside it there would be fewer.
    found = [
        anchored(
            paired_difference(Moments.of(rng.normal(0.05, 0.2, 100).clip(-1, 1))),
            paired_difference(Moments.of(np.zeros(300))),
            tolerance=0.05,
        )
        for _ in range(400)
    ]
    # 2.5 % of 400 are 10; 19 has a chance of under 1 %.
    assert sum(found) <= 19
