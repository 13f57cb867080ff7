"""The noise floor and the p-value of ECE against exact enumeration and simulation."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from core.measure.cells.cells import Cells, InputCells, ece_bin
from core.measure.cells.group_sums import group_sums
from core.measure.metrics.noise_floor import ece_noise_floor, ece_p_value


def cells(v, n, s=None):
    v, n = np.asarray(v, float), np.asarray(n, int)
    return Cells(v, n, n, np.zeros_like(n) if s is None else np.asarray(s, int))


def floor_of(group):
    return float(ece_noise_floor(group_sums([group]))[0])


def exact_floor(v):
    """Mean ECE over all 2^N outcomes of N claims, each weighted by its probability."""
    v = np.asarray(v, float)
    total = 0.0
    for outcome in itertools.product((0, 1), repeat=len(v)):
        y = np.array(outcome)
        weight = np.prod(np.where(y == 1, v, 1 - v))
        total += weight * np.abs(np.bincount(ece_bin(v), v - y, 10)).sum() / len(v)
    return total


def redrawn_ece(group, runs, rng):
    s = rng.binomial(group.n, group.v, size=(runs, len(group.v)))
    bins = np.eye(10)[ece_bin(group.v)]
    return np.abs((group.n * group.v - s) @ bins).sum(axis=1) / group.n.sum()


def repeating(v, y):
    """Cells of inputs in rows, claims in columns; v and y of shape (J, m)."""
    values, value = np.unique(v, return_inverse=True)
    row = np.repeat(np.arange(v.shape[0]), v.shape[1])
    key, place = np.unique(row * len(values) + value.ravel(), return_inverse=True)
    n, s = np.bincount(value.ravel()), np.bincount(value.ravel(), y.ravel()).astype(int)
    detail = InputCells(
        key // len(values),
        key % len(values),
        np.bincount(place),
        np.bincount(place, y.ravel()).astype(int),
    )
    return Cells(values, n, n, s, 0, detail)


@given(st.integers(1, 200), st.floats(0.001, 0.999))
def test_one_value_has_de_moivres_mean_absolute_deviation(n, v):
    k = np.arange(n + 1)
    expected = np.abs(k - n * v) @ stats.binom.pmf(k, n, v) / n
    assert floor_of(cells([v], [n])) == pytest.approx(expected, rel=1e-9)


@given(st.lists(st.integers(0, 100).map(lambda k: k / 100), min_size=1, max_size=9))
def test_a_tiny_group_has_its_exact_floor_within_two_percent(v):
    values, n = np.unique(v, return_counts=True)
    assert floor_of(cells(values, n)) == pytest.approx(exact_floor(v), rel=0.02, abs=1e-9)


@pytest.mark.parametrize(
    ("v", "n"),
    [
        ([0.91, 1.0], [1, 5]),
        ([0.91, 0.95, 0.99, 0.999], [2, 3, 5, 20]),
        ([0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.99], [10, 3, 5, 8, 20, 40, 60, 54]),
        (np.arange(1, 100) / 100, [10] * 99),
        (np.arange(501, 1000) / 1000, [1] * 499),
    ],
)
def test_the_floor_is_what_redraws_give_on_average(v, n):
    group = cells(v, n)
    redrawn = redrawn_ece(group, 40_000, np.random.default_rng(2))
    assert floor_of(group) == pytest.approx(redrawn.mean(), rel=0.01)


def test_the_floor_shrinks_with_the_square_root_of_n():
    # Published for calibrated confidences of unstated spread: .089, .045, .020 at 50, 200, 1000.
    v = [0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.99]
    weights = np.array([1, 1, 1, 1, 2, 2, 2])
    floors = np.array([floor_of(cells(v, weights * k)) for k in (5, 20, 100)])
    assert floors[0] / floors[1:] == pytest.approx([0.089 / 0.045, 0.089 / 0.020], rel=0.03)


def test_no_label_has_no_floor_and_certainty_has_no_noise():
    assert np.isnan(floor_of(cells([0.5], [0])))
    assert floor_of(cells([0.0, 1.0], [5, 5])) == 0


def test_claims_that_fall_together_raise_the_floor():
    rng = np.random.default_rng(8)
    floors, seen = [], []
    for _ in range(300):
        v = np.repeat(rng.choice([0.62, 0.75, 0.85, 0.97], (200, 1)), 4, axis=1)
        y = np.repeat(rng.random((200, 1)) < v[:, :1], 4, axis=1).astype(int)
        group = repeating(v, y)
        floors.append(floor_of(group))
        seen.append(np.abs(np.bincount(ece_bin(v.ravel()), (v - y).ravel(), 10)).sum() / 800)
    assert np.mean(floors) == pytest.approx(np.mean(seen), rel=0.04)
    assert np.mean(floors) > 1.8 * floor_of(cells([0.62, 0.75, 0.85, 0.97], [200] * 4))


def test_inputs_that_never_repeat_have_the_floor_of_independent_claims():
    v, y = np.array([[0.55], [0.95], [0.95]]), np.array([[1], [1], [0]])
    assert floor_of(repeating(v, y)) == pytest.approx(floor_of(cells([0.55, 0.95], [1, 2])))


def test_the_p_value_of_one_value_is_the_binomial_tail():
    # Fifty claims at .8, 34 right: ECE is |gap|, so p is the two-sided tail |s − 40| ≥ 6.
    k = np.arange(51)
    exact = stats.binom.pmf(k, 50, 0.8)[np.abs(k - 40) >= 6].sum()
    assert ece_p_value(cells([0.8], [50], [34]), draws=19_999) == pytest.approx(exact, abs=0.005)


def test_normal_and_exact_draws_agree_where_they_meet():
    rng = np.random.default_rng(9)
    v = np.array([0.15, 0.35, 0.55, 0.75, 0.85, 0.95])
    for n in ([60, 40, 38, 50, 70, 190], [90, 50, 42, 56, 82, 230]):
        group = cells(v, n, rng.binomial(n, v * 0.97))
        observed = np.abs(group.n * v - group.s).sum() / sum(n)
        share = np.mean(redrawn_ece(group, 20_000, rng) >= observed)
        assert ece_p_value(group, draws=9999) == pytest.approx(share, abs=0.02)


@pytest.mark.parametrize("n", [1, 4, 60])
def test_calibrated_signals_are_seldom_surprising(n):
    rng = np.random.default_rng(n)
    v = np.array([0.55, 0.72, 0.85, 0.9, 0.95, 0.99])
    p = [ece_p_value(cells(v, [n] * 6, rng.binomial(n, v)), draws=199) for _ in range(600)]
    # One in twenty, and three standard errors of 600 runs.
    assert np.mean(np.array(p) <= 0.05) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 600)


def test_repeated_inputs_are_not_surprising_where_claims_taken_as_independent_are():
    rng = np.random.default_rng(4)
    by_input, by_claim = [], []
    for _ in range(300):
        v = np.repeat(rng.choice([0.62, 0.75, 0.85, 0.95], (100, 1)), 4, axis=1)
        y = np.repeat(rng.random((100, 1)) < v[:, :1], 4, axis=1).astype(int)
        group = repeating(v, y)
        by_input.append(ece_p_value(group, draws=199))
        by_claim.append(ece_p_value(cells(group.v, group.n, group.s), draws=199))
    assert np.mean(np.array(by_input) <= 0.05) <= 0.10
    assert np.mean(np.array(by_claim) <= 0.05) > 0.3


def test_many_inputs_and_few_inputs_are_drawn_alike(monkeypatch):
    rng = np.random.default_rng(6)
    v = rng.choice([0.62, 0.75, 0.85, 0.95], (400, 3))
    group = repeating(v, (rng.random((400, 3)) < v - 0.02).astype(int))
    signs = ece_p_value(group, draws=4999)
    monkeypatch.setattr("core.measure.metrics.noise_floor.MULTIPLIERS_UP_TO", 0)
    assert ece_p_value(group, draws=4999) == pytest.approx(signs, abs=0.03)


def test_few_inputs_that_happen_to_agree_are_not_proof():
    v = np.full((8, 3), 0.9)
    assert ece_p_value(repeating(v, np.ones((8, 3), int))) > 0.05


def test_the_p_value_is_the_same_each_time_and_never_zero():
    wrong = cells([0.99], [500], [10])
    assert ece_p_value(wrong) == ece_p_value(wrong) == 1 / 1000


def test_certain_claims_that_are_right_are_perfectly_likely_and_a_wrong_one_impossible():
    assert ece_p_value(cells([0.0, 1.0], [5, 5], [0, 5])) == 1
    assert ece_p_value(cells([1.0], [5], [4])) == 1 / 1000


def test_no_label_has_no_p_value():
    assert np.isnan(ece_p_value(cells([0.5], [0])))


def test_many_distinct_values_are_pooled_without_changing_the_answer():
    # 5,000 values above .999, Σv(1−v) ≈ 2.5: drawn exactly; the failures are nearly Poisson.
    v = np.linspace(0.999, 1.0, 5002)[1:-1]
    expected = float((1 - v).sum())
    group = cells(v, [1] * 5000, np.r_[np.zeros(7, int), np.ones(4993, int)])
    k = np.arange(60)
    far = np.abs(k - expected) >= 7 - expected
    exact = stats.poisson.pmf(k, expected)[far].sum()
    assert ece_p_value(group, draws=9999) == pytest.approx(exact, abs=0.01)
