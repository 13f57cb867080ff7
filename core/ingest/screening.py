"""The first pass over a file: what it holds, which scales are in doubt, what is refused."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from core.queries.base.truth import declared, truth_sql

#: From this share of confidences in (1, 100] on, a signal's are taken for percentages.
SUSPECT_SHARE = 0.2


@dataclass(frozen=True)
class Screening:
    """What the first pass found.

    Attributes:
        n_read: records of the file.
        n_outcome_rows: outcome records among them.
        n_labelled: records with a valid outcome.
        answers: whether some record answers a quarantine entry.
        notices: what was assumed, with counts.
    """

    n_read: int
    n_outcome_rows: int
    n_labelled: int
    answers: bool
    notices: tuple[str, ...]


def screen(cursor: duckdb.DuckDBPyConnection, *, answers: bool) -> Screening:
    """Scan ``incoming`` once, narrowly, and again only if something has to be refused.

    Leaves the temporary table ``refused`` (import_row, field, value, reason, mend, record,
    quarantine_id) and the view ``accepted``: the others.

    Args:
        answers: whether the file has a column quarantine_id.
    """
    truth = truth_sql(declared(cursor), "signal", "outcome_source")
    cursor.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE counts AS
        SELECT signal, count(*) AS n, count(problem) AS n_problem,
               count(*) FILTER (is_outcome) AS n_outcome_rows,
               count(outcome) AS n_labelled,
               count(outcome) FILTER (NOT ({truth})) AS n_no_truth,
               count(stated_number) AS n_stated,
               count(*) FILTER (stated_number > 1 AND stated_number <= 100) AS n_over_one,
               count(*) FILTER (zoneless) AS n_zoneless,
               count(*) FILTER (date_only) AS n_date_only,
               count(*) FILTER (stray_outcome_ts) AS n_stray,
               count(*) FILTER (outcome_ts < ts AND NOT is_outcome) AS n_early
        FROM incoming GROUP BY signal
        """
    )
    cursor.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE suspected AS
        SELECT signal, n_over_one / n_stated AS share FROM counts
        WHERE signal IS NOT NULL AND n_over_one > 0 AND n_over_one >= {SUSPECT_SHARE} * n_stated
        """
    )
    row = cursor.execute(
        """
        SELECT coalesce(sum(n), 0)::BIGINT, coalesce(sum(n_problem), 0)::BIGINT,
               coalesce(sum(n_outcome_rows), 0)::BIGINT, coalesce(sum(n_labelled), 0)::BIGINT,
               coalesce(sum(n_zoneless), 0)::BIGINT, coalesce(sum(n_date_only), 0)::BIGINT,
               coalesce(sum(n_stray), 0)::BIGINT, coalesce(sum(n_early), 0)::BIGINT,
               coalesce(sum(n_no_truth), 0)::BIGINT,
               (SELECT count(*) FROM suspected)
        FROM counts
        """
    ).fetchone()
    assert row is not None
    n, n_problem, n_outcome_rows, n_labelled, n_zoneless, n_date_only, n_stray = row[:7]
    n_early, n_no_truth, n_suspected = row[7:]
    notices = tuple(
        text.format(n=count, records="record" if count == 1 else "records")
        for count, text in (
            (n_zoneless, "{n:,} {records} had times without a zone: taken as UTC."),
            (n_date_only, "{n:,} {records} had dates without a time: taken as midnight UTC."),
            (n_stray, "{n:,} {records} had an outcome_ts without an outcome: left out."),
            (
                n_early,
                "{n:,} {records} had an outcome_ts before ts: kept, but left out of delay figures.",
            ),
            (
                n_no_truth,
                "{n:,} {records} had an outcome from a source that is not ground truth, such as "
                "an LLM judge: kept beside the truth, never counted as it.",
            ),
        )
        if count
    )
    if n_problem or n_suspected:
        _refuse(cursor)
    else:
        _refuse_none(cursor)
    return Screening(n, n_outcome_rows, n_labelled, answers, notices)


def _refuse_none(cursor: duckdb.DuckDBPyConnection) -> None:
    cursor.execute(
        """
        CREATE OR REPLACE TEMP TABLE refused (
            import_row BIGINT, field VARCHAR, value VARCHAR, reason VARCHAR, mend VARCHAR,
            record VARCHAR, quarantine_id BIGINT)
        """
    )
    cursor.execute("CREATE OR REPLACE TEMP VIEW accepted AS SELECT * FROM incoming")


def _refuse(cursor: duckdb.DuckDBPyConnection) -> None:
    # A 1 on a 0–100 scale means 1 %: where the scale is in doubt, every stated row is.
    scale = """suspected.share IS NOT NULL AND stated_number IS NOT NULL
               AND (problem IS NULL OR field = 'confidence')"""
    cursor.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE refused AS
        SELECT import_row,
               CASE WHEN {scale} THEN 'confidence' ELSE field END AS field,
               CASE WHEN {scale} THEN shown_confidence ELSE value END AS value,
               CASE WHEN {scale} THEN
                   CASE WHEN share < 0.995 THEN floor(share * 100 + 0.5)::INTEGER ELSE 100 END
                   || ' % of this file''s stated confidences for ' || left(incoming.signal, 80)
                   || ' are above 1: a 0–100 scale is suspected'
                   ELSE reason END AS reason,
               CASE WHEN {scale} THEN 'divide by 100' ELSE mend END AS mend,
               record, quarantine_id
        FROM incoming LEFT JOIN suspected ON suspected.signal = incoming.signal
        WHERE problem IS NOT NULL OR (suspected.share IS NOT NULL AND stated_number IS NOT NULL)
        """
    )
    cursor.execute(
        """
        CREATE OR REPLACE TEMP VIEW accepted AS
        SELECT * FROM incoming ANTI JOIN refused USING (import_row)
        """
    )
