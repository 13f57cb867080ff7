"""How far a long import is, told often enough for a moving bar."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import duckdb

#: Called with the fraction done, 0 … 1 and never falling, and the stage's name.
Report = Callable[[float, str], None]

_INTERVAL = 0.1


def never_falling(report: Report | None) -> Report | None:
    """The same report, kept from going back where a file has to be begun anew."""
    if report is None:
        return None
    furthest = 0.0

    def told(fraction: float, stage: str) -> None:
        nonlocal furthest
        furthest = max(furthest, fraction)
        report(furthest, stage)

    return told


class Progress:
    """Stages of known weight; within one, DuckDB's own progress is asked from a helper thread.

    ``report`` may so be called from a thread other than the importing one, never from two at once.
    """

    def __init__(self, cursor: duckdb.DuckDBPyConnection, report: Report | None) -> None:
        self._cursor = cursor
        self._report = report
        self._done = 0.0
        if report is not None:
            cursor.execute("SET enable_progress_bar = true")
            cursor.execute("SET enable_progress_bar_print = false")
            cursor.execute("SET progress_bar_time = 0")

    @contextmanager
    def stage(self, name: str, until: float) -> Iterator[None]:
        """A stage that ends when ``until`` of the whole is done."""
        report = self._report
        if report is None:
            yield
            return
        start = self._done
        report(start, name)
        ended = threading.Event()

        def poll() -> None:
            while not ended.wait(_INTERVAL):
                share = self._cursor.query_progress() / 100
                if 0 < share <= 1:
                    done = start + share * (until - start)
                    # A stage has several queries, each of which begins at nought.
                    if done > self._done:
                        self._done = done
                        report(done, name)

        helper = threading.Thread(target=poll, daemon=True)
        helper.start()
        try:
            yield
        finally:
            ended.set()
            helper.join()
        self._done = until
        report(until, name)
