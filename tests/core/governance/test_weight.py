"""Which acts their actor signs on once more for."""

from __future__ import annotations

from datetime import datetime

import pytest

from core.governance.state import Person, State
from core.governance.weight import of_weight
from core.trail.act_kinds import KINDS
from core.trail.acts import Actor, Proposal

STATE = State(
    size=3,
    last_at=datetime(2026, 1, 5),
    people={one: Person(one) for one in ("active", "away", "left")},
)
KIM = Actor("kim", "admin")


@pytest.mark.parametrize("before", ["active", "away", "left"])
@pytest.mark.parametrize("after", ["active", "away", "left"])
def test_to_leave_and_to_come_back_is_of_weight_and_to_be_away_is_not(
    before: str, after: str
) -> None:
    asked = Proposal("person.status", KIM, body={"sub": before, "status": after})
    assert of_weight(STATE, asked) == ((before == "left") != (after == "left"))


def test_somebody_unknown_was_never_away() -> None:
    for status, weighty in (("left", True), ("away", False)):
        asked = Proposal("person.status", KIM, body={"sub": "nobody", "status": status})
        assert of_weight(STATE, asked) == weighty


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"person.status"}))
def test_of_every_other_kind_each_act_is_or_none(kind: str) -> None:
    assert of_weight(STATE, Proposal(kind, KIM)) == KINDS[kind].weighty
