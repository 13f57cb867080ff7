"""Files that only their owner can read, whatever the umask.

DuckDB makes its files itself, under the umask of the process: the ledger, beside it a log of what
is not yet in it (the WAL, made anew after each checkpoint), and a folder for what does not fit
into memory.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_OTHERS = 0o077


def mode_for_others(path: Path) -> str | None:
    """A file's mode where others may read or write it, as in ``644``; None: they may not."""
    try:
        mode = path.stat().st_mode & 0o777
    except OSError:
        return None
    return f"{mode:03o}" if os.name == "posix" and mode & _OTHERS else None


def sync_folder(path: Path) -> None:
    """See that what was named in a folder stays named after a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class _Umask:
    """The process's umask, narrowed for as long as anybody asks for it.

    It belongs to the process, so of several at once the first narrows it and the last puts it
    back; none waits for another.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asking = 0
        self._before = 0

    def narrow(self) -> None:
        with self._lock:
            if not self._asking:
                self._before = os.umask(_OTHERS)
            self._asking += 1

    def widen(self) -> None:
        with self._lock:
            self._asking -= 1
            if not self._asking:
                os.umask(self._before)


_UMASK = _Umask()


@contextmanager
def owner_only() -> Iterator[None]:
    """Whatever file this process makes meanwhile, only its owner can read."""
    _UMASK.narrow()
    try:
        yield
    finally:
        _UMASK.widen()


def tighten(path: Path) -> None:
    """Take from others what they may do with a file or folder; one that is not ours stays."""
    with suppress(OSError):
        mode = path.stat().st_mode & 0o7777
        if mode & _OTHERS:
            path.chmod(mode & ~_OTHERS)


def private_folder(path: Path) -> None:
    """Make a folder that only its owner can enter, where that can be done."""
    with suppress(OSError):
        path.mkdir(mode=0o700)
    tighten(path)
