"""What was done with claims, and how often that would have been wrong."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb

from core.measure.failures.theatre import Handled
from core.queries.base.many import Row, Rows
from core.queries.base.repeating import signal_repeats
from core.queries.base.selection import Selection
from core.queries.base.together import asking
from core.queries.base.together.asking import AskedOfMany
from core.queries.base.together.snapshot import snapshot
from core.queries.sums.rule_outcomes import Sorting, coded_of_each


def handled(
    cursor: duckdb.DuckDBPyConnection,
    selection: Selection,
    sorting: Sorting,
    groups: Mapping[str, Collection[int]],
    before: datetime,
) -> dict[str, Handled]:
    """Sum the selected claims by groups of their sorts.

    Labels are weighted by one over the chance with which they were drawn, where that is logged. A
    claim without an input is an input of its own.

    Args:
        groups: name → codes of its claims.
        before: labels count of claims made before it, UTC without zone: younger ones wait for
            theirs, and the first to come are not like the rest.

    Returns:
        Per group; one without a claim is left out.
    """
    of = tuple((name, tuple(codes)) for name, codes in groups.items())
    return asking.answered(cursor, asking.ask(HandledAsked(selection, sorting, of, before)))


@dataclass(frozen=True)
class HandledAsked(AskedOfMany[dict[str, Handled]]):
    """A question that `handled` answers, of which many can be asked together."""

    selection: Selection
    sorting: Sorting
    groups: tuple[tuple[str, tuple[int, ...]], ...]
    before: datetime

    @classmethod
    def answers(
        cls, cursor: duckdb.DuckDBPyConnection, asked: Sequence[HandledAsked]
    ) -> Sequence[dict[str, Handled]]:
        """The sums of each."""
        found: list[dict[str, Handled]] = [{} for _ in asked]
        with snapshot(cursor):
            sorted_ = [(one.selection, one.sorting) for one in asked]
            single = _single(cursor, [one.selection for one in asked])
            for rows in coded_of_each(cursor, sorted_, _COLUMNS, apart=single):
                first = single[rows.places[0]]
                of = [asked[place] for place in rows.places]
                summed = _summed(cursor, rows, of, single=first)
                for place, own in rows.rows(summed):
                    found[place] = {name: _handled(*sums) for name, *sums in own}
        return found


_COLUMNS = {
    "input": "coalesce(input_id, event_id)",
    "named": "input_id IS NOT NULL",
    "weight": "1 / coalesce(label_propensity, 1)",
}


def _summed(
    cursor: duckdb.DuckDBPyConnection, rows: Rows, asked: Sequence[HandledAsked], *, single: bool
) -> list[Row]:
    per_input = f"""
        SELECT {rows.asked}name, count(*) AS n_claims, count(outcome) AS n,
               coalesce(sum(weight) FILTER (outcome IS NOT NULL), 0) AS weight,
               coalesce(sum(weight) FILTER (outcome = 0), 0) AS wrong
        FROM claim
        GROUP BY {rows.asked}name, input, named
    """
    if single:
        per_input = f"""
            SELECT {rows.asked}name, 1 AS n_claims,
                   CASE WHEN outcome IS NULL THEN 0 ELSE 1 END AS n,
                   CASE WHEN outcome IS NULL THEN 0 ELSE weight END AS weight,
                   CASE WHEN outcome = 0 THEN weight ELSE 0 END AS wrong
            FROM claim
        """
    members = [
        (of, name, code)
        for of, one in enumerate(asked)
        for name, codes in one.groups
        for code in codes
    ]
    # The place of a question among those that are asked together.
    mine = "asked" if rows.asked else "0"
    return cursor.execute(
        f"""
        WITH claim AS (
            SELECT {rows.asked}name, input, named, weight,
                   CASE WHEN made < $settled_before[{mine} + 1] THEN outcome END AS outcome
            FROM ({rows.source.sql}) AS sorted_claim
            JOIN (SELECT unnest($of::INTEGER[]) AS of, unnest($names::VARCHAR[]) AS name,
                         unnest($codes::BIGINT[]) AS member) ON member = code AND of = {mine}),
        per_input AS ({per_input})
        SELECT {rows.asked}name, CAST(sum(n_claims) AS BIGINT), CAST(sum(n) AS BIGINT),
               sum(weight), sum(wrong), sum(weight * weight)
        FROM per_input
        GROUP BY {rows.asked}name
        ORDER BY {rows.asked}name
        """,
        {
            **rows.source.parameters,
            "settled_before": [one.before for one in asked],
            "of": [of for of, _, _ in members],
            "names": [name for _, name, _ in members],
            "codes": [code for _, _, code in members],
        },
    ).fetchall()


def _single(cursor: duckdb.DuckDBPyConnection, asked: Sequence[Selection]) -> list[bool]:
    """Whether each claim is the only one of its input, known without grouping by it."""
    # Of claims that state no confidence it is not known whether their inputs repeat.
    unstated = {
        signal
        for (signal,) in cursor.execute(
            """
            SELECT DISTINCT signal FROM claims
            WHERE list_contains($signals, signal) AND confidence_ppm IS NULL
            """,
            {"signals": sorted({one.signal for one in asked})},
        ).fetchall()
    }
    return [
        not one.by_source and one.signal not in unstated and not signal_repeats(cursor, one.signal)
        for one in asked
    ]


def _handled(n_claims: int, n: int, weight: float, wrong: float, squares: float) -> Handled:
    """From Σw over the labels, Σw over the wrong ones, and Σ_j (Σw of input j)² (Kish 1965)."""
    if not n:
        return Handled(n_claims)
    return Handled(n_claims, n, min(weight**2 / squares, n), wrong / weight)
