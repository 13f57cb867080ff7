"""Overrides that fit no claim, and claims that fit no rule: most often slips."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches

import duckdb

from core.ledger.sql import quoted
from core.queries.base.dimensions import segment_dimensions
from core.queries.base.segment_names import kept, kept_sql
from core.registry.escalation_rules import written_values
from core.registry.signal_spec import SignalSpec

#: So many existing values are named, and the nearest looked for among so many, the commonest.
_NAMED, _LOOKED_AT = 3, 10_000


def idle_overrides(cursor: duckdb.DuckDBPyConnection, spec: SignalSpec) -> tuple[str, ...]:
    """What the overrides of an entry have to do with the claims so far, where it looks odd.

    An override that no claim is surely under, and values that the entry does not list, so that
    the strictest rule applies to their claims. Each is told in sentences.

    Args:
        spec: the entry; of a signal without claims nothing can be told, and nothing is said.
    """
    row = cursor.execute(
        "SELECT count(*) FROM claims WHERE signal = $signal", {"signal": spec.name}
    ).fetchone()
    if row is None or row[0] == 0:
        return ()
    return (*_idle(cursor, spec), *_unlisted(cursor, spec))


def _idle(cursor: duckdb.DuckDBPyConnection, spec: SignalSpec) -> Iterator[str]:
    known = {name.lower(): name for name in segment_dimensions(cursor)}
    for override in spec.rules.overrides:
        rule = f"The override {override.dimension}={override.value} fits no claim:"
        dimension = known.get(override.dimension.lower())
        if dimension is None:
            there = _nearest(override.dimension, sorted(known.values()))
            yield (
                f"{rule} no claim has a segment {override.dimension}; {there}. Until claims state "
                "one, the strictest rule applies to them all."
            )
            continue
        values = _values(cursor, spec.name, dimension)
        if kept(override.value) not in values:
            there = _nearest(override.value, values)
            yield f"{rule} no claim of {spec.name} has this value; {there}."


def _unlisted(cursor: duckdb.DuckDBPyConnection, spec: SignalSpec) -> Iterator[str]:
    known = {name.lower(): name for name in segment_dimensions(cursor)}
    for dimension, listed in written_values(spec.rules).items():
        if dimension not in known:
            continue
        rest = [one for one in _values(cursor, spec.name, known[dimension]) if one not in listed]
        if rest:
            more = f" and {len(rest) - _NAMED:,} more" if len(rest) > _NAMED else ""
            yield (
                f"Of {known[dimension]} the entry does not list {', '.join(rest[:_NAMED])}{more}: "
                "the strictest rule applies to such claims. Are the bands meant for them? Then "
                "list them under knownValues."
            )


def _values(cursor: duckdb.DuckDBPyConnection, signal: str, dimension: str) -> list[str]:
    """The values the signal's claims have, the commonest first."""
    value = kept_sql(quoted(f"seg_{dimension}"))
    rows = cursor.execute(
        f"""
        SELECT {value} AS value FROM claims WHERE signal = $signal AND {value} IS NOT NULL
        GROUP BY value ORDER BY count(*) DESC, value
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
