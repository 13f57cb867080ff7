"""SQL that reads a field whatever type the file gives it: as text, number, time or truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import duckdb

from core import events
from core.ingest.file_mapping import (
    DECIMAL_COMMA,
    MIXED,
    PERCENTAGE,
    FileMapping,
    share_of,
)
from core.ingest.reading.raw_records import TEXT, Column
from core.ledger.errors import UnusableFile
from core.ledger.sql import literal

_ZONED = "TIMESTAMP WITH TIME ZONE"
_UNZONED = ("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS")
_NUMBERS = (
    *("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"),
    *("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"),
    *("FLOAT", "DOUBLE"),
)
_LOCAL = r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?"
_ANY_OFFSET = r"[+-]\d\d(:?\d\d)?"
#: No place on Earth is further from UTC than 14 hours; DuckDB would take +25:00 as it stands.
_NEAR_OFFSET = r"[+-]((0\d|1[0-3])(:?[0-5]\d)?|14(:?00)?)"
#: ISO 8601 as `_tidied` leaves it.
_ISO = rf"{_LOCAL}(Z|{_NEAR_OFFSET})?)?"
_ISO_FAR = rf"{_LOCAL}{_ANY_OFFSET})"
_OFFSET = rf".*(Z|{_ANY_OFFSET})"
#: No claim or outcome is of another year: such a time is a slip, or stands for none.
FIRST_YEAR, LAST_YEAR = 1970, 2200
_YEARS = f"'{FIRST_YEAR}-01-01' AND '{LAST_YEAR}-12-31 23:59:59.999999'"
_NO_TIME = literal("not a time")
_OTHER_YEAR = literal(f"not in the years {FIRST_YEAR} to {LAST_YEAR}")
_TOO_FAR = literal("an offset from UTC that no place has (at most 14 hours)")
#: A Unix time is told from its size: each unit's range is the years 2001 to 2286, and they do not
#: overlap. (from, below, factor to microseconds)
_UNIX_UNITS = (("1e9", "1e10", "1e6"), ("1e12", "1e13", "1e3"), ("1e15", "1e16", "1e0"))
_UNIX_NANOSECONDS = ("1e18", "1e19", "1e3")


@dataclass(frozen=True)
class Reading:
    """How one field is read, as SQL over layers.

    Attributes:
        taken: first layer, over the file: the field as its type has it, NULL when empty.
        value: last layer, over the columns of those before: the value, NULL when it cannot be read.
        steps: a layer each between the two: a column and its SQL. What is asked for many times is
            so written once, for planning a small file's query costs more than answering it.
        zoneless: last layer: a time that names no zone.
        date_only: last layer: a time that is only a date.
        fault: last layer: why the value cannot be read, where there is more than one reason.
        besides: first layer: more columns, each with its SQL.
    """

    taken: str
    value: str
    steps: tuple[tuple[str, str], ...] = ()
    zoneless: str = "false"
    date_only: str = "false"
    fault: str = "NULL"
    besides: tuple[tuple[str, str], ...] = ()


def confidence(
    column: Column | None, taken_as: str, *, scale: float | str | None, words: Mapping[str, str]
) -> Reading:
    """A confidence as a DOUBLE in whatever notation it is written: 0.85, .85, 0,85, 85%, 8.5e-1.

    A percent sign says by itself what it means. What a number without one means is said by the
    scale; ``confidence_bare``, a step's column, is that number as it stands.

    Args:
        scale: what such a number is divided by; `MIXED`: by 100 where it is above 1; None: nothing
            was said, and it is a share.
        words: a word, in lower case → the share that it stands for, as text; "": no confidence.
    """
    bare, signed = "confidence_bare", "confidence_signed"
    steps: tuple[tuple[str, str], ...]
    if column is None:
        nothing = "CAST(NULL AS DOUBLE)"
        steps = ((bare, nothing), ("confidence_unlike", "false"))
        return Reading("CAST(NULL AS VARCHAR)", nothing, steps)
    shared = bare
    if scale == MIXED:
        shared = f"CASE WHEN {bare} < 1 THEN {bare} WHEN {bare} > 1 THEN {bare} / 100.0 END"
    elif scale is not None and scale != 1:
        shared = f"{bare} / {float(scale)!r}"
    if is_number(column) and not words:
        number = f"CAST({taken_as} AS DOUBLE)"
        steps = (
            (bare, f"CASE WHEN isfinite({number}) THEN {number} END"),
            ("confidence_unlike", "false"),
        )
        return Reading(column.sql, shared, steps)
    lowered, plainly = f"lower(trim({taken_as}))", _number_in_text(taken_as)
    # Only where it is no plain number: most are, and looking closer costs more than reading them.
    closer = (
        f"CASE WHEN regexp_full_match({lowered}, {literal(DECIMAL_COMMA)}) "
        f"THEN TRY_CAST(replace({lowered}, ',', '.') AS DOUBLE) END"
    )
    percent = (
        f"CASE WHEN regexp_full_match({lowered}, {literal(PERCENTAGE)}) "
        f"THEN TRY_CAST(replace(rtrim({lowered}, ' %％'), ',', '.') AS DOUBLE) / 100.0 END"
    )
    read = f"coalesce({plainly}, {closer})"
    cases = ""
    if words:
        told = " ".join(
            f"WHEN {literal(word)} THEN CAST({share_of(meant)!r} AS DOUBLE)"
            for word, meant in words.items()
            if meant
        )
        cases = f"CASE {lowered} {told} END" if told else ""
    steps = (
        (bare, f"CASE WHEN isfinite({read}) THEN {read} END"),
        (signed, f"CASE WHEN {bare} IS NULL THEN {percent} END"),
        (
            "confidence_unlike",
            f"({taken_as} IS NOT NULL AND ({bare} IS NULL OR contains({taken_as}, ',')))",
        ),
    )
    told_or_read = f"coalesce({f'{cases}, ' if cases else ''}{shared}, {signed})"
    silent = (*events.NO_VALUE, *(word for word, meant in words.items() if not meant))
    taken, besides = _without(column, "confidence", silent)
    return Reading(taken, told_or_read, steps, besides=besides)


def _without(
    column: Column, field: str, silent: Sequence[str]
) -> tuple[str, tuple[tuple[str, str], ...]]:
    """SQL for a text that is missing where a word says so, and for whether one does."""
    # Most texts begin with a digit, and none of the words does.
    says = (
        f"CASE WHEN substr({column.text}, 1, 1) BETWEEN '.' AND '9' THEN false "
        f"ELSE lower(trim({column.text})) IN ({', '.join(map(literal, silent))}) END"
    )
    taken = f"CASE WHEN NOT ({says}) THEN {column.text} END"
    return taken, ((f"{field}_silent", f"coalesce({says}, false)"),)


def spelled(column: Column, words: Mapping[str, str]) -> Column:
    """The column as text, the file's words replaced by what they mean."""
    if not words:
        return column
    cases = " ".join(f"WHEN {literal(word)} THEN {literal(meant)}" for word, meant in words.items())
    said = f"CASE lower(trim({column.text})) {cases} ELSE {column.text} END"
    return Column(column.name, said, TEXT)


