"""SmoothECE: its definition by direct integration, and what it is for. See also the witnesses."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.measure.metrics.scores import NoValue, ece
from core.measure.metrics.smece import smece, smece_at, smece_of_draws
from tests.worlds.claims.cells import cells


def by_integration(group, sigma):
    """∫|Σ r_i K(t, v_i)| dt / N with the Gaussian kernel reflected at 0 and 1, on a fine grid."""
    t = np.linspace(0, 1, 20_001)
    smooth = np.zeros_like(t)
    for v, n, s in zip(group.v, group.n, group.s, strict=True):
        for image in (v, -v, 2 - v):
            smooth += (n * v - s) * np.exp(-((t - image) ** 2) / (2 * sigma**2))
    smooth /= sigma * np.sqrt(2 * np.pi)
    return np.trapezoid(np.abs(smooth), t) / group.total


@pytest.mark.parametrize("sigma", [0.03, 0.1])
def test_smece_at_a_bandwidth_is_the_integral_of_the_smoothed_residual(sigma):
    group = cells([0.2, 0.55, 0.8, 0.95], [30, 40, 80, 60], [10, 15, 60, 40])
    # The package it reproduces works on a mesh of 200 points and adds 1e-4 to the density.
    assert smece_at(group, sigma) == pytest.approx(by_integration(group, sigma), rel=0.01)


def test_smece_is_the_bandwidth_at_which_bandwidth_and_error_meet():
    group = cells([0.2, 0.55, 0.8, 0.95], [30, 40, 80, 60], [10, 15, 60, 40])
    found = smece(group)
    assert smece_at(group, found) == pytest.approx(found, abs=2 / 1024)


def test_a_constant_gap_at_one_value_is_found_in_full():
    assert smece(cells([0.5], [1000], [200])) == pytest.approx(0.3, abs=1e-3)


def test_gaps_that_jump_over_a_bin_edge_do_not_jump_in_smece():
    left, right = cells([0.5], [1000], [400]), cells([0.500001], [1000], [400])
    mixed = cells([0.45, 0.5], [500, 500], [275, 200])
    moved = cells([0.45, 0.500001], [500, 500], [275, 200])
    assert smece(right) == pytest.approx(smece(left), abs=1e-5)
    assert abs(ece(moved) - ece(mixed)) > 0.09
    assert smece(moved) == pytest.approx(smece(mixed), abs=1e-4)


def test_without_labels_there_is_no_value():
    assert smece(cells([], [], [])) == NoValue("no labelled claims")


@given(
    st.lists(st.tuples(st.integers(0, 100), st.integers(1, 40)), min_size=1, max_size=8),
    st.data(),
)
def test_smece_is_a_share_and_counts_only_in_proportion(rows, data):
    rows = dict(rows)
    v = np.array(sorted(rows)) / 100
    n = np.array([rows[key] for key in sorted(rows)])
    s = np.array([data.draw(st.integers(0, int(count))) for count in n])
    once, thrice = smece(cells(v, n, s)), smece(cells(v, 3 * n, 3 * s))
    assert 0 <= once <= 1
    # Only the constant added to the density feels the counts.
    assert thrice == pytest.approx(once, rel=2e-3, abs=2e-4)


@pytest.mark.parametrize("sigma", [0.01, 0.03, 0.1, 0.3, 1.0])
def test_resampled_values_agree_with_those_on_the_grid(sigma):
    group = cells([0.02, 0.3, 0.55, 0.8, 0.9, 0.95, 1.0], [90] * 7, [3, 20, 41, 60, 66, 80, 81])
    (found,) = smece_of_draws(group.v, group.n[None] * 1.0, group.s[None] * 1.0, sigma)
    assert found == pytest.approx(smece_at(group, sigma), rel=2e-3)
