"""Verifying all of the ledger in the background: one at a time, told how far it is."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from core.audit.verify import verify_all
from core.ledger.errors import LedgerError
from dashboard import terminal
from dashboard.server import open_ledger as owner


@dataclass(frozen=True)
class Verifying:
    """How far a verification is.

    Attributes:
        running: whether one is under way.
        fraction: of its work that is done.
        stage: what it looks at.
        failed: why the last one did not come to its end, in a sentence; empty where it did.
    """

    running: bool = False
    fraction: float = 0.0
    stage: str = ""
    failed: str = ""


_lock = threading.Lock()
_state = Verifying()


def now() -> Verifying:
    """How far it is."""
    return _state


def start() -> None:
    """Begin in a thread of its own, unless one is under way."""
    if _begun():
        threading.Thread(target=_run, name="verify", daemon=True).start()


def run() -> None:
    """Do it in this thread, unless one is under way."""
    if _begun():
        _run()


def _begun() -> bool:
    global _state
    with _lock:
        if _state.running:
            return False
        _state = Verifying(running=True, stage="entries and checkpoints")
        return True


def _run() -> None:
    failed = ""
    try:
        with owner.ledger().cursor() as cursor:
            report = verify_all(cursor, Path(owner.path()), owner.office().clock(), _told)
        if not report.ok:
            terminal.error(next(iter(report.lines())))
    except (LedgerError, duckdb.Error, OSError) as error:
        failed = str(error)
        terminal.error(failed)
    finally:
        global _state
        with _lock:
            _state = Verifying(failed=failed)


def _told(fraction: float, stage: str) -> None:
    global _state
    with _lock:
        _state = replace(_state, fraction=fraction, stage=stage)
