"""Kinds of finding that are always waived are turned down by their owner, and heard again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest

from core.findings.lifecycle import Finding
from core.governance.bodies.refusal import Refused
from core.ledger.connection import Ledger
from core.monitoring.finding_responses import acknowledge, waive
from core.monitoring.rounds import outlook, rounds
from core.monitoring.turning_down import proposed_turning_down, turn_up
from core.trail.acts import Act, Actor, Proposal
from core.views.govern.answered import answered_view
from tests.worlds.governed import house as base

KIND = "new_fingerprint"


class House(base.House):
    def claims(self, model: str) -> None:
        day = self.at.date()
        self.bring(
            f"event_id,ts,signal,confidence,model_version\n{model},{day}T08:00:00Z,s,0.9,{model}\n"
        )

    def wrong(self) -> list[Finding]:
        return [one for one in outlook(self.office).findings if one.kind == KIND]

    def waived(self, *models: str) -> None:
        for model in models:
            self.claims(model)
            rounds(self.office)
        rita = Actor(self.sub("rita"), "risk_approver")
        until = self.at.date() + timedelta(days=20)
        for one in self.wrong():
            if one.state == "open":
                waive(self.office, rita, one.id, until=until, reason="a pilot")

    def turn_down(self, who: str = "ann", role: str = "owner", reason: str = "known") -> Act:
        actor = Actor(self.sub(who), role)
        return self.office.perform(
            proposed_turning_down(self.office, actor, "s", KIND, reason=reason)
        )


@pytest.fixture
def house() -> Iterator[House]:
    with Ledger.in_memory() as ledger:
        made = House(ledger)
        made.register()
        yield made


def test_what_was_waived_three_times_is_found_no_more_once_its_owner_turned_it_down(
    house: House,
) -> None:
    house.waived("m1", "m2", "m3")
    house.turn_down()
    assert house.wrong() == []
    kinds = [act.kind for act in rounds(house.office)]
    assert kinds.count("finding.resolved") == 3
    house.claims("m4")
    assert "finding.opened" not in [act.kind for act in rounds(house.office)]


def test_it_is_heard_again_after_its_days_and_when_it_is_turned_up(house: House) -> None:
    house.waived("m1", "m2", "m3")
    until = date.fromisoformat(str(house.turn_down().body["until"]))
    rounds(house.office)
    before, house.at = house.at, datetime.combine(until, datetime.max.time())
    assert house.wrong() == []
    house.at = datetime.combine(until + timedelta(days=1), datetime.min.time())
    assert len(house.wrong()) == 3
    house.at = before
    turn_up(house.office, Actor(house.sub("ann"), "owner"), "s", KIND)
    assert len(house.wrong()) == 3


def test_what_somebody_acted_on_is_not_turned_down(house: House) -> None:
    house.waived("m1", "m2", "m3")
    house.claims("m4")
    rounds(house.office)
    (new,) = (one for one in house.wrong() if one.state == "open")
    acknowledge(house.office, Actor(house.sub("ann"), "owner"), new.id, note="I look")
    with pytest.raises(Refused, match="so it changes something"):
        house.turn_down()


@pytest.mark.parametrize(
    ("who", "role", "reason", "words"),
    [
        ("ann", "owner", " ", "the reason is kept in the trail"),
        ("rita", "risk_approver", "known", "Only the owner or a deputy may turn a kind"),
    ],
)
def test_it_takes_a_reason_and_the_owners_seat(
    house: House, who: str, role: str, reason: str, words: str
) -> None:
    house.waived("m1", "m2", "m3")
    with pytest.raises(Refused, match=words):
        house.turn_down(who, role, reason)


def test_it_is_for_180_days_at_the_most(house: House) -> None:
    until = house.at.date() + timedelta(days=181)
    body = {"finding_kind": KIND, "until": f"{until}", "reason": "known"}
    actor = Actor(house.sub("ann"), "owner")
    with pytest.raises(Refused, match="for 180 days at the most"):
        house.office.perform(Proposal("finding_kind.turned_down", actor, "s", None, body))


def test_two_waivers_are_too_few(house: House) -> None:
    house.waived("m1", "m2")
    with pytest.raises(Refused, match="was waived 2 times here; from 3 times on"):
        house.turn_down()


def test_the_trail_itself_takes_only_what_was_always_waived(house: House) -> None:
    def turned_down(kind: str = KIND) -> Act:
        body = {"finding_kind": kind, "until": f"{house.at.date()}", "reason": "known"}
        actor = Actor(house.sub("ann"), "owner")
        return house.office.perform(Proposal("finding_kind.turned_down", actor, "s", None, body))

    house.waived("m1", "m2")
    with pytest.raises(Refused, match="new_fingerprint of s was waived 2 times; from 3 times on"):
        turned_down()
    with pytest.raises(Refused, match="inputs_drifted of s was waived 0 times"):
        turned_down("inputs_drifted")
    house.waived("m3")
    assert turned_down().body["finding_kind"] == KIND
    house.claims("m4")
    turn_up(house.office, Actor(house.sub("ann"), "owner"), "s", KIND)
    rounds(house.office)
    (new,) = (one for one in house.wrong() if one.state == "open")
    acknowledge(house.office, Actor(house.sub("ann"), "owner"), new.id, note="I look")
    with pytest.raises(Refused, match="Somebody acted on new_fingerprint of s"):
        turned_down()


def test_the_page_says_what_became_of_each_kind_and_what_is_kept_quiet(house: House) -> None:
    house.waived("m1", "m2", "m3")
    view = answered_view(house.ledger.cursor(), house.office.state(), house.at)
    (row,) = view.frame.to_dict("records")
    assert (row["Found"], row["Waived"], row["What that says"]) == (3, 3, "always waived")
    assert [(one.signal, one.kind) for one in view.may] == [("s", KIND)]
    assert view.may[0].said.endswith(", never acted on.")
    house.turn_down()
    view = answered_view(house.ledger.cursor(), house.office.state(), house.at)
    assert (view.may, [one.kind for one in view.quiet]) == ((), [KIND])
    assert "Miscalibrated" in view.never
