"""The sums that judge many groups at once, straight from events by one grouped scan.

A page that judges every value of five dimensions in every week needs no single confidence
value, only what falls into each ECE bin and into the high-confidence band. Bin, band and label
of a claim are packed into one small number that is grouped by as well, so that three
aggregates serve all and the query costs little more than the bare grouped scan.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from core.measure.cells import (
    ECE_BINS,
    FloatArray,
    GroupSums,
    InputSums,
    IntArray,
    RepeatedInputs,
)
from core.measure.sums import tally
from core.store.cells import signal_repeats
from core.store.dimensions import ECE_BIN_SQL, Dimension, dimensions_named
from core.store.keys import Groups, Key, groups_of, integers
from core.store.selection import SOURCE_DIMENSION, Selection
from core.store.source import selected_claims

BoolArray = npt.NDArray[np.bool_]

_MILLION = 1_000_000
#: Codes below are stated claims, see `_SUMS`; this one is an unstated claim.
_UNSTATED = 120
#: Codes from here on are sums over distinct inputs: within bin 0 … 9, whole, high band.
_PER_INPUT = 200
_WHOLE, _HIGH = ECE_BINS, ECE_BINS + 1


@dataclass(frozen=True)
class GroupedSums:
    """Sums of the groups of several groupings.

    Attributes:
        entries: (dimensions, key) of each group: the groupings in the order asked for, the keys
            of each ascending with None last.
        sums: aligned with ``entries``.
    """

    entries: tuple[tuple[tuple[str, ...], Key], ...]
    sums: GroupSums

    def __len__(self) -> int:
        return len(self.entries)


def grouped_sums(
    cursor: duckdb.DuckDBPyConnection,
    selection: Selection,
    groupings: Sequence[Sequence[str]],
    *,
    high_from: float = 0.9,
) -> GroupedSums:
    """Sum a selection's claims for every group of every grouping.

    Equal to `core.measure.sums.group_sums` of the groups' cells. Sums are taken over whole
    millionths and are exact, up to the last conversion to floating point.

    Args:
        cursor: of the ledger.
        selection: which claims. Tuning claims are left out, except in a grouping by ``split``
            or when the selection names it.
        groupings: each a list of dimensions to group by; ``()`` is the one group of everything,
            there even when it is empty. A grouping by ``outcome_source`` is of labels, not of
            claims (`core.store.source`).
        high_from: lower edge of the high-confidence band, inclusive, in [0, 1].

    Returns:
        The groups that have a claim. ``sums.repeated`` is filled for all groups once an input
        has several labelled claims in any of them.

    Raises:
        UnknownDimension: a grouping or the selection names a dimension that the ledger lacks.
        BadValue: the selection accepts a week, day or band that does not exist.
    """
    asked = [tuple(grouping) for grouping in groupings]
    # Whether tuning claims count, and whether claims or labels do, is decided per grouping.
    alike: dict[tuple[bool, bool], list[tuple[str, ...]]] = {}
    for one in asked:
        alike.setdefault(("split" in one, SOURCE_DIMENSION in one), []).append(one)
    scans = [_scan(cursor, selection, of_a_kind, high_from) for of_a_kind in alike.values()]
    found: dict[tuple[str, ...], tuple[Groups, _Coded]] = {}
    for scan in scans:
        found |= scan
    entries: list[tuple[tuple[str, ...], Key]] = []
    parts: list[_Coded] = []
    for grouping in asked:
        groups, coded = found[grouping]
        parts.append(coded.shifted(len(entries)))
        entries.extend((grouping, key) for key in groups.keys)
    return GroupedSums(tuple(entries), _assembled(parts, len(entries), high_from))


@dataclass(frozen=True)
class _Coded:
    """Rows of a query: the group and code of each, and up to four sums.

    A code below `_UNSTATED` gives the number of claims, Σ confidence and Σ confidence² (in
    millionths and their square); one from `_PER_INPUT` on, inputs, Σr², Σrm and Σm².
    """

    group: IntArray
    code: IntArray
    sums: tuple[FloatArray, FloatArray, FloatArray, FloatArray]

    def shifted(self, by: int) -> _Coded:
        return _Coded(self.group + by, self.code, self.sums)


def _scan(
    cursor: duckdb.DuckDBPyConnection,
    selection: Selection,
    groupings: Sequence[tuple[str, ...]],
    high_from: float,
) -> dict[tuple[str, ...], tuple[Groups, _Coded]]:
    """One query over all groupings, taken apart into them."""
    names = sorted({name for grouping in groupings for name in grouping})
    dimensions = dimensions_named(cursor, names)
    keys = {name: f"key_{i}" for i, name in enumerate(names)}
    repeats = signal_repeats(cursor, selection.signal)
    columns = {keys[name]: dimensions[name].sql for name in names} | {"ppm": "confidence_ppm"}
    if repeats:
        columns["input"] = "input_id"
    source = selected_claims(cursor, selection, columns, by=names)
    # The order of a grouping's dimensions is Python's matter; a set is asked for once.
    sets = sorted({tuple(sorted(set(grouping))) for grouping in groupings})
    every = ", ".join(keys.values())
    parts = {
        "claims": source.sql,
        "keys": "".join(f"{key}, " for key in keys.values()),
        "which": f"GROUPING({every})" if every else "0",
        "bin": ECE_BIN_SQL.replace("confidence_ppm", "ppm"),
        "nameless": "CASE WHEN input IS NULL THEN 1 ELSE 0 END" if repeats else "0",
        "sets": ", ".join(f"({', '.join([*(keys[name] for name in s), 'code'])})" for s in sets),
        "input_sets": ", ".join(
            f"({', '.join([*(keys[name] for name in s), 'input', 'bin', 'high'])})" for s in sets
        ),
    }
    query = _SUMS_AND_INPUTS if repeats else _SUMS
    table = cursor.sql(
        query.format(**parts),
        params={**source.parameters, "high_ppm": round(high_from * _MILLION)},
    ).to_arrow_table()
    which = integers(table, "which")
    found = {}
    for grouping in groupings:
        # GROUPING() sets a bit, the first column's being the highest, for each one summed over.
        bits = "".join("0" if name in grouping else "1" for name in names)
        rows = table.filter(pa.array(which == int(bits or "0", 2)))
        found[grouping] = _of_grouping(
            rows, [keys[n] for n in grouping], [dimensions[n] for n in grouping]
        )
    return found


def _of_grouping(
    rows: pa.Table, keys: Sequence[str], dimensions: Sequence[Dimension]
) -> tuple[Groups, _Coded]:
    columns = [rows.column(key) for key in keys]
    groups = groups_of(columns, dimensions, rows.num_rows)
    a, b, c, d = (
        np.asarray(rows.column(name).to_numpy(), dtype=np.float64) for name in ("a", "b", "c", "d")
    )
    return groups, _Coded(groups.of(columns, rows.num_rows), integers(rows, "code"), (a, b, c, d))


# A claim's code: ((bin · 2 + in the high band) · 3 + outcome, 2 for none) · 2 + names no input.
# In whole millionths Σv² of ten million claims passes 64 bits; DuckDB's sum of BIGINT is 128.
_SUMS = """
    SELECT {which} AS which, {keys}CAST(code AS SMALLINT) AS code,
           CAST(count(*) AS DOUBLE) AS a, CAST(coalesce(sum(ppm), 0) AS DOUBLE) AS b,
           CAST(coalesce(sum(square), 0) AS DOUBLE) AS c, CAST(0 AS DOUBLE) AS d
    FROM (
        SELECT {keys}ppm, CAST(ppm AS BIGINT) * ppm AS square,
               CAST(CASE WHEN ppm IS NULL THEN 120 ELSE
                   (({bin} * 2 + CASE WHEN ppm >= $high_ppm THEN 1 ELSE 0 END) * 3
                   + coalesce(outcome, 2)) * 2 + {nameless}
               END AS TINYINT) AS code
        FROM ({claims}) AS claim
    ) AS coded
    GROUP BY GROUPING SETS ({sets})
