"""How far confidences, or the values of a dimension, moved."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from core.measure.cells.cells import Cells
from core.measure.metrics.scores import NoValue
from core.measure.monitoring.confidence_shift import population_stability, wasserstein
from tests.worlds.claims.cells import stated

COUNTS = st.lists(st.integers(0, 40), min_size=1, max_size=8)


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
