"""A judge's labels beside the truth: the sums that `JudgeSums` is made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import duckdb
import numpy as np
import pyarrow as pa

from core.ledger.errors import BadValue
from core.measure.cells.cells import FloatArray, InputSums, IntArray
from core.measure.labelling.judge_labels import JudgeSums, LabelSums, TruthSums, WeightedSums
from core.queries.base.claims_sql import selected_claims
from core.queries.base.dimensions import dimensions_named
from core.queries.base.group_keys import Key, decimals, groups_of, integers
from core.queries.base.selection import SOURCE_DIMENSION, Selection
from core.queries.base.truth import other_labels_sql, truth_of
from core.queries.sums.labelling.audit_answers import answered_propensity_sql

_MILLION = 1_000_000


@dataclass(frozen=True)
class JudgedGroups:
    """A judge beside the truth, of the groups of a question.

    Attributes:
        by: the dimensions grouped by.
        keys: labels of each group, ascending with None last.
        whole: sums over each group.
        high: over its high-confidence band.
    """

    by: tuple[str, ...]
    keys: tuple[Key, ...]
    whole: JudgeSums
    high: JudgeSums

    def __len__(self) -> int:
        return len(self.keys)


def judge_sums(
    cursor: duckdb.DuckDBPyConnection,
    selection: Selection,
    by: Sequence[str] = (),
    *,
    high_from: float = 0.9,
    sources: Sequence[str | None] | None = None,
) -> JudgedGroups | None:
    """Sum what truth and a judge say of a selection's claims, for each group that has a label.

    The judge's label of a claim is the newest that is not truth (before ``selection.as_known``,
    when that is set). Claims with both labels count as drawn by chance where each of them has a
    known chance to be labelled, its own ``label_propensity`` or that of an audit sample; where the
    chances differ they are summed once more, weighted. A claim that names no input is one of its
    own.

    Args:
        sources: whose labels the judge's are, of `core.queries.base.truth.Truth.others`; None: of
            any that is not truth.

    Returns:
        The sums; None where no claim of the signal has a label of a judge: it is asked first, and
        costs next to nothing.
    """
    if selection.by_source or SOURCE_DIMENSION in by:
        raise BadValue("A judge is set beside the truth already; leave outcome_source out.")
    others = other_labels_sql(
        cursor,
        truth_of(cursor, selection.signal),
        known_before="$as_known" if selection.as_known is not None else None,
        sources=sources,
    )
    # As the claims below are asked for, so that both mean the same time.
    parameters = selected_claims(cursor, selection, {"one": "1"}).parameters
    known = {name: parameters[name] for name in ("signal", "as_known") if name in parameters}
    if cursor.execute(f"SELECT 1 FROM ({others}) LIMIT 1", known).fetchone() is None:
        return None
    named = dimensions_named(cursor, by)
    dimensions = [named[name] for name in by]
    keys = {f"key_{i}": one.sql for i, one in enumerate(dimensions)}
    columns = {
        **keys,
        "ppm": "confidence_ppm",
        "event": "event_id",
        # Of two kinds, so that no event passes for the input of another claim.
        "unit": "CASE WHEN input_id IS NULL THEN [event_id, NULL] ELSE [NULL, input_id] END",
        "propensity": answered_propensity_sql(cursor, selection.signal),
    }
    source = selected_claims(cursor, selection, columns, by=by, also="confidence_ppm IS NOT NULL")
    listed = "".join(f"{key}, " for key in keys)
    labelled = _LABELLED.format(keys=listed, claims=source.sql, others=others)
    bound = {**source.parameters, "high_ppm": round(high_from * _MILLION)}
    table = cursor.sql(labelled + _SUMS.format(keys=listed), params=bound).to_arrow_table()
    columns_of = [table.column(key) for key in keys]
    groups = groups_of(columns_of, dimensions, table.num_rows)
    place, size = groups.place, len(groups.keys)
    found = [
        _judge_sums(*(_read(table, _NAMES, place, size, kind=kind, high=high) for kind in _KINDS))
        for high in (0, 1)
    ]
    if any(one.unequal.any() for one in found):
        table = cursor.sql(labelled + _BY_CHANCE.format(keys=listed), params=bound).to_arrow_table()
        place = groups.of([table.column(key) for key in keys], table.num_rows)
        found = [
            _weighted(one, _read(table, _WEIGHTED, place, size, kind=0, high=high))
            for high, one in enumerate(found)
        ]
    return JudgedGroups(tuple(by), groups.keys, *found)


def _read(
    table: pa.Table, names: Sequence[str], place: IntArray, size: int, *, kind: int, high: int
) -> dict[str, FloatArray]:
    """The named sums of every group, zero where it has none.

    Args:
        table: one row per group, kind and band.
        names: of its columns.
        place: the group of each row.
        size: groups.
        kind: of `_KINDS`.
        high: 1 for the band.
    """
    rows = (integers(table, "kind") == kind) & (integers(table, "high") == high)
    found = {}
    for name in names:
        values = np.zeros(size)
        values[place[rows]] = decimals(table, name)[rows]
        found[name] = values
    return found


#: Of which claims a row is: with both labels, with the judge's alone, with truth.
_KINDS = (0, 1, 2)
_COUNTS = ("inputs", "n")
_SUMMED = ("v", "vv", "f", "s", "fs", "r", "q", "rr", "qq", "rq", "rm", "qm", "mm", "most")
_NAMES = (*_COUNTS, *_SUMMED, "chances", "least_chance", "greatest_chance")

# Claims are taken once for each sum they are in: of all, and of the band; with both labels, with
# the judge's alone, and with truth whether the judge labelled them or not.
_LABELLED = """
    WITH labelled AS (
        SELECT {keys}unit, propensity, CAST(ppm AS DOUBLE) / 1000000 AS v,
               CAST(outcome AS DOUBLE) AS y, CAST(judged.outcome AS DOUBLE) AS f,
               ppm >= $high_ppm AS in_band
        FROM ({claims}) AS claim LEFT JOIN ({others}) AS other ON judged_event = event
        WHERE outcome IS NOT NULL OR judged IS NOT NULL
    ), taken AS (
        SELECT *, unnest(CASE WHEN f IS NULL THEN [2] WHEN y IS NULL THEN [1] ELSE [0, 2] END)
                      AS kind, unnest_high AS high
        FROM labelled, (SELECT unnest([0, 1]) AS unnest_high)
        WHERE unnest_high = 0 OR in_band
    )
