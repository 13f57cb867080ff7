"""Which numbers of a query come more than once, without grouping by them.

Sorting whole numbers costs a fraction of what DuckDB's grouping by as many does.
"""

from __future__ import annotations

import duckdb
import numpy as np

#: Numbers that are sorted at once: 8 bytes each.
_AT_ONCE = 30_000_000
_FETCHED = 1_000_000


def repeated_hashes(cursor: duckdb.DuckDBPyConnection, hashed: str, source: str) -> list[int]:
    """The hashes that several rows share, ascending.

    Args:
        hashed: SQL of a row's hash, an unsigned whole number of 64 bits.
        source: what follows FROM, with its conditions; numbers stand in it as such.
    """
    ((count,),) = cursor.execute(f"SELECT count(*) FROM {source}").fetchall()
    parts = 1 + int(count) // _AT_ONCE
    found: list[int] = []
    for part in range(parts):
        one = f"SELECT {hashed} AS hashed FROM {source}"
        if parts > 1:
            # The cast keeps the remainder out of HUGEINT, which is several times slower.
            one = f"FROM ({one}) WHERE hashed % CAST({parts} AS UBIGINT) = {part}"
        batches = cursor.sql(one).to_arrow_reader(_FETCHED)
        pieces = [batch.column(0).to_numpy(zero_copy_only=False) for batch in batches]
        if pieces:
            numbers = np.concatenate(pieces)
            numbers.sort()
            found += np.unique(numbers[1:][numbers[1:] == numbers[:-1]]).tolist()
    return sorted(found)
