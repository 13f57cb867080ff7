"""Claims that acted although the rules asked for a person, week by week."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pandas as pd

from core.gate.breaches import Tally
from core.views.review.week.acted import acted_unchecked

Bring = Callable[[Any, pd.DataFrame], None]
#: The clock stands on its Monday; in its week and the next ones claims are made.
FIRST = date(2026, 11, 2)


def claims(
    day: date, n: int, action: str, *, wrong: int = 0, known: int = 0, **columns: Any
) -> Any:
    """``n`` claims of one day, of which ``known`` have an outcome and ``wrong`` a wrong one."""
    name = f"{day}-{action}-{'-'.join(map(str, columns.values()))}"
    return pd.DataFrame(
        {
            "event_id": [f"{name}-{i}" for i in range(n)],
            "ts": f"{day}T12:00:00Z",
            "signal": "triage",
            "confidence": 0.95,
            "outcome": pd.array([int(i >= wrong) if i < known else None for i in range(n)], "Int8"),
            "model_version": "m1",
            "prompt_version": "p1",
            "action": action,
            **columns,
        }
    )


def acted(world: Any, weeks: int = 3, *, known: bool = True) -> tuple[Tally, ...]:
    with world.ledger.cursor() as cursor:
        state = world.office.state() if known else None
        last = FIRST + timedelta(weeks=weeks - 1)
        return acted_unchecked(cursor, state, last, weeks=weeks)


def test_automated_claims_of_what_nobody_signed_are_counted_by_week(
    governed: Any, bring: Bring
) -> None:
    bring(governed, claims(FIRST + timedelta(days=1), 10, "automate", wrong=2, known=6))
    bring(governed, claims(FIRST + timedelta(weeks=2), 4, "automate", wrong=1, known=4))
    assert acted(governed) == (Tally(10, 6, 2), Tally(), Tally(4, 4, 1))


def test_a_claim_that_a_person_saw_or_that_logged_no_action_did_not_act(
    governed: Any, bring: Bring
) -> None:
    day = FIRST + timedelta(days=1)
    for action in ("review", "escalate", ""):
        bring(governed, claims(day, 5, action))
    assert acted(governed, 1) == (Tally(),)


def test_what_was_allowed_to_act_is_not_counted_and_what_lies_below_its_cut_is(
    governed: Any, bring: Bring
) -> None:
    governed.validate()
    day = FIRST + timedelta(days=1)
    bring(governed, claims(day, 5, "automate"))
    bring(governed, claims(day, 3, "automate", confidence=0.7))
    assert acted(governed, 1) == (Tally(3, 0, 0),)


def test_claims_of_signals_that_nobody_registered_are_not_held_against_a_rule(
    governed: Any, bring: Bring
) -> None:
    bring(governed, claims(FIRST + timedelta(days=1), 5, "automate", signal="other"))
    assert acted(governed, 1) == (Tally(),)


def test_claims_of_before_the_first_entry_and_of_other_weeks_are_left_out(
    governed: Any, bring: Bring
) -> None:
    for day in (FIRST - timedelta(days=3), FIRST + timedelta(weeks=1)):
        bring(governed, claims(day, 5, "automate"))
    assert acted(governed, 1) == (Tally(),)


def test_a_broken_trail_holds_no_claim_against_a_rule(governed: Any, bring: Bring) -> None:
    bring(governed, claims(FIRST + timedelta(days=1), 5, "automate"))
    assert acted(governed, known=False) == ()


def test_without_a_rule_there_is_nothing_to_count(ungoverned: Any, bring: Bring) -> None:
    bring(ungoverned, claims(FIRST + timedelta(days=1), 5, "automate"))
    assert acted(ungoverned) == ()
