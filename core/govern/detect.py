"""What a thorough round looks for in the claims of every signal."""

from __future__ import annotations

from datetime import datetime

import duckdb

from core.govern.conditions import Condition
from core.govern.detect_anchoring import anchoring_conditions
from core.govern.detect_gaming import gaming_conditions
from core.govern.detect_theatre import theatre_conditions
from core.govern.state import State


def detected(
    cursor: duckdb.DuckDBPyConnection, state: State, now: datetime
) -> tuple[Condition, ...]:
    """Metrics that are gamed, confidence that is anchored, and confidence that changes nothing.

    Args:
        cursor: of the ledger.
        state: what the trail says.
        now: UTC without zone.
    """
    return (
        *gaming_conditions(cursor, state, now),
        *anchoring_conditions(cursor, state, now),
        *theatre_conditions(cursor, state, now),
    )
