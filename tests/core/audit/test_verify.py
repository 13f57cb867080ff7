"""Is the trail intact: what a ledger answers, with and without what somebody kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import duckdb
import pytest

from core.audit.held import Held
from core.audit.verify import verify_ledger
from core.ledger.connection import Ledger
from core.trail import log as trail
from core.trail.acts import Act
from core.trail.checkpoints.checkpoints import Checkpoint, Note, sign
from core.trail.checkpoints.merkle import Frontier, leaf_hash
from core.trail.checkpoints.signer import Signer
from core.trail.seals import row_seals as seal
from tests.worlds.governed.book import (
    ADMIN,
    SIZE,
    Book,
    alter_five,
    plain_book,
    rewritten,
    said_of,
    story,
)


def test_an_untouched_trail_is_intact_and_says_what_nothing_vouches_for(book: Book):
    report = book.verified()
    assert (report.ok, report.n_entries, report.first_bad) == (True, SIZE, None)
    assert report.origin == book.signer.name
    assert report.key == book.signer.verifier_key
    assert report.lines()[0] == (
        f"The trail is intact: 8 entries of {book.signer.name}, from "
        "2026-11-24T09:00:00.000000Z to 2026-11-24T09:07:00.000000Z."
    )
    assert "Nothing outside the ledger holds a checkpoint" in said_of(report)


def test_it_says_since_which_entry_the_trail_is_not_anchored(book: Book):
    report = book.verified(3, 6)
    assert (report.ok, report.anchored) == (True, 6)
    assert "Not anchored since entry 6." in report.lines()
    assert "Anchored up to its last entry" in said_of(book.verified(6, 8))


def test_it_says_where_the_signing_key_changed(book: Book):
    assert any("The signing key changed at entry 4, from" in one for one in book.verified().lines())


def test_a_trail_that_has_not_begun_says_so():
    report = verify_ledger(Ledger.in_memory().cursor())
    assert (report.ok, report.lines()) == (
        True,
        ("The trail has not begun: there are no entries.",),
    )


def test_checkpoints_beside_the_ledger_do_not_count_as_anchors(book: Book):
    held = [Held("x.checkpoints", book.kept[8], within_reach=True)]
    report = verify_ledger(book.cursor, held=held)
    assert (report.ok, report.anchored, report.beside) == (True, None, 8)
    assert (
        "agree up to entry 7, the oldest is of entry 7; but who can write to the ledger can"
        in said_of(report)
    )


@pytest.mark.parametrize(
    ("change", "first", "words"),
    [
        ("UPDATE acts SET entry = replace(entry, 'p-1', 'p-2') WHERE seq = 5", 5,
         "The text of entry 5 is not the one that was hashed"),
        ("UPDATE acts SET leaf = repeat('0', 64) WHERE seq = 5", 5, "text of entry 5"),
        ("DELETE FROM acts WHERE seq = 5", 5, "Entry 5 is missing"),
        ("DELETE FROM acts WHERE seq IN (5, 6)", 5, "Entries 5 to 6 are missing"),
        ("DELETE FROM acts WHERE seq = 7", 7, "a checkpoint of size 8 too many"),
        ("DELETE FROM acts WHERE seq = 0", 0, "Entry 0 is missing"),
        ("DELETE FROM acts", 0, "too many"),
        ("INSERT INTO acts SELECT * FROM acts WHERE seq = 5", 5, "Entry 5 stands there again"),
        ("INSERT INTO acts SELECT 8, entry, leaf FROM acts WHERE seq = 7", 8,
         "The entry that stands in place 8 is number 7"),
        ("UPDATE acts SET seq = CASE seq WHEN 5 THEN 6 ELSE 5 END WHERE seq IN (5, 6)", 5,
         "The entry that stands in place 5 is number 6"),
        ("UPDATE acts SET seq = -1 WHERE seq = 7", 0, "out of order"),
        ("UPDATE acts SET seq = 9223372036854775807 WHERE seq = 7", 7, "missing"),
        ("UPDATE acts SET entry = '{' || entry WHERE seq = 2", 2, "Entry 2 cannot be read"),
        ("UPDATE acts SET entry = repeat('[', 99999) WHERE seq = 2", 2, "Entry 2 cannot be read"),
        ("UPDATE checkpoints SET note = replace(note, chr(10), ' ') WHERE size = 3", 2,
         "The checkpoint of entry 2 is not valid"),
        ("UPDATE checkpoints SET frontier = [] WHERE size = 3", 2, "tree stored with entry 2"),
        ("UPDATE checkpoints SET frontier = [NULL, 'x'] WHERE size = 3", 2, "tree stored with"),
        ("DELETE FROM checkpoints WHERE size = 3", 2, "Entry 2 has no signed checkpoint"),
        ("INSERT INTO checkpoints SELECT * FROM checkpoints WHERE size = 3", 2, "too many"),
        ("UPDATE checkpoints SET size = -9223372036854775808 WHERE size = 3", 0, "too many"),
        ("UPDATE checkpoints SET note = (SELECT note FROM checkpoints WHERE size = 2) "
         "WHERE size = 3", 2, "is one of 2 entries"),
        ("UPDATE evidence SET bundle = bundle || ' '", 2, "which entry 2 cites, was altered"),
        ("DELETE FROM evidence", 2, "which entry 2 cites, is missing"),
        ("UPDATE evidence SET sha256 = repeat('0', 64)", 2, "which entry 2 cites, is missing"),
        ("DROP TABLE acts", None, "The ledger cannot be read"),
        ("DROP TABLE claims", None, "The ledger cannot be read"),
        ("ALTER TABLE acts RENAME COLUMN leaf TO leaves", None, "The ledger cannot be read"),
    ],
)  # fmt: skip
def test_an_altered_ledger_is_not_intact_and_the_first_bad_entry_is_named(
    book: Book, change: str, first: int | None, words: str
):
    book.change(change)
    report = book.verified()
    assert not report.ok
    assert report.first_bad == first
    assert words in said_of(report)
    assert report.lines()[0].startswith("The trail is not intact:")


def test_every_checkpoint_carries_the_time_of_its_entry(book: Book):
    note = Note.of(book.kept[3])
    assert Checkpoint.of(note.text).extensions == ("time 2026-11-24T09:02:00.000000Z",)
    # Signed by the key's holder, but not the time of the entry.
    plain = plain_book()
    signed = Checkpoint.of(Note.of(plain.kept[3]).text)
    other = sign(replace(signed, extensions=("time 2026-11-24T08:00:00.000000Z",)).body,
                 [plain.signer])  # fmt: skip
    plain.cursor.execute("UPDATE checkpoints SET note = ? WHERE size = 3", [other])
    assert "The checkpoint of entry 2 has not the time of its entry." in said_of(plain.verified())


def test_checkpoints_of_an_earlier_version_carry_no_time_and_hold():
    book = plain_book()
    rewritten(book, book.signer, lambda seq, read: None)
    assert Checkpoint.of(Note.of(trail.latest_note(book.cursor) or "").text).extensions == ()
    assert book.verified(3).ok


def test_a_rewrite_signed_with_the_stolen_key_is_found_by_a_held_checkpoint():
    book = plain_book()
    rewritten(book, book.signer, alter_five)
    assert book.verified().ok
    assert book.verified(3, 5).ok
    report = book.verified(5, 7)
    assert report.first_bad == 5
    assert "rewritten somewhere in entries 5 to 6" in said_of(report)


def test_a_rewrite_signed_with_another_key_names_its_first_entry():
    book = plain_book()
    rewritten(book, Signer.generate(book.signer.name), alter_five)
    report = book.verified()
    assert (report.ok, report.first_bad) == (False, 0)


def test_entries_chained_anew_without_the_key_are_found_at_the_first_altered_one():
    book = plain_book()
    notes = book.cursor.execute("SELECT note FROM checkpoints ORDER BY size").fetchall()
    rewritten(book, book.signer, alter_five)
    for size, (note,) in enumerate(notes, start=1):
        book.cursor.execute("UPDATE checkpoints SET note = ? WHERE size = ?", [note, size])
    report = book.verified()
    assert (report.ok, report.first_bad) == (False, 5)
    assert "Entry 5 is not the one that was signed." in said_of(report)


def test_a_whole_new_trail_under_another_name_is_not_the_one_that_was_kept():
    book, other = plain_book(), plain_book()
    report = verify_ledger(other.cursor, held=[book.kept[4]])
    assert f'holds a checkpoint of the trail "{book.signer.name}"' in said_of(report)


def test_a_trail_cut_short_cleanly_is_found_by_a_held_checkpoint():
    book = plain_book()
    book.change("DELETE FROM acts WHERE seq >= 5; DELETE FROM checkpoints WHERE size > 5")
    assert book.verified().ok
    assert book.verified(4).ok
    report = book.verified(4, 7)
    assert report.first_bad == 4
    assert "of 7 entries; the trail has 5: what came after was cut off" in said_of(report)


def test_an_emptied_ledger_is_found_by_a_held_checkpoint():
    book = plain_book()
    book.change("DELETE FROM acts; DELETE FROM checkpoints")
    assert not book.verified(4).ok


def test_a_fork_after_the_last_held_checkpoint_is_said_to_be_unanchored():
    book = plain_book()
    rewritten(book, book.signer, alter_five)
    report = book.verified(5)
    assert report.ok
    assert "Not anchored since entry 5." in report.lines()


@pytest.mark.parametrize(
    ("alter", "words"),
    [
        (lambda read: read.update(extra=1), "unknown key, 'extra'"),
        (lambda read: read["actor"].update(extra=1), "unknown keys or values"),
        (lambda read: read.update(fingerprint={"model": "x"}), "unknown keys or values"),
        (lambda read: read.update(fingerprint={"model_version": ""}), "unknown keys or values"),
        (lambda read: read.update(kind="key.stolen"), "unknown kind 'key.stolen'"),
        (lambda read: read.update(kind="trail.started"), "begins a trail, and is not the first"),
        (lambda read: read.update(kind="key.changed"), "names no key"),
        (lambda read: read.update(log="calledger/x"), "is of the trail 'calledger/x'"),
        (lambda read: read.update(seq=4), "place 5 is number 4"),
        (lambda read: read.update(seq=True), "place 5 is number True"),
        (lambda read: read.update(v=2), "cannot be read: not an entry of layout 1"),
        (lambda read: read.update(at="2026-11-24T08:00:00.000000Z"), "before the entry before it"),
        (lambda read: read.update(at="2026-11-24T09:05:00Z"), "cannot be read"),
        (lambda read: read.update(at="2026-11-24T09:05:00.5Z"), "unknown keys or values"),
        (lambda read: read.update(body=[]), "its body is not an object"),
        (lambda read: read.update(signal=7), "signal is not text"),
        (lambda read: read["actor"].update(sub=None), "actor.sub is not text"),
        (lambda read: read["actor"].update(via="fax"), "no known assurance or way"),
        (lambda read: read["actor"].update(assurance="high"), "no known assurance or way"),
        (lambda read: read.pop("before"), "cannot be read"),
    ],
)  # fmt: skip
def test_an_entry_that_is_signed_but_not_of_the_layout_is_found(
    alter: Callable[[dict[str, Any]], None], words: str
):
    book = plain_book()
    rewritten(book, book.signer, lambda seq, read: alter(read) if seq == 5 else None)
    report = book.verified()
    assert (report.ok, report.first_bad) == (False, 5)
    assert words in said_of(report)


@pytest.mark.parametrize("text", ['{"a": 1}', '{"b":1,"a":2}', '{"a":1.5}', '{"a":1,"a":1}', "[]"])
def test_an_entry_that_is_not_canonical_is_found(book: Book, text: str):
    book.cursor.execute("UPDATE acts SET entry = ? WHERE seq = 7", [text])
    found = [one.words for one in book.verified().problems if one.seq == 7]
    assert any("Entry 7 is not canonical JSON" in w or "Entry 7 cannot be read" in w for w in found)


def test_a_key_that_comes_into_force_without_the_one_before_it_is_found():
    book, thief = plain_book(), Signer.generate()
    thief = replace(thief, name=book.signer.name)
    body = {"key": thief.verifier_key}
    act = Act(SIZE, book.clock, "key.changed", ADMIN, body=body)
    leaves = [leaf for _, _, leaf in trail.entries(book.cursor)]
    text = act.to_text(log=thief.name, prev=leaves[-1])
    frontier = Frontier()
    for leaf in (*map(bytes.fromhex, leaves), leaf_hash(text.encode())):
        frontier = frontier.append(leaf)
    note = sign(Checkpoint(thief.name, frontier.size, frontier.root()).body, [thief])
    leaf = leaf_hash(text.encode()).hex()
    book.cursor.execute("INSERT INTO acts VALUES (?, ?, ?)", [SIZE, text, leaf])
    roots = [root.hex() for root in frontier.roots]
    book.cursor.execute("INSERT INTO checkpoints VALUES (?, ?, ?)", [SIZE + 1, roots, note])
    report = book.verified()
    assert (report.ok, report.first_bad) == (False, SIZE)
    assert f"is not signed by {book.signer.name}+" in said_of(report)


def test_a_checkpoint_signed_with_a_key_that_was_no_longer_in_force_is_found(book: Book):
    old = story(Signer.generate())
    stale = old.signer
    old.change_key()
    act = old.add()
    frontier = Frontier()
    for _, _, leaf in trail.entries(old.cursor):
        frontier = frontier.append(bytes.fromhex(leaf))
    note = sign(Checkpoint(stale.name, frontier.size, frontier.root()).body, [stale])
    held = verify_ledger(old.cursor, held=[note])
    assert "the trail's key of that time did not sign" in said_of(held)
    old.cursor.execute("UPDATE checkpoints SET note = ? WHERE size = ?", [note, act.seq + 1])
    assert old.verified().first_bad == act.seq


def test_a_checkpoint_of_another_trail_in_the_ledger_is_found(book: Book):
    note = sign(Checkpoint("calledger/other", 3, bytes(32)).body, [book.signer])
    book.cursor.execute("UPDATE checkpoints SET note = ? WHERE size = 3", [note])
    assert book.verified().first_bad == 2


def test_a_strange_signature_on_a_stored_checkpoint_is_found(book: Book):
    witness = Signer.generate("witness.example")
    line = sign("x\n", [witness]).split("\n\n")[1]
    book.cursor.execute("UPDATE checkpoints SET note = note || ? WHERE size = 3", [line])
    assert "carries a strange signature" in said_of(book.verified())


def test_what_is_written_meanwhile_is_no_problem(book: Book, monkeypatch: pytest.MonkeyPatch):
    checked = seal.check_seals

    def with_a_writer(cursor: duckdb.DuckDBPyConnection, acts: Any) -> Any:
        with book.ledger.cursor() as writer:
            writer.execute("INSERT INTO outcomes VALUES ('e','s',1,NULL,now(),NULL,true,1,1)")
        return checked(cursor, acts)

    monkeypatch.setattr(seal, "check_seals", with_a_writer)
    assert book.verified().ok
    assert not book.verified().ok


def test_a_verification_ends_its_own_transaction_and_leaves_the_callers_open(book: Book):
    book.verified()
    book.change("BEGIN")
    book.change("DELETE FROM acts WHERE seq = 7")
    assert book.verified().first_bad == 7
    book.change("ROLLBACK")
    assert book.verified().ok


def test_a_long_list_of_problems_is_cut_and_counted(book: Book):
    book.change("UPDATE acts SET entry = 'x', leaf = 'y'; DELETE FROM checkpoints")
    lines = book.verified().lines()
    assert any("problems more." in one for one in lines)
    assert len(lines) < 30
