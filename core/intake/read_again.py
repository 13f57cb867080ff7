"""What a small file beside the ledger says, read again when it was changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

Said = TypeVar("Said")


class ReadAgain(Generic[Said]):
    """See the module.

    Args:
        path: of the file; it need not be there.
        read: what it says; called anew whenever the file was changed.
    """

    def __init__(self, path: Path, read: Callable[[], Said]) -> None:
        self.path, self._read = path, read
        self._known: tuple[object, Said] | None = None

    def now(self) -> Said:
        """What it says now; raises what reading it raises."""
        try:
            found = self.path.stat()
            stamp: object = found.st_mtime_ns, found.st_size, found.st_ino
        except OSError:
            stamp = None
        known = self._known
        if known is None or known[0] != stamp:
            known = self._known = stamp, self._read()
        return known[1]
