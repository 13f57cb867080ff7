"""A ledger that was restored tells nobody anything until somebody says that it is the live one.

The original may still run, and would tell the same people the same. A file beside the ledger says
so, which no backup copies; it is what counts, and the act that ends it says who did.
"""

from __future__ import annotations

import os
from pathlib import Path

END = ".restored"

#: What is said where people look for messages.
WORDS = (
    "No message is written or sent: this ledger was restored from a backup, and the original may "
    "tell people still. Once this is the live one: calledger notices resume."
)


def held_path(ledger: str | os.PathLike[str]) -> Path:
    """The file beside a ledger whose messages are held back: ``<ledger>.restored``."""
    ledger = Path(ledger)
    return ledger.with_name(ledger.name + END)


def held(ledger: Path | None) -> bool:
    """Whether a ledger's messages are held back; not those of one in memory."""
    return ledger is not None and held_path(ledger).exists()


def hold(ledger: Path) -> None:
    """Hold its messages back.

    Raises:
        OSError: the file cannot be written.
    """
    held_path(ledger).touch(mode=0o600)


def resume(ledger: Path) -> bool:
    """Let it tell people again; whether it did not.

    Raises:
        OSError: the file cannot be removed.
    """
    found = held(ledger)
    held_path(ledger).unlink(missing_ok=True)
    return found
