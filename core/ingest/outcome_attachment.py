"""The log of outcomes, and the outcome in force of every claim.

Every outcome is logged once and never changed: in its claim as long as it is the only one there and
in force, else in the table outcomes (`core.queries.base.outcome_log`). Of those that name a claim's
event and its signal (or no signal) and are truth (`core.queries.base.truth`),
`core.queries.base.in_force` says which is in force. So a judge's label never takes the place of a
person's, and a claim that only a judge has labelled is unlabelled. The same outcome again (event,
signal, value, outcome_ts and source all equal) is a duplicate.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import duckdb

from core.ingest.kept_sums import keep_signal
from core.ledger.sql import literal
from core.queries.base.in_force import CONFLICT, IN_FORCE, disputes_sql, labels_sql, sides_sql
from core.queries.base.outcome_log import OUTCOME_LOG, OWN_COLUMNS, log_of_events
from core.queries.base.truth import declared, rank_sql, truth_sql

_SAME = """
    log.event_id = o.event_id AND log.signal IS NOT DISTINCT FROM o.signal
    AND log.outcome IS NOT DISTINCT FROM o.outcome
    AND log.outcome_ts IS NOT DISTINCT FROM o.outcome_ts
    AND log.source IS NOT DISTINCT FROM o.outcome_source
"""


@dataclass(frozen=True)
class Attached:
    """What a file's outcomes did.

    Attributes:
        n_fresh: rows that brought an outcome not logged before, but no new claim.
        n_attached: claims that had no outcome and now have one; one that is no truth is none.
        n_held: outcome rows whose claim has not come yet.
        n_corrected: claims whose outcome in force changed its value, or is none any more.
        notices: contradictions and withdrawals, a sentence each.
    """

    n_fresh: int
    n_attached: int
    n_held: int
    n_corrected: int
    notices: tuple[str, ...] = ()


def log_outcomes_of_new_claims(
    cursor: duckdb.DuckDBPyConnection,
    *,
    import_id: int,
    now: datetime,
    entangled: bool,
    all_truth: bool,
) -> int:
    """Log the outcomes that came with new claims and meet nothing else; how many are truth.

    Those that are stand in the claims already.

    Args:
        all_truth: whether every outcome of the file is: it need then not be read once more.
    """
    if not all_truth:
        others = "ANTI JOIN entangled USING (import_row)" if entangled else ""
        truth = truth_sql(declared(cursor), "signal", "outcome_source")
        cursor.execute(
            f"""
            INSERT INTO outcomes
            SELECT event_id, signal, outcome, outcome_ts, coalesce(outcome_ts, $now),
                   outcome_source, true, $import_id, import_row
            FROM accepted {others} WHERE outcome IS NOT NULL AND NOT is_outcome AND NOT ({truth})
            """,
            {"import_id": import_id, "now": now},
        )
    rows = cursor.execute(
        "SELECT count(*) FROM claims WHERE import_id = $import_id AND outcome_own",
        {"import_id": import_id},
    ).fetchall()
    return int(rows[0][0])


def attach_entangled(
    cursor: duckdb.DuckDBPyConnection, *, import_id: int, now: datetime
) -> Attached:
    """Log the entangled outcomes that are new, and bring the claims they concern up to date.

    New claims are in the table already. Uses ``entangled`` and ``settled``; leaves ``fresh``, the
    outcomes logged now.
    """
    parameters = {"now": now, "import_id": import_id}
    cursor.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE fresh AS
        SELECT import_row, is_outcome, event_id, signal, outcome, outcome_ts, outcome_source
        FROM (
            SELECT * FROM entangled AS o
            WHERE (outcome IS NOT NULL OR is_outcome)
              AND NOT EXISTS (
                  -- First those of the same events, which DuckDB finds without reading all.
                  SELECT 1 FROM {log_of_events("entangled")} AS log
                  WHERE {_SAME})
              AND import_row NOT IN (SELECT import_row FROM settled WHERE verdict = 'conflict'))
        QUALIFY row_number() OVER (
            PARTITION BY event_id, signal, outcome, outcome_ts, outcome_source
            ORDER BY import_row) = 1
        """
    )
    cursor.execute(
        """
        INSERT INTO outcomes
        SELECT event_id, signal, outcome, outcome_ts, coalesce(outcome_ts, $now), outcome_source,
               NOT is_outcome, $import_id, import_row
        FROM fresh
        """,
        parameters,
    )
    cursor.execute(
        """
        CREATE OR REPLACE TEMP TABLE concerned_events AS
        SELECT event_id FROM fresh
        UNION SELECT event_id FROM settled WHERE verdict = 'new'
        """
    )
    _concern(
        cursor,
        "SELECT * FROM claims SEMI JOIN concerned_events USING (event_id)",
        f"FROM {log_of_events('concerned_events')}",
        import_id=import_id,
    )
    _bring_up_to_date(cursor)
    row = cursor.execute(
        """
        SELECT
            (SELECT count(*) FROM fresh WHERE is_outcome OR import_row NOT IN (
                SELECT import_row FROM settled WHERE verdict = 'new')),
            -- A new claim that is not entangled got its outcome from its own row, and was counted.
            (SELECT count(*) FROM concerned
             WHERE outcome_before IS NULL AND in_force IS NOT NULL AND NOT (
                is_new AND NOT EXISTS (
                    SELECT 1 FROM settled WHERE settled.event_id = concerned.event_id
                    AND settled.signal = concerned.signal))),
            (SELECT count(*) FROM fresh AS o WHERE is_outcome AND NOT EXISTS (
                SELECT 1 FROM claims WHERE claims.event_id = o.event_id
                AND (o.signal IS NULL OR o.signal = claims.signal))),
            (SELECT count(*) FROM concerned
             WHERE outcome_before IS NOT NULL AND outcome_before IS DISTINCT FROM in_force.outcome)
        """
    ).fetchone()
    assert row is not None
    n_fresh, n_attached, n_held, n_corrected = row
    return Attached(n_fresh, n_attached, n_held, n_corrected, _contradictions(cursor))


