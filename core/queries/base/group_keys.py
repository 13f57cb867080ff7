"""From the key columns of a query's rows to numbered, labelled groups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from core.ledger.arrow import numbers
from core.ledger.errors import TooManyValues
from core.measure.cells.cells import FloatArray, IntArray
from core.queries.base.dimensions import Dimension
from core.queries.base.segment_names import MOST_VALUES, too_many

#: The labels of one group, one per dimension; None where its claims do not name the dimension.
Key = tuple[str | None, ...]
#: One group with the names of what tells it apart: dimension and value.
Segment = tuple[tuple[str, str | None], ...]


@dataclass(frozen=True)
class Groups:
    """The groups of a question, ascending by label with None last.

    Attributes:
        keys: the labels of each group.
        ranks: per dimension, value as the query returns it → rank of its label.
        codes: the ranks of each group's key as digits of one number, ascending.
        place: the group number of each row that they were found among.
    """

    keys: tuple[Key, ...]
    ranks: tuple[dict[str | int | None, int], ...]
    codes: IntArray
    place: IntArray

    def of(self, columns: Sequence[pa.ChunkedArray], length: int) -> IntArray:
        """The group number of each of ``length`` other rows, all of known groups."""
        codes = _combined(columns, self.ranks, length)
        return np.searchsorted(self.codes, codes).astype(np.int64)


def by_grouping(
    table: pa.Table, groupings: Sequence[tuple[str, ...]], names: Sequence[str]
) -> Iterator[tuple[tuple[str, ...], pa.Table]]:
    """The rows of each grouping in the result of a query over grouping sets.

    Args:
        table: with ``which``, GROUPING() of all names in their order.
        names: of every dimension, in the query's order.
    """
    table = table.sort_by("which")
    which = integers(table, "which")
    for grouping in groupings:
        # GROUPING() sets a bit, the first column's being the highest, for each one summed over.
        bits = "".join("0" if name in grouping else "1" for name in names)
        first, end = np.searchsorted(which, [int(bits or "0", 2), int(bits or "0", 2) + 1])
        yield grouping, table.slice(first, end - first)


def groups_of(
    columns: Sequence[pa.ChunkedArray], dimensions: Sequence[Dimension], length: int
) -> Groups:
    """The groups among ``length`` rows; without any dimension the one group of everything.

    Raises:
        TooManyValues: a segment dimension has more values than claims are split by.
    """
    if not dimensions:
        nothing = np.zeros(length, dtype=np.int64)
        return Groups(((),), (), np.zeros(1, dtype=np.int64), nothing)
    ranks: list[dict[str | int | None, int]] = []
    labels: list[list[str | None]] = []
    combined: IntArray = np.zeros(length, dtype=np.int64)
    for column, dimension in zip(columns, dimensions, strict=True):
        rows, values = encoded(column)
        if len(values) > MOST_VALUES and dimension.kind == "segment":
            raise TooManyValues(too_many(dimension.name, len(values)), dimension.name)
        named = [(dimension.label(value), value) for value in values]
        named.sort(key=lambda pair: (pair[0] is None, pair[0] or ""))
        labels.append([label for label, _ in named])
        ranks.append({value: rank for rank, (_, value) in enumerate(named)})
        combined = _next_digit(combined, rows, values, ranks[-1])
    codes = np.unique(combined)
    digits: list[IntArray] = []
    rest = codes
    for column_labels in reversed(labels):
        size = max(len(column_labels), 1)
        digits.append(rest % size)
        rest = rest // size
    named_columns = [
        [column_labels[i] for i in digit]
        for column_labels, digit in zip(labels, reversed(digits), strict=True)
    ]
    place = np.searchsorted(codes, combined).astype(np.int64)
    return Groups(tuple(zip(*named_columns, strict=True)), tuple(ranks), codes, place)


def encoded(column: pa.ChunkedArray) -> tuple[IntArray, list[str | int | None]]:
    """Each row's position in the list of distinct values, and that list."""
    dictionary = column.combine_chunks().dictionary_encode(null_encoding="encode")
    codes: IntArray = _numbers(dictionary.indices).astype(np.int64)
    return codes, dictionary.dictionary.to_pylist()


def integers(table: pa.Table, column: str) -> IntArray:
    """A column of whole numbers without NULL."""
    found: IntArray = _numbers(table.column(column)).astype(np.int64)
    return found


def decimals(table: pa.Table, column: str) -> FloatArray:
    """A column of numbers; NaN where it is NULL."""
    found: FloatArray = _numbers(table.column(column)).astype(np.float64)
    return found


def _numbers(column: pa.ChunkedArray | pa.Array) -> npt.NDArray[Any]:
    """As an array of numpy; `to_numpy` would load pandas, and is left to what has no other way."""
    plain = pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
    if not plain or column.null_count:
        return np.asarray(column.to_numpy(zero_copy_only=False))
    return numbers(column)


def _combined(
    columns: Sequence[pa.ChunkedArray],
    ranks: Sequence[dict[str | int | None, int]],
    length: int,
) -> IntArray:
    combined: IntArray = np.zeros(length, dtype=np.int64)
    for column, rank in zip(columns, ranks, strict=True):
        combined = _next_digit(combined, *encoded(column), rank)
    return combined


def _next_digit(
    combined: IntArray,
    rows: IntArray,
    values: Sequence[str | int | None],
    rank: dict[str | int | None, int],
) -> IntArray:
    """The ranks so far, and after them that of one more column."""
    of_value = np.array([rank[value] for value in values], dtype=np.int64)
    found: IntArray = combined * max(len(rank), 1) + of_value[rows]
    return found
