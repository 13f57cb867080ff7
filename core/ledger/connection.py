"""The ledger file: opened with care, refused in one sentence, read by a cursor per call.

One process owns the file (DuckDB lets one process write, and then no other may even read).
Inside it any number of threads read and write, each with its own `Ledger.cursor`.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType

import duckdb

from core.ledger.damage import refuse_cut
from core.ledger.errors import LedgerError, LedgerHeld, LedgerMissing, LedgerNewer, NotALedger
from core.ledger.migrations import applied_version, apply_migrations, known_migrations
from core.ledger.private import owner_only, private_folder, tighten
from core.ledger.sql import literal, quoted

MEMORY_LIMIT = "1.5GB"

#: A DuckDB file carries this mark after the eight bytes of its first checksum.
_MARK, _MARK_AT = b"DUCK", 8
_PID = re.compile(r"\(PID (\d+)\)")


class Ledger:
    """One open ledger.

    Attributes:
        path: the file; None for a ledger in memory.
        read_only: whether writing is refused.
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, path: Path | None, *, read_only: bool = False
    ) -> None:
        self._connection = connection
        self._writing = threading.Lock()
        self.path = path
        self.read_only = read_only

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        *,
        create: bool = False,
        read_only: bool = False,
        memory_limit: str = MEMORY_LIMIT,
    ) -> Ledger:
        """Open the ledger at ``path`` and bring its schema up to date.

        The file is first looked at read-only, so one that is refused keeps every byte and its
        modification time. One that is opened for writing, and all that is made beside it, only
        its owner can read, whatever the umask and the modes it had.

        Args:
            create: make the file when there is none.
            read_only: refuse to write; several processes may then read at once, as long as
                none has it open for writing.
            memory_limit: the most DuckDB may hold, e.g. "1.5GB"; beyond it, it spills to disk.

        Raises:
            LedgerMissing: no such file, and ``create`` is false.
            NotALedger: the file is something else.
            LedgerNewer: a newer program or DuckDB wrote it.
            LedgerHeld: another process has it open.
            LedgerError: a folder, a missing folder, no permission, or an older ledger that
                needs a migration but was opened read-only.
        """
        path = Path(path)
        exists = _looked_at(path, create=create and not read_only, read_only=read_only)
        if read_only:
            return cls(_connected_to_read(path, memory_limit), path, read_only=True)
        found = _version_in(path, memory_limit) if exists else 0
        _refuse_version(path, found, create=create)
        for mine in (path, _wal(path)):
            tighten(mine)
        with owner_only():
            connection = _connect(path, memory_limit, read_only=False)
            # Made first, for DuckDB makes it while reading, under whatever umask is then.
            private_folder(_spill(path))
            try:
                apply_migrations(connection, known_migrations())
            except BaseException:
                connection.close()
                raise
        return cls(connection, path)

    @classmethod
    def in_memory(cls, *, memory_limit: str = MEMORY_LIMIT) -> Ledger:
        """An empty ledger that lives and dies with this object."""
        connection = duckdb.connect(":memory:", config=_configuration(memory_limit))
        _set_up(connection)
        apply_migrations(connection, known_migrations())
        return cls(connection, None)

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A fresh cursor; take one per call or thread and never share it between threads."""
        return self._connection.cursor()

    def data_version(self) -> int:
        """The newest import's number, 0 before the first; read from the file each time.

        What is cached under this number stays right whoever wrote: the number is no variable of
        this program, which a module loaded twice would count twice.
        """
        with self.cursor() as cursor:
            row = cursor.execute("SELECT coalesce(max(import_id), 0) FROM imports").fetchone()
        return int(row[0]) if row else 0

    @contextmanager
    def transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """One write, whole or not at all: committed at the end, rolled back on any exception.

        Writers of this ledger take turns; readers go on and see the state before it. Not to be
        nested.
        """
        with self._writing, owner_only(), self.cursor() as cursor:
            cursor.execute("BEGIN TRANSACTION")
            try:
                yield cursor
                cursor.execute("COMMIT")
            except BaseException:
                # A failed COMMIT has ended the transaction itself.
                with suppress(duckdb.TransactionException):
                    cursor.execute("ROLLBACK")
                raise

    def backup(self, target: str | os.PathLike[str]) -> None:
        """Write a consistent copy to ``target`` while readers and writers go on.

        The copy appears under its name only when it is complete.

        Raises:
            LedgerError: ``target`` exists already, or cannot be written.
        """
        target = Path(target)
        if target.exists():
            raise LedgerError(f"{target} exists already; a backup never overwrites.")
        partial = target.with_name(target.name + ".partial")
        partial.unlink(missing_ok=True)
        with owner_only(), self.cursor() as cursor:
            row = cursor.execute("SELECT current_database()").fetchone()
            assert row is not None
            try:
                cursor.execute(f"ATTACH {literal(str(partial))} AS backup_copy")
            except duckdb.IOException as error:
                raise LedgerError(f"The backup {target} cannot be written: {error}") from error
            try:
                cursor.execute(f"COPY FROM DATABASE {quoted(row[0])} TO backup_copy")
            except BaseException:
                cursor.execute("DETACH backup_copy")
                partial.unlink(missing_ok=True)
                raise
            cursor.execute("DETACH backup_copy")
        partial.replace(target)

    def close(self) -> None:
        """Give the file free; closing twice is harmless."""
        with owner_only():
            self._connection.close()
        if self.path is not None and not self.read_only:
            with suppress(OSError):
                _spill(self.path).rmdir()

    def __enter__(self) -> Ledger:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def is_database(path: Path) -> bool:
    """Whether a file carries DuckDB's mark; not for one that this process has open.

    Closing a file gives up every lock that a process has on it (POSIX record locks), and so would
    let another process write to a ledger that is open here.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return file.read(_MARK_AT + len(_MARK))[_MARK_AT:] == _MARK


