"""Whether a ledger's file still is what the database wrote: nothing cut off, nothing put in place.

A database that is open goes on answering from memory when its file is cut or replaced under it.
Its file is never opened here: a process that closes a file gives up every lock it holds on it
(POSIX), and the next process could open the ledger as well. The directory says enough.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

import duckdb

from core.ledger.errors import NotALedger

#: DuckDB's file: three headers of 4,096 bytes, and then the blocks.
_HEADERS = 3 * 4096
#: A file that the database is writing to is looked at again so often, after so many seconds.
_AGAIN, _PAUSE = 50, 0.02
#: Times of files are coarser than what happens: nothing rests on younger ones, in nanoseconds.
_COARSE = 1_000_000_000


class Damaged(NotALedger):
    """The file is not what the database wrote."""

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(f"{path} is damaged: {what}. Stop the program and restore a backup.")


def change_mark(path: Path | None) -> tuple[object, ...] | None:
    """What changes with every commit to a ledger's file; None: it has no file to ask."""
    if path is None:
        return None
    file = os.stat(path)  # noqa: PTH116 (asked for every answer, and a Path costs as much again)
    try:
        log = os.stat(f"{path}.wal")  # noqa: PTH116
    except FileNotFoundError:
        return file.st_ino, file.st_mtime_ns, file.st_size
    return file.st_ino, file.st_mtime_ns, file.st_size, log.st_mtime_ns, log.st_size


def refuse_cut(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Refuse a file that ends before the last block in use; for one nobody is writing to.

    Raises:
        Damaged: it does.
    """
    size, (total, block_size) = path.stat().st_size, _blocks(connection)
    if size >= _HEADERS + total * block_size:
        return
    # It gives space at its end back without saying so: what counts is the last block in use.
    tables = connection.execute(
        """
        SELECT table_name FROM duckdb_tables()
        WHERE database_name = current_database() AND schema_name = 'main' AND NOT temporary
        """
    ).fetchall()
    places = (
        *(f"pragma_storage_info('{name.replace(chr(39), chr(39) * 2)}')" for (name,) in tables),
        "pragma_metadata_info()",
    )
    each = " UNION ALL ".join(f"SELECT max(block_id) AS block_id FROM {one}" for one in places)
    row = connection.execute(f"SELECT max(block_id) FROM ({each})").fetchone()
    last = -1 if row is None or row[0] is None else int(row[0])
    needed = _HEADERS + (last + 1) * block_size
    if size < needed:
        raise Damaged(path, f"it ends after {size:,} bytes, and {needed:,} are in use")


def _blocks(connection: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    """How many blocks the database knows of, and the bytes of one."""
    row = connection.execute(
        "SELECT total_blocks, block_size FROM pragma_database_size()"
    ).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


@dataclass(frozen=True)
class _Seen:
    """The file as it was found."""

    identity: tuple[int, int]
    size: int
    written_ns: int
    log_size: int


class FileWatch:
    """Notices a file that is cut or replaced while the database has it open.

    Not for several threads at once. What was noticed once is never taken back: the database may
    since have written into the gap.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._damaged: Damaged | None = None
        self._seen = self._look()

    def check(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Look at the file, which has changed, and refuse it when the database did not do that.

        Raises:
            Damaged: the file was cut or replaced.
            OSError: there is none any more.
        """
        if self._damaged is None:
            try:
                self._seen = self._compared(connection)
            except Damaged as error:
                self._damaged = error
        if self._damaged is not None:
            raise self._damaged

    def _compared(self, connection: duckdb.DuckDBPyConnection) -> _Seen:
        before, now = self._seen, self._look()
        if now.identity != before.identity:
            raise Damaged(self._path, "another file was put in its place")
        # The database empties its log only after a checkpoint, which writes to the file.
        untouched = now.written_ns == before.written_ns
        if now.log_size < before.log_size and untouched and self._settled(now):
            raise Damaged(self._path, "its write-ahead log was cut")
        if now.size >= before.size:
            return now
        # It gives space back by itself, and then knows of no block beyond.
        for _ in range(_AGAIN):
            total, block_size = _blocks(connection)
            now = self._look()
            if now.size >= _HEADERS + total * block_size:
                return now
            time.sleep(_PAUSE)
        raise Damaged(self._path, f"it was cut from {before.size:,} to {now.size:,} bytes")

    @staticmethod
    def _settled(seen: _Seen) -> bool:
        return time.time_ns() - seen.written_ns > _COARSE

    def _look(self) -> _Seen:
        # The log first: a checkpoint in between then shows in the file, and looks like no damage.
        try:
            log = os.stat(f"{self._path}.wal").st_size  # noqa: PTH116 (as in the gate)
        except FileNotFoundError:
            log = 0
        file = self._path.stat()
        return _Seen((file.st_dev, file.st_ino), file.st_size, file.st_mtime_ns, log)
