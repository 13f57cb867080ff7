"""What is kept summed, against the claims: counted anew, and compared row by row."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

import duckdb

from core.ingest.kept_sums import (
    KEPT_LINES,
    USUAL_HIGH,
    cells_of,
    declared_highs,
    dimension_columns,
)
from core.ledger.sql import literal, quoted
from core.queries.base.kept import kernel, limits
from core.queries.base.kept.loaded import LOADED_SIGNALS, due_digests, loaded_signals, loads
from core.queries.base.kept.week_digests import limits_digest, of_ledger, week_digests
from core.trail.problems import Problem

#: Table → the columns that a verification checks: all of them.
COVERED: Mapping[str, frozenset[str]] = {
    "kept_signals": frozenset({"signal", "high_ppm", "kept"}),
    "kept_dimensions": frozenset({"signal", "dimension", "kept"}),
    "kept_lines": frozenset({"line", *kernel.LINE}),
    "kept_cells": frozenset(
        {
            *("line", "week", "dimension", "value", "place", "width", "high", "outcome", "n"),
            *("s1", "s2", "s3", "s4", "n_chances", "n_drawn", "least", "most", "weekdays"),
        }
    ),
    "kept_days": frozenset(
        {
            *("line", "day", "n_claims", "n_unstated", "n_named", "n_automated"),
            *("n_automated_labelled", "n_labelled", "n_drawn", "n", "stated", "n_right"),
            *("first_ts", "last_ts"),
        }
    ),
    "kept_ages": frozenset({"line", "week", "age_days", "n", "n_right", "s1"}),
    "kept_values": frozenset(
        {
            *("line", "day", "dimension", "value", "action", "confidence_ppm", "outcome"),
            *("chance", "n"),
        }
    ),
    "kept_steps": frozenset({"line", "week", "age_days", "n_claims", "n", "n_right", "s1"}),
}


def check_kept(cursor: duckdb.DuckDBPyConnection) -> Iterator[Problem]:
    """Every table of kept sums that is not what the claims give.

    Takes as long as counting all claims once. A signal of which nothing at all is kept is fine.
    What was loaded is held to the digests of the acts that loaded it.
    """
    yield from _loaded(cursor)
    loaded = loaded_signals(cursor)
    signals = {one for (one,) in cursor.execute("SELECT signal FROM kept_signals").fetchall()}
    signals -= loaded
    if not signals and all(not _any(cursor, table) for table in COVERED):
        return
    _recount(cursor, signals)
    given: dict[str, Sequence[str]] = {
        "kept_signals": [_signals(cursor)],
        "kept_dimensions": _dimensions(cursor),
        "kept_lines": [_lines()],
        "kept_cells": [f"FROM {_CELLS}"],
        "kept_days": [kernel.numbered_days(_DAYS, KEPT_LINES)],
        "kept_ages": [kernel.ages(kernel.Counted("claims", KEPT_LINES))],
        # Of claims that are here there are none.
        "kept_values": ["FROM kept_values LIMIT 0"],
        "kept_steps": ["FROM kept_steps LIMIT 0"],
    }
    for table, queries in given.items():
        if not _same(cursor, table, queries, loaded=bool(loaded)):
            yield Problem("table", None, f"The table {table} is not what the claims give.")
    for table in (_DAYS, _CELLS):
        cursor.execute(f"DROP TABLE {table}")


#: Temporary tables of what the claims give, of which more than one table is worked out.
_DAYS, _CELLS = "recounted_days", "recounted_cells"


def _recount(cursor: duckdb.DuckDBPyConnection, signals: Collection[str]) -> None:
    """Count the claims anew: by all columns of a line and by day, and into cells."""
    days = kernel.line_days("claims")
    cursor.execute(f"CREATE OR REPLACE TEMP TABLE {_DAYS} AS {days}")
    columns = ", ".join(sorted(COVERED["kept_cells"]))
    queries = cells_of(cursor, kernel.Counted("claims", KEPT_LINES), signals)
    cells = " UNION ALL ".join(f"SELECT {columns} FROM ({one}) AS counted" for one in queries)
    cursor.execute(f"CREATE OR REPLACE TEMP TABLE {_CELLS} AS {cells}")


def _any(cursor: duckdb.DuckDBPyConnection, table: str) -> bool:
    return cursor.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() is not None


def _loaded(cursor: duckdb.DuckDBPyConnection) -> Iterator[Problem]:
    """Every week of loaded cells that is not what the newest act about it says."""
    acts = loads(cursor)
    if not acts:
        return
    due, now = due_digests(acts), week_digests(cursor, of_ledger(LOADED_SIGNALS))
    for monday in sorted({*due, *now}):
        seq, digest = due.get(monday, (None, ""))
        if now.get(monday, "") != digest:
            yield Problem("table", seq, f"The cells of the week of {monday} are not as loaded.")
    if limits_digest(cursor, LOADED_SIGNALS) != acts[-1].limits:
        yield Problem(
            "table", acts[-1].seq, "The signals and dimensions of loaded cells are not as loaded."
        )


def _same(
    cursor: duckdb.DuckDBPyConnection, table: str, queries: Sequence[str], *, loaded: bool
) -> bool:
    """Whether a table holds the rows of some queries, each as often; what was loaded aside."""
    aside = ""
    if loaded:
        mine = f"signal IN ({LOADED_SIGNALS})"
        line = f"line IN (SELECT line FROM kept_lines WHERE {mine})"
        aside = f"WHERE NOT ({mine if 'signal' in COVERED[table] else line})"
    columns = ", ".join(sorted(COVERED[table]))
    given = " UNION ALL ".join(f"SELECT {columns} FROM ({one}) AS given" for one in queries)
    rows = cursor.execute(
        f"""
        SELECT 1 FROM (
            SELECT {columns}, 1 AS times FROM {table} {aside}
            UNION ALL SELECT *, -1 AS times FROM ({given}) AS all_given {aside})
        GROUP BY {columns} HAVING sum(times) <> 0 LIMIT 1
        """
    ).fetchall()
    return not rows


#: The signals of which something is kept.
_KEPT = "signal IN (SELECT signal FROM kept_signals UNION SELECT signal FROM kept_lines)"


def _signals(cursor: duckdb.DuckDBPyConnection) -> str:
    """Signals that have claims, with the band declared now, and whether they have few lines."""
    cases = " ".join(
        f"WHEN {literal(signal)} THEN {high:d}"
        for signal, high in sorted(declared_highs(cursor).items())
    )
    high = f"CASE signal {cases} ELSE {USUAL_HIGH} END" if cases else str(USUAL_HIGH)
    return f"""
        SELECT signal, {high} AS high_ppm, count(*) <= {limits.MOST_LINES} AS kept
        FROM ({kernel.lines(_DAYS)}) AS line WHERE {_KEPT} GROUP BY signal
    """


def _lines() -> str:
    """Every line of a kept signal; a number that no day is kept under is none."""
    same = " AND ".join(f"known.{one} IS NOT DISTINCT FROM made.{one}" for one in kernel.LINE)
    columns = ", ".join(f"made.{one}" for one in kernel.LINE)
    return f"""
        SELECT days.line, {columns}
        FROM ({kernel.lines(_DAYS)}) AS made
        LEFT JOIN (SELECT * FROM kept_lines QUALIFY count(*) OVER (PARTITION BY line) = 1) AS known
            ON {same}
        LEFT JOIN (SELECT DISTINCT line FROM kept_days) AS days ON days.line = known.line
        WHERE made.signal IN (SELECT signal FROM kept_signals WHERE kept)
    """


def _dimensions(cursor: duckdb.DuckDBPyConnection) -> list[str]:
    """The dimensions that some claim of a kept signal names, and whether they have few values."""
    few = f"<= {limits.MOST_KEPT_VALUES} AS kept"
    found = [
        f"""
        SELECT signal, dimension, count(DISTINCT value) {few}
        FROM {_CELLS} JOIN kept_lines USING (line)
        WHERE dimension <> '' AND value IS NOT NULL
        GROUP BY signal, dimension
        """
    ]
    # Those that cells are not counted by are counted themselves.
    for name, column in dimension_columns(cursor).items():
        others = cursor.execute(
            """
            SELECT signal FROM kept_signals WHERE kept
            EXCEPT SELECT signal FROM kept_dimensions WHERE dimension = $name AND kept
            """,
            {"name": name},
        ).fetchall()
        if others:
            listed = ", ".join(literal(signal) for (signal,) in others)
            found.append(
                f"""
                SELECT signal, {literal(name)} AS dimension,
                       count(DISTINCT {quoted(column)}) {few}
                FROM claims
                WHERE {quoted(column)} IS NOT NULL AND signal IN ({listed})
                GROUP BY signal
                """
            )
    return found
