"""Rules that never apply: an override for a segment that no claim is in, most often a slip."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches

import duckdb

from core.govern.spec import SignalSpec
from core.store.dimensions import segment_dimensions
from core.store.ledger import quoted

#: So many existing values are named, and the nearest looked for among so many, the commonest.
_NAMED, _LOOKED_AT = 3, 10_000


def idle_overrides(cursor: duckdb.DuckDBPyConnection, spec: SignalSpec) -> tuple[str, ...]:
    """The overrides of an entry that would have applied to no claim so far, each a sentence.

    Args:
        cursor: of the ledger.
        spec: the entry; of a signal without claims nothing can be told, and nothing is said.
    """
    row = cursor.execute(
        "SELECT count(*) FROM claims WHERE signal = $signal", {"signal": spec.name}
    ).fetchone()
    if row is None or row[0] == 0:
        return ()
    return tuple(_idle(cursor, spec))


def _idle(cursor: duckdb.DuckDBPyConnection, spec: SignalSpec) -> Iterator[str]:
    known = {name.lower(): name for name in segment_dimensions(cursor)}
    for override in spec.rules.overrides:
        rule = f"The override {override.dimension}={override.value} never applies:"
        dimension = known.get(override.dimension.lower())
        if dimension is None:
            there = _nearest(override.dimension, sorted(known.values()))
            yield f"{rule} no claim has a segment {override.dimension}; {there}."
            continue
        values = _values(cursor, spec.name, dimension)
        if override.value not in values:
            there = _nearest(override.value, values)
            yield f"{rule} no claim of {spec.name} has this value; {there}."


def _values(cursor: duckdb.DuckDBPyConnection, signal: str, dimension: str) -> list[str]:
    """The values the signal's claims have, the commonest first."""
    column = quoted(f"seg_{dimension}")
    rows = cursor.execute(
        f"""
        SELECT {column} FROM claims WHERE signal = $signal AND {column} IS NOT NULL
        GROUP BY {column} ORDER BY count(*) DESC, {column}
        """,
        {"signal": signal},
    ).fetchall()
    return [str(value) for (value,) in rows]


def _nearest(word: str, there: Sequence[str]) -> str:
    """``the nearest there is de``, or else the commonest there are."""
    if not there:
        return "there is none at all"
    spelled = {one.casefold(): one for one in reversed(there[:_LOOKED_AT])}
    near = [spelled[one] for one in get_close_matches(word.casefold(), spelled, n=_NAMED)]
    if near:
        return f"the nearest there {'is' if len(near) == 1 else 'are'} {', '.join(near)}"
    more = f" and {len(there) - _NAMED:,} more" if len(there) > _NAMED else ""
    return f"there {'is' if len(there) == 1 else 'are'} {', '.join(there[:_NAMED])}{more}"
