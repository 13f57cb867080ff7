from __future__ import annotations

import datetime as dt
import math
import time
from itertools import pairwise
from typing import Any

import pandas as pd
import pytest

from dashboard.charts import DARK, LIGHT
from dashboard.charts.drift import drift_timeline, measure_strips
from dashboard.charts.drift_words import alt_text_drift, alt_text_strips
from dashboard.charts.kit.alt_text import IMMATURE_WORDS

NAN = math.nan
MONDAY = dt.date(2025, 12, 15)
NO_CHANGES = pd.DataFrame(columns=["kind", "label", "at"])
NO_BREACHES = pd.DataFrame(columns=["start", "end", "label"])


def weeks(
    gaps: list[float], *, young: int = 0, skipped: tuple[int, ...] = (), half: float = 0.02
) -> pd.DataFrame:
    rows = []
    for k, gap in enumerate(gaps):
        start = MONDAY + dt.timedelta(weeks=k)
        year, week, _ = start.isocalendar()
        out = gap - half > 0.05
        rows.append(
            {
                "period": f"{year}-W{week:02d}",
                "start": start,
                "value": gap,
                "low": gap - half,
                "high": gap + half,
                "n": 0 if math.isnan(gap) else 80,
                "n_claims": 100,
                "coverage": 0.8,
                "mature": k < len(gaps) - young,
                "verdict": "off" if out else "too_few",
            }
        )
    return pd.DataFrame([row for k, row in enumerate(rows) if k not in skipped])


def days(count: int) -> pd.DataFrame:
    frame = weeks([0.01] * count)
    start = [MONDAY + dt.timedelta(days=k) for k in range(count)]
    return frame.assign(start=start, period=[str(day) for day in start])


def change(kind: str, label: str, week: float) -> dict[str, Any]:
    return {"kind": kind, "label": label, "at": MONDAY + dt.timedelta(days=round(week * 7))}


def timeline(
    periods: pd.DataFrame,
    changes: pd.DataFrame = NO_CHANGES,
    breaches: pd.DataFrame = NO_BREACHES,
    **options: Any,
) -> Any:
    usual = {"measure": "gap", "tolerance": 0.05}
    return drift_timeline(periods, changes, breaches, LIGHT, **{**usual, **options})


def lines(drawing: Any) -> list[list[float]]:
    """Horizontal places of each line, in weeks."""
    paths: dict[int, list[float]] = {}
    for row in drawing.marks("line"):
        paths.setdefault(row["path"], []).append((row["x"] - 3.5) / 7)
    return list(paths.values())


# ------------------------------------------------------------------------------------- the line
def test_the_line_joins_neighbouring_weeks(drawn: Any) -> None:
    assert lines(drawn(timeline(weeks([0.0, 0.1, 0.2])))) == [[0, 1, 2]]


def test_a_week_left_out_and_a_week_without_a_value_are_gaps_in_the_line(drawn: Any) -> None:
    without = weeks([0.0, 0.1, NAN, 0.1, 0.2])
    left_out = weeks([0.0, 0.1, 0.1, 0.1, 0.2], skipped=(2,))
    for periods in (without, left_out):
        drawing = drawn(timeline(periods))
        assert lines(drawing) == [[0, 1], [3, 4]]
        assert [row["x"] for row in drawing.marks("point")] == [3.5, 10.5, 24.5, 31.5]


def test_a_week_alone_has_its_interval_as_an_upright_line(drawn: Any) -> None:
    drawing = drawn(timeline(weeks([0.0])))
    upright = [r for r in drawing.marks("rule") if r["x"] == r["x2"] == 3.5]
    (point,) = drawing.marks("point")
    assert len(upright) == 1
    assert upright[0]["y"] > point["y"] > upright[0]["y2"]


def test_higher_values_stand_higher(drawn: Any) -> None:
    low, high = drawn(timeline(weeks([-0.1, 0.1]))).marks("point")
    assert high["y"] < low["y"]


