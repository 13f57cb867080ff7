"""The one family of queries that turns events into cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.measure.cells.cells import Cells, InputCells, IntArray
from core.queries.base.claims_sql import Source, selected_claims
from core.queries.base.dimensions import Dimension, dimensions_named
from core.queries.base.group_keys import Groups, Key, encoded, groups_of, integers
from core.queries.base.repeating import signal_repeats
from core.queries.base.selection import Selection


@dataclass(frozen=True)
class GroupedCells:
    """Cells of every group of a question.

    Attributes:
        by: the dimensions grouped by.
        keys: one tuple of labels per group, in the order of ``by``; None where claims do not name
            the dimension. Ascending, None last.
        cells: the cells of each group.
    """

    by: tuple[str, ...]
    keys: tuple[Key, ...]
    cells: tuple[Cells, ...]

    def __len__(self) -> int:
        return len(self.keys)


def grouped_cells(
    cursor: duckdb.DuckDBPyConnection, selection: Selection, by: Sequence[str] = ()
) -> GroupedCells:
    """Sum a selection's claims into cells, for each group that has a claim.

    Args:
        selection: which claims. Tuning claims are left out unless ``split`` is named in the
            selection or in ``by``.

    Returns:
        The groups. ``Cells.inputs`` is filled for a group in which one input has several
        labelled claims; a claim without input_id counts as an input of its own.
    """
    named = dimensions_named(cursor, by)
    dimensions = [named[name] for name in by]
    keys = {f"key_{i}": dimension.sql for i, dimension in enumerate(dimensions)}
    columns = keys | {"ppm": "confidence_ppm", "input": "input_id"}
    source = selected_claims(cursor, selection, columns, by=by)
    return summed(cursor, source, dimensions, repeats=signal_repeats(cursor, selection.signal))


def summed(
    cursor: duckdb.DuckDBPyConnection,
    source: Source,
    dimensions: Sequence[Dimension],
    *,
    repeats: bool,
) -> GroupedCells:
    """Sum claims into cells, for each group that has one.

    Args:
        source: the claims, with columns ``key_0``, ``key_1``, … for the dimensions, ``ppm``,
            ``input`` and ``outcome``.
        dimensions: what the keys mean; without any there is one group, possibly empty.
        repeats: whether to look for inputs with several claims.
    """
    keys = [f"key_{i}" for i in range(len(dimensions))]
    return assembled(summed_rows(cursor, source, keys, repeats=repeats), dimensions)


def summed_rows(
    cursor: duckdb.DuckDBPyConnection, source: Source, keys: Sequence[str], *, repeats: bool
) -> pa.Table:
    """The rows that `assembled` makes cells of.

    Args:
        keys: columns of the source to group by.
    """
    query = _CELLS_AND_INPUTS if repeats else _CELLS
    return cursor.sql(
        query.format(**_parts(source, keys)), params=source.parameters
    ).to_arrow_table()


def assembled(table: pa.Table, dimensions: Sequence[Dimension]) -> GroupedCells:
    """Cells from the rows of `summed_rows`, grouped by the columns of these dimensions."""
    keys = [f"key_{i}" for i in range(len(dimensions))]
    cells, inputs = _rows(table, keys), None
    if "per_input" in table.column_names:
        per_input = table.column("per_input")
        cells = _rows(table.filter(pc.invert(per_input)), keys)
        inputs = _rows(table.filter(per_input), keys)
    groups = groups_of(cells.keys, dimensions, len(cells.ppm))
    return _assembled(tuple(one.name for one in dimensions), cells, groups, inputs)


@dataclass(frozen=True)
class _Rows:
    """What one of the queries returned, column by column."""

    keys: tuple[pa.ChunkedArray, ...]
    ppm: IntArray
    numbers: tuple[IntArray, ...]
    input: pa.ChunkedArray | None = None


# One row per group and confidence; −1 stands for the unstated ones.
_CELLS = """
    SELECT {keys}coalesce(ppm, -1) AS ppm, count(*) AS n_claims, count(outcome) AS n,
           CAST(coalesce(sum(outcome), 0) AS BIGINT) AS s
    FROM ({claims}) AS claim
    GROUP BY {keys}ppm
