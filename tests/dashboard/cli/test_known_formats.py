"""`calledger import` of files that other tools write."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from core.ledger.connection import Ledger
from dashboard.cli.main import main
from tests.core.intake.formats.test_reading import LANGFUSE, OTEL, written


def run(*words: object) -> Result:
    return CliRunner().invoke(main, ["import", *(str(word) for word in words)])


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return tmp_path / "l.duckdb"


def test_it_asks_for_what_is_missing_and_the_command_that_it_names_reads_the_file(
    tmp_path: Path, ledger: Path
) -> None:
    path = written(tmp_path, "scores.csv", LANGFUSE)
    asked = run(path, "--ledger", ledger)
    assert asked.exit_code == 2
    assert "scores.csv is Langfuse's list of scores." in asked.output
    assert not ledger.exists()
    words = ("--confidence", "sure", "--signal", "s", "--outcome", "correctness")
    done = run(path, "--format", "langfuse", *words, "--ledger", ledger)
    assert done.exit_code == 0, done.output
    assert "Read as Langfuse's list of scores: correctness, sure." in done.output
    with Ledger.open(ledger, read_only=True) as opened:
        found = opened.cursor().execute("SELECT event_id, confidence_raw, outcome FROM claims")
        assert found.fetchall() == [("t1", 0.9, 1)]


def test_what_is_said_of_scores_is_kept_by_name_and_used_again(
    tmp_path: Path, ledger: Path
) -> None:
    words = ("--confidence", "sure", "--signal", "s", "--outcome", "correctness")
    run(
        written(tmp_path, "first.csv", LANGFUSE[:1] + LANGFUSE[2:3]),
        *("--format", "langfuse", *words, "--save-as", "desk", "--ledger", ledger),
    )
    later = [{**one, "traceId": "t9"} for one in (LANGFUSE[0], LANGFUSE[2])]
    again = run(written(tmp_path, "later.csv", later), "--using", "desk", "--ledger", ledger)
    assert again.exit_code == 0, again.output
    with Ledger.open(ledger, read_only=True) as opened:
        found = opened.cursor().execute("SELECT event_id, outcome FROM claims ORDER BY event_id")
        assert found.fetchall() == [("t1", 1), ("t9", 1)]


def test_the_result_as_json_has_a_line_for_claims_and_one_for_outcomes(
    tmp_path: Path, ledger: Path
) -> None:
    path = written(tmp_path, "scores.csv", LANGFUSE)
    words = ("--confidence", "sure", "--signal", "s", "--outcome", "correctness")
    done = run(path, *words, "--ledger", ledger, "--format", "json")
    found = json.loads(done.stdout)
    assert [one["source"] for one in found] == ["scores.claims.jsonl", "scores.outcomes.jsonl"]


def test_names_that_are_mapped_beside_the_ledger_need_not_be_said(
    tmp_path: Path, ledger: Path
) -> None:
    path = written(tmp_path, "evals.jsonl", OTEL)
    Path(f"{ledger}.otlp.yaml").write_text("names: {sure: {confidence: s}}")
    done = run(path, "--ledger", ledger)
    assert done.exit_code == 0, done.output
    assert "Scores of other names were left out: right (1)." in done.output


def test_a_file_whose_columns_were_named_is_read_by_these_names(
    tmp_path: Path, ledger: Path
) -> None:
    path = written(tmp_path, "scores.csv", LANGFUSE[:1])
    words = ("--map", "traceId=event_id", "--map", "value=confidence", "--map", "timestamp=ts")
    done = run(path, *words, "--signal", "s", "--ledger", ledger)
    assert done.exit_code == 0, done.output
    refused = run(path, *words, "--format", "langfuse", "--ledger", ledger)
    assert refused.exit_code == 2
    assert "leave out --map" in refused.output


def test_what_only_scores_have_is_refused_for_other_files(tmp_path: Path, ledger: Path) -> None:
    (tmp_path / "a.csv").write_text("event_id,ts,signal,confidence\ne,2026-10-05,s,0.9\n")
    done = run(tmp_path / "a.csv", "--confidence", "x", "--ledger", ledger)
    assert done.exit_code == 2
    assert "is of no format that is found out" in done.output


def test_two_formats_of_one_file_are_refused(tmp_path: Path, ledger: Path) -> None:
    path = written(tmp_path, "scores.csv", LANGFUSE)
    done = run(path, "--format", "opik", "--format", "langfuse", "--ledger", ledger)
    assert "A file is of one format" in done.output


def test_a_dry_run_says_what_would_come_in_and_writes_nothing(tmp_path: Path, ledger: Path) -> None:
    path = written(tmp_path, "scores.csv", LANGFUSE)
    words = ("--confidence", "sure", "--signal", "s", "--outcome", "correctness", "--dry-run")
    done = run(path, *words, "--ledger", ledger)
    assert done.exit_code == 0, done.output
    assert "scores.claims.jsonl: a dry run. Nothing is written." in done.output
    assert "1 of 1 record (100%) would come in" in done.output
    assert not ledger.exists()
