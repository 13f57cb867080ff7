"""Our calibration measures against the recorded answers of other packages, see golden/README.md.

Where a peer differs because it bins or orders claims by another rule, the test computes that
peer's number by that peer's rule, so the difference is explained and the tolerance stays tight.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from core.measure.cells.cells import Cells
from core.measure.metrics.logistic_slope import calibration_slope_intercept
from core.measure.metrics.reliability_curve import corp, honest_band, non_crossing
from core.measure.metrics.scores import NoValue, auroc, ece, ece_debiased_l2

GOLDEN = Path(__file__).parent / "golden"
PEERS: dict[str, dict[str, Any]] = json.loads((GOLDEN / "golden.json").read_text())["data_sets"]

Floats = npt.NDArray[np.float64]

EVERY_SET = ("self_report", "exact_0_1", "two_decimals", "tiny", "tie_free", "falling", "even_half")
#: even_half states 0.5 only, where a slope does not exist.
SEVERAL_VALUES = EVERY_SET[:-1]
TIED = ("self_report", "exact_0_1", "two_decimals", "tiny", "falling")

TENTHS = np.linspace(0, 1, 11)


def read_cells() -> dict[str, Cells]:
    columns: dict[str, list[tuple[float, int, int]]] = {}
    with (GOLDEN / "cells.csv").open() as file:
        for row in csv.DictReader(file):
            line = float(row["v"]), int(row["n"]), int(row["s"])
            columns.setdefault(row["data_set"], []).append(line)
    return {
        name: Cells(
            np.array([v for v, _, _ in lines]),
            np.array([n for _, n, _ in lines]),
            np.array([n for _, n, _ in lines]),
            np.array([s for _, _, s in lines]),
        )
        for name, lines in columns.items()
    }


CELLS = read_cells()


def value(answer: Any) -> float:
    """A measure's number; fails when there is none."""
    assert not isinstance(answer, NoValue), answer.reason
    return float(answer)


def close(expected: float, within: float) -> Any:
    return pytest.approx(expected, rel=0, abs=within)


def binned_error(cells: Cells, bin_of: Callable[[float], int | None]) -> float:
    """ECE by any binning rule, one value at a time; a rule may leave a value out (None)."""
    gap: dict[int, float] = {}
    total = 0
    for v, n, s in zip(cells.v, cells.n, cells.s, strict=True):
        b = bin_of(float(v))
        if b is not None:
            gap[b] = gap.get(b, 0.0) + n * v - s
            total += n
    return sum(abs(g) for g in gap.values()) / total


# --- ECE over ten equal-width bins ------------------------------------------------------------


@pytest.mark.parametrize("name", EVERY_SET)
def test_ece_equals_uncertainty_calibration_which_bins_as_we_do(name: str) -> None:
    assert value(ece(CELLS[name])) == close(PEERS[name]["uncertainty_calibration"]["ece_10"], 1e-14)


@pytest.mark.parametrize("name", EVERY_SET)
def test_ece_equals_netcal_once_its_edges_close_on_our_side(name: str) -> None:
    assert value(ece(CELLS[name])) == close(PEERS[name]["netcal"]["ece_10_one_ulp_lower"], 1e-14)


@pytest.mark.parametrize("name", EVERY_SET)
def test_netcal_and_mcgrad_differ_from_ece_only_by_closing_bins_below(name: str) -> None:
    cells = CELLS[name]
    closed_below = binned_error(cells, lambda v: min(int(np.digitize(v, TENTHS)) - 1, 9))
    assert closed_below == close(PEERS[name]["netcal"]["ece_10"], 1e-14)
    assert closed_below == close(PEERS[name]["mcgrad"]["ece_10"], 1e-14)


@pytest.mark.parametrize("name", EVERY_SET)
def test_relplot_differs_from_ece_by_closing_bins_below_and_an_eleventh_for_one(name: str) -> None:
    truncated = binned_error(CELLS[name], lambda v: int(v / 0.1))
    assert truncated == close(PEERS[name]["relplot"]["binned_ece_10"], 1e-14)


@pytest.mark.parametrize("name", EVERY_SET)
def test_calzone_differs_from_ece_only_by_losing_confidences_of_exactly_zero(name: str) -> None:
    cells = CELLS[name]
    without_zero = binned_error(cells, lambda v: int(np.digitize(v, TENTHS, True)) or None)
    assert without_zero == close(PEERS[name]["calzone"]["ece_10"], 1e-14)
    if cells.v[0] > 0:
        assert value(ece(cells)) == close(without_zero, 1e-14)


@pytest.mark.parametrize("name", EVERY_SET)
def test_mapie_needs_eleven_edges_for_ten_bins_and_gives_zero_one_of_its_own(name: str) -> None:
    cells, peer = CELLS[name], PEERS[name]["mapie"]
    nine = binned_error(cells, lambda v: int(np.digitize(v, np.linspace(0, 1, 10), True)))
    ten = binned_error(cells, lambda v: int(np.digitize(v, TENTHS, True)))
    assert nine == close(peer["ece_uniform_10"], 1e-14)
    assert ten == close(peer["ece_uniform_11"], 1e-14)


