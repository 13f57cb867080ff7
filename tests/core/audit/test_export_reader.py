"""An export verified with nothing else at hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from core.audit.export import checkpoint_line, export, header
from core.audit.verify import verify_export
from core.ledger.connection import Ledger
from core.ledger.errors import LedgerError
from core.trail import log as trail
from core.trail.canonical_json import canonical, sha256_of
from tests.worlds.governed.book import BUNDLE, EVIDENCE, SIZE, Book, said_of


def test_an_export_verifies_without_the_ledger(book: Book, exported: Path):
    book.ledger.close()
    report = verify_export(exported, held=[book.kept[6]])
    assert (report.ok, report.n_entries, report.anchored) == (True, SIZE, 6)
    assert (report.origin, report.key) == (book.signer.name, book.signer.verifier_key)
    assert any("The signing key changed at entry 4" in one for one in report.remarks)


def test_an_export_holds_each_entry_as_it_is_and_the_evidence_it_cites(book: Book, exported: Path):
    lines = exported.read_text(encoding="utf-8").splitlines()
    texts = [text for _, text, _ in trail.entries(book.cursor)]
    assert lines[1 : 2 * SIZE : 2] == texts
    assert [json.loads(line) for line in lines[2 : 2 * SIZE + 1 : 2]][1:] == [
        {"checkpoint": book.kept[size]} for size in range(2, SIZE + 1)
    ]
    assert json.loads(lines[0])["size"] == SIZE
    assert json.loads(lines[-1]) == {"bundle": BUNDLE, "sha256": EVIDENCE}
    assert len(lines) == 1 + 2 * SIZE + 1


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
    assert "Entry 5 is not the one that was signed" in said_of(report)


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
    assert words in said_of(report)


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
    assert "Entry 1 is not the one that was signed" in said_of(verify_export(exported))


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
    assert any(part in said_of(report) for part in words.split("|"))


def test_evidence_that_nothing_cites_is_found_in_an_export(exported: Path):
    bundle = canonical({"n": 1})
    line = canonical({"bundle": bundle, "sha256": sha256_of({"n": 1})})
    with exported.open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")
    assert "cited by no entry" in said_of(verify_export(exported))


def test_a_checkpoint_line_holds_the_note_as_it_is():
    assert json.loads(checkpoint_line("a\n— b\n")) == {"checkpoint": "a\n— b\n"}
