"""Calibration slope and intercept: recovered, refused where they do not exist, and damped."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit

from core.measure.metrics.logistic_slope import (
    CLIP,
    calibration_slope_intercept,
    clipped_logit,
    fit_logistic,
)
from core.measure.metrics.scores import NoValue
from tests.worlds.claims.cells import cells


def test_two_values_are_fitted_exactly():
    # With two points the fitted probabilities are the observed ones: logit m = a + b·logit v.
    fit = calibration_slope_intercept(cells([0.3, 0.8], [100, 100], [40, 60]))
    slope = (logit(0.6) - logit(0.4)) / (logit(0.8) - logit(0.3))
    assert fit.slope == pytest.approx(slope, abs=1e-12)
    assert fit.intercept == pytest.approx(logit(0.6) - slope * logit(0.8), abs=1e-12)


def test_exactly_calibrated_counts_have_slope_one_and_intercept_zero():
    fit = calibration_slope_intercept(cells([0.2, 0.5, 0.75, 0.9], [100] * 4, [20, 50, 75, 90]))
    assert (fit.slope, fit.intercept) == pytest.approx((1, 0), abs=1e-12)


def test_a_planted_slope_is_recovered():
    rng = np.random.default_rng(6)
    v = np.arange(5, 100, 5) / 100
    n = np.full(v.size, 5000)
    fit = calibration_slope_intercept(cells(v, n, rng.binomial(n, expit(0.6 * logit(v) - 0.3))))
    # Of 95,000 claims the standard errors are below 0.01.
    assert fit.slope == pytest.approx(0.6, abs=0.03)
    assert fit.intercept == pytest.approx(-0.3, abs=0.03)


@pytest.mark.parametrize(
    ("v", "n", "s", "why"),
    [
        ([], [], [], "no labelled claims"),
        ([0.5, 0.9], [5, 5], [5, 5], "one class"),
        ([0.9], [50], [40], "one confidence"),
        ([0.999, 0.9995, 1.0], [9, 9, 9], [8, 7, 8], "one confidence"),
        ([0.2, 0.8], [10, 10], [0, 10], "separates"),
        ([0.2, 0.8], [10, 10], [10, 0], "separates"),
        ([0.2, 0.5, 0.8], [10, 10, 10], [0, 4, 10], "separates"),
    ],
)
def test_where_no_finite_estimate_exists_the_reason_is_given(v, n, s, why):
    answer = calibration_slope_intercept(cells(v, n, s))
    assert isinstance(answer, NoValue)
    assert why in answer.reason


def test_the_clip_is_reported_and_matters_where_certainty_is_claimed():
    group = cells([0.6, 0.9, 1.0], [100, 100, 100], [55, 80, 85])
    narrow, wide = (calibration_slope_intercept(group, clip=c) for c in (1e-7, 1e-2))
    assert (narrow.clip, wide.clip) == (1e-7, 1e-2)
    assert calibration_slope_intercept(group).clip == CLIP
    assert wide.slope > 2 * narrow.slope


def test_the_fit_converges_where_plain_newton_from_perfect_calibration_diverges():
    group = cells([0.001, 0.5, 0.999], [2, 5000, 2], [1, 4990, 1])
    x = logit(group.v)
    design = np.column_stack([np.ones(3), x])
    plain = np.array([0.0, 1.0])
    for _ in range(20):
        mean = expit(design @ plain)
        information = (design * (group.n * mean * (1 - mean))[:, None]).T @ design
        plain = plain + np.linalg.pinv(information) @ design.T @ (group.s - group.n * mean)
    assert abs(plain[1]) > 50

    fit = calibration_slope_intercept(group)
    residual = group.s - group.n * expit(fit.intercept + fit.slope * x)
    assert fit.slope == pytest.approx(0, abs=1e-9)
    assert residual.sum() == pytest.approx(0, abs=1e-8)
    assert residual @ x == pytest.approx(0, abs=1e-8)


@given(st.integers(0, 2**32), st.integers(2, 8))
def test_the_fit_solves_the_likelihood_equations(seed, k):
    rng = np.random.default_rng(seed)
    v = np.sort(rng.choice(np.arange(0, 101), k, replace=False)) / 100
    n = rng.integers(1, 200, k)
    group = cells(v, n, rng.binomial(n, rng.uniform(0, 1, k)))
    fit = calibration_slope_intercept(group)
    if fit:
        x = logit(np.clip(v, CLIP, 1 - CLIP))
        residual = group.s - n * expit(fit.intercept + fit.slope * x)
        assert residual.sum() == pytest.approx(0, abs=1e-6)
        assert residual @ x == pytest.approx(0, abs=1e-6)


def test_fitting_many_rows_at_once_equals_fitting_each():
    rng = np.random.default_rng(1)
    v = np.array([0.1, 0.5, 0.8, 0.95, 1.0])
    n = rng.integers(20, 400, (30, 5)).astype(float)
    s = rng.binomial(n.astype(int), [0.2, 0.4, 0.7, 0.8, 0.9]).astype(float)
    together = fit_logistic(clipped_logit(v, CLIP)[0], n, s)
    for row in range(30):
        fit = calibration_slope_intercept(cells(v, n[row], s[row]))
        assert together[row] == pytest.approx([fit.intercept, fit.slope], abs=1e-10)


def test_copies_of_one_input_change_no_slope(of_claims):
    rng = np.random.default_rng(2)
    v = rng.choice([0.4, 0.6, 0.8, 0.9], 2000)
    y = (rng.random(2000) < v).astype(int)
    once = calibration_slope_intercept(of_claims(v, y))
    copied = of_claims(np.tile(v, 4), np.tile(y, 4), np.tile(np.arange(2000), 4))
    copies = calibration_slope_intercept(copied)
    assert copies.slope == pytest.approx(once.slope, abs=1e-10)
