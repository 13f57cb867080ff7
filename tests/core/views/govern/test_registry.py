"""The registry as people read it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from core.gate import registry_changes as registry
from core.ingest.import_file import import_file
from core.queries.base.selection import Selection
from core.queries.claims.claim_list import count_claims
from core.registry.escalation_rules import table
from core.registry.yaml_reader import RegistryFileError, read
from core.trail.fingerprint import Fingerprint
from core.validation import steps as signing
from core.views.govern.registry import RegistryView, may_set_status, registry_view
from core.views.govern.signal_entry import SignalView, signal_view
from core.views.govern.signal_plan import plan_parts, same_plan
from tests.worlds.governed import house as base
from tests.worlds.governed.house import NOW
from tests.worlds.running.begun import Begun

M1, M2 = Fingerprint(model_version="m1"), Fingerprint(model_version="m2")
ENTRY = """apiVersion: calledger/v1
kind: Group
metadata: {name: risk}
spec: {members: [user:t/val, user:t/mo]}
---
apiVersion: calledger/v1
kind: ConfidenceSignal
metadata: {name: s, labels: {stakes: high}}
spec:
  owner: user:t/ann
  deputies: [user:t/bob]
  validators: group:risk
  riskApprovers: [user:t/rita]
  decision: "sends the reply."
  responsible: {monitoring: user:t/bob}
  tolerance: "0.08"
  validation:
    maxAgeDays: 90
    minSamples: 400
    segments: [language]
    criteria: [{metric: ece, max: "0.05"}, {metric: auroc, min: "0.75"}]
  escalation:
    bands: [{below: "0.90", action: review}, {action: automate}]
