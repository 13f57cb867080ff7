"""When answer and confidence came, of claims that log both: whether the order they say is so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import duckdb

from core.events import ANSWER_TIME, CONFIDENCE_TIME
from core.ledger.sql import literal


@dataclass(frozen=True)
class TimedOrder:
    """Claims of one way of asking that log both times; those whose times are equal tell nothing.

    Attributes:
        signal: theirs.
        method: the elicitation, as they name it; None: not stated.
        order: what they say, before or after.
        n: how many.
        against: those whose times say the opposite.
        event: one of these; None: there is none.
    """

    signal: str
    method: str | None
    order: str
    n: int
    against: int
    event: str | None


def timed_orders(
    cursor: duckdb.DuckDBPyConnection,
    since: datetime | None,
    until: datetime | None,
    *,
    signal: str | None = None,
) -> tuple[TimedOrder, ...]:
    """Every way of asking before or after the answer whose claims log both times.

    Args:
        since, until: of the claims, the second exclusive; UTC without zone; None: from the first,
            to the last.
        signal: only this one; None: every one.
    """
    # Most claims have no attributes, and a text is cheaper searched than parsed.
    rows = cursor.execute(
        f"""
        WITH timed AS (
            SELECT signal, event_id, elicitation, elicitation_order,
                   {_time(ANSWER_TIME)} AS answered, {_time(CONFIDENCE_TIME)} AS stated
            FROM claims
            WHERE ts >= coalesce($since, TIMESTAMP '0001-01-01')
              AND ts < coalesce($until, TIMESTAMP '9999-01-01')
              AND elicitation_order IN ('before', 'after')
              AND attributes IS NOT NULL AND contains(attributes, {literal(f'"{ANSWER_TIME}"')})
              AND contains(attributes, {literal(f'"{CONFIDENCE_TIME}"')})
              {"" if signal is None else "AND signal = $signal"}),
        told AS (
            SELECT *, (stated > answered) = (elicitation_order = 'before') AS against
            FROM timed WHERE stated <> answered)
        SELECT signal, elicitation, elicitation_order, count(*), count(*) FILTER (against),
               min(event_id) FILTER (against)
        FROM told GROUP BY ALL ORDER BY signal, elicitation NULLS FIRST, elicitation_order
        """,
        {"since": since, "until": until} | ({} if signal is None else {"signal": signal}),
    ).fetchall()
    return tuple(TimedOrder(*row) for row in rows)


def _time(name: str) -> str:
    """SQL for a time in microseconds, from ISO 8601 or Unix seconds or milliseconds."""
    text = f"json_extract_string(attributes, {literal(f'/{name}')})"
    number = f"TRY_CAST({text} AS DOUBLE)"
    return (
        f"coalesce(CAST(CASE WHEN {number} < 1e11 THEN {number} * 1e6 ELSE {number} * 1e3 END "
        f"AS BIGINT), epoch_us(TRY_CAST({text} AS TIMESTAMPTZ)))"
    )
