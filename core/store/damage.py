"""Whether a ledger's file still is what the database wrote: nothing cut off, nothing put in place.

A database that is open goes on answering from memory when its file is cut or replaced under it.
Everything here is read from the file and its directory entry, so that it costs microseconds.
"""

from __future__ import annotations

import os
import struct
import time
from dataclasses import dataclass
from pathlib import Path

import duckdb

from core.store.errors import NotALedger

#: DuckDB's file: three headers of 4,096 bytes, of which the first carries the mark after its
#: checksum and the two others count the checkpoints, and then the blocks.
_HEADER, _MARK_AT, _MARK = 4096, 8, b"DUCK"
_HEADERS = 3 * _HEADER
_COUNT = struct.Struct("<8xQ")
#: A checkpoint that is being written is looked at again so often, after so many seconds; so many
#: blocks may be given out and not yet written.
_AGAIN, _PAUSE, _ON_THEIR_WAY = 20, 0.01, 16


class Damaged(NotALedger):
    """The file is not what the database wrote."""

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(f"{path} is damaged: {what}. Stop the program and restore a backup.")


def refuse_cut(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Refuse a file that ends before the last block in use; for one nobody is writing to.

    Raises:
        Damaged: it does.
    """
    tables = connection.execute(
        """
        SELECT table_name FROM duckdb_tables()
        WHERE database_name = current_database() AND schema_name = 'main' AND NOT temporary
        """
    ).fetchall()
    last = -1
    for query in (
        *(f"pragma_storage_info('{name.replace(chr(39), chr(39) * 2)}')" for (name,) in tables),
        "pragma_metadata_info()",
    ):
        row = connection.execute(f"SELECT coalesce(max(block_id), -1) FROM {query}").fetchone()
        last = max(last, -1 if row is None else int(row[0]))
    size, needed = path.stat().st_size, _HEADERS + (last + 1) * _block_size(connection)
    if size < needed:
        raise Damaged(path, f"it ends after {size:,} bytes, and {needed:,} are in use")


def _block_size(connection: duckdb.DuckDBPyConnection) -> int:
    row = connection.execute("SELECT block_size FROM pragma_database_size()").fetchone()
    assert row is not None
    return int(row[0])


@dataclass(frozen=True)
class _Seen:
    """The file as it was found."""

    identity: tuple[int, int]
    size: int
    log_size: int
    checkpoints: int


class Watch:
    """Notices a file that is cut, emptied or replaced while the database has it open.

    Not for several threads at once. What was noticed once is never taken back: the database may
    since have written into the gap.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._damaged: Damaged | None = None
        self._seen = self._look()

    def check(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Look at the file, which has changed, and refuse it when the database did not do that.

        Args:
            connection: to the database.

        Raises:
            Damaged: the file was cut, emptied or replaced.
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
        if now.checkpoints < before.checkpoints:
            raise Damaged(self._path, "its header is older than it was")
        # The database takes space back, and empties its log, only after a checkpoint was written.
        if now.checkpoints == before.checkpoints:
            if now.size < before.size:
                raise Damaged(self._path, f"it was cut from {before.size:,} to {now.size:,} bytes")
            if now.log_size < before.log_size:
                raise Damaged(self._path, "its write-ahead log was cut")
            return now
        for _ in range(_AGAIN):
            row = connection.execute(
                "SELECT used_blocks, block_size FROM pragma_database_size()"
            ).fetchone()
            assert row is not None
            used, block = map(int, row)
            needed = _HEADERS + max(0, used - _ON_THEIR_WAY) * block
            now = self._look()
            if now.size >= needed:
                return now
            time.sleep(_PAUSE)
        raise Damaged(self._path, f"it ends after {now.size:,} bytes, and {needed:,} are in use")

    def _look(self) -> _Seen:
        # The header last: a checkpoint in between is then seen, and looks like no damage.
        file = self._path.stat()
        try:
            log = os.stat(f"{self._path}.wal").st_size  # noqa: PTH116 (as in the gate)
        except FileNotFoundError:
            log = 0
        return _Seen((file.st_dev, file.st_ino), file.st_size, log, self._checkpoints())

    def _checkpoints(self) -> int:
        with self._path.open("rb", buffering=0) as file:
            head = file.read(_HEADERS)
        if len(head) < _HEADERS or head[_MARK_AT : _MARK_AT + len(_MARK)] != _MARK:
            raise Damaged(self._path, "its header is gone")
        return max(int(_COUNT.unpack_from(head, at)[0]) for at in (_HEADER, 2 * _HEADER))
