"""What every source of rows offers, and the words where one cannot be read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import pyarrow as pa


class RowSource(Protocol):
    """A table, a query or a folder of files whose rows can be read in the order of a column."""

    @property
    def name(self) -> str:
        """What it is, for the trail: no user, no password, no path."""

    @property
    def short(self) -> str:
        """A short name, for the files its rows come in by."""

    def schema(self) -> pa.Schema:
        """Its columns and their types."""

    def has_rows_without(self, column: str) -> bool:
        """Whether some rows have no value in a column."""

    def rows(self, column: str, since: str | None) -> Iterator[pa.RecordBatch]:
        """Its rows in the order of a column, a batch at a time, those without a value left out.

        Args:
            since: the least value of the column, inclusive; None: all.

        Raises:
            LedgerError: it cannot be read, with what to do.
        """


def listed(names: list[str]) -> str:
    """Column names for a message."""
    return ", ".join(names[:30]) + (", …" if len(names) > 30 else "")
