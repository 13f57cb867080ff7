"""The sums that judge many groups at once, straight from events by one grouped scan.

A page that judges every value of five dimensions in every week needs no single confidence
value, only what falls into each hundredth of confidence and into the high-confidence band.
Hundredth, band and label of a claim are packed into one small number that is grouped by as well,
so that three aggregates serve all and the query costs little more than the bare grouped scan.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from core.measure.cells.bins import ECE_BINS
from core.measure.cells.cells import (
    BANDS,
    BandInputs,
    Bands,
    FloatArray,
    GroupSums,
    InputSums,
    IntArray,
    RepeatedInputs,
    bin_of_hundredth,
)
from core.measure.cells.group_sums import HUNDREDTHS, banded, largest, tally
from core.queries.base.dimensions import Dimension, dimensions_named
from core.queries.base.group_keys import Groups, Key, by_grouping, decimals, groups_of, integers
from core.queries.base.kept.loaded import is_loaded
from core.queries.base.kept_claims import kept_groupings
from core.queries.base.many import Rows, Wanted, rows_of
from core.queries.base.repeating import signal_repeats
from core.queries.base.selection import SOURCE_DIMENSION, Selection
from core.queries.base.together.asking import AskedOfMany, answered, ask
from core.queries.base.together.snapshot import snapshot

BoolArray = npt.NDArray[np.bool_]

_MILLION = 1_000_000
#: Codes below are stated claims, see `_SUMS`; this one is an unstated claim.
_UNSTATED = 12 * HUNDREDTHS
#: Codes from here on are sums over distinct inputs: within bin 0 … 9, whole, high band.
_PER_INPUT = 2000
_WHOLE, _HIGH = ECE_BINS, ECE_BINS + 1
#: Codes from here on are sums over inputs of two bands, known by their upper edges.
_PAIRS = 3000


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

    Equal to `core.measure.cells.group_sums.group_sums` of the groups' cells. Sums are taken over
    whole millionths and are exact, up to the last conversion to floating point.

    Args:
        groupings: each a list of dimensions to group by; ``()`` is the one group of everything,
            there even when it is empty. A grouping by ``outcome_source`` is of labels, not of
            claims (`core.queries.base.claims_sql`).

    Returns:
        The groups that have a claim. ``sums.repeated`` is filled for all groups once an input
        has several labelled claims in any of them.
    """
    asked = tuple(tuple(grouping) for grouping in groupings)
    return answered(cursor, ask(SumsAsked(selection, asked, high_from)))


@dataclass(frozen=True)
class SumsAsked(AskedOfMany[GroupedSums]):
    """A question that `grouped_sums` answers, of which many can be asked together."""

    selection: Selection
    groupings: tuple[tuple[str, ...], ...]
    high_from: float = 0.9

    @classmethod
    def answers(
        cls, cursor: duckdb.DuckDBPyConnection, asked: Sequence[SumsAsked]
    ) -> Sequence[GroupedSums]:
        """The sums of each."""
        found: list[dict[tuple[str, ...], tuple[Groups, _Coded]]] = [{} for _ in asked]
        with snapshot(cursor):
            wanted = [
                (i, one) for i, question in enumerate(asked) for one in question._wanted(cursor)
            ]
            for place, some in _scanned(cursor, [one for _, one in wanted]):
                found[wanted[place][0]] |= some
        return [question._sums(of) for question, of in zip(asked, found, strict=True)]

    def _wanted(self, cursor: duckdb.DuckDBPyConnection) -> Iterator[Wanted]:
        """Groupings that one scan can answer: those that are kept, and the others."""
        repeats = signal_repeats(cursor, self.selection.signal)
        high_ppm = round(self.high_from * _MILLION)
        # Whether tuning claims count, and whether claims or labels do, is decided per grouping.
        alike: dict[tuple[bool, bool], list[tuple[str, ...]]] = {}
        for one in self.groupings:
            alike.setdefault(("split" in one, SOURCE_DIMENSION in one), []).append(one)
        for groupings in alike.values():
            kept: list[tuple[str, ...]] = []
            if not repeats:
                kept = kept_groupings(cursor, self.selection, groupings, high_ppm=high_ppm)
            others = [one for one in groupings if one not in kept]
            # Loaded cells know one segment at a time.
            alone = is_loaded(cursor, self.selection.signal)
            for some in (kept, *([one] for one in others)) if alone else (kept, others):
                if some:
                    names = tuple(sorted({name for grouping in some for name in grouping}))
                    yield Wanted(
                        self.selection,
                        tuple(dict.fromkeys(some)),
                        names,
                        by=names,
                        high_ppm=high_ppm,
                        kept=some is kept,
                        apart=repeats,
                    )

    def _sums(self, found: Mapping[tuple[str, ...], tuple[Groups, _Coded]]) -> GroupedSums:
        entries: list[tuple[tuple[str, ...], Key]] = []
        parts: list[_Coded] = []
        for grouping in self.groupings:
            groups, coded = found[grouping]
            parts.append(coded.shifted(len(entries)))
            entries.extend((grouping, key) for key in groups.keys)
        return GroupedSums(tuple(entries), _assembled(parts, len(entries), self.high_from))


