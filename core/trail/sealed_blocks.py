"""Digests of stored rows, block by block: what a seal is made of.

Rows are taken in blocks of 4096 by their number; a block's digest is SHA-256 over its columns (see
`_digest`). Columns without any value are left out, so that a segment column added later changes
nothing.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.ledger.sql import quoted
from core.trail.canonical_json import canonical

#: Numbers that fall into one block.
BLOCK = 4096
#: Rows read at once; bounds the memory, however many there are.
_SPAN = 32 * BLOCK
#: The outcome in force; it follows the log of outcomes.
_IN_FORCE = ("outcome", "outcome_ts", "outcome_known_at", "outcome_source", "outcome_corrected")
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
        where: which rows are meant.
        parameters: of ``where``.
    """

    table: str
    group: str | None
    key: str
    where: str = "true"
    parameters: Mapping[str, int] = field(default_factory=dict)


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
    """Every block that has rows, by group and number."""
    columns = _columns(cursor, source.table)
    chosen = ", ".join(f"{sql} AS {quoted(name)}" for name, _, sql in columns)
    group = "0" if source.group is None else quoted(source.group)
    key = quoted(source.key)
    # Only what has rows is visited, whatever numbers somebody wrote into them.
    spans = cursor.execute(
        f"""
        SELECT {group} AS group_no, {key} // {_SPAN} AS span, count(*)
        FROM {source.table} WHERE {source.where} GROUP BY ALL ORDER BY group_no, span
        """,
        dict(source.parameters),
    ).fetchall()
    for (first, low), (last, high) in _packed(spans):
        rows = cursor.sql(
            f"""
            SELECT {group} AS group_no, {key} // {BLOCK} AS block_no, {chosen}
            FROM {source.table}
            WHERE {source.where} AND {group} BETWEEN $group_first AND $group_last
              AND ({group} > $group_first OR {key} // {_SPAN} >= $span_first)
              AND ({group} < $group_last OR {key} // {_SPAN} <= $span_last)
              AND ($group_first < $group_last OR {key} BETWEEN $key_first AND $key_last)
            """,
            params={
                **source.parameters,
                **{"group_first": first, "group_last": last},
                **{"span_first": low, "span_last": high},
                # Says the same once more, so that DuckDB can pass over what lies elsewhere.
                **{"key_first": _bound((low - 1) * _SPAN), "key_last": _bound((high + 1) * _SPAN)},
            },
        ).to_arrow_table()
        yield from _digests(rows, source.key, columns)


def _bound(number: int) -> int:
    return max(-(2**63), min(2**63 - 1, number))


def _packed(
    spans: Sequence[tuple[int, int, int]],
) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Neighbouring spans (group, span, rows) put together, as their first and their last."""
    first: tuple[int, int] | None = None
    last, rows = (0, 0), 0
    for group, span, n in spans:
        if first is not None and rows + n > _SPAN:
            yield first, last
            first, rows = None, 0
        first = first or (group, span)
        last, rows = (group, span), rows + n
    if first is not None:
        yield first, last


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


def _digests(rows: pa.Table, key: str, columns: Sequence[tuple[str, str, str]]) -> Iterator[Block]:
    groups, keys = rows.column("group_no").to_numpy(), rows.column(key).to_numpy()
    if ((np.diff(groups) < 0) | ((np.diff(groups) == 0) & (np.diff(keys) <= 0))).any():
        # Rows of equal number, which only tampering makes, go by everything else they hold.
        names = ["group_no", key, *(name for name, _, _ in columns if name != key)]
        order = pc.sort_indices(rows, sort_keys=[(name, "ascending") for name in names])
        rows = rows.take(order)
        groups = rows.column("group_no").to_numpy()
    blocks = rows.column("block_no").to_numpy()
    new = (np.diff(groups) != 0) | (np.diff(blocks) != 0)
    edges = [0, *(np.flatnonzero(new) + 1).tolist(), len(blocks)]
    parts = [_Column.of(name, kind, rows.column(name)) for name, kind, _ in columns]
    for first, until in itertools.pairwise(edges):
        stated = [part for part in parts if part.stated(first, until)]
        digest = _digest(stated, first, until)
        yield Block(int(groups[first]), int(blocks[first]), until - first, digest)


def _digest(columns: Sequence[_Column], first: int, until: int) -> str:
    """SHA-256 of a block.

    Hashed are a line of canonical JSON (the number of rows; name, kind and whether there are gaps
    of each column that has a value), and then of each column in that order: where there are gaps, a
    byte 1 or 0 for each row; of text, the lengths in bytes (int32) and the UTF-8 text itself; of
    numbers, 8 bytes each (int64, or IEEE 754 double). Little-endian; a gap has length or value 0.
    The line fixes the length of all that follows, so no two different blocks are the same bytes.
    """
    gaps = [bool(column.gaps(first, until)) for column in columns]
    line = canonical(
        {
            "rows": until - first,
            "columns": [
                [column.name, column.kind, gap] for column, gap in zip(columns, gaps, strict=True)
            ],
        }
    )
    hashed = hashlib.sha256(line.encode("utf-8") + b"\n")
    for column, gap in zip(columns, gaps, strict=True):
        column.hash_into(hashed, first, until, gaps=gap)
    return hashed.hexdigest()


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
    def of(cls, name: str, kind: str, column: pa.ChunkedArray) -> _Column:
        array = column.combine_chunks()
        present = None
        if array.null_count:
            present = np.asarray(pc.is_valid(array).to_numpy(zero_copy_only=False), dtype=np.uint8)
        if kind != "t":
            if not pa.types.is_floating(array.type):
                array = array.cast(pa.int64())
            filled = pc.fill_null(array, 0)
            dtype = "<f8" if kind == "f" else "<i8"
            return cls(name, kind, present, filled.to_numpy(zero_copy_only=False).astype(dtype))
        if array.null_count:
            array = pc.fill_null(array, "")
        _, offsets, text = array.cast(pa.large_string()).buffers()
        starts = np.frombuffer(offsets, dtype=np.int64)[
            array.offset : array.offset + len(array) + 1
        ]
        lengths = np.diff(starts).astype("<i4")
        return cls(name, kind, present, lengths, starts, memoryview(text or b""))

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
        hashed.update(np.ascontiguousarray(self.values[first:until]).view(np.uint8))
        if self.offsets is not None and self.text is not None:
            hashed.update(self.text[self.offsets[first] : self.offsets[until]])
