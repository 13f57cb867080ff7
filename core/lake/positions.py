"""Up to where a source was pulled.

A position stands in the settings of the import that reached it: so it is committed with the rows it
speaks of, sealed with them in the trail, and goes back with them where an older backup is restored.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import duckdb

from core.ledger.errors import LedgerError

_NO_POSITION = "--pulled takes a position as calledger pull writes it: source, cursor and upto."


@dataclass(frozen=True)
class Position:
    """How far a source was read.

    Attributes:
        source: what was read, without names, passwords and paths.
        column: the column it is read by, in order.
        upto: the column's value up to which all rows came in, as text.
    """

    source: str
    column: str
    upto: str

    @classmethod
    def read(cls, text: str) -> Position:
        """A position as JSON, from another program.

        Raises:
            LedgerError: it is none.
        """
        try:
            said = json.loads(text)
            one = cls(said["source"], said["cursor"], said["upto"])
        except (ValueError, KeyError, TypeError):
            raise LedgerError(_NO_POSITION) from None
        if not all(isinstance(value, str) for value in one.settings().values()):
            raise LedgerError(_NO_POSITION)
        return one

    def settings(self) -> Mapping[str, str]:
        """As the settings of an import hold it."""
        return {"source": self.source, "cursor": self.column, "upto": self.upto}


@dataclass(frozen=True)
class PulledSource:
    """A source that was pulled into a ledger.

    Attributes:
        position: up to where.
        imports: imports that came of it.
        last_at: when the last of them did, UTC.
    """

    position: Position
    imports: int
    last_at: datetime


def pulled_sources(cursor: duckdb.DuckDBPyConnection) -> tuple[PulledSource, ...]:
    """Every source that was pulled, by name and column."""
    rows = cursor.execute(
        """
        SELECT pull ->> '$.source' AS source, pull ->> '$.cursor' AS by_column,
               arg_max(pull ->> '$.upto', import_id), count(*), max(imported_at)
        FROM (SELECT import_id, imported_at, settings -> '$.pull' AS pull FROM imports)
        WHERE pull IS NOT NULL GROUP BY source, by_column ORDER BY source, by_column
        """
    ).fetchall()
    return tuple(
        PulledSource(Position(source, column, upto), imports, last_at)
        for source, column, upto, imports, last_at in rows
    )


def position_of(cursor: duckdb.DuckDBPyConnection, source: str, column: str) -> Position | None:
    """Where the last pull of a source by this column stopped; None: there was none."""
    for one in pulled_sources(cursor):
        if (one.position.source, one.position.column) == (source, column):
            return one.position
    return None


def written(sources: tuple[PulledSource, ...]) -> str:
    """The sources as JSON, for programs."""
    return json.dumps(
        [
            {
                **one.position.settings(),
                "imports": one.imports,
                "last_at": one.last_at.isoformat(timespec="seconds") + "Z",
            }
            for one in sources
        ],
        ensure_ascii=False,
        indent=2,
    )
