"""Whether labels may speak for all claims: what speaks against it, and what settles it anyway."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from core.measure.metrics.label_bias import PropensitySums, escalated_only
from core.measure.verdicts.label_reach import (
    BAND,
    MINIMUM_CLAIMS,
    early_labels,
    label_reach,
    most_uneven,
    most_uneven_band,
    p_of_difference,
    uneven_within,
    weighted_gaps,
)


def uneven(n_claims, n, **options):
    values = [f"v{i}" for i in range(len(n))]
    return most_uneven("topic", values, np.array(n_claims), np.array(n), **options)


def reach(**options):
    known = {"n_claims": 1000, "n": 500, "gap_if_right": -0.2, "gap_if_wrong": 0.3}
    return label_reach(**{**known, "tolerance": 0.05, **options})


# Uneven coverage.


def test_the_value_whose_coverage_differs_most_is_named_with_its_counts():
    found = uneven([1000, 1000, 1000], [500, 510, 100])
    assert (found.dimension, found.value) == ("topic", "v2")
    assert (found.n, found.n_claims, found.others_n, found.others_claims) == (100, 1000, 1010, 2000)
    assert found.p_value < 1e-6


def test_even_coverage_is_not_uneven():
    assert uneven([1000, 1000, 1000], [500, 510, 495]) is None


def test_a_sure_difference_that_hardly_matters_is_passed_over():
    assert uneven([100_000, 100_000], [50_000, 52_000]) is None


def test_twice_the_coverage_matters_however_low_both_are():
    assert uneven([10_000, 10_000], [100, 300]).value == "v0"


def test_a_difference_that_chance_would_show_is_passed_over():
    assert uneven([40, 40], [20, 25]) is None


def test_fewer_than_thirty_claims_are_not_compared():
    assert uneven([MINIMUM_CLAIMS - 1, 1000], [0, 900]) is None
    assert uneven([MINIMUM_CLAIMS, 1000], [0, 900]).value == "v0"


def test_many_values_are_corrected_for():
    # Of two values the difference is sure enough; of forty, one such is to be expected.
    pair = uneven([60, 600], [18, 310])
    many = uneven([60] + [600] * 39, [18] + [310] * 39)
    assert pair is not None
    assert many is None


def test_repeated_inputs_count_for_less():
    assert uneven([60, 600], [18, 310]) is not None
    assert uneven([60, 600], [18, 310], effect=4.0) is None


def test_only_less_labelled_values_count_where_asked():
    assert uneven([1000, 1000], [500, 900], less_only=True).value == "v0"
    assert uneven([1000, 3000], [900, 1500], less_only=True, only=0) is None


def test_the_highest_band_goes_first_though_another_is_further_off():
    claims, n = np.array([1000, 1000, 1000]), np.array([950, 500, 350])
    found = most_uneven_band(["low", "mid", "top"], claims, n)
    assert (found.dimension, found.value) == (BAND, "top")
    assert most_uneven_band([], np.array([], int), np.array([], int)) is None


def test_p_of_difference_is_the_pooled_z_test():
    # 30 of 100 against 45 of 100: z = .15 / √(.375 · .625 · .02) = 2.1909.
    assert p_of_difference((30, 45), (100, 100)) == pytest.approx(0.02846, abs=1e-4)
    assert p_of_difference((30, 45), (100, 100), -0.15) == pytest.approx(1)
    assert p_of_difference((0, 0), (100, 100)) == 1.0


# Early labels.


def early(n, s, sv):
    return early_labels((7, 30), np.array(n), np.array(s), np.array(sv))


def test_early_labels_unlike_the_later_ones_are_told_with_both_gaps():
    found = early([200, 1000], [60, 800], [160.0, 800.0])
    assert (found.days, found.final_days) == (7, 30)
    assert (found.gap, found.n) == (pytest.approx(0.5), 200)
    assert (found.final_gap, found.final_n) == (pytest.approx(0.0), 1000)
    assert found.p_value < 1e-6


def test_early_labels_like_the_later_ones_are_no_sign():
    assert early([200, 1000], [160, 800], [160.0, 800.0]) is None


def test_early_labels_of_lower_confidences_that_are_right_less_often_are_no_sign():
    assert early([200, 1000], [120, 800], [120.0, 800.0]) is None


def test_a_handful_of_early_labels_is_not_compared():
    assert early([MINIMUM_CLAIMS - 1, 1000], [0, 800], [25.0, 800.0]) is None


# For whom they speak.


ESCALATED = escalated_only({"automate": (900, 0), "escalate": (100, 90)})


@pytest.mark.parametrize(
    "against",
    [
        {"uneven": uneven([1000, 1000], [100, 900])},
        {"escalated": ESCALATED},
        {"by_chance": True},
        {"early": early([200, 1000], [60, 800], [160.0, 800.0])},
    ],
    ids=lambda against: next(iter(against)),
)
def test_one_sign_of_a_choice_lets_labels_speak_for_the_labelled_only(against):
    assert reach(**against).speaks_for == "labelled"


def test_without_a_sign_of_a_choice_they_speak_for_all():
    assert reach().speaks_for == "all"
    even = escalated_only({"automate": (900, 800), "escalate": (100, 90)})
    assert reach(escalated=even).escalated is None
    assert reach(escalated=even).speaks_for == "all"


@pytest.mark.parametrize(
    ("low", "high"), [(0.06, 0.3), (-0.3, -0.06), (-0.05, 0.05)], ids=["above", "below", "within"]
)
def test_bounds_on_one_side_of_the_tolerance_settle_it_however_labels_were_chosen(low, high):
    assert reach(gap_if_right=low, gap_if_wrong=high, by_chance=True).speaks_for == "all"


def test_bounds_of_the_old_do_not_make_up_for_first_labels_of_the_young_that_mislead():
    mislead = early([200, 1000], [60, 800], [160.0, 800.0])
    found = reach(gap_if_right=-0.01, gap_if_wrong=0.01, early=mislead)
    assert found.speaks_for == "labelled"


def test_bounds_that_touch_both_sides_do_not():
    assert reach(gap_if_right=0.04, gap_if_wrong=0.3, by_chance=True).speaks_for == "labelled"


def test_without_a_label_there_is_nothing_to_take_away():
    assert reach(n=0, by_chance=True).speaks_for == "all"


# Uneven coverage within groups, each too small to show it.
def within(n_claims, n, **options):
    values = [f"v{i}" for i in range(np.shape(n)[1])]
    return uneven_within("topic", values, np.array(n_claims), np.array(n), **options)


def test_small_groups_show_together_what_none_shows_by_itself():
    n_claims, n = [[20, 20]] * 10, [[6, 14]] * 10
    assert uneven(n_claims[0], n[0]) is None
    found, may = within(n_claims, n)
    assert (found.n, found.n_claims, found.others_n, found.others_claims) == (60, 200, 140, 200)
    assert found.within
    assert may.all()


def test_its_p_value_is_that_of_hypergeometric_counts_in_each_group():
    n_claims, n = [[20, 30], [25, 15], [40, 40]], [[6, 21], [5, 9], [12, 25]]
    found, _ = within(n_claims, n)
    drawn = [
        stats.hypergeom(sum(claims), claims[0], sum(labelled))
        for claims, labelled in zip(n_claims, n, strict=True)
    ]
    moved = sum(one[0] for one in n) - sum(one.mean() for one in drawn)
    z = moved / np.sqrt(sum(one.var() for one in drawn))
    assert found.p_value == pytest.approx(2 * 2 * stats.norm.sf(abs(z)))


def test_groups_that_differ_in_coverage_and_confidence_alone_show_nothing():
    n_claims, n = [[160, 40], [40, 160]], [[128, 32], [8, 32]]
    assert uneven(np.sum(n_claims, axis=0), np.sum(n, axis=0)) is not None
    assert within(n_claims, n) is None


def test_a_group_whose_own_labels_rule_it_out_is_not_held_by_the_others():
    _, may = within([[20, 20]] * 40 + [[300, 300]], [[5, 15]] * 40 + [[150, 150]])
    assert may.tolist() == [True] * 40 + [False]


def test_a_group_with_one_value_only_has_nothing_to_compare():
    _, may = within([[20, 20]] * 10 + [[20, 0]], [[6, 14]] * 10 + [[20, 0]])
    assert may.tolist() == [True] * 10 + [False]


def test_honest_groups_seldom_show_together_what_is_not_there():
    rng = np.random.default_rng(11)
    n_claims = rng.integers(5, 40, (500, 12, 3))
    coverage = rng.uniform(0.1, 0.9, (500, 12, 1))
    n = rng.binomial(n_claims, coverage)
    shown = sum(within(a, b) is not None for a, b in zip(n_claims, n, strict=True))
    assert shown <= 10


# The gap by logged chances.
def sums_of(n_labelled=200, n_capped=0):
    one = {name: np.array([value]) for name, value in PROPENSITIES.items()}
    return PropensitySums(n_labelled=np.array([n_labelled]), n_capped=np.array([n_capped]), **one)


#: Two hundred inputs of weight two, said 80 %, of which 150 are right.
PROPENSITIES = {
    **{"n": 200, "inputs": 200, "w": 400.0, "wy": 300.0, "wr": 20.0, "ww": 800.0},
    **{"ww_y": 600.0, "yy": 600.0, "ww_r": 40.0, "rr": 4 * (150 * 0.04 + 50 * 0.64)},
}


def test_the_weighted_gap_is_that_of_the_sums():
    (one,) = weighted_gaps(sums_of())
    assert one.gap == pytest.approx(0.05)
    assert one.low < 0.05 < one.high


@pytest.mark.parametrize("short", [{"n_labelled": 201}, {"n_capped": 1}])
def test_it_cannot_be_told_where_a_label_has_no_chance_or_counts_for_too_little(short):
    assert weighted_gaps(sums_of(**short)) == (None,)
