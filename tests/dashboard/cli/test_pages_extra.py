"""An install without the extra ``pages`` does all but the dashboard, its server and reports."""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from dashboard.cli.main import COMMANDS
from dashboard.cli.pages_extra import MODULES
from tests.worlds.paths import ROOT

#: Runs a command where none of the modules that are named first can be found.
WITHOUT = """
import sys
from importlib.abc import MetaPathFinder

class Absent(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in sys.argv[1].split(","):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
from dashboard.cli.main import main
main(sys.argv[2:])
"""
NEED_PAGES = {"demo", "report", "serve"}


def without(modules: frozenset[str], *words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", WITHOUT, ",".join(modules), *map(str, words)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )


@pytest.mark.parametrize("command", sorted(NEED_PAGES))
def test_what_needs_the_pages_says_in_one_line_what_to_install(command: str) -> None:
    found = without(MODULES, command, "--help")
    assert found.returncode == 2
    assert found.stdout == ""
    assert len(found.stderr.splitlines()) == 1
    assert "pip install 'calibration-ledger[pages]'" in found.stderr


def test_every_other_command_is_there() -> None:
    modules = {f"dashboard.cli.commands.{COMMANDS[name][0].partition(':')[0]}"
               for name in COMMANDS.keys() - NEED_PAGES}  # fmt: skip
    code = WITHOUT.replace("main(sys.argv[2:])", "for name in sys.argv[2:]: __import__(name)")
    found = subprocess.run(
        [sys.executable, "-c", code, ",".join(MODULES), *modules],
        capture_output=True, text=True, cwd=ROOT, check=False,
    )  # fmt: skip
    assert found.returncode == 0, found.stderr


def test_a_signal_is_measured_checked_and_decided_on_without_the_pages(tmp_path: Path) -> None:
    claims = tmp_path / "claims.csv"
    claims.write_text("event_id,ts,signal,confidence,outcome\na,2026-11-02T09:00:00Z,s,0.8,1\n")
    ledger = tmp_path / "l.duckdb"
    for words in (
        ("import", claims),
        ("measure", "--signal", "s"),
        ("quarantine", "list"),
        ("doctor",),
        ("decide", "--signal", "s", "--confidence", "0.9"),
        ("trail", "verify"),
    ):
        place = (ledger,) if words == ("doctor",) else ("--ledger", ledger)
        found = without(MODULES, *words, *place)
        assert found.returncode == 0, (words, found.stderr)


def test_another_module_that_is_missing_is_not_taken_for_the_pages() -> None:
    found = without(frozenset({"duckdb"}), "measure", "--help")
    assert "No module named 'duckdb'" in found.stderr
    assert "[pages]" not in found.stderr


def test_the_modules_are_those_of_the_extra() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extra = {re.split(r"[<>=]", one)[0] for one in project["optional-dependencies"]["pages"]}
    come_with = importlib.metadata.packages_distributions()
    found = {one.lower().replace("_", "-") for name in MODULES for one in come_with[name]}
    assert found == extra
    assert "calibration-ledger[pages]" in project["optional-dependencies"]["test"]
