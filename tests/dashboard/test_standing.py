"""The server's rounds: a thorough one first and from time to time, short ones in between."""

from __future__ import annotations

import asyncio
import threading

import pytest

from dashboard import standing


def test_a_round_is_thorough_at_first_and_again_when_its_time_has_come(
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
    asyncio.run(asyncio.wait_for(run(), 20))
    assert made[0]
    assert not made[1]
    assert made.count(False) >= 2
