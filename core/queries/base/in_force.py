"""Which of the labels that were ever logged for a claim is in force, as SQL.

Labels have a rank, by their source (`core.queries.base.truth`). In force is one of the best rank
that has any; within a rank the one known last, for a later label of the same rank is a correction.
Two labels of one rank that became known at the same instant and say different things are a
*conflict*: no label is in force until one is confirmed by a later one. The order in which rows or
files came in decides nothing.

A row of the log without an outcome is a *withdrawal*: it takes back the last label of its source
that stands when it becomes known, and the one before stands again.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from core.queries.base.together.asked_once import once

# A label is one number: its rank, then when it became known, then what no order rests on, whether
# that time was stated, and the source. The greatest is in force, and equal ones differ in nothing.
# It has 64 bits: two for the rank, 59 for the time of any year from 1 to 9999, three for the rest.
_CODES = {1: "HUMAN", 2: "CODE", 3: "LLM"}


def _u(number: int) -> str:
    # A plain number would make the sum a HUGEINT, which is several times slower.
    return f"CAST({number} AS UBIGINT)"


_RANK, _ZERO = 1 << 62, 1 << 57


def sides_sql(log: str, rank: str, when: str = "TRUE") -> str:
    """The best label for either outcome, as the aggregates ``for_right`` and ``for_wrong``.

    Args:
        log: the name under which rows of the log stand in the query.
        rank: SQL of a row's rank, greater is better; NULL: it does not count.
        when: SQL of the rows that count.
    """
    codes = " ".join(f"WHEN '{source}' THEN {code}" for code, source in _CODES.items())
    label = (
        f"CAST({rank} AS UBIGINT) * {_u(_RANK)} "
        f"+ CAST(epoch_us({log}.known_at) + {_ZERO} AS UBIGINT) * {_u(8)} "
        f"+ CAST(CASE WHEN {log}.outcome_ts IS NULL THEN 0 ELSE 4 END "
        f"+ CASE {log}.source {codes} ELSE 0 END AS UBIGINT)"
    )
    return ", ".join(
        f"max({label}) FILTER ({log}.outcome = {outcome} AND {when}) AS {name}"
        for name, outcome in (("for_right", 1), ("for_wrong", 0))
    )


#: Over `sides_sql`: whether the two best labels contradict each other at one instant.
CONFLICT = f"coalesce(for_right // {_u(8)} = for_wrong // {_u(8)}, FALSE)"
#: Over `sides_sql`: the outcome in force, 1, 0 or NULL.
OUTCOME = f"""
    CASE WHEN {CONFLICT} OR coalesce(for_right, for_wrong) IS NULL THEN NULL
         WHEN coalesce(for_right, {_u(0)}) > coalesce(for_wrong, {_u(0)}) THEN CAST(1 AS TINYINT)
         ELSE CAST(0 AS TINYINT) END
""".strip()
_BEST = "greatest(for_right, for_wrong)"
_KNOWN = f"make_timestamp(CAST({_BEST} % {_u(_RANK)} // {_u(8)} AS BIGINT) - {_ZERO})"
_SOURCE = " ".join(f"WHEN {code} THEN '{source}'" for code, source in _CODES.items())
#: Over `sides_sql`: the label in force, a struct of outcome, outcome_ts, known_at and source; NULL
#: where there is none.
IN_FORCE = f"""
    CASE WHEN {CONFLICT} OR {_BEST} IS NULL THEN NULL ELSE {{
        'outcome': {OUTCOME},
        'outcome_ts': CASE WHEN {_BEST} % {_u(8)} >= {_u(4)} THEN {_KNOWN} END,
        'known_at': {_KNOWN},
        'source': CASE CAST({_BEST} % {_u(4)} AS TINYINT) {_SOURCE} END}} END
