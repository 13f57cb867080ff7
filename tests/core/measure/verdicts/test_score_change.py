"""Changes of the Brier score and of discrimination: by hand, true to level, paired and not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import special

from core.measure.cells.cells import Cells, FloatArray, InputCells, IntArray
from core.measure.verdicts.before_after import Pair, SideSums
from core.measure.verdicts.score_change import (
    KindsOfCases,
    ScoreChange,
    auroc_change,
    auroc_change_on_one_mix,
    brier_change,
)

V = np.array([0.5, 0.7, 0.8, 0.9, 0.95, 0.99])
SHARE = np.array([0.05, 0.1, 0.2, 0.3, 0.25, 0.1])
FLAT = np.full(6, V @ SHARE)


def cells(value: IntArray, right: IntArray, v: FloatArray = V) -> Cells:
    n = np.bincount(value, minlength=len(v))
    return Cells(v, n, n, np.bincount(value, right, len(v)).astype(int))


def by_input(value: IntArray, right: IntArray) -> InputCells:
    return InputCells(np.arange(len(value)), value, np.ones(len(value), dtype=int), right)


def areas(
    rng: np.random.Generator, before: FloatArray, after: FloatArray, labels: int, paired: bool
) -> ScoreChange:
    common, sides = rng.standard_normal((2, labels)), []
    for right in (before, after):
        own = rng.standard_normal((2, labels))
        mixed = np.sqrt(0.8) * common + np.sqrt(0.2) * own if paired else own
        u, chance = special.ndtr(mixed)
        value = np.searchsorted(np.cumsum(SHARE)[:-1], u)
        sides.append((value, (chance < right[value]).astype(int)))
    inputs = (by_input(*sides[0]), by_input(*sides[1])) if paired else None
    return auroc_change(cells(*sides[0]), cells(*sides[1]), inputs=inputs)


def brier_pair(before: FloatArray, after: FloatArray) -> Pair:
    """One claim per input, the same inputs on both sides."""
    n = len(before)
    sides = [
        SideSums(n, n, n, float(q.sum()), float(q @ q), float(q.sum())) for q in (before, after)
    ]
    return Pair(*sides, n, float(before @ after), float(before.sum()), float(after.sum()), float(n))


def test_the_area_and_its_variance_by_hand() -> None:
    # Right at .9, .9, .5 and wrong at .5, .5, .9: placements of the right among the wrong
    # (5/6, 5/6, 1/3), of the wrong (5/6, 5/6, 1/3); area 2/3; DeLong's variance 2·(1/6)/(3·2).
    one = Cells(np.array([0.5, 0.9]), *(np.array([3, 3]),) * 2, np.array([1, 2]))
    found = auroc_change(one, one)
    assert found.before == pytest.approx(2 / 3)
    assert found.change.value == 0
    half = 1.959964 * np.sqrt(2 * 2 * (1 / 6) / (3 * 2))
    assert found.change.high == pytest.approx(half)


def test_the_variance_is_delongs_of_single_claims_too() -> None:
    rng = np.random.default_rng(1)
    value = rng.integers(6, size=300)
    right = (rng.random(300) < V[value]).astype(int)
    loose = auroc_change(cells(value, right), cells(value, right))
    # Claim by claim, from the definition.
    v, y = V[value], right.astype(bool)
    kernel = (v[y][:, None] > v[~y]) + 0.5 * (v[y][:, None] == v[~y])
    variance = np.var(kernel.mean(axis=1), ddof=1) / y.sum()
    variance += np.var(kernel.mean(axis=0), ddof=1) / (~y).sum()
    assert loose.before == pytest.approx(kernel.mean())
    assert loose.change.high == pytest.approx(1.959964 * np.sqrt(2 * variance))


def test_the_same_answers_paired_leave_no_room_for_a_change() -> None:
    rng = np.random.default_rng(2)
    value = rng.integers(6, size=300)
    right = (rng.random(300) < V[value]).astype(int)
    one, inputs = cells(value, right), by_input(value, right)
    found = auroc_change(one, one, inputs=(inputs, inputs))
    assert found.change.low == pytest.approx(0, abs=0.01)
    assert found.verdict == "cannot_tell"


@pytest.mark.parametrize("paired", [False, True])
@pytest.mark.parametrize("right", [V, FLAT, np.array([0.1, 0.3, 0.7, 0.97, 0.99, 1.0])])
def test_equal_discrimination_is_called_worse_no_more_often_than_promised(
    right: FloatArray, paired: bool
) -> None:
    rng = np.random.default_rng(3)
    found = [areas(rng, right, right, 200, paired).verdict for _ in range(600)]
    most = 0.025 + 3 * np.sqrt(0.025 * 0.975 / 600)
    assert found.count("worse") / 600 <= most
    assert found.count("better") / 600 <= most


@pytest.mark.parametrize("paired", [False, True])
def test_confidence_that_stops_telling_right_from_wrong_is_worse(paired: bool) -> None:
    rng = np.random.default_rng(4)
    found = [areas(rng, V, FLAT, 300, paired).verdict for _ in range(100)]
    assert found.count("worse") > 90


def test_repeats_of_few_inputs_are_not_taken_for_more() -> None:
    rng = np.random.default_rng(5)
    wrong = 0
    for _ in range(200):
        sides = []
        for _ in range(2):
            value = rng.integers(6, size=60)
            right = (rng.random(60) < 0.7).astype(int)
            many = InputCells(np.arange(60), value, np.full(60, 10), 10 * right)
            n = np.bincount(value, minlength=6) * 10
            s = np.bincount(value, right, 6).astype(int) * 10
            sides.append(Cells(V, n, n, s, 0, many))
        wrong += auroc_change(*sides).verdict == "worse"
    assert wrong / 200 <= 0.025 + 3 * np.sqrt(0.025 * 0.975 / 200)


def test_one_class_or_few_of_a_class_cannot_tell() -> None:
    full = Cells(np.array([0.5, 0.9]), *(np.array([100, 100]),) * 2, np.array([50, 90]))
    certain = Cells(np.array([0.5, 0.9]), *(np.array([100, 100]),) * 2, np.array([100, 100]))
    few = Cells(np.array([0.5, 0.9]), *(np.array([9, 100]),) * 2, np.array([0, 100]))
    assert np.isnan(auroc_change(full, certain).after)
    assert auroc_change(full, certain).verdict == "cannot_tell"
    assert auroc_change(few, full).verdict == "cannot_tell"
    assert auroc_change(few, full).change.high < 0


def test_a_paired_brier_score_is_worse_by_a_t_of_the_differences() -> None:
    rng = np.random.default_rng(6)
    before, after = rng.random((2, 200)) * 0.2
    after = after + 0.05
    found = brier_change(brier_pair(before, after))
    difference = after - before
    error = difference.std(ddof=1) / np.sqrt(200)
    assert found.change.value == pytest.approx(difference.mean())
    assert found.change.low <= difference.mean() - 1.96 * error
    assert found.change.low == pytest.approx(difference.mean() - 1.97 * error, abs=0.01)
    assert found.verdict == "worse"


def test_the_brier_score_is_true_to_its_level_and_sees_a_shape_that_cancels() -> None:
    rng = np.random.default_rng(7)
    v, bad = np.array([0.3, 0.5, 0.7, 0.85]), np.array([0.5, 0.6, 0.6, 0.65])

    def verdicts(after: FloatArray, labels: int) -> list[str]:
        found = []
        for _ in range(300):
            value, u = rng.integers(4, size=labels), rng.random((2, labels))
            scores = [
                (v[value] - (one < right[value])) ** 2
                for one, right in zip(u, (v, after), strict=True)
            ]
            found.append(brier_change(brier_pair(*scores)).verdict)
        return found

    same = verdicts(v, 200)
    most = 0.025 + 3 * np.sqrt(0.025 * 0.975 / 300)
    assert same.count("worse") / 300 <= most
    assert same.count("better") / 300 <= most
    assert verdicts(bad, 300).count("worse") / 300 > 0.5


def test_under_thirty_inputs_the_brier_score_cannot_tell() -> None:
    assert brier_change(brier_pair(np.zeros(29), np.ones(29))).verdict == "cannot_tell"
    assert brier_change(brier_pair(np.zeros(30), np.ones(30))).verdict == "worse"


def test_another_mix_of_cases_is_no_change_of_discrimination() -> None:
    # Easy cases are ranked well and hard ones badly, on both sides; after come more hard ones.
    def of(n: int, right: tuple[float, float]) -> Cells:
        count = np.array([n // 2, n // 2])
        return Cells(np.array([0.6, 0.9]), count, count, np.rint(count * right).astype(int))

    easy, hard = (0.2, 0.95), (0.5, 0.5)
    before, after = [of(2000, easy), of(1000, hard)], [of(1000, easy), of(2000, hard)]
    found = auroc_change_on_one_mix(before, after)
    assert found.change.value == pytest.approx(0, abs=1e-9)
    assert found.verdict == "cannot_tell"
    pooled = [
        Cells(one.v, *(one.n + other.n,) * 2, one.s + other.s) for one, other in (before, after)
    ]
    assert auroc_change(*pooled).verdict == "worse"


def test_kinds_of_case_that_one_side_lacks_are_left_out_of_both() -> None:
    rng = np.random.default_rng(6)
    value = rng.integers(6, size=300)
    one = cells(value, (rng.random(300) < V[value]).astype(int))
    nothing = Cells(V, one.n_claims, *(np.zeros(6, dtype=int),) * 2)
    found = auroc_change_on_one_mix([one, one], [one, nothing])
    assert found == auroc_change(one, one)


@pytest.mark.parametrize("repeat", [False, True])
def test_groups_of_kinds_are_what_their_kinds_are_alone(repeat: bool) -> None:
    rng = np.random.default_rng(8)
    sides = []
    for _ in range(2):
        values = [rng.integers(6, size=n) for n in (40, 0, 70, 55, 90)]
        side = [cells(value, (rng.random(len(value)) < V[value]).astype(int)) for value in values]
        sides.append(side)
    if repeat:
        one = sides[0][2]
        inputs = InputCells(np.arange(6) // 2, np.arange(6), one.n, one.s)
        sides[0][2] = replace(one, inputs=inputs)
    kinds = KindsOfCases(*sides)
    for of in ([0, 1, 2, 3, 4], [2, 4], [0, 3], [1]):
        alone = auroc_change_on_one_mix(*([side[i] for i in of] for side in sides), level=0.9)
        assert repr(kinds.change(of, level=0.9)) == repr(alone)


def test_weights_that_are_all_the_same_leave_the_interval_as_it_is() -> None:
    rng = np.random.default_rng(7)
    value = rng.integers(6, size=600)
    right = (rng.random(600) < V[value]).astype(int)
    one = cells(value[:300], right[:300])
    halves = [cells(value[:150], right[:150]), cells(value[150:300], right[150:300])]
    other = cells(value, right)
    both = [cells(value[:300], right[:300]), cells(value[300:], right[300:])]
    found = auroc_change_on_one_mix(halves, both)
    plain = auroc_change(one, other)
    assert found.change.low == pytest.approx(plain.change.low)
    assert found.change.high == pytest.approx(plain.change.high)
