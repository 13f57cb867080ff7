"""Writes that wait for the same disk: one after another, as few as there can be, each told."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from dashboard.server.together import Together


class Disk:
    """Takes what it is handed, and says when it is there."""

    def __init__(self) -> None:
        self.handed: list[tuple[list[str], Future[None]]] = []
        self.full = False

    def submit(self, things: Sequence[str]) -> Future[None]:
        if self.full:
            raise OSError("full")
        self.handed.append((list(things), Future()))
        return self.handed[-1][1]


def run(work: Coroutine[Any, Any, None]) -> None:
    # In a thread of its own: the browser tests keep an event loop running in this one.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_what_comes_in_during_a_write_is_the_next_one_together_and_in_order() -> None:
    async def work() -> None:
        disk = Disk()
        together = Together(disk.submit)
        first = asyncio.create_task(together.write(["a"]))
        await settle()
        later = [asyncio.create_task(together.write(one)) for one in (["b", "c"], ["d"])]
        await settle()
        assert [things for things, _ in disk.handed] == [["a"]]
        disk.handed[0][1].set_result(None)
        await first
        await settle()
        assert [things for things, _ in disk.handed] == [["a"], ["b", "c", "d"]]
        assert not any(one.done() for one in later)
        disk.handed[1][1].set_result(None)
        await asyncio.gather(*later)

    run(work())


def test_nobody_is_told_that_it_is_written_where_it_is_not() -> None:
    async def work() -> None:
        disk = Disk()
        together = Together(disk.submit)
        failing = [asyncio.create_task(together.write([one])) for one in "ab"]
        await settle()
        disk.handed[0][1].set_exception(OSError("gone"))
        for one in failing:
            with pytest.raises(OSError, match="gone"):
                await one
        disk.full = True
        with pytest.raises(OSError, match="full"):
            await together.write(["c"])
        # And it goes on afterwards.
        disk.full = False
        last = asyncio.create_task(together.write(["d"]))
        await settle()
        disk.handed[1][1].set_result(None)
        await last

    run(work())


def test_who_hangs_up_takes_nothing_from_the_others() -> None:
    async def work() -> None:
        disk = Disk()
        together = Together(disk.submit)
        leaving, staying = (asyncio.create_task(together.write([one])) for one in "ab")
        await settle()
        leaving.cancel()
        await settle()
        disk.handed[0][1].set_result(None)
        await staying
        assert leaving.cancelled()
        assert disk.handed[0][0] == ["a", "b"]

    run(work())
