"""What the doctor finds wrong with a ledger, and that it changes nothing."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from core.gate import registry_changes as registry
from core.governance.perform import Office, utc_now
from core.ledger import migrations
from core.ledger.connection import Ledger
from core.registry.yaml_reader import read
from core.spool.segments import Spool, beside
from core.upkeep import doctor
from core.upkeep.doctor import LookedOver, look_over
from tests.worlds.governed.governed import REGISTRY


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger with acts."""
    path = tmp_path_factory.mktemp("doctor") / "mine.duckdb"
    with Ledger.open(path, create=True) as ledger:
        registry.apply(Office.of(ledger), read(REGISTRY), "user:desk/kim")
    return path


@pytest.fixture
def ledger(made: Path, tmp_path: Path) -> Path:
    """A copy of it, for a test to spoil."""
    for one in made.parent.glob("mine.duckdb*"):
        shutil.copy(one, tmp_path / one.name)
    return tmp_path / made.name


def at(ledger: Path, end: str) -> Path:
    return ledger.with_name(ledger.name + end)


def looked(path: Path, now: datetime | None = None) -> LookedOver:
    """What is found; nothing of what is there is changed by it."""
    before = {one: (one.stat().st_mtime_ns, one.stat().st_mode) for one in path.parent.rglob("*")}
    found = look_over(path, now=now or utc_now())
    after = {one: (one.stat().st_mtime_ns, one.stat().st_mode) for one in path.parent.rglob("*")}
    assert after == before
    return found


def test_nothing_is_wrong_with_a_ledger_in_order(ledger: Path) -> None:
    assert looked(ledger) == LookedOver(False, None, ())


def cut_checkpoints(ledger: Path) -> None:
    notes = at(ledger, ".checkpoints").read_text()
    at(ledger, ".checkpoints").write_text(notes[: notes.rindex("\n\n", 0, len(notes) // 2) + 2])


def another_key(ledger: Path) -> None:
    other = ledger.parent / "other"
    other.mkdir()
    with Ledger.open(other / "other.duckdb", create=True) as opened:
        Office.of(opened).signer()
    shutil.copy(other / "other.duckdb.key", at(ledger, ".key"))


def waiting(ledger: Path) -> Spool:
    spool = Spool(beside(ledger))
    spool.append("claims-t-1", [b"{}"])
    return spool


def set_aside(ledger: Path) -> None:
    spool = waiting(ledger)
    spool.set_aside(spool.closed()[0])
    spool.close()


@pytest.mark.parametrize(
    ("spoil", "of", "words"),
    [
        (lambda one: one.unlink(), "file", "There is no ledger at"),
        (lambda one: one.write_bytes(b"x" * 9000), "file", "is no DuckDB file"),
        (lambda one: one.write_bytes(one.read_bytes()[:-300_000]), "file", "damaged"),
        (lambda one: one.chmod(0o644), "file", r"mode 644\): chmod 600"),
        (lambda one: at(one, ".key").unlink(), "key", "is missing, and the decision trail has"),
        (lambda one: at(one, ".key").chmod(0o640), "key", "chmod 600"),
        (another_key, "key", "is not the one that signs this trail"),
        (lambda one: at(one, ".checkpoints").unlink(), "checkpoint", "There is no checkpoint in"),
        (cut_checkpoints, "checkpoint", r"is \d+ of \d+ acts behind"),
        (
            lambda one: at(one, ".anchors").write_text("nowhere"),
            "checkpoint",
            "an anchor is `file PATH`, `git DIR` or `tsa",
        ),
        (lambda one: waiting(one).close(), "spool", "are not in the ledger yet: calledger serve"),
        (set_aside, "spool", r"claims-t-1\.jsonl in .*failed could not be folded in"),
    ],
    ids=[
        *("no file", "no database", "cut", "open to others", "no key", "open key", "another key"),
        *("no checkpoints", "behind", "no anchor", "waiting", "set aside"),
    ],
)
def test_what_is_wrong_is_told_with_the_fix(
    ledger: Path, spoil: Callable[[Path], object], of: str, words: str
) -> None:
    spoil(ledger)
    found = looked(ledger)
    assert [one.of for one in found.ailments] == [of]
    assert re.search(words, found.ailments[0].words), found.ailments[0].words


def test_a_clock_behind_the_newest_act_is_wrong(ledger: Path) -> None:
    (found,) = looked(ledger, utc_now() - timedelta(days=1)).ailments
    assert found.of == "clock"
    assert "set the clock right" in found.words


def test_a_disk_that_is_nearly_full_is_wrong(ledger: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "FREE_BYTES", 1 << 60)
    (found,) = looked(ledger).ailments
    assert (found.of, "make room" in found.words) == ("disk", True)


@pytest.mark.parametrize(("more", "words"), [(1, "newer"), (-1, "open it once for writing")])
def test_another_schema_is_told(ledger: Path, more: int, words: str) -> None:
    with Ledger.open(ledger) as opened, opened.transaction() as cursor:
        newest = migrations.known_migrations()[-1].version
        if more > 0:
            cursor.execute(f"INSERT INTO migrations VALUES ({newest + 1}, 'x', '9', now())")
        else:
            cursor.execute(f"DELETE FROM migrations WHERE version = {newest}")
    (found,) = looked(ledger).ailments
    assert (found.of, words in found.words) == ("file", True)


def test_who_holds_a_ledger_is_told_and_what_lies_beside_it_looked_at(
    ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting(ledger).close()
    holds = "import sys, duckdb; c = duckdb.connect(sys.argv[1]); print(1, flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", holds, str(ledger)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        found = looked(ledger)
        # It folds within a minute, so what came in just now is as it should be.
        assert found == LookedOver(True, holder.pid, ())
        real = time.time
        monkeypatch.setattr(doctor.time, "time", lambda: real() + 3600)
        (late,) = looked(ledger).ailments
        assert "has not folded them in: its log says why" in late.words
        holder.communicate(b"\n")
