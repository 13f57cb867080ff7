"""Everything about many groups: the contract's keys, reasons for nulls, worst first."""

import json

import numpy as np
import pytest
from scipy import stats

from core.measure.cells import Cells
from core.measure.noise import ece_p_value
from core.measure.overconfidence import overconfidence_p_value
from core.measure.regression import calibration_slope_intercept
from core.measure.reliability import corp_decomposition
from core.measure.scores import auroc, brier, ece, ece_debiased_l2, log_loss
from core.measure.smece import smece
from core.measure.summary import measure_groups

#: As the documented JSON names and orders them.
KEYS = [
    "group", "n_claims", "n_unstated", "n", "n_inputs", "coverage", "mean_confidence", "accuracy",
    "gap", "gap_low", "gap_high", "ece", "ece_noise_floor", "ece_p_value", "ece_debiased_l2",
    "smece", "brier", "mcb", "dsc", "unc", "log_loss", "n_exact_0_or_1", "auroc", "slope",
    "intercept", "high_band", "verdict", "minimum_detectable_gap",
]  # fmt: skip
HIGH_KEYS = ["from", "n", "claimed", "observed", "low", "high", "p_value"]


def cells(v, n, s, n_claims=None, unstated=0):
    v, n = np.asarray(v, float), np.asarray(n, int)
    stated = n if n_claims is None else np.asarray(n_claims, int)
    return Cells(v, stated, n, np.asarray(s, int), unstated)


OVERCONFIDENT = cells([0.6, 0.95, 1.0], [200, 700, 3], [110, 520, 2])
HONEST = cells([0.5, 0.7, 0.95], [4000, 4000, 4000], [2004, 2795, 3801])
FEW = cells([0.8, 0.9], [10, 10], [7, 9])
EMPTY = cells([], [], [])


def measure(group, **options):
    return measure_groups([{}], [group], **options)[0]


def test_the_json_has_exactly_the_documented_keys_in_order():
    found = measure(OVERCONFIDENT).as_json()
    assert list(found) == KEYS
    assert list(found["high_band"]) == HIGH_KEYS


def test_every_number_is_that_of_its_own_function():
    one = measure(OVERCONFIDENT)
    parts, fit = corp_decomposition(OVERCONFIDENT), calibration_slope_intercept(OVERCONFIDENT)
    assert one.ece == pytest.approx(ece(OVERCONFIDENT), abs=1e-15)
    assert one.ece_p_value == ece_p_value(OVERCONFIDENT)
    assert one.ece_debiased_l2 == ece_debiased_l2(OVERCONFIDENT)
    assert one.smece == smece(OVERCONFIDENT)
    assert one.brier == pytest.approx(brier(OVERCONFIDENT), abs=1e-15)
    assert (one.mcb, one.dsc, one.unc) == parts[1:]
    assert one.log_loss == log_loss(OVERCONFIDENT)
    assert one.auroc == auroc(OVERCONFIDENT).value
    assert (one.slope, one.intercept) == (fit.slope, fit.intercept)
    assert one.n_exact_0_or_1 == 3
    assert one.high_band.p_value == overconfidence_p_value(OVERCONFIDENT, 0.9)


def test_counts_and_gap_by_hand():
    group = cells([0.6, 0.9], [10, 30], [5, 21], n_claims=[20, 60], unstated=4)
    one = measure(group, high_from=0.85)
    assert (one.n_claims, one.n_unstated, one.n, one.n_inputs) == (80, 4, 40, 40)
    assert one.coverage == 0.5
    assert one.mean_confidence == pytest.approx(33 / 40)
    assert one.accuracy == 26 / 40
    assert one.gap == pytest.approx(7 / 40)
    band = one.high_band
    assert (band.high_from, band.n, band.observed) == (0.85, 30, 0.7)
    assert band.claimed == pytest.approx(0.9)
    assert band.p_value == pytest.approx(stats.binom.cdf(21, 30, 0.9))
    exact = stats.binomtest(21, 30).proportion_ci(0.95)
    assert (band.low, band.high) == pytest.approx(tuple(exact), abs=1e-12)


