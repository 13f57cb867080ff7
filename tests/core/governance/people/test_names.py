"""Names: kept outside the trail, and erasable."""

from __future__ import annotations

import pytest

from core.audit.verify import verify_ledger
from core.governance.people import people
from core.governance.people.names import directory
from core.ledger.errors import LedgerError
from core.trail import log as trail


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


def _names(governed):
    with governed.ledger.cursor() as cursor:
        return directory(cursor)


def test_a_name_changed_in_the_table_does_not_count(governed):
    vera, bob = governed.sub("user:risk/vera"), governed.sub("user:desk/bob")
    cursor = governed.ledger.cursor()
    cursor.execute("UPDATE people SET handle = 'user:risk/vera' WHERE sub = ?", [bob])
    cursor.execute("UPDATE people SET handle = 'user:risk/eve' WHERE sub = ?", [vera])
    names = _names(governed)
    assert (names.sub("user:risk/vera"), names.sub("user:risk/eve")) == (None, None)
    assert names.words(vera) == f"(name altered, {vera})"
    assert names.handle(vera) == vera


def test_somebody_put_into_the_table_by_hand_is_nobody(governed):
    ann = governed.sub("user:desk/ann")
    governed.ledger.cursor().execute(
        "INSERT INTO people VALUES ('p-00000000000000ff', 'user:desk/ann', 'Ann', 'x')"
    )
    assert governed.sub("user:desk/ann") == ann
    assert "p-00000000000000ff" not in _names(governed).names


def test_a_forgotten_name_leaves_nothing_to_guess_it_by_and_the_trail_intact(governed):
    with governed.office.acting() as desk:
        sub = people.enter(desk, "user:desk/bob", "Bob Ng")
    people.forget(governed.office, governed.actor("user:desk/admin", "person.forgotten", None), sub)
    cursor = governed.ledger.cursor()
    row = cursor.execute("SELECT * EXCLUDE (sub) FROM people WHERE sub = ?", [sub]).fetchone()
    assert row == (None, None, None)
    assert verify_ledger(cursor).ok
    cursor.execute("UPDATE people SET handle = 'user:desk/bob' WHERE sub = ?", [sub])
    assert _names(governed).sub("user:desk/bob") is None
    assert not verify_ledger(cursor).ok


def test_the_same_name_gives_another_commitment_each_time(governed):
    for name in ("Ann Lee", "Ann Li", "Ann Lee"):
        with governed.office.acting() as desk:
            people.enter(desk, "user:desk/ann", name)
    acts = trail.acts(governed.ledger.cursor())
    made = [act.body["names"] for act in acts if act.kind == "person.named"]
    assert len(set(made)) == len(made) == 3
