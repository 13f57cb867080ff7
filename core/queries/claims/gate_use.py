"""Which claims the gate was asked about: what was done, held against its recorded answers.

An answer belongs to the claim with its signal and ``event_id``, its confidence and its version:
what the gate said of another number or another model allows nothing. A question that named less of
the version than the claim logs, and nothing else, was asked about this claim; but what it was told
is not of the version that acted. An answer waits for claims that come
in later. When a claim acted is not logged; but one that came in with its action had acted by then,
so that an answer given after it came in was asked for afterwards.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import duckdb

from core.ledger.sql import quoted
from core.queries.base.dimensions import Parameter, segment_dimensions
from core.queries.base.fingerprint_fields import FIELDS
from core.queries.base.kept.at_hand import days_not_at_hand

if TYPE_CHECKING:  # Frames are for pages; most commands load none of it.
    import pandas as pd

#: Times in which the gate was to be asked: [since, until), UTC without zone; None: for good.
Ruled = Sequence[tuple[datetime, datetime | None]]


@dataclass(frozen=True)
class HeldAgainst:
    """Which production claims are held against the answers.

    Attributes:
        ruled: by signal; they do not overlap.
        since: earliest claim time, UTC without zone.
        until: the first time after the last.
        came_since: claims that came in at this time or later are looked at too, however early
            they were made; None: none of before ``since``.
    """

    ruled: Mapping[str, Ruled]
    since: datetime
    until: datetime
    came_since: datetime | None = None


@dataclass(frozen=True)
class GateUse:
    """Claims of one signal, version, day and action.

    Attributes:
        signal: its name.
        fields: what of the fingerprint they state, in the order of the fields.
        day: of the claims, UTC.
        action: what was logged as done; None: nothing was.
        n: how many.
        n_unasked: those of them without a recorded answer, and about which no question named less
            of the version.
        n_known: those of these with an outcome.
        n_wrong: the wrong ones among them.
        n_other: those without one of which there is one about another confidence or version.
        n_late: those with one, but none from before they came in with their action.
        n_unnamed: those without one about which a question named less of the version.
    """

    signal: str
    fields: tuple[tuple[str, str | None], ...]
    day: date
    action: str | None
    n: int
    n_unasked: int
    n_known: int
    n_wrong: int
    n_other: int = 0
    n_late: int = 0
    n_unnamed: int = 0


def gate_use(cursor: duckdb.DuckDBPyConnection, of: HeldAgainst) -> tuple[GateUse, ...]:
    """How many claims the gate was asked about, by signal, version, day and action.

    Signals whose cells were loaded are left out, unless all these claims of them are here.
    """
    claims = _claims(cursor, of)
    if claims is None:
        return ()
    keys = f"signal, {', '.join(FIELDS)}, day, action"
    # All are counted, and those that were asked about taken off: these alone are kept and matched.
    # In one query DuckDB would keep all claims for both parts.
    counted: dict[tuple[Any, ...], list[int]] = {}
    for *key, n, known, wrong in cursor.execute(
        f"""
        SELECT {keys}, count(*), count(outcome), count(*) FILTER (outcome = 0)
        FROM ({claims[0]}) AS claim GROUP BY ALL ORDER BY ALL
        """,
        claims[1],
    ).fetchall():
        counted[tuple(key)] = [n, n, known, wrong, 0, 0, 0]
    for *key, n, known, wrong, other, late, unnamed in cursor.execute(
        f"""
        WITH done AS MATERIALIZED (
            SELECT * FROM ({claims[0]}) AS claim
            SEMI JOIN (SELECT signal, event_id FROM decisions) AS told USING (signal, event_id)),
        {_ASKED}
        SELECT {keys}, count(*) FILTER (NOT unasked), count(outcome) FILTER (NOT unasked),
               count(*) FILTER (NOT unasked AND outcome = 0), count(*) FILTER (unasked AND other),
               count(*) FILTER (answered AND late), count(*) FILTER (unnamed)
        FROM (SELECT done.*, {_HOW} FROM done LEFT JOIN asked USING (signal, event_id))
        GROUP BY ALL
        """,
        claims[1],
    ).fetchall():
        told = counted[tuple(key)]
        for at, less in enumerate((n, known, wrong), 1):
            told[at] -= less
        told[4:] = other, late, unnamed
    k = len(FIELDS) + 1
    return tuple(
        GateUse(key[0], tuple(zip(FIELDS, key[1:k], strict=True)), *key[k:], *counts)
        for key, counts in counted.items()
    )


def unasked_claims(
    cursor: duckdb.DuckDBPyConnection,
    of: HeldAgainst,
    actions: Collection[str],
    *,
    limit: int,
) -> pd.DataFrame:
    """Claims without a recorded answer in time, one row each, the newest first.

    Args:
        actions: what was done with them.
        limit: so many at most; ties stand in the order they came in.

    Returns:
        Columns signal, event_id, ts (UTC without zone), action, asked (`NEVER`, `OTHER`, `UNNAMED`
        or `LATE`), confidence (NaN: unstated), outcome (1, 0 or NA), the fingerprint's fields,
        input_id, came_in (when, likewise) and one ``seg_<dimension>`` each.
    """
    segments = [f"seg_{name}" for name in segment_dimensions(cursor)]
    described = ", ".join(f"claims.{quoted(name)}" for name in (*FIELDS, "input_id", *segments))
    claims = _claims(cursor, of) or (_NONE, {})
    frame: pd.DataFrame = cursor.sql(
        f"""
        WITH done AS MATERIALIZED (
            SELECT * FROM ({claims[0]}) WHERE list_contains($actions, action)),
        {_ASKED},
        leaf AS (
            SELECT import_id, import_row,
                   CASE WHEN answered THEN '{LATE}' WHEN unnamed THEN '{UNNAMED}'
                        WHEN other THEN '{OTHER}' ELSE '{NEVER}' END AS asked
            FROM (SELECT done.*, {_HOW} FROM done LEFT JOIN asked USING (signal, event_id))
            WHERE late OR NOT answered
            ORDER BY {_NEWEST} LIMIT $limit)
        SELECT signal, event_id, ts, action, asked, confidence_ppm / 1e6 AS confidence, outcome,
               {described}, imported_at AS came_in
        FROM claims JOIN leaf USING (import_id, import_row) LEFT JOIN imports USING (import_id)
        ORDER BY {_NEWEST}
        """,
        params={**claims[1], "actions": list(actions), "limit": limit},
    ).df()
    return frame.astype({"outcome": "Int8"})


@dataclass(frozen=True)
class AnswersGiven:
    """Answers of the gate about one signal.

    Attributes:
        n: how many.
        n_stray: those of them that name no claim of it.
    """

    n: int
    n_stray: int


def answers_given(
    cursor: duckdb.DuckDBPyConnection, signals: Collection[str], since: datetime, until: datetime
) -> dict[str, AnswersGiven]:
    """The answers about signals that were given in a time; those without any are left out.

    Args:
        since: earliest time of the answer, UTC without zone.
        until: the first time after the last.
    """
    rows = cursor.execute(
        """
        WITH given AS MATERIALIZED (
            SELECT signal, event_id FROM decisions
            WHERE list_contains($signals, signal) AND decided_at >= $since AND decided_at < $until)
        SELECT signal, count(*), count(*) FILTER (claims.event_id IS NULL)
        FROM given LEFT JOIN claims USING (signal, event_id)
        GROUP BY signal
        """,
        {"signals": list(signals), "since": since, "until": until},
    ).fetchall()
    return {signal: AnswersGiven(n, n_stray) for signal, n, n_stray in rows}


def acted_apart(
    cursor: duckdb.DuckDBPyConnection, signals: Collection[str], since: datetime, until: datetime
) -> dict[str, int]:
    """Claims that are not of production and log that they acted by themselves, by signal.

    Args:
        since: earliest claim time, UTC without zone.
        until: the first time after the last.
    """
    rows = cursor.execute(
        """
        SELECT signal, count(*) FROM claims
        WHERE split <> 'production' AND action = 'automate' AND ts >= $since AND ts < $until
          AND list_contains($signals, signal)
        GROUP BY signal
        """,
        {"signals": list(signals), "since": since, "until": until},
    ).fetchall()
    return dict(rows)


#: How a claim without an answer in time was asked about.
NEVER, OTHER, LATE = "never", "another confidence or version", "afterwards"
UNNAMED = "without all of the version"
_VERSION = ", ".join(f"json_extract_string(fingerprint, '$.{name}') AS {name}" for name in FIELDS)
_SAME_VERSION = " AND ".join(
    f"version.{name} IS NOT DISTINCT FROM nullif(done.{name}, '')" for name in FIELDS
)
_NO_OTHER_VERSION = " AND ".join(
    f"(version.{name} IS NULL OR version.{name} = done.{name})" for name in FIELDS
)
#: The claims of ``done`` that were asked about, each once. A gate that failed closed said no to the
#: claim that it was asked about, whatever it could read of it.
_ASKED = f"""
    given AS MATERIALIZED (
        SELECT signal, event_id, decided_at, confidence_ppm, fingerprint, rule
        FROM decisions SEMI JOIN done USING (signal, event_id)),
    version AS (SELECT fingerprint, {_VERSION} FROM (SELECT DISTINCT fingerprint FROM given)),
    asked AS (
        SELECT signal, event_id, bool_or(same) AS same, bool_or(less) AS less,
               bool_or(same AND decided_at <= came_in) AS in_time
        FROM (
            SELECT signal, event_id, decided_at,
                   coalesce(imported_at, TIMESTAMP 'infinity') AS came_in,
                   given.rule = 'builtin:fail-closed' OR (
                       given.confidence_ppm IS NOT DISTINCT FROM done.confidence_ppm
                       AND {_SAME_VERSION}) AS same,
                   given.confidence_ppm IS NOT DISTINCT FROM done.confidence_ppm
                       AND {_NO_OTHER_VERSION} AS less
            FROM done JOIN given USING (signal, event_id) JOIN version USING (fingerprint)
            LEFT JOIN imports USING (import_id))
        GROUP BY signal, event_id)
