"""Claims of a selection as kept sums: which questions they answer, and the rows to sum over."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

import duckdb

from core.ledger.sql import literal
from core.queries.base.claims_sql import Source, selected_claims, utc
from core.queries.base.dimensions import (
    BAND_LABELS,
    WEEK_SQL,
    Dimension,
    Parameter,
    dimensions_named,
)
from core.queries.base.fingerprint_fields import FIELDS
from core.queries.base.selection import BAND_DIMENSION, SOURCE_DIMENSION, Selection
from core.queries.base.together.asked_once import once
from core.queries.base.together.snapshot import snapshot_number

Grouping = tuple[str, ...]

_MONDAY = date(1970, 1, 5)
#: Dimensions that belong to a line.
_OF_LINE = frozenset({*FIELDS, "split"})
#: The ECE bin of a stated row.
_BIN = "CAST(CASE WHEN place >= 0 THEN greatest((place + 9) // 10, 1) - 1 END AS TINYINT)"
_SUMS = (
    *("week", "place", "width", "high", "outcome", "n", "s1", "s2", "s3", "s4"),
    *("n_chances", "n_drawn", "least", "most", "weekdays"),
)


def kept_claims(
    cursor: duckdb.DuckDBPyConnection,
    selection: Selection,
    groupings: Sequence[Grouping],
    names: Sequence[str],
    *,
    by: Collection[str] = (),
    high_ppm: int | None = None,
) -> Source | None:
    """The claims of a selection, once for each grouping, as rows of sums over some of them.

    Ask within `core.queries.base.together.snapshot.snapshot`: what is kept is looked up first.
    Weeks that the selection cuts are taken from the claims, one row each.

    Args:
        groupings: each of dimensions among ``names``.
        names: the dimensions that become ``key_0``, ``key_1``, …; NULL where a grouping has not
            the dimension.
        by: dimensions that the question is grouped by: naming ``split`` takes tuning claims in.
        high_ppm: lower edge of the high-confidence band; None: the question has none.

    Returns:
        Rows with ``which`` (as GROUPING() of all names gives it), the keys, and the columns of
        kept_cells from ``week`` on. None where the question has to be asked of the claims: as
        known at a time, about labels of some source, by or of more than one dimension that is not
        of the fingerprint, by days, or of what is not kept.
    """
    plan = kept_plan(cursor, selection, groupings, names, by=by, high_ppm=high_ppm)
    return None if plan is None else plan.source(cursor)


def kept_plan(
    cursor: duckdb.DuckDBPyConnection,
    selection: Selection,
    groupings: Sequence[Grouping],
    names: Sequence[str],
    *,
    by: Collection[str] = (),
    high_ppm: int | None = None,
) -> KeptPlan | None:
    """How `kept_claims` answers; None where the question has to be asked of the claims."""
    named = dimensions_named(cursor, {*names, *(name for name, _ in selection.where)})
    if selection.as_known is not None or {"day", SOURCE_DIMENSION} & named.keys():
        return None
    state = _state(cursor, selection.signal)
    if state is None or (high_ppm is not None and state.high_ppm != high_ppm):
        return None
    weeks = _weeks(selection)
    if weeks is None:
        return None
    # The order of a grouping's dimensions is the caller's matter; a set is asked for once.
    groupings = list({_which(one, names): one for one in groupings}.values())
    asked = _asked(selection, groupings, named, state)
    if asked is None:
        return None
    return KeptPlan(selection, tuple(names), frozenset(by), weeks, state, tuple(asked))


@dataclass(frozen=True)
class KeptPlan:
    """A question that kept sums answer.

    Attributes:
        selection, names, by: as `kept_claims` takes them.
        weeks: the selection's.
        state: what is kept of its signal.
        asked: each grouping with the dimension of its rows.
    """

    selection: Selection
    names: tuple[str, ...]
    by: frozenset[str]
    weeks: Weeks
    state: KeptState
    asked: tuple[tuple[Grouping, str], ...]

    @property
    def alike(self) -> Hashable | None:
        """Plans with the same one can be asked together; None: only by itself."""
        if self.weeks.edges or any(name not in _OF_LINE for name, _ in self.selection.where):
            return None
        return self.names, self.asked, tuple(name in self.state.dimensions for name in self.names)

    def source(self, cursor: duckdb.DuckDBPyConnection) -> Source:
        """The rows of `kept_claims`."""
        selection, names, state = self.selection, self.names, self.state
        named = dimensions_named(cursor, names)
        conditions, parameters = self.conditions(cursor)
        parts = self._parts("kept_cells JOIN kept_lines USING (line)", conditions)
        edges = []
        for i, (since, until) in enumerate(self.weeks.edges):
            part = replace(selection, since=since, until=until)
            edge = _edge(cursor, part, named, names, self.by, state)
            edges.append(edge.renamed(f"edge_{i}"))
            parameters |= edges[-1].parameters
        if not edges:
            return Source(" UNION ALL ".join(parts), parameters)
        for grouping, _ in self.asked:
            keys = [f"key_{i}" if name in grouping else "NULL" for i, name in enumerate(names)]
            which = str(_which(grouping, names))
            parts.append(f"SELECT {', '.join([which, *keys, *_SUMS])} FROM edge")
        union = " UNION ALL ".join(edge.sql for edge in edges)
        return Source(
            f"WITH edge AS MATERIALIZED ({union}) {' UNION ALL '.join(parts)}", parameters
        )

    def conditions(
        self, cursor: duckdb.DuckDBPyConnection
    ) -> tuple[list[str], dict[str, Parameter]]:
        """What holds for its rows, joined with their lines, and the parameters of that."""
        selection = self.selection
        named = dimensions_named(cursor, (name for name, _ in selection.where))
        parameters: dict[str, Parameter] = {"kept_signal": selection.signal}
        conditions = ["signal = $kept_signal", *self.weeks.conditions]
        if not selection.splits_chosen and "split" not in self.by:
            conditions.append("split <> 'tuning'")
        for i, (name, values) in enumerate(selection.where):
            condition, more = _condition(named[name], values, f"kept_{i}", self.state)
            conditions.append(condition)
            parameters |= more
        return conditions, parameters

    def _parts(self, cells: str, conditions: Sequence[str], more: str = "") -> list[str]:
        """A query for each grouping."""
        parts = []
        for grouping, dimension in self.asked:
            keys = [
                f"{_key(one, grouping, self.state)} AS key_{i}" for i, one in enumerate(self.names)
            ]
            columns = ", ".join([f"{_which(grouping, self.names)} AS which", *keys, *_SUMS])
            where = " AND ".join([*conditions, f"dimension = {literal(dimension)}"])
            parts.append(f"SELECT {more}{columns} FROM {cells} WHERE {where}")
        return parts

    @classmethod
    def of_each(cls, cursor: duckdb.DuckDBPyConnection, plans: Sequence[KeptPlan]) -> Source:
        """The rows of several plans that are alike, with ``asked``: the place of each one's."""
        parts = plans[0]._parts(
            "kept_cells JOIN kept_lines USING (line) JOIN question USING (line)",
            _IN_WEEKS,
            "asked, ",
        )
        lines = _lines_of_each(cursor, plans)
        return Source(f"WITH {_QUESTION} {' UNION ALL '.join(parts)}", lines)


