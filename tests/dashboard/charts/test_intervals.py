from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from dashboard.charts import LIGHT, interval_dots

NAN = float("nan")
ROWS = pd.DataFrame(
    {
        "label": ["law", "language=yo", "math", "empty"],
        "gap": [0.173, 0.12, 0.01, NAN],
        "low": [0.15, -0.01, -0.01, NAN],
        "high": [0.2, 0.25, 0.03, NAN],
        "n": [1101, 44, 12018, 0],
        "verdict": ["off", "at_the_edge", "fine", "too_few"],
    }
)


def drawn(document: dict[str, Any]) -> list[dict[str, Any]]:
    return document["datasets"][document["data"]["name"]]


def spec(rows: pd.DataFrame = ROWS) -> dict[str, Any]:
    return interval_dots(rows, LIGHT, tolerance=0.05).to_dict(validate=True)


def test_the_strip_is_the_tolerance_and_says_so() -> None:
    document = spec()
    (strip,) = document["datasets"][document["layer"][0]["data"]["name"]]
    assert (strip["from"], strip["to"]) == (-0.05, 0.05)
    assert strip["text"] == "±5 accepted"


def test_the_axis_holds_every_interval_and_the_strip() -> None:
    low, high = spec()["encoding"]["x"]["scale"]["domain"]
    assert low < -0.05
    assert high > 0.25


def test_a_dot_is_hollow_where_nothing_is_decided() -> None:
    fills = [row["_fill"] for row in drawn(spec())]
    assert fills == [LIGHT.alert, LIGHT.background, LIGHT.estimate, LIGHT.background]


def test_figures_and_verdict_stand_in_words_beside_each_name() -> None:
    axis = spec()["layer"][-1]["encoding"]["y"]["axis"]["labelExpr"]
    assert "+17 (+15 to +20), n 1,101, off" in axis
    assert "n 44, at the edge" in axis
    assert "n 0, too few labels" in axis


def test_rows_keep_the_order_given() -> None:
    assert spec()["encoding"]["y"]["sort"] == ["law", "language=yo", "math", "empty"]


def test_two_rows_of_the_same_name_are_refused() -> None:
    with pytest.raises(ValueError, match="same label"):
        interval_dots(pd.concat([ROWS, ROWS]), LIGHT, tolerance=0.05)


def test_no_rows_and_rows_without_numbers_are_drawn_all_the_same() -> None:
    assert "No segment to show" in str(interval_dots(ROWS.head(0), LIGHT, tolerance=0.05).to_dict())
    assert len(drawn(spec(ROWS.tail(1)))) == 1


def test_a_difference_that_is_no_gap_has_its_own_title_and_words() -> None:
    chart = interval_dots(
        ROWS, LIGHT, tolerance=0.05, title="Difference", named={"off": "beyond"}
    ).to_dict(validate=True)
    assert chart["encoding"]["x"]["title"] == "Difference"
    axis = chart["layer"][-1]["encoding"]["y"]["axis"]["labelExpr"]
    assert "n 1,101, beyond" in axis
