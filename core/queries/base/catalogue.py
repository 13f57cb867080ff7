"""What is in the ledger: its signals, and the dimensions each can be cut by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb

from core.ledger.sql import literal, quoted
from core.queries.base.dimensions import dimensions_named, segment_dimensions
from core.queries.base.fingerprint_fields import FIELDS
from core.queries.base.kept.days import day_sums
from core.queries.base.selection import CLAIM_DIMENSIONS, SOURCE_DIMENSION
from core.queries.base.together.asked_once import once
from core.queries.base.together.snapshot import snapshot
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
    with snapshot(cursor):
        rows = cursor.execute(
            f"""
            SELECT signal, coalesce(n_claims, 0), coalesce(n_unstated, 0), first_ts, last_ts
            FROM (SELECT signal FROM signals UNION SELECT signal FROM kept_signals)
            LEFT JOIN (
                SELECT signal, CAST(sum(day.n_claims - day.n_unstated) AS BIGINT) AS n_claims,
                       CAST(sum(day.n_unstated) AS BIGINT) AS n_unstated,
                       min(first_ts) AS first_ts, max(last_ts) AS last_ts
                FROM ({day_sums(cursor)}) AS day GROUP BY signal
            ) USING (signal)
            ORDER BY signal
            """
        ).fetchall()
    return tuple(SignalFacts(*row) for row in rows)


@once
def dimensions(cursor: duckdb.DuckDBPyConnection, signal: str) -> tuple[DimensionFacts, ...]:
    """The dimensions that some claim of the signal names: the built-in ones, then segments."""
    built_in = tuple(name for name in CLAIM_DIMENSIONS if name != SOURCE_DIMENSION)
    names = (*built_in, *segment_dimensions(cursor))
    with snapshot(cursor):
        kept = _kept(cursor, signal)
        counted = _counted(cursor, signal, [name for name in names if name not in kept])
    counts = kept | counted
    found = [counts[name] for name in names if counts[name].values]
    at = sum(one.name in built_in for one in found)
    return (*found[:at], *_sources(cursor, signal), *found[at:])


def _kept(cursor: duckdb.DuckDBPyConnection, signal: str) -> dict[str, DimensionFacts]:
    """Dimension → what is kept of it; empty where nothing is kept of the signal."""
    named = {"signal": signal}
    if not cursor.execute(
        "SELECT 1 FROM kept_signals WHERE signal = $signal AND kept", named
    ).fetchall():
        return {}
    counts: dict[str, Counter[str | None]] = {name: Counter() for name in (*FIELDS, "split")}
    fields = ", ".join(counts)
    for *values, n in cursor.execute(
        f"""
        SELECT {fields}, CAST(sum(n_claims) AS BIGINT)
        FROM kept_days JOIN kept_lines USING (line) WHERE signal = $signal GROUP BY {fields}
        """,
        named,
    ).fetchall():
        for name, value in zip(tuple(counts), values, strict=True):
            counts[name][value] += n
    dropped = cursor.execute(
        "SELECT dimension FROM kept_dimensions WHERE signal = $signal AND NOT kept", named
    ).fetchall()
    left = {name for (name,) in dropped}
    counts |= {n: Counter() for n in ("action", *segment_dimensions(cursor)) if n not in left}
    for name, value, n in cursor.execute(
        """
        SELECT dimension, value, CAST(sum(n) AS BIGINT)
        FROM kept_cells JOIN kept_lines USING (line)
        WHERE signal = $signal AND dimension <> '' GROUP BY dimension, value
        """,
        named,
    ).fetchall():
        counts[name][value] += n
    found = {}
    for name, of in counts.items():
        n_missing = of.pop(None, 0)
        values = sorted(of.items(), key=lambda one: (-one[1], str(one[0])))
        top = tuple((str(value), n) for value, n in values[:TOP_VALUES])
        found[name] = DimensionFacts(name, len(of), n_missing, top)
    return found


def _counted(
    cursor: duckdb.DuckDBPyConnection, signal: str, names: Sequence[str]
) -> dict[str, DimensionFacts]:
    """The same of some dimensions from the claims."""
    if not names:
        return {}
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
    found = {}
    every = (1 << len(names)) - 1
    for i, name in enumerate(names):
        # GROUPING() sets the bit of each column summed over, the first column's the highest.
        which = every & ~(1 << (len(names) - 1 - i))
        mine = [row[1:] for row in rows if row[0] == which]
        values = [(value, n) for value, n, _ in mine if value is not None]
        n_missing = sum(n for value, n, _ in mine if value is None)
        n_values = mine[0][2] if mine else 0
        found[name] = DimensionFacts(name, n_values, n_missing, tuple(values[:TOP_VALUES]))
    return found


def _sources(cursor: duckdb.DuckDBPyConnection, signal: str) -> tuple[DimensionFacts, ...]:
    """Who labelled the signal's claims; nothing where no label states its source."""
    counts = label_sources(cursor, signal)
    values = [(source, n) for source, n in counts.items() if source is not None]
    if not values:
        return ()
    values.sort(key=lambda one: (-one[1], one[0]))
    return (DimensionFacts(SOURCE_DIMENSION, len(values), counts.get(None, 0), tuple(values)),)


