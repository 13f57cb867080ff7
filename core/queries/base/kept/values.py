"""Claims of a signal whose cells were loaded, as rows made of its finer sums.

A claim is there once for each time it was counted, with the columns that are told apart in
kept_values and no others: no event, no input, no text; its time is its day, and beside a segment
its week's Monday. So a question that asks for no more is answered as over the claims themselves,
and to the last bit; of one that asks for more that is known beforehand.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time

import duckdb

from core.ledger.sql import literal, quoted
from core.queries.base.dimensions import DAY_SQL, WEEK_SQL, segment_dimensions
from core.queries.base.kept.kernel import LINE
from core.queries.base.together.asked_once import once
from core.queries.base.together.snapshot import snapshot_number

_OF_DAY = (DAY_SQL, "CAST(isodow(ts) AS INTEGER)", "CAST(ts AS DATE)")
#: What a claim has that its sums do not.
_LOST = re.compile(
    r"(?<![$.\w])(?:ts|event_id|confidence_raw|trace_id|span_id|attributes|outcome_ts"
    r"|outcome_known_at|outcome_source|outcome_corrected|import_id|import_row)\b"
)
#: What a claim's input is called, or itself where it names none: where no input repeats, any name
#: that no other claim has.
_OWN = "coalesce(input_id, event_id)"
_INPUT = re.compile(r"(?<![$.\w])input_id\b")


@dataclass(frozen=True)
class CountedClaims:
    """Rows to stand for the claims of a signal.

    Attributes:
        relation: SQL of a relation, a row for each kind of claim, and ``times`` how often it was
            made.
        since, until: the bounds asked for, where the rows' times are not within them all.
    """

    relation: str
    since: datetime | None
    until: datetime | None

    def claims(self, taken: str, condition: str) -> str:
        """A query for the claims that meet a condition.

        Args:
            taken: expressions, each with a comma behind it.
            condition: over the columns of claims.
        """
        return f"""
            SELECT {taken.replace(_OWN, "(kind || '/' || nth)")}outcome FROM (
                SELECT *, unnest(range(times)) AS nth
                FROM {self.relation} AS claims WHERE {condition}
            ) AS claims
        """


def counted_claims(
    cursor: duckdb.DuckDBPyConnection,
    signal: str,
    since: datetime | None,
    until: datetime | None,
    expressions: Iterable[str],
    *,
    repeats: bool,
) -> CountedClaims | None:
    """What stands for a signal's claims in a question; None where nothing can.

    Args:
        since, until: its bounds of time, UTC without zone.
        expressions: all other SQL over claims that it uses.
        repeats: whether inputs of the signal repeat, so that they have to be told apart.
    """
    known = _known(cursor, signal, snapshot_number())
    if known is None:
        return None
    text = "\n".join(expressions)
    named = [name for name in segment_dimensions(cursor) if quoted(f"seg_{name}") in text]
    asked = [name for name in named if name in known.dimensions]
    if len(asked) > 1 or not all(known.dimensions[name] for name in asked):
        return None
    by = asked[0] if asked else ""
    rest = text.replace(WEEK_SQL, "")
    if not repeats:
        rest = rest.replace(_OWN, "")
    for one in () if by else _OF_DAY:
        rest = rest.replace(one, "")
    if _LOST.search(rest) or (repeats and _INPUT.search(rest)):
        return None
    # The rows' times lie before those of their claims, within the same day or week.
    if since is not None and since <= known.first:
        since = None
    if until is not None and until > known.last:
        until = None
    elif until is not None and until <= known.first:
        until = datetime.min
    for bound in (since, until):
        if bound in (None, datetime.min) or (bound is not None and bound > known.last):
            continue
        if bound is not None and (bound.time() != time() or (by and bound.weekday() != 0)):
            return None
    segments = "".join(
        f", {'value' if name == by else 'CAST(NULL AS VARCHAR)'} AS {quoted(f'seg_{name}')}"
        for name in named
    )
    columns = ", ".join((*LINE, "action", "confidence_ppm", "outcome"))
    return CountedClaims(
        f"""(
            SELECT {columns}, chance AS label_propensity, CAST(NULL AS VARCHAR) AS input_id,
                   TIMESTAMP '1970-01-01 00:00:00' + to_days(day) AS ts, n AS times,
                   kept_values.rowid AS kind{segments}
            FROM kept_values JOIN kept_lines USING (line)
            WHERE signal = {literal(signal)} AND dimension = {literal(by)}
        )""",
        since,
        until,
    )


@dataclass(frozen=True)
class _Known:
    """What was loaded of a signal: from when to when, and dimension → whether it is split by."""

    first: datetime
    last: datetime
    dimensions: Mapping[str, bool]


@once
def _known(cursor: duckdb.DuckDBPyConnection, signal: str, _snapshot: int) -> _Known | None:
    """None where not all of its claims are counted by each confidence."""
    mine = {"signal": signal}
    ((first, last, missing),) = cursor.execute(
        """
        SELECT min(first_ts), max(last_ts), count(*) FILTER (counted IS DISTINCT FROM n_claims)
        FROM kept_days JOIN kept_lines USING (line) LEFT JOIN (
            SELECT line, DATE '1970-01-01' + day AS day, sum(n) AS counted
            FROM kept_values WHERE dimension = '' GROUP BY line, day
        ) USING (line, day)
        WHERE signal = $signal
        """,
        mine,
    ).fetchall()
    if first is None or missing:
        return None
    rows = cursor.execute(
        "SELECT dimension, kept FROM kept_dimensions WHERE signal = $signal AND "
        "dimension <> 'action'",
        mine,
    ).fetchall()
    return _Known(first, last, dict(rows))
