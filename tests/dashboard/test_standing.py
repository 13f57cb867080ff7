"""The server's rounds: a short one first, a thorough one soon and from time to time."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from dashboard import standing


def test_the_first_round_is_short_a_thorough_one_follows_soon_and_again_when_its_time_has_come(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[bool] = []

    def record(making: threading.Lock, *, thorough: bool) -> None:
        made.append(thorough)

    async def run() -> None:
        task = asyncio.create_task(standing._forever(threading.Lock()))
        while made.count(True) < 2:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    monkeypatch.setattr(standing, "_round", record)
    monkeypatch.setattr(standing, "EVERY", 0.02)
    monkeypatch.setattr(standing, "THOROUGHLY_EVERY", 0.3)
    # In a thread of its own: the browser tests keep an event loop running in this one.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(asyncio.wait_for(run(), 20))).result()
    assert not made[0]
    assert True in made[1:4]
    # Between the two thorough ones there are short ones.
    first = made.index(True)
    assert made[first + 1 : made.index(True, first + 1)].count(False) >= 2
