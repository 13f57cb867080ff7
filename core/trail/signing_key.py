"""The key that signs the trail: outside the ledger file, so that who has the one has not the other.

It lies beside the ledger as ``<ledger>.key``, in the text form of Go's x/mod/sumdb/note:
``PRIVATE+KEY+name+keyid+base64(0x01 || seed)``. Its name is the trail's origin.
"""

from __future__ import annotations

import os
from pathlib import Path

import duckdb

from core.ledger.errors import LedgerError
from core.ledger.private import mode_for_others
from core.trail import log as trail
from core.trail.checkpoints.checkpoints import NoteError
from core.trail.checkpoints.signer import Signer

#: Only its owner may read a key.
_MODE = 0o600


def key_path(ledger: str | os.PathLike[str]) -> Path:
    """Where the key of a ledger lies: ``<ledger>.key`` beside it."""
    ledger = Path(ledger)
    return ledger.with_name(ledger.name + ".key")


def load_or_create(ledger: str | os.PathLike[str], cursor: duckdb.DuckDBPyConnection) -> Signer:
    """The key of a ledger's trail; made now when the trail has not begun and there is none.

    Raises:
        LedgerError: the trail has entries and its key is missing, or what lies there is no key, is
            another trail's, or cannot be read or written.
    """
    path, needed = key_path(ledger), trail.key_in_force(cursor)
    try:
        signer = _read(path)
    except FileNotFoundError:
        if needed is not None:
            raise LedgerError(
                f"The signing key {path} is missing, and the decision trail has entries that only "
                "it can follow; put it back from your backup. Nothing was changed."
            ) from None
        signer = Signer.generate()
        try:
            _write(path, signer)
        except FileExistsError:
            signer = _read(path)
    if needed is not None and signer.verifier_key != needed.text:
        raise LedgerError(
            f"The key in {path} ({signer.name}+{signer.key_id.hex()}) is not the one that signs "
            f"this trail ({needed.name}+{needed.key_id.hex()}); put the right one back from your "
            "backup."
        )
    return signer


def warning(ledger: str | os.PathLike[str]) -> str | None:
    """What is unsafe about a ledger's key file, with the fix; None when nothing is, or no file."""
    path = key_path(ledger)
    mode = mode_for_others(path)
    if mode is None:
        return None
    return (
        f"The signing key {path} can be read by others (mode {mode}), who could sign in the "
        f"trail's name; fix it with: chmod 600 {path}"
    )


def _read(path: Path) -> Signer:
    try:
        text = path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        raise
    except (OSError, UnicodeDecodeError):
        raise LedgerError(f"The signing key {path} cannot be read; see its permissions.") from None
    try:
        return Signer.of_secret_text(text)
    except NoteError as error:
        raise LedgerError(
            f"{path} holds no signing key ({error}); put the right one back from your backup."
        ) from None


def _write(path: Path, signer: Signer) -> None:
    """Make the file, which must not exist, readable by its owner only from its first byte on."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE)
    except FileExistsError:
        raise
    except OSError as error:
        raise LedgerError(f"The signing key {path} cannot be written: {error.strerror}.") from error
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(signer.secret_text() + "\n")
        file.flush()
        os.fsync(file.fileno())
