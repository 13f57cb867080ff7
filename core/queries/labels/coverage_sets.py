"""Which claims are labelled, and with which chances, for many groupings by one grouped scan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from core.measure.cells.cells import FloatArray, IntArray
from core.queries.base.dimensions import Dimension, dimensions_named
from core.queries.base.group_keys import by_grouping, decimals, groups_of
from core.queries.base.kept.loaded import is_loaded
from core.queries.base.kept_claims import kept_groupings
from core.queries.base.many import Rows, Wanted, rows_of
from core.queries.base.selection import Selection
from core.queries.base.together.asking import AskedOfMany
from core.queries.base.together.snapshot import snapshot
from core.queries.sums.labelling.label_coverage import Coverage

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


@dataclass(frozen=True)
class CoverageAsked(AskedOfMany[Mapping[Grouping, tuple[Coverage, Chances]]]):
    """Coverage by each of several groupings, with the chances of the labels.

    Attributes:
        groupings: each a list of dimensions, each named once.
    """

    selection: Selection
    groupings: tuple[Grouping, ...]

    @classmethod
    def answers(
        cls, cursor: duckdb.DuckDBPyConnection, asked: Sequence[CoverageAsked]
    ) -> Sequence[Mapping[Grouping, tuple[Coverage, Chances]]]:
        """Coverage and chances of each."""
        found: list[dict[Grouping, tuple[Coverage, Chances]]] = [{} for _ in asked]
        with snapshot(cursor):
            wanted = [
                (i, one) for i, question in enumerate(asked) for one in question._wanted(cursor)
            ]
            for place, some in _scanned(cursor, [one for _, one in wanted]):
                found[wanted[place][0]] |= some
        return found

    def _wanted(self, cursor: duckdb.DuckDBPyConnection) -> Iterator[Wanted]:
        """Groupings that one scan can answer: those that are kept, and the others."""
        alike: dict[bool, list[Grouping]] = {}
        for one in self.groupings:
            alike.setdefault("split" in one, []).append(one)
        for groupings in alike.values():
            kept = kept_groupings(cursor, self.selection, groupings)
            others = [one for one in groupings if one not in kept]
            # Loaded cells know one segment at a time.
            alone = is_loaded(cursor, self.selection.signal)
            for some in (kept, *([one] for one in others)) if alone else (kept, others):
                if some:
                    names = tuple(sorted({name for grouping in some for name in grouping}))
                    yield Wanted(self.selection, tuple(some), names, by=names, kept=some is kept)


def _scanned(
    cursor: duckdb.DuckDBPyConnection, wanted: Sequence[Wanted]
) -> Iterator[tuple[int, dict[Grouping, tuple[Coverage, Chances]]]]:
    """The place of each question, and what was found by grouping."""

    def columns(one: Wanted) -> dict[str, str]:
        dimensions = dimensions_named(cursor, one.names)
        keys = {f"key_{i}": dimensions[name].sql for i, name in enumerate(one.names)}
        return keys | {"ppm": "confidence_ppm", "propensity": "label_propensity"}

    for rows in rows_of(cursor, wanted, columns, also="confidence_ppm IS NOT NULL"):
        table = _kept(cursor, rows) if rows.kept else _counted(cursor, rows)
        for place, own in rows.tables(table):
            names = wanted[place].names
            dimensions = dimensions_named(cursor, names)
            keys = {name: f"key_{i}" for i, name in enumerate(names)}
            yield (
                place,
                {
                    grouping: _of_grouping(
                        of, grouping, [keys[n] for n in grouping], [dimensions[n] for n in grouping]
                    )
                    for grouping, of in by_grouping(own, wanted[place].groupings, names)
                },
            )


def _kept(cursor: duckdb.DuckDBPyConnection, rows: Rows) -> pa.Table:
    """The rows from what is kept."""
    keys = "".join(f"key_{i}, " for i in range(len(rows.wanted.names)))
    return cursor.sql(
        f"""
        SELECT {rows.asked}which, {keys}
               CAST(sum(n) AS DOUBLE) AS n_claims,
               CAST(coalesce(sum(n) FILTER (outcome IS NOT NULL), 0) AS DOUBLE) AS n,
               CAST(coalesce(sum(n) FILTER (outcome = 1), 0) AS DOUBLE) AS s,
               CAST(sum(s1) AS DOUBLE) AS ppm,
               CAST(coalesce(sum(n_drawn) FILTER (outcome IS NOT NULL), 0) AS DOUBLE) AS n_drawn,
               coalesce(min(CASE WHEN n_chances < n THEN 0 ELSE least END)
                   FILTER (outcome IS NOT NULL), 'nan') AS least,
               coalesce(max(coalesce(most, 0)) FILTER (outcome IS NOT NULL), 'nan') AS most
        FROM ({rows.source.sql}) AS kept WHERE place >= 0
        GROUP BY {rows.asked}{keys}which
        """,
        params=dict(rows.source.parameters),
    ).to_arrow_table()


def _counted(cursor: duckdb.DuckDBPyConnection, rows: Rows) -> pa.Table:
    """The rows from the claims."""
    keys = {name: f"key_{i}" for i, name in enumerate(rows.wanted.names)}
    every = ", ".join(keys.values())
    # The order of a grouping's dimensions is Python's matter; a set is asked for once.
    sets = sorted({tuple(sorted(keys[n] for n in one)) for one in rows.wanted.groupings})
    own = rows.asked.split(", ")[:-1]
    return cursor.sql(
        f"""
        SELECT {rows.asked}{f"GROUPING({every})" if every else "0"} AS which,
               {"".join(f"{key}, " for key in keys.values())}
               CAST(count(*) AS DOUBLE) AS n_claims, CAST(count(outcome) AS DOUBLE) AS n,
               CAST(coalesce(sum(outcome), 0) AS DOUBLE) AS s,
               CAST(coalesce(sum(ppm), 0) AS DOUBLE) AS ppm,
               CAST(count(outcome) FILTER (propensity < 1) AS DOUBLE) AS n_drawn,
               coalesce(min(coalesce(propensity, 0)) FILTER (outcome IS NOT NULL), 'nan') AS least,
               coalesce(max(coalesce(propensity, 0)) FILTER (outcome IS NOT NULL), 'nan') AS most
        FROM ({rows.source.sql}) AS claim
        GROUP BY GROUPING SETS ({", ".join(f"({', '.join([*own, *one])})" for one in sets)})
        """,
        params=dict(rows.source.parameters),
    ).to_arrow_table()


def _of_grouping(
    rows: pa.Table, grouping: Grouping, keys: list[str], dimensions: list[Dimension]
) -> tuple[Coverage, Chances]:
    columns = [rows.column(key) for key in keys]
    groups = groups_of(columns, dimensions, rows.num_rows)
    place = groups.place

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
