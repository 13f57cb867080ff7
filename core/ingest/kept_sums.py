"""Kept sums brought up to date: the weeks that changed are counted anew, never added to.

So what is kept always equals a recount. It happens in the transaction that changes the claims.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import duckdb

from core.events import PPM, SEGMENT_PREFIX
from core.ledger.connection import Ledger
from core.ledger.sql import literal, quoted
from core.queries.base.dimensions import WEEK_SQL, week_start
from core.queries.base.kept import kernel, limits
from core.queries.base.kept.loaded import LOADED_SIGNALS, loaded_signals
from core.terms import USUAL

#: The dimension of claims that is kept beside segments; those of the fingerprint are of the line.
_ACTION = "action"
#: From this share of a limit on values are counted exactly: an estimate is off by some percent.
_NEAR = 0.8
#: Weeks that lie so far apart are counted by queries of their own, each over its own claims.
_GAP = 4
_MOST_RANGES = 6
#: Where the high-confidence band begins that nothing is declared of, in whole millionths.
USUAL_HIGH = round(USUAL.high_from * PPM)


def keep_import(cursor: duckdb.DuckDBPyConnection, *, import_id: int, attached: bool) -> None:
    """Count the weeks anew in which an import changed something.

    Signals of which nothing is kept yet, or with another high-confidence band than is declared
    now, are counted whole. In a ledger of few claims nothing is kept.

    Args:
        cursor: inside the import, when its claims and outcomes are in place.
        attached: whether the temporary table ``concerned`` has claims whose outcome may have
            changed.
    """
    stale = _out_of_date(cursor)
    if not stale and not _kept_highs(cursor):
        return
    concerned = f"UNION SELECT signal, {WEEK_SQL} FROM concerned" if attached else ""
    cursor.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE kept_due AS
        SELECT DISTINCT signal, {WEEK_SQL} AS week FROM claims WHERE import_id = $import_id
        {concerned}
        """,
        {"import_id": import_id},
    )
    _keep(cursor, stale)


def keep_signal(cursor: duckdb.DuckDBPyConnection, signal: str) -> None:
    """Count a signal whole, where sums of it are kept: after other outcomes were put in force."""
    if any(name == signal for name, _ in _kept_highs(cursor)) and (
        signal not in loaded_signals(cursor)
    ):
        _nothing_due(cursor)
        _keep(cursor, {signal})


def keep_declared(cursor: duckdb.DuckDBPyConnection) -> None:
    """Count the signals whole whose high-confidence band is another now than they were kept by."""
    changed = _out_of_date(cursor) & {name for name, _ in _kept_highs(cursor)}
    if changed:
        _nothing_due(cursor)
        _keep(cursor, changed)


def keep_up(ledger: Ledger) -> None:
    """Count what is not kept yet, as in a ledger of an earlier version."""
    with ledger.cursor() as cursor:
        if not _out_of_date(cursor):
            return
    with ledger.transaction() as cursor:
        _nothing_due(cursor)
        _keep(cursor, _out_of_date(cursor))


def _nothing_due(cursor: duckdb.DuckDBPyConnection) -> None:
    cursor.execute("CREATE OR REPLACE TEMP TABLE kept_due (signal VARCHAR, week INTEGER)")


# -- which signals -------------------------------------------------------------------------------


