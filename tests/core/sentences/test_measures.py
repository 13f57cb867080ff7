"""What the pages say: every verdict and reason, and only numbers that the measures have."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.measure.cells.cells import Cells, InputCells
from core.measure.cells.group_sums import group_sums
from core.measure.verdicts.label_reach import label_reach
from core.measure.verdicts.measure_table import Measures, measure_groups
from core.measure.verdicts.verdict import Judgement, judge
from core.sentences import measures as sentences

TOLERANCE, HIGH_FROM = 0.05, 0.9
NUMBER = re.compile(r"[+−]?\d[\d,]*(?:\.\d+)?")


def cells(
    v: list[float], n: list[int], s: list[int], n_claims: list[int] | None = None, unstated: int = 0
) -> Cells:
    stated = n if n_claims is None else n_claims
    return Cells(
        np.array(v, float),
        np.array(stated, np.int64),
        np.array(n, np.int64),
        np.array(s, np.int64),
        unstated,
    )


def judged(one: Cells, tolerance: float = TOLERANCE) -> tuple[Measures, Judgement]:
    measures = measure_groups([{}], [one], tolerance=tolerance, high_from=HIGH_FROM)[0]
    return measures, judge(group_sums([one], HIGH_FROM), tolerance=tolerance)


def headline(one: Cells, tolerance: float = TOLERANCE) -> str:
    return sentences.headline(judged(one, tolerance)[0], tolerance=tolerance)


def why(one: Cells, tolerance: float = TOLERANCE) -> str | None:
    return sentences.why_not_decided(judged(one, tolerance)[0], tolerance=tolerance)


def numbers(text: str) -> list[float]:
    """Every number in a sentence, read back."""
    return [float(one.replace("−", "-").replace(",", "")) for one in NUMBER.findall(text)]


def in_points(*values: float | None) -> list[Any]:
    return [pytest.approx(value * 100, abs=0.0500001) for value in values if value is not None]


OVERCONFIDENT = cells([0.8, 0.95], [1000, 1000], [600, 740])
UNDERCONFIDENT = cells([0.4, 0.6], [1000, 1000], [600, 800])
#: Wrong by chance at 0.9 and above, made up for below: the whole looks fine.
BAD_BAND = cells([0.6, 0.95], [3000, 600], [1930, 420])
#: Low on the whole, but so few that the whole is not shown; the band is.
OPPOSED = cells([0.3, 1.0], [120, 40], [58, 26])
HONEST = cells([0.5, 0.7, 0.95], [4000, 4000, 4000], [2000, 2800, 3800])
HONEST_BELOW = cells([0.5, 0.7], [4000, 4000], [2000, 2800])
STRADDLING = cells([0.6, 0.95], [60, 40], [33, 37])
#: 4,600 claims at +4.9 points (+3.8 to +5.9).
EDGE = cells([0.89], [4600], [3869])
#: 151 of 97,058 claims state 95 %; few of them are labelled.
SPARSE_BAND = cells([0.6, 0.95], [96_907, 12], [58_144, 11], n_claims=[96_907, 151])
#: One input asked 351 times, and 39 others.
DOMINATED = Cells(
    np.array([0.99]), np.array([390]), np.array([390]), np.array([0]), 0,
    InputCells(
        np.arange(40), np.zeros(40, np.int64), np.array([1] * 39 + [351]), np.zeros(40, np.int64)
    ),
)  # fmt: skip
#: Drawn with chances that differ, and far from all of them.
CHOSEN = label_reach(
    n_claims=4_000, n=2_000, gap_if_right=-0.1, gap_if_wrong=0.4, tolerance=0.05, by_chance=True
)
FEW = cells([0.8, 0.9], [10, 10], [7, 9])
#: Off by 20 points up and down within one another's shadow: no gap, yet every number is wrong.
CROSSED = cells([0.35, 0.75], [5000, 5000], [2750, 2750])
UNLABELLED = cells([0.8, 0.9], [0, 0], [0, 0], n_claims=[700, 501])
UNSTATED = cells([], [], [], unstated=33)
NOTHING = cells([], [], [])


def test_a_signal_that_is_off_as_a_whole_is_said_to_be_over_or_underconfident() -> None:
    assert headline(OVERCONFIDENT) == (
        "Overconfident by 20.5 points: right 67.0% of the time (said 87.5%), 2,000 cases."
    )
    assert headline(UNDERCONFIDENT) == (
        "Underconfident by 20.0 points: right 70.0% of the time (said 50.0%), 2,000 cases."
    )


def test_a_bad_high_band_under_a_healthy_whole_is_named() -> None:
    assert judged(BAD_BAND)[0].verdict == "miscalibrated"
    assert headline(BAD_BAND) == (
        "Looks fine overall: right 65.3% of the time (said 65.8%), 3,600 cases. But where it is "
        "most confident it is overconfident by 25.0 points."
    )


def test_a_whole_that_is_not_shown_to_be_off_does_not_take_the_blame_of_its_band() -> None:
    measures, judgement = judged(OPPOSED)
    assert measures.verdict == "miscalibrated"
    assert abs(judgement.gap[0]) > 0.049
    assert judgement.high_gap_low[0] > TOLERANCE
    said = headline(OPPOSED)
    assert "underconfident" not in said
    assert said.startswith("Overall right ")
    assert said.endswith("; where it is most confident it is overconfident by 35.0 points.")


def test_within_tolerance_speaks_of_the_high_band_only_when_there_is_one() -> None:
    assert headline(HONEST) == (
        "Fine, within ±5 points, and so is its high-confidence band: right 71.7% of the time "
        "(said 71.7%), 12,000 cases."
    )
    assert headline(HONEST_BELOW) == (
        "Fine, within ±5 points: right 60.0% of the time (said 60.0%), 8,000 cases."
    )


def test_a_declared_tolerance_is_said_as_declared() -> None:
    assert "within ±2.5 points" in headline(HONEST_BELOW, tolerance=0.025)


def test_what_cannot_be_told_is_not_called_fine() -> None:
    said = headline(STRADDLING)
    assert said == (
        "Too few labels: right 70.0% of the time (said 74.0%), 100 cases, gap +4.0 points."
    )


def test_under_thirty_inputs_are_the_reason_whatever_the_gap() -> None:
    assert why(FEW) == "Only 20 distinct labelled inputs; it takes 30 to decide anything."
    assert why(cells([0.9], [1], [0])) == (
        "Only 1 distinct labelled input; it takes 30 to decide anything."
    )


def test_one_input_that_holds_most_is_said_with_what_the_labels_are_worth() -> None:
    assert headline(DOMINATED).startswith("Too few labels")
    assert why(DOMINATED) == (
        "Only 390 labels on 40 distinct labelled inputs, worth 1; it takes 30 to decide anything."
    )
    assert sentences.beside(judged(DOMINATED)[0])[0] == (
        "One input holds 90% of these labels: 390 on 40 inputs are worth 1."
    )


def test_an_interval_that_straddles_the_tolerance_is_the_reason() -> None:
    said = why(STRADDLING)
    assert said is not None
    _, judgement = judged(STRADDLING)
    ends = (
        *(judgement.corrected_low[0], judgement.corrected_high[0]),
        *(judgement.high_gap_low[0], judgement.high_gap_high[0]),
    )
    assert said.startswith("The gap as a whole may be anything from ")
    assert " The high-confidence band may be anything from " in said
    whole, rest = said.split(" The high-confidence band ")
    band = rest.split(" The shape of the errors ")[0]
    assert numbers(whole)[:2] == in_points(*ends[:2])
    assert numbers(band)[:2] == in_points(*ends[2:])
    assert numbers(whole)[2] == judged(STRADDLING)[0].parts["whole"].labels_needed
    assert " more labels would decide it." in whole


def test_an_error_right_at_the_tolerance_asks_for_a_decision_and_not_for_labels() -> None:
    assert headline(EDGE).startswith("At the edge of ±5 points: right 84.1% of the time")
    said = why(EDGE)
    assert said is not None
    assert "there is an error, within ±5 points or beyond." in said
    assert said.endswith("Decide now: more labels will not settle it soon.")


def test_an_error_that_as_many_labels_again_would_decide_asks_for_them() -> None:
    near = cells([0.55, 0.75, 0.9, 0.95], [425] * 4, [220, 305, 369, 390])
    curve = judged(near)[0].parts["shape"]
    assert curve.state == "at_the_edge"
    assert curve.labels_needed is not None
    assert curve.labels_needed < 1_700
    said = (why(near) or "").split(" The shape of the errors ")[1]
    assert said.startswith("is off by ")
    assert said.endswith(f"About {curve.labels_needed:,} more labels would decide it.")


def test_a_shape_that_is_open_is_said_by_what_it_may_be_at_most() -> None:
    said = (why(STRADDLING) or "").split(" The shape of the errors ")[1]
    assert numbers(said)[:1] == in_points(judged(STRADDLING)[0].parts["shape"].high)
    assert said.startswith("may be off by up to ")


def test_only_the_interval_that_straddles_is_named() -> None:
    only_band = cells([0.5, 0.95], [9000, 40], [4500, 38], n_claims=[9000, 2000])
    said = why(only_band)
    assert said is not None
    assert said.startswith("The high-confidence band may be anything from ")
    assert "whole" not in said
    only_whole = cells([0.8], [100], [80])
    said = why(only_whole)
    assert said is not None
    assert said.startswith("The gap as a whole may be anything from ")
    assert "band" not in said


def test_errors_that_cancel_are_off_and_where_is_said() -> None:
    measures, _ = judged(CROSSED)
    assert (measures.state, measures.reason) == ("off", "shape")
    assert headline(CROSSED) == (
        "Looks fine overall: right 55.0% of the time (said 55.0%), 10,000 cases. But errors "
        "cancel: off by 20.0 points on average over the range of confidence, overconfident at "
        "75%, underconfident at 35%."
    )


def test_a_part_too_small_to_matter_is_named_beside_and_leaves_the_word() -> None:
    measures, _ = judged(SPARSE_BAND)
    assert headline(SPARSE_BAND).startswith("Fine, within ±5 points")
    assert why(SPARSE_BAND) is None
    assert sentences.beside(measures) == (
        "The high-confidence band holds <1% of the claims and has too few labels (12) to decide; "
        "it does not count against the rest.",
    )


def test_a_few_points_where_it_is_rarely_right_are_said_as_a_ratio_too() -> None:
    rare, _ = judged(cells([0.05], [10_000], [200]))
    assert headline(cells([0.05], [10_000], [200])).startswith("Fine, within ±5 points")
    assert sentences.beside(rare) == (
        "It is right 2.0% of the time and says 5.0%: 2.5 times too high (2.2 to 2.9), however few "
        "points that is.",
    )
    low, _ = judged(cells([0.01], [10_000], [400]))
    assert "4.0 times too low (3.6 to 4.4)" in sentences.beside(low)[0]


@pytest.mark.parametrize(("value", "right"), [(0.02, 200), (0.5, 5_300)])
def test_no_ratio_is_said_where_none_is_shown_or_it_is_often_right(
    value: float, right: int
) -> None:
    assert sentences.beside(judged(cells([value], [10_000], [right]))[0]) == ()


def test_a_part_too_small_to_matter_is_said_once() -> None:
    open_ = cells([0.6, 0.95], [200, 5], [118, 5])
    assert "band" not in (why(open_) or "")
    assert any("band" in words for words in sentences.beside(judged(open_)[0]))


def test_labels_that_cannot_speak_for_all_give_no_verdict_and_say_why() -> None:
    one = measure_groups([{}], [OVERCONFIDENT], reaches=[CHOSEN])[0]
    assert sentences.headline(one, tolerance=TOLERANCE) == (
        "No verdict on all claims: the labelled ones are right 67.0% of the time (said 87.5%), "
        "2,000 cases."
    )
    assert sentences.why_not_decided(one, tolerance=TOLERANCE) is None
    (said,) = sentences.beside(one)
    assert said.startswith("No verdict on all claims, because the labels do not represent them")
    assert "The gap of all 4,000 may be anything from −10.0 to +40.0 points." in said
    assert said.endswith("Weighted by those chances they do (Labels).")


@pytest.mark.parametrize("one", [OVERCONFIDENT, BAD_BAND, HONEST, UNLABELLED, UNSTATED, NOTHING])
def test_a_verdict_that_is_decided_and_an_empty_group_need_no_reason(one: Cells) -> None:
    assert why(one) is None


def test_a_band_on_one_single_input_is_the_reason() -> None:
    inputs = np.concatenate([np.arange(200), [200]])
    value = np.concatenate([np.zeros(200, np.int64), [1]])
    n = np.concatenate([np.ones(200, np.int64), [5]])
    s = np.concatenate([(np.arange(200) % 2 == 0).astype(np.int64), [5]])
    one = Cells(
        np.array([0.5, 0.95]),
        np.array([200, 50]),
        np.array([200, 5]),
        np.array([100, 5]),
        0,
        InputCells(inputs, value, n, s),
    )
    assert (
        "The high-confidence band has 5 labels, and it takes 30 effective inputs to decide it."
    ) in (why(one) or "")
    band = sentences.high_band(judged(one)[0], high_from=HIGH_FROM)
    assert "no interval from one input" in band


def test_no_label_no_confidence_and_no_claim_are_three_things() -> None:
    assert headline(UNLABELLED).startswith("1,201 claims and no outcome yet")
    assert headline(UNSTATED) == "33 claims, none of which states a confidence."
    assert headline(NOTHING) == "No claim matches these filters."
    assert sentences.coverage(judged(UNSTATED)[0]) == headline(UNSTATED)


def test_the_high_band_says_how_often_it_is_right_and_what_it_said() -> None:
    measures, _ = judged(OVERCONFIDENT)
    band = measures.high_band
    assert band is not None
    said = sentences.high_band(measures, high_from=HIGH_FROM)
    assert numbers(said) == [
        90,
        *in_points(band.observed, band.claimed),
        band.n,
        95,
        *in_points(band.low, band.high),
        *(1, 10_000),
    ]
    assert said.endswith(
        "A well-calibrated signal would miss by this much less than 1 time in 10,000."
    )


def test_the_odds_of_a_bad_band_are_those_of_its_p_value() -> None:
    measures, _ = judged(cells([0.9], [100], [82]))
    band = measures.high_band
    assert band is not None
    assert band.p_value is not None
    said = sentences.high_band(measures, high_from=HIGH_FROM)
    assert numbers(said)[-1] == round(1 / band.p_value)


def test_a_band_that_does_better_than_it_claims_raises_no_alarm() -> None:
    said = sentences.high_band(judged(cells([0.9], [1000], [990]))[0], high_from=HIGH_FROM)
    assert "well-calibrated signal" not in said


def test_a_band_of_a_few_claims_is_too_few_and_an_empty_one_is_said_to_be() -> None:
    few = sentences.high_band(judged(cells([0.9], [19], [10]))[0], high_from=HIGH_FROM)
    assert few.endswith("Too few to decide.")
    none = sentences.high_band(judged(HONEST_BELOW)[0], high_from=0.995)
    assert none == "Stated at 99.5% or more: no labelled claim."


def test_coverage_counts_labels_inputs_and_the_unstated() -> None:
    one = cells([0.5, 0.9], [30, 10], [15, 9], n_claims=[40, 10], unstated=4)
    assert sentences.coverage(judged(one)[0]) == (
        "40 of 50 stated claims are labelled (80%); 4 more stated no confidence."
    )
    repeated = Cells(
        np.array([0.5]),
        np.array([4]),
        np.array([4]),
        np.array([2]),
        0,
        InputCells(*(np.array(a) for a in ([0, 1], [0, 0], [2, 2], [1, 1]))),
    )
    assert sentences.coverage(judged(repeated)[0]) == (
        "4 of 4 stated claims are labelled (100%), on 2 distinct inputs."
    )


def test_what_would_go_unseen_is_the_minimum_detectable_gap() -> None:
    measures, _ = judged(STRADDLING)
    said = sentences.unseen(measures, tolerance=0.05)
    assert said is not None
    assert numbers(said) == [
        *in_points(measures.minimum_detectable_gap),
        5,
        *in_points(measures.detectable_beyond_tolerance),
    ]
    assert sentences.unseen(judged(NOTHING)[0], tolerance=0.05) is None


@given(
    st.lists(st.tuples(st.integers(1, 400), st.floats(0, 1)), min_size=3, max_size=3),
    st.sampled_from([0.01, 0.025, 0.05, 0.1]),
)
def test_the_headline_never_says_another_number_than_its_measures(
    drawn: list[tuple[int, float]], tolerance: float
) -> None:
    n = [size for size, _ in drawn]
    one = cells([0.4, 0.75, 0.95], n, [round(size * rate) for size, rate in drawn])
    measures, judgement = judged(one, tolerance)
    band_gap = judgement.high_claimed[0] - judgement.high_observed[0]
    known = [
        *(measures.mean_confidence, measures.accuracy, measures.gap),
        *(band_gap, -band_gap, tolerance, -measures.gap),
        *(measures.n / 100, *(part.value for part in measures.parts.values())),
        # Where in the range a shape is off: its bands, single confidences here.
        *(0.4, 0.75, 0.95),
    ]
    for number in numbers(sentences.headline(measures, tolerance=tolerance)):
        if number not in (99.9, 0.1):  # ">99.9%" and "<0.1%" are bounds
            assert any(abs(number - 100 * value) <= 0.0501 for value in known)


def told(a: tuple[float, float, float], b: tuple[float, float, float]) -> str:
    return sentences.told_apart(("A", *a), ("B", *b))


def test_overlapping_intervals_do_not_tell_two_groups_apart() -> None:
    said = told((0.10, 0.05, 0.15), (0.18, 0.14, 0.22))
    assert said == (
        "A: +10.0 points; B: +18.0 points. Their intervals overlap: these labels do not separate "
        "the two."
    )


@pytest.mark.parametrize("sign", [1, -1])
def test_of_two_groups_told_apart_on_one_side_of_zero_the_worse_is_named(sign: int) -> None:
    near, far = sorted([sign * 0.02, sign * 0.04]), sorted([sign * 0.14, sign * 0.22])
    worse = (sign * 0.18, *far)
    better = (sign * 0.03, *near)
    assert told(better, worse).endswith("B is further off than A.")
    assert told(worse, better).endswith("A is further off than B.")


def test_opposite_gaps_told_apart_do_not_say_which_is_worse() -> None:
    said = told((0.06, 0.04, 0.08), (-0.05, -0.07, -0.03))
    assert "further off than" not in said
    assert "A is more overconfident than B" in said


@given(*[st.tuples(st.floats(-1, 1), st.floats(0, 0.3), st.floats(0, 0.3))] * 2)
def test_further_off_is_only_said_when_no_gap_in_the_intervals_contradicts_it(
    a: tuple[float, float, float], b: tuple[float, float, float]
) -> None:
    low_a, high_a, low_b, high_b = a[0] - a[1], a[0] + a[2], b[0] - b[1], b[0] + b[2]
    said = told((a[0], low_a, high_a), (b[0], low_b, high_b))
    if "A is further off than B" in said:
        grid_a, grid_b = np.linspace(low_a, high_a, 50), np.linspace(low_b, high_b, 50)
        assert np.abs(grid_a).min() > np.abs(grid_b).max()
    assert ("overlap:" in said and "do not overlap" not in said) == (
        low_a <= high_b and low_b <= high_a
    )


def test_a_group_of_one_input_is_no_ground_to_compare() -> None:
    said = told((0.1, float("nan"), float("nan")), (0.3, 0.2, 0.4))
    assert said.endswith("One input only is no ground to compare.")


def test_the_gap_is_told_with_its_interval_and_n() -> None:
    one, _ = judged(cells([0.8], [400], [300]))
    # Clopper–Pearson of 300 in 400 is 70.5% to 79.2%.
    assert sentences.interval(one) == "Gap +5.0 points, 95% interval +0.8 to +9.5 points, n 400."


def test_no_interval_is_told_without_a_label() -> None:
    one, _ = judged(cells([0.8], [0], [0], n_claims=[400]))
    assert sentences.interval(one) is None
