"""Folds what came in into the ledger: now and then, and for whoever must see it."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence

import duckdb

from core.governance.perform import Office
from core.intake.fold import fold
from core.intake.otlp.joining import Joiner
from core.ledger.errors import LedgerError
from core.spool.segments import Spool
from dashboard import terminal
from dashboard.server import metrics

#: Seconds between two folds. Each import is an act of the trail, so they are few.
EVERY = 60.0
#: Rows after which nobody waits for the next.
ROWS = 50_000
#: Numbers of folded segments that are remembered.
_REMEMBERED = 10_000


class Folder:
    """A thread that folds; whoever must see what came in asks it, and waits no longer than he will.

    Attributes:
        failure: why the last fold stopped; None: it did not.
        failed_in_a_row: so many of the last folds stopped.
        without_model: claims of exporters whose span did not come, or named no model.
    """

    def __init__(self, office: Office, spool: Spool) -> None:
        self.failure: str | None = None
        self.failed_in_a_row = 0
        self.without_model = 0
        self._office, self._spool = office, spool
        self._changed = threading.Condition()
        self._asked = self._done = self._rows = 0
        # What the waiting ask for: kinds, or everything.
        self._kinds: set[str] | None = set()
        self._ended = False
        self._folded: deque[int] = deque(maxlen=_REMEMBERED)
        self._joiner = Joiner()
        self._thread = threading.Thread(target=self._work, name="fold", daemon=True)
        self._thread.start()

    def came_in(self, rows: int) -> None:
        """Note that rows came in."""
        with self._changed:
            self._rows += rows
            if self._rows >= ROWS:
                self._ask(None)

    def ask(self, kinds: Sequence[str] | None = None, *, within: float) -> bool:
        """Have everything folded that came in until now.

        Args:
            kinds: only these; None: all.
            within: so many seconds at most.

        Returns:
            Whether it is done; it goes on if it is not.
        """
        until = time.monotonic() + within
        with self._changed:
            mine = self._ask(kinds)
            while self._done < mine and not self._ended:
                left = until - time.monotonic()
                if left <= 0:
                    return False
                self._changed.wait(left)
            return self._done >= mine and self.failure is None

    def folded(self, segment: int) -> bool:
        """Whether a segment was folded by this process, of the last many."""
        return segment in self._folded

    def close(self) -> None:
        """Fold what is there, and end; what cannot be folded stays in the spool."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        self._thread.join()
        self._fold(None, last=True)

    def _ask(self, kinds: Sequence[str] | None) -> int:
        if kinds is None or self._kinds is None:
            self._kinds = None
        else:
            self._kinds.update(kinds)
        self._asked += 1
        self._changed.notify_all()
        return self._asked

    def _work(self) -> None:
        next_one = time.monotonic() + EVERY
        while True:
            with self._changed:
                while self._asked == self._done and not self._ended:
                    left = next_one - time.monotonic()
                    if left <= 0:
                        self._ask(None)
                        break
                    self._changed.wait(left)
                if self._ended:
                    return
                mine, kinds = self._asked, self._kinds
                self._kinds = set()
                if kinds is None:
                    self._rows = 0
                    next_one = time.monotonic() + EVERY
            self._fold(None if kinds is None else sorted(kinds))
            with self._changed:
                self._done = mine
                self._changed.notify_all()

    def _fold(self, kinds: Sequence[str] | None, *, last: bool = False) -> None:
        begun = time.monotonic()
        try:
            done = fold(self._office, self._spool, kinds, joiner=self._joiner, last=last)
        except (LedgerError, duckdb.Error, OSError, MemoryError) as error:
            if str(error) != self.failure:
                terminal.error(f"What came in is kept in {self._spool.folder}: {error}")
            self.failure = str(error)
            self.failed_in_a_row += 1
            metrics.FOLDS_FAILED.inc()
            return
        self.failure, self.failed_in_a_row = None, 0
        if done.folded:
            metrics.FOLD_SECONDS.observe(time.monotonic() - begun)
        metrics.OTLP_CLAIMS.labels("joined").inc(done.joined.with_span)
        self.without_model += done.joined.without
        metrics.OTLP_CLAIMS.labels("without").inc(done.joined.without)
        self._folded.extend(one.number for one in done.folded)
        for segment, why in done.set_aside:
            terminal.error(f"{segment.path.name} was set aside: {why}")
