"""Whether the single claims that a question needs are in the ledger.

Of a signal whose cells were loaded they usually are not, and a count of those that happen to be
there would be a small number that looks like an answer. They are at hand for a day of a version
when they sum up to what was loaded of it: then they are all of them, with the same outcomes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta

import duckdb

from core.ledger.errors import NeedsClaims
from core.queries.base.kept.kernel import DAY_SUMS, LINE
from core.queries.base.kept.loaded import LoadedFrom, is_loaded, loaded_from, loaded_signals
from core.queries.base.together.asked_once import once
from core.queries.base.together.snapshot import snapshot_number

#: Column → accepted values; None: claims that name none.
Of = Mapping[str, Sequence[str | None]]


def needs_claims(
    cursor: duckdb.DuckDBPyConnection,
    signal: str,
    since: datetime | None = None,
    until: datetime | None = None,
    *,
    of: Of | None = None,
) -> None:
    """Say that what follows reads a signal's claims one by one.

    Args:
        since: claims from then on, UTC without zone; None: from the first.
        until: claims before then; None: to the last.
        of: only claims of these versions and splits.

    Raises:
        NeedsClaims: its cells were loaded, and not all of these claims are here.
    """
    days = days_not_at_hand(cursor, signal, since, until, of=of)
    if days:
        raise NeedsClaims(signal, days[0], days[-1])


def days_not_at_hand(
    cursor: duckdb.DuckDBPyConnection,
    signal: str,
    since: datetime | None = None,
    until: datetime | None = None,
    *,
    of: Of | None = None,
) -> list[date]:
    """The days some of whose claims are not here, ascending; arguments as of `needs_claims`."""
    if not is_loaded(cursor, signal):
        return []
    wanted = (of or {}).items()
    found = set()
    for line, day in _absent(cursor, signal, snapshot_number()):
        begins = datetime.combine(day, time())
        if (since is not None and begins + timedelta(days=1) <= since) or (
            until is not None and begins >= until
        ):
            continue
        if all(line[LINE.index(name)] in values for name, values in wanted):
            found.add(day)
    return sorted(found)


def counted_elsewhere(cursor: duckdb.DuckDBPyConnection, signal: str) -> LoadedFrom | None:
    """Where a signal's cells came from, where not all claims of it are here; else None."""
    return loaded_from(cursor, signal) if days_not_at_hand(cursor, signal) else None


def signals_elsewhere(cursor: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """The signals that are counted from loaded cells, and not from all their claims, by name."""
    return tuple(one for one in sorted(loaded_signals(cursor)) if days_not_at_hand(cursor, one))


@once
def _absent(
    cursor: duckdb.DuckDBPyConnection, signal: str, _snapshot: int
) -> tuple[tuple[tuple[str | None, ...], date], ...]:
    """Line and day of the claims that do not sum up to what was loaded."""
    line, sums = ", ".join(LINE), ", ".join(DAY_SUMS)
    counted = ", ".join(f"{sql} AS {name}" for name, sql in DAY_SUMS.items())
    rows = cursor.execute(
        f"""
        SELECT DISTINCT {line}, day FROM (
            SELECT {line}, day, {sums}, 1 AS times
            FROM kept_days JOIN kept_lines USING (line) WHERE signal = $signal
            UNION ALL
            SELECT {line}, CAST(ts AS DATE) AS day, {counted}, -1 AS times
            FROM claims WHERE signal = $signal GROUP BY {line}, CAST(ts AS DATE))
        GROUP BY {line}, day, {sums} HAVING sum(times) <> 0
        """,
        {"signal": signal},
    ).fetchall()
    return tuple((tuple(values), day) for *values, day in rows)
