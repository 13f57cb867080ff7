"""Digests of stored rows, block by block: what a seal is made of.

Rows are taken in blocks of 4096 by their number; a block's digest is SHA-256 over its columns (see
`_digest`). Columns without any value are left out, so that a segment column added later changes
nothing.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.ledger.arrow import numbers
from core.ledger.sql import quoted
from core.queries.base.outcome_log import OUTCOME_LOG, OWN
from core.trail.canonical_json import canonical

#: Numbers that fall into one block.
BLOCK = 4096
#: Rows read at once; bounds the memory, however many there are.
_AT_ONCE = 32 * BLOCK
#: Rows of the log of outcomes that are sorted at once, where it is in two tables.
_SORTED = 1_000_000
#: From so many rows on columns are looked into one by one.
_MANY = 100_000
#: The outcome in force; it follows the log of outcomes.
_IN_FORCE = frozenset(
    (
        *("outcome", "outcome_ts", "outcome_known_at", "outcome_source", "outcome_corrected"),
        "outcome_own",
    )
)
_OUTCOMES = "outcomes"
_WHOLE = frozenset(
    ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "BOOLEAN")
)


@dataclass(frozen=True)
class SealedTable:
    """A table with sealed rows.

    Attributes:
        table: its name.
        group: the column that says which seal of the table a row belongs to; None: there is one.
        key: the column that numbers the rows of a seal.
        where: which rows are meant; numbers stand in it as such, so that DuckDB can pass over row
            groups that have none.
    """

    table: str
    group: str | None
    key: str
    where: str = "true"

    @property
    def rows(self) -> str:
        """Them as a relation."""
        return OUTCOME_LOG if self.table == _OUTCOMES else self.table


@dataclass(frozen=True)
class Block:
    """Rows whose numbers fall into one block.

    Attributes:
        group: value of the source's group column; 0 where it has none.
        number: of the block.
        rows: how many.
        digest: their SHA-256, hexadecimal.
    """

    group: int
    number: int
    rows: int
    digest: str


def blocks_of(cursor: duckdb.DuckDBPyConnection, source: SealedTable) -> Iterator[Block]:
    """Every block that has rows, by group and number.

    The table is read once, in the order in which it is stored, which is that of the rows' numbers;
    only where somebody moved rows about is it sorted, and where outcomes of one import are in two
    tables. The cursor is busy until the last block is taken.
    """
    for where in _in_turn(cursor, source):
        yield from _blocks_in_turn(cursor, replace(source, where=where))


def _in_turn(cursor: duckdb.DuckDBPyConnection, source: SealedTable) -> list[str]:
    """Conditions under which the rows are read one after the other; no block is under two.

    One, unless they are of two tables: what then has to be sorted is bounded.
    """
    if source.table != _OUTCOMES or not all(
        cursor.execute(f"SELECT 1 FROM {one} WHERE {source.where} LIMIT 1").fetchall()
        for one in (_OUTCOMES, f"({OWN})")
    ):
        return [source.where]
    remainder = f"(import_row % {BLOCK} + {BLOCK}) % {BLOCK}"
    counted = cursor.execute(
        f"""
        SELECT import_id, (import_row - {remainder}) // {BLOCK} AS block, count(*)
        FROM {OUTCOME_LOG} WHERE {source.where} GROUP BY ALL ORDER BY ALL
        """
    ).fetchall()
    found: list[str] = []
    first, last, held = 0, 0, 0
    for import_id, blocks in itertools.groupby(counted, lambda row: int(row[0])):
        each = [(int(block), int(n)) for _, block, n in blocks]
        total = sum(n for _, n in each)
        if held and held + total > _SORTED:
            found.append(f"import_id BETWEEN {first} AND {last}")
            held = 0
        if total > _SORTED:
            size = -(-len(each) * _SORTED // total)
            for at in range(0, len(each), size):
                some = each[at : at + size]
                rows = f"BETWEEN {some[0][0] * BLOCK} AND {some[-1][0] * BLOCK + BLOCK - 1}"
                found.append(f"import_id = {import_id} AND import_row {rows}")
        else:
            first, last, held = (first if held else import_id), import_id, held + total
    if held:
        found.append(f"import_id BETWEEN {first} AND {last}")
    return [f"({source.where}) AND {one}" for one in found]


def _blocks_in_turn(cursor: duckdb.DuckDBPyConnection, source: SealedTable) -> Iterator[Block]:
    columns = _stated_columns(cursor, source)
    group = "0" if source.group is None else quoted(source.group)
    key = quoted(source.key)
    place = f"CAST({group} AS BIGINT) AS group_no, CAST({key} AS BIGINT) AS key_no"
    chosen = ", ".join(f"{sql} AS {quoted(name)}" for name, _, sql in columns)
    sql = f"SELECT {place}, {chosen} FROM {source.rows} WHERE {source.where}"
    if not ascending(cursor, f"SELECT {place} FROM {source.rows} WHERE {source.where}"):
        # Rows of equal number, which only tampering makes, go by everything else they hold.
        others = [quoted(name) for name, _, _ in columns if name != source.key]
        sql += f" ORDER BY {', '.join(['group_no', 'key_no', *others])} NULLS LAST"
    begun: list[pa.RecordBatch] = []
    for batch in _read(cursor, sql):
        edges = _edges(begun, batch)
        if begun and edges:
            begun.append(batch.slice(0, edges[0]))
            yield _block(pa.concat_batches(begun), columns)
            begun = []
        yield from _blocks(batch, edges, columns)
        begun.append(batch.slice(edges[-1] if edges else 0))
    if begun:
        yield _block(pa.concat_batches(begun), columns)


def _read(cursor: duckdb.DuckDBPyConnection, sql: str) -> Iterator[pa.RecordBatch]:
    """The rows of a query in their order, in pieces that have any."""
    for batch in cursor.sql(sql).to_arrow_reader(_AT_ONCE):
        if batch.num_rows:
            yield batch


def ascending(cursor: duckdb.DuckDBPyConnection, sql: str) -> bool:
    """Whether a query's two columns, together, rise from row to row."""
    last: tuple[int, int] | None = None
    rising = True
    for batch in _read(cursor, sql):
        groups, keys = (numbers(batch.column(i)) for i in (0, 1))
        steps = np.diff(groups)
        rises = (steps > 0) | ((steps == 0) & (np.diff(keys) > 0))
        begins = last is None or last < (int(groups[0]), int(keys[0]))
        # Read to the end all the same: a cursor must not be left in the middle of an answer.
        rising = rising and begins and bool(rises.all())
        last = int(groups[-1]), int(keys[-1])
    return rising


