"""`calledger threshold`: a cut, none, or a refusal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from core.gate import registry_changes as registry
from core.governance.perform import Office
from core.ingest.import_file import import_file
from core.ledger.connection import Ledger
from core.registry.yaml_reader import read
from dashboard.cli.main import main
from tests.worlds.claims.two_splits import two_splits
from tests.worlds.governed.entries import REPLY

SELF_REPORT = "knowledge-answer.self-report"


def threshold(ledger: Path, *words: str, signal: str = SELF_REPORT) -> Result:
    return CliRunner().invoke(
        main, ["threshold", "--ledger", str(ledger), "--signal", signal, *words]
    )


def test_a_leak_is_refused_with_its_rows(told_copy: Path) -> None:
    found = threshold(told_copy, "--risk", "0.05")
    assert found.exit_code == 2
    assert "300 heldout claims" in found.stderr
    assert "--without-overlap" in found.stderr
    assert "event answer-000902 has input question-000001" in found.stderr


def test_a_cut_that_heldout_claims_contradict_is_none(told_copy: Path) -> None:
    found = threshold(told_copy, "--risk", "0.05", "--without-overlap")
    assert found.exit_code == 1
    assert "Held-out claims contradict it: 28 of 211 wrong" in found.stdout
    assert "there is no change to write" in found.stdout


def test_what_contradicts_a_cut_is_said_first(told_copy: Path) -> None:
    found = threshold(told_copy, "--risk", "0.1", "--without-overlap")
    assert found.exit_code == 1
    first, then = found.stdout.split("At 0.85 and above", 1)
    assert first.startswith("Recent production contradicts the threshold 0.85: ")
    assert "it keeps at most 10% wrong only on what it was chosen on." in first
    assert "Recent production says otherwise" in then
    broken = threshold(told_copy, "--risk", "0.05", "--without-overlap")
    assert broken.stdout.startswith("Held-out claims contradict the threshold ")


def test_json_says_that_a_contradicted_cut_does_not_stand(told_copy: Path) -> None:
    found = threshold(told_copy, "--risk", "0.1", "--without-overlap", "--format", "json")
    answer = json.loads(found.stdout)
    assert (found.exit_code, answer["holds"], answer["stands"]) == (1, True, False)
    assert answer["headline"].startswith("Recent production contradicts the threshold 0.85")


def test_cuts_by_segment_say_first_how_many_are_contradicted(told_copy: Path) -> None:
    found = threshold(told_copy, "--risk", "0.1", "--without-overlap", "--by", "language")
    assert found.exit_code == 1
    assert found.stdout.startswith("1 threshold is contradicted by other claims; 2 of 5 segments ")


@pytest.mark.usefixtures("on_the_day_told")
def test_a_cut_is_printed_with_both_samples_and_its_change(told_copy: Path) -> None:
    found = threshold(told_copy, "--risk", "0.1", "--without-overlap")
    assert "At 0.85 and above at most 10% are wrong, with 90% confidence" in found.stdout
    assert "9 of 300 wrong" in found.stdout
    assert "28 of 211 wrong" in found.stdout
    assert '- {below: "0.85", action: review}' in found.stdout
    assert "review → automate" in found.stdout


def test_json_has_the_path_and_the_samples(told_copy: Path) -> None:
    found = threshold(
        told_copy, "--risk", "0.1", "--without-overlap", "--by", "language", "--format", "json"
    )
    answer = json.loads(found.stdout)
    assert answer["by"] == "language"
    assert answer["overlap_left_out"] == 300
    assert {one["segment"] for one in answer["cuts"]} >= {"language=de", "language=hi"}
    assert answer["cuts"][0]["path"][0]["p"] < 0.02


def test_without_a_tuning_split_it_says_what_to_log(told_copy: Path) -> None:
    found = threshold(told_copy, "--risk", "0.05", signal="duplicate-merge.self-report")
    assert found.exit_code == 2
    assert "split=tuning" in found.stderr


def test_an_unknown_signal_and_a_risk_of_zero_are_refused(told_copy: Path) -> None:
    assert "There is no signal" in threshold(told_copy, "--risk", "0.1", signal="nope").stderr
    assert threshold(told_copy, "--risk", "0").exit_code == 2


def test_an_unregistered_signal_gets_a_cut_and_no_change(tmp_path: Path) -> None:
    path = tmp_path / "ledger.duckdb"
    with Ledger.open(path, create=True) as ledger:
        import_file(ledger, two_splits(tmp_path, "s", 200))
    found = threshold(path, "--risk", "0.05", signal="s")
    assert found.exit_code == 0
    assert "At 0.90 and above" in found.stdout
    assert "s is not registered" in found.stdout


def test_a_run_is_recorded_for_every_look_and_its_answer_says_where_the_cut_in_force_is_from(
    tmp_path: Path,
) -> None:
    ledger, file = tmp_path / "l.duckdb", tmp_path / "claims.csv"
    lines = ["event_id,ts,signal,confidence,input_id,split,outcome,outcome_ts"]
    lines += [f"e{i},2026-11-02,s,0.9,i{i},tuning,1,2026-11-03" for i in range(200)]
    file.write_text("\n".join(lines))
    with Ledger.open(ledger, create=True) as opened:
        import_file(opened, file)
        registry.apply(Office.of(opened), read(REPLY), "user:t/adam")
    words = ("--risk", "0.05", "--record", "--as", "user:t/ann")
    found = threshold(ledger, *words, signal="s")
    assert found.exit_code == 0, found.output
    assert "look 1. The registry entry names it by cutsFrom: " in found.stdout
    assert "In force: The threshold 0.90 chosen by hand." in found.stdout
    again = threshold(ledger, *words, "--format", "json", signal="s")
    answer = json.loads(again.stdout)
    assert (answer["holds_for"], answer["run"]["look"]) == ("every look", 1)
    assert answer["in_force"]["chosen"] == "by hand"
    assert answer["run"]["sha256"] in answer["change"]["entry"]