""".strip()


@once
def any_withdrawn(cursor: duckdb.DuckDBPyConnection) -> bool:
    """Whether the ledger has a withdrawal; costs next to nothing where it has none."""
    rows = cursor.execute("SELECT 1 FROM outcomes WHERE outcome IS NULL LIMIT 1").fetchall()
    return bool(rows)


def labels_sql(
    cursor: duckdb.DuckDBPyConnection, rows: str, claim: Sequence[str] = ("event_id",)
) -> str:
    """Rows of the log with ``withdrawn_at``, NULL while they stand; withdrawals among them.

    Args:
        rows: a relation of rows of the log, each of one claim; withdrawals among them that are not
            to count are left out of it.
        claim: its columns that tell claims apart.
    """
    if not any_withdrawn(cursor):
        return f"(SELECT *, CAST(NULL AS TIMESTAMP) AS withdrawn_at FROM {rows} AS logged)"
    mine = ", ".join((*claim, "source"))
    same = " AND ".join(f"a.{name} IS NOT DISTINCT FROM b.{name}" for name in (*claim, "source"))
    # Labels and withdrawals open and close like brackets.
    return f"""(
        WITH logged AS (SELECT * FROM {rows} AS every),
        entries AS (
            SELECT DISTINCT {mine}, known_at, outcome IS NULL AS taken FROM logged
            WHERE event_id IN (SELECT event_id FROM logged WHERE outcome IS NULL)),
        nested AS (
            SELECT *, sum(CASE WHEN taken THEN -1 ELSE 1 END) OVER (
                PARTITION BY {mine} ORDER BY known_at, taken) AS depth
            FROM entries),
        ended AS (
            SELECT {", ".join(f"a.{name}" for name in (*claim, "source"))}, a.known_at,
                   min(b.known_at) AS withdrawn_at
            FROM nested AS a JOIN nested AS b
              ON {same} AND b.taken AND b.known_at >= a.known_at AND b.depth < a.depth
            WHERE NOT a.taken
            GROUP BY ALL)
        SELECT a.*, b.withdrawn_at
        FROM logged AS a LEFT JOIN ended AS b
          ON {same} AND a.known_at = b.known_at AND a.outcome IS NOT NULL)"""


def standing_sql(
    cursor: duckdb.DuckDBPyConnection, rows: str, claim: Sequence[str] = ("event_id",)
) -> str:
    """Rows of the log less the labels that one of these rows withdraws. As `labels_sql`."""
    if not any_withdrawn(cursor):
        return rows
    return f"(SELECT * FROM {labels_sql(cursor, rows, claim)} AS ever WHERE withdrawn_at IS NULL)"


def disputes_sql(
    cursor: duckdb.DuckDBPyConnection, rows: str, claim: Sequence[str], rank: str
) -> str:
    """A query for the labels that contradict each other and that nobody has answered yet.

    Either two of the best rank say different things at the same instant (a conflict), or one of a
    lower rank says something else than the one in force and is no older: whoever gave that one did
    not know of it. A later label of the better source answers it, and so does a withdrawal.

    Columns: those of the claim, conflict, then outcome, source and known_at of the label in force
    (of a conflict: of the one that says right), and of the other one with ``other_`` before it.

    Args:
        rank: as of `sides_sql`, over ``log``.
    """
    mine = ", ".join(claim)
    labels = labels_sql(cursor, rows, claim)
    return f"""
        WITH latest AS (
            SELECT DISTINCT {mine}, outcome, source, known_at, {rank} AS rank FROM {labels} AS log
            WHERE withdrawn_at IS NULL AND outcome IS NOT NULL AND {rank} IS NOT NULL
            QUALIFY known_at = max(known_at) OVER (PARTITION BY {mine}, rank)),
        placed AS (
            SELECT *, rank = max(rank) OVER (PARTITION BY {mine}) AS best FROM latest),
        top AS (
            SELECT {mine}, count(*) > 1 AS conflict, max(outcome) AS outcome,
                   any_value(source) AS source, any_value(known_at) AS known_at
            FROM placed WHERE best GROUP BY {mine})
        SELECT {mine}, conflict, top.outcome, top.source, top.known_at, placed.outcome AS
               other_outcome, placed.source AS other_source, placed.known_at AS other_known_at
        FROM top JOIN placed USING ({mine})
        WHERE placed.outcome <> top.outcome
          AND CASE WHEN conflict THEN best ELSE NOT best AND placed.known_at >= top.known_at END
    """


def states_sql(cursor: duckdb.DuckDBPyConnection, rows: str, rank: str) -> str:
    """A query for what was in force of each event, from each moment on at which that may change.

    Columns event_id, known_at (the moment) and outcome; NULL where nothing was in force.

    Args:
        rows: a relation of rows of the log, each event's of one claim.
        rank: as of `sides_sql`, over ``log``.
    """
    stands = "log.known_at <= moment AND coalesce(log.withdrawn_at > moment, TRUE)"
    return f"""
        SELECT event_id, moment AS known_at, {OUTCOME} AS outcome FROM (
            SELECT moments.event_id, moment, {sides_sql("log", rank, stands)}
            FROM (SELECT DISTINCT event_id, known_at AS moment FROM {rows} AS one) AS moments
            JOIN {labels_sql(cursor, rows)} AS log ON log.event_id = moments.event_id
            GROUP BY moments.event_id, moment) AS sides
    """
