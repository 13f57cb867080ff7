"""Claims counted and fetched by what escalation rules can tell them apart by.

Rules know nothing of SQL, and need not be run on every claim: what they can tell apart are a few
sorts of claims, each known by one whole number, its code. A query gives every claim its code; the
rules are then asked once per sort.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count
from typing import TYPE_CHECKING, Literal, TypeVar

import duckdb

from core.events import PPM
from core.ledger.sql import quoted
from core.queries.base.apart import NOTHING, Apart
from core.queries.base.claims_sql import Source, selected_claims
from core.queries.base.dimensions import WEEK_SQL, Parameter, segment_dimensions
from core.queries.base.many import Rows, Wanted, rows_of
from core.queries.base.seen.fingerprints_seen import FIELDS
from core.queries.base.selection import Selection
from core.queries.base.together import asking
from core.queries.base.together.asking import AskedOfMany, ask
from core.queries.base.together.snapshot import snapshot

if TYPE_CHECKING:  # Frames are for pages; most commands load none of it.
    import pandas as pd

T = TypeVar("T")

#: The logged actions by their number in a code; 0: none was logged.
ACTIONS = (None, "automate", "review", "escalate")

Order = Literal["-ts", "ts", "worst"]
_ORDERS: dict[Order, str] = {
    "-ts": "made DESC",
    "ts": "made",
    "worst": "(outcome IS NOT DISTINCT FROM 0) DESC, ppm DESC NULLS LAST",
}


@dataclass(frozen=True)
class Sort:
    """A sort of claims, read from a code.

    Attributes:
        era: which span of time, 0 the one before the first moment.
        print: which of the fingerprints told apart; None: any other.
        confidence: the least of the sort, in [0, 1]; None: none is stated.
        segments: dimension → a value of the sort, where rules know it.
        action: what was logged as done; None: nothing.
    """

    era: int
    print: int | None
    confidence: float | None
    segments: Mapping[str, str]
    action: str | None


@dataclass(frozen=True)
class Sorting:
    """What claims are told apart by.

    Attributes:
        moments: ascending, UTC without zone; each begins an era.
        prints: fingerprints, as (field, value) pairs of the fields they state.
        apart: what the rules of any era look at.
    """

    moments: tuple[datetime, ...] = ()
    prints: tuple[tuple[tuple[str, str], ...], ...] = ()
    apart: Apart = NOTHING

    def sort(self, code: int) -> Sort:
        """What a code says."""
        code, action = divmod(code, len(ACTIONS))
        code, of_rules = divmod(code, self.apart.size)
        era, print_ = divmod(code, len(self.prints) + 1)
        confidence, segments = self.apart.claim(of_rules)
        return Sort(
            era=era,
            print=print_ - 1 if print_ else None,
            confidence=confidence,
            segments=segments,
            action=ACTIONS[action],
        )

    def source(
        self,
        cursor: duckdb.DuckDBPyConnection,
        selection: Selection,
        columns: Mapping[str, str] | None = None,
    ) -> Source:
        """The selection's claims with their code.

        Args:
            columns: more columns, as in `core.queries.base.claims_sql.selected_claims`; none of
                them is called made, ppm, of_rules or code.

        Returns:
            made (the claim's time), ppm, the columns, outcome and code.
        """
        more = dict(columns or {})
        of_rules, named = self.apart.sql(cursor)
        parameters: dict[str, Parameter] = {**named}
        taken = {
            "made": "ts",
            "ppm": "confidence_ppm",
            "act": _case(
                [(f"action = '{one}'", i) for i, one in enumerate(ACTIONS) if one is not None]
            ),
            "print": _case(
                [(_is(fields, i, parameters), i + 1) for i, fields in enumerate(self.prints)]
            ),
            "of_rules": of_rules,
            **more,
        }
        source = selected_claims(cursor, selection, taken)
        parameters |= source.parameters
        era = "0" + "".join(f" + CAST(made >= $moment_{i} AS INTEGER)" for i in _each(self.moments))
        parameters |= {f"moment_{i}": one for i, one in enumerate(self.moments)}
        kept = "".join(f"{alias}, " for alias in ("made", "ppm", *more))
        return Source(
            f"""
            SELECT {kept}outcome,
                   (((CAST(era AS BIGINT) * {len(self.prints) + 1} + print) * {self.apart.size}
                     + of_rules) * {len(ACTIONS)} + act) AS code
            FROM (SELECT *, {era} AS era FROM ({source.sql}) AS claim) AS dated
            """,
            parameters,
        )


@dataclass(frozen=True)
class Count:
    """Claims of one sort in one week.

    Attributes:
        code: their sort.
        week: as `core.queries.base.dimensions.week_start` takes it.
        n_claims: how many.
        n: labelled ones among them.
        s: right ones among these.
    """

    code: int
    week: int
    n_claims: int
    n: int
    s: int


def counted(
    cursor: duckdb.DuckDBPyConnection, selection: Selection, sorting: Sorting
) -> tuple[Count, ...]:
    """The selection's claims by sort and week."""
    return asking.answered(cursor, ask(CountAsked(selection, sorting)))


@dataclass(frozen=True)
class CountAsked(AskedOfMany[tuple[Count, ...]]):
    """A question that `counted` answers, of which many can be asked together."""

    selection: Selection
    sorting: Sorting

    @classmethod
    def answers(
        cls, cursor: duckdb.DuckDBPyConnection, asked: Sequence[CountAsked]
    ) -> Sequence[tuple[Count, ...]]:
        """The counts of each."""
        found: list[tuple[Count, ...]] = [()] * len(asked)
        with snapshot(cursor):
            sorted_ = [(one.selection, one.sorting) for one in asked]
            for rows in coded_of_each(cursor, sorted_, {"week": WEEK_SQL}):
                counted = cursor.execute(
                    f"""
                    SELECT {rows.asked}code, week, count(*), count(outcome),
                           CAST(coalesce(sum(outcome), 0) AS BIGINT)
                    FROM ({rows.source.sql}) AS coded
                    GROUP BY {rows.asked}code, week
                    ORDER BY {rows.asked}code, week
                    """,
                    rows.source.parameters,
                ).fetchall()
                for place, own in rows.rows(counted):
                    found[place] = tuple(Count(*row) for row in own)
        return found


def coded_of_each(
    cursor: duckdb.DuckDBPyConnection,
    asked: Sequence[tuple[Selection, Sorting]],
    columns: Mapping[str, str],
    *,
    apart: Sequence[Hashable] | None = None,
) -> Iterator[Rows]:
    """The claims of several selections, each with its code by the selection's own sorting.

    Ask within `core.queries.base.together.snapshot.snapshot`. Those are taken together whose rules
    look at the same segments.

    Args:
        columns: more columns, as in `core.queries.base.claims_sql.selected_claims`; none of them
            is called made, ppm, outcome or code.
        apart: of each, what else has to be alike in those that are taken together.

    Returns:
        made (the claim's time), the columns, outcome and code.
    """
    wanted = [
        Wanted(one, kept=False, apart=(sorting.apart.segments, other))
        for (one, sorting), other in zip(asked, apart or [None] * len(asked), strict=True)
    ]
    places: dict[Hashable, tuple[str, dict[str, Parameter]]] = {}
    for _, sorting in asked:
        if sorting.apart.segments not in places:
            sql, named = sorting.apart.places_sql(cursor)
            places[sorting.apart.segments] = sql, {**named}

    def of(one: Wanted) -> dict[str, str]:
        return {**_RULED, "places": places[_segments(one)][0], **columns}

    for rows in rows_of(cursor, wanted, of):
        source = _coded(rows, [asked[place][1] for place in rows.places], columns)
        bound = {**source.parameters, **places[_segments(rows.wanted)][1]}
        yield replace(rows, source=Source(source.sql, bound))


def _segments(wanted: Wanted) -> Hashable:
    assert isinstance(wanted.apart, tuple)
    segments: Hashable = wanted.apart[0]
    return segments


#: What tells claims apart, beside their segments.
_RULED = {
    "made": "ts",
    "ppm": "confidence_ppm",
    "done": "action",
    **{f"of_{name}": name for name in FIELDS},
}


def _coded(rows: Rows, sortings: Sequence[Sorting], columns: Mapping[str, str]) -> Source:
    """The claims with their codes, what each question tells them apart by being a row.

    What one has fewer of than another is filled with what no claim is like.
    """
    moments = max(len(one.moments) for one in sortings)
    prints = max(len(one.prints) for one in sortings)
    cuts = max(len(one.apart.cuts) for one in sortings)
    listed: dict[str, tuple[str, Parameter]] = {
        "sort": ("INTEGER", list(range(len(sortings)))),
        "n_prints": ("BIGINT", [len(one.prints) + 1 for one in sortings]),
        "size": ("BIGINT", [one.apart.size for one in sortings]),
    }
    for i in range(moments):
        listed[f"moment_{i}"] = "TIMESTAMP", [_at(one.moments, i, _NEVER) for one in sortings]
    for i in range(cuts):
        listed[f"cut_{i}"] = "INTEGER", [_at(one.apart.cuts, i, 2 * PPM) for one in sortings]
    for i in range(prints):
        listed[f"print_{i}"] = "INTEGER", [int(i < len(one.prints)) for one in sortings]
        for j, name in enumerate(FIELDS):
            values = [dict(_at(one.prints, i, ())).get(name) for one in sortings]
            listed[f"print_{i}_{j}"] = "VARCHAR", values
    era = "0" + "".join(f" + CAST(made >= moment_{i} AS INTEGER)" for i in range(moments))
    level = "1" + "".join(f" + CAST(ppm >= cut_{i} AS INTEGER)" for i in range(cuts))
    same = [
        " AND ".join(
            [
                f"print_{i} = 1",
                *(f"of_{f} IS NOT DISTINCT FROM print_{i}_{j}" for j, f in enumerate(FIELDS)),
            ]
        )
        for i in range(prints)
    ]
    act = _case([(f"done = '{one}'", i) for i, one in enumerate(ACTIONS) if one is not None])
    print_ = _case(list(zip(same, count(1), strict=False)))
    n_places = sortings[0].apart.n_places
    taken = "".join(f"{alias}, " for alias in columns)
    unnested = ", ".join(
        f"unnest($sort_{name}::{kind}[]) AS {name}" for name, (kind, _) in listed.items()
    )
    return Source(
        f"""
        SELECT {rows.asked}made, {taken}outcome,
               (((CAST({era} AS BIGINT) * n_prints + {print_}) * size
                 + coalesce({level}, 0) * {n_places} + places) * {len(ACTIONS)} + {act}) AS code
        FROM ({rows.source.sql}) AS claim
        JOIN (SELECT {unnested}) AS sorting ON sort = {"asked" if rows.asked else "0"}
        """,
        {
            **rows.source.parameters,
            **{f"sort_{name}": values for name, (_, values) in listed.items()},
        },
    )


_NEVER = datetime.max


def _at(values: Sequence[T], place: int, otherwise: T) -> T:
    return values[place] if place < len(values) else otherwise


def worths(
    cursor: duckdb.DuckDBPyConnection,
    selection: Selection,
    sorting: Sorting,
    groups: Mapping[str, Collection[int]],
) -> dict[str, float]:
    """How many independent labels the labelled claims of each group are worth.

    ``(Σm)²/Σm²`` over inputs with m labelled claims each (Kish 1965, §8.2); a claim without an
    input is one of its own.

    Args:
        groups: name → codes of its claims; they may overlap.

    Returns:
        Per group; one without a labelled claim is left out.
    """
    source = sorting.source(cursor, selection, {"input": "input_id"})
    rows = cursor.execute(
        f"""
        SELECT name, sum(m), sum(CASE WHEN input IS NULL THEN m ELSE m * m END)
        FROM (SELECT name, input, count(*) AS m
              FROM ({source.sql}) AS claim
              JOIN (SELECT unnest($names) AS name, unnest($codes) AS member) ON member = code
              WHERE outcome IS NOT NULL
              GROUP BY name, input)
        GROUP BY name
        """,
        {
            **source.parameters,
            "names": [name for name, codes in groups.items() for _ in codes],
            "codes": [code for codes in groups.values() for code in codes],
        },
    ).fetchall()
    return {name: int(total) ** 2 / int(squares) for name, total, squares in rows}


def claims_of(
    cursor: duckdb.DuckDBPyConnection,
    selection: Selection,
    sorting: Sorting,
    codes: Collection[int],
    *,
    limit: int,
    offset: int = 0,
    order: Order = "-ts",
) -> pd.DataFrame:
    """Some claims of a few sorts, each with the gate's last answer about it.

    Args:
        codes: the sorts.
        order: by time, "-" for falling; "worst": the wrong ones first, most confident first. Ties
            stand in the order they came in.

    Returns:
        Columns event_id, ts (UTC without zone), code, confidence (NaN: unstated), outcome (1, 0 or
        NA), action, the fingerprint's fields, input_id, one ``seg_<dimension>`` each, and
        gate_decision, gate_at, gate_action, gate_rule (null where the gate was not asked).
    """
    keys = {"import_id": "import_id", "import_row": "import_row"}
    source = sorting.source(cursor, selection, keys)
    segments = (f"seg_{name}" for name in segment_dimensions(cursor))
    described = ", ".join(f"claims.{quoted(name)}" for name in (*FIELDS, "input_id", *segments))
    frame: pd.DataFrame = cursor.sql(
        f"""
        WITH leaf AS (
            SELECT * FROM ({source.sql}) AS found
            WHERE code IN (SELECT unnest($codes))
            ORDER BY {_ORDERS[order]}, import_id, import_row
            LIMIT $limit OFFSET $offset
        ), fetched AS (
            SELECT claims.event_id, made, code, ppm, leaf.outcome, action, {described},
                   leaf.import_id, leaf.import_row
            FROM leaf
            JOIN claims ON claims.import_id = leaf.import_id
                       AND claims.import_row = leaf.import_row
        )
        SELECT event_id, made AS ts, code, ppm / 1e6 AS confidence,
               fetched.* EXCLUDE (event_id, made, code, ppm, import_id, import_row),
               last.* EXCLUDE (asked_of)
        FROM fetched
        LEFT JOIN ({_LAST_ANSWERS} AND event_id IN (SELECT event_id FROM fetched)
                   GROUP BY event_id) AS last
        ON asked_of = event_id
        ORDER BY {_ORDERS[order]}, import_id, import_row
        """,
        params={
            **source.parameters,
            "codes": list(codes),
            "limit": limit,
            "offset": offset,
            "signal": selection.signal,
        },
    ).df()
    return frame.astype({"outcome": "Int8"})


_LAST_ANSWERS = """
    SELECT event_id AS asked_of, arg_max(decision_id, decision_no) AS gate_decision,
           arg_max(decided_at, decision_no) AS gate_at,
           arg_max(action, decision_no) AS gate_action, arg_max(rule, decision_no) AS gate_rule
    FROM decisions WHERE signal = $signal AND event_id IS NOT NULL
""".strip()


def answered(
    cursor: duckdb.DuckDBPyConnection,
    selection: Selection,
    sorting: Sorting,
    codes: Collection[int],
) -> tuple[int, int]:
    """About how many claims of a few sorts the gate was asked, and how many did as it said last."""
    source = sorting.source(cursor, selection, {"event": "event_id", "done": "action"})
    row = cursor.execute(
        f"""
        SELECT count(*), count(*) FILTER (done = gate_action)
        FROM ({_LAST_ANSWERS} GROUP BY event_id) AS last
        JOIN (SELECT * FROM ({source.sql}) AS claim WHERE code IN (SELECT unnest($codes)))
        ON asked_of = event
        """,
        {**source.parameters, "codes": list(codes), "signal": selection.signal},
    ).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


def _is(fields: tuple[tuple[str, str], ...], number: int, parameters: dict[str, Parameter]) -> str:
    """SQL for a claim having exactly this fingerprint; adds its parameters."""
    stated, parts = dict(fields), []
    for j, name in enumerate(FIELDS):
        if name in stated:
            parameters[f"print_{number}_{j}"] = stated[name]
            parts.append(f"{name} = $print_{number}_{j}")
        else:
            parts.append(f"{name} IS NULL")
    return " AND ".join(parts)


def _case(whens: list[tuple[str, int]]) -> str:
    """The first that holds; 0 where none does."""
    said = "".join(f" WHEN {condition} THEN {value}" for condition, value in whens)
    return f"CASE{said} ELSE 0 END" if whens else "0"


def _each(values: tuple[object, ...]) -> range:
    return range(len(values))
