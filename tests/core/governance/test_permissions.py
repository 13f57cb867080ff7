"""Who may do what: every kind of act against every role, and what narrows it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from core.governance.bodies.refusal import Refused
from core.governance.permissions import GRANTABLE, allowed_roles, authorize, roles_of, who_may
from core.governance.state import Entry, Person, State
from core.registry.signal_spec import Responsible, SignalSpec
from core.registry.spec_json import material_sha256, spec_sha256
from core.trail.act_kinds import KINDS, ROLES
from core.trail.acts import SYSTEM, Actor
from tests.worlds.governed.entries import spec_with

AT = datetime(2026, 1, 5, 9)

#: Every kind of act, and who may do it about a registered signal of high stakes.
MAY: dict[str, set[str]] = {
    "trail.started": {"system"},
    "key.changed": {"admin"},
    "person.added": {"admin", "system"},
    "person.named": {"admin", "system"},
    "person.status": {"admin"},
    "person.forgotten": {"admin"},
    "person.bound": {"admin"},
    "person.unbound": {"admin"},
    "group.set": {"admin"},
    "role.granted": {"admin"},
    "role.revoked": {"admin"},
    "gate.mode": {"admin"},
    "registry.set": {"owner", "deputy", "admin"},
    "threshold.run": {*ROLES},
    "fingerprint.seen": {"system"},
    "validation.submitted": {"owner", "deputy"},
    "recalibration.judged": {"system"},
    "validation.signed": {"validator"},
    "validation.rejected": {"validator"},
    "validation.suspended": {*ROLES, "system"},
    "validation.expired": {"system"},
    "waiver.requested": {"deputy", "risk_approver"},
    "waiver.approved": {"risk_approver"},
    "retirement.requested": {"owner", "deputy"},
    "retirement.approved": {"validator"},
    "finding.opened": {"system"},
    "finding.recurred": {"system"},
    "finding.revised": {"system"},
    "finding.acknowledged": {"owner", "deputy", "responsible"},
    "finding.resolved": {"owner", "deputy", "system"},
    "finding.waived": {"risk_approver"},
    "finding_kind.turned_down": {"owner", "deputy"},
    "finding_kind.turned_up": {"owner", "deputy"},
    "import.recorded": {"system"},
    "cells.loaded": {"system"},
    "label.withdrawn": {"owner", "deputy", "validator"},
    "label.confirmed": {"owner", "deputy", "validator"},
    "decisions.sealed": {"system"},
    "check.run": {"system"},
    "signal.remeasured": {"system"},
    "notices.resumed": {"admin", "system"},
    "canary.kept": {"owner", "deputy", "validator"},
    "canary.asked": {"system"},
    "audit.drawn": {"owner", "deputy", "validator", "system"},
    "token.created": {"admin"},
    "token.revoked": {"admin"},
}

#: One person in each role at the signal, and in no other but viewer.
HOLDER = {role: f"p-{role}" for role in ROLES}


def spec_of(*, stakes: str = "high", self_sign: bool = False) -> SignalSpec:
    return spec_with(
        stakes=stakes,
        owner=HOLDER["owner"],
        deputies=(HOLDER["deputy"],),
        validators=("group:validation",),
        risk_approvers=(HOLDER["risk_approver"],),
        responsible=Responsible(HOLDER["owner"], HOLDER["deputy"], HOLDER["responsible"]),
        validation=replace(spec_with().validation, self_sign=self_sign),
    )


def state_of(spec: SignalSpec) -> State:
    entry = Entry(spec, spec_sha256(spec), material_sha256(spec), 3, AT)
    return State(
        size=10,
        last_at=AT,
        people={sub: Person() for sub in HOLDER.values()},
        groups={"validation": frozenset({HOLDER["validator"]})},
        grants={
            HOLDER["admin"]: frozenset({"admin"}),
            HOLDER["auditor"]: frozenset({"auditor"}),
        },
        had_admin=True,
        entries={spec.name: entry},
        history={spec.name: (entry,)},
    )


STATE = state_of(spec_of())


def may(state: State, actor: Actor, kind: str, signal: str | None = "triage") -> bool:
    try:
        authorize(state, actor, kind, signal)
    except Refused:
        return False
    return True


def test_the_table_of_this_test_names_every_kind() -> None:
    assert MAY.keys() == KINDS.keys()


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_role_may_do_what_the_table_says_and_nothing_else(kind: str, role: str) -> None:
    assert may(STATE, Actor(HOLDER[role], role), kind) == (role in MAY[kind])


@pytest.mark.parametrize("kind", KINDS)
def test_the_program_may_do_what_the_table_says_and_nothing_else(kind: str) -> None:
    assert may(STATE, Actor(SYSTEM, SYSTEM), kind) == ("system" in MAY[kind])
    assert KINDS[kind].program == ("system" in MAY[kind])


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_may_act_in_a_role_they_do_not_hold(kind: str) -> None:
    for role in set(ROLES) - {"viewer"}:
        assert not may(STATE, Actor(HOLDER["viewer"], role), kind)


@pytest.mark.parametrize("kind", KINDS)
def test_who_left_and_who_is_unknown_may_do_nothing(kind: str) -> None:
    people = {sub: Person("left") for sub in HOLDER.values()}
    for role in ROLES:
        assert not may(replace(STATE, people=people), Actor(HOLDER[role], role), kind)
        assert not may(STATE, Actor("p-stranger", role), kind)


@pytest.mark.parametrize("kind", KINDS)
def test_only_the_program_is_the_program(kind: str) -> None:
    assert not may(STATE, Actor(HOLDER["admin"], SYSTEM), kind)
    assert not may(STATE, Actor(SYSTEM, "admin"), kind)


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(Refused, match="no act of the kind 'validation"):
        authorize(STATE, Actor(HOLDER["admin"], "admin"), "validation.forged", "triage")
    with pytest.raises(Refused, match="There is no act of the kind"):
        allowed_roles("validation.forged")


def test_everybody_holds_the_roles_of_their_seats_and_grants() -> None:
    for role, sub in HOLDER.items():
        assert roles_of(STATE, sub, "triage") == {"viewer", role}


def test_seats_are_roles_at_their_signal_only() -> None:
    for role in ("validator", "risk_approver"):
        assert roles_of(STATE, HOLDER[role], None) == {"viewer"}
    for role in ("owner", "deputy", "responsible", "validator", "risk_approver"):
        assert roles_of(STATE, HOLDER[role], "another") == {"viewer"}


def test_who_is_responsible_for_a_part_is_so_for_the_ledger_as_a_whole_too() -> None:
    for role in ("owner", "deputy", "responsible"):
        assert roles_of(STATE, HOLDER[role], None) == {"viewer", "responsible"}
        assert may(STATE, Actor(HOLDER[role], "responsible"), "finding.acknowledged", None)
    assert not may(STATE, Actor(HOLDER["responsible"], "responsible"), "finding.waived", None)


def test_a_granted_risk_approver_is_one_everywhere() -> None:
    state = replace(STATE, grants={HOLDER["viewer"]: frozenset({"risk_approver"})})
    for signal in (None, "triage", "another"):
        assert roles_of(state, HOLDER["viewer"], signal) == {"viewer", "risk_approver"}


def test_who_left_or_is_unknown_holds_no_role() -> None:
    left = replace(STATE, people={**STATE.people, HOLDER["admin"]: Person("left")})
    assert roles_of(left, HOLDER["admin"], None) == frozenset()
    assert roles_of(STATE, "p-stranger", "triage") == frozenset()


def test_being_away_takes_no_role() -> None:
    away = replace(STATE, people={**STATE.people, HOLDER["owner"]: Person("away")})
    assert roles_of(away, HOLDER["owner"], "triage") == {"viewer", "owner"}


@pytest.mark.parametrize("kind", ["validation.signed", "validation.rejected"])
@pytest.mark.parametrize("role", ["owner", "deputy"])
def test_owner_and_deputies_judge_their_own_evidence_only_where_the_entry_lets_them(
    kind: str, role: str
) -> None:
    own = Actor(HOLDER[role], role)
    assert may(state_of(spec_of(stakes="low", self_sign=True)), own, kind)
    assert not may(state_of(spec_of(stakes="low")), own, kind)
    # Stakes that are not low win over what the plan says.
    assert not may(state_of(spec_of(stakes="medium", self_sign=True)), own, kind)


@pytest.mark.parametrize("kind", ["finding.acknowledged", "finding.resolved"])
@pytest.mark.parametrize("signal", [None, "unregistered"])
def test_an_admin_answers_for_findings_that_have_no_owner(kind: str, signal: str | None) -> None:
    admin = Actor(HOLDER["admin"], "admin")
    assert may(STATE, admin, kind, signal)
    assert not may(STATE, admin, kind, "triage")


def test_only_an_admin_writes_the_first_entry_of_a_signal() -> None:
    assert may(STATE, Actor(HOLDER["admin"], "admin"), "registry.set", "another")
    for role in ("owner", "deputy"):
        assert not may(STATE, Actor(HOLDER[role], role), "registry.set", "another")


def test_while_there_was_no_admin_anybody_known_may_grant_a_role() -> None:
    anybody = Actor(HOLDER["viewer"], "viewer")
    assert may(replace(STATE, grants={}, had_admin=False), anybody, "role.granted", None)
    assert not may(STATE, anybody, "role.granted", None)
    assert not may(replace(STATE, grants={}), anybody, "role.granted", None)


def test_the_roles_that_may_ever_do_a_kind_hold_those_that_may_now() -> None:
    for kind in KINDS:
        if kind != "role.granted":
            assert who_may(STATE, kind, "triage") <= allowed_roles(kind)
        assert who_may(STATE, kind, "triage") == MAY[kind] - {"system"}


@pytest.mark.parametrize(
    ("actor", "kind", "words"),
    [
        (
            Actor(HOLDER["owner"], "owner"),
            "validation.signed",
            "Only a validator may sign a validation, and p-owner acts as owner.",
        ),
        (
            Actor(HOLDER["viewer"], "owner"),
            "validation.submitted",
            "p-viewer does not act as owner here but as viewer; only the owner or a deputy may "
            "submit a validation.",
        ),
        (
            Actor(SYSTEM, SYSTEM),
            "validation.signed",
            "The program itself may not sign a validation; a validator may.",
        ),
        (
            Actor(HOLDER["admin"], "admin"),
            "import.recorded",
            "Only the program itself may record an import.",
        ),
        (
            Actor("p-stranger", "viewer"),
            "validation.suspended",
            "p-stranger is not known to this ledger; an admin adds people.",
        ),
    ],
)
def test_a_refusal_says_who_may(actor: Actor, kind: str, words: str) -> None:
    with pytest.raises(Refused) as refused:
        authorize(STATE, actor, kind, "triage")
    assert str(refused.value) == words


def test_what_is_granted_is_a_role() -> None:
    assert set(GRANTABLE) <= set(ROLES)
