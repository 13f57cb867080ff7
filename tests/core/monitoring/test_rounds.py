"""The rounds: what time and data brought about is recorded once, and findings come and go."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from core.findings.lifecycle import Finding
from core.gate import registry_changes as registry
from core.governance.bodies.refusal import Refused
from core.ledger.connection import Ledger
from core.monitoring import rounds as watch
from core.monitoring.finding_responses import acknowledge, waive
from core.monitoring.rounds import outlook, rounds
from core.registry.yaml_reader import read
from core.trail.acts import Actor
from core.trail.fingerprint import Fingerprint
from core.validation import steps as signing
from tests.worlds.governed import house as base
from tests.worlds.governed.entries import REPLY
from tests.worlds.governed.house import NOW

M1, M2 = Fingerprint(model_version="m1"), Fingerprint(model_version="m2")


class House(base.House):
    brought = 0

    def claims(self, signal: str, model: str, day: date, n: int = 3) -> None:
        self.rows([f"{day}T08:00:00Z,{signal},0.9,{model},"] * n)

    def rows(self, rows: Sequence[str]) -> None:
        """Claims: ts, signal, confidence, model_version and action of each."""
        self.brought += 1
        told = "".join(f"{self.brought}-{i},{row}\n" for i, row in enumerate(rows))
        self.bring("event_id,ts,signal,confidence,model_version,action\n" + told)

    def register(self, stakes: str = "high") -> None:
        super().register(REPLY.replace("high", stakes))

    def wrong(self) -> dict[str, Finding]:
        return {one.kind: one for one in outlook(self.office).findings}

    def kinds(self) -> list[str]:
        return [act.kind for act in rounds(self.office)]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with Ledger.open(tmp_path / "ledger.duckdb", create=True) as ledger:
        yield House(ledger)


def test_an_unregistered_signal_is_found_once_and_nobody_owns_it(house: House) -> None:
    house.claims("s", "m1", date(2026, 11, 20))
    assert house.kinds() == ["finding.opened"]
    found = house.wrong()["unregistered_signal"]
    assert (found.owner, found.due, found.stored) == (None, date(2026, 12, 1), True)
    assert "3 claims since 2026-11-20" in found.text


def test_a_round_writes_nothing_when_nothing_changed(house: House) -> None:
    house.claims("s", "m1", date(2026, 11, 20))
    rounds(house.office)
    size = house.office.state().size
    house.at += timedelta(days=1)
    assert house.kinds() == []
    assert house.office.state().size == size


def test_a_round_on_an_untouched_ledger_begins_no_trail(house: House) -> None:
    assert house.kinds() == []
    assert house.office.state().size == 0


def test_a_finding_that_is_gone_is_resolved_by_the_program(house: House) -> None:
    house.claims("s", "m1", date(2026, 11, 20))
    rounds(house.office)
    house.register()
    assert house.kinds() == ["fingerprint.seen", "finding.opened", "finding.resolved"]
    assert set(house.wrong()) == {"new_fingerprint"}


@pytest.mark.parametrize(("stakes", "days"), [("high", 4), ("medium", 7), ("low", 14)])
def test_stakes_say_when_a_finding_is_due_and_the_owner_answers_it(
    stakes: str, days: int, house: House
) -> None:
    house.claims("s", "m1", date(2026, 11, 20))
    house.register(stakes)
    found = house.wrong()["new_fingerprint"]
    assert found.due == NOW.date() + timedelta(days=days)
    assert found.owner == house.sub("ann")


def test_a_critical_one_is_due_in_half_the_time(house: House) -> None:
    house.claims("s", "m1", date(2026, 11, 20))
    house.register("medium")
    house.validate(M1)
    signing.stop(house.office, Actor(house.sub("val"), "validator"), "s", M1, reason="no")
    found = house.wrong()["validation_suspended"]
    assert (found.severity, found.due) == ("critical", date(2026, 11, 27))


def test_the_deputy_answers_while_the_owner_is_away(house: House) -> None:
    house.claims("s", "m1", date(2026, 11, 20))
    house.register()
    house.status("ann", "away")
    assert house.wrong()["new_fingerprint"].owner == house.sub("bob")


def test_an_empty_seat_is_found_and_resolves_when_somebody_is_back(house: House) -> None:
    house.register()
    house.status("ann", "left")
    house.status("bob", "away")
    assert house.kinds() == ["finding.opened"]
    found = house.wrong()["empty_owner_seat"]
    assert (found.severity, found.owner) == ("critical", None)
    house.status("bob", "active")
    assert house.kinds() == ["finding.resolved"]


def test_an_expiry_is_recorded_once_and_is_a_finding(house: House) -> None:
    house.claims("s", "m1", date(2026, 11, 20))
    house.register()
    house.validate(M1, days=5)
    house.at += timedelta(days=6)
    assert house.kinds().count("validation.expired") == 1
    assert set(house.wrong()) == {"validation_expired"}
    assert house.kinds() == []


def test_what_is_about_to_expire_is_told_until_new_evidence_waits(house: House) -> None:
    house.claims("s", "m1", date(2026, 11, 20))
    house.register()
    house.validate(M1, days=40)
    assert house.wrong() == {}
    house.at += timedelta(days=30)
    assert set(house.wrong()) == {"validation_expiring"}


def test_a_new_fingerprint_is_found_beside_a_validated_one(house: House) -> None:
    house.claims("s", "m1", date(2026, 11, 20))
    house.register()
    house.validate(M1)
    assert house.kinds() == []
    house.claims("s", "m2", date(2026, 11, 21))
    assert house.kinds() == ["fingerprint.seen", "finding.opened"]
    assert house.wrong()["new_fingerprint"].fingerprint == M2


def test_a_fingerprint_no_longer_in_use_is_not_found(house: House) -> None:
    house.claims("s", "m2", date(2026, 9, 1))
    house.claims("s", "m1", date(2026, 11, 20))
    house.register()
    house.validate(M1)
    assert house.wrong() == {}


def test_what_comes_again_is_the_same_finding_with_one_more_occurrence(house: House) -> None:
    house.register()
    house.status("ann", "left")
    house.status("bob", "away")
    rounds(house.office)
    first = house.wrong()["empty_owner_seat"]
    house.status("bob", "active")
    rounds(house.office)
    house.at += timedelta(days=9)
    house.status("bob", "away")
    assert house.kinds() == ["finding.recurred"]
    again = house.wrong()["empty_owner_seat"]
    assert (again.id, again.opened_at, again.occurrences) == (first.id, first.opened_at, 2)
    assert (again.state, again.due) == ("open", date(2026, 12, 5))
    assert [one.kind for one in again.history] == [
        "finding.opened",
        "finding.resolved",
        "finding.recurred",
    ]


def test_what_was_just_noticed_is_shown_before_it_is_written(house: House) -> None:
    house.claims("s", "m1", date(2026, 11, 20))
    assert not house.wrong()["unregistered_signal"].stored
    assert house.office.state().size == 0


def test_two_rounds_at_once_open_a_finding_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.claims("s", "m1", date(2026, 11, 20))
    acting: Callable[..., object] = house.office.acting

    def late(*given: object) -> object:
        # Between looking and writing somebody else makes the same round.
        monkeypatch.setattr(house.office, "acting", acting)
        rounds(house.office)
        return acting(*given)

    monkeypatch.setattr(house.office, "acting", late)
    rounds(house.office)
    assert house.wrong()["unregistered_signal"].occurrences == 1


def new_fingerprint(house: House) -> Finding:
    house.claims("s", "m1", date(2026, 11, 20))
    house.register()
    return house.wrong()["new_fingerprint"]


def test_acknowledging_writes_the_finding_first(house: House) -> None:
    found = new_fingerprint(house)
    acknowledge(house.office, Actor(house.sub("ann"), "owner"), found.id, note=" measuring it ")
    now = house.wrong()["new_fingerprint"]
    assert (now.state, now.stored) == ("acknowledged", True)
    assert [(one.kind, one.note) for one in now.history] == [
        ("finding.opened", ""),
        ("finding.acknowledged", "measuring it"),
    ]


def test_a_waived_finding_waits_until_its_day_and_is_open_again_on_the_next(house: House) -> None:
    found = new_fingerprint(house)
    approver = Actor(house.sub("rita"), "risk_approver")
    waive(house.office, approver, found.id, until=date(2026, 12, 1), reason="a pilot")
    assert house.wrong()["new_fingerprint"].state == "waived"
    assert not outlook(house.office).open()
    house.at = datetime(2026, 12, 1, 23, 59)
    assert house.wrong()["new_fingerprint"].state == "waived"
    house.at = datetime(2026, 12, 2)
    assert house.wrong()["new_fingerprint"].state == "open"
    assert house.wrong()["new_fingerprint"].overdue(house.at)


@pytest.mark.parametrize(
    ("name", "role", "until", "reason", "words"),
    [
        ("ann", "owner", date(2026, 12, 1), "x", "Whoever must respond"),
        ("val", "validator", date(2026, 12, 1), "x", "Only a risk approver"),
        ("rita", "risk_approver", date(2026, 12, 1), " ", "Say why"),
        ("rita", "risk_approver", date(2026, 11, 24), "x", "is past"),
        ("rita", "risk_approver", date(2026, 12, 25), "x", "until 2026-12-24 at most"),
    ],
)
def test_a_waiver_is_refused_with_the_reason(
    name: str, role: str, until: date, reason: str, words: str, house: House
) -> None:
    found = new_fingerprint(house)
    with pytest.raises(Refused, match=words):
        waive(house.office, Actor(house.sub(name), role), found.id, until=until, reason=reason)
    assert house.wrong()["new_fingerprint"].state == "open"


def test_only_who_sits_in_the_owners_seat_acknowledges(house: House) -> None:
    found = new_fingerprint(house)
    with pytest.raises(
        Refused, match="Only the owner, a deputy or whoever is responsible for it may"
    ):
        acknowledge(house.office, Actor(house.sub("val"), "validator"), found.id, note="seen")


def test_nothing_is_said_without_words(house: House) -> None:
    found = new_fingerprint(house)
    with pytest.raises(Refused, match="Say what you do"):
        acknowledge(house.office, Actor(house.sub("ann"), "owner"), found.id, note="")


def test_an_admin_acknowledges_what_has_no_owner(house: House) -> None:
    house.register()
    house.claims("other", "m1", date(2026, 11, 20))
    found = house.wrong()["unregistered_signal"]
    acknowledge(house.office, Actor(house.sub("adam"), "admin"), found.id, note="writing it")
    assert house.wrong()["unregistered_signal"].state == "acknowledged"


def test_what_is_gone_meanwhile_takes_no_answer(house: House) -> None:
    found = new_fingerprint(house)
    house.validate(M1)
    with pytest.raises(Refused, match="resolved already"):
        acknowledge(house.office, Actor(house.sub("ann"), "owner"), found.id, note="seen")


def test_a_thorough_round_finds_evidence_that_no_longer_recomputes(house: House) -> None:
    house.claims("s", "m1", date(2026, 11, 20))
    house.register()
    house.validate(M1)
    assert house.kinds() == []
    done = rounds(house.office, thorough=True)
    assert [act.body["finding_kind"] for act in done if act.kind == "finding.opened"] == [
        "evidence_changed"
    ]
    # A short round does not recompute it, and does not take it for gone.
    assert house.kinds() == []
    assert house.wrong()["evidence_changed"].severity == "critical"


def test_evidence_that_no_longer_recomputes_closes_the_gate_at_once(house: House) -> None:
    house.register()
    house.claims("s", "m1", NOW.date())
    house.validate(M1)
    assert house.office.state().standing_of("s", M1, NOW).open
    with house.ledger.transaction() as cursor:
        cursor.execute("DELETE FROM evidence")
    rounds(house.office, thorough=True)
    standing = house.office.state().standing_of("s", M1, NOW)
    assert (standing.state, standing.open) == ("suspended", False)
    assert "no longer recomputes" in standing.reason
    # It stays a finding, and is suspended once.
    assert "evidence_changed" in house.wrong()
    assert not rounds(house.office, thorough=True)


def acted(house: House, action: str, day: date, confidence: float = 0.5) -> None:
    """A claim of a version that may not act, and what was done with it."""
    house.rows([f"{day}T08:00:00Z,s,{confidence},m1,{action}"])


def breached(house: House) -> list[Finding]:
    return [one for one in outlook(house.office).findings if one.kind == "escalation_breached"]


def test_what_was_automated_against_the_rule_is_a_critical_finding(house: House) -> None:
    house.at = datetime(2026, 11, 19)
    house.register()
    acted(house, "automate", date(2026, 11, 20))
    house.at = NOW
    assert "finding.opened" in house.kinds()
    (found,) = breached(house)
    assert (found.severity, found.subject, found.owner) == (
        "critical",
        "automated",
        house.sub("ann"),
    )
    assert "1 claim from 2026-10-26 to 2026-11-24 handled less strictly" in found.text
    assert dict(found.evidence)["cut"] == "1"
    assert house.kinds() == []


def test_a_review_in_place_of_an_escalation_is_a_warning_and_automating_is_another(
    house: House,
) -> None:
    house.at = datetime(2026, 11, 19)
    text = REPLY + "    fallback: {unvalidated: escalate}\n"
    registry.apply(house.office, read(text), "user:t/adam")
    acted(house, "review", date(2026, 11, 20))
    house.at = NOW
    rounds(house.office)
    assert [(one.severity, one.subject) for one in breached(house)] == [("warning", "reviewed")]
    acted(house, "automate", date(2026, 11, 21))
    kinds = house.kinds()
    assert {"finding.opened", "finding.resolved"} <= set(kinds)
    assert [(one.severity, one.subject) for one in breached(house)] == [("critical", "automated")]


def test_breaches_are_no_finding_once_they_are_a_month_ago(house: House) -> None:
    house.at = datetime(2026, 11, 19)
    house.register()
    acted(house, "automate", date(2026, 11, 20))
    house.at = NOW
    rounds(house.office)
    assert len(breached(house)) == 1
    house.at = datetime(2026, 12, 19, 23)
    assert len(breached(house)) == 1
    house.at = datetime(2026, 12, 20)
    assert breached(house) == []
    assert "finding.resolved" in house.kinds()


@pytest.mark.parametrize("action", ["review", "escalate", ""])
def test_as_much_care_as_required_is_no_finding(action: str, house: House) -> None:
    house.at = datetime(2026, 11, 19)
    house.register()
    acted(house, action, date(2026, 11, 20))
    assert breached(house) == []


def test_claims_are_held_against_the_rules_again_only_when_something_changed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = []
    real = watch.breached_signals

    def spied(*given: object) -> object:
        counted.append(1)
        return real(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(watch, "breached_signals", spied)
    house.register()
    acted(house, "automate", date(2026, 11, 20))
    for _ in range(2):  # the first one records the new version
        rounds(house.office)
    before = len(counted)
    for _ in range(3):
        rounds(house.office)
        breached(house)
    assert len(counted) == before
    acted(house, "automate", date(2026, 11, 21))
    rounds(house.office)
    assert len(counted) == before + 1
    house.status("ann", "away")
    rounds(house.office)
    assert len(counted) == before + 2
