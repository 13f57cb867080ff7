"""Few inputs, and inputs that hold most claims: intervals keep what they promise."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.measure.cells.cells import FloatArray, InputSums
from core.measure.metrics.intervals import clopper_pearson, few_inputs, gap_interval, kish_n

#: Of one interval among 50 groups, whole and high band, at family-wise .05.
ALPHA = 1.03e-3
Design = tuple[FloatArray, FloatArray, FloatArray, InputSums]


def summed(m: FloatArray, right: FloatArray, v: float) -> Design:
    """Mean confidence, right claims, claims and input sums of many groups; inputs in columns."""
    r = m * v - right
    sums = InputSums(
        (m > 0).sum(axis=1),
        (r * r).sum(axis=1),
        (r * m).sum(axis=1),
        (m * m).sum(axis=1),
        m.max(axis=1),
    )
    return np.full(len(m), v), right.sum(axis=1), m.sum(axis=1), sums


def pareto(rng: np.random.Generator, groups: int) -> FloatArray:
    """Thirty to sixty inputs whose sizes have no finite mean."""
    m = np.ceil(rng.random((groups, 60)) ** -1.0)
    return np.where(np.arange(60) < rng.integers(30, 61, (groups, 1)), np.minimum(m, 1e5), 0)


def dominated(rng: np.random.Generator, groups: int) -> FloatArray:
    """One input with four fifths of the claims, and a hundred others."""
    m = np.ones((groups, 101))
    m[:, 0] = 400
    return m


@pytest.mark.parametrize("sizes", [pareto, dominated])
def test_calibrated_signals_of_heavy_inputs_are_not_called_miscalibrated(
    sizes: Callable[[np.random.Generator, int], FloatArray],
) -> None:
    rng = np.random.default_rng(7)
    m = sizes(rng, 4000)
    confidence, s, n, sums = summed(m, m * (rng.random(m.shape) < 0.9), 0.9)
    low, high = gap_interval(confidence, s, n, ALPHA, sums)
    assert np.mean((low > 0.05) | (high < -0.05)) <= ALPHA + 3 * np.sqrt(ALPHA / 4000)


def test_few_inputs_with_like_answers_do_not_look_certain() -> None:
    # Thirty inputs of twenty claims, nine in ten alike, stated .99 and true .93 of the time: the
    # interval of the cluster variance alone lay below the true gap 11.6 % of the time.
    rng = np.random.default_rng(8)
    together = rng.random((3000, 30, 1)) < 0.93
    alike = rng.random((3000, 30, 20)) < 0.9
    right = np.where(alike, together, rng.random((3000, 30, 20)) < 0.93).sum(axis=2)
    confidence, s, n, sums = summed(np.full((3000, 30), 20.0), right.astype(float), 0.99)
    low, high = gap_interval(confidence, s, n, 0.05, sums)
    assert np.mean(high < 0.06) <= 0.025
    assert np.mean((low <= 0.06) & (high >= 0.06)) >= 0.95


def test_few_inputs_have_the_interval_of_so_many_trials() -> None:
    # Sixty inputs that all have 14 of 20 right: no spread, so the exact interval of 42 in 60.
    confidence, s, n, sums = summed(np.full((1, 60), 20.0), np.full((1, 60), 14.0), 0.9)
    low, high = clopper_pearson(42, 60, 0.05)
    assert few_inputs(s, n, sums)[0]
    assert gap_interval(confidence, s, n, 0.05, sums) == (
        pytest.approx(0.9 - high),
        pytest.approx(0.9 - low),
    )


@pytest.mark.parametrize(("largest", "few"), [(133, False), (134, True)])
def test_an_input_that_holds_over_a_tenth_counts_as_much(largest: int, few: bool) -> None:
    # 1,200 claims by ones beside one input: 133 of 1,333 is under a tenth, 134 of 1,334 over.
    m = np.append(np.ones(1200), float(largest))[None]
    _, s, n, sums = summed(m, np.floor(m / 2 + np.arange(1201) % 2 / 2), 0.5)
    assert kish_n(n, sums)[0] * 0.24 > 20
    assert few_inputs(s, n, sums)[0] == few


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 40), st.floats(0, 1)), min_size=2, max_size=30))
def test_a_unit_without_repeats_has_no_gate_and_effective_inputs_never_pass_the_inputs(
    inputs: list[tuple[int, float]],
) -> None:
    m = np.array([[float(one) for one, _ in inputs]])
    right = np.round(m * np.array([share for _, share in inputs]))
    _, s, n, sums = summed(m, right, 0.7)
    assert 1 - 1e-9 <= kish_n(n, sums)[0] <= m.size + 1e-9
    single = np.ones_like(m)
    _, s, n, sums = summed(single, np.minimum(right, 1), 0.7)
    assert not few_inputs(s, n, sums)[0]
