"""Comparing shapes: by hand, true to their level, paired and not, and what they find."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from core.measure.cells.cells import Cells, FloatArray, InputCells, IntArray
from core.measure.cells.group_sums import HUNDREDTHS
from core.measure.metrics.shape import critical_value
from core.measure.verdicts.shape_change import BandPair, ShapeChange, shape_change, shared_bands
from tests.worlds.claims.band_pairs import band_pair
from tests.worlds.governed.rounds import examples

QUARTERS = np.full(4, 0.25)
V4 = np.array([0.3, 0.5, 0.7, 0.85])
#: Right as often as not said: no gap before or after, an error of nil or of 15 points.
CANCELLING = np.array([0.5, 0.6, 0.6, 0.65])
V10 = np.arange(10) / 10 + 0.05


def cells(v: FloatArray, value: IntArray, right: IntArray, repeats: int = 1) -> Cells:
    """One input per entry, of so many like claims."""
    n = np.bincount(value, minlength=len(v)) * repeats
    s = np.bincount(value, right, len(v)).astype(int) * repeats
    each = np.full(len(value), repeats)
    return Cells(v, n, n, s, 0, InputCells(np.arange(len(value)), value, each, right * repeats))


def bands_of(*sides: Cells) -> IntArray:
    n = np.zeros(HUNDREDTHS)
    for one in sides:
        n[np.rint(one.v * 100).astype(int)] += one.n
    return shared_bands(n)


def compared(
    rng: np.random.Generator,
    v: FloatArray,
    before: FloatArray,
    after: FloatArray,
    labels: int,
    *,
    paired: bool = False,
    repeats: int = 1,
) -> ShapeChange:
    sides = []
    common = rng.standard_normal(labels)
    for right in (before, after):
        value = rng.integers(len(v), size=labels)
        if paired:
            own = rng.standard_normal(labels)
            chance = special.ndtr(np.sqrt(0.8) * common + np.sqrt(0.2) * own)
        else:
            chance = rng.random(labels)
        sides.append(cells(v, value, (chance < right[value]).astype(int), repeats))
    return shape_change(band_pair(*sides, bands_of(*sides), shared=paired))


def share(word: str, runs: int, seed: int, **design: object) -> float:
    rng = np.random.default_rng(seed)
    found = [compared(rng, **design) for _ in range(runs)]  # type: ignore[arg-type]
    return float(np.mean([one.verdict == word for one in found]))


#: The bands of .5 and .9.
HALVES = (np.arange(HUNDREDTHS) > 50).astype(np.int64)


def counts(n: list[int], s: list[int]) -> Cells:
    """At .5 and .9."""
    count = np.array(n)
    return Cells(np.array([0.5, 0.9]), count, count, np.array(s))


def test_unpaired_by_hand() -> None:
    # Before: S = (0, 10) of 100 each at .5 and .9; after: (−20, 20): errors .05 and .2. The
    # pattern (−1, 1) with V of the accuracies with two right and two wrong added.
    before, after = counts([100, 100], [50, 80]), counts([100, 100], [70, 70])
    found = shape_change(band_pair(before, after, bands_of(before, after)))
    assert (found.before.value, found.after.value) == (pytest.approx(0.05), pytest.approx(0.2))
    p = (np.array([50, 80, 70, 70]) + 2) / 104
    variance = np.maximum(100 * p * (1 - p), [25 * 100 / 99, 0, 0, 0])
    variance[1:] = np.maximum(variance[1:], np.array([16, 21, 21]) * 200 / 199)
    variance[0] = max(100 * p[0] * (1 - p[0]), 25 * 200 / 199)
    size = np.sqrt(variance) / 200
    one_sign = np.array([[1, 1], [1, 0], [0, 1], [-1, 1]])
    family = np.array([[0, -1, *row] for row in np.concatenate([one_sign, -one_sign])])
    c = critical_value(family * size, 0.025, one_sided=True)
    # The sign of a band without error is 0, so only the other counts before.
    sd = np.sqrt((size[1:] ** 2).sum() + c * c / 2 * (2 / 200**2))
    assert found.change.value == pytest.approx(0.15)
    assert found.change.low == pytest.approx(0.2 - 0.05 - c * sd, abs=2e-3)
    assert found.verdict == "worse"


def test_the_same_inputs_with_the_same_answers_show_no_change() -> None:
    rng = np.random.default_rng(1)
    value = rng.integers(4, size=400)
    one = cells(V4, value, (rng.random(400) < CANCELLING[value]).astype(int))
    pair = band_pair(one, one, bands_of(one, one), shared=True)
    found = shape_change(pair)
    assert (found.change.value, pair.shared) == (0, 400)
    assert found.change.low < 0 < found.change.high
    loose = shape_change(band_pair(one, one, bands_of(one, one)))
    assert found.change.high - found.change.low < loose.change.high - loose.change.low


@pytest.mark.parametrize("paired", [False, True])
@pytest.mark.parametrize(
    ("before", "after"),
    [(V4, V4), (CANCELLING, CANCELLING), (CANCELLING, 2 * V4 - CANCELLING)],
    ids=["calibrated", "same shape", "sign turned"],
)
def test_no_change_in_size_is_called_worse_or_better_no_more_often_than_promised(
    before: FloatArray, after: FloatArray, paired: bool
) -> None:
    rng = np.random.default_rng(2)
    found = [compared(rng, V4, before, after, 300, paired=paired) for _ in range(100)]
    most = 0.025 + 3 * np.sqrt(0.025 * 0.975 / 100)
    assert np.mean([one.change.low > 0 for one in found]) <= most
    assert np.mean([one.change.high < 0 for one in found]) <= most


@pytest.mark.parametrize("paired", [False, True])
def test_a_shape_that_cancels_is_found_to_be_worse_where_no_gap_changed(paired: bool) -> None:
    design = {"v": V4, "before": V4, "after": CANCELLING, "labels": 500, "paired": paired}
    assert share("worse", 40, 3, **design) > 0.75
    turned = {**design, "before": CANCELLING, "after": V4}
    assert share("better", 40, 4, **turned) > 0.75


def test_overconfidence_at_half_the_slope_is_found_over_five_bands_of_ten_confidences() -> None:
    design = {"v": V10, "before": V10, "after": 0.5 + 0.5 * (V10 - 0.5), "labels": 1000}
    assert share("worse", 40, 5, **design) > 0.9


@pytest.mark.parametrize(
    ("after", "word"), [(V4, "same"), (CANCELLING, "worse")], ids=["calibrated", "cancelling"]
)
def test_the_labels_it_names_tell(after: FloatArray, word: str) -> None:
    rng = np.random.default_rng(12)
    told = []
    while len(told) < 40:
        first = compared(rng, V4, V4, after, 150)
        if first.verdict == "cannot_tell" and first.more_labels:
            again = compared(rng, V4, V4, after, 150 + first.more_labels)
            told.append(again.verdict == word)
    assert np.mean(told) >= 0.65


def test_without_inputs_enough_those_are_named_and_where_it_is_told_none() -> None:
    few = shape_change(band_pair(counts([10, 10], [5, 9]), counts([50, 50], [25, 45]), HALVES))
    assert few.more_labels == 10
    many = counts([20000, 20000], [10000, 18000])
    told = shape_change(band_pair(many, many, HALVES))
    assert (told.verdict, told.more_labels) == ("same", 0)


def test_repeated_inputs_are_not_taken_for_more_labels() -> None:
    rng = np.random.default_rng(6)
    design = {"v": V4, "before": CANCELLING, "after": CANCELLING, "labels": 60, "repeats": 20}
    found = [compared(rng, **design) for _ in range(60)]  # type: ignore[arg-type]
    assert all(one.effective == pytest.approx(60) for one in found)
    assert np.mean([one.change.low > 0 for one in found]) <= 0.04


def test_two_signals_shown_to_be_fine_are_the_same_and_few_labels_cannot_tell() -> None:
    design = {"v": V4, "before": V4, "after": V4}
    assert share("same", 20, 7, **design, labels=20_000) == 1
    assert share("cannot_tell", 20, 8, **design, labels=200) == 1
    assert share("cannot_tell", 20, 9, v=V4, before=V4, after=1 - V4, labels=29) == 1


def test_a_side_without_a_label_has_no_change() -> None:
    nothing = counts([0, 0], [0, 0])
    found = shape_change(band_pair(counts([50, 50], [20, 40]), nothing, np.zeros(101, dtype=int)))
    assert np.isnan(found.change.value)
    assert found.verdict == "cannot_tell"


@settings(max_examples=examples(10, 300), deadline=None)
@given(st.integers(0, 2**32 - 1), st.booleans(), st.integers(30, 200))
def test_sides_swapped_turn_the_interval_round(seed: int, paired: bool, labels: int) -> None:
    rng = np.random.default_rng(seed)
    sides = []
    for _ in range(2):
        value = rng.integers(4, size=labels)
        sides.append(cells(V4, value, (rng.random(labels) < rng.random()).astype(int)))
    pair = band_pair(*sides, bands_of(*sides), shared=paired)
    one, other = shape_change(pair), shape_change(pair.swapped())
    assert one.change.value == pytest.approx(-other.change.value)
    assert one.change.low == pytest.approx(-other.change.high)
    assert one.change.low <= one.change.value + 1e-12 <= one.change.high + 2e-12
    assert same_arrays(pair.swapped().swapped(), pair)


def same_arrays(one: BandPair, other: BandPair) -> bool:
    names = ("m", "s", "q", "qq", "qm", "mm")
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in names)


def test_few_confidences_are_bands_of_their_own_and_many_about_equal_ones() -> None:
    n = np.zeros(HUNDREDTHS)
    n[[50, 90, 100]] = 7
    assert shared_bands(n)[[50, 90, 100]].tolist() == [0, 1, 2]
    n[[60, 70, 80, 95]] = 100, 100, 100, 300
    # 21 in 621 labels before .6: five parts of 124 are cut where their middles fall.
    place = shared_bands(n)
    assert place[[50, 60, 70, 80, 90, 95, 100]].tolist() == [0, 0, 1, 2, 2, 3, 4]
    assert (np.diff(place) >= 0).all()


def test_claims_without_an_input_count_one_each() -> None:
    before, after = counts([40, 60], [20, 50]), counts([30, 30], [10, 25])
    pair = band_pair(before, after, bands_of(before, after))
    assert pair.inputs == (100, 60)
    assert pair.mm.diagonal().tolist() == [40, 60, 30, 30]
    assert pair.q.tolist() == pytest.approx([0, 4, 5, 2])
    assert pair.effective == (100, 60)
    assert replace(pair).bands == 2