def declared_highs(cursor: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Where the high-confidence band begins by the entries in force, in whole millionths."""
    rows = cursor.execute(
        """
        SELECT signal, arg_max(high, seq) FROM (
            SELECT seq, entry ->> '$.signal' AS signal,
                   TRY_CAST(entry ->> '$.body.spec.high_from_ppm' AS INTEGER) AS high
            FROM (SELECT seq, entry FROM acts
                  WHERE contains(entry, '"registry.set"') AND json_valid(entry))
            WHERE entry ->> '$.kind' = 'registry.set')
        WHERE high IS NOT NULL
        GROUP BY signal
        """
    ).fetchall()
    return dict(rows)


def _kept_highs(cursor: duckdb.DuckDBPyConnection) -> set[tuple[str, int]]:
    return set(cursor.execute("SELECT signal, high_ppm FROM kept_signals").fetchall())


def _out_of_date(cursor: duckdb.DuckDBPyConnection) -> set[str]:
    kept = dict(_kept_highs(cursor))
    if not kept and not _pays(cursor):
        return set()
    declared = declared_highs(cursor)
    names = cursor.execute("SELECT DISTINCT signal FROM signals").fetchall()
    stale = {name for (name,) in names if kept.get(name) != declared.get(name, USUAL_HIGH)}
    return stale - loaded_signals(cursor) if stale else stale


def _pays(cursor: duckdb.DuckDBPyConnection) -> bool:
    """Whether a ledger is so large that keeping sums costs less than counting its claims."""
    row = cursor.execute("SELECT count(*) FROM claims").fetchone()
    return row is not None and row[0] >= limits.FEWEST_CLAIMS


# -- the weeks that are due ----------------------------------------------------------------------


@dataclass(frozen=True)
class _Due:
    """Claims to count: those of ``kept_due`` in a range of weeks.

    Attributes:
        weeks: first and last.
        everything: whether they are all claims of the ledger.
    """

    weeks: tuple[int, int]
    everything: bool = False

    @property
    def sql(self) -> str:
        """The claims as a relation. Bounds are literals: DuckDB then passes over other claims."""
        if self.everything:
            return "claims"
        low, high = (week_start(week) for week in (self.weeks[0], self.weeks[1] + 1))
        return (
            f"(SELECT * FROM claims WHERE ts >= {_stamp(low)} AND ts < {_stamp(high)} "
            f"AND (signal, {WEEK_SQL}) IN (SELECT (signal, week) FROM kept_due))"
        )


def _stamp(day: date) -> str:
    return f"TIMESTAMP '{day.isoformat()} 00:00:00'"


def _keep(cursor: duckdb.DuckDBPyConnection, whole: Collection[str]) -> None:
    """Count ``kept_due`` and the claims of whole signals anew."""
    for signal in sorted(whole):
        _forget(cursor, signal)
    everything = _due_of_whole(cursor, whole)
    ranges = _ranges(cursor, everything=everything)
    if not ranges:
        return
    _forget_weeks(cursor, whole, ranges)
    if not _lines_kept(cursor, ranges):
        ranges = _ranges(cursor, everything=False)
    if not ranges:
        return
    _dimensions_kept(cursor, ranges, whole)
    numbered = kernel.numbered_days("kept_new_days", KEPT_LINES)
    cursor.execute(f"INSERT INTO kept_days BY NAME {numbered} ORDER BY line, day")
    for due in ranges:
        _count(cursor, due)
    _drop_many_valued(cursor)


def _due_of_whole(cursor: duckdb.DuckDBPyConnection, whole: Collection[str]) -> bool:
    """Add every week of whole signals to what is due; whether that is the whole ledger."""
    # A signal of which too much would be kept is due no more, however it changes.
    # One whose cells were loaded is never counted from the claims that are here.
    cursor.execute(
        f"DELETE FROM kept_due WHERE signal IN (SELECT signal FROM kept_signals WHERE NOT kept) "
        f"OR signal IN ({LOADED_SIGNALS})"
    )
    if not whole:
        return False
    declared = declared_highs(cursor)
    for signal in sorted(whole):
        cursor.execute(
            "INSERT INTO kept_signals VALUES ($signal, $high, true)",
            {"signal": signal, "high": declared.get(signal, USUAL_HIGH)},
        )
    listed = ", ".join(map(literal, sorted(whole)))
    cursor.execute(
        f"""
        INSERT INTO kept_due
        SELECT DISTINCT signal, {WEEK_SQL} FROM claims WHERE signal IN ({listed})
        EXCEPT SELECT signal, week FROM kept_due
        """
    )
    names = cursor.execute("SELECT DISTINCT signal FROM signals").fetchall()
    return {name for (name,) in names} <= set(whole)


def _ranges(cursor: duckdb.DuckDBPyConnection, *, everything: bool) -> list[_Due]:
    rows = cursor.execute("SELECT DISTINCT week FROM kept_due ORDER BY week").fetchall()
    weeks = [week for (week,) in rows]
    if not weeks:
        return []
    if everything:
        return [_Due((weeks[0], weeks[-1]), everything=True)]
    gaps = sorted(
        (after - before, after) for before, after in pairwise(weeks) if after - before > _GAP
    )
    starts = [weeks[0], *sorted(after for _, after in gaps[-(_MOST_RANGES - 1) :])]
    ends = [max(week for week in weeks if week < start) for start in starts[1:]] + [weeks[-1]]
    return [_Due(one) for one in zip(starts, ends, strict=True)]


def _forget(cursor: duckdb.DuckDBPyConnection, signal: str) -> None:
    """Take away all that is kept of a signal but its lines, whose numbers stay."""
    named = {"signal": signal}
    mine = "line IN (SELECT line FROM kept_lines WHERE signal = $signal)"
    for table in ("kept_cells", "kept_days", "kept_ages"):
        cursor.execute(f"DELETE FROM {table} WHERE {mine}", named)
    for table in ("kept_dimensions", "kept_signals"):
        cursor.execute(f"DELETE FROM {table} WHERE signal = $signal", named)


def _forget_weeks(
    cursor: duckdb.DuckDBPyConnection, whole: Collection[str], ranges: Sequence[_Due]
) -> None:
    """Take away the weeks that are due, of signals that are not counted whole."""
    left = ", ".join(map(literal, sorted(whole)))
    due = f"""
        SELECT line, week FROM kept_lines JOIN kept_due USING (signal)
        {f"WHERE signal NOT IN ({left})" if left else ""}
    """
    first, last = ranges[0].weeks[0], ranges[-1].weeks[1]
    for table in ("kept_cells", "kept_ages"):
        cursor.execute(
            f"DELETE FROM {table} WHERE week BETWEEN {first} AND {last} "
            f"AND (line, week) IN (SELECT (line, week) FROM ({due}))"
        )
    week = f"CAST(floor(date_diff('day', DATE '{week_start(0)}', day) / 7.0) AS INTEGER)"
    cursor.execute(
        f"""
        DELETE FROM kept_days
        WHERE day >= DATE '{week_start(first)}' AND day < DATE '{week_start(last + 1)}'
          AND (line, {week}) IN (SELECT (line, week) FROM ({due}))
        """
    )


# -- of what -------------------------------------------------------------------------------------


def _lines_kept(cursor: duckdb.DuckDBPyConnection, ranges: Sequence[_Due]) -> bool:
    """Add the lines that are new; whether those of every signal are few enough."""
    # With the days of each line the claims need be grouped by its columns only once.
    days = " UNION ALL ".join(kernel.line_days(due.sql) for due in ranges)
    cursor.execute(f"CREATE OR REPLACE TEMP TABLE kept_new_days AS {days}")
    found = kernel.lines("kept_new_days")
    same = " AND ".join(f"known.{one} IS NOT DISTINCT FROM new.{one}" for one in kernel.LINE)
    cursor.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE kept_new_lines AS
        SELECT * FROM ({found}) AS new
        WHERE NOT EXISTS (SELECT 1 FROM kept_lines AS known WHERE {same})
        """
    )
    rows = cursor.execute(
        f"""
        SELECT signal FROM (
            SELECT signal FROM kept_lines UNION ALL SELECT signal FROM kept_new_lines)
        WHERE signal IN (SELECT signal FROM kept_new_lines)
        GROUP BY signal HAVING count(*) > {limits.MOST_LINES}
        """
    ).fetchall()
    for (signal,) in rows:
        _forget(cursor, signal)
        cursor.execute("DELETE FROM kept_lines WHERE signal = $signal", {"signal": signal})
        cursor.execute("DELETE FROM kept_new_lines WHERE signal = $signal", {"signal": signal})
        cursor.execute("DELETE FROM kept_due WHERE signal = $signal", {"signal": signal})
        cursor.execute(
            "INSERT INTO kept_signals VALUES ($signal, $high, false)",
            {"signal": signal, "high": declared_highs(cursor).get(signal, USUAL_HIGH)},
        )
    columns = ", ".join(kernel.LINE)
    cursor.execute(
        f"""
        INSERT INTO kept_lines
        SELECT (SELECT coalesce(max(line), 0) FROM kept_lines)
               + row_number() OVER (ORDER BY {columns}), {columns}
        FROM kept_new_lines
        """
    )
    return not rows