"""

# In one query, so that an import that is committed meanwhile is in both or in neither: one row per
# group and confidence, and one per group, confidence and input with a label.
_CELLS_AND_INPUTS = """
    SELECT {keys}coalesce(ppm, -1) AS ppm, NULL AS input, FALSE AS per_input,
           count(*) AS n_claims, count(outcome) AS n,
           CAST(coalesce(sum(outcome), 0) AS BIGINT) AS s
    FROM ({claims}) AS claim
    GROUP BY {keys}ppm
    UNION ALL
    SELECT {keys}ppm, input, TRUE, count(*), count(*), CAST(sum(outcome) AS BIGINT)
    FROM ({claims}) AS claim
    WHERE ppm IS NOT NULL AND outcome IS NOT NULL
    GROUP BY {keys}ppm, input
"""


def _parts(source: Source, keys: Sequence[str]) -> dict[str, str]:
    return {"keys": "".join(f"{key}, " for key in keys), "claims": source.sql}


def _rows(table: pa.Table, keys: Sequence[str]) -> _Rows:
    numbers = tuple(integers(table, name) for name in ("n_claims", "n", "s"))
    inputs = table.column("input") if "input" in table.column_names else None
    return _Rows(tuple(table.column(key) for key in keys), integers(table, "ppm"), numbers, inputs)


def _assembled(
    by: tuple[str, ...], rows: _Rows, groups: Groups, labelled: _Rows | None
) -> GroupedCells:
    n_claims, n, s = rows.numbers
    group = groups.place
    count = len(groups.keys)
    stated = rows.ppm >= 0
    n_unstated = np.bincount(group[~stated], weights=n_claims[~stated], minlength=count)
    place = group * 1_000_001 + rows.ppm
    order = np.argsort(place[stated], kind="stable")
    place, n_claims, n, s = (a[stated][order] for a in (place, n_claims, n, s))
    v = rows.ppm[stated][order] / 1_000_000
    bounds = np.searchsorted(place, np.arange(count + 1) * 1_000_001)
    inputs = (
        {}
        if labelled is None
        else _repeated_inputs(labelled, groups.of(labelled.keys, len(labelled.ppm)), place, bounds)
    )
    cells = tuple(
        Cells(v[a:b], n_claims[a:b], n[a:b], s[a:b], int(n_unstated[g]), inputs.get(g))
        for g, (a, b) in enumerate(pairwise(bounds))
    )
    return GroupedCells(by, groups.keys, cells)


def _repeated_inputs(
    rows: _Rows, group: IntArray, place: IntArray, bounds: IntArray
) -> dict[int, InputCells]:
    """Per-input counts of the groups in which an input has several labelled claims."""
    assert rows.input is not None
    _, n, s = rows.numbers
    codes, values = encoded(rows.input)
    nobody = values.index(None) if None in values else -1
    value = np.searchsorted(place, group * 1_000_001 + rows.ppm) - bounds[group]
    unnamed = codes == nobody
    # A claim that names no input is its own: n claims become n entries, the first s of them right.
    again = np.where(unnamed, n, 1)
    entry = np.repeat(np.arange(len(n)), again)
    within = np.arange(len(entry)) - np.repeat(np.cumsum(again) - again, again)
    single = unnamed[entry]
    entry_n = np.where(single, 1, n[entry])
    entry_s = np.where(single, within < s[entry], s[entry]).astype(np.int64)
    owner = np.where(single, len(values) + np.arange(len(entry)), codes[entry])
    _, owner = np.unique(group[entry] * (len(values) + len(entry)) + owner, return_inverse=True)
    order = np.lexsort((value[entry], owner))
    owner, entry, entry_n, entry_s = (a[order] for a in (owner, entry, entry_n, entry_s))
    edges = np.searchsorted(group[entry], np.arange(len(bounds)))
    found: dict[int, InputCells] = {}
    for g, (a, b) in enumerate(pairwise(edges)):
        total = int(entry_n[a:b].sum())
        if b == a or owner[b - 1] - owner[a] + 1 == total:
            continue
        found[g] = InputCells(
            owner[a:b] - owner[a],
            value[entry[a:b]],
            entry_n[a:b],
            entry_s[a:b],
        )
    return found