def text(column: Column | None, taken_as: str) -> Reading:
    """A text as it is; the empty one is missing."""
    if column is None:
        return Reading("CAST(NULL AS VARCHAR)", taken_as)
    return Reading(column.text, taken_as)


def is_number(column: Column) -> bool:
    """Whether the column's type is numeric."""
    return column.type in _NUMBERS or column.type.startswith("DECIMAL")


def number(column: Column | None, taken_as: str) -> Reading:
    """A DOUBLE; NULL for anything that is not a finite number in digits."""
    if column is None:
        return Reading("CAST(NULL AS VARCHAR)", "CAST(NULL AS DOUBLE)")
    if is_number(column):
        parsed = f"CAST({taken_as} AS DOUBLE)"
        taken = column.sql
    else:
        parsed, taken = _number_in_text(taken_as), column.text
    return Reading(taken, f"CASE WHEN isfinite({parsed}) THEN {parsed} END")


def choice(column: Column | None, taken_as: str, allowed: Mapping[str, str]) -> Reading:
    """One of a fixed set of texts, in any case."""
    if column is None:
        return Reading("CAST(NULL AS VARCHAR)", "CAST(NULL AS VARCHAR)")
    cases = " ".join(f"WHEN {literal(read)} THEN {literal(kept)}" for read, kept in allowed.items())
    return Reading(column.text, f"CASE lower(trim({taken_as})) {cases} END")