def test_nothing_labelled_gives_nulls_with_their_reason_and_valid_json():
    waiting = cells([0.5, 0.95], [0, 0], [0, 0], n_claims=[5, 6], unstated=2)
    found = measure(waiting).as_json()
    nulls = {key for key, value in found.items() if value is None}
    assert nulls == set(found["notes"])
    assert found["n_claims"] == 11
    assert found["coverage"] == 0
    assert found["notes"]["ece"] == "no labelled claims"
    assert found["verdict"] == "cannot_tell"
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize("group", [EMPTY, FEW, OVERCONFIDENT, HONEST])
def test_every_null_has_a_note_and_every_note_a_null(group):
    found = measure(group).as_json()
    nulls = {key for key, value in found.items() if value is None}
    nulls |= {f"high_band.{key}" for key, value in (found["high_band"] or {}).items()
              if value is None}  # fmt: skip
    assert nulls == set(found.get("notes", {}))
    assert all(found.get("notes", {}).values())
    json.dumps(found, allow_nan=False)


def test_an_empty_group_has_no_coverage_because_nothing_was_stated():
    assert measure(EMPTY).notes["coverage"] == "no stated claims"


def test_notes_are_left_out_when_nothing_is_null():
    assert "notes" not in measure(OVERCONFIDENT).as_json()


def test_one_class_only_is_said_where_it_matters():
    one = measure(cells([0.8, 0.9], [40, 40], [40, 40]))
    assert one.auroc is None
    assert one.notes["auroc"] == one.notes["slope"] == "one class only"


def test_an_empty_high_band_is_null_with_a_note():
    one = measure(cells([0.5, 0.6], [40, 40], [20, 25]))
    assert one.high_band is None
    assert one.notes["high_band"] == "no labelled claim at or above 0.9"


def test_one_input_alone_has_no_interval_and_says_why(of_claims):
    one = measure(of_claims([0.95, 0.95, 0.6], [1, 0, 1], ["a", "a", "a"]))
    assert one.n_inputs == 1
    assert one.gap_low is None
    assert one.notes["gap_low"] == "one input only"
    assert one.high_band.p_value is None
    assert one.notes["high_band.p_value"] == "one input only in the band"


def test_groups_come_worst_first_and_the_larger_first_among_equals():
    keys = [{"g": name} for name in ("honest", "few", "bad", "fewer", "worse")]
    fewer = cells([0.8], [15], [12])
    twice = cells(OVERCONFIDENT.v, 2 * OVERCONFIDENT.n, 2 * OVERCONFIDENT.s)
    ordered = measure_groups(keys, [HONEST, FEW, OVERCONFIDENT, fewer, twice])
    assert [one.group["g"] for one in ordered] == ["worse", "bad", "few", "fewer", "honest"]
    assert [one.verdict for one in ordered] == [
        "miscalibrated", "miscalibrated", "cannot_tell", "cannot_tell", "within_tolerance",
    ]  # fmt: skip


def test_the_tolerance_decides_the_verdict():
    # A gap of .05 ± .01 with 8,000 labels.
    group = cells([0.8], [8000], [6000])
    verdicts = {measure(group, tolerance=t).verdict for t in (0.02, 0.05, 0.1)}
    assert verdicts == {"miscalibrated", "cannot_tell", "within_tolerance"}
    assert measure(group, tolerance=0.02).verdict == "miscalibrated"


def test_judging_more_groups_together_asks_for_more_evidence():
    borderline = cells([0.85], [400], [300])
    assert measure(borderline).verdict == "miscalibrated"
    many = measure_groups([{"g": str(i)} for i in range(400)], [borderline] * 400)
    assert {one.verdict for one in many} == {"cannot_tell"}


def test_keys_and_groups_must_match():
    with pytest.raises(ValueError, match=r"shorter|longer"):
        measure_groups([{}, {}], [FEW])


def test_no_groups_give_no_measures():
    assert measure_groups([], []) == ()
