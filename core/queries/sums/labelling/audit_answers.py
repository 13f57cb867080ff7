"""How far people answered audit samples, and with what chance a claim was picked for labelling."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from core.ledger.sql import literal
from core.queries.base.outcome_log import OUTCOME_LOG
from core.queries.base.truth import truth_of
from core.queries.sums.labelling.audit_samples import sample_counts

#: Share of the drawn claims that must be labelled before they speak for the others.
ANSWERED = 0.8


@dataclass(frozen=True)
class SampleAnswered:
    """How far people labelled what a sample asked of them.

    Attributes:
        audit: the sample's id.
        n: claims of it that had no label when it was drawn.
        n_labelled: those of them that have one now.
        own, own_labelled: likewise, of those that no sample before it held.
    """

    audit: str
    n: int
    n_labelled: int
    own: int
    own_labelled: int

    @property
    def enough(self) -> bool:
        """Whether `ANSWERED` of them are labelled, so that the sample speaks for all claims."""
        return self.n_labelled >= ANSWERED * self.n


def samples_answered(cursor: duckdb.DuckDBPyConnection, signal: str) -> dict[str, SampleAnswered]:
    """Every sample of a signal by its id, with what was to be labelled when it was drawn.

    A claim that had its label before it was drawn is in the sample from the start, and is not like
    those that wait: failures are reported sooner. So only the others tell how far it is answered.
    """
    rows = cursor.execute(
        f"""
        WITH drawn AS (
            SELECT json_extract_string(entry, '$.body.audit') AS audit_id, seq,
                   CAST(json_extract(entry, '$.body.imports') AS BIGINT) AS newest
            FROM acts WHERE contains(entry, '"kind":"audit.drawn"') AND json_valid(entry)
        ), said AS (
            SELECT event_id, min(import_id) AS first_said FROM {OUTCOME_LOG}
            SEMI JOIN (SELECT event_id FROM audit_claims WHERE signal = $signal) USING (event_id)
            WHERE (signal IS NULL OR signal = $signal) AND outcome IS NOT NULL
              AND {truth_of(cursor, signal).sql()}
            GROUP BY event_id
        )
        SELECT audit_id, count(*), count(*) FILTER (labelled), count(*) FILTER (own),
               count(*) FILTER (own AND labelled)
        FROM (
            SELECT audit_id, outcome IS NOT NULL AS labelled,
                   coalesce(first_said > newest, TRUE) AS waited,
                   row_number() OVER (PARTITION BY event_id ORDER BY seq, audit_id) = 1 AS own
            FROM audit_claims JOIN claims USING (signal, event_id)
            LEFT JOIN drawn USING (audit_id) LEFT JOIN said USING (event_id)
            WHERE signal = $signal)
        WHERE waited GROUP BY audit_id
        """,
        {"signal": signal},
    ).fetchall()
    return {row[0]: SampleAnswered(*row) for row in rows}


def answered_propensity_sql(cursor: duckdb.DuckDBPyConnection, signal: str) -> str:
    """`propensity_sql` for estimates: of the samples that are answered, see `SampleAnswered`.

    Each sample stands for all claims it was drawn from by itself, so that those still open leave
    the estimate of the others as it is.
    """
    if not _sampled(cursor, signal):
        return "label_propensity"
    open_ = {one.audit for one in samples_answered(cursor, signal).values() if not one.enough}
    answered = sorted(sample_counts(cursor, signal).keys() - open_)
    if not answered:
        return "label_propensity"
    return _propensity(f"AND audit_id IN ({', '.join(map(literal, answered))})")


def propensity_sql(cursor: duckdb.DuckDBPyConnection, signal: str) -> str:
    """The chance with which a claim was picked for labelling, as SQL over claims; NULL: none known.

    What the claim logs itself, or else the largest chance of the samples that hold it. Where the
    signal has no sample it is the bare column, and costs what that costs. Needs ``$signal``.
    """
    return _propensity("") if _sampled(cursor, signal) else "label_propensity"


def _sampled(cursor: duckdb.DuckDBPyConnection, signal: str) -> bool:
    asked = "SELECT 1 FROM audit_claims WHERE signal = $signal LIMIT 1"
    return bool(cursor.execute(asked, {"signal": signal}).fetchall())


def _propensity(which: str) -> str:
    # The names inside are none of those of claims, so event_id is the claim's, whatever the table
    # it is read from is called.
    return f"""
        coalesce(label_propensity, (
            SELECT max(drawn_with) FROM (
                SELECT event_id AS drawn_event, propensity AS drawn_with FROM audit_claims
                WHERE signal = $signal {which})
            WHERE drawn_event = event_id))
    """.strip()
