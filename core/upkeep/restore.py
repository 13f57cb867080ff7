"""Put a backup back as a ledger: verified before a file of it is in place."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import duckdb

from core.audit.held import Held
from core.audit.verify import verify_ledger
from core.ledger.connection import Ledger
from core.ledger.errors import LedgerError
from core.ledger.private import owner_only, private_folder
from core.notices.held import hold
from core.trail import log as trail
from core.trail.checkpoints.anchors import beside_path
from core.upkeep import manifest as written
from core.upkeep.manifest import LEDGER, Manifest

#: What ends the names of what may lie beside a ledger.
_BESIDE = (
    "",
    ".wal",
    ".key",
    ".checkpoints",
    ".stamps",
    ".verified",
    ".anchors",
    ".notices.yaml",
    ".otlp.yaml",
    ".mappings.yaml",
    ".restored",
    ".backed-up",
    ".spool",
    ".server",
)


def restore(folder: Path, to: Path) -> Manifest:
    """Verify a backup and put it in place; nothing is ever overwritten.

    What is restored tells nobody anything by itself, see `core.notices.held`.

    Args:
        folder: the backup.
        to: the ledger file to make, with what lies beside it.

    Raises:
        LedgerError: the backup is not whole, is not what was written, its trail does not verify,
            or something lies where it would go; nothing was put in place.
    """
    manifest = written.read(folder)
    _refuse_taken(to)
    try:
        with (
            owner_only(),
            tempfile.TemporaryDirectory(prefix=f".{to.name}.restore-", dir=to.parent) as staged,
        ):
            _copied(folder, manifest, Path(staged))
            _verified(Path(staged) / LEDGER, manifest)
            _refuse_taken(to)
            hold(Path(staged) / LEDGER)
            _put(Path(staged), to)
    except OSError as error:
        raise LedgerError(f"{to} cannot be restored: {error.strerror or error}.") from error
    return manifest


def _refuse_taken(to: Path) -> None:
    if not to.parent.is_dir():
        raise LedgerError(f"The folder {to.parent} does not exist: make it first.")
    for path in (to.with_name(to.name + end) for end in _BESIDE):
        if path.exists():
            raise LedgerError(
                f"{path} exists already, and restoring never overwrites: name another ledger, or "
                "move it away."
            )


def _copied(folder: Path, manifest: Manifest, staged: Path) -> None:
    """Copy every file that the manifest names, and measure the copies."""
    wrong = []
    for name, expected in sorted(manifest.files.items()):
        source, target = folder / name, staged / name
        for parent in reversed(target.relative_to(staged).parents[:-1]):
            private_folder(staged / parent)
        try:
            with target.open("xb") as file:
                for part in written.parts(source):
                    file.write(part)
                file.flush()
                os.fsync(file.fileno())
        except FileNotFoundError:
            wrong.append(f"{name} is missing")
            continue
        os.utime(target, ns=(expected.written_ns, expected.written_ns))
        found = written.measured(target)
        if found.size != expected.size:
            wrong.append(f"{name} has {found.size:,} bytes, and had {expected.size:,}")
        elif found.sha256 != expected.sha256:
            wrong.append(f"{name} was altered: its SHA-256 is not the one that was written down")
    if wrong:
        raise LedgerError(
            f"{folder} is not the backup that was made: {'; '.join(wrong)}. Nothing was put in "
            "place: take another backup."
        )


def _verified(ledger: Path, manifest: Manifest) -> None:
    """Refuse a ledger that is not whole, or whose trail is not the one the manifest names."""
    try:
        with Ledger.open(ledger) as opened, opened.cursor() as cursor:
            report = verify_ledger(cursor, held=tuple(_held(ledger, manifest)))
            head = (trail.size(cursor), trail.latest_note(cursor))
    except duckdb.Error as error:
        raise LedgerError(f"The backup's ledger cannot be read: {error}.") from error
    if not report.ok:
        raise LedgerError(
            "The backup's ledger does not verify, and nothing was put in place. "
            f"{' '.join(report.lines()[:3])}"
        )
    if head != (manifest.trail_size, manifest.checkpoint):
        raise LedgerError(
            f"The backup's trail has {head[0]:,} entries, and its manifest names another head, of "
            f"{manifest.trail_size:,}. Nothing was put in place."
        )


def _held(ledger: Path, manifest: Manifest) -> Iterator[Held]:
    if manifest.checkpoint is not None:
        yield Held("the backup's manifest", manifest.checkpoint, within_reach=True)
    path = beside_path(ledger)
    if path.exists():
        yield Held("the backup's checkpoints", path.read_text("utf-8"), within_reach=True)


def _put(staged: Path, to: Path) -> None:
    """Move it in place, the ledger last: without it there is none."""
    found = sorted(staged.glob(f"{LEDGER}*"), key=lambda one: one.name == LEDGER)
    for one in found:
        shutil.move(one, to.with_name(to.name + one.name.removeprefix(LEDGER)))
    handle = os.open(to.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
