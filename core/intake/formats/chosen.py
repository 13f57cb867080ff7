"""Which known format a file is read as: the one that is named, or the one it can only be."""

from __future__ import annotations

from pathlib import Path

from core.ingest.file_mapping import FileMapping
from core.intake.formats.all import FORMATS
from core.intake.formats.base import KnownFormat
from core.intake.formats.reading import format_of
from core.ledger.errors import UnusableFile


def named_format(how: FileMapping) -> KnownFormat | None:
    """The format that a mapping names; None: none.

    Raises:
        UnusableFile: there is no such format, or it says which column is what besides.
    """
    name = how.scores.get("format")
    if name is None:
        return None
    if name not in FORMATS:
        raise UnusableFile(f"There is no format {name!r}; there are: {', '.join(FORMATS)}.")
    if _names_columns(how):
        raise UnusableFile(
            f"--format {name} says what its columns are: leave out --map, --where, --rows and "
            "--key, or leave out --format."
        )
    return FORMATS[name]


def chosen_format(path: Path, how: FileMapping) -> KnownFormat | None:
    """The format of a file; None: its columns are ours, or are named.

    Raises:
        UnusableFile: as `named_format`; or scores are spoken of, and it is of no known format.
    """
    found = named_format(how)
    if found is None and not _names_columns(how):
        found = format_of(path)
    if found is None and how.scores:
        raise UnusableFile(
            f"{path.name} is of no format that is found out: say which it is with --format, or say "
            "which column is what with --map THEIRS=OURS."
        )
    return found


def _names_columns(how: FileMapping) -> bool:
    return bool(how.renames or how.where or how.rows or how.key)