@dataclass(frozen=True)
class _Coded:
    """Rows of a query: the group and code of each, and up to five numbers.

    A code below `_UNSTATED` gives the number of claims, Σ confidence and Σ confidence² (in
    millionths and their square), and of the latter whole 10⁹ and the rest; one from `_PER_INPUT`
    on, inputs, Σr², Σrm, Σm² and the largest m; one from `_PAIRS` on, inputs, Σr_b r_c, Σr_b m_c
    and Σm_b m_c.

    Attributes:
        coarse: rows of labelled claims known by ECE bin only; their group's bands are these.
    """

    group: IntArray
    code: IntArray
    sums: tuple[FloatArray, ...]
    coarse: BoolArray

    def shifted(self, by: int) -> _Coded:
        return _Coded(self.group + by, self.code, self.sums, self.coarse)


def _scanned(
    cursor: duckdb.DuckDBPyConnection, wanted: Sequence[Wanted]
) -> Iterator[tuple[int, dict[tuple[str, ...], tuple[Groups, _Coded]]]]:
    """The place of each question, and its groups by grouping."""
    for rows in rows_of(cursor, wanted, lambda one: _columns(cursor, one)):
        table = _kept(cursor, rows) if rows.kept else _counted(cursor, rows)
        for place, own in rows.tables(table):
            one = wanted[place]
            yield place, _taken_apart(cursor, own, one.groupings, one.names)


def _columns(cursor: duckdb.DuckDBPyConnection, wanted: Wanted) -> dict[str, str]:
    dimensions = dimensions_named(cursor, wanted.names)
    keys = {f"key_{i}": dimensions[name].sql for i, name in enumerate(wanted.names)}
    repeats = {"input": "input_id"} if wanted.apart else {}
    return keys | {"ppm": "confidence_ppm"} | repeats


def _taken_apart(
    cursor: duckdb.DuckDBPyConnection,
    table: pa.Table,
    groupings: Sequence[tuple[str, ...]],
    names: Sequence[str],
) -> dict[tuple[str, ...], tuple[Groups, _Coded]]:
    """The rows of a query over several groupings, by grouping."""
    dimensions = dimensions_named(cursor, names)
    keys = {name: f"key_{i}" for i, name in enumerate(names)}
    return {
        grouping: _of_grouping(rows, [keys[n] for n in grouping], [dimensions[n] for n in grouping])
        for grouping, rows in by_grouping(table, groupings, names)
    }