#: Lines and weeks of several questions, from `_lines_of_each`.
_QUESTION = """
    question AS MATERIALIZED (
        SELECT unnest($kept_asked::INTEGER[]) AS asked, unnest($kept_line::INTEGER[]) AS line,
               unnest($kept_first::INTEGER[]) AS first, unnest($kept_end::INTEGER[]) AS beyond)
""".strip()
_IN_WEEKS = ("week >= first", "week < beyond")


def _lines_of_each(
    cursor: duckdb.DuckDBPyConnection, plans: Sequence[KeptPlan]
) -> dict[str, Parameter]:
    """Which lines each plan is about, and of which weeks."""
    known = _lines(cursor, snapshot_number())
    rows: list[tuple[int, int, int, int]] = []
    for place, plan in enumerate(plans):
        accepted = dict[str, set[str | None]]()
        for name, values in plan.selection.where:
            accepted[name] = accepted.get(name, set(values)) & set(values)
        weeks = plan.weeks
        first = _FIRST_WEEK if weeks.first is None else weeks.first
        end = _LAST_WEEK if weeks.end is None else weeks.end
        for line, fields in known.get(plan.selection.signal, ()):
            if fields["split"] == "tuning" and "split" not in {*accepted, *plan.by}:
                continue
            if all(fields[name] in values for name, values in accepted.items()):
                rows.append((place, line, first, end))
    columns = [list(column) for column in zip(*rows, strict=True)] or [[], [], [], []]
    return dict(zip(("kept_asked", "kept_line", "kept_first", "kept_end"), columns, strict=True))


