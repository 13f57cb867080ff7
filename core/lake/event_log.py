"""The event log of a lake: Parquet files of claims and of outcomes, and the claims in force there.

``PREFIX/claims/…/*.parquet`` and ``PREFIX/outcomes/…/*.parquet``, in folders ``signal=…/day=…`` or
others: the files hold all columns themselves, a folder ``day=2026-11-02`` only spares reading. The
log is append-only, and ``seq`` numbers its claims in the order they came. A claim is known by
(signal, event_id), and the first that came stands; which of its labels is in force is decided as in
the ledger (`core.queries.base.in_force`), but that a log holds no withdrawals.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from core import events
from core.ledger.errors import LedgerError
from core.ledger.sql import literal, quoted
from core.queries.base.kept import kernel
from core.queries.base.segment_names import kept_sql
from core.queries.base.truth import Truth, rank_sql

FIRST_TIME, LAST_TIME = datetime(1970, 1, 1), datetime(2200, 12, 31, 23, 59, 59, 999999)
_DAY_FOLDER = re.compile(r"day=(\d{4}-\d\d-\d\d)")
_TEXT = "text"
#: More than the microseconds from 1970 to any time of ours.
_RANK = 1 << 56
_CLAIM_COLUMNS = {
    "event_id": _TEXT,
    "seq": "whole number",
    "ts": "time",
    "signal": _TEXT,
    "confidence": "double",
    **dict.fromkeys(
        (
            *("model_version", "prompt_version", "params_version", "calibrator_version"),
            *("elicitation", "elicitation_order", "input_id", "split", "action"),
        ),
        _TEXT,
    ),
    "label_propensity": "double",
}
_OUTCOME_COLUMNS = {
    "event_id": _TEXT,
    "signal": _TEXT,
    "outcome": "whole number",
    "outcome_ts": "time",
    "outcome_source": _TEXT,
    "logged_at": "time",
}
_NEEDED = {
    "claims": ("event_id", "seq", "ts", "signal", "confidence"),
    "outcomes": ("event_id", "outcome", "logged_at"),
}
_WRITE = {
    _TEXT: "a string",
    "whole number": "an integer",
    "double": "a double",
    "time": "a timestamp in microseconds, in UTC or without a zone",
}


@dataclass(frozen=True)
class LogTable:
    """One of the two tables of a log.

    Attributes:
        name: claims or outcomes.
        files: its files, in order.
        columns: those that some file has.
        footers: SHA-256 over path, size and footer of each file, hexadecimal.
    """

    name: str
    files: tuple[Path, ...]
    columns: frozenset[str]
    footers: str


@dataclass(frozen=True)
class EventLog:
    """An event log, looked at and found to be one.

    Attributes:
        claims: its claims, of the days asked for.
        outcomes: its outcomes, of all days: those of old claims come late.
    """

    claims: LogTable
    outcomes: LogTable

    @property
    def digest(self) -> str:
        """Of what was read: it changes with any file of either table."""
        return hashlib.sha256(
            f"{self.claims.footers}\n{self.outcomes.footers}".encode()
        ).hexdigest()

    @property
    def segments(self) -> Mapping[str, str]:
        """Segment dimension → its column."""
        found = sorted(one for one in self.claims.columns if one.startswith(events.SEGMENT_PREFIX))
        return {one.removeprefix(events.SEGMENT_PREFIX): one for one in found}


def look_at_log(prefix: Path, since: date, until: date) -> EventLog:
    """The log in a folder.

    Args:
        since: first day of the claims to read, inclusive.
        until: the day after the last.

    Raises:
        LedgerError: it is no such log, naming the file, the column and how to write it.
    """

    def within(path: Path) -> bool:
        found = _DAY_FOLDER.search(str(path.relative_to(prefix)))
        return found is None or since <= date.fromisoformat(found[1]) < until

    if not prefix.is_dir():
        raise LedgerError(f"{prefix} is no folder; name the one that holds claims/ and outcomes/.")
    return EventLog(
        _table(prefix, "claims", _CLAIM_COLUMNS, within),
        _table(prefix, "outcomes", _OUTCOME_COLUMNS, lambda _: True),
    )


def _table(prefix: Path, name: str, known: Mapping[str, str], within: object) -> LogTable:
    assert callable(within)
    files = tuple(one for one in sorted((prefix / name).rglob("*.parquet")) if within(one))
    if not files and name == "claims":
        raise LedgerError(
            f"{prefix / name} holds no .parquet file of these days; a log keeps its claims there."
        )
    digest, columns = hashlib.sha256(), set[str]()
    for file in files:
        schema, footer, size = _footer(file)
        digest.update(f"{file.relative_to(prefix)}\n{size}\n{footer}\n".encode())
        for needed in _NEEDED[name]:
            if needed not in schema.names:
                raise LedgerError(
                    f"{file} has no column {needed!r}; every file of {name} has "
                    f"{', '.join(_NEEDED[name])}."
                )
        for field in schema:
            kind = known.get(field.name)
            if name == "claims" and field.name.startswith(events.SEGMENT_PREFIX):
                kind = _TEXT
            if kind is not None and not _is(field.type, kind):
                raise LedgerError(
                    f"{file}: the column {field.name!r} is {field.type}; write it as "
                    f"{_WRITE[kind]}."
                )
            columns.add(field.name)
    return LogTable(name, files, frozenset(columns), digest.hexdigest())


def _footer(file: Path) -> tuple[pa.Schema, str, int]:
    try:
        schema = pq.read_schema(file)
        with file.open("rb") as opened:
            size = opened.seek(0, 2)
            opened.seek(size - 8)
            length = int.from_bytes(opened.read(4), "little")
            opened.seek(size - 8 - length)
            return schema, hashlib.sha256(opened.read(length)).hexdigest(), size
    except (OSError, pa.ArrowException) as error:
        why = str(error).splitlines()[0]
        raise LedgerError(f"{file} cannot be read as Parquet: {why}; write it again.") from None


def _is(type_: pa.DataType, kind: str) -> bool:
    types = pa.types
    if kind == _TEXT:
        return bool(types.is_string(type_) or types.is_large_string(type_))
    if kind == "whole number":
        return bool(types.is_integer(type_)) and not types.is_uint64(type_)
    if kind == "double":
        return bool(types.is_float64(type_))
    return bool(types.is_timestamp(type_)) and type_.unit == "us" and type_.tz in (None, "UTC")


# -- the claims in force -------------------------------------------------------------------------


def _time(moment: datetime) -> str:
    return f"CAST('{moment.isoformat(sep=' ')}' AS TIMESTAMP)"


def _column(table: LogTable, name: str, type_: str) -> str:
    return quoted(name) if name in table.columns else f"CAST(NULL AS {type_})"


def _text(table: LogTable, name: str) -> str:
    return f"nullif({_column(table, name, 'VARCHAR')}, '')"


def _number(table: LogTable, name: str) -> str:
    """A number; none of ours where it is no number at all.

    Asked by name: a file's least and greatest value leave it out, and DuckDB takes their word.
    """
    column = _column(table, name, "DOUBLE")
    return f"CASE WHEN isnan({column}) THEN CAST(-1 AS DOUBLE) ELSE {column} END"


def _stated_time(sql: str) -> str:
    return f"{sql} >= {_time(FIRST_TIME)} AND {sql} <= {_time(LAST_TIME)}"


def _one_of(sql: str, allowed: Iterable[str]) -> str:
    listed = ", ".join(map(literal, sorted(set(allowed))))
    return f"({sql} IS NULL OR {sql} IN ({listed}))"


def read_claims(log: EventLog, since: date, until: date) -> str:
    """Every claim made in a range of days as its file has it, read; with ``problem``.

    ``problem`` is the field at fault, NULL where none is. A time that is none belongs to no day,
    so it is of every range.
    """
    claims = log.claims
    confidence = _number(claims, "confidence")
    propensity = _number(claims, "label_propensity")
    texts = {
        name: _text(claims, name)
        for name in (*kernel.LINE, "action", "input_id", "event_id")
        if name != "split"
    }
    split = f"coalesce({_text(claims, 'split')}, {literal(events.DEFAULT_SPLIT)})"
    taken = ", ".join(f"{sql} AS {name}" for name, sql in texts.items())
    segments = "".join(
        f", {kept_sql(quoted(column))} AS {quoted(column)}" for column in log.segments.values()
    )
    checks = {
        "event_id": f"{texts['event_id']} IS NOT NULL",
        "signal": f"{texts['signal']} IS NOT NULL",
        "ts": _stated_time("ts"),
        "confidence": f"({confidence} IS NULL OR {confidence} BETWEEN 0 AND 1)",
        "split": _one_of(split, events.ALLOWED["split"].values()),
        "action": _one_of(texts["action"], events.ALLOWED["action"].values()),
        "elicitation_order": _one_of(
            texts["elicitation_order"], events.ALLOWED["elicitation_order"].values()
        ),
        "label_propensity": f"({propensity} IS NULL OR ({propensity} > 0 AND {propensity} <= 1))",
    }
    cases = " ".join(
        f"WHEN NOT coalesce({check}, FALSE) THEN '{field}'" for field, check in checks.items()
    )
    ppm = events.quantise_sql(f"CASE WHEN {confidence} BETWEEN 0 AND 1 THEN {confidence} END")
    days = f"ts >= {_time(_start(since))} AND ts < {_time(_start(until))}"
    return f"""
        SELECT {taken}, {split} AS split, ts, seq, {ppm} AS confidence_ppm,
               {propensity} AS label_propensity{segments}, CASE {cases} END AS problem
        FROM logged_claims
        WHERE ({days}) OR NOT coalesce({checks["ts"]}, FALSE)
    """


def _start(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)


def read_outcomes(log: EventLog) -> str:
    """Every outcome as its file has it, read; with ``problem``."""
    outcomes = log.outcomes
    stated = _column(outcomes, "outcome_ts", "TIMESTAMP")
    source = _text(outcomes, "outcome_source")
    checks = {
        "event_id": f"{_text(outcomes, 'event_id')} IS NOT NULL",
        "outcome": "outcome IN (0, 1)",
        "outcome_ts": f"({stated} IS NULL OR ({_stated_time(stated)}))",
        "logged_at": _stated_time("logged_at"),
        "outcome_source": _one_of(source, events.ALLOWED["outcome_source"].values()),
    }
    cases = " ".join(
        f"WHEN NOT coalesce({check}, FALSE) THEN '{field}'" for field, check in checks.items()
    )
    return f"""
        SELECT {_text(outcomes, "event_id")} AS event_id, {_text(outcomes, "signal")} AS signal,
               CAST(outcome AS INTEGER) AS outcome, {stated} AS outcome_ts, {source} AS source,
               coalesce({stated}, logged_at) AS known_at, CASE {cases} END AS problem
        FROM logged_outcomes
    """


def in_force(log: EventLog, truths: Mapping[str, Truth], *, outcomes: bool) -> str:
    """The claims of ``read_claims``, each once, with their outcome in force.

    Columns as `core.queries.base.kept.kernel` reads them, the segments, and ``event_id`` of those
    whose outcome was corrected.

    Args:
        truths: whose labels are truth, of the signals that declare it.
        outcomes: whether the log has any.
    """
    columns = [*kernel.COLUMNS, *map(quoted, log.segments.values())]
    of_claim = [one for one in columns if not one.startswith("outcome")]
    taken = ", ".join(f"claim.{one}" for one in of_claim)
    listed = ", ".join([*of_claim, "event_id"])
    # Of two with the same number the order is made up, but it is the same everywhere.
    order = ", ".join(["seq", "ts", *_in_any_order(of_claim)])
    # Few come again: only these are put in order.
    first = f"""
        repeated AS (
            SELECT signal AS again_signal, event_id AS again_event FROM claims_read
            WHERE problem IS NULL GROUP BY signal, event_id HAVING count(*) > 1
        ), first_claims AS (
            SELECT {listed} FROM claims_read
            LEFT JOIN repeated ON again_signal = signal AND again_event = event_id
            WHERE problem IS NULL AND again_event IS NULL
            UNION ALL
            SELECT {listed} FROM (
                SELECT claims_read.*,
                       row_number() OVER (PARTITION BY signal, event_id ORDER BY {order}) AS nth
                FROM claims_read
                JOIN repeated ON again_signal = signal AND again_event = event_id
                WHERE problem IS NULL) AS numbered
            WHERE nth = 1
        )"""
    if not outcomes:
        return f"""
            WITH {first}
            SELECT {taken}, CAST(NULL AS INTEGER) AS outcome,
                   CAST(NULL AS TIMESTAMP) AS outcome_known_at, FALSE AS outcome_corrected,
                   CAST(NULL AS VARCHAR) AS event_id
            FROM first_claims AS claim
        """
    rank = rank_sql(truths, "signal", "source")
    told = _told("SELECT event_id FROM claims_read WHERE problem IS NULL")
    best = "greatest(coalesce(for_right, -1), coalesce(for_wrong, -1))"
    return f"""
        WITH {first}, told AS ({told}), labels AS (
            SELECT signal, event_id, outcome, source, known_at FROM told
            WHERE signal IS NOT NULL
            UNION ALL
            SELECT claim.signal AS signal, claim.event_id AS event_id, told.outcome AS outcome,
                   told.source AS source, told.known_at AS known_at
            FROM first_claims AS claim JOIN told ON told.event_id = claim.event_id
            WHERE told.signal IS NULL
        ), ranked AS (
            SELECT signal, event_id, outcome, known_at, CAST({rank} AS BIGINT) AS rank FROM labels
        ), sides AS (
            SELECT signal, event_id, count(*) AS versions,
                   max(CASE WHEN outcome = 1 THEN {_LABEL} END) AS for_right,
                   max(CASE WHEN outcome = 0 THEN {_LABEL} END) AS for_wrong
            FROM ranked WHERE rank IS NOT NULL GROUP BY signal, event_id
        ), decided AS (
            SELECT signal, event_id, versions,
                   CASE WHEN for_right = for_wrong THEN NULL
                        WHEN coalesce(for_right, -1) > coalesce(for_wrong, -1) THEN 1
                        ELSE 0 END AS outcome,
                   CASE WHEN for_right = for_wrong THEN NULL
                        ELSE make_timestamp({best} % {_RANK}) END AS known_at
            FROM sides
        )
        SELECT {taken}, CAST(decided.outcome AS INTEGER) AS outcome,
               decided.known_at AS outcome_known_at,
               coalesce(decided.versions, 1) > 1 AS outcome_corrected,
               CASE WHEN decided.versions > 1 THEN claim.event_id END AS event_id
        FROM first_claims AS claim
        LEFT JOIN decided
          ON decided.signal = claim.signal AND decided.event_id = claim.event_id
    """


def _told(events: str) -> str:
    """Labels as they were told, each once.

    Outcomes of all days are read, for late ones; those of other claims are left before they are
    put together, which is what takes time and memory.

    Args:
        events: SQL of a query for the ``event_id`` of the claims.
    """
    return f"""
        SELECT event_id, signal, outcome, source, min(known_at) AS known_at
        FROM outcomes_read WHERE problem IS NULL AND event_id IN ({events})
        GROUP BY event_id, signal, outcome, outcome_ts, source
    """


# A label is one number, its rank and then when it became known: the greatest is in force, and of
# two equal ones that say different things none is (core.queries.base.in_force).
_LABEL = f"rank * {_RANK} + epoch_us(known_at)"


def states_in_force(truths: Mapping[str, Truth], *, outcomes: bool) -> str:
    """What was in force of each stated claim whose outcome was corrected, and from when on.

    Of the claims of ``in_force``, as `core.queries.base.kept.kernel.steps` reads them. Arguments as
    above.
    """
    of_claim = ", ".join(f"claim.{one}" for one in (*kernel.LINE, "ts", "confidence_ppm"))
    corrected = f"""
        SELECT {of_claim}, claim.event_id FROM claims_in_force AS claim
        WHERE outcome_corrected AND confidence_ppm IS NOT NULL
    """
    if not outcomes:
        return f"""
            SELECT corrected.*, CAST(NULL AS TIMESTAMP) AS moment, CAST(NULL AS INTEGER) AS state
            FROM ({corrected}) AS corrected
        """
    so_far = "OVER (PARTITION BY signal, event_id ORDER BY known_at)"
    taken = ", ".join(f"claim.{one} AS {one}" for one in (*kernel.LINE, "ts", "confidence_ppm"))
    told = _told("SELECT event_id FROM corrected")
    return f"""
        WITH corrected AS ({corrected}), told AS ({told}), labels AS (
            SELECT claim.signal AS signal, claim.event_id AS event_id, told.outcome AS outcome,
                   told.source AS source, told.known_at AS known_at
            FROM corrected AS claim
            JOIN told ON told.event_id = claim.event_id AND told.signal = claim.signal
            UNION ALL
            SELECT claim.signal AS signal, claim.event_id AS event_id, told.outcome AS outcome,
                   told.source AS source, told.known_at AS known_at
            FROM corrected AS claim JOIN told ON told.event_id = claim.event_id
            WHERE told.signal IS NULL
        ), ranked AS (
            SELECT signal, event_id, outcome, known_at,
                   CAST({rank_sql(truths, "signal", "source")} AS BIGINT) AS rank
            FROM labels
        ), best AS (
            SELECT DISTINCT signal, event_id, known_at AS moment,
                   max(CASE WHEN outcome = 1 THEN {_LABEL} END) {so_far} AS for_right,
                   max(CASE WHEN outcome = 0 THEN {_LABEL} END) {so_far} AS for_wrong
            FROM ranked WHERE rank IS NOT NULL
        )
        SELECT {taken}, claim.event_id AS event_id, best.moment AS moment,
               CASE WHEN for_right = for_wrong THEN NULL
                    WHEN coalesce(for_right, -1) > coalesce(for_wrong, -1) THEN 1
                    ELSE 0 END AS state
        FROM corrected AS claim
        JOIN best ON best.signal = claim.signal AND best.event_id = claim.event_id
    """


def _in_any_order(columns: Sequence[str]) -> list[str]:
    return [
        f"coalesce(CAST({one} AS VARCHAR), '')"
        for one in columns
        if one not in ("signal", "ts", "split")
    ]


def whole_weeks(since: date, until: date) -> None:
    """Refuse a range that is not of whole ISO weeks.

    Raises:
        LedgerError: it begins or ends within one.
    """
    last = until - timedelta(days=1)
    if since.weekday() == 0 and last.weekday() == 6 and since < until:
        return
    monday = since - timedelta(days=since.weekday())
    sunday = last + timedelta(days=6 - last.weekday())
    raise LedgerError(
        f"Cells are of whole weeks, Monday to Sunday: build --since {monday} --until {sunday}."
    )


def last_whole_week(today: date) -> date:
    """The Monday after the last week that is over."""
    return today - timedelta(days=today.weekday())
