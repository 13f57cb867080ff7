"""Is the trail intact: what a ledger or an export answers, with and without what somebody kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from core.audit.export import checkpoint_line, export, header
from core.audit.held import Held, held_beside
from core.audit.report import Report
from core.audit.verify import verify_export, verify_ledger
from core.ledger.connection import Ledger
from core.ledger.errors import LedgerError
from core.trail import anchors
from core.trail import log as trail
from core.trail import row_seals as seal
from core.trail.acts import Act, Actor, Proposal, Signature
from core.trail.canonical_json import canonical, sha256_of
from core.trail.checkpoints import Checkpoint, Note, sign
from core.trail.fingerprint import Fingerprint
from core.trail.merkle import Frontier, leaf_hash
from core.trail.signing_key import Signer

_NOW = datetime(2026, 11, 24, 9)
_ADMIN = Actor("p-0123456789abcdef", "admin")
_BUNDLE = canonical({"n": 412, "gap": "0.021"})
_EVIDENCE = sha256_of({"n": 412, "gap": "0.021"})
_GROUP = {"name": "risk", "members": ["p-1"]}
_SIZE = 8


class Book:
    """A trail with evidence, a change of key and checkpoints that an auditor kept."""

    def __init__(self, signer: Signer | None = None) -> None:
        self.ledger = Ledger.in_memory()
        self.cursor = self.ledger.cursor()
        self.signer = signer or Signer.generate()
        self.clock = _NOW
        self.kept: dict[int, str] = {}
        trail.start(self.cursor, self.signer, at=_NOW, program="1")

    def add(self, kind: str = "group.set", body: Any = None, **given: Any) -> Act:
        self.clock += timedelta(minutes=1)
        successor = given.pop("successor", None)
        proposal = Proposal(kind, _ADMIN, body=_GROUP if body is None else body, **given)
        act = trail.append(
            self.cursor, self.signer, proposal,
            at=self.clock, before=None, after=None, successor=successor,
        )  # fmt: skip
        self.kept[act.seq + 1] = trail.latest_note(self.cursor) or ""
        return act

    def change_key(self) -> None:
        new = Signer.generate(self.signer.name)
        self.add("key.changed", {"key": new.verifier_key}, successor=new)
        self.signer = new

    def verified(self, *held: int) -> Report:
        return verify_ledger(self.cursor, held=[self.kept[size] for size in held])

    def change(self, sql: str) -> None:
        self.cursor.execute(sql)


def _story(signer: Signer | None = None) -> Book:
    book = Book(signer)
    book.add()
    book.cursor.execute("INSERT INTO evidence VALUES (?, ?)", [_EVIDENCE, _BUNDLE])
    book.add("validation.submitted", {"evidence": _EVIDENCE}, signal="s")
    book.add(
        "validation.signed",
        {"until": "2027-01-01"},
        signal="s",
        fingerprint=Fingerprint(model_version="m"),
        signature=Signature("I checked — ✓", _EVIDENCE),
    )
    book.change_key()
    for _ in range(3):
        book.add()
    return book


@pytest.fixture
def book() -> Book:
    return _story()


def _words(report: Report) -> str:
    return "\n".join(report.lines())


def test_an_untouched_trail_is_intact_and_says_what_nothing_vouches_for(book: Book):
    report = book.verified()
    assert (report.ok, report.n_entries, report.first_bad) == (True, _SIZE, None)
    assert report.origin == book.signer.name
    assert report.key == book.signer.verifier_key
    assert report.lines()[0] == (
        f"The trail is intact: 8 entries of {book.signer.name}, from "
        "2026-11-24T09:00:00.000000Z to 2026-11-24T09:07:00.000000Z."
    )
    assert "Nothing outside the ledger holds a checkpoint" in _words(report)


def test_it_says_since_which_entry_the_trail_is_not_anchored(book: Book):
    report = book.verified(3, 6)
    assert (report.ok, report.anchored) == (True, 6)
    assert "Not anchored since entry 6." in report.lines()
    assert "Anchored up to its last entry" in _words(book.verified(6, 8))


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
        in _words(report)
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
    assert words in _words(report)
    assert report.lines()[0].startswith("The trail is not intact:")


def _rewritten(
    book: Book, signer: Signer, alter: Callable[[int, dict[str, Any]], None], size: int = _SIZE
) -> None:
    """Alter entries and chain, hash and sign everything anew, as the key's holder could."""
    texts = [text for _, text, _ in trail.entries(book.cursor)][:size]
    book.change("DELETE FROM acts; DELETE FROM checkpoints")
    frontier, prev = Frontier(), ""
    for seq, text in enumerate(texts):
        read = json.loads(text)
        alter(seq, read)
        text = canonical({**read, "prev": prev})
        leaf = leaf_hash(text.encode())
        frontier, prev = frontier.append(leaf), leaf.hex()
        note = sign(Checkpoint(signer.name, seq + 1, frontier.root()).body, [signer])
        book.cursor.execute("INSERT INTO acts VALUES (?, ?, ?)", [seq, text, prev])
        roots = [root.hex() for root in frontier.roots]
        book.cursor.execute("INSERT INTO checkpoints VALUES (?, ?, ?)", [seq + 1, roots, note])


