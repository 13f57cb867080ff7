"""One JSON document instead of lines: a list of records, or an object that holds one somewhere."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from core.ingest.file_mapping import FileMapping
from core.ingest.reading.file_format import LogFile
from core.ledger.errors import UnusableFile

#: A document is in memory as a whole; a longer one is written as lines.
MOST_BYTES_OF_A_DOCUMENT = 256_000_000
#: Lists of records are looked for so deep, and so many are named.
_DEPTH, _NAMED = 3, 8


@dataclass(frozen=True)
class Document:
    """A document whose records are staged.

    Attributes:
        n_records: how many there are.
        outer: column → value, the same for every record: what was asked for of the document
            around them.
        notices: what was decided here.
    """

    n_records: int
    outer: dict[str, str]
    notices: tuple[str, ...]


def stage_document(
    cursor: duckdb.DuckDBPyConnection, file: LogFile, how: FileMapping, first_line: str
) -> Document | None:
    """Stage the records of a document into ``staged_lines``; None where the file is lines.

    Args:
        how: names the list of records, and what else is asked for.
        first_line: of the file, not blank.

    Raises:
        UnusableFile: the list that was named is not there, or one has to be named.
    """
    begins = first_line.lstrip()[:1]
    if how.rows is None and begins != "[" and (begins != "{" or _valid(cursor, first_line)):
        return None
    text = _text(file)
    if text is None or not _valid(cursor, text):
        if how.rows is None and begins == "{":
            return None
        raise UnusableFile(_not_one(file, begins, too_long=text is None))
    cursor.execute("CREATE OR REPLACE TEMP TABLE document AS SELECT CAST($text AS JSON) AS whole",
                   {"text": text})  # fmt: skip
    try:
        return _staged(cursor, file, how, begins)
    finally:
        cursor.execute("DROP TABLE document")


def _staged(
    cursor: duckdb.DuckDBPyConnection, file: LogFile, how: FileMapping, begins: str
) -> Document:
    name = file.path.name
    pointer = "" if how.rows is None else _pointer(how.rows)
    kind = _asked(cursor, "json_type(whole, $pointer)", pointer)
    if kind == "OBJECT" and how.rows is None:
        lists = _lists(cursor)
        if lists:
            raise UnusableFile(_which(name, lists))
        return _one_record(cursor)
    if kind != "ARRAY":
        there = _lists(cursor)
        said = f" {_which(name, there)}" if there else ""
        raise UnusableFile(f"{name} has no list of records at {how.rows!r}.{said}")
    cursor.execute(
        """
        CREATE OR REPLACE TEMP TABLE staged_lines AS
        SELECT line, CASE WHEN json_type(line) <> 'OBJECT'
               THEN 'the entry of the list is not a JSON object' END AS malformed
        FROM (SELECT CAST(unnest(json_extract(json_extract(whole, $pointer), '$[*]')) AS VARCHAR)
                     AS line FROM document)
        """,
        {"pointer": pointer},
    )
    count = _asked(cursor, "json_array_length(whole, $pointer)", pointer) or 0
    outer: dict[str, str] = {}
    if begins == "{":
        for path in (*how.renames, *how.where, *how.key):
            value = _asked(cursor, "json_extract_string(whole, $pointer)", _pointer(path))
            if value is not None:
                outer[path] = str(value)
    where = f"the list {how.rows}" if how.rows is not None else "one list"
    return Document(int(count), outer, (f"Read as {where} of a JSON document.",))


def _one_record(cursor: duckdb.DuckDBPyConnection) -> Document:
    cursor.execute(
        "CREATE OR REPLACE TEMP TABLE staged_lines AS SELECT CAST(whole AS VARCHAR) AS line, "
        "CAST(NULL AS VARCHAR) AS malformed FROM document"
    )
    return Document(1, {}, ("Read as one record over several lines.",))


def _lists(cursor: duckdb.DuckDBPyConnection) -> list[tuple[str, int]]:
    """The paths of the lists of objects in the document, and how long they are."""
    found: list[tuple[str, int]] = []
    level: list[tuple[str, ...]] = [()]
    for _ in range(_DEPTH):
        below: list[tuple[str, ...]] = []
        for parts in level:
            rows = cursor.execute(
                """
                SELECT key, type, json_type(value, '/0'), json_array_length(value)
                FROM document, json_each(json_extract(whole, $pointer))
                """,
                {"pointer": "".join(map(_part, parts))},
            ).fetchall()
            for key, kind, first, length in rows:
                if kind == "ARRAY" and first == "OBJECT":
                    found.append((".".join((*parts, key)), length))
                elif kind == "OBJECT":
                    below.append((*parts, key))
        level = below[:50]
    return sorted(found, key=lambda one: -one[1])[:_NAMED]


def _which(name: str, lists: Sequence[tuple[str, int]]) -> str:
    said = ", ".join(f"{path} ({length:,})" for path, length in lists)
    return (
        f"{name} is one JSON document. Its lists of records: {said}. Say which one to read, for "
        f"example: --rows {lists[0][0]}"
    )


def _not_one(file: LogFile, begins: str, *, too_long: bool) -> str:
    name, lines = file.path.name, f"{file.path.stem}-lines.jsonl"
    if too_long:
        most = f"{MOST_BYTES_OF_A_DOCUMENT // 1_000_000} MB"
        taken = ".[]" if begins == "[" else ".NAME_OF_THE_LIST[]"
        return (
            f"{name} is longer than {most}, the most that is read as one JSON document; write one "
            f"object per line, for example: jq -c '{taken}' {name} > {lines}"
        )
    if begins == "[":
        return f"{name} begins like a JSON list, but is no JSON as a whole; write it again."
    return f"{name} is no JSON document as a whole, so it has no list to read: leave out --rows."


def _text(file: LogFile) -> str | None:
    """All of it, empty where it is no UTF-8; None where it is too long."""
    with file.open() as stream:
        content = stream.read(MOST_BYTES_OF_A_DOCUMENT + 1)
    if len(content) > MOST_BYTES_OF_A_DOCUMENT:
        return None
    try:
        return content.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError:
        return ""


def _valid(cursor: duckdb.DuckDBPyConnection, text: str) -> bool:
    row = cursor.execute("SELECT json_valid($text)", {"text": text}).fetchone()
    return row is not None and bool(row[0])


def _asked(cursor: duckdb.DuckDBPyConnection, sql: str, pointer: str) -> str | int | None:
    row = cursor.execute(f"SELECT {sql} FROM document", {"pointer": pointer}).fetchone()
    return None if row is None else row[0]


def _pointer(path: str) -> str:
    return "".join(map(_part, path.split("."))) if path else ""


def _part(key: str) -> str:
    return "/" + key.replace("~", "~0").replace("/", "~1")
