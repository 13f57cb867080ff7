"""Files into `Records`: Parquet is scanned where it lies, text is staged once.

DuckDB's own reader takes text that is in order. At the first line it refuses, the file is read
again with care by `core.ingest.reading.malformed_lines`, which finds out exactly which lines are at
fault: DuckDB gives up everything between one stray quote and the next. It is read so too where
DuckDB gives another number of records than `core.ingest.reading.survey` counted: it ends a file
early, without a word, at a line longer than its buffer.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

import duckdb

from core.ingest.file_mapping import PLAIN, FileMapping
from core.ingest.reading.file_format import LogFile
from core.ingest.reading.json_document import stage_document
from core.ingest.reading.malformed_lines import TOO_LONG, careful_csv, careful_jsonl, line_mend
from core.ingest.reading.parsing import is_number
from core.ingest.reading.raw_records import (
    Column,
    Records,
    json_pointer,
    key_given_twice,
    object_of,
    parquet_column,
    path_literal,
    said_twice,
)
from core.ingest.reading.survey import (
    MOST_BYTES_OF_A_RECORD,
    MOST_IN_WORDS,
    LongLine,
    bounded_lines,
)
from core.ledger.errors import UnusableFile
from core.ledger.sql import literal

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
    """DuckDB refused or lost a line of a text file; its transaction may have ended."""


def read_records(
    cursor: duckdb.DuckDBPyConnection,
    file: LogFile,
    *,
    careful: bool,
    how: FileMapping = PLAIN,
) -> Records:
    """Make the records of ``file`` readable on this cursor.

    Args:
        careful: read text line by line.
        how: where in a JSON document the records are.

    Raises:
        LinesAtFault: some line needs care, and ``careful`` is false.
        UnusableFile: no header, no records, the same column twice, or a damaged file.
    """
    name = file.path.name
    if how.rows is not None and file.format != "jsonl":
        raise UnusableFile(f"{name} is no JSON document: leave out --rows.")
    try:
        if file.format == "parquet":
            return _read_parquet(cursor, file)
        if file.format == "csv":
            return _read_csv(cursor, file, careful)
        return _read_jsonl(cursor, file, careful, how)
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
    # Asked of the footer alone: to bind so many columns may take minutes.
    count = _number(
        cursor, f"SELECT num_children FROM parquet_schema({path_literal(file.path)}) LIMIT 1"
    )
    _refuse_too_many(file.path.name, count)
    described = cursor.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    if any(name.lower() == "file_row_number" for name, *_ in described):
        raise UnusableFile(
            f"{file.path.name} has a column file_row_number, a name that DuckDB keeps for itself; "
            "rename it."
        )
    columns = tuple(parquet_column(name, type_) for name, type_, *_ in described)
    large = _large_columns(cursor, file, columns)
    count = _number(
        cursor, f"SELECT num_rows FROM parquet_file_metadata({path_literal(file.path)})"
    )
    if not large:
        return Records(relation, columns, "file_row_number + 1", count)
    size = " + ".join(f"coalesce(strlen({column.text}), 0)" for column in large)
    too_long = f"({size}) > {MOST_BYTES_OF_A_RECORD}"
    record = object_of(columns)
    return Records(
        relation,
        columns,
        "file_row_number + 1",
        count,
        malformed=f"CASE WHEN {too_long} THEN {literal(TOO_LONG)} END",
        raw=f"CASE WHEN {too_long} THEN left({record}, 2000) || '… (' || "
        f"format('{{:,}}', strlen({record})) || ' bytes, SHA-256 ' || sha256({record}) || ')' END",
        mend=line_mend(literal(TOO_LONG)),
    )


def _large_columns(
    cursor: duckdb.DuckDBPyConnection, file: LogFile, columns: Sequence[Column]
) -> list[Column]:
    """The columns, by the file's own index, of which some row group is larger than a record may be.

    Only these can hold a cell that is too long. A group whose cells are too long on average is not
    even begun, since its pages have to be in memory as a whole.
    """
    found = cursor.execute(
        f"""
        SELECT path_in_schema, max(total_uncompressed_size),
               max(total_uncompressed_size / greatest(num_values, 1))
        FROM parquet_metadata({path_literal(file.path)}) GROUP BY path_in_schema
        HAVING max(total_uncompressed_size) > {MOST_BYTES_OF_A_RECORD}
        """
    ).fetchall()
    for path, _, average in found:
        if average > MOST_BYTES_OF_A_RECORD:
            raise UnusableFile(
                f"{file.path.name} has cells of {average:,.0f} bytes on average in the column "
                f"{path!r}, and a record has at most {MOST_IN_WORDS}; leave that column out, or "
                "shorten its texts."
            )
    # A nested column's path goes on after a comma.
    paths = [path for path, *_ in found]
    return [
        column
        for column in columns
        if any(path == column.name or path.startswith(f"{column.name}, ") for path in paths)
        and not is_number(column)
    ]


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
        # The survey counted the header too.
        _account(cursor, "staged", file, n_header=1)
    return _staged_records(cursor, names, fields, faults=careful, notices=notices)


def _read_jsonl(
    cursor: duckdb.DuckDBPyConnection, file: LogFile, careful: bool, how: FileMapping
) -> Records:
    name = file.path.name
    document = stage_document(cursor, file, how, _first_line(file)[0])
    if document is None:
        _stage_lines(cursor, file, careful)
    elif _number(cursor, "SELECT count(*) FROM staged_lines") != document.n_records:
        raise UnusableFile(f"{name} was not read to its end; import it again.")
    cursor.execute(
        """
        CREATE OR REPLACE TEMP TABLE key_lists AS
        SELECT DISTINCT json_keys(line) AS keys FROM staged_lines WHERE malformed IS NULL
        """
    )
    names = [
        key
        for (key,) in cursor.execute(
            "SELECT DISTINCT key FROM (SELECT unnest(keys) AS key FROM key_lists) ORDER BY key"
        ).fetchall()
    ]
    if not names:
        raise UnusableFile(
            f"{name} has no line that is a JSON object of at most {MOST_IN_WORDS}; write one per "
            f"line, for example: jq -c . {name} > {file.path.stem}-lines.jsonl"
            if document is None
            else f"{name} has no record in its list: each is to be a JSON object."
        )
    outer = {} if document is None else document.outer
    outer = {path: value for path, value in outer.items() if path.split(".")[0] not in names}
    _refuse_too_many(name, len(names))
    _refuse_keys_given_twice(cursor)
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
    cursor.execute("DROP TABLE staged_lines; DROP TABLE key_lists")
    fields = [f"c{i}" for i in range(len(names))]
    around = [f"CASE WHEN malformed IS NULL THEN {literal(value)} END" for value in outer.values()]
    notices = () if document is None else document.notices
    return _staged_records(
        cursor, [*names, *outer], [*fields, *around], faults=True, notices=notices
    )


def _stage_lines(cursor: duckdb.DuckDBPyConnection, file: LogFile, careful: bool) -> None:
    """Stage the lines that are not blank: line, and malformed where it is no record."""
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
        FROM json_lines WHERE malformed IS NOT NULL OR trim(line, e' \\t\\r\\x0B\\x0C') <> ''
        """
    )
    cursor.execute("DROP TABLE json_lines")
    if not careful:
        _account(cursor, "staged_lines", file)


