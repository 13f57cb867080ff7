"""This week: the right week, the standing verdicts, the worst first, and what changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any, cast

import duckdb
import pytest
from scipy import stats

from core.gate.registry_changes import apply
from core.governance.perform import Office
from core.governance.signal_terms import USUAL, Terms
from core.governance.state import State
from core.ledger.connection import Ledger
from core.queries.base.catalogue import SignalFacts
from core.registry.yaml_reader import read
from core.sentences.pointer import Pointer
from core.trail.checkpoints.signer import Signer
from core.views.review.week.this_week import (
    SignalWeek,
    WeekView,
    last_complete_week,
    reviewable_weeks,
    week_view,
    weeks_with_claims,
)
from tests.worlds.governed.entries import entry

Batch = Callable[..., list[dict[str, object]]]
Fill = Callable[..., duckdb.DuckDBPyConnection]

#: A Wednesday: the last complete week is 2026-W47, the last one final by age 2026-W42.
NOW = datetime(2026, 11, 25, 12)
W40, W42, W43, W44, W45, W46, W47, W48 = (
    date.fromisocalendar(2026, week, 1) for week in (40, 42, 43, 44, 45, 46, 47, 48)
)


def facts(first: datetime, last: datetime) -> SignalFacts:
    return SignalFacts("s", 1, 0, first, last)


def reviewed(
    cursor: duckdb.DuckDBPyConnection, monday: date | None = None, state: State | None = None
) -> WeekView:
    view = week_view(cursor, state, monday=monday, now=NOW)
    assert view is not None
    return view


def registered(ledger: Ledger, name: str, tolerance: str = "0.05", cut: str = "0.90") -> State:
    """What the trail says once a signal has an entry."""
    office = Office(ledger, Signer.generate(), clock=lambda: NOW)
    text = entry(name, tolerance=tolerance, highConfidence=cut)
    apply(office, read(text), "user:t/adam")
    return office.state()


class Listening:
    """A cursor that keeps what it was asked by `execute`."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self.cursor, self.asked = cursor, list[str]()

    def execute(self, sql: str, *parameters: Any) -> duckdb.DuckDBPyConnection:
        self.asked.append(sql)
        return self.cursor.execute(sql, *parameters)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.cursor, name)

    def count(self, words: str) -> int:
        return sum(words in sql for sql in self.asked)


def only(view: WeekView) -> SignalWeek:
    (row,) = view.rows
    return row


def texts(pointers: Sequence[Pointer]) -> list[str]:
    return [one.text for one in pointers]


def test_each_signal_is_judged_by_its_own_tolerance_and_cut(
    batch: Batch, fill: Fill, ledger: Ledger
) -> None:
    cursor = fill(batch(W43, 200, 0.9, 140) + batch(W43, 200, 0.9, 140, signal="t"))
    usual, own = reviewed(cursor, state=registered(ledger, "t", "0.4", "0.95")).rows
    assert usual.standing.recent is not None
    assert own.standing.recent is not None
    assert (usual.signal, usual.state, usual.standing.recent.high_n) == ("s", "off", 200)
    assert (own.signal, own.terms, own.standing.recent.high_n) == ("t", Terms(0.4, 0.95), 0)
    assert own.state != "off"


def test_a_signal_without_an_entry_and_one_of_a_broken_trail_have_the_usual_terms(
    batch: Batch, fill: Fill, ledger: Ledger
) -> None:
    cursor = fill(batch(W43, 200, 0.9, 140))
    for state in (registered(ledger, "other"), None):
        row = only(reviewed(cursor, state=state))
        assert (row.terms, row.state) == (USUAL, "off")


# ------------------------------------------------------------------------------------- which week
@pytest.mark.parametrize(
    ("newest", "now", "monday"),
    [
        (datetime(2026, 11, 18), NOW, W47),
        (datetime(2026, 11, 24), NOW, W47),
        (datetime(2026, 10, 1), NOW, W40),
        (datetime(2026, 11, 22, 23, 59), datetime(2026, 11, 23), W47),
        (datetime(2026, 11, 22, 22), datetime(2026, 11, 22, 23, 59), W46),
        (datetime(2027, 3, 1), NOW, W47),
    ],
    ids=["in mid-week", "newest in the running week", "newest old", "on the stroke of Monday",
         "on Sunday night", "newest in the future"],
)  # fmt: skip
def test_this_week_is_the_last_one_that_is_over(
    newest: datetime, now: datetime, monday: date
) -> None:
    assert last_complete_week([facts(datetime(2026, 6, 1), newest)], now) == monday


