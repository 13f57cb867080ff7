"""A certificate is given where a map helps on other claims, and hardly ever where it does not."""

from __future__ import annotations

import math

import numpy as np
import pytest

from core.measure.cells.cells import Cells
from core.measure.metrics.scores import NoValue
from core.measure.recalibration.applied import apply_map
from core.measure.recalibration.certificate import Certificate, Sides, certify
from core.measure.recalibration.fitting import Fitted, choose_map, merged, values

GRID = np.array([0.5, 0.6, 0.7, 0.8, 0.9, 0.95])


def cells_of(n: int, right: np.ndarray, rng: np.random.Generator) -> Cells:
    counts = rng.multinomial(n, np.full(GRID.size, 1 / GRID.size))
    return Cells(GRID, counts, counts, rng.binomial(counts, right))


def exactly(n: int, right: np.ndarray) -> Cells:
    """n claims of each confidence, right in exactly this share."""
    counts = np.full(GRID.size, n)
    return Cells(GRID, counts, counts, np.rint(n * right).astype(np.int64))


def judged(
    held: Cells, fitted: Fitted, segments: dict[tuple[str, str], Sides] | None = None
) -> Certificate:
    to = values(held, fitted)
    found = certify(
        (held, merged([(held, to)])),
        segments or {},
        changes=[(held, to)],
        tolerance=0.05,
        high_from=0.9,
    )
    assert isinstance(found, Certificate)
    return found


def fitted_to(right: np.ndarray) -> Fitted:
    return {"kind": "isotonic", "x": GRID.tolist(), "y": right.tolist()}


def test_a_map_that_makes_overconfident_claims_right_is_certified() -> None:
    found = judged(exactly(300, GRID - 0.2), fitted_to(GRID - 0.2))
    assert found.given
    assert (found.before.state, found.after.state) == ("off", "fine")
    assert found.before.gap == pytest.approx(0.2, abs=0.005)
    assert found.after.gap == pytest.approx(0, abs=0.005)


def test_the_change_of_the_brier_score_is_the_paired_difference_of_two_claims_worked_by_hand() -> (
    None
):
    held = Cells(np.array([0.8]), np.array([2]), np.array([2]), np.array([1]))
    found = certify(
        (held, merged([(held, np.array([0.5]))])),
        {},
        changes=[(held, np.array([0.5]))],
        tolerance=0.05,
        high_from=0.9,
    )
    # Right: .25 − .04 = .21; wrong: .25 − .64 = −.39. Mean −.09, s = .3√2, t(1, .975) = 12.706.
    assert isinstance(found, Certificate)
    assert found.brier_change.value == pytest.approx(-0.09)
    assert found.brier_change.high == pytest.approx(-0.09 + 12.7062 * 0.3 * math.sqrt(2 / 2), 1e-4)


@pytest.mark.parametrize(
    ("held", "fitted", "words"),
    [
        (exactly(300, GRID), fitted_to(GRID), "there is nothing to repair"),
        (exactly(300, GRID - 0.2), fitted_to(GRID - 0.18), None),
        (exactly(300, GRID - 0.2), fitted_to(GRID - 0.05), "is not halved"),
        (exactly(300, GRID - 0.2), fitted_to(GRID + 0.04), "does not fall beyond chance"),
        (exactly(12, GRID - 0.2), fitted_to(GRID - 0.2), "does not fall beyond chance"),
        (exactly(300, GRID - 0.2), fitted_to(np.full(6, 0.54)), "which ranks nothing"),
    ],
)
def test_what_does_not_repair_is_refused_with_the_reason(
    held: Cells, fitted: Fitted, words: str | None
) -> None:
    found = judged(held, fitted)
    assert found.given == (words is None)
    assert words is None or any(words in one for one in found.refused)


def test_a_segment_that_a_map_puts_off_refuses_it() -> None:
    low, fine = exactly(600, GRID - 0.3), exactly(300, GRID)
    fitted = fitted_to(GRID - 0.2)
    whole = merged([(low, low.v), (fine, fine.v)])
    sides = {
        ("topic", name): (one, merged([(one, values(one, fitted))]))
        for name, one in (("law", low), ("tax", fine))
    }
    found = judged(whole, fitted, sides)
    assert not found.given
    assert "segments become off that were not: topic=tax" in found.refused
    assert "segments stay off, and need a map of their own or none: topic=law" in found.told


def test_lost_ranking_is_told() -> None:
    tied = np.array([0.4, 0.4, 0.4, 0.4, 0.8, 0.8])
    found = judged(exactly(300, np.array([0.3, 0.35, 0.4, 0.55, 0.75, 0.85])), fitted_to(tied))
    assert any("AUROC falls from" in one and "6 confidences become" in one for one in found.told)


def test_the_gap_has_its_interval_which_of_a_binomial_share_is_known() -> None:
    found = judged(exactly(300, GRID - 0.2), fitted_to(GRID - 0.2))
    for side in (found.before, found.after):
        # 1,800 claims, right about half the time: 1.96 √(.25/1800) = 2.3 points.
        assert side.gap_low < side.gap < side.gap_high
        assert side.gap_high - side.gap == pytest.approx(0.022, abs=0.004)


@pytest.mark.parametrize(("slope", "collapses"), [(0.02, True), (0.8, False)])
def test_a_map_that_leaves_nearly_one_confidence_is_told_as_a_collapse(
    slope: float, collapses: bool
) -> None:
    right = 0.6 + slope * (GRID - 0.75)
    found = judged(exactly(600, right), fitted_to(right))
    told = [one for one in found.told if one.startswith("discrimination collapses")]
    assert bool(told) == collapses
    if collapses:
        assert "lie within 1 point of each other, 45 as stated" in told[0]


def test_one_outcome_only_judges_nothing() -> None:
    held = exactly(50, np.ones(6))
    found = certify((held, held), {}, changes=[(held, held.v)], tolerance=0.05, high_from=0.9)
    assert isinstance(found, NoValue)


@pytest.mark.parametrize("right", [GRID, GRID - 0.03, np.full(6, 0.75)])
def test_at_most_one_in_twenty_maps_is_certified_and_worse_on_fresh_claims(
    right: np.ndarray,
) -> None:
    rng = np.random.default_rng(7)
    worse = 0
    for _ in range(60):
        choice = choose_map(cells_of(400, right, rng))
        if isinstance(choice, NoValue):
            continue
        if judged(cells_of(400, right, rng), choice.fitted).given:
            to = np.array([apply_map(choice.fitted, v) or 0.0 for v in GRID.tolist()])
            worse += bool(((to - right) ** 2).sum() > ((GRID - right) ** 2).sum())
    assert worse <= 3


def test_an_overconfident_signal_is_nearly_always_repaired_with_labels_enough() -> None:
    rng, right = np.random.default_rng(8), GRID - 0.15
    halved = 0
    for _ in range(20):
        choice = choose_map(cells_of(2000, right, rng))
        assert not isinstance(choice, NoValue)
        if judged(cells_of(2000, right, rng), choice.fitted).given:
            to = np.array([apply_map(choice.fitted, v) or 0.0 for v in GRID.tolist()])
            halved += bool(abs((to - right).mean()) <= 0.075)
    assert halved >= 18
