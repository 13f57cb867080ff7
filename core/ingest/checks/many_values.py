"""Segment dimensions whose values are ids or free text: every claim would be its own segment."""

from __future__ import annotations

from collections.abc import Collection

import duckdb

from core.ledger.sql import quoted
from core.queries.base.segment_names import MOST_VALUES, too_many

#: Counted exactly from this share of the bound on: what is estimated is off by a few percent.
_NEAR = 0.8


def many_values_notice(
    cursor: duckdb.DuckDBPyConnection, dimensions: Collection[str], *, import_id: int
) -> tuple[str, ...]:
    """What to say of dimensions that claims are not split by any more, after an import.

    Values are counted over all claims of its signals, for each may come in a small file.

    Args:
        cursor: of the ledger, inside the import.
        dimensions: those that the import names.

    Returns:
        One line for each signal and dimension.
    """
    names = sorted(dimensions)
    if not names:
        return ()
    columns = [quoted(f"seg_{name}") for name in names]
    rows = cursor.execute(
        f"""
        SELECT signal, {", ".join(f"approx_count_distinct({column})" for column in columns)}
        FROM claims
        WHERE signal IN (SELECT DISTINCT signal FROM claims WHERE import_id = $import_id)
        GROUP BY signal ORDER BY signal
        """,
        {"import_id": import_id},
    ).fetchall()
    found = []
    for signal, *estimates in rows:
        for name, column, about in zip(names, columns, estimates, strict=True):
            if about > _NEAR * MOST_VALUES:
                n_values = _exactly(cursor, column, signal)
                if n_values > MOST_VALUES:
                    found.append(too_many(name, n_values, signal))
    return tuple(found)


def _exactly(cursor: duckdb.DuckDBPyConnection, column: str, signal: str) -> int:
    row = cursor.execute(
        f"SELECT count(DISTINCT {column}) FROM claims WHERE signal = $signal", {"signal": signal}
    ).fetchone()
    assert row is not None
    return int(row[0])
