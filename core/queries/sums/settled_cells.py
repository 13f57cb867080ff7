"""Cells in which only settled labels count: those of claims old enough for all to have come."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import duckdb

from core.queries.base.cells import GroupedCells, signal_repeats, summed
from core.queries.base.claims_sql import Source, selected_claims
from core.queries.base.dimensions import dimensions_named
from core.queries.base.selection import Selection


def settled_cells(
    cursor: duckdb.DuckDBPyConnection,
    selection: Selection,
    before: datetime,
    by: Sequence[str] = (),
) -> GroupedCells:
    """`grouped_cells`, with the labels of younger claims left out; the claims are counted.

    The first outcomes to come are not like the rest, so what rests on labels waits for them, while
    what was stated does not.

    Args:
        before: labels count of claims made before it, UTC without zone.
    """
    named = dimensions_named(cursor, by)
    dimensions = [named[name] for name in by]
    keys = {f"key_{i}": one.sql for i, one in enumerate(dimensions)}
    columns = keys | {"ppm": "confidence_ppm", "input": "input_id", "made": "ts"}
    source = selected_claims(cursor, selection, columns, by=by)
    taken = "".join(f"{key}, " for key in keys)
    settled = Source(
        f"""
        SELECT {taken}ppm, input, CASE WHEN made < $settled_before THEN outcome END AS outcome
        FROM ({source.sql}) AS made_claim
        """,
        {**source.parameters, "settled_before": before},
    )
    return summed(cursor, settled, dimensions, repeats=signal_repeats(cursor, selection.signal))
