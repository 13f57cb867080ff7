from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest

from dashboard.charts import DARK, LIGHT, segment_heatmap, selected_cell

NAN = float("nan")


def cells(**changes: Any) -> pd.DataFrame:
    """Four pairs: clearly over, unclear, too few, no claim."""
    frame = pd.DataFrame(
        {
            "topic": ["law", "law", "math", "math"],
            "week": ["2026-W09", "2026-W10", "2026-W09", "2026-W10"],
            "gap": [0.173, -0.004, 0.4, NAN],
            "corrected_low": [0.11, -0.05, 0.0, NAN],
            "corrected_high": [0.22, 0.04, 0.8, NAN],
            "n": [12018, 500, 12, 0],
            "n_inputs": [12018, 500, 12, 0],
            "coverage": [1.0, 0.5, 0.8, NAN],
            "verdict": ["off", "fine", "too_few", "at_the_edge"],
            "shown": [0.11, 0.0, 0.0, 0.0],
            "too_few": [False, False, True, True],
            "shape_low": [0.072, 0.0, 0.0, NAN],
            "shape_high": [0.2, 0.093, 0.9, NAN],
            "shape_shown": [0.072, 0.0, 0.0, 0.0],
            "shape_where": ["overconfident at 90%", "", "", ""],
        }
    )
    return frame.assign(**changes)


def heatmap(frame: pd.DataFrame, row: str = "topic", column: str = "week") -> dict[str, Any]:
    return segment_heatmap(frame, LIGHT, row=row, column=column).to_dict(validate=True)


def drawn(document: dict[str, Any]) -> list[dict[str, Any]]:
    return document["datasets"][document["data"]["name"]]


def scale(document: dict[str, Any]) -> dict[str, Any]:
    return document["layer"][0]["encoding"]["color"]["scale"]


def test_a_cell_says_its_gap_and_its_claims() -> None:
    first = drawn(heatmap(cells()))[0]
    assert (first["_gap"], first["_n"], first["_n_short"]) == ("+17", "n 12,018", "12k")


def shaped(frame: pd.DataFrame) -> dict[str, Any]:
    chart = segment_heatmap(frame, LIGHT, row="topic", column="week", measure="shape")
    return chart.to_dict(validate=True)


def test_by_shape_a_cell_says_the_least_error_shown_or_the_most_there_may_be() -> None:
    rows = drawn(shaped(cells()))
    assert [row["_gap"] for row in rows] == ["≥7.2", "≤10", "–"]
    assert [row["_telling"] for row in rows] == [True, False, False]
    assert rows[0]["_tip_shape"] == "≥7.2 points, overconfident at 90%"
    assert rows[1]["_tip_shape"] == "≤9.3 points"


def test_by_shape_only_what_is_shown_is_coloured() -> None:
    document = shaped(cells(shape_shown=[0.072, 0.0, 0.3, 0.0]))
    assert [row["shown"] for row in drawn(document)][:2] == [0.072, 0.0]
    colour = document["layer"][0]["encoding"]["color"]
    assert colour["condition"]["test"] == "datum.too_few"
    assert colour["scale"]["range"] == list(LIGHT.size_ramp)
    assert colour["scale"]["domain"][0] == 0
    assert "lower bound" in colour["legend"]["title"]


def test_by_shape_a_cell_of_one_confidence_has_none() -> None:
    first = drawn(shaped(cells(shape_low=NAN, shape_high=NAN, shape_shown=0.0)))[0]
    assert (first["_gap"], first["_tip_shape"]) == ("–", "one confidence only")


def test_bold_cells_are_those_whose_interval_excludes_zero() -> None:
    assert [row["_telling"] for row in drawn(heatmap(cells()))] == [True, False, False]


def test_a_cell_of_too_few_inputs_shows_no_gap_and_no_colour() -> None:
    document = heatmap(cells(shown=[0.11, 0.0, 0.3, 0.0]))
    few = drawn(document)[2]
    assert few["_gap"] == "–"
    assert not few["_telling"]
    assert few["_n"] == "n 12"
    condition = document["layer"][0]["encoding"]["color"]["condition"]
    assert condition == {"test": "datum.too_few", "value": LIGHT.background}
    dashed = document["layer"][1]
    assert dashed["mark"]["strokeDash"] == [3, 3]
    assert dashed["transform"] == [{"filter": "datum.too_few"}]


def test_a_pair_without_claims_is_blank_but_keeps_its_place() -> None:
    document = heatmap(cells())
    assert len(drawn(document)) == 3
    assert document["encoding"]["x"]["scale"]["domain"] == ["2026-W09", "2026-W10"]


