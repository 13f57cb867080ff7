"""Two sets of claims summed per input, side by side: what their comparison rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import duckdb
import numpy as np

from core.measure.cells.cells import InputCells
from core.measure.cells.group_sums import HUNDREDTHS
from core.measure.verdicts.before_after import Pair, SideSums
from core.measure.verdicts.shape_change import BandPair, shared_bands
from core.queries.base.cells import GroupedCells, summed
from core.queries.base.claims_sql import Source, selected_claims
from core.queries.base.dimensions import Dimension, Parameter, dimensions_named
from core.queries.base.fingerprint_fields import FIELDS
from core.queries.base.group_keys import Key, groups_of, integers
from core.queries.base.repeating import signal_repeats
from core.queries.base.selection import Selection
from core.queries.sums.pairs.single_claims import SingleClaims, summed_claims

#: The numbers of each claim whose means are compared.
NUMBERS = {
    "gap": "v - outcome",
    "confidence": "v",
    "accuracy": "outcome",
    "brier": "(v - outcome) * (v - outcome)",
}
#: Claims of two signals on one answer may carry the event alone.
_INPUT = "coalesce(input_id, event_id)"


@dataclass(frozen=True)
class ComparedGroup:
    """One group of labelled claims on both sides.

    Attributes:
        dimension: the segment dimension; None for the whole and its high-confidence band.
        value: its value; None where claims name none.
        high: whether it is the high-confidence band.
        pairs: number of `NUMBERS` → its sums.
        bands: the residuals over bands of confidence, which are those of the whole comparison.
    """

    dimension: str | None
    value: str | None
    high: bool
    pairs: dict[str, Pair]
    bands: BandPair


@dataclass(frozen=True)
class PairedGroups:
    """Both sides' groups.

    Attributes:
        groups: the whole first, then its high band, then each dimension's values.
        standard: share of the baseline's labelled claims in cells of the segment dimensions that
            the candidate has labels in too; the comparison is over those. 1 where paired.
    """

    groups: tuple[ComparedGroup, ...]
    standard: float


@dataclass(frozen=True)
class LabelledInputs:
    """What two sets of claims have labels of.

    Attributes:
        before, after: distinct inputs.
        shared: those in both.
        claims: labelled claims before, and after.
    """

    before: int
    after: int
    shared: int
    claims: tuple[int, int]

    @property
    def single(self) -> bool:
        """Whether every claim is the only one of its input."""
        return not self.shared and self.claims == (self.before, self.after)


def labelled_inputs(
    cursor: duckdb.DuckDBPyConnection, before: Selection, after: Selection
) -> LabelledInputs:
    """Count the labelled inputs of both sides."""
    both = _both(cursor, before, after, ())
    if nothing_shared(cursor, before, after):
        # Several times quicker than to number the inputs.
        rows = cursor.execute(
            f"SELECT side, count(*) FROM ({both.sql}) AS labelled GROUP BY side", both.parameters
        ).fetchall()
        claims_of = dict(rows)
        return _single(*(int(claims_of.get(side, 0)) for side in (0, 1)))
    rows = cursor.execute(
        f"""
        WITH labelled AS ({both.sql}),
        per_input AS (SELECT input, count(*) FILTER (side = 0) AS b,
                             count(*) FILTER (side = 1) AS a
                      FROM labelled GROUP BY input)
        SELECT count(*) FILTER (b > 0), count(*) FILTER (a > 0),
               count(*) FILTER (a > 0 AND b > 0), sum(b), sum(a) FROM per_input
        """,
        both.parameters,
    ).fetchall()
    n_before, n_after, shared, *claims = (int(n or 0) for n in rows[0])
    return LabelledInputs(n_before, n_after, shared, (claims[0], claims[1]))


def _single(before: int, after: int) -> LabelledInputs:
    """Where each claim is the only one of its input."""
    return LabelledInputs(before, after, 0, (before, after))


def nothing_shared(cursor: duckdb.DuckDBPyConnection, before: Selection, after: Selection) -> bool:
    """Whether it is known beforehand: two versions of a signal in which no input repeats."""
    apart = any(
        name == other and name in FIELDS and not set(values) & set(others)
        for name, values in before.where
        for other, others in after.where
    )
    return apart and before.signal == after.signal and not signal_repeats(cursor, before.signal)


def compared(
    cursor: duckdb.DuckDBPyConnection,
    before: Selection,
    after: Selection,
    by: Sequence[str],
    *,
    paired: bool,
    high_from: float,
    single: bool = False,
) -> PairedGroups:
    """Sum both sides per input, for the whole, its high band, and every value of dimensions.

    Args:
        single: known of the claims (`LabelledInputs.single`), which makes it several times quicker.
        paired: only inputs with a label on both sides. Otherwise each of the candidate's claims is
            weighted so that the labelled claims' mix over the cells of all of ``by`` is the
            baseline's; cells that one side lacks are left out of both.
    """
    dimensions = [dimensions_named(cursor, by)[name] for name in by]
    both = _both(cursor, before, after, dimensions)
    if single and not paired:
        source = Source(f"SELECT *, {_PPM} AS ppm FROM ({both.sql}) AS labelled", both.parameters)
        claims = SingleClaims.read(cursor, source, len(dimensions))
        return _of_single_claims(claims, dimensions, high_from)
    parameters = {**both.parameters, "high_from": high_from - 5e-7}
    keys = [f"key_{i}" for i in range(len(dimensions))]
    columns = ["high", *keys]
    sets = ", ".join(f"({name}, side, input)" for name in columns)
    listed = ", ".join(columns)
    taken = "labelled" if paired else "common"
    prefix = f"""
        WITH every AS ({both.sql}),
        labelled AS (
            SELECT *, 1.0 AS w, v >= $high_from AS high FROM every
            {_IN_BOTH if paired else ""}),
        {_common(keys)}
    """
    bands = _band_pairs(cursor, prefix, taken, columns, parameters)
    sums = ", ".join(f"sum(w * ({sql})) AS {name}" for name, sql in NUMBERS.items())
    wide = ", ".join(
        f"coalesce(max({name}) FILTER (side = {side}), 0) AS {name}_{letter}"
        for name in ("m", *NUMBERS)
        for side, letter in enumerate("ba")
    )
    rows = cursor.execute(
        f"""
        {prefix}
        per_side AS (
            SELECT GROUPING({listed}) AS which, {listed}, side, input, sum(w) AS m, {sums}
            FROM {taken}
            GROUP BY GROUPING SETS ((side, input), {sets})),
        per_input AS (
            SELECT which, {listed}, {wide} FROM per_side GROUP BY which, {listed}, input)
        SELECT which, {listed}, count(*) FILTER (m_b > 0), count(*) FILTER (m_a > 0),
               count(*) FILTER (m_b > 0 AND m_a > 0), {", ".join(_SUMS)}
        FROM per_input
        GROUP BY which, {listed}
        ORDER BY which DESC, {listed}
        """,
        parameters,
    ).fetchall()
    every = (1 << len(columns)) - 1
    found = []
    for which, high, *rest in rows:
        at = None if which == every else len(columns) - (every - which).bit_length()
        if at == 0 and not high:
            continue
        dimension = None if not at else by[at - 1]
        value = None if not at else dimensions[at - 1].label(rest[at - 1])
        numbers = rest[len(keys) :]
        pairs = _pairs(numbers)
        of = pairs["gap"]
        pair = replace(
            bands[which, high, *rest[: len(keys)]],
            inputs=(of.before.inputs, of.after.inputs),
            shared=of.shared,
        )
        found.append(ComparedGroup(dimension, value, at == 0, pairs, pair))
    standard = 1.0 if paired else _standard(cursor, both, parameters, keys)
    return _ordered(found, by, standard)


@dataclass(frozen=True)
class ClaimsReadOnce:
    """All that two sides are compared by, where `nothing_shared` is known of them.

    Attributes:
        claims: of both sides.
        sides: those before, and those after.
        dimensions: the segment dimensions that they are compared by.
    """

    claims: SingleClaims
    sides: tuple[SingleClaims, SingleClaims]
    dimensions: tuple[Dimension, ...]

    @classmethod
    def of(
        cls,
        cursor: duckdb.DuckDBPyConnection,
        before: Selection,
        after: Selection,
        by: Sequence[str],
    ) -> ClaimsReadOnce:
        """Read both sides; about 30 bytes a claim."""
        dimensions = tuple(dimensions_named(cursor, by)[name] for name in by)
        keys = {f"key_{i}": one.sql for i, one in enumerate(dimensions)}
        sides = [
            selected_claims(cursor, one, {"ppm": "confidence_ppm", **keys}).renamed(letter)
            for one, letter in ((before, "b"), (after, "a"))
        ]
        both = Source(
            " UNION ALL ".join(
                f"SELECT {i} AS side, * FROM ({one.sql}) AS claim" for i, one in enumerate(sides)
            ),
            {**sides[0].parameters, **sides[1].parameters},
        )
        claims = SingleClaims.read(cursor, both, len(dimensions))
        return cls(claims, (claims.of_side(0), claims.of_side(1)), dimensions)

    def cells(self, by: Sequence[str]) -> tuple[GroupedCells, GroupedCells]:
        """What `compared_cells` gives of all claims."""
        names = [one.name for one in self.dimensions]
        places = [names.index(name) for name in by]
        before, after = (one.cells(places, self.dimensions) for one in self.sides)
        return before, after

    def labelled_inputs(self) -> LabelledInputs:
        """What `labelled_inputs` counts."""
        side = self.claims.labelled().side
        return _single(int((side == 0).sum()), int((side == 1).sum()))

    def compared(self, high_from: float) -> PairedGroups:
        """What `compared` sums."""
        return _of_single_claims(self.claims, self.dimensions, high_from)


def _of_single_claims(
    claims: SingleClaims, dimensions: Sequence[Dimension], high_from: float
) -> PairedGroups:
    groups, standard = summed_claims(claims, high_from=high_from - 5e-7)
    found = []
    for one in groups:
        of = None if one.at is None else dimensions[one.at]
        name, value = (None, None) if of is None else (of.name, of.label(one.value))
        found.append(ComparedGroup(name, value, one.high, one.pairs, one.bands))
    return _ordered(found, [one.name for one in dimensions], standard)


def _ordered(found: list[ComparedGroup], by: Sequence[str], standard: float) -> PairedGroups:
    if not any(one.dimension is None and not one.high for one in found):
        # No label on either side, or none in a cell that both have.
        nothing = dict.fromkeys(NUMBERS, _NOTHING)
        found.append(ComparedGroup(None, None, False, nothing, _no_bands(1)))
    found.sort(key=lambda one: (_order(one, by), one.value is None, one.value or ""))
    return PairedGroups(tuple(found), standard)


def compared_cells(
    cursor: duckdb.DuckDBPyConnection,
    before: Selection,
    after: Selection,
    by: Sequence[str],
    *,
    paired: bool,
) -> tuple[GroupedCells, GroupedCells]:
    """Both sides' cells as they were logged, without weights; paired: of inputs in both only.

    Args:
        by: the dimensions to group by; () for the whole.
        paired: only inputs with a label on both sides, and all their claims.
    """
    dimensions = [dimensions_named(cursor, by)[name] for name in by]
    keys = {f"key_{i}": one.sql for i, one in enumerate(dimensions)}
    columns = keys | {"ppm": "confidence_ppm", "input": "input_id", "shared": _INPUT}
    both = _both(cursor, before, after, ()) if paired else None
    found = []
    for name, one in (("own_b", before), ("own_a", after)):
        source = selected_claims(cursor, one, columns).renamed(name)
        if both is not None:
            source = Source(
                f"SELECT * FROM ({source.sql}) AS claim WHERE shared IN (SELECT input FROM "
                f"({both.sql}) AS labelled GROUP BY input HAVING count(DISTINCT side) = 2)",
                {**source.parameters, **both.parameters},
            )
        repeats = signal_repeats(cursor, one.signal)
        found.append(summed(cursor, source, dimensions, repeats=repeats))
    return found[0], found[1]


def paired_inputs(
    cursor: duckdb.DuckDBPyConnection,
    before: Selection,
    after: Selection,
    by: Sequence[str],
    cells: tuple[GroupedCells, GroupedCells],
) -> dict[Key, tuple[InputCells, InputCells]]:
    """Labelled claims by input of both sides, one number being one input on both.

    Args:
        cells: of `compared_cells`, paired; entries refer to their confidences.

    Returns:
        By group: those in which both sides have a label.
    """
    dimensions = [dimensions_named(cursor, by)[name] for name in by]
    both = _both(cursor, before, after, dimensions)
    keys = "".join(f"key_{i}, " for i in range(len(dimensions)))
    table = cursor.sql(
        f"""
        WITH every AS ({both.sql}),
        numbered AS (
            SELECT *, dense_rank() OVER (ORDER BY input) - 1 AS number FROM every {_IN_BOTH})
        SELECT {keys}side, number, {_PPM} AS ppm, count(*) AS n, CAST(sum(outcome) AS BIGINT) AS s
        FROM numbered GROUP BY {keys}side, number, ppm
        ORDER BY side, number, ppm
        """,
        params=both.parameters,
    ).to_arrow_table()
    columns = [table.column(f"key_{i}") for i in range(len(dimensions))]
    groups = groups_of(columns, dimensions, table.num_rows)
    group = groups.place
    side, number, ppm, n, s = (integers(table, x) for x in ("side", "number", "ppm", "n", "s"))
    values = [dict(zip(one.keys, one.cells, strict=True)) for one in cells]
    found = {}
    for g, key in enumerate(groups.keys):
        if not all(key in of for of in values):
            continue
        parts = []
        for which, of in enumerate(values):
            rows = (group == g) & (side == which)
            value = np.searchsorted(np.rint(of[key].v * 1_000_000), ppm[rows])
            parts.append(InputCells(number[rows], value, n[rows], s[rows]))
        if all(len(one.input) for one in parts):
            found[key] = (parts[0], parts[1])
    return found


_PPM = "CAST(round(v * 1000000) AS BIGINT)"


def _band_pairs(
    cursor: duckdb.DuckDBPyConnection,
    prefix: str,
    taken: str,
    columns: Sequence[str],
    parameters: Mapping[str, Parameter | float],
) -> dict[tuple[object, ...], BandPair]:
    """Sums over bands by (which, high, key, …) of a group; inputs are not counted."""
    listed = ", ".join(columns)
    centi = f"(({_PPM} + 9999) // 10000)"
    counts = np.zeros(HUNDREDTHS)
    for at, n in cursor.execute(
        f"{prefix} counted AS (SELECT {centi} AS centi, count(*) AS n FROM {taken} GROUP BY centi) "
        "SELECT * FROM counted",
        parameters,
    ).fetchall():
        counts[at] = n
    place = shared_bands(counts)
    size = int(place.max()) + 1
    # The band is the number of bands that end below.
    last = np.searchsorted(place, np.arange(size - 1), side="right") - 1
    band = " + ".join(["0", *(f"CAST({centi} > {edge} AS INTEGER)" for edge in last.tolist())])
    sets = ", ".join(f"({name}, side, input, unit)" for name in columns)
    rows = cursor.execute(
        f"""
        {prefix}
        banded AS (SELECT *, side * {size} + {band} AS unit FROM {taken}),
        per_unit AS (
            SELECT GROUPING({listed}) AS which, {listed}, input, unit, sum(w) AS m,
                   sum(w * outcome) AS s, sum(w * (v - outcome)) AS q
            FROM banded
            GROUP BY GROUPING SETS ((side, input, unit), {sets})),
        parted AS (
            SELECT which, {listed}, list(struct_pack(unit, m, s, q)) AS parts
            FROM per_unit GROUP BY which, {listed}, input)
        SELECT which, {listed}, x.unit, y.unit, sum(x.q * y.q), sum(x.q * y.m), sum(x.m * y.m),
               sum(x.m), sum(x.s), sum(x.q)
        FROM parted, UNNEST(parts) AS one(x), UNNEST(parts) AS other(y)
        GROUP BY which, {listed}, x.unit, y.unit
        """,
        parameters,
    ).fetchall()
    found: dict[tuple[object, ...], BandPair] = {}
    for *key, u, w, qq, qm, mm, m, s, q in rows:
        pair = found.setdefault(tuple(key), _no_bands(size))
        pair.qq[u, w], pair.qm[u, w], pair.mm[u, w] = qq, qm, mm
        if u == w:
            pair.m[u], pair.s[u], pair.q[u] = m, s, q
    return found


def _no_bands(size: int) -> BandPair:
    """Sums of no claim over so many bands."""
    units = 2 * size
    return BandPair(
        (0, 0),
        0,
        *(np.zeros(units) for _ in range(3)),
        *(np.zeros((units, units)) for _ in range(3)),
    )


_NOBODY = SideSums(0, 0.0, 0.0, 0.0, 0.0, 0.0)
_NOTHING = Pair(_NOBODY, _NOBODY)
_IN_BOTH = """
    WHERE input IN (SELECT input FROM every GROUP BY input HAVING count(DISTINCT side) = 2)
