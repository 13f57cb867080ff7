"""Files into `Records`: Parquet is scanned where it lies, text is staged once.

DuckDB's own reader takes text that is in order. At the first line it refuses, the file is read
again with care by `core.store.lines`, which finds out exactly which lines are at fault: DuckDB
gives up everything between one stray quote and the next.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

import duckdb

from core.store.filetype import LogFile, UnusableFile
from core.store.lines import careful_csv, careful_jsonl
from core.store.records import Column, Records, json_pointer, literal, parquet_column, path_literal

#: A file with more columns is taken for one whose keys are data.
MOST_COLUMNS = 1000

_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}
_LINE_READER = (
    "read_csv({path}, auto_detect = false, header = false, delim = e'\\x01', quote = '', "
    "escape = '', strict_mode = false, compression = {compression}, "
    "columns = {{'line': 'VARCHAR'}}{rejects})"
)
_REJECTS = (
    ", store_rejects = true, rejects_limit = 1, "
    "rejects_table = 'rejected_lines', rejects_scan = 'rejecting_scans'"
)


class LinesAtFault(Exception):  # noqa: N818 (not an error: the file is to be read with care)
    """DuckDB refused a line of a text file; its transaction may have ended."""


def read_records(cursor: duckdb.DuckDBPyConnection, file: LogFile, *, careful: bool) -> Records:
    """Make the records of ``file`` readable on this cursor.

    Args:
        cursor: in a transaction.
        file: what to read.
        careful: read text line by line.

    Raises:
        LinesAtFault: some line needs care, and ``careful`` is false.
        UnusableFile: no header, no records, the same column twice, or a damaged file.
    """
    name = file.path.name
    try:
        if file.format == "parquet":
            return _read_parquet(cursor, file)
        if file.format == "csv":
            return _read_csv(cursor, file, careful)
        return _read_jsonl(cursor, file, careful)
    except duckdb.Error as error:
        # Of a damaged file some versions of DuckDB raise their most general error.
        if type(error) not in (duckdb.Error, duckdb.IOException, duckdb.InvalidInputException):
            raise
        raise damaged(name, error) from error


def damaged(name: str, error: duckdb.Error) -> UnusableFile:
    """DuckDB's complaint about a file, in one sentence."""
    first_line = str(error).splitlines()[0].removesuffix(".")
    return UnusableFile(f"{name} is damaged or truncated and cannot be read: {first_line}.")


def _read_parquet(cursor: duckdb.DuckDBPyConnection, file: LogFile) -> Records:
    relation = f"read_parquet({path_literal(file.path)})"
    described = cursor.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    if any(name.lower() == "file_row_number" for name, *_ in described):
        raise UnusableFile(
            f"{file.path.name} has a column file_row_number, a name that DuckDB keeps for itself; "
            "rename it."
        )
    columns = tuple(parquet_column(name, type_) for name, type_, *_ in described)
    return Records(relation, columns, "file_row_number + 1")


def _read_csv(cursor: duckdb.DuckDBPyConnection, file: LogFile, careful: bool) -> Records:
    header, n_blank = _first_line(file)
    separator = max(_SEPARATORS, key=lambda mark: (header.count(mark), mark == ","))
    names = _header_names(file, header, separator)
    notices = () if separator == "," else (f"Read as separated by {_SEPARATORS[separator]}.",)
    fields = [f"c{i}" for i in range(len(names))]
    if careful:
        careful_csv(cursor, file, "staged", fields, separator)
    else:
        typed = ", ".join(f"'{field}': 'VARCHAR'" for field in fields)
        trimmed = ", ".join(f"trim({field}) AS {field}" for field in fields)
        _stage(
            cursor,
            "staged",
            f"SELECT {trimmed} FROM read_csv({path_literal(file.path)}, auto_detect = false, "
            f"header = true, skip = {n_blank}, delim = {literal(separator)}, quote = '\"', "
            f"escape = '\"', compression = {literal(file.compression)}, "
            f"columns = {{{typed}}}{_REJECTS})",
        )
    return _staged_records(cursor, names, fields, faults=careful, notices=notices)


