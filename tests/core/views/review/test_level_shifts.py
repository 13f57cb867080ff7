"""When the gap moved, as the Drift page tells and draws it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

import duckdb
import numpy as np
import pandas as pd
import pytest

from core.ledger.connection import Ledger
from core.measure.monitoring.changepoint import Level
from core.queries.base.selection import Selection
from core.views.review.drift import DriftView, Period, drift_view
from core.views.review.level_shifts import moved_words

Rows = list[dict[str, object]]
Batch = Callable[..., Rows]
Fill = Callable[..., duckdb.DuckDBPyConnection]

NOW = datetime(2026, 11, 25, 12)
FIRST = date.fromisocalendar(2026, 35, 1)


def week(i: int) -> date:
    return FIRST + timedelta(weeks=i)


def view_of(cursor: duckdb.DuckDBPyConnection, period: Period = "week") -> DriftView:
    return drift_view(cursor, Selection("s"), period=period, as_of=NOW)


def story(batch: Batch, *right: int, **columns: str) -> Rows:
    """Weeks of 400 claims at 0.8, so many of them right."""
    return [row for i, s in enumerate(right) for row in batch(week(i), 400, 0.8, s, **columns)]


def test_a_move_is_told_with_both_levels_its_date_and_what_came_in_then(
    batch: Batch, fill: Fill
) -> None:
    rows = story(batch, 320, 322, 318, 320, prompt_version="v1")
    rows += [
        row for i in (4, 5, 6) for row in batch(week(i), 400, 0.8, 280, prompt_version="v2")
    ]  # fmt: skip
    view = view_of(fill(rows))
    half = 1.96 * np.sqrt((1600 * 0.16 + 1200 * 0.21 + 0.25) / 2794)
    low, high = (100 * (0.1 + side * half / np.sqrt(1200)) for side in (-1, 1))
    assert view.moved.startswith("The gap moved from 0 points (−2.1 to +2.1; 1,600 inputs) to ")
    assert view.moved.endswith(
        f"to +10.0 points (+{low:.1f} to +{high:.1f}; 1,200 inputs) about {week(4)} (week "
        "2026-W39), the week prompt v2 was first seen."
    )
    frame = view.levels
    assert list(frame["start"]) == [week(0), week(4)]
    assert list(frame["end"]) == [week(4), week(7)]
    assert list(frame["value"]) == pytest.approx([0, 0.1])
    assert list(frame["label"]) == ["", "moved about W39: 0 to +10.0 points"]


def test_a_gap_that_holds_is_not_said_to_have_moved(batch: Batch, fill: Fill) -> None:
    view = view_of(fill(story(batch, 320, 330, 312, 325, 318, 310)))
    assert view.moved == ""
    assert view.levels.empty


def test_immature_weeks_do_not_date_a_move(batch: Batch, fill: Fill) -> None:
    rows = story(batch, 320, 320, 320)
    # Of the newest week only the failures are known yet.
    view = view_of(fill(rows + batch(week(12), 400, 0.8, 10, labelled=60)))
    assert view.moved == ""


def test_days_are_not_cut(batch: Batch, fill: Fill) -> None:
    cursor = fill(story(batch, 320, 320, 320, 200, 200, 200))
    assert view_of(cursor).moved
    assert view_of(cursor, "day").moved == ""
    assert view_of(cursor, "day").levels.empty


def test_without_a_claim_nothing_moved(ledger: Ledger) -> None:
    assert view_of(ledger.cursor()).moved == ""


def test_one_question_asked_often_does_not_date_a_move(batch: Batch, fill: Fill) -> None:
    """Four inputs a week of a hundred claims each, all alike."""
    rows = [
        row | {"input_id": f"{i}-{j}"}
        for i, right in enumerate((3, 4, 3, 3, 2, 2, 3, 2))
        for j in range(4)
        for row in batch(week(i), 100, 0.8, 100 if j < right else 0)
    ]
    # As claims of their own they would.
    alone = [row | {"signal": "alone", "input_id": None} for row in rows]
    cursor = fill(rows + alone)
    assert view_of(cursor).moved == ""
    assert drift_view(cursor, Selection("alone"), as_of=NOW).moved


# ----------------------------------------------------------------------------------- the versions
PERIODS = pd.DataFrame(
    {"period": [f"2026-W{35 + i}" for i in range(12)], "start": [week(i) for i in range(12)]}
)
LEVELS = (Level(0, 5, 900, 0.01, 0.0, 0.02), Level(6, 11, 800, 0.09, 0.08, 0.1))


def said(*versions: tuple[str, date]) -> str:
    words = moved_words(LEVELS, PERIODS, pd.DataFrame(list(versions), columns=["label", "at"]))
    return words.partition("(week 2026-W41)")[2]


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (week(6) + timedelta(days=3), ", the week model m2 was first seen."),
        (week(6) - timedelta(days=1), ", one week after model m2 was first seen."),
        (week(3), ", three weeks after model m2 was first seen."),
        (week(7) + timedelta(days=6), ", one week before model m2 was first seen."),
        (week(1), "."),
        (week(8), "."),
    ],
)
def test_the_version_is_told_that_came_in_about_then(at: date, words: str) -> None:
    assert said(("model m2", at)) == words


def test_of_several_versions_the_nearest_are_told_the_earlier_of_two_as_near() -> None:
    early, late = ("model m2", week(5)), ("prompt p2", week(7))
    assert said(late, early) == ", one week after model m2 was first seen."
    both = [("model m3", week(6)), ("prompt p3", week(6))]
    assert said(early, *both) == ", the week model m3 and prompt p3 were first seen."


def test_of_many_moves_the_last_three_are_told() -> None:
    levels = tuple(Level(i, i, 400, 0.1 * (i % 2), -0.01, 0.11) for i in range(6))
    words = moved_words(levels, PERIODS, pd.DataFrame(columns=["label", "at"]))
    assert words.count("The gap moved from") == 3
    assert words.endswith("(week 2026-W40). It had moved 2 times before.")