def test_every_checkpoint_carries_the_time_of_its_entry(book: Book):
    note = Note.of(book.kept[3])
    assert Checkpoint.of(note.text).extensions == ("time 2026-11-24T09:02:00.000000Z",)
    # Signed by the key's holder, but not the time of the entry.
    plain = _plain()
    signed = Checkpoint.of(Note.of(plain.kept[3]).text)
    other = sign(replace(signed, extensions=("time 2026-11-24T08:00:00.000000Z",)).body,
                 [plain.signer])  # fmt: skip
    plain.cursor.execute("UPDATE checkpoints SET note = ? WHERE size = 3", [other])
    assert "The checkpoint of entry 2 has not the time of its entry." in _words(plain.verified())


def test_checkpoints_of_an_earlier_version_carry_no_time_and_hold():
    book = _plain()
    _rewritten(book, book.signer, lambda seq, read: None)
    assert Checkpoint.of(Note.of(trail.latest_note(book.cursor) or "").text).extensions == ()
    assert book.verified(3).ok


def _plain(size: int = _SIZE) -> Book:
    """Without a change of key, so that one key can sign all of it again."""
    book = Book()
    for _ in range(size - 1):
        book.add()
    return book


def _alter_five(seq: int, read: dict[str, Any]) -> None:
    if seq == 5:
        read["body"] = {"sub": "p-666"}


def test_a_rewrite_signed_with_the_stolen_key_is_found_by_a_held_checkpoint():
    book = _plain()
    _rewritten(book, book.signer, _alter_five)
    assert book.verified().ok
    assert book.verified(3, 5).ok
    report = book.verified(5, 7)
    assert report.first_bad == 5
    assert "rewritten somewhere in entries 5 to 6" in _words(report)


def test_a_rewrite_signed_with_another_key_names_its_first_entry():
    book = _plain()
    _rewritten(book, Signer.generate(book.signer.name), _alter_five)
    report = book.verified()
    assert (report.ok, report.first_bad) == (False, 0)


def test_entries_chained_anew_without_the_key_are_found_at_the_first_altered_one():
    book = _plain()
    notes = book.cursor.execute("SELECT note FROM checkpoints ORDER BY size").fetchall()
    _rewritten(book, book.signer, _alter_five)
    for size, (note,) in enumerate(notes, start=1):
        book.cursor.execute("UPDATE checkpoints SET note = ? WHERE size = ?", [note, size])
    report = book.verified()
    assert (report.ok, report.first_bad) == (False, 5)
    assert "Entry 5 is not the one that was signed." in _words(report)


def test_a_whole_new_trail_under_another_name_is_not_the_one_that_was_kept():
    book, other = _plain(), _plain()
    report = verify_ledger(other.cursor, held=[book.kept[4]])
    assert f'holds a checkpoint of the trail "{book.signer.name}"' in _words(report)


def test_a_trail_cut_short_cleanly_is_found_by_a_held_checkpoint():
    book = _plain()
    book.change("DELETE FROM acts WHERE seq >= 5; DELETE FROM checkpoints WHERE size > 5")
    assert book.verified().ok
    assert book.verified(4).ok
    report = book.verified(4, 7)
    assert report.first_bad == 4
    assert "of 7 entries; the trail has 5: what came after was cut off" in _words(report)


def test_an_emptied_ledger_is_found_by_a_held_checkpoint():
    book = _plain()
    book.change("DELETE FROM acts; DELETE FROM checkpoints")
    assert not book.verified(4).ok


def test_a_fork_after_the_last_held_checkpoint_is_said_to_be_unanchored():
    book = _plain()
    _rewritten(book, book.signer, _alter_five)
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
    book = _plain()
    _rewritten(book, book.signer, lambda seq, read: alter(read) if seq == 5 else None)
    report = book.verified()
    assert (report.ok, report.first_bad) == (False, 5)
    assert words in _words(report)


