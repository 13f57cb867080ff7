"""Sums over time, by week or day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import duckdb
import numpy as np
import pyarrow as pa

from core.measure.cells.cells import FloatArray, GroupSums
from core.measure.monitoring.brier_decomposition import BrierSums, InputMoments
from core.queries.base.claims_sql import selected_claims
from core.queries.base.dimensions import dimensions_named
from core.queries.base.group_keys import decimals
from core.queries.base.kept_claims import kept_claims
from core.queries.base.repeating import OWN_SQL, signal_repeats
from core.queries.base.selection import Selection
from core.queries.base.together.snapshot import snapshot
from core.queries.sums.grouped_sums import grouped_sums

Period = Literal["week", "day"]

_MILLION = 1_000_000


@dataclass(frozen=True)
class PeriodSums:
    """A signal over time.

    Attributes:
        labels: P periods that have a claim, "2026-W47" or "2026-11-23", oldest first.
        starts: the first day of each.
        sums: of each, to be judged together.
        brier: of each, for the Brier score and its two parts.
    """

    labels: tuple[str, ...]
    starts: tuple[date, ...]
    sums: GroupSums
    brier: BrierSums

    def __len__(self) -> int:
        return len(self.labels)


def period_sums(
    cursor: duckdb.DuckDBPyConnection,
    selection: Selection,
    period: Period,
    *,
    high_from: float = 0.9,
) -> PeriodSums:
    """Sum a selection's claims by week (ISO) or day, UTC, of the claim.

    Sums are taken over whole millionths and are exact, up to the last conversion to floating
    point. Both scans see one state of the ledger.

    Returns:
        The sums. Periods without a claim are left out; one that has claims but no label is there.
    """
    with snapshot(cursor):
        grouped = grouped_sums(cursor, selection, [(period,)], high_from=high_from)
        labels = tuple(str(key[0]) for _, key in grouped.entries)
        brier = _brier_sums(cursor, selection, period, labels)
    starts = tuple(first_day(period, label) for label in labels)
    return PeriodSums(labels, starts, grouped.sums, brier)


def first_day(period: Period, label: str) -> date:
    """The first day of a period, by its label."""
    if period == "day":
        return date.fromisoformat(label)
    year, week = label.split("-W")
    return date.fromisocalendar(int(year), int(week), 1)


# In whole millionths, v(1−v) and (y−v)(1−2v) are whole numbers up to 10¹², their squares 10²⁴:
# past 64 bits, within DuckDB's 128. (1−2v)²v(1−v) is f − 4f² with f = v(1−v).
_PARTS = """
    SELECT {keys}ppm * ({million} - ppm) AS f,
           ({million} * y - ppm) * ({million} - 2 * ppm) AS d
    FROM (
        SELECT {keys}CAST(ppm AS BIGINT) AS ppm, CAST(outcome AS BIGINT) AS y
        FROM ({claims}) AS claim
        WHERE ppm IS NOT NULL AND outcome IS NOT NULL
    ) AS labelled
"""
_PER_CLAIM = (
    """
    SELECT period, count(*) AS n, count(*) AS inputs, count(*) AS mm, sum(ff) AS ff1,
           {sums}
    FROM (
        SELECT period, 1 AS m, CAST(f + d AS HUGEINT) AS l, CAST(f AS HUGEINT) AS f,
               CAST(d AS HUGEINT) AS d, CAST(f AS HUGEINT) * f AS ff
        FROM ("""
    + _PARTS
    + """) AS part
    ) AS unit
    GROUP BY period
"""
)
# A claim that names no input is its own, told apart by its event.
_PER_INPUT = (
    """
    SELECT period, CAST(sum(m) AS BIGINT) AS n, count(*) AS inputs, sum(m * m) AS mm,
           sum(ff) AS ff1, {sums}
    FROM (
        SELECT period, count(*) AS m, sum(f + d) AS l, sum(f) AS f, sum(d) AS d,
               sum(CAST(f AS HUGEINT) * f) AS ff
        FROM ("""
    + _PARTS
    + """) AS part
        GROUP BY period, input, own
    ) AS unit
    GROUP BY period
"""
)
# The same from sums of powers. With y = 0: f = Mv − v², d = 2v² − Mv, f + d = v²; with y = 1:
# d = M² − 3Mv + 2v², f + d = (M − v)².
_KEPT_PARTS = """
    SELECT key_0 AS period, y, sum(n) AS s0, sum(s1) AS s1, sum(s2) AS s2, sum(s3) AS s3,
           sum(s4) AS s4
    FROM (SELECT key_0, CAST(outcome AS HUGEINT) AS y, CAST(n AS HUGEINT) AS n,
                 CAST(s1 AS HUGEINT) AS s1, s2, s3, s4
          FROM ({kept}) AS kept WHERE place >= 0 AND outcome IS NOT NULL) AS labelled
    GROUP BY key_0, y