def _kept(cursor: duckdb.DuckDBPyConnection, rows: Rows) -> pa.Table:
    """The rows from what is kept."""
    keys = "".join(f"key_{i}, " for i in range(len(rows.wanted.names)))
    query = _KEPT_SUMS.format(asked=rows.asked, keys=keys, kept=rows.source.sql)
    return cursor.sql(query, params=dict(rows.source.parameters)).to_arrow_table()


def _counted(cursor: duckdb.DuckDBPyConnection, rows: Rows) -> pa.Table:
    """The rows from the claims."""
    names, repeats = rows.wanted.names, bool(rows.wanted.apart)
    keys = {name: f"key_{i}" for i, name in enumerate(names)}
    # The order of a grouping's dimensions is Python's matter; a set is asked for once.
    sets = sorted({tuple(sorted(set(grouping))) for grouping in rows.wanted.groupings})
    every = ", ".join(keys.values())
    own = [*rows.asked.split(", ")[:-1]]
    same = ["which", *own, *keys.values()]
    parts = {
        "claims": rows.source.sql,
        "asked": rows.asked,
        "keys": "".join(f"{key}, " for key in keys.values()),
        "which": f"GROUPING({every})" if every else "0",
        "joined": " AND ".join(
            f"banding.{key} IS NOT DISTINCT FROM per_input.{key}" for key in same
        ),
        "own_keys": "".join(f"per_input.{key}, " for key in (*own, *keys.values())),
        "nameless": "CASE WHEN input IS NULL THEN 1 ELSE 0 END" if repeats else "0",
        "sets": ", ".join(f"({', '.join([*own, *(keys[n] for n in s), 'code'])})" for s in sets),
        "input_sets": ", ".join(
            f"({', '.join([*own, *(keys[n] for n in s), 'input', 'centi', 'high'])})" for s in sets
        ),
    }
    query = _SUMS_AND_INPUTS if repeats else _SUMS
    return cursor.sql(
        query.format(**parts),
        params={**rows.source.parameters, "high_ppm": rows.wanted.high_ppm},
    ).to_arrow_table()


def _of_grouping(
    rows: pa.Table, keys: Sequence[str], dimensions: Sequence[Dimension]
) -> tuple[Groups, _Coded]:
    columns = [rows.column(key) for key in keys]
    groups = groups_of(columns, dimensions, rows.num_rows)
    numbers = tuple(decimals(rows, name) for name in _NUMBERS)
    coarse = np.zeros(rows.num_rows, dtype=np.bool_)
    if "coarse" in rows.column_names:
        coarse = integers(rows, "coarse") > 0
    return groups, _Coded(groups.place, integers(rows, "code"), numbers, coarse)


_NUMBERS = ("a", "b", "c", "d", "e")
# A claim's code: ((hundredth · 2 + in the high band) · 3 + outcome, 2 for none) · 2 + names no
# input. In whole millionths Σv² of ten million claims passes 64 bits; DuckDB's sum of BIGINT is
# of 128.
_SUMS = """
    SELECT {asked}{which} AS which, {keys}CAST(code AS SMALLINT) AS code,
           CAST(count(*) AS DOUBLE) AS a, CAST(coalesce(sum(ppm), 0) AS DOUBLE) AS b,
           CAST(coalesce(sum(square), 0) AS DOUBLE) AS c,
           CAST(coalesce(sum(square), 0) // 1000000000 AS DOUBLE) AS d,
           CAST(coalesce(sum(square), 0) % 1000000000 AS DOUBLE) AS e
    FROM (
        SELECT {asked}{keys}ppm, CAST(ppm AS BIGINT) * ppm AS square,
               CAST(CASE WHEN ppm IS NULL THEN 1212 ELSE
                   ((((ppm + 9999) // 10000) * 2 + CASE WHEN ppm >= $high_ppm THEN 1 ELSE 0 END) * 3
                   + coalesce(outcome, 2)) * 2 + {nameless}
               END AS SMALLINT) AS code
        FROM ({claims}) AS claim
    ) AS coded
    GROUP BY GROUPING SETS ({sets})
"""

