"""What acts change beside validations, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from core.governance.advance import advance, replay
from core.governance.bodies.refusal import Refused
from core.governance.state import TokenGrant
from core.registry.signal_spec import Costs, Handling, Queue
from core.registry.spec_json import hashes_as_written, material_sha256, spec_sha256
from core.trail.acts import Act
from tests.worlds.governed.acts import (
    ADA,
    ANN,
    BOB,
    DAY,
    NEW,
    OLD,
    OUT,
    STRANGER,
    T0,
    VIC,
    World,
    body_of,
    people_only,
    spec_of,
)

MONDAY = T0.date() - timedelta(days=T0.weekday())


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


@pytest.mark.parametrize(
    "changed",
    [
        {"sha256": "x"},
        {"week": "2026-99-99"},
        {"week": "a week"},
        {"week": (MONDAY - timedelta(days=1)).isoformat()},
        {"week": "9999-12-27"},
    ],
)
def test_a_weekly_sample_is_of_a_week_that_is_over(world: World, changed: dict[str, Any]) -> None:
    body = {"sha256": "0" * 64, "week": MONDAY.isoformat()}
    with pytest.raises(Refused):
        world.program("audit.drawn", signal="triage", body={**body, **changed})
    world.program("audit.drawn", signal="triage", body=body)
    assert world.state.audited["triage"] == (MONDAY, MONDAY)
