"""When a level changed: exact cuts, how seldom a constant series is cut, how near the date is."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
import ruptures
from hypothesis import given
from hypothesis import strategies as st

from core.measure.cells.cells import Cells, InputCells
from core.measure.monitoring.changepoint import (
    CohortMeans,
    Level,
    changes,
    cohort_means,
    levels,
    penalty_of,
    pooled_variances,
)
from core.measure.monitoring.e_process import mean_over_inputs

V = np.array([0.55, 0.7, 0.8, 0.9, 0.97])
SHARES = np.array([0.1, 0.15, 0.2, 0.3, 0.25])
TOLERANCE = 0.05


def series(mean: list[float] | np.ndarray, variance: float | list[float] = 1.0) -> CohortMeans:
    values = np.asarray(mean, dtype=float)
    return CohortMeans(
        np.full(values.size, 100), values, np.broadcast_to(variance, values.shape).astype(float)
    )


def cuts(found: tuple[Level, ...]) -> list[int]:
    return [one.at for one in changes(found)]


def simulated(rng: np.random.Generator, gap: np.ndarray, labels: np.ndarray) -> CohortMeans:
    """Weeks whose confidences are off by a gap each."""
    n = np.array([rng.multinomial(k, SHARES) for k in labels])
    s = rng.binomial(n, np.clip(V - gap[:, np.newaxis], 0, 1))
    return cohort_means([Cells(V, n[i], n[i], s[i]) for i in range(len(gap))])


# ----------------------------------------------------------------------------------- exact cuts
@pytest.mark.parametrize("seed", range(20))
def test_the_cuts_are_those_of_ruptures_on_equal_weights(seed: int) -> None:
    rng = np.random.default_rng(seed)
    size = int(rng.integers(2, 60))
    x = rng.normal(np.repeat(rng.normal(0, 2, 6), 10)[:size], 1)
    penalty = float(rng.uniform(0.5, 12))
    peer = ruptures.Pelt(model="l2", min_size=1, jump=1).fit(x)
    assert [*cuts(levels(series(x), penalty=penalty)), size] == peer.predict(pen=penalty)


@pytest.mark.parametrize("seed", range(10))
def test_of_the_series_with_as_many_cuts_it_is_the_best_as_by_dynamic_programming(
    seed: int,
) -> None:
    x = np.random.default_rng(100 + seed).normal(np.repeat([0, 1.5, -1], 12), 1)
    found = cuts(levels(series(x), penalty=4.0))
    if found:
        peer = ruptures.Dynp(model="l2", min_size=1, jump=1).fit(x)
        assert [*found, x.size] == peer.predict(n_bkps=len(found))


@given(
    st.lists(
        st.tuples(st.floats(-1, 1), st.floats(1e-3, 1)), min_size=1, max_size=7
    ),
    st.floats(0.1, 20),
)  # fmt: skip
def test_no_other_way_of_cutting_costs_less(
    rows: list[tuple[float, float]], penalty: float
) -> None:
    mean, variance = map(np.array, zip(*rows, strict=True))

    def cost(edges: list[int]) -> float:
        total = penalty * (len(edges) - 2)
        for a, b in itertools.pairwise(edges):
            w = 1 / variance[a:b]
            level = w @ mean[a:b] / w.sum()
            total += float(w @ (mean[a:b] - level) ** 2)
        return total

    size = len(rows)
    least = min(
        cost([0, *some, size])
        for k in range(size)
        for some in itertools.combinations(range(1, size), k)
    )
    found = cuts(levels(series(mean, list(variance)), penalty=penalty))
    assert cost([0, *found, size]) == pytest.approx(least, abs=1e-7)


def test_a_cohort_of_few_labels_weighs_less() -> None:
    x = [0.0, 0.0, 0.0, 0.3, 0.0, 0.0]
    assert cuts(levels(series(x, 0.002))) == [3, 4]
    assert cuts(levels(series(x, [0.002] * 3 + [0.02] + [0.002] * 2))) == []


# --------------------------------------------------------------------------------------- results
def test_levels_cover_the_series_and_each_is_the_weighted_mean_with_its_interval() -> None:
    found = levels(series([0.0, 0.02, 0.2, 0.22], [0.0001, 0.0001, 0.0001, 0.0004]))
    assert [(one.first, one.last, one.inputs) for one in found] == [(0, 1, 200), (2, 3, 200)]
    (change,) = changes(found)
    assert (change.at, change.before, change.after) == (2, *found)
    weights = np.array([10_000, 2_500])
    assert change.after.mean == pytest.approx(weights @ [0.2, 0.22] / 12_500)
    half = 1.959964 / np.sqrt(12_500)
    assert change.after.high - change.after.mean == pytest.approx(half, rel=1e-5)
    assert change.after.mean - change.after.low == pytest.approx(half, rel=1e-5)


def test_a_series_of_one_cohort_or_none_has_no_change() -> None:
    assert levels(series([])) == ()
    (only,) = levels(series([0.3]))
    assert (only.first, only.last, only.mean) == (0, 0, pytest.approx(0.3))


def test_means_are_over_inputs_and_their_variance_is_of_all_cohorts_together() -> None:
    one = Cells(np.array([0.8]), np.array([10]), np.array([10]), np.array([6]))
    lucky = Cells(np.array([0.8]), np.array([5]), np.array([5]), np.array([5]))
    found = cohort_means([one, lucky])
    assert found.mean == pytest.approx([0.2, -0.2])
    # Residuals about the means: 4 of .6, 6 of −.4 and 5 of 0; one input of ±.5 more.
    together = (4 * 0.36 + 6 * 0.16 + 0.25) / (9 + 4 + 1)
    assert found.variance == pytest.approx([together / 10, together / 5])
    wrong = cohort_means([one, lucky], "automated_error")
    assert wrong.mean == pytest.approx([0.4, 0.0])


def test_one_question_asked_often_counts_once() -> None:
    inputs = InputCells(np.array([0, 1]), np.array([0, 0]), np.array([50, 1]), np.array([50, 0]))
    cells = Cells(np.array([0.9]), np.array([51]), np.array([51]), np.array([50]), inputs=inputs)
    found = cohort_means([cells])
    assert found.inputs.tolist() == [2]
    assert found.mean == pytest.approx([0.4])
    assert found.mean[0] == pytest.approx(mean_over_inputs([cells])[0])


def test_a_variance_is_never_zero() -> None:
    right = Cells(np.array([1.0]), np.array([20]), np.array([20]), np.array([20]))
    found = cohort_means([right, right])
    assert (found.variance > 0).all()
    assert len(levels(found)) == 1
    assert pooled_variances(np.array([1]), np.array([1.0]), np.array([-1e-18]))[0] > 0


# ------------------------------------------------------------------------------------ simulation
@pytest.mark.parametrize("weeks", [4, 8, 12, 26, 52])
@pytest.mark.parametrize("labels", ["200", "20", "mixed"])
def test_a_constant_series_is_cut_in_one_of_twenty_draws_at_most(weeks: int, labels: str) -> None:
    rng = np.random.default_rng([weeks, len(labels)])
    draws, cut = 300, 0
    for _ in range(draws):
        many = rng.choice([10, 20, 200, 800], weeks) if labels == "mixed" else int(labels)
        cut += len(levels(simulated(rng, np.full(weeks, 0.02), np.full(weeks, many)))) > 1
    # Two standard errors of 300 draws above one in twenty.
    assert cut / draws <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / draws)


def test_the_date_is_right_within_a_week_in_most_draws() -> None:
    rng = np.random.default_rng(7)
    at, weeks, draws = 9, 16, 300
    gap = np.where(np.arange(weeks) < at, 0.0, TOLERANCE + 0.03)
    near = found = 0
    for _ in range(draws):
        known = cuts(levels(simulated(rng, gap, np.full(weeks, 200))))
        found += bool(known)
        near += bool(known) and abs(known[-1] - at) <= 1
    assert found / draws > 0.95
    assert near / found > 0.9


def test_the_penalty_grows_with_the_series() -> None:
    assert penalty_of(1) == 3
    assert penalty_of(52) == pytest.approx(10.9, abs=0.01)


def test_means_along_a_pattern_take_each_confidence_by_its_sign() -> None:
    n, s = np.array([10, 10]), np.array([6, 7])
    loose = Cells(np.array([0.5, 0.8]), n, n, s)
    found = cohort_means([loose], signs=[np.array([-1.0, 1.0])])
    # −(5 − 6) + (8 − 7), over twenty claims.
    assert found.mean.tolist() == [pytest.approx(0.1)]
    none = cohort_means([loose], signs=[np.array([0.0, 1.0])])
    assert none.mean.tolist() == [pytest.approx(0.05)]
    tied = InputCells(np.array([0, 0, 1]), np.array([0, 1, 1]), np.array([10, 5, 5]),
                      np.array([6, 4, 3]))  # fmt: skip
    by_input = cohort_means([replace(loose, inputs=tied)], signs=[np.array([-1.0, 1.0])])
    # The inputs' means are (1 + 0) / 15 and 1 / 5.
    assert by_input.mean.tolist() == [pytest.approx((1 / 15 + 1 / 5) / 2)]
