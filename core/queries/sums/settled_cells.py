"""Cells in which only settled labels count: those of claims old enough for all to have come."""

from __future__ import annotations

from datetime import datetime

import duckdb

from core.queries.base.cells import GroupedCells, signal_repeats, summed
from core.queries.base.claims_sql import Source, selected_claims
from core.queries.base.selection import Selection


def settled_cells(
    cursor: duckdb.DuckDBPyConnection,
    selection: Selection,
    before: datetime,
) -> GroupedCells:
    """`grouped_cells` of all, with the labels of younger claims left out; the claims are counted.

    The first outcomes to come are not like the rest, so what rests on labels waits for them, while
    what was stated does not.

    Args:
        before: labels count of claims made before it, UTC without zone.
    """
    columns = {"ppm": "confidence_ppm", "input": "input_id", "made": "ts"}
    source = selected_claims(cursor, selection, columns)
    settled = Source(
        f"""
        SELECT ppm, input, CASE WHEN made < $settled_before THEN outcome END AS outcome
        FROM ({source.sql}) AS made_claim
        """,
        {**source.parameters, "settled_before": before},
    )
    return summed(cursor, settled, (), repeats=signal_repeats(cursor, selection.signal))
