"""Intervals against scipy's own, simulated coverage, and published sample sizes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from core.measure.cells.cells import InputSums
from core.measure.metrics.intervals import (
    clopper_pearson,
    cluster_variance,
    effective_n,
    gap_interval,
    kish_n,
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


@pytest.mark.parametrize(
    ("c", "n", "gap", "beyond"),
    [
        # To be shown at all, and to be shown beyond a tolerance of five points.
        (1.0, 40, 0.0394, 0.190),
        (1.0, 100, 0.0160, 0.134),
        (0.99, 400, 0.0183, 0.089),
        (0.95, 100, 0.0840, 0.149),
        (0.9, 2000, 0.0199, 0.073),
    ],
)
def test_the_minimum_detectable_gap_is_exact_also_at_the_ends(c, n, gap, beyond):
    assert minimum_detectable_gap(c, n) == pytest.approx(gap, abs=6e-5)
    assert minimum_detectable_gap(c, n, tolerance=0.05) == pytest.approx(beyond, abs=6e-4)


@given(st.floats(0.02, 1.0), st.integers(1, 5000), st.sampled_from([0.0, 0.05]))
def test_with_the_minimum_detectable_gap_the_interval_shows_it_with_the_power(c, n, tolerance):
    g = float(minimum_detectable_gap(c, n, tolerance=tolerance))
    s = np.arange(n + 1)
    shown = gap_interval(c, s, n, 0.05)[0] > tolerance
    if np.isnan(g):
        assert not shown.any()
        return
    assert 0 < g <= c
    assert shown[: int(shown.sum())].all()
    assert stats.binom.cdf(shown.sum() - 1, n, c - g) == pytest.approx(0.8, abs=1e-6)


@given(st.floats(0.3, 1.0), st.integers(40, 3000), st.floats(0.05, 0.95))
def test_a_fractional_count_shows_about_what_its_neighbours_show(c, n, part):
    low, here, high = (float(minimum_detectable_gap(c, one)) for one in (n + 1, n + part, n))
    assert min(low, high) - 1.5 / n <= here <= max(low, high) + 1.5 / n


def test_what_no_number_of_labels_can_show_is_nan():
    assert np.isnan(minimum_detectable_gap(0.05, 4))
    assert np.isnan(minimum_detectable_gap(0.85, 0))
    assert np.isnan(minimum_detectable_gap(np.nan, 10))
    assert np.isnan(minimum_detectable_gap(0.04, 1000, tolerance=0.05))