def test_cells_that_are_off_carry_a_mark_and_not_colour_alone() -> None:
    flags = [x for x in heatmap(cells())["layer"] if x["mark"]["type"] == "point"]
    assert [x["transform"] for x in flags] == [[{"filter": "datum.verdict == 'off'"}]]


def test_the_colours_are_symmetric_about_zero_and_end_at_the_limit() -> None:
    domain = scale(heatmap(cells()))["domain"]
    assert domain == [-x for x in reversed(domain)]
    assert (domain[0], domain[3], domain[-1]) == (-0.15, 0, 0.15)
    assert scale(heatmap(cells()))["clamp"] is True


def test_a_click_gives_the_row_and_the_column() -> None:
    document = heatmap(cells())
    (parameter,) = document["params"]
    assert parameter["name"] == "cell"
    assert parameter["select"] == {"type": "point", "fields": ["topic", "week"]}
    assert parameter["views"] == [document["layer"][0]["name"]]


def test_the_caller_decides_the_order() -> None:
    backwards = cells().iloc[::-1]
    domain = heatmap(backwards)["encoding"]["y"]["scale"]["domain"]
    assert domain == ["math", "law"]


def test_the_order_of_categories_goes_before_that_of_rows() -> None:
    weeks = pd.Categorical(cells()["week"], categories=["2026-W10", "2026-W09", "2026-W08"])
    domain = heatmap(cells(week=weeks))["encoding"]["x"]["scale"]["domain"]
    assert domain == ["2026-W10", "2026-W09"]


def test_a_null_key_is_shown_as_none_and_read_back_as_null() -> None:
    document = heatmap(cells(topic=["law", "law", None, None]))
    assert drawn(document)[2]["topic"] == "(none)"
    point = {"topic": "(none)", "week": "2026-W09"}
    assert selected_cell([point], row="topic", column="week") == (None, "2026-W09")


def test_nothing_selected_reads_as_nothing() -> None:
    assert selected_cell([], row="topic", column="week") is None


def test_names_with_dots_and_brackets_are_no_paths() -> None:
    frame = cells().rename(columns={"topic": "gen_ai.topic[0]"})
    document = heatmap(frame, row="gen_ai.topic[0]")
    field = document["encoding"]["y"]["field"]
    assert field == "gen_ai\\.topic\\[0\\]"
    assert document["params"][0]["select"]["fields"][0] == field
    point = {field: "law", "week": "2026-W09"}
    assert selected_cell([point], row="gen_ai.topic[0]", column="week") == ("law", "2026-W09")


def test_a_page_may_narrow_it_and_its_height_stays() -> None:
    assert heatmap(cells())["autosize"] == {"type": "fit-x", "contains": "padding"}


@pytest.mark.parametrize(("n_rows", "n_columns"), [(2, 2), (14, 13), (30, 12), (75, 14), (1, 1)])
def test_it_keeps_within_its_width_at_any_size(n_rows: int, n_columns: int) -> None:
    pairs = [
        (f"model-{i}-with-a-long-name", f"w{j}") for i in range(n_rows) for j in range(n_columns)
    ]
    one = cells().iloc[[1]]
    frame = pd.concat([one] * len(pairs), ignore_index=True)
    frame["topic"], frame["week"] = zip(*pairs, strict=True)
    document = heatmap(frame)
    assert document["width"] <= 900
    assert len(drawn(document)) == n_rows * n_columns


def test_a_tall_heatmap_leaves_counts_to_the_tooltip() -> None:
    one = cells().iloc[[1]]
    frame = pd.concat([one] * 75, ignore_index=True)
    frame["topic"] = [f"model {k}" for k in range(75)]
    document = heatmap(frame)
    count = document["layer"][-1]["mark"]["text"]["expr"]
    assert ">= 10000" in count
    tips = [tip["title"] for tip in document["layer"][0]["encoding"]["tooltip"]]
    assert "Labelled claims" in tips
    assert drawn(document)[0]["_tip_n"] == "500"


def test_long_names_lose_their_middle_and_keep_their_end() -> None:
    name = "Qwen3-235B-A22B-Thinking-2507-and-more-FP8"
    frame = cells(topic=[name, name, "b", "b"])
    axis = heatmap(frame)["encoding"]["y"]["axis"]
    written = json.loads(axis["labelExpr"].removeprefix("(").removesuffix(")[datum.value]"))
    (shown,) = written[name]
    assert len(shown) < len(name)
    assert shown.startswith("Qwen3-235B")
    assert shown.endswith("-FP8")


def test_no_claims_at_all_are_said_in_words() -> None:
    chart = segment_heatmap(cells().assign(coverage=NAN), DARK, row="topic", column="week")
    assert "No claims to compare" in json.dumps(chart.to_dict(validate=True))
