"""The badge of a signal: what may act, until when, and why not."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from core.governance.people.names import directory
from core.governance.signal_terms import USUAL, Terms, all_terms, read_state, terms_of
from core.queries.base.selection import Selection
from core.trail.acts import Proposal
from core.trail.fingerprint import Fingerprint
from core.validation import steps as signing
from core.views.shared.validation_badge import (
    BROKEN,
    Badge,
    answerable,
    selected_standing,
    standing_badge,
    week_written,
)
from tests.worlds.governed import house as base
from tests.worlds.governed.entries import LOG_ONLY, entry
from tests.worlds.governed.house import NOW
from tests.worlds.running.begun import Begun

M1, M2 = Fingerprint(model_version="m1"), Fingerprint(model_version="m2")
ENTRY = entry(
    deputies=["user:t/bob"],
    riskApprovers=["user:t/rita", "user:t/rob"],
    tolerance="0.08",
    highConfidence="0.95",
)
CLAIMS = """event_id,ts,signal,confidence,outcome,model_version,seg_language
a,2026-11-10T09:00:00Z,s,0.9,1,m1,en
b,2026-11-17T09:00:00Z,s,0.9,1,m1,de
c,2026-11-18T09:00:00Z,s,0.8,0,m2,en
d,2026-11-18T09:00:00Z,other,0.8,0,m2,en
"""


class House(base.House):
    def stop(self, fingerprint: Fingerprint) -> None:
        signing.stop(self.office, self.actor("val", "validator"), "s", fingerprint, reason="no")

    def badge(self, *prints: Fingerprint) -> Badge:
        return standing_badge(self.office.state(), "s", prints, self.at)

    def shown(self, **asked: object) -> Badge:
        state = self.office.state()
        return selected_standing(self.ledger.cursor(), state, Selection("s", **asked), self.at)


def with_claims(house: House) -> None:
    house.bring(CLAIMS)


@pytest.fixture
def house(begun: Begun) -> House:
    return begun.after(House, with_claims)


def test_a_signal_without_an_entry_is_unregistered(house: House) -> None:
    assert (house.shown().level, house.shown().words) == ("unregistered", "Not registered")


def test_what_is_log_only_says_so_and_is_not_called_unvalidated(house: House) -> None:
    house.register(LOG_ONLY)
    badge = house.shown()
    assert (badge.level, badge.words, badge.open) == ("log_only", "Log only", False)
    assert "needs no evidence and no signature" in badge.help


def test_a_registered_signal_that_nobody_signed_is_not_validated(house: House) -> None:
    house.register(ENTRY)
    badge = house.shown()
    assert (badge.level, badge.words, badge.open) == ("not_validated", "Not validated", False)
    assert "not permission to act" in badge.help


def test_all_versions_signed_are_validated_until_the_first_one_ends(house: House) -> None:
    house.register(ENTRY)
    house.validate(M1, 60)
    house.validate(M2, 20)
    badge = house.shown()
    assert (badge.words, badge.open) == ("Validated until 2026-12-14", True)
    assert badge.until == date(2026, 12, 14)


def test_a_signature_without_sign_on_says_so(house: House) -> None:
    house.register(ENTRY)
    house.validate(M1, 60)
    assert "assurance: none" in house.badge(M1).help


def test_in_production_mode_such_a_signature_validates_nothing(house: House) -> None:
    house.register(ENTRY)
    house.validate(M1, 60)
    house.office.perform(
        Proposal("gate.mode", house.actor("adam", "admin"), body={"mode": "production"})
    )
    badge = house.badge(M1)
    assert badge.words == "Not validated"
    assert "without sign-on" in badge.help


def test_one_unsigned_version_marks_the_whole_and_is_named(house: House) -> None:
    house.register(ENTRY)
    house.validate(M1, 60)
    badge = house.shown()
    assert (badge.level, badge.words) == ("partly", "Some versions not validated")
    assert badge.help.startswith("m2: This fingerprint was never validated.")


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"where": (("model_version", ("m1",)),)}, "Validated until 2027-01-23"),
        ({"where": (("model_version", ("m2",)),)}, "Not validated"),
        ({"until": datetime(2026, 11, 18)}, "Validated until 2027-01-23"),
        ({"where": (("language", ("de",)),)}, "Validated until 2027-01-23"),
        ({"where": (("language", ("en",)),)}, "Some versions not validated"),
        ({"since": datetime(2026, 11, 23)}, "Some versions not validated"),
    ],
)
def test_the_badge_is_of_the_versions_that_made_the_selected_claims(
    asked: dict[str, object], words: str, house: House
) -> None:
    house.register(ENTRY)
    house.validate(M1, 60)
    assert house.shown(**asked).words == words


def test_what_was_stopped_is_suspended_with_the_reason(house: House) -> None:
    house.register(ENTRY)
    house.validate(M1, 60)
    house.stop(M1)
    assert house.badge(M1).words == "Suspended"
    assert "no." in house.badge(M1).help


def test_past_its_date_it_is_expired_though_nobody_recorded_it(house: House) -> None:
    house.register(ENTRY)
    house.validate(M1, 60)
    house.at += timedelta(days=60)
    assert house.badge(M1).words == "Expired"


def test_a_waiver_is_never_called_a_validation(house: House) -> None:
    house.register(ENTRY)
    house.validate(M1, 60)
    house.stop(M1)
    until = NOW + timedelta(days=10)
    asking, approving = house.actor("rita", "risk_approver"), house.actor("rob", "risk_approver")
    signing.request_waiver(house.office, asking, "s", M1, reason="a pilot", until=until)
    signing.approve_waiver(house.office, approving, "s", M1)
    badge = house.badge(M1)
    assert (badge.level, badge.words, badge.open) == ("waived", "Waived until 2026-12-04", True)
    assert house.badge(M1, M2).words == "Some versions not validated"


def test_nobody_in_the_owners_seat_outweighs_every_signature(house: House) -> None:
    house.register(ENTRY)
    house.validate(M1, 60)
    house.status("ann", "left")
    assert house.badge(M1).open
    house.status("bob", "away")
    assert (house.badge(M1).words, house.badge(M1).open) == ("No owner", False)


def test_versions_closed_for_other_reasons_are_together_not_validated(house: House) -> None:
    house.register(ENTRY)
    house.validate(M1, 60)
    house.stop(M1)
    assert house.badge(M1, M2).words == "Not validated"


def test_a_broken_trail_lets_nothing_be_told() -> None:
    assert standing_badge(None, "s", (M1,), NOW) == BROKEN
    assert not BROKEN.open


def test_the_owner_is_named_with_who_stands_in(house: House) -> None:
    def words() -> str:
        names = directory(house.ledger.cursor())
        return answerable(house.office.state(), "s", names, house.at).words

    assert words() == "nobody"
    house.register(ENTRY)
    assert words() == "t/ann"
    house.status("ann", "away")
    assert words() == "t/ann (away); t/bob stands in"
    house.status("bob", "left")
    assert words() == "nobody (t/ann is away, and no deputy is there)"


def test_a_weeks_badge_is_of_the_versions_of_that_week(house: House) -> None:
    house.register(ENTRY)
    house.validate(M1, 60)
    cursor, state = house.ledger.cursor(), house.office.state()
    first = week_written(cursor, state, date(2026, 11, 9), NOW)
    second = week_written(cursor, state, date(2026, 11, 16), NOW)
    assert first["s"].badge.words == "Validated until 2027-01-23"
    assert second["s"].badge.words == "Some versions not validated"
    assert (second["other"].badge.level, second["other"].owner.words) == ("unregistered", "nobody")


def test_a_signal_is_measured_by_what_its_entry_says(house: House) -> None:
    assert terms_of(house.office.state(), "s") == USUAL
    house.register(ENTRY)
    state = house.office.state()
    assert terms_of(state, "s") == Terms(0.08, 0.95)
    assert all_terms(state) == (("s", Terms(0.08, 0.95)),)
    assert terms_of(None, "s") == USUAL


def test_a_state_read_from_the_file_alone_is_none_where_the_trail_is_broken(house: House) -> None:
    house.register(ENTRY)
    cursor = house.ledger.cursor()
    assert read_state(cursor) == house.office.state()
    cursor.execute("UPDATE acts SET entry = replace(entry, 'reply', 'bill')")
    assert read_state(cursor) is None
