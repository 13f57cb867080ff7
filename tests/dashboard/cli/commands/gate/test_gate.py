"""`calledger gate unasked`: what acted and never asked, as a table, JSON and CSV."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from core.gate.decision_log import DecisionLog
from core.gate.gate import Gate
from core.gate.questions import Question
from core.ingest.import_file import import_file
from core.ledger.connection import Ledger
from dashboard.cli.main import main
from tests.worlds.governed.governed import Clock, Governed

#: A day after the registry was written, and long before today.
DAY = datetime(2025, 11, 4, 12)
HEAD = "event_id,ts,signal,confidence,outcome,model_version,prompt_version,action"


def unasked(ledger: Path, *words: str) -> Result:
    days = ("--since", "2025-11-01", "--until", "2025-11-10")
    return CliRunner().invoke(main, ["gate", "unasked", "--ledger", str(ledger), *days, *words])


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger with four claims that acted and one that was reviewed, of which two asked."""
    folder = tmp_path_factory.mktemp("unasked")
    rows = [
        f"=e{i},{DAY + timedelta(hours=i):%Y-%m-%dT%H:%M:%SZ},triage,0.95,{i % 2},m1,p1,"
        f"{'review' if i == 4 else 'automate'}"
        for i in range(5)
    ]
    (folder / "claims.csv").write_text("\n".join([HEAD, *rows]))
    found = folder / "ledger.duckdb"
    clock = Clock()
    clock.now = DAY - timedelta(days=2)
    with Ledger.open(found, create=True) as ledger:
        governed = Governed(ledger, clock)
        governed.apply()
        import_file(ledger, folder / "claims.csv")
        gate = Gate(governed.office)
        made = {"signal": "triage", "confidence": 0.95, "model_version": "m1"}
        asked = [
            Question.of({**made, "prompt_version": "p1", "event_id": f"=e{i}"}) for i in (0, 1)
        ]
        DecisionLog(governed.office).write([gate.decide(one) for one in asked])
    return found


def test_what_did_not_ask_is_told_by_version_and_day_and_fails(path: Path) -> None:
    found = unasked(path)
    assert found.exit_code == 1, found.output
    first, heads, row = found.stdout.splitlines()
    assert first == (
        "triage: 2 of 4 claims that acted by themselves never asked the gate (50.0%). 2 of them "
        "have an outcome; 1 is wrong. 1 more did not ask and was reviewed or escalated."
    )
    assert heads.split() == ["day", "version", "not", "asked", "acted", "outcome", "known", "wrong"]
    assert row.split() == ["2025-11-04", "m1", "·", "p1", "2", "4", "2", "1"]


def test_the_json_holds_counts_by_version_and_day_and_the_claims(path: Path) -> None:
    found = json.loads(unasked(path, "--signal", "triage", "--format", "json").stdout)
    (one,) = found["signals"]
    told = {name: value for name, value in one.items() if isinstance(value, int)}
    assert told == {
        "automated": 4,
        "not_asked": 2,
        "outcome_known": 2,
        "wrong": 1,
        "asked_another_confidence_or_version": 0,
        "asked_afterwards": 0,
        "asked_without_all_of_the_version": 0,
        "reviewed_or_escalated_not_asked": 1,
        "no_action_logged_not_asked": 0,
        "answers": 2,
        "answers_that_name_no_claim": 0,
    }
    assert [(each["model_version"], each["not_asked"]) for each in one["versions"]] == [("m1", 2)]
    assert [(each["day"], each["not_asked"]) for each in one["days"]] == [("2025-11-04", 2)]
    assert [each["event_id"] for each in found["claims"]] == ["=e3", "=e2"]
    assert found["claims"][0]["ts"] == "2025-11-04T15:00:00.000000Z"
    assert "input_id" not in found["claims"][0]


def test_the_csv_runs_no_formula_and_can_hold_what_people_saw(path: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(unasked(path, "--all", "--format", "csv").stdout)))
    assert [(row["event_id"], row["done"], row["outcome"]) for row in rows] == [
        ("'=e4", "reviewed", "wrong"),
        ("'=e3", "automated", "right"),
        ("'=e2", "automated", "wrong"),
    ]


def test_where_everything_that_acted_asked_it_passes(path: Path) -> None:
    found = unasked(path, "--until", "2025-11-03")
    assert (found.exit_code, found.stdout) == (
        0,
        "triage: No claim acted by itself in these days.\n",
    )


def test_a_signal_that_is_not_registered_is_refused(path: Path) -> None:
    found = unasked(path, "--signal", "other")
    assert found.exit_code == 2
    assert "other is not registered" in str(found.exception) + found.output
