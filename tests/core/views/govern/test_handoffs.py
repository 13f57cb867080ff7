"""Where cases went: waits, rates of queues and reviewers, and nobody who decided too few."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from core.views.govern.handoffs import HandOffsView, handoffs_view, take_words
from tests.worlds.claims.handed import ENTRY, FIRST, hand_all_over, hand_over
from tests.worlds.governed.governed import Governed

OCTOBER = (date(2026, 10, 1), date(2026, 10, 31))


def view_of(governed: Governed, first: date = OCTOBER[0], last: date = OCTOBER[1]) -> HandOffsView:
    with governed.ledger.cursor() as cursor:
        now = governed.clock.now
        return handoffs_view(cursor, governed.office.state(), "triage", first, last, now=now)


@pytest.fixture
def view(ungoverned: Governed) -> HandOffsView:
    ungoverned.apply(ENTRY)
    hand_all_over(ungoverned.ledger)
    return view_of(ungoverned)


def test_it_leads_with_who_lets_wrong_answers_pass_and_what_waits(view: HandOffsView) -> None:
    assert view.headline == (
        "r-2 lets wrong answers pass. 2 cases wait for a person, 1 of them overdue."
    )
    assert [one.event_id for one in view.overdue.first] == ["late"]
    desk = view.loads[0]
    assert take_words(desk, view.hours) == "2.0 h"
    assert (desk.queue, desk.handed, desk.open, desk.overdue) == ("desk", 180, 2, 1)


def test_reviewers_stand_by_queue_the_worst_first_and_none_with_too_few(
    view: HandOffsView,
) -> None:
    stamp, careful = view.reviewers
    assert (stamp.name, stamp.queue, stamp.stamp, stamp.decisions) == ("r-2", "desk", True, 100)
    assert (careful.name, careful.stamp) == ("r-1", False)
    assert (careful.overridden.s, careful.overridden.n) == (34, 80)
    assert (careful.accepted_wrong.s, careful.accepted_wrong.n) == (10, 40)
    assert (careful.rejected_right.s, careful.rejected_right.n) == (4, 40)
    assert stamp.overridden.words.startswith("<1% (<1% to ")
    assert stamp.overridden.words.endswith("), n 100")
    # Three of four wrong answers were caught: with one other beside them, hardly drawn to it.
    rate = careful.accepted_wrong
    assert (rate.low or 0) < 0.25 < (rate.high or 1) < 0.5
    few = next(one for one in view.queues if one.queue == "(no queue named)")
    assert (few.decisions, few.overridden.rate) == (6, None)
    assert few.overridden.words == "too few (n 6)"
    assert view.n_few == 1
    assert "r-3" not in str(view.as_json())


def test_claims_without_a_hand_off_and_who_is_not_shown_are_said(view: HandOffsView) -> None:
    assert view.notes == (
        "1 of 187 claims that went to review or escalation have no hand-off.",
        "1 reviewer with fewer than 20 decisions, or without an id: not shown, counted in their "
        "queue.",
    )


def test_rates_by_outcomes_that_are_a_reviewers_own_decisions_are_left_out_and_said(
    ungoverned: Governed,
) -> None:
    ungoverned.apply(ENTRY)
    hand_all_over(ungoverned.ledger)
    with ungoverned.ledger.transaction() as cursor:
        cursor.execute(
            """
            UPDATE claims SET outcome = agreed FROM handoffs
            WHERE handoffs.event_id = claims.event_id AND reviewer = 'r-1' AND agreed IS NOT NULL
            """
        )
    view = view_of(ungoverned)
    own = next(one for one in view.reviewers if one.name == "r-1")
    assert own.overridden.n == 80
    assert own.accepted_wrong.words == own.rejected_right.words == "outcomes are their own"
    assert view.queues[0].accepted_wrong.n == 50
    assert view.as_json()["reviewers_whose_outcomes_are_their_decisions"] == ["r-1"]
    assert view.notes[0].startswith(
        "Outcomes say what the decisions of r-1 say, of at least 90% of the wrong answers and of"
    )


def test_planted_errors_say_how_many_are_caught_whatever_the_outcomes_rest_on(
    ungoverned: Governed,
) -> None:
    ungoverned.apply(ENTRY)
    hand_all_over(ungoverned.ledger)
    rows = [
        {
            "event_id": f"p-{who}-{i}",
            "queue": "desk",
            "reviewer": who,
            "handed_at": FIRST,
            "decided_at": FIRST + timedelta(hours=1),
            "agreed": int(i >= caught),
            "seeded": 1,
        }
        for who, caught in (("r-1", 21), ("r-4", 3))
        for i in range(24)
    ]
    hand_over(ungoverned.ledger, *rows)
    view = view_of(ungoverned)
    by = {one.name: one for one in view.reviewers}
    assert [(by[who].seeded.s, by[who].seeded.n) for who in ("r-1", "r-4")] == [(21, 24), (3, 24)]
    assert (by["r-4"].seeded.low or 0) < 3 / 24 < (by["r-4"].seeded.high or 0) < 0.5
    # They are no share of anything else.
    assert (by["r-1"].decisions, by["r-1"].overridden.n, by["r-4"].decisions) == (80, 80, 0)
    assert view.queues[0].seeded.n == 48
    (said,) = [one for one in view.as_json()["reviewers"] if one["reviewer"] == "r-4"]
    assert (said["seeded_caught"]["s"], said["seeded_caught"]["n"]) == (3, 24)


def test_days_without_any_say_what_waits_all_the_same(ungoverned: Governed) -> None:
    ungoverned.apply(ENTRY)
    hand_all_over(ungoverned.ledger)
    view = view_of(ungoverned, date(2026, 7, 1), date(2026, 7, 31))
    assert view.headline.endswith("2 cases wait for a person, 1 of them overdue.")
    assert (view.queues, view.reviewers) == ((), ())


def test_a_signal_without_hand_offs_has_nothing_to_say(ungoverned: Governed) -> None:
    ungoverned.apply(ENTRY)
    assert not view_of(ungoverned).any