def test_immature_weeks_are_hollow_dashed_tinted_and_named(drawn: Any) -> None:
    drawing = drawn(timeline(weeks([0.0, 0.01, 0.02, 0.03], young=2)))
    fills = [row["fill"] for row in drawing.marks("point")]
    assert fills == [LIGHT.estimate] * 2 + [LIGHT.background] * 2
    dashes = {row["path"]: row["dash"] for row in drawing.marks("line")}
    assert lines(drawing) == [[0, 1], [1, 2, 3]]
    assert list(dashes.values()) == ["solid", "dashed"]
    tint = [r for r in drawing.marks("rect") if r["colour"] == LIGHT.accent]
    assert [(r["x"], r["x2"]) for r in tint] == [(14, 28)]
    assert IMMATURE_WORDS in drawing.words


def test_mature_weeks_alone_say_nothing_of_immature_ones(drawn: Any) -> None:
    assert IMMATURE_WORDS not in drawn(timeline(weeks([0.0, 0.1]))).words


def test_all_may_be_immature(drawn: Any) -> None:
    drawing = drawn(timeline(weeks([0.0, 0.1], young=2)))
    assert {row["fill"] for row in drawing.marks("point")} == {LIGHT.background}


def test_without_labels_there_are_words_and_the_claims(drawn: Any) -> None:
    drawing = drawn(timeline(weeks([NAN, NAN])))
    assert "No labelled claims yet." in drawing.words
    assert not drawing.marks("line")
    assert any(row["colour"] == LIGHT.estimate for row in drawing.marks("rect"))


def test_no_periods_are_said_in_words() -> None:
    assert "No claims yet" in str(timeline(weeks([])).to_dict())
    assert "No claims yet" in str(measure_strips(weeks([]), LIGHT).to_dict())


def test_a_gap_that_is_off_is_a_diamond_and_the_title_says_so(drawn: Any) -> None:
    drawing = drawn(timeline(weeks([0.0, 0.2])))
    assert [row["shape"] for row in drawing.marks("point")] == ["circle", "diamond"]
    assert "Diamonds: off" in drawing.title
    assert "iamond" not in drawn(timeline(weeks([0.0]))).title


def test_a_verdict_on_the_gap_does_not_mark_another_measure(drawn: Any) -> None:
    drawing = drawn(timeline(weeks([0.2, 0.2]), measure="brier"))
    assert {row["shape"] for row in drawing.marks("point")} == {"circle"}


def test_an_immature_value_far_off_is_a_triangle_at_the_edge_and_does_not_squeeze_the_rest(
    drawn: Any,
) -> None:
    drawing = drawn(timeline(weeks([0.0, 0.05, 0.02, -0.9], young=1)))
    points = drawing.marks("point")
    assert [p["shape"] for p in points] == ["circle", "circle", "circle", "triangle-down"]
    calm = drawn(timeline(weeks([0.0, 0.05, 0.02]))).marks("point")
    assert points[0]["y"] - points[1]["y"] > (calm[0]["y"] - calm[1]["y"]) / 4


# ------------------------------------------------------------------------------------- the scale
@pytest.mark.parametrize(
    ("measure", "value", "label", "tooltip"),
    [
        ("gap", -0.08, "−5", "−8.0"),
        ("accuracy", 0.85, "85%", "85.0%"),
        ("mean_confidence", 0.85, "85%", "85.0%"),
        ("brier", 0.16, "0.16", "0.160"),
        ("coverage", 0.85, "100%", "85%"),
    ],
)
def test_each_measure_is_written_in_its_own_way(
    drawn: Any, measure: str, value: float, label: str, tooltip: str
) -> None:
    drawing = drawn(timeline(weeks([value, value]), measure=measure))
    assert label in drawing.axis("y")
    assert drawing.told[0]["value"] == tooltip


def test_the_tolerance_is_a_named_strip_of_the_gap_alone(drawn: Any) -> None:
    gap = drawn(timeline(weeks([0.0, 0.02])))
    assert "grey: ±5 points accepted" in gap.words
    strip = next(r for r in gap.marks("rect") if r["colour"] == LIGHT.band)
    at = dict(zip(gap.axis("y"), gap.document["encoding"]["y"]["axis"]["values"], strict=True))
    assert sorted((strip["y"], strip["y2"])) == pytest.approx([at["+5"], at["−5"]], abs=0.1)
    brier = drawn(timeline(weeks([0.1, 0.1]), measure="brier"))
    assert not any("accepted" in text for text in brier.words)


