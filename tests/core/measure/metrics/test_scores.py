"""Scores: hand-worked cases, laws that hold for any cells, and known defects of the field."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from core.measure.cells.cells import Cells
from core.measure.metrics.scores import (
    NoValue,
    auroc,
    brier,
    ece,
    ece_debiased_l2,
    labelled,
    log_loss,
    n_exact_0_or_1,
)
from tests.worlds.claims.cells import cells

EVERY_SCORE = [ece, ece_debiased_l2, brier, log_loss, auroc]


@st.composite
def any_cells(draw, most=12):
    """Cells with confidences of up to six decimals, ends included, and some value unlabelled."""
    millionths = draw(st.sets(st.integers(0, 1_000_000), min_size=1, max_size=most))
    v = np.array(sorted(millionths)) / 1e6
    n = np.array(draw(st.lists(st.integers(0, 30), min_size=v.size, max_size=v.size)))
    n[draw(st.integers(0, v.size - 1))] += 1
    s = np.array([draw(st.integers(0, int(count))) for count in n])
    return Cells(v, n + 1, n, s)


def claims(group):
    """The single claims of cells, as confidences and outcomes."""
    v = np.repeat(group.v, group.n)
    y = np.concatenate([np.arange(n) < s for n, s in zip(group.n, group.s, strict=True)])
    return v, y.astype(int)


# --- what every score has in common -----------------------------------------------------------


@pytest.mark.parametrize("score", EVERY_SCORE)
def test_without_labels_a_score_says_so_instead_of_giving_a_number(score):
    unlabelled = Cells(np.array([0.5, 0.9]), np.array([3, 4]), np.zeros(2, int), np.zeros(2, int))
    answer = score(unlabelled)
    assert isinstance(answer, NoValue)
    assert answer.reason == "no labelled claims"
    assert not answer


@pytest.mark.parametrize("score", EVERY_SCORE)
def test_values_that_wait_for_their_labels_do_not_enter(score):
    known = cells([0.6, 0.9], [10, 20], [7, 15])
    waiting = Cells(
        np.array([0.1, 0.6, 0.9]), np.array([50, 10, 20]), np.array([0, 10, 20]),
        np.array([0, 7, 15]),
    )  # fmt: skip
    assert score(waiting) == score(known)


@pytest.mark.parametrize("score", EVERY_SCORE)
def test_the_order_of_rows_never_matters(score, of_claims):
    rng = np.random.default_rng(1)
    v = rng.choice([0.0, 0.3, 0.5, 0.9, 1.0], 400)
    y = rng.integers(0, 2, 400)
    by_label, shuffled = np.argsort(y), rng.permutation(400)
    assert score(of_claims(v[by_label], y[by_label])) == score(of_claims(v[shuffled], y[shuffled]))


@given(any_cells(), st.integers(2, 5))
def test_scaling_every_count_leaves_averages_unchanged(group, times):
    more = Cells(group.v, times * group.n_claims, times * group.n, times * group.s)
    for score in (ece, brier, log_loss):
        assert score(more) == pytest.approx(score(group), abs=1e-12)


@given(any_cells())
def test_detail_per_input_changes_nothing_when_each_claim_has_its_own_input(of_claims, group):
    v, y = claims(group)
    alone, detailed = of_claims(v, y), of_claims(v, y, np.arange(v.size))
    assert labelled(detailed).inputs is None
    for score in EVERY_SCORE:
        assert score(detailed) == score(alone)


# --- expected calibration error ---------------------------------------------------------------


def test_ece_weights_the_gap_of_each_bin_by_its_claims():
    # (0.5, 0.6]: 10 claims claim 5.5 + 0.0, get 4; (0.8, 0.9]: 30 claim 27, get 21.
    group = cells([0.55, 0.9], [10, 30], [4, 21])
    assert ece(group) == pytest.approx((1.5 + 6) / 40, abs=1e-15)


def test_opposite_gaps_cancel_within_a_bin():
    group = cells([0.82, 0.88], [50, 50], [44, 41])
    assert ece(group) == pytest.approx(0, abs=1e-15)


def test_claims_of_exactly_zero_and_exactly_one_are_not_dropped_from_ece():
    assert ece(cells([0.0, 1.0], [1, 1], [1, 0])) == 1.0
    assert ece(cells([0.0, 1.0], [5, 5], [0, 5])) == 0.0


def test_a_confidence_on_an_edge_belongs_to_the_bin_below():
    # 0.1 shares the bin of 0.05, where +0.05 and −0.05 cancel; it would not share (0.1, 0.2].
    assert ece(cells([0.05, 0.1], [20, 20], [2, 1])) == pytest.approx(0, abs=1e-15)
    assert ece(cells([0.1, 0.15], [20, 20], [1, 4])) == pytest.approx(0.05, abs=1e-15)


def test_a_sum_of_floats_falls_in_the_bin_of_the_number_it_means():
    assert 0.1 + 0.2 != 0.3
    for v in (0.3, 0.1 + 0.2):
        # With 0.25 in (0.2, 0.3] the two gaps of ±0.1 cancel.
        assert ece(cells([0.25, v], [20, 20], [7, 4])) == pytest.approx(0, abs=1e-12)


@given(any_cells())
def test_ece_is_a_share(group):
    assert 0 <= ece(group) <= 1


def test_debiased_l2_takes_the_sampling_variance_off_each_bin():
    # One bin, m = 0.6, v = 0.9, n = 10: 0.09 − 0.24/9.
    assert ece_debiased_l2(cells([0.9], [10], [6])) == pytest.approx(math.sqrt(0.09 - 0.24 / 9))


def test_debiased_l2_is_zero_where_noise_explains_more_than_the_gap():
    assert ece_debiased_l2(cells([0.5], [10], [5])) == 0


def test_a_bin_with_one_claim_adds_nothing_to_debiased_l2():
    alone = ece_debiased_l2(cells([0.9], [10], [6]))
    both = ece_debiased_l2(cells([0.15, 0.9], [1, 10], [1, 6]))
    assert both == pytest.approx(alone * math.sqrt(10 / 11))


def test_debiased_l2_squared_is_unbiased_where_plain_l2_is_not():
    # All outcomes of 8 claims at a true probability of 0.7, claimed 0.85; no draw truncates the
    # mean, since the truncation is undone by squaring only the positive part.
    n, p, v = 8, 0.7, 0.85
    s = np.arange(n + 1)
    m = s / n
    weight = stats.binom.pmf(s, n, p)
    truncated = np.minimum(0, (m - v) ** 2 - m * (1 - m) / (n - 1))
    squares = [ece_debiased_l2(cells([v], [n], [k])) ** 2 for k in s]
    assert weight @ (squares + truncated) == pytest.approx((p - v) ** 2, abs=1e-14)
    assert weight @ (m - v) ** 2 == pytest.approx((p - v) ** 2 + p * (1 - p) / n, abs=1e-14)


# --- proper scores ----------------------------------------------------------------------------


def test_brier_by_hand():
    # 0.8: three right at 0.04, one wrong at 0.64; 0.0: one right at 1.
    assert brier(cells([0.0, 0.8], [1, 4], [1, 3])) == pytest.approx((0.12 + 0.64 + 1) / 5)


@given(any_cells())
def test_brier_is_a_mean_over_claims_and_not_their_sum(group):
    v, y = claims(group)
    assert brier(group) == pytest.approx(np.mean((v - y) ** 2), abs=1e-14)
    assert 0 <= brier(group) <= 1


def test_log_loss_of_a_coin_is_ln_two():
    assert log_loss(cells([0.5], [10], [3])) == pytest.approx(math.log(2))


def test_the_clip_decides_what_a_wrong_claim_of_certainty_costs():
    group = cells([0.5, 1.0], [9, 1], [5, 0])
    for clip in (1e-15, 1e-2):
        certain = -math.log(1 - (1 - clip))
        assert log_loss(group, clip) == pytest.approx((9 * math.log(2) + certain) / 10)


def test_claims_of_certainty_are_counted_at_both_ends_when_labelled():
    v, n = np.array([0.0, 0.5, 1.0]), np.array([3, 5, 4])
    assert n_exact_0_or_1(Cells(v, 2 * n, n, np.zeros(3, int))) == 7


# --- ranking ----------------------------------------------------------------------------------


def test_auroc_counts_pairs_with_ties_half():
    # Right at 0.9, 0.6; wrong at 0.6, 0.2: three pairs won, one tied.
    assert auroc(cells([0.2, 0.6, 0.9], [1, 2, 1], [0, 1, 1])).value == 3.5 / 4


@pytest.mark.parametrize("s", [0, 10])
def test_auroc_of_one_class_has_no_value_rather_than_one_half(s):
    answer = auroc(cells([0.5, 0.9], [5, 5], [s // 2, s // 2]))
    assert answer == NoValue("one class only")


@given(any_cells())
def test_auroc_lies_in_the_unit_interval_and_mirrors_when_outcomes_flip(group):
    answer = auroc(group)
    if answer:
        flipped = Cells(group.v, group.n_claims, group.n, group.n - group.s)
        assert 0 <= answer.value <= 1
        assert auroc(flipped).value == pytest.approx(1 - answer.value, abs=1e-14)


@given(any_cells(most=5))
def test_delong_standard_error_equals_its_definition_over_single_claims(group):
    answer = auroc(group)
    v, y = claims(group)
    right, wrong = v[y == 1], v[y == 0]
    if min(right.size, wrong.size) < 2:
        assert not answer or isinstance(answer.standard_error, NoValue)
        return
    won = (right[:, None] > wrong) + 0.5 * (right[:, None] == wrong)
    variance = won.mean(1).var(ddof=1) / right.size + won.mean(0).var(ddof=1) / wrong.size
    assert answer.standard_error == pytest.approx(math.sqrt(variance), abs=1e-12)


def test_copies_of_one_input_do_not_shrink_the_standard_error_of_auroc(of_claims):
    rng = np.random.default_rng(3)
    v = rng.choice([0.5, 0.7, 0.8, 0.9], 400)
    y = (rng.random(400) < v).astype(int)
    once = auroc(of_claims(v, y)).standard_error
    copies = auroc(of_claims(np.tile(v, 3), np.tile(y, 3), np.tile(np.arange(400), 3)))
    assert copies.standard_error == pytest.approx(once, rel=0.01)
