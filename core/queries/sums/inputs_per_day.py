"""What comes in, day by day: every input once, at the first claim that was made on it.

What is asked again, by a second version or every week, comes in once; without that a case that is
asked often would count as many. No label is looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import duckdb

from core.queries.base.claims_sql import selected_claims
from core.queries.base.dimensions import ECE_BIN_SQL, dimensions_named
from core.queries.base.fingerprints_seen import FIELDS
from core.queries.base.repeating import signal_repeats
from core.queries.base.selection import Selection

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
    known = dimensions_named(cursor, dimensions)
    keys = [f"key_{i}" for i in range(len(dimensions))]
    columns = {
        **{key: known[name].sql for key, name in zip(keys, dimensions, strict=True)},
        "bin": ECE_BIN_SQL,
        "version": _PRINT,
        "made": "ts",
        "event": "event_id",
        "unit": "coalesce(input_id, event_id)",
    }
    repeats = signal_repeats(cursor, signal)
    # Whether an input is new can only be told from all that came before.
    asked = Selection(
        signal, None if repeats else since, until, where=(("split", ("production",)),)
    )
    source = selected_claims(cursor, asked, columns)
    # Only what is new is put in order: in a long history that is little.
    new = """
        WHERE made >= $from AND unit NOT IN (SELECT unit FROM every WHERE made < $from)
        QUALIFY row_number() OVER (PARTITION BY unit ORDER BY made, event) = 1
    """
    listed = "".join(f"{key}, " for key in keys)
    sets = ", ".join([*(f"(day, {key})" for key in keys), "(day, bin, version)"])
    rows = cursor.execute(
        f"""
        WITH every AS ({source.sql}),
        new_input AS (
            SELECT *, CAST(made AS DATE) AS day FROM every
            {new if repeats else ""})
        SELECT GROUPING({listed}bin) AS which, {listed}CAST(bin AS VARCHAR), version, day, count(*)
        FROM new_input
        GROUP BY GROUPING SETS ({sets})
        """,
        {**source.parameters, **({"from": since} if repeats else {})},
    ).fetchall()
    # GROUPING() sets the bit of each column summed over, the first column's the highest.
    every = (1 << (len(keys) + 1)) - 1
    found = []
    for bits, *values, bin_, version, day, n in rows:
        if not bits & 1:
            if bin_ is not None:
                found.append((len(keys), Arrived(None, bin_, version, day, n)))
            continue
        at = len(keys) - (every & ~bits).bit_length() + 1
        found.append((at, Arrived(dimensions[at], values[at], None, day, n)))
    found.sort(key=lambda one: (one[0], one[1].day, one[1].version or "", one[1].value or ""))
    return tuple(one for _, one in found)