_FIRST_WEEK, _LAST_WEEK = -(1 << 30), 1 << 30


@once
def _lines(
    cursor: duckdb.DuckDBPyConnection, _snapshot: int
) -> Mapping[str, Sequence[tuple[int, Mapping[str, str | None]]]]:
    """The lines of every signal, with their fields, as of one snapshot."""
    names = sorted(_OF_LINE)
    found: defaultdict[str, list[tuple[int, Mapping[str, str | None]]]] = defaultdict(list)
    for line, signal, *values in cursor.execute(
        f"SELECT line, signal, {', '.join(names)} FROM kept_lines ORDER BY line"
    ).fetchall():
        found[signal].append((line, dict(zip(names, values, strict=True))))
    return found


def kept_groupings(
    cursor: duckdb.DuckDBPyConnection,
    selection: Selection,
    groupings: Sequence[Grouping],
    *,
    high_ppm: int | None = None,
) -> list[Grouping]:
    """Those of several groupings that `kept_claims` answers, each by itself."""
    if selection.as_known is not None or _weeks(selection) is None:
        return []
    state = _state(cursor, selection.signal)
    if state is None or (high_ppm is not None and state.high_ppm != high_ppm):
        return []
    filtered = [name for name, _ in selection.where]
    found = []
    for grouping in groupings:
        named = dimensions_named(cursor, {*grouping, *filtered})
        if {"day", SOURCE_DIMENSION} & named.keys():
            continue
        if _asked(selection, [grouping], named, state) is not None:
            found.append(grouping)
    return found


@dataclass(frozen=True)
class KeptState:
    """What is kept of a signal.

    Attributes:
        high_ppm: the lower edge of the band that is kept.
        dimensions: dimension → whether it is kept; one that no claim names is not there.
    """

    high_ppm: int
    dimensions: Mapping[str, bool]


def _state(cursor: duckdb.DuckDBPyConnection, signal: str) -> KeptState | None:
    return _states(cursor, snapshot_number()).get(signal)


@once
def _states(cursor: duckdb.DuckDBPyConnection, _snapshot: int) -> Mapping[str, KeptState]:
    """Of every signal, as of one snapshot: an import may end what is kept."""
    rows = cursor.execute(
        """
        SELECT signal, high_ppm, dimension, kept_dimensions.kept
        FROM kept_signals LEFT JOIN kept_dimensions USING (signal)
        WHERE kept_signals.kept
        """
    ).fetchall()
    kept: defaultdict[str, dict[str, bool]] = defaultdict(dict)
    for signal, _, name, yes in rows:
        kept[signal] |= {} if name is None else {name: yes}
    return {signal: KeptState(high_ppm, kept[signal]) for signal, high_ppm, *_ in rows}


def _asked(
    selection: Selection,
    groupings: Sequence[Grouping],
    named: Mapping[str, Dimension],
    state: KeptState,
) -> list[tuple[Grouping, str]] | None:
    """Each grouping with the dimension of its rows; None where one has none, or more than one."""

    def kept(names: Collection[str]) -> set[str]:
        free = _OF_LINE | {"week", BAND_DIMENSION}
        return {name for name in names if name not in free and name in state.dimensions}

    if not all(state.dimensions.get(name, True) for name in named):
        return None
    filtered = kept([name for name, _ in selection.where])
    found = []
    for grouping in groupings:
        dimensions = filtered | kept(grouping)
        if len(dimensions) > 1:
            return None
        found.append((grouping, next(iter(dimensions), "")))
    return found