def test_without_a_claim_there_is_no_week(ledger, fill: Fill) -> None:
    assert last_complete_week([], NOW) is None
    assert week_view(ledger.cursor(), None, now=NOW) is None
    assert reviewable_weeks(ledger.cursor(), NOW) == ()


def test_while_the_first_week_still_runs_it_is_the_one_reviewed(batch: Batch, fill: Fill) -> None:
    cursor = fill(batch(W48, 40, 0.8, 30, labelled=32))
    view = reviewed(cursor)
    assert (view.first, only(view).n_claims) == (W48, 40)
    assert reviewable_weeks(cursor, NOW) == (W48,)
    assert weeks_with_claims([facts(datetime(2026, 11, 24), datetime(2026, 11, 24))], NOW).empty


def test_a_complete_week_without_a_claim_is_passed_over(batch: Batch, fill: Fill) -> None:
    cursor = fill(batch(W45, 40, 0.8, 30) + batch(W48, 40, 0.8, 30))
    assert reviewed(cursor).first == W45
    assert reviewable_weeks(cursor, NOW)[0] == W45


def test_weeks_are_offered_newest_first_from_the_first_claim_on(batch: Batch, fill: Fill) -> None:
    cursor = fill(batch(W44, 1, 0.8, 1) + batch(W47, 1, 0.8, 1))
    assert reviewable_weeks(cursor, NOW) == (W47, W46, W45, W44)


# ------------------------------------------------------------------------------ which claims count
def test_an_immature_week_leaves_the_verdict_to_the_last_mature_ones(
    batch: Batch, fill: Fill
) -> None:
    cursor = fill(batch(W43, 100, 0.8, 70) + batch(W47, 100, 0.8, 0, labelled=79))
    row = only(reviewed(cursor))
    assert row.standing.window is not None
    assert (row.standing.window.first, row.standing.window.last) == (W43, W44 - timedelta(days=1))
    assert row.standing.gap is not None
    assert (row.standing.n, row.standing.gap[0]) == (100, pytest.approx(0.1))
    assert (row.n_claims, row.coverage) == (100, pytest.approx(0.79))
    assert row.trend == pytest.approx((0.1,))


def test_four_labels_in_five_make_a_young_week_mature(batch: Batch, fill: Fill) -> None:
    cursor = fill(batch(W43, 100, 0.8, 70) + batch(W47, 100, 0.8, 40, labelled=80))
    row = only(reviewed(cursor))
    assert row.standing.window is not None
    assert (row.standing.window.last, row.standing.n) == (W48 - timedelta(days=1), 180)
    assert row.trend == pytest.approx((0.1, 0.3))


def test_the_trend_is_of_twelve_weeks_before_the_one_reviewed_and_of_it(
    batch: Batch, fill: Fill
) -> None:
    rows = [row for i in range(20) for row in batch(W47 - timedelta(weeks=i), 10, 0.8, 8)]
    assert len(only(reviewed(fill(rows))).trend) == 13


def test_the_high_confidence_band_is_read_on_its_own(batch: Batch, fill: Fill) -> None:
    row = only(reviewed(fill(batch(W43, 100, 0.95, 80) + batch(W43, 100, 0.5, 65))))
    found = row.standing.recent
    assert found is not None
    assert (found.high_n, found.high_claimed) == (100, pytest.approx(0.95))
    assert (found.high_observed, found.gap) == (pytest.approx(0.8), pytest.approx(0.0))


def test_a_past_week_is_judged_as_at_its_end(batch: Batch, fill: Fill) -> None:
    cursor = fill(batch(W43, 2000, 0.8, 1600) + batch(W47, 2000, 0.8, 1000))
    now, then = (only(reviewed(cursor, monday)) for monday in (None, W46))
    assert (now.state, now.before) == ("off", "fine")
    assert (then.state, then.before) == ("fine", "fine")
    assert then.standing.n == 2000


def test_a_signal_that_had_no_claim_a_week_earlier_had_no_verdict_then(
    batch: Batch, fill: Fill
) -> None:
    view = reviewed(fill(batch(W47 + timedelta(days=3), 500, 0.8, 300)))
    assert (only(view).state, only(view).before) == ("off", None)
    assert (view.count("off"), view.count_before("off")) == (1, 0)


