"""Audit samples as they are written down: which claims they hold, and which of these are labelled.

What they are drawn from is in `core.queries.sums.labelling.audit_frame`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from core.events import PPM
from core.ledger.sql import quoted
from core.queries.base.dimensions import segment_dimensions
from core.queries.base.outcome_log import OUTCOME_LOG
from core.queries.base.together.asked_once import once
from core.queries.base.truth import truth_of
from core.queries.sums.labelling.audit_frame import NUMBER_SQL

if TYPE_CHECKING:
    import pandas as pd

#: What a spreadsheet shows of a claim that is to be labelled, beside its segments: not the
#: confidence, which whoever labels would lean on.
_SHOWN = ("signal", "event_id", "ts", "input_id", "trace_id", "span_id")
_EMPTY = ("outcome", "outcome_ts", "outcome_source")


def keep_sample(
    cursor: duckdb.DuckDBPyConnection,
    audit: str,
    signal: str,
    claims: Sequence[tuple[str, int]],
) -> None:
    """Write down which claims a sample holds."""
    table = pa.table(
        {
            "event_id": pa.array([event for event, _ in claims], pa.string()),
            "propensity": pa.array([chance / PPM for _, chance in claims], pa.float64()),
        }
    )
    cursor.register("drawn_sample", table)
    cursor.execute(
        """
        INSERT INTO audit_claims
        SELECT $audit, $signal, event_id, propensity FROM drawn_sample
        """,
        {"audit": audit, "signal": signal},
    )
    cursor.unregister("drawn_sample")


@once
def sampled_signals(cursor: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """The signals of which some sample was drawn."""
    asked = "SELECT DISTINCT signal FROM audit_claims"
    return frozenset(signal for (signal,) in cursor.execute(asked).fetchall())


@dataclass(frozen=True)
class SampleCounts:
    """How far a sample is labelled.

    Attributes:
        audit: its id.
        n: claims it holds.
        n_labelled: those with an outcome.
    """

    audit: str
    n: int
    n_labelled: int


def sample_counts(cursor: duckdb.DuckDBPyConnection, signal: str) -> dict[str, SampleCounts]:
    """Every sample of a signal that holds a claim, by its id."""
    rows = cursor.execute(
        """
        SELECT audit_id, count(*), count(outcome)
        FROM audit_claims LEFT JOIN claims USING (signal, event_id)
        WHERE signal = $signal GROUP BY audit_id
        """,
        {"signal": signal},
    ).fetchall()
    return {audit: SampleCounts(audit, n, labelled) for audit, n, labelled in rows}


def newly_to_label(
    cursor: duckdb.DuckDBPyConnection, signal: str, claims: Sequence[tuple[str, int]]
) -> int:
    """How many of these drawn claims nobody has labelled and no sample holds yet."""
    cursor.register("asked_events", pa.table({"event_id": pa.array([e for e, _ in claims])}))
    ((n,),) = cursor.execute(
        """
        SELECT count(*) FROM claims SEMI JOIN asked_events USING (event_id)
        WHERE signal = $signal AND outcome IS NULL AND event_id NOT IN (
            SELECT event_id FROM audit_claims WHERE signal = $signal)
        """,
        {"signal": signal},
    ).fetchall()
    cursor.unregister("asked_events")
    return int(n)


def drawn_counts(cursor: duckdb.DuckDBPyConnection, signal: str) -> tuple[int, int]:
    """Claims that the samples of a signal hold, each counted once, and the labelled among them."""
    ((n, labelled),) = cursor.execute(
        """
        SELECT count(*), count(outcome)
        FROM (SELECT DISTINCT signal, event_id FROM audit_claims WHERE signal = $signal)
        JOIN claims USING (signal, event_id)
        """,
        {"signal": signal},
    ).fetchall()
    return int(n), int(labelled)


def kept_sample(cursor: duckdb.DuckDBPyConnection, audit: str) -> tuple[tuple[str, int], ...]:
    """The claims of a sample as they are written down: (event_id, chance in millionths)."""
    rows = cursor.execute(
        "SELECT event_id, propensity FROM audit_claims WHERE audit_id = $audit", {"audit": audit}
    ).fetchall()
    return tuple(sorted((event, round(propensity * PPM)) for event, propensity in rows))


def to_label(cursor: duckdb.DuckDBPyConnection, signal: str, seed: str) -> pd.DataFrame:
    """The claims that samples of a signal hold and nobody has labelled, to be filled in.

    In the order of their random numbers over their chances, so that whoever stops half way has
    labelled a random half.

    Returns:
        signal, event_id, ts, input_id, trace_id, span_id, the segments that the signal names as
        ``seg_…``, and outcome, outcome_ts and outcome_source, which are empty. Not the confidence:
        whoever sees it leans on it.
    """
    names = [f"seg_{name}" for name in segment_dimensions(cursor)]
    segments = "".join(f", {quoted(name)}" for name in names)
    found: pd.DataFrame = cursor.sql(
        f"""
        SELECT {", ".join(_SHOWN)}{segments},
               {", ".join(f"CAST(NULL AS VARCHAR) AS {name}" for name in _EMPTY)}
        FROM (SELECT event_id AS drawn_event, max(propensity) AS propensity FROM audit_claims
              WHERE signal = $signal GROUP BY event_id)
        JOIN claims ON event_id = drawn_event AND signal = $signal
        WHERE outcome IS NULL
        ORDER BY {NUMBER_SQL} / propensity, event_id
        """,
        params={"signal": signal, "seed": seed},
    ).df()
    return found.drop(columns=[name for name in names if found[name].isna().all()])


@dataclass(frozen=True)
class KnownClaim:
    """What the ledger knows of a claim that a file labels.

    Attributes:
        sampled: whether a sample of the signal holds it.
        said: every outcome that is truth and was ever received for it: (value, time stated or
            None).
    """

    sampled: bool
    said: frozenset[tuple[int, datetime | None]]


def known_of(
    cursor: duckdb.DuckDBPyConnection, signal: str, events: Sequence[str]
) -> dict[str, KnownClaim]:
    """What is known of each of these events of a signal; one without a claim is left out."""
    cursor.register("asked_events", pa.table({"event_id": pa.array(events, pa.string())}))
    sampled = cursor.execute(
        """
        SELECT DISTINCT event_id FROM audit_claims
        SEMI JOIN asked_events USING (event_id) WHERE signal = $signal
        """,
        {"signal": signal},
    ).fetchall()
    said = cursor.execute(
        f"""
        SELECT event_id, outcome, outcome_ts FROM {OUTCOME_LOG}
        SEMI JOIN asked_events USING (event_id)
        WHERE (signal IS NULL OR signal = $signal) AND outcome IS NOT NULL
          AND {truth_of(cursor, signal).sql()}
        """,
        {"signal": signal},
    ).fetchall()
    claims = cursor.execute(
        """
        SELECT event_id FROM claims SEMI JOIN asked_events USING (event_id)
        WHERE signal = $signal
        """,
        {"signal": signal},
    ).fetchall()
    cursor.unregister("asked_events")
    held = {event for (event,) in sampled}
    outcomes: dict[str, set[tuple[int, datetime | None]]] = {}
    for event, outcome, at in said:
        outcomes.setdefault(event, set()).add((int(outcome), at))
    return {
        event: KnownClaim(event in held, frozenset(outcomes.get(event, ()))) for (event,) in claims
    }
