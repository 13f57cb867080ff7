"""The records of one file as a relation that SQL can scan, whatever the format."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from core.ledger.sql import literal, quoted

#: Column types that hold text; everything else has a type of its own.
TEXT = "VARCHAR"


@dataclass(frozen=True)
class Column:
    """One column of a file.

    Attributes:
        name: as the file has it.
        sql: its value as an expression over the relation.
        type: its DuckDB type, e.g. VARCHAR, DOUBLE, TIMESTAMP WITH TIME ZONE.
    """

    name: str
    sql: str
    type: str

    @property
    def text(self) -> str:
        """SQL for the value as text, the same whatever the format; NULL when empty."""
        if self.type == TEXT:
            return f"nullif({self.sql}, '')"
        if self.type == "TIMESTAMP WITH TIME ZONE":
            utc = f"make_timestamp(epoch_us({self.sql}))"
            return (
                f"CASE WHEN isfinite({self.sql}) "
                f"THEN CAST({utc} AS VARCHAR) || 'Z' ELSE CAST({self.sql} AS VARCHAR) END"
            )
        if self.type == "BLOB":
            return f"nullif(TRY(decode({self.sql})), '')"
        if self.type.endswith("]") or self.type.startswith(("STRUCT", "MAP")):
            return f"CAST(to_json({self.sql}) AS VARCHAR)"
        return f"nullif(CAST({self.sql} AS VARCHAR), '')"

    def renamed(self, name: str) -> Column:
        """The same column under another name."""
        return replace(self, name=name)


@dataclass(frozen=True)
class Records:
    """A file's records.

    Attributes:
        relation: what stands after FROM.
        columns: in the file's order, without those that `malformed` and `row` use.
        row: SQL for the record's number, 1 for the first.
        count: how many there are, counted apart from whoever scans them.
        malformed: SQL for why a line is no record at all, NULL for a record.
        raw: SQL for such a line's text.
        mend: SQL for what to do about such a line.
        notices: what the reader decided by itself.
    """

    relation: str
    columns: tuple[Column, ...]
    row: str
    count: int
    malformed: str = "CAST(NULL AS VARCHAR)"
    raw: str = "CAST(NULL AS VARCHAR)"
    mend: str = "CAST(NULL AS VARCHAR)"
    notices: tuple[str, ...] = ()


def path_literal(path: Path) -> str:
    """A path as an SQL string that DuckDB takes for this one file, also with [ * ? in its name."""
    return literal(re.sub(r"([\[*?])", r"[\1]", str(path)))


def json_pointer(key: str) -> str:
    """The JSON pointer (RFC 6901) of a top-level key, as an SQL string."""
    return literal("/" + key.replace("~", "~0").replace("/", "~1"))


def key_given_twice(sql: str) -> str:
    """SQL for the first key, by name, that a JSON object has twice; NULL where it has none.

    Args:
        sql: the text of a JSON object.
    """
    keys = f"json_keys({sql})"
    counted = f"map_entries(list_aggregate({keys}, 'histogram'))"
    return (
        f"CASE WHEN len({keys}) > list_unique({keys}) "
        f"THEN list_filter({counted}, lambda one: one.value > 1)[1].key END"
    )


def said_twice(key: str) -> str:
    """SQL for the words that a key, itself SQL, is given twice."""
    return f"'the key \"' || left({key}, 80) || '\" stands there twice'"


def object_of(columns: Sequence[Column]) -> str:
    """SQL for a JSON object of the columns' texts, in the order given, empty ones left out.

    Every value is a JSON string, so that a record looks the same from CSV, JSONL and Parquet.
    """
    members = ", ".join(
        f"{literal(_json_key(column.name) + ':')} || CAST(to_json({column.text}) AS VARCHAR)"
        for column in columns
    )
    return f"'{{' || concat_ws(',', NULL{', ' if members else ''}{members}) || '}}'"


def _json_key(name: str) -> str:
    return json.dumps(name, ensure_ascii=False)


def parquet_column(name: str, type_: str) -> Column:
    """A column of a Parquet file."""
    return Column(name, quoted(name), "VARCHAR" if type_.startswith("ENUM") else type_)
