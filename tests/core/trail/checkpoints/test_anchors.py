"""Checkpoints outside the ledger: in files and in git, and no act is lost when one fails."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from core.ledger.errors import LedgerError
from core.trail.checkpoints.anchors import Anchor, anchors_of, publish, settings_path, text_of
from core.trail.checkpoints.checkpoints import Checkpoint, blocks, sign
from core.trail.checkpoints.merkle import leaf_hash
from core.trail.checkpoints.signer import Signer

_SIGNER = Signer("calledger/0123456789abcdef", bytes(range(32)))


def _note(size: int, signer: Signer = _SIGNER) -> str:
    return sign(Checkpoint(signer.name, size, leaf_hash(str(size).encode())).body, [signer])


def _file(path: Path) -> Anchor:
    return Anchor("file", path / "kept.checkpoints")


@pytest.fixture
def tree(tmp_path: Path) -> Anchor:
    folder = tmp_path / "tree"
    folder.mkdir()
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    return Anchor("git", folder / "x.duckdb.checkpoints")


def _commits(tree: Anchor) -> list[str]:
    done = subprocess.run(
        ["git", "-C", str(tree.path.parent), "log", "--format=%an: %s"],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.splitlines()


def _settle(tmp_path: Path, text: str) -> Path:
    ledger = tmp_path / "x.duckdb"
    settings_path(ledger).write_text(text)
    return ledger


def test_without_settings_checkpoints_lie_beside_the_ledger_only(tmp_path: Path):
    beside = Anchor("beside", tmp_path / "x.duckdb.checkpoints")
    assert anchors_of(tmp_path / "x.duckdb") == (beside,)


def test_anchors_are_read_one_per_line_with_comments_and_relative_paths(tmp_path: Path):
    ledger = _settle(tmp_path, "# kept by audit\n\n file ../audit/a b.txt \ngit /srv/tree\n")
    assert anchors_of(ledger)[1:] == (
        Anchor("file", tmp_path / "../audit/a b.txt"),
        Anchor("git", Path("/srv/tree/x.duckdb.checkpoints")),
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("file a\ntape b\n", r"Line 2 of .*begins with 'tape'.*write for example: file"),
        ("\nfile\n", r"Line 2 of .*names no place after 'file'"),
        ("git   \n", r"Line 1 of .*names no place after 'git'"),
        ("file a\nfile a\n", r"Line 2 of .*names file .*again; take it out"),
        ("files a\n", "begins with 'files'"),
    ],
)
def test_a_line_that_names_no_anchor_is_refused_with_the_mend(
    tmp_path: Path, text: str, words: str
):
    with pytest.raises(LedgerError, match=words):
        anchors_of(_settle(tmp_path, text))


def test_a_file_holds_one_note_after_the_other(tmp_path: Path):
    anchor = _file(tmp_path)
    for size in (1, 2, 5):
        assert publish(_note(size), [anchor]) == ()
    assert anchor.path.read_text() == "\n".join(_note(size) for size in (1, 2, 5))
    assert blocks(anchor.path.read_text()) == (_note(1), _note(2), _note(5))


def test_the_same_checkpoint_again_is_not_written_again(tmp_path: Path, tree: Anchor):
    for anchor in (_file(tmp_path), tree):
        publish(_note(3), [anchor])
        publish(_note(3), [anchor])
        assert text_of(anchor) == _note(3)
    assert len(_commits(tree)) == 1


def test_a_git_tree_holds_what_is_committed(tree: Anchor):
    assert text_of(tree) is None
    assert publish(_note(1), [tree]) == publish(_note(2), [tree]) == ()
    assert _commits(tree) == [
        "Calibration Ledger: Checkpoint of 2 entries",
        "Calibration Ledger: Checkpoint of 1 entries",
    ]
    tree.path.write_text("somebody's edit")
    assert blocks(text_of(tree) or "") == (_note(1), _note(2))


def test_other_work_in_the_tree_is_not_committed_along(tree: Anchor):
    (tree.path.parent / "draft").write_text("unfinished")
    subprocess.run(["git", "-C", str(tree.path.parent), "add", "draft"], check=True)
    assert publish(_note(1), [tree]) == ()
    shown = subprocess.run(
        ["git", "-C", str(tree.path.parent), "show", "--name-only", "--format="],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert shown.stdout.split() == ["x.duckdb.checkpoints"]


def test_variables_of_a_surrounding_git_lead_to_no_other_repository(
    tree: Anchor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    assert publish(_note(1), [tree]) == ()
    assert text_of(tree) == _note(1)


def test_a_failing_anchor_is_reported_and_keeps_no_other_waiting(tmp_path: Path):
    broken = Anchor("file", tmp_path / "absent" / "kept")
    plain = Anchor("git", tmp_path / "x.duckdb.checkpoints")
    good = _file(tmp_path)
    failures = publish(_note(1), [broken, plain, good])
    assert [failure.anchor for failure in failures] == [broken, plain]
    assert "No such file or directory" in failures[0].words
    assert "make it one with: git init" in failures[1].words
    assert text_of(good) == _note(1)


def test_the_next_checkpoint_makes_a_failed_anchor_good(tmp_path: Path):
    anchor = Anchor("file", tmp_path / "share" / "kept")
    assert publish(_note(1), [anchor]) != ()
    anchor.path.parent.mkdir()
    assert publish(_note(2), [anchor]) == ()
    assert blocks(text_of(anchor) or "")[-1] == _note(2)


def test_a_tree_that_ignores_the_file_is_a_failure(tree: Anchor):
    (tree.path.parent / ".gitignore").write_text("*.checkpoints\n")
    (failure,) = publish(_note(1), [tree])
    assert "git add refused it" in failure.words


def test_a_commit_that_failed_is_made_with_the_same_checkpoint_later(tree: Anchor):
    hook = tree.path.parent / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho not today >&2\nexit 1\n")
    hook.chmod(0o755)
    (failure,) = publish(_note(1), [tree])
    assert "not today" in failure.words
    hook.unlink()
    assert publish(_note(1), [tree]) == ()
    assert text_of(tree) == _note(1)


def test_without_git_the_failure_says_so(tree: Anchor, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "")
    (failure,) = publish(_note(1), [tree])
    assert "there is no git on this machine" in failure.words


def test_two_ledgers_never_share_a_file(tmp_path: Path):
    anchor = _file(tmp_path)
    publish(_note(1), [anchor])
    (failure,) = publish(_note(2, Signer.generate()), [anchor])
    assert "give each ledger a file of its own" in failure.words
    assert text_of(anchor) == _note(1)


@pytest.mark.parametrize("kept", [10, 50, len(_note(1)) - 1, len(_note(1)) + 9])
def test_a_note_that_a_crash_cut_short_spoils_no_later_one(tmp_path: Path, kept: int):
    anchor = _file(tmp_path)
    anchor.path.write_text((_note(1) + "\n" + _note(2))[:kept])
    assert publish(_note(3), [anchor]) == ()
    assert blocks(text_of(anchor) or "")[-1] == _note(3)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_file_without_leave_to_write_is_a_failure(tmp_path: Path):
    anchor = _file(tmp_path)
    anchor.path.touch(0o400)
    (failure,) = publish(_note(1), [anchor])
    assert "Permission denied" in failure.words
