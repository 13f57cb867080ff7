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
    aurc,
    auroc,
    brier,
    brownian_range_sf,
    ece,
    ece_debiased_l2,
    ece_equal_mass,
    ece_per_value,
    equal_mass_bins,
    kuiper,
    labelled,
    log_loss,
    murphy,
    n_exact_0_or_1,
    spiegelhalter,
)

EVERY_SCORE = [
    ece, ece_per_value, ece_equal_mass, ece_debiased_l2, brier, murphy, log_loss,
    spiegelhalter, kuiper, auroc, aurc,
]  # fmt: skip


def cells(v, n, s):
    v, n = np.asarray(v, float), np.asarray(n, int)
    return Cells(v, n, n, np.asarray(s, int))


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
    for score in (ece, ece_per_value, ece_equal_mass, brier, log_loss):
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


def test_opposite_gaps_cancel_within_a_bin_but_not_per_value():
    group = cells([0.82, 0.88], [50, 50], [44, 41])
    assert ece(group) == pytest.approx(0, abs=1e-15)
    assert ece_per_value(group) == pytest.approx(0.06, abs=1e-15)


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
def test_ece_is_a_share_and_never_above_ece_per_value(group):
    assert 0 <= ece(group) <= ece_per_value(group) + 1e-15
    assert ece_per_value(group) <= 1