@pytest.mark.parametrize("text", ['{"a": 1}', '{"b":1,"a":2}', '{"a":1.5}', '{"a":1,"a":1}', "[]"])
def test_an_entry_that_is_not_canonical_is_found(book: Book, text: str):
    book.cursor.execute("UPDATE acts SET entry = ? WHERE seq = 7", [text])
    found = [one.words for one in book.verified().problems if one.seq == 7]
    assert any("Entry 7 is not canonical JSON" in w or "Entry 7 cannot be read" in w for w in found)


def test_a_key_that_comes_into_force_without_the_one_before_it_is_found():
    book, thief = _plain(), Signer.generate()
    thief = replace(thief, name=book.signer.name)
    body = {"key": thief.verifier_key}
    act = Act(_SIZE, book.clock, "key.changed", _ADMIN, body=body)
    leaves = [leaf for _, _, leaf in trail.entries(book.cursor)]
    text = act.to_text(log=thief.name, prev=leaves[-1])
    frontier = Frontier()
    for leaf in (*map(bytes.fromhex, leaves), leaf_hash(text.encode())):
        frontier = frontier.append(leaf)
    note = sign(Checkpoint(thief.name, frontier.size, frontier.root()).body, [thief])
    leaf = leaf_hash(text.encode()).hex()
    book.cursor.execute("INSERT INTO acts VALUES (?, ?, ?)", [_SIZE, text, leaf])
    roots = [root.hex() for root in frontier.roots]
    book.cursor.execute("INSERT INTO checkpoints VALUES (?, ?, ?)", [_SIZE + 1, roots, note])
    report = book.verified()
    assert (report.ok, report.first_bad) == (False, _SIZE)
    assert f"is not signed by {book.signer.name}+" in _words(report)


def test_a_checkpoint_signed_with_a_key_that_was_no_longer_in_force_is_found(book: Book):
    old = _story(Signer.generate())
    stale = old.signer
    old.change_key()
    act = old.add()
    frontier = Frontier()
    for _, _, leaf in trail.entries(old.cursor):
        frontier = frontier.append(bytes.fromhex(leaf))
    note = sign(Checkpoint(stale.name, frontier.size, frontier.root()).body, [stale])
    held = verify_ledger(old.cursor, held=[note])
    assert "the trail's key of that time did not sign" in _words(held)
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
    assert "carries a strange signature" in _words(book.verified())


def test_a_witness_may_have_signed_what_somebody_kept(book: Book):
    line = sign("x\n", [Signer.generate("witness.example")]).split("\n\n")[1]
    report = verify_ledger(book.cursor, held=[book.kept[8] + line])
    assert (report.ok, report.anchored) == (True, 8)


def test_a_forged_checkpoint_that_somebody_kept_is_found(book: Book):
    forged = sign(Checkpoint(book.signer.name, 5, bytes(32)).body, [Signer.generate()])
    report = verify_ledger(book.cursor, held=[forged])
    assert "one of the two was replaced" in _words(report)


def test_any_number_of_checkpoints_may_be_kept_in_one_file(book: Book, tmp_path: Path):
    path = tmp_path / "kept.txt"
    path.write_text("\n".join(book.kept[size] for size in (2, 5, 7)))
    assert verify_ledger(book.cursor, held=[path]).anchored == 7


def test_a_block_that_is_no_checkpoint_is_passed_over_and_said(book: Book):
    report = verify_ledger(book.cursor, held=[f"{book.kept[5][:40]}\n\n{book.kept[7]}"])
    assert (report.ok, report.anchored) == (True, 7)
    assert any("1 blocks of" in one for one in report.remarks)


@pytest.mark.parametrize("text", ["", "garbage", "\x00\n\n\n— \n"])
def test_something_kept_that_holds_no_checkpoint_is_said(book: Book, tmp_path: Path, text: str):
    (tmp_path / "kept").write_text(text)
    for held in (tmp_path / "kept", tmp_path / "absent", tmp_path, text):
        assert "cannot be used" in _words(verify_ledger(book.cursor, held=[held]))


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


# -- exports ---------------------------------------------------------------------------------------


@pytest.fixture
def exported(book: Book, tmp_path: Path) -> Path:
    path = tmp_path / "trail.jsonl"
    assert export(book.cursor, path) == _SIZE
    return path


