"""The claims behind a count."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import pandas as pd

from core.store import rows
from core.store.selection import Selection

#: Rows shown at once; the rest is a filter away.
PAGE_SIZE = 500


@dataclass(frozen=True)
class ClaimsView:
    """A page of claims, newest first, and how many there are in all."""

    frame: pd.DataFrame
    total: int


def claims_view(cursor: duckdb.DuckDBPyConnection, selection: Selection) -> ClaimsView:
    """The newest claims of a selection."""
    return ClaimsView(
        rows.claims(cursor, selection, limit=PAGE_SIZE, order="-ts"),
        rows.count_claims(cursor, selection),
    )
