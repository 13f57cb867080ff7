"""Claims that name no input and are alike in all they say: perhaps one input, asked again."""

from __future__ import annotations

import duckdb

from core.events import TEXT_FIELDS
from core.ledger.sql import quoted
from core.queries.base.dimensions import segment_dimensions

#: Fewer are chance: two cases of one second that look the same.
FROM = 30
#: What is another for every call, whatever was asked.
_OF_THE_CALL = ("input_id", "trace_id", "span_id")


def twins_notice(cursor: duckdb.DuckDBPyConnection, *, import_id: int) -> tuple[str, ...]:
    """What to say of an import's claims that could not be told apart but for their event.

    They are of one signal and one time, state the same confidence, and agree in version, segments
    and every other column kept; trace and span are another for every call, and outcomes may come
    later. A claim whose time is a bare date is passed over: many cases of a day are alike.

    Returns:
        One line, or none under `FROM` claims.
    """
    columns = (
        "ts", "signal", "confidence_ppm",
        *(name for name in TEXT_FIELDS if name not in _OF_THE_CALL),
        "elicitation_order", "split", "action", "label_propensity", "attributes",
        *(quoted(f"seg_{name}") for name in segment_dimensions(cursor)),
    )  # fmt: skip
    row = cursor.execute(
        f"""
        SELECT coalesce(sum(n), 0)::BIGINT, count(*) FROM (
            SELECT count(*) AS n FROM claims
            WHERE import_id = $import_id AND input_id IS NULL AND confidence_ppm IS NOT NULL
              AND ts <> date_trunc('day', ts)
            GROUP BY hash({", ".join(columns)}) HAVING count(*) > 1)
        """,
        {"import_id": import_id},
    ).fetchone()
    assert row is not None
    n, different = row
    if n < FROM:
        return ()
    return (
        f"{n:,} claims without input_id say the same as another at the same time, event_id, trace "
        f"and span aside; counted once they are {different:,}. Intervals take them as independent: "
        "where one input was asked several times, log its input_id.",
    )
