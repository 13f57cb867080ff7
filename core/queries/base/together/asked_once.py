"""What a question about all signals asks of the whole ledger, asked once and not once a signal."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Concatenate, ParamSpec, TypeVar

import duckdb

from core.queries.base.together.snapshot import snapshot

P = ParamSpec("P")
T = TypeVar("T")

_ANSWERS: ContextVar[dict[Any, Any] | None] = ContextVar("answers", default=None)


@contextmanager
def asked_once() -> Iterator[None]:
    """Within it the answers of functions that are `once` are kept; all of them of one ledger.

    Nothing may be written in it that they read. One within another shares its answers.
    """
    if _ANSWERS.get() is not None:
        yield
        return
    token = _ANSWERS.set({})
    try:
        yield
    finally:
        _ANSWERS.reset(token)


def one_question(
    question: Callable[Concatenate[duckdb.DuckDBPyConnection, P], T],
) -> Callable[Concatenate[duckdb.DuckDBPyConnection, P], T]:
    """A question that is answered within `asked_once`, and from one state of the ledger.

    Its first argument is the cursor.
    """

    @functools.wraps(question)
    def asked(cursor: duckdb.DuckDBPyConnection, /, *args: P.args, **kwargs: P.kwargs) -> T:
        with snapshot(cursor), asked_once():
            return question(cursor, *args, **kwargs)

    return asked


def once(query: Callable[P, T]) -> Callable[P, T]:
    """A query that asks the ledger each time, and within `asked_once` a single time.

    Its first argument, by position, is the cursor.
    """

    @functools.wraps(query)
    def asked(*args: P.args, **kwargs: P.kwargs) -> T:
        answers = _ANSWERS.get()
        if answers is None:
            return query(*args, **kwargs)
        key = (query, args[1:], tuple(sorted(kwargs.items())))
        if key not in answers:
            answers[key] = query(*args, **kwargs)
        answer: T = answers[key]
        return answer

    return asked
