"""Times of single records, read as those of a file are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import duckdb

from core.ingest.file_mapping import FileMapping
from core.ingest.reading import parsing
from core.ingest.reading.raw_records import TEXT, Column


def read_times(
    cursor: duckdb.DuckDBPyConnection, texts: Sequence[str], how: FileMapping
) -> list[datetime | None]:
    """Each text as a time in UTC; None: it is none.

    Args:
        cursor: any.
        how: its formats and zone count.

    Raises:
        UnusableFile: there is no such format or zone.
    """
    parsing.check_times(cursor, how)
    reading = parsing.time(
        Column("said", "said", TEXT), "taken_said", formats=how.time_formats, zone=how.timezone
    )
    layer = (
        f"SELECT place, {reading.taken} AS taken_said FROM (SELECT unnest($texts) AS said, "
        "generate_subscripts($texts, 1) AS place)"
    )
    for name, sql in reading.steps:
        layer = f"SELECT *, {sql} AS {name} FROM ({layer})"
    rows = cursor.execute(
        f"SELECT {reading.value} FROM ({layer}) ORDER BY place", {"texts": list(texts)}
    ).fetchall()
    return [found for (found,) in rows]
