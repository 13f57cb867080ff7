"""Drift: the exact split of a changed Brier score, and label-free distances beside their noise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from core.measure.cells.cells import Cells
from core.measure.metrics.scores import NoValue, brier
from core.measure.monitoring.brier_decomposition import (
    BrierSplit,
    SegmentSplit,
    brier_scores,
    brier_split,
    brier_split_by_segment,
    brier_sums,
    population_stability,
    wasserstein,
)

CLAIM = st.tuples(st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.9, 0.999999, 1.0]), st.integers(0, 1))
CLAIMS = st.lists(CLAIM, min_size=1, max_size=25)
COUNTS = st.lists(st.integers(0, 40), min_size=1, max_size=8)
EXACT = {"rel": 1e-12, "abs": 1e-12}


def split_of(before: Cells, after: Cells, **options: float) -> BrierSplit:
    split = brier_split(before, after, **options)
    assert isinstance(split, BrierSplit)
    return split


def stated(v, n_claims) -> Cells:
    """Claims without any label."""
    none = np.zeros(len(v), dtype=int)
    return Cells(np.array(v, float), np.array(n_claims), none, none)


# The Brier score and its parts.


def test_a_hand_worked_split(of_claims):
    # .8 right and wrong: Brier (.04 + .64)/2 = .34 = .16 foretold + .18.
    # .5 right and wrong: Brier .25, all of it foretold.
    split = split_of(of_claims([0.8, 0.8], [1, 0]), of_claims([0.5, 0.5], [1, 0]))
    assert split.before == pytest.approx(0.34)
    assert split.after == pytest.approx(0.25)
    assert split.change.value == pytest.approx(-0.09)
    assert split.foretold.value == pytest.approx(0.09)
    assert split.decalibration.value == pytest.approx(-0.18)


@given(CLAIMS, CLAIMS)
def test_change_is_what_was_foretold_plus_decalibration(of_claims, before, after):
    windows = [of_claims(*zip(*claims, strict=True)) for claims in (before, after)]
    split = split_of(*windows)
    parts = split.foretold.value + split.decalibration.value
    assert split.change.value == pytest.approx(parts, abs=1e-12)
    assert split.before == pytest.approx(brier(windows[0]), **EXACT)
    assert split.after == pytest.approx(brier(windows[1]), **EXACT)


@given(st.lists(st.tuples(CLAIM, st.integers(0, 4)), min_size=1, max_size=25))
def test_sums_are_those_of_single_claims_added_up_by_input(of_claims, claims):
    v = np.array([v for (v, _), _ in claims])
    y = np.array([y for (_, y), _ in claims])
    owner = np.array([j for _, j in claims])
    sums = brier_sums([of_claims(v, y, owner)])
    member = (owner == np.unique(owner)[:, None]).astype(float)
    m = member.sum(axis=1)
    assert (sums.n[0], sums.inputs[0]) == (len(v), len(m))
    assert sums.mm[0] == m @ m
    for found, single in (
        (sums.brier, (y - v) ** 2),
        (sums.foretold, v * (1 - v)),
        (sums.decalibration, (y - v) * (1 - 2 * v)),
    ):
        x = member @ single
        assert found.x[0] == pytest.approx(x.sum(), **EXACT)
        assert found.xx[0] == pytest.approx(x @ x, **EXACT)
        assert found.xm[0] == pytest.approx(x @ m, **EXACT)


def test_the_interval_of_the_foretold_part_is_welchs(of_claims):
    rng = np.random.default_rng(3)
    v, w = rng.integers(1, 100, 40) / 100, rng.integers(50, 100, 90) / 100
    split = split_of(of_claims(v, v > 0.5), of_claims(w, w > 0.7), level=0.9)
    peer = stats.ttest_ind(w * (1 - w), v * (1 - v), equal_var=False).confidence_interval(0.9)
    assert (split.foretold.low, split.foretold.high) == pytest.approx((peer.low, peer.high))


def test_with_many_labels_the_interval_of_the_change_is_welchs_too(of_claims):
    rng = np.random.default_rng(4)
    v, w = rng.integers(1, 100, 4000) / 100, rng.integers(50, 100, 3000) / 100
    y, z = rng.random(4000) < v, rng.random(3000) < w - 0.1
    change = split_of(of_claims(v, y), of_claims(w, z)).change
    peer = stats.ttest_ind((w - z) ** 2, (v - y) ** 2, equal_var=False).confidence_interval()
    assert (change.low, change.high) == pytest.approx((peer.low, peer.high), abs=1e-5)


def test_one_groups_interval_is_students_where_labels_are_many(of_claims):
    rng = np.random.default_rng(5)
    v = rng.integers(1, 100, 5000) / 100
    y = rng.random(5000) < v
    scores = brier_scores(brier_sums([of_claims(v, y)]))
    peer = stats.ttest_1samp((v - y) ** 2, 0).confidence_interval()
    found = scores.brier.low[0], scores.brier.high[0]
    assert found == pytest.approx((peer.low, peer.high), abs=1e-5)


@given(st.lists(CLAIM, min_size=2, max_size=20), st.integers(2, 4))
def test_an_answer_said_several_times_is_no_more_evidence_than_once(of_claims, claims, times):
    v, y = zip(*claims, strict=True)
    once = brier_scores(brier_sums([of_claims(v, y)]))
    copies = of_claims(v * times, y * times, list(range(len(v))) * times)
    again = brier_scores(brier_sums([copies]))
    for name in ("brier", "foretold", "decalibration"):
        for end in ("value", "low", "high"):
            left, right = getattr(getattr(once, name), end), getattr(getattr(again, name), end)
            np.testing.assert_allclose(left, right, atol=1e-7)


def test_right_answers_in_a_row_are_not_certain(of_claims):
    scores = brier_scores(brier_sums([of_claims([0.9] * 30, [1] * 30)]))
    # Each (.1)(−.8) = −.08: no spread at all. Agresti and Coull's four calibrated claims give
    # 4/34 of the calibrated variance .64·.09/30.
    half = stats.t(29).ppf(0.975) * np.sqrt(4 / 34 * 0.64 * 0.09 / 30)
    assert scores.decalibration.value[0] == pytest.approx(-0.08)
    assert scores.decalibration.high[0] - scores.decalibration.value[0] == pytest.approx(half)
    assert scores.foretold.high[0] == pytest.approx(scores.foretold.low[0])


def test_one_input_alone_has_no_interval_and_says_so(of_claims):
    lone = of_claims([0.9, 0.8], [1, 0], [0, 0])
    split = split_of(lone, of_claims([0.9, 0.8, 0.7], [1, 0, 1]))
    assert split.change.low is split.change.high is split.decalibration.low is None
    assert split.note == "no interval: one input only in a window"


def test_a_window_without_labels_has_no_split(of_claims):
    some, none = of_claims([0.9], [1]), stated([0.9], [5])
    assert brier_split(none, some) == NoValue("no labelled claims before")
    assert brier_split(some, none) == NoValue("no labelled claims after")
    assert brier_split(none, none) == NoValue("no labelled claims before and after")
    assert np.isnan(brier_scores(brier_sums([none])).brier.value[0])


EASY, HARD = (
    (np.array([0.95, 0.9, 0.6]), (0.6, 0.3, 0.1)),
    (np.array([0.9, 0.6, 0.5]), (0.2, 0.4, 0.4)),
)


def window(rng, of_claims, mix, size, overconfidence=0.0, together=1) -> Cells:
    """Claims of one window, ``together`` of them sharing an input, a confidence and an outcome."""
    v = rng.choice(mix[0], size, p=mix[1])
    y = rng.random(size) < v - overconfidence
    if together == 1:
        return of_claims(v, y)
    return of_claims(*(np.tile(x, together) for x in (v, y, np.arange(size))))


def test_harder_cases_are_foretold_and_no_decalibration(of_claims):
    rng = np.random.default_rng(6)
    split = split_of(window(rng, of_claims, EASY, 2000), window(rng, of_claims, HARD, 2000))
    assert split.change.low > 0.05
    assert split.foretold.low > 0.05
    assert split.decalibration.low < 0 < split.decalibration.high


def test_the_same_cases_answered_worse_are_decalibration_and_not_foretold(of_claims):
    rng = np.random.default_rng(7)
    split = split_of(window(rng, of_claims, EASY, 2000), window(rng, of_claims, EASY, 2000, 0.15))
    assert split.decalibration.low > 0.05
    assert split.foretold.low < 0 < split.foretold.high


@pytest.mark.parametrize("together", [1, 3])
def test_intervals_hold_the_truth_as_often_as_they_say(of_claims, together):
    rng = np.random.default_rng(8)

    def means(mix, overconfidence):
        v, share = mix
        return share @ (v * (1 - v)), share @ (-overconfidence * (1 - 2 * v))

    (f, d), (f2, d2) = means(EASY, 0.0), means(HARD, 0.1)
    truth = {"change": f2 + d2 - f - d, "foretold": f2 - f, "decalibration": d2 - d}
    held = dict.fromkeys(truth, 0)
    runs = 500
    for _ in range(runs):
        split = split_of(
            window(rng, of_claims, EASY, 120, together=together),
            window(rng, of_claims, HARD, 200, 0.1, together=together),
        )
        for name, value in truth.items():
            held[name] += getattr(split, name).low <= value <= getattr(split, name).high
    for name, count in held.items():
        # Four binomial standard errors of .95 in 500 are .039.
        assert 0.91 < count / runs < 0.99, name


# By segment.


def by_segment(of_claims, claims) -> dict[str, Cells]:
    groups: dict[str, list] = {}
    for segment, claim in claims:
        groups.setdefault(segment, []).append(claim)
    return {name: of_claims(*zip(*rows, strict=True)) for name, rows in groups.items()}


def splits_of(before, after) -> dict[str, SegmentSplit[str]]:
    found = brier_split_by_segment(before, after)
    assert not isinstance(found, NoValue)
    return {segment.key: segment for segment in found}


SEGMENTED = st.lists(st.tuples(st.sampled_from("abc"), CLAIM), min_size=1, max_size=25)


@given(SEGMENTED, SEGMENTED)
def test_contributions_of_segments_add_up_to_the_whole(of_claims, before, after):
    whole = split_of(
        *(of_claims(*zip(*(c for _, c in claims), strict=True)) for claims in (before, after))
    )
    segments = splits_of(by_segment(of_claims, before), by_segment(of_claims, after)).values()
    for name in ("change", "foretold", "decalibration"):
        total = sum(getattr(segment, name) for segment in segments)
        assert total == pytest.approx(getattr(whole, name).value, abs=1e-12)
    for segment in segments:
        parts = segment.foretold + segment.decalibration
        assert segment.change == pytest.approx(parts, abs=1e-12)
    assert sum(segment.n_after for segment in segments) == len(after)


def test_a_segment_that_only_grew_contributes_though_it_is_calibrated_as_before(of_claims):
    bad, good = of_claims([0.9] * 10, [1, 0] * 5), of_claims([0.9] * 10, [1] * 9 + [0])
    grown = of_claims([0.9] * 30, [1, 0] * 15)
    segments = splits_of({"bad": bad, "good": good}, {"bad": grown, "good": good})
    # Mean (y−v)(1−2v) of "bad" is (.5−.9)(−.8) = .32 in both; its share goes from ½ to ¾.
    assert segments["bad"].decalibration == pytest.approx(0.25 * 0.32)
    own = segments["bad"].split
    assert isinstance(own, BrierSplit)
    assert own.decalibration.value == pytest.approx(0)


def test_a_segment_that_only_broke_contributes_its_own_change(of_claims):
    good, bad = of_claims([0.9] * 10, [1] * 9 + [0]), of_claims([0.9] * 10, [1, 0] * 5)
    broke = splits_of({"x": good, "y": good}, {"x": bad, "y": good})["x"]
    assert broke.decalibration == pytest.approx(0.5 * 0.32)


def test_a_segment_absent_on_one_side_contributes_its_other_side(of_claims):
    old, new = of_claims([0.9] * 10, [1, 0] * 5), of_claims([0.9] * 10, [1] * 10)
    segments = splits_of({"gone": old, "stays": old}, {"stays": old, "new": new})
    assert list(segments) == ["gone", "stays", "new"]
    assert segments["gone"].decalibration == pytest.approx(-0.5 * 0.32)
    assert segments["new"].decalibration == pytest.approx(0.5 * (0.1 * -0.8))
    for name in ("gone", "new"):
        assert isinstance(segments[name].split, NoValue)


def test_own_intervals_hold_together_over_the_segments(of_claims):
    rng = np.random.default_rng(9)
    before = {k: window(rng, of_claims, EASY, 50) for k in range(20)}
    after = {k: window(rng, of_claims, EASY, 50) for k in range(19)} | {20: stated([0.5], [1])}
    found = brier_split_by_segment(before, after)
    assert not isinstance(found, NoValue)
    assert found[0].split == split_of(before[0], after[0], level=0.95 ** (1 / 19))


def test_without_a_label_in_a_window_there_are_no_segments_to_split(of_claims):
    found = brier_split_by_segment({"a": of_claims([0.5], [1])}, {"a": stated([0.5], [3])})
    assert found == NoValue("no labelled claims after")


# Population stability.


def stability(before, after, **options):
    found = population_stability(np.array(before), np.array(after), **options)
    assert not isinstance(found, NoValue)
    return found


def test_psi_of_a_hand_worked_shift():
    # .5/.5 → .4/.6: .1·(ln 1.2 − ln .8).
    found = stability([50, 50], [80, 120])
    assert found.psi == pytest.approx(0.1 * np.log(1.5))
    assert found.terms.sum() == pytest.approx(found.psi)
    assert found.noise == pytest.approx(1 / 100 + 1 / 200)
    assert not found.smoothed


@given(st.lists(st.tuples(st.integers(20, 90), st.integers(20, 90)), min_size=2, max_size=8))
def test_the_p_value_is_that_of_scipys_test_of_homogeneity(pairs):
    before, after = (list(x) for x in zip(*pairs, strict=True))
    peer = stats.chi2_contingency(np.array([before, after]), correction=False)
    assume(peer.expected_freq.min() >= 5)
    found = stability(before, after)
    assert found.p_value == pytest.approx(peer.pvalue, rel=1e-9)
    assert found.test == "χ² test of homogeneity"


@given(COUNTS.filter(lambda counts: sum(counts) > 0))
def test_the_same_counts_twice_are_perfectly_stable(counts):
    found = stability(counts, counts)
    assert found.psi == 0
    assert found.p_value == pytest.approx(1) or np.isnan(found.p_value)


def test_a_bin_empty_in_both_windows_does_not_count():
    assert stability([50, 0, 50], [80, 0, 120]).psi == stability([50, 50], [80, 120]).psi
    assert stability([50, 0, 50], [80, 0, 120]).noise == stability([50, 50], [80, 120]).noise
    assert stability([50, 0, 50], [80, 0, 120]).terms[1] == 0


def test_a_bin_empty_in_one_window_gets_half_a_claim_and_so_do_the_others():
    found = stability([0, 9], [5, 4])
    p, q = np.array([0.5, 9.5]) / 10, np.array([5.5, 4.5]) / 10
    assert found.psi == pytest.approx(stats.entropy(p, q) + stats.entropy(q, p))
    assert found.smoothed


def test_one_bin_alone_cannot_be_tested():
    found = stability([30], [40])
    assert (found.psi, found.noise) == (0, 0)
    assert np.isnan(found.p_value)


def test_an_empty_window_has_no_stability():
    assert population_stability(np.array([0]), np.array([3])) == NoValue("no claims before")
    assert population_stability(np.array([3]), np.array([0])) == NoValue("no claims after")


def test_windows_must_have_the_same_bins():
    with pytest.raises(ValueError, match="bins differ"):
        population_stability(np.array([1, 2]), np.array([1]))


def test_few_claims_are_judged_by_dealing_them_anew():
    # 2 × 2, so that every deal can be counted: k of 6 rare ones among 10 of 25.
    found = stability([5, 5], [1, 14])
    deals = stats.hypergeom(25, 6, 10)
    k = np.arange(7)
    distance = np.abs(k - 10 * 6 / 25)
    exact = deals.pmf(k)[distance >= abs(5 - 10 * 6 / 25) - 1e-9].sum()
    # 999 deals: four standard errors.
    assert found.p_value == pytest.approx(exact, abs=4 * np.sqrt(exact / 999) + 0.001)
    assert found.test == "permutation test, 999 deals"


def test_a_deal_as_uneven_as_the_observed_one_counts_against_a_change():
    # Two claims apart: dealt anew they are always apart.
    assert stability([1, 0], [0, 1]).p_value == 1


def test_without_a_change_psi_is_its_noise_on_average():
    rng = np.random.default_rng(10)
    share = np.array([0.1, 0.2, 0.3, 0.4])
    found = [
        stability(rng.multinomial(400, share), rng.multinomial(900, share)) for _ in range(600)
    ]
    # PSI is (1/n + 1/m)·χ²₃: standard error of the mean of 600 is √6/√600 of 3.
    average = np.mean([x.psi for x in found]) / found[0].noise
    assert average == pytest.approx(1, abs=4 * np.sqrt(6 / 600) / 3)
    assert np.mean([x.p_value < 0.05 for x in found]) == pytest.approx(0.05, abs=0.036)


def test_claims_made_twice_over_tell_what_they_told_once():
    before, after = np.array([60, 40, 30]), np.array([50, 70, 20])
    once = stability(before, after)
    twice = stability(2 * before, 2 * after, design_effects=(2, 2))
    assert twice.p_value == pytest.approx(once.p_value)
    assert twice.noise == pytest.approx(once.noise)
    assert twice.psi == pytest.approx(once.psi)


# Wasserstein distance.

VALUES = st.dictionaries(st.integers(0, 100), st.integers(1, 30), min_size=1, max_size=12)


def of_counts(counts: dict[int, int]) -> Cells:
    values = sorted(counts)
    return stated(np.array(values) / 100, [counts[value] for value in values])


def moved(before: Cells, after: Cells, **options):
    found = wasserstein(before, after, **options)
    assert not isinstance(found, NoValue)
    return found


@given(VALUES, VALUES)
def test_the_distance_is_scipys(before, after):
    a, b = of_counts(before), of_counts(after)
    peer = stats.wasserstein_distance(a.v, b.v, a.n_claims, b.n_claims)
    found = moved(a, b)
    assert found.distance == pytest.approx(peer, abs=1e-12)
    assert abs(found.shift) <= found.distance + 1e-12


def test_confidences_that_all_rise_move_as_far_as_their_mean():
    found = moved(stated([0.5, 0.7], [10, 30]), stated([0.6, 0.8], [5, 15]))
    assert found.distance == pytest.approx(0.1)
    assert found.shift == pytest.approx(0.1)


def test_the_noise_is_the_average_distance_without_a_change():
    rng = np.random.default_rng(11)
    v, share = [0.2, 0.5, 0.8, 0.9], [0.1, 0.2, 0.4, 0.3]
    found = [
        moved(stated(v, rng.multinomial(300, share)), stated(v, rng.multinomial(700, share)))
        for _ in range(500)
    ]
    distances = np.array([x.distance for x in found])
    assert np.mean([x.noise for x in found]) == pytest.approx(distances.mean(), rel=0.1)
    assert np.mean([x.p_value < 0.05 for x in found]) == pytest.approx(0.05, abs=0.039)


def test_a_clear_move_is_found():
    found = moved(stated([0.5, 0.9], [500, 500]), stated([0.5, 0.9], [300, 700]))
    assert found.distance == pytest.approx(0.2 * 0.4)
    assert found.p_value == pytest.approx(0.001)
    assert found.noise is not None
    assert found.noise < 0.3 * found.distance


def test_no_label_is_looked_at(of_claims):
    a, b = of_claims([0.5, 0.9, 0.9], [1, 0, 1]), of_claims([0.5, 0.5, 0.9], [0, 0, 1])
    assert moved(a, b) == moved(stated([0.5, 0.9], [1, 2]), stated([0.5, 0.9], [2, 1]))


def test_where_inputs_repeat_there_is_no_noise_level_without_a_design_effect(of_claims):
    a, b = of_claims([0.5, 0.5], [1, 1], [0, 0]), of_claims([0.5, 0.9], [1, 1])
    found = moved(a, b)
    assert found.noise is found.p_value is None
    assert found.note == "inputs repeat: no noise level without their design effect"
    assert moved(a, b, design_effects=(2, 1)).noise is not None


def test_a_design_effect_widens_the_noise_as_fewer_claims_would():
    v, before, after = [0.3, 0.6, 0.9], np.array([60, 40, 30]), np.array([52, 46, 34])
    once = moved(stated(v, before), stated(v, after))
    thrice = moved(stated(v, 3 * before), stated(v, 3 * after), design_effects=(3, 3))
    assert thrice.distance == pytest.approx(once.distance)
    assert thrice.noise == pytest.approx(once.noise)
    # Three times the claims without their design effect would halve it and more.
    assert once.p_value is not None
    assert once.p_value > 0.2
    assert thrice.p_value == pytest.approx(once.p_value, abs=0.08)


def test_many_distinct_confidences_are_dealt_at_two_decimals_but_measured_exactly():
    rng = np.random.default_rng(12)
    v, w = np.sort(rng.random(300)), np.sort(rng.random(300) * 0.9)
    found = moved(stated(v, [1] * 300), stated(w, [1] * 300))
    assert found.distance == pytest.approx(stats.wasserstein_distance(v, w))
    assert found.note == "p-value at two decimals: more than 200 values"
    assert found.p_value is not None
    assert found.p_value < 0.05


def test_a_window_without_claims_has_no_distance():
    some, none = stated([0.5], [1]), stated([], [])
    assert wasserstein(none, some) == NoValue("no stated claims before")
    assert wasserstein(some, none) == NoValue("no stated claims after")


def test_everything_at_one_confidence_did_not_move():
    found = moved(stated([0.9], [10]), stated([0.9], [20]))
    assert (found.distance, found.noise, found.p_value) == (0, 0, 1)
