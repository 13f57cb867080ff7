"""Only some of a file's records: those with the values that were asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import duckdb

from core.ingest.mapping.column_mapping import found_column
from core.ingest.reading.raw_records import Records
from core.ledger.errors import UnusableFile
from core.ledger.sql import literal, quoted

#: The column that keeps a record's number in the file.
_ROW = quoted("calledger row")
#: So many of a column's values are said where none is the one asked for.
_SAID = 12


def only(
    cursor: duckdb.DuckDBPyConnection,
    records: Records,
    where: Mapping[str, Sequence[str]],
    name: str,
) -> Records:
    """The records that count, each with its number in the file; the notice says how many do not.

    A line that is no record counts, whatever was asked: what it says is not known.

    Args:
        where: column → values, one of which a record must have.

    Raises:
        UnusableFile: there is no such column, or no record that counts.
    """
    if not where:
        return records
    conditions = []
    for path, values in where.items():
        column = found_column(cursor, records, path, name, "for --where")
        asked = ", ".join(literal(value.strip()) for value in values)
        conditions.append(f"coalesce(trim({column.text}) IN ({asked}), false)")
    relation = (
        f"(SELECT *, {records.row} AS {_ROW} FROM {records.relation} "
        f"WHERE ({' AND '.join(conditions)}) OR {records.malformed} IS NOT NULL)"
    )
    row = cursor.execute(f"SELECT count(*) FROM {relation}").fetchone()
    assert row is not None
    (n_kept,) = row
    said = ", ".join(f"{path}={value}" for path, values in where.items() for value in values)
    if not n_kept:
        raise UnusableFile(
            f"{name} has no record with {said}; {_there(cursor, records, where, name)}"
        )
    n_left = records.count - n_kept
    told = (
        f"{n_left:,} {'record' if n_left == 1 else 'records'} left out: only {said} was asked for."
    )
    return replace(
        records,
        relation=relation,
        row=_ROW,
        count=n_kept,
        notices=(*records.notices, told) if n_left else records.notices,
    )


def _there(
    cursor: duckdb.DuckDBPyConnection,
    records: Records,
    where: Mapping[str, Sequence[str]],
    name: str,
) -> str:
    said = []
    for path in where:
        text = found_column(cursor, records, path, name, "for --where").text
        rows = cursor.execute(
            f"SELECT left({text}, 40) AS value, count(*) AS n FROM {records.relation} "
            f"GROUP BY value ORDER BY n DESC, value LIMIT {_SAID}"
        ).fetchall()
        values = ", ".join(f"{'empty' if value is None else value} ({n:,})" for value, n in rows)
        said.append(f"{path} is: {values}")
    return "; ".join(said) + "."
