"""A reviewer whom wrong answers pass is found, and cases that nobody takes up; nothing else is."""

from __future__ import annotations

from datetime import datetime, timedelta

from core.findings.detectors.decisions.handoffs import handoff_conditions, reliance
from core.findings.facts.decisions.handoffs import HandOffsOverdue, RubberStamp
from core.findings.kinds import Condition
from core.trail.facts import read
from tests.worlds.claims.events import add_claims
from tests.worlds.claims.handed import ENTRY, FIRST, hand_all_over, hand_over
from tests.worlds.governed.governed import Governed

DUE = datetime(2026, 11, 1, 17)


def found(governed: Governed) -> dict[str, Condition]:
    with governed.ledger.cursor() as cursor:
        told = handoff_conditions(cursor, governed.office.state(), governed.clock.now)
    assert len({one.kind for one in told}) == len(told)
    return {one.kind: one for one in told}


def test_who_lets_all_wrong_answers_pass_is_named_and_the_careful_and_the_few_are_not(
    ungoverned: Governed,
) -> None:
    ungoverned.apply(ENTRY)
    hand_all_over(ungoverned.ledger)
    told = found(ungoverned)
    stamp = told["rubber_stamp"]
    assert (stamp.signal, stamp.subject, stamp.severity) == ("triage", "r-2", "warning")
    assert read(RubberStamp, stamp.facts or {}) == RubberStamp(
        *("r-2", datetime(2025, 11, 3).date(), datetime(2026, 11, 2).date(), 100, 0, 50, 0)
    )
    late = read(HandOffsOverdue, told["handoffs_overdue"].facts or {})
    assert late == HandOffsOverdue(1, 1, "late", "desk", DUE)


def test_planted_errors_that_pass_are_wrong_answers_that_pass(ungoverned: Governed) -> None:
    ungoverned.apply(ENTRY)
    hand_over(
        ungoverned.ledger,
        *(
            {"event_id": f"p{i}", "handed_at": FIRST, "reviewer": "r-9", "agreed": 1, "seeded": 1,
             "queue": "desk", "decided_at": FIRST + timedelta(hours=1)}
            for i in range(32)
        ),
    )  # fmt: skip
    stamp = read(RubberStamp, found(ungoverned)["rubber_stamp"].facts or {})
    assert (stamp.reviewer, stamp.decisions, stamp.wrong, stamp.caught) == ("r-9", 32, 32, 0)


def test_it_is_over_when_the_decisions_are_more_than_a_year_old(ungoverned: Governed) -> None:
    ungoverned.apply(ENTRY)
    hand_all_over(ungoverned.ledger)
    ungoverned.clock.forward(weeks=53)
    assert set(found(ungoverned)) == {"handoffs_overdue"}


def test_a_signal_without_an_entry_has_nobody_to_tell(ungoverned: Governed) -> None:
    hand_all_over(ungoverned.ledger)
    assert found(ungoverned) == {}


def test_outcomes_that_are_the_decisions_themselves_show_nobody_to_look(
    ungoverned: Governed,
) -> None:
    events = [f"e{i}" for i in range(100)]
    claims = [{"event_id": one, "outcome": i % 2} for i, one in enumerate(events)]
    add_claims(ungoverned.ledger, claims)
    decided = {"reviewer": "r-1", "decided_at": FIRST + timedelta(hours=1)}
    rows = [
        {"event_id": one, "handed_at": FIRST, "agreed": i % 2, **decided}
        for i, one in enumerate(events)
    ]
    hand_over(ungoverned.ledger, *rows)
    # Some outcomes were corrected later.
    for one in (rows[2], rows[3]):
        one["agreed"] = 1 - one["agreed"]
    others = [{**one, "handed_at": FIRST + timedelta(1), "reviewer": "r-2"} for one in rows[:80]]
    for one in others[::8]:
        one["agreed"] = 1 - one["agreed"]
    hand_over(ungoverned.ledger, *rows, *others)
    with ungoverned.ledger.cursor() as cursor:
        told = reliance(cursor, "triage", ungoverned.clock.now)
    assert (told.own, told.rest_own) == (("r-1",), False)
    assert [told.circular(one) for one in ("r-1", "r-2", None)] == [True, False, False]


def test_of_reviewers_with_few_decisions_each_it_is_told_together(ungoverned: Governed) -> None:
    events = [f"e{i}" for i in range(100)]
    add_claims(
        ungoverned.ledger, [{"event_id": one, "outcome": i % 2} for i, one in enumerate(events)]
    )
    hand_over(
        ungoverned.ledger,
        *(
            {"event_id": one, "handed_at": FIRST, "agreed": i % 2, "reviewer": f"r-{i // 10}",
             "decided_at": FIRST + timedelta(hours=1)}
            for i, one in enumerate(events)
        ),
    )  # fmt: skip
    with ungoverned.ledger.cursor() as cursor:
        told = reliance(cursor, "triage", ungoverned.clock.now)
    assert (told.own, told.rest_own) == ((), True)
