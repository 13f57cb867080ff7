"""The claims a validation is judged on: one fingerprint, as known at one moment.

A moment is a time and an import number. The time alone would not do: an outcome that comes in
tomorrow may be dated yesterday, and what was signed has to recompute regardless.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

import duckdb

from core.ledger.sql import quoted
from core.measure.cells.ordering import with_inputs_ordered
from core.measure.metrics.label_bias import PropensitySums
from core.queries.base.cells import GroupedCells, summed
from core.queries.base.claims_sql import Source
from core.queries.base.dimensions import (
    WEEK_SQL,
    Dimension,
    Parameter,
    dimensions_named,
    segment_dimensions,
    week_start,
)
from core.queries.base.group_keys import Key
from core.queries.base.in_force import OUTCOME, labels_sql, sides_sql
from core.queries.base.kept.at_hand import needs_claims
from core.queries.base.outcome_log import OUTCOME_LOG
from core.queries.base.repeating import OWN_SQL, signal_repeats
from core.queries.base.rungs import Rungs
from core.queries.base.seen.fingerprints_seen import FIELDS
from core.queries.base.truth import USUAL, Truth, truth_of
from core.queries.sums.labelling.label_coverage import unlike_sums

#: Later than anything is dated.
END_OF_TIME = datetime(9999, 1, 1)
#: Rows taken from the database at a time while claims are hashed.
_BATCH = 50_000


@dataclass(frozen=True)
class KnownAt:
    """A state of knowledge.

    Attributes:
        at: only claims made, and outcomes known, before this time, UTC without zone.
        imports_to: and of those only what came in with this import or an earlier one.
    """

    at: datetime
    imports_to: int


@dataclass(frozen=True)
class JudgedSpan:
    """Which claims are judged: heldout ones, and production ones of a span.

    Attributes:
        signal: their signal.
        fingerprint: field of `FIELDS` → value; a field that is not named is not stated.
        known: as known then.
        freeze: production claims count only after this time; None: from the first.
        settled: and only before this one; None: none counts.
        since: with it, only production claims from this time on, and no heldout ones.
        without_overlap: leave out claims that share an event or an input with the tuning split.
        truth: whose labels count.
        ranked: whether their sources have a rank; else the newest label of any of them counts,
            as in evidence from before they had one.
    """

    signal: str
    fingerprint: Mapping[str, str]
    known: KnownAt
    freeze: datetime | None = None
    settled: datetime | None = None
    since: datetime | None = None
    without_overlap: bool = False
    truth: Truth = USUAL
    ranked: bool = True


@dataclass(frozen=True)
class JudgedCounts:
    """How many claims are judged, unstated ones included.

    Attributes:
        heldout, production: by split.
        first, last: times of the first and the last; None without any.
    """

    heldout: int
    production: int
    first: datetime | None
    last: datetime | None


def newest_import(cursor: duckdb.DuckDBPyConnection) -> int:
    """The number of the newest import; 0 before the first."""
    rows = cursor.execute(
        """
        SELECT coalesce(max(import_id), 0) FROM imports
        """
    ).fetchall()
    return int(rows[0][0])


def tuning_freeze(
    cursor: duckdb.DuckDBPyConnection, signal: str, known: KnownAt
) -> tuple[int, datetime | None]:
    """How many claims the signal was tuned on, and the time of the last; None without any."""
    needs_claims(cursor, signal, until=known.at, of={"split": ("tuning",)})
    rows = cursor.execute(
        """
        SELECT count(*), max(ts) FROM claims
        WHERE signal = $signal AND split = 'tuning' AND ts < $at AND import_id <= $imports_to
        """,
        {"signal": signal, "at": known.at, "imports_to": known.imports_to},
    ).fetchall()
    n, last = rows[0]
    return int(n), last


def tuning_named(cursor: duckdb.DuckDBPyConnection, signal: str, known: KnownAt) -> tuple[int, int]:
    """How many claims the signal was tuned on, and how many of them name their input."""
    rows = cursor.execute(
        f"SELECT count(*), count(input_id) FROM ({_TUNED}) AS tuned",
        {"signal": signal, "at": known.at, "imports_to": known.imports_to},
    ).fetchall()
    return int(rows[0][0]), int(rows[0][1])


def heldout_keys(cursor: duckdb.DuckDBPyConnection, judged: JudgedSpan) -> Source:
    """The heldout claims to judge by what they are known as, their input or else their event."""
    columns = {"held": "coalesce(input_id, event_id)"}
    return _claims(cursor, replace(judged, settled=None, since=None), columns)


def production_weeks(
    cursor: duckdb.DuckDBPyConnection, judged: JudgedSpan
) -> tuple[tuple[date, int, int], ...]:
    """Coverage of the fingerprint's production claims after the freeze, whether settled or not.

    Returns:
        (Monday, claims that state a confidence, the labelled ones among them) per ISO week that
        has a claim, oldest first.
    """
    source = _production(cursor, judged)
    rows = cursor.execute(
        f"""
        SELECT week, count(ppm), count(outcome) FILTER (ppm IS NOT NULL)
        FROM ({source.sql}) AS claim GROUP BY week ORDER BY week
        """,
        source.parameters,
    ).fetchall()
    return tuple((week_start(week), int(n_claims), int(n)) for week, n_claims, n in rows)


def judged_counts(cursor: duckdb.DuckDBPyConnection, judged: JudgedSpan) -> JudgedCounts:
    """How many claims are judged, by split, and from when to when."""
    source = _claims(cursor, judged, {"split": "split", "ts": "ts"})
    rows = cursor.execute(
        f"""
        SELECT count(*) FILTER (split = 'heldout'), count(*) FILTER (split = 'production'),
               min(ts), max(ts)
        FROM ({source.sql}) AS claim
        """,
        source.parameters,
    ).fetchall()
    return JudgedCounts(*rows[0])


def judged_named(cursor: duckdb.DuckDBPyConnection, judged: JudgedSpan) -> tuple[int, int]:
    """How many claims are judged, and how many of them name their input."""
    source = _claims(cursor, judged, {"input": "input_id"})
    ((n, named),) = cursor.execute(
        f"SELECT count(*), count(input) FROM ({source.sql}) AS claim", source.parameters
    ).fetchall()
    return int(n), int(named)


def judged_cells(
    cursor: duckdb.DuckDBPyConnection,
    judged: JudgedSpan,
    by: Sequence[str] = (),
    *,
    rungs: Rungs | None = None,
    only: Sequence[int] | None = None,
) -> GroupedCells:
    """The judged claims as cells, the same ones in the same order every time.

    Args:
        rungs: written rules; where given the last dimension is ``rule``, whose labels are the
            positions of their rows.
        only: positions of the rows whose claims are taken, and then there is no dimension
            ``rule``; None: all.
    """
    named = dimensions_named(cursor, by)
    dimensions = [named[name] for name in by]
    also, parameters = "TRUE", dict[str, Parameter]()
    if rungs is not None:
        rule, parameters = rule_of(cursor, rungs)
        if only is None:
            dimensions.append(Dimension("rule", rule, "text"))
        else:
            chosen = ", ".join(f"'{position}'" for position in only)
            also = f"{rule} IN ({chosen})" if chosen else "FALSE"
            # The database refuses a parameter that no query names.
            parameters = parameters if chosen else {}
    columns = {f"key_{i}": dimension.sql for i, dimension in enumerate(dimensions)}
    columns |= {"ppm": "confidence_ppm", "input": "input_id"}
    source = _claims(cursor, judged, columns, also)
    source = Source(source.sql, {**source.parameters, **parameters})
    found = summed(cursor, source, dimensions, repeats=signal_repeats(cursor, judged.signal))
    return GroupedCells(found.by, found.keys, tuple(map(with_inputs_ordered, found.cells)))


def judged_propensities(
    cursor: duckdb.DuckDBPyConnection, judged: JudgedSpan, by: Sequence[str] = ()
) -> Mapping[Key, PropensitySums]:
    """The judged claims weighted by the chances with which their labels were drawn.

    Returns:
        Key → the sums of that one group. A group of which no label logs its chance, or all log the
        same one, is not there: its labels count alike.
    """
    named = dimensions_named(cursor, by)
    dimensions = [named[name] for name in by]
    keys = {f"key_{i}": dimension.sql for i, dimension in enumerate(dimensions)}
    columns = {"ppm": "confidence_ppm", "propensity": "label_propensity", "input": "input_id"}
    columns["own"] = OWN_SQL
    source = _claims(cursor, judged, keys | columns, "confidence_ppm IS NOT NULL")
    unlike = "count(DISTINCT CASE WHEN outcome IS NOT NULL THEN propensity END) > 1"
    return unlike_sums(cursor, judged.signal, dimensions, source, unlike)


def claims_digest(
    cursor: duckdb.DuckDBPyConnection, judged: JudgedSpan, dimensions: Sequence[str] = ()
) -> str:
    """SHA-256 over the judged claims, in hexadecimal.

    One line per claim, by event_id: the JSON array [event_id, time in microseconds, split,
    confidence in millionths, outcome as known, input_id, value of each dimension …], then a
    newline. The database sorts and writes the lines, on disk where they are many.

    Args:
        dimensions: segment dimensions that count, in this order; of one that the ledger lacks, or
            did then, every claim has the value null.
    """
    known = set(segment_dimensions(cursor))
    columns = {
        "event": "event_id",
        "at_us": "epoch_us(ts)",
        "split": "split",
        "ppm": "confidence_ppm",
        "input": "input_id",
    }
    named = [quoted(f"seg_{name}") if name in known else "NULL" for name in dimensions]
    columns |= {f"key_{i}": sql for i, sql in enumerate(named)}
    source = _claims(cursor, judged, columns)
    keys = "".join(f", key_{i}" for i in range(len(named)))
    lines = cursor.sql(
        f"""
        SELECT CAST(json_array(event, at_us, split, ppm, outcome, input{keys}) AS VARCHAR)
                   || chr(10) AS line
        FROM ({source.sql}) AS claim
        ORDER BY event, line
        """,
        params=source.parameters,
    ).to_arrow_reader(_BATCH)
    digest = hashlib.sha256()
    for batch in lines:
        digest.update("".join(batch.column(0).to_pylist()).encode("utf-8"))
    return digest.hexdigest()


@dataclass(frozen=True)
class Shared:
    """A judged claim that also serves tuning.

    Attributes:
        event_id, input_id: of the judged claim.
        tuning_event_id: of the first tuning claim it meets.
        by: what they share.
    """

    event_id: str
    input_id: str | None
    tuning_event_id: str
    by: str


def shared_with_tuning(
    cursor: duckdb.DuckDBPyConnection, judged: JudgedSpan, *, limit: int
) -> tuple[tuple[Shared, ...], int]:
    """The judged claims that share event_id or input_id with the signal's tuning split.

    Returns:
        The first ``limit`` by event_id, and how many there are.
    """
    source = _claims(cursor, judged, {"event": "event_id", "input": "input_id"})
    rows = cursor.execute(
        f"""
        WITH tuned AS ({_TUNED}),
        by_input AS (
            SELECT input_id AS tuned_input, min(event_id) AS first_event
            FROM tuned WHERE input_id IS NOT NULL GROUP BY input_id),
        by_event AS (SELECT DISTINCT event_id AS tuned_event FROM tuned)
        SELECT event, input, coalesce(tuned_event, first_event),
               CASE WHEN tuned_event IS NOT NULL THEN 'event_id' ELSE 'input_id' END,
               count(*) OVER ()
        FROM ({source.sql}) AS claim
        LEFT JOIN by_event ON tuned_event = event
        LEFT JOIN by_input ON tuned_input = input
        WHERE tuned_event IS NOT NULL OR first_event IS NOT NULL
        ORDER BY event
        LIMIT $limit
        """,
        {**source.parameters, "limit": limit},
    ).fetchall()
    return tuple(Shared(*row[:4]) for row in rows), int(rows[0][4]) if rows else 0


#: The signal's tuning claims; needs $signal, $at and $imports_to.
_TUNED = """
    SELECT event_id, input_id FROM claims
    WHERE signal = $signal AND split = 'tuning' AND ts < $at AND import_id <= $imports_to
