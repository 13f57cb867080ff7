"""Rows of a PostgreSQL table or query, streamed in the order of a column.

The driver (ADBC over libpq) hands out Arrow batches of some 16 MB while the server goes on sending,
so a table of any size passes through in little memory. The session reads only, and in UTC.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pyarrow as pa

from core.lake.postgres_address import PostgresAddress
from core.ledger.errors import LedgerError
from core.ledger.sql import literal, quoted

#: The driver hands out batches of about so many bytes.
BATCH_BYTES = 16_000_000
_SESSION = (
    "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
    "SET TimeZone = 'UTC'",
    "SET standard_conforming_strings = on",
)


class PostgresRows:
    """A table, or the rows of a query.

    Args:
        address: of the database.
        table: its name as SQL writes it, also ``schema.name``; or else
        query: one SELECT.
    """

    def __init__(
        self, address: PostgresAddress, *, table: str | None = None, query: str | None = None
    ) -> None:
        self._address = address
        if query is not None:
            text = query.strip().rstrip(";").strip()
            self._from = f"(\n{text}\n) AS pulled"
            digest = hashlib.sha256(text.encode()).hexdigest()
            self._what, self.short = f"query sha256:{digest}", "query"
        else:
            name = [_identifier(part) for part in _dotted(table or "")]
            self._from = f"{'.'.join(quoted(part) for part in name)} AS pulled"
            self._what, self.short = f"table {'.'.join(name)}", name[-1]

    @property
    def name(self) -> str:
        """The database and what is read there."""
        return f"{self._address.name}, {self._what}"

    def schema(self) -> pa.Schema:
        """Its columns; of a type that is PostgreSQL's own the extension type of the driver."""
        with self._asked(f"SELECT * FROM {self._from} LIMIT 0") as reader:
            schema = reader.schema
        twice = {name for name in schema.names if schema.names.count(name) > 1}
        if twice:
            raise LedgerError(
                f"The query gives two columns the name {min(twice)!r}; give one another with AS."
            )
        return schema

    def has_rows_without(self, column: str) -> bool:
        """Whether some rows have no value in a column."""
        with self._asked(
            f"SELECT 1 FROM {self._from} WHERE pulled.{quoted(column)} IS NULL LIMIT 1"
        ) as reader:
            return bool(reader.read_all().num_rows)

    def rows(self, column: str, since: str | None) -> Iterator[pa.RecordBatch]:
        """The rows from ``since`` on, in the column's order."""
        by = f"pulled.{quoted(column)}"
        taken = ", ".join(_taken(field) for field in self.schema())
        # Of unknown type, as written: the server reads the text as a value of its column.
        condition = f"{by} IS NOT NULL" if since is None else f"{by} >= {literal(since)}"
        with self._asked(
            f"SELECT {taken} FROM {self._from} WHERE {condition} ORDER BY {by}"
        ) as reader:
            yield from reader

    @contextmanager
    def _asked(self, query: str) -> Iterator[pa.RecordBatchReader]:
        dbapi = _driver()
        try:
            with (
                dbapi.connect(self._address.url, autocommit=True) as connection,
                connection.cursor() as cursor,
            ):
                for setting in _SESSION:
                    cursor.execute(setting)
                cursor.adbc_statement.set_options(
                    **{"adbc.postgresql.batch_size_hint_bytes": str(BATCH_BYTES)}
                )
                cursor.execute(query)
                yield cursor.fetch_record_batch()
        except (dbapi.Error, OSError, pa.ArrowException) as error:
            raise LedgerError(self._said(str(error))) from None

    def _said(self, message: str) -> str:
        why, name = self._address.hidden(message), self._address.name
        fix = next((fix for word, fix in _FIXES.items() if word in message), _USUAL_FIX)
        return f"{name} cannot be read: {why}. {fix}"


_USUAL_FIX = "What came in before stays, and the next pull goes on from there."
_FIXES = {
    "password": "Put the right one into PGPASSWORD or ~/.pgpass, or name another user.",
    "no pg_hba.conf entry": "Ask its administrator to let this machine and user in.",
    "could not translate host": "Correct the host in the address.",
    "Connection refused": "Correct the host and the port, or start the server.",
    "permission denied": "Ask for SELECT on it, or name another table or user.",
    "does not exist": "Correct the name; --table takes schema.name, --query any SELECT.",
    "syntax error": "Correct the query; it is read as one SELECT in brackets.",
    "read-only transaction": "A pull only reads; give --query a SELECT.",
}


def _driver() -> Any:
    try:
        import adbc_driver_postgresql.dbapi as dbapi
    except ModuleNotFoundError:
        raise LedgerError(
            "PostgreSQL is read with a driver of its own, which is not installed; install it: "
            "pip install adbc-driver-postgresql"
        ) from None
    return dbapi


def _taken(field: pa.Field) -> str:
    """A column as it is asked for: types that no file holds as text."""
    column = f"pulled.{quoted(field.name)}"
    plain = not isinstance(field.type, pa.BaseExtensionType) and not pa.types.is_interval(
        field.type
    )
    return column if plain else f"CAST({column} AS text) AS {quoted(field.name)}"


def _dotted(table: str) -> list[str]:
    parts = re.findall(r'"(?:[^"]|"")+"|[^.]+', table)
    if not parts or len(parts) > 3:
        raise LedgerError(f"{table!r} is no name of a table; write it as schema.name.")
    return parts


def _identifier(part: str) -> str:
    """A name as PostgreSQL reads it: in lower case unless it stands in quotes."""
    if part.startswith('"') and part.endswith('"') and len(part) > 2:
        return part[1:-1].replace('""', '"')
    return part.strip().lower()
