"""What a backup holds, written down: each file's SHA-256, and the trail's head."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from core.ledger.errors import LedgerError

NAME = "manifest.json"
#: The ledger file's name in a backup; the files beside it begin with it, as they do everywhere.
LEDGER = "ledger.duckdb"
#: What ends the name of a backup that is being written.
HALF = ".partial"
#: What may be named: the ledger, the files beside it, and segments of its spool.
_KNOWN = re.compile(
    re.escape(LEDGER)
    + r"(\.key|\.checkpoints|\.stamps|\.anchors|\.notices\.yaml|\.otlp\.yaml|\.mappings\.yaml"
    + r"|\.spool/(failed/)?\d{13,}\.[a-z0-9-]+\.jsonl)?"
)
_FORMAT = 1


@dataclass(frozen=True)
class File:
    """A file of a backup.

    Attributes:
        size: in bytes.
        sha256: of its bytes, in hexadecimal.
        written_ns: when it was last written, in nanoseconds since 1970; an outcome of the spool
            that names no time became known by then.
    """

    size: int
    sha256: str
    written_ns: int


@dataclass(frozen=True)
class Manifest:
    """What a backup holds.

    Attributes:
        made_at: UTC, ISO 8601.
        program: the version that made it.
        files: by their path in the backup, parts joined by ``/``.
        trail_size: acts in the trail.
        checkpoint: the newest signed one of the trail; None: it has not begun.
        rows: of the tables that hold what came in.
        key: whether the signing key is in it.
    """

    made_at: str
    program: str
    files: Mapping[str, File]
    trail_size: int
    checkpoint: str | None
    rows: Mapping[str, int]
    key: bool

    @property
    def segments(self) -> int:
        """Segments of the spool, set aside or not."""
        return sum(".spool/" in name for name in self.files)

    def text(self) -> str:
        """As it is written."""
        return json.dumps({"format": _FORMAT, **asdict(self)}, indent=1, sort_keys=True) + "\n"


def read(folder: Path) -> Manifest:
    """The manifest of a backup.

    Raises:
        LedgerError: there is none, it is half-written, or it cannot be read.
    """
    path = folder / NAME
    if not folder.is_dir():
        raise LedgerError(f"There is no backup at {folder}: name the folder that one was made in.")
    if folder.name.endswith(HALF):
        raise LedgerError(f"{folder} is half a backup: something stopped it. Take another one.")
    if not path.exists():
        raise LedgerError(f"{folder} is no whole backup: it has no {NAME}. Take another one.")
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if found.pop("format") != _FORMAT:
            raise LedgerError(f"{path} was written by a newer program: upgrade this one.")
        files = {name: File(**one) for name, one in found.pop("files").items()}
        manifest = Manifest(files=files, **found)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise LedgerError(f"{path} cannot be read ({error}): take another backup.") from None
    for name in files:
        # A name is a path that is written to.
        if _KNOWN.fullmatch(name) is None:
            raise LedgerError(f"{path} names {name!r}, which is no file of a backup.")
    if LEDGER not in files:
        raise LedgerError(f"{path} names no ledger: take another backup.")
    return manifest


def measured(path: Path) -> File:
    """The size and SHA-256 of a file."""
    size, hashed = 0, hashlib.sha256()
    for part in parts(path):
        size += len(part)
        hashed.update(part)
    return File(size, hashed.hexdigest(), path.stat().st_mtime_ns)


def parts(path: Path) -> Iterator[bytes]:
    """The bytes of a file, part by part."""
    with path.open("rb") as file:
        while part := file.read(1 << 20):
            yield part
