"""Maps fitted on tuning claims, beside scikit-learn and worked by hand."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import scipy
from hypothesis import given, settings
from hypothesis import strategies as st

from core.measure.cells.cells import Cells
from core.measure.metrics.scores import NoValue
from core.measure.recalibration.applied import apply_calibrator, apply_map
from core.measure.recalibration.fitting import (
    CLIP,
    KINDS,
    beta,
    choose_map,
    isotonic,
    merged,
    platt,
    values,
)

sklearn_isotonic = pytest.importorskip("sklearn.isotonic")
sklearn_linear = pytest.importorskip("sklearn.linear_model")

GRID = np.array([0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.99])


def drawn(seed: int, n: int, right: np.ndarray) -> Cells:
    """n claims spread over `GRID`, right with these chances."""
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(n, np.full(GRID.size, 1 / GRID.size))
    s = rng.binomial(counts, right)
    return Cells(GRID, counts, counts, s)


OVERCONFIDENT = drawn(1, 3000, GRID - 0.15)


def rows(cells: Cells) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Confidence, outcome and weight of 2k rows with the same information."""
    v = np.tile(cells.v, 2)
    y = np.repeat([0, 1], cells.v.size)
    return v, y, np.concatenate([cells.n - cells.s, cells.s]).astype(float)


def test_isotonic_is_that_of_scikit_learn_between_the_points_too() -> None:
    v, y, weight = rows(OVERCONFIDENT)
    peer = sklearn_isotonic.IsotonicRegression(out_of_bounds="clip").fit(v, y, weight)
    fitted = isotonic(OVERCONFIDENT)
    assert not isinstance(fitted, NoValue)
    asked = np.linspace(0, 1, 101)
    ours = [apply_map(fitted, one) for one in asked.tolist()]
    assert ours == pytest.approx(peer.predict(asked), abs=2e-6)


def test_platt_is_the_unpenalised_logistic_regression_on_the_logit() -> None:
    v, y, weight = rows(OVERCONFIDENT)
    x = scipy.special.logit(np.clip(v, CLIP, 1 - CLIP))[:, None]
    peer = sklearn_linear.LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(x, y, weight)
    fitted = platt(OVERCONFIDENT)
    assert not isinstance(fitted, NoValue)
    assert fitted["slope"] == pytest.approx(peer.coef_[0, 0], abs=1e-5)
    assert fitted["intercept"] == pytest.approx(peer.intercept_[0], abs=1e-5)


def test_beta_is_the_logistic_regression_on_both_logarithms() -> None:
    cells = drawn(2, 20_000, 1 / (1 + np.exp(-(0.8 * np.log(GRID) - 0.5 * np.log(1 - GRID) - 0.2))))
    v, y, weight = rows(cells)
    x = np.column_stack([np.log(v), -np.log1p(-v)])
    peer = sklearn_linear.LogisticRegression(C=np.inf, tol=1e-12, max_iter=10_000)
    peer.fit(x, y, weight)
    fitted = beta(cells)
    assert not isinstance(fitted, NoValue)
    assert [fitted["a"], fitted["b"], fitted["c"]] == pytest.approx(
        [*peer.coef_[0], peer.intercept_[0]], abs=2e-3
    )


def test_beta_keeps_the_order_where_an_unbounded_fit_would_not() -> None:
    cells = drawn(3, 5000, np.linspace(0.9, 0.6, GRID.size))
    fitted = beta(cells)
    assert not isinstance(fitted, NoValue)
    assert min(fitted["a"], fitted["b"]) >= 0


def test_platt_refuses_a_signal_whose_surer_claims_are_wrong_more_often() -> None:
    fitted = platt(drawn(4, 5000, np.linspace(0.9, 0.5, GRID.size)))
    assert isinstance(fitted, NoValue)
    assert "surer claims are wrong more often" in fitted.reason


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.floats(-0.3, 0.1))
def test_every_map_is_monotone_and_stays_within_0_and_1(seed: int, shift: float) -> None:
    cells = drawn(seed, 400, np.clip(GRID + shift, 0.02, 0.98))
    for fit in KINDS.values():
        fitted = fit(cells)
        if isinstance(fitted, NoValue):
            continue
        to = [apply_map(fitted, v) or 0.0 for v in np.linspace(0, 1, 201).tolist()]
        assert all(a <= b for a, b in pairwise(to))
        assert 0 <= to[0] <= to[-1] <= 1


def test_the_simplest_of_equal_maps_is_taken() -> None:
    logit = scipy.special.logit(GRID)
    choice = choose_map(drawn(5, 4000, scipy.special.expit(0.6 * logit - 0.3)))
    assert not isinstance(choice, NoValue)
    assert choice.fitted["kind"] == "platt"
    assert choice.brier["platt"] < choice.brier["identity"]


def test_a_bend_that_no_formula_has_takes_the_isotonic_map() -> None:
    steps = np.array([0.2, 0.2, 0.2, 0.2, 0.8, 0.8, 0.8, 0.8, 0.8])
    choice = choose_map(drawn(6, 20_000, steps))
    assert not isinstance(choice, NoValue)
    assert choice.fitted["kind"] == "isotonic"


def test_the_same_claims_give_the_same_map() -> None:
    assert choose_map(OVERCONFIDENT) == choose_map(OVERCONFIDENT)


@pytest.mark.parametrize(("n", "s"), [([60], [40]), ([500, 500], [500, 495]), ([500, 500], [5, 0])])
def test_too_few_labels_of_an_outcome_give_no_map(n: list[int], s: list[int]) -> None:
    v = np.array([0.5, 0.9])[: len(n)]
    found = choose_map(Cells(v, np.array(n), np.array(n), np.array(s)))
    assert isinstance(found, NoValue)
    assert "10 right and 10 wrong" in found.reason


def test_claims_that_become_one_confidence_are_added_up_and_none_is_lost() -> None:
    cells = Cells(
        np.array([0.1, 0.2, 0.9]), np.array([4, 5, 6]), np.array([3, 4, 5]), np.array([1, 2, 5]), 7
    )
    to = merged([(cells, np.array([0.3, 0.3, 0.8])), (cells, cells.v)])
    assert to.v.tolist() == [0.1, 0.2, 0.3, 0.8, 0.9]
    assert to.n_claims.tolist() == [4, 5, 9, 6, 6]
    assert to.s.tolist() == [1, 2, 3, 5, 5]
    assert to.n_unstated == 14
    flat = {"kind": "isotonic", "x": [0.5], "y": [0.25]}
    assert values(cells, flat).tolist() == [0.25] * 3


def test_a_segment_without_a_map_of_its_own_goes_by_that_of_all() -> None:
    low, high = ({"kind": "isotonic", "x": [0.5], "y": [y]} for y in (0.2, 0.8))
    calibrator = {"by": "topic", "map": low, "maps": {"law": high}}
    asked = [{"topic": "law"}, {"topic": "tax"}, {}, None]
    assert [apply_calibrator(calibrator, 0.9, one) for one in asked] == [0.8, 0.2, 0.2, 0.2]


def test_what_was_not_stated_stays_so_and_what_is_no_confidence_is_refused() -> None:
    flat = {"kind": "isotonic", "x": [0.5], "y": [0.25]}
    assert apply_map(flat, None) is None
    with pytest.raises(ValueError, match=r"lies in 0 to 1, not 1\.5"):
        apply_map(flat, 1.5)
