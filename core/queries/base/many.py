"""The claims of several selections by one query, each row saying whose it is."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from core.queries.base.claims_sql import Source, selected_claims, utc
from core.queries.base.dimensions import Parameter
from core.queries.base.fingerprint_fields import FIELDS
from core.queries.base.group_keys import integers
from core.queries.base.kept.loaded import is_loaded
from core.queries.base.kept_claims import KeptPlan, kept_plan
from core.queries.base.selection import SOURCE_DIMENSION, Selection

Row = tuple[Any, ...]

_OF_LINE = (*FIELDS, "split")


@dataclass(frozen=True)
class Wanted:
    """Claims that a question is about.

    Attributes:
        selection: which.
        groupings: what they are summed by; each of dimensions among ``names``.
        names: dimensions that become ``key_0``, ``key_1``, …
        by: dimensions whose naming takes in tuning claims, or labels of every source.
        high_ppm: lower edge of the high-confidence band; None: the question has none.
        kept: whether rows of sums will do.
        apart: what else has to be alike in questions that are asked together.
    """

    selection: Selection
    groupings: tuple[tuple[str, ...], ...] = ((),)
    names: tuple[str, ...] = ()
    by: tuple[str, ...] = ()
    high_ppm: int | None = None
    kept: bool = True
    apart: Hashable = None


@dataclass(frozen=True)
class Rows:
    """Where the claims of some questions come from.

    Attributes:
        places: of the questions.
        wanted: the first of them; what is alike in all can be read from it.
        source: the claims; with ``asked``, the place among ``places``, where these are several.
        kept: whether rows of sums.
    """

    places: tuple[int, ...]
    wanted: Wanted
    source: Source
    kept: bool

    @property
    def asked(self) -> str:
        """The column that tells questions apart, with a comma; nothing where there is one."""
        return "asked, " if len(self.places) > 1 else ""

    def tables(self, table: pa.Table) -> Iterator[tuple[int, pa.Table]]:
        """The rows of each question in a result that begins with `asked`."""
        if not self.asked:
            yield self.places[0], table
            return
        table = table.sort_by("asked")
        edges = np.searchsorted(integers(table, "asked"), np.arange(len(self.places) + 1))
        table = table.drop_columns(["asked"])
        for place, first, end in zip(self.places, edges[:-1], edges[1:], strict=True):
            yield place, table.slice(first, end - first)

    def rows(self, rows: Sequence[Row]) -> Iterator[tuple[int, list[Row]]]:
        """The same of rows that were fetched."""
        if not self.asked:
            yield self.places[0], list(rows)
            return
        found: list[list[Row]] = [[] for _ in self.places]
        for asked, *rest in rows:
            found[asked].append(tuple(rest))
        yield from zip(self.places, found, strict=True)


def rows_of(
    cursor: duckdb.DuckDBPyConnection,
    wanted: Sequence[Wanted],
    columns: Callable[[Wanted], Mapping[str, str]],
    *,
    also: str = "TRUE",
) -> Iterator[Rows]:
    """Sources for the claims of several questions: as few as there are sorts of questions.

    Ask within `core.queries.base.together.snapshot.snapshot`. Kept sums answer where they can;
    otherwise the rows are `core.queries.base.claims_sql.selected_claims`.

    Args:
        columns: of the claims of a question: alias → expression over the table claims.
        also: one more condition over the table claims.
    """
    plans: dict[Hashable, list[tuple[int, KeptPlan]]] = {}
    counted: dict[Hashable, list[int]] = {}
    for place, one in enumerate(wanted):
        plan = None
        if one.kept:
            plan = kept_plan(
                cursor, one.selection, one.groupings, one.names, by=one.by, high_ppm=one.high_ppm
            )
        if plan is None:
            alike = None if is_loaded(cursor, one.selection.signal) else _alike(one)
            counted.setdefault((alike or place, _asked_alike(one)), []).append(place)
        else:
            plans.setdefault((plan.alike or place, _asked_alike(one)), []).append((place, plan))
    for of_a_kind in plans.values():
        places = tuple(place for place, _ in of_a_kind)
        several = [plan for _, plan in of_a_kind]
        if len(several) > 1:
            source = KeptPlan.of_each(cursor, several)
        else:
            source = several[0].source(cursor)
        yield Rows(places, wanted[places[0]], source, kept=True)
    for some in counted.values():
        first = wanted[some[0]]
        taken = columns(first)
        if len(some) > 1:
            source = _claims_of_each([wanted[place] for place in some], taken, also)
        else:
            source = selected_claims(cursor, first.selection, taken, by=first.by, also=also)
        yield Rows(tuple(some), first, source, kept=False)


def _asked_alike(one: Wanted) -> Hashable:
    return one.groupings, one.names, one.by, one.high_ppm, one.apart


def _alike(one: Wanted) -> Hashable | None:
    """What selections that `_claims_of_each` takes together share; None: only by itself."""
    names = tuple(name for name, _ in one.selection.where)
    if one.selection.as_known is not None or SOURCE_DIMENSION in one.by:
        return None
    if len(set(names)) < len(names) or not set(names) <= set(_OF_LINE):
        return None
    if any(len(values) != 1 for _, values in one.selection.where):
        return None
    return ("by", *sorted(names))


def _claims_of_each(wanted: Sequence[Wanted], columns: Mapping[str, str], also: str) -> Source:
    """The claims of selections that are alike, with ``asked``: the place of each one's."""
    first = wanted[0]
    names = sorted(name for name, _ in first.selection.where)
    conditions = ["signal = of_signal", "ts >= of_since", "ts < of_until", also]
    if not first.selection.splits_chosen and "split" not in first.by:
        conditions.append("split <> 'tuning'")
    conditions += [f"{name} IS NOT DISTINCT FROM of_{name}" for name in names]
    values = [dict(one.selection.where) for one in wanted]
    since = [utc(one.selection.since or datetime.min) for one in wanted]
    until = [utc(one.selection.until or datetime.max) for one in wanted]
    parameters: dict[str, Parameter] = {
        "asked_signal": [one.selection.signal for one in wanted],
        "asked_since": since,
        "asked_until": until,
        "asked_least": min(since),
        "asked_most": max(until),
        **{f"asked_{name}": [one[name][0] for one in values] for name in names},
    }
    # Bounds of all questions let whole row groups be left unread.
    conditions += ["ts >= $asked_least", "ts < $asked_most"]
    given = {"signal": "VARCHAR", "since": "TIMESTAMP", "until": "TIMESTAMP"}
    given |= dict.fromkeys(names, "VARCHAR")
    listed = ", ".join(
        f"unnest($asked_{name}::{kind}[]) AS of_{name}" for name, kind in given.items()
    )
    taken = "".join(f"{sql} AS {alias}, " for alias, sql in columns.items())
    return Source(
        f"""
        SELECT asked, {taken}outcome
        FROM claims JOIN (
            SELECT unnest(range({len(wanted)})) AS asked, {listed}) AS question
            ON {" AND ".join(conditions)}
        """,
        parameters,
    )