def _edges(begun: Sequence[pa.RecordBatch], batch: pa.RecordBatch) -> list[int]:
    """Where in a batch blocks begin, given the rows of the one that was begun before it."""
    groups, blocks = _places(batch)
    new = np.flatnonzero((np.diff(groups) != 0) | (np.diff(blocks) != 0)) + 1
    goes_on = bool(begun) and tuple(one[0] for one in _places(begun[0])) == (groups[0], blocks[0])
    return [*([] if goes_on else [0]), *new.tolist()]


def _places(rows: pa.RecordBatch) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Each row's group and block."""
    groups, keys = (numbers(rows.column(i)) for i in (0, 1))
    return groups, keys // BLOCK


def _stated_columns(
    cursor: duckdb.DuckDBPyConnection, source: SealedTable
) -> list[tuple[str, str, str]]:
    """The columns in which some row has a value; the others are in no digest."""
    columns = _columns(cursor, source.table)
    among = f"FROM {source.rows} WHERE ({source.where})"
    ((rows,),) = cursor.execute(f"SELECT count(*) {among}").fetchall()
    # Counting reads every column to its end; looking for one value stops at the first, but of few
    # rows planning so many questions costs more.
    if rows > _MANY:
        each = (f"EXISTS (SELECT 1 {among} AND {quoted(name)} IS NOT NULL)" for name, *_ in columns)
        sql = f"SELECT {', '.join(each)}"
    else:
        sql = f"SELECT {', '.join(f'count({quoted(name)})' for name, *_ in columns)} {among}"
    (found,) = cursor.execute(sql).fetchall()
    return [column for column, stated in zip(columns, found, strict=True) if stated]


def _columns(cursor: duckdb.DuckDBPyConnection, table: str) -> list[tuple[str, str, str]]:
    """Name, kind and SQL of the columns that are sealed, by name.

    Kinds: ``t`` text, ``i`` whole number (times in microseconds, false and true as 0 and 1), ``f``
    float.
    """
    found = []
    for name, type_, *_ in cursor.execute(f"DESCRIBE {table}").fetchall():
        column = quoted(name)
        if table == "claims" and name in _IN_FORCE:
            continue
        if type_ in _WHOLE:
            found.append((name, "i", f"CAST({column} AS BIGINT)"))
        elif type_ == "TIMESTAMP":
            found.append((name, "i", column))
        elif type_ == "DOUBLE":
            found.append((name, "f", column))
        elif type_ == "VARCHAR":
            found.append((name, "t", column))
        else:
            found.append((name, "t", f"CAST(to_json({column}) AS VARCHAR)"))
    return sorted(found)


def _block(rows: pa.RecordBatch, columns: Sequence[tuple[str, str, str]]) -> Block:
    """The digest of rows that all are of one block."""
    (groups, blocks), parts = _places(rows), _parts(rows, columns)
    return Block(int(groups[0]), int(blocks[0]), rows.num_rows, _digest(parts, 0, rows.num_rows))


