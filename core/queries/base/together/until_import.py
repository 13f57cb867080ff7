"""What a question about all claims is answered, kept until more claims come in."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

import duckdb

P = ParamSpec("P")
T = TypeVar("T")


def until_import(
    query: Callable[Concatenate[duckdb.DuckDBPyConnection, P], T],
) -> Callable[Concatenate[duckdb.DuckDBPyConnection, P], T]:
    """A query that is asked once of the claims of a ledger, whatever acts are written meanwhile.

    It may read of claims only what they came with, so not their outcomes. Answers are kept of one
    ledger at a time; of one in memory, which no name tells from another, none is.
    """
    known: dict[tuple[Any, ...], dict[Any, T]] = {}

    @functools.wraps(query)
    def asked(cursor: duckdb.DuckDBPyConnection, /, *args: P.args, **kwargs: P.kwargs) -> T:
        (state,) = cursor.execute(_STATE).fetchall()
        if state[0] is None:
            return query(cursor, *args, **kwargs)
        answers = known.get(state)
        if answers is None:
            known.clear()
            answers = known[state] = {}
        key = (args, tuple(sorted(kwargs.items())))
        if key not in answers:
            answers[key] = query(cursor, *args, **kwargs)
        return answers[key]

    return asked


#: The ledger's file, and its newest import.
_STATE = """
    SELECT (SELECT path FROM duckdb_databases() WHERE database_name = current_database()),
           max(import_id), max(imported_at)
    FROM imports
"""
