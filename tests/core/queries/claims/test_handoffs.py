"""Hand-offs counted by hand: what was decided, how soon, and what is past its time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from core.ledger.connection import Ledger
from core.queries.claims.handoffs import (
    Decided,
    HandOff,
    QueueLoad,
    Seeded,
    decided_by,
    handed_over,
    handoffs_of,
    not_handed_over,
    overdue_cases,
    queue_loads,
    seeded_by,
)
from tests.worlds.claims.events import Fill
from tests.worlds.claims.handed import hand_over

NOON = datetime(2026, 11, 2, 12)
HOUR = timedelta(hours=1)
DAYS = (datetime(2026, 11, 1), datetime(2026, 11, 8))


def case(event: str, *, handed: datetime = NOON, **more: Any) -> dict[str, Any]:
    return {"event_id": event, "handed_at": handed, **more}


def decided(event: str, agreed: int, who: str | None = "r-1", **more: Any) -> dict[str, Any]:
    return case(event, reviewer=who, decided_at=NOON + HOUR, agreed=agreed, **more)


def test_decisions_are_counted_by_queue_and_reviewer_beside_what_turned_out(
    ledger: Ledger, fill: Fill
) -> None:
    outcomes = {"a": 0, "b": 0, "c": 1, "d": 1, "e": None, "f": 1}
    fill(ledger, [{"event_id": one, "outcome": known} for one, known in outcomes.items()])
    hand_over(
        ledger,
        *(decided("a", 0), decided("b", 1), decided("c", 1), decided("d", 0), decided("e", 0)),
        decided("f", 1, None, queue="desk"),
        decided("not a claim", 1, "r-2"),
        case("a", handed=NOON + 9 * HOUR, decided_at=DAYS[1], agreed=1, reviewer="r-1"),
        case("b", handed=NOON + 9 * HOUR, decided_at=NOON + 10 * HOUR, reviewer="r-1"),
    )
    assert decided_by(ledger.cursor(), "triage", *DAYS) == {
        ("desk", None): Decided(n=1, right=1),
        (None, "r-1"): Decided(5, 3, wrong=2, caught=1, right=2, overruled=1),
        (None, "r-2"): Decided(n=1),
    }


def test_planted_cases_are_counted_apart_from_the_others(ledger: Ledger, fill: Fill) -> None:
    fill(ledger, [{"event_id": "a", "outcome": 0}])
    hand_over(
        ledger,
        decided("a", 1),
        *(decided(f"p{i}", i % 2, seeded=1) for i in range(4)),
        case("p1", handed=NOON + HOUR, reviewer="r-1", decided_at=NOON + 2 * HOUR, agreed=0,
             seeded=1),
        case("open", seeded=1),
    )  # fmt: skip
    assert decided_by(ledger.cursor(), "triage", *DAYS) == {(None, "r-1"): Decided(1, wrong=1)}
    # One that was let pass, and caught when it came again, was caught.
    assert seeded_by(ledger.cursor(), "triage", *DAYS) == {(None, "r-1"): Seeded(4, 3)}


def test_of_one_input_a_reviewers_decisions_count_once_and_one_that_overrides_counts(
    ledger: Ledger, fill: Fill
) -> None:
    fill(ledger, [{"event_id": one, "outcome": 0, "input_id": "i"} for one in "abc"])
    hand_over(ledger, decided("a", 1), decided("b", 0), decided("c", 1, "r-2"))
    assert decided_by(ledger.cursor(), "triage", *DAYS) == {
        (None, "r-1"): Decided(1, 1, wrong=1, caught=1),
        (None, "r-2"): Decided(1, 0, wrong=1, caught=0),
    }


def loads(ledger: Ledger, hours: dict[str, int]) -> tuple[QueueLoad, ...]:
    now = NOON + 10 * HOUR
    return queue_loads(ledger.cursor(), "triage", *DAYS, now=now, hours=hours)


def test_a_queue_says_how_soon_its_cases_are_taken_and_what_waits(ledger: Ledger) -> None:
    hand_over(
        ledger,
        case("a", queue="desk", taken_at=NOON + HOUR, decided_at=NOON + 1.5 * HOUR),
        case("b", queue="desk", taken_at=NOON + 5 * HOUR, decided_at=NOON + 5.5 * HOUR),
        case("c", queue="desk"),
        case("d"),
        case("old", handed=NOON - 30 * 24 * HOUR, queue="lead"),
        case("other", signal="s"),
    )
    assert loads(ledger, {"desk": 4}) == (
        QueueLoad("desk", 3, 1, 3.0, 0.5, 1, 1),
        QueueLoad(None, 1, 0, None, None, 1, 0),
        QueueLoad("lead", 0, 0, None, None, 1, 1),
    )
    assert handed_over(ledger.cursor()) == ("s", "triage")


def test_a_case_is_late_when_nobody_took_it_in_time_or_who_did_has_not_decided(
    ledger: Ledger,
) -> None:
    hand_over(
        ledger,
        case("nobody", queue="desk"),
        case("taken", handed=NOON - HOUR, taken_at=NOON, reviewer="r-1"),
        case("decided", queue="desk", decided_at=NOON + HOUR),
        case("still time"),
    )

    def late(now: datetime) -> list[tuple[str, datetime]]:
        found = overdue_cases(ledger.cursor(), "triage", now=now, hours={"desk": 8}, most=9)
        assert found.n == len(found.first)
        return [(one.event_id, one.due) for one in found.first]

    assert late(NOON + 8 * HOUR) == []
    assert late(NOON + 9 * HOUR) == [("nobody", NOON + 8 * HOUR)]
    assert [one[0] for one in late(NOON + 73 * HOUR)] == ["nobody", "still time", "taken"]
    first = overdue_cases(ledger.cursor(), "triage", now=NOON + 73 * HOUR, hours={}, most=1)
    assert (first.n, first.untaken, len(first.first)) == (3, 2, 1)


def test_what_is_logged_of_the_future_has_not_happened(ledger: Ledger) -> None:
    later = datetime(2199, 1, 1)
    hand_over(ledger, case("taken", taken_at=later), case("decided", decided_at=later))
    now = NOON + 25 * HOUR
    found = overdue_cases(ledger.cursor(), "triage", now=now, hours={}, most=9)
    assert [one.event_id for one in found.first] == ["decided", "taken"]
    (queue,) = queue_loads(ledger.cursor(), "triage", *DAYS, now=now, hours={})
    assert (queue.open, queue.overdue, queue.hours_to_take) == (2, 2, None)


def test_what_rows_of_one_hand_off_say_is_one_hand_off(ledger: Ledger) -> None:
    hand_over(ledger, case("a", queue="desk"), decided("a", 0, decision="refund"))
    (found,) = handoffs_of(ledger.cursor(), "triage", "a")
    assert found == HandOff(NOON, "desk", "r-1", None, NOON + HOUR, "refund", agreed=False)


def test_claims_that_were_to_go_to_people_are_looked_for_since_hand_offs_are_logged(
    ledger: Ledger, fill: Fill
) -> None:
    actions = {"a": "review", "b": "escalate", "c": "automate"}
    fill(ledger, [{"event_id": one, "action": done} for one, done in actions.items()])
    fill(ledger, [{"event_id": "before", "action": "review", "ts": NOON - 48 * HOUR}])
    hand_over(ledger, case("a"))
    assert not_handed_over(ledger.cursor(), "triage", *DAYS) == (1, 2)
