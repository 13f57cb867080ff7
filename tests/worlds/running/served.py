"""The ledger that this process serves to pages, kept open between tests that only read it."""

from __future__ import annotations

from pathlib import Path

import pytest

from dashboard.server import open_ledger as owner
from dashboard.server.settings import LEDGER_VARIABLE


class Served:
    """Closes a ledger after its test, or one that is only read when another is served."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._keep = False

    def serve(self, path: Path, *, keep: bool) -> None:
        if self._path != path:
            self.close()
        self._path, self._keep = path, keep

    def end_of_test(self) -> None:
        if not self._keep:
            self.close()

    def close(self) -> None:
        if self._path is None:
            return
        with pytest.MonkeyPatch.context() as patch:
            # What is closed is what the process was started on.
            patch.setenv(LEDGER_VARIABLE, str(self._path))
            owner.close()
        self._path = None
