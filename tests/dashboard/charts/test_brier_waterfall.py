from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest

from dashboard.charts import LIGHT
from dashboard.charts.brier_waterfall import alt_text_brier, brier_split

NAN = math.nan
ALL = pd.DataFrame(
    [
        {
            "label": "all claims",
            "before": 0.0526,
            "after": 0.1196,
            "foretold": 0.0733,
            "foretold_low": 0.06,
            "foretold_high": 0.086,
            "decalibration": -0.0063,
            "decalibration_low": -0.03,
            "decalibration_high": 0.018,
            "n_before": 1201,
            "n_after": 340,
        }
    ]
)
SEGMENTS = pd.concat([ALL.assign(label=name) for name in ("de", "en", None)], ignore_index=True)


def bars(drawing: Any) -> list[dict[str, Any]]:
    colours = LIGHT.estimate, LIGHT.other
    return [row for row in drawing.marks("rect") if row["colour"] in colours]


def test_the_steps_lead_from_before_to_after(drawn: Any) -> None:
    drawing = drawn(brier_split(ALL, LIGHT))
    foretold, decalibration = bars(drawing)
    assert (foretold["x"], foretold["x2"]) == pytest.approx((0.0526, 0.1259))
    assert (decalibration["x"], decalibration["x2"]) == pytest.approx((0.1196, 0.1259))
    assert [row["x"] for row in drawing.marks("point")] == [0.0526, 0.1196]


def test_each_step_is_written_with_its_interval(drawn: Any) -> None:
    words = drawn(brier_split(ALL, LIGHT)).words
    assert words == [
        "before: 0.053, n 1,201",
        "expected from the confidences: +0.073 (+0.060 to +0.086)",
        "decalibration: −0.006 (−0.030 to +0.018)",
        "after: 0.120, n 340",
    ]


def test_intervals_stand_around_the_end_of_their_step(drawn: Any) -> None:
    level = [r for r in drawn(brier_split(ALL, LIGHT)).marks("rule") if r["y"] == r["y2"]]
    assert (level[0]["x"], level[0]["x2"]) == pytest.approx((0.1126, 0.1386))
    assert (level[1]["x"], level[1]["x2"]) == pytest.approx((0.0959, 0.1439))


def test_a_step_whose_interval_reaches_zero_is_pale_and_dashed_and_the_title_says_so(
    drawn: Any,
) -> None:
    drawing = drawn(brier_split(ALL, LIGHT))
    sure, unsure = bars(drawing)
    assert sure["opacity"] > unsure["opacity"]
    assert (sure["edge"], unsure["edge"]) == ("transparent", LIGHT.other)
    assert drawing.title == "Pale and dashed: the interval reaches zero"
    assert drawn(brier_split(ALL.assign(decalibration_high=-0.001), LIGHT)).title == ""


def test_a_step_without_an_interval_is_unsure(drawn: Any) -> None:
    ends = {f"{s}_{e}": NAN for s in ("foretold", "decalibration") for e in ("low", "high")}
    drawing = drawn(brier_split(ALL.assign(**ends), LIGHT))
    assert all(row["edge"] != "transparent" for row in bars(drawing))
    assert "decalibration: −0.006 (no interval)" in drawing.words


def test_segments_stand_below_each_other_each_with_its_figures(drawn: Any) -> None:
    drawing = drawn(brier_split(SEGMENTS, LIGHT))
    heads = [text for text in drawing.words if "→" in text]
    assert heads == [f"{name}: 0.053 → 0.120, n 1,201 → 340" for name in ("de", "en", "(none)")]
    assert drawing.words.count("decalibration −0.006") == 3
    tops = [row["y"] for row in bars(drawing)]
    assert tops == sorted(tops)


def test_the_words_beside_the_bars_fit_at_540_pixels(drawn: Any) -> None:
    drawing = drawn(brier_split(SEGMENTS, LIGHT))
    start, end = drawing.document["encoding"]["x"]["scale"]["domain"]
    for row in drawing.marks("text"):
        left = (row["x"] - start) / (end - start) * 524 + row["dx"]
        assert left + len(row["text"]) * 11 * 0.5 <= 524


def test_a_segment_without_labels_on_a_side_is_left_out(drawn: Any) -> None:
    parts = SEGMENTS.assign(before=[0.05, NAN, NAN])
    assert len(bars(drawn(brier_split(parts, LIGHT)))) == 2


def test_nothing_to_compare_is_said_in_words() -> None:
    for parts in (ALL.head(0), ALL.assign(before=NAN)):
        assert "No labelled claims" in str(brier_split(parts, LIGHT).to_dict())
        assert "No labelled claims" in alt_text_brier(parts)


def test_the_text_tells_both_parts() -> None:
    assert alt_text_brier(ALL) == (
        "Change of the Brier score. all claims: 0.053 to 0.120, +0.073 expected from the "
        "confidences, −0.006 decalibration (−0.030 to +0.018)."
    )
    assert alt_text_brier(pd.concat([SEGMENTS, SEGMENTS])).endswith("3 more segments.")
