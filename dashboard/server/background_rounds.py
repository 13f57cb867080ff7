"""The server's standing rounds: what time and data brought about is recorded and told."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import duckdb
from starlette.concurrency import run_in_threadpool

from core.governance.recorded_import import adopt_unrecorded
from core.ingest.kept_sums import keep_up
from core.ledger.errors import LedgerError
from core.monitoring.rounds import rounds as one_round
from core.monitoring.runs import run_if_due
from dashboard import terminal
from dashboard.server import metrics, verifying
from dashboard.server import notices as notify
from dashboard.server import open_ledger as owner
from dashboard.witness import Witness

#: Seconds between two rounds. The gate does not wait for them.
EVERY = 30.0
#: So many seconds a round waits for what came in to be folded.
FOLD_WITHIN = 60.0


@asynccontextmanager
async def rounds() -> AsyncIterator[None]:
    """A short round now, then what the schedule asks for or a short one, and one at the end.

    What is due waits for the second round, so that it comes after the first pages: a run of all
    checks takes seconds of the same processor. Messages leave after each round but the last.
    """
    making, ending = threading.Lock(), threading.Event()
    task = asyncio.create_task(_forever(making, ending))
    try:
        yield
    finally:
        # Nobody waits for a channel that does not answer.
        ending.set()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        # A round under way goes on in its thread; the last one waits for it.
        await run_in_threadpool(_round, making, scheduled=False)


async def _forever(making: threading.Lock, ending: threading.Event) -> None:
    scheduled, witness = False, Witness()
    while True:
        await run_in_threadpool(_round, making, scheduled=scheduled)
        await run_in_threadpool(_tell, ending)
        await run_in_threadpool(_witnessed, witness)
        scheduled = True
        await asyncio.sleep(EVERY)


def _round(making: threading.Lock, *, scheduled: bool) -> None:
    """One round; what goes wrong is said and tried again, and pages show it as it is."""
    with making:
        try:
            office = owner.office()
            if not scheduled:
                _fold()
            adopt_unrecorded(office)
            keep_up(office.ledger)
            made = run_if_due(office, before=_fold) if scheduled else None
            if made is None:
                one_round(office)
            elif "daily" in made.why:
                verifying.run()
        except (LedgerError, duckdb.Error, OSError) as error:
            terminal.error(str(error))


def _fold() -> None:
    """Bring in what came in, so that checks see it and the last round seals it."""
    owner.folder().ask(within=FOLD_WITHIN)


def _witnessed(witness: Witness) -> None:
    """Have the newest checkpoint stamped from outside, where that is due."""
    try:
        for failure in witness.in_round(owner.office()):
            metrics.TIME_STAMPS_FAILED.inc()
            terminal.error(failure)
    except (LedgerError, duckdb.Error, OSError) as error:
        terminal.error(str(error))


def _tell(ending: threading.Event) -> None:
    """Write and send the messages that are due, also while the trail is broken."""
    try:
        notify.in_round(owner.office(), ending)
    except (LedgerError, duckdb.Error, OSError) as error:
        terminal.error(str(error))
