"""Questions of many signals, asked of the ledger together.

What is asked about one signal is written as a generator that yields its questions one after the
other, as if it were alone. Many of them go forward side by side: in each round those that wait for
answers of one kind are answered in one go. So the statements that a page costs grow with the kinds
of its questions, and not with its signals.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterable, Sequence
from typing import Any, Generic, Self, TypeVar

import duckdb

from core.ledger.errors import NeedsClaims

T = TypeVar("T")


class AskedOfMany(ABC, Generic[T]):
    """A question of a kind of which several can be answered together."""

    @classmethod
    @abstractmethod
    def answers(cls, cursor: duckdb.DuckDBPyConnection, asked: Sequence[Self]) -> Sequence[T]:
        """The answer to each of several questions of this kind."""


#: What asks questions, and comes to a T.
Asking = Generator[AskedOfMany[Any], Any, T]


def ask(question: AskedOfMany[T]) -> Asking[T]:
    """Wait for the answer to one question, in a generator: ``yield from`` this."""
    answer: T = yield question
    return answer


def unless_elsewhere(asking: Asking[T]) -> Asking[T | None]:
    """An asking that comes to None where cells were loaded of its signal, and it needs claims."""
    try:
        return (yield from asking)
    except NeedsClaims:
        return None


def together(cursor: duckdb.DuckDBPyConnection, askings: Iterable[Asking[T]]) -> list[T]:
    """What each of several askings comes to, in their order."""
    waiting: dict[int, tuple[Asking[T], AskedOfMany[Any]]] = {}
    found: dict[int, T] = {}

    def go_on(place: int, asking: Asking[T], answer: Any) -> None:
        waiting.pop(place, None)
        try:
            refused = isinstance(answer, NeedsClaims)
            waiting[place] = asking, asking.throw(answer) if refused else asking.send(answer)
        except StopIteration as end:
            found[place] = end.value

    for place, asking in enumerate(askings):
        go_on(place, asking, None)
    while waiting:
        kinds: dict[type[AskedOfMany[Any]], list[int]] = {}
        for place, (_, question) in waiting.items():
            kinds.setdefault(type(question), []).append(place)
        for kind, places in kinds.items():
            answers = _answers(cursor, kind, [waiting[place][1] for place in places])
            for place, answer in zip(places, answers, strict=True):
                go_on(place, waiting[place][0], answer)
    return [found[place] for place in sorted(found)]


def _answers(
    cursor: duckdb.DuckDBPyConnection,
    kind: type[AskedOfMany[Any]],
    asked: Sequence[AskedOfMany[Any]],
) -> Sequence[Any]:
    """The answers; to what is refused for want of its claims, the refusal, and to no other."""
    try:
        return kind.answers(cursor, asked)
    except NeedsClaims as refusal:
        if len(asked) == 1:
            return [refusal]
        half = len(asked) // 2
        parts = (_answers(cursor, kind, some) for some in (asked[:half], asked[half:]))
        return [one for part in parts for one in part]


def answered(cursor: duckdb.DuckDBPyConnection, asking: Asking[T]) -> T:
    """What one asking comes to by itself."""
    return together(cursor, [asking])[0]