"""


def _sums() -> list[str]:
    sums = ["sum(m_b)", "sum(m_b * m_b)", "sum(m_a)", "sum(m_a * m_a)", "sum(m_b * m_a)"]
    for name in NUMBERS:
        for letter in "ba":
            own = f"{name}_{letter}"
            sums += [f"sum({own})", f"sum({own} * {own})", f"sum({own} * m_{letter})"]
        sums += [f"sum({name}_b * {name}_a)", f"sum({name}_b * m_a)", f"sum(m_b * {name}_a)"]
    return sums


_SUMS = _sums()


def _pairs(numbers: Sequence[float]) -> dict[str, Pair]:
    n_b, n_a, shared = (int(one) for one in numbers[:3])
    m_b, mm_b, m_a, mm_a, mm, *rest = (float(one) for one in numbers[3:])
    found = {}
    for i, name in enumerate(NUMBERS):
        q_b, qq_b, qm_b, q_a, qq_a, qm_a, qq, qm, mq = rest[9 * i : 9 * i + 9]
        before = SideSums(n_b, m_b, mm_b, q_b, qq_b, qm_b)
        after = SideSums(n_a, m_a, mm_a, q_a, qq_a, qm_a)
        found[name] = Pair(before, after, shared, qq, qm, mq, mm)
    return found


def _order(one: ComparedGroup, by: Sequence[str]) -> int:
    if one.dimension is not None:
        return 2 + list(by).index(one.dimension)
    return int(one.high)


def _common(keys: Sequence[str]) -> str:
    """CTEs: the mix over all keys at once, and claims weighted to the baseline's."""
    listed = ", ".join(keys)
    if not keys:
        return "common AS (SELECT * FROM labelled),"
    same = " AND ".join(f"labelled.{key} IS NOT DISTINCT FROM mix.{key}" for key in keys)
    return f"""
        mix AS (
            SELECT {listed}, count(*) FILTER (side = 0) AS n_b, count(*) FILTER (side = 1) AS n_a
            FROM labelled GROUP BY {listed}),
        common AS (
            SELECT labelled.* EXCLUDE (w), CASE WHEN side = 1 THEN n_b / n_a ELSE 1.0 END AS w
            FROM labelled JOIN mix ON {same}
            WHERE n_b > 0 AND n_a > 0),
    """


