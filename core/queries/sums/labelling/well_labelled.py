"""Which values of a dimension have labels enough to be judged, where there are too many to list."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from core.queries.base.claims_sql import selected_claims
from core.queries.base.dimensions import dimensions_named
from core.queries.base.selection import Selection


@dataclass(frozen=True)
class ValuesLeftOut:
    """Values of a dimension that no group is made of.

    Attributes:
        dimension: which.
        values: how many values there are of it; claims that name none count as one.
        claims: stated claims of them.
        labelled: the labelled ones among these.
    """

    dimension: str
    values: int
    claims: int
    labelled: int


def well_labelled(
    cursor: duckdb.DuckDBPyConnection,
    selection: Selection,
    dimension: str,
    *,
    at_least: int,
    most: int,
) -> tuple[tuple[str | None, ...], ValuesLeftOut]:
    """The values with enough labelled claims, most first, and a count of the others.

    Args:
        dimension: a segment dimension.
        at_least: labelled claims that a value needs.
        most: values at the most.
    """
    sql = dimensions_named(cursor, [dimension])[dimension].sql
    columns = {"value": sql, "stated": "confidence_ppm"}
    source = selected_claims(cursor, selection, columns, by=[dimension])
    rows = cursor.execute(
        f"""
        WITH counted AS (
            SELECT value, count(stated) AS n_claims,
                   count(outcome) FILTER (stated IS NOT NULL) AS n
            FROM ({source.sql}) AS claim GROUP BY value),
        ranked AS (
            SELECT *, n >= $at_least AND row_number() OVER (
                ORDER BY n DESC, value NULLS LAST) <= $most AS taken
            FROM counted)
        SELECT value, n_claims, n, taken FROM (
            SELECT value, n_claims, n, taken FROM ranked WHERE taken
            UNION ALL
            SELECT CAST(count(*) AS VARCHAR), coalesce(sum(n_claims), 0)::BIGINT,
                   coalesce(sum(n), 0)::BIGINT, false
            FROM ranked WHERE NOT taken)
        ORDER BY taken, n DESC, value NULLS LAST
        """,
        {**source.parameters, "at_least": at_least, "most": most},
    ).fetchall()
    (others, claims, labelled, _), *taken = rows
    return (
        tuple(value for value, *_ in taken),
        ValuesLeftOut(dimension, int(others), claims, labelled),
    )
