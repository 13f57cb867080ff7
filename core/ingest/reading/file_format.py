"""What a file is before any of it is believed: format, compression, encoding, fingerprint."""

from __future__ import annotations

import gzip
import hashlib
import io
import shlex
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Literal

import pyarrow as pa

from core.ingest.reading.survey import Survey, survey
from core.ledger.errors import UnusableFile

Format = Literal["csv", "jsonl", "parquet"]
Compression = Literal["none", "gzip", "zstd"]

_FORMATS: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
}
_COMPRESSIONS: dict[str, Compression] = {".gz": "gzip", ".zst": "zstd"}
_COMPRESSION_MAGIC: dict[Compression, bytes] = {"gzip": b"\x1f\x8b", "zstd": b"\x28\xb5\x2f\xfd"}
#: (offset, bytes, what such a file is)
_MAGIC = (
    (0, b"PAR1", "a Parquet file"),
    (0, b"\x1f\x8b", "gzip-compressed"),
    (0, b"\x28\xb5\x2f\xfd", "zstd-compressed"),
    (0, b"PK\x03\x04", "an Excel workbook or another zip archive"),
    (0, b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (0, b"SQLite format 3\x00", "an SQLite database"),
    (8, b"DUCK", "a DuckDB database"),
    (0, b"ARROW1", "an Arrow file"),
    (0, b"%PDF", "a PDF"),
    (0, b"BZh", "bzip2-compressed"),
)
_PARQUET_MARK = b"PAR1"


@dataclass(frozen=True)
class LogFile:
    """A file that is what its name says.

    Attributes:
        path: where it is.
        format: csv, jsonl or parquet.
        compression: of the whole file; "none" for Parquet, which compresses inside.
        sha256: of its bytes, in hexadecimal.
        survey: what a text file was found to hold; None for Parquet, which says it itself.
    """

    path: Path
    format: Format
    compression: Compression
    sha256: str
    survey: Survey | None = None

    def open(self) -> IO[bytes]:
        """The file's bytes, uncompressed."""
        if self.compression == "gzip":
            return io.BufferedReader(gzip.open(self.path, "rb"))
        if self.compression == "zstd":
            return io.BufferedReader(pa.input_stream(str(self.path), compression="zstd"))
        return self.path.open("rb")


def look_at(path: Path) -> LogFile:
    """Find out what ``path`` is.

    Raises:
        UnusableFile: it is missing, empty, truncated, or not what its name says.
    """
    name = path.name
    log_format, compression = _by_name(path)
    try:
        with path.open("rb") as file:
            head = file.read(64)
            size = file.seek(0, 2)
            file.seek(max(0, size - 4))
            tail = file.read(4)
    except FileNotFoundError:
        raise UnusableFile(f"There is no file {path}.") from None
    except IsADirectoryError:
        raise UnusableFile(f"{path} is a folder; name the files inside it.") from None
    except OSError as error:
        raise UnusableFile(f"{name} cannot be read: {error.strerror}.") from error
    if size == 0:
        raise UnusableFile(f"{name} is empty (0 bytes).")
    _refuse_other_contents(name, log_format, compression, head)
    if log_format == "parquet":
        if tail != _PARQUET_MARK or size < 12:
            raise UnusableFile(
                f"{name} is truncated: a Parquet file ends with its index, and this one does not; "
                "copy or write it again."
            )
        return LogFile(path, log_format, compression, _sha256(path))
    text = LogFile(path, log_format, compression, _sha256(path))
    found = survey(text.open, name, compression=compression, quoting=log_format == "csv")
    return replace(text, survey=found)


def _by_name(path: Path) -> tuple[Format, Compression]:
    suffixes = [suffix.lower() for suffix in path.suffixes[-2:]]
    compression: Compression = "none"
    if suffixes and suffixes[-1] in _COMPRESSIONS:
        compression = _COMPRESSIONS[suffixes.pop()]
    log_format = _FORMATS.get(suffixes[-1]) if suffixes else None
    if suffixes and suffixes[-1] == ".eval":
        raise UnusableFile(
            f"{path.name} is packed as Inspect AI packs its logs; write it out first: "
            f"inspect log dump {shlex.quote(path.name)} > {shlex.quote(f'{path.stem}.json')}"
        )
    if log_format is None or (log_format == "parquet" and compression != "none"):
        raise UnusableFile(
            f"{path.name} does not say what it is: its name must end in .csv, .tsv, .jsonl, "
            ".ndjson (each also with .gz or .zst) or .parquet."
        )
    return log_format, compression


def _refuse_other_contents(
    name: str, log_format: Format, compression: Compression, head: bytes
) -> None:
    if compression != "none":
        if not head.startswith(_COMPRESSION_MAGIC[compression]):
            raise UnusableFile(
                f"{name} is not {compression}-compressed, as its name says; rename it."
            )
        return
    found = next((what for at, magic, what in _MAGIC if head[at:].startswith(magic)), None)
    if log_format == "parquet":
        if not head.startswith(_PARQUET_MARK):
            raise UnusableFile(f"{name} is not a Parquet file, but {found or 'something else'}.")
    elif found is not None:
        raise UnusableFile(
            f"{name} is not {log_format.upper()} text, but {found}; "
            "export it as CSV, JSONL or Parquet, or rename it."
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
