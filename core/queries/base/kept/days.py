"""Claims by signal, fingerprint, split and day: from what is kept, and else from the claims."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, time

import duckdb

from core.ledger.sql import literal
from core.queries.base.kept.kernel import DAY_SUMS, LINE, line_days


def day_sums(
    cursor: duckdb.DuckDBPyConnection,
    *,
    before: datetime | None = None,
    signals: Collection[str] | None = None,
) -> str:
    """A query for the claims of all signals, or of some, summed by line and day.

    Ask within `core.queries.base.together.snapshot.snapshot`: what is kept is looked up first. A
    day that ``before`` cuts, and signals of which nothing is kept, are summed from the claims.

    Args:
        before: claims made before it only, UTC without zone; None: all.
        signals: only their claims; None: those of all signals.

    Returns:
        SQL with the columns of a line (`LINE`), ``day`` and those of `DAY_SUMS`.
    """
    only = ""
    if signals is not None:
        only = f" WHERE signal IN ({', '.join(map(literal, sorted(signals))) or 'NULL'})"
    kept = {
        name
        for (name,) in cursor.execute(
            f"SELECT signal FROM (SELECT signal FROM kept_signals WHERE kept){only}"
        ).fetchall()
    }
    names = cursor.execute(f"SELECT DISTINCT signal FROM signals{only}").fetchall()
    others = sorted({name for (name,) in names} - kept)
    columns = ", ".join([*LINE, "day", *DAY_SUMS])
    parts = []
    if kept:
        until = "" if before is None else f" AND day < DATE '{before.date()}'"
        mine = f"signal IN ({', '.join(map(literal, sorted(kept)))})"
        parts.append(
            f"SELECT {columns} FROM kept_days JOIN kept_lines USING (line) WHERE {mine}{until}"
        )
        if before is not None and before.time() != time():
            midnight = datetime.combine(before.date(), time())
            parts.append(_counted(f"{mine} AND ts >= {_stamp(midnight)} AND ts < {_stamp(before)}"))
    if others or not kept:
        theirs = f"signal IN ({', '.join(map(literal, others)) or 'NULL'})"
        until = "" if before is None else f" AND ts < {_stamp(before)}"
        parts.append(_counted(f"{theirs}{until}"))
    return " UNION ALL ".join(parts)


def _counted(condition: str) -> str:
    return line_days(f"(SELECT * FROM claims WHERE {condition})")


def _stamp(moment: datetime) -> str:
    return f"TIMESTAMP '{moment.isoformat(sep=' ')}'"
