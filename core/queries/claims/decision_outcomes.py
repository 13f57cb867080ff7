"""What was done with claims, and how often that would have been wrong."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

import duckdb

from core.measure.failures.theatre import Handled
from core.queries.base.repeating import signal_repeats
from core.queries.base.selection import Selection
from core.queries.sums.rule_outcomes import Sorting


def handled(
    cursor: duckdb.DuckDBPyConnection,
    selection: Selection,
    sorting: Sorting,
    groups: Mapping[str, Collection[int]],
    before: datetime,
) -> dict[str, Handled]:
    """Sum the selected claims by groups of their sorts.

    Labels are weighted by one over the chance with which they were drawn, where that is logged. A
    claim without an input is an input of its own.

    Args:
        groups: name → codes of its claims.
        before: labels count of claims made before it, UTC without zone: younger ones wait for
            theirs, and the first to come are not like the rest.

    Returns:
        Per group; one without a claim is left out.
    """
    columns = {
        "input": "coalesce(input_id, event_id)",
        "named": "input_id IS NOT NULL",
        "weight": "1 / coalesce(label_propensity, 1)",
    }
    source = sorting.source(cursor, selection, columns)
    per_input = """
        SELECT name, count(*) AS n_claims, count(outcome) AS n,
               coalesce(sum(weight) FILTER (outcome IS NOT NULL), 0) AS weight,
               coalesce(sum(weight) FILTER (outcome = 0), 0) AS wrong
        FROM claim
        GROUP BY name, input, named
    """
    if _single(cursor, selection):
        per_input = """
            SELECT name, 1 AS n_claims, CASE WHEN outcome IS NULL THEN 0 ELSE 1 END AS n,
                   CASE WHEN outcome IS NULL THEN 0 ELSE weight END AS weight,
                   CASE WHEN outcome = 0 THEN weight ELSE 0 END AS wrong
            FROM claim
        """
    rows = cursor.execute(
        f"""
        WITH claim AS (
            SELECT name, input, named, weight,
                   CASE WHEN made < $settled_before THEN outcome END AS outcome
            FROM ({source.sql}) AS sorted_claim
            JOIN (SELECT unnest($names) AS name, unnest($codes) AS member) ON member = code),
        per_input AS ({per_input})
        SELECT name, CAST(sum(n_claims) AS BIGINT), CAST(sum(n) AS BIGINT), sum(weight),
               sum(wrong), sum(weight * weight)
        FROM per_input
        GROUP BY name
        ORDER BY name
        """,
        {
            **source.parameters,
            "settled_before": before,
            "names": [name for name, codes in groups.items() for _ in codes],
            "codes": [code for codes in groups.values() for code in codes],
        },
    ).fetchall()
    return {name: _handled(*sums) for name, *sums in rows}


def _single(cursor: duckdb.DuckDBPyConnection, selection: Selection) -> bool:
    """Whether each claim is the only one of its input, known without grouping by it."""
    if selection.by_source or signal_repeats(cursor, selection.signal):
        return False
    # Of claims that state no confidence it is not known whether their inputs repeat.
    unstated = "SELECT 1 FROM claims WHERE signal = $signal AND confidence_ppm IS NULL LIMIT 1"
    return not cursor.execute(unstated, {"signal": selection.signal}).fetchall()


def _handled(n_claims: int, n: int, weight: float, wrong: float, squares: float) -> Handled:
    """From Σw over the labels, Σw over the wrong ones, and Σ_j (Σw of input j)² (Kish 1965)."""
    if not n:
        return Handled(n_claims)
    return Handled(n_claims, n, min(weight**2 / squares, n), wrong / weight)
