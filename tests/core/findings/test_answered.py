"""Whether anybody does anything because of findings."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from core.findings.answered import AnsweredKind, by_kind, by_signal, occasions
from core.findings.kinds import Condition
from core.findings.lifecycle import Finding, FindingStep, fresh
from core.trail.acts import SYSTEM

NOW = datetime(2026, 11, 23, 12)


def found(kind: str, signal: str, *steps: str) -> Finding:
    """A finding with these acts, one a day; the program finds and ends it, Ann does the rest."""
    one = fresh(Condition(kind, signal, kind, "", ""), "p-ann", NOW.date(), NOW)
    history = []
    for i, step in enumerate(steps):
        mine = step in ("opened", "recurred", "revised", "resolved")
        actor = SYSTEM if mine else "p-ann"
        at = NOW + timedelta(days=i)
        history.append(FindingStep(i, at, f"finding.{step.removeprefix('by_hand_')}", actor, ""))
    return Finding(**{**one.__dict__, "history": tuple(history)})


def counted(*several: Finding) -> AnsweredKind:
    (one,) = by_kind(occasions({str(i): each for i, each in enumerate(several)}))
    return one


@pytest.mark.parametrize(
    ("steps", "became"),
    [
        (["opened"], "waits"),
        (["opened", "revised"], "waits"),
        (["opened", "resolved"], "went_by"),
        (["opened", "waived", "resolved"], "waived"),
        (["opened", "waived"], "waived"),
        (["opened", "waived", "acknowledged"], "acted_on"),
        (["opened", "acknowledged", "resolved"], "acted_on"),
        (["opened", "by_hand_resolved"], "acted_on"),
    ],
)
def test_a_finding_came_to_one_of_four(steps: list[str], became: str) -> None:
    (one,) = occasions({"n": found("miscalibrated", "s", *steps)})
    assert one.became == became


def test_each_time_it_was_found_counts_by_itself() -> None:
    one = counted(found("miscalibrated", "s", "opened", "waived", "resolved", "recurred"))
    assert (one.n, one.waived, one.waits) == (2, 1, 1)


def test_the_days_to_the_first_answer_are_their_median() -> None:
    one = counted(
        found("miscalibrated", "s", "opened", "acknowledged", "waived"),
        found("miscalibrated", "s", "opened", "revised", "revised", "acknowledged"),
        found("miscalibrated", "s", "opened", "resolved"),
    )
    assert one.days == 2.0


def test_three_waivers_and_nothing_else_are_always() -> None:
    thrice = [found("confidence_theatre", "s", "opened", "waived", "resolved")] * 3
    assert not counted(*thrice).why_not_turned_down
    assert not counted(*thrice[:2]).always_waived
    acted = found("confidence_theatre", "s", "opened", "acknowledged")
    assert not counted(*thrice, acted).always_waived


def test_one_that_is_let_wait_again_and_again_counts_each_time() -> None:
    assert counted(found("confidence_theatre", "s", "opened", *["waived"] * 3)).always_waived


def test_what_is_critical_is_never_turned_down() -> None:
    thrice = [found("miscalibrated", "s", "opened", "waived", "resolved")] * 3
    assert counted(*thrice).always_waived
    assert counted(*thrice).why_not_turned_down


def test_signals_are_counted_apart() -> None:
    times = occasions(
        {
            "a": found("confidence_theatre", "s", "opened", "waived"),
            "b": found("confidence_theatre", "t", "opened", "acknowledged"),
        }
    )
    assert [(one.signal, one.waived, one.acted_on) for one in by_signal(times)] == [
        ("s", 1, 0),
        ("t", 0, 1),
    ]
