"""Files that only their owner can read, whatever the umask."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from core.governance.perform import Office
from core.governance.recorded_import import import_recorded
from core.ledger.connection import Ledger
from core.ledger.private import owner_only

pytestmark = pytest.mark.skipif(os.name != "posix", reason="modes are of POSIX systems")

CLAIMS = "event_id,ts,signal,confidence,outcome\ne1,2026-11-16T09:12:00Z,s,0.9,1\n"


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    """The umask most machines have, under which others may read what is made."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def open_to_others(folder: Path) -> dict[str, str]:
    """The files and folders below a folder that others may do something with, and their modes."""
    modes = {one.name: stat.S_IMODE(one.stat().st_mode) for one in folder.rglob("*")}
    return {name: f"{mode:o}" for name, mode in modes.items() if mode & 0o077}


def insert(ledger: Ledger) -> None:
    with ledger.transaction() as cursor:
        cursor.execute("INSERT INTO signals VALUES (uuid()::VARCHAR, FALSE, 1)")


def umask() -> int:
    now = os.umask(0)
    os.umask(now)
    return now


def test_a_new_ledger_is_its_owners_with_its_log_and_again_after_a_checkpoint(
    tmp_path: Path,
) -> None:
    with Ledger.open(tmp_path / "l.duckdb", create=True) as ledger:
        insert(ledger)
        assert {one.name for one in tmp_path.iterdir()} >= {"l.duckdb", "l.duckdb.wal"}
        assert open_to_others(tmp_path) == {}
        ledger.cursor().execute("CHECKPOINT")
        insert(ledger)
        assert (tmp_path / "l.duckdb.wal").exists()
        assert open_to_others(tmp_path) == {}
    assert [one.name for one in tmp_path.iterdir()] == ["l.duckdb"]
    assert open_to_others(tmp_path) == {}


def test_what_does_not_fit_into_memory_is_its_owners(tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "l.duckdb", create=True, memory_limit="60MB") as ledger:
        cursor = ledger.cursor()
        cursor.execute("SET threads = 1")
        cursor.execute(
            "CREATE TEMP TABLE large AS "
            "SELECT i, md5(i::VARCHAR) AS m FROM range(1500000) t(i) ORDER BY m"
        )
        assert list((tmp_path / "l.duckdb.tmp").iterdir())
        assert stat.S_IMODE((tmp_path / "l.duckdb.tmp").stat().st_mode) == 0o700
        cursor.close()


def test_a_backup_is_its_owners(tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "l.duckdb", create=True) as ledger:
        ledger.backup(tmp_path / "copy.duckdb")
    assert open_to_others(tmp_path) == {}


def test_an_older_ledger_that_others_could_read_is_taken_from_them_when_it_is_opened(
    tmp_path: Path,
) -> None:
    path = tmp_path / "l.duckdb"
    # A process that ends at once leaves its log behind.
    left = (
        "import os, pathlib, sys; from core.ledger.connection import Ledger\n"
        "with Ledger.open(sys.argv[1], create=True) as ledger, ledger.transaction() as cursor:\n"
        "    cursor.execute(\"INSERT INTO signals VALUES ('s', FALSE, 1)\")\n"
        "    cursor.execute('COMMIT')\n"
        "    os._exit(0)\n"
    )
    subprocess.run([sys.executable, "-c", left, str(path)], check=True)
    (tmp_path / "l.duckdb.tmp").chmod(0o755)
    for name in ("l.duckdb", "l.duckdb.wal"):
        (tmp_path / name).chmod(0o664)
    with Ledger.open(path) as ledger:
        assert open_to_others(tmp_path) == {}
        assert ledger.cursor().execute("SELECT signal FROM signals").fetchall() == [("s",)]


def test_reading_only_changes_no_mode(tmp_path: Path) -> None:
    path = tmp_path / "l.duckdb"
    Ledger.open(path, create=True).close()
    path.chmod(0o644)
    with Ledger.open(path, read_only=True):
        assert open_to_others(tmp_path) == {"l.duckdb": "644"}


def test_an_import_leaves_the_ledger_its_key_and_its_checkpoints_to_their_owner(
    tmp_path: Path,
) -> None:
    file, home = tmp_path / "claims.csv", tmp_path / "home"
    home.mkdir(mode=0o700)
    file.write_text(CLAIMS)
    with Ledger.open(home / "l.duckdb", create=True) as ledger:
        import_recorded(Office.of(ledger), file, now=datetime(2026, 11, 17))
        assert open_to_others(home) == {}
    assert {one.name for one in home.iterdir()} == {
        "l.duckdb", "l.duckdb.key", "l.duckdb.checkpoints",
    }  # fmt: skip
    assert open_to_others(home) == {}


def test_older_checkpoints_are_taken_from_others_with_the_next_one(tmp_path: Path) -> None:
    file, home = tmp_path / "claims.csv", tmp_path / "home"
    home.mkdir(mode=0o700)
    with Ledger.open(home / "l.duckdb", create=True) as ledger:
        office = Office.of(ledger)
        for number in (1, 2):
            file.write_text(CLAIMS.replace("e1", f"e{number}"))
            import_recorded(office, file, now=datetime(2026, 11, 17 + number))
            if number == 1:
                (home / "l.duckdb.checkpoints").chmod(0o644)
    assert open_to_others(home) == {}


def test_the_umask_comes_back_when_the_last_is_done(tmp_path: Path) -> None:
    with owner_only():
        with owner_only():
            assert umask() == 0o077
        assert umask() == 0o077
    assert umask() == 0o022


def test_the_umask_comes_back_though_two_threads_end_in_the_order_in_which_they_began() -> None:
    began, ended = threading.Event(), threading.Event()

    def first() -> None:
        with owner_only():
            began.set()
            ended.wait(10)

    thread = threading.Thread(target=first)
    thread.start()
    began.wait(10)
    with owner_only():
        ended.set()
        thread.join()
        assert umask() == 0o077
    assert umask() == 0o022
