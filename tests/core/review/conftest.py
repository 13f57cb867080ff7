from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from core.store.ledger import Ledger


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