"""
_SUMS = """
    , per_input AS (
        SELECT {keys}kind, high, unit, count(*) AS m, sum(v) AS v, sum(v * v) AS vv,
               coalesce(sum(f), 0) AS f, coalesce(sum(y), 0) AS s, coalesce(sum(f * y), 0) AS fs,
               coalesce(sum(v - y), 0) AS r, coalesce(sum(v - f), 0) AS q,
               count(propensity) AS chances, min(propensity) AS least,
               max(propensity) AS greatest
        FROM taken GROUP BY ALL
    )
    SELECT {keys}kind, high, count(*) AS inputs, sum(m) AS n, sum(v) AS v, sum(vv) AS vv,
           sum(f) AS f, sum(s) AS s, sum(fs) AS fs, sum(r) AS r, sum(q) AS q, sum(r * r) AS rr,
           sum(q * q) AS qq, sum(r * q) AS rq, sum(r * m) AS rm, sum(q * m) AS qm,
           sum(m * m) AS mm, max(m) AS most, sum(chances) AS chances,
           coalesce(min(least), 0) AS least_chance, coalesce(max(greatest), 0) AS greatest_chance
    FROM per_input GROUP BY ALL
"""


# Of claims with both labels alone, each by itself: where inputs repeat it is not asked for.
_BY_CHANCE = """
    , drawn AS (
        SELECT {keys}kind, high, v, f, y, v - y AS r, v - f AS q, 1 / propensity AS w
        FROM taken WHERE kind = 0 AND propensity IS NOT NULL
    )
    SELECT {keys}kind, high, sum(w) AS w, sum(w * v) AS v, sum(w * v * v) AS vv, sum(w * f) AS f,
           sum(w * y) AS s, sum(w * f * y) AS fs, sum(w * r) AS r, sum(w * q) AS q,
           sum(w * w * r * r) AS rr, sum(w * w * q * q) AS qq, sum(w * w * r * q) AS rq,
           sum(w * w * r) AS rm, sum(w * w * q) AS qm, sum(w * w) AS mm, max(w) AS most,
           sum(w * r * r) AS once_rr, sum(w * q * q) AS once_qq, sum(w * r * q) AS once_rq
    FROM drawn GROUP BY ALL
"""
_SQUARED = ("rr", "qq", "rq", "rm", "qm", "mm")
_ONCE = ("rr", "qq", "rq")
_WEIGHTED = ("w", *_SUMMED, *(f"once_{name}" for name in _ONCE))


def _judge_sums(
    both: dict[str, FloatArray], only: dict[str, FloatArray], truth: dict[str, FloatArray]
) -> JudgeSums:
    n, inputs = _whole(truth["n"]), _whole(truth["inputs"])
    repeated = None
    if (inputs < n).any():
        names = ("rr", "rm", "mm", "most")
        repeated = InputSums(inputs=inputs, **{name: truth[name] for name in names})
    drawn = (both["chances"] == both["n"]) & (both["n"] > 0)
    several = both["greatest_chance"] - both["least_chance"] >= 1e-9
    return JudgeSums(
        both=_label_sums(both),
        only=_label_sums(only),
        truth=TruthSums(n, _whole(truth["s"]), truth["v"], repeated),
        drawn=drawn,
        unequal=drawn & several,
    )


def _weighted(sums: JudgeSums, found: dict[str, FloatArray]) -> JudgeSums:
    """With the claims that have both labels weighted by their chances, to a mean weight of 1."""
    both = sums.both
    scale = both.n / np.where(found["w"] > 0, found["w"], 1)
    weighted = LabelSums(
        inputs=both.inputs,
        n=both.n,
        **{name: found[name] * (scale**2 if name in _SQUARED else scale) for name in _SUMMED},
    )
    once = {name: found[f"once_{name}"] * scale for name in _ONCE}
    return replace(sums, weighted=WeightedSums(weighted, **once))


def _label_sums(sums: dict[str, FloatArray]) -> LabelSums:
    return LabelSums(
        inputs=_whole(sums["inputs"]),
        n=_whole(sums["n"]),
        **{name: sums[name] for name in _SUMMED},
    )


def _whole(counts: FloatArray) -> IntArray:
    return np.rint(counts).astype(np.int64)
