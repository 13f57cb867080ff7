"""Which claims are labelled: coverage by any dimension, and sums over logged label propensities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa

from core.measure.cells.cells import FloatArray, IntArray
from core.measure.metrics.label_bias import MAXIMUM_WEIGHT, PropensitySums
from core.queries.base.claims_sql import Source, selected_claims
from core.queries.base.dimensions import Dimension, dimensions_named
from core.queries.base.group_keys import Groups, Key, decimals, groups_of
from core.queries.base.kept_claims import kept_claims
from core.queries.base.repeating import OWN_SQL, signal_repeats
from core.queries.base.selection import Selection
from core.queries.base.together.snapshot import snapshot
from core.queries.sums.labelling.audit_answers import answered_propensity_sql


@dataclass(frozen=True)
class Coverage:
    """How much is labelled, per group; arrays of shape (G,).

    Attributes:
        by: the dimensions grouped by.
        keys: labels of each group, ascending with None last.
        n_claims: stated claims.
        n: the labelled among them.
        s: sum of their outcomes.
        sum_v: sum of the confidences of *all* stated claims.
    """

    by: tuple[str, ...]
    keys: tuple[Key, ...]
    n_claims: IntArray
    n: IntArray
    s: IntArray
    sum_v: FloatArray

    def __len__(self) -> int:
        return len(self.keys)

    def counts(self) -> dict[str | None, tuple[int, int]]:
        """(stated, labelled) claims by value, of a grouping by one dimension."""
        names = [name for (name,) in self.keys]
        pairs = zip(self.n_claims.tolist(), self.n.tolist(), strict=True)
        return dict(zip(names, pairs, strict=True))


def coverage_by(
    cursor: duckdb.DuckDBPyConnection, selection: Selection, by: Sequence[str] = ()
) -> Coverage:
    """Stated and labelled claims of each group, as known at the selection's ``as_known``.

    Args:
        by: dimensions, e.g. ``confidence_band``, ``action`` or ``week`` (of the claim: its
            cohort); without any there is one group, possibly empty.

    Returns:
        The groups that have a stated claim.
    """
    named = dimensions_named(cursor, by)
    dimensions = [named[name] for name in by]
    table = _kept_coverage(cursor, selection, by)
    if table is None:
        table = _counted_coverage(cursor, selection, by)
    groups, columns = _aligned(table, dimensions, ("n_claims", "n", "s", "ppm"))
    n_claims, n, s, ppm = columns
    return Coverage(tuple(by), groups.keys, _whole(n_claims), _whole(n), _whole(s), ppm / 1_000_000)


def _kept_coverage(
    cursor: duckdb.DuckDBPyConnection, selection: Selection, by: Sequence[str]
) -> pa.Table | None:
    """The rows from what is kept; None where that does not answer the question."""
    with snapshot(cursor):
        kept = kept_claims(cursor, selection, [tuple(by)], by, by=by)
        if kept is None:
            return None
        keys = "".join(f"key_{i}, " for i in range(len(by)))
        return cursor.sql(
            f"""
            SELECT {keys}CAST(coalesce(sum(n), 0) AS BIGINT) AS n_claims,
                   CAST(coalesce(sum(n) FILTER (outcome IS NOT NULL), 0) AS BIGINT) AS n,
                   CAST(coalesce(sum(n) FILTER (outcome = 1), 0) AS BIGINT) AS s,
                   CAST(coalesce(sum(s1), 0) AS BIGINT) AS ppm
            FROM ({kept.sql}) AS kept WHERE place >= 0
            {_group_by(keys)}
            """,
            params=dict(kept.parameters),
        ).to_arrow_table()


def _counted_coverage(
    cursor: duckdb.DuckDBPyConnection, selection: Selection, by: Sequence[str]
) -> pa.Table:
    """The rows from the claims."""
    _, keys, source = _keyed(cursor, selection, by, {})
    return cursor.sql(
        f"""
        SELECT {keys}count(*) AS n_claims, count(outcome) AS n,
               CAST(coalesce(sum(outcome), 0) AS BIGINT) AS s,
               CAST(coalesce(sum(ppm), 0) AS BIGINT) AS ppm
        FROM ({source.sql}) AS claim
        {_group_by(keys)}
        """,
        params=dict(source.parameters),
    ).to_arrow_table()


@dataclass(frozen=True)
class GroupedPropensities:
    """Propensity sums of the groups of a question.

    Attributes:
        by: the dimensions grouped by.
        keys: labels of each group, ascending with None last.
        sums: aligned with ``keys``.
    """

    by: tuple[str, ...]
    keys: tuple[Key, ...]
    sums: PropensitySums

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def logged(self) -> FloatArray:
        """Share of labelled claims that log their propensity, shape (G,); nan without a label."""
        labelled = self.sums.n_labelled
        share: FloatArray = self.sums.n / np.where(labelled > 0, labelled, np.nan)
        return share


def propensity_sums(
    cursor: duckdb.DuckDBPyConnection,
    selection: Selection,
    by: Sequence[str] = (),
    *,
    maximum_weight: float = MAXIMUM_WEIGHT,
) -> GroupedPropensities:
    """Sum the labelled claims of each group by their inverse label propensity.

    A claim's propensity is what it logs itself, or else the chance with which an audit sample drew
    it (`core.queries.sums.labelling.audit_answers`), once most of its sample is labelled. A
    labelled claim without one counts in ``n_labelled`` only: it is never imputed. Weights are no
    whole numbers, so these sums are floating-point ones.

    Args:
        by: dimensions, e.g. ``confidence_band``; without any there is one group, possibly empty.
        maximum_weight: a claim stands for at most so many; ≥ 1.

    Returns:
        The groups that have a stated claim.

    Raises:
        ValueError: the weight is under 1.
    """
    if maximum_weight < 1:
        raise ValueError(f"a claim stands for itself at least: {maximum_weight} is under 1")
    repeats = signal_repeats(cursor, selection.signal)
    columns = {"propensity": answered_propensity_sql(cursor, selection.signal)}
    if repeats:
        own = OWN_SQL
        columns |= {"input": "input_id", "own": own}
    dimensions, keys, source = _keyed(cursor, selection, by, columns)
    return weighted_sums(cursor, source, dimensions, keys, repeats, maximum_weight=maximum_weight)


def unlike_sums(
    cursor: duckdb.DuckDBPyConnection,
    signal: str,
    dimensions: Sequence[Dimension],
    source: Source,
    unlike: str,
) -> Mapping[Key, PropensitySums]:
    """The sums of the groups whose labels were drawn with chances that differ.

    Args:
        dimensions: of the groups; their columns are ``key_0``, ``key_1``, …
        source: as `weighted_sums` takes it.
        unlike: SQL over a group's claims, whether their chances differ.

    Returns:
        Key → the sums of that one group.
    """
    names = [f"key_{i}" for i in range(len(dimensions))]
    listed = "".join(f"{name}, " for name in names)
    grouped = f"GROUP BY {', '.join(names)}" if names else ""
    rows = cursor.execute(
        f"SELECT {listed}{unlike} FROM ({source.sql}) AS claim {grouped}", source.parameters
    ).fetchall()
    chosen = {
        tuple(dimension.label(value) for dimension, value in zip(dimensions, row, strict=False))
        for row in rows
        if row[-1]
    }
    if not chosen:
        return {}
    found = weighted_sums(cursor, source, dimensions, listed, signal_repeats(cursor, signal))
    return {key: found.sums.take([i]) for i, key in enumerate(found.keys) if key in chosen}


def weighted_sums(
    cursor: duckdb.DuckDBPyConnection,
    source: Source,
    dimensions: Sequence[Dimension] = (),
    keys: str = "",
    repeats: bool = False,
    *,
    maximum_weight: float = MAXIMUM_WEIGHT,
) -> GroupedPropensities:
    """The same of claims that are selected already.

    Args:
        source: stated claims with ``ppm``, ``outcome``, ``propensity``, the keys, and where inputs
            repeat ``input`` and ``own``, an event without one.
        dimensions: of the groups.
        keys: their columns, each with a comma behind it.
        repeats: whether inputs repeat.
        maximum_weight: a claim stands for at most so many; ≥ 1.
    """
    unit = "input, own, " if repeats else ""
    per_claim = f"""
        SELECT {keys}{unit}CAST(outcome IS NOT NULL AS INTEGER) AS labelled,
               CAST(w IS NOT NULL AS INTEGER) AS n,
               CAST(w IS NOT NULL AND propensity * $maximum_weight < 1 AS INTEGER) AS capped,
               w, w * outcome AS y, w * (ppm / 1e6 - outcome) AS r
        FROM (SELECT *, CASE WHEN outcome IS NOT NULL AND propensity > 0
                        THEN least(1 / propensity, $maximum_weight) END AS w
              FROM ({source.sql}) AS claim) AS weighted
    """
    units = per_claim
    if repeats:
        units = f"""
            SELECT {keys}sum(labelled) AS labelled, sum(n) AS n, sum(capped) AS capped,
                   sum(w) AS w, sum(y) AS y, sum(r) AS r
            FROM ({per_claim}) AS claim GROUP BY {keys}input, own
        """
    table = cursor.sql(
        f"""
        SELECT {keys}{
            ", ".join(
                f"CAST(coalesce(sum({of}), 0) AS DOUBLE) AS {name}" for name, of in _SUMS.items()
            )
        },
               CAST(count(w) AS DOUBLE) AS inputs
        FROM ({units}) AS unit
        {_group_by(keys)}
        """,
        params={**source.parameters, "maximum_weight": float(maximum_weight)},
    ).to_arrow_table()
    names = (*_SUMS, "inputs")
    groups, columns_of = _aligned(table, dimensions, names)
    of = dict(zip(names, columns_of, strict=True))
    counts = {name: _whole(of.pop(name)) for name in ("n_labelled", "n", "n_capped", "inputs")}
    return GroupedPropensities(
        tuple(one.name for one in dimensions),
        groups.keys,
        PropensitySums(
            n_labelled=counts["n_labelled"],
            n=counts["n"],
            n_capped=counts["n_capped"],
            inputs=counts["inputs"],
            **of,
            maximum_weight=float(maximum_weight),
        ),
    )


_SUMS = {
    "n_labelled": "labelled",
    "n": "n",
    "n_capped": "capped",
    "w": "w",
    "wy": "y",
    "wr": "r",
    "ww": "w * w",
    "ww_y": "w * y",
    "yy": "y * y",
    "ww_r": "w * r",
    "rr": "r * r",
}


def _keyed(
    cursor: duckdb.DuckDBPyConnection,
    selection: Selection,
    by: Sequence[str],
    columns: dict[str, str],
) -> tuple[list[Dimension], str, Source]:
    """The dimensions of ``by``, their keys as SQL, and the selection's stated claims with them."""
    named = dimensions_named(cursor, by)
    dimensions = [named[name] for name in by]
    keys = {f"key_{i}": dimension.sql for i, dimension in enumerate(dimensions)}
    source = selected_claims(
        cursor,
        selection,
        keys | {"ppm": "confidence_ppm"} | columns,
        by=by,
        also="confidence_ppm IS NOT NULL",
    )
    return dimensions, "".join(f"{key}, " for key in keys), source


def _group_by(keys: str) -> str:
    return f"GROUP BY {keys.removesuffix(', ')}" if keys else ""


def _aligned(
    table: pa.Table, dimensions: Sequence[Dimension], names: Sequence[str]
) -> tuple[Groups, list[FloatArray]]:
    """The groups, ascending, and the named columns in their order."""
    keys = [table.column(f"key_{i}") for i in range(len(dimensions))]
    groups = groups_of(keys, dimensions, table.num_rows)
    place = groups.place
    columns = []
    for name in names:
        values = np.zeros(len(groups.keys))
        values[place] = decimals(table, name)
        columns.append(values)
    return groups, columns


def _whole(counts: FloatArray) -> IntArray:
    return np.rint(counts).astype(np.int64)