def _which(grouping: Grouping, names: Sequence[str]) -> int:
    return int("".join("0" if name in grouping else "1" for name in names) or "0", 2)


def _key(name: str, grouping: Grouping, state: KeptState) -> str:
    """A dimension's value, typed as the claims have it."""
    if name == "week":
        return "week" if name in grouping else "CAST(NULL AS INTEGER)"
    if name == BAND_DIMENSION:
        return _BIN if name in grouping else "CAST(NULL AS TINYINT)"
    if name not in grouping or (name not in _OF_LINE and name not in state.dimensions):
        return "CAST(NULL AS VARCHAR)"
    return name if name in _OF_LINE else "value"


def _condition(
    dimension: Dimension, values: Sequence[str | None], prefix: str, state: KeptState
) -> tuple[str, dict[str, Parameter]]:
    # Also raises what stands against a value.
    _, bounds = dimension.condition(values, prefix)
    name = dimension.name
    if name == "week":
        starts = [value for key, value in bounds.items() if key.endswith("_low")]
        listed = ", ".join(str(week_of(one)) for one in starts if isinstance(one, datetime))
        return (f"week IN ({listed})" if listed else "FALSE"), {}
    if name == BAND_DIMENSION:
        bins = ", ".join(str(BAND_LABELS.index(one)) for one in values if one is not None)
        parts = [f"{_BIN} IN ({bins})"] if bins else []
        parts += ["place < 0"] if None in values else []
        return f"({' OR '.join(parts)})" if parts else "FALSE", {}
    if name not in _OF_LINE and name not in state.dimensions:
        return ("TRUE" if None in values else "FALSE"), {}
    column = name if name in _OF_LINE else "value"
    return replace(dimension, sql=column).condition(values, prefix)


def _edge(
    cursor: duckdb.DuckDBPyConnection,
    selection: Selection,
    named: Mapping[str, Dimension],
    names: Sequence[str],
    by: Collection[str],
    state: KeptState,
) -> Source:
    """The claims of a part of a week, each as a row of sums."""
    keys = {f"key_{i}": named[name].sql for i, name in enumerate(names)}
    columns = keys | {
        "week": WEEK_SQL,
        "v": "CAST(confidence_ppm AS BIGINT)",
        "chance": "label_propensity",
        "weekday": "CAST(isodow(ts) AS INTEGER)",
    }
    source = selected_claims(cursor, selection, columns, by=by)
    sql = f"""
        SELECT {"".join(f"{key}, " for key in keys)}week,
               CASE WHEN v IS NULL THEN -1 ELSE (v + 9999) // 10000 END AS place,
               CASE WHEN v IS NULL THEN 0 ELSE 1 END AS width,
               coalesce(v >= {state.high_ppm}, FALSE) AS high, outcome, 1 AS n,
               coalesce(v, 0) AS s1, CAST(coalesce(v * v, 0) AS HUGEINT) AS s2,
               coalesce(CAST(v * v AS HUGEINT) * v, 0) AS s3,
               coalesce(CAST(v * v AS HUGEINT) * v * v, 0) AS s4,
               CASE WHEN chance IS NULL THEN 0 ELSE 1 END AS n_chances,
               CASE WHEN chance < 1 THEN 1 ELSE 0 END AS n_drawn,
               chance AS least, chance AS most, 1 << (weekday - 1) AS weekdays
        FROM ({source.sql}) AS claim
    """
    return Source(sql, source.parameters)


# -- weeks -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Weeks:
    """The weeks of a selection.

    Attributes:
        first, end: whole ones, from the first up to before the end; None: no bound.
        edges: from when until when, of the weeks that it cuts.
    """

    first: int | None
    end: int | None
    edges: tuple[tuple[datetime, datetime], ...] = ()

    @property
    def conditions(self) -> list[str]:
        """The whole weeks as SQL over ``week``."""
        found = [] if self.first is None else [f"week >= {self.first}"]
        return found if self.end is None else [*found, f"week < {self.end}"]


def week_of(moment: datetime) -> int:
    """The week of a time, as `WEEK_SQL` numbers them."""
    return (moment.date() - _MONDAY).days // 7


def start_of(week: int) -> datetime:
    """The first moment of a week."""
    return datetime.combine(_MONDAY + timedelta(weeks=week), time())


