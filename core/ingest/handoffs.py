"""A file of hand-offs into the ledger: to whom a case went, when it was taken, what was decided.

A hand-off is known by (signal, event_id, handed_at): one case may be handed over more than once.
What is not known yet comes later, in a row with the same three; the rows of a hand-off say together
what is known of it. A row that says otherwise than one before it is refused, and the same row again
changes nothing.

A case may be planted (``seeded``): put there with an answer that is wrong, to see whether people
look. It needs no claim, and that it is one may come in once it is decided.

Who took a case is an opaque id. What looks like an e-mail address is refused, and is kept nowhere:
not in the quarantine either.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import zip_longest

import duckdb

from core import events
from core.ingest.checks.row_checks import SHOWN, TIME_MEND, Check
from core.ingest.file_mapping import FileMapping
from core.ingest.mapping.column_mapping import listed, named_columns, own_columns
from core.ingest.reading import parsing
from core.ingest.reading.raw_records import Column, Records, object_of
from core.ledger.errors import UnusableFile
from core.ledger.sql import literal
from core.queries.base.segment_names import plain

#: A hand-off is known by these; the rest may come later.
KEY = ("signal", "event_id", "handed_at")
LATER = tuple(name for name in events.HANDOFF_FIELDS if name not in KEY)
_TIMES = ("handed_at", "taken_at", "decided_at")
#: Said of every file of hand-offs, so that an import is known as one later.
NOTICE = "A column says when cases were handed over: every record was read as a hand-off."
#: What stands where an e-mail address stood.
_MASK = "(an e-mail address)"
REVIEWER_FAULT = "an e-mail address, and people are known by opaque ids only"
REVIEWER_MEND = "write an id that says nothing about the person, such as r-17"
UNDECIDED_MEND = "say when it was decided, or leave this empty until it is"
AGREED_MEND = (
    "write 1 where the decision is the model's answer and 0 where it differs, or say what its "
    "words mean: --values agreed:accepted=1,rejected=0"
)
SEEDED_MEND = "write 1 where the case was planted with an answer that is wrong, else leave it empty"
DECISION_MEND = "write what was decided in a word or two, such as refund"
#: Said of a row that contradicts an earlier one of the same hand-off.
OTHERWISE = "an earlier row of this hand-off says otherwise"
OTHERWISE_MEND = "what is logged is never changed: log a second decision as a hand-off of its own"


@dataclass(frozen=True)
class HandedOver:
    """What a file of hand-offs brought.

    Attributes:
        n_read: records of the file.
        n_new: those with something about a hand-off that was not known.
        n_held: hand-offs that are new and whose claim has not come yet; a planted case has none.
        answers: whether some record answers a quarantine entry.
        notices: what was assumed, a sentence each.
    """

    n_read: int
    n_new: int
    n_held: int
    answers: bool
    notices: tuple[str, ...]


def are_handoffs(records: Records, how: FileMapping) -> bool:
    """Whether a file holds hand-offs: a column says when, and none states a confidence."""
    named = {plain(how.renames.get(one.name, one.name)).lower() for one in own_columns(records)}
    named |= {ours.lower() for ours in how.renames.values()}
    return "handed_at" in named and "confidence" not in named


def take_handoffs(
    cursor: duckdb.DuckDBPyConnection,
    records: Records,
    *,
    how: FileMapping,
    name: str,
    import_id: int,
) -> HandedOver:
    """Check the records, and keep what is new of them.

    Leaves ``incoming``, ``refused`` and ``accepted`` as `core.ingest.checks.screening.screen` does.

    Args:
        how: what was said of the file's columns, records and values.
        name: of the file.

    Raises:
        UnusableFile: a column that every file of hand-offs has is not there.
    """
    columns, others = _columns(cursor, records, how, name)
    cursor.execute(f"CREATE OR REPLACE TEMP TABLE incoming AS {_incoming(records, columns, how)}")
    cursor.execute(
        """
        CREATE OR REPLACE TEMP TABLE refused AS
        SELECT import_row, field, value, reason, mend, record, quarantine_id
        FROM incoming WHERE problem IS NOT NULL
        """
    )
    cursor.execute(
        """
        CREATE OR REPLACE TEMP VIEW accepted AS
        SELECT * FROM incoming ANTI JOIN refused USING (import_row)
        """
    )
    _refuse_contradictions(cursor)
    n_new, n_held = _keep_new(cursor, import_id)
    n_read, n_zoneless, n_dates = cursor.execute(
        """
        SELECT count(*), count(*) FILTER (zoneless), count(*) FILTER (date_only) FROM incoming
        """
    ).fetchall()[0]
    notices = [NOTICE]
    if others:
        notices.append(f"Not kept, for a hand-off has no such field: {listed(others)}.")
    for n, text in (
        (n_zoneless, "had times without a zone: taken as UTC."),
        (n_dates, "had dates without a time: taken as midnight UTC."),
    ):
        if n:
            notices.append(f"{n:,} {'record' if n == 1 else 'records'} {text}")
    answers = any(_is_answer(one) for one in records.columns)
    return HandedOver(n_read, n_new, n_held, answers, (*records.notices, *notices))


def _is_answer(column: Column) -> bool:
    return column.name.lower() == f"{events.QUARANTINE_PREFIX}id"


def _columns(
    cursor: duckdb.DuckDBPyConnection, records: Records, how: FileMapping, name: str
) -> tuple[dict[str, Column], list[Column]]:
    """Field → column, and the columns that are none."""
    found: dict[str, Column] = {}
    others: list[Column] = []
    for ours, column in named_columns(cursor, records, how, name):
        field = ours.lower()
        if field not in events.HANDOFF_FIELDS:
            others.append(column)
        elif field in found:
            raise UnusableFile(
                f"{name} has two columns for {field}: {found[field].name!r} and {column.name!r}; "
                "set one aside, for example: "
                f'--map "{column.name}={events.ATTRIBUTE_PREFIX}{field}"'
            )
        else:
            found[field] = column
    if "signal" in found and how.signal is not None:
        raise UnusableFile(
            f"{name} names its signals itself, in {found['signal'].name!r}; leave --signal out."
        )
    missing = [one for one in KEY if one not in found and (one != "signal" or not how.signal)]
    if missing:
        says = " ".join(
            "--signal NAME" if one == "signal" else f"--map THEIRS={one}" for one in missing
        )
        raise UnusableFile(
            f"{name} holds hand-offs and has no column for {' and '.join(missing)}; it has: "
            f"{listed(own_columns(records))}. Say which one it is: {says}"
        )
    for field in how.values:
        if field.lower() not in found:
            raise UnusableFile(
                f"{name} has no column for {field}, so its values say nothing: leave out "
                f"--values {field}:…, or say which column it is with --map THEIRS={field}"
            )
    said = {field.lower(): words for field, words in how.values.items()}
    return {
        field: parsing.spelled(column, said[field]) if field in said else column
        for field, column in found.items()
    }, others


def _incoming(records: Records, columns: Mapping[str, Column], how: FileMapping) -> str:
    """SQL for the records with what is wrong with each, as `row_checks` has it."""
    readings = _readings(columns, how)
    answer = next((one for one in records.columns if _is_answer(one)), None)
    quarantine_id = "NULL" if answer is None else answer.text
    taken = "".join(f", {one.taken} AS taken_{field}" for field, one in readings.items())
    taken += "".join(f", {sql} AS {as_}" for one in readings.values() for as_, sql in one.besides)
    originals = sorted(own_columns(records), key=lambda column: column.name)
    whole = f"coalesce({records.raw}, {object_of(originals)})"
    record = f"regexp_replace({whole}, {literal(events.ADDRESS)}, {literal(_MASK)}, 'g')"
    between = f"""
        SELECT {records.row} AS import_row, {records.malformed} AS malformed,
               {records.mend} AS malformed_mend, {record} AS record,
               TRY_CAST({quarantine_id} AS BIGINT) AS quarantine_id{taken}
        FROM {records.relation}
    """
    for layer in zip_longest(*(one.steps for one in readings.values())):
        steps = ", ".join(f"{sql} AS {as_}" for as_, sql in filter(None, layer))
        between = f"SELECT *, {steps} FROM ({between})"
    read = ", ".join(f"{one.value} AS {field}" for field, one in readings.items())
    zoneless, date_only = (
        " OR ".join(getattr(readings[field], which) for field in _TIMES)
        for which in ("zoneless", "date_only")
    )
    checks = _checks(readings)
    problem = " ".join(f"WHEN {check.fails} THEN {i}" for i, check in enumerate(checks, 1))

    def said(parts: list[str]) -> str:
        cases = " ".join(f"WHEN {i} THEN {part}" for i, part in enumerate(parts, 1))
        return f"CASE problem {cases} END"

    shown = [
        "record" if one.field == "row" else f"CAST(taken_{one.field} AS VARCHAR)" for one in checks
    ]
    value = f"regexp_replace({said(shown)}, {literal(events.ADDRESS)}, {literal(_MASK)}, 'g')"
    return f"""
        SELECT import_row, {", ".join(events.HANDOFF_FIELDS)}, quarantine_id, record, zoneless,
               date_only, problem, {said([literal(one.field) for one in checks])} AS field,
               left({value}, {SHOWN}) AS value, {said([one.reason for one in checks])} AS reason,
               {said([one.mend for one in checks])} AS mend
        FROM (
            SELECT *, CAST(CASE {problem} END AS TINYINT) AS problem FROM (
                SELECT *, {read}, {zoneless} AS zoneless, {date_only} AS date_only
                FROM ({between})))
    """


def _readings(columns: Mapping[str, Column], how: FileMapping) -> dict[str, parsing.Reading]:
    readings = {
        field: parsing.text(columns.get(field), f"taken_{field}")
        for field in ("event_id", "signal", "queue", "reviewer", "decision")
    }
    if how.signal is not None:
        readings["signal"] = parsing.Reading(literal(how.signal), "taken_signal")
    for field in _TIMES:
        readings[field] = parsing.time(
            columns.get(field), f"taken_{field}", formats=how.time_formats, zone=how.timezone
        )
    return readings | {
        field: parsing.truth(columns.get(field), f"taken_{field}") for field in ("agreed", "seeded")
    }


def _checks(readings: Mapping[str, parsing.Reading]) -> tuple[Check, ...]:
    """Every check, in the order in which a record's fault is named."""

    def missing(field: str, mend: str) -> Check:
        return Check(field, f"taken_{field} IS NULL", literal(f"no {field}"), literal(mend))

    def no_time(field: str) -> Check:
        fails = f"taken_{field} IS NOT NULL AND {field} IS NULL"
        return Check(field, fails, readings[field].fault, literal(TIME_MEND))

    def before(field: str, other: str) -> Check:
        reason = literal(f"before {other}")
        return Check(field, f"{field} < {other}", reason, literal("correct one of the two times"))

    def undecided(field: str) -> Check:
        fails = f"taken_{field} IS NOT NULL AND taken_decided_at IS NULL"
        return Check(field, fails, literal("no decided_at"), literal(UNDECIDED_MEND))

    def address(field: str) -> Check:
        fails = f"regexp_matches(taken_{field}, {literal(events.ADDRESS)})"
        return Check(field, fails, literal(REVIEWER_FAULT), literal(REVIEWER_MEND))

    return (
        Check("row", "malformed IS NOT NULL", "malformed", "malformed_mend"),
        missing("event_id", "name the claim's event_id"),
        missing("signal", "name the signal, in a column or with --signal NAME"),
        missing("handed_at", f"give the time at which the case was handed over: {TIME_MEND}"),
        *(address(field) for field in ("reviewer", "queue", "decision")),
        *(no_time(field) for field in _TIMES),
        before("taken_at", "handed_at"),
        before("decided_at", "handed_at"),
        before("decided_at", "taken_at"),
        Check(
            "agreed",
            "taken_agreed IS NOT NULL AND agreed IS NULL",
            literal("not 0 or 1"),
            literal(AGREED_MEND),
        ),
        Check(
            "seeded",
            "taken_seeded IS NOT NULL AND seeded IS NULL",
            literal("not 0 or 1"),
            literal(SEEDED_MEND),
        ),
        undecided("agreed"),
        undecided("decision"),
        Check(
            "decision",
            f"length(taken_decision) > {events.LONGEST_DECISION}",
            literal(f"longer than {events.LONGEST_DECISION} characters"),
            literal(DECISION_MEND),
        ),
    )


