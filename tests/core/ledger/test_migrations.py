"""Schema steps: numbered, applied once, each whole or not at all."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from core.ledger.connection import Ledger
from core.ledger.errors import LedgerError
from core.ledger.migrations import (
    Migration,
    applied_version,
    apply_migrations,
    known_migrations,
    table_names,
)


def test_migrations_are_numbered_from_one_without_a_gap() -> None:
    versions = [migration.version for migration in known_migrations()]
    assert versions == list(range(1, len(versions) + 1))


def test_a_step_that_fails_leaves_the_step_before() -> None:
    good = Migration(1, "good", "CREATE TABLE imports (x INT)")
    bad = Migration(2, "bad", "CREATE TABLE extra (x INT); SELECT no_such_column")
    with duckdb.connect() as connection:
        with pytest.raises(duckdb.BinderException):
            apply_migrations(connection, [good, bad])
        assert table_names(connection) == {"migrations", "imports"}
        assert connection.execute("SELECT version FROM migrations").fetchall() == [(1,)]


def test_only_the_steps_not_yet_taken_are_applied() -> None:
    first, second = known_migrations()[0], Migration(2, "more", "CREATE TABLE more (x INT)")
    with duckdb.connect() as connection:
        apply_migrations(connection, [first])
        apply_migrations(connection, [first, second])
        apply_migrations(connection, [first, second])
        assert applied_version(connection) == 2
        steps = "SELECT version, name FROM migrations ORDER BY version"
        assert connection.execute(steps).fetchall() == [(1, first.name), (2, "more")]


def test_an_older_ledger_is_brought_up_to_date_on_opening_but_not_read_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "my.duckdb"
    Ledger.open(path, create=True).close()
    newest = known_migrations()[-1].version
    later = Migration(newest + 1, "later", "CREATE TABLE later (x INT)")
    steps = (*known_migrations(), later)
    monkeypatch.setattr("core.ledger.connection.known_migrations", lambda: steps)
    before = path.read_bytes()
    with pytest.raises(LedgerError, match="open it once for writing"):
        Ledger.open(path, read_only=True)
    assert path.read_bytes() == before
    with Ledger.open(path) as ledger, ledger.cursor() as cursor:
        assert "later" in table_names(cursor)
    Ledger.open(path, read_only=True).close()
