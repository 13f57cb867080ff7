"""`calledger trail check-proof`: one entry proven with no ledger."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from core.audit.inclusion_proof import proof
from core.governance.people.people import enter
from core.governance.perform import Office
from core.ledger.connection import Ledger
from core.trail import act_search as search
from core.trail import log as trail
from dashboard.cli.main import main


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """A proof and its entry as files, and the trail's key."""
    with Ledger.in_memory() as ledger:
        office = Office.of(ledger)
        with office.acting() as desk:
            enter(desk, "user:team/ann")
        cursor = ledger.cursor()
        key = trail.key_in_force(cursor)
        assert key is not None
        (tmp_path / "entry.json").write_text(search.at(cursor, 1)[0].text)
        (tmp_path / "entry.proof").write_text(proof(cursor, 1))
    return [str(tmp_path / "entry.proof"), str(tmp_path / "entry.json"), "--key", key.text]


def check(files: list[str]):
    return CliRunner().invoke(main, ["trail", "check-proof", *files])


def test_an_entry_of_the_trail_is_proven(files: list[str]) -> None:
    result = check(files)
    assert result.exit_code == 0
    assert "Proven: it is one of the 2 entries" in result.output.replace("\n", " ")


def test_an_altered_entry_is_not_proven(files: list[str]) -> None:
    entry = Path(files[1])
    entry.write_text(entry.read_text().replace('"seq":1', '"seq":2'))
    result = check(files)
    assert result.exit_code == 1
    assert "Not proven" in result.output


def test_another_trails_key_proves_nothing(files: list[str], tmp_path: Path) -> None:
    with Ledger.in_memory() as ledger:
        office = Office.of(ledger)
        with office.acting() as desk:
            enter(desk, "user:team/bob")
        key = trail.key_in_force(ledger.cursor())
    assert key is not None
    assert check([*files[:3], key.text]).exit_code == 1


def test_a_file_that_is_not_there_is_one_sentence(files: list[str]) -> None:
    result = check(["nowhere.proof", *files[1:]])
    assert result.exit_code == 2
    assert "nowhere.proof" in result.output
