"""Text read line by line, for files in which some lines are at fault.

Slower than DuckDB's reader, but one bad line costs exactly one record, keeps its text, and
leaves every other record its place. A line beyond the bound on a record's size is passed over in
pieces and keeps its beginning.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
from collections import deque
from collections.abc import Iterator, Sequence

import duckdb
import pyarrow as pa

from core.ingest.reading.file_format import LogFile
from core.ingest.reading.survey import (
    MOST_BYTES_OF_A_RECORD,
    MOST_IN_WORDS,
    LongLine,
    bounded_lines,
)
from core.ledger.errors import UnusableFile
from core.ledger.sql import literal, quoted

#: Where a quote is opened and a line after it would be a record by itself, the quote is taken for a
#: slip unless it is closed within so many lines.
MOST_LINES_OF_A_SLIP = 200
_BATCH, _BATCH_BYTES = 20_000, 32_000_000
#: As much of a line that is too long as is kept of it, in bytes.
_HEAD = 2_000
#: Said of a record beyond the bound.
TOO_LONG = f"longer than {MOST_IN_WORDS}, the most a record may have"

#: (fields, None, None) of a record, or (None, why, text) of a line that is none.
_Line = tuple[Sequence[str] | None, str | None, str | None]

# The module's own limit, 131,072, would refuse records that DuckDB's reader takes.
csv.field_size_limit(max(csv.field_size_limit(), MOST_BYTES_OF_A_RECORD))


def line_mend(malformed: str) -> str:
    """SQL for what to do about a line that is no record, from the SQL for why it is none."""
    return (
        f"CASE WHEN {malformed} = {literal(TOO_LONG)} "
        "THEN 'shorten its longest text, or leave that text out' "
        f"WHEN {malformed} LIKE 'the key % stands there twice' THEN 'keep one of the two' "
        "ELSE 'write the line anew' END"
    )


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
    size = 0

    def flush() -> None:
        columns = list(zip(*batch, strict=True))
        arrow = pa.table([pa.array(column, pa.string()) for column in columns], schema=schema)
        cursor.register("line_batch", arrow)
        cursor.execute(f"INSERT INTO {table} SELECT {taken} FROM line_batch")
        cursor.unregister("line_batch")
        batch.clear()

    for row in rows:
        batch.append(row)
        size += sum(len(text) for text in row if text is not None)
        if len(batch) == _BATCH or size > _BATCH_BYTES:
            flush()
            size = 0
    if batch:
        flush()


def _jsonl_rows(file: LogFile) -> Iterator[Sequence[str | None]]:
    with file.open() as stream:
        for line in _Lines(file, bounded_lines(stream)):
            if isinstance(line, LongLine):
                yield _beginning(line), TOO_LONG
            elif line.strip():
                yield _decoded(line)


class _Lines:
    """The lines of a file without its byte order mark, every one of which has to come by."""

    def __init__(self, file: LogFile, lines: Iterator[bytes | LongLine]) -> None:
        self._file, self._lines = file, lines

    def __iter__(self) -> Iterator[bytes | LongLine]:
        count = 0
        for count, line in enumerate(self._lines, 1):
            if count == 1 and isinstance(line, bytes):
                yield line.removeprefix(codecs.BOM_UTF8)
            else:
                yield line
        assert self._file.survey is not None
        if count != self._file.survey.n_lines:
            raise lost(self._file, count, self._file.survey.n_lines, "lines")


def lost(file: LogFile, found: int, expected: int, what: str) -> UnusableFile:
    """The reader met another number of lines or records than the survey counted."""
    return UnusableFile(
        f"{file.path.name} was read as {found:,} {what}, but has {expected:,}: it seems to have "
        "changed while it was read; import it again when it is finished."
    )


def _csv_rows(file: LogFile, width: int, separator: str) -> Iterator[Sequence[str | None]]:
    blank: tuple[None, ...] = (None,) * width
    with file.open() as stream:
        lines = iter(_Lines(file, bounded_lines(stream)))
        next(line for line in lines if not _is_blank(line))
        for fields, fault, raw in _CsvRecords(lines, width, separator):
            if fields is None:
                yield (*blank, fault, raw)
            else:
                yield (*fields, None, None)


class _CsvRecords:
    """Every record of the lines after the header.

    A line that opens a quote takes the following ones with it up to the one that closes it. If
    that does not make a record, the first line alone is at fault and the others are read anew.
    """

    def __init__(self, lines: Iterator[bytes | LongLine], width: int, separator: str) -> None:
        self._fresh, self._width, self._separator = lines, width, separator
        self._again: deque[bytes | LongLine] = deque()

    def __iter__(self) -> Iterator[_Line]:
        while (line := self._next()) is not None:
            if isinstance(line, LongLine):
                yield None, TOO_LONG, _beginning(line)
            elif line.strip():
                lines, endless = self._quoted(line)
                if endless:
                    yield None, TOO_LONG, _beginning(self._passed_over(lines))
                    continue
                fields, fault = _parsed(lines, self._width, self._separator)
                if fault is None:
                    yield fields, None, None
                else:
                    self._again.extendleft(reversed(lines[1:]))
                    yield None, fault, _decoded(line)[0]

    def _next(self) -> bytes | LongLine | None:
        return self._again.popleft() if self._again else next(self._fresh, None)

    def _is_record(self, line: bytes) -> bool:
        return b'"' not in line and line.count(self._separator.encode()) == self._width - 1

    def _quoted(self, line: bytes) -> tuple[list[bytes], bool]:
        """The lines up to the closing quote, and whether they are too long for a record.

        Where one that follows would be a record by itself, the quote may be a slip, and the
        search for its end is kept short.
        """
        lines, size, odd, slip = [line], len(line), line.count(b'"') % 2 == 1, False
        while odd and not (slip and len(lines) >= MOST_LINES_OF_A_SLIP):
            following = self._next()
            if following is None:
                break
            too_long = isinstance(following, LongLine)
            if isinstance(following, LongLine) or size + len(following) > MOST_BYTES_OF_A_RECORD:
                self._again.appendleft(following)
                return lines, not (slip or too_long)
            lines.append(following)
            size += len(following)
            odd ^= following.count(b'"') % 2 == 1
            slip = slip or self._is_record(following)
        return lines, False

    def _passed_over(self, lines: Sequence[bytes]) -> LongLine:
        """Go on to the closing quote, or to the next line that is a record by itself."""
        digest = hashlib.sha256(b"".join(lines))
        size = sum(map(len, lines))
        while (line := self._next()) is not None:
            if isinstance(line, LongLine) or self._is_record(line):
                self._again.appendleft(line)
                break
            digest.update(line)
            size += len(line)
            if line.count(b'"') % 2 == 1:
                break
        return LongLine(lines[0], size, digest.hexdigest())


def _is_blank(line: bytes | LongLine) -> bool:
    return isinstance(line, bytes) and not line.strip()


def _beginning(line: LongLine) -> str:
    """What is kept of a line that is too long; the hash tells two of the same beginning apart."""
    head = line.head[:_HEAD].decode("utf-8", "backslashreplace").rstrip("\r\n")
    return f"{head}… ({line.size:,} bytes, SHA-256 {line.sha256})"


def _parsed(
    lines: Sequence[bytes], width: int, separator: str
) -> tuple[Sequence[str] | None, str | None]:
    """The record's fields, or why the lines are no record."""
    text, fault = _decoded(b"".join(lines))
    if fault is not None:
        return None, fault
    quotes = text.count('"')
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
    if len(records) != 1:
        return None, "a line end (CR alone) outside quotes"
    if len(records[0]) != width:
        return None, f"{len(records[0])} fields where the header has {width}"
    return records[0], None


def _decoded(line: bytes) -> tuple[str, str | None]:
    """The line's text, and what is wrong with its encoding; wrong bytes are shown in hex."""
    try:
        return line.decode("utf-8").rstrip("\r\n"), None
    except UnicodeDecodeError as error:
        fault = f"byte {error.start + 1} of the line, 0x{line[error.start]:02X}, is not UTF-8"
        return line.decode("utf-8", "backslashreplace").rstrip("\r\n"), fault
