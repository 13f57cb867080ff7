"""A file's columns and first records as texts, before anything is said of it."""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import duckdb

from core.ingest.file_mapping import PLAIN, FileMapping
from core.ingest.mapping.column_mapping import own_columns
from core.ingest.reading.file_format import look_at
from core.ingest.reading.readers import LinesAtFault, read_records

#: As much of a text as is shown.
_SHOWN = 60


@dataclass(frozen=True)
class Glance:
    """What a file holds at first sight.

    Attributes:
        columns: their names, in the file's order.
        rows: of the first records, a text a column; None where it is empty.
        n_records: all of them.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]
    n_records: int


def glance(path: str | os.PathLike[str], *, how: FileMapping = PLAIN, n_rows: int = 5) -> Glance:
    """Look at a file; no ledger is asked.

    Raises:
        UnusableFile: the file as a whole cannot be used.
    """
    file = look_at(Path(path))
    careful = file.survey is not None and file.survey.needs_care
    with closing(duckdb.connect()) as connection:
        try:
            records = read_records(connection, file, careful=careful, how=how)
        except LinesAtFault:
            records = read_records(connection, file, careful=True, how=how)
        columns = own_columns(records)
        picked = ", ".join(f"left({column.text}, {_SHOWN})" for column in columns)
        rows = connection.execute(
            f"SELECT {picked} FROM {records.relation} WHERE {records.malformed} IS NULL "
            f"LIMIT {int(n_rows)}"
        ).fetchall()
        return Glance(tuple(one.name for one in columns), tuple(rows), records.count)
