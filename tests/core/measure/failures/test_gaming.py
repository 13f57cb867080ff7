"""Metrics that are gamed: seen where planted, not where nothing or something honest changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from core.measure.cells.cells import Cells
from core.measure.failures.gaming import collapse, spread
from core.measure.metrics.scores import NoValue, auroc

OfClaims = Callable[..., Cells]
VALUES = np.array([0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95])


def drawn(rng, n, *, gap=0.0, values=VALUES):
    v = rng.choice(values, n)
    return v, (rng.random(n) < np.clip(v - gap, 0, 1)).astype(int)


def brute_window(claims, held=0.9):
    v = np.sort(claims)
    need = int(np.ceil(held * v.size - 1e-9))
    return min(v[i + need - 1] - v[i] for i in range(v.size - need + 1))


@given(st.lists(st.sampled_from([0.1, 0.2, 0.5, 0.55, 0.9, 1.0]), min_size=1, max_size=40))
def test_the_window_is_the_narrowest_of_all_that_hold_nine_in_ten(claims):
    v, n = np.unique(claims, return_counts=True)
    found = spread(Cells(v, n, np.zeros_like(n), np.zeros_like(n)))
    assert found.width == pytest.approx(brute_window(claims), abs=1e-12)
    assert found.high - found.low == pytest.approx(found.width)
    assert found.n_values == v.size


def test_entropy_is_that_of_the_shares():
    n = np.array([1, 1, 2])
    found = spread(Cells(np.array([0.1, 0.5, 0.9]), n, n, n))
    assert found.entropy == pytest.approx(1.5)


def test_one_single_confidence_has_no_width_and_no_entropy():
    n = np.array([7])
    found = spread(Cells(np.array([0.7]), n, n, n))
    assert (found.width, found.entropy, found.n_values) == (0, 0, 1)


def test_nothing_stated_has_no_spread():
    none = np.zeros(0, dtype=int)
    assert isinstance(spread(Cells(np.zeros(0), none, none, none)), NoValue)


def test_the_auroc_change_is_that_of_sklearn_with_delongs_interval(of_claims: OfClaims):
    rng = np.random.default_rng(3)
    first, second = drawn(rng, 400), drawn(rng, 300, values=VALUES[:4])
    one, other = of_claims(*first), of_claims(*second)
    found = collapse(one, other)
    areas = [roc_auc_score(y, v) for v, y in (first, second)]
    assert found.auroc.value == pytest.approx(areas[1] - areas[0], abs=1e-12)
    deviations = [auroc(each).standard_error for each in (one, other)]
    half = 1.959964 * np.hypot(*deviations)
    assert found.auroc.high - found.auroc.value == pytest.approx(half, rel=1e-5)


def test_delongs_standard_error_of_a_hand_worked_case(of_claims: OfClaims):
    # Right at .9, .8, .6; wrong at .7, .5. Of six pairs five are won: AUROC 5/6.
    # V10 = (1, 1, 1/2), V01 = (2/3, 1); S10 = 1/12, S01 = 1/18; variance = S10/3 + S01/2.
    found = auroc(of_claims([0.9, 0.8, 0.6, 0.7, 0.5], [1, 1, 1, 0, 0]))
    assert found.value == pytest.approx(5 / 6)
    assert found.standard_error**2 == pytest.approx((1 / 12) / 3 + (1 / 18) / 2)


def test_a_collapse_into_a_band_is_seen_by_both_signs(of_claims: OfClaims):
    rng = np.random.default_rng(4)
    v, y = drawn(rng, 3000, gap=0.1)
    told = np.round(np.clip(y.mean() + rng.normal(0, 0.008, y.size), 0.01, 0.99), 2)
    found = collapse(of_claims(v, y), of_claims(told, y))
    assert found.p_traded < 1e-6
    assert found.p_narrowed == pytest.approx(1 / 1000)
    assert found.ece.high < 0
    assert found.auroc.high < 0
    assert found.width.high < 0


def test_a_falling_ece_with_a_kept_auroc_is_a_recalibration_and_no_trade(of_claims: OfClaims):
    rng = np.random.default_rng(5)
    v, y = drawn(rng, 4000, gap=0.1)
    found = collapse(of_claims(v, y), of_claims(np.round(v - 0.1, 2), y))
    assert found.ece.high < 0
    assert found.p_traded > 0.5
    assert found.p_narrowed > 0.9


def test_a_falling_auroc_with_a_rising_ece_is_a_decalibration_and_no_trade(of_claims: OfClaims):
    rng = np.random.default_rng(6)
    v, y = drawn(rng, 4000)
    noise = (rng.random(4000) < 0.7).astype(int)
    found = collapse(of_claims(v, y), of_claims(v, noise))
    assert found.auroc.high < 0
    assert found.p_traded > 0.5


def test_narrower_confidences_that_tell_more_are_no_collapse(of_claims: OfClaims):
    rng = np.random.default_rng(7)
    v, y = drawn(rng, 2000, gap=0.1)
    sharp = np.where(y == 1, 0.72, 0.68)
    found = collapse(of_claims(v, y), of_claims(sharp, y))
    assert found.width.high < 0
    assert found.auroc.low > 0
    assert found.p_narrowed == 1


def test_spread_needs_no_label(of_claims: OfClaims):
    rng = np.random.default_rng(8)
    v, _ = drawn(rng, 500)
    one = of_claims(v, np.zeros(500, int))
    silent = [replace(each, n=each.n * 0, s=each.s * 0) for each in (one, of_claims([0.7] * 400,
              [0] * 400))]  # fmt: skip
    found = collapse(*silent)
    assert (found.ece, found.auroc, found.p_traded) == (None, None, 1)
    assert found.p_narrowed < 0.01


def test_too_few_claims_are_not_compared(of_claims: OfClaims):
    rng = np.random.default_rng(9)
    assert isinstance(collapse(of_claims(*drawn(rng, 29)), of_claims(*drawn(rng, 500))), NoValue)


@given(st.integers(0, 2**32))
def test_the_order_of_claims_and_of_inputs_changes_nothing(of_claims: OfClaims, seed: int):
    rng = np.random.default_rng(seed)
    sides, shuffled = [], []
    for _ in range(2):
        v, y = drawn(rng, 60)
        order = rng.permutation(60)
        sides.append(of_claims(v, y))
        shuffled.append(of_claims(v[order], y[order]))
    assert collapse(*sides, draws=50) == collapse(*shuffled, draws=50)


def test_repeated_inputs_widen_the_intervals(of_claims: OfClaims):
    rng = np.random.default_rng(10)
    v, y = drawn(rng, 300)
    other = drawn(rng, 300)
    once = collapse(of_claims(v, y), of_claims(*other))
    tripled = [np.repeat(each, 3) for each in (v, y)]
    thrice = collapse(of_claims(*tripled, inputs=np.repeat(np.arange(300), 3)), of_claims(*other))
    width = [one.auroc.high - one.auroc.low for one in (once, thrice)]
    # Three copies of an input say no more than one.
    assert width[1] == pytest.approx(width[0], rel=0.02)


def test_nothing_that_changes_is_flagged_no_more_often_than_it_says(of_claims: OfClaims):
    rng = np.random.default_rng(11)
    flagged = sum(
        collapse(
            of_claims(*drawn(rng, 300, gap=0.08)), of_claims(*drawn(rng, 300, gap=0.08)), draws=199
        ).p
        <= 0.05
        for _ in range(150)
    )
    # Nominally at most 7.5; more than 13 has a chance under 2 %.
    assert flagged <= 13


def test_the_ece_of_many_confidences_is_as_certain_as_that_of_all_their_claims(
    of_claims: OfClaims,
):
    rng = np.random.default_rng(8)
    values = np.linspace(0.5, 0.99, 400)
    sides = [drawn(rng, 1500, gap=gap, values=values) for gap in (0.15, 0.05)]
    found = collapse(*(of_claims(*side) for side in sides), draws=19)
    assert found.ece is not None
    variances = []
    for v, y in sides:
        bins = np.ceil(v * 10).astype(int)
        errors = []
        for _ in range(400):
            at = rng.integers(v.size, size=v.size)
            residuals = np.bincount(bins[at], weights=v[at] - y[at])
            errors.append(np.abs(residuals).sum() / v.size)
        variances.append(np.var(errors))
    expected = 1.96 * np.sqrt(sum(variances))
    assert (found.ece.high - found.ece.low) / 2 == pytest.approx(expected, rel=0.12)
