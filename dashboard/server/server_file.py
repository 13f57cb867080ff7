"""How commands find the server that owns a ledger: a note beside it, for its owner's eyes only."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Running:
    """A server.

    Attributes:
        address: where it listens.
        pid: its process; None: on another machine.
        token: lets commands of the same user ask it; made anew at each start.
    """

    address: str
    pid: int | None
    token: str

    def __str__(self) -> str:
        return self.address if self.pid is None else f"{self.address} (process {self.pid})"

    def __repr__(self) -> str:
        return f"Running({self.address!r}, pid={self.pid})"


def _note(ledger: Path) -> Path:
    return ledger.with_name(ledger.name + ".server")


@contextmanager
def announced(ledger: Path, server: Running) -> Iterator[None]:
    """Leave word of a server beside its ledger for as long as it runs."""
    path = _note(ledger)
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump({"address": server.address, "pid": server.pid, "token": server.token}, file)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def running_on(ledger: Path) -> Running | None:
    """The server that left word beside a ledger; None when none did, or it cannot be read."""
    try:
        found = json.loads(_note(ledger).read_text(encoding="utf-8"))
        return Running(str(found["address"]), int(found["pid"]), str(found["token"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
