"""Which claims are labelled, and with which chances, for many groupings by one grouped scan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from core.measure.cells.cells import FloatArray, IntArray
from core.queries.base.claims_sql import selected_claims
from core.queries.base.dimensions import Dimension, dimensions_named
from core.queries.base.group_keys import by_grouping, decimals, groups_of
from core.queries.base.kept.claims import kept_claims, kept_groupings
from core.queries.base.selection import Selection
from core.queries.base.snapshot import snapshot
from core.queries.sums.label_coverage import Coverage

Grouping = tuple[str, ...]


@dataclass(frozen=True)
class Chances:
    """With which logged chances the labels of G groups were drawn; arrays of shape (G,).

    Attributes:
        n_drawn: labelled claims whose label was drawn with a chance below one.
        least, most: of their chances, one that is not logged being 0; nan without a label.
    """

    n_drawn: IntArray
    least: FloatArray
    most: FloatArray

    def unlike(self, rows: npt.ArrayLike) -> bool:
        """Whether the labels of some groups together were drawn with chances that differ."""
        at = np.asarray(rows, dtype=np.int64)
        if not self.n_drawn[at].any():
            return False
        return bool(np.nanmin(self.least[at]) < np.nanmax(self.most[at]))


def coverage_sets(
    cursor: duckdb.DuckDBPyConnection, selection: Selection, groupings: Iterable[Grouping]
) -> Mapping[Grouping, tuple[Coverage, Chances]]:
    """Coverage by each of several groupings, with the chances of the labels.

    Args:
        groupings: each a list of dimensions, each named once.
    """
    alike: dict[bool, list[Grouping]] = {}
    for one in dict.fromkeys(groupings):
        alike.setdefault("split" in one, []).append(one)
    found: dict[Grouping, tuple[Coverage, Chances]] = {}
    for of_a_kind in alike.values():
        found |= _scan(cursor, selection, of_a_kind)
    return found


def _scan(
    cursor: duckdb.DuckDBPyConnection, selection: Selection, groupings: list[Grouping]
) -> dict[Grouping, tuple[Coverage, Chances]]:
    found: dict[Grouping, tuple[Coverage, Chances]] = {}
    with snapshot(cursor):
        kept = kept_groupings(cursor, selection, groupings)
        for some in (kept, [one for one in groupings if one not in kept]):
            if not some:
                continue
            names = sorted({name for grouping in some for name in grouping})
            dimensions = dimensions_named(cursor, names)
            keys = {name: f"key_{i}" for i, name in enumerate(names)}
            table = _kept(cursor, selection, some, names) if some is kept else None
            if table is None:
                table = _counted(cursor, selection, some, names)
            found |= {
                grouping: _of_grouping(
                    rows, grouping, [keys[n] for n in grouping], [dimensions[n] for n in grouping]
                )
                for grouping, rows in by_grouping(table, some, names)
            }
    return found


def _kept(
    cursor: duckdb.DuckDBPyConnection,
    selection: Selection,
    groupings: list[Grouping],
    names: list[str],
) -> pa.Table | None:
    """The rows from what is kept; None where that does not answer the question."""
    with snapshot(cursor):
        kept = kept_claims(cursor, selection, groupings, names, by=names)
        if kept is None:
            return None
        keys = "".join(f"key_{i}, " for i in range(len(names)))
        return cursor.sql(
            f"""
            SELECT which, {keys}
                   CAST(sum(n) AS DOUBLE) AS n_claims,
                   CAST(coalesce(sum(n) FILTER (outcome IS NOT NULL), 0) AS DOUBLE) AS n,
                   CAST(coalesce(sum(n) FILTER (outcome = 1), 0) AS DOUBLE) AS s,
                   CAST(sum(s1) AS DOUBLE) AS ppm,
                   CAST(coalesce(sum(n_drawn) FILTER (outcome IS NOT NULL), 0) AS DOUBLE)
                       AS n_drawn,
                   coalesce(min(CASE WHEN n_chances < n THEN 0 ELSE least END)
                       FILTER (outcome IS NOT NULL), 'nan') AS least,
                   coalesce(max(coalesce(most, 0)) FILTER (outcome IS NOT NULL), 'nan') AS most
            FROM ({kept.sql}) AS kept WHERE place >= 0
            GROUP BY which{"".join(f", key_{i}" for i in range(len(names)))}
            """,
            params=dict(kept.parameters),
        ).to_arrow_table()


def _counted(
    cursor: duckdb.DuckDBPyConnection,
    selection: Selection,
    groupings: list[Grouping],
    names: list[str],
) -> pa.Table:
    """The rows from the claims."""
    dimensions = dimensions_named(cursor, names)
    keys = {name: f"key_{i}" for i, name in enumerate(names)}
    source = selected_claims(
        cursor,
        selection,
        {keys[name]: dimensions[name].sql for name in names}
        | {"ppm": "confidence_ppm", "propensity": "label_propensity"},
        by=names,
        also="confidence_ppm IS NOT NULL",
    )
    every = ", ".join(keys.values())
    # The order of a grouping's dimensions is Python's matter; a set is asked for once.
    sets = sorted({tuple(sorted(keys[name] for name in grouping)) for grouping in groupings})
    return cursor.sql(
        f"""
        SELECT {f"GROUPING({every})" if every else "0"} AS which,
               {"".join(f"{key}, " for key in keys.values())}
               CAST(count(*) AS DOUBLE) AS n_claims, CAST(count(outcome) AS DOUBLE) AS n,
               CAST(coalesce(sum(outcome), 0) AS DOUBLE) AS s,
               CAST(coalesce(sum(ppm), 0) AS DOUBLE) AS ppm,
               CAST(count(outcome) FILTER (propensity < 1) AS DOUBLE) AS n_drawn,
               coalesce(min(coalesce(propensity, 0)) FILTER (outcome IS NOT NULL), 'nan') AS least,
               coalesce(max(coalesce(propensity, 0)) FILTER (outcome IS NOT NULL), 'nan') AS most
        FROM ({source.sql}) AS claim
        GROUP BY GROUPING SETS ({", ".join(f"({', '.join(one)})" for one in sets)})
        """,
        params=dict(source.parameters),
    ).to_arrow_table()


def _of_grouping(
    rows: pa.Table, grouping: Grouping, keys: list[str], dimensions: list[Dimension]
) -> tuple[Coverage, Chances]:
    columns = [rows.column(key) for key in keys]
    groups = groups_of(columns, dimensions, rows.num_rows)
    place = groups.of(columns, rows.num_rows)

    def column(name: str, bare: float = 0.0) -> FloatArray:
        values = np.full(len(groups.keys), bare)
        values[place] = decimals(rows, name)
        return values

    def whole(name: str) -> IntArray:
        return np.rint(column(name)).astype(np.int64)

    coverage = Coverage(
        grouping, groups.keys, whole("n_claims"), whole("n"), whole("s"), column("ppm") / 1_000_000
    )
    return coverage, Chances(whole("n_drawn"), column("least", np.nan), column("most", np.nan))
