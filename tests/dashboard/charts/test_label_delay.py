from __future__ import annotations

import math
from typing import Any

import pandas as pd

from dashboard.charts import DARK, LIGHT, Palette, delay_histogram, label_coverage_timeline
from dashboard.charts.kit.alt_text import IMMATURE_WORDS

WEEKS = pd.DataFrame(
    {
        "week": ["2025-W52", "2026-W01", "2026-W02"],
        "n_claims": [100, 0, 80],
        "n": [90, 0, 8],
        "coverage": [0.9, math.nan, 0.1],
        "mature": [True, True, False],
    }
)
DELAYS = pd.DataFrame(
    {"left": [0, 1 / 24, 1, 30], "right": [1 / 24, 1, 3, math.inf], "n": [10, 20, 10, 0]}
)


def timeline(weeks: pd.DataFrame, palette: Palette = LIGHT) -> dict[str, Any]:
    return label_coverage_timeline(weeks, palette).to_dict(validate=True)


def marks(part: dict[str, Any]) -> list[dict[str, Any]]:
    """Marks of any depth, each with the encodings and the data it takes from what holds it."""
    if "layer" not in part:
        return [part]
    inner = [mark for layer in part["layer"] for mark in marks(layer)]
    outer, data = part.get("encoding", {}), part.get("data")
    return [
        {"data": data, **mark, "encoding": merged(outer, mark.get("encoding", {}))}
        for mark in inner
    ]


def merged(outer: dict[str, Any], inner: dict[str, Any]) -> dict[str, Any]:
    """Encodings by channel, those of an inner layer before those of an outer one."""
    return {k: {**outer.get(k, {}), **inner.get(k, {})} for k in outer} | {
        k: channel for k, channel in inner.items() if k not in outer
    }


def bars(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [x for x in marks(document) if x["mark"]["type"] == "bar"]


def rows(document: dict[str, Any], layer: dict[str, Any]) -> list[dict[str, Any]]:
    return document["datasets"][layer["data"]["name"]]


def test_immature_weeks_are_paler_dashed_and_named() -> None:
    document = timeline(WEEKS)
    for bar in bars(document):
        opacity = bar["encoding"]["fillOpacity"]
        assert opacity["condition"]["test"] == "datum.mature"
        assert opacity["value"] < opacity["condition"]["value"]
        assert bar["encoding"]["strokeDash"]["value"] == [2, 2]
    assert IMMATURE_WORDS in str([x["mark"].get("text") for x in marks(document)])


def test_mature_weeks_alone_say_nothing_of_immature_ones() -> None:
    document = timeline(WEEKS.head(2))
    assert not any(x["mark"].get("text") == IMMATURE_WORDS for x in marks(document))


def test_a_week_without_claims_has_a_place_but_no_coverage() -> None:
    document = timeline(WEEKS)
    (line,) = [x for x in marks(document) if x["mark"]["type"] == "line"]
    assert line["encoding"]["x"]["scale"]["domain"] == list(WEEKS["week"])
    assert [row["week"] for row in rows(document, line)] == ["2025-W52", "2026-W02"]


def test_the_year_stands_where_it_changes() -> None:
    document = timeline(WEEKS)
    axis = bars(document)[0]["encoding"]["x"]["axis"]["labelExpr"]
    assert '"2025-W52": ["W52", "2025"]' in axis
    assert '"2026-W01": ["W01", "2026"]' in axis
    assert '"2026-W02": ["W02"]' in axis


def test_many_weeks_label_only_some() -> None:
    many = pd.DataFrame({"week": [f"2026-W{k:02d}" for k in range(1, 53)]}).assign(
        n_claims=10, n=5, coverage=0.5, mature=True
    )
    document = timeline(many, DARK)
    values = bars(document)[0]["encoding"]["x"]["axis"]["values"]
    assert len(values) * 34 <= 760


def test_no_weeks_are_said_in_words() -> None:
    assert "No claims yet" in str(timeline(WEEKS.head(0)))


def test_delays_are_named_with_their_unit_and_share() -> None:
    document = delay_histogram(DELAYS, LIGHT).to_dict(validate=True)
    drawn = rows(document, document)
    assert [row["bin"] for row in drawn] == ["under 1 hour", "1–24 hours", "1–3 days", "30+ days"]
    assert [row["_share"] for row in drawn] == ["25%", "50%", "25%", ""]
    assert document["encoding"]["x"]["title"] == "From claim to outcome"


def test_delays_stand_level_in_lines_where_there_is_room_and_else_aslant() -> None:
    roomy = delay_histogram(DELAYS, LIGHT, width=320).to_dict(validate=True)
    axis = roomy["encoding"]["x"]["axis"]
    assert axis["labelAngle"] == 0
    assert '"under 1 hour": ["under 1", "hour"]' in axis["labelExpr"]
    narrow = delay_histogram(DELAYS, LIGHT, width=160).to_dict(validate=True)
    assert narrow["encoding"]["x"]["axis"]["labelAngle"] == -45


def test_no_delays_are_said_in_words() -> None:
    assert "No outcome" in str(delay_histogram(DELAYS.assign(n=0), LIGHT).to_dict())
    assert "No outcome" in str(delay_histogram(DELAYS.head(0), LIGHT).to_dict())
