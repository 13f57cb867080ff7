"""`calledger check`: what is open is printed and recorded, and the exit code says how bad it is."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from core.ingest.import_file import import_file
from core.ledger.connection import Ledger
from dashboard.cli.main import main
from tests.worlds.paths import ROOT

HOLD = """
import sys
from core.ledger.connection import Ledger
with Ledger.open(sys.argv[1]):
    print("open", flush=True)
    sys.stdin.read()
"""


def check(ledger: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["check", "--ledger", str(ledger), *words])


@pytest.fixture(scope="module")
def checked(told_path: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """The told sample after a first check, and what that check said."""
    folder = tmp_path_factory.mktemp("checked")
    for file in told_path.parent.glob("told.duckdb*"):
        shutil.copy(file, folder / file.name)
    path = folder / told_path.name
    return path, check(path)


def test_open_critical_findings_fail_with_owner_date_and_what_to_do(
    checked: tuple[Path, Result],
) -> None:
    _, found = checked
    assert found.exit_code == 1, found.output
    assert "Critical  No owner" in found.stdout
    assert "Paul Ito, due 20" in found.stdout
    assert "of them critical." in found.stdout.splitlines()[-1]


def test_a_second_check_records_nothing_but_that_it_was_made(
    checked: tuple[Path, Result],
) -> None:
    path, _ = checked
    assert "1 entry added to the trail." in check(path).stderr


@pytest.mark.parametrize(("fail_on", "code"), [("critical", 0), ("warning", 1)])
def test_warnings_fail_only_where_that_is_asked(tmp_path: Path, fail_on: str, code: int) -> None:
    file, path = tmp_path / "claims.csv", tmp_path / "ledger.duckdb"
    day = datetime.now(UTC) - timedelta(days=2)
    rows = [f"e{i},{day:%Y-%m-%dT%H:%M:%SZ},s,0.8,{int(i % 5 > 0)}" for i in range(100)]
    file.write_text("\n".join(["event_id,ts,signal,confidence,outcome", *rows]))
    with Ledger.open(path, create=True) as ledger:
        import_file(ledger, file)
    found = check(path, "--signal", "s", "--fail-on", fail_on, "--format", "json")
    assert found.exit_code == code, found.output
    (one,) = json.loads(found.stdout)
    assert (one["kind"], one["severity"]) == ("unregistered_signal", "warning")
    assert one["owner"] is None


def test_nothing_open_passes(tmp_path: Path) -> None:
    ledger = tmp_path / "empty.duckdb"
    Ledger.open(ledger, create=True).close()
    found = check(ledger, "--fail-on", "warning")
    assert (found.exit_code, found.stdout) == (0, "Nothing is open.\n")


def test_a_signal_or_a_ledger_that_is_not_there_is_unusable(
    told_copy: Path, tmp_path: Path
) -> None:
    unknown = check(told_copy, "--signal", "nope")
    assert unknown.exit_code == 2
    assert "There is no signal 'nope'" in unknown.stderr.replace("\n", " ")
    assert check(tmp_path / "no.duckdb").exit_code == 2


def test_a_ledger_that_is_held_names_who_holds_it(told_copy: Path) -> None:
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", HOLD, str(told_copy)]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, cwd=ROOT) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"open\n"
        found = check(told_copy)
        holder.communicate()
    assert found.exit_code == 2
    assert f"process {holder.pid}" in found.stderr.replace("\n", " ")
