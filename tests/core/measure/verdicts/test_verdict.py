"""The verdict over many groups: its parts, its four answers, its correction, its error rate."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from core.defaults import MINIMUM_INPUTS
from core.measure.cells.cells import Cells, InputCells
from core.measure.cells.group_sums import group_sums
from core.measure.verdicts.parts import MATTERS_FROM, PART_NAMES, STATES
from core.measure.verdicts.verdict import (
    VERDICT_OF,
    judge,
    max_statistic_critical_value,
    pair_probability,
)
from tests.worlds.claims.cells import cells
from tests.worlds.governed.rounds import examples


def one(v, n, s, **options):
    return judge(group_sums([cells(v, n, s)]), **options)


def test_a_gap_wholly_outside_tolerance_is_miscalibrated():
    judged = one([0.85], [1000], [700])
    assert judged.verdict == ("miscalibrated",)
    assert judged.corrected_low[0] > 0.05


def test_underconfidence_is_miscalibration_too():
    assert one([0.6], [1000], [750]).verdict == ("miscalibrated",)


def test_plenty_of_honest_labels_are_within_tolerance():
    assert one([0.6, 0.95], [2000, 2000], [1205, 1898]).verdict == ("within_tolerance",)


def test_few_honest_labels_cannot_tell():
    judged = one([0.6, 0.95], [20, 20], [12, 19])
    assert judged.verdict == ("cannot_tell",)
    assert judged.minimum_detectable_gap[0] > 0.05


def test_a_bad_high_band_makes_a_healthy_aggregate_miscalibrated():
    judged = one([0.5, 0.95], [1500, 500], [885, 390])
    assert abs(judged.gap[0]) < 0.03
    assert judged.corrected_high[0] < 0.05
    assert judged.high_gap_low[0] > 0.05
    assert (judged.state, judged.reason) == (("off",), ("high_band",))
    assert judged.verdict == ("miscalibrated",)


def test_errors_that_cancel_are_off_by_their_shape():
    # Overall gap 0, no high band; the curve shows that .3 and .7 are both .5.
    judged = one([0.3, 0.7], [2000, 2000], [1000, 1000])
    assert judged.gap[0] == pytest.approx(0)
    assert judged.ece[0] == pytest.approx(0.2)
    assert judged.whole.state == ("fine",)
    assert (judged.state, judged.reason) == (("off",), ("shape",))
    assert judged.verdict == ("miscalibrated",)
    assert judged.curve.signs[0, :2].tolist() == [-1, 1]


def test_an_error_right_at_the_tolerance_is_at_the_edge_and_not_short_of_labels():
    # 4,600 claims at +4.9 points (+3.8 to +5.9).
    judged = one([0.89], [4600], [3869])
    assert judged.gap[0] == pytest.approx(0.049, abs=0.001)
    assert judged.corrected_low[0] > 0.03
    assert judged.corrected_high[0] > 0.05
    assert (judged.state, judged.reason) == (("at_the_edge",), ("whole",))
    assert judged.verdict == ("cannot_tell",)


def test_twenty_claims_that_leave_everything_open_are_too_few():
    judged = one([0.89], [20], [17])
    assert (judged.state, judged.reason) == (("too_few",), ("whole",))
    assert judged.verdict == ("cannot_tell",)


def test_many_labels_that_show_no_error_and_do_not_exclude_one_are_too_few():
    judged = one([0.6], [200], [116])
    assert judged.n_effective[0] >= MINIMUM_INPUTS
    assert (judged.state, judged.reason) == (("too_few",), ("whole",))


@pytest.mark.parametrize(
    ("right", "state"), [(960, "off"), (1000, "fine")], ids=["four in a hundred wrong", "all right"]
)
def test_a_group_that_always_states_certainty_is_judged_by_its_gap(right, state):
    judged = one([1.0], [1000], [right], tolerance=0.02)
    assert not judged.shape.present[0]
    assert judged.state == (state,)


def test_a_group_of_one_confidence_has_no_shape_beside_its_gap():
    judged = one([0.7], [4000], [2810])
    assert not judged.shape.present[0]
    assert judged.state == ("fine",)


def test_a_band_without_labels_is_vacuously_inside():
    judged = one([0.6], [4000], [2400])
    assert judged.high_n[0] == 0
    assert np.isnan(judged.high_claimed[0])
    assert np.isnan(judged.high_gap_low[0])
    assert judged.verdict == ("within_tolerance",)


def test_a_band_too_small_to_matter_erases_nothing():
    # 151 of 97,058 claims state .95, and too few of those are labelled.
    claims, labelled = np.array([96_907, 151]), np.array([96_907, 12])
    group = Cells(np.array([0.6, 0.95]), claims, labelled, np.array([58_144, 11]))
    judged = judge(group_sums([group]))
    assert judged.high_band.share[0] == pytest.approx(151 / 97_058)
    assert judged.high_band.state == ("too_few",)
    assert (judged.state, judged.reason) == (("fine",), (None,))


@pytest.mark.parametrize(("band", "state"), [(10, "fine"), (450, "too_few")])
def test_a_band_that_cannot_be_told_counts_from_a_tenth_of_the_claims(band, state):
    claims, labelled = np.array([4000, band]), np.array([4000, 10])
    judged = judge(group_sums([Cells(np.array([0.6, 0.95]), claims, labelled, [2400, 9])]))
    assert judged.high_band.state == ("too_few",)
    assert (judged.high_band.share[0] >= MATTERS_FROM) == (state == "too_few")
    assert judged.state == (state,)


def test_a_small_band_that_is_off_is_never_passed_over():
    judged = one([0.6, 0.95], [4000, 60], [2400, 30])
    assert judged.high_band.share[0] < MATTERS_FROM
    assert (judged.state, judged.reason) == (("off",), ("high_band",))


def test_a_band_too_small_to_tell_does_not_hide_a_wrong_whole():
    assert one([0.8, 0.95], [4000, 10], [2400, 9]).verdict == ("miscalibrated",)


@pytest.mark.parametrize(
    ("n", "verdict"),
    [(MINIMUM_INPUTS - 1, "cannot_tell"), (MINIMUM_INPUTS, "miscalibrated")],
)
def test_under_thirty_inputs_nothing_is_told_however_bad_it_looks(n, verdict):
    assert one([0.99], [n], [0]).verdict == (verdict,)


def test_repeats_of_few_inputs_do_not_make_thirty():
    key = np.arange(20)
    detail = InputCells(key, np.zeros(20, int), np.full(20, 5), np.zeros(20, int))
    group = Cells(np.array([0.99]), np.array([100]), np.array([100]), np.array([0]), inputs=detail)
    judged = judge(group_sums([group]))
    assert (judged.n[0], judged.n_inputs[0]) == (100, 20)
    assert judged.verdict == ("cannot_tell",)


def test_thirty_inputs_are_too_few_where_one_holds_most_claims():
    m = np.array([1] * 39 + [351])
    detail = InputCells(np.arange(40), np.zeros(40, int), m, np.zeros(40, int))
    count = np.array([390])
    judged = judge(group_sums([Cells(np.array([0.99]), count, count, np.array([0]), 0, detail)]))
    assert (judged.n_inputs[0], judged.largest_share[0]) == (40, 0.9)
    assert judged.n_effective[0] == pytest.approx(390**2 / (39 + 351**2))
    assert judged.state == ("too_few",)


@pytest.mark.parametrize(
    ("band", "state"), [(MINIMUM_INPUTS - 1, "too_few"), (MINIMUM_INPUTS, "off")]
)
def test_a_band_of_under_thirty_inputs_tells_nothing_however_bad_it_looks(band, state):
    judged = one([0.6, 0.95], [4000, band], [2400, 0])
    assert judged.high_effective[0] == band
    assert judged.high_band.state == (state,)


def test_a_band_of_few_inputs_is_not_counted_in_the_family():
    few = one([0.6, 0.95], [400, 10], [240, 9])
    alone = one([0.5, 0.6], [200, 200], [100, 120])
    assert few.critical_value == alone.critical_value


def test_a_fifth_of_the_chance_of_error_goes_to_shapes_where_there_are_any():
    flat, curved = one([0.6], [400], [240]), one([0.5, 0.6], [200, 200], [100, 120])
    assert flat.critical_value == pytest.approx(stats.norm.ppf(0.975))
    assert curved.critical_value == pytest.approx(stats.norm.ppf(1 - 0.04 / 2))
    assert "a fifth of the chance of error goes to the shape" in curved.method
    assert "shape" not in flat.method


def test_repeated_inputs_widen_the_interval_and_the_detectable_gap():
    # 200 inputs of five claims at .8 that are right or wrong together.
    right = np.where(np.arange(200) < 160, 5, 0)
    detail = InputCells(np.arange(200), np.zeros(200, int), np.full(200, 5), right)
    count = np.array([1000])
    tied = judge(group_sums([Cells(np.array([0.8]), count, count, np.array([800]), 0, detail)]))
    loose = one([0.8], [1000], [800])
    widths = [j.gap_high[0] - j.gap_low[0] for j in (tied, loose)]
    assert widths[0] / widths[1] == pytest.approx(np.sqrt(5), rel=0.05)
    ratio = tied.minimum_detectable_gap[0] / loose.minimum_detectable_gap[0]
    assert ratio == pytest.approx(np.sqrt(5), rel=0.1)


def test_one_class_only_still_gets_intervals_and_a_verdict():
    judged = one([0.9, 0.97], [40, 40], [40, 40])
    assert judged.accuracy[0] == 1
    assert judged.gap_low[0] == pytest.approx(judged.mean_confidence[0] - 1)
    assert judged.verdict == ("cannot_tell",)


def test_no_group_at_all_is_judged_empty():
    judged = judge(group_sums([]))
    assert len(judged) == 0
    assert judged.verdict == ()
    assert judged.critical_value == pytest.approx(1.959964)


def test_a_group_without_a_label_says_nothing_but_its_counts():
    group = Cells(np.array([0.7]), np.array([12]), np.array([0]), np.array([0]), n_unstated=2)
    judged = judge(group_sums([group]))
    assert (judged.n_claims[0], judged.n_unstated[0], judged.n[0]) == (12, 2, 0)
    assert judged.coverage[0] == 0
    assert np.isnan([judged.gap[0], judged.gap_low[0], judged.ece[0]]).all()
    assert judged.verdict == ("cannot_tell",)


def test_the_family_is_the_groups_with_enough_inputs_only():
    good = cells([0.6], [100], [60])
    tiny = cells([0.6], [5], [3])
    with_tiny = judge(group_sums([good, tiny, tiny, tiny]))
    alone = judge(group_sums([good]))
    assert with_tiny.critical_value == pytest.approx(alone.critical_value)
    assert with_tiny.method.startswith("max-statistic over 1 group,")


def test_marginal_intervals_do_not_depend_on_the_company_and_corrected_ones_widen():
    group = cells([0.6, 0.95], [100, 100], [55, 90])
    alone, among = judge(group_sums([group])), judge(group_sums([group] * 50))
    assert alone.gap_low[0] == among.gap_low[0]
    assert alone.high_low[0] == among.high_low[0]
    assert among.corrected_low[0] < alone.corrected_low[0] < alone.gap_low[0]


def test_the_bands_own_interval_is_clopper_pearson():
    judged = one([0.6, 0.95], [100, 80], [55, 70])
    exact = stats.binomtest(70, 80).proportion_ci(0.95, "exact")
    assert (judged.high_low[0], judged.high_high[0]) == pytest.approx((exact.low, exact.high))


@given(
    st.lists(
        st.tuples(st.integers(0, 400), st.integers(0, 400), st.floats(0, 1), st.floats(0, 1)),
        min_size=1,
        max_size=6,
    ),
    st.floats(0, 0.3),
)
@settings(max_examples=examples(20, 500))
def test_every_verdict_follows_from_the_numbers_beside_it(groups, tolerance):
    made = [cells([0.7, 0.95], [a, b], [round(a * p), round(b * q)]) for a, b, p, q in groups]
    j = judge(group_sums(made), tolerance=tolerance)
    for g in range(len(j)):
        for part, (low, high) in (
            (j.whole, (j.corrected_low[g], j.corrected_high[g])),
            (j.high_band, (j.high_gap_low[g], j.high_gap_high[g])),
            (j.shape, (j.curve.low[g], j.curve.high[g])),
        ):
            if not part.present[g]:
                assert part.state[g] == "fine"
            elif part.n_effective[g] < MINIMUM_INPUTS:
                assert part.state[g] == "too_few"
            elif low > tolerance or high < -tolerance:
                assert part.state[g] == "off"
            elif -tolerance <= low and high <= tolerance:
                assert part.state[g] == "fine"
            else:
                assert part.state[g] == ("at_the_edge" if low > 0 or high < 0 else "too_few")
        counted = [j.part(name) for name in PART_NAMES if j.part(name).matters(g)]
        assert j.state[g] == min((part.state[g] for part in counted), key=STATES.index)
        reason = j.reason[g]
        assert (reason is None) == (j.state[g] == "fine")
        assert reason is None or j.part(reason).state[g] == j.state[g]
        assert j.verdict[g] == VERDICT_OF[j.state[g]]


@pytest.mark.parametrize("correlation", [0.0, 0.3, 0.7, 0.95, 0.999])
@pytest.mark.parametrize("c", [0.5, 1.96, 3.5])
def test_pair_probability_equals_the_bivariate_normals(c, correlation):
    normal = stats.multivariate_normal([0, 0], [[1, correlation], [correlation, 1]])
    exact = normal.cdf([c, c], lower_limit=[-c, -c])
    assert pair_probability(c, np.array([correlation]))[0] == pytest.approx(exact, abs=2e-5)


def test_pairs_of_one_and_the_same_statistic_need_no_correction_among_themselves():
    assert max_statistic_critical_value(np.array([1.0]), 0.95) == pytest.approx(1.959964)


@pytest.mark.parametrize("groups", [1, 20, 3000])
def test_unrelated_statistics_need_sidaks_correction(groups):
    sidak = stats.norm.ppf((1 + 0.95 ** (1 / (2 * groups))) / 2)
    assert max_statistic_critical_value(np.zeros(groups), 0.95) == pytest.approx(sidak)


def test_the_critical_value_is_the_quantile_of_a_simulated_maximum():
    rng = np.random.default_rng(1)
    correlation = np.array([0.2, 0.5, 0.8, 0.95] * 5)
    z = rng.standard_normal((60_000, 20))
    other = correlation * z + np.sqrt(1 - correlation**2) * rng.standard_normal(z.shape)
    largest = np.maximum(np.abs(z), np.abs(other)).max(axis=1)
    critical = max_statistic_critical_value(correlation, 0.95)
    assert critical == pytest.approx(np.quantile(largest, 0.95), abs=0.02)


def test_family_wise_error_is_close_to_five_percent_and_not_above():
    rng = np.random.default_rng(12)
    v, n = np.array([0.55, 0.95]), np.array([1500, 1500])
    runs, groups = 600, 30
    wrong = 0
    for _ in range(runs):
        family = [cells(v, n, s) for s in rng.binomial(n, v, (groups, 2))]
        wrong += "miscalibrated" in judge(group_sums(family), tolerance=0.0).verdict
    # Clopper–Pearson and unlike confidences make it somewhat conservative; 3 standard errors.
    assert 0.01 < wrong / runs <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / runs)


def test_uncorrected_intervals_would_flag_most_calibrated_families():
    rng = np.random.default_rng(13)
    v, n = np.array([0.55, 0.95]), np.array([1500, 1500])
    flagged = 0
    for _ in range(100):
        judged = judge(group_sums([cells(v, n, s) for s in rng.binomial(n, v, (30, 2))]))
        high_gap = judged.high_claimed - judged.high_high, judged.high_claimed - judged.high_low
        off = (judged.gap_low > 0) | (judged.gap_high < 0) | (high_gap[0] > 0) | (high_gap[1] < 0)
        flagged += bool(off.any())
    assert flagged > 50


@pytest.mark.parametrize("bad", [{"tolerance": -0.1}, {"tolerance": 1.1}, {"level": 1.0}])
def test_an_impossible_tolerance_or_level_is_refused(bad):
    with pytest.raises(ValueError, match="must be in"):
        judge(group_sums([]), **bad)
