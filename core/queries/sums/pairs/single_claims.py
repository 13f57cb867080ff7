"""Two sets of claims without an input in common, each claim its only one of its input, summed.

What `core.queries.sums.pairs.paired_groups` sums per input is then a sum over claims: they are read
once, and nothing is grouped by input. Memory is about 30 bytes a claim.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from core.ledger.errors import TooManyValues
from core.measure.cells.cells import Cells, FloatArray, IntArray
from core.measure.cells.group_sums import HUNDREDTHS
from core.measure.verdicts.before_after import Pair, SideSums
from core.measure.verdicts.shape_change import BandPair, shared_bands
from core.queries.base.cells import GroupedCells
from core.queries.base.claims_sql import Source
from core.queries.base.dimensions import Dimension
from core.queries.base.group_keys import Key, encoded, integers
from core.queries.base.segment_names import MOST_VALUES, too_many

#: Whole numbers, as narrow as they fit.
Narrow = npt.NDArray[np.signedinteger[Any]]

#: Claims that are taken at once.
_AT_ONCE = 1 << 20
#: Cells of all dimensions up to which they are counted in an array of all.
_FEW_CELLS = 10_000_000


@dataclass(frozen=True)
class SummedGroup:
    """One group of labelled claims on both sides.

    Attributes:
        at: number of the dimension; None: the whole, or its high-confidence band.
        value: as the query returned it.
        high: whether it is the high-confidence band.
        pairs: "gap", "confidence", "accuracy", "brier" → its sums.
        bands: the residuals over the bands of the whole comparison.
    """

    at: int | None
    value: str | int | None
    high: bool
    pairs: dict[str, Pair]
    bands: BandPair


def summed_claims(claims: SingleClaims, *, high_from: float) -> tuple[list[SummedGroup], float]:
    """Every group that has a labelled claim, and the share of the baseline's that is compared.

    The candidate's claims are weighted to the baseline's mix of all dimensions; cells that one side
    lacks are left out of both.
    """
    claims = claims.labelled()
    weights, standard = _weighted(claims)
    taken = np.flatnonzero(weights > 0)
    claims, weights = claims.at(taken), weights[taken]
    place = shared_bands(np.bincount((claims.ppm + 9999) // 10000, minlength=HUNDREDTHS))
    size = int(place.max()) + 1
    whole, high = np.zeros((1, 2 * size, 2, _SUMS)), np.zeros((1, 2 * size, 2, _SUMS))
    by_key = [np.zeros((len(values), 2 * size, 2, _SUMS)) for values in claims.values]
    for first in range(0, len(weights), _AT_ONCE):
        some = slice(first, first + _AT_ONCE)
        part, w = claims.at(some), weights[some]
        v = part.ppm / 1e6
        unit = part.side * size + place[(part.ppm + 9999) // 10000]
        numbers = _numbers(v - part.outcome, w)
        nobody = np.zeros_like(unit)
        _add(whole, nobody, unit, part.outcome, numbers)
        above = np.flatnonzero(v >= high_from)
        _add(high, nobody[above], unit[above], part.outcome[above], [x[above] for x in numbers])
        for sums, code in zip(by_key, part.codes, strict=True):
            _add(sums, code, unit, part.outcome, numbers)
    found = [*_groups(None, (None,), whole), *_groups(None, (None,), high, high=True)]
    for at, (values, sums) in enumerate(zip(claims.values, by_key, strict=True)):
        found += _groups(at, values, sums)
    return found, standard


@dataclass(frozen=True)
class SingleClaims:
    """Claims of two sides, N of them, in whole numbers.

    Attributes:
        side: shape (N,), 0 before, 1 after.
        ppm: shape (N,), the confidence in millionths; −1: none is stated.
        outcome: shape (N,), 0 or 1; −1: none is known.
        codes: per dimension, shape (N,): the places of its values.
        values: per dimension, its values.
    """

    side: Narrow
    ppm: Narrow
    outcome: Narrow
    codes: tuple[Narrow, ...]
    values: tuple[tuple[str | int | None, ...], ...]

    @classmethod
    def read(cls, cursor: duckdb.DuckDBPyConnection, both: Source, keys: int) -> SingleClaims:
        """All rows of a source, once.

        Args:
            both: claims with side, ppm, key_0, … and outcome.
            keys: how many keys there are.
        """
        listed = "".join(f", key_{i}" for i in range(keys))
        reader = cursor.sql(
            f"SELECT side, coalesce(ppm, -1) AS ppm, coalesce(outcome, -1) AS outcome{listed} "
            f"FROM ({both.sql}) AS claim",
            params=both.parameters,
        ).to_arrow_reader(_AT_ONCE)
        places: list[dict[str | int | None, int]] = [{} for _ in range(keys)]
        parts: list[list[Narrow]] = [[] for _ in range(3 + keys)]
        for batch in reader:
            table = pa.Table.from_batches([batch])
            for i, (name, kind) in enumerate(_NARROW.items()):
                parts[i].append(integers(table, name).astype(kind))
            for i, known in enumerate(places):
                codes, values = encoded(table.column(f"key_{i}"))
                of_code = np.array([known.setdefault(one, len(known)) for one in values], np.int32)
                parts[3 + i].append(of_code[codes])
        joined: list[Narrow] = [
            np.concatenate(one) if one else np.zeros(0, np.int32) for one in parts
        ]
        side, ppm, outcome = joined[:3]
        return cls(side, ppm, outcome, tuple(joined[3:]), tuple(map(tuple, places)))

    def at(self, rows: IntArray | slice) -> SingleClaims:
        """Some of them."""
        columns = (self.side[rows], self.ppm[rows], self.outcome[rows])
        return SingleClaims(*columns, tuple(one[rows] for one in self.codes), self.values)

    def labelled(self) -> SingleClaims:
        """Those that state a confidence and whose outcome is known."""
        return self.at(np.flatnonzero((self.ppm >= 0) & (self.outcome >= 0)))

    def of_side(self, side: int) -> SingleClaims:
        """Those before, or those after."""
        return self.at(np.flatnonzero(self.side == side))

    def cells(self, by: Sequence[int], dimensions: Sequence[Dimension]) -> GroupedCells:
        """Cells of all, as `core.queries.base.cells.summed` makes them.

        Args:
            by: places of the dimensions to group by; none: the whole.
            dimensions: what the keys are.

        Raises:
            TooManyValues: a segment dimension has more values than claims are split by.
        """
        named = [dimensions[at] for at in by]
        keys, group = self._grouped(by, named)
        confidences, place = self._places
        code = group * (3 * len(confidences)) + place
        there, counted = _tallied(code, 3 * len(confidences) * len(keys))
        # One cell is up to three of these: without a label, wrong and right.
        cell, kind = np.divmod(there, 3)
        first = np.flatnonzero(np.diff(cell, prepend=-1))
        n_claims, n, s = (
            np.add.reduceat(np.where(kind >= least, counted, 0), first) if len(first) else first
            for least in range(3)
        )
        of, at = np.divmod(cell[first], len(confidences))
        stated = confidences[at] >= 0
        n_unstated = np.zeros(len(keys), dtype=np.int64)
        n_unstated[of[~stated]] = n_claims[~stated]
        of, n_claims, n, s = (x[stated] for x in (of, n_claims, n, s))
        v = confidences[at[stated]] / 1_000_000
        bounds = np.searchsorted(of, np.arange(len(keys) + 1))
        return GroupedCells(
            tuple(one.name for one in named),
            tuple(keys),
            tuple(
                Cells(v[a:b], n_claims[a:b], n[a:b], s[a:b], int(n_unstated[g]))
                for g, (a, b) in enumerate(pairwise(bounds))
            ),
        )

    @cached_property
    def _places(self) -> tuple[IntArray, IntArray]:
        """The confidences there are, ascending; and where each claim is among them and outcomes."""
        there = np.bincount(self.ppm + 1, minlength=1) > 0
        place = (np.cumsum(there) - 1)[self.ppm + 1]
        return np.flatnonzero(there) - 1, place * 3 + self.outcome + 1

    def _grouped(
        self, by: Sequence[int], dimensions: Sequence[Dimension]
    ) -> tuple[list[Key], IntArray]:
        """The labels of each group, and the group of each claim."""
        code: IntArray = np.zeros(len(self.ppm), dtype=np.int64)
        labels: list[list[str | None]] = []
        for at, dimension in zip(by, dimensions, strict=True):
            values = self.values[at]
            there = np.flatnonzero(np.bincount(self.codes[at], minlength=len(values))).tolist()
            if len(there) > MOST_VALUES and dimension.kind == "segment":
                raise TooManyValues(too_many(dimension.name, len(there)), dimension.name)
            own = [(dimension.label(values[one]), one) for one in there]
            own.sort(key=lambda pair: (pair[0] is None, pair[0] or ""))
            labels.append([label for label, _ in own])
            rank = np.zeros(len(values), dtype=np.int64)
            rank[[one for _, one in own]] = np.arange(len(own))
            code = code * max(len(own), 1) + rank[self.codes[at]]
        if not by:
            return [()], code
        known, group = _numbered(code, math.prod(map(len, labels)))
        keys: list[Key] = []
        for one in known.tolist():
            key: list[str | None] = []
            for column in reversed(labels):
                one, digit = divmod(one, len(column))
                key.append(column[digit])
            keys.append(tuple(reversed(key)))
        return keys, group


def _numbered(code: IntArray, codes: int) -> tuple[IntArray, IntArray]:
    """The codes there are, ascending, and of each its place among them."""
    if codes > _FEW_CELLS:
        known, place = np.unique(code, return_inverse=True)
        return known, place.astype(np.int64)
    there = np.bincount(code, minlength=codes) > 0
    return np.flatnonzero(there), (np.cumsum(there) - 1)[code]


def _tallied(code: IntArray, codes: int) -> tuple[IntArray, IntArray]:
    """The codes there are, ascending, and how often each is there."""
    if codes > _FEW_CELLS:
        return np.unique(code, return_counts=True)
    counted = np.bincount(code, minlength=codes)
    there = np.flatnonzero(counted)
    return there, counted[there]


_NARROW = {"side": np.int8, "ppm": np.int32, "outcome": np.int8}


def _weighted(claims: SingleClaims) -> tuple[FloatArray, float]:
    """Each claim's weight, 0 where one side lacks its cell; and the baseline's share elsewhere."""
    if not claims.codes:
        return np.ones(len(claims.side)), 1.0
    cell = np.zeros(len(claims.side), dtype=np.int64)
    cells = 1
    for code, values in zip(claims.codes, claims.values, strict=True):
        cell = cell * len(values) + code
        cells *= max(len(values), 1)
        if cells > _FEW_CELLS:
            known, cell = np.unique(cell, return_inverse=True)
            cells = len(known)
    after = claims.side == 1
    n_b = np.bincount(cell[~after], minlength=cells)
    n_a = np.bincount(cell[after], minlength=cells)
    both = (n_b > 0) & (n_a > 0)
    ratio = np.divide(n_b, n_a, out=np.zeros(cells), where=both)
    weights = np.where(after, ratio[cell], both[cell])
    return weights, float(n_b[both].sum() / n_b.sum()) if n_b.any() else 0.0


#: Of claims with the residual d and the weight w: how many, Σw, Σw², Σwd, Σw²d, Σwd², Σw²d², Σw²d⁴.
_SUMS = 8


def _numbers(d: FloatArray, w: FloatArray) -> list[FloatArray]:
    """What is summed, without the first, which is one each."""
    ww, dd = w * w, d * d
    return [w, ww, w * d, ww * d, w * dd, ww * dd, ww * (dd * dd)]


def _add(
    sums: FloatArray, group: Narrow, unit: IntArray, outcome: Narrow, numbers: list[FloatArray]
) -> None:
    """Add claims to the sums of their group, unit and outcome; shape (groups, units, 2, 8)."""
    place = (group.astype(np.int64) * sums.shape[1] + unit) * 2 + outcome
    flat = sums.reshape(-1, _SUMS)
    flat[:, 0] += np.bincount(place, minlength=len(flat))
    for i, number in enumerate(numbers, 1):
        flat[:, i] += np.bincount(place, weights=number, minlength=len(flat))


def _groups(
    at: int | None, values: Sequence[str | int | None], sums: FloatArray, *, high: bool = False
) -> Iterator[SummedGroup]:
    size = sums.shape[1] // 2
    for value, mine in zip(values, sums, strict=True):
        n = mine[:, :, 0].sum(axis=1)
        if not n.any():
            continue
        inputs = (int(n[:size].sum()), int(n[size:].sum()))
        sides = [_side_sums(mine[part].sum(axis=0)) for part in _halves(size)]
        pairs = {name: Pair(sides[0][name], sides[1][name]) for name in sides[0]}
        yield SummedGroup(at, value, high, pairs, _band_pair(inputs, mine))


def _halves(size: int) -> tuple[slice, slice]:
    return slice(0, size), slice(size, 2 * size)


def _side_sums(sums: FloatArray) -> dict[str, SideSums]:
    """Each number's sums of one side, from shape (2, 8): of the wrong claims, and of the right."""
    n, m, mm, d, wwd, dd, wwdd, wwd4 = sums.sum(axis=0).tolist()
    _, right, right_ww, _, right_wwd, *_ = sums[1].tolist()
    of = {
        "gap": (d, wwdd, wwd),
        # A right claim's confidence is its residual and one.
        "confidence": (d + right, wwdd + 2 * right_wwd + right_ww, wwd + right_ww),
        "accuracy": (right, right_ww, right_ww),
        "brier": (dd, wwd4, wwdd),
    }
    return {name: SideSums(int(n), m, mm, *one) for name, one in of.items()}


def _band_pair(inputs: tuple[int, int], sums: FloatArray) -> BandPair:
    """From shape (units, 2, 8); no claim is in two units."""
    of = sums.sum(axis=1)
    square = (np.diag(of[:, i]) for i in (6, 4, 2))
    return BandPair(inputs, 0, of[:, 1], sums[:, 1, 1], of[:, 3], *square)