# ---------------------------------------------------------------------------- asked of all at once


@pytest.mark.parametrize("n", [2, 6])
def test_a_review_sees_one_state_and_asks_once_what_it_can_of_all_signals(
    n: int, batch: Batch, fill: Fill
) -> None:
    rows = [row for i in range(n) for row in batch(W43, 40, 0.8, 32, signal=f"s-{i}")]
    rows += [row for i in range(n) for row in batch(W47, 40, 0.8, 32, signal=f"s-{i}")]
    listening = Listening(fill(rows))
    assert len(reviewed(cast(duckdb.DuckDBPyConnection, listening)).rows) == n
    assert listening.count("BEGIN") == 1
    assert listening.count("txid_current") == 2
    # The weeks of every version, as of now and as of a week ago.
    assert listening.count("SEMI JOIN") == 2


# ------------------------------------------------------------------------ corrected over signals
#: At 0.8 and a tolerance of 0.05, 281 of 400 is two-sided p 0.028 against 0.75.
NEARLY = {"n": 400, "confidence": 0.8, "right": 281}


def test_a_verdict_alone_is_made_at_the_plain_level(batch: Batch, fill: Fill) -> None:
    p = 2 * stats.norm.cdf((281 - 300) / (400 * 0.75 * 0.25) ** 0.5)
    assert 1 - 0.95 ** (1 / 5) < p < 0.05
    assert only(reviewed(fill(batch(W43, **NEARLY)))).state == "off"


def test_a_verdict_among_five_signals_must_hold_for_all_five(batch: Batch, fill: Fill) -> None:
    others = [row for i in range(4) for row in batch(W43, 40, 0.8, 32, signal=f"other-{i}")]
    view = reviewed(fill(batch(W43, **NEARLY) + others))
    assert [row.state for row in view.rows if row.signal == "s"] == ["at_the_edge"]


def test_signals_without_a_claim_in_the_weeks_shown_are_named_apart(
    batch: Batch, fill: Fill
) -> None:
    long_ago = W47 - timedelta(weeks=13)
    quiet = [row for i in range(2) for row in batch(long_ago, 400, 0.8, 80, signal=f"quiet-{i}")]
    view = reviewed(fill(batch(W47, 40, 0.8, 32) + quiet))
    assert (only(view).signal, view.quiet) == ("s", ("quiet-0", "quiet-1"))
    assert "quiet" not in view.headline


def test_a_signal_silent_in_the_weeks_shown_is_quiet_though_it_spoke_again(
    batch: Batch, fill: Fill
) -> None:
    cursor = fill(
        batch(W47 - timedelta(weeks=30), 5, 0.8, 4, signal="back")
        + batch(W48, 5, 0.8, 4, signal="back")
        + batch(W47, 5, 0.8, 4)
    )
    view = reviewed(cursor)
    assert ([row.signal for row in view.rows], view.quiet) == (["s"], ("back",))


def test_a_segment_must_hold_over_the_signals_as_well(batch: Batch, fill: Fill) -> None:
    """One segment of one signal is off at 95%, and no longer when 25 signals are looked at."""
    off = batch(W43, 400, 0.8, 278, seg_topic="medical")
    rows = off + batch(W43, 400, 0.8, 340, seg_topic="billing")
    others = [row for i in range(24) for row in batch(W43, 40, 0.8, 32, signal=f"other-{i}")]
    alone = fill(rows)
    assert only(reviewed(alone)).standing.reason == "segment"
    among = reviewed(fill([{**row, "event_id": f"x{i}"} for i, row in enumerate(others)]))
    assert among.count("off") == 0


# -------------------------------------------------------------------------------- the worst first
def desk(batch: Batch) -> list[dict[str, object]]:
    return (
        batch(W43, 2000, 0.8, 1600, signal="fine")
        + batch(W43, 20, 0.8, 16, signal="young")
        + batch(W43, 200, 0.8, 80, signal="hides", seg_topic="medical")
        + batch(W43, 1000, 0.8, 880, signal="hides", seg_topic="billing")
        + batch(W43, 1000, 0.8, 650, signal="off")
        + batch(W43, 500, 0.8, 300, signal="worse")
    )


