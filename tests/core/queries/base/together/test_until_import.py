"""What is asked of all claims is asked again when more of them came in, and then only."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from core.ingest.import_file import import_file
from core.ledger.connection import Ledger
from core.queries.base.together.until_import import until_import

ONE, TWO = (
    f"event_id,ts,signal,confidence\n{event},2026-11-02T10:00:00Z,s,0.9\n" for event in ("a", "b")
)


@pytest.fixture
def asked() -> list[str]:
    """The signals that the ledger was asked about."""
    return []


@pytest.fixture
def counted(asked: list[str]):
    @until_import
    def count(cursor: duckdb.DuckDBPyConnection, signal: str) -> int:
        asked.append(signal)
        ((n,),) = cursor.execute(
            "SELECT count(*) FROM claims WHERE signal = ?", [signal]
        ).fetchall()
        return int(n)

    return count


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_it_is_asked_once_of_each_argument_until_an_import(tmp_path, counted, asked) -> None:
    with Ledger.open(tmp_path / "one.duckdb", create=True) as ledger:
        import_file(ledger, write(tmp_path, "1.csv", ONE))
        assert [counted(ledger.cursor(), of) for of in ("s", "t", "s")] == [1, 0, 1]
        assert asked == ["s", "t"]
        import_file(ledger, write(tmp_path, "2.csv", TWO))
        assert counted(ledger.cursor(), "s") == 2


def test_another_ledger_is_asked_itself(tmp_path, counted) -> None:
    for name, text, n in (("one", ONE, 1), ("two", ONE + TWO.splitlines()[1] + "\n", 2)):
        with Ledger.open(tmp_path / f"{name}.duckdb", create=True) as ledger:
            import_file(ledger, write(tmp_path, "1.csv", text))
            assert counted(ledger.cursor(), "s") == n


def test_a_ledger_in_memory_is_asked_each_time(tmp_path, counted, asked) -> None:
    with Ledger.in_memory() as ledger:
        import_file(ledger, write(tmp_path, "1.csv", ONE))
        assert [counted(ledger.cursor(), "s") for _ in range(2)] == [1, 1]
        assert asked == ["s", "s"]
