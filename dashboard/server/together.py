"""Many small writes of one event loop as one: the loop is woken once for all that waited.

A write that waits wakes the loop from another thread, which costs more than the answer does. What
comes in while a write is under way is therefore handed over as one when that is done.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

T = TypeVar("T")


@dataclass
class _Waiting(Generic[T]):
    """What waits in one event loop."""

    under_way: bool = False
    jobs: list[tuple[Sequence[T], asyncio.Future[None]]] = field(default_factory=list)


class Together(Generic[T]):
    """See the module; several event loops may use it, each for itself.

    Args:
        submit: hands in at least one thing; its future is done when all of it is on disk.
    """

    def __init__(self, submit: Callable[[Sequence[T]], Future[Any]]) -> None:
        self._submit = submit
        self._of: WeakKeyDictionary[asyncio.AbstractEventLoop, _Waiting[T]] = WeakKeyDictionary()

    async def write(self, things: Sequence[T]) -> None:
        """Return when these are on disk; what keeps them from it is raised to all that waited."""
        loop = asyncio.get_running_loop()
        waiting = self._of.setdefault(loop, _Waiting())
        done: asyncio.Future[None] = loop.create_future()
        waiting.jobs.append((things, done))
        if not waiting.under_way:
            waiting.under_way = True
            # After whatever else this turn of the loop brings.
            loop.call_soon(self._hand_over, loop, waiting)
        await done

    def _hand_over(self, loop: asyncio.AbstractEventLoop, waiting: _Waiting[T]) -> None:
        jobs, waiting.jobs = waiting.jobs, []
        waiting.under_way = bool(jobs)
        if not jobs:
            return
        try:
            written = self._submit([one for things, _ in jobs for one in things])
        except Exception as error:
            self._tell(jobs, error)
            loop.call_soon(self._hand_over, loop, waiting)
            return

        def told(future: asyncio.Future[Any]) -> None:
            cancelled = asyncio.CancelledError()
            self._tell(jobs, cancelled if future.cancelled() else future.exception())
            self._hand_over(loop, waiting)

        asyncio.wrap_future(written, loop=loop).add_done_callback(told)

    @staticmethod
    def _tell(
        jobs: Sequence[tuple[Sequence[T], asyncio.Future[None]]], error: BaseException | None
    ) -> None:
        for _, done in jobs:
            # Whoever hung up waits no more.
            if done.done():
                continue
            if error is None:
                done.set_result(None)
            else:
                done.set_exception(error)