# --------------------------------------------------------------------------------------- changes
def test_a_model_has_a_solid_rule_a_prompt_a_dashed_one_and_others_a_dotted_one(
    drawn: Any,
) -> None:
    changes = pd.DataFrame(
        [change("model", "m2", 1), change("prompt", "p7", 4), change("calibrator", "c1", 7)]
    )
    drawing = drawn(timeline(weeks([0.0] * 10), changes))
    rules = {r["x"]: r["dash"] for r in drawing.marks("rule") if r["x"] == r["x2"]}
    assert (rules[7], rules[28], rules[49]) == ("solid", "dashed", "dotted")
    assert {"model m2", "prompt p7", "calibrator c1"} <= set(drawing.words)


def test_a_label_that_names_its_kind_is_left_as_it_is(drawn: Any) -> None:
    changes = pd.DataFrame([change("prompt", "Prompt 7", 1)])
    assert "Prompt 7" in drawn(timeline(weeks([0.0] * 4), changes)).words


def test_a_change_outside_the_time_shown_is_left_out(drawn: Any) -> None:
    changes = pd.DataFrame([change("model", "old", -3), change("model", "next", 9)])
    assert not any("model" in text for text in drawn(timeline(weeks([0.0] * 4), changes)).words)


def test_long_names_are_shortened_on_the_plot_and_whole_on_hovering(drawn: Any) -> None:
    name = "support-llm-4.1-mini-2026-06-01-preview"
    drawing = drawn(timeline(weeks([0.0] * 4), pd.DataFrame([change("model", name, 2)])))
    (label,) = [text for text in drawing.words if "…" in text]
    assert len(label) <= 24
    assert [row["changes"] for row in drawing.told] == ["none", "none", f"model {name}", "none"]


def test_the_names_of_ten_changes_do_not_overlap_at_540_pixels(drawn: Any) -> None:
    changes = pd.DataFrame([change("prompt", f"2026-{k:02d}", 2 + k * 1.1) for k in range(10)])
    drawing = drawn(timeline(weeks([0.0] * 26), changes))
    scale = 478 / (26 * 7)
    boxes = []
    for row in drawing.marks("text"):
        if row["text"].startswith("prompt"):
            x, long = row["x"] * scale + row["dx"], len(row["text"]) * 11 * 0.5
            boxes.append((row["y"], *((x, x + long) if row["align"] == "left" else (x - long, x))))
    assert len(boxes) == 10
    for k, (y, left, right) in enumerate(boxes):
        for other_y, other_left, other_right in boxes[:k]:
            assert abs(y - other_y) >= 14 or right <= other_left or other_right <= left


def test_changes_without_room_for_a_name_are_counted(drawn: Any) -> None:
    changes = pd.DataFrame([change("prompt", f"p{k}", 2) for k in range(8)])
    drawing = drawn(timeline(weeks([0.0] * 4), changes))
    assert "2 changes without room for a name" in drawing.title
    assert drawing.told[2]["changes"].count("prompt") == 8


# -------------------------------------------------------------------------------------- breaches
def test_a_breach_is_a_bar_with_its_label(drawn: Any) -> None:
    breaches = pd.DataFrame(
        [
            {
                "start": MONDAY + dt.timedelta(weeks=1),
                "end": MONDAY + dt.timedelta(weeks=4),
                "label": "outside for 3 weeks",
            }
        ]
    )
    drawing = drawn(timeline(weeks([0.0] * 6), NO_CHANGES, breaches))
    (bar,) = [r for r in drawing.marks("rect") if r["colour"] == LIGHT.alert]
    assert (bar["x"], bar["x2"]) == (7, 28)
    (label,) = [r for r in drawing.marks("text") if r["text"] == "outside for 3 weeks"]
    assert label["x"] == 7
    assert label["y"] < bar["y"]


# ----------------------------------------------------------------------------------------- moves
def stretches(*values: float, label: str = "moved about W{k}: up") -> pd.DataFrame:
    """Stretches of three weeks each."""
    return pd.DataFrame(
        [
            {
                "start": MONDAY + dt.timedelta(weeks=3 * k),
                "end": MONDAY + dt.timedelta(weeks=3 * k + 3),
                "value": value,
                "label": label.format(k=3 * k) if k else "",
            }
            for k, value in enumerate(values)
        ]
    )


def steps(drawing: Any) -> list[tuple[float, float]]:
    found = [r for r in drawing.marks("line") if r["colour"] == LIGHT.ink]
    return [(row["x"] / 7, row["y"]) for row in found]


