from __future__ import annotations

import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.charts.kit import alt_text as words


@pytest.mark.parametrize(
    ("n", "text"),
    [
        (0, "0"),
        (850, "850"),
        (999, "999"),
        (1000, "1k"),
        (1234, "1.2k"),
        (9951, "10k"),
        (12018, "12k"),
        (999_600, "1M"),
        (2_700_000, "2.7M"),
    ],
)
def test_a_short_count_keeps_two_or_three_figures(n: int, text: str) -> None:
    assert words.count_short(n) == text


@given(st.integers(0, 10**11))
def test_a_short_count_takes_at_most_four_characters(n: int) -> None:
    assert len(words.count_short(n)) <= 4


def test_an_interval_without_an_end_says_so() -> None:
    assert words.interval(0.03, 0.11) == "+3 to +11"
    assert words.interval(-0.031, 0.114, decimals=1) == "\u22123.1 to +11.4"
    assert words.interval(math.nan, 0.11) == "no interval"


@pytest.mark.parametrize("null", [None, math.nan, pd.NA, pd.NaT])
def test_a_null_key_is_shown_as_none(null: object) -> None:
    assert words.key(null) == "(none)"


CURVE = pd.DataFrame(
    {"v_from": [0.5, 0.9], "v_to": [0.6, 1.0], "observed": [0.55, 0.79], "n": [100, 300]}
)
HISTOGRAM = pd.DataFrame({"left": [0.9], "right": [1.0], "n_claims": [40], "n": [0]})


def test_the_text_of_a_diagram_says_which_side_most_claims_lie() -> None:
    text = words.alt_text_reliability(CURVE, HISTOGRAM, "stated 90% or more:\nright 79% (said 97%)")
    assert text == (
        "Reliability diagram of 400 labelled claims: for 75% of them fewer were right than was "
        "stated. Stated 90% or more: right 79% (said 97%)."
    )


def test_the_text_of_a_diagram_without_labels_counts_the_stated_claims() -> None:
    assert words.alt_text_reliability(CURVE.head(0), HISTOGRAM) == (
        "Histogram of 40 stated claims; none is labelled yet."
    )


def test_the_text_of_a_heatmap_names_the_cell_that_is_surest_not_the_widest_gap() -> None:
    cells = pd.DataFrame(
        {
            "topic": ["law", "law", "math"],
            "model": ["a", "b", None],
            "gap": [0.30, 0.12, 0.0],
            "shown": [0.01, 0.09, 0.0],
            "n": [40, 2000, 50],
            "coverage": [1.0, 1.0, 1.0],
            "too_few": [False, False, False],
        }
    )
    assert words.alt_text_heatmap(cells, row="topic", column="model") == (
        "Gap by topic and model: in 2 of 3 cells the corrected interval excludes zero, most "
        "clearly in law, b (+12 points, 2,000 labelled claims)."
    )


def test_the_text_of_a_heatmap_of_shapes_names_the_cell_where_most_is_shown() -> None:
    cells = pd.DataFrame(
        {
            "topic": ["law", "law", "math"],
            "model": ["a", "b", None],
            "shape_high": [0.4, 0.12, 0.1],
            "shape_shown": [0.01, 0.092, 0.0],
            "n": [40, 2000, 50],
            "coverage": [1.0, 1.0, 1.0],
            "too_few": [False, False, False],
        }
    )
    assert words.alt_text_heatmap_of_shape(cells, row="topic", column="model") == (
        "Error over confidence by topic and model: in 2 of 3 cells there is an error, most in "
        "law, b (at least 9.2 points, 2,000 labelled claims)."
    )


def test_the_text_of_a_ranked_list_counts_only_verdicts() -> None:
    rows = pd.DataFrame(
        {
            "label": ["law", "yo"],
            "gap": [0.173, 0.4],
            "low": [0.15, -0.1],
            "high": [0.2, 0.9],
            "n": [1101, 30],
            "verdict": ["off", "too_few"],
        }
    )
    assert words.alt_text_intervals(rows, tolerance=0.05) == (
        "Gap and interval of 2 segments: 1 off at a tolerance of ±5 points, "
        "the largest law at +17 points (+15 to +20)."
    )


def test_the_text_of_a_timeline_leaves_immature_weeks_out_of_the_share() -> None:
    weeks = pd.DataFrame({"n_claims": [100, 100], "n": [80, 10], "mature": [True, False]})
    assert words.alt_text_coverage(weeks) == (
        "Of 100 claims in 1 week with final outcomes 80% are labelled. 1 week whose outcomes "
        "are not final yet."
    )


def test_the_text_of_delays_names_the_commonest() -> None:
    delays = pd.DataFrame({"left": [0.0, 30.0], "right": [1.0, math.inf], "n": [1, 3]})
    assert words.alt_text_delays(delays) == "Delay of 4 outcomes: the commonest is 30+ days, 75%."


@pytest.mark.parametrize(
    ("left", "right", "text"),
    [
        (0, 1 / 24, "under 1 hour"),
        (0, 0.5, "under 12 hours"),
        (0, 1, "under 1 day"),
        (1 / 24, 1, "1–24 hours"),
        (1, 3, "1–3 days"),
        (0.5, 3, "0.5–3 days"),
        (365, math.inf, "365+ days"),
    ],
)
def test_a_delay_is_said_in_hours_up_to_a_day_and_then_in_days(
    left: float, right: float, text: str
) -> None:
    assert words.delay(left, right) == text
