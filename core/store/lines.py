"""Text read line by line, for files in which some lines are at fault.

Slower than DuckDB's reader, but one bad line costs exactly one record, keeps its text, and
leaves every other record its place.
"""

from __future__ import annotations

import csv
import io
from collections import deque
from collections.abc import Iterator, Sequence

import duckdb
import pyarrow as pa

from core.store.filetype import LogFile
from core.store.ledger import quoted

#: A quoted value may go on over this many lines; beyond, its opening quote is taken for a slip.
MOST_LINES_OF_A_RECORD = 200
_BATCH = 20_000

#: (fields, None, None) of a record, or (None, why, text) of a line that is none.
_Line = tuple[Sequence[str] | None, str | None, str | None]


def careful_csv(
    cursor: duckdb.DuckDBPyConnection,
    file: LogFile,
    table: str,
    fields: Sequence[str],
    separator: str,
) -> None:
    """Stage a CSV file into the temporary ``table``: the fields, then malformed and raw."""
    trimmed = ", ".join(f"trim({field})" for field in fields)
    rows = _csv_rows(file, len(fields), separator)
    _stage(cursor, table, (*fields, "malformed", "raw"), rows, f"{trimmed}, malformed, raw")


def careful_jsonl(cursor: duckdb.DuckDBPyConnection, file: LogFile, table: str) -> None:
    """Stage the lines of a JSONL file into the temporary ``table``: line, malformed."""
    _stage(cursor, table, ("line", "malformed"), _jsonl_rows(file))


def _stage(
    cursor: duckdb.DuckDBPyConnection,
    table: str,
    names: Sequence[str],
    rows: Iterator[Sequence[str | None]],
    taken: str = "*",
) -> None:
    typed = ", ".join(f"{quoted(name)} VARCHAR" for name in names)
    cursor.execute(f"CREATE OR REPLACE TEMP TABLE {table} ({typed})")
    schema = pa.schema([(name, pa.string()) for name in names])
    batch: list[Sequence[str | None]] = []

    def flush() -> None:
        columns = list(zip(*batch, strict=True))
        arrow = pa.table([pa.array(column, pa.string()) for column in columns], schema=schema)
        cursor.register("line_batch", arrow)
        cursor.execute(f"INSERT INTO {table} SELECT {taken} FROM line_batch")
        cursor.unregister("line_batch")
        batch.clear()

    for row in rows:
        batch.append(row)
        if len(batch) == _BATCH:
            flush()
    if batch:
        flush()


def _jsonl_rows(file: LogFile) -> Iterator[Sequence[str | None]]:
    with file.open() as stream:
        for line in stream:
            text, fault = _decoded(line.removeprefix(b"\xef\xbb\xbf"))
            if text.strip():
                yield text, fault


def _csv_rows(file: LogFile, width: int, separator: str) -> Iterator[Sequence[str | None]]:
    blank: tuple[None, ...] = (None,) * width
    for fields, fault, raw in _csv_records(file, width, separator):
        if fields is None:
            yield (*blank, fault, raw)
        else:
            yield (*fields, None, None)


def _csv_records(file: LogFile, width: int, separator: str) -> Iterator[_Line]:
    """Every record after the header.

    A line that opens a quote takes the following ones with it up to the one that closes it. If
    that does not make a record, the first line alone is at fault and the others are read anew.
    """
    with file.open() as stream:
        fresh = (line for line in stream if line.strip())
        next(fresh, None)
        again: deque[bytes] = deque()
        while (line := _next(again, fresh)) is not None:
            lines, quotes = [line], line.count(b'"')
            while quotes % 2 == 1 and len(lines) < MOST_LINES_OF_A_RECORD:
                following = _next(again, fresh)
                if following is None:
                    break
                lines.append(following)
                quotes += following.count(b'"')
            fields, fault = _parsed(lines, quotes, width, separator)
            if fault is None:
                yield fields, None, None
            else:
                again.extendleft(reversed(lines[1:]))
                yield None, fault, _decoded(line)[0]


def _next(again: deque[bytes], fresh: Iterator[bytes]) -> bytes | None:
    return again.popleft() if again else next(fresh, None)


def _parsed(
    lines: Sequence[bytes], quotes: int, width: int, separator: str
) -> tuple[Sequence[str] | None, str | None]:
    """The record's fields, or why the lines are no record."""
    text, fault = _decoded(b"".join(lines))
    if fault is not None:
        return None, fault
    if quotes % 2 == 1:
        return None, "a quote is opened and never closed"
    if quotes == 0:
        fields = text.split(separator)
        if len(fields) == width:
            return fields, None
        return None, f"{len(fields)} fields where the header has {width}"
    try:
        records = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error as error:
        return None, f"the quotes do not pair up ({error})"
    if len(records) != 1 or len(records[0]) != width:
        return None, f"{len(records[0])} fields where the header has {width}"
    return records[0], None


def _decoded(line: bytes) -> tuple[str, str | None]:
    """The line's text, and what is wrong with its encoding; wrong bytes are shown in hex."""
    try:
        return line.decode("utf-8").rstrip("\r\n"), None
    except UnicodeDecodeError as error:
        fault = f"byte {error.start + 1} of the line, 0x{line[error.start]:02X}, is not UTF-8"
        return line.decode("utf-8", "backslashreplace").rstrip("\r\n"), fault