"""


def _production(cursor: duckdb.DuckDBPyConnection, judged: JudgedSpan) -> Source:
    """The fingerprint's production claims after the freeze, up to the moment."""
    of = _lines_of(judged, "production")
    needs_claims(cursor, judged.signal, judged.freeze, judged.known.at, of=of)
    condition, parameters = _of_fingerprint(judged)
    condition += f" AND split = 'production' AND {_after_freeze(judged, parameters)}"
    columns = {"week": WEEK_SQL, "ppm": "confidence_ppm"}
    return _as_known(cursor, judged, columns, condition, parameters)


def _claims(
    cursor: duckdb.DuckDBPyConnection,
    judged: JudgedSpan,
    columns: Mapping[str, str],
    also: str = "TRUE",
) -> Source:
    """The judged claims with the columns asked for, then ``outcome`` as known."""
    if judged.since is None:
        needs_claims(cursor, judged.signal, None, judged.known.at, of=_lines_of(judged, "heldout"))
    if judged.settled is not None:
        since = judged.since or judged.freeze
        of = _lines_of(judged, "production")
        needs_claims(cursor, judged.signal, since, judged.settled, of=of)
    condition, parameters = _of_fingerprint(judged)
    production = "FALSE"
    if judged.settled is not None:
        parameters["settled"] = judged.settled
        production = (
            f"(split = 'production' AND ts < $settled AND {_after_freeze(judged, parameters)}"
        )
        if judged.since is not None:
            parameters["since"] = judged.since
            production += " AND ts >= $since"
        production += ")"
    heldout = "FALSE" if judged.since is not None else "split = 'heldout'"
    condition += f" AND ({heldout} OR {production}) AND {also}"
    if judged.without_overlap:
        condition += f"""
            AND event_id NOT IN (SELECT event_id FROM ({_TUNED}) AS tuned)
            AND (input_id IS NULL OR input_id NOT IN (
                SELECT input_id FROM ({_TUNED}) AS tuned WHERE input_id IS NOT NULL))
        """
    return _as_known(cursor, judged, columns, condition, parameters)


