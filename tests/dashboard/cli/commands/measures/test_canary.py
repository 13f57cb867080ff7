"""`calledger canary`: the user's own command is asked, and what it came to is recorded."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from core.gate import registry_changes as registry
from core.governance.perform import Office
from core.governance.recorded_import import import_recorded
from core.ledger.connection import Ledger
from core.registry.yaml_reader import read
from dashboard.cli.main import main
from tests.worlds.governed.governed import REGISTRY

#: Answers by the id; what goes wrong with some, and a secret that must not be seen.
MODEL = """
import json, sys, time
row = json.load(sys.stdin)
print("key=hunter2", file=sys.stderr)
n = int(row["input_id"][2:])
if n == 0:
    time.sleep(60)
if n == 1:
    sys.exit(3)
if n == 2:
    print("hunter2 is no JSON")
elif n == 3:
    print(json.dumps({"confidence": 85}))
else:
    print(json.dumps({"confidence": 0.9, "answer": row["text"].upper()}))
"""


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    path = tmp_path / "my.duckdb"
    (tmp_path / "claims.csv").write_text(
        "event_id,ts,signal,confidence,model_version,prompt_version\n"
        "c1,2026-11-02T09:00:00Z,triage,0.9,m1,p1\n"
    )
    (tmp_path / "model.py").write_text(MODEL)
    rows = ({"input_id": f"q-{n}", "text": f"case {n}"} for n in range(50))
    (tmp_path / "inputs.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    with Ledger.open(path, create=True) as opened:
        office = Office.of(opened)
        registry.apply(office, read(REGISTRY), "user:desk/admin")
        import_recorded(office, tmp_path / "claims.csv")
    return path


def run(ledger: Path, command: str, *more: str) -> Result:
    words = [*command.split(), *more, "--ledger", str(ledger)]
    return CliRunner().invoke(main, ["canary", *words])


def kept(ledger: Path) -> str:
    inputs = str(ledger.parent / "inputs.jsonl")
    found = run(ledger, "keep", inputs, "--signal", "triage", "--as", "user:desk/ann")
    assert found.exit_code == 0, found.output
    return inputs


def test_a_round_is_asked_and_what_went_wrong_is_named_without_what_was_printed(
    ledger: Path,
) -> None:
    inputs = kept(ledger)
    command = f"{sys.executable} {ledger.parent / 'model.py'}"
    found = run(
        ledger, "ask", inputs, "--signal", "triage", "--command", command, "--timeout", "8",
        "--at-once", "8",
    )  # fmt: skip
    assert found.exit_code == 0, found.output
    assert "46 inputs answered" in found.output
    for why in (
        "1 without an answer: no answer within 8 seconds",
        "1 without an answer: the command ended with 3",
        "1 without an answer: the answer is not JSON",
        "1 without an answer: a confidence that is no number in [0, 1]",
    ):
        assert why in found.output
    assert "hunter2" not in found.output
    assert b"hunter2" not in ledger.read_bytes()
    listed = json.loads(run(ledger, "list", "--format", "json").output)
    (one,) = listed["canaries"]
    assert (one["n_rounds"], one["n_failed"], one["state"]) == (1, 4, "reference")


def test_a_command_that_is_not_there_records_nothing(ledger: Path) -> None:
    inputs = kept(ledger)
    found = run(ledger, "ask", inputs, "--signal", "triage", "--command", "no-such-program")
    assert (found.exit_code, "no-such-program cannot be run" in found.output) == (2, True)
    assert "not asked yet" in run(ledger, "list").output


def test_a_round_asked_elsewhere_is_recorded_once_and_a_bad_row_records_nothing(
    ledger: Path,
) -> None:
    kept(ledger)
    results = ledger.parent / "results.csv"
    rows = "".join(f"q-{n},0.9\n" for n in range(50))
    results.write_text(f"input_id,confidence\n{rows}q-7,2\n")
    words = ["record", str(results), "--signal", "triage", "--asked", "2026-11-28T09:00:00Z"]
    refused = run(ledger, *words)
    assert refused.exit_code == 2
    assert "Row 51, confidence '2': is no number in [0, 1]" in refused.output
    results.write_text(f"input_id,confidence\n{rows}")
    assert "The round 2026-11-28 is recorded: 50 inputs" in run(ledger, *words).output
    assert "recorded already; nothing was changed" in run(ledger, *words).output