"""

# Claims that name an input: summed per input, bin and band first, then squared. Those that name
# none are inputs of their own, and need no more than _SUMS has of them.
_SUMS_AND_INPUTS = (
    """
    WITH per_input AS MATERIALIZED (
        SELECT {which} AS which, {keys}input, bin, high,
               count(*) AS m, sum(r) AS r
        FROM (
            SELECT {keys}input, {bin} AS bin, ppm >= $high_ppm AS high,
                   ppm - 1000000 * CAST(outcome AS INTEGER) AS r
            FROM ({claims}) AS claim
            WHERE input IS NOT NULL AND ppm IS NOT NULL AND outcome IS NOT NULL
        ) AS labelled
        GROUP BY GROUPING SETS ({input_sets})
    ), per_unit AS (
        SELECT which, {keys}bin AS unit, sum(m) AS m, sum(r) AS r
        FROM per_input GROUP BY which, {keys}input, bin
        UNION ALL
        SELECT which, {keys}10, sum(m), sum(r) FROM per_input GROUP BY which, {keys}input
        UNION ALL
        SELECT which, {keys}11, sum(m), sum(r) FROM per_input WHERE high
        GROUP BY which, {keys}input
    )
    SELECT which, {keys}CAST(200 + unit AS SMALLINT) AS code,
           CAST(count(*) AS DOUBLE) AS a, CAST(sum(r * r) AS DOUBLE) AS b,
           CAST(sum(r * m) AS DOUBLE) AS c, CAST(sum(m * m) AS DOUBLE) AS d
    FROM per_unit GROUP BY which, {keys}unit
    UNION ALL
    """
    + _SUMS
)


def _assembled(parts: Sequence[_Coded], size: int, high_from: float) -> GroupSums:
    group = np.concatenate([np.zeros(0, dtype=np.int64), *(part.group for part in parts)])
    code = np.concatenate([np.zeros(0, dtype=np.int64), *(part.code for part in parts)])
    sums = [np.concatenate([np.zeros(0), *(part.sums[i] for part in parts)]) for i in range(4)]
    claims, sv, svv = sums[0], sums[1] / _MILLION, sums[2] / _MILLION**2

    stated = code < _UNSTATED
    state = code // 2 % 3
    labelled, right = stated & (state < 2), stated & (state == 1)
    high = stated & (code // 6 % 2 == 1)
    bins = group * ECE_BINS + code // 12

    def by_bin(rows: BoolArray, weight: FloatArray) -> FloatArray:
        return tally(bins[rows], weight[rows], size * ECE_BINS).reshape(size, ECE_BINS)

    def by_group(rows: BoolArray, weight: FloatArray) -> FloatArray:
        return tally(group[rows], weight[rows], size)

    return GroupSums(
        n_claims=_whole(by_group(stated, claims)),
        n_unstated=_whole(by_group(code == _UNSTATED, claims)),
        n=_whole(by_bin(labelled, claims)),
        s=_whole(by_bin(right, claims)),
        sv=by_bin(labelled, sv),
        svv=by_bin(labelled, svv),
        high_n=_whole(by_group(high & labelled, claims)),
        high_s=_whole(by_group(high & right, claims)),
        high_sv=by_group(high & labelled, sv),
        high_svv=by_group(high & labelled, svv),
        high_from=high_from,
        repeated=_repeated(group, code, sums, size),
    )


def _repeated(
    group: IntArray, code: IntArray, sums: Sequence[FloatArray], size: int
) -> RepeatedInputs | None:
    """Per-input sums of every group; None where every labelled claim is its own input."""
    named = code >= _PER_INPUT
    if not named.any():
        return None
    units = ECE_BINS + 2
    place = [group[named] * units + code[named] - _PER_INPUT]
    terms = [
        [sums[0][named], sums[1][named] / _MILLION**2, sums[2][named] / _MILLION, sums[3][named]]
    ]
    nameless = (code < _UNSTATED) & (code % 2 == 1) & (code // 2 % 3 < 2)
    own, owner = code[nameless], group[nameless] * units
    n, sv, svv = sums[0][nameless], sums[1][nameless], sums[2][nameless]
    right = own // 2 % 3 == 1
    sv, svv = sv / _MILLION, svv / _MILLION**2
    # One claim per input: m = 1 and r = v − y, so Σr² = Σv² − 2Σv + n of those that were right.
    of_claims = [n, np.where(right, svv - 2 * sv + n, svv), np.where(right, sv - n, sv), n]
    high = own // 6 % 2 == 1
    for chosen, unit in (
        (np.ones(len(own), dtype=bool), own // 12),
        (np.ones(len(own), dtype=bool), np.full(len(own), _WHOLE)),
        (high, np.full(len(own), _HIGH)),
    ):
        place.append((owner + unit)[chosen])
        terms.append([term[chosen] for term in of_claims])
    where = np.concatenate(place)
    table = np.stack(
        [tally(where, np.concatenate(column), size * units) for column in zip(*terms, strict=True)]
    ).reshape(4, size, units)
    # Σm² passes the number of inputs exactly where some input has two labelled claims.
    if (table[3, :, _WHOLE] == table[0, :, _WHOLE]).all():
        return None
    return RepeatedInputs(
        bins=_input_sums(table[:, :, :ECE_BINS]),
        whole=_input_sums(table[:, :, _WHOLE]),
        high=_input_sums(table[:, :, _HIGH]),
    )


def _input_sums(table: FloatArray) -> InputSums:
    return InputSums(inputs=_whole(table[0]), rr=table[1], rm=table[2], mm=table[3])


def _whole(counts: FloatArray) -> IntArray:
    return np.rint(counts).astype(np.int64)