""".strip()
_HOW = """
    coalesce(asked.same, FALSE) AS answered, asked.event_id IS NOT NULL AS other,
    NOT answered AND coalesce(asked.less, FALSE) AS unnamed, NOT (answered OR unnamed) AS unasked,
    answered AND NOT asked.in_time AND action IS NOT NULL AS late
""".strip()
_NEWEST = "ts DESC, import_id, import_row"
_PRODUCTION = {"split": ("production",)}
_NONE = "SELECT *, CAST(ts AS DATE) AS day FROM claims WHERE FALSE"


def _claims(
    cursor: duckdb.DuckDBPyConnection, of: HeldAgainst
) -> tuple[str, dict[str, Parameter]] | None:
    """The claims looked at as a query, and its parameters; None: no signal is looked at."""
    first_import, least = _late(cursor, of)
    ruled = [
        (signal, since, until or datetime.max)
        for signal, spans in of.ruled.items()
        if not days_not_at_hand(cursor, signal, least, of.until, of=_PRODUCTION)
        for since, until in spans
    ]
    if not ruled:
        return None
    names, begun, ended = (list(each) for each in zip(*ruled, strict=True))
    return (
        f"""
        SELECT signal, event_id, {", ".join(FIELDS)}, ts, CAST(ts AS DATE) AS day, action, outcome,
               confidence_ppm, import_id, import_row
        FROM claims JOIN (
            SELECT unnest($ruled::VARCHAR[]) AS of_signal, unnest($begun::TIMESTAMP[]) AS begun,
                   unnest($ended::TIMESTAMP[]) AS ended) AS rule
          ON signal = of_signal AND ts >= begun AND ts < ended
        WHERE split = 'production' AND ts >= $least AND ts < $until
          AND (ts >= $since OR import_id >= $first_import)
        """,
        {
            "ruled": names,
            "begun": begun,
            "ended": ended,
            "least": least,
            "until": of.until,
            "since": of.since,
            "first_import": first_import,
        },
    )


def _late(cursor: duckdb.DuckDBPyConnection, of: HeldAgainst) -> tuple[int, datetime]:
    """The first import whose claims are looked at however early, and the earliest of them."""
    never = 2**31 - 1
    if of.came_since is None:
        return never, of.since
    row = cursor.execute(
        "SELECT min(import_id), min(first_ts) FROM imports WHERE imported_at >= $came",
        {"came": of.came_since},
    ).fetchone()
    first, earliest = row if row is not None else (None, None)
    return never if first is None else first, min(of.since, earliest or of.since)