def _wal(path: Path) -> Path:
    """Where DuckDB writes what is not yet in the file."""
    return path.with_name(path.name + ".wal")


def _spill(path: Path) -> Path:
    """Where DuckDB writes what does not fit into memory."""
    return path.with_name(path.name + ".tmp")


def _how_to_make(path: Path) -> str:
    return f"Make one with: calledger import FILE --ledger {path}"


def _looked_at(path: Path, *, create: bool, read_only: bool) -> bool:
    """Whether a DuckDB file that this process may use is there; raises what stands against it.

    The file's mark is read here, because DuckDB, given an SQLite file, asks the network for an
    extension.
    """
    if path.is_dir():
        raise LedgerError(f"{path} is a folder; name the ledger file inside it.")
    try:
        marked = is_database(path)
    except FileNotFoundError:
        if not create:
            raise LedgerMissing(f"There is no ledger at {path}. {_how_to_make(path)}") from None
        if not path.parent.is_dir():
            raise LedgerMissing(f"The folder {path.parent} does not exist.") from None
        if not os.access(path.parent, os.W_OK | os.X_OK, effective_ids=_EFFECTIVE):
            raise LedgerError(f"You have no permission to write in {path.parent}.") from None
        return False
    except PermissionError:
        raise LedgerError(f"You have no permission to read {path}.") from None
    except OSError as error:
        raise LedgerError(f"{path} cannot be read: {error.strerror}.") from error
    if not marked:
        raise NotALedger(f"{path} is not a ledger: it is no DuckDB file. {_how_to_make(path)}")
    if not read_only and not os.access(path, os.W_OK, effective_ids=_EFFECTIVE):
        raise LedgerError(f"You have no permission to write to {path}.")
    return True


#: Where the system can, permissions are asked for the user the process acts as.
_EFFECTIVE = os.access in os.supports_effective_ids


def _version_in(path: Path, memory_limit: str) -> int:
    """The newest migration in the file, read without leave to write."""
    looked = False
    try:
        connection = _connect(path, memory_limit, read_only=True)
    except _OpenHere:
        # This process has it open for writing, and so has already looked.
        connection, looked = _connect(path, memory_limit, read_only=False), True
    try:
        return _version(connection, path, cut=not looked)
    finally:
        connection.close()


def _connected_to_read(path: Path, memory_limit: str) -> duckdb.DuckDBPyConnection:
    connection = _connect(path, memory_limit, read_only=True)
    try:
        _refuse_version(path, _version(connection, path), read_only=True)
    except BaseException:
        connection.close()
        raise
    return connection


def _version(connection: duckdb.DuckDBPyConnection, path: Path, *, cut: bool = True) -> int:
    """The newest migration; ``cut``: whether the file may have been cut."""
    try:
        found = applied_version(connection)
        if cut:
            refuse_cut(connection, path)
        return found
    except LookupError:
        raise NotALedger(
            f"{path} is a DuckDB file, but not a ledger. {_how_to_make(path)}"
        ) from None
    except duckdb.Error as error:
        raise _explained(path, str(error)) from error


def _refuse_version(
    path: Path, found: int, *, create: bool = False, read_only: bool = False
) -> None:
    if found == 0 and not create:
        raise NotALedger(f"{path} is an empty database, not a ledger. {_how_to_make(path)}")
    newest = known_migrations()[-1].version
    if found > newest:
        raise LedgerNewer(
            f"{path} was written by a newer Calibration Ledger (schema {found}; this program "
            f"knows {newest}). Upgrade the program; the file was left untouched."
        )
    if read_only and found < newest:
        raise LedgerError(
            f"{path} has schema {found} and needs {newest}: open it once for writing to bring "
            "it up to date."
        )


class _OpenHere(LedgerHeld):
    """The file is open in this very process, under other settings."""


def _configuration(memory_limit: str) -> dict[str, str | bool | int | float | list[str]]:
    # No extension is ever fetched: the ledger works without a network, and asks for none.
    return {
        "memory_limit": memory_limit,
        "autoinstall_known_extensions": False,
        "allow_community_extensions": False,
    }


def _connect(path: Path, memory_limit: str, *, read_only: bool) -> duckdb.DuckDBPyConnection:
    try:
        connection = duckdb.connect(
            str(path), read_only=read_only, config=_configuration(memory_limit)
        )
    except duckdb.ConnectionException:
        raise _OpenHere(
            f"{path} is already open in this process (PID {os.getpid()}) with other settings.",
            os.getpid(),
        ) from None
    except duckdb.Error as error:
        raise _explained(path, str(error)) from error
    _set_up(connection)
    return connection


def _set_up(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("SET GLOBAL TimeZone = 'UTC'")


def _explained(path: Path, message: str) -> LedgerError:
    """DuckDB's refusal in one sentence."""
    if "Conflicting lock" in message or "being used by another process" in message:
        match = _PID.search(message)
        pid = int(match[1]) if match else None
        holder = f"process {pid}" if pid else "another process"
        return LedgerHeld(
            f"{path} is held by {holder}, and one process at a time may open a ledger; "
            "try again when it has ended.",
            pid,
        )
    if "newer version of DuckDB" in message:
        return LedgerNewer(
            f"{path} was written by a newer DuckDB than {duckdb.__version__}. "
            "Upgrade the program; the file was left untouched."
        )
    first_line = message.splitlines()[0] if message else "no reason given"
    return NotALedger(f"{path} is damaged or cut short and cannot be opened ({first_line}).")
