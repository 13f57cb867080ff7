"""Whether the outcome in force of every claim is the one that the log of outcomes gives.

Of the logged outcomes that name the claim's event, and its signal or none, and that are truth by
the registry, `core.queries.base.in_force` says which is in force; several make it corrected
(`core.ingest.outcome_attachment`).

Most outcomes came in their claim's own row and nothing else concerns the claim: those stand in the
claim alone, or are held against it row by row, which needs no search by event. *Loose* are the
others, and whatever else
would let a row have company: claims that are there twice, and rows that share a number. Of their
events everything is worked out anew.
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from core.queries.base.in_force import IN_FORCE, labels_sql, sides_sql
from core.queries.base.outcome_log import OUTCOME_LOG
from core.queries.base.repeated_hashes import hold_hashes, repeated_hashes
from core.queries.base.truth import declared, rank_sql, truth_sql
from core.trail.problems import Problem
from core.trail.seals.sealed_blocks import ascending

#: Events, or outcomes, that are worked out anew at once.
_AT_ONCE = 2_000_000
#: Share of the outcomes up to which loose ones are picked out.
_FEW = 0.2
_KEY = "hash(signal, event_id)"


def wrong_in_force(cursor: duckdb.DuckDBPyConnection) -> Iterator[Problem]:
    """Claims whose outcome in force is another, as one problem, or none.

    Takes time in proportion to the rows, and bounded memory.
    """
    _row_by_row(cursor)
    ((n_loose, n_outcomes),) = cursor.execute(
        f"SELECT (SELECT count(*) FROM odd WHERE loose), (SELECT count(*) FROM {OUTCOME_LOG})"
    ).fetchall()
    wrong, first = 0, None
    few = n_loose <= _FEW * n_outcomes
    if few:
        _with_company(cursor)
        wrong, first = _count_of(
            cursor,
            """
            SELECT import_id, import_row FROM claims
            SEMI JOIN (FROM odd WHERE wrong) USING (import_id, import_row)
            ANTI JOIN loose USING (event_id)
            """,
        )
        ((n_events,),) = cursor.execute("SELECT count(*) FROM loose").fetchall()
        parts = -(-int(n_events) // _AT_ONCE)
    else:
        # Picking them out would cost more than it spares.
        parts = 1 + int(n_outcomes) // _AT_ONCE
    for part in range(parts):
        found = _by_event(cursor, parts, part, only_loose=few)
        count, named = _count_of(cursor, found)
        wrong += count
        first = min((one for one in (first, named) if one is not None), default=None)
    cursor.execute("DROP TABLE odd")
    cursor.execute("DROP TABLE IF EXISTS loose")
    if wrong:
        assert first is not None
        subject = "1 claim has an outcome" if wrong == 1 else f"{wrong:,} claims have outcomes"
        yield Problem(
            "seal",
            None,
            f"{subject} in force that the log of outcomes does not give (table claims), for one: "
            f"row {first[1]} of import {first[0]}.",
        )


def _row_by_row(cursor: duckdb.DuckDBPyConnection) -> None:
    """Hold claims against the outcome of their own row in the table outcomes.

    Those that have it themselves need only be such as may have it. Leaves ``odd``: rows whose claim
    has in force what its own row's outcome does not give (``wrong``), and those with an outcome
    that the claim of that row does not take (``loose``).
    That both are of one event and signal is told by a hash: these are sealed in either table.
    """
    truth = truth_sql(declared(cursor), "c.signal", "o.source")
    own = "coalesce(o.event = c.event, false)"
    own_truth = truth_sql(declared(cursor), "signal", "outcome_source")
    cursor.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE odd AS
        SELECT coalesce(c.import_id, o.import_id) AS import_id,
               coalesce(c.import_row, o.import_row) AS import_row,
               CASE WHEN c.event IS NULL THEN false
                    WHEN {own} AND {truth}
                    THEN c.outcome IS DISTINCT FROM o.outcome
                      OR c.outcome_ts IS DISTINCT FROM o.outcome_ts
                      OR c.outcome_known_at IS DISTINCT FROM o.known_at
                      OR c.outcome_source IS DISTINCT FROM o.source
                      OR c.outcome_corrected
                    ELSE c.outcome IS NOT NULL OR c.outcome_ts IS NOT NULL
                      OR c.outcome_known_at IS NOT NULL OR c.outcome_source IS NOT NULL
                      OR c.outcome_corrected
               END AS wrong,
               o.event IS NOT NULL AND NOT {own} AS loose
        FROM (SELECT *, {_KEY} AS event FROM claims WHERE outcome_own IS NOT TRUE) AS c
        FULL JOIN (SELECT *, {_KEY} AS event FROM outcomes) AS o
          ON o.import_id = c.import_id AND o.import_row = c.import_row
        WHERE wrong OR loose
        UNION ALL
        SELECT import_id, import_row, true, false FROM claims
        WHERE outcome_own AND (outcome IS NULL OR outcome_corrected OR NOT ({own_truth}))
        """
    )


