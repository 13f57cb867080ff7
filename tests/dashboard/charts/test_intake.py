from __future__ import annotations

import math
from typing import Any

import pandas as pd

from dashboard.charts import DARK, LIGHT, delay_histogram, label_coverage_timeline
from dashboard.charts.intake import IMMATURE_WORDS

WEEKS = pd.DataFrame(
    {
        "week": ["2025-W52", "2026-W01", "2026-W02"],
        "n_claims": [100, 0, 80],
        "n": [90, 0, 8],
        "coverage": [0.9, math.nan, 0.1],
        "mature": [True, True, False],
    }
)
DELAYS = pd.DataFrame({"left": [0.0, 1.0, 30.0], "right": [1.0, 30.0, math.inf], "n": [30, 10, 0]})


def marks(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Layers, each with its data, which layers of one part may share."""
    shared = [({"data": part.get("data")}, part["layer"]) for part in document["layer"]]
    return [{**data, **layer} for data, layers in shared for layer in layers]


def bars(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [x for x in marks(document) if x["mark"]["type"] == "bar"]


def rows(document: dict[str, Any], layer: dict[str, Any]) -> list[dict[str, Any]]:
    return document["datasets"][layer["data"]["name"]]


def test_immature_weeks_are_paler_dashed_and_named() -> None:
    document = label_coverage_timeline(WEEKS, LIGHT).to_dict()
    for bar in bars(document):
        opacity = bar["encoding"]["fillOpacity"]
        assert opacity["condition"]["test"] == "datum.mature"
        assert opacity["value"] < opacity["condition"]["value"]
        assert bar["encoding"]["strokeDash"]["value"] == [2, 2]
    assert IMMATURE_WORDS in str([x["mark"].get("text") for x in marks(document)])


def test_mature_weeks_alone_say_nothing_of_immature_ones() -> None:
    document = label_coverage_timeline(WEEKS.head(2), LIGHT).to_dict()
    assert not any(x["mark"].get("text") == IMMATURE_WORDS for x in marks(document))


def test_a_week_without_claims_has_a_place_but_no_coverage() -> None:
    document = label_coverage_timeline(WEEKS, LIGHT).to_dict()
    (line,) = [x for x in marks(document) if x["mark"]["type"] == "line"]
    assert line["encoding"]["x"]["scale"]["domain"] == list(WEEKS["week"])
    assert [row["week"] for row in rows(document, line)] == ["2025-W52", "2026-W02"]


def test_the_year_stands_where_it_changes() -> None:
    document = label_coverage_timeline(WEEKS, LIGHT).to_dict()
    axis = bars(document)[0]["encoding"]["x"]["axis"]["labelExpr"]
    assert '"2025-W52": ["W52", "2025"]' in axis
    assert '"2026-W01": ["W01", "2026"]' in axis
    assert '"2026-W02": ["W02"]' in axis


def test_many_weeks_label_only_some() -> None:
    many = pd.DataFrame({"week": [f"2026-W{k:02d}" for k in range(1, 53)]}).assign(
        n_claims=10, n=5, coverage=0.5, mature=True
    )
    document = label_coverage_timeline(many, DARK).to_dict()
    values = bars(document)[0]["encoding"]["x"]["axis"]["values"]
    assert len(values) * 34 <= 760


def test_no_weeks_are_said_in_words() -> None:
    assert "No claims yet" in str(label_coverage_timeline(WEEKS.head(0), LIGHT).to_dict())


def test_delays_are_named_in_days_with_their_share() -> None:
    document = delay_histogram(DELAYS, LIGHT).to_dict()
    drawn = rows(document, document)
    assert [row["bin"] for row in drawn] == ["0–1", "1–30", "30+"]
    assert [row["_share"] for row in drawn] == ["75%", "25%", ""]


def test_no_delays_are_said_in_words() -> None:
    assert "No outcome" in str(delay_histogram(DELAYS.assign(n=0), LIGHT).to_dict())
    assert "No outcome" in str(delay_histogram(DELAYS.head(0), LIGHT).to_dict())