def _refuse_contradictions(cursor: duckdb.DuckDBPyConnection) -> None:
    """Refuse rows that say otherwise than the ledger, or than an earlier row of the file.

    Leaves ``known``: what the ledger has of the file's hand-offs.
    """
    key = ", ".join(KEY)
    together = ", ".join(f"any_value({field}) AS {field}" for field in LATER)
    cursor.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE known AS
        SELECT {key}, {together} FROM handoffs SEMI JOIN incoming USING ({key}) GROUP BY {key}
        """
    )
    firsts = ", ".join(
        f"arg_min({field}, import_row) FILTER ({field} IS NOT NULL) AS {field}" for field in LATER
    )
    odd = {
        field: f"(new.{field} IS NOT NULL AND new.{field} <> coalesce(known.{field}, "
        f"firsts.{field}))"
        for field in LATER
    }
    field = " ".join(f"WHEN {fails} THEN {literal(name)}" for name, fails in odd.items())
    value = " ".join(
        f"WHEN {fails} THEN CAST(new.{name} AS VARCHAR)" for name, fails in odd.items()
    )
    cursor.execute(
        f"""
        INSERT INTO refused
        SELECT import_row, CASE {field} END, left(CASE {value} END, {SHOWN}),
               {literal(OTHERWISE)}, {literal(OTHERWISE_MEND)}, record, quarantine_id
        FROM accepted AS new
        JOIN (SELECT {key}, {firsts} FROM accepted GROUP BY {key}) AS firsts USING ({key})
        LEFT JOIN known USING ({key})
        WHERE {" OR ".join(odd.values())}
        """
    )


def _keep_new(cursor: duckdb.DuckDBPyConnection, import_id: int) -> tuple[int, int]:
    """Keep the rows with something new; how many, and how many hand-offs wait for a claim."""
    key, content = ", ".join(KEY), ", ".join(events.HANDOFF_FIELDS)
    more = " OR ".join(f"new.{field} IS NOT NULL AND known.{field} IS NULL" for field in LATER)
    new = ", ".join(f"new.{field}" for field in events.HANDOFF_FIELDS)
    cursor.execute(
        f"""
        INSERT INTO handoffs ({content}, import_id, import_row)
        SELECT {content}, $import_id, min(import_row) AS row
        FROM (
            SELECT {new}, new.import_row FROM accepted AS new
            LEFT JOIN known USING ({key}) WHERE known.event_id IS NULL OR {more})
        GROUP BY {content} ORDER BY row
        """,
        {"import_id": import_id},
    )
    return cursor.execute(
        """
        SELECT count(*),
               count(DISTINCT (signal, event_id, handed_at)) FILTER (
                   seeded IS DISTINCT FROM 1 AND NOT EXISTS (
                   SELECT 1 FROM claims
                   WHERE claims.event_id = handoffs.event_id AND claims.signal = handoffs.signal))
        FROM handoffs WHERE import_id = $import_id
        """,
        {"import_id": import_id},
    ).fetchall()[0]