def test_equal_mass_bins_without_ties_hold_the_same_number_of_claims():
    v = np.arange(1, 101) / 200
    bins = equal_mass_bins(cells(v, np.ones(100), np.zeros(100)))
    assert bins.tolist() == [i // 10 for i in range(100)]


def test_equal_mass_never_splits_a_tied_value():
    # 90 of 100 claims tie: one bin takes them all, the others stay empty or small.
    group = cells([0.2, 0.9, 0.95], [5, 90, 5], [1, 81, 5])
    assert equal_mass_bins(group).tolist() == [0, 5, 9]
    assert ece_equal_mass(group) == pytest.approx((0 + 0 + 0.25) / 100, abs=1e-15)


def test_equal_mass_ece_of_one_single_value_is_its_gap():
    assert ece_equal_mass(cells([0.9], [50], [40])) == pytest.approx(0.1, abs=1e-15)


@given(any_cells())
def test_equal_mass_bins_lie_in_order_and_in_range(group):
    bins = equal_mass_bins(group.labelled())
    assert (np.diff(bins) >= 0).all()
    assert bins.min() >= 0
    assert bins.max() <= 9


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


@given(any_cells())
def test_brier_is_reliability_minus_resolution_plus_uncertainty(group):
    parts = murphy(group)
    assert parts.rel - parts.res + parts.unc == pytest.approx(brier(group), abs=1e-14)
    assert min(parts) >= 0


def test_murphy_by_hand():
    # m = 0.5 and 1 at v = 0.4 and 0.9; p = 0.75.
    parts = murphy(cells([0.4, 0.9], [4, 4], [2, 4]))
    assert parts == pytest.approx((0.01, 0.0625, 0.1875))


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


# --- tests of calibration ---------------------------------------------------------------------


def test_spiegelhalter_by_hand():
    # (s − nv)(1 − 2v) = (70 − 80)(−0.6) = 6; variance 100 · 0.36 · 0.16 = 5.76.
    answer = spiegelhalter(cells([0.8], [100], [70]))
    assert answer.z == pytest.approx(2.5)
    assert answer.p == pytest.approx(2 * stats.norm.sf(2.5))


@given(any_cells())
def test_spiegelhalter_is_the_brier_score_against_what_calibration_promises(group):
    answer = spiegelhalter(group)
    promised = float(group.n @ (group.v * (1 - group.v))) / group.total
    if answer:
        assert np.sign(round(answer.z, 9)) == np.sign(round(brier(group) - promised, 12))


@pytest.mark.parametrize("v", [[0.5], [0.0, 1.0]])
def test_spiegelhalter_has_no_value_where_it_is_blind(v):
    n = np.full(len(v), 10)
    answer = spiegelhalter(cells(v, n, n // 2))
    assert isinstance(answer, NoValue)
    assert "no variance" in answer.reason


def test_copies_of_one_input_do_not_add_evidence_to_spiegelhalter(of_claims):
    rng = np.random.default_rng(5)
    v = rng.choice([0.6, 0.7, 0.9], 500)
    y = (rng.random(500) < v - 0.05).astype(int)
    once = of_claims(v, y)
    four = of_claims(np.tile(v, 4), np.tile(y, 4), np.tile(np.arange(500), 4))
    careless = of_claims(np.tile(v, 4), np.tile(y, 4))
    assert spiegelhalter(careless).z == pytest.approx(2 * spiegelhalter(once).z)
    # The per-input variance is estimated, so only near: here 500 inputs.
    assert spiegelhalter(four).z == pytest.approx(spiegelhalter(once).z, rel=0.1)


def test_ecce_is_the_largest_gap_over_any_interval_of_confidences():
    # Residual sums +2, −5, +1: the path runs 0, 2, −3, −2; its range is 5 of 30 claims.
    group = cells([0.2, 0.5, 0.9], [10, 10, 10], [4, 0, 10])
    assert kuiper(group).ecce == pytest.approx(5 / 30)
    assert kuiper(group).sigma == pytest.approx(math.sqrt(1.6 + 2.5 + 0.9) / 30)


@given(any_cells(most=6))
def test_ecce_by_brute_force_over_intervals(group):
    residual = group.s - group.n * group.v
    k = len(residual)
    worst = max(abs(residual[i:j].sum()) for i in range(k) for j in range(i + 1, k + 1))
    assert kuiper(group).ecce == pytest.approx(worst / group.total, abs=1e-12)


def test_a_calibrated_half_sorted_by_label_shows_no_ecce(of_claims):
    answer = kuiper(of_claims([0.5] * 1000, [0] * 500 + [1] * 500))
    assert (answer.ecce, answer.p) == (0, 1)


def test_both_series_of_the_range_of_brownian_motion_agree_where_they_meet():
    k = np.arange(1, 60)
    for x in np.linspace(0.8, 1.999, 20):
        feller = 8 * float((np.where(k % 2, k, -k) * stats.norm.sf(k * x)).sum())
        assert brownian_range_sf(float(x)) == pytest.approx(feller, abs=1e-13)


def test_the_range_of_brownian_motion_has_the_mean_feller_gives():
    # E R = 2√(2/π), Feller (1951), and E R = ∫ P(R > x) dx.
    x = np.linspace(0, 12, 24_001)
    mean = np.trapezoid([brownian_range_sf(float(one)) for one in x], x)
    assert mean == pytest.approx(2 * math.sqrt(2 / math.pi), abs=1e-6)


def test_kuiper_p_values_of_calibrated_claims_are_near_uniform_and_never_bold():
    rng = np.random.default_rng(11)
    v = np.linspace(0.01, 0.99, 99)
    n = np.full(99, 40)
    p = np.array([kuiper(Cells(v, n, n, rng.binomial(n, v))).p for _ in range(2000)])
    for level in (0.01, 0.05, 0.2):
        # Three binomial standard errors above the nominal size.
        assert np.mean(p <= level) <= level + 3 * math.sqrt(level / 2000)
    assert np.mean(p <= 0.2) > 0.12


def test_kuiper_has_no_p_value_where_inputs_repeat_or_all_is_certain(of_claims):
    repeated = kuiper(of_claims([0.6, 0.7, 0.6], [1, 0, 1], [1, 1, 2]))
    certain = kuiper(cells([0.0, 1.0], [5, 5], [1, 5]))
    assert "inputs repeat" in repeated.p.reason
    assert "scale is zero" in certain.p.reason
    assert certain.ecce == pytest.approx(0.1)


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


def test_aurc_by_hand_without_ties():
    # From the most confident: right, wrong, right, wrong → risks 0, 1/2, 1/3, 2/4.
    group = cells([0.6, 0.7, 0.8, 0.9], [1, 1, 1, 1], [0, 1, 0, 1])
    assert aurc(group) == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 2) / 4)


def test_aurc_of_one_tied_value_is_its_error_rate():
    assert aurc(cells([0.9], [553], [481])) == pytest.approx(72 / 553)


def test_aurc_is_the_mean_over_random_orders_of_553_tied_records(of_claims):
    rng = np.random.default_rng(9)
    v = np.concatenate([np.full(553, 0.9), rng.choice([0.6, 0.8, 0.95], 200)])
    y = (rng.random(753) < 0.8).astype(int)
    ours = aurc(of_claims(v, y))
    by_order = []
    for _ in range(4000):
        shuffled = rng.permutation(753)
        wrong = 1 - y[shuffled][np.argsort(-v[shuffled], kind="stable")]
        by_order.append(np.mean(np.cumsum(wrong) / np.arange(1, 754)))
    assert np.ptp(by_order) > 0.01
    assert ours == pytest.approx(np.mean(by_order), abs=4 * np.std(by_order) / math.sqrt(4000))
    assert aurc(of_claims(v[::-1], y[::-1])) == ours
