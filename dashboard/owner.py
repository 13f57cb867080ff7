"""The one open ledger of this process, for pages and HTTP routes alike; knows no Streamlit."""

from __future__ import annotations

import functools
import os
from pathlib import Path

import duckdb

from core.store.ledger import Ledger
from dashboard.settings import LEDGER_VARIABLE


@functools.cache
def _ledger_at(path: str) -> Ledger:
    return Ledger.open(Path(path))


def path() -> str:
    """The ledger file this process was started on."""
    return os.environ[LEDGER_VARIABLE]


def ledger() -> Ledger:
    """The one open ledger of this process."""
    return _ledger_at(path())


def cursor() -> duckdb.DuckDBPyConnection:
    """A fresh cursor: one per call, so that threads never share one."""
    return ledger().cursor()


def version() -> int:
    """The data version, read from the file (a counter in Python would be doubled by reloads)."""
    return ledger().data_version()


def close() -> None:
    """Give the file free; closing twice is harmless."""
    if _ledger_at.cache_info().currsize:
        ledger().close()
        _ledger_at.cache_clear()
