"""Rows out of a folder of Parquet files."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from core.lake import pull as pulling
from core.ledger.connection import Ledger
from dashboard.cli.main import main

START = datetime(2026, 11, 2, 9)


def rows(first: int, last: int, **more: Any) -> pa.Table:
    """Claims a second apart."""
    numbers = range(first, last + 1)
    return pa.table(
        {
            "event_id": [f"e{n}" for n in numbers],
            "ts": [START + timedelta(seconds=n) for n in numbers],
            "signal": ["triage"] * len(numbers),
            "confidence": [0.5 + n % 5 / 10 for n in numbers],
            "written": [START + timedelta(seconds=n) for n in numbers],
        }
        | {name: [value] * len(numbers) for name, value in more.items()}
    )


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    folder = tmp_path / "lake [old]"
    (folder / "day=2026-11-02").mkdir(parents=True)
    return folder


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return tmp_path / "my.duckdb"


def pull(lake: Path, ledger: Path, *words: str, by: str = "written") -> Result:
    named = ["pull", str(lake), "--ledger", str(ledger), "--cursor", by]
    return CliRunner().invoke(main, [*named, *words])


def asked(ledger: Path, query: str) -> list[tuple[Any, ...]]:
    with Ledger.open(ledger) as opened, opened.cursor() as cursor:
        return cursor.execute(query).fetchall()


def test_files_that_come_later_are_read_and_what_was_read_is_not_taken_twice(
    lake: Path, ledger: Path
) -> None:
    pq.write_table(rows(1, 100), lake / "day=2026-11-02" / "a.parquet")
    assert pull(lake, ledger, "--again", "0").exit_code == 0
    pq.write_table(rows(90, 120), lake / "day=2026-11-02" / "b.parquet")
    second = pull(lake, ledger, "--again", "0")
    assert second.exit_code == 0, second.output
    assert asked(ledger, "SELECT count(*), count(DISTINCT event_id) FROM claims") == [(120, 120)]
    # e100 of either file, and twenty that are new.
    assert second.stdout.splitlines()[1].split()[-8:-5] == ["22", "20", "2"]


def test_files_may_lie_in_any_order_and_have_other_columns(
    lake: Path, ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pq.write_table(rows(51, 100, seg_language="de"), lake / "a.parquet")
    pq.write_table(rows(1, 50), lake / "b.parquet")
    monkeypatch.setattr(pulling, "ROWS_A_FILE", 10)
    assert pull(lake, ledger).exit_code == 0
    assert asked(ledger, "SELECT count(*), count(seg_language) FROM claims") == [(100, 50)]


def test_a_folder_that_names_a_field_gives_it_to_its_rows(lake: Path, ledger: Path) -> None:
    table = rows(1, 5).drop_columns(["signal"])
    (lake / "signal=desk" / "day=2026-11-03").mkdir(parents=True)
    pq.write_table(table, lake / "signal=desk" / "day=2026-11-03" / "a.parquet")
    assert pull(lake, ledger, by="day").exit_code == 0
    assert asked(ledger, "SELECT DISTINCT signal FROM claims") == [("desk",)]


def test_a_damaged_file_is_named_and_nothing_is_half_taken(lake: Path, ledger: Path) -> None:
    pq.write_table(rows(1, 5), lake / "a.parquet")
    (lake / "b.parquet").write_bytes(b"PAR1 but cut")
    result = pull(lake, ledger)
    assert result.exit_code == 2
    assert "b.parquet" in result.stderr
    assert not ledger.exists()


def test_a_folder_without_files_and_a_file_are_refused(lake: Path, tmp_path: Path) -> None:
    empty = pull(lake, tmp_path / "x.duckdb")
    assert (empty.exit_code, "holds no .parquet file" in empty.stderr) == (2, True)
    pq.write_table(rows(1, 5), tmp_path / "a.parquet")
    file = pull(tmp_path / "a.parquet", tmp_path / "x.duckdb")
    assert (file.exit_code, "calledger import" in file.stderr) == (2, True)
