"""Everything about many groups: the contract's keys, reasons for nulls, worst first."""

import json

import numpy as np
import pytest
from scipy import stats

from core.measure.cells.cells import Cells, InputCells
from core.measure.metrics.high_band import overconfidence_p_value
from core.measure.metrics.logistic_slope import calibration_slope_intercept
from core.measure.metrics.noise_floor import ece_p_value
from core.measure.metrics.reliability_curve import corp_decomposition
from core.measure.metrics.scores import auroc, brier, ece, ece_debiased_l2, log_loss
from core.measure.metrics.smece import smece
from core.measure.verdicts.label_reach import label_reach
from core.measure.verdicts.measure_table import measure_groups

#: As the documented JSON names and orders them.
KEYS = [
    "group", "n_claims", "n_unstated", "n", "n_inputs", "coverage", "mean_confidence", "accuracy",
    "gap", "gap_low", "gap_high", "ece", "ece_noise_floor", "ece_p_value", "ece_debiased_l2",
    "smece", "brier", "mcb", "dsc", "unc", "log_loss", "n_exact_0_or_1", "auroc", "slope",
    "intercept", "high_band", "verdict", "minimum_detectable_gap",
    "detectable_beyond_tolerance",
]  # fmt: skip
#: What came with verdicts by parts, after those.
NEW_KEYS = ["n_effective", "largest_share", "state", "reason", "speaks_for", "parts"]
PART_KEYS = [
    "verdict", "value", "low", "high", "n", "n_inputs", "n_effective", "share", "labels_needed",
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


def nulls_of(found):
    """Names of the numbers that are null; ``reason`` is a word, of verdicts that need one."""
    nulls = {key for key, value in found.items() if value is None and key != "reason"}
    nulls |= {f"high_band.{key}" for key, value in (found["high_band"] or {}).items()
              if value is None}  # fmt: skip
    for name, part in found["parts"].items():
        nulls |= {f"parts.{name}.{key}" for key in ("value", "low", "high") if part[key] is None}
        if part["labels_needed"] is None and part["verdict"] in ("too_few", "at_the_edge"):
            nulls.add(f"parts.{name}.labels_needed")
    return nulls


def test_the_json_keeps_its_keys_in_order_and_adds_the_parts_after_them():
    found = measure(OVERCONFIDENT).as_json()
    assert list(found) == [*KEYS, *NEW_KEYS]
    assert list(found["high_band"]) == HIGH_KEYS
    assert list(found["parts"]) == ["whole", "high_band", "shape"]
    assert list(found["parts"]["whole"]) == PART_KEYS


def test_the_json_says_where_a_shape_is_off():
    found = measure(cells([0.3, 0.7], [2000, 2000], [1000, 1000])).as_json()
    assert (found["verdict"], found["state"], found["reason"]) == ("miscalibrated", "off", "shape")
    assert found["parts"]["shape"]["overconfident_at"] == ["0.7"]
    assert found["parts"]["shape"]["underconfident_at"] == ["0.3"]
    assert list(found["parts"]["shape"])[:-2] == PART_KEYS
    assert found["parts"]["whole"]["verdict"] == "fine"


def test_a_part_that_a_group_does_not_have_is_left_out():
    assert list(measure(cells([0.7], [400], [280])).parts) == ["whole"]


def test_the_verdict_is_that_of_the_worst_part_that_matters():
    one = measure(HONEST)
    assert {part.state for part in one.parts.values()} == {"fine"}
    assert (one.state, one.reason, one.verdict) == ("fine", None, "within_tolerance")


def test_labels_that_would_decide_are_named_where_a_part_is_undecided_only():
    open_, decided = measure(cells([0.6], [200], [116])), measure(OVERCONFIDENT)
    assert open_.parts["whole"].labels_needed > 0
    assert decided.parts["whole"].labels_needed is None


def test_few_inputs_ask_for_as_many_as_it_takes_to_decide_anything():
    # A gap of 5 points on 20 claims is not one known to lie at the tolerance.
    assert measure(FEW).gap == pytest.approx(0.05)
    assert measure(FEW).parts["whole"].labels_needed == 10
    assert measure(EMPTY).parts["whole"].labels_needed == 30


def test_beside_one_input_that_holds_most_it_takes_many_more():
    m = np.array([1] * 39 + [351])
    detail = InputCells(np.arange(40), np.zeros(40, int), m, np.zeros(40, int))
    count = np.array([390])
    more = measure(Cells(np.array([0.99]), count, count, np.array([0]), 0, detail)).parts["whole"]
    k = more.labels_needed
    assert (390 + k) ** 2 / (39 + 351**2 + k) >= 30
    assert (389 + k) ** 2 / (38 + 351**2 + k) < 30


def test_no_number_of_labels_is_named_for_a_gap_right_at_the_tolerance():
    one = measure(cells([0.89], [4600], [round(4600 * 0.84)]))
    assert (one.state, one.parts["whole"].labels_needed) == ("at_the_edge", None)
    assert one.notes["parts.whole.labels_needed"].startswith("decide now")


def test_at_the_edge_a_number_is_named_only_where_it_is_no_more_than_there_are_labels():
    alone = measure(cells([0.8], [900], [654]))
    assert (alone.state, alone.parts["whole"].labels_needed) == ("at_the_edge", None)
    keys = [{"topic": str(i)} for i in range(60)]
    among_many = measure_groups(keys, [cells([0.8], [9000], [6616])] * 60)[0]
    assert among_many.state == "at_the_edge"
    assert 0 < among_many.parts["whole"].labels_needed <= 9000
    assert "parts.whole.labels_needed" not in among_many.notes


@pytest.mark.parametrize(
    ("v", "n", "beyond"), [(1.0, 40, 0.191), (1.0, 100, 0.134), (0.9, 2000, 0.073)]
)
def test_the_gap_that_shows_to_be_beyond_the_tolerance_is_the_exact_one(v, n, beyond):
    one = measure(cells([v], [n], [round(0.9 * n)]))
    assert one.detectable_beyond_tolerance == pytest.approx(beyond, abs=6e-4)
    assert one.detectable_beyond_tolerance > one.minimum_detectable_gap


def test_labels_that_cannot_speak_for_all_take_the_verdict_and_leave_bounds():
    reach = label_reach(
        n_claims=1200, n=900, gap_if_right=-0.02, gap_if_wrong=0.23, tolerance=0.05, by_chance=True
    )
    one = measure(OVERCONFIDENT, reaches=[reach])
    assert (one.state, one.reason, one.verdict) == ("too_few", None, "cannot_tell")
    assert one.parts["whole"].state == "off"
    found = one.as_json()
    assert list(found) == [*KEYS, *NEW_KEYS, "bounds"]
    assert found["speaks_for"] == "labelled"
    assert found["bounds"] == {"n_claims": 1200, "n": 900, "gap_low": -0.02, "gap_high": 0.23}


def test_labels_that_speak_for_all_keep_the_verdict_with_bounds_beside_it():
    reach = label_reach(n_claims=1200, n=900, gap_if_right=-0.02, gap_if_wrong=0.23, tolerance=0.05)
    found = measure(OVERCONFIDENT, reaches=[reach]).as_json()
    assert (found["speaks_for"], found["state"]) == ("all", "off")
    assert found["bounds"]["gap_high"] == 0.23


def test_one_input_that_holds_nine_tenths_leaves_too_few():
    m = np.array([1] * 39 + [351])
    detail = InputCells(np.arange(40), np.zeros(40, int), m, np.zeros(40, int))
    one = measure(
        Cells(np.array([0.99]), np.array([390]), np.array([390]), np.array([0]), 0, detail)
    )
    assert (one.state, one.n_inputs, one.largest_share) == ("too_few", 40, 0.9)
    assert one.n_effective < 2


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
    assert nulls_of(found) == set(found["notes"])
    assert found["n_claims"] == 11
    assert found["coverage"] == 0
    assert found["notes"]["ece"] == "no labelled claims"
    assert found["verdict"] == "cannot_tell"
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize("group", [EMPTY, FEW, OVERCONFIDENT, HONEST])
def test_every_null_has_a_note_and_every_note_a_null(group):
    found = measure(group).as_json()
    assert nulls_of(found) == set(found.get("notes", {}))
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