def _lines_of(judged: JudgedSpan, split: str) -> dict[str, Sequence[str | None]]:
    fields: dict[str, Sequence[str | None]] = {
        one: (judged.fingerprint.get(one),) for one in FIELDS
    }
    return {**fields, "split": (split,)}


def _of_fingerprint(judged: JudgedSpan) -> tuple[str, dict[str, Parameter]]:
    parameters: dict[str, Parameter] = {
        "signal": judged.signal,
        "at": judged.known.at,
        "imports_to": judged.known.imports_to,
    }
    conditions = ["signal = $signal", "ts < $at", "import_id <= $imports_to"]
    for field in FIELDS:
        value = judged.fingerprint.get(field)
        if value is None:
            conditions.append(f"{field} IS NULL")
        else:
            conditions.append(f"{field} = ${field}")
            parameters[field] = value
    return " AND ".join(conditions), parameters


def _after_freeze(judged: JudgedSpan, parameters: dict[str, Parameter]) -> str:
    if judged.freeze is None:
        return "TRUE"
    parameters["freeze"] = judged.freeze
    return "ts > $freeze"


def claims_then(
    cursor: duckdb.DuckDBPyConnection,
    signal: str,
    imports_to: int,
    truth: Truth,
    columns: Mapping[str, str],
    condition: str,
    parameters: Mapping[str, Parameter],
) -> Source:
    """A signal's claims that had come in with an import or before it, as labelled by then.

    Args:
        truth: whose labels counted then.
        condition: one more, over the table claims, with its parameters.
    """
    known = KnownAt(END_OF_TIME, imports_to)
    return _as_known(
        cursor,
        JudgedSpan(signal, {}, known, truth=truth),
        columns,
        f"signal = $signal AND ts < $at AND import_id <= $imports_to AND {condition}",
        {"signal": signal, "at": known.at, "imports_to": imports_to, **parameters},
    )


