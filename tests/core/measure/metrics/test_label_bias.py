"""Missing labels: what they could hide, and how a logged sampling makes up for them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from core.measure.metrics.label_bias import (
    PropensitySums,
    bounds,
    escalated_only,
    inverse_propensity,
)

CLAIM = st.tuples(st.integers(0, 100).map(lambda k: k / 100), st.sampled_from([None, 0, 1]))


def propensity_sums(v, y, propensity, inputs=None, maximum=100.0) -> PropensitySums:
    """Sums of one group, claim by claim."""
    v, y, w = np.asarray(v, float), np.asarray(y, float), 1 / np.asarray(propensity, float)
    capped = w > maximum
    w = np.minimum(w, maximum)
    owner = np.arange(len(v)) if inputs is None else np.unique(inputs, return_inverse=True)[1]
    W, Y, R = (np.bincount(owner, weights=x) for x in (w, w * y, w * (v - y)))
    counts = [np.array([k]) for k in (len(v), len(v), int(capped.sum()), len(W))]
    totals = (W.sum(), Y.sum(), R.sum(), W @ W, W @ Y, Y @ Y, W @ R, R @ R)
    return PropensitySums(*counts, *(np.array([x]) for x in totals), maximum_weight=maximum)


# Bounds.


def test_bounds_of_a_hand_worked_group():
    # Ten claims at .8, six labelled, five of them right.
    found = bounds(10, 6, 5, 8.0)
    assert found.gap_if_wrong == pytest.approx(0.3)
    assert found.gap_if_right == pytest.approx(-0.1)


@given(st.lists(CLAIM, min_size=1, max_size=20), st.randoms(use_true_random=False))
def test_whatever_the_missing_labels_turn_out_to_be_they_lie_within_the_bounds(claims, random):
    labels = [y for _, y in claims if y is not None]
    sum_v = sum(v for v, _ in claims)
    found = bounds(len(claims), len(labels), sum(labels), sum_v)
    whole = [random.randint(0, 1) if y is None else y for _, y in claims]
    gap = sum_v / len(claims) - np.mean(whole)
    assert found.gap_if_right - 1e-9 <= gap <= found.gap_if_wrong + 1e-9


def test_the_bounds_are_as_wide_as_labels_are_missing():
    found = bounds([10, 10, 10], [10, 4, 0], [7, 2, 0], [9, 9, 9])
    np.testing.assert_allclose(found.gap_if_wrong - found.gap_if_right, [0, 0.6, 1])


def test_without_claims_there_is_nothing_to_bound():
    assert np.isnan(bounds([0], [0], [0], [0.0]).gap_if_wrong).all()


# Inverse propensity.


def test_a_hand_worked_estimate():
    # Two cases surely labelled, .9 wrong and .5 right, and one of two labelled: .9 right, w = 2.
    found = inverse_propensity(propensity_sums([0.9, 0.5, 0.9], [0, 1, 1], [1, 1, 0.5]))
    assert found.accuracy[0] == pytest.approx(3 / 4)
    assert found.gap[0] == pytest.approx((0.9 - 0.5 - 0.2) / 4)
    assert found.effective_n[0] == pytest.approx(16 / 6)


def test_equal_propensities_change_nothing():
    rng = np.random.default_rng(1)
    v = rng.integers(1, 100, 400) / 100
    y = (rng.random(400) < v).astype(int)
    found = inverse_propensity(propensity_sums(v, y, np.full(400, 0.1)))
    assert found.accuracy[0] == pytest.approx(y.mean())
    assert found.gap[0] == pytest.approx((v - y).mean())
    assert found.effective_n[0] == pytest.approx(400)
    # The linearised interval is Student's then; Clopper and Pearson's ends may lie further out.
    student = stats.ttest_1samp(y, 0).confidence_interval()
    exact = stats.binomtest(int(y.sum()), 400).proportion_ci()
    assert found.accuracy_low[0] == pytest.approx(min(student.low, exact.low))
    assert found.accuracy_high[0] == pytest.approx(max(student.high, exact.high))
    student = stats.ttest_1samp(v - y, 0).confidence_interval()
    assert found.gap_low[0] == pytest.approx(min(student.low, v.mean() - exact.high))
    assert found.gap_high[0] == pytest.approx(max(student.high, v.mean() - exact.low))


@given(
    st.lists(
        st.tuples(
            st.integers(0, 100).map(lambda k: k / 100),
            st.integers(0, 1),
            st.sampled_from([1.0, 0.5, 0.2, 0.05]),
        ),
        min_size=2,
        max_size=20,
    )
)
def test_estimates_are_weighted_means_inside_their_intervals(claims):
    v, y, p = (np.array(x) for x in zip(*claims, strict=True))
    found = inverse_propensity(propensity_sums(v, y, p))
    assert found.accuracy[0] == pytest.approx(np.average(y, weights=1 / p))
    assert found.gap[0] == pytest.approx(np.average(v - y, weights=1 / p))
    assert 0 <= found.accuracy_low[0] <= found.accuracy[0] + 1e-9
    assert found.accuracy[0] - 1e-9 <= found.accuracy_high[0] <= 1
    assert found.gap_low[0] - 1e-9 <= found.gap[0] <= found.gap_high[0] + 1e-9
    assert 1 - 1e-9 <= found.effective_n[0] <= len(v) + 1e-9


def test_answers_said_several_times_are_worth_what_they_are_worth_once():
    v, y, p = [0.9, 0.5, 0.9, 0.8], [0, 1, 1, 1], [1, 1, 0.5, 0.1]
    once = inverse_propensity(propensity_sums(v, y, p))
    copies = propensity_sums(v * 3, y * 3, p * 3, inputs=[0, 1, 2, 3] * 3)
    thrice = inverse_propensity(copies)
    assert (once.n[0], thrice.n[0]) == (4, 12)
    for name in ("effective_n", "accuracy", "accuracy_low", "accuracy_high", "gap_low", "gap_high"):
        np.testing.assert_allclose(getattr(once, name), getattr(thrice, name), atol=1e-12)


def test_labels_that_agree_are_not_certain():
    found = inverse_propensity(propensity_sums([0.9] * 10, [1] * 10, [0.5] * 10))
    assert found.accuracy[0] == 1
    assert found.accuracy_low[0] == pytest.approx(stats.binomtest(10, 10).proportion_ci().low)
    assert found.accuracy_high[0] == 1


def test_one_input_alone_has_no_interval_and_none_has_no_estimate():
    one = inverse_propensity(propensity_sums([0.9, 0.9], [1, 0], [1, 1], inputs=[0, 0]))
    assert one.accuracy[0] == pytest.approx(0.5)
    assert np.isnan([one.accuracy_low[0], one.accuracy_high[0], one.gap_low[0]]).all()
    none = inverse_propensity(propensity_sums([], [], []))
    assert none.effective_n[0] == 0
    assert np.isnan([none.accuracy[0], none.gap[0], none.gap_low[0]]).all()


def escalated_world(rng, size):
    """Calibrated claims of which the doubtful third are escalated, and less often right."""
    v = rng.choice([0.7, 0.8, 0.9], size)
    doubtful = rng.random(size) < 0.3
    # .3 · (v − .14) + .7 · (v + .06) = v: calibrated over all, and in neither part.
    y = rng.random(size) < np.where(doubtful, v - 0.14, v + 0.06)
    propensity = np.where(doubtful, 1.0, 0.1)
    return v, y.astype(int), propensity, rng.random(size) < propensity


def test_selective_labels_mislead_and_their_propensity_mends_it():
    rng = np.random.default_rng(2)
    held, naive, runs = 0, [], 400
    for _ in range(runs):
        v, y, propensity, known = escalated_world(rng, 1200)
        found = inverse_propensity(propensity_sums(v[known], y[known], propensity[known]))
        held += bool(found.gap_low[0] <= 0 <= found.gap_high[0])
        naive.append((v - y)[known].mean())
    # Labelled are .3 doubtful to .07 others: gap (.3·.14 − .07·.06)/.37 where the truth is 0.
    assert np.mean(naive) == pytest.approx(0.1022, abs=0.005)
    assert 0.92 < held / runs <= 0.99


def test_a_capped_weight_is_counted():
    found = inverse_propensity(propensity_sums([0.9, 0.9], [1, 0], [0.01, 1], maximum=50.0))
    assert found.n_capped[0] == 1
    assert found.maximum_weight == 50
    assert found.accuracy[0] == pytest.approx(50 / 51)


# Escalated cases only.


def test_labels_of_escalated_cases_alone_are_called_so():
    found = escalated_only({"automate": (4210, 12), "review": (300, 290), "escalate": (80, 71)})
    assert found
    assert found.automated == (4210, 12)
    assert found.others == (380, 361)
    assert found.reason == (
        "12 of 4,210 automated claims are labelled (under 1 %), "
        "and 361 of 380 reviewed or escalated ones (95 %)"
    )


@pytest.mark.parametrize(
    "coverage",
    [
        {"automate": (1000, 50), "review": (100, 100)},  # at the minimum
        {"automate": (1000, 0), "review": (100, 0)},  # nobody is labelled
        {"automate": (1000, 0)},
        {"review": (100, 100), "escalate": (10, 10)},
        {None: (1000, 100)},
        {},
    ],
)
def test_other_patterns_are_not(coverage):
    assert not escalated_only(coverage)


def test_the_minimum_can_be_declared():
    coverage = {"automate": (1000, 50), "escalate": (100, 100)}
    assert escalated_only(coverage, minimum=0.051)
    assert not escalated_only(coverage, minimum=0.05)


def test_without_actions_the_reason_says_what_is_lacking():
    assert escalated_only({None: (9, 9)}).reason == "no claim is logged as automated"
    lacking = escalated_only({"automate": (9, 0)})
    assert lacking.reason == "no claim is logged as reviewed or escalated"


def test_a_share_is_never_rounded_to_all_or_none():
    reason = escalated_only({"automate": (1000, 1), "review": (1000, 999)}).reason
    assert "(under 1 %)" in reason
    assert "(99 %)" in reason
    assert "(100 %)" in escalated_only({"automate": (9, 0), "review": (7, 7)}).reason
