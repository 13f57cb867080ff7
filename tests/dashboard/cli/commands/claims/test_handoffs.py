"""`calledger handoffs`: where cases went to people, as a table and as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from dashboard.cli.main import main
from tests.worlds.claims.handed import handed_ledger

pytestmark = pytest.mark.usefixtures("on_the_day_told")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return handed_ledger(tmp_path_factory.mktemp("handed"))


def handoffs(path: Path, *words: str, signal: str = "triage") -> str:
    asked = ["handoffs", "--ledger", str(path), "--signal", signal, *words]
    found = CliRunner().invoke(main, asked, catch_exceptions=False)
    assert found.exit_code == 0, found.output
    return found.stdout


def test_it_prints_queues_and_how_they_and_their_reviewers_decide(path: Path) -> None:
    told = handoffs(path, "--since", "2026-10-01", "--until", "2026-10-31")
    first, heads, *lines = told.splitlines()
    assert first == (
        "triage, 2026-10-01 to 2026-10-31. r-2 lets wrong answers pass. 2 cases wait for a person, "
        "all overdue."
    )
    assert heads.split()[:2] == ["queue", "handed"]
    assert lines[0].split() == ["desk", "180", "2.0", "h", "6", "min", "2", "2"]
    (stamp,) = [one for one in lines if "r-2" in one]
    assert stamp.split()[:3] == ["desk", "r-2", "100"]
    assert stamp.endswith("rubber stamp")
    assert "r-3" not in told


def test_the_json_has_counts_rates_and_bounds(path: Path) -> None:
    found = json.loads(handoffs(path, "--format", "json"))
    assert found["minimum"] == 20
    assert (found["overdue"], [one["event_id"] for one in found["overdue_first"]]) == (
        *(2, ["late", "taken"]),
    )
    stamp = next(one for one in found["reviewers"] if one["reviewer"] == "r-2")
    assert stamp["rubber_stamp"]
    rate = stamp["accepted_wrong"]
    assert (rate["n"], rate["s"]) == (50, 50)
    assert 0.8 < rate["low"] < rate["rate"] < rate["high"] <= 1


def test_a_signal_without_any_says_how_to_log_them(path: Path) -> None:
    assert "calledger import handoffs.csv" in handoffs(path, signal="other")
