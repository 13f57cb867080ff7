"""A run of the standing checks: made when due, caught up once, and each an act."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from core.monitoring.remeasured import outcome
from core.monitoring.rounds import outlook, rounds
from core.monitoring.runs import run, run_if_due
from core.trail import log as trail
from core.trail.acts import Act

START = datetime(2026, 11, 2, 9)
Log = Callable[..., None]


def of_kind(acts: Any, kind: str) -> list[Act]:
    return [act for act in acts if act.kind == kind]


def test_nothing_is_run_before_anything_is_written_down(ungoverned: Any) -> None:
    assert run_if_due(ungoverned.office) is None
    assert run(ungoverned.office).acts == ()
    assert ungoverned.office.state().size == 0


def test_the_first_run_measures_every_signal_with_claims_and_is_itself_an_act(
    governed: Any, log: Log
) -> None:
    log(START - timedelta(days=40))
    found = run_if_due(governed.office)
    assert found is not None
    (measured,) = of_kind(found.acts, "signal.remeasured")
    assert (measured.signal, measured.body["why"]) == ("triage", "cadence")
    assert "60 claims of 60 inputs" in outcome(measured.body)
    last = found.acts[-1]
    assert last.kind == "check.run"
    assert (last.body["why"], last.body["n_missed"]) == (["daily", "cadence"], 0)
    assert last.body["n_open"] == len(outlook(governed.office).open()) > 0
    assert run_if_due(governed.office) is None


def test_after_downtime_one_run_catches_up_and_says_how_many_were_missed(
    governed: Any, clock: Any, log: Log
) -> None:
    log(START - timedelta(days=40))
    run_if_due(governed.office)
    clock.forward(days=10)
    found = run_if_due(governed.office)
    assert found is not None
    (made,) = of_kind(found.acts, "check.run")
    assert (made.body["n_missed"], made.body["due"]) == (9, "2026-11-12T02:00:00.000000Z")
    assert run_if_due(governed.office) is None


def test_a_signal_is_measured_again_when_its_cadence_has_passed(
    governed: Any, clock: Any, log: Log
) -> None:
    log(START - timedelta(days=40))
    run_if_due(governed.office)
    clock.forward(days=29)
    assert not of_kind(run_if_due(governed.office).acts, "signal.remeasured")
    clock.forward(days=1)
    (again,) = of_kind(run_if_due(governed.office).acts, "signal.remeasured")
    assert again.body["why"] == "cadence"


def test_a_new_version_is_measured_in_the_run_after_it_came(
    governed: Any, clock: Any, log: Log
) -> None:
    log(START - timedelta(days=40))
    run_if_due(governed.office)
    clock.forward(hours=2)
    log(START, model_version="m2")
    (measured,) = of_kind(run_if_due(governed.office).acts, "signal.remeasured")
    assert measured.body["why"] == "new_version"
    assert "m2: too few labels" in outcome(measured.body)


def test_a_version_met_by_a_short_round_is_measured_too(
    governed: Any, clock: Any, log: Log
) -> None:
    log(START - timedelta(days=40))
    run_if_due(governed.office)
    clock.forward(minutes=5)
    log(START, model_version="m2")
    rounds(governed.office)
    found = run_if_due(governed.office)
    assert found is not None
    assert found.why == ("new_version",)


def test_only_fingerprints_in_use_are_measured(governed: Any, log: Log) -> None:
    log(START - timedelta(days=40), model_version="old")
    log(START - timedelta(days=3), model_version="new")
    (measured,) = of_kind(run(governed.office).acts, "signal.remeasured")
    assert [one["fingerprint"] for one in measured.body["fingerprints"]] == [
        {"model_version": "new"}
    ]


def test_a_run_that_somebody_asks_for_counts_as_the_days_run(
    governed: Any, clock: Any, log: Log
) -> None:
    log(START - timedelta(days=40))
    run(governed.office)
    clock.forward(hours=1)
    asked = run(governed.office)
    assert asked.acts[-1].body["why"] == ["asked"]
    assert run_if_due(governed.office) is None


def test_a_run_stopped_in_the_middle_is_made_again(
    governed: Any, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    log(START - timedelta(days=40))

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr("core.monitoring.runs._measured", stopped)
        with pytest.raises(KeyboardInterrupt):
            run_if_due(governed.office)
    found = run_if_due(governed.office)
    assert found is not None
    with governed.ledger.cursor() as cursor:
        acts = tuple(trail.acts(cursor))
    assert len(of_kind(acts, "check.run")) == len(of_kind(acts, "signal.remeasured")) == 1
    opened = [act.body["finding"] for act in of_kind(acts, "finding.opened")]
    assert len(opened) == len(set(opened))
