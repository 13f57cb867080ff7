from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from core.ingest.import_file import import_file
from core.ledger.connection import Ledger


@pytest.fixture(scope="module")
def sample(sample_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A cursor of the sample ledger."""
    with Ledger.open(sample_path, read_only=True) as ledger:
        yield ledger.cursor()


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    """An empty ledger in memory."""
    with Ledger.in_memory() as ledger:
        yield ledger


Row = dict[str, object]


def _batch(
    day: date, n: int, confidence: float, right: int, *, labelled: int | None = None, **columns: str
) -> list[Row]:
    """``n`` claims of noon: ``labelled`` have an outcome, of which ``right`` are right."""
    known = n if labelled is None else labelled
    return [
        {
            "ts": f"{day}T12:00:00Z",
            "signal": "s",
            "confidence": confidence,
            "outcome": (i < right) * 1 if i < known else None,
            **columns,
        }
        for i in range(n)
    ]


@pytest.fixture(scope="session")
def batch() -> Callable[..., list[Row]]:
    """``batch(day, n, confidence, right, labelled=n, **columns)``: rows for ``fill``."""
    return _batch


@pytest.fixture
def fill(ledger: Ledger, tmp_path: Path) -> Callable[..., duckdb.DuckDBPyConnection]:
    """``fill(rows)``: import them into the empty ledger, and hand out a cursor."""

    def import_rows(rows: list[Row]) -> duckdb.DuckDBPyConnection:
        file = tmp_path / "claims.csv"
        numbered = [{"event_id": f"e{i}"} | row for i, row in enumerate(rows)]
        pd.DataFrame(numbered).astype({"outcome": "Int8"}).to_csv(file, index=False)
        summary = import_file(ledger, file)
        assert summary.n_quarantined == 0
        return ledger.cursor()

    return import_rows
