"""Backup and restore on the command line: what is printed, and with which exit code."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner, Result

from core.gate import registry_changes as registry
from core.governance.perform import Office
from core.ledger.connection import Ledger
from core.registry.yaml_reader import read
from dashboard.cli.main import main
from tests.worlds.governed import REGISTRY


def run(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def governed(path: Path) -> Path:
    with Ledger.open(path, create=True) as ledger:
        registry.apply(Office.of(ledger), read(REGISTRY), "user:desk/kim")
    return path


def test_a_backup_is_taken_and_restored_and_both_say_what_is_in_it(tmp_path: Path) -> None:
    ledger, kept, again = (tmp_path / name for name in ("l.duckdb", "kept", "again.duckdb"))
    governed(ledger)
    taken = run("backup", "--ledger", ledger, "--to", kept)
    assert taken.exit_code == 0, taken.stderr
    assert f"{kept} holds 0 claims, 0 outcomes, " in taken.stdout
    assert "the signing key" in taken.stdout
    assert "whoever reads the folder can sign in its name" in taken.stderr
    restored = run("restore", kept, "--to", again)
    assert restored.exit_code == 0, restored.stderr
    assert "and verified: 0 claims" in restored.stdout
    assert run("trail", "verify", "--ledger", again).exit_code == 0
    twice = run("restore", kept, "--to", again)
    assert twice.exit_code == 2
    assert "never overwrites" in twice.stderr


def test_a_backup_without_the_key_says_who_can_do_nothing(tmp_path: Path) -> None:
    ledger, kept, again = (tmp_path / name for name in ("l.duckdb", "kept", "again.duckdb"))
    governed(ledger)
    (tmp_path / "l.duckdb.key").unlink()
    taken = run("backup", "--ledger", ledger, "--to", kept)
    assert "no signing key" in taken.stdout
    assert "nobody can act" in taken.stderr
    assert f"put it back as {again}.key" in run("restore", kept, "--to", again).stderr