def _read_jsonl(cursor: duckdb.DuckDBPyConnection, file: LogFile, careful: bool) -> Records:
    name = file.path.name
    if _first_line(file)[0].lstrip().startswith("["):
        raise UnusableFile(
            f"{name} is a JSON array; write one object per line, for example: "
            f"jq -c '.[]' {name} > {file.path.stem}-lines.jsonl"
        )
    if careful:
        careful_jsonl(cursor, file, "json_lines")
    else:
        path, compression = path_literal(file.path), literal(file.compression)
        lines = _LINE_READER.format(path=path, compression=compression, rejects=_REJECTS)
        _stage(
            cursor, "json_lines", f"SELECT line, CAST(NULL AS VARCHAR) AS malformed FROM {lines}"
        )
    cursor.execute(
        """
        CREATE OR REPLACE TEMP TABLE staged_lines AS
        SELECT line, CASE
            WHEN malformed IS NOT NULL THEN malformed
            WHEN NOT json_valid(line) THEN 'the line is not JSON'
            WHEN json_type(line) <> 'OBJECT' THEN 'the line is not a JSON object' END AS malformed
        FROM json_lines WHERE malformed IS NOT NULL OR trim(line) <> ''
        """
    )
    names = [
        key
        for (key,) in cursor.execute(
            """
            SELECT key FROM (
                SELECT unnest(json_keys(line)) AS key FROM staged_lines WHERE malformed IS NULL)
            GROUP BY key ORDER BY key
            """
        ).fetchall()
    ]
    if not names:
        raise UnusableFile(
            f"{name} has no line that is a JSON object; write one per line, for example: "
            f"jq -c . {name} > {file.path.stem}-lines.jsonl"
        )
    _refuse_too_many(name, names)
    pointers = ", ".join(json_pointer(key) for key in names)
    picked = ", ".join(f"texts[{i + 1}] AS c{i}" for i in range(len(names)))
    cursor.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE staged AS
        SELECT {picked}, malformed, CASE WHEN malformed IS NOT NULL THEN line END AS raw
        FROM (
            SELECT line, malformed,
                   CASE WHEN malformed IS NULL
                        THEN json_extract_string(line, [{pointers}]) END AS texts
            FROM staged_lines)
        """
    )
    cursor.execute("DROP TABLE json_lines; DROP TABLE staged_lines")
    return _staged_records(cursor, names, [f"c{i}" for i in range(len(names))], faults=True)


def _staged_records(
    cursor: duckdb.DuckDBPyConnection,
    names: Sequence[str],
    fields: Sequence[str],
    *,
    faults: bool,
    notices: tuple[str, ...] = (),
) -> Records:
    # Inside a transaction the rows of a new table are not numbered from 0.
    row = cursor.execute("SELECT coalesce(min(rowid), 0) FROM staged").fetchone()
    number = f"rowid - {row[0] if row else 0} + 1"
    columns = tuple(
        Column(name, field, "VARCHAR") for name, field in zip(names, fields, strict=True)
    )
    if not faults:
        return Records("staged", columns, number, notices=notices)
    return Records("staged", columns, number, "malformed", "raw", notices)


def _stage(cursor: duckdb.DuckDBPyConnection, table: str, query: str) -> None:
    try:
        cursor.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {query}")
    except duckdb.InvalidInputException as error:
        raise LinesAtFault from error
    if cursor.execute("SELECT 1 FROM rejected_lines LIMIT 1").fetchone() is not None:
        raise LinesAtFault


def _first_line(file: LogFile) -> tuple[str, int]:
    """The first line that is not blank, and how many blank ones come before it."""
    with file.open() as stream:
        for n_blank, line in enumerate(stream):
            text = line.decode("utf-8-sig", "replace").strip("\r\n")
            if "\r" in text:
                raise UnusableFile(
                    f"{file.path.name} ends its lines in the old Mac manner (CR alone); convert "
                    f"it, for example: tr '\\r' '\\n' < {file.path.name} > new-{file.path.name}"
                )
            if text.strip():
                return text, n_blank
    raise UnusableFile(f"{file.path.name} has nothing but blank lines.")


def _header_names(file: LogFile, header: str, separator: str) -> list[str]:
    name = file.path.name
    found = next(csv.reader(io.StringIO(header), delimiter=separator))
    names = [column.strip() or f"column{i + 1}" for i, column in enumerate(found)]
    seen: set[str] = set()
    for column in names:
        if column in seen:
            raise UnusableFile(f"{name} has two columns named {column!r}; rename one.")
        seen.add(column)
    _refuse_too_many(name, names)
    return names


def _refuse_too_many(name: str, columns: Sequence[str]) -> None:
    if len(columns) > MOST_COLUMNS:
        raise UnusableFile(
            f"{name} has {len(columns):,} different columns, more than {MOST_COLUMNS:,}: "
            "its keys seem to be data; put them into one nested object."
        )
