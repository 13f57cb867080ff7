"""This week: the right week, the right verdicts, the worst first, and what changed."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta

import duckdb
import pytest
from scipy import stats

from core.queries.base.catalogue import SignalFacts
from core.sentences.pointer import Pointer
from core.terms import Terms
from core.text.parts import reach_words
from core.views.review.this_week import (
    SignalWeek,
    WeekView,
    last_complete_week,
    reviewable_weeks,
    week_view,
    weeks_with_claims,
)

Batch = Callable[..., list[dict[str, object]]]
Fill = Callable[..., duckdb.DuckDBPyConnection]

#: A Wednesday: the last complete week is 2026-W47, the last one mature by age 2026-W43.
NOW = datetime(2026, 11, 25, 12)
W40, W43, W44, W45, W46, W47, W48 = (
    date.fromisocalendar(2026, week, 1) for week in (40, 43, 44, 45, 46, 47, 48)
)


def facts(first: datetime, last: datetime) -> SignalFacts:
    return SignalFacts("s", 1, 0, 1, False, first, last)


def reviewed(cursor: duckdb.DuckDBPyConnection, monday: date | None = None) -> WeekView:
    view = week_view(cursor, monday=monday, now=NOW)
    assert view is not None
    return view


def only(view: WeekView) -> SignalWeek:
    (row,) = view.rows
    return row


def texts(pointers: Sequence[Pointer]) -> list[str]:
    return [one.text for one in pointers]


def test_each_signal_is_judged_by_its_own_tolerance_and_cut(batch: Batch, fill: Fill) -> None:
    rows = batch(W43, 200, 0.9, 140) + batch(W43, 200, 0.9, 140, signal="t")
    view = week_view(fill(rows), terms={"t": Terms(0.4, 0.95)}, now=NOW)
    assert view is not None
    usual, own = view.rows
    assert (usual.signal, usual.state, usual.high_n) == ("s", "off", 200)
    assert (own.signal, own.terms, own.high_n) == ("t", Terms(0.4, 0.95), 0)
    assert own.state != "off"


def test_the_worst_segment_is_looked_for_with_the_signals_own_cut(batch: Batch, fill: Fill) -> None:
    # Those above 70% claim too much in one topic only: of few, which its other claims outweigh.
    rows = batch(W43, 200, 0.8, 130, seg_topic="x") + batch(W43, 3000, 0.3, 930, seg_topic="x")
    rows += batch(W43, 100, 0.8, 80, seg_topic="y") + batch(W43, 100, 0.3, 30, seg_topic="y")
    cursor = fill(rows)
    assert only(reviewed(cursor)).worst is None
    view = week_view(cursor, terms={"s": Terms(high_from=0.7)}, now=NOW)
    assert view is not None
    worst = only(view).worst
    assert worst is not None
    assert worst.text.startswith(
        "Topic x: stated at 70% or more it is right 65% of the time (said 80%)"
    )


def test_the_worst_segment_may_be_one_whose_errors_cancel(batch: Batch, fill: Fill) -> None:
    rows = batch(W43, 100, 0.8, 45, seg_topic="x") + batch(W43, 100, 0.3, 65, seg_topic="x")
    rows += batch(W43, 100, 0.8, 80, seg_topic="y") + batch(W43, 100, 0.3, 30, seg_topic="y")
    worst = only(reviewed(fill(rows))).worst
    assert worst is not None
    assert worst.text.startswith("Topic x: off by 35.0 points on average over the range of")
    assert "overconfident at 80%, underconfident at 30%" in worst.text


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
    assert week_view(ledger.cursor(), now=NOW) is None
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


# -------------------------------------------------------------------------------- which gap counts
def test_an_immature_week_leaves_the_gap_to_the_last_mature_one(batch: Batch, fill: Fill) -> None:
    cursor = fill(batch(W43, 100, 0.8, 70) + batch(W47, 100, 0.8, 0, labelled=79))
    row = only(reviewed(cursor))
    assert row.judged_week == "2026-W43"
    assert (row.n, row.gap) == (100, pytest.approx(0.1))
    assert (row.n_claims, row.coverage) == (100, pytest.approx(0.79))


def test_four_labels_in_five_make_a_young_week_mature(batch: Batch, fill: Fill) -> None:
    cursor = fill(batch(W43, 100, 0.8, 70) + batch(W47, 100, 0.8, 40, labelled=80))
    row = only(reviewed(cursor))
    assert row.judged_week == "2026-W47"
    assert (row.gap, row.gap_before) == (pytest.approx(0.3), pytest.approx(0.1))
    assert row.trend == pytest.approx((0.1, 0.3))


def test_the_high_confidence_band_is_read_on_its_own(batch: Batch, fill: Fill) -> None:
    row = only(reviewed(fill(batch(W43, 100, 0.95, 80) + batch(W43, 100, 0.5, 65))))
    assert (row.high_n, row.high_claimed) == (100, pytest.approx(0.95))
    assert (row.high_observed, row.gap) == (pytest.approx(0.8), pytest.approx(0.0))


# ------------------------------------------------------------------------ corrected over signals
#: At 0.8 and a tolerance of 0.05, 281 of 400 is two-sided p 0.028 against 0.75.
NEARLY = {"n": 400, "confidence": 0.8, "right": 281}


def test_a_verdict_alone_is_made_at_the_plain_level(batch: Batch, fill: Fill) -> None:
    p = 2 * stats.norm.cdf((281 - 300) / (400 * 0.75 * 0.25) ** 0.5)
    assert 1 - 0.95 ** (1 / 5) < p < 0.05
    view = reviewed(fill(batch(W43, **NEARLY)))
    assert only(view).state == "off"
    assert view.method.endswith("over 1 signal")


def test_a_verdict_among_five_signals_must_hold_for_all_five(batch: Batch, fill: Fill) -> None:
    others = [row for i in range(4) for row in batch(W43, 40, 0.8, 32, signal=f"other-{i}")]
    view = reviewed(fill(batch(W43, **NEARLY) + others))
    assert [row.state for row in view.rows if row.signal == "s"] == ["at_the_edge"]
    assert view.method.endswith("over 5 signals")


def test_quiet_signals_are_named_and_do_not_weigh_on_the_others(batch: Batch, fill: Fill) -> None:
    long_ago = W47 - timedelta(weeks=13)
    quiet = [row for i in range(4) for row in batch(long_ago, 40, 0.8, 32, signal=f"quiet-{i}")]
    view = reviewed(fill(batch(W43, **NEARLY) + batch(W47, 1, 0.8, 0, labelled=0) + quiet))
    assert only(view).state == "off"
    assert view.quiet == ("quiet-0", "quiet-1", "quiet-2", "quiet-3")


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

    def rows() -> list[dict[str, object]]:
        off = batch(W43, 400, 0.8, 278, seg_topic="medical")
        return off + batch(W43, 400, 0.8, 340, seg_topic="billing")

    others = [row for i in range(24) for row in batch(W43, 40, 0.8, 32, signal=f"other-{i}")]
    alone = fill(rows())
    assert only(reviewed(alone)).worst is not None
    among = reviewed(fill([{**row, "event_id": f"x{i}"} for i, row in enumerate(others)]))
    assert all(row.worst is None for row in among.rows)


# -------------------------------------------------------------------------------- the worst first
def desk(batch: Batch) -> list[dict[str, object]]:
    return (
        batch(W43, 2000, 0.8, 1600, signal="fine")
        + batch(W43, 20, 0.8, 16, signal="young")
        + batch(W43, 200, 0.8, 120, signal="hides", seg_topic="medical")
        + batch(W43, 1000, 0.8, 840, signal="hides", seg_topic="billing")
        + batch(W43, 500, 0.8, 300, signal="off")
    )


def test_the_worst_signal_comes_first(batch: Batch, fill: Fill) -> None:
    view = reviewed(fill(desk(batch)))
    assert [(row.signal, row.state) for row in view.rows] == [
        ("off", "off"),
        ("hides", "fine"),
        ("young", "too_few"),
        ("fine", "fine"),
    ]


def test_the_planted_segment_is_found_and_linked_with_its_days(batch: Batch, fill: Fill) -> None:
    view = reviewed(fill(desk(batch)))
    worst = view.rows[1].worst
    assert worst is not None
    assert (worst.page, worst.signal, worst.query) == (
        "reliability",
        "hides",
        (("topic", "medical"),),
    )
    assert (worst.since, worst.until) == (W43, W43 + timedelta(days=6))
    figures = re.search(
        r"right (\d+)% of the time \(said (\d+)%\): gap (\S+) points \((.+)\), (\d+) cases",
        worst.text,
    )
    assert figures is not None
    assert (*figures.group(1, 2, 3), figures[5]) == ("60", "80", "+20.0", "200")
    low, high = map(float, figures[4].split(" to "))
    assert 5 < low < 20 < high


def test_what_to_open_first_is_the_worst_signals_curve_when_none_of_its_segments_is_off(
    batch: Batch, fill: Fill
) -> None:
    first = reviewed(fill(desk(batch))).first_step
    assert first is not None
    assert (first.page, first.signal, first.query) == ("reliability", "off", ())
    assert (first.since, first.until) == (W43, W43 + timedelta(days=6))


def test_what_to_open_first_names_its_signal(batch: Batch, fill: Fill) -> None:
    rows = [row for row in desk(batch) if row["signal"] != "off"]
    first = reviewed(fill(rows)).first_step
    assert first is not None
    assert first.text.startswith("hides: Topic medical: right 60% of the time (said 80%)")


def test_the_worst_segments_weeks_hold_no_immature_one(batch: Batch, fill: Fill) -> None:
    def week(monday: date, labelled: int) -> list[dict[str, object]]:
        return batch(monday, 200, 0.8, labelled // 2, labelled=labelled, seg_topic="medical")

    cursor = fill(
        week(W43, 200) + week(W44, 100) + week(W46, 200) + batch(W46, 100, 0.8, 80, seg_topic="b")
    )
    worst = only(reviewed(cursor)).worst
    assert worst is not None
    assert (worst.since, worst.until) == (W46, W46 + timedelta(days=6))


def test_a_segment_off_only_where_most_confident_is_told_by_that_band(
    batch: Batch, fill: Fill
) -> None:
    cursor = fill(
        batch(W43, 300, 0.95, 225, seg_topic="medical")
        + batch(W43, 600, 0.5, 360, seg_topic="medical")
        + batch(W43, 900, 0.7, 630, seg_topic="billing")
    )
    worst = only(reviewed(cursor)).worst
    assert worst is not None
    # As a whole (285 + 300 − 225 − 360) / 900 = 0.
    said = (
        "Topic medical: stated at 90% or more it is right 75% of the time (said 95%): gap +20.0 "
        "points ("
    )
    assert worst.text.startswith(said)
    interval, n, *_ = worst.text.removeprefix(said).split(", ")
    low, high = map(float, interval.rstrip(")").split(" to "))
    assert 5 < low < 20 < high
    assert n == "300 cases"


def test_claims_that_name_no_value_are_a_segment_too(batch: Batch, fill: Fill) -> None:
    cursor = fill(batch(W43, 300, 0.8, 240, seg_topic="medical") + batch(W43, 300, 0.8, 180))
    worst = only(reviewed(cursor)).worst
    assert worst is not None
    assert worst.query == (("topic", None),)


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


def test_a_changed_verdict_ends_with_the_verdict_shown(batch: Batch, fill: Fill) -> None:
    row = only(reviewed(fill(batch(W46, 2000, 0.8, 1600) + batch(W47, 2000, 0.8, 1200))))
    assert texts(row.changes) == ["Verdict of the newest complete week: fine → off"]
    assert row.state == "off"


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
def test_the_headline_counts_and_names_what_is_off_hidden_and_open(
    batch: Batch, fill: Fill
) -> None:
    view = reviewed(fill(desk(batch)))
    said = re.fullmatch(
        r"(\d+) of (\d+) signals is off: (.+)\. "
        r"(.+) is not off as a whole but fails in one segment\. "
        r"(\d+) signal needs more labels\.",
        view.headline,
    )
    assert said is not None
    states = [row.state for row in view.rows]
    assert int(said[1]) == states.count("off")
    assert int(said[2]) == len(view.rows)
    assert (said[3], said[4]) == ("off", "hides")
    assert int(said[5]) == states.count("too_few")


def wrong_ones_labelled(
    batch: Batch, monday: date = W43, **columns: str
) -> list[dict[str, object]]:
    """Calibrated at 60% and 90%; all wrong answers have a label, and few of the right ones."""
    return batch(monday, 400, 0.6, 20, labelled=180, **columns) + batch(
        monday, 400, 0.9, 20, labelled=60, **columns
    )


def test_labels_of_some_kind_only_give_a_signal_no_verdict_and_no_worst_segment(
    batch: Batch, fill: Fill
) -> None:
    view = reviewed(fill(wrong_ones_labelled(batch, seg_topic="x") + batch(W43, 40, 0.8, 32)))
    row = only(view)
    assert (row.speaks_for, row.state, row.reason) == ("labelled", "too_few", None)
    assert row.gap is not None
    assert row.gap > 0.3
    assert (row.worst, view.first_step) == (None, None)
    assert row.reach is not None
    assert reach_words(row.reach).startswith("No verdict on all claims, for the labels cannot")
    assert view.headline == (
        "None of 1 signal is off as a whole. s has no verdict: its labels cannot speak for all "
        "claims."
    )


def test_labels_of_some_kind_only_take_no_change_of_verdict_back(batch: Batch, fill: Fill) -> None:
    rows = wrong_ones_labelled(batch) + batch(W40, 2000, 0.8, 1600)
    assert not any("Verdict" in text for text in texts(only(reviewed(fill(rows))).changes))


def test_an_even_coverage_keeps_the_verdict(batch: Batch, fill: Fill) -> None:
    rows = batch(W43, 400, 0.6, 60, labelled=200) + batch(W43, 400, 0.9, 90, labelled=200)
    row = only(reviewed(fill(rows)))
    assert (row.speaks_for, row.state) == ("all", "off")


def test_the_headline_of_good_signals_says_no_more_than_was_shown(batch: Batch, fill: Fill) -> None:
    view = reviewed(fill([row for row in desk(batch) if row["signal"] == "fine"]))
    assert view.headline == "None of 1 signal is off as a whole."
    assert view.first_step is None


def test_the_headline_of_a_week_before_everything_says_so(batch: Batch, fill: Fill) -> None:
    view = reviewed(fill(batch(W47, 5, 0.8, 4)), monday=W40)
    assert view.headline == "No signal had claims up to this week."
    assert (view.rows, view.quiet, view.first_step) == ((), ("s",), None)
