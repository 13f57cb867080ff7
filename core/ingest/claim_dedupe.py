"""Which of a file's claims are new, which are the same again, and which contradict another.

Most rows of most files meet nothing: their key is in neither the ledger nor another row of the
file, and no outcome from elsewhere concerns them. They are never moved but by the one INSERT.
The rest is *entangled*, and is put into narrow temporary tables and settled there.

A claim is the same again when every field, segment and attribute is; the outcome apart, which is
an event of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import duckdb

from core.queries.base.repeated_hashes import hold_hashes, repeated_hashes
from core.queries.base.truth import declared, truth_sql

#: A claim's identity as one number. Two different keys that share it are merely looked at twice.
KEY = "hash(signal, event_id)"
#: Said of a claim that is known with other content.
CONFLICT = "same claim with other content"


def find_entangled(
    cursor: duckdb.DuckDBPyConnection,
    claim_columns: Sequence[str],
    *,
    outcome_rows: bool,
    n_records: int,
    few: bool,
) -> bool:
    """Whether any accepted record meets another claim or outcome; leaves them in ``entangled``.

    The table has import_row, is_outcome, event_id, signal, the outcome's fields, and ``content``:
    one number for all else of the claim.

    Args:
        claim_columns: names of a claim's columns, its outcome's apart.
        outcome_rows: whether the file has outcome records.
        n_records: how many records it has.
        few: whether it has so few records that they are looked for by what they hold: DuckDB then
            passes over row groups without any of them.
    """
    twice = repeated_hashes(cursor, KEY, "accepted WHERE NOT is_outcome", most=n_records)
    hold_hashes(cursor, "met_keys", twice)
    if _any(cursor, "SELECT 1 FROM claims SEMI JOIN counts USING (signal)"):
        known = f"""
            SELECT DISTINCT key FROM (SELECT {KEY} AS key FROM accepted WHERE NOT is_outcome)
            SEMI JOIN (SELECT {KEY} AS key FROM claims SEMI JOIN counts USING (signal)) USING (key)
        """
        if few:
            known = f"""
                SELECT DISTINCT {KEY} FROM claims
                SEMI JOIN (SELECT event_id, signal FROM accepted WHERE NOT is_outcome)
                USING (event_id, signal)
            """
        cursor.execute(f"INSERT INTO met_keys {known}")
    cursor.execute("CREATE OR REPLACE TEMP TABLE met_events (event UBIGINT)")
    if outcome_rows:
        cursor.execute(
            """
            INSERT INTO met_events SELECT DISTINCT hash(event_id) FROM accepted WHERE is_outcome
            """
        )
    if _any(cursor, "SELECT 1 FROM outcomes WHERE NOT with_claim"):
        cursor.execute(
            """
            INSERT INTO met_events
            SELECT DISTINCT event FROM (
                SELECT hash(event_id) AS event FROM outcomes WHERE NOT with_claim)
            SEMI JOIN (SELECT hash(event_id) AS event FROM accepted) USING (event)
            """
        )
    conditions = []
    if _any(cursor, "SELECT 1 FROM met_keys"):
        conditions.append(f"{KEY} IN (SELECT hashed FROM met_keys)")
    if _any(cursor, "SELECT 1 FROM met_events"):
        conditions.append("is_outcome OR hash(event_id) IN (SELECT event FROM met_events)")
    content = ", ".join(column for column in claim_columns if column != "confidence_raw")
    cursor.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE entangled AS
        SELECT import_row, is_outcome, event_id, signal, outcome, outcome_ts, outcome_source,
               CASE WHEN NOT is_outcome THEN hash({content}) END AS content, quarantine_id
        FROM accepted WHERE {" OR ".join(conditions) or "false"}
        """
    )
    return bool(conditions)


