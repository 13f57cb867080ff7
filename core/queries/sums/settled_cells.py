"""Cells in which only settled labels count: those of claims old enough for all to have come."""

from __future__ import annotations

from datetime import date, datetime, time

import duckdb

from core.queries.base.cells import GroupedCells, summed
from core.queries.base.claims_sql import Source, selected_claims
from core.queries.base.dimensions import DAY_SQL
from core.queries.base.repeating import signal_repeats
from core.queries.base.selection import Selection

_EPOCH = date(1970, 1, 1).toordinal()


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
    # Where whole days are settled the day of a claim will do, which loaded cells know as well.
    whole = before.time() == time()
    made, bound = (DAY_SQL, before.toordinal() - _EPOCH) if whole else ("ts", before)
    columns = {"ppm": "confidence_ppm", "input": "input_id", "made": made}
    source = selected_claims(cursor, selection, columns)
    settled = Source(
        f"""
        SELECT ppm, input, CASE WHEN made < $settled_before THEN outcome END AS outcome
        FROM ({source.sql}) AS made_claim
        """,
        {**source.parameters, "settled_before": bound},
    )
    return summed(cursor, settled, (), repeats=signal_repeats(cursor, selection.signal))
