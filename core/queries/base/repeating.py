"""In which signals inputs repeat."""

from __future__ import annotations

import duckdb

from core.queries.base.kept.loaded import loaded_repeating
from core.queries.base.together.asked_once import once

#: What tells claims without an input apart, each an input of its own; NULL where it names one.
OWN_SQL = "CASE WHEN input_id IS NULL THEN event_id END"


def signal_repeats(cursor: duckdb.DuckDBPyConnection, signal: str) -> bool:
    """Whether some input of the signal has several stated claims."""
    return signal in _repeating(cursor)


@once
def _repeating(cursor: duckdb.DuckDBPyConnection) -> frozenset[str]:
    rows = cursor.execute("SELECT DISTINCT signal FROM signals WHERE repeats").fetchall()
    return frozenset(signal for (signal,) in rows) | loaded_repeating(cursor)