def _refuse_keys_given_twice(cursor: duckdb.DuckDBPyConnection) -> None:
    """Mark the lines that give a key twice: which of the two is meant cannot be told."""
    row = cursor.execute(
        "SELECT 1 FROM key_lists WHERE len(keys) > list_unique(keys) LIMIT 1"
    ).fetchone()
    if row is None:
        return
    twice = key_given_twice("line")
    cursor.execute(
        f"""
        UPDATE staged_lines SET malformed = {said_twice(twice)}
        WHERE malformed IS NULL AND {twice} IS NOT NULL
        """
    )


def _staged_records(
    cursor: duckdb.DuckDBPyConnection,
    names: Sequence[str],
    fields: Sequence[str],
    *,
    faults: bool,
    notices: tuple[str, ...] = (),
) -> Records:
    # Inside a transaction the rows of a new table are not numbered from 0.
    first = _number(cursor, "SELECT coalesce(min(rowid), 0) FROM staged")
    number, count = f"rowid - {first} + 1", _number(cursor, "SELECT count(*) FROM staged")
    columns = tuple(
        Column(name, field, "VARCHAR") for name, field in zip(names, fields, strict=True)
    )
    if not faults:
        return Records("staged", columns, number, count, notices=notices)
    mend = line_mend("malformed")
    return Records("staged", columns, number, count, "malformed", "raw", mend, notices)


def _stage(cursor: duckdb.DuckDBPyConnection, table: str, query: str) -> None:
    try:
        cursor.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {query}")
    except duckdb.InvalidInputException as error:
        raise LinesAtFault from error
    if cursor.execute("SELECT 1 FROM rejected_lines LIMIT 1").fetchone() is not None:
        raise LinesAtFault


def _account(
    cursor: duckdb.DuckDBPyConnection, table: str, file: LogFile, *, n_header: int = 0
) -> None:
    """Believe DuckDB's reader only where it found every record that was counted.

    Raises:
        LinesAtFault: it did not.
    """
    assert file.survey is not None
    if _number(cursor, f"SELECT count(*) FROM {table}") + n_header != file.survey.n_records:
        raise LinesAtFault


def _number(cursor: duckdb.DuckDBPyConnection, query: str) -> int:
    row = cursor.execute(query).fetchone()
    assert row is not None
    return int(row[0])


def _first_line(file: LogFile) -> tuple[str, int]:
    """The first line that is not blank, and how many blank ones come before it."""
    with file.open() as stream:
        for n_blank, line in enumerate(bounded_lines(stream)):
            if isinstance(line, LongLine):
                return _long_first_line(file, line), n_blank
            text = line.decode("utf-8-sig", "replace").strip("\r\n")
            if "\r" in text:
                raise UnusableFile(
                    f"{file.path.name} ends its lines in the old Mac manner (CR alone); convert "
                    f"it, for example: tr '\\r' '\\n' < {file.path.name} > new-{file.path.name}"
                )
            if text.strip():
                return text, n_blank
    raise UnusableFile(f"{file.path.name} has nothing but blank lines.")


def _long_first_line(file: LogFile, line: LongLine) -> str:
    if file.format == "csv":
        raise UnusableFile(
            f"{file.path.name} begins with a line of {line.size:,} bytes, and a header has at most "
            f"{MOST_IN_WORDS}; write one record per line, below a line that names the columns."
        )
    return line.head.decode("utf-8", "replace")


def _header_names(file: LogFile, header: str, separator: str) -> list[str]:
    name = file.path.name
    found = next(csv.reader(io.StringIO(header), delimiter=separator))
    names = [column.strip() or f"column{i + 1}" for i, column in enumerate(found)]
    seen: set[str] = set()
    for column in names:
        if column in seen:
            raise UnusableFile(f"{name} has two columns named {column!r}; rename one.")
        seen.add(column)
    _refuse_too_many(name, len(names))
    return names


def _refuse_too_many(name: str, columns: int) -> None:
    if columns > MOST_COLUMNS:
        raise UnusableFile(
            f"{name} has {columns:,} different columns, more than {MOST_COLUMNS:,}: "
            "its keys seem to be data; put them into one nested object."
        )