def settle_claims(cursor: duckdb.DuckDBPyConnection, claim_columns: Sequence[str]) -> None:
    """Sort the entangled claims.

    Leaves ``settled`` (import_row, event_id, signal, verdict: new, duplicate or conflict) and adds
    the conflicts to ``refused``. The ledger's claim stands, or else the file's first.
    """
    compared = [column for column in claim_columns if column != "confidence_raw"]
    content = ", ".join(f"claims.{column}" for column in compared)
    cursor.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE settled AS
        WITH candidates AS (SELECT * FROM entangled WHERE NOT is_outcome),
        keys AS (SELECT event_id, signal, min(import_row) AS first_row FROM candidates
                 GROUP BY event_id, signal),
        standing AS (
            SELECT keys.event_id, keys.signal, CAST(NULL AS BIGINT) AS standing_row,
                   hash({content}) AS content
            FROM keys JOIN claims ON claims.event_id = keys.event_id AND claims.signal = keys.signal
        ),
        firsts AS (
            SELECT event_id, signal, import_row AS standing_row, content
            FROM candidates SEMI JOIN keys ON candidates.import_row = keys.first_row
            ANTI JOIN standing USING (event_id, signal)
        )
        SELECT import_row, c.event_id, c.signal, s.standing_row, CASE
                   WHEN c.import_row = s.standing_row THEN 'new'
                   WHEN c.content = s.content THEN 'duplicate' ELSE 'conflict' END AS verdict
        FROM candidates AS c
        JOIN (SELECT * FROM standing UNION ALL SELECT * FROM firsts) AS s
          ON s.event_id = c.event_id AND s.signal = c.signal
        """
    )
    if _any(cursor, "SELECT 1 FROM settled WHERE verdict = 'conflict'"):
        _refuse_conflicts(cursor, compared)


def _refuse_conflicts(cursor: duckdb.DuckDBPyConnection, compared: Sequence[str]) -> None:
    columns = ", ".join(compared)
    cursor.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE standing_claims AS
        SELECT {columns} FROM claims
        SEMI JOIN (SELECT event_id, signal FROM settled
                   WHERE verdict = 'conflict' AND standing_row IS NULL) USING (event_id, signal)
        UNION ALL
        SELECT {columns} FROM accepted
        SEMI JOIN (SELECT standing_row AS import_row FROM settled WHERE verdict = 'conflict')
        USING (import_row)
        """
    )
    others = [column for column in compared if column not in ("event_id", "signal")]
    differs = [f"old.{column} IS DISTINCT FROM new.{column}" for column in others]
    shown = ["confidence_raw" if column == "confidence_ppm" else column for column in others]
    names = [column.strip('"').replace("confidence_ppm", "confidence") for column in others]
    field = " ".join(
        f"WHEN {condition} THEN '{name}'" for condition, name in zip(differs, names, strict=True)
    )
    value = " ".join(
        f"WHEN {condition} THEN CAST(new.{column} AS VARCHAR)"
        for condition, column in zip(differs, shown, strict=True)
    )
    cursor.execute(
        f"""
        INSERT INTO refused
        SELECT new.import_row, CASE {field} ELSE 'event_id' END, left(CASE {value} END, 80),
               '{CONFLICT}',
               'give a new claim an event_id of its own; a claim once logged is never changed',
               new.record, new.quarantine_id
        FROM accepted AS new
        SEMI JOIN (SELECT import_row FROM settled WHERE verdict = 'conflict') USING (import_row)
        JOIN standing_claims AS old ON old.event_id = new.event_id AND old.signal = new.signal
        """
    )


def insert_new_claims(
    cursor: duckdb.DuckDBPyConnection,
    claim_columns: Sequence[str],
    *,
    import_id: int,
    now: datetime,
    entangled: bool,
) -> None:
    """Add the new claims with the outcome their own row brings, where that is truth.

    Of those that meet nothing it is stored nowhere else. Outcomes from elsewhere follow in
    `core.ingest.outcome_attachment`.
    """
    columns = ", ".join(claim_columns)
    others = """
        ANTI JOIN (SELECT import_row FROM settled WHERE verdict <> 'new') USING (import_row)
    """
    truth = truth_sql(declared(cursor), "signal", "outcome_source")
    alone = "AND import_row NOT IN (SELECT import_row FROM entangled)" if entangled else ""
    cursor.execute(
        f"""
        INSERT INTO claims ({columns}, outcome, outcome_ts, outcome_known_at, outcome_source,
                            outcome_own, import_id, import_row)
        SELECT {columns}, {
            ", ".join(
                f"CASE WHEN {truth} THEN {one} END"
                for one in (
                    "outcome",
                    "outcome_ts",
                    "CASE WHEN outcome IS NOT NULL THEN coalesce(outcome_ts, $now) END",
                    "outcome_source",
                )
            )
        }, outcome IS NOT NULL AND {truth} {alone}, $import_id, import_row
        FROM accepted {others if entangled else ""}
        WHERE NOT is_outcome
        """,
        {"import_id": import_id, "now": now},
    )


def _any(cursor: duckdb.DuckDBPyConnection, query: str) -> bool:
    return cursor.execute(f"{query} LIMIT 1").fetchone() is not None
