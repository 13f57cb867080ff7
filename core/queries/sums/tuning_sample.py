"""One claim per input of a split, for choosing a threshold and for judging it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import duckdb

from core.defaults import INPUTS_NAMED
from core.queries.base.cells import GroupedCells, summed
from core.queries.base.claims_sql import Source, selected_claims
from core.queries.base.dimensions import Parameter, dimensions_named
from core.queries.base.kept.at_hand import needs_claims
from core.queries.base.seen.fingerprints_seen import FIELDS
from core.queries.base.selection import Selection
from core.queries.base.truth import Truth
from core.queries.sums.validation_sample import Shared, claims_then

Split = Literal["tuning", "heldout", "production"]


@dataclass(frozen=True)
class SplitCounts:
    """What a split holds.

    Attributes:
        n_claims: all claims.
        n_inputs: distinct inputs; a claim without one is an input of its own.
        n_labelled: inputs whose first claim is labelled.
        fingerprints: their distinct fingerprints, each the values of `FIELDS`; ascending.
    """

    n_claims: int
    n_inputs: int
    n_labelled: int
    fingerprints: tuple[tuple[str | None, ...], ...]


def tuned_signals(cursor: duckdb.DuckDBPyConnection, *, by_input: bool = False) -> tuple[str, ...]:
    """The signals that have a tuning split, by name.

    Args:
        by_input: only those whose claims name their input, all but a few of the tuning ones and of
            the others, so that overlap can be checked.
    """
    rows = cursor.execute(
        """
        SELECT signal FROM claims GROUP BY signal
        HAVING bool_or(split = 'tuning') AND (NOT $by_input OR (
            count(input_id) FILTER (split = 'tuning') >= $share * count(*) FILTER (split = 'tuning')
            AND count(input_id) FILTER (split <> 'tuning')
                >= $share * count(*) FILTER (split <> 'tuning')))
        ORDER BY signal
        """,
        {"by_input": by_input, "share": INPUTS_NAMED},
    ).fetchall()
    return tuple(str(row[0]) for row in rows)


def split_cells(
    cursor: duckdb.DuckDBPyConnection,
    selection: Selection,
    split: Split,
    by: Sequence[str] = (),
    *,
    untuned: bool = False,
) -> GroupedCells:
    """A split's inputs as cells: of each input the first claim, by time and then by event_id.

    Args:
        selection: which claims; names no split itself.
        split: which split of them.
        untuned: leave out claims whose input the signal was tuned on.
    """
    named = dimensions_named(cursor, by)
    dimensions = [named[name] for name in by]
    keys = {f"key_{i}": dimension.sql for i, dimension in enumerate(dimensions)}
    firsts = _firsts(cursor, selection, split, keys, untuned=untuned)
    return summed(cursor, firsts, dimensions, repeats=False)


def tuning_cells_then(
    cursor: duckdb.DuckDBPyConnection,
    selection: Selection,
    imports_to: int,
    truth: Truth,
    by: Sequence[str] = (),
) -> GroupedCells:
    """`split_cells` of the tuning split, as it was after an import.

    Args:
        selection: the signal, and conditions on versions and segments; nothing else is looked at.
        truth: whose labels counted then.

    Raises:
        NeedsClaims: cells of the signal were loaded, and these claims are not here.
        UnknownDimension, BadValue: conditions that this ledger does not know.
    """
    needs_claims(cursor, selection.signal, of={"split": ("tuning",)})
    named = dimensions_named(cursor, (*by, *(name for name, _ in selection.where)))
    conditions, parameters = ["split = 'tuning'"], dict[str, Parameter]()
    for i, (name, values) in enumerate(selection.where):
        condition, more = named[name].condition(values, f"where_{i}")
        conditions.append(condition)
        parameters |= more
    dimensions = [named[name] for name in by]
    keys = {f"key_{i}": dimension.sql for i, dimension in enumerate(dimensions)}
    source = claims_then(
        cursor,
        selection.signal,
        imports_to,
        truth,
        keys | _OF_CLAIM,
        " AND ".join(conditions),
        parameters,
    )
    return summed(cursor, _first_of_each(source), dimensions, repeats=False)


def split_counts(
    cursor: duckdb.DuckDBPyConnection,
    selection: Selection,
    split: Split,
    *,
    untuned: bool = False,
) -> SplitCounts:
    """How many claims and inputs a split holds, and of which versions they are."""
    source = _firsts(cursor, selection, split, {"fingerprint": _FINGERPRINT}, untuned=untuned)
    rows = cursor.execute(
        f"""
        SELECT fingerprint, sum(of_input), count(*), count(outcome) FILTER (ppm IS NOT NULL)
        FROM ({source.sql}) AS claim GROUP BY fingerprint ORDER BY fingerprint
        """,
        source.parameters,
    ).fetchall()
    return SplitCounts(
        n_claims=sum(int(row[1]) for row in rows),
        n_inputs=sum(int(row[2]) for row in rows),
        n_labelled=sum(int(row[3]) for row in rows),
        fingerprints=tuple(tuple(row[0]) for row in rows),
    )


def split_span(
    cursor: duckdb.DuckDBPyConnection, selection: Selection, split: Split
) -> tuple[datetime | None, datetime | None]:
    """The times of a split's first and last claim; None without one."""
    source = selected_claims(cursor, selection.narrowed("split", split), {"at": "ts"})
    row = cursor.execute(
        f"""
        SELECT min("at"), max("at") FROM ({source.sql}) AS claim
        """,
        source.parameters,
    ).fetchone()
    assert row is not None
    return row[0], row[1]