def test_an_export_verifies_without_the_ledger(book: Book, exported: Path):
    book.ledger.close()
    report = verify_export(exported, held=[book.kept[6]])
    assert (report.ok, report.n_entries, report.anchored) == (True, _SIZE, 6)
    assert (report.origin, report.key) == (book.signer.name, book.signer.verifier_key)
    assert any("The signing key changed at entry 4" in one for one in report.remarks)


def test_an_export_holds_each_entry_as_it_is_and_the_evidence_it_cites(book: Book, exported: Path):
    lines = exported.read_text(encoding="utf-8").splitlines()
    texts = [text for _, text, _ in trail.entries(book.cursor)]
    assert lines[1 : 2 * _SIZE : 2] == texts
    assert [json.loads(line) for line in lines[2 : 2 * _SIZE + 1 : 2]][1:] == [
        {"checkpoint": book.kept[size]} for size in range(2, _SIZE + 1)
    ]
    assert json.loads(lines[0])["size"] == _SIZE
    assert json.loads(lines[-1]) == {"bundle": _BUNDLE, "sha256": _EVIDENCE}
    assert len(lines) == 1 + 2 * _SIZE + 1


def test_an_export_never_overwrites_and_leaves_nothing_half_done(book: Book, tmp_path: Path):
    path = tmp_path / "trail.jsonl"
    path.write_text("mine")
    with pytest.raises(LedgerError, match="exists already"):
        export(book.cursor, path)
    assert path.read_text() == "mine"
    with pytest.raises(LedgerError, match="cannot be written"):
        export(book.cursor, tmp_path / "absent" / "trail.jsonl")
    assert [one.name for one in tmp_path.iterdir()] == ["trail.jsonl"]


def test_a_trail_that_has_not_begun_is_not_exported(tmp_path: Path):
    with pytest.raises(LedgerError, match="nothing to export"):
        export(Ledger.in_memory().cursor(), tmp_path / "x")


def test_a_broken_trail_is_exported_as_it_is(book: Book, tmp_path: Path):
    book.change("UPDATE acts SET entry = replace(entry, 'p-1', 'p-2') WHERE seq = 5")
    book.change("DELETE FROM checkpoints WHERE size = 2")
    export(book.cursor, tmp_path / "x")
    report = verify_export(tmp_path / "x")
    assert report.first_bad == 1
    assert "Entry 5 is not the one that was signed" in _words(report)


def test_an_export_cut_short_with_a_fitting_header_is_found_by_what_was_kept(
    book: Book, exported: Path
):
    lines = exported.read_text(encoding="utf-8").splitlines()[: 1 + 2 * 4]
    key = json.loads(lines[0])["keys"][0]
    short = [header(book.signer.name, (key,), 4), *lines[1:]]
    evidence = exported.read_text(encoding="utf-8").splitlines()[-1]
    exported.write_text("\n".join([*short, evidence]) + "\n", encoding="utf-8")
    assert verify_export(exported).ok
    assert not verify_export(exported, held=[book.kept[6]]).ok


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "The file is empty"),
        (b"\xff\xfe\x00", "Line 1 is not one of an export"),
        (b"{}", "it is cut short"),
        (b"{}\n", "is its header"),
        (b"[" * 100_000 + b"\n", "Line 1 is not one of an export"),
        (b"\n\n\n", "Line 1 is not one of an export"),
        (b'{"format": "calledger-trail/1"}\n', "is its header"),
        (b"1" * 10_000 + b"\n", "Line 1 is not one of an export"),
    ],
)
def test_whatever_is_no_export_is_said_to_be_none(tmp_path: Path, raw: bytes, words: str):
    (tmp_path / "x").write_bytes(raw)
    report = verify_export(tmp_path / "x")
    assert not report.ok
    assert words in _words(report)


def test_what_is_no_file_or_a_ledger_is_said_and_not_called_altered(tmp_path: Path):
    Ledger.open(tmp_path / "l.duckdb", create=True).close()
    for name, words in (
        ("", "is a folder"),
        ("absent", "There is no file"),
        ("l.duckdb", "is a ledger, not an export; verify it with: calledger trail verify --ledger"),
    ):
        with pytest.raises(LedgerError, match=words):
            verify_export(tmp_path / name)


def test_an_export_whose_line_ends_were_changed_verifies_and_says_so(book: Book, exported: Path):
    exported.write_bytes(exported.read_bytes().replace(b"\n", b"\r\n"))
    report = verify_export(exported, held=[book.kept[8]])
    assert (report.ok, report.anchored) == (True, 8)
    assert any("line ends of the file were changed to CRLF" in one for one in report.remarks)


