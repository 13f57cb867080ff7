"""Which fields programs state, day by day, and what of their rows was refused."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

import duckdb

from core.ledger.sql import quoted
from core.queries.base.dimensions import segment_dimensions

#: Fields beside segments that a program states or not; what makes a version is told by itself.
PLAIN = ("input_id", "action", "trace_id", "span_id")
#: The fields that name what made a claim.
VERSIONS = ("model_version", "prompt_version")


@dataclass(frozen=True)
class LoggedDay:
    """The production claims of a signal on one day.

    Attributes:
        n: how many.
        stated: field → how many of them state it; segments as ``seg_…``.
    """

    n: int
    stated: Mapping[str, int]


def logged_days(
    cursor: duckdb.DuckDBPyConnection, since: datetime, until: datetime
) -> dict[str, dict[date, LoggedDay]]:
    """What production claims state, by signal and day of the claim.

    Args:
        since, until: times of the claims, the second exclusive, UTC without zone.
    """
    fields = (
        "confidence_ppm",
        *VERSIONS,
        *PLAIN,
        *(f"seg_{name}" for name in segment_dimensions(cursor)),
    )
    counts = ", ".join(f"count({quoted(name)})" for name in fields)
    rows = cursor.execute(
        f"""
        SELECT signal, CAST(ts AS DATE), count(*), {counts} FROM claims
        WHERE split = 'production' AND ts >= $since AND ts < $until GROUP BY ALL
        """,
        {"since": since, "until": until},
    ).fetchall()
    found: defaultdict[str, dict[date, LoggedDay]] = defaultdict(dict)
    for signal, day, n, *stated in rows:
        found[signal][day] = LoggedDay(n, dict(zip(fields, stated, strict=True)))
    return dict(found)


def refused_days(
    cursor: duckdb.DuckDBPyConnection, since: datetime, until: datetime
) -> dict[str, dict[date, tuple[int, int]]]:
    """Rows of a signal that were taken in and that wait in quarantine, by day of their import.

    A row is of the signal that it names; one that names none, of the only signal of its import.

    Returns:
        Signal → day → (claims taken in, rows in quarantine that nobody has put right).
    """
    rows = cursor.execute(
        """
        WITH came AS (
            SELECT import_id, CAST(imported_at AS DATE) AS day FROM imports
            WHERE imported_at >= $since AND imported_at < $until
        ), kept AS (
            SELECT import_id, signal, count(*) AS n FROM claims SEMI JOIN came USING (import_id)
            GROUP BY import_id, signal
        ), sole AS (
            SELECT import_id, any_value(signal) AS alone FROM kept GROUP BY import_id
            HAVING count(*) = 1
        ), refused AS (
            SELECT import_id,
                   CASE WHEN json_valid(record)
                        THEN json_extract_string(record, '$.signal') END AS named
            FROM quarantine SEMI JOIN came USING (import_id)
            WHERE quarantine_id NOT IN (SELECT quarantine_id FROM quarantine_resolved)
        )
        SELECT signal, day, CAST(sum(n) AS BIGINT), CAST(sum(bad) AS BIGINT) FROM (
            SELECT signal, import_id, n, 0 AS bad FROM kept
            UNION ALL
            SELECT coalesce(named, alone), import_id, 0, 1
            FROM refused LEFT JOIN sole USING (import_id)
        ) JOIN came USING (import_id)
        WHERE signal IS NOT NULL GROUP BY signal, day
        """,
        {"since": since, "until": until},
    ).fetchall()
    found: defaultdict[str, dict[date, tuple[int, int]]] = defaultdict(dict)
    for signal, day, n, bad in rows:
        found[signal][day] = (n, bad)
    return dict(found)