def shared_inputs(
    cursor: duckdb.DuckDBPyConnection, selection: Selection, split: Split, *, limit: int
) -> tuple[tuple[Shared, ...], int]:
    """The split's claims whose input the signal was tuned on, by any version of it.

    Within a signal an event_id names one claim, so two splits never share an event.

    Returns:
        The first ``limit`` by event_id, and how many there are.
    """
    columns = {"event": "event_id", "input": "input_id"}
    source = selected_claims(cursor, selection.narrowed("split", split), columns)
    rows = cursor.execute(
        f"""
        SELECT event, input, first_event, 'input_id', count(*) OVER ()
        FROM ({source.sql}) AS claim
        JOIN (SELECT input_id AS tuned_input, min(event_id) AS first_event FROM claims
              WHERE signal = $signal AND split = 'tuning' AND input_id IS NOT NULL
              GROUP BY input_id) AS tuned
        ON tuned_input = input
        ORDER BY event
        LIMIT $limit
        """,
        {**source.parameters, "limit": limit},
    ).fetchall()
    return tuple(Shared(*row[:4]) for row in rows), int(rows[0][4]) if rows else 0


_FINGERPRINT = f"[{', '.join(FIELDS)}]"
_UNTUNED = """(input_id IS NULL OR input_id NOT IN (
    SELECT input_id FROM claims
    WHERE signal = $signal AND split = 'tuning' AND input_id IS NOT NULL))"""


def _firsts(
    cursor: duckdb.DuckDBPyConnection,
    selection: Selection,
    split: Split,
    columns: dict[str, str],
    *,
    untuned: bool,
) -> Source:
    """The first claim of each input, with ``of_input``, how many claims its input has."""
    source = selected_claims(
        cursor,
        selection.narrowed("split", split),
        {**columns, **_OF_CLAIM},
        also=_UNTUNED if untuned else "TRUE",
    )
    return _first_of_each(source)


#: What the first claim of an input is told by.
_OF_CLAIM = {
    "ppm": "confidence_ppm",
    # Of two kinds, so that no event passes for the input of another claim.
    "input": "CASE WHEN input_id IS NULL THEN [event_id, NULL] ELSE [NULL, input_id] END",
    "event": "event_id",
    "at": "ts",
}


def _first_of_each(source: Source) -> Source:
    return Source(
        f"""
        SELECT *, count(*) OVER (PARTITION BY input) AS of_input
        FROM ({source.sql}) AS every
        QUALIFY row_number() OVER (PARTITION BY input ORDER BY "at", event) = 1
        """,
        source.parameters,
    )
