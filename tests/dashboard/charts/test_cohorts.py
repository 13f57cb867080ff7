from __future__ import annotations

import math
from typing import Any

import pandas as pd

from dashboard.charts import LIGHT
from dashboard.charts.cohorts import alt_text_cohorts, cohort_age_chart

AGES = pd.DataFrame(
    [
        {
            "cohort": cohort,
            "age_days": age,
            "gap": gap,
            "low": gap - 0.02,
            "high": gap + 0.02,
            "n": 100 + age,
            "mature": age >= 30,
        }
        for cohort, gaps in (
            ("2026-W40", {7: -0.1, 30: 0.02, 60: 0.03}),
            ("2026-W41", {7: -0.12, 30: 0.06}),
            ("2026-W46", {7: -0.05, 14: -0.04}),
        )
        for age, gap in gaps.items()
    ]
)


def test_the_newest_cohort_stands_out_and_is_named_with_its_figures(drawn: Any) -> None:
    drawing = drawn(cohort_age_chart(AGES, LIGHT))
    strong = {row["path"]: row for row in drawing.marks("line") if row["opacity"] == 1}
    pale = {row["path"] for row in drawing.marks("line") if row["opacity"] < 1}
    assert len(strong) == 1
    assert len(pale) == 2
    assert "2026-W46, day 14: −4 (−6 to −2)" in drawing.words
    assert "2 earlier weeks" in drawing.words


def test_the_age_of_maturity_is_marked(drawn: Any) -> None:
    drawing = drawn(cohort_age_chart(AGES, LIGHT))
    assert "final from 30 days" in drawing.words
    assert any(row["x"] == row["x2"] == 30 for row in drawing.marks("rule"))


def test_cohorts_that_mature_at_different_ages_are_not_said_to_mature_at_one(drawn: Any) -> None:
    slow = AGES.assign(mature=(AGES["age_days"] >= 30) & (AGES["cohort"] == "2026-W40"))
    assert "some final from 30 days" in drawn(cohort_age_chart(slow, LIGHT)).words


def test_with_no_mature_cohort_there_is_no_mark(drawn: Any) -> None:
    young = AGES.assign(mature=False)
    assert not any("final from" in text for text in drawn(cohort_age_chart(young, LIGHT)).words)


def test_a_single_cohort_of_a_single_age_is_a_point_with_its_interval(drawn: Any) -> None:
    drawing = drawn(cohort_age_chart(AGES.tail(1), LIGHT, tolerance=0.05))
    assert len(drawing.marks("point")) == 1
    assert not drawing.marks("line")
    assert not any("earlier" in text for text in drawing.words)


def test_nothing_labelled_is_said_in_words() -> None:
    for ages in (AGES.head(0), AGES.assign(gap=math.nan)):
        assert "No labelled claims yet" in str(cohort_age_chart(ages, LIGHT).to_dict())
        assert alt_text_cohorts(ages) == "No cohort has labelled claims yet."


def test_the_text_tells_where_the_newest_stands_and_the_mature_settled() -> None:
    assert alt_text_cohorts(AGES) == (
        "Gap by age of 3 cohorts. The newest, 2026-W46, not final yet at 14 days: −4 points (−6 "
        "to −2), 114 labelled claims. Earlier final ones lie between +3 and +6 points."
    )
