"""The claims behind a count, one by one."""

from __future__ import annotations

from typing import Literal

import duckdb
import pandas as pd

from core.store.dimensions import segment_dimensions
from core.store.ledger import quoted
from core.store.selection import Selection
from core.store.source import selected_claims

Order = Literal["ts", "-ts", "confidence", "-confidence"]

_ORDERS: dict[Order, str] = {
    "ts": "ts",
    "-ts": "ts DESC",
    "confidence": "ppm NULLS LAST",
    "-confidence": "ppm DESC NULLS LAST",
}
_IDENTITY = ("event_id", "ts", "signal", "import_id", "import_row")
_DESCRIBED_BY = (
    "model_version",
    "prompt_version",
    "params_version",
    "calibrator_version",
    "elicitation",
    "elicitation_order",
    "input_id",
    "split",
    "action",
)


def claims(
    cursor: duckdb.DuckDBPyConnection,
    selection: Selection,
    *,
    limit: int,
    offset: int = 0,
    order: Order = "ts",
) -> pd.DataFrame:
    """Some of a selection's claims, each with the file and row it came from.

    Args:
        cursor: of the ledger.
        selection: which claims; tuning ones are left out unless it names ``split``.
        limit: at most so many rows.
        offset: so many are passed over first.
        order: by time or confidence, "-" for falling. Ties stand in the order they came in, and
            unstated claims last, so that pages neither repeat nor miss a claim.

    Returns:
        Columns event_id, ts (UTC without zone), signal, confidence (NaN: unstated), outcome (1,
        0 or NA, as known at ``selection.as_known``), the versions, elicitation, input_id, split,
        action, one ``seg_<dimension>`` each, file and row (1 is the file's first record).

    Raises:
        UnknownDimension: the selection names a dimension that the ledger does not have.
        BadValue: the selection accepts a week, day or band that does not exist.
    """
    segments = [f"seg_{name}" for name in segment_dimensions(cursor)]
    described = [quoted(name) for name in (*_DESCRIBED_BY, *segments)]
    columns = {name: name for name in (*_IDENTITY, *described)} | {"ppm": "confidence_ppm"}
    source = selected_claims(cursor, selection, columns)
    frame: pd.DataFrame = cursor.sql(
        f"""
        SELECT event_id, ts, signal, ppm / 1e6 AS confidence, outcome, {", ".join(described)},
               source AS file, import_row AS row
        FROM (
            SELECT * FROM ({source.sql}) AS claim
            ORDER BY {_ORDERS[order]}, import_id, import_row
            LIMIT $limit OFFSET $offset
        ) AS claim
        LEFT JOIN (SELECT import_id, source FROM imports) AS import USING (import_id)
        ORDER BY {_ORDERS[order]}, import_id, import_row
        """,
        params={**source.parameters, "limit": limit, "offset": offset},
    ).df()
    return frame.astype({"outcome": "Int8"})


def count_claims(cursor: duckdb.DuckDBPyConnection, selection: Selection) -> int:
    """How many claims the selection has, unstated ones included."""
    source = selected_claims(cursor, selection, {})
    rows = cursor.execute(
        f"SELECT count(*) FROM ({source.sql}) AS claim", source.parameters
    ).fetchall()
    return int(rows[0][0])