# The same of claims that are kept summed.
_KEPT_SUMS = """
    SELECT {asked}which, {keys}CAST(code AS SMALLINT) AS code,
           CAST(sum(n) AS DOUBLE) AS a, CAST(sum(s1) AS DOUBLE) AS b, CAST(sum(s2) AS DOUBLE) AS c,
           CAST(sum(s2) // 1000000000 AS DOUBLE) AS d, CAST(sum(s2) % 1000000000 AS DOUBLE) AS e,
           max(CASE WHEN width = 10 AND outcome IS NOT NULL THEN 1 ELSE 0 END) AS coarse
    FROM (
        SELECT *, CASE WHEN place < 0 THEN 1212 ELSE
                  ((place * 2 + CASE WHEN high THEN 1 ELSE 0 END) * 3 + coalesce(outcome, 2)) * 2
                  END AS code
        FROM ({kept}) AS kept
    ) AS coded
    GROUP BY {asked}which, {keys}code
"""

# Claims that name an input: summed per input, hundredth and band first, then squared. Those that
# name none are inputs of their own, and need no more than _SUMS has of them. A group's bands are
# as `core.measure.cells.group_sums.banded` has them: hundredths up to ten of them, else ECE bins.
_SUMS_AND_INPUTS = (
    """
    WITH summed AS MATERIALIZED ("""
    + _SUMS
    + """
    ), per_input AS MATERIALIZED (
        SELECT {asked}{which} AS which, {keys}input, centi, high,
               count(*) AS m, sum(r) AS r
        FROM (
            SELECT {asked}{keys}input, (ppm + 9999) // 10000 AS centi, ppm >= $high_ppm AS high,
                   ppm - 1000000 * CAST(outcome AS INTEGER) AS r
            FROM ({claims}) AS claim
            WHERE input IS NOT NULL AND ppm IS NOT NULL AND outcome IS NOT NULL
        ) AS labelled
        GROUP BY GROUPING SETS ({input_sets})
    ), per_unit AS (
        SELECT {asked}which, {keys}greatest((centi + 9) // 10, 1) - 1 AS unit, sum(m) AS m,
               sum(r) AS r
        FROM per_input GROUP BY {asked}which, {keys}input, unit
        UNION ALL
        SELECT {asked}which, {keys}10, sum(m), sum(r) FROM per_input
        GROUP BY {asked}which, {keys}input
        UNION ALL
        SELECT {asked}which, {keys}11, sum(m), sum(r) FROM per_input WHERE high
        GROUP BY {asked}which, {keys}input
    ), banding AS (
        SELECT {asked}which, {keys}count(DISTINCT (code // 12)) > 10 AS coarse
        FROM summed WHERE code < 1212 AND (code // 2) % 3 < 2
        GROUP BY {asked}{keys}which
    ), per_band AS (
        SELECT {own_keys}per_input.which, input,
               CASE WHEN coarse THEN 10 * greatest((centi + 9) // 10, 1) ELSE centi END AS band,
               sum(m) AS m, sum(r) AS r
        FROM per_input JOIN banding ON {joined}
        GROUP BY per_input.which, {own_keys}input, band
    ), parted AS (
        SELECT {asked}which, {keys}list(struct_pack(band, m, r)) AS parts
        FROM per_band GROUP BY {asked}which, {keys}input
    )
    SELECT {asked}which, {keys}CAST(2000 + unit AS SMALLINT) AS code,
           CAST(count(*) AS DOUBLE) AS a, CAST(sum(r * r) AS DOUBLE) AS b,
           CAST(sum(r * m) AS DOUBLE) AS c, CAST(sum(m * m) AS DOUBLE) AS d,
           CAST(max(m) AS DOUBLE) AS e
    FROM per_unit GROUP BY {asked}which, {keys}unit
    UNION ALL
    SELECT {asked}which, {keys}CAST(3000 + 101 * x.band + y.band AS SMALLINT) AS code,
           CAST(count(*) AS DOUBLE), CAST(sum(x.r * y.r) AS DOUBLE),
           CAST(sum(x.r * y.m) AS DOUBLE), CAST(sum(x.m * y.m) AS DOUBLE), 0
    FROM parted, UNNEST(parts) AS one(x), UNNEST(parts) AS other(y)
    GROUP BY {asked}which, {keys}code
    UNION ALL
    SELECT * FROM summed
    """
)


