"""Names: kept outside the trail, and erasable."""

from __future__ import annotations

import pytest

from core.govern import people
from core.govern.directory import directory
from core.store.errors import LedgerError


def test_acts_hold_opaque_ids_and_no_name(governed):
    entries = governed.ledger.cursor().execute("SELECT entry FROM acts").fetchall()
    assert entries
    for (entry,) in entries:
        assert "desk/" not in entry.replace("desk/v", "")
        assert "user:" not in entry


def test_a_forgotten_person_keeps_their_acts_and_loses_their_name(governed):
    sub = governed.sub("user:desk/bob")
    before = governed.office.state().size
    people.forget(governed.office, governed.actor("user:desk/admin", "person.forgotten", None), sub)
    with governed.ledger.cursor() as cursor:
        names = directory(cursor)
    assert names.sub("user:desk/bob") is None
    assert sub in names.words(sub)
    assert governed.office.state().size == before + 1


def test_a_handle_that_names_no_person_is_refused_with_the_mend(governed):
    with (
        pytest.raises(LedgerError, match="user:finance/ann"),
        governed.office.acting() as desk,
    ):
        people.enter(desk, "Ann Lee")


def test_a_person_nobody_knows_is_refused_naming_who_is_known(governed):
    with pytest.raises(LedgerError, match="user:desk/ann"):
        people.known_person(governed.office, "user:desk/nobody")


def test_entering_somebody_again_changes_nothing_but_a_new_printed_name(governed):
    with governed.office.acting() as desk:
        sub = people.enter(desk, "user:desk/ann", "Ann Lee")
    size = governed.office.state().size
    assert sub == governed.sub("user:desk/ann")
    with governed.ledger.cursor() as cursor:
        assert directory(cursor).words(sub) == "Ann Lee"
    with governed.office.acting() as desk:
        people.enter(desk, "user:desk/ann")
    assert governed.office.state().size == size
