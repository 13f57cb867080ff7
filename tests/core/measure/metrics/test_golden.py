"""Our calibration measures against the recorded answers of other packages, see golden/README.md.

Where a peer differs because it bins or orders claims by another rule, the test computes that
peer's number by that peer's rule, so the difference is explained and the tolerance stays tight.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import norm

from core.measure.cells.cells import Cells
from core.measure.metrics.logistic_slope import calibration_slope_intercept
from core.measure.metrics.reliability_curve import corp, honest_band, non_crossing
from core.measure.metrics.scores import (
    NoValue,
    auroc,
    brownian_range_sf,
    ece,
    ece_debiased_l2,
    ece_equal_mass,
    ece_per_value,
    kuiper,
    spiegelhalter,
)

GOLDEN = Path(__file__).parent / "golden"
PEERS: dict[str, dict[str, Any]] = json.loads((GOLDEN / "golden.json").read_text())["data_sets"]
KUIPER_CDF = json.loads((GOLDEN / "golden.json").read_text())["kuiper_cdf"]

Floats = npt.NDArray[np.float64]

EVERY_SET = ("self_report", "exact_0_1", "two_decimals", "tiny", "tie_free", "falling", "even_half")
#: even_half states 0.5 only, where Spiegelhalter's test and a slope do not exist.
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


# --- ECE per value, and debiased --------------------------------------------------------------


@pytest.mark.parametrize("name", TIED)
def test_ece_per_value_equals_uncertainty_calibration_of_discrete_confidences(name: str) -> None:
    expected = PEERS[name]["uncertainty_calibration"]["plain_l1"]
    if name == "tiny":
        # Five values on twenty claims are too many for that package: it merges them, 15 bins.
        assert value(ece_per_value(CELLS[name])) > expected
    else:
        assert value(ece_per_value(CELLS[name])) == close(expected, 1e-14)


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


# --- ECE over bins of equal mass --------------------------------------------------------------


def test_equal_mass_without_ties_is_one_number_for_everybody() -> None:
    peers = PEERS["tie_free"]
    answers = {
        "netcal": peers["netcal"]["ece_10_equal_mass"],
        "mcgrad": peers["mcgrad"]["ece_10_equal_mass"],
        "uncertainty_calibration": peers["uncertainty_calibration"]["ece_10_equal_mass"],
        "mapie quantile": peers["mapie"]["ece_quantile_11"],
        "mapie array split": peers["mapie"]["by_label"]["ece_array_split_10"],
    }
    ours = value(ece_equal_mass(CELLS["tie_free"]))
    assert answers == {peer: close(ours, 1e-14) for peer in answers}


@pytest.mark.parametrize("name", ["self_report", "tiny", "even_half"])
def test_equal_mass_exists_on_ties_where_netcal_raises(name: str) -> None:
    assert PEERS[name]["netcal"]["ece_10_equal_mass"]["error"] == "ValueError"
    assert 0 <= value(ece_equal_mass(CELLS[name])) <= value(ece_per_value(CELLS[name])) + 1e-15


@pytest.mark.parametrize("name", TIED)
def test_equal_mass_peers_differ_on_ties_only_by_where_they_cut(name: str) -> None:
    cells, peers = CELLS[name], PEERS[name]
    claims = np.repeat(cells.v, cells.n)

    def cut_at(edges: Floats) -> float:
        return binned_error(cells, lambda v: int(np.searchsorted(edges, v)))

    chunks = np.array_split(claims, 10)
    between = [(a[-1] + b[0]) / 2 for a, b in pairwise(chunks)]
    assert cut_at(np.array([*between, 1.0])) == close(
        peers["uncertainty_calibration"]["ece_10_equal_mass"], 1e-14
    )
    assert cut_at(np.quantile(claims, TENTHS)) == close(peers["mapie"]["ece_quantile_11"], 1e-14)
    assert cut_at(np.array([chunk.max() for chunk in chunks[:-1]])) == close(
        peers["mapie"]["by_label"]["ece_array_split_10"], 1e-14
    )


@pytest.mark.parametrize("name", EVERY_SET)
def test_equal_mass_puts_a_tied_value_whole_where_its_middle_claim_stands(name: str) -> None:
    cells = CELLS[name]
    claims = np.repeat(cells.v, cells.n).tolist()

    def tenth_of_the_middle(v: float) -> int:
        middle = claims.index(v) + claims.count(v) / 2
        return int(10 * middle / len(claims))

    assert value(ece_equal_mass(cells)) == close(binned_error(cells, tenth_of_the_middle), 1e-14)


@pytest.mark.parametrize("name", ["self_report", "two_decimals"])
def test_equal_mass_is_one_number_where_the_peers_give_at_least_four(name: str) -> None:
    peers = PEERS[name]
    theirs = [
        peers["mcgrad"]["ece_10_equal_mass"],
        peers["uncertainty_calibration"]["ece_10_equal_mass"],
        peers["mapie"]["ece_quantile_10"],
        peers["mapie"]["ece_quantile_11"],
        peers["mapie"]["shuffled"]["ece_array_split_10"],
    ]
    assert len({round(x, 6) for x in theirs}) >= 4
    # A rule on positions alone: counting every claim three times changes nothing.
    cells = CELLS[name]
    thrice = Cells(cells.v, 3 * cells.n_claims, 3 * cells.n, 3 * cells.s)
    assert value(ece_equal_mass(thrice)) == close(value(ece_equal_mass(cells)), 1e-14)


# --- Spiegelhalter ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", SEVERAL_VALUES)
def test_spiegelhalter_z_equals_mapie_and_calzone(name: str) -> None:
    test = spiegelhalter(CELLS[name])
    assert not isinstance(test, NoValue)
    assert test.z == pytest.approx(PEERS[name]["mapie"]["spiegelhalter_statistic"], rel=1e-13)
    assert test.z == pytest.approx(PEERS[name]["calzone"]["spiegelhalter_z"], rel=1e-13)


@pytest.mark.parametrize("name", SEVERAL_VALUES)
def test_spiegelhalter_p_is_calzone_s_two_sided_one_and_twice_mapie_s(name: str) -> None:
    test = spiegelhalter(CELLS[name])
    assert not isinstance(test, NoValue)
    # Both peers take 1 − Φ(z), which is only good to the last digit of 1.
    assert test.p == close(PEERS[name]["calzone"]["spiegelhalter_p"], 1e-14)
    upper = PEERS[name]["mapie"]["spiegelhalter_p_value"]
    assert test.p == close(2 * min(upper, 1 - upper), 1e-14)


def test_spiegelhalter_says_why_it_has_no_value_where_the_peers_return_nan() -> None:
    assert PEERS["even_half"]["mapie"]["spiegelhalter_statistic"] == {"not_finite": "nan"}
    assert PEERS["even_half"]["calzone"]["spiegelhalter_z"] == {"not_finite": "nan"}
    assert isinstance(spiegelhalter(CELLS["even_half"]), NoValue)


# --- Kuiper (ECCE) ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", EVERY_SET)
def test_ecce_equals_mcgrad_when_ties_are_collapsed_for_it(name: str) -> None:
    answer = kuiper(CELLS[name])
    assert not isinstance(answer, NoValue)
    assert answer.ecce == close(PEERS[name]["mcgrad"]["collapsed_ecce"], 1e-15)


@pytest.mark.parametrize("name", EVERY_SET)
def test_kuiper_sigma_equals_mapie_length_scale_and_mcgrad(name: str) -> None:
    answer = kuiper(CELLS[name])
    assert not isinstance(answer, NoValue)
    by_label = PEERS[name]["mcgrad"]["by_label"]
    assert answer.sigma == pytest.approx(PEERS[name]["mapie"]["length_scale"], rel=1e-13)
    assert answer.sigma == pytest.approx(by_label["ecce"] / by_label["ecce_sigma"], rel=1e-12)


@pytest.mark.parametrize("order", ["by_label", "shuffled"])
def test_kuiper_equals_mcgrad_where_nothing_ties_in_any_order_of_rows(order: str) -> None:
    answer, peer = kuiper(CELLS["tie_free"]), PEERS["tie_free"]["mcgrad"][order]
    assert not isinstance(answer, NoValue)
    assert answer.ecce == close(peer["ecce"], 1e-15)
    assert value(answer.p) == close(peer["ecce_p_value"], 1e-14)


@pytest.mark.parametrize("order", ["by_label", "shuffled"])
def test_mapie_kuiper_differs_without_ties_by_leaving_out_the_start_at_zero(order: str) -> None:
    cells = CELLS["tie_free"]
    answer = kuiper(cells)
    assert not isinstance(answer, NoValue)
    path = np.cumsum(cells.s - cells.n * cells.v) / cells.total
    without_start = float(np.ptp(path))
    # MAPIE multiplies every confidence by 1 + 1e-8·noise, which bounds the agreement.
    peer = PEERS["tie_free"]["mapie"][order]["kuiper_statistic"] * answer.sigma
    assert without_start == close(peer, 1e-9)
    assert answer.ecce - without_start == close(float(-path.max()), 1e-15)


@pytest.mark.parametrize("name", EVERY_SET)
@pytest.mark.parametrize("order", ["by_label", "shuffled"])
def test_rows_in_any_order_can_only_raise_ecce_above_the_collapsed_one(
    name: str, order: str
) -> None:
    answer = kuiper(CELLS[name])
    assert not isinstance(answer, NoValue)
    assert answer.ecce <= PEERS[name]["mcgrad"][order]["ecce"] + 1e-15


def test_rows_sorted_by_label_make_a_calibrated_half_look_broken_to_mcgrad_but_not_to_us() -> None:
    sorted_rows = PEERS["even_half"]["mcgrad"]["by_label"]
    # 500 wrong claims at 0.5 come first: the path falls to −500·0.5/1000 and comes back.
    assert sorted_rows["ecce"] == close(0.25, 1e-12)
    assert sorted_rows["ecce_p_value"] < 1e-15
    answer = kuiper(CELLS["even_half"])
    assert not isinstance(answer, NoValue)
    assert (answer.ecce, answer.p) == (0.0, 1.0)


def test_mapie_p_values_depend_on_row_order_and_ours_has_no_rows() -> None:
    peer = PEERS["even_half"]["mapie"]
    assert peer["by_label"]["kuiper_p_value"] == close(0.971, 1e-3)
    assert peer["shuffled"]["kuiper_p_value"] == close(0.819, 1e-3)
    answer = kuiper(CELLS["even_half"])
    assert not isinstance(answer, NoValue)
    assert answer.p == 1.0


@pytest.mark.parametrize(("x", "cdf"), list(zip(*KUIPER_CDF.values(), strict=True)))
def test_kuiper_null_distribution_equals_mapie(x: float, cdf: float) -> None:
    assert 1 - brownian_range_sf(x) == close(cdf, 1e-15)


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
    half_width = norm.ppf(0.975)
    assert fit.slope + half_width * fit.slope_se == close(peer["slope_ci"][1], 1e-12)
    assert fit.intercept - half_width * fit.intercept_se == close(peer["intercept_ci"][0], 1e-12)


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