def _as_known(
    cursor: duckdb.DuckDBPyConnection,
    judged: JudgedSpan,
    columns: Mapping[str, str],
    condition: str,
    parameters: dict[str, Parameter],
) -> Source:
    """Claims with the truth that was known at the moment.

    Only events that have several outcomes, or one that came in after the moment though it is
    dated before, are looked up in the log of outcomes, and those with a label that counts for one
    of what was truth then and what is now. Within a signal an event_id names one claim.
    """
    truth, now = judged.truth.sql(), truth_of(cursor, judged.signal)
    others = "" if judged.truth.counts_as(now) else f"OR ({truth}) <> ({now.sql()})"
    rows = f"""(
        SELECT *, known_at < $at AND import_id <= $imports_to AS known_then FROM {OUTCOME_LOG}
        WHERE (signal IS NULL OR signal = $signal) AND event_id IN (
            SELECT event_id FROM claims WHERE signal = $signal AND outcome_corrected
            UNION ALL
            SELECT event_id FROM {OUTCOME_LOG}
            WHERE (signal IS NULL OR signal = $signal)
              AND (known_at < $at AND import_id > $imports_to {others})))
    """
    if judged.ranked:
        # What was known then and what was not are apart, withdrawals too.
        labels = labels_sql(cursor, rows, ("event_id", "known_then"))
        best = sides_sql("log", judged.truth.rank_sql(), "known_then AND withdrawn_at IS NULL")
        logged = f"""
            SELECT logged_event, {OUTCOME} AS logged_outcome
            FROM (SELECT event_id AS logged_event, {best} FROM {labels} AS log GROUP BY event_id)
        """
    else:
        logged = f"""
            SELECT event_id AS logged_event,
                   arg_max(outcome, (known_at, import_id, import_row))
                       FILTER (known_then AND {truth}) AS logged_outcome
            FROM {rows} AS log GROUP BY event_id
        """
    taken = "".join(f"{sql} AS {alias}, " for alias, sql in columns.items())
    return Source(
        f"""
        SELECT {taken}
               CASE WHEN logged_event IS NOT NULL THEN logged_outcome
                    WHEN outcome_known_at < $at THEN outcome END AS outcome
        FROM claims
        LEFT JOIN ({logged}) AS logged ON logged_event = event_id
        WHERE {condition}
        """,
        parameters,
    )


def rule_of(cursor: duckdb.DuckDBPyConnection, rungs: Rungs) -> tuple[str, dict[str, Parameter]]:
    """The position of the row that takes a claim, as text; NULL for an unstated one."""
    code, named = rungs.apart.sql(cursor, "rung")
    rule = f"CAST(nullif($rungs[CAST({code} + 1 AS INTEGER)], -1) AS VARCHAR)"
    return rule, {**named, "rungs": list(rungs.rows)}
