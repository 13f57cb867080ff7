"""A ledger's file that was cut is refused before anything rests on it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.ledger.connection import Ledger
from core.ledger.damage import Damaged
from core.ledger.errors import NotALedger


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A closed ledger of some megabytes, in the midst of which space was given back."""
    path = tmp_path / "ledger.duckdb"
    with Ledger.open(path, create=True) as ledger:
        cursor = ledger.cursor()
        for name in ("first", "second"):
            cursor.execute(
                f"CREATE TABLE {name} AS SELECT md5(i::VARCHAR) FROM range(200000) AS n(i)"
            )
            cursor.execute("CHECKPOINT")
        cursor.execute("DROP TABLE first")
        cursor.execute("CHECKPOINT")
    return path


@pytest.mark.parametrize("share", [0.999, 0.9, 0.5, 0.1])
def test_a_file_that_was_cut_is_refused_and_keeps_every_byte(path: Path, share: float) -> None:
    size = int(path.stat().st_size * share)
    os.truncate(path, size)
    with pytest.raises(NotALedger, match="damaged"):
        Ledger.open(path)
    assert path.stat().st_size == size


def test_a_file_that_ends_early_though_every_table_can_still_be_named_says_how_much_is_there(
    path: Path,
) -> None:
    size = path.stat().st_size
    os.truncate(path, size - 1)
    with pytest.raises(Damaged, match=f"it ends after {size - 1:,} bytes, and {size:,} are in use"):
        Ledger.open(path)


def test_a_file_that_gave_space_back_is_opened_again(path: Path) -> None:
    before = path.stat().st_size
    with Ledger.open(path) as ledger:
        ledger.cursor().execute("DROP TABLE second")
    assert path.stat().st_size < before
    for _ in range(2):
        Ledger.open(path).close()