def _blocks(
    rows: pa.RecordBatch, edges: Sequence[int], columns: Sequence[tuple[str, str, str]]
) -> Iterator[Block]:
    """The digests of the blocks between the edges."""
    groups, blocks = _places(rows)
    parts = _parts(rows, columns) if len(edges) > 1 else []
    for first, until in itertools.pairwise(edges):
        digest = _digest(parts, first, until)
        yield Block(int(groups[first]), int(blocks[first]), until - first, digest)


def _parts(rows: pa.RecordBatch, columns: Sequence[tuple[str, str, str]]) -> list[_Column]:
    return [
        _Column.of(name, kind, rows.column(i)) for i, (name, kind, _) in enumerate(columns, start=2)
    ]


def _digest(columns: Sequence[_Column], first: int, until: int) -> str:
    """SHA-256 of a block.

    Hashed are a line of canonical JSON (the number of rows; name, kind and whether there are gaps
    of each column that has a value), and then of each column in that order: where there are gaps, a
    byte 1 or 0 for each row; of text, the lengths in bytes (int32) and the UTF-8 text itself; of
    numbers, 8 bytes each (int64, or IEEE 754 double). Little-endian; a gap has length or value 0.
    The line fixes the length of all that follows, so no two different blocks are the same bytes.
    """
    stated = [column for column in columns if column.stated(first, until)]
    gaps = [column.gaps(first, until) for column in stated]
    named = zip(stated, gaps, strict=True)
    hashed = hashlib.sha256(
        _line(until - first, tuple((column.name, column.kind, gap) for column, gap in named))
    )
    for column, gap in zip(stated, gaps, strict=True):
        column.hash_into(hashed, first, until, gaps=gap)
    return hashed.hexdigest()


@lru_cache(maxsize=64)
def _line(rows: int, columns: tuple[tuple[str, str, bool], ...]) -> bytes:
    """What a digest begins with; most blocks of a table begin alike."""
    line = canonical({"rows": rows, "columns": [list(column) for column in columns]})
    return line.encode("utf-8") + b"\n"


@dataclass(frozen=True)
class _Column:
    """A column's values as bytes.

    Attributes:
        name: its name.
        kind: as in `_columns`.
        present: whether each row has a value, shape (rows,); None when all have.
        values: the numbers, or the texts' lengths in bytes; shape (rows,).
        offsets: where each text begins in ``text``, shape (rows + 1,); None for numbers.
        text: the texts, one after the other; None for numbers.
    """

    name: str
    kind: str
    present: np.ndarray[Any, Any] | None
    values: np.ndarray[Any, Any]
    offsets: np.ndarray[Any, Any] | None = None
    text: memoryview | None = None

    @classmethod
    def of(cls, name: str, kind: str, array: pa.Array) -> _Column:
        present = None
        if array.null_count:
            present = numbers(pc.is_valid(array).cast(pa.uint8()))
        if kind != "t":
            if array.null_count:
                # Made of bytes: a scalar made of a number would load pandas, which takes 0.3 s.
                zero = pa.Array.from_buffers(array.type, 1, [None, pa.py_buffer(bytes(8))])
                array = pc.fill_null(array, zero[0])
            dtype = np.dtype("<f8" if kind == "f" else "<i8")
            if not pa.types.is_floating(array.type):
                array = array.cast(pa.int64())
            return cls(name, kind, present, numbers(array).astype(dtype, copy=False))
        if not pa.types.is_string(array.type):
            array = array.cast(pa.string())
        starts, text = _texts(array)
        lengths = np.diff(starts)
        if present is not None and lengths[present == 0].any():
            # A gap has length 0, whatever stands there that is not meant.
            starts, text = _texts(pc.fill_null(array, ""))
            lengths = np.diff(starts)
        return cls(name, kind, present, lengths.astype("<i4", copy=False), starts, text)

    def stated(self, first: int, until: int) -> bool:
        """Whether some row of the range has a value."""
        return self.present is None or bool(self.present[first:until].any())

    def gaps(self, first: int, until: int) -> bool:
        """Whether some row of the range has none."""
        return self.present is not None and not self.present[first:until].all()

    def hash_into(self, hashed: Any, first: int, until: int, *, gaps: bool) -> None:
        """Add the range's bytes to a hash."""
        if gaps and self.present is not None:
            hashed.update(self.present[first:until].tobytes())
        hashed.update(self.values[first:until].view(np.uint8))
        if self.offsets is not None and self.text is not None:
            hashed.update(self.text[self.offsets[first] : self.offsets[until]])


def _texts(array: pa.StringArray) -> tuple[np.ndarray[Any, Any], memoryview]:
    """Where each text begins, shape (rows + 1,), and the texts one after the other."""
    _, offsets, text = array.buffers()
    starts = np.frombuffer(offsets, dtype=np.int32)[array.offset : array.offset + len(array) + 1]
    return starts, memoryview(text or b"")