def truth(column: Column | None, taken_as: str) -> Reading:
    """0 or 1 as TINYINT, from 0/1, 0.0/1.0, true/false and the words of `events.OUTCOME_WORDS`."""
    if column is None:
        return Reading("CAST(NULL AS VARCHAR)", "CAST(NULL AS TINYINT)")
    if column.type == "BOOLEAN":
        return Reading(column.sql, f"CAST({taken_as} AS TINYINT)")
    if is_number(column):
        cases = f"CASE WHEN {taken_as} = 0 THEN 0 WHEN {taken_as} = 1 THEN 1 END"
        return Reading(column.sql, f"CAST({cases} AS TINYINT)")
    lowered, parsed = f"lower(trim({taken_as}))", _number_in_text(taken_as)
    said = {**events.OUTCOME_WORDS, **events.OUTCOME_LETTERS}
    wrong, right = (
        ", ".join(literal(word) for word, meant in said.items() if meant == value)
        for value in (0, 1)
    )
    cases = (
        f"CASE WHEN {lowered} = '0' THEN 0 WHEN {lowered} = '1' THEN 1 "
        f"WHEN {lowered} IN ({wrong}) THEN 0 WHEN {lowered} IN ({right}) THEN 1 "
        f"WHEN {parsed} = 0 THEN 0 WHEN {parsed} = 1 THEN 1 END"
    )
    taken, besides = _without(column, "outcome", events.NO_OUTCOME)
    return Reading(taken, f"CAST({cases} AS TINYINT)", besides=besides)


def letter(column: Column | None, taken_as: str) -> str:
    """SQL for whether an outcome is one letter, which may be an answer rather than a judgement."""
    if column is None or column.type != TEXT:
        return "false"
    return f"coalesce(regexp_full_match(lower(trim({taken_as})), '[a-z]'), false)"


def graded(column: Column | None, taken_as: str) -> str:
    """SQL for whether an outcome is a score strictly between 0 and 1."""
    if column is None or column.type == "BOOLEAN":
        return "false"
    parsed = f"CAST({taken_as} AS DOUBLE)" if is_number(column) else _number_in_text(taken_as)
    return f"({parsed} > 0 AND {parsed} < 1)"


def time(
    column: Column | None, taken_as: str, *, formats: Sequence[str] = (), zone: str | None = None
) -> Reading:
    """A TIMESTAMP in UTC, from zoned and unzoned times, dates, ISO 8601 text and Unix times.

    Only years from `FIRST_YEAR` to `LAST_YEAR` are taken.

    Args:
        formats: of other texts, as strptime has them; they go before ISO 8601.
        zone: of times that name none; None: UTC, and it is noticed. Of the two hours of a night on
            which clocks go back it is the later one.
    """
    if column is None:
        return Reading("CAST(NULL AS VARCHAR)", "CAST(NULL AS TIMESTAMP)")
    if formats and is_number(column):
        column = Column(column.name, column.text, TEXT)
    stated = f"{taken_as} IS NOT NULL"
    if column.type == _ZONED or column.type in _UNZONED or column.type == "DATE":
        utc = (
            f"make_timestamp(epoch_us({taken_as}))"
            if column.type == _ZONED
            else f"make_timestamp({_in_zone(f'CAST({taken_as} AS TIMESTAMP)', zone)})"
            if zone
            else f"CAST({taken_as} AS TIMESTAMP)"
        )
        # Infinite times have no microseconds.
        return Reading(
            column.sql,
            f"CASE WHEN {taken_as} BETWEEN {_YEARS} THEN {utc} END",
            zoneless=stated if column.type in _UNZONED and not zone else "false",
            date_only=stated if column.type == "DATE" and not zone else "false",
            fault=f"CASE WHEN isfinite({taken_as}) THEN {_OTHER_YEAR} ELSE {_NO_TIME} END",
        )
    read = f"{taken_as}_read"
    if is_number(column):
        step = (read, f"make_timestamp({_from_unix(f'CAST({taken_as} AS DOUBLE)')})")
        return Reading(column.sql, _of_our_years(read), (step,), fault=_why(read))
    tidied, iso, unix = (f"{taken_as}_{name}" for name in ("tidied", "iso", "unix"))
    bare = f"NOT regexp_full_match(substr({tidied}, 11), {literal(_OFFSET)})"
    iso_us = f"epoch_us(TRY_CAST({tidied} AS TIMESTAMPTZ))"
    if zone:
        local = _in_zone(f"TRY_CAST({tidied} AS TIMESTAMP)", zone)
        iso_us = f"CASE WHEN {bare} THEN {local} ELSE {iso_us} END"
    read_us = f"CASE WHEN {iso} THEN {iso_us} ELSE {_from_unix(unix)} END"
    by_format = f"{taken_as}_by_format"
    steps: tuple[tuple[str, str], ...] = (
        (tidied, _tidied(taken_as)),
        (iso, f"regexp_full_match({tidied}, {literal(_ISO)})"),
        (unix, f"CASE WHEN NOT {iso} THEN {_number_in_text(taken_as)} END"),
    )
    if formats:
        read_us = f"coalesce({by_format}, {read_us})"
        steps = ((by_format, _by_format(taken_as, formats, zone)), *steps)
    steps = (*steps, (read, f"make_timestamp({read_us})"))
    zoneless, date_only = "false", "false"
    if not zone:
        unread = f"{by_format} IS NULL AND " if formats else ""
        zoneless = f"({unread}{iso} AND length({tidied}) > 10 AND {bare})"
        date_only = f"({unread}{iso} AND length({tidied}) = 10)"
        if formats and not any(map(_names_zone, formats)):
            zoneless = f"({zoneless} OR {by_format} IS NOT NULL)"
    far = f"NOT {iso} AND regexp_full_match({tidied}, {literal(_ISO_FAR)})"
    fault = f"CASE WHEN {far} THEN {_TOO_FAR} ELSE {_why(read)} END"
    return Reading(column.text, _of_our_years(read), steps, zoneless, date_only, fault)