def test_where_the_gap_moved_a_step_leads_from_one_level_to_the_next(drawn: Any) -> None:
    drawing = drawn(timeline(weeks([0.0] * 3 + [0.1] * 3), levels=stretches(0.0, 0.1)))
    found = steps(drawing)
    assert [x for x, _ in found] == [0, 3, 3, 6]
    assert found[0][1] == found[1][1] > found[2][1] == found[3][1]
    (mark,) = [r for r in drawing.marks("point") if r["shape"] == "triangle-up"]
    (label,) = [r for r in drawing.marks("text") if r["text"] == "moved about W3: up"]
    assert mark["x"] == label["x"] == 21
    assert mark["y"] == label["y"] > max(y for _, y in found)
    assert "steps: its level before and after it moved" in drawing.title.lower()


def test_a_gap_that_fell_points_down(drawn: Any) -> None:
    drawing = drawn(timeline(weeks([0.1] * 3 + [0.0] * 3), levels=stretches(0.1, 0.0)))
    assert [r["shape"] for r in drawing.marks("point") if r["x"] == 21] == ["triangle-down"]


def test_a_step_bridges_weeks_without_claims(drawn: Any) -> None:
    levels = stretches(0.0, 0.1)
    levels.loc[0, "end"] -= dt.timedelta(weeks=1)
    drawing = drawn(timeline(weeks([0.0] * 3 + [0.1] * 3, skipped=(2,)), levels=levels))
    assert [x for x, _ in steps(drawing)] == [0, 3, 3, 6]


def test_moves_are_drawn_of_the_gap_only_and_change_nothing_where_there_are_none(
    drawn: Any,
) -> None:
    periods = weeks([0.0] * 3 + [0.1] * 3)
    moved = timeline(periods, levels=stretches(0.0, 0.1), measure="brier")
    assert steps(drawn(moved)) == []
    assert timeline(periods, levels=stretches()).to_dict() == timeline(periods).to_dict()


def test_a_breach_is_told_below_a_move(drawn: Any) -> None:
    breaches = pd.DataFrame(
        [{"start": MONDAY, "end": MONDAY + dt.timedelta(weeks=6), "label": "outside for 6 weeks"}]
    )
    periods = weeks([0.0] * 3 + [0.1] * 3)
    drawing = drawn(timeline(periods, NO_CHANGES, breaches, levels=stretches(0.0, 0.1)))
    height = {row["text"]: row["y"] for row in drawing.marks("text")}
    assert height["outside for 6 weeks"] >= height["moved about W3: up"] + 12


def test_a_move_is_told_to_those_who_hear_the_chart() -> None:
    told = alt_text_drift(
        weeks([0.0] * 3 + [0.1] * 3),
        NO_CHANGES,
        NO_BREACHES,
        measure="gap",
        levels=stretches(0.0, 0.1),
    )
    assert "Moved about W3: up." in told


# ---------------------------------------------------------------------------------------- claims
def test_bars_show_the_labelled_part_of_the_claims(drawn: Any) -> None:
    bars = [r for r in drawn(timeline(weeks([0.0]))).marks("rect") if r["colour"] == LIGHT.estimate]
    pale, solid = sorted(bars, key=lambda row: row["opacity"])
    heights = [abs(row["y"] - row["y2"]) for row in (pale, solid)]
    assert heights[1] / sum(heights) == pytest.approx(0.8)


# ----------------------------------------------------------------------------------------- time
def test_the_year_stands_where_it_changes(drawn: Any) -> None:
    labels = drawn(timeline(weeks([0.0] * 4))).axis("x")
    assert labels == ["W51 2025", "W52", "W01 2026", "W02"]


def test_days_are_written_as_dates(drawn: Any) -> None:
    assert drawn(timeline(days(3))).axis("x") == ["15 Dec 2025", "16 Dec", "17 Dec"]


@pytest.mark.parametrize("periods", [weeks([0.0] * 110), days(180)], ids=["110 weeks", "180 days"])
def test_long_stretches_are_written_in_months_with_room_for_each(
    drawn: Any, periods: pd.DataFrame
) -> None:
    drawing = drawn(timeline(periods))
    assert "Jan 2026" in drawing.axis("x")
    days_shown = drawing.document["encoding"]["x"]["scale"]["domain"][1]
    places = drawing.document["encoding"]["x"]["axis"]["values"]
    between = min(b - a for a, b in pairwise(places))
    assert between * 478 / days_shown >= 28