def dimension_columns(cursor: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Dimension → its column, of those that claims may be kept summed by."""
    names = [name for name, *_ in cursor.execute("DESCRIBE claims").fetchall()]
    segments = sorted(name for name in names if name.startswith(SEGMENT_PREFIX))
    return {_ACTION: _ACTION, **{name.removeprefix(SEGMENT_PREFIX): name for name in segments}}


def _dimensions_kept(
    cursor: duckdb.DuckDBPyConnection, ranges: Sequence[_Due], whole: Collection[str]
) -> None:
    """Note the dimensions that the claims due name, and which of them have too many values."""
    columns = dimension_columns(cursor)
    known = {
        (signal, dimension): kept
        for signal, dimension, kept in cursor.execute("FROM kept_dimensions").fetchall()
    }
    listed = ", ".join(f"approx_count_distinct({quoted(one)})" for one in columns.values())
    named: dict[tuple[str, str], bool] = {}
    for due in ranges:
        rows = cursor.execute(f"SELECT signal, {listed} FROM {due.sql} GROUP BY signal").fetchall()
        for signal, *estimates in rows:
            for dimension, about in zip(columns, estimates, strict=True):
                few = about <= _NEAR * limits.MOST_KEPT_VALUES or (
                    _exactly(cursor, due, columns[dimension], signal) <= limits.MOST_KEPT_VALUES
                )
                if about:
                    named[signal, dimension] = few and named.get((signal, dimension), True)
    for (signal, dimension), few in sorted(named.items()):
        place = {"signal": signal, "dimension": dimension}
        if (signal, dimension) not in known:
            cursor.execute(
                "INSERT INTO kept_dimensions VALUES ($signal, $dimension, $few)",
                {**place, "few": few},
            )
            if few and signal not in whole:
                _copy_of_all(cursor, signal, dimension)
        elif known[signal, dimension] and not few:
            drop_dimension(cursor, signal, dimension)


def _exactly(cursor: duckdb.DuckDBPyConnection, due: _Due, column: str, signal: str) -> int:
    rows = cursor.execute(
        f"SELECT count(DISTINCT {quoted(column)}) FROM {due.sql} WHERE signal = $signal",
        {"signal": signal},
    ).fetchall()
    return int(rows[0][0])


def _copy_of_all(cursor: duckdb.DuckDBPyConnection, signal: str, dimension: str) -> None:
    """Of weeks before a dimension came, all claims are those that name no value of it."""
    cursor.execute(
        """
        INSERT INTO kept_cells
        SELECT kept_cells.* REPLACE ($dimension AS dimension)
        FROM kept_cells JOIN kept_lines USING (line)
        WHERE dimension = '' AND kept_lines.signal = $signal
        """,
        {"signal": signal, "dimension": dimension},
    )


def drop_dimension(cursor: duckdb.DuckDBPyConnection, signal: str, dimension: str) -> None:
    """Keep a signal's claims summed by a dimension no more."""
    place = {"signal": signal, "dimension": dimension}
    for table in ("kept_cells", "kept_values"):
        cursor.execute(
            f"""
            DELETE FROM {table} WHERE dimension = $dimension
            AND line IN (SELECT line FROM kept_lines WHERE signal = $signal)
            """,
            place,
        )
    cursor.execute(
        "UPDATE kept_dimensions SET kept = false WHERE signal = $signal AND dimension = $dimension",
        place,
    )


def _drop_many_valued(cursor: duckdb.DuckDBPyConnection) -> None:
    rows = cursor.execute(
        f"""
        SELECT signal, dimension FROM kept_cells JOIN kept_lines USING (line)
        WHERE value IS NOT NULL AND signal IN (SELECT signal FROM kept_due)
        GROUP BY signal, dimension HAVING count(DISTINCT value) > {limits.MOST_KEPT_VALUES}
        """
    ).fetchall()
    for signal, dimension in rows:
        drop_dimension(cursor, signal, dimension)


# -- the count -----------------------------------------------------------------------------------


def _count(cursor: duckdb.DuckDBPyConnection, due: _Due) -> None:
    counted = kernel.Counted(due.sql, KEPT_LINES)
    cursor.execute(f"INSERT INTO kept_ages BY NAME {kernel.ages(counted)} ORDER BY line, week")
    signals = cursor.execute("SELECT DISTINCT signal FROM kept_due").fetchall()
    for sql in cells_of(cursor, counted, {signal for (signal,) in signals}):
        cursor.execute(
            f"INSERT INTO kept_cells BY NAME SELECT * FROM ({sql}) ORDER BY line, dimension, week"
        )


#: The lines of signals that are kept, as the kernel asks for them.
KEPT_LINES = """(SELECT kept_lines.*, high_ppm FROM kept_lines JOIN kept_signals USING (signal)
                 WHERE kept)"""
#: Dimensions that one query counts by.
_AT_ONCE = 20


def cells_of(
    cursor: duckdb.DuckDBPyConnection, counted: kernel.Counted, signals: Collection[str]
) -> Iterable[str]:
    """Queries whose rows are those of kept_cells, of what is kept of some signals."""
    kept: dict[str, set[str]] = {}
    for signal, dimension in cursor.execute(
        "SELECT signal, dimension FROM kept_dimensions WHERE kept ORDER BY dimension"
    ).fetchall():
        if signal in signals:
            kept.setdefault(dimension, set()).add(signal)
    columns = dimension_columns(cursor)
    names = [name for name in columns if name in kept]
    for start in range(0, max(len(names), 1), _AT_ONCE):
        some = names[start : start + _AT_ONCE]
        values, few = {}, []
        for name in some:
            column = f"claim.{quoted(columns[name])}"
            if kept[name] >= set(signals):
                values[name] = column
                continue
            listed = ", ".join(map(literal, sorted(kept[name])))
            values[name] = f"CASE WHEN claim.signal IN ({listed}) THEN {column} END"
            few.append(f"dimension = {literal(name)} AND signal NOT IN ({listed})")
        sql = kernel.cells(counted, values, whole=start == 0)
        if few:
            sql = f"""
                SELECT counted.* FROM ({sql}) AS counted JOIN kept_lines USING (line)
                WHERE NOT ({" OR ".join(f"({one})" for one in few)})
            """
        yield sql
