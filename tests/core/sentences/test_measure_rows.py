"""The table of measures: each row says its own number."""

from __future__ import annotations

import re

import numpy as np
import pytest

from core.measure.cells.cells import Cells
from core.measure.verdicts.measure_table import Measures, measure_groups
from core.sentences.measure_rows import MeasureRow, measure_rows


def measured(v: list[float], n: list[int], s: list[int]) -> Measures:
    counts = np.array(n, np.int64)
    return measure_groups([{}], [Cells(np.array(v), counts, counts, np.array(s, np.int64))])[0]


def rows(one: Measures, **intervals: tuple[float, float]) -> dict[str, MeasureRow]:
    return {row.name: row for row in measure_rows(one, intervals)}


def numbers(text: str) -> list[float]:
    found = re.findall(r"[+−]?\d[\d,]*(?:\.\d+)?", text)
    return [float(one.replace("−", "-").replace(",", "")) for one in found]


MIXED = measured([0.6, 0.95, 1.0], [200, 700, 3], [110, 520, 2])
ONE_CLASS = measured([0.7, 0.95], [40, 40], [40, 40])


def test_the_gap_stands_first_and_the_high_band_right_after_it() -> None:
    assert [row.name for row in measure_rows(MIXED, {})][:2] == [
        "Gap (points)",
        "High-confidence band",
    ]


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("ECE, ten bins", "ece"),
        ("Debiased L2 error", "ece_debiased_l2"),
        ("smECE", "smece"),
        ("Brier score", "brier"),
        ("Miscalibration (MCB)", "mcb"),
        ("Discrimination (DSC)", "dsc"),
        ("Uncertainty (UNC)", "unc"),
        ("Log loss", "log_loss"),
        ("AUROC", "auroc"),
        ("Calibration slope", "slope"),
        ("Calibration intercept", "intercept"),
    ],
)
def test_a_row_shows_its_measure_and_its_interval_to_four_decimals(name: str, field: str) -> None:
    row = rows(MIXED, **{field: (-0.25, 0.125)})[name]
    assert numbers(row.value) == [pytest.approx(getattr(MIXED, field), abs=5e-5)]
    assert row.interval == "−0.2500 to 0.1250"


def test_the_gap_is_in_points_with_the_two_shares_it_is_made_of() -> None:
    row = rows(MIXED, gap=(MIXED.gap_low or 0, MIXED.gap_high or 0))["Gap (points)"]
    assert MIXED.gap is not None
    assert numbers(row.value) == [pytest.approx(MIXED.gap * 100, abs=0.051)]
    assert row.meaning == "Right 70.0% of the time (said 87.3%): 17.3 points overconfident."


def test_no_gap_is_neither_more_nor_less() -> None:
    row = rows(measured([0.5], [400], [200]))["Gap (points)"]
    assert row.meaning == "Right 50.0% of the time (said 50.0%)."


def test_a_measure_that_does_not_exist_says_why() -> None:
    found = rows(ONE_CLASS)
    for name in ("AUROC", "Calibration slope", "Calibration intercept"):
        assert (found[name].value, found[name].interval) == ("–", "–")
        assert found[name].meaning == "one class only"


def test_an_empty_high_band_says_so() -> None:
    row = rows(measured([0.5, 0.7], [40, 40], [20, 28]))["High-confidence band"]
    assert (row.value, row.interval) == ("–", "–")
    assert "0.9" in row.meaning


def test_no_rounded_value_is_minus_zero() -> None:
    found = rows(MIXED, intercept=(-0.00001, -0.0))
    assert found["Calibration intercept"].interval == "0.0000 to 0.0000"


def test_the_brier_score_is_held_against_the_base_rate() -> None:
    assert MIXED.brier is not None
    assert MIXED.unc is not None
    verb = "beats" if MIXED.brier < MIXED.unc else "does not beat"
    assert f"It {verb} always answering the base rate" in rows(MIXED)["Brier score"].meaning
    sharp = measured([0.05, 0.95], [400, 400], [20, 380])
    assert "It beats" in rows(sharp)["Brier score"].meaning


def test_exact_zeros_and_ones_are_named_where_the_clip_decides() -> None:
    found = rows(MIXED)
    assert found["Log loss"].meaning.startswith("Mean surprise in nats; 3 confidences of exactly")
    assert "Depends on the clip" in found["Calibration slope"].meaning
    none = rows(measured([0.5, 0.7], [40, 40], [20, 28]))
    assert "no confidence of exactly 0 or 1" in none["Log loss"].meaning


def test_a_slope_is_read_as_inverted_extreme_or_timid() -> None:
    inverted = rows(measured([0.2, 0.8], [400, 400], [300, 100]))["Calibration slope"]
    extreme = rows(measured([0.1, 0.9], [400, 400], [120, 280]))["Calibration slope"]
    timid = rows(measured([0.4, 0.6], [400, 400], [40, 360]))["Calibration slope"]
    assert inverted.meaning.startswith("Below 0")
    assert extreme.meaning.startswith("Below 1: confidences are more extreme")
    assert "more timid" in timid.meaning
