"""Take a backup of an open ledger, while others read and write it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from core import __version__
from core.ingest.mapping.kept_mappings import mappings_path
from core.intake.otlp.mapping import mapping_path
from core.ledger.connection import Ledger
from core.ledger.errors import LedgerError
from core.ledger.private import owner_only, private_folder, sync_folder
from core.notices.settings import notices_path
from core.queries.base.outcome_log import OUTCOME_LOG
from core.spool.segments import beside, failed_beside, segments_beside
from core.trail import log as trail
from core.trail.checkpoints.anchors import beside_path, settings_path
from core.trail.checkpoints.time_stamps import stamps_path
from core.trail.signing_key import key_path
from core.upkeep.manifest import HALF, LEDGER, NAME, File, Manifest, measured

#: Tables whose rows are counted in the manifest.
_COUNTED = {
    "claims": "claims",
    "outcomes": OUTCOME_LOG,
    "decisions": "decisions",
    "quarantine": "quarantine",
    "imports": "imports",
}


def backed_up_path(ledger: str | os.PathLike[str]) -> Path:
    """The file beside a ledger that was touched when its last backup was whole."""
    ledger = Path(ledger)
    return ledger.with_name(ledger.name + ".backed-up")


def backup(ledger: Ledger, to: Path, *, now: datetime) -> Manifest:
    """Copy a ledger, its spool, key, checkpoints and settings into a new folder.

    The folder appears under its name only when all of it is on disk. The spool and the checkpoints
    come before the ledger: what is folded meanwhile is then in both, where it counts once, and no
    checkpoint is newer than the trail.

    Raises:
        LedgerError: the folder exists, or cannot be written.
    """
    assert ledger.path is not None
    half = to.with_name(to.name + HALF)
    for one, what in ((to, "a backup never overwrites"), (half, "a backup that was not finished")):
        if one.exists():
            raise LedgerError(f"{one} exists already: {what}. Name another, or remove it.")
    try:
        half.mkdir(mode=0o700)
        with owner_only():
            manifest = _copied(ledger, ledger.path, half, now)
            _written(half / NAME, manifest.text().encode())
        _sync_folders(half)
        half.rename(to)
        sync_folder(to.parent)
        with owner_only():
            backed_up_path(ledger.path).touch()
    except OSError as error:
        raise LedgerError(
            f"The backup {to} cannot be written: {error.strerror or error}. What is there of it is "
            f"in {half}: remove it."
        ) from error
    return manifest


def _copied(ledger: Ledger, path: Path, into: Path, now: datetime) -> Manifest:
    files: dict[str, File] = {}
    for source, name in _beside(path):
        target = into / name
        for folder in reversed(target.relative_to(into).parents[:-1]):
            private_folder(into / folder)
        # A segment that is gone by now was folded, and is in the ledger's copy.
        with suppress(FileNotFoundError):
            _copy(source, target)
            files[name] = measured(target)
    copy = into / LEDGER
    ledger.backup(copy)
    sync_folder(copy)
    files[LEDGER] = measured(copy)
    with Ledger.open(copy, read_only=True) as taken, taken.cursor() as cursor:
        rows = {}
        for table, relation in _COUNTED.items():
            row = cursor.execute(f"SELECT count(*) FROM {relation}").fetchone()
            assert row is not None
            rows[table] = int(row[0])
        return Manifest(
            made_at=f"{now.isoformat(timespec='seconds')}Z",
            program=__version__,
            files=files,
            trail_size=trail.size(cursor),
            checkpoint=trail.latest_note(cursor),
            rows=rows,
            key=f"{LEDGER}.key" in files,
        )


def _beside(ledger: Path) -> Iterator[tuple[Path, str]]:
    """What lies beside a ledger, and its name in a backup."""
    for part, segments in (
        ("", segments_beside(ledger)),
        ("failed/", failed_beside(ledger)),
    ):
        for one in segments:
            yield one.path, f"{beside(Path(LEDGER)).name}/{part}{one.path.name}"
    kept = (
        *(key_path, beside_path, stamps_path, settings_path),
        *(notices_path, mapping_path, mappings_path),
    )
    for path_of in kept:
        if path_of(ledger).exists():
            yield path_of(ledger), path_of(Path(LEDGER)).name


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as opened, target.open("xb") as file:
        # As long as it is now: what comes in meanwhile belongs to the next backup.
        source_now = os.fstat(opened.fileno())
        left = source_now.st_size
        while left and (part := opened.read(min(left, 1 << 20))):
            left -= len(part)
            file.write(part)
        file.flush()
        os.fsync(file.fileno())
    os.utime(target, ns=(source_now.st_atime_ns, source_now.st_mtime_ns))


def _written(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folders(folder: Path) -> None:
    for path in (folder, *(one for one in folder.rglob("*") if one.is_dir())):
        sync_folder(path)
