"""`calledger derive agreement`: what it prints, and that its last words work."""

from __future__ import annotations

import shlex
from pathlib import Path

from click.testing import CliRunner, Result

from dashboard.cli.main import main

SAMPLES = (
    "input_id,answer,ts\n"
    "q1,Paris,2026-11-02T09:00:00Z\nq1,paris,\nq1,Lyon,\n"
    "q2,4,2026-11-02T10:00:00Z\nq2,4,\n"
    "q3,alone,2026-11-02T11:00:00Z\n"
)


def run(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def test_it_says_what_came_of_it_and_the_command_it_names_imports_the_claims(
    tmp_path: Path,
) -> None:
    samples, out = tmp_path / "samples.csv", tmp_path / "claims.csv"
    samples.write_text(SAMPLES)
    done = run("derive", "agreement", samples, "--out", out, "--signal", "capital.agreement")
    assert done.exit_code == 0, done.output
    said = " ".join(done.output.split())
    assert "2 claims written" in said
    assert "each of 2 to 3 answers" in said
    assert "q3: one answer agrees with itself only: sample it at least twice." in said
    words = shlex.split(said.split("Then: calledger ")[1].split(" LEDGER")[0])
    imported = run(*words, tmp_path / "l.duckdb")
    assert imported.exit_code == 0, imported.output


def test_a_file_of_which_nothing_can_be_made_is_an_error(tmp_path: Path) -> None:
    samples = tmp_path / "samples.csv"
    samples.write_text("input_id,answer,ts\nq1,a,2026-11-02\n")
    done = run("derive", "agreement", samples, "--out", tmp_path / "out.csv", "--signal", "s")
    assert done.exit_code == 2
    assert "No claim could be made of samples.csv." in " ".join(done.output.split())