@pytest.mark.parametrize("count", [1, 2, 12, 26, 110])
@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_any_number_of_weeks_is_drawn(drawn: Any, count: int, palette: Any) -> None:
    periods = weeks([0.01 * (k % 7) for k in range(count)], young=min(count, 3))
    chart = drift_timeline(periods, NO_CHANGES, NO_BREACHES, palette, measure="gap", tolerance=0.05)
    assert len(drawn(chart).marks("point")) == count
    assert 540 <= chart.width <= 900


def test_a_timeline_of_180_days_is_made_in_a_blink() -> None:
    periods = days(180)
    timeline(periods).to_dict()
    start = time.process_time()
    timeline(periods).to_dict()
    assert time.process_time() - start < 0.3  # takes 0.05 on a machine at rest


# ---------------------------------------------------------------------------------------- strips
WIDE = weeks([0.0, 0.1, 0.2], young=1).assign(
    accuracy=[0.8, 0.75, 0.7],
    accuracy_low=[0.78, 0.73, 0.68],
    accuracy_high=[0.82, 0.77, 0.72],
    mean_confidence=[0.85, 0.86, 0.87],
    brier=[0.12, 0.13, NAN],
)


def test_strips_stand_below_each_other_on_one_time_axis(drawn: Any) -> None:
    drawing = drawn(measure_strips(WIDE, LIGHT))
    points = drawing.marks("point")
    by_shape = [row["shape"] for row in points]
    assert by_shape.count("square") == 3
    accuracy, brier, coverage = (points[k]["y"] for k in (0, 6, 8))
    assert accuracy < brier < coverage
    assert {row["x"] for row in points} == {3.5, 10.5, 17.5}


def test_two_lines_of_one_strip_are_named_beside_them(drawn: Any) -> None:
    words = {r["text"]: r for r in drawn(measure_strips(WIDE, LIGHT)).marks("text")}
    assert words["mean confidence"]["y"] < words["accuracy"]["y"]
    assert words["accuracy"]["ink"] != words["mean confidence"]["ink"]


def test_strips_tell_every_measure_of_a_period_with_its_interval(drawn: Any) -> None:
    row = drawn(measure_strips(WIDE, LIGHT)).told[0]
    assert row["accuracy"] == "80.0% (78.0% to 82.0%)"
    assert row["mean_confidence"] == "85.0%"
    assert row["brier"] == "0.120"
    assert row["coverage"] == "80%"


# ---------------------------------------------------------------------------------------- in words
def test_the_text_of_a_timeline_tells_the_last_mature_value_and_what_happened() -> None:
    changes = pd.DataFrame([change("model", "m2", 1)])
    breaches = pd.DataFrame(
        [{"start": MONDAY, "end": MONDAY + dt.timedelta(weeks=2), "label": "outside for 2 weeks"}]
    )
    periods = weeks([0.01, 0.08, -0.03, 0.5], young=1)
    assert alt_text_drift(periods, changes, breaches, measure="gap") == (
        "Gap in points per week, 2025-W51 to 2026-W02. Last week with final outcomes, 2026-W01: "
        "−3.0 (−5.0 to −1.0), 80 labelled claims. Lowest −3.0 in 2026-W01, highest +8.0 in "
        "2025-W52. 1 week whose outcomes are not final yet. Outside for 2 weeks from 15 December "
        "2025. Changes: model m2 on 22 December 2025."
    )


def test_the_text_says_when_nothing_is_mature_labelled_or_there() -> None:
    def text(periods: pd.DataFrame) -> str:
        return alt_text_drift(periods, NO_CHANGES, NO_BREACHES, measure="gap")

    assert "No week with labelled claims has final outcomes." in text(weeks([0.1], young=1))
    assert "No labelled claims yet." in text(weeks([NAN]))
    assert text(weeks([])) == "No claims yet."


def test_the_text_of_strips_tells_each_measure() -> None:
    assert alt_text_strips(WIDE) == (
        "4 measures per week, 2025-W51 to 2026-W01. Last week with final outcomes, 2025-W52: "
        "accuracy 75.0% (73.0% to 77.0%), mean confidence 86.0%, Brier score 0.130, coverage 80%, "
        "80 labelled claims. 1 week whose outcomes are not final yet."
    )
