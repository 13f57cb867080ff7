"""What is in the ledger: its signals, what they can be split by, and how fresh it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from core.queries.base.catalogue import DimensionFacts, SignalFacts, dimensions, signals
from core.queries.labels.label_delay import Import, imports


@dataclass(frozen=True)
class Overview:
    """The frame of every page.

    Attributes:
        signals: the ledger's signals.
        freshness: how far the ledger has come, in words.
    """

    signals: tuple[SignalFacts, ...]
    freshness: str

    def names(self) -> tuple[str, ...]:
        """Signal names, most claims first."""
        by_size = sorted(self.signals, key=lambda one: -(one.n_claims + one.n_unstated))
        return tuple(one.name for one in by_size)

    def facts(self, signal: str) -> SignalFacts:
        """The facts of one signal."""
        return next(one for one in self.signals if one.name == signal)


def overview(cursor: duckdb.DuckDBPyConnection) -> Overview:
    """Read the frame of every page."""
    found = signals(cursor)
    return Overview(found, _freshness(imports(cursor)))


def signal_dimensions(cursor: duckdb.DuckDBPyConnection, signal: str) -> tuple[DimensionFacts, ...]:
    """What one signal can be split by and filtered on."""
    return dimensions(cursor, signal)


def _freshness(found: Sequence[Import]) -> str:
    zone = "All times are UTC; weeks are ISO weeks."
    if not found:
        return zone
    newest = found[0]
    return f"As of import {newest.import_id}, {newest.imported_at:%Y-%m-%d %H:%M}. {zone}"
