"""The server's rounds: a short one first, then whatever the schedule asks for."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from dashboard.server import background_rounds as standing


def test_the_first_round_is_short_and_every_later_one_asks_the_schedule(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[bool] = []

    def record(making: threading.Lock, *, scheduled: bool) -> None:
        made.append(scheduled)

    async def run() -> None:
        task = asyncio.create_task(standing._forever(threading.Lock(), threading.Event()))
        while len(made) < 4:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    monkeypatch.setattr(standing, "_round", record)
    monkeypatch.setattr(standing, "_tell", lambda _: None)
    monkeypatch.setattr(standing, "_witnessed", lambda _: None)
    monkeypatch.setattr(standing, "EVERY", 0.02)
    # In a thread of its own: the browser tests keep an event loop running in this one.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(asyncio.wait_for(run(), 20))).result()
    assert made[:4] == [False, True, True, True]
