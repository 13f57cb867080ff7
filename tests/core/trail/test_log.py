"""The trail in the ledger: every entry with its signed checkpoint, or nothing."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from typing import Any

import duckdb
import pytest

from core.ledger.connection import Ledger
from core.trail import log as trail
from core.trail.acts import Act, Actor, Proposal, Signature
from core.trail.checkpoints import checkpoints as notes
from core.trail.checkpoints.checkpoints import Note
from core.trail.checkpoints.merkle import leaf_hash, root_of
from core.trail.checkpoints.signer import Signer
from core.trail.fingerprint import Fingerprint
from core.trail.log import TrailError

_NOW = datetime(2026, 11, 24, 9)
_ADMIN = Actor("p-0123456789abcdef", "admin")
_PROPOSAL = Proposal(
    "validation.signed",
    _ADMIN,
    signal="s",
    fingerprint=Fingerprint(model_version="m"),
    body={"until": "2027-01-01T00:00:00.000000Z"},
    signature=Signature("I checked it — ✓", "ab" * 32),
)


class Book:
    """A trail in a ledger in memory."""

    def __init__(self) -> None:
        self.ledger = Ledger.in_memory()
        self.signer = Signer.generate()
        with self.ledger.transaction() as cursor:
            self.first = trail.start(cursor, self.signer, at=_NOW, program="1.2.3")

    def add(self, proposal: Proposal = _PROPOSAL, **given: Any) -> Act:
        arguments: dict[str, Any] = {"at": _NOW, "before": None, "after": None, **given}
        signer = arguments.pop("signer", self.signer)
        with self.ledger.transaction() as cursor:
            return trail.append(cursor, signer, proposal, **arguments)

    @property
    def cursor(self) -> duckdb.DuckDBPyConnection:
        return self.ledger.cursor()

    def change(self, sql: str) -> None:
        self.cursor.execute(sql)


@pytest.fixture
def book() -> Book:
    return Book()


def test_the_first_entry_names_the_trail_and_its_key(book: Book):
    assert (book.first.seq, book.first.kind) == (0, "trail.started")
    body = {
        "origin": book.signer.name,
        "key": book.signer.verifier_key,
        "program": "1.2.3",
        "answers_signed_from": 1,
    }
    assert book.first.body == body
    assert trail.origin(book.cursor) == book.signer.name
    assert trail.key_in_force(book.cursor) == book.signer.verifier


def test_a_trail_begins_once(book: Book):
    again = trail.start(book.cursor, Signer.generate(), at=_NOW, program="2")
    assert (again, trail.size(book.cursor)) == (book.first, 1)


def test_a_trail_that_has_not_begun_is_empty():
    cursor = Ledger.in_memory().cursor()
    assert (trail.size(cursor), trail.acts(cursor)) == (0, ())
    assert trail.latest_note(cursor) is None
    assert trail.origin(cursor) is None


def test_an_act_is_read_back_as_it_was_returned(book: Book):
    act = book.add(before="in_validation", after="validated")
    assert (act.seq, act.at, act.kind, act.actor) == (1, _NOW, "validation.signed", _ADMIN)
    assert (act.before, act.after) == ("in_validation", "validated")
    assert (act.signal, act.fingerprint) == ("s", Fingerprint(model_version="m"))
    assert (act.body, act.signature) == (_PROPOSAL.body, _PROPOSAL.signature)
    assert trail.acts(book.cursor) == (book.first, act)
    assert trail.acts(book.cursor, 1) == (act,)


def test_every_entry_carries_the_leaf_of_the_one_before(book: Book):
    for _ in range(5):
        book.add()
    rows = list(trail.entries(book.cursor))
    assert [seq for seq, _, _ in rows] == list(range(6))
    assert all(leaf == leaf_hash(text.encode()).hex() for _, text, leaf in rows)
    assert all(
        f'"prev":"{before}"' in text for (_, _, before), (_, text, _) in itertools.pairwise(rows)
    )


def test_every_size_has_a_checkpoint_that_is_signed_and_true(book: Book):
    for _ in range(12):
        book.add()
    leaves = [bytes.fromhex(leaf) for _, _, leaf in trail.entries(book.cursor)]
    rows = book.cursor.execute("SELECT size, note FROM checkpoints ORDER BY size").fetchall()
    for size, note in rows:
        signed = notes.checkpoint(note, book.signer.verifier)
        assert (signed.size, signed.root) == (size, root_of(leaves[:size]))
    assert len(rows) == 13
    assert trail.latest_note(book.cursor) == rows[-1][1]


def test_entries_can_be_read_from_one_on_and_up_to_another(book: Book):
    for _ in range(4):
        book.add()
    assert [seq for seq, _, _ in trail.entries(book.cursor, 1, 3)] == [1, 2]


def test_an_act_and_its_effect_stay_or_go_together(book: Book):
    def act_and_fail() -> None:
        with book.ledger.transaction() as cursor:
            trail.append(cursor, book.signer, _PROPOSAL, at=_NOW, before=None, after=None)
            assert trail.size(cursor) == 2
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        act_and_fail()
    assert trail.size(book.cursor) == 1
    assert book.add().seq == 1


def test_several_acts_of_one_transaction_follow_from_each_other(book: Book):
    with book.ledger.transaction() as cursor:
        found = [
            trail.append(cursor, book.signer, _PROPOSAL, at=_NOW, before=None, after=None).seq
            for _ in range(3)
        ]
    assert found == [1, 2, 3]
    assert book.add().seq == 4


def test_the_time_of_the_trail_never_falls(book: Book):
    book.add(at=_NOW + timedelta(seconds=1))
    with pytest.raises(TrailError, match="before the trail's last one"):
        book.add(at=_NOW)
    assert trail.size(book.cursor) == 2


@pytest.mark.parametrize("other", [True, False], ids=["another trail's", "this name"])
def test_a_key_that_is_not_the_trails_adds_nothing(book: Book, other: bool):
    signer = Signer.generate(None if other else book.signer.name)
    with pytest.raises(TrailError, match="not end in a checkpoint of this key"):
        book.add(signer=signer)
    assert trail.size(book.cursor) == 1


def test_a_trail_that_has_not_begun_takes_no_act():
    with pytest.raises(TrailError, match="has not begun"):
        trail.append(
            Ledger.in_memory().cursor(),
            Signer.generate(),
            _PROPOSAL,
            at=_NOW,
            before=None,
            after=None,
        )


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM acts WHERE seq = 1",
        "DELETE FROM acts WHERE seq = 3",
        "INSERT INTO acts SELECT * FROM acts WHERE seq = 2",
        "DELETE FROM checkpoints WHERE size = 4",
        "UPDATE acts SET entry = replace(entry, 'admin', 'owner') WHERE seq = 3",
        "UPDATE acts SET leaf = repeat('0', 64) WHERE seq = 3",
        "UPDATE checkpoints SET frontier = [repeat('0', 64)] WHERE size = 4",
        "UPDATE checkpoints SET frontier = ['zz'] WHERE size = 4",
        "UPDATE checkpoints SET frontier = [] WHERE size = 4",
        "UPDATE checkpoints SET note = 'x' WHERE size = 4",
        "UPDATE acts SET entry = '{' WHERE seq = 3",
    ],
)
def test_nothing_is_added_to_a_trail_whose_end_was_altered(book: Book, change: str):
    for _ in range(3):
        book.add()
    book.change(change)
    with pytest.raises(TrailError, match="calledger trail verify"):
        book.add()


def test_a_new_key_comes_into_force_with_the_signatures_of_both(book: Book):
    new = Signer.generate(book.signer.name)
    change = Proposal("key.changed", _ADMIN, body={"key": new.verifier_key})
    book.add(change, successor=new)
    note = Note.of(trail.latest_note(book.cursor) or "")
    both = (book.signer.verifier, new.verifier)
    assert note.signed_by(both) == both
    assert trail.keys(book.cursor) == both
    with pytest.raises(TrailError, match="the key was changed"):
        book.add()
    book.add(signer=new)
    assert Note.of(trail.latest_note(book.cursor) or "").signed_by(both) == (new.verifier,)


def test_a_change_of_key_needs_the_new_key_itself(book: Book):
    new, strange = Signer.generate(book.signer.name), Signer.generate()
    for body, successor in (
        (new, None),
        (new, Signer.generate(book.signer.name)),
        (strange, strange),
        (book.signer, book.signer),
    ):
        change = Proposal("key.changed", _ADMIN, body={"key": body.verifier_key})
        with pytest.raises(TrailError, match="needs the new key itself"):
            book.add(change, successor=successor)


def test_an_entry_that_cannot_be_read_is_named(book: Book):
    book.add()
    book.change("UPDATE acts SET entry = '{}' WHERE seq = 1")
    with pytest.raises(TrailError, match="Entry 1 of the decision trail cannot be read"):
        trail.acts(book.cursor)


def test_a_trail_that_names_no_key_is_refused(book: Book):
    book.change("UPDATE acts SET entry = replace(entry, '+', '-')")
    with pytest.raises(TrailError, match="Entry 0 of the decision trail names no key"):
        trail.key_in_force(book.cursor)
    book.change("UPDATE acts SET entry = '{}'")
    with pytest.raises(TrailError, match="names no key"):
        trail.key_in_force(book.cursor)


def test_text_that_looks_like_a_change_of_key_is_none(book: Book):
    text = '"kind":"key.changed"'
    book.add(Proposal("role.granted", _ADMIN, body={"kind": "key.changed", "role": text}))
    assert trail.key_in_force(book.cursor) == book.signer.verifier
