"""Which numbers of a query come more than once, without grouping by them.

Sorting whole numbers costs a fraction of what DuckDB's grouping by as many does.
"""

from __future__ import annotations

import duckdb
import numpy as np
import numpy.typing as npt

from core.ledger.arrow import numbers

#: Numbers that are sorted at once: 8 bytes each.
_AT_ONCE = 30_000_000
_FETCHED = 1_000_000


def repeated_hashes(
    cursor: duckdb.DuckDBPyConnection, hashed: str, source: str, *, most: int | None = None
) -> npt.NDArray[np.uint64]:
    """The hashes that several rows share, ascending; shape (hashes,).

    Args:
        hashed: SQL of a row's hash, an unsigned whole number of 64 bits.
        source: what follows FROM, with its conditions; numbers stand in it as such.
        most: rows that it has at most; None: they are counted.
    """
    if most is None:
        ((most,),) = cursor.execute(f"SELECT count(*) FROM {source}").fetchall()
    parts = 1 + most // _AT_ONCE
    found = [np.empty(0, dtype=np.uint64)]
    for part in range(parts):
        one = f"SELECT {hashed} AS hashed FROM {source}"
        if parts > 1:
            # The cast keeps the remainder out of HUGEINT, which is several times slower.
            one = f"FROM ({one}) WHERE hashed % CAST({parts} AS UBIGINT) = {part}"
        batches = cursor.sql(one).to_arrow_reader(_FETCHED)
        pieces = [numbers(batch.column(0)) for batch in batches]
        if pieces:
            every = np.concatenate(pieces)
            every.sort()
            found.append(np.unique(every[1:][every[1:] == every[:-1]]))
    return np.sort(np.concatenate(found))


def hold_hashes(
    cursor: duckdb.DuckDBPyConnection, table: str, hashes: npt.NDArray[np.uint64]
) -> None:
    """Put hashes into a new temporary table, in the column ``hashed``."""
    cursor.execute(f"CREATE OR REPLACE TEMP TABLE {table} (hashed UBIGINT)")
    for first in range(0, len(hashes), _FETCHED):
        cursor.execute(
            f"INSERT INTO {table} SELECT unnest($hashes::UBIGINT[])",
            {"hashes": hashes[first : first + _FETCHED].tolist()},
        )
