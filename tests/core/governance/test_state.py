"""The state replayed from acts: what each kind changes, what is refused, and what it is asked."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from core.governance.advance import advance, check, replay
from core.governance.permissions import Refused
from core.governance.state import EMPTY, State, TokenGrant
from core.registry.escalation_rules import Band, Rules
from core.registry.signal_spec import (
    Costs,
    Handling,
    Queue,
    Responsible,
    SignalSpec,
)
from core.registry.spec_json import hashes_as_written, material_sha256, spec_sha256, to_json
from core.trail.acts import SYSTEM, Act, Actor, Assurance, Proposal, Signature, stamp
from core.trail.fingerprint import Fingerprint
from tests.worlds.entries import spec_with

T0 = datetime(2026, 3, 2, 9)
DAY = timedelta(days=1)
ADA, ANN, BOB, VAL, VIC, RIA, OUT, STRANGER = (f"p-{i:016x}" for i in range(8))
EVIDENCE = "e" * 64
OLD, NEW = Fingerprint(model_version="m-1"), Fingerprint(model_version="m-2")
PROGRAM = Actor(SYSTEM, SYSTEM, via="system")


def spec_of(name: str = "triage", **changed: Any) -> SignalSpec:
    least = spec_with(
        name=name,
        owner=ANN,
        deputies=(BOB,),
        validators=("group:validation",),
        risk_approvers=("group:risk",),
        responsible=Responsible(ANN, ANN, BOB),
    )
    return replace(least, **changed)


def body_of(spec: SignalSpec) -> dict[str, Any]:
    return {
        "spec": to_json(spec),
        "spec_sha256": spec_sha256(spec),
        "material_sha256": material_sha256(spec),
    }


class World:
    """A trail in memory: acts are checked and replayed one after the other."""

    def __init__(self, state: State = EMPTY) -> None:
        self.state = state
        self.acts: list[Act] = []

    def do(
        self,
        kind: str,
        sub: str,
        role: str,
        day: float = 0,
        *,
        signal: str | None = None,
        fingerprint: Fingerprint | None = None,
        signature: Signature | None = None,
        assurance: Assurance = "signed-on",
        body: Mapping[str, Any] | None = None,
    ) -> Act:
        actor = Actor(sub, role, assurance)
        proposal = Proposal(kind, actor, signal, fingerprint, body or {}, signature)
        at = max(T0 + day * DAY, self.state.last_at)
        before, after = check(self.state, proposal, at)
        act = Act(
            seq=self.state.size,
            at=at,
            kind=kind,
            actor=actor,
            signal=signal,
            fingerprint=fingerprint,
            before=before,
            after=after,
            body=body or {},
            signature=signature,
        )
        self.state = advance(self.state, act)
        self.acts.append(act)
        return act

    def program(self, kind: str, day: float = 0, **options: Any) -> Act:
        return self.do(kind, SYSTEM, SYSTEM, day, **options)

    def admin(self, kind: str, day: float = 0, **body: Any) -> Act:
        return self.do(kind, ADA, "admin", day, body=body)

    def enter(self, spec: SignalSpec, sub: str = ADA, role: str = "admin", day: float = 0) -> Act:
        return self.do("registry.set", sub, role, day, signal=spec.name, body=body_of(spec))

    def submit(self, day: float, print_: Fingerprint = OLD, signal: str = "triage") -> Act:
        entry = self.state.entries[signal]
        return self.do(
            "validation.submitted",
            ANN,
            "owner",
            day,
            signal=signal,
            fingerprint=print_,
            body={
                "evidence": EVIDENCE,
                "material_sha256": entry.material_sha256,
                "criteria_met": True,
                "author": ANN,
            },
        )

    def sign(
        self,
        day: float,
        print_: Fingerprint = OLD,
        *,
        until: float = 60,
        signal: str = "triage",
        assurance: Assurance = "signed-on",
    ) -> Act:
        return self.do(
            "validation.signed",
            VAL,
            "validator",
            day,
            signal=signal,
            fingerprint=print_,
            signature=Signature("I read it and it holds.", EVIDENCE),
            assurance=assurance,
            body={"until": stamp(T0 + until * DAY)},
        )

    def stop(self, day: float, print_: Fingerprint = OLD, sub: str = OUT) -> Act:
        body = {"trigger": "stop", "reason": "Odd."}
        return self.do(
            "validation.suspended", sub, "viewer", day, signal="triage", fingerprint=print_,
            body=body,
        )  # fmt: skip

    def open(self, day: float, print_: Fingerprint = OLD, signal: str = "triage") -> bool:
        return self.state.standing_of(signal, print_, T0 + day * DAY).open


def founded() -> World:
    world = World()
    world.program("trail.started", body={"origin": "o", "key": "k", "program": "1"})
    for sub in (ADA, ANN, BOB, VAL, VIC, RIA, OUT):
        world.program("person.added", body={"sub": sub})
    world.do("role.granted", ADA, "viewer", body={"sub": ADA, "role": "admin"})
    world.admin("group.set", name="validation", members=[VAL, VIC])
    world.admin("group.set", name="group:risk", members=[RIA])
    world.enter(spec_of())
    return world


FOUNDED = founded()


@pytest.fixture
def world() -> World:
    copy = World(FOUNDED.state)
    copy.acts = list(FOUNDED.acts)
    return copy


@pytest.fixture
def validated(world: World) -> World:
    world.submit(1)
    world.sign(2)
    return world


# The trail as a whole.


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


def test_asking_the_standing_is_quick_enough_for_a_gate(validated: World) -> None:
    now = T0 + 3 * DAY
    begin = time.process_time()
    for _ in range(20_000):
        validated.state.standing_of("triage", OLD, now)
    assert time.process_time() - begin < 0.5


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


@pytest.mark.parametrize(
    "kind",
    ["finding.opened", "finding.recurred", "finding.resolved"],
)
def test_findings_change_nothing_but_the_size(world: World, kind: str) -> None:
    before = world.state
    act = world.program(kind, signal="triage", body={"finding": "n-1"})
    assert (act.before, act.after) == (None, None)
    assert world.state == replace(before, size=before.size + 1, last_at=act.at)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("key.changed", {"key": "k2"}),
        ("person.forgotten", {"sub": OUT}),
        ("person.named", {"sub": OUT, "names": "0" * 64}),
    ],
)
def test_what_stands_elsewhere_changes_nothing_but_the_size(
    world: World, kind: str, body: dict[str, Any]
) -> None:
    before = world.state
    act = world.admin(kind, **body)
    assert world.state == replace(before, size=before.size + 1, last_at=act.at)


def test_a_token_is_what_its_act_gave_until_it_is_taken_back(world: World) -> None:
    world.admin("token.created", token="t-1", scopes=["read"], label="x", secret_sha256="0" * 64)
    assert world.state.tokens == {"t-1": TokenGrant(("read",), "x", "0" * 64, ADA)}
    world.admin("token.revoked", token="t-1")
    assert world.state.tokens["t-1"].revoked


def test_a_token_is_given_once_and_only_one_that_was_given_is_taken_back(world: World) -> None:
    world.admin("token.created", token="t-1", scopes=["read"], label="x")
    for kind, token in (("token.created", "t-1"), ("token.revoked", "t-2")):
        with pytest.raises(Refused, match=token):
            world.admin(kind, token=token, scopes=["read"], label="x")


def test_a_refused_act_changes_nothing(validated: World) -> None:
    before, acts = validated.state, list(validated.acts)
    with pytest.raises(Refused):
        validated.sign(3)
    assert validated.state is before
    assert replay(acts) == before


# The first admin.


def people_only() -> World:
    world = World()
    world.program("trail.started")
    for sub in (ADA, ANN):
        world.program("person.added", body={"sub": sub})
    return world


def test_the_first_admin_names_themselves_once() -> None:
    world = people_only()
    world.do("role.granted", ADA, "viewer", body={"sub": ADA, "role": "admin"})
    assert world.state.grants[ADA] == {"admin"}
    with pytest.raises(Refused, match="Only an admin may grant a role"):
        world.do("role.granted", ANN, "viewer", body={"sub": ANN, "role": "admin"})


@pytest.mark.parametrize(
    ("sub", "role"), [(ANN, "admin"), (ADA, "risk_approver"), (ADA, "auditor")]
)
def test_the_first_grant_is_admin_to_oneself(sub: str, role: str) -> None:
    with pytest.raises(Refused, match="The first role that is granted is admin"):
        people_only().do("role.granted", ADA, "viewer", body={"sub": sub, "role": role})


def test_somebody_unknown_cannot_name_themselves_admin() -> None:
    with pytest.raises(Refused, match="is not known to this ledger"):
        people_only().do(
            "role.granted", STRANGER, "viewer", body={"sub": STRANGER, "role": "admin"}
        )


def test_there_is_always_an_admin(world: World) -> None:
    with pytest.raises(Refused, match="is the only admin"):
        world.admin("role.revoked", sub=ADA, role="admin")
    with pytest.raises(Refused, match="is the only admin"):
        world.admin("person.status", sub=ADA, status="left", until=None)
    world.admin("role.granted", sub=OUT, role="admin")
    world.admin("role.revoked", sub=ADA, role="admin")
    assert world.state.grants[ADA] == frozenset()


def test_neither_who_left_nor_who_holds_another_role_counts_as_an_admin(world: World) -> None:
    world.admin("role.granted", sub=OUT, role="admin")
    world.admin("role.granted", sub=VIC, role="auditor")
    world.admin("person.status", sub=OUT, status="left", until=None)
    with pytest.raises(Refused, match="is the only admin"):
        world.admin("role.revoked", sub=ADA, role="admin")


# Admins say who signs, and so do not sign.


def test_an_admin_comes_into_no_seat_that_signs_or_approves(world: World) -> None:
    with pytest.raises(Refused, match="an admin cannot sign or approve"):
        world.admin("group.set", name="validation", members=[VAL, ADA])
    with pytest.raises(Refused, match="an admin cannot sign or approve"):
        world.admin("role.granted", sub=ADA, role="risk_approver")
    with pytest.raises(Refused, match="an admin cannot sign or approve"):
        world.enter(spec_of(risk_approvers=(ADA,)))
    world.admin("group.set", name="team", members=[ADA, ANN])
    with pytest.raises(Refused, match="an admin cannot sign or approve"):
        world.enter(spec_of(validators=("group:team",)))


@pytest.mark.parametrize("sub", [VAL, RIA])
def test_who_signs_or_approves_does_not_become_an_admin(world: World, sub: str) -> None:
    with pytest.raises(Refused, match="signs or approves"):
        world.admin("role.granted", sub=sub, role="admin")


def test_a_granted_risk_approver_does_not_become_an_admin(world: World) -> None:
    world.admin("role.granted", sub=OUT, role="risk_approver")
    with pytest.raises(Refused, match="signs or approves"):
        world.admin("role.granted", sub=OUT, role="admin")


# People, groups, grants.


@pytest.mark.parametrize(
    ("kind", "body", "words"),
    [
        ("person.added", {"sub": ANN}, "known already"),
        ("person.added", {"sub": "system"}, "nobody's id"),
        ("person.added", {"sub": "group:x"}, "nobody's id"),
        ("person.added", {}, "sub of person.added must be text"),
        ("person.status", {"sub": STRANGER, "status": "left"}, "not known"),
        ("person.status", {"sub": ANN, "status": "ill"}, "must be active, away or left"),
        ("person.status", {"sub": ANN, "status": "left", "until": "2026-04-01"}, "has none"),
        ("person.status", {"sub": ANN, "status": "away", "until": "20260401"}, "must be a day"),
        ("person.status", {"sub": ANN, "status": "away", "until": "2026-02-30"}, "must be a day"),
        ("person.forgotten", {"sub": STRANGER}, "not known"),
        ("group.set", {"name": "g", "members": [STRANGER]}, "not known"),
        ("group.set", {"name": "g", "members": ANN}, "must be a list"),
        ("group.set", {"members": []}, "name of group.set must be text"),
        ("role.granted", {"sub": ANN, "role": "owner"}, "must be one of admin, auditor"),
        ("role.granted", {"sub": ADA, "role": "admin"}, "is admin already"),
        ("role.granted", {"sub": STRANGER, "role": "admin"}, "not known"),
        ("role.revoked", {"sub": ANN, "role": "auditor"}, "is no auditor"),
        ("gate.mode", {"mode": "loose"}, "must be local or production"),
    ],
)
def test_an_admins_act_that_makes_no_sense_is_refused(
    world: World, kind: str, body: dict[str, Any], words: str
) -> None:
    with pytest.raises(Refused, match=words):
        world.admin(kind, **body)


def test_roles_are_granted_and_taken_back(world: World) -> None:
    world.admin("role.granted", sub=OUT, role="auditor")
    world.admin("role.granted", sub=OUT, role="risk_approver")
    world.admin("role.revoked", sub=OUT, role="auditor")
    assert world.state.grants[OUT] == {"risk_approver"}


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


# The owner's seat.


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
    assert (found.open, found.reason) == (False, "No owner is there.")
    validated.enter(spec_of(owner=VIC, validators=(VAL,)), day=5)
    assert validated.open(6)


# The registry.


def test_an_entry_is_held_against_its_hashes_and_its_signal(world: World) -> None:
    spec = spec_of()
    for changed in ({"spec_sha256": "x"}, {"material_sha256": "x"}):
        with pytest.raises(Refused, match="is not that of the entry"):
            world.do("registry.set", ANN, "owner", signal="triage",
                     body={**body_of(spec), **changed})  # fmt: skip
    with pytest.raises(Refused, match="The entry is about triage, and the act about other"):
        world.do("registry.set", ADA, "admin", signal="other", body=body_of(spec))


def test_an_entry_written_before_a_field_existed_is_read_and_held_against_its_own_hashes(
    world: World,
) -> None:
    written = body_of(spec_of("older"))["spec"]
    for name in ("handling", "costs"):
        del written[name]
    whole, material = hashes_as_written(written)
    body = {"spec": written, "spec_sha256": whole, "material_sha256": material}
    act = world.do("registry.set", ADA, "admin", signal="older", body=body)
    text = act.to_text(log="o", prev="")
    assert "handling" not in text
    state = advance(replay(world.acts[:-1]), Act.of_text(text))
    assert state.entries["older"].spec == spec_of("older")
    assert state.entries["older"].spec_sha256 == whole != spec_sha256(spec_of("older"))
    assert state.entries["older"].material_sha256 == material_sha256(spec_of("older"))


def test_queues_and_costs_leave_validations_as_they_are(validated: World) -> None:
    spec = spec_of(handling=Handling(Queue("desk", 8)), costs=Costs("EUR", 1, 2, 3))
    validated.enter(spec, ANN, "owner", 3)
    assert validated.state.entries["triage"].spec == spec
    assert validated.open(3)


@pytest.mark.parametrize("spec", [None, {}, {"name": "triage"}, "text"])
def test_what_is_no_entry_is_refused(world: World, spec: object) -> None:
    with pytest.raises(Refused, match="This is no registry entry"):
        world.do("registry.set", ANN, "owner", signal="triage", body={"spec": spec})


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"owner": "group:validation"}, "spec.owner"),
        ({"deputies": (ANN,)}, "spec.deputies"),
        ({"tolerance_ppm": 0, "decision": " "}, "spec.decision"),
        ({"rules": Rules((Band(None, "automate"),))}, "spec.escalation"),
    ],
)
def test_an_entry_that_makes_no_sense_is_not_registered(
    world: World, changed: dict[str, Any], words: str
) -> None:
    with pytest.raises(Refused, match=f"triage cannot be registered so: {words}"):
        world.enter(spec_of(**changed), ANN, "owner")


@pytest.mark.parametrize(
    "changed",
    [
        {"owner": STRANGER},
        {"deputies": (STRANGER,)},
        {"validators": (STRANGER,)},
        {"risk_approvers": (STRANGER,)},
        {"responsible": Responsible(ANN, STRANGER, BOB)},
    ],
)
def test_nobody_unknown_is_put_in_a_seat(world: World, changed: dict[str, Any]) -> None:
    with pytest.raises(Refused, match=rf"{STRANGER} among .* is not known"):
        world.enter(spec_of(**changed), ANN, "owner")


def test_an_admin_fills_seats_but_leaves_the_rules_to_the_owner(world: World) -> None:
    world.enter(spec_of(owner=BOB, deputies=()))
    with pytest.raises(Refused, match="Only the owner or a deputy changes the rules"):
        world.enter(spec_of(owner=BOB, deputies=(), tolerance_ppm=60_000))
    world.enter(spec_of(owner=BOB, deputies=(), tolerance_ppm=60_000), BOB, "owner")
    assert world.state.entries["triage"].spec.tolerance_ppm == 60_000


def test_changed_rules_suspend_what_is_open_and_send_evidence_back(validated: World) -> None:
    validated.submit(3, NEW)
    validated.enter(spec_of(tolerance_ppm=60_000), ANN, "owner", day=4)
    found = validated.state.standing_of("triage", OLD, T0 + 5 * DAY)
    assert (found.state, found.open, found.reason) == (
        *("suspended", False),
        "The rules changed on 2026-03-06 and were not validated since.",
    )
    sent_back = validated.state.validations["triage", NEW]
    assert (sent_back.state, sent_back.candidate) == ("draft", None)


def test_rules_changed_back_stay_suspended_until_validated_anew(validated: World) -> None:
    validated.enter(spec_of(tolerance_ppm=60_000), ANN, "owner", day=4)
    validated.enter(spec_of(), ANN, "owner", day=5)
    assert not validated.open(6)
    validated.submit(6)
    validated.sign(7)
    assert validated.open(8)


def test_changed_seats_and_labels_leave_validations_as_they_are(validated: World) -> None:
    before = validated.state.validations
    validated.enter(spec_of(owner=BOB, deputies=(ANN,), labels=(("team", "x"),)), day=4)
    assert validated.state.validations == before
    assert validated.open(5)


def test_changed_rules_of_a_signal_leave_others_as_they_are(validated: World) -> None:
    validated.enter(spec_of("other"), day=3)
    validated.enter(spec_of("other", tolerance_ppm=1), ANN, "owner", day=4)
    assert validated.open(5)


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


# Validations in the state.


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


def test_a_clock_set_back_reopens_nothing(validated: World) -> None:
    assert validated.open(59)
    validated.admin("gate.mode", 60, mode="local")
    assert not validated.open(59)
    assert not validated.open(-1000)


def test_an_act_under_a_clock_set_back_is_judged_at_the_time_of_the_last(
    validated: World,
) -> None:
    validated.admin("gate.mode", 60, mode="local")
    proposal = Proposal(
        "validation.expired", PROGRAM, "triage", OLD, {"until": stamp(T0 + 60 * DAY)}
    )
    assert check(validated.state, proposal, T0) == ("validated", "expired")


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


# Imports and decisions.


def test_imports_are_recorded_once(world: World) -> None:
    world.program("import.recorded", body={"import_id": 1})
    world.program("import.recorded", body={"import_id": 3})
    assert world.state.imports == {1, 3}
    with pytest.raises(Refused, match="Import 3 is recorded already"):
        world.program("import.recorded", body={"import_id": 3})


@pytest.mark.parametrize("number", [None, 0, -1, True, "1"])
def test_an_import_has_a_number(world: World, number: object) -> None:
    with pytest.raises(Refused, match=r"import_id of import\.recorded must be a whole number"):
        world.program("import.recorded", body={"import_id": number})


def test_decisions_are_sealed_onwards(world: World) -> None:
    assert world.state.sealed_to == 0
    world.program("decisions.sealed", body={"first": 1, "last": 7})
    world.program("decisions.sealed", body={"first": 8, "last": 8})
    assert world.state.sealed_to == 8
    for first, last in ((8, 9), (10, 9)):
        with pytest.raises(Refused, match="do not follow those sealed up to 8"):
            world.program("decisions.sealed", body={"first": first, "last": last})
