"""What is in the ledger: its signals, and the dimensions each can be cut by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import duckdb

from core.ledger.sql import quoted
from core.queries.base.dimensions import dimensions_named, segment_dimensions
from core.queries.base.selection import CLAIM_DIMENSIONS, SOURCE_DIMENSION
from core.queries.base.truth import other_labels_sql, truth_of

#: As many values of a dimension are listed, the commonest ones.
TOP_VALUES = 200


@dataclass(frozen=True)
class SignalFacts:
    """One signal at a glance, over all its claims, tuning ones included.

    Attributes:
        name: the signal.
        n_claims: stated claims.
        n_unstated: claims whose confidence is missing.
        first_ts, last_ts: claim times, UTC without zone; None while it has no claim.
    """

    name: str
    n_claims: int
    n_unstated: int
    first_ts: datetime | None
    last_ts: datetime | None


@dataclass(frozen=True)
class DimensionFacts:
    """One dimension of one signal.

    Attributes:
        name: as `--by` and `--where` take it.
        n_values: distinct values, not counting claims that name none.
        n_missing: claims that do not name the dimension; of the source of labels, labels that
            state none.
        values: the commonest values and their claims, unstated ones included; at most
            `TOP_VALUES`, by falling count, then by value.
    """

    name: str
    n_values: int
    n_missing: int
    values: tuple[tuple[str, int], ...]


def signals(cursor: duckdb.DuckDBPyConnection) -> tuple[SignalFacts, ...]:
    """Every signal of the ledger, by name."""
    rows = cursor.execute(
        """
        SELECT signal, coalesce(n_claims, 0), coalesce(n_unstated, 0), first_ts, last_ts
        FROM (SELECT DISTINCT signal FROM signals)
        LEFT JOIN (
            SELECT signal, count(confidence_ppm) AS n_claims,
                   count(*) - count(confidence_ppm) AS n_unstated,
                   min(ts) AS first_ts, max(ts) AS last_ts
            FROM claims GROUP BY signal
        ) USING (signal)
        ORDER BY signal
        """
    ).fetchall()
    return tuple(SignalFacts(*row) for row in rows)


def dimensions(cursor: duckdb.DuckDBPyConnection, signal: str) -> tuple[DimensionFacts, ...]:
    """The dimensions that some claim of the signal names: the built-in ones, then segments."""
    built_in = tuple(name for name in CLAIM_DIMENSIONS if name != SOURCE_DIMENSION)
    names = (*built_in, *segment_dimensions(cursor))
    known = dimensions_named(cursor, names)
    columns = ", ".join(known[name].sql for name in names)
    rows = cursor.execute(
        f"""
        SELECT which, value, n, count(value) OVER (PARTITION BY which) AS n_values
        FROM (
            SELECT GROUPING({columns}) AS which, coalesce({columns}) AS value, count(*) AS n
            FROM claims WHERE signal = $signal
            GROUP BY GROUPING SETS ({", ".join(f"({known[name].sql})" for name in names)})
        )
        QUALIFY row_number() OVER (
            PARTITION BY which ORDER BY value IS NOT NULL, n DESC, value) <= $top
        ORDER BY which, n DESC, value
        """,
        # The claims that name no value take a line of their own, the first.
        {"signal": signal, "top": TOP_VALUES + 1},
    ).fetchall()
    found = []
    every = (1 << len(names)) - 1
    for i, name in enumerate(names):
        # GROUPING() sets the bit of each column summed over, the first column's the highest.
        which = every & ~(1 << (len(names) - 1 - i))
        mine = [row[1:] for row in rows if row[0] == which]
        values = [(value, n) for value, n, _ in mine if value is not None]
        if values:
            n_missing = sum(n for value, n, _ in mine if value is None)
            found.append(DimensionFacts(name, mine[0][2], n_missing, tuple(values[:TOP_VALUES])))
    at = sum(one.name in built_in for one in found)
    return (*found[:at], *_sources(cursor, signal), *found[at:])


def _sources(cursor: duckdb.DuckDBPyConnection, signal: str) -> tuple[DimensionFacts, ...]:
    """Who labelled the signal's claims; nothing where no label states its source."""
    counts = label_sources(cursor, signal)
    values = [(source, n) for source, n in counts.items() if source is not None]
    if not values:
        return ()
    values.sort(key=lambda one: (-one[1], one[0]))
    return (DimensionFacts(SOURCE_DIMENSION, len(values), counts.get(None, 0), tuple(values)),)


def label_sources(cursor: duckdb.DuckDBPyConnection, signal: str) -> dict[str | None, int]:
    """The signal's labels in force by who gave them; None: labels that state no source.

    A claim has at most one that is truth and one that is not (`core.queries.base.truth`).
    """
    rows = cursor.execute(
        f"""
        SELECT source, count(*) FROM (
            SELECT outcome_source AS source FROM claims
            WHERE signal = $signal AND outcome IS NOT NULL
            UNION ALL
            SELECT judged.source
            FROM claims JOIN ({other_labels_sql(cursor, truth_of(cursor, signal))}) AS other
                ON judged_event = event_id
            WHERE signal = $signal)
        GROUP BY source
        """,
        {"signal": signal},
    ).fetchall()
    return dict(rows)


def segment_values(cursor: duckdb.DuckDBPyConnection) -> dict[str, dict[str, int]]:
    """How many values every signal's claims have of every segment dimension, in one pass.

    Returns:
        Signal → dimension → values, claims that name none counted as one more; dimensions of which
        no claim of a signal names a value are left out.
    """
    names = segment_dimensions(cursor)
    if not names:
        return {}
    columns = ", ".join(
        f"count(DISTINCT {column}), bool_or({column} IS NULL)"
        for column in (quoted(f"seg_{name}") for name in names)
    )
    found: dict[str, dict[str, int]] = {}
    for signal, *counts in cursor.execute(
        f"SELECT signal, {columns} FROM claims GROUP BY signal ORDER BY signal"
    ).fetchall():
        pairs = zip(names, counts[::2], counts[1::2], strict=True)
        found[signal] = {name: n + missing for name, n, missing in pairs if n}
    return found