def test_off_as_a_whole_comes_before_off_in_a_segment_and_then_the_larger_gap(
    batch: Batch, fill: Fill
) -> None:
    view = reviewed(fill(desk(batch)))
    assert [(row.signal, row.state, row.standing.reason) for row in view.rows] == [
        ("worse", "off", "whole"),
        ("off", "off", "whole"),
        # 40 points in a tenth of its claims.
        ("hides", "off", "segment"),
        ("young", "too_few", None),
        ("fine", "fine", None),
    ]
    assert view.count("off") == 3


def test_the_planted_segment_is_named_with_hand_worked_figures(batch: Batch, fill: Fill) -> None:
    worst = reviewed(fill(desk(batch))).rows[2].standing.worst
    assert worst is not None
    assert (worst.dimension, worst.value, worst.shown.n) == ("topic", "medical", 200)
    assert worst.shown.value == pytest.approx(0.4)
    assert 0.05 < worst.shown.low < 0.4 < worst.shown.high


def test_claims_that_name_no_value_are_a_segment_too(batch: Batch, fill: Fill) -> None:
    cursor = fill(batch(W43, 300, 0.8, 270, seg_topic="medical") + batch(W43, 300, 0.8, 180))
    worst = only(reviewed(cursor)).standing.worst
    assert worst is not None
    assert (worst.dimension, worst.value) == ("topic", None)


def test_what_to_open_first_is_the_worst_signal_and_names_the_cause(
    batch: Batch, fill: Fill
) -> None:
    old = batch(W44, 500, 0.8, 400, prompt_version="p1")
    view = reviewed(fill(old + batch(W45, 500, 0.8, 300, prompt_version="p2")))
    first = view.first_step
    assert first is not None
    assert (first.page, first.signal) == ("signal", "s")
    assert first.text == "s: its gap went from 0 to +20.0 points with prompt p2 (2 Nov 2026)"


def test_what_to_open_first_of_a_hidden_segment_is_said_by_the_segment(
    batch: Batch, fill: Fill
) -> None:
    rows = [row for row in desk(batch) if row["signal"] == "hides"]
    first = reviewed(fill(rows)).first_step
    assert first is not None
    assert first.text.startswith("hides: on topic medical its gap is +40.0 points (")


def test_where_nothing_is_off_nothing_calls_for_being_opened(batch: Batch, fill: Fill) -> None:
    rows = [row for row in desk(batch) if row["signal"] in ("fine", "young")]
    assert reviewed(fill(rows)).first_step is None


# ------------------------------------------------------------------------------------ what changed
def weekly(batch: Batch, *sizes: int, **columns: str) -> list[dict[str, object]]:
    """The weeks up to W47, of so many claims each, all labelled and true."""
    first = W47 - timedelta(weeks=len(sizes) - 1)
    return [
        row
        for i, n in enumerate(sizes)
        for row in batch(first + timedelta(weeks=i), n, 0.8, round(n * 0.8), **columns)
    ]


def test_when_nothing_changed_nothing_is_said(batch: Batch, fill: Fill) -> None:
    assert only(reviewed(fill(weekly(batch, 1000, 1000, 1000)))).changes == ()


def test_a_new_model_and_a_new_prompt_are_told_with_their_claims(batch: Batch, fill: Fill) -> None:
    old = weekly(batch, 100, 100, 60, model_version="m1", prompt_version="p1")
    new = batch(W47, 40, 0.8, 32, model_version="m2", prompt_version="p2")
    late = batch(W48, 7, 0.8, 5, model_version="m3", prompt_version="p1")
    changes = only(reviewed(fill(old + new + late))).changes
    assert texts(changes) == [
        "New model version m2: 40 claims so far",
        "New prompt version p2: 40 claims so far",
    ]
    assert {one.page for one in changes} == {"changes"}


def test_a_signal_that_begins_this_week_is_told_once_and_not_by_its_versions(
    batch: Batch, fill: Fill
) -> None:
    rows = batch(W47, 30, 0.8, 24, model_version="m1")
    rows += batch(W47 + timedelta(days=1), 20, 0.8, 16, model_version="m2")
    (change,) = only(reviewed(fill(rows))).changes
    assert change.text == "First claims of this signal: 50 claims this week"
    assert (change.page, change.since, change.until) == ("claims", W47, W47 + timedelta(days=6))


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        (100, 131, ["131 claims, after 100 the week before"]),
        (1000, 699, ["699 claims, after 1,000 the week before"]),
        (100, 130, []),
        (100, 70, []),
    ],
)
def test_volume_is_told_when_it_moved_by_more_than_three_in_ten(
    batch: Batch, fill: Fill, before: int, now: int, said: list[str]
) -> None:
    changes = only(reviewed(fill(weekly(batch, before, before, now)))).changes
    assert texts(changes) == said
    assert all((one.page, one.since) == ("claims", W47) for one in changes)