def _assembled(parts: Sequence[_Coded], size: int, high_from: float) -> GroupSums:
    group = np.concatenate([np.zeros(0, dtype=np.int64), *(part.group for part in parts)])
    code = np.concatenate([np.zeros(0, dtype=np.int64), *(part.code for part in parts)])
    sums = [
        np.concatenate([np.zeros(0), *(part.sums[i] for part in parts)])
        for i in range(len(_NUMBERS))
    ]
    coarse = np.concatenate([np.zeros(0, dtype=np.bool_), *(part.coarse for part in parts)])
    claims, ppm = sums[0], sums[1]

    stated = code < _UNSTATED
    state = code // 2 % 3
    labelled, right = stated & (state < 2), stated & (state == 1)
    high = stated & (code // 6 % 2 == 1)
    at = code // 12
    bins = group * ECE_BINS + bin_of_hundredth(at)

    def by_bin(rows: BoolArray, weight: FloatArray) -> FloatArray:
        return tally(bins[rows], weight[rows], size * ECE_BINS).reshape(size, ECE_BINS)

    def by_hundredth(rows: BoolArray, weight: FloatArray) -> FloatArray:
        place = group[rows] * HUNDREDTHS + at[rows]
        return tally(place, weight[rows], size * HUNDREDTHS).reshape(size, HUNDREDTHS)

    def by_group(rows: BoolArray, weight: FloatArray) -> FloatArray:
        return tally(group[rows], weight[rows], size)

    # Whole numbers are added up, whichever rows they come in; fractions are made at the end.
    bands, place = banded(
        by_hundredth(labelled, claims),
        by_hundredth(right, claims),
        by_hundredth(labelled, ppm),
        by_group(coarse, claims) > 0,
    )
    bands = replace(bands, sv=bands.sv / _MILLION)
    repeated = _repeated(group, code, sums, size)
    if repeated is not None:
        bands = replace(bands, inputs=_band_inputs(group, code, sums, bands, place))
    return GroupSums(
        n_claims=_whole(by_group(stated, claims)),
        n_unstated=_whole(by_group(code == _UNSTATED, claims)),
        n=_whole(by_bin(labelled, claims)),
        s=_whole(by_bin(right, claims)),
        sv=by_bin(labelled, ppm) / _MILLION,
        svv=_squares(by_bin(labelled, sums[3]), by_bin(labelled, sums[4])),
        high_claims=_whole(by_group(high, claims)),
        high_n=_whole(by_group(high & labelled, claims)),
        high_s=_whole(by_group(high & right, claims)),
        high_sv=by_group(high & labelled, ppm) / _MILLION,
        high_svv=_squares(by_group(high & labelled, sums[3]), by_group(high & labelled, sums[4])),
        high_from=high_from,
        bands=bands,
        repeated=repeated,
    )


def _squares(whole: FloatArray, rest: FloatArray) -> FloatArray:
    """Σ confidence² from whole 10⁹ of it, in squared millionths, and the rest."""
    more = np.floor(rest / 1e9)
    found: FloatArray = ((whole + more) * 1e9 + (rest - more * 1e9)) / _MILLION**2
    return found


def _repeated(
    group: IntArray, code: IntArray, sums: Sequence[FloatArray], size: int
) -> RepeatedInputs | None:
    """Per-input sums of every group; None where every labelled claim is its own input."""
    named = (code >= _PER_INPUT) & (code < _PAIRS)
    if not named.any():
        return None
    units = ECE_BINS + 2
    place = [group[named] * units + code[named] - _PER_INPUT]
    terms = [
        [sums[0][named], sums[1][named] / _MILLION**2, sums[2][named] / _MILLION, sums[3][named]]
    ]
    alone = _alone(code)
    own, owner = code[alone], group[alone] * units
    of_claims = _of_claims(own, [one[alone] for one in sums])
    high = own // 6 % 2 == 1
    for chosen, unit in (
        (np.ones(len(own), dtype=bool), bin_of_hundredth(own // 12)),
        (np.ones(len(own), dtype=bool), np.full(len(own), _WHOLE)),
        (high, np.full(len(own), _HIGH)),
    ):
        place.append((owner + unit)[chosen])
        terms.append([term[chosen] for term in of_claims])
    where = np.concatenate(place)
    table = np.stack(
        [tally(where, np.concatenate(column), size * units) for column in zip(*terms, strict=True)]
    ).reshape(4, size, units)
    most = largest(
        where,
        np.concatenate([sums[4][named], np.ones(len(where) - int(named.sum()))]),
        table[0].size,
    ).reshape(size, units)
    # Σm² passes the number of inputs exactly where some input has two labelled claims.
    if (table[3, :, _WHOLE] == table[0, :, _WHOLE]).all():
        return None
    return RepeatedInputs(
        bins=_input_sums(table[:, :, :ECE_BINS], most[:, :ECE_BINS]),
        whole=_input_sums(table[:, :, _WHOLE], most[:, _WHOLE]),
        high=_input_sums(table[:, :, _HIGH], most[:, _HIGH]),
    )


def _alone(code: IntArray) -> BoolArray:
    """Rows of labelled claims that name no input: each is its own."""
    found: BoolArray = (code < _UNSTATED) & (code % 2 == 1) & (code // 2 % 3 < 2)
    return found


def _of_claims(code: IntArray, sums: Sequence[FloatArray]) -> list[FloatArray]:
    """Inputs, Σr², Σrm and Σm² of rows of claims that are inputs of their own."""
    n, sv, svv = sums[0], sums[1] / _MILLION, sums[2] / _MILLION**2
    right = code // 2 % 3 == 1
    # One claim per input: m = 1 and r = v − y, so Σr² = Σv² − 2Σv + n of those that were right.
    return [n, np.where(right, svv - 2 * sv + n, svv), np.where(right, sv - n, sv), n]


def _band_inputs(
    group: IntArray, code: IntArray, sums: Sequence[FloatArray], bands: Bands, place: IntArray
) -> BandInputs:
    """Per-input sums over pairs of each group's bands."""
    shape = (len(bands), BANDS, BANDS)
    pairs, alone = code >= _PAIRS, _alone(code)
    owner, own = group[pairs], code[pairs] - _PAIRS
    to = owner * BANDS + place[owner, own // HUNDREDTHS]
    to = to * BANDS + place[owner, own % HUNDREDTHS]
    single = place[group[alone], code[alone] // 12]
    to = np.concatenate([to, (group[alone] * BANDS + single) * BANDS + single])
    of_pairs = [sums[1][pairs] / _MILLION**2, sums[2][pairs] / _MILLION, sums[3][pairs]]
    of_claims = _of_claims(code[alone], [one[alone] for one in sums])[1:]
    return BandInputs(
        *(
            tally(to, np.concatenate(both), len(bands) * BANDS**2).reshape(shape)
            for both in zip(of_pairs, of_claims, strict=True)
        )
    )


def _input_sums(table: FloatArray, most: FloatArray) -> InputSums:
    return InputSums(_whole(table[0]), table[1], table[2], table[3], most)


def _whole(counts: FloatArray) -> IntArray:
    return np.rint(counts).astype(np.int64)
