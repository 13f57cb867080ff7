"""Why the Brier score changed between two windows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
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
)
from tests.worlds.claims.cells import stated

CLAIM = st.tuples(st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.9, 0.999999, 1.0]), st.integers(0, 1))
CLAIMS = st.lists(CLAIM, min_size=1, max_size=25)
EXACT = {"rel": 1e-12, "abs": 1e-12}


def split_of(before: Cells, after: Cells, **options: float) -> BrierSplit:
    split = brier_split(before, after, **options)
    assert isinstance(split, BrierSplit)
    return split


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
