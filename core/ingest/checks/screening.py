"""The first pass over a file: what it holds, which scales are in doubt, what is refused."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from core.ingest.file_mapping import PLAIN, FileMapping
from core.ingest.mapping.scales import notations_notice, suspect_scales
from core.ledger.sql import literal
from core.queries.base.truth import declared, truth_sql

#: Said of an outcome that is one letter where others are none of right and wrong.
_LETTERS = "one letter beside others that say neither right nor wrong: perhaps an answer"
_LETTERS_MEND = "say what the letters mean: --values outcome:c=1,i=0"


@dataclass(frozen=True)
class Screening:
    """What the first pass found.

    Attributes:
        n_read: records of the file.
        n_outcome_rows: outcome records among them.
        n_labelled: records with a valid outcome.
        n_no_truth: those whose outcome is no truth.
        answers: whether some record answers a quarantine entry.
        notices: what was assumed, with counts.
        scales: the scales that confidences seem to have where none was said, each as `FileMapping`
            has it.
    """

    n_read: int
    n_outcome_rows: int
    n_labelled: int
    n_no_truth: int
    answers: bool
    notices: tuple[str, ...]
    scales: tuple[float | str, ...] = ()


def screen(
    cursor: duckdb.DuckDBPyConnection, *, answers: bool, how: FileMapping = PLAIN
) -> Screening:
    """Scan ``incoming`` once, narrowly, and again only if something has to be refused.

    Leaves the temporary table ``refused`` (import_row, field, value, reason, mend, record,
    quarantine_id) and the view ``accepted``: the others.

    Args:
        answers: whether the file has a column quarantine_id.
        how: what was said of the file's confidences.
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
               count(*) FILTER (stated_number > 0 AND stated_number < 1) AS n_between,
               count(*) FILTER (unlike) AS n_unlike,
               count(*) FILTER (confidence_silent AND NOT is_outcome) AS n_silent,
               count(*) FILTER (outcome_silent AND NOT is_outcome) AS n_no_label,
               count(*) FILTER (letter AND outcome IS NOT NULL) AS n_letters,
               count(*) FILTER (letter AND outcome IS NULL) AS n_answers,
               count(*) FILTER (zoneless) AS n_zoneless,
               count(*) FILTER (date_only) AS n_date_only,
               count(*) FILTER (stray_outcome_ts) AS n_stray,
               count(*) FILTER (outcome_ts < ts AND NOT is_outcome) AS n_early
        FROM incoming GROUP BY signal
        """
    )
    row = cursor.execute(
        """
        SELECT coalesce(sum(n), 0)::BIGINT, coalesce(sum(n_problem), 0)::BIGINT,
               coalesce(sum(n_outcome_rows), 0)::BIGINT, coalesce(sum(n_labelled), 0)::BIGINT,
               coalesce(sum(n_zoneless), 0)::BIGINT, coalesce(sum(n_date_only), 0)::BIGINT,
               coalesce(sum(n_stray), 0)::BIGINT, coalesce(sum(n_early), 0)::BIGINT,
               coalesce(sum(n_no_truth), 0)::BIGINT, coalesce(sum(n_silent), 0)::BIGINT,
               coalesce(sum(n_no_label), 0)::BIGINT, coalesce(sum(n_unlike), 0)::BIGINT,
               coalesce(sum(n_letters), 0) > 0 AND coalesce(sum(n_answers), 0) > 0
        FROM counts
        """
    ).fetchone()
    assert row is not None
    n, n_problem, n_outcome_rows, n_labelled, n_zoneless, n_date_only, n_stray = row[:7]
    n_early, n_no_truth, n_silent, n_no_label, n_unlike, letters = row[7:]
    scales = suspect_scales(cursor, how)
    notices = tuple(
        text.format(n=count, records="record" if count == 1 else "records")
        for count, text in (
            (n_zoneless, "{n:,} {records} had times without a zone: taken as UTC."),
            (n_silent, "{n:,} {records} said n/a or the like for a confidence: kept as unstated."),
            (n_no_label, "{n:,} {records} said n/a or the like for an outcome: kept unlabelled."),
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
    if n_unlike:
        notices = (*notations_notice(cursor), *notices)
    if n_problem or scales or letters or _any_suspected(cursor):
        _refuse(cursor, letters=letters)
    else:
        _refuse_none(cursor)
    return Screening(n, n_outcome_rows, n_labelled, n_no_truth, answers, notices, scales)


def _any_suspected(cursor: duckdb.DuckDBPyConnection) -> bool:
    return cursor.execute("SELECT 1 FROM suspected LIMIT 1").fetchone() is not None


def _refuse_none(cursor: duckdb.DuckDBPyConnection) -> None:
    cursor.execute(
        """
        CREATE OR REPLACE TEMP TABLE refused (
            import_row BIGINT, field VARCHAR, value VARCHAR, reason VARCHAR, mend VARCHAR,
            record VARCHAR, quarantine_id BIGINT)
        """
    )
    cursor.execute("CREATE OR REPLACE TEMP VIEW accepted AS SELECT * FROM incoming")


def _refuse(cursor: duckdb.DuckDBPyConnection, *, letters: bool) -> None:
    doubted = """suspected.reason IS NOT NULL AND stated_number IS NOT NULL
                 AND stated_number BETWEEN suspected.low AND suspected.high"""
    scale = f"({doubted} AND (problem IS NULL OR field = 'confidence'))"
    letter = "(letter AND outcome IS NOT NULL AND problem IS NULL)" if letters else "false"
    cursor.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE refused AS
        SELECT import_row,
               CASE WHEN {scale} THEN 'confidence' WHEN {letter} THEN 'outcome' ELSE field END
                   AS field,
               CASE WHEN {scale} THEN shown_confidence WHEN {letter} THEN shown_outcome
                   ELSE value END AS value,
               CASE WHEN {scale} THEN suspected.reason WHEN {letter} THEN {literal(_LETTERS)}
                   ELSE incoming.reason END AS reason,
               CASE WHEN {scale} THEN suspected.mend WHEN {letter} THEN {literal(_LETTERS_MEND)}
                   ELSE incoming.mend END AS mend,
               record, quarantine_id
        FROM incoming LEFT JOIN suspected ON suspected.signal = incoming.signal
        WHERE problem IS NOT NULL OR ({doubted}) OR {letter}
        """
    )
    cursor.execute(
        """
        CREATE OR REPLACE TEMP VIEW accepted AS
        SELECT * FROM incoming ANTI JOIN refused USING (import_row)
        """
    )