def test_line_ends_hide_no_alteration(exported: Path):
    raw = exported.read_bytes().replace(b"\n", b"\r\n")
    exported.write_bytes(raw.replace(b"risk", b"rask", 1))
    assert "Entry 1 is not the one that was signed" in _words(verify_export(exported))


def test_a_single_changed_line_end_is_found(exported: Path):
    lines = exported.read_bytes().splitlines(keepends=True)
    lines[3] = lines[3][:-1] + b"\r\n"
    exported.write_bytes(b"".join(lines))
    assert not verify_export(exported).ok


@pytest.mark.parametrize(
    ("alter", "words"),
    [
        (lambda lines: lines[1:], "is its header"),
        (lambda lines: [lines[0].replace('"size":8', '"size":9'), *lines[1:]], "not that of the 8"),
        (lambda lines: [lines[0].replace(":", ": ", 1), *lines[1:]], "is its header"),
        (lambda lines: [*lines[:-1]], "which entry 2 cites, is missing"),
        (lambda lines: [*lines, lines[-1]], "out of order, doubled"),
        (lambda lines: [*lines, lines[0]], "Entry 8 is not|Entry 8 cannot be read"),
        (lambda lines: [*lines[:2], *lines[3:]], "Entry 0 has no signed checkpoint"),
        (lambda lines: [*lines[:3], lines[2], *lines[3:]], "line 4 follows no entry"),
        (lambda lines: [*lines[:-3], lines[-1], *lines[-3:-1]], "stands after the evidence"),
        (lambda lines: [*lines[:-2], lines[-1], lines[-2]], "Entry 7 has no signed checkpoint"),
        (lambda lines: [*lines[:5], "", *lines[5:]], "Line 6 is not one of an export"),
        (lambda lines: [line + " " if i == 2 else line for i, line in enumerate(lines)],
         "Line 3 is not one of an export: it is not canonical JSON"),
    ],
)  # fmt: skip
def test_an_altered_export_is_not_intact(
    exported: Path, alter: Callable[[list[str]], list[str]], words: str
):
    lines = exported.read_text(encoding="utf-8").splitlines()
    exported.write_text("\n".join(alter(lines)) + "\n", encoding="utf-8")
    report = verify_export(exported)
    assert not report.ok
    assert any(part in _words(report) for part in words.split("|"))


def test_evidence_that_nothing_cites_is_found_in_an_export(exported: Path):
    bundle = canonical({"n": 1})
    line = canonical({"bundle": bundle, "sha256": sha256_of({"n": 1})})
    with exported.open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")
    assert "cited by no entry" in _words(verify_export(exported))


def test_a_checkpoint_line_holds_the_note_as_it_is():
    assert json.loads(checkpoint_line("a\n— b\n")) == {"checkpoint": "a\n— b\n"}


# -- what lies beside the ledger -------------------------------------------------------------------


def test_what_lies_beside_the_ledger_and_at_its_anchors_counts_as_held(book: Book, tmp_path: Path):
    ledger = tmp_path / "x.duckdb"
    anchors.settings_path(ledger).write_text("file audit.txt\nfile later.txt\n")
    beside, audit, _ = anchors.anchors_of(ledger)
    assert anchors.publish(book.kept[7], [beside]) == anchors.publish(book.kept[5], [audit]) == ()
    report = verify_ledger(book.cursor, held=held_beside(ledger))
    assert (report.ok, report.anchored, report.beside) == (True, 5, 7)
    assert any("later.txt holds no checkpoint yet" in one for one in report.remarks)


def test_anchors_that_cannot_be_read_are_problems_and_not_errors(book: Book, tmp_path: Path):
    ledger = tmp_path / "x.duckdb"
    (tmp_path / "folder").mkdir()
    anchors.settings_path(ledger).write_text("file folder\ngit absent\n")
    words = _words(verify_ledger(book.cursor, held=held_beside(ledger)))
    assert "file " in words
    assert "folder cannot be used" in words
    assert "absent cannot be used: the folder does not exist" in words
    anchors.settings_path(ledger).write_text("tape x\n")
    words = _words(verify_ledger(book.cursor, held=held_beside(ledger)))
    assert "cannot be used: Line 1 of" in words


def test_a_long_list_of_problems_is_cut_and_counted(book: Book):
    book.change("UPDATE acts SET entry = 'x', leaf = 'y'; DELETE FROM checkpoints")
    lines = book.verified().lines()
    assert any("problems more." in one for one in lines)
    assert len(lines) < 30
