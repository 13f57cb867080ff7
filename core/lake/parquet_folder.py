"""Rows of a folder of Parquet files, in the order of a column.

DuckDB sorts them, on disk where they are more than memory holds. Folders named ``field=value`` are
columns, as lakes write them.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa

from core.ledger.errors import LedgerError
from core.ledger.sql import literal, quoted

#: Memory for sorting; what is more goes through the disk.
SORTING_MEMORY = "1GB"
#: Rows handed on at a time.
ROWS_AT_A_TIME = 50_000


class ParquetFolder:
    """All ``.parquet`` files in a folder, also in folders inside it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        if not path.is_dir():
            raise LedgerError(
                f"{path} is no folder. Name one that holds Parquet files, or a database as "
                "postgresql://USER@HOST/DATABASE; a single file is read by calledger import."
            )
        files = sorted(one for one in path.rglob("*.parquet") if one.is_file())
        if not files:
            raise LedgerError(f"{path} holds no .parquet file, also not in the folders inside it.")
        listing = ", ".join(literal(str(_escaped(one))) for one in files)
        self._from = (
            f"read_parquet([{listing}], union_by_name = true, hive_partitioning = true, "
            "hive_types_autocast = false)"
        )

    @property
    def name(self) -> str:
        """The folder's own name, and a digest of where it is."""
        where = hashlib.sha256(str(self._path.resolve()).encode()).hexdigest()
        return f"folder {self.short} sha256:{where}"

    @property
    def short(self) -> str:
        """The folder's own name."""
        return self._path.resolve().name or "root"

    def schema(self) -> pa.Schema:
        """Its columns: those of all files, and those that folders name."""
        with self._asked(f"SELECT * FROM {self._from} LIMIT 0") as reader:
            return reader.schema

    def has_rows_without(self, column: str) -> bool:
        """Whether some rows have no value in a column."""
        query = f"SELECT 1 FROM {self._from} WHERE {quoted(column)} IS NULL LIMIT 1"
        with self._asked(query) as reader:
            return bool(reader.read_all().num_rows)

    def rows(self, column: str, since: str | None) -> Iterator[pa.RecordBatch]:
        """The rows from ``since`` on, in the column's order."""
        by = quoted(column)
        condition = f"{by} IS NOT NULL"
        if since is not None:
            condition = f"{by} >= CAST({literal(since)} AS {self._type(column)})"
        with self._asked(f"SELECT * FROM {self._from} WHERE {condition} ORDER BY {by}") as reader:
            yield from reader

    def _type(self, column: str) -> str:
        with _connection() as connection:
            for name, type_, *_ in connection.execute(
                f"DESCRIBE SELECT * FROM {self._from}"
            ).fetchall():
                if name == column:
                    return str(type_)
        raise LedgerError(f"{self._path} has no column {column!r}.")

    @contextmanager
    def _asked(self, query: str) -> Iterator[pa.RecordBatchReader]:
        with _connection() as connection:
            try:
                yield connection.sql(query).to_arrow_reader(ROWS_AT_A_TIME)
            except (duckdb.Error, OSError, pa.ArrowException) as error:
                said = str(error).splitlines()[0].removesuffix(".")
                raise LedgerError(
                    f"{self._path} cannot be read: {said}. Correct or remove that file; what came "
                    "in before stays, and the next pull goes on from there."
                ) from None


@contextmanager
def _connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with (
        tempfile.TemporaryDirectory(prefix="calledger-pull-") as spilled,
        duckdb.connect() as connection,
    ):
        connection.execute(f"SET memory_limit = '{SORTING_MEMORY}'; SET TimeZone = 'UTC'")
        connection.execute("SET preserve_insertion_order = false")
        connection.execute(f"SET temp_directory = {literal(spilled)}")
        yield connection


def _escaped(path: Path) -> str:
    return "".join(f"[{one}]" if one in "[*?" else one for one in str(path))
