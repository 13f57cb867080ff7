"""Intervals against scipy's own, simulated coverage, and published sample sizes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from core.measure.cells import InputSums
from core.measure.intervals import (
    clopper_pearson,
    cluster_variance,
    effective_n,
    gap_interval,
    kish_n,
    labels_needed,
    minimum_detectable_gap,
    wilson,
)

COUNTS = [(0, 1), (1, 1), (0, 40), (40, 40), (3, 10), (757, 1000), (999_999, 1_000_000)]


def input_sums(r, m):
    """Sums of one unit from its inputs' residuals and claim counts."""
    r, m = np.asarray(r, float), np.asarray(m, float)
    return InputSums(
        np.array([len(r)]),
        np.array([(r * r).sum()]),
        np.array([(r * m).sum()]),
        np.array([(m * m).sum()]),
        np.array([m.max()]),
    )


@pytest.mark.parametrize(("s", "n"), COUNTS)
@pytest.mark.parametrize("alpha", [0.05, 0.001])
@pytest.mark.parametrize(("ours", "method"), [(clopper_pearson, "exact"), (wilson, "wilson")])
def test_proportion_intervals_equal_scipys(ours, method, s, n, alpha):
    witness = stats.binomtest(s, n).proportion_ci(1 - alpha, method)
    assert ours(s, n, alpha) == pytest.approx((witness.low, witness.high), abs=1e-9)


@pytest.mark.parametrize("interval", [clopper_pearson, wilson])
def test_no_trial_gives_no_interval(interval):
    low, high = interval([0, 1], [0, 2], 0.05)
    assert np.isnan([low[0], high[0]]).all()
    assert not np.isnan([low[1], high[1]]).any()


@given(st.integers(0, 50), st.integers(0, 50), st.floats(0, 1))
def test_the_gap_lies_in_its_interval(right, wrong, confidence):
    n = right + wrong
    low, high = gap_interval(confidence, right, n, 0.05)
    if n == 0:
        assert np.isnan(low)
    else:
        assert low - 1e-12 <= confidence - right / n <= high + 1e-12


def test_the_gap_of_unlike_confidences_is_covered_at_least_as_often_as_promised():
    rng = np.random.default_rng(3)
    v = np.repeat([0.3, 0.7, 0.9, 0.99], 15)
    s = (rng.random((4000, len(v))) < v).sum(axis=1)
    low, high = gap_interval(v.mean(), s, len(v), 0.05)
    assert np.mean((low <= 0) & (high >= 0)) >= 0.95


def test_the_gap_interval_of_repeated_inputs_is_the_cluster_formula():
    # By hand: r = (2, −1, 0, 1), m = 2 each, so N = 8, gap = 2/8, deviations r − ½ are
    # (1.5, −1.5, −.5, .5), squares sum to 5; variance 4/3·5; t(3) at 97.5 % is 3.182446.
    inputs = input_sums([2, -1, 0, 1], [2, 2, 2, 2])
    assert cluster_variance(2.0, 8, inputs) == pytest.approx(20 / 3)
    half = 3.182446 * np.sqrt(20 / 3) / 8
    low, high = gap_interval(0.75, 4, 8, 0.05, inputs)
    assert (low[0], high[0]) == pytest.approx((0.25 - half, 1.0))


def test_repeated_inputs_are_covered_where_claims_taken_as_independent_would_not_be():
    rng = np.random.default_rng(5)
    inputs, repeats, runs = 300, 6, 1000
    right = np.repeat(rng.random((runs, inputs)) < 0.8, repeats).reshape(runs, inputs, repeats)
    flipped = rng.random(right.shape) < 0.1
    y = np.where(flipped, rng.random(right.shape) < 0.8, right)
    r = (0.8 - y).sum(axis=2)
    n, s = inputs * repeats, y.sum(axis=(1, 2))
    sums = InputSums(
        np.full(runs, inputs),
        (r * r).sum(axis=1),
        (r * repeats).sum(axis=1),
        np.full(runs, float(inputs * repeats**2)),
        np.full(runs, float(repeats)),
    )
    low, high = gap_interval(0.8, s, n, 0.05, sums)
    assert np.mean((low <= 0) & (high >= 0)) == pytest.approx(0.95, abs=0.02)
    low, high = gap_interval(0.8, s, n, 0.05)
    assert np.mean((low <= 0) & (high >= 0)) < 0.8