def _standard(
    cursor: duckdb.DuckDBPyConnection,
    both: Source,
    parameters: dict[str, Parameter | float],
    keys: Sequence[str],
) -> float:
    if not keys:
        return 1.0
    known = {name: value for name, value in parameters.items() if name != "high_from"}
    rows = cursor.execute(
        f"""
        WITH mix AS (
            SELECT count(*) FILTER (side = 0) AS n_b, count(*) FILTER (side = 1) AS n_a
            FROM ({both.sql}) AS labelled GROUP BY {", ".join(keys)})
        SELECT sum(n_b) FILTER (n_a > 0) / sum(n_b) FROM mix
        """,
        known,
    ).fetchall()
    return float(rows[0][0] or 0.0)


def _both(
    cursor: duckdb.DuckDBPyConnection,
    before: Selection,
    after: Selection,
    dimensions: Sequence[Dimension],
) -> Source:
    """Stated claims with an outcome: side (0 before, 1 after), input, v, key_0, …, outcome."""
    keys = {f"key_{i}": one.sql for i, one in enumerate(dimensions)}
    columns = {"input": _INPUT, "v": "confidence_ppm / 1e6", **keys}
    sides = [
        selected_claims(cursor, one, columns, also="confidence_ppm IS NOT NULL").renamed(letter)
        for one, letter in ((before, "b"), (after, "a"))
    ]
    parts = [
        f"SELECT {i} AS side, * FROM ({one.sql}) AS claim WHERE outcome IS NOT NULL"
        for i, one in enumerate(sides)
    ]
    return Source(" UNION ALL ".join(parts), {**sides[0].parameters, **sides[1].parameters})
