"""Columns inside of a column: ``scores.choice.value`` leads into objects, whatever carries them."""

from __future__ import annotations

import duckdb

from core.ingest.reading.raw_records import TEXT, Column, Records
from core.ledger.sql import literal, quoted


def column_at(cursor: duckdb.DuckDBPyConnection, records: Records, path: str) -> Column | None:
    """The column that a path leads to; None where no record has anything there.

    The longest name that is a column's is taken for the column; what follows it leads into its
    objects, and a number into a list, 0 for the first.
    """
    parts = path.split(".")
    columns = {column.name: column for column in records.columns}
    for size in range(len(parts) - 1, 0, -1):
        whole = columns.get(".".join(parts[:size]))
        if whole is not None:
            found = _within(cursor, records, whole, parts[size:])
            if found is not None and _says_something(cursor, records, found):
                return Column(path, found.sql, found.type)
    return None


def _within(
    cursor: duckdb.DuckDBPyConnection, records: Records, whole: Column, parts: list[str]
) -> Column | None:
    if whole.type.startswith("STRUCT"):
        sql = f"({whole.sql})" + "".join(f".{quoted(part)}" for part in parts)
        try:
            described = cursor.execute(
                f"DESCRIBE SELECT {sql} AS found FROM {records.relation}"
            ).fetchone()
        except duckdb.Error:
            # A part is no member, or leads into a list or a text: perhaps one that is JSON.
            described = None
        if described is not None:
            return Column("", sql, described[1])
    if whole.type not in (TEXT, "JSON"):
        if not whole.type.startswith(("STRUCT", "MAP")) and not whole.type.endswith("]"):
            return None
        whole = Column(whole.name, whole.text, TEXT)
    pointer = "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in parts)
    inside = f"json_extract_string({whole.sql}, {literal(pointer)})"
    return Column("", f"CASE WHEN json_valid({whole.sql}) THEN {inside} END", TEXT)


def _says_something(cursor: duckdb.DuckDBPyConnection, records: Records, column: Column) -> bool:
    query = f"SELECT 1 FROM {records.relation} WHERE {column.sql} IS NOT NULL LIMIT 1"
    return cursor.execute(query).fetchone() is not None