def _contradictions(cursor: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """What of the labels logged now contradicts others, or takes one back, in words."""
    truths = declared(cursor)
    n_conflicts, n_disputed, n_withdrawals = cursor.execute(
        """
        SELECT count(*) FILTER (conflict), count(*) FILTER (disputed AND NOT conflict),
               (SELECT count(*) FROM fresh WHERE outcome IS NULL)
        FROM concerned
        """
    ).fetchall()[0]
    n_outranked = n_judged = n_stray = 0
    if n_disputed:
        disputes = disputes_sql(
            cursor,
            _labels_of(
                "SELECT * FROM claims SEMI JOIN (FROM concerned WHERE disputed) "
                "USING (event_id, signal)",
                log_of_events("concerned_events"),
            ),
            ("event_id", "signal"),
            rank_sql(truths, "log.signal", "log.source"),
        )
        ((n_outranked,),) = cursor.execute(
            f"SELECT count(DISTINCT (event_id, signal)) FROM ({disputes}) WHERE NOT conflict"
        ).fetchall()
    judged = f"o.outcome IS NOT NULL AND NOT {truth_sql(truths, 'o.signal', 'o.outcome_source')}"
    if cursor.execute(f"SELECT 1 FROM fresh AS o WHERE {judged} LIMIT 1").fetchall():
        ((n_judged,),) = cursor.execute(
            f"""
            SELECT count(*) FROM fresh AS o JOIN claims
              ON claims.event_id = o.event_id AND (o.signal IS NULL OR o.signal = claims.signal)
            WHERE {judged} AND o.outcome <> claims.outcome
            """
        ).fetchall()
    if n_withdrawals:
        ((n_stray,),) = cursor.execute(
            f"""
            SELECT count(*) FROM fresh AS o WHERE outcome IS NULL AND NOT EXISTS (
                SELECT 1 FROM {log_of_events("concerned_events")} AS log
                WHERE log.event_id = o.event_id AND log.outcome IS NOT NULL
                  AND (log.signal IS NULL OR o.signal IS NULL OR log.signal = o.signal)
                  AND log.source IS NOT DISTINCT FROM o.outcome_source
                  AND log.known_at <= o.outcome_ts)
            """
        ).fetchall()
    texts = (
        (
            n_conflicts,
            "{n:,} {claims} two labels of one source that say different things at the same "
            "instant: unlabelled until a later label of that source confirms one.",
        ),
        (
            n_outranked,
            "{n:,} {claims} a label that contradicts an earlier one of a source that ranks "
            "before its own: the earlier one stays in force.",
        ),
        (
            n_judged,
            "{n:,} {labels} from sources that are not ground truth, such as an LLM judge, "
            "{contradict} the label in force.",
        ),
        (n_withdrawals - n_stray, "{n:,} {labels} withdrawn."),
        (n_stray, "{n:,} {withdrawals} no label of the source it names that is older than it."),
    )
    return tuple(
        text.format(
            n=n,
            claims="claim has" if n == 1 else "claims have",
            labels="label" if n == 1 else "labels",
            contradict="contradicts" if n == 1 else "contradict",
            withdrawals="withdrawal found" if n == 1 else "withdrawals found",
        )
        for n, text in texts
        if n
    )


def put_in_force(cursor: duckdb.DuckDBPyConnection, signal: str) -> None:
    """Put in force, for every claim of a signal, what is truth by its registry entry now.

    What is kept of the signal is counted anew.
    """
    name = literal(signal)
    _concern(
        cursor,
        f"SELECT * FROM claims WHERE signal = {name}",
        f"SELECT * FROM {OUTCOME_LOG} WHERE signal IS NULL OR signal = {name}",
    )
    _bring_up_to_date(cursor)
    keep_signal(cursor, signal)


def _labels_of(claims: str, outcomes: str) -> str:
    """Rows of the log with the claim that each is of, as a relation: arguments as of `_concern`."""
    return f"""(
        SELECT known.event_id, known.signal, known.ts, known.import_id AS claim_import,
               known.outcome AS before, known.outcome_own AS own,
               said.outcome, said.outcome_ts, said.known_at, said.source
        FROM ({claims}) AS known JOIN {outcomes} AS said
          ON said.event_id = known.event_id
         AND (said.signal IS NULL OR said.signal = known.signal))
    """


def _concern(
    cursor: duckdb.DuckDBPyConnection, claims: str, outcomes: str, *, import_id: int = 0
) -> None:
    """Leave ``concerned``: claims that have labels, and which of these is in force.

    Args:
        claims: a query for the claims.
        outcomes: a query for their rows of the log, and maybe others.
        import_id: claims that came with it had no outcome before.
    """
    rank = rank_sql(declared(cursor), "log.signal", "log.source")
    rows = _labels_of(claims, f"({outcomes})")
    cursor.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE concerned AS
        SELECT event_id, signal, ts, is_new, own,
               CASE WHEN NOT is_new THEN before END AS outcome_before,
               {IN_FORCE} AS in_force, {CONFLICT} AS conflict, corrected,
               for_right IS NOT NULL AND for_wrong IS NOT NULL AS disputed
        FROM (
            SELECT event_id, signal, any_value(ts) AS ts,
                   any_value(claim_import) = {import_id:d} AS is_new,
                   any_value(before) AS before, any_value(own) AS own,
                   count({rank}) > 1 AS corrected,
                   {sides_sql("log", rank, "withdrawn_at IS NULL")}
            FROM {labels_sql(cursor, rows, ("event_id", "signal"))} AS log
            GROUP BY event_id, signal) AS sides
        """
    )


#: A claim in which something else is in force than ``concerned`` says, over a join of both.
_CHANGED = """(
    outcome_corrected <> corrected
    OR claims.outcome IS DISTINCT FROM in_force.outcome
    OR claims.outcome_ts IS DISTINCT FROM in_force.outcome_ts
    OR outcome_known_at IS DISTINCT FROM in_force.known_at
    OR outcome_source IS DISTINCT FROM in_force.source)
""".strip()


def _bring_up_to_date(cursor: duckdb.DuckDBPyConnection) -> None:
    """Put in force what ``concerned`` says; what stands in the claim alone is logged before."""
    if cursor.execute("SELECT 1 FROM concerned WHERE own LIMIT 1").fetchall():
        cursor.execute(
            f"""
            INSERT INTO outcomes
            SELECT {OWN_COLUMNS}
            FROM claims
            JOIN (SELECT event_id, signal, in_force, corrected FROM concerned WHERE own)
            USING (event_id, signal)
            WHERE outcome_own AND {_CHANGED}
            """
        )
    cursor.execute(
        f"""
        UPDATE claims
        SET outcome = in_force.outcome, outcome_ts = in_force.outcome_ts,
            outcome_known_at = in_force.known_at, outcome_source = in_force.source,
            outcome_corrected = corrected, outcome_own = false
        FROM concerned
        WHERE claims.event_id = concerned.event_id AND claims.signal = concerned.signal
          AND {_CHANGED}
        """
    )
