"""The high-confidence band's one-sided test, exact and beyond."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from core.measure.metrics import high_band as overconfidence
from core.measure.metrics.high_band import failures_sf, overconfidence_p_value
from core.measure.metrics.scores import NoValue
from tests.worlds.claims.cells import cells


def test_one_value_is_the_binomial_tail():
    p = overconfidence_p_value(cells([0.95], [40], [34]), 0.9)
    assert p == pytest.approx(stats.binom.cdf(34, 40, 0.95), rel=1e-12)


def test_a_few_claims_by_enumeration():
    v = [0.9, 0.9, 0.95, 0.99]
    p = sum(
        math.prod(one if y else 1 - one for one, y in zip(v, ys, strict=True))
        for ys in itertools.product((0, 1), repeat=4)
        if sum(ys) <= 2
    )
    group = cells([0.9, 0.95, 0.99], [2, 1, 1], [1, 0, 1])
    assert overconfidence_p_value(group, 0.9) == pytest.approx(p, rel=1e-13)


@given(
    st.lists(st.integers(900_000, 1_000_000), min_size=1, max_size=8, unique=True),
    st.integers(0, 2**32),
)
def test_the_tail_is_scipy_s_poisson_binomial(millionths, seed):
    rng = np.random.default_rng(seed)
    v = np.sort(millionths) / 1e6
    n = rng.integers(1, 30, v.size)
    s = rng.binomial(n, np.clip(v - 0.05, 0, 1))
    expected = stats.poisson_binom.cdf(s.sum(), np.repeat(v, n))
    assert overconfidence_p_value(cells(v, n, s), 0.9) == pytest.approx(expected, abs=1e-12)


def test_far_in_the_tail_the_p_value_stays_exact_to_many_digits():
    p = overconfidence_p_value(cells([0.95], [1000], [700]), 0.9)
    assert p == pytest.approx(stats.binom.cdf(700, 1000, 0.95), rel=1e-9)
    assert p < 1e-100


def test_only_claims_at_or_above_the_edge_count():
    inside = overconfidence_p_value(cells([0.9, 0.95], [20, 20], [16, 18]), 0.9)
    more = overconfidence_p_value(cells([0.5, 0.899999, 0.9, 0.95], [99, 9, 20, 20],
                                        [0, 0, 16, 18]), 0.9)  # fmt: skip
    assert more == inside


def test_a_band_without_labels_says_which_band():
    answer = overconfidence_p_value(cells([0.5], [9], [4]), 0.85)
    assert answer == NoValue("no labelled claim at or above 0.85")


def test_no_failure_at_all_is_no_evidence():
    assert overconfidence_p_value(cells([0.9, 1.0], [20, 20], [20, 20]), 0.9) == 1


def test_one_failure_of_certainty_alone_refutes_it():
    assert overconfidence_p_value(cells([1.0], [20], [19]), 0.9) == 0


def test_the_saddlepoint_agrees_with_the_exact_tail_to_a_thousandth(monkeypatch):
    n, q = np.array([500, 500, 1000]), np.array([0.1, 0.05, 0.12])
    failed = [1, 100, 150, 190, 194, 195, 196, 200, 250, 400, 1000, 1999]
    exact = [failures_sf(n, q, f) for f in failed]
    monkeypatch.setattr(overconfidence, "EXACT_UP_TO", 0)
    assert [failures_sf(n, q, f) for f in failed] == pytest.approx(exact, rel=2e-3, abs=1e-300)


def test_calibrated_bands_are_seldom_called_overconfident():
    rng = np.random.default_rng(3)
    v, n = np.array([0.9, 0.95, 0.98]), np.array([40, 60, 30])
    p = [overconfidence_p_value(cells(v, n, rng.binomial(n, v)), 0.9) for _ in range(1500)]
    assert np.mean(np.array(p) <= 0.05) <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 1500)


def test_copies_of_one_input_are_not_more_evidence(of_claims):
    rng = np.random.default_rng(4)
    v = rng.choice([0.9, 0.95], 200)
    y = (rng.random(200) < v - 0.04).astype(int)
    once = overconfidence_p_value(of_claims(v, y), 0.9)
    five = of_claims(np.tile(v, 5), np.tile(y, 5), np.tile(np.arange(200), 5))
    careless = overconfidence_p_value(of_claims(np.tile(v, 5), np.tile(y, 5)), 0.9)
    assert careless < once / 10
    assert once <= overconfidence_p_value(five, 0.9) < 0.005


def test_over_inputs_the_p_value_is_a_t_test_of_input_means_when_inputs_are_alike(of_claims):
    rng = np.random.default_rng(5)
    y = (rng.random((40, 3)) < rng.beta(8, 2, 40)[:, None]).astype(int)
    group = of_claims(np.full(120, 0.95), y.ravel(), np.repeat(np.arange(40), 3))
    expected = stats.ttest_1samp(y.mean(axis=1), 0.95, alternative="less").pvalue
    assert overconfidence_p_value(group, 0.9) == pytest.approx(expected, rel=1e-9)


def test_inputs_that_happen_to_agree_are_not_more_certain_than_independent_claims(of_claims):
    # Ten inputs, each right four times in six (one of them five in seven): means hardly differ.
    y = np.concatenate([np.tile([0, 1, 1, 1, 1, 0], 10), [1]])
    owner = np.concatenate([np.arange(60) // 6, [9]])
    v = np.full(61, 0.95)
    means = np.bincount(owner, y) / np.bincount(owner)
    independent = overconfidence_p_value(of_claims(v, y), 0.9)
    assert stats.ttest_1samp(means, 0.95, alternative="less").pvalue < independent / 10
    assert overconfidence_p_value(of_claims(v, y, owner), 0.9) == independent


def test_inputs_that_all_agree_leave_no_spread_to_test_against(of_claims):
    answer = overconfidence_p_value(of_claims([0.95] * 4, [0] * 4, [1, 1, 2, 2]), 0.9)
    assert isinstance(answer, NoValue)
    assert "do not differ" in answer.reason


def test_one_single_input_in_the_band_cannot_be_tested(of_claims):
    answer = overconfidence_p_value(of_claims([0.95, 0.95, 0.5], [0, 1, 1], [1, 1, 2]), 0.9)
    assert answer == NoValue("one input only in the band")
