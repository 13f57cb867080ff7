"""The ledger file: what opens, what is refused and how, and what a write leaves behind."""

from __future__ import annotations

import os
import sqlite3
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb
import pytest

from core import __version__
from core.ledger.connection import Ledger
from core.ledger.errors import LedgerError, LedgerHeld, LedgerMissing, LedgerNewer, NotALedger
from core.ledger.migrations import known_migrations
from tests.worlds.paths import ROOT

AddImport = Callable[..., None]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A ledger that is whole, empty and closed."""
    path = tmp_path / "my.duckdb"
    Ledger.open(path, create=True).close()
    return path


@contextmanager
def untouched(path: Path) -> Iterator[None]:
    before, folder = (path.read_bytes(), path.stat().st_mtime_ns), sorted(path.parent.iterdir())
    yield
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert sorted(path.parent.iterdir()) == folder


def rows(ledger: Ledger, sql: str) -> list[tuple[object, ...]]:
    with ledger.cursor() as cursor:
        return cursor.execute(sql).fetchall()


def test_a_new_ledger_records_the_migrations_that_made_it(path: Path) -> None:
    with Ledger.open(path) as ledger:
        found = rows(ledger, "SELECT version, name, program_version FROM migrations ORDER BY 1")
    assert found == [(m.version, m.name, __version__) for m in known_migrations()]


def test_opening_again_applies_nothing(path: Path) -> None:
    with Ledger.open(path) as ledger:
        first = rows(ledger, "FROM migrations")
    with Ledger.open(path) as ledger:
        assert rows(ledger, "FROM migrations") == first


def test_create_opens_an_existing_ledger(path: Path, add_import: AddImport) -> None:
    with Ledger.open(path) as ledger:
        add_import(ledger, 1)
    with Ledger.open(path, create=True) as ledger:
        assert ledger.data_version() == 1


def test_data_version_is_zero_before_the_first_import(ledger: Ledger) -> None:
    assert ledger.data_version() == 0


def test_data_version_is_the_newest_import(ledger: Ledger, add_import: AddImport) -> None:
    add_import(ledger, 1)
    add_import(ledger, 2)
    assert ledger.data_version() == 2


def test_data_version_is_the_files_even_when_another_object_wrote(
    path: Path, add_import: AddImport
) -> None:
    with Ledger.open(path) as ours, Ledger.open(path) as theirs:
        add_import(theirs, 1)
        assert ours.data_version() == 1


def test_cursors_speak_utc_and_stay_within_the_memory_limit(tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "a", create=True, memory_limit="512MiB") as ledger:
        settings = "SELECT current_setting('TimeZone'), current_setting('memory_limit')"
        assert rows(ledger, settings) == [("UTC", "512.0 MiB")]


def test_no_extension_is_ever_fetched(ledger: Ledger) -> None:
    setting = "SELECT current_setting('autoinstall_known_extensions')"
    assert rows(ledger, setting) == [(False,)]


def test_a_transaction_is_seen_once_it_is_over(ledger: Ledger) -> None:
    with ledger.transaction() as cursor:
        cursor.execute("INSERT INTO signals VALUES ('triage', FALSE, 1)")
        assert rows(ledger, "SELECT signal FROM signals") == []
    assert rows(ledger, "SELECT signal FROM signals") == [("triage",)]


def test_a_transaction_that_fails_leaves_nothing(ledger: Ledger) -> None:
    with suppress(ZeroDivisionError), ledger.transaction() as cursor:
        cursor.execute("INSERT INTO signals VALUES ('triage', FALSE, 1)")
        raise ZeroDivisionError
    assert rows(ledger, "FROM signals") == []
    with ledger.transaction() as cursor:
        cursor.execute("INSERT INTO signals VALUES ('next', FALSE, 1)")
    assert rows(ledger, "SELECT signal FROM signals") == [("next",)]


def test_a_refused_statement_keeps_its_own_error(ledger: Ledger) -> None:
    with pytest.raises(duckdb.ConstraintException), ledger.transaction() as cursor:
        cursor.execute("INSERT INTO signals VALUES (NULL, FALSE, 1)")
    assert rows(ledger, "FROM signals") == []


def test_read_only_refuses_to_write(path: Path) -> None:
    with Ledger.open(path, read_only=True) as ledger:
        assert ledger.data_version() == 0
        with pytest.raises(duckdb.Error, match="read-only"), ledger.transaction() as cursor:
            cursor.execute("INSERT INTO signals VALUES ('triage', FALSE, 1)")


def test_read_only_creates_nothing(tmp_path: Path) -> None:
    with pytest.raises(LedgerMissing):
        Ledger.open(tmp_path / "none", create=True, read_only=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("in_memory", [True, False])
def test_a_backup_is_a_ledger_with_the_same_rows(
    path: Path, tmp_path: Path, add_import: AddImport, in_memory: bool
) -> None:
    target = tmp_path / "copy's.duckdb"
    with Ledger.in_memory() if in_memory else Ledger.open(path) as ledger:
        add_import(ledger, 7)
        ledger.backup(target)
        expected = rows(ledger, "FROM imports"), rows(ledger, "FROM migrations")
    with Ledger.open(target) as copy:
        assert (rows(copy, "FROM imports"), rows(copy, "FROM migrations")) == expected
    assert not list(tmp_path.glob("*.partial"))


def test_a_backup_keeps_the_rules_of_the_tables(ledger: Ledger, tmp_path: Path) -> None:
    ledger.backup(tmp_path / "copy")
    with (
        Ledger.open(tmp_path / "copy") as copy,
        pytest.raises(duckdb.ConstraintException),
        copy.transaction() as cursor,
    ):
        cursor.execute(
            """
            INSERT INTO claims (event_id, signal, ts, confidence_ppm, split, import_id, import_row)
            VALUES ('e', 's', TIMESTAMP '2026-01-01', 1000001, 'production', 1, 1)
            """
        )


def test_a_backup_taken_during_a_write_has_none_of_it(path: Path, tmp_path: Path) -> None:
    with Ledger.open(path) as ledger:
        with ledger.transaction() as cursor:
            cursor.execute("INSERT INTO signals VALUES ('half', FALSE, 1)")
            ledger.backup(tmp_path / "copy")
        assert rows(ledger, "SELECT signal FROM signals") == [("half",)]
    with Ledger.open(tmp_path / "copy") as copy:
        assert rows(copy, "FROM signals") == []


def test_a_backup_never_overwrites(path: Path, tmp_path: Path) -> None:
    with Ledger.open(path) as ledger:
        (tmp_path / "copy").write_text("precious")
        with pytest.raises(LedgerError, match="never overwrites"):
            ledger.backup(tmp_path / "copy")
    assert (tmp_path / "copy").read_text() == "precious"


def test_a_missing_file_is_answered_with_the_command_that_makes_one(tmp_path: Path) -> None:
    path = tmp_path / "none.duckdb"
    with pytest.raises(LedgerMissing) as caught:
        Ledger.open(path)
    assert f"calledger import FILE --ledger {path}" in str(caught.value)
    assert not path.exists()


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(LedgerMissing, match=r"folder .*nowhere does not exist"):
        Ledger.open(tmp_path / "nowhere" / "my.duckdb", create=True)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="is a folder"):
        Ledger.open(tmp_path, create=True)


def sqlite_file(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE claims (x)")
    connection.commit()
    connection.close()


def duckdb_file(*statements: str) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        with duckdb.connect(str(path)) as connection:
            for statement in statements:
                connection.execute(statement)

    return make


def cut_short(path: Path) -> None:
    Ledger.open(path, create=True).close()
    os.truncate(path, 20_000)


def garbled(path: Path) -> None:
    Ledger.open(path, create=True).close()
    content = bytearray(path.read_bytes())
    content[12_288 : 12_288 + 512] = bytes(512)
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        pytest.param(lambda p: p.write_text("event_id,ts\n" * 999), "no DuckDB file", id="csv"),
        pytest.param(lambda p: p.write_bytes(b""), "no DuckDB file", id="empty"),
        pytest.param(sqlite_file, "no DuckDB file", id="sqlite"),
        pytest.param(duckdb_file("CREATE TABLE a (x INT)"), "not a ledger", id="other tables"),
        pytest.param(
            duckdb_file(
                "CREATE TABLE migrations (id VARCHAR)",
                *(f"CREATE TABLE {name} (x INT)" for name in ("claims", "imports", "outcomes")),
            ),
            "not a ledger",
            id="tables of the same names",
        ),
        pytest.param(cut_short, "damaged or cut short", id="cut short"),
        pytest.param(garbled, "damaged or cut short", id="garbled"),
    ],
)
@pytest.mark.parametrize("create", [True, False])
def test_a_file_that_is_something_else_is_refused_untouched(
    tmp_path: Path, make: Callable[[Path], None], reason: str, create: bool
) -> None:
    path = tmp_path / "file"
    make(path)
    with untouched(path), pytest.raises(NotALedger, match=reason) as caught:
        Ledger.open(path, create=create)
    assert "\n" not in str(caught.value)


def test_a_database_without_tables_becomes_a_ledger_only_where_one_may_be_created(
    tmp_path: Path,
) -> None:
    path = tmp_path / "begun"
    duckdb_file()(path)
    with untouched(path), pytest.raises(NotALedger, match="empty database"):
        Ledger.open(path)
    with Ledger.open(path, create=True) as ledger:
        assert ledger.data_version() == 0


def test_a_ledger_of_a_newer_program_is_refused_untouched(path: Path) -> None:
    with Ledger.open(path) as ledger, ledger.transaction() as cursor:
        cursor.execute("INSERT INTO migrations VALUES (9000, 'later', '99.0', now()::TIMESTAMP)")
    for read_only in (False, True):
        with untouched(path), pytest.raises(LedgerNewer, match=r"schema 9000.*Upgrade"):
            Ledger.open(path, read_only=read_only)


def with_storage_version(content: bytes, version: int) -> bytes:
    """The file as a later DuckDB would head it: another version, and the checksum to match.

    The header's checksum is 5381 xor each eight-byte word times a constant
    (duckdb/src/common/checksum.cpp), so one word is exchanged without summing again.
    """
    changed = bytearray(content)
    (old,) = struct.unpack_from("<Q", changed, 8)
    struct.pack_into("<I", changed, 12, version)
    (new,) = struct.unpack_from("<Q", changed, 8)
    (checksum,) = struct.unpack_from("<Q", changed, 0)
    for word in (old, new):
        checksum ^= word * 0xBF58476D1CE4E5B9 & (1 << 64) - 1
    struct.pack_into("<Q", changed, 0, checksum)
    return bytes(changed)


def test_a_file_of_a_newer_duckdb_is_refused_untouched(path: Path) -> None:
    path.write_bytes(with_storage_version(path.read_bytes(), 70_000))
    with untouched(path), pytest.raises(LedgerNewer, match="newer DuckDB"):
        Ledger.open(path)


HOLD = """
import sys
from core.ledger.connection import Ledger
with Ledger.open(sys.argv[1]):
    print("open", flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("read_only", [False, True])
def test_a_ledger_held_by_another_process_is_refused_naming_the_process(
    path: Path, read_only: bool
) -> None:
    command = [sys.executable, "-c", HOLD, str(path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, cwd=ROOT) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"open\n"
        with pytest.raises(LedgerHeld, match=f"process {holder.pid}") as caught:
            Ledger.open(path, read_only=read_only)
        holder.communicate()
    assert caught.value.pid == holder.pid
    Ledger.open(path).close()


def test_other_settings_in_the_same_process_are_refused(path: Path) -> None:
    with Ledger.open(path), pytest.raises(LedgerHeld, match="this process") as caught:
        Ledger.open(path, memory_limit="300MB")
    assert caught.value.pid == os.getpid()


@contextmanager
def without_privilege() -> Iterator[None]:
    """Root may do anything; step down while the test asks."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.skipif(sys.platform == "win32", reason="permission bits are POSIX")
@pytest.mark.parametrize(
    ("mode", "folder", "reason"),
    [
        (0o000, 0o755, "permission to read"),
        (0o444, 0o755, "permission to write to"),
        (None, 0o555, "permission to write in"),
    ],
)
def test_a_file_or_folder_without_permission_is_refused(
    mode: int | None, folder: int, reason: str
) -> None:
    # Not tmp_path: its parents are closed to other users, and root has to become one.
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "my.duckdb"
        if mode is not None:
            Ledger.open(path, create=True).close()
            path.chmod(mode)
        path.parent.chmod(folder)
        try:
            with without_privilege(), pytest.raises(LedgerError, match=reason):
                Ledger.open(path, create=True)
        finally:
            path.parent.chmod(0o755)


def test_a_file_one_may_only_read_opens_read_only() -> None:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "my.duckdb"
        Ledger.open(path, create=True).close()
        path.chmod(0o444)
        path.parent.chmod(0o755)
        with without_privilege(), Ledger.open(path, read_only=True) as ledger:
            assert ledger.data_version() == 0
