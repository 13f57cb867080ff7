"""What comes in, day by day: every input once, at the first claim that was made on it.

What is asked again, by a second version or every week, comes in once; without that a case that is
asked often would count as many. No label is looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import duckdb

from core.queries.base.dimensions import ECE_BIN_SQL, dimensions_named
from core.queries.base.many import Row, Rows, Wanted, rows_of
from core.queries.base.repeating import signal_repeats
from core.queries.base.seen.fingerprints_seen import FIELDS
from core.queries.base.selection import Selection
from core.queries.base.together.asking import AskedOfMany, answered, ask
from core.queries.base.together.snapshot import snapshot

#: A fingerprint as one text, and no text twice.
_PRINT = f"CAST(json_array({', '.join(FIELDS)}) AS VARCHAR)"


@dataclass(frozen=True)
class Arrived:
    """Inputs of one day and one value.

    Attributes:
        dimension: the segment dimension; None: the stated confidence.
        value: its value, None: not named; of the stated confidence the ECE bin, "0" … "9".
        version: of the stated confidence: the fingerprint that stated it, as one text; else None.
        day: of the first claim, UTC.
        n: inputs.
    """

    dimension: str | None
    value: str | None
    version: str | None
    day: date
    n: int


def arrivals(
    cursor: duckdb.DuckDBPyConnection,
    signal: str,
    since: datetime,
    until: datetime,
    dimensions: Sequence[str],
) -> tuple[Arrived, ...]:
    """The inputs that production saw first in a time.

    Args:
        since: earliest time of a first claim, inclusive, UTC without zone.
        until: latest, exclusive.
        dimensions: segment dimensions whose values are counted.

    Returns:
        By dimension as asked for, the stated confidence last. A claim that names no input is an
        input of its own; one that states no confidence counts for the dimensions only.
    """
    return answered(cursor, ask(ArrivalsAsked(signal, since, until, tuple(dimensions))))


@dataclass(frozen=True)
class ArrivalsAsked(AskedOfMany[tuple[Arrived, ...]]):
    """A question that `arrivals` answers, of which many can be asked together."""

    signal: str
    since: datetime
    until: datetime
    dimensions: tuple[str, ...]

    @classmethod
    def answers(
        cls, cursor: duckdb.DuckDBPyConnection, asked: Sequence[ArrivalsAsked]
    ) -> Sequence[tuple[Arrived, ...]]:
        """The inputs of each."""
        found: list[tuple[Arrived, ...]] = [()] * len(asked)
        with snapshot(cursor):
            wanted = [one._wanted(signal_repeats(cursor, one.signal)) for one in asked]
            for rows in rows_of(cursor, wanted, lambda one: _columns(cursor, one)):
                since = [asked[place].since for place in rows.places]
                for place, own in rows.rows(_counted(cursor, rows, since)):
                    found[place] = _arrived(own, asked[place].dimensions)
        return found

    def _wanted(self, repeats: bool) -> Wanted:
        # Whether an input is new can only be told from all that came before.
        since = None if repeats else self.since
        claims = Selection(self.signal, since, self.until, where=(("split", ("production",)),))
        return Wanted(claims, names=self.dimensions, kept=False, apart=repeats)


def _columns(cursor: duckdb.DuckDBPyConnection, wanted: Wanted) -> dict[str, str]:
    known = dimensions_named(cursor, wanted.names)
    return {
        **{f"key_{i}": known[name].sql for i, name in enumerate(wanted.names)},
        "bin": ECE_BIN_SQL,
        "version": _PRINT,
        "made": "ts",
        "event": "event_id",
        "unit": "coalesce(input_id, event_id)",
    }


def _counted(cursor: duckdb.DuckDBPyConnection, rows: Rows, since: Sequence[datetime]) -> list[Row]:
    """By which dimension, the values of all, bin, version, day, and how many."""
    keys = [f"key_{i}" for i in range(len(rows.wanted.names))]
    new, repeats = "", bool(rows.wanted.apart)
    if repeats:
        from_ = f"$from[{'asked + 1' if rows.asked else '1'}]"
        # Only what is new is put in order: in a long history that is little.
        new = f"""
            WHERE made >= {from_} AND ({rows.asked}unit) NOT IN (
                SELECT ({rows.asked}unit) FROM every WHERE made < {from_})
            QUALIFY row_number() OVER (PARTITION BY {rows.asked}unit ORDER BY made, event) = 1
        """
    listed, own = "".join(f"{key}, " for key in keys), rows.asked.split(", ")[:-1]
    sets = [*(["day", key] for key in keys), ["day", "bin", "version"]]
    return cursor.execute(
        f"""
        WITH every AS ({rows.source.sql}),
        new_input AS (SELECT *, CAST(made AS DATE) AS day FROM every {new})
        SELECT {rows.asked}GROUPING({listed}bin) AS which, {listed}CAST(bin AS VARCHAR), version,
               day, count(*)
        FROM new_input
        GROUP BY GROUPING SETS ({", ".join(f"({', '.join([*own, *one])})" for one in sets)})
        """,
        {**rows.source.parameters, **({"from": list(since)} if repeats else {})},
    ).fetchall()


def _arrived(rows: Sequence[Row], dimensions: Sequence[str]) -> tuple[Arrived, ...]:
    # GROUPING() sets the bit of each column summed over, the first column's the highest.
    every = (1 << (len(dimensions) + 1)) - 1
    found = []
    for bits, *values, bin_, version, day, n in rows:
        if not bits & 1:
            if bin_ is not None:
                found.append((len(dimensions), Arrived(None, bin_, version, day, n)))
            continue
        at = len(dimensions) - (every & ~bits).bit_length() + 1
        found.append((at, Arrived(dimensions[at], values[at], None, day, n)))
    found.sort(key=lambda one: (one[0], one[1].day, one[1].version or "", one[1].value or ""))
    return tuple(one for _, one in found)
