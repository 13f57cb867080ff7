"""What the trail says: seats, entries in force, and standings."""

from __future__ import annotations

import time
from datetime import date, datetime

from tests.worlds.governed.acts import (
    ANN,
    BOB,
    DAY,
    FOUNDED,
    OLD,
    OUT,
    RIA,
    T0,
    VAL,
    VIC,
    World,
    spec_of,
)


def test_asking_the_standing_is_quick_enough_for_a_gate(validated: World) -> None:
    now = T0 + 3 * DAY
    begin = time.process_time()
    for _ in range(20_000):
        validated.state.standing_of("triage", OLD, now)
    assert time.process_time() - begin < 0.5


def test_a_group_in_a_seat_stands_for_its_members_as_they_are_now(world: World) -> None:
    assert world.state.context("triage", T0).validators == {VAL, VIC}
    world.admin("group.set", name="validation", members=[VIC])
    assert world.state.context("triage", T0).validators == {VIC}


def test_who_left_signs_and_approves_nothing(world: World) -> None:
    for sub in (VAL, RIA):
        world.admin("person.status", sub=sub, status="left", until=None)
    context = world.state.context("triage", T0)
    assert (context.validators, context.risk_approvers) == ({VIC}, frozenset())


def test_seats_are_resolved_in_their_order_and_nobody_twice(world: World) -> None:
    resolved = world.state.resolved((OUT, "group:validation", VIC, "group:unknown", ANN))
    assert resolved == (OUT, VAL, VIC, ANN)


def test_the_owner_answers_and_deputies_stand_in(world: World) -> None:
    assert world.state.acting_owner("triage", T0) == ANN
    world.admin("person.status", sub=ANN, status="left", until=None)
    assert world.state.acting_owner("triage", T0) == BOB
    world.admin("person.status", sub=BOB, status="away", until=None)
    assert world.state.acting_owner("triage", T0) is None
    assert world.state.acting_owner("unregistered", T0) is None


def test_somebody_away_until_a_day_is_back_on_it(world: World) -> None:
    world.admin("person.status", sub=ANN, status="away", until="2026-03-05")
    assert world.state.people[ANN].until == date(2026, 3, 5)
    assert world.state.acting_owner("triage", datetime(2026, 3, 4, 23, 59)) == BOB
    assert world.state.acting_owner("triage", datetime(2026, 3, 5)) == ANN


def test_an_owner_who_is_away_closes_nothing_while_a_deputy_is_there(validated: World) -> None:
    validated.admin("person.status", 3, sub=ANN, status="away", until="2026-03-20")
    assert validated.open(4)
    validated.admin("person.status", 5, sub=BOB, status="away", until=None)
    assert not validated.open(6)
    # The owner comes back by the calendar alone.
    assert validated.open(18)


def test_nobody_left_in_the_owners_seat_closes_the_gate_until_somebody_is(
    validated: World,
) -> None:
    for sub in (ANN, BOB):
        validated.admin("person.status", 3, sub=sub, status="left", until=None)
    found = validated.state.standing_of("triage", OLD, T0 + 4 * DAY)
    assert (found.open, found.reason) == (False, "There is no owner.")
    validated.enter(spec_of(owner=VIC, validators=(VAL,)), day=5)
    assert validated.open(6)


def test_the_entry_in_force_at_any_time_can_be_asked_for(world: World) -> None:
    world.enter(spec_of(tolerance_ppm=1), ANN, "owner", day=4)
    world.enter(spec_of(tolerance_ppm=2), ANN, "owner", day=8)

    def tolerance(day: float) -> int | None:
        entry = world.state.entry_at("triage", T0 + day * DAY)
        return None if entry is None else entry.spec.tolerance_ppm

    days = (-1, 0, 3.99, 4, 7.99, 8, 99)
    assert [tolerance(day) for day in days] == [None, 50_000, 50_000, 1, 1, 2, 2]
    assert world.state.entry_at("unregistered", T0) is None
    assert [entry.seq for entry in world.state.history["triage"]] == [
        *(FOUNDED.state.size - 1, FOUNDED.state.size, FOUNDED.state.size + 1)
    ]


def test_a_clock_set_back_reopens_nothing(validated: World) -> None:
    assert validated.open(59)
    validated.admin("gate.mode", 60, mode="local")
    assert not validated.open(59)
    assert not validated.open(-1000)


def test_production_mode_refuses_signatures_made_without_sign_on(world: World) -> None:
    world.submit(1)
    world.sign(2, assurance="none")
    assert world.open(3)
    world.admin("gate.mode", 3, mode="production")
    found = world.state.standing_of("triage", OLD, T0 + 4 * DAY)
    assert (found.state, found.open) == ("validated", False)
    assert "without sign-on" in found.reason
    world.submit(4)
    world.sign(5, assurance="re-authenticated")
    assert world.open(6)
