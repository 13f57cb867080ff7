"""The schedule: daily, when data came in, at the registry's cadence and at every new version."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.gate import registry_changes as registry
from core.governance.perform import Office
from core.governance.state import Checked, State
from core.ledger.connection import Ledger
from core.monitoring.schedule import Due, due, next_daily, next_remeasurement
from core.registry.yaml_reader import read
from core.trail.acts import SYSTEM, Actor, Proposal
from core.trail.checkpoints.signer import Signer
from core.trail.fingerprint import Fingerprint

NOW = datetime(2026, 11, 24, 9)
THEN = datetime(2026, 11, 2, 9)  # when the registry was written


@pytest.fixture
def state(governed: Any) -> State:
    """Registered, checked today and measured today: nothing is due."""
    found: State = governed.office.state()
    return replace(found, checked=Checked(NOW, 3), remeasured={"triage": NOW})


def asked(state: State, now: datetime = NOW, data_version: int = 3) -> Due:
    return due(state, now, data_version=data_version, with_claims={"triage", "other"})


def test_nothing_is_due_before_anything_is_written_down() -> None:
    assert not asked(State())


def test_nothing_is_due_where_no_signal_has_a_claim(state: State) -> None:
    fresh = replace(state, checked=None, remeasured={})
    assert not due(fresh, NOW, data_version=0, with_claims=())


def test_nothing_is_due_after_a_run_until_the_next_day(state: State) -> None:
    assert not asked(state)
    assert not asked(state, datetime(2026, 11, 25, 1, 59))
    next_one = asked(state, datetime(2026, 11, 25, 2))
    assert (next_one.why, next_one.due) == (("daily",), datetime(2026, 11, 25, 2))
    assert next_daily(NOW) == datetime(2026, 11, 25, 2)


def test_the_first_run_missed_none(state: State) -> None:
    first = asked(replace(state, checked=None))
    assert (first.why, first.n_missed) == (("daily",), 0)


@pytest.mark.parametrize(("hours", "missed"), [(24, 0), (47, 0), (48, 1), (24 * 14, 13)], ids=str)
def test_what_was_missed_is_one_run_that_says_how_many(
    state: State, hours: int, missed: int
) -> None:
    at = datetime(2026, 11, 24, 2)
    found = asked(replace(state, checked=Checked(at, 3)), at + timedelta(hours=hours))
    assert ("daily" in found.why, found.n_missed) == (True, missed)


def test_data_that_came_in_is_checked_but_not_more_than_once_an_hour(state: State) -> None:
    assert not asked(state, NOW + timedelta(minutes=59), data_version=4)
    found = asked(state, NOW + timedelta(minutes=60), data_version=4)
    assert (found.why, found.due) == (("data",), None)


def test_a_signal_that_was_never_measured_is_due_since_it_was_written_down(state: State) -> None:
    found = asked(replace(state, remeasured={}))
    assert found.why == ("cadence",)
    (one,) = found.remeasure
    assert (one.signal, one.why, one.due, one.n_missed) == ("triage", "cadence", THEN, 0)


@pytest.mark.parametrize(("days", "missed"), [(30, 0), (59, 0), (60, 1), (100, 2)])
def test_a_signal_is_due_when_its_cadence_has_passed(state: State, days: int, missed: int) -> None:
    assert not asked(state, NOW + timedelta(days=30, seconds=-1)).remeasure
    (one,) = asked(state, NOW + timedelta(days=days)).remeasure
    assert (one.due, one.n_missed) == (NOW + timedelta(days=30), missed)


def test_a_new_version_is_measured_at_once(governed: Any, state: State) -> None:
    seen = replace(state, unmeasured={"triage": NOW})
    found = asked(seen)
    assert found.why == ("new_version",)
    assert [(one.signal, one.why, one.due) for one in found.remeasure] == [
        ("triage", "new_version", NOW)
    ]
    assert next_remeasurement(seen, "triage", NOW) == NOW


def test_the_next_one_is_a_cadence_after_the_last(state: State) -> None:
    assert next_remeasurement(state, "triage", NOW) == NOW + timedelta(days=30)


def test_a_fingerprint_seen_is_unmeasured_until_its_signal_is_measured(governed: Any) -> None:
    program = Actor(SYSTEM, SYSTEM, via="system")
    body = {"first_ts": "2026-11-02T00:00:00.000000Z", "n_claims": 3}
    for model in ("m1", "m2"):
        fingerprint = Fingerprint(model_version=model)
        governed.office.perform(Proposal("fingerprint.seen", program, "triage", fingerprint, body))
    assert governed.office.state().unmeasured == {"triage": governed.clock.now}
    said = {"text": "m1: cannot tell yet."}
    governed.office.perform(Proposal("signal.remeasured", program, "triage", body=said))
    assert governed.office.state().unmeasured == {}
    assert governed.office.state().remeasured == {"triage": governed.clock.now}


@pytest.fixture(scope="session")
def registered(registry_text: str) -> State:
    with Ledger.in_memory() as ledger:
        office = Office(ledger, Signer.generate(), clock=lambda: datetime(2026, 1, 1))
        registry.apply(office, read(registry_text), "user:desk/admin")
        return replace(office.state(), remeasured={"triage": datetime(2027, 1, 1)})


@given(st.lists(st.integers(0, 24 * 80), min_size=1, max_size=12).map(sorted))
def test_every_daily_time_is_run_or_counted_as_missed_once(
    registered: State, hours: list[int]
) -> None:
    """However the server sleeps: runs and missed ones add up to the days that passed."""
    start = datetime(2026, 1, 1, 2)
    state = replace(registered, checked=Checked(start, 3))
    ran = missed = 0
    for hour in hours:
        now = start + timedelta(hours=hour)
        found = asked(state, now)
        if "daily" in found.why:
            ran, missed = ran + 1, missed + found.n_missed
            state = replace(state, checked=Checked(now, 3))
    assert ran + missed == hours[-1] // 24
