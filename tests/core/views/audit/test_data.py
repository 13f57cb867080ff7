"""The Data view: what came in, what was refused, how much is labelled and how late."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from core.ingest.import_file import import_file
from core.ledger.connection import Ledger
from core.views.audit.data import IntakeView, intake_view, quarantined_rows
from sample_data.generate import LOGPROB, SELF_REPORT

HEADER = "event_id,ts,signal,confidence,outcome,outcome_ts\n"
NOW = datetime(2026, 11, 23, 12)


def view_of(ledger: Ledger, tmp_path: Path, *files: str, signal: str | None = "s") -> IntakeView:
    for i, text in enumerate(files):
        file = tmp_path / f"file-{i}.csv"
        file.write_text(text)
        import_file(ledger, file, now=NOW)
    return intake_view(ledger.cursor(), signal)


def test_imports_stand_newest_first_with_their_counts(
    sample: duckdb.DuckDBPyConnection,
) -> None:
    view = intake_view(sample, SELF_REPORT)
    assert list(view.imports["source"]) == [
        "hand_typed.csv",
        "grounding_claims.jsonl",
        "merge_handoffs.parquet",
        "pilot_claims.parquet",
        "desk_claims.parquet",
        "refund_claims.parquet",
        "triage_outcomes.csv.gz",
        "triage_claims.parquet",
    ]
    total = view.imports["n_new"].sum()
    assert view.headline == (
        f"8 imports brought {total:,} new records; the newest, hand_typed.csv, came on "
        f"2026-11-23 12:00 UTC."
    )


def test_refused_rows_are_listed_by_reason_and_counted_in_words(
    sample: duckdb.DuckDBPyConnection,
) -> None:
    view = intake_view(sample, SELF_REPORT)
    assert view.refused["n"].sum() == view.refused["n_open"].sum() == 6
    assert set(view.refused["file"]) == {"hand_typed.csv"}
    assert view.refusals == "6 refused rows wait to be corrected."
    rows = quarantined_rows(sample)
    assert list(rows.columns) == ["file", "row", "field", "value", "reason", "mend"]
    assert list(rows["row"]) == [2, 3, 4, 5, 6, 7]
    assert len(quarantined_rows(sample, limit=2)) == 2


def test_coverage_and_delay_are_those_of_the_signal(sample: duckdb.DuckDBPyConnection) -> None:
    view = intake_view(sample, LOGPROB)
    assert view.coverage["n_claims"].sum() == 8200
    labelled = view.coverage["n"].sum()
    assert view.delays["n"].sum() == labelled
    assert view.labels == (
        f"{labelled:,} of 8,200 stated claims are labelled (>99%). Half of the outcomes were known "
        f"within 30 hours, 95% within 30 hours (n {labelled:,})."
    )
    everything = intake_view(sample, None)
    assert everything.coverage["n_claims"].sum() > 8200


def test_weeks_without_a_claim_are_listed_as_empty(ledger: Ledger, tmp_path: Path) -> None:
    text = HEADER + "a,2026-12-21,s,0.8,1,\nb,2027-01-12,s,0.8,,\n"
    weeks = view_of(ledger, tmp_path, text).coverage
    assert list(weeks["week"]) == ["2026-W52", "2026-W53", "2027-W01", "2027-W02"]
    assert list(weeks["n_claims"]) == [1, 0, 0, 1]
    assert weeks["coverage"].isna().tolist() == [False, True, True, False]


def test_outcomes_without_their_claim_are_mentioned(ledger: Ledger, tmp_path: Path) -> None:
    claims = HEADER + "a,2026-11-02,s,0.8,1,\n"
    view = view_of(ledger, tmp_path, claims, "event_id,outcome\nz1,1\nz2,0\n")
    assert view.refusals == (
        "No refused row is open. 2 outcomes wait for a claim that has not arrived."
    )
    view = view_of(ledger, tmp_path, HEADER + "z1,2026-11-02,s,0.8,,\n")
    assert view.refusals == (
        "No refused row is open. 1 outcome waits for a claim that has not arrived."
    )


def test_outcomes_without_a_time_are_left_out_of_the_delay_and_counted(
    ledger: Ledger, tmp_path: Path
) -> None:
    timed = "a,2026-11-02T00:00:00Z,s,0.8,1,2026-11-02T00:45:00Z\n"
    view = view_of(ledger, tmp_path, HEADER + timed + "b,2026-11-02,s,0.8,1,\n")
    assert "known within 45 minutes" in view.labels
    assert "(n 1). 1 more" in view.labels


def test_no_outcome_with_a_time_says_that_lateness_is_not_known(
    ledger: Ledger, tmp_path: Path
) -> None:
    view = view_of(ledger, tmp_path, HEADER + "a,2026-11-02,s,0.8,1,\n")
    assert view.labels.startswith("1 of 1 stated claim is labelled (100%). No outcome says when")


def test_no_outcome_at_all_says_nothing_of_lateness(ledger: Ledger, tmp_path: Path) -> None:
    view = view_of(ledger, tmp_path, HEADER + "a,2026-11-02,s,0.8,,\nb,2026-11-02,s,0.8,,\n")
    assert view.labels == "0 of 2 stated claims are labelled (0%)."


def test_outcomes_dated_before_their_claim_are_pointed_out(ledger: Ledger, tmp_path: Path) -> None:
    rows = "".join(f"e{i},2026-11-02,s,0.8,1,2026-11-0{1 if i < 3 else 5}\n" for i in range(9))
    assert "3 are dated before their claim." in view_of(ledger, tmp_path, HEADER + rows).labels


@pytest.mark.parametrize(
    ("outcome_ts", "words"),
    [
        ("2026-11-02T00:01:00Z", "1 minute,"),
        ("2026-11-02T00:59:50Z", "1 hour,"),
        ("2026-11-03T06:00:00Z", "30 hours,"),
        ("2026-11-08T06:00:00Z", "6 days,"),
    ],
)
def test_a_delay_is_said_in_the_unit_people_would_use(
    outcome_ts: str, words: str, ledger: Ledger, tmp_path: Path
) -> None:
    text = HEADER + f"a,2026-11-02T00:00:00Z,s,0.8,1,{outcome_ts}\n"
    assert f"known within {words}" in view_of(ledger, tmp_path, text).labels


def test_nothing_imported_and_nothing_stated_are_said(ledger: Ledger, tmp_path: Path) -> None:
    view = intake_view(ledger.cursor(), None)
    assert view.headline == "Nothing has been imported yet."
    assert view.labels == "No claim states a confidence yet."
    assert view.coverage.empty
    unstated = view_of(ledger, tmp_path, HEADER + "a,2026-11-02,s,,1,\n")
    assert unstated.labels == "No claim states a confidence yet."
