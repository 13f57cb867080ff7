"""The Drift view: since when, after which change, and how sure."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta

import duckdb
import pytest
from scipy import stats

from core.queries.base.selection import Selection
from core.views.review.drift import DriftView, Period, drift_view
from core.views.shared.maturity import Window

Rows = list[dict[str, object]]
Batch = Callable[..., Rows]
Fill = Callable[..., duckdb.DuckDBPyConnection]

NOW = datetime(2026, 11, 25, 12)
#: Fourteen weeks before, all of them mature by age up to index 8.
FIRST = date.fromisocalendar(2026, 35, 1)


def week(i: int) -> date:
    return FIRST + timedelta(weeks=i)


def view_of(
    cursor: duckdb.DuckDBPyConnection, period: Period = "week", **asked: datetime
) -> DriftView:
    return drift_view(cursor, Selection("s", **asked), period=period, as_of=NOW)


def story(batch: Batch, *right: int, n: int = 400, **columns: str) -> Rows:
    """Weeks from the first on with so many right of ``n`` at 0.8; a negative number: no claims."""
    return [
        row for i, s in enumerate(right) if s >= 0 for row in batch(week(i), n, 0.8, s, **columns)
    ]


GOOD, BAD = 320, 200


def labels(view: DriftView) -> list[tuple[date, date, str]]:
    return list(view.breaches.itertuples(index=False, name=None))


# ------------------------------------------------------------------------------------ the periods
def test_each_period_has_its_measures(batch: Batch, fill: Fill) -> None:
    cursor = fill(batch(week(0), 60, 0.9, 45) + batch(week(0), 40, 0.5, 30, labelled=30))
    (row,) = view_of(cursor).periods.to_dict("records")
    assert (row["n"], row["n_claims"], row["coverage"]) == (90, 100, pytest.approx(0.9))
    confidence = (60 * 0.9 + 30 * 0.5) / 90
    assert row["mean_confidence"] == pytest.approx(confidence)
    assert row["accuracy"] == pytest.approx(75 / 90)
    assert row["gap"] == pytest.approx(confidence - 75 / 90)
    assert row["brier"] == pytest.approx((45 * 0.01 + 15 * 0.81 + 30 * 0.25) / 90)
    for name, s, n in (("accuracy", 75, 90), ("coverage", 90, 100)):
        witness = stats.binomtest(s, n).proportion_ci(method="wilson")
        assert (row[f"{name}_low"], row[f"{name}_high"]) == pytest.approx(tuple(witness))
    half = 1.959964 * math.sqrt((60 * 0.81 + 30 * 0.25) / 90 - confidence**2) / math.sqrt(89)
    assert row["mean_confidence_high"] - confidence == pytest.approx(half, rel=1e-3)


def test_a_repeated_input_counts_once_in_the_intervals(batch: Batch, fill: Fill) -> None:
    """Forty inputs of three claims each, wholly alike, tell as much as forty claims."""
    rows = [
        row | {"input_id": f"i{j}", "confidence": v}
        for j in range(40)
        for row, v in zip(batch(week(0), 3, 0.8, 3 if j < 30 else 0), (0.7, 0.8, 0.9), strict=True)
    ]
    (row,) = view_of(fill(rows)).periods.to_dict("records")
    assert (row["n"], row["n_inputs"], row["accuracy"]) == (120, 40, pytest.approx(0.75))
    witness = stats.binomtest(30, 40).proportion_ci(method="wilson")
    assert (row["accuracy_low"], row["accuracy_high"]) == pytest.approx(tuple(witness))


def test_the_interval_of_a_mean_confidence_stays_in_its_range(batch: Batch, fill: Fill) -> None:
    cursor = fill(batch(week(0), 9, 1.0, 9) + batch(week(0), 1, 0.2, 0))
    (row,) = view_of(cursor).periods.to_dict("records")
    assert row["mean_confidence_high"] == 1.0


def test_days_are_periods_of_their_own(batch: Batch, fill: Fill) -> None:
    rows = [row for i in range(3) for row in batch(week(0) + timedelta(days=i), 30, 0.8, 24)]
    view = view_of(fill(rows), "day")
    assert list(view.periods["period"]) == ["2026-08-24", "2026-08-25", "2026-08-26"]
    last = week(0) + timedelta(days=2)
    assert view.windows == (Window(week(0), week(0)), Window(last, last))


def test_as_known_then_a_week_was_as_young_as_it_was(batch: Batch, fill: Fill) -> None:
    cursor = fill(batch(week(0), 40, 0.8, 10, labelled=20))
    asked = Selection("s", as_known=datetime.combine(week(2), datetime.min.time()))
    assert not drift_view(cursor, asked).periods["mature"].any()
    assert drift_view(cursor, Selection("s"), as_of=NOW).periods["mature"].all()


def test_without_a_claim_there_is_nothing_to_show(ledger) -> None:
    view = view_of(ledger.cursor())
    assert view.periods.empty
    assert view.changes.empty
    assert view.windows is None


# ------------------------------------------------------------------------------------- breaches
def test_a_run_of_bad_weeks_is_one_breach(batch: Batch, fill: Fill) -> None:
    view = view_of(fill(story(batch, GOOD, GOOD, BAD, BAD, BAD, GOOD, BAD, GOOD)))
    assert labels(view) == [
        (week(2), week(5), "outside for 3 weeks"),
        (week(6), week(7), "outside for 1 week"),
    ]
    assert view.headline == (
        f"The gap was outside ±5 points from {week(6)} to {week(7) - timedelta(days=1)}."
    )


def test_a_breach_that_lasts_is_told_since_when(batch: Batch, fill: Fill) -> None:
    rows = story(batch, GOOD, GOOD, BAD, BAD, BAD)
    view = view_of(fill(rows + batch(week(12), 400, 0.8, 50, labelled=100)))
    assert view.headline == f"The gap has been outside ±5 points since {week(2)}."


def test_an_immature_week_is_no_breach(batch: Batch, fill: Fill) -> None:
    view = view_of(fill(story(batch, GOOD, GOOD) + batch(week(12), 400, 0.8, 20, labelled=300)))
    assert view.breaches.empty
    assert view.headline.startswith(
        "None of 2 weeks with final outcomes is outside ±5 points beyond"
    )


def test_weeks_without_claims_are_not_counted_as_bad_ones(batch: Batch, fill: Fill) -> None:
    view = view_of(fill(story(batch, GOOD, BAD, -1, -1, -1, BAD)))
    assert labels(view) == [(week(1), week(6), "outside for 2 weeks")]


def test_the_headline_without_a_breach_tells_the_newest_mature_gap(
    batch: Batch, fill: Fill
) -> None:
    view = view_of(fill(story(batch, GOOD, 312) + batch(week(12), 50, 0.8, 10, labelled=20)))
    said = re.search(r"newest, (\S+), has a gap of (\S+) points \((\d+) cases\)", view.headline)
    assert said is not None
    assert (said[1], float(said[2]), int(said[3])) == ("2026-W36", 2.0, 400)


def test_while_no_week_is_mature_the_headline_says_so(batch: Batch, fill: Fill) -> None:
    view = view_of(fill(batch(week(12), 50, 0.8, 10, labelled=20)))
    assert view.headline == "No week has final outcomes yet."
    assert view.windows is None


# -------------------------------------------------------------------------------------- changes
def versioned(batch: Batch, model: str, weeks: range, right: int, **columns: str) -> Rows:
    return [
        row
        for i in weeks
        for row in batch(week(i), 400, 0.8, right, model_version=model, **columns)
    ]


def test_the_change_before_a_breach_is_named_with_its_day(batch: Batch, fill: Fill) -> None:
    rows = versioned(batch, "m1", range(4), GOOD) + versioned(batch, "m2", range(4, 7), BAD)
    view = view_of(fill(rows))
    assert view.changes.to_dict("records") == [
        {"kind": "model", "label": "model m2", "at": week(4)}
    ]
    assert view.headline.endswith(f"since {week(4)}, when model m2 came in ({week(4)}).")


def test_changes_of_one_day_are_named_together(batch: Batch, fill: Fill) -> None:
    rows = versioned(batch, "m1", range(4), GOOD, prompt_version="p1")
    rows += versioned(batch, "m2", range(4, 7), BAD, prompt_version="p2")
    view = view_of(fill(rows))
    assert list(view.changes["kind"]) == ["model", "prompt"]
    assert f"when model m2 and prompt p2 came in ({week(4)})" in view.headline


def test_a_change_long_before_a_breach_is_not_named(batch: Batch, fill: Fill) -> None:
    rows = versioned(batch, "m1", range(2), GOOD) + versioned(batch, "m2", range(2, 5), GOOD)
    view = view_of(fill(rows + versioned(batch, "m2", range(5, 7), BAD)))
    assert view.headline == f"The gap has been outside ±5 points since {week(5)}."


def test_a_change_after_a_breach_began_is_not_its_cause(batch: Batch, fill: Fill) -> None:
    def days(model: str, span: range, right: int) -> Rows:
        return [
            row
            for i in span
            for row in batch(FIRST + timedelta(days=i), 400, 0.8, right, model_version=model)
        ]

    view = view_of(
        fill(days("m1", range(10), GOOD) + days("m1", range(10, 13), BAD)
             + days("m2", range(13, 15), BAD)),
        "day",
    )  # fmt: skip
    assert list(view.changes["label"]) == ["model m2"]
    assert labels(view)[0][2] == "outside for 5 days"
    assert view.headline == (
        f"The gap has been outside ±5 points since {FIRST + timedelta(days=10)}."
    )


def test_versions_the_claims_begin_with_are_no_change(batch: Batch, fill: Fill) -> None:
    rows = batch(week(0), 40, 0.8, 32, model_version="m1")
    rows += batch(week(0) + timedelta(days=3), 40, 0.8, 32, model_version="m2")
    view = view_of(fill(rows + batch(week(1), 40, 0.8, 32, model_version="m1")))
    assert view.changes.empty


def test_a_change_in_the_first_week_of_a_chosen_period_is_still_one(
    batch: Batch, fill: Fill
) -> None:
    rows = versioned(batch, "m1", range(6), GOOD)
    rows += batch(week(3) + timedelta(days=1), 40, 0.8, 32, model_version="m2")
    since = datetime.combine(week(3), datetime.min.time())
    assert list(view_of(fill(rows), since=since).changes["label"]) == ["model m2"]
