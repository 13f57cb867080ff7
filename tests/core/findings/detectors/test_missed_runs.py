"""Daily runs that did not happen, told to whoever answers for monitoring."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from core.findings.detectors.missed_runs import runs_conditions
from core.governance.bodies.refusal import Refused
from core.monitoring.finding_responses import acknowledge
from core.monitoring.rounds import outlook
from core.monitoring.runs import run, run_if_due

MONITORED = "  responsible: {monitoring: user:ops/mia}\n  tolerance:"


@pytest.fixture
def watched(ungoverned: Any, clock: Any, registry_text: str, bring: Any, made: Any) -> Any:
    """A signal that made 20 claims a day until yesterday; Mia answers for its monitoring."""
    ungoverned.apply(registry_text.replace("  tolerance:", MONITORED, 1))
    bring(ungoverned, made(clock, range(1, 14)))
    return ungoverned


def missed(governed: Any) -> tuple[Any, ...]:
    with governed.ledger.cursor() as cursor:
        return runs_conditions(cursor, governed.office.state(), governed.clock.now)


def test_a_run_that_is_late_and_one_that_was_never_made_before_are_no_matter(
    watched: Any, clock: Any
) -> None:
    assert missed(watched) == ()
    run(watched.office)
    clock.forward(hours=40)  # 09:00 to 01:00 two days later: the run of 02:00 is 23 hours late.
    assert missed(watched) == ()


def test_what_was_missed_is_found_by_the_run_that_catches_up_and_is_the_monitors(
    watched: Any, clock: Any, bring: Callable[..., None], made: Any
) -> None:
    run(watched.office)
    clock.forward(days=3, hours=12)
    bring(watched, made(clock, range(3), model_version="m1", prompt_version="p1"))
    run_if_due(watched.office)
    (one,) = [each for each in outlook(watched.office).findings if each.kind == "runs_missed"]
    assert one.owner == watched.sub("user:ops/mia")
    # Runs fell due on the 3rd, 4th and 5th; the last one was made late.
    assert "2 daily runs of the last 7 did not happen" in one.text
    assert (
        "from 2026-11-02 09:00 to 2026-11-05 21:00 UTC, while 1 signal made 40 claims" in one.text
    )


def test_it_is_over_after_a_week_of_daily_runs(
    watched: Any, clock: Any, bring: Callable[..., None], made: Any
) -> None:
    run(watched.office)
    clock.forward(days=4)
    bring(watched, made(clock, range(3), model_version="m1", prompt_version="p1"))
    for _ in range(7):
        assert missed(watched)
        run_if_due(watched.office)
        clock.forward(days=1)
    assert missed(watched) == ()


def test_nobody_is_told_where_nothing_was_claimed_meanwhile(watched: Any, clock: Any) -> None:
    run(watched.office)
    clock.forward(days=4)
    assert missed(watched) == ()


def test_whoever_it_is_for_answers_it_and_nobody_else_responsible_does(
    watched: Any, clock: Any, bring: Callable[..., None], made: Any
) -> None:
    run(watched.office)
    clock.forward(days=4)
    bring(watched, made(clock, range(3), model_version="m1", prompt_version="p1"))
    run_if_due(watched.office)
    (one,) = [each for each in outlook(watched.office).findings if each.kind == "runs_missed"]
    ann = watched.actor("user:desk/ann", "finding.acknowledged", None)
    with pytest.raises(Refused, match="It is not for you"):
        acknowledge(watched.office, ann, one.id, note="not mine")
    mia = watched.actor("user:ops/mia", "finding.acknowledged", None)
    assert acknowledge(watched.office, mia, one.id, note="The host was patched.").signal is None