"""
_KEPT = (
    """
    WITH power AS ("""
    + _KEPT_PARTS
    + """), part AS (
        SELECT period, s0 AS n, {m} * s1 - s2 AS f, {m2} * s2 - 2 * {m} * s3 + s4 AS ff,
               y * ({m2} * s0 - 2 * {m} * s1) + s2 AS l,
               y * ({m4} * s0 - 4 * {m3} * s1 + 6 * {m2} * s2 - 4 * {m} * s3) + s4 AS ll,
               y * ({m2} * s0 - 2 * {m} * s1) - {m} * s1 + 2 * s2 AS d,
               y * ({m4} * s0 - 6 * {m3} * s1 + 12 * {m2} * s2 - 8 * {m} * s3)
               + {m2} * s2 - 4 * {m} * s3 + 4 * s4 AS dd
        FROM power
    )
    SELECT period, CAST(sum(n) AS BIGINT) AS n, CAST(sum(n) AS BIGINT) AS inputs,
           CAST(sum(n) AS DOUBLE) AS mm, CAST(sum(ff) AS DOUBLE) AS ff1,
           CAST(sum(l) AS DOUBLE) AS l_x, CAST(sum(ll) AS DOUBLE) AS l_xx,
           CAST(sum(f) AS DOUBLE) AS f_x, CAST(sum(ff) AS DOUBLE) AS f_xx,
           CAST(sum(d) AS DOUBLE) AS d_x, CAST(sum(dd) AS DOUBLE) AS d_xx
    FROM part GROUP BY period
"""
)
_QUANTITIES = ("l", "f", "d")


def _brier_sums(
    cursor: duckdb.DuckDBPyConnection,
    selection: Selection,
    period: Period,
    labels: Sequence[str],
) -> BrierSums:
    dimension = dimensions_named(cursor, [period])[period]
    repeats = signal_repeats(cursor, selection.signal)
    table = None if repeats else _kept_brier(cursor, selection, period)
    if table is None:
        table = _counted_brier(cursor, selection, period, repeats=repeats)
    place_of = {label: i for i, label in enumerate(labels)}
    place = np.array(
        [place_of[str(dimension.label(value))] for value in table.column("period").to_pylist()],
        dtype=np.int64,
    )

    def column(name: str, power: int = 0) -> FloatArray:
        values = np.zeros(len(labels))
        values[place] = decimals(table, name)
        values /= float(_MILLION) ** power
        return values

    def moments(name: str) -> InputMoments:
        x = column(f"{name}_x", 2)
        return InputMoments(x, column(f"{name}_xx", 4), column(f"{name}_xm", 2) if repeats else x)

    brier, foretold, decalibration = (moments(name) for name in _QUANTITIES)
    return BrierSums(
        n=column("n").astype(np.int64),
        inputs=column("inputs").astype(np.int64),
        mm=column("mm"),
        brier=brier,
        foretold=foretold,
        decalibration=decalibration,
        calibrated=np.maximum(foretold.x - 4 * column("ff1", 4), 0),
    )


def _kept_brier(
    cursor: duckdb.DuckDBPyConnection, selection: Selection, period: Period
) -> pa.Table | None:
    """The rows from what is kept; None where that does not answer the question."""
    with snapshot(cursor):
        kept = kept_claims(cursor, selection, [(period,)], [period], by=[period])
        if kept is None:
            return None
        powers = {f"m{power}": f"CAST({_MILLION**power} AS HUGEINT)" for power in (2, 3, 4)}
        query = _KEPT.format(kept=kept.sql, m=_MILLION, **powers)
        return cursor.sql(query, params=dict(kept.parameters)).to_arrow_table()


def _counted_brier(
    cursor: duckdb.DuckDBPyConnection, selection: Selection, period: Period, *, repeats: bool
) -> pa.Table:
    """The rows from the claims."""
    dimension = dimensions_named(cursor, [period])[period]
    columns = {"period": dimension.sql, "ppm": "confidence_ppm"}
    if repeats:
        columns |= {"input": "input_id", "own": OWN_SQL}
    source = selected_claims(cursor, selection, columns, by=[period])
    keys = "period, input, own, " if repeats else "period, "
    products = {"x": "{0}", "xx": "{0} * {0}"} | ({"xm": "{0} * m"} if repeats else {})
    sums = ", ".join(
        f"CAST(sum({product.format(name)}) AS DOUBLE) AS {name}_{of}"
        for name in _QUANTITIES
        for of, product in products.items()
    )
    query = (_PER_INPUT if repeats else _PER_CLAIM).format(
        keys=keys, million=_MILLION, claims=source.sql, sums=sums
    )
    return cursor.sql(
        f"SELECT * REPLACE (CAST(mm AS DOUBLE) AS mm, CAST(ff1 AS DOUBLE) AS ff1) FROM ({query})",
        params=dict(source.parameters),
    ).to_arrow_table()