def test_ten_bins_mean_three_different_numbers_among_the_peers() -> None:
    name = "exact_0_1"
    ours = value(ece(CELLS[name]))
    assert ours == close(PEERS[name]["uncertainty_calibration"]["ece_10"], 1e-14)
    assert ours - PEERS[name]["netcal"]["ece_10"] == close(0.0027, 1e-4)
    assert ours - PEERS[name]["calzone"]["ece_10"] == close(0.0036, 1e-4)


# --- Debiased error ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", EVERY_SET)
def test_debiased_l2_equals_uncertainty_calibration_over_the_same_ten_bins(name: str) -> None:
    expected = PEERS[name]["uncertainty_calibration"]["debiased_l2_10"]
    assert value(ece_debiased_l2(CELLS[name])) == close(expected, 1e-14)


@pytest.mark.parametrize("name", ["self_report", "exact_0_1", "two_decimals"])
def test_get_calibration_error_differs_from_debiased_l2_only_by_binning_per_value(
    name: str,
) -> None:
    cells = CELLS[name]
    several = cells.n > 1
    v, n, s = cells.v[several], cells.n[several], cells.s[several]
    m = s / n
    square = float(((m - v) ** 2 - m * (1 - m) / (n - 1)) @ n) / cells.total
    expected = PEERS[name]["uncertainty_calibration"]["debiased_l2"]
    assert square**0.5 == close(expected, 1e-14)
    assert value(ece_debiased_l2(cells)) < expected


# --- Honest band ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TIED)
@pytest.mark.parametrize("alpha", ["0.05", "0.1"])
def test_honest_band_equals_calibrationband_at_every_stated_confidence(
    name: str, alpha: str
) -> None:
    band = honest_band(CELLS[name], level=1 - float(alpha))
    assert not isinstance(band, NoValue)
    peer = PEERS[name]["calibrationband"][f"alpha={alpha}"]
    stated = np.isin(peer["x"], CELLS[name].v)
    assert band.v.tolist() == CELLS[name].v.tolist()
    np.testing.assert_allclose(band.low, np.array(peer["low"])[stated], rtol=0, atol=1e-13)
    np.testing.assert_allclose(band.high, np.array(peer["high"])[stated], rtol=0, atol=1e-13)


@pytest.mark.parametrize("name", TIED)
def test_non_crossing_calibrationband_is_our_band_widened_to_the_corp_curve(name: str) -> None:
    band, curve = honest_band(CELLS[name]), corp(CELLS[name])
    assert not isinstance(band, NoValue)
    assert not isinstance(curve, NoValue)
    peer = PEERS[name]["calibrationband"]["alpha=0.05, non-crossing"]
    stated = np.isin(peer["x"], band.v)
    ours = non_crossing(band, curve)
    np.testing.assert_allclose(ours.low, np.array(peer["low"])[stated], rtol=0, atol=1e-13)
    np.testing.assert_allclose(ours.high, np.array(peer["high"])[stated], rtol=0, atol=1e-13)


def test_honest_band_crosses_as_calibrationband_does_where_accuracy_falls() -> None:
    band, peer = honest_band(CELLS["falling"]), PEERS["falling"]["calibrationband"]["alpha=0.05"]
    assert not isinstance(band, NoValue)
    assert (band.low > band.high).any()
    assert (np.array(peer["low"]) > np.array(peer["high"])).any()


# --- Calibration slope and intercept ----------------------------------------------------------


@pytest.mark.parametrize("name", SEVERAL_VALUES)
@pytest.mark.parametrize("clip", [1e-7, 1e-6, 1e-3, 1e-2])
def test_slope_and_intercept_equal_calzone_at_every_clip(name: str, clip: float) -> None:
    fit = calibration_slope_intercept(CELLS[name], clip=clip)
    assert not isinstance(fit, NoValue)
    peer = PEERS[name]["calzone"]["cox"][repr(clip)]
    assert fit.slope == close(peer["slope"], 1e-12)
    assert fit.intercept == close(peer["intercept"], 1e-12)


def test_stated_certainty_lets_the_clip_decide_the_slope_for_calzone_as_for_us() -> None:
    peer = PEERS["exact_0_1"]["calzone"]["cox"]
    default, wide = peer["1e-07"]["slope"], peer["0.01"]["slope"]
    assert wide / default > 2
    for clip, expected in ((1e-7, default), (1e-2, wide)):
        fit = calibration_slope_intercept(CELLS["exact_0_1"], clip=clip)
        assert not isinstance(fit, NoValue)
        assert fit.slope == close(expected, 1e-12)


# --- AUROC ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EVERY_SET)
def test_auroc_equals_scikit_learn_on_expanded_rows(name: str) -> None:
    answer = auroc(CELLS[name])
    assert not isinstance(answer, NoValue)
    assert answer.value == close(PEERS[name]["scikit_learn"]["auroc"], 1e-14)