def check_times(cursor: duckdb.DuckDBPyConnection, how: FileMapping) -> None:
    """Refuse a time zone or a format of times that there is not.

    Raises:
        UnusableFile: the message names what is meant, perhaps.
    """
    for form in how.time_formats:
        try:
            cursor.execute("SELECT try_strptime('', $form)", {"form": form})
        except duckdb.InvalidInputException:
            raise UnusableFile(
                f"{form!r} is no format of times: write it as strptime does, for example "
                "--time-format '%d/%m/%Y %H:%M'"
            ) from None
    if how.timezone is not None:
        zones = cursor.execute("SELECT name FROM pg_timezone_names()").fetchall()
        names = [name for (name,) in zones]
        if how.timezone not in names:
            near = get_close_matches(how.timezone, names, n=1, cutoff=0.5)
            raise UnusableFile(
                f"There is no time zone {how.timezone!r}; it has a name such as "
                f"{near[0] if near else 'Europe/Berlin'}."
            )


def _in_zone(local: str, zone: str) -> str:
    """SQL for the microseconds of a local time."""
    return f"epoch_us(timezone({literal(zone)}, {local}))"


def _names_zone(form: str) -> bool:
    return "%z" in form or "%Z" in form


def _by_format(sql: str, formats: Sequence[str], zone: str | None) -> str:
    """SQL for the microseconds of a text in one of the formats; NULL where it is in none."""
    read = []
    for form in formats:
        parsed = f"try_strptime(trim({sql}), {literal(form)})"
        read.append(
            f"epoch_us({parsed})" if _names_zone(form) or not zone else _in_zone(parsed, zone)
        )
    return f"coalesce({', '.join(read)})"


def _of_our_years(time: str) -> str:
    return f"CASE WHEN {time} BETWEEN {_YEARS} THEN {time} END"


def _why(time: str) -> str:
    """SQL for why a time is none of ours, from SQL for the time whatever its year."""
    return f"CASE WHEN {time} IS NOT NULL THEN {_OTHER_YEAR} ELSE {_NO_TIME} END"


def _tidied(sql: str) -> str:
    """Common ways of writing ISO 8601 made one: lower case, decimal comma, blank before a zone."""
    for read, written in ((",", "."), (" +", "+"), (" -", "-"), (" UTC", "Z"), (" Z", "Z")):
        sql = f"replace({sql}, {literal(read)}, {literal(written)})"
        if read == ",":
            sql = f"upper(trim({sql}))"
    return sql


def _number_in_text(sql: str) -> str:
    # DuckDB reads 1_000 as a number.
    return f"CASE WHEN NOT contains({sql}, '_') THEN TRY_CAST({sql} AS DOUBLE) END"


def _from_unix(sql: str) -> str:
    cases = " ".join(
        f"WHEN {sql} >= {low} AND {sql} < {high} THEN {sql} * {factor}"
        for low, high, factor in _UNIX_UNITS
    )
    low, high, factor = _UNIX_NANOSECONDS
    cases += f" WHEN {sql} >= {low} AND {sql} < {high} THEN {sql} / {factor}"
    return f"CAST(round(CASE {cases} END) AS BIGINT)"
