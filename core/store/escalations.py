"""Claims counted and fetched by what escalation rules can tell them apart by.

Rules know nothing of SQL, and need not be run on every claim: what they can tell apart are a few
sorts of claims, each known by one whole number, its code. A query gives every claim its code; the
rules are then asked once per sort.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import duckdb
import pandas as pd

from core.store.dimensions import WEEK_SQL, Parameter, segment_dimensions
from core.store.fingerprints import FIELDS
from core.store.ledger import quoted
from core.store.selection import Selection
from core.store.source import Source, selected_claims

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
        ppm: the least confidence of the sort, in whole millionths; None: none is stated.
        where: (dimension, value) of the first segment that fits; None: none does.
        action: what was logged as done; None: nothing.
    """

    era: int
    print: int | None
    ppm: int | None
    where: tuple[str, str] | None
    action: str | None


@dataclass(frozen=True)
class Sorting:
    """What claims are told apart by.

    Attributes:
        moments: ascending, UTC without zone; each begins an era.
        prints: fingerprints, as (field, value) pairs of the fields they state.
        cuts: ascending, in whole millionths; a claim at a cut is above it.
        wheres: per era, that before the first moment included, (dimension, value) of segments, the
            first that fits counting. A dimension is found in whatever case the ledger spells it.
    """

    moments: tuple[datetime, ...]
    prints: tuple[tuple[tuple[str, str], ...], ...]
    cuts: tuple[int, ...]
    wheres: tuple[tuple[tuple[str, str], ...], ...]

    @property
    def _radices(self) -> tuple[int, int, int]:
        """How many prints, levels and segments a code can say."""
        most = max(map(len, self.wheres), default=0)
        return len(self.prints) + 1, len(self.cuts) + 2, most + 1

    def sort(self, code: int) -> Sort:
        """What a code says."""
        prints, levels, wheres = self._radices
        code, action = divmod(code, len(ACTIONS))
        code, where = divmod(code, wheres)
        code, level = divmod(code, levels)
        era, print_ = divmod(code, prints)
        return Sort(
            era=era,
            print=print_ - 1 if print_ else None,
            ppm=None if level == 0 else (0, *self.cuts)[level - 1],
            where=self.wheres[era][where - 1] if where else None,
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
            cursor: of the ledger.
            selection: which claims.
            columns: more columns, as in `core.store.source.selected_claims`; none of them is
                called made, ppm or code.

        Returns:
            made (the claim's time), ppm, the columns, outcome and code.
        """
        more = dict(columns or {})
        parameters: dict[str, Parameter] = {}
        known = {name.lower(): name for name in segment_dimensions(cursor)}
        named = {one[0].lower() for era in self.wheres for one in era} & known.keys()
        segments = {
            name: f"segment_{i}" for i, name in enumerate(sorted(named))
        }  # by the name in lower case
        taken = {
            "made": "ts",
            "ppm": "confidence_ppm",
            "act": _case(
                [(f"action = '{one}'", i) for i, one in enumerate(ACTIONS) if one is not None]
            ),
            "print": _case(
                [(_is(fields, i, parameters), i + 1) for i, fields in enumerate(self.prints)]
            ),
            **{alias: quoted(f"seg_{known[name]}") for name, alias in segments.items()},
            **more,
        }
        source = selected_claims(cursor, selection, taken)
        parameters |= source.parameters
        era = "0" + "".join(f" + CAST(made >= $moment_{i} AS INTEGER)" for i in _each(self.moments))
        parameters |= {f"moment_{i}": one for i, one in enumerate(self.moments)}
        level = "".join(f" + CAST(ppm >= {cut} AS INTEGER)" for cut in self.cuts)
        prints, levels, wheres = self._radices
        # Eras with the same segments share a condition.
        alike: dict[tuple[tuple[str, str], ...], list[int]] = {}
        for i, pairs in enumerate(self.wheres):
            alike.setdefault(pairs, []).append(i)
        several = []
        for j, (pairs, eras) in enumerate(alike.items()):
            found = []
            for k, (dimension, value) in enumerate(pairs):
                alias = segments.get(dimension.lower())
                if alias is not None:
                    parameters[f"where_{j}_{k}_value"] = value
                    found.append((f"{alias} = $where_{j}_{k}_value", k + 1))
            if found:
                several.append((f"era IN ({', '.join(map(str, eras))})", _case(found)))
        kept = "".join(f"{alias}, " for alias in ("made", "ppm", *more))
        return Source(
            f"""
            SELECT {kept}outcome,
                   (((CAST(era AS BIGINT) * {prints} + print) * {levels}
                     + coalesce(1{level}, 0)) * {wheres} + {_case(several)}) * {len(ACTIONS)} + act
                   AS code
            FROM (SELECT *, {era} AS era FROM ({source.sql}) AS claim) AS dated
            """,
            parameters,
        )


@dataclass(frozen=True)
class Count:
    """Claims of one sort in one week.

    Attributes:
        code: their sort.
        week: as `core.store.dimensions.week_start` takes it.
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
    source = sorting.source(cursor, selection, {"week": WEEK_SQL})
    rows = cursor.execute(
        f"""
        SELECT code, week, count(*), count(outcome), CAST(coalesce(sum(outcome), 0) AS BIGINT)
        FROM ({source.sql}) AS claim
        GROUP BY code, week
        ORDER BY code, week
        """,
        source.parameters,
    ).fetchall()
    return tuple(Count(*row) for row in rows)


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
        cursor: of the ledger.
        selection: which claims.
        sorting: what they are told apart by.
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
        cursor: of the ledger.
        selection: which claims.
        sorting: what they are told apart by.
        codes: the sorts.
        limit: at most so many rows.
        offset: so many are passed over first.
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


def _case(whens: list[tuple[str, int]] | list[tuple[str, str]]) -> str:
    """The first that holds; 0 where none does."""
    said = "".join(f" WHEN {condition} THEN {value}" for condition, value in whens)
    return f"CASE{said} ELSE 0 END" if whens else "0"


def _each(values: tuple[object, ...]) -> range:
    return range(len(values))