"""
CLAIMS = """event_id,ts,signal,confidence,outcome,model_version,split
old,2026-09-01T09:00:00Z,s,0.9,1,m0,production
a,2026-11-10T09:00:00Z,s,0.9,1,m1,production
b,2026-11-17T09:00:00Z,s,0.95,1,m1,production
t,2026-11-17T09:00:00Z,s,0.95,1,m1,tuning
c,2026-11-18T09:00:00Z,s,0.8,0,m2,production
d,2026-11-18T09:00:00Z,other,0.8,0,m2,production
"""


class House(base.House):
    def register(self, text: str = ENTRY, who: str = "user:t/adam") -> None:
        super().register(text, who)

    def whole(self) -> RegistryView:
        return registry_view(self.ledger.cursor(), self.office.state(), self.office.now())

    def one(self, signal: str = "s") -> SignalView:
        state, now = self.office.state(), self.office.now()
        return signal_view(self.ledger.cursor(), state, self.whole(), signal, now)


def with_claims(house: House) -> None:
    house.bring(CLAIMS)


@pytest.fixture
def house(begun: Begun) -> House:
    return begun.after(House, with_claims)


def test_signals_without_an_entry_are_shown_as_exactly_that(house: House) -> None:
    view = house.whole()
    assert [(row.signal, row.registered, row.badge.words) for row in view.rows] == [
        ("s", False, "Not registered"),
        ("other", False, "Not registered"),
    ]
    assert view.headline == (
        "None of 2 signals may act: every case falls back to people. 2 are not registered: s, "
        "other."
    )


def test_a_signal_written_down_before_its_first_claim_has_a_row(house: House) -> None:
    house.register(ENTRY.replace("name: s,", "name: planned,"))
    row = house.whole().row("planned")
    assert (row.registered, row.n_claims, row.badge.words) == (True, 0, "Not validated")
    assert house.one("planned").prints == ()


def test_the_headline_says_what_may_act_and_what_ends_soon(house: House) -> None:
    house.register()
    house.validate(M1, days=13)
    assert house.whole().headline == (
        "1 of 2 signals may act now: s. 1 ends within 14 days: s (2026-12-07). "
        "1 is not registered: other."
    )


def test_what_ends_later_is_not_announced(house: House) -> None:
    house.register()
    house.validate(M1, days=16)
    assert "within 14 days" not in house.whole().headline


def test_the_headline_says_whose_seat_is_empty(house: House) -> None:
    house.register()
    house.status("ann", "left")
    house.status("bob", "left")
    assert "1 has no owner: s." in house.whole().headline


def test_a_row_counts_the_claims_that_its_link_opens(house: House) -> None:
    view = house.whole()
    since = datetime.combine(view.since, datetime.min.time())
    assert view.since == date(2026, 10, 25)
    asked = Selection("s", since=since)
    assert view.row("s").n_claims == count_claims(house.ledger.cursor(), asked) == 3


def test_what_is_critical_comes_first(house: House) -> None:
    house.register(ENTRY.replace("name: s,", "name: z,"))
    house.status("ann", "left")
    house.status("bob", "left")
    assert house.whole().names[0] == "z"


def test_people_are_listed_with_status_and_every_seat(house: House) -> None:
    house.register()
    house.status("ann", "away", date(2026, 12, 4))
    rows = {one.name: (one.status, one.roles) for one in house.whole().people}
    assert rows["t/adam"] == ("there", ("admin",))
    assert rows["t/ann"] == ("away until 2026-12-04", ("owner of s",))
    assert rows["t/mo"] == ("there", ("validator of s",))


def test_only_an_admin_says_who_is_there(house: House) -> None:
    house.register()
    state = house.office.state()
    assert may_set_status(state, house.actor("adam", "admin").sub)
    assert not may_set_status(state, house.actor("ann", "owner").sub)


def test_seats_resolve_groups_and_say_who_is_missing(house: House) -> None:
    house.register()
    house.status("ann", "away", date(2026, 12, 4))
    seats = {one.name: (one.people, one.empty) for one in house.one().seats}
    assert seats["Owner"] == (("t/ann (away until 2026-12-04)", "t/bob stands in"), False)
    ((group,), empty) = seats["Validators, who sign"]
    assert group.startswith("group risk: ")
    assert {"t/mo", "t/val"} == set(group.removeprefix("group risk: ").split(", "))
    assert not empty
    assert seats["Responsible for schema"] == (("t/ann (away until 2026-12-04)",), True)
    assert seats["Responsible for monitoring"] == (("t/bob",), False)


def test_versions_in_use_come_newest_first_and_old_ones_are_folded(house: House) -> None:
    house.register()
    view = house.one()
    assert [row.words for row in view.prints] == ["m2", "m1"]
    assert [row.words for row in view.older] == ["m0"]


def test_a_version_prepared_before_its_release_comes_first(house: House) -> None:
    house.register()
    house.submit(Fingerprint(model_version="m3"))
    row = house.one().prints[0]
    assert (row.words, row.n_claims, row.state_words) == ("m3", 0, "Waits for a signature")
    assert row.waiting == "Evidence by t/ann of 2026-11-24 waits for a signature."


def test_a_version_says_whether_it_acts_who_signed_and_how_that_is_known(house: House) -> None:
    house.register()
    house.validate(M1)
    rows = {row.words: row for row in house.one().prints}
    assert rows["m1"].does == "acts by the rules"
    assert rows["m1"].signed == "Signed by t/val on 2026-11-24, assurance: none."
    assert (rows["m2"].does, rows["m2"].signed) == ("falls back to review", "")


def test_a_version_says_what_was_seen_of_it_since_it_was_signed(house: House) -> None:
    house.register()
    house.validate(M1)
    rows = {row.words: row for row in house.one().prints}
    assert rows["m1"].watched == "Watched since 2026-11-24: no cohort has final outcomes yet."
    assert rows["m2"].watched == ""


def test_a_stopped_version_says_why(house: House) -> None:
    house.register()
    house.validate(M1)
    signing.stop(house.office, house.actor("mo", "validator"), "s", M1, reason="wrong teams")
    (row,) = (one for one in house.one().prints if one.words == "m1")
    assert (row.state_words, row.standing.open) == ("Suspended", False)
    assert "wrong teams" in row.standing.reason


def test_the_link_of_a_version_lists_all_its_claims(house: House) -> None:
    (row,) = (one for one in house.one().prints if one.words == "m1")
    assert row.query is not None
    asked = Selection("s", where=row.query)
    assert row.n_claims == count_claims(house.ledger.cursor(), asked) == 3


def test_versions_that_the_filters_cannot_tell_apart_have_no_link(
    house: House, tmp_path: Path
) -> None:
    file = tmp_path / "more.csv"
    file.write_text(
        "event_id,ts,signal,confidence,model_version,calibrator_version\n"
        "x,2026-11-18T09:00:00Z,s,0.9,m1,iso-2\n"
    )
    import_file(house.ledger, file, now=NOW)
    rows = {row.words: row.query for row in house.one().prints}
    assert rows["m1"] is rows["m1 · iso-2"] is None
    assert rows["m2"] is not None


def test_the_rule_table_is_the_one_the_gate_runs(house: House) -> None:
    house.register()
    assert house.one().rules == table(house.office.state().entries["s"].spec.rules)


def test_what_a_validation_takes_is_said_in_words(house: House) -> None:
    house.register()
    terms = dict(house.one().terms)
    assert terms["Criteria"] == "ece at most 0.05; auroc at least 0.75"
    assert terms["Required segments"] == "each value of language, held to the same criteria"
    assert (terms["A signature holds"], terms["Tolerance"]) == ("90 days", "a gap of ±8 points")


def test_the_history_says_what_each_version_changed_and_by_whom(house: House) -> None:
    house.register()
    house.validate(M1)
    house.at += timedelta(hours=1)
    house.register(ENTRY.replace('below: "0.90"', 'below: "0.85"'), "user:t/ann")
    newest, first = house.one().history
    assert newest.lines == ("threshold between review and automate 0.90 → 0.85",)
    assert (newest.who, newest.when, newest.reopened) == ("t/ann", "2026-11-24 10:00", True)
    assert (first.who, first.reopened) == ("t/adam", False)
    assert "new entry for s, stakes high" in first.lines
    assert newest.seq > first.seq


def test_the_text_is_what_is_in_force_and_reads_back(house: House) -> None:
    house.register()
    text = house.one().text
    state, now = house.office.state(), house.office.now()
    plan = registry.plan(house.ledger.cursor(), state, read(text), now)
    assert plan.empty


def test_the_text_holds_no_group_that_the_entry_does_not_name(house: House) -> None:
    house.register()
    house.register(
        "apiVersion: calledger/v1\nkind: Group\nmetadata: {name: x}\nspec: {members: []}"
    )
    assert "name: risk" in house.one().text
    assert "name: x" not in house.one().text


def test_an_unregistered_signal_comes_with_an_example_to_fill_in(house: House) -> None:
    view = house.one("other")
    assert view.sentence.startswith("Not registered: nobody has said")
    assert (view.seats, view.rules, view.terms, view.history) == ((), (), (), ())
    with pytest.raises(RegistryFileError) as refused:
        read(view.text)
    assert {one.field.split("[")[0] for one in refused.value.problems} == {
        "spec.owner",
        "spec.deputies",
        "spec.validators",
    }


def test_a_plan_says_changes_effects_and_what_it_suspends(house: House) -> None:
    house.register()
    text = ENTRY.replace('below: "0.90"', 'below: "0.80"').replace("user:t/mo]", "user:t/zoe]")
    plan = registry.plan(house.ledger.cursor(), house.office.state(), read(text), NOW)
    entry, group, new = plan_parts(plan)
    assert entry.heading == "s: changed"
    assert entry.changes == ("threshold between review and automate 0.90 → 0.80",)
    assert "1 more automated" in entry.effects[0]
    assert "suspended" in entry.warning
    assert (group.heading, new.changes) == ("Group risk", ("user:t/zoe",))


def test_a_plan_is_the_same_until_the_registry_changes(house: House) -> None:
    def planned() -> registry.ChangePlan:
        state = house.office.state()
        return registry.plan(house.ledger.cursor(), state, read(text), house.office.now())

    house.register()
    text = ENTRY.replace('below: "0.90"', 'below: "0.80"')
    first = planned()
    house.at += timedelta(minutes=5)
    assert same_plan(first, planned())
    house.register(ENTRY.replace('below: "0.90"', 'below: "0.85"'), "user:t/ann")
    assert not same_plan(first, planned())
