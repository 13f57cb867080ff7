"""The server's standing rounds: what time and data brought about is recorded while it runs."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import duckdb
from starlette.concurrency import run_in_threadpool

from core.govern.imports import adopt_unrecorded
from core.govern.watch import rounds as one_round
from core.store.errors import LedgerError
from dashboard import owner, terminal

#: Seconds between two rounds, and between two thorough ones. The gate does not wait for them.
EVERY, THOROUGHLY_EVERY = 30.0, 3600.0


@asynccontextmanager
async def rounds() -> AsyncIterator[None]:
    """A short round now, a thorough one soon and every hour, short ones between, one at the end.

    The first thorough one comes after the first pages: it takes seconds of the same processor.
    """
    making = threading.Lock()
    task = asyncio.create_task(_forever(making))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        # A round under way goes on in its thread; the last one waits for it.
        await run_in_threadpool(_round, making, thorough=False)


async def _forever(making: threading.Lock) -> None:
    clock = asyncio.get_running_loop().time
    next_thorough = clock() + EVERY
    while True:
        thorough = clock() >= next_thorough
        if thorough:
            next_thorough = clock() + THOROUGHLY_EVERY
        await run_in_threadpool(_round, making, thorough=thorough)
        await asyncio.sleep(EVERY)


def _round(making: threading.Lock, *, thorough: bool) -> None:
    """One round; what goes wrong is said and tried again, and pages show it as it is."""
    with making:
        try:
            office = owner.office()
            adopt_unrecorded(office)
            one_round(office, thorough=thorough)
        except (LedgerError, duckdb.Error, OSError) as error:
            terminal.error(str(error))
