"""What a new act must not bring about."""

from __future__ import annotations

from typing import Any

import pytest

from core.governance.bodies.refusal import Refused
from core.registry.escalation_rules import RuleBand, Rules
from core.registry.signal_spec import Responsible
from tests.worlds.governed.acts import ADA, ANN, BOB, OUT, RIA, STRANGER, VAL, World, spec_of


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


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"owner": "group:validation"}, "spec.owner"),
        ({"deputies": (ANN,)}, "spec.deputies"),
        ({"tolerance_ppm": 0, "decision": " "}, "spec.decision"),
        ({"rules": Rules((RuleBand(None, "automate"),))}, "spec.escalation"),
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
