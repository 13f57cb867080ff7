"""SQL that reads a field whatever type the file gives it: as text, number, time or truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.ingest.raw_records import Column
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
    """

    taken: str
    value: str
    steps: tuple[tuple[str, str], ...] = ()
    zoneless: str = "false"
    date_only: str = "false"
    fault: str = "NULL"


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
    """0 or 1 as TINYINT, from 0/1, 0.0/1.0 or true/false."""
    if column is None:
        return Reading("CAST(NULL AS VARCHAR)", "CAST(NULL AS TINYINT)")
    if column.type == "BOOLEAN":
        return Reading(column.sql, f"CAST({taken_as} AS TINYINT)")
    if is_number(column):
        cases = f"CASE WHEN {taken_as} = 0 THEN 0 WHEN {taken_as} = 1 THEN 1 END"
        return Reading(column.sql, f"CAST({cases} AS TINYINT)")
    lowered, parsed = f"lower(trim({taken_as}))", _number_in_text(taken_as)
    cases = (
        f"CASE WHEN {lowered} IN ('0', 'false') THEN 0 WHEN {lowered} IN ('1', 'true') THEN 1 "
        f"WHEN {parsed} = 0 THEN 0 WHEN {parsed} = 1 THEN 1 END"
    )
    return Reading(column.text, f"CAST({cases} AS TINYINT)")


def graded(column: Column | None, taken_as: str) -> str:
    """SQL for whether an outcome is a score strictly between 0 and 1."""
    if column is None or column.type == "BOOLEAN":
        return "false"
    parsed = f"CAST({taken_as} AS DOUBLE)" if is_number(column) else _number_in_text(taken_as)
    return f"({parsed} > 0 AND {parsed} < 1)"


def time(column: Column | None, taken_as: str) -> Reading:
    """A TIMESTAMP in UTC, from zoned and unzoned times, dates, ISO 8601 text and Unix times.

    Only years from `FIRST_YEAR` to `LAST_YEAR` are taken.
    """
    if column is None:
        return Reading("CAST(NULL AS VARCHAR)", "CAST(NULL AS TIMESTAMP)")
    stated = f"{taken_as} IS NOT NULL"
    if column.type == _ZONED or column.type in _UNZONED or column.type == "DATE":
        utc = (
            f"make_timestamp(epoch_us({taken_as}))"
            if column.type == _ZONED
            else f"CAST({taken_as} AS TIMESTAMP)"
        )
        # Infinite times have no microseconds.
        return Reading(
            column.sql,
            f"CASE WHEN {taken_as} BETWEEN {_YEARS} THEN {utc} END",
            zoneless=stated if column.type in _UNZONED else "false",
            date_only=stated if column.type == "DATE" else "false",
            fault=f"CASE WHEN isfinite({taken_as}) THEN {_OTHER_YEAR} ELSE {_NO_TIME} END",
        )
    read = f"{taken_as}_read"
    if is_number(column):
        step = (read, f"make_timestamp({_from_unix(f'CAST({taken_as} AS DOUBLE)')})")
        return Reading(column.sql, _of_our_years(read), (step,), fault=_why(read))
    tidied, iso, unix = (f"{taken_as}_{name}" for name in ("tidied", "iso", "unix"))
    steps = (
        (tidied, _tidied(taken_as)),
        (iso, f"regexp_full_match({tidied}, {literal(_ISO)})"),
        (unix, f"CASE WHEN NOT {iso} THEN {_number_in_text(taken_as)} END"),
        (
            read,
            f"make_timestamp(CASE WHEN {iso} THEN epoch_us(TRY_CAST({tidied} AS TIMESTAMPTZ)) "
            f"ELSE {_from_unix(unix)} END)",
        ),
    )
    zoneless = (
        f"({iso} AND length({tidied}) > 10 "
        f"AND NOT regexp_full_match(substr({tidied}, 11), {literal(_OFFSET)}))"
    )
    far = f"NOT {iso} AND regexp_full_match({tidied}, {literal(_ISO_FAR)})"
    fault = f"CASE WHEN {far} THEN {_TOO_FAR} ELSE {_why(read)} END"
    date_only = f"({iso} AND length({tidied}) = 10)"
    return Reading(column.text, _of_our_years(read), steps, zoneless, date_only, fault)


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
