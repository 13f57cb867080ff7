"""Several queries that see one state of the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb


@contextmanager
def snapshot(cursor: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Let all queries inside see one state; in an open transaction they do already."""
    # A BEGIN that is refused would abort the open transaction. Without one every statement is its
    # own, with a number of its own.
    first, second = (cursor.execute("SELECT txid_current()").fetchall()[0][0] for _ in range(2))
    if first == second:
        yield
        return
    cursor.execute("BEGIN TRANSACTION READ ONLY")
    try:
        yield
    finally:
        cursor.execute("ROLLBACK")
