"""What is computed once for a question: its answer, and as well its refusal.

Streamlit keeps what a function returns and forgets what it raises, so a question that is refused
would be asked of the ledger anew at every click.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, ParamSpec, TypeVar

import streamlit as st

from core.ledger.errors import LedgerError
from core.queries.base.together.asked_once import asked_once

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class _Refusal:
    """A refusal as a value.

    Attributes:
        error: what is raised of it each time.
    """

    error: LedgerError


class KeptFunction(Generic[P, T]):
    """A function whose answers and refusals are kept by its arguments and what they rest on."""

    def __init__(self, rests_on: Callable[..., object], outcome: Any) -> None:
        self._rests_on = rests_on
        self._outcome = outcome

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """The answer.

        Raises:
            LedgerError: it was refused, now or when it was first asked.
        """
        found = self._outcome(*args, rests_on=self._rests_on(*args, **kwargs), **kwargs)
        if isinstance(found, _Refusal):
            raise found.error
        answer: T = found
        return answer

    def clear(self) -> None:
        """Forget every answer and refusal."""
        self._outcome.clear()


def kept(
    rests_on: Callable[..., object], *, spinner: bool | str = False, most: int = 64
) -> Callable[[Callable[P, T]], KeptFunction[P, T]]:
    """Keep what a function answers and what it refuses with, as `st.cache_data` keeps answers.

    Args:
        rests_on: what an answer rests on besides the arguments, which it is given; an answer is
            computed anew once this is another.
        spinner: what is shown while it is computed; False: nothing.
        most: the most that are kept; the oldest goes.
    """

    def keeping(compute: Callable[P, T]) -> KeptFunction[P, T]:
        # By name, source and parameters it stays the function it wraps: these make the cache's key.
        @functools.wraps(compute)
        def outcome(*args: Any, rests_on: object, **kwargs: Any) -> T | _Refusal:
            try:
                with asked_once():
                    return compute(*args, **kwargs)
            except LedgerError as error:
                return _Refusal(error)

        return KeptFunction(
            rests_on, st.cache_data(max_entries=most, show_spinner=spinner)(outcome)
        )

    return keeping
