"""The state one act further: which act may come next, and from what to what it leads."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from core.governance.advance import advance, check, replay
from core.governance.bodies.refusal import Refused
from core.trail.acts import Act, Actor, Proposal, Signature, stamp
from core.trail.fingerprint import Fingerprint
from tests.worlds.governed.acts import (
    ANN,
    DAY,
    EVIDENCE,
    FOUNDED,
    NEW,
    OLD,
    OUT,
    PROGRAM,
    T0,
    VAL,
    VIC,
    World,
    spec_of,
)


def test_replaying_the_acts_gives_the_state(validated: World) -> None:
    validated.stop(3)
    assert replay(validated.acts) == validated.state


def test_acts_read_back_from_their_text_give_the_same_state(validated: World) -> None:
    read = [Act.of_text(act.to_text(log="o", prev="")) for act in validated.acts]
    assert replay(read) == validated.state


def test_ten_thousand_acts_are_replayed_within_a_second() -> None:
    world = World(FOUNDED.state)
    prints = [Fingerprint(model_version=f"m-{i}") for i in range(200)]
    for i in range(2000):
        print_, day = prints[i % 200], 1 + i / 2000
        world.submit(day, print_)
        world.sign(day, print_)
        world.stop(day, print_)
        for _ in range(2):
            number = len(world.acts)
            world.program("import.recorded", day, body={"import_id": number})
    assert len(world.acts) == 10_000
    begin = time.process_time()
    assert replay([*FOUNDED.acts, *world.acts]) == world.state
    assert time.process_time() - begin < 1


def test_an_act_of_an_unknown_kind_cannot_be_read(world: World) -> None:
    act = Act(world.state.size, T0, "validation.forged", PROGRAM)
    with pytest.raises(Refused, match="no act of the kind"):
        advance(world.state, act)


def test_only_the_next_act_follows(world: World) -> None:
    act = Act(world.state.size + 1, T0, "gate.mode", PROGRAM, body={"mode": "local"})
    with pytest.raises(Refused, match="is not the next one"):
        advance(world.state, act)


def test_an_act_is_not_dated_before_the_one_before_it(validated: World) -> None:
    act = Act(validated.state.size, T0, "gate.mode", PROGRAM, body={"mode": "local"})
    with pytest.raises(Refused, match="dated before"):
        advance(validated.state, act)


def test_an_act_that_names_another_state_than_it_led_to_cannot_be_read(validated: World) -> None:
    *acts, last = validated.acts
    for changed in (replace(last, before="draft"), replace(last, after="waived")):
        with pytest.raises(Refused, match="it leads from in_validation to validated"):
            advance(replay(acts), changed)


def test_a_trail_begins_with_its_start_and_has_only_one() -> None:
    with pytest.raises(Refused, match=r"A trail begins with trail\.started"):
        World().program("person.added", body={"sub": ANN})
    with pytest.raises(Refused, match=r"A trail begins with trail\.started"):
        World(FOUNDED.state).program("trail.started")


def test_a_refused_act_changes_nothing(validated: World) -> None:
    before, acts = validated.state, list(validated.acts)
    with pytest.raises(Refused):
        validated.sign(3)
    assert validated.state is before
    assert replay(acts) == before


def test_a_validation_belongs_to_its_signal_and_fingerprint(validated: World) -> None:
    validated.enter(spec_of("other"), day=3)
    assert validated.open(4)
    assert not validated.open(4, NEW)
    assert not validated.open(4, signal="other")


def test_nothing_opens_the_gate_for_what_nobody_wrote_down(validated: World) -> None:
    found = validated.state.standing_of("unregistered", OLD, T0)
    assert (found.state, found.open) == ("draft", False)
    found = validated.state.standing_of("triage", Fingerprint(), T0)
    assert (found.state, found.open, found.reason) == (
        *("draft", False),
        "This fingerprint was never validated.",
    )


def test_a_new_fingerprint_begins_as_a_draft(world: World) -> None:
    act = world.program("fingerprint.seen", 1, signal="triage", fingerprint=NEW)
    assert (act.before, act.after) == (None, "draft")
    again = world.program("fingerprint.seen", 2, signal="triage", fingerprint=NEW)
    assert (again.before, again.after) == ("draft", "draft")
    assert world.state.validations["triage", NEW].since == T0 + DAY


def test_acts_on_validations_name_a_registered_signal_and_a_fingerprint(world: World) -> None:
    body = {"trigger": "stop", "reason": "Odd."}
    for signal, fingerprint, words in (
        ("unregistered", OLD, "is not registered"),
        ("triage", None, "names no fingerprint"),
        (None, OLD, "names no signal"),
    ):
        with pytest.raises(Refused, match=words):
            world.do("validation.suspended", OUT, "viewer", signal=signal,
                     fingerprint=fingerprint, body=body)  # fmt: skip


def test_an_act_says_from_what_to_what_it_led(world: World) -> None:
    moved = [(act.before, act.after) for act in (world.submit(1), world.sign(2), world.submit(3))]
    assert moved == [
        ("draft", "in_validation"),
        ("in_validation", "validated"),
        ("validated", "validated"),
    ]


def test_an_expiry_is_recorded_as_the_step_it_is(validated: World) -> None:
    act = validated.program(
        "validation.expired", 61, signal="triage", fingerprint=OLD,
        body={"until": stamp(T0 + 60 * DAY)},
    )  # fmt: skip
    assert (act.before, act.after) == ("validated", "expired")


def test_an_act_after_an_expiry_nobody_recorded_says_it_met_what_expired(
    validated: World,
) -> None:
    act = validated.submit(70)
    assert (act.before, act.after) == ("expired", "in_validation")


def test_an_act_under_a_clock_set_back_is_judged_at_the_time_of_the_last(
    validated: World,
) -> None:
    validated.admin("gate.mode", 60, mode="local")
    proposal = Proposal(
        "validation.expired", PROGRAM, "triage", OLD, {"until": stamp(T0 + 60 * DAY)}
    )
    assert check(validated.state, proposal, T0) == ("validated", "expired")


def test_of_two_who_sign_at_once_the_second_is_refused(world: World) -> None:
    world.submit(1)
    seen_by_both = world.state
    signature = Signature("I read it and it holds.", EVIDENCE)
    body = {"until": stamp(T0 + 60 * DAY)}
    first, second = (
        Proposal("validation.signed", Actor(sub, "validator"), "triage", OLD, body, signature)
        for sub in (VAL, VIC)
    )
    for one in (first, second):
        assert check(seen_by_both, one, T0 + 2 * DAY) == ("in_validation", "validated")
    world.sign(2)
    with pytest.raises(Refused, match="No evidence waits for a signature"):
        check(world.state, second, T0 + 2 * DAY)
    held = world.state.validations["triage", OLD].signed
    assert held is not None
    assert held.signer == VAL
