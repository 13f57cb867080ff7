from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from core.store.ingest import import_file
from core.store.ledger import Ledger
from dashboard.settings import LEDGER_VARIABLE
from sample_data import sample_files

NOW = datetime(2026, 11, 23, 12)


@pytest.fixture(scope="session")
def sample_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger built from the committed sample, closed again."""
    path = tmp_path_factory.mktemp("sample") / "sample.duckdb"
    with Ledger.open(path, create=True) as ledger:
        for file in sample_files():
            import_file(ledger, file, now=NOW)
    return path


@pytest.fixture
def serving(monkeypatch: pytest.MonkeyPatch):
    """Make the dashboard's pages read the ledger at a path."""
    import streamlit as st

    from dashboard import owner

    opened: list[Path] = []

    def serve(path: Path) -> None:
        monkeypatch.setenv(LEDGER_VARIABLE, str(path))
        st.cache_data.clear()
        opened.append(path)

    yield serve
    if opened:
        owner.close()