@pytest.mark.parametrize("alpha", [0.05, 0.001])
@pytest.mark.parametrize("accuracy", [0.5, 0.9, 0.95, 0.99])
def test_rare_failures_of_repeated_inputs_are_covered_far_out_too(accuracy, alpha):
    # Two hundred inputs of three claims that stand or fall together; over every possible count.
    k = np.arange(201)
    right, wrong = 3 * (accuracy - 1), 3 * accuracy
    sums = InputSums(
        np.full(201, 200),
        k * right**2 + (200 - k) * wrong**2,
        3 * (k * right + (200 - k) * wrong),
        np.full(201, 1800.0),
        np.full(201, 3.0),
    )
    low, high = gap_interval(accuracy, 3 * k, 600, alpha, sums)
    missed = stats.binom.pmf(k, 200, accuracy)[(low > 0) | (high < 0)].sum()
    assert missed <= alpha


def test_inputs_that_do_not_repeat_are_treated_as_independent_claims():
    inputs = input_sums([0.2, 0.2, -0.8], [1, 1, 1])
    assert gap_interval(0.8, 2, 3, 0.05, inputs) == pytest.approx(gap_interval(0.8, 2, 3, 0.05))


def test_several_claims_on_one_single_input_have_no_interval():
    low, high = gap_interval(0.8, 2, 3, 0.05, input_sums([0.4], [3]))
    assert np.isnan([low, high]).all()


def test_inputs_that_happen_to_agree_do_not_look_certain():
    # Ten inputs, three right claims each at .9: no observed spread. As ten trials, the accuracy
    # could be as low as .69 (Clopper–Pearson of 10 in 10: .025^(1/10)).
    low, high = gap_interval(0.9, 30, 30, 0.05, input_sums([-0.3] * 10, [3] * 10))
    assert low[0] == pytest.approx(-0.1)
    assert high[0] == pytest.approx(0.9 - 0.025 ** (1 / 10))


def test_effective_n_is_the_number_of_inputs_when_their_claims_fall_together():
    # Forty inputs of five claims at .5, half of them all right, half all wrong.
    r = np.repeat([-2.5, 2.5], 20)
    inputs = input_sums(r, np.full(40, 5))
    assert effective_n(0.5, 100, 200, inputs)[0] == pytest.approx(40, rel=0.03)
    assert kish_n(200, inputs)[0] == 40


def test_effective_n_is_never_more_than_the_labels():
    # Each input one right and one wrong claim: perfectly balanced, but still only 20 labels.
    assert effective_n(0.5, 10, 20, input_sums([0.0] * 10, [2] * 10))[0] == 20
    assert effective_n(0.5, 10, 20) == 20


@pytest.mark.parametrize(("gap", "labels"), [(0.10, 114), (0.05, 430), (0.02, 2581)])
def test_published_sample_sizes_near_confidence_085(gap, labels):
    assert labels_needed(0.85, gap) == labels


@given(st.floats(0.05, 0.999), st.integers(1, 1_000_000))
def test_the_minimum_detectable_gap_solves_its_own_equation(c, n):
    g = float(minimum_detectable_gap(c, n))
    if np.isnan(g):
        assert stats.norm.isf(0.025) * np.sqrt(c * (1 - c)) > c * np.sqrt(n)
        return
    assert 0 < g <= c
    wanted = stats.norm.isf(0.025) * np.sqrt(c * (1 - c))
    wanted += stats.norm.ppf(0.8) * np.sqrt((c - g) * (1 - c + g))
    assert g * np.sqrt(n) == pytest.approx(wanted, rel=1e-5)


@given(st.floats(0.5, 0.99), st.floats(0.01, 0.4))
def test_labels_needed_and_minimum_detectable_gap_are_inverse(c, gap):
    labels = float(labels_needed(c, gap))
    if labels > 5:
        assert minimum_detectable_gap(c, labels) <= gap + 1e-9
        assert minimum_detectable_gap(c, labels - 1) > gap


def test_a_simulated_test_sees_the_minimum_detectable_gap_four_times_in_five():
    c, n = 0.9, 400
    g = float(minimum_detectable_gap(c, n))
    s = np.random.default_rng(11).binomial(n, c - g, 40_000)
    seen = np.abs(c * n - s) / np.sqrt(n * c * (1 - c)) > 1.96
    assert seen.mean() == pytest.approx(0.8, abs=0.02)


def test_what_no_number_of_labels_can_show_is_nan_and_no_gap_takes_infinitely_many():
    assert np.isnan(labels_needed(0.05, 0.1))
    assert np.isnan(minimum_detectable_gap(0.05, 4))
    assert np.isnan(minimum_detectable_gap(0.85, 0))
    assert np.isinf(labels_needed(0.85, 0.0))


def test_an_underconfident_gap_needs_labels_too():
    # By symmetry: confidence .3 with accuracy .4 is confidence .7 with accuracy .6.
    assert labels_needed(0.3, -0.1) == labels_needed(0.7, 0.1)
