"""The server's rounds: a short one first, then whatever the schedule asks for."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from core.monitoring.runs import Run
from core.monitoring.schedule import Why
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


@pytest.mark.parametrize(("why", "verified"), [(("daily",), 1), (("data",), 0)])
def test_the_daily_run_verifies_the_whole_ledger(
    monkeypatch: pytest.MonkeyPatch, why: tuple[Why, ...], verified: int
) -> None:
    done: list[bool] = []
    monkeypatch.setattr(standing.owner, "office", lambda: SimpleNamespace(ledger=None))
    monkeypatch.setattr(standing, "keep_up", lambda _: None)
    monkeypatch.setattr(standing, "adopt_unrecorded", lambda _: ())
    monkeypatch.setattr(standing, "run_if_due", lambda *_, **__: Run(why, ()))
    monkeypatch.setattr(standing.verifying, "run", lambda: done.append(True))
    standing._round(threading.Lock(), scheduled=True)
    assert len(done) == verified
