"""How many claims each version of each signal made in each week, asked in one question."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

import duckdb

from core.queries.base.dimensions import WEEK_SQL, Parameter, week_start
from core.queries.base.fingerprint_fields import FIELDS
from core.queries.base.kept_claims import week_of
from core.queries.base.together.asked_once import once
from core.queries.base.together.snapshot import snapshot

#: A signal, and its fingerprint's values in the order of `FIELDS`; None where it states none.
Version = tuple[str, tuple[str | None, ...]]


@dataclass(frozen=True)
class WeekCount:
    """The stated production claims of one week.

    Attributes:
        monday: the week's first day.
        n_claims: the claims.
        n: the labelled among them.
    """

    monday: date
    n_claims: int
    n: int


@once
def weekly_counts(
    cursor: duckdb.DuckDBPyConnection, until: datetime, signal: str | None = None
) -> Mapping[Version, tuple[WeekCount, ...]]:
    """The stated production claims of every version by week, oldest first.

    Where sums are kept of a signal, its claims are not read.

    Args:
        until: of weeks before this Monday, at midnight UTC.
        signal: of this one only; None: of all.
    """
    names = ", ".join(("signal", *FIELDS))
    of, parameters = "", dict[str, Parameter]()
    if signal is not None:
        of, parameters["signal"] = "AND signal = $signal", signal
    with snapshot(cursor):
        rows = cursor.execute(
            f"""
            SELECT {names}, week, CAST(sum(n) AS BIGINT) AS n_claims,
                   CAST(coalesce(sum(n) FILTER (outcome IS NOT NULL), 0) AS BIGINT)
            FROM kept_cells JOIN kept_lines USING (line) SEMI JOIN (
                SELECT signal FROM kept_signals WHERE kept) AS known USING (signal)
            WHERE split = 'production' AND dimension = '' AND place >= 0
              AND week < {week_of(until)} {of}
            GROUP BY {names}, week
            """,
            parameters,
        ).fetchall()
        others = cursor.execute(
            f"""
            SELECT DISTINCT signal FROM signals
            ANTI JOIN (SELECT signal FROM kept_signals WHERE kept) AS known USING (signal)
            WHERE TRUE {of}
            """,
            parameters,
        ).fetchall()
        # An anti-join over the claims themselves would read all of them to find none.
        if others:
            rows += cursor.execute(
                f"""
                SELECT {names}, {WEEK_SQL}, count(*), count(outcome)
                FROM claims
                WHERE signal IN (SELECT unnest($others)) AND confidence_ppm IS NOT NULL
                  AND split = 'production' AND ts < $until
                GROUP BY ALL
                """,
                {"others": [name for (name,) in others], "until": until},
            ).fetchall()
    found: defaultdict[Version, list[WeekCount]] = defaultdict(list)
    for name, *values, week, n_claims, n in sorted(rows, key=lambda row: int(row[-3])):
        found[name, tuple(values)].append(WeekCount(week_start(week), n_claims, n))
    return {version: tuple(weeks) for version, weeks in found.items()}
