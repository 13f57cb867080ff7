"""Findings as people read them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from core.findings.kinds import Condition
from core.governance.people import people
from core.governance.perform import Office
from core.governance.replay import TrailBroken
from core.ingest.import_file import import_file
from core.ledger.connection import Ledger
from core.monitoring.finding_responses import acknowledge, waive
from core.monitoring.rounds import rounds
from core.trail.acts import Actor
from core.trail.checkpoints.signer import Signer
from core.views.govern.findings import (
    FindingRow,
    FindingsView,
    answering,
    broken_view,
    findings_view,
)
from tests.worlds.governed import house as base
from tests.worlds.governed.house import NOW
from tests.worlds.running.begun import Begun

CLAIMS = """event_id,ts,signal,confidence,model_version
a,2026-11-18T09:00:00Z,s,0.9,m1
b,2026-11-18T09:00:00Z,other,0.9,m1
"""


class House(base.House):
    def view(self) -> FindingsView:
        return findings_view(self.ledger.cursor(), self.office.state(), self.office.now())

    def row(self, kind: str) -> FindingRow:
        (one,) = (row for row in self.view().rows if row.kind == kind)
        return one


def with_claims(house: House) -> None:
    house.bring(CLAIMS)
    house.register()
    rounds(house.office)


@pytest.fixture
def house(begun: Begun) -> House:
    return begun.after(House, with_claims)


def test_a_finding_names_kind_owner_and_day_in_words(house: House) -> None:
    row = house.row("new_fingerprint")
    assert (row.title, row.severity_words) == (
        "New model or prompt version, not validated",
        "Warning",
    )
    assert (row.owner, row.due_words) == ("t/ann", "due in 4 days (2026-11-28)")
    assert (row.page, row.fingerprint[:2]) == ("sign_off", "f-")


def test_what_has_no_entry_is_settled_in_the_registry_and_nobody_owns_it(house: House) -> None:
    row = house.row("unregistered_signal")
    assert (row.page, row.owner, row.fingerprint) == ("registry", "nobody", "")


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (0, "due in 4 days (2026-11-28)"),
        (3, "due in 1 day (2026-11-28)"),
        (4, "due today (2026-11-28)"),
        (5, "overdue since 2026-11-28"),
    ],
)
def test_the_day_is_told_from_today(days: int, words: str, house: House) -> None:
    house.at += timedelta(days=days)
    row = house.row("new_fingerprint")
    assert (row.due_words, row.overdue) == (words, days > 4)


def test_the_headline_counts_what_waits(house: House) -> None:
    assert house.view().headline == "2 open findings."
    sub, admin = house.sub("ann"), Actor(house.sub("adam"), "admin")
    people.set_status(house.office, admin, sub, "left")
    people.set_status(house.office, admin, house.sub("bob"), "left")
    house.at += timedelta(days=5)
    assert house.view().headline == "3 open findings, 1 critical, 1 overdue."


def test_critical_ones_come_first(house: House) -> None:
    admin = Actor(house.sub("adam"), "admin")
    for name in ("ann", "bob"):
        people.set_status(house.office, admin, house.sub(name), "left")
    assert house.view().rows[0].kind == "empty_owner_seat"


def test_what_was_said_stands_in_its_history_by_name(house: House) -> None:
    found = house.row("new_fingerprint").id
    acknowledge(house.office, Actor(house.sub("bob"), "deputy"), found, note="measuring it")
    row = house.row("new_fingerprint")
    assert row.state_words == "acknowledged"
    assert [line.words for line in row.history] == [
        "2026-11-24 09:00 found by Calibration Ledger",
        "2026-11-24 09:00 acknowledged by t/bob: measuring it",
    ]


def test_a_waived_one_waits_for_nobody_and_comes_last(house: House) -> None:
    found = house.row("new_fingerprint").id
    approver = Actor(house.sub("rita"), "risk_approver")
    waive(house.office, approver, found, until=date(2026, 12, 1), reason="a pilot")
    view = house.view()
    assert view.rows[-1].state_words == "waived until 2026-12-01"
    assert (view.rows[-1].waits, view.rows[-1].due_words) == (False, "")
    assert view.headline == "1 open finding."
    assert [row.kind for row in view.waiting] == ["unregistered_signal"]


@pytest.mark.parametrize(
    ("name", "kind", "acknowledges", "waives"),
    [
        ("ann", "new_fingerprint", True, False),
        ("bob", "new_fingerprint", True, False),
        ("adam", "new_fingerprint", False, False),
        ("adam", "unregistered_signal", True, False),
        ("rita", "new_fingerprint", False, True),
        ("val", "new_fingerprint", False, False),
    ],
)
def test_what_a_person_may_answer_follows_from_their_roles(
    name: str, kind: str, acknowledges: bool, waives: bool, house: House
) -> None:
    may = answering(house.office.state(), house.sub(name), house.row(kind))
    assert (may.acknowledge, may.waive) == (acknowledges, waives)
    assert bool(may.why_not) == (not acknowledges and not waives)


def test_nothing_wrong_is_said_so(tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "empty.duckdb", create=True) as ledger:
        office = Office(ledger, Signer.generate())
        view = findings_view(ledger.cursor(), office.state(), NOW)
    assert (view.rows, view.headline) == ((), "No open finding.")


def test_a_broken_trail_is_the_one_critical_finding() -> None:
    view = broken_view(TrailBroken("entry 3 cannot be used."), NOW)
    (row,) = view.rows
    assert (row.severity, row.page, row.waits) == ("critical", "decision_trail", True)
    assert "entry 3 cannot be used" in row.text
    assert view.headline == "The decision trail is broken."


def test_the_history_tells_what_was_believed_before_and_not_what_is_said_now(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.register()
    before = Condition("hidden_segment", "s", "topic", "topic=tax is off by 9.", "Open it.")
    after = replace(before, text="topic=tax is off by 7.", evidence=(("gap", "0.07"),))
    for seen in (before, after):
        monkeypatch.setattr("core.monitoring.rounds.detected", lambda *_, seen=seen: (seen,))
        rounds(house.office, thorough=True)
    lines = [one.words for one in house.row("hidden_segment").history]
    assert lines == [
        f"{NOW:%Y-%m-%d %H:%M} found by Calibration Ledger. Known then: topic=tax is off by 9.",
        f"{NOW:%Y-%m-%d %H:%M} revised by Calibration Ledger",
    ]


def test_a_finding_tells_its_age_its_day_and_whose_it_is(house: House) -> None:
    house.at += timedelta(days=2)
    row = house.row("new_fingerprint")
    assert (row.opened, row.age, row.due) == (NOW.date(), 2, date(2026, 11, 28))
    assert row.owner_id == house.sub("ann")
    assert house.row("unregistered_signal").owner_id is None


def test_what_was_found_since_a_day_waits_for_somebody(house: House) -> None:
    day = NOW.date()
    view = house.view()
    assert [one.kind for one in view.since(day)] == [one.kind for one in view.waiting]
    assert view.since(day + timedelta(days=1)) == ()
    approver = Actor(house.sub("rita"), "risk_approver")
    found = house.row("new_fingerprint").id
    waive(house.office, approver, found, until=date(2026, 12, 1), reason="a pilot")
    assert [one.kind for one in house.view().since(day)] == ["unregistered_signal"]


def test_the_findings_of_a_signal_are_found_by_its_name(house: House) -> None:
    view = house.view()
    assert [one.kind for one in view.of("other")] == ["unregistered_signal"]
    assert view.of("nobody") == ()


def test_a_judge_that_disagrees_is_a_warning_that_leads_to_reliability(
    house: House, tmp_path: Path
) -> None:
    house.register()
    made = (NOW - timedelta(days=20)).isoformat()
    claims, labels = ["event_id,ts,signal,confidence"], ["event_id,outcome,outcome_source"]
    for i in range(100):
        claims.append(f"j{i},{made}Z,s,0.7")
        labels += [f"j{i},{i % 2},HUMAN", f"j{i},{int(i % 4 > 0)},LLM"]
    for name, lines in (("judged.csv", claims), ("both.csv", labels)):
        (tmp_path / name).write_text("\n".join(lines) + "\n")
        assert import_file(house.ledger, tmp_path / name).n_quarantined == 0
    rounds(house.office, thorough=True)
    row = house.row("judge_disagrees")
    assert (row.severity, row.page, row.signal) == ("warning", "reliability", "s")
    assert row.title == "A judge disagrees with ground truth"
    assert row.text.startswith("Labels from LLM disagree with ground truth on 25% (")
