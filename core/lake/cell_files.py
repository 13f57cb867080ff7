"""A folder of counted cells: its Parquet files, and the manifest that says what they are.

The manifest is written last, so a folder without one is of a build that did not end.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import cattrs
import duckdb

from core.ledger.errors import LedgerError
from core.ledger.sql import literal
from core.queries.base.kept import kernel
from core.queries.base.kept.week_digests import COLUMNS, KeptRelations

MANIFEST = "manifest.json"
TABLES = tuple(COLUMNS)
_FORMAT = 2
#: Memory for putting rows in order; what is more goes through the disk.
_MEMORY = "1GB"


@dataclass(frozen=True)
class CountedSignal:
    """How a signal was counted.

    Attributes:
        high_ppm: lower edge of its high-confidence band, in whole millionths.
        truth: the sources whose labels count, best first, and "unstated" where labels without one
            do.
        kept: false: it has too many fingerprints, and nothing of it is there.
        repeats: whether some input has more than one stated claim.
        dimensions: those that some claim names a value of; false: too many values to count by.
        each: whether claims are counted by each confidence; false: they state too many.
    """

    high_ppm: int
    truth: tuple[str, ...]
    kept: bool
    repeats: bool
    dimensions: Mapping[str, bool]
    each: bool


@dataclass(frozen=True)
class CellManifest:
    """What a folder of cells holds.

    Attributes:
        since: first day, a Monday.
        until: last day, a Sunday.
        engine: the engine and its version.
        program: the program's version.
        kernel: digest of the SQL that counted.
        events: digest of the event log that was read.
        n_read: claims of these days in the log.
        n_refused: claims and outcomes left out, by table and field at fault.
        n_repeated: claims that came again.
        n_claims: claims counted.
        signals: by name.
        weeks: Monday → digest of its rows.
        files: path in the folder → SHA-256.
        format: of the folder.
    """

    since: date
    until: date
    engine: str
    program: str
    kernel: str
    events: str
    n_read: int
    n_refused: Mapping[str, int]
    n_repeated: int
    n_claims: int
    signals: Mapping[str, CountedSignal]
    weeks: Mapping[str, str]
    files: Mapping[str, str]
    format: int = _FORMAT

    def write(self, folder: Path) -> None:
        """Into its folder."""
        said = asdict(self) | {"since": self.since.isoformat(), "until": self.until.isoformat()}
        text = json.dumps(said, ensure_ascii=False, indent=1, sort_keys=True)
        (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")


def kernel_digest() -> str:
    """Which SQL counts: another one gives cells that may not stand beside these."""
    counted = kernel.Counted("claims", "lines")
    text = "\n".join(
        (
            *(kernel.cells(counted, {"d": "d"}), kernel.days(counted), kernel.ages(counted)),
            *(kernel.values(counted, {"d": "d"}), kernel.steps(counted)),
        )
    )
    return hashlib.sha256(text.encode()).hexdigest()


def read_manifest(folder: Path) -> tuple[CellManifest, str]:
    """What a folder holds, and the manifest's own SHA-256, once every file is what it says.

    Raises:
        LedgerError: there is none, a file was changed or lost, or another kernel counted.
    """
    path = folder / MANIFEST
    try:
        raw = path.read_bytes()
    except OSError:
        raise LedgerError(
            f"{folder} holds no {MANIFEST}: its build did not end, or it is another folder. Build "
            "it again with calledger cells build."
        ) from None
    try:
        manifest = _reader().structure(json.loads(raw), CellManifest)
    except (ValueError, cattrs.errors.BaseValidationError, KeyError, TypeError):
        raise LedgerError(f"{path} is damaged; build the cells again.") from None
    if manifest.format != _FORMAT or manifest.kernel != kernel_digest():
        raise LedgerError(
            f"{folder} was counted by another version of the program ({manifest.program}); build "
            "the cells again with this one."
        )
    there = {
        one.relative_to(folder).as_posix(): one
        for table in TABLES
        for one in (folder / table).rglob("*.parquet")
    }
    for name, digest in manifest.files.items():
        if name not in there or file_digest(there[name]) != digest:
            raise LedgerError(f"{folder / name} is missing or changed; build the cells again.")
    if set(there) != set(manifest.files):
        extra = min(set(there) - set(manifest.files))
        raise LedgerError(f"{folder / extra} is not of this build; remove it.")
    return manifest, hashlib.sha256(raw).hexdigest()


def _reader() -> cattrs.Converter:
    converter = cattrs.Converter(forbid_extra_keys=True)
    converter.register_structure_hook(date, lambda text, _: date.fromisoformat(text))
    return converter


def relations(folder: Path) -> KeptRelations:
    """The rows of a folder of cells."""

    def files(table: str) -> str:
        listed = ", ".join(
            literal("".join(f"[{c}]" if c in "[*?" else c for c in str(one)))
            for one in sorted((folder / table).rglob("*.parquet"))
        )
        return f"read_parquet([{listed}], hive_partitioning = false)"

    return KeptRelations(**{table: files(table) for table in TABLES})


def file_digest(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digests(folder: Path) -> Mapping[str, str]:
    """Path in the folder → SHA-256, of every file of rows."""
    return {
        one.relative_to(folder).as_posix(): file_digest(one)
        for table in TABLES
        for one in sorted((folder / table).rglob("*.parquet"))
    }


def counting_memory(scratch: Path | None = None) -> duckdb.DuckDBPyConnection:
    """A connection to digest rows on.

    Args:
        scratch: a folder for what it holds no memory for; None: the rows are few.
    """
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    if scratch is not None:
        connection.execute(f"SET memory_limit = '{_MEMORY}'")
        connection.execute(f"SET temp_directory = {literal(str(scratch / 'digests'))}")
    return connection
