"""Several queries that see one state of the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count

import duckdb

#: The cursor that is in a snapshot, and the snapshot's number; inside it none need be opened.
_WITHIN: ContextVar[tuple[duckdb.DuckDBPyConnection, int] | None]
_WITHIN = ContextVar("within", default=None)
_NUMBERS = count(1)


@contextmanager
def snapshot(cursor: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Let all queries inside see one state; in an open transaction they do already."""
    within = _WITHIN.get()
    if within is not None and within[0] is cursor:
        yield
        return
    # A BEGIN that is refused would abort the open transaction. Without one every statement is its
    # own, with a number of its own.
    first, second = (cursor.execute("SELECT txid_current()").fetchall()[0][0] for _ in range(2))
    opened = first != second
    if opened:
        cursor.execute("BEGIN TRANSACTION READ ONLY")
    token = _WITHIN.set((cursor, next(_NUMBERS)))
    try:
        yield
    finally:
        _WITHIN.reset(token)
        if opened:
            cursor.execute("ROLLBACK")


def snapshot_number() -> int:
    """A number that answers of one snapshot share; outside of any, another one each time."""
    within = _WITHIN.get()
    return next(_NUMBERS) if within is None else within[1]
