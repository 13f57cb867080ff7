"""One digest for each week of kept sums, the same whatever engine counted them.

Over the rows themselves: signal, fingerprint and split stand for a line's number, which each ledger
gives by itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import duckdb
import pyarrow.compute as pc

from core.queries.base.dimensions import week_start
from core.queries.base.kept import kernel

#: Table → its columns beside the line, with the type whose text is digested.
COLUMNS: Mapping[str, Mapping[str, str]] = {
    "cells": {
        "week": "INTEGER",
        "dimension": "VARCHAR",
        "value": "VARCHAR",
        "place": "SMALLINT",
        "width": "SMALLINT",
        "high": "BOOLEAN",
        "outcome": "TINYINT",
        "n": "BIGINT",
        "s1": "BIGINT",
        **dict.fromkeys(("s2", "s3", "s4"), "HUGEINT"),
        "n_chances": "BIGINT",
        "n_drawn": "BIGINT",
        "least": "DOUBLE",
        "most": "DOUBLE",
        "weekdays": "SMALLINT",
    },
    "days": {
        "day": "DATE",
        **dict.fromkeys(
            (
                *("n_claims", "n_unstated", "n_named", "n_automated", "n_automated_labelled"),
                *("n_labelled", "n_drawn", "n", "stated", "n_right"),
            ),
            "BIGINT",
        ),
        "first_ts": "TIMESTAMP",
        "last_ts": "TIMESTAMP",
    },
    "ages": {
        "week": "INTEGER",
        "age_days": "INTEGER",
        **dict.fromkeys(("n", "n_right", "s1"), "BIGINT"),
    },
    "values": {
        "day": "INTEGER",
        "dimension": "VARCHAR",
        "value": "VARCHAR",
        "action": "VARCHAR",
        "confidence_ppm": "INTEGER",
        "outcome": "TINYINT",
        "chance": "DOUBLE",
        "n": "BIGINT",
    },
    "steps": {
        "week": "INTEGER",
        "age_days": "INTEGER",
        **dict.fromkeys(("n_claims", "n", "n_right", "s1"), "BIGINT"),
    },
}


#: Rows taken from the database at a time.
_BATCH = 100_000
#: Rows that are put in order at once.
_SORTED = 1_000_000


@dataclass(frozen=True)
class KeptRelations:
    """Where the rows are: SQL relations with the columns of `COLUMNS` and of a line."""

    cells: str
    days: str
    ages: str
    values: str
    steps: str

    def of(self, table: str) -> str:
        """The relation of a table."""
        found: str = getattr(self, table)
        return found


def of_ledger(signals: str) -> KeptRelations:
    """The rows of a ledger's kept sums of some signals.

    Args:
        signals: SQL of a query for their names.
    """
    line = ", ".join(f"line.{one}" for one in kernel.LINE)

    def joined(table: str) -> str:
        return (
            f"(SELECT {line}, kept.* FROM {table} AS kept JOIN kept_lines AS line "
            f"ON line.line = kept.line WHERE line.signal IN ({signals}))"
        )

    return KeptRelations(**{table: joined(f"kept_{table}") for table in COLUMNS})


def week_digests(
    cursor: duckdb.DuckDBPyConnection, rows: KeptRelations, weeks: tuple[int, int] | None = None
) -> dict[str, str]:
    """Monday of each week that has rows → SHA-256 of them in their order, hexadecimal.

    Args:
        weeks: first and last, by their numbers; None: all.
    """
    found: dict[int, hashlib._Hash] = {}
    for first, last in _spans(cursor, rows, weeks):
        lines = " UNION ALL ".join(
            f"SELECT {_week(table)} AS week, {_text(table, columns)} AS line "
            f"FROM {rows.of(table)} WHERE {_week(table)} BETWEEN {first} AND {last}"
            for table, columns in COLUMNS.items()
        )
        in_order = cursor.sql(f"SELECT week, line FROM ({lines}) ORDER BY week, line")
        for batch in in_order.to_arrow_reader(_BATCH):
            numbers = batch.column(0)
            for week in sorted(set(numbers.to_pylist())):
                mine = batch.column(1).filter(pc.equal(numbers, week)).to_pylist()
                digest = found.get(week)
                text = "\n".join(mine if digest is None else ["", *mine])
                digest = found.setdefault(week, hashlib.sha256())
                digest.update(text.encode())
    return {week_start(week).isoformat(): one.hexdigest() for week, one in found.items()}


def _spans(
    cursor: duckdb.DuckDBPyConnection, rows: KeptRelations, within: tuple[int, int] | None
) -> list[tuple[int, int]]:
    """First and last weeks of spans of at most `_SORTED` rows, or of one week.

    Rows of all weeks sorted at once once took more memory than there was.
    """
    weeks = " UNION ALL ".join(
        f"SELECT {_week(one)} AS week FROM {rows.of(one)}" for one in COLUMNS
    )
    chosen = "" if within is None else f"WHERE week BETWEEN {within[0]} AND {within[1]}"
    counted = cursor.execute(
        f"SELECT week, count(*) FROM ({weeks}) {chosen} GROUP BY week ORDER BY week"
    ).fetchall()
    found: list[tuple[int, int]] = []
    held = 0
    for week, n in counted:
        if found and held + n <= _SORTED:
            found[-1] = found[-1][0], week
            held += n
        else:
            found.append((week, week))
            held = n
    return found


def limits_digest(cursor: duckdb.DuckDBPyConnection, signals: str) -> str:
    """Of what is kept of which signal and dimension: SHA-256, hexadecimal.

    Args:
        signals: SQL of a query for the signals' names.
    """
    found = cursor.execute(
        f"""
        SELECT sha256(coalesce(string_agg(line, chr(10) ORDER BY line), '')) FROM (
            SELECT CAST(to_json([signal, CAST(high_ppm AS VARCHAR), CAST(kept AS VARCHAR)])
                   AS VARCHAR) AS line FROM kept_signals WHERE signal IN ({signals})
            UNION ALL
            SELECT CAST(to_json([signal, dimension, 'dimension', CAST(kept AS VARCHAR)]) AS VARCHAR)
            FROM kept_dimensions WHERE signal IN ({signals}))
        """
    ).fetchall()
    return str(found[0][0])


def _week(table: str) -> str:
    if table == "values":
        # Day 4 is the Monday that week 0 begins on.
        return "CAST(floor((day - 4) / 7.0) AS INTEGER)"
    if table != "days":
        return "CAST(week AS INTEGER)"
    monday = week_start(0).isoformat()
    return f"CAST(floor(date_diff('day', DATE '{monday}', CAST(day AS DATE)) / 7.0) AS INTEGER)"


def _text(table: str, columns: Mapping[str, str]) -> str:
    typed = {**dict.fromkeys(kernel.LINE, "VARCHAR"), **columns}
    texts = ", ".join(f"CAST(CAST({name} AS {type_}) AS VARCHAR)" for name, type_ in typed.items())
    return f"CAST(to_json([{texts}]) AS VARCHAR) || '{table}'"
