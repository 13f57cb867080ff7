"""Tests over many segments: against hand-worked paths, published figures and simulated errors."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from core.measure.cells.cells import Cells, InputCells
from core.measure.cells.group_sums import group_sums
from core.measure.metrics.intervals import gap_interval
from core.measure.verdicts.segments import false_discovery_q, gap_p_values, max_statistic_test
from tests.worlds.claims.cells import cells
from tests.worlds.governed.rounds import rounds

VALUES = np.array([0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99])


def sixty_six_segments():
    """All values of three dimensions (4, 5, 5) one-way (14) and those of pairs 1–2, 1–3 and 2–3
    up to the 66th: each unit is one combination, so segments overlap."""
    sizes = (4, 5, 5)
    units = list(itertools.product(*map(range, sizes)))
    segments = [{d: x} for d, size in enumerate(sizes) for x in range(size)]
    for a, b in itertools.combinations(range(3), 2):
        segments += [{a: x, b: y} for x in range(sizes[a]) for y in range(sizes[b])]
    membership = [[all(u[d] == x for d, x in s.items()) for u in units] for s in segments[:66]]
    return np.array(membership)


def simulated_report(rng, membership, per_unit=60, bad=None, gap=0.0):
    units = []
    for u in range(membership.shape[1]):
        n = rng.multinomial(per_unit, np.full(len(VALUES), 1 / len(VALUES)))
        off = gap if bad is not None and membership[bad, u] else 0.0
        units.append(cells(VALUES, n, rng.binomial(n, VALUES - off)))
    return units


def merged(units, chosen):
    n = sum(unit.n for unit, inside in zip(units, chosen, strict=True) if inside)
    s = sum(unit.s for unit, inside in zip(units, chosen, strict=True) if inside)
    return cells(VALUES, n, s)


def slow_ecce_over_sigma(v, n, s):
    """The definition, step by step, over ascending distinct v."""
    position = highest = lowest = variance = 0.0
    for value, count, right in sorted(zip(v, n, s, strict=True)):
        position += right - count * value
        highest, lowest = max(highest, position), min(lowest, position)
        variance += count * value * (1 - value)
    return (highest - lowest) / variance**0.5


# --- the max-statistic -------------------------------------------------------------------------


def test_the_statistic_of_a_hand_worked_path():
    # Steps: 12 − 20·.5 = 2, then 12 − 20·.8 = −4: path 0, 2, −2, range 4; Σnv(1−v) = 5 + 3.2.
    result = max_statistic_test([cells([0.5, 0.8], [20, 20], [12, 12])], np.array([[True]]))
    assert result.statistic == pytest.approx(4 / np.sqrt(8.2))
    assert result.worst == 0


def test_a_path_that_only_falls_is_measured_from_its_start():
    result = max_statistic_test([cells([0.5, 0.8], [20, 20], [7, 12])], np.array([[True]]))
    assert result.statistic == pytest.approx(7 / np.sqrt(8.2))


def test_overlapping_segments_equal_the_definition_on_their_merged_cells():
    membership = sixty_six_segments()
    units = simulated_report(np.random.default_rng(1), membership)
    result = max_statistic_test(units, membership, draws=1)
    for segment, chosen in enumerate(membership):
        whole = merged(units, chosen)
        expected = slow_ecce_over_sigma(VALUES, whole.n, whole.s)
        assert result.statistics[segment] == pytest.approx(expected)
    assert result.statistic == result.statistics.max() == result.statistics[result.worst]


def test_ties_split_over_units_or_by_rounding_are_one_value():
    # Perfectly calibrated at .5; read in order of label the path would go 20 deep and come back.
    wrong, right = cells([0.3], [40], [0]), cells([0.1 + 0.2], [40], [24])
    result = max_statistic_test([wrong, right], np.array([[True, True]]))
    assert result.statistic == pytest.approx(0, abs=1e-9)
    assert result.p_value == 1


def test_small_segments_are_left_out_and_counted():
    units = [cells([0.5], [19], [10]), cells([0.5], [20], [10])]
    result = max_statistic_test(units, np.array([[True, False], [False, True], [True, True]]))
    assert np.isnan(result.statistics).tolist() == [True, False, False]
    assert result.excluded == 1


@pytest.mark.parametrize(
    ("units", "membership"),
    [
        ([], np.zeros((0, 0), bool)),
        ([], np.zeros((2, 0), bool)),
        ([cells([0.5], [100], [50])], np.zeros((0, 1), bool)),
        ([cells([0.5], [100], [50])], np.zeros((2, 1), bool)),
        ([cells([], [], [])], np.ones((2, 1), bool)),
        ([cells([1.0], [100], [90])], np.ones((2, 1), bool)),
    ],
)
def test_a_report_without_a_testable_segment_has_no_p_value_but_a_reason(units, membership):
    result = max_statistic_test(units, membership)
    assert np.isnan([result.statistic, result.p_value]).all()
    assert (result.worst, result.excluded) == (-1, len(membership))
    assert result.note is not None


def test_membership_of_other_units_is_refused():
    with pytest.raises(ValueError, match="membership must be"):
        max_statistic_test([cells([0.5], [100], [50])], np.ones((3, 2), bool))


def test_repeated_inputs_have_statistics_but_no_p_value_and_a_note():
    detail = InputCells(np.arange(50), np.zeros(50, int), np.full(50, 2), np.full(50, 1))
    unit = Cells(np.array([0.5]), np.array([100]), np.array([100]), np.array([50]), 0, detail)
    result = max_statistic_test([unit], np.ones((1, 1), bool))
    assert result.statistic == pytest.approx(0)
    assert np.isnan(result.p_value)
    assert result.note is not None
    assert "inputs repeat" in result.note


def test_the_p_value_of_one_value_is_the_binomial_tail():
    k = np.arange(61)
    exact = stats.binom.pmf(k, 60, 0.8)[np.abs(k - 48) >= 6].sum()
    result = max_statistic_test([cells([0.8], [60], [42])], np.ones((1, 1), bool), draws=9999)
    assert result.p_value == pytest.approx(exact, abs=0.01)


def test_a_segment_counted_twice_changes_nothing():
    units = [cells(VALUES, [30] * 7, [11, 15, 20, 24, 25, 27, 30])]
    once = max_statistic_test(units, np.ones((1, 1), bool), draws=999)
    twice = max_statistic_test(units, np.ones((2, 1), bool), draws=999)
    assert twice.p_value == once.p_value


def test_many_distinct_values_are_pooled_and_it_says_so():
    rng = np.random.default_rng(2)
    v = np.unique(np.round(rng.uniform(0.3, 1, 2000), 4))
    y = rng.binomial(1, np.clip(v - 0.04, 0, 1))
    result = max_statistic_test([cells(v, np.ones(len(v)), y)], np.ones((1, 1), bool))
    assert result.note is not None
    assert "two decimals" in result.note
    assert result.statistic == pytest.approx(slow_ecce_over_sigma(v, v * 0 + 1, y), rel=0.03)
    # One segment's range tends to that of a Brownian motion (Feller 1951); this one's is far out.
    assert result.p_value <= 0.05


def test_the_false_alarm_rate_of_one_segment_follows_the_range_of_brownian_motion():
    # P(range > 2.2414…) — the same sup-range law ECCE's authors use; simulated path as witness.
    rng = np.random.default_rng(3)
    steps = rng.standard_normal((4000, 600)) / np.sqrt(600)
    path = np.concatenate([np.zeros((4000, 1)), steps.cumsum(axis=1)], axis=1)
    cut = np.quantile(np.ptp(path, axis=1), 0.9)
    v = np.linspace(0.2, 0.79, 600).round(6)
    statistic = []
    for _ in range(400):
        unit = cells(v, np.full(600, 4), rng.binomial(4, v))
        statistic.append(max_statistic_test([unit], np.ones((1, 1), bool), draws=1).statistic)
    assert np.mean(np.array(statistic) > cut) == pytest.approx(0.10, abs=0.05)


@rounds(120, 300)
def test_calibrated_reports_of_66_overlapping_segments_alarm_one_time_in_twenty(rounds: int):
    membership = sixty_six_segments()
    rng = np.random.default_rng(4)
    alarms, uncorrected = 0, 0
    for run in range(rounds):
        units = simulated_report(rng, membership)
        result = max_statistic_test(units, membership, draws=199, seed=run)
        alarms += result.p_value <= 0.05
        if run < 60:
            segments = group_sums([merged(units, chosen) for chosen in membership])
            uncorrected += bool((gap_p_values(segments, 0.0) < 0.05).any())
    assert alarms / rounds <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / rounds)
    assert alarms > 0
    assert uncorrected / 60 > 0.6


def test_one_bad_segment_among_66_is_found_and_named():
    membership = sixty_six_segments()
    rng = np.random.default_rng(5)
    runs, bad = 60, 20
    found = named = 0
    for run in range(runs):
        units = simulated_report(rng, membership, bad=bad, gap=0.15)
        result = max_statistic_test(units, membership, draws=199, seed=run)
        found += result.p_value <= 0.05
        named += result.p_value <= 0.05 and result.worst == bad
    assert found / runs > 0.9
    assert named / runs > 0.8


# --- p-values and false discoveries ------------------------------------------------------------


@pytest.mark.parametrize(("n", "s"), [(40, 26), (40, 40), (40, 0), (900, 700)])
def test_without_tolerance_the_gaps_p_value_is_twice_the_smaller_binomial_tail(n, s):
    less = stats.binomtest(s, n, 0.8, "less").pvalue
    more = stats.binomtest(s, n, 0.8, "greater").pvalue
    p = gap_p_values(group_sums([cells([0.8], [n], [s])]), 0.0)[0]
    assert p == pytest.approx(min(1, 2 * min(less, more)))


def test_a_tolerance_moves_the_null_towards_the_observed_side():
    sums = group_sums([cells([0.8], [400], [290]), cells([0.8], [400], [350])])
    p = gap_p_values(sums, 0.05)
    assert p[0] == pytest.approx(min(1, 2 * stats.binom.cdf(290, 400, 0.75)))
    assert p[1] == pytest.approx(2 * stats.binom.sf(349, 400, 0.85))


def test_no_label_has_no_p_value_and_impossible_gaps_no_evidence():
    p = gap_p_values(group_sums([cells([0.9], [0], [0]), cells([0.98], [50], [50])]), 0.05)
    assert np.isnan(p[0])
    assert p[1] == 1


@given(
    st.integers(1, 80).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))),
    st.floats(0.01, 0.99),
    st.sampled_from([0.0, 0.05, 0.2]),
)
def test_p_is_below_alpha_exactly_when_the_interval_is_outside_tolerance(count, v, tolerance):
    n, s = count
    p = gap_p_values(group_sums([cells([v], [n], [s])]), tolerance)[0]
    low, high = gap_interval(v, s, n, 0.05)
    if abs(p - 0.05) > 1e-9:
        assert (p < 0.05) == (low > tolerance or high < -tolerance)


def repeating(v, right, each):
    """Inputs of ``each`` claims at v, of which right[j] were right."""
    right = np.asarray(right)
    size = len(right)
    detail = InputCells(np.arange(size), np.zeros(size, int), np.full(size, each), right)
    count = np.array([size * each])
    return Cells(np.array([v]), count, count, np.array([right.sum()]), 0, detail)


def test_repeating_inputs_are_tested_by_the_cluster_t():
    right = np.tile([73, 87, 80, 76], 40)
    witness = stats.ttest_1samp(0.845 - right / 100, 0.05, alternative="greater").pvalue
    p = gap_p_values(group_sums([repeating(0.845, right, 100)]), 0.05)[0]
    assert p == pytest.approx(2 * witness)


def test_inputs_whose_claims_fall_together_are_tested_as_so_many_trials():
    # 120 inputs right twice or wrong twice: cluster variance over binomial variance is
    # 2·120/119, so 240 labels are worth 119 trials, seven in ten of them right.
    p = gap_p_values(group_sums([repeating(0.8, [2] * 84 + [0] * 36, 2)]), 0.05)[0]
    assert p == pytest.approx(2 * stats.beta.sf(0.75, 119 * 0.7 + 1, 119 * 0.3))


def test_few_repeating_inputs_are_tested_as_trials_of_their_own_however_alike():
    # Sixty inputs that all have 14 of their 20 claims right show no spread; as sixty trials, 42
    # right, the chance of so few at 0.9 − 0.05 is what it is.
    p = gap_p_values(group_sums([repeating(0.9, [14] * 60, 20)]), 0.05)[0]
    assert p == pytest.approx(2 * stats.binom.cdf(42, 60, 0.85))
    low, _ = gap_interval(
        0.9, 840, 1200, p, group_sums([repeating(0.9, [14] * 60, 20)]).repeated.whole
    )
    assert low[0] == pytest.approx(0.05)


def test_one_single_repeated_input_has_no_p_value():
    detail = InputCells(np.array([0]), np.array([0]), np.array([9]), np.array([0]))
    group = Cells(np.array([0.9]), np.array([9]), np.array([9]), np.array([0]), 0, detail)
    assert np.isnan(gap_p_values(group_sums([group]), 0.0)[0])


@pytest.mark.parametrize(("overlapping", "method"), [(False, "bh"), (True, "by")])
def test_false_discovery_q_is_scipys_and_lets_nan_through(overlapping, method):
    p = np.array([0.001, np.nan, 0.03, 0.04, 0.9])
    q = false_discovery_q(p, overlapping=overlapping)
    expected = stats.false_discovery_control([0.001, 0.03, 0.04, 0.9], method=method)
    np.testing.assert_allclose(q[[0, 2, 3, 4]], expected)
    assert np.isnan(q[1])


def test_false_discovery_q_of_a_hand_worked_list():
    # Benjamini–Hochberg by hand: 4·.01/1, 4·.02/2, 4·.03/3, 4·.5/4, made monotone from the end.
    q = false_discovery_q(np.array([0.03, 0.5, 0.01, 0.02]), overlapping=False)
    assert q == pytest.approx([0.04, 0.5, 0.04, 0.04])


def test_nothing_tested_gives_nothing():
    assert np.isnan(false_discovery_q(np.array([np.nan]), overlapping=True)).all()
    assert false_discovery_q(np.zeros(0), overlapping=False).shape == (0,)


def test_listed_segments_are_false_no_more_often_than_asked():
    rng = np.random.default_rng(6)
    share = []
    for _ in range(200):
        off = np.r_[np.full(20, 0.12), np.zeros(80)]
        s = rng.binomial(300, 0.8 - off)
        sums = group_sums([cells([0.8], [300], [x]) for x in s])
        listed = false_discovery_q(gap_p_values(sums, 0.0), overlapping=False) <= 0.10
        share.append((listed & (off == 0)).sum() / max(1, listed.sum()))
    assert 0 < np.mean(share) <= 0.10