def test_a_signal_that_stopped_is_told(batch: Batch, fill: Fill) -> None:
    cursor = fill(batch(W46, 50, 0.8, 40) + batch(W47, 5, 0.8, 4, signal="other"))
    row = next(row for row in reviewed(cursor).rows if row.signal == "s")
    assert texts(row.changes) == ["No claim this week, after 50 the week before"]
    assert (row.n_claims, row.coverage) == (0, None)


def test_a_signal_that_came_back_is_told(batch: Batch, fill: Fill) -> None:
    row = only(reviewed(fill(batch(W45, 50, 0.8, 40) + batch(W47, 50, 0.8, 40))))
    assert texts(row.changes) == ["50 claims, after none the week before"]


def test_a_changed_verdict_is_no_news_for_the_verdict_stands_beside_it(
    batch: Batch, fill: Fill
) -> None:
    row = only(reviewed(fill(batch(W46, 2000, 0.8, 1600) + batch(W47, 2000, 0.8, 1200))))
    assert (row.before, row.state, row.changes) == ("fine", "off", ())


def test_confidences_that_moved_are_told_without_any_label(batch: Batch, fill: Fill) -> None:
    sizes = ((W46, 0.7, 500), (W46, 0.9, 500), (W47, 0.7, 300), (W47, 0.9, 700))
    cursor = fill([row for day, v, n in sizes for row in batch(day, n, v, 0, labelled=0)])
    (text,) = texts(only(reviewed(cursor)).changes)
    # (0.3 − 0.5) ln(0.3/0.5) + (0.7 − 0.5) ln(0.7/0.5) = 0.1695; 1/1000 + 1/1000 = 0.002.
    assert "PSI 0.169, by noise alone 0.002, p <0.001" in text


def test_which_claims_are_labelled_first_is_no_change_of_confidence(
    batch: Batch, fill: Fill
) -> None:
    cursor = fill(
        batch(W46, 500, 0.7, 350) + batch(W46, 500, 0.9, 450)
        + batch(W47, 500, 0.7, 70, labelled=100) + batch(W47, 500, 0.9, 0, labelled=0)
    )  # fmt: skip
    assert only(reviewed(cursor)).changes == ()


# ---------------------------------------------------------------------------------------- in words
def test_the_headline_names_what_is_off_and_where_and_counts_the_rest(
    batch: Batch, fill: Fill
) -> None:
    assert reviewed(fill(desk(batch))).headline == (
        "3 of 5 signals are off: worse throughout, off throughout, hides on topic medical. "
        "1 needs more labels."
    )


def wrong_ones_labelled(batch: Batch) -> list[dict[str, object]]:
    """Calibrated at 60% and 90%; all wrong answers have a label, and few of the right ones."""
    low = batch(W42, 400, 0.6, 20, labelled=180, seg_topic="x")
    return low + batch(W42, 400, 0.9, 20, labelled=60, seg_topic="x")


def test_labels_of_some_kind_only_give_a_signal_no_verdict_and_no_worst_segment(
    batch: Batch, fill: Fill
) -> None:
    view = reviewed(fill(wrong_ones_labelled(batch) + batch(W42, 40, 0.8, 32)))
    row = only(view)
    assert (row.speaks_for, row.state, row.standing.reason) == ("labelled", "too_few", None)
    assert row.standing.gap is not None
    assert row.standing.gap[0] > 0.3
    assert (row.standing.worst, view.first_step) == (None, None)
    assert view.headline == "s is not off. 1 has labels of some cases only."


def test_an_even_coverage_keeps_the_verdict(batch: Batch, fill: Fill) -> None:
    rows = batch(W42, 400, 0.6, 60, labelled=200) + batch(W42, 400, 0.9, 90, labelled=200)
    row = only(reviewed(fill(rows)))
    assert (row.speaks_for, row.state) == ("all", "off")


def test_the_headline_of_a_week_before_everything_says_so(batch: Batch, fill: Fill) -> None:
    view = reviewed(fill(batch(W47, 5, 0.8, 4)), monday=W40)
    assert view.headline == "No signal had claims up to this week."
    assert (view.rows, view.first_step) == ((), None)