def _weeks(selection: Selection) -> Weeks | None:
    """The whole weeks of a selection and what is left over; None where no week is whole."""
    since = None if selection.since is None else utc(selection.since)
    until = None if selection.until is None else utc(selection.until)
    if since is not None and until is not None and until <= since:
        return Weeks(0, 0)
    first = None if since is None else week_of(since) + (since != start_of(week_of(since)))
    end = None if until is None else week_of(until)
    if first is not None and end is not None and first >= end:
        return None
    edges = []
    if since is not None and first is not None and since < start_of(first):
        edges.append((since, start_of(first)))
    if until is not None and end is not None and start_of(end) < until:
        edges.append((start_of(end), until))
    return Weeks(first, end, tuple(edges))


def in_parts(selection: Selection) -> list[Selection]:
    """The whole weeks of a selection, and the parts of the weeks that it cuts.

    Together they are the selection; one that has no whole week is the only part of itself.
    """
    weeks = _weeks(selection)
    if weeks is None:
        return [selection]
    since, until = (None if one is None else start_of(one) for one in (weeks.first, weeks.end))
    edges = [replace(selection, since=one, until=other) for one, other in weeks.edges]
    return [replace(selection, since=since, until=until), *edges]


# -- ages ------------------------------------------------------------------------------------------


def ages_plan(
    cursor: duckdb.DuckDBPyConnection, selection: Selection
) -> tuple[KeptPlan, list[Selection]] | None:
    """How `kept_ages` answers; None where the question has to be asked of the claims.

    Returns:
        The plan of what is selected of whole weeks, and the selections of those that are cut.
    """
    plan = kept_plan(cursor, selection, [()], [])
    free = _OF_LINE | {"week"}
    if plan is None or any(name not in free for name, _ in selection.where):
        return None
    whole, *edges = in_parts(selection)
    return replace(plan, selection=whole, weeks=replace(plan.weeks, edges=())), edges


def kept_ages(cursor: duckdb.DuckDBPyConnection, plans: Sequence[KeptPlan]) -> Source:
    """The stated claims of selections whose outcome was never corrected, as rows of kept_ages.

    Ask within `core.queries.base.together.snapshot.snapshot`.

    Args:
        plans: from `ages_plan`; one, or several that are alike.

    Returns:
        Rows with ``asked`` where they are several, ``week``, ``age_days``, ``n``, ``n_right`` and
        ``s1``; and of each question one with ``age_days`` NULL and ``n`` the selected claims that
        were corrected, which are not among them.
    """
    if len(plans) > 1:
        cells, asked, cte = KeptPlan.of_each(cursor, plans), "asked, ", f"{_QUESTION}, "
        lines, conditions = "question", list(_IN_WEEKS)
    else:
        cells, asked, cte = plans[0].source(cursor), "", ""
        lines, conditions = "kept_lines", plans[0].conditions(cursor)[0]
    by_asked = "GROUP BY asked" if asked else ""
    return Source(
        f"""
        WITH {cte}aged AS (
            SELECT {asked}week, age_days, kept_ages.n, n_right, s1
            FROM kept_ages JOIN {lines} USING (line) WHERE {" AND ".join(conditions)}
        )
        SELECT * FROM aged
        UNION ALL
        SELECT {asked}NULL, NULL, coalesce(sum(n), 0), 0, 0 FROM (
            SELECT {asked}n FROM ({cells.sql}) AS cell WHERE place >= 0
            UNION ALL
            SELECT {asked}-n FROM aged) AS corrected
        {by_asked}
        """,
        cells.parameters,
    )


def kept_steps(cursor: duckdb.DuckDBPyConnection, plan: KeptPlan) -> Source:
    """The corrected claims that are not in `kept_ages`, as rows of kept_steps.

    Args:
        plan: from `ages_plan`, of a signal whose cells were loaded.
    """
    conditions, parameters = plan.conditions(cursor)
    return Source(
        f"""
        SELECT week, age_days, n_claims, n, n_right, s1
        FROM kept_steps JOIN kept_lines USING (line) WHERE {" AND ".join(conditions)}
        """,
        parameters,
    )
