"""By week, how far the gap of all labels is from that of the labels that audit samples drew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import duckdb

from core.measure.labelling.contradiction import Differences
from core.queries.base.claims_sql import selected_claims
from core.queries.base.dimensions import dimensions_named
from core.queries.base.group_keys import decimals
from core.queries.base.repeating import OWN_SQL, signal_repeats
from core.queries.base.selection import Selection
from core.queries.sums.labelling.audit_answers import answered_propensity_sql
from core.queries.sums.labelling.audit_frame import Design, chance_so_far


def weekly_differences(
    cursor: duckdb.DuckDBPyConnection, claims: Selection, drawn: Sequence[Design]
) -> Differences:
    """The weeks of some claims in which both are labelled: drawn ones, and others.

    Only claims that had a chance to be drawn count, or log one of their own: of the others the
    samples say nothing. The variance is that of all labels of the week, with one more that errs by
    a half among them, so that a few which agree are not taken for certain.

    Args:
        claims: as they are known now.
        drawn: the samples that are answered.
    """
    so_far, parameters = chance_so_far(cursor, drawn)
    repeats = signal_repeats(cursor, claims.signal)
    columns = {
        "week": dimensions_named(cursor, ("week",))["week"].sql,
        "ppm": "confidence_ppm",
        "chance": so_far,
        "own": "label_propensity",
        "propensity": answered_propensity_sql(cursor, claims.signal),
        "unit": f"coalesce(input_id, {OWN_SQL})" if repeats else "event_id",
    }
    source = selected_claims(
        cursor,
        replace(claims, as_known=None),
        columns,
        by=("split",),
        also="confidence_ppm IS NOT NULL AND outcome IS NOT NULL",
    )
    # The random numbers are not asked for here.
    parameters.pop("seed", None)
    table = cursor.sql(
        f"""
        WITH claim AS (
            SELECT week, unit, ppm / 1e6 - outcome AS r,
                   CASE WHEN propensity > 0 THEN 1 / propensity ELSE 0 END AS w
            FROM ({source.sql}) AS claim WHERE chance > 0 OR own > 0
        ), unit AS (
            SELECT week, count(*) AS m, sum(r) AS r, sum(w) AS w, sum(w * r) AS wr
            FROM claim GROUP BY week, unit
        ), total AS (
            SELECT week, sum(m) AS n, sum(r) / sum(m) AS gap, sum(w) AS w,
                   sum(wr) / sum(w) AS drawn_gap
            FROM unit GROUP BY week
            HAVING count(*) FILTER (w > 0) > 1 AND count(*) > count(*) FILTER (w > 0)
        )
        SELECT any_value(gap - drawn_gap) AS difference,
               (sum((unit.r - m * gap) ** 2) + 0.25) / sum(m * m)
                   * sum((m / n - unit.w / total.w) ** 2) AS variance,
               max(abs(m / n - unit.w / total.w)) AS most
        FROM unit JOIN total USING (week) GROUP BY week ORDER BY week
        """,
        params={**source.parameters, **parameters},
    ).to_arrow_table()
    return Differences(*(decimals(table, name) for name in ("difference", "variance", "most")))
