"""The CORP curve, its bands, the per-value table and the histogram."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from core.measure.cells.cells import Cells
from core.measure.metrics.reliability_curve import (
    consistency_band,
    corp,
    corp_decomposition,
    histogram,
    honest_band,
    per_value,
)
from core.measure.metrics.scores import NoValue, brier
from tests.worlds.claims.cells import cells

EMPTY = cells([], [], [])


@st.composite
def any_cells(draw, most=10):
    percents = draw(st.sets(st.integers(0, 100), min_size=1, max_size=most))
    v = np.array(sorted(percents)) / 100
    n = np.array(draw(st.lists(st.integers(1, 30), min_size=v.size, max_size=v.size)))
    s = np.array([draw(st.integers(0, int(count))) for count in n])
    return cells(v, n, s)


# --- CORP -------------------------------------------------------------------------------------


def test_corp_pools_neighbours_that_fall_and_leaves_the_rest():
    curve = corp(cells([0.2, 0.6, 0.8, 0.9], [10, 10, 30, 10], [1, 8, 12, 9]))
    assert curve.v_from.tolist() == [0.2, 0.6, 0.9]
    assert curve.v_to.tolist() == [0.2, 0.8, 0.9]
    assert curve.observed.tolist() == pytest.approx([0.1, 0.5, 0.9])
    assert curve.n.tolist() == [10, 40, 10]


@given(any_cells())
def test_corp_blocks_rise_and_keep_every_claim(group):
    curve = corp(group)
    assert (np.diff(curve.observed) > 0).all()
    assert curve.n.sum() == group.total
    assert curve.n @ curve.observed == pytest.approx(group.s.sum())
    assert (curve.v_from <= curve.v_to).all()
    assert (curve.v_to[:-1] < curve.v_from[1:]).all()


@given(any_cells(most=6))
def test_corp_is_the_max_min_formula_of_isotonic_regression(group):
    curve = corp(group)
    fitted = curve.observed[np.searchsorted(curve.v_to, group.v)]
    k = group.v.size
    for i in range(k):
        expected = max(
            min(group.s[a : b + 1].sum() / group.n[a : b + 1].sum() for b in range(i, k))
            for a in range(i + 1)
        )
        assert fitted[i] == pytest.approx(expected, abs=1e-12)


def test_decomposition_by_hand():
    # m = 0.1 and 0.9 rise, so x = m: mcb is rel and dsc is res.
    parts = corp_decomposition(cells([0.3, 0.8], [10, 10], [1, 9]))
    assert parts == pytest.approx((0.115, 0.025, 0.16, 0.25))


@given(any_cells())
def test_brier_is_mcb_minus_dsc_plus_unc(group):
    parts = corp_decomposition(group)
    assert parts.brier == pytest.approx(brier(group), abs=1e-14)
    assert parts.mcb - parts.dsc + parts.unc == pytest.approx(parts.brier, abs=1e-14)
    assert parts.mcb >= -1e-15
    assert parts.dsc >= -1e-15


@pytest.mark.parametrize("measure", [corp, corp_decomposition, consistency_band, honest_band])
def test_without_labels_there_is_no_curve_and_no_band(measure):
    assert measure(EMPTY) == NoValue("no labelled claims")


# --- consistency band -------------------------------------------------------------------------


def test_the_consistency_band_of_one_single_value_is_binomial():
    band = consistency_band(cells([0.8], [200], [150]), level=0.9, draws=4000)
    expected = stats.binom.ppf([0.05, 0.95], 200, 0.8) / 200
    assert [band.low[0], band.high[0]] == pytest.approx(expected, abs=0.006)


def test_calibrated_curves_lie_inside_the_consistency_band_as_often_as_it_says():
    rng = np.random.default_rng(2)
    v = np.array([0.1, 0.3, 0.5, 0.7, 0.9])
    n = np.full(5, 60)
    band = consistency_band(cells(v, n, n // 2), level=0.9, draws=1500)
    inside = np.zeros(5)
    for _ in range(600):
        drawn = rng.multinomial(300, np.full(5, 0.2))
        curve = corp(cells(v, drawn, rng.binomial(drawn, v)))
        fitted = curve.observed[np.searchsorted(curve.v_to, v)]
        inside += (band.low - 1e-12 <= fitted) & (fitted <= band.high + 1e-12)
    assert inside / 600 == pytest.approx(np.full(5, 0.9), abs=0.05)


def test_bands_say_at_which_level_they_stand():
    group = cells([0.5, 0.9], [50, 50], [25, 40])
    assert (consistency_band(group).level, honest_band(group).level) == (0.9, 0.95)
    usual, wide = consistency_band(group), consistency_band(group, level=0.9)
    np.testing.assert_array_equal(usual.low, wide.low)
    assert (consistency_band(group, level=0.99).low < usual.low).all()


def test_the_same_seed_gives_the_same_consistency_band():
    group = cells([0.5, 0.9], [50, 50], [25, 40])
    first, again, other = (consistency_band(group, seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(first.low, again.low)
    assert (first.low != other.low).any()


def test_the_wild_band_agrees_with_the_plain_one_when_an_input_s_claims_are_independent(of_claims):
    rng = np.random.default_rng(4)
    v = np.round(rng.uniform(0.3, 1, 4000), 1)
    y = (rng.random(4000) < v).astype(int)
    plain = consistency_band(of_claims(v, y), draws=600)
    wild = consistency_band(of_claims(v, y, np.arange(4000) // 2), draws=600)
    np.testing.assert_allclose(wild.high - wild.low, plain.high - plain.low, rtol=0.2, atol=2e-3)


def test_copies_of_one_input_do_not_narrow_the_consistency_band(of_claims):
    rng = np.random.default_rng(4)
    v = np.round(rng.uniform(0.3, 0.9, 1000), 1)
    y = (rng.random(1000) < v).astype(int)
    once = consistency_band(of_claims(v, y), draws=600)
    nine = consistency_band(
        of_claims(np.tile(v, 9), np.tile(y, 9), np.tile(np.arange(1000), 9)), draws=600
    )
    careless = consistency_band(of_claims(np.tile(v, 9), np.tile(y, 9)), draws=600)
    width = [float(np.mean(band.high - band.low)) for band in (once, nine, careless)]
    assert width[1] == pytest.approx(width[0], rel=0.15)
    assert width[2] < width[0] / 2


def test_few_repeating_inputs_get_no_consistency_band(of_claims):
    answer = consistency_band(of_claims([0.6, 0.7] * 20, [0, 1] * 20, np.arange(40) // 2))
    assert isinstance(answer, NoValue)
    assert "fewer than 30" in answer.reason


# --- honest band ------------------------------------------------------------------------------


def test_the_honest_band_of_one_value_is_clopper_pearson():
    band = honest_band(cells([0.8], [50], [35]), level=0.95)
    exact = stats.binomtest(35, 50).proportion_ci(0.95)
    assert (band.low[0], band.high[0]) == pytest.approx((exact.low, exact.high), abs=1e-12)


def test_the_honest_band_takes_the_best_block_on_either_side():
    group = cells([0.3, 0.6, 0.9], [20, 40, 30], [4, 22, 27])
    band = honest_band(group, level=0.9)
    level = 1 - 2 * 0.1 / (3 * 4)

    def interval(i, j):
        inside = slice(i, j + 1)
        test = stats.binomtest(int(group.s[inside].sum()), int(group.n[inside].sum()))
        return test.proportion_ci(level)

    for at in range(3):
        low = max(interval(i, j).low for j in range(at + 1) for i in range(j + 1))
        high = min(interval(i, j).high for i in range(at, 3) for j in range(i, 3))
        assert (band.low[at], band.high[at]) == pytest.approx((low, high), abs=1e-12)


@given(any_cells())
def test_the_honest_band_rises(group):
    band = honest_band(group)
    assert (np.diff(band.low) >= 0).all()
    assert (np.diff(band.high) >= 0).all()


@given(any_cells(), st.floats(0.5, 0.99))
def test_the_honest_band_contains_the_corp_curve_where_accuracy_rises(group, level):
    rising = cells(group.v, np.full(group.v.size, 30), np.sort(np.minimum(group.s, 30)))
    band, curve = honest_band(rising, level=level), corp(rising)
    fitted = curve.observed[np.searchsorted(curve.v_to, rising.v)]
    assert (band.low <= fitted + 1e-12).all()
    assert (fitted <= band.high + 1e-12).all()


def test_the_honest_band_covers_the_whole_true_curve_at_least_as_often_as_it_says():
    rng = np.random.default_rng(8)
    v = np.linspace(0.05, 0.95, 10)
    truth, n = v**1.5, np.full(10, 50)
    covered = 0
    for _ in range(400):
        band = honest_band(cells(v, n, rng.binomial(n, truth)), level=0.8)
        covered += bool(((band.low <= truth) & (truth <= band.high)).all())
    assert covered / 400 >= 0.8


def test_the_honest_band_crosses_where_accuracy_falls_as_confidence_rises():
    band = honest_band(cells([0.3, 0.9], [500, 500], [450, 100]))
    assert band.low[0] > band.high[0]


def test_repeating_inputs_get_no_honest_band(of_claims):
    answer = honest_band(of_claims([0.6, 0.7], [1, 0], ["a", "a"]))
    assert isinstance(answer, NoValue)
    assert "independent claims" in answer.reason


@pytest.mark.parametrize("draw_band", [consistency_band, honest_band])
def test_bands_over_many_values_pool_them_at_two_decimals_and_say_so(draw_band):
    v = np.linspace(0.3, 0.99, 3000).round(6)
    group = cells(v, np.full(3000, 4), np.full(3000, 3))
    band = draw_band(group)
    assert band.pooled
    assert band.v.size <= 101
    assert not draw_band(cells([0.5, 0.9], [9, 9], [4, 8])).pooled


# --- per value and histogram ------------------------------------------------------------------


def test_each_value_has_its_gap_and_its_interval():
    table = per_value(cells([0.6, 0.9], [10, 50], [7, 40]))
    assert table.gap.tolist() == pytest.approx([-0.1, 0.1])
    for row, (s, n) in enumerate([(7, 10), (40, 50)]):
        expected = tuple(stats.binomtest(s, n).proportion_ci(0.95, method="exact"))
        assert (table.exact_low[row], table.exact_high[row]) == pytest.approx(expected, abs=1e-12)


def test_a_value_without_labels_keeps_its_row_but_no_estimate():
    table = per_value(
        Cells(np.array([0.5, 0.9]), np.array([8, 9]), np.array([0, 9]), np.array([0, 9]))
    )
    assert table.n_claims.tolist() == [8, 9]
    for column in ("observed", "gap", "exact_high"):
        assert math.isnan(getattr(table, column)[0])
    assert table.observed[1] == 1


def test_more_than_a_hundred_values_share_rows_and_the_table_says_so():
    v = np.arange(1, 1001) / 1000
    table = per_value(cells(v, np.full(1000, 2), np.full(1000, 1)))
    assert table.pooled
    assert table.v.size == 100
    assert table.n.tolist() == [20] * 100
    assert not per_value(cells(v[:100], np.full(100, 2), np.full(100, 1))).pooled


def test_copies_of_one_input_do_not_shorten_the_intervals_of_a_value(of_claims):
    v, y = np.full(40, 0.8), np.array([1] * 30 + [0] * 10)
    once = per_value(of_claims(v, y))
    copies = per_value(of_claims(np.tile(v, 5), np.tile(y, 5), np.tile(np.arange(40), 5)))
    assert copies.n[0] == 200
    for column in ("exact_low", "exact_high"):
        assert getattr(copies, column)[0] == pytest.approx(getattr(once, column)[0], abs=1e-12)


def test_copies_of_inputs_that_are_all_right_count_once(of_claims):
    once = per_value(of_claims([0.9] * 12, [1] * 12))
    copies = per_value(of_claims([0.9] * 36, [1] * 36, np.arange(36) // 3))
    assert copies.exact_low[0] == pytest.approx(once.exact_low[0])


def test_the_histogram_closes_bins_above_and_counts_zero_in_the_first():
    group = Cells(
        np.array([0.0, 0.05, 0.1, 0.1 + 0.2, 1.0]), np.arange(1, 6), np.array([1, 0, 2, 3, 4]),
        np.zeros(5, int),
    )  # fmt: skip
    bars = histogram(group, bins=20)
    assert bars.low[0] == 0
    assert bars.high[-1] == 1
    assert dict(zip(bars.high.tolist(), bars.n_claims.tolist(), strict=True)) | {
        0.05: 3, 0.1: 3, 0.3: 4, 1.0: 5,
    } == dict(zip(bars.high.tolist(), bars.n_claims.tolist(), strict=True))  # fmt: skip
    assert bars.n.tolist() == [1, 2, 0, 0, 0, 3, *[0] * 13, 4]


@given(any_cells())
def test_the_histogram_loses_no_claim(group):
    bars = histogram(group)
    assert bars.n_claims.sum() == group.n_claims.sum()
    assert bars.n.sum() == group.total
