"""A backup: whole, verified before it is put in place, and never over anything."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.audit.held import held_beside
from core.audit.verify import verify_ledger
from core.gate import registry_changes as registry
from core.governance.perform import Office
from core.governance.recorded_import import import_recorded
from core.intake.fold import fold_left_over
from core.intake.otlp.mapping import mapping_beside, mapping_path
from core.ledger.connection import Ledger
from core.ledger.errors import LedgerError
from core.registry.yaml_reader import read
from core.spool.segments import Spool, beside, segments_beside
from core.upkeep import manifest as written
from core.upkeep import take
from core.upkeep.manifest import LEDGER, Manifest
from core.upkeep.restore import restore
from tests.worlds.governed.governed import REGISTRY

#: When rows came into the spool.
DAY = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)
NOW = datetime(2026, 11, 29, 6, 0)


def line(event: str) -> bytes:
    found = {"event_id": event, "ts": "2026-11-02T10:00:00Z", "signal": "s", "confidence": 0.9}
    return json.dumps(found).encode()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Manifest]:
    """A ledger with acts, claims, and rows in its spool; a backup of it; and its manifest."""
    folder = tmp_path_factory.mktemp("backup")
    path = folder / "mine.duckdb"
    with Ledger.open(path, create=True) as ledger:
        office = Office.of(ledger)
        registry.apply(office, read(REGISTRY), "user:desk/kim")
        (folder / "claims.jsonl").write_bytes(b"\n".join(line(f"e{n}") for n in range(30)))
        import_recorded(office, folder / "claims.jsonl")
    mapping_path(path).write_text("names: {relevance: ignore}")
    spool = Spool(beside(path))
    spool.append("claims-t-1", [line("e29"), line("waits")])
    spool.append("claims-t-2", [b"{}"])
    spool.set_aside(spool.closed(["claims-t-2"])[0])
    spool.append("outcomes-t-1", [b'{"event_id": "e3", "outcome": 1}'])
    spool.close()
    for one in segments_beside(path):
        os.utime(one.path, (DAY.timestamp(), DAY.timestamp()))
    with Ledger.open(path) as ledger:
        manifest = take.backup(ledger, folder / "kept", now=NOW)
    return path, folder / "kept", manifest


@pytest.fixture
def kept(made: tuple[Path, Path, Manifest], tmp_path: Path) -> Path:
    """A copy of the backup, for a test to spoil."""
    return Path(shutil.copytree(made[1], tmp_path / "kept"))


def nothing_but(kept: Path) -> bool:
    return [one.name for one in kept.parent.iterdir()] == [kept.name]


def test_a_restored_ledger_has_every_row_and_verifies(
    made: tuple[Path, Path, Manifest], tmp_path: Path
) -> None:
    path, folder, manifest = made
    assert (manifest.rows["claims"], manifest.key, manifest.segments) == (30, True, 3)
    target = tmp_path / "again.duckdb"
    assert restore(folder, target) == manifest
    for end in (".key", ".checkpoints"):
        copied = target.with_name(target.name + end)
        assert copied.read_bytes() == path.with_name(path.name + end).read_bytes()
        assert copied.stat().st_mode & 0o077 == 0
    with Ledger.open(target) as ledger, Ledger.open(path) as original:
        query = "SELECT * FROM claims ORDER BY ALL"
        assert ledger.cursor().execute(query).fetchall() == (
            original.cursor().execute(query).fetchall()
        )
        report = verify_ledger(ledger.cursor(), held=held_beside(target))
        assert (report.problems, report.n_entries) == ((), manifest.trail_size)


def test_which_evaluations_are_what_comes_with_it(kept: Path, tmp_path: Path) -> None:
    restore(kept, tmp_path / "there.duckdb")
    assert mapping_beside(tmp_path / "there.duckdb").names == {"relevance": None}


def test_rows_of_the_spool_come_with_it_and_are_folded_once(
    made: tuple[Path, Path, Manifest], tmp_path: Path
) -> None:
    target = tmp_path / "again.duckdb"
    restore(made[1], target)
    assert len(segments_beside(target)) == 2
    with Ledger.open(target) as ledger:
        fold_left_over(Office.of(ledger))
        count = "SELECT count(*), count(*) FILTER (event_id = 'waits') FROM claims"
        assert ledger.cursor().execute(count).fetchone() == (31, 1)
        known = ledger.cursor().execute("SELECT known_at FROM outcomes").fetchall()
        assert known == [(DAY.replace(tzinfo=None),)]
        assert not verify_ledger(ledger.cursor(), held=held_beside(target)).problems


@pytest.mark.parametrize(
    "end", ["", ".key", ".checkpoints", ".spool/*.claims-*.jsonl", ".spool/failed/*.jsonl"]
)
@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda path: path.unlink(), "is missing"),
        (lambda path: path.write_bytes(path.read_bytes()[:-1]), "bytes, and had"),
        (lambda path: path.write_bytes(_flipped(path.read_bytes())), "was altered"),
    ],
    ids=["missing", "cut", "a bit flipped"],
)
def test_a_file_that_is_not_what_was_written_is_named_and_nothing_put_in_place(
    kept: Path, end: str, spoil: Callable[[Path], object], words: str
) -> None:
    (path,) = kept.glob(LEDGER + end)
    spoil(path)
    with pytest.raises(LedgerError, match=words) as refused:
        restore(kept, kept.parent / "again.duckdb")
    assert path.name in str(refused.value)
    assert nothing_but(kept)


def _flipped(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


def _rewritten(kept: Path, change: Callable[[dict], object]) -> None:
    path = kept / written.NAME
    found = json.loads(path.read_text())
    change(found)
    path.write_text(json.dumps(found))


def test_a_ledger_that_was_altered_with_its_manifest_does_not_verify(kept: Path) -> None:
    with Ledger.open(kept / LEDGER) as ledger, ledger.transaction() as cursor:
        cursor.execute("UPDATE claims SET confidence_raw = 0.1 WHERE event_id = 'e7'")
    file = written.measured(kept / LEDGER)
    _rewritten(kept, lambda found: found["files"][LEDGER].update(vars(file)))
    with pytest.raises(LedgerError, match="does not verify, and nothing was put in place"):
        restore(kept, kept.parent / "again.duckdb")
    assert nothing_but(kept)


def test_an_older_ledger_under_a_newer_head_is_refused(kept: Path) -> None:
    _rewritten(kept, lambda found: found.update(trail_size=found["trail_size"] + 1))
    with pytest.raises(LedgerError, match="names another head"):
        restore(kept, kept.parent / "again.duckdb")
    assert nothing_but(kept)


def test_no_name_in_a_manifest_leads_out_of_the_backup(kept: Path) -> None:
    _rewritten(kept, lambda found: found["files"].update({"../x": found["files"][LEDGER]}))
    with pytest.raises(LedgerError, match="which is no file of a backup"):
        restore(kept, kept.parent / "again.duckdb")


@pytest.mark.parametrize("end", ["", ".key", ".spool", ".checkpoints"])
def test_nothing_is_overwritten(kept: Path, end: str) -> None:
    there = kept.parent / f"again.duckdb{end}"
    there.write_text("mine")
    with pytest.raises(LedgerError, match=r"again.* exists already, and restoring never"):
        restore(kept, kept.parent / "again.duckdb")
    assert there.read_text() == "mine"
    with Ledger.open(kept / LEDGER) as ledger, pytest.raises(LedgerError, match="exists already"):
        take.backup(ledger, kept, now=NOW)


def test_a_backup_that_was_stopped_is_told_as_half_of_one(
    made: tuple[Path, Path, Manifest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Ledger, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Ledger, "backup", full)
    with Ledger.open(made[0]) as ledger:
        with pytest.raises(LedgerError, match="No space left on device") as refused:
            take.backup(ledger, tmp_path / "new", now=NOW)
        assert f"in {tmp_path / 'new.partial'}: remove it" in str(refused.value)
        with pytest.raises(LedgerError, match="was not finished"):
            take.backup(ledger, tmp_path / "new", now=NOW)
    with pytest.raises(LedgerError, match="half a backup"):
        restore(tmp_path / "new.partial", tmp_path / "again.duckdb")
    with pytest.raises(LedgerError, match="There is no backup"):
        restore(tmp_path / "new", tmp_path / "again.duckdb")
    (tmp_path / "new.partial").rename(tmp_path / "new")
    with pytest.raises(LedgerError, match=r"no whole backup: it has no manifest\.json"):
        restore(tmp_path / "new", tmp_path / "again.duckdb")


def test_a_missing_key_is_said(made: tuple[Path, Path, Manifest], tmp_path: Path) -> None:
    path = tmp_path / "mine.duckdb"
    shutil.copy(made[0], path)
    with Ledger.open(path) as ledger:
        manifest = take.backup(ledger, tmp_path / "kept", now=NOW)
    assert not manifest.key
    assert not restore(tmp_path / "kept", tmp_path / "again.duckdb").key
    assert not (tmp_path / "again.duckdb.key").exists()


def test_what_comes_in_while_it_is_taken_is_in_it_or_in_the_next(
    made: tuple[Path, Path, Manifest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "mine.duckdb"
    for one in made[0].parent.glob("mine.duckdb*"):
        (shutil.copytree if one.is_dir() else shutil.copy)(
            one, path.with_name(path.name + one.name.removeprefix("mine.duckdb"))
        )
    real = Ledger.backup
    with Ledger.open(path) as ledger:

        def folded_first(self: Ledger, target: Path) -> None:
            if self is ledger:
                fold_left_over(Office.of(ledger))
            real(self, target)

        monkeypatch.setattr(Ledger, "backup", folded_first)
        take.backup(ledger, tmp_path / "kept", now=NOW)
    restore(tmp_path / "kept", tmp_path / "again.duckdb")
    with Ledger.open(tmp_path / "again.duckdb") as again:
        fold_left_over(Office.of(again))
        assert again.cursor().execute("SELECT count(*) FROM claims").fetchone() == (31,)