def _with_company(cursor: duckdb.DuckDBPyConnection) -> None:
    """Leave ``loose``: the events of which a row alone does not say what is in force."""
    cursor.execute(
        """
        CREATE OR REPLACE TEMP TABLE loose AS
        SELECT DISTINCT event_id FROM outcomes
        SEMI JOIN (FROM odd WHERE loose) USING (import_id, import_row)
        """
    )
    twice = repeated_hashes(cursor, _KEY, "claims")
    if len(twice):
        hold_hashes(cursor, "twice", twice)
        cursor.execute(
            f"""
            INSERT INTO loose SELECT DISTINCT event_id FROM claims ANTI JOIN loose USING (event_id)
            WHERE {_KEY} IN (SELECT hashed FROM twice)
            """
        )
        cursor.execute("DROP TABLE twice")
    for table in ("claims", "outcomes"):
        if not ascending(cursor, f"SELECT import_id, import_row FROM {table}"):
            cursor.execute(
                f"""
                INSERT INTO loose SELECT DISTINCT event_id FROM {table}
                SEMI JOIN (SELECT import_id, import_row FROM {table} GROUP BY ALL
                           HAVING count(*) > 1) USING (import_id, import_row)
                ANTI JOIN loose USING (event_id)
                """
            )


def _by_event(cursor: duckdb.DuckDBPyConnection, parts: int, part: int, *, only_loose: bool) -> str:
    """A query for the wrong claims of one part of the events: of the loose ones, or of all."""
    rank = rank_sql(declared(cursor), "log.claimed", "log.source")
    # The cast keeps the remainder out of HUGEINT, which is several times slower.
    mine = f"hash(event_id) % CAST({parts} AS UBIGINT) = {part}" if parts > 1 else "true"
    # A claim is told by its row here: a forged one may share its event with another.
    claim = ("event_id", "claimed", "claim_import", "claim_row")
    rows = """(
        SELECT said.*, c.signal AS claimed, c.import_id AS claim_import, c.import_row AS claim_row
        FROM held AS c JOIN said
          ON said.event_id = c.event_id AND (said.signal IS NULL OR said.signal = c.signal))
    """
    picked = (
        f"SEMI JOIN (SELECT event_id FROM loose WHERE {mine}) USING (event_id)"
        if only_loose
        else f"WHERE {mine}"
    )
    return f"""
        WITH said AS (SELECT * FROM {OUTCOME_LOG} {picked}),
        held AS (
            SELECT event_id, signal, outcome, outcome_ts, outcome_known_at, outcome_source,
                   outcome_corrected, import_id, import_row
            FROM claims {picked}),
        met AS (
            SELECT import_id, import_row, corrected, {IN_FORCE} AS in_force FROM (
                SELECT claim_import AS import_id, claim_row AS import_row,
                       count({rank}) > 1 AS corrected,
                       {sides_sql("log", rank, "withdrawn_at IS NULL")}
                FROM {labels_sql(cursor, rows, claim)} AS log
                GROUP BY claim_import, claim_row) AS sides)
        SELECT c.import_id, c.import_row FROM held AS c
        LEFT JOIN met USING (import_id, import_row)
        WHERE c.outcome IS DISTINCT FROM in_force.outcome
           OR c.outcome_ts IS DISTINCT FROM in_force.outcome_ts
           OR c.outcome_known_at IS DISTINCT FROM in_force.known_at
           OR c.outcome_source IS DISTINCT FROM in_force.source
           OR c.outcome_corrected <> coalesce(corrected, false)
    """


def _count_of(cursor: duckdb.DuckDBPyConnection, wrong: str) -> tuple[int, tuple[int, int] | None]:
    """How many claims a query finds, and the first one's import and row."""
    ((count, first),) = cursor.execute(
        f"SELECT count(*), min({{'i': import_id, 'r': import_row}}) FROM ({wrong})"
    ).fetchall()
    return int(count), None if first is None else (first["i"], first["r"])