@once
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


@once
def segment_values(cursor: duckdb.DuckDBPyConnection) -> dict[str, dict[str, int]]:
    """How many values every signal's claims have of every segment dimension, in one pass.

    Returns:
        Signal → dimension → values, claims that name none counted as one more; dimensions of which
        no claim of a signal names a value are left out.
    """
    names = segment_dimensions(cursor)
    if not names:
        return {}
    with snapshot(cursor):
        found, counted = _kept_values(cursor), _counted_values(cursor, names)
    for signal, of in counted.items():
        found.setdefault(signal, {}).update(of)
    return {
        signal: {name: found[signal][name] for name in names if name in found[signal]}
        for signal in sorted(found)
    }


def _kept_values(cursor: duckdb.DuckDBPyConnection) -> dict[str, dict[str, int]]:
    """Of the dimensions that are kept."""
    found: dict[str, dict[str, int]] = {
        signal: {}
        for (signal,) in cursor.execute("SELECT signal FROM kept_signals WHERE kept").fetchall()
    }
    for signal, name, n in cursor.execute(
        """
        SELECT signal, dimension, count(DISTINCT value) + CAST(bool_or(value IS NULL) AS INTEGER)
        FROM kept_cells JOIN kept_lines USING (line)
        WHERE dimension NOT IN ('', 'action') GROUP BY signal, dimension
        """
    ).fetchall():
        found[signal][name] = n
    return found


def _counted_values(
    cursor: duckdb.DuckDBPyConnection, names: Sequence[str]
) -> dict[str, dict[str, int]]:
    """Of the others, from the claims: all of a signal that is not kept, or what was dropped."""
    kept: dict[str, set[str]] = {
        signal: set()
        for (signal,) in cursor.execute("SELECT signal FROM kept_signals WHERE kept").fetchall()
    }
    dropped: dict[str, set[str]] = dict(kept)
    for signal, name in cursor.execute(
        "SELECT signal, dimension FROM kept_dimensions WHERE NOT kept AND dimension <> 'action'"
    ).fetchall():
        dropped[signal] = dropped.get(signal, set()) | {name}
    every = {one for (one,) in cursor.execute("SELECT DISTINCT signal FROM signals").fetchall()}
    asked = {signal: set(names) for signal in every - kept.keys()}
    asked |= {signal: of for signal, of in dropped.items() if of}
    if not asked:
        return {}
    some = [name for name in names if any(name in of for of in asked.values())]
    listed = ", ".join(map(literal, sorted(asked)))
    found = _values(cursor, some, f"WHERE signal IN ({listed})")
    return {
        signal: {name: n for name, n in of.items() if name in asked[signal]}
        for signal, of in found.items()
    }


def _values(
    cursor: duckdb.DuckDBPyConnection, names: Sequence[str], condition: str
) -> dict[str, dict[str, int]]:
    columns = ", ".join(
        f"count(DISTINCT {column}), bool_or({column} IS NULL)"
        for column in (quoted(f"seg_{name}") for name in names)
    )
    found: dict[str, dict[str, int]] = {}
    for signal, *counts in cursor.execute(
        f"SELECT signal, {columns} FROM claims {condition} GROUP BY signal ORDER BY signal"
    ).fetchall():
        pairs = zip(names, counts[::2], counts[1::2], strict=True)
        found[signal] = {name: n + missing for name, n, missing in pairs if n}
    return found
