"""Checkpoints that somebody kept, and what they vouch for."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.audit.held import held_beside
from core.audit.verify import verify_ledger
from core.trail.checkpoints import anchors
from core.trail.checkpoints.checkpoints import Checkpoint, sign
from core.trail.checkpoints.signer import Signer
from tests.worlds.governed.book import Book, said_of


def test_a_witness_may_have_signed_what_somebody_kept(book: Book):
    line = sign("x\n", [Signer.generate("witness.example")]).split("\n\n")[1]
    report = verify_ledger(book.cursor, held=[book.kept[8] + line])
    assert (report.ok, report.anchored) == (True, 8)


def test_a_forged_checkpoint_that_somebody_kept_is_found(book: Book):
    forged = sign(Checkpoint(book.signer.name, 5, bytes(32)).body, [Signer.generate()])
    report = verify_ledger(book.cursor, held=[forged])
    assert "one of the two was replaced" in said_of(report)


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
        assert "cannot be used" in said_of(verify_ledger(book.cursor, held=[held]))


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
    words = said_of(verify_ledger(book.cursor, held=held_beside(ledger)))
    assert "file " in words
    assert "folder cannot be used" in words
    assert "absent cannot be used: the folder does not exist" in words
    anchors.settings_path(ledger).write_text("tape x\n")
    words = said_of(verify_ledger(book.cursor, held=held_beside(ledger)))
    assert "cannot be used: Line 1 of" in words
