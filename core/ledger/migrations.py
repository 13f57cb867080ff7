"""The ledger's schema as numbered steps, each applied once, in order and recorded."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import duckdb

from core import __version__

_FILE_NAME = re.compile(r"(\d{4})_(\w+)\.sql")


@dataclass(frozen=True)
class Migration:
    """One step: ``schema/0001_ledger.sql`` is version 1, name "ledger"."""

    version: int
    name: str
    sql: str


@cache
def known_migrations() -> tuple[Migration, ...]:
    """Every migration this program carries, versions 1, 2, 3, … without a gap.

    Raises:
        RuntimeError: the program was packed with a gap or a number used twice.
    """
    found = []
    for entry in files("core.ledger").joinpath("schema").iterdir():
        match = _FILE_NAME.fullmatch(entry.name)
        if match:
            sql = entry.read_text(encoding="utf-8")
            found.append(Migration(int(match[1]), match[2], sql))
    found.sort(key=lambda migration: migration.version)
    if not found or [m.version for m in found] != list(range(1, len(found) + 1)):
        raise RuntimeError(f"migrations are not numbered 1 to n: {[m.version for m in found]}")
    return tuple(found)


def table_names(connection: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """The tables of the open file."""
    rows = connection.execute(
        """
        SELECT table_name FROM duckdb_tables()
        WHERE database_name = current_database() AND schema_name = 'main' AND NOT temporary
        """
    ).fetchall()
    return frozenset(name for (name,) in rows)


def applied_version(connection: duckdb.DuckDBPyConnection) -> int:
    """The newest migration recorded in the file; 0 in a database without any table.

    Raises:
        LookupError: the database has tables, but is not a ledger.
    """
    tables = table_names(connection)
    if not tables:
        return 0
    if not {"migrations", "imports", "claims", "outcomes"} <= tables:
        raise LookupError("not a ledger's tables")
    try:
        row = connection.execute("SELECT max(version) FROM migrations").fetchone()
    except duckdb.BinderException:
        row = None
    if row is None or not isinstance(row[0], int):
        raise LookupError("migrations is not a ledger's")
    return row[0]


def apply_migrations(
    connection: duckdb.DuckDBPyConnection, migrations: Sequence[Migration]
) -> None:
    """Bring the file up to the last of ``migrations``; each step is one transaction.

    Interrupted between two steps, the file is a whole ledger of the earlier version, and the
    next start goes on from there. Applying them again changes nothing.
    """
    done = applied_version(connection)
    for migration in migrations:
        if migration.version <= done:
            continue
        connection.execute("BEGIN TRANSACTION")
        try:
            connection.execute(
                """
                CREATE TABLE IF NOT EXISTS migrations (
                    version INTEGER NOT NULL,
                    name VARCHAR NOT NULL,
                    program_version VARCHAR NOT NULL,
                    applied_at TIMESTAMP NOT NULL
                )
                """
            )
            connection.execute(migration.sql)
            connection.execute(
                """
                INSERT INTO migrations
                VALUES ($version, $name, $program_version, now() AT TIME ZONE 'UTC')
                """,
                {
                    "version": migration.version,
                    "name": migration.name,
                    "program_version": __version__,
                },
            )
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
