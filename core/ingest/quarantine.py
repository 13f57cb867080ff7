"""Refused rows: kept whole with what is wrong and how to fix it, listed, exported, resolved."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from core.events import FIELDS, HANDOFF_FIELDS
from core.ingest.file_mapping import FileMapping, read_settings
from core.ingest.handoffs import NOTICE as OF_HANDOFFS
from core.ledger.errors import LedgerError

#: Columns an export adds to a record's own.
ADDED = (
    "quarantine_id",
    "quarantine_field",
    "quarantine_value",
    "quarantine_reason",
    "quarantine_mend",
    "quarantine_file",
    "quarantine_row",
    "quarantine_record",
)


@dataclass(frozen=True)
class RefusedRow:
    """One refused row.

    Attributes:
        quarantine_id: its number.
        import_id: the import that brought it.
        file: that import's file, without its folder.
        import_row: 1 for the file's first record.
        field: the field at fault; "row" when the line is no record at all.
        value: the offending value, cut to 80 characters; None when it is missing.
        reason: what is wrong.
        mend: what to do about it.
        record: the row as it came: a JSON object of texts, or the raw text of a broken line.
        resolved: whether a corrected row has come in since.
    """

    quarantine_id: int
    import_id: int
    file: str
    import_row: int
    field: str
    value: str | None
    reason: str
    mend: str
    record: str
    resolved: bool


@dataclass(frozen=True)
class RefusedFor:
    """Refused records of one file that have the same fault.

    Attributes:
        field: the field at fault.
        reason: what is wrong.
        n: how many there are.
        value: the offending value of the first; None where it is missing.
        row: its number in the file.
        mend: what to do about it.
    """

    field: str
    reason: str
    n: int
    value: str | None
    row: int
    mend: str


def refused_for(cursor: duckdb.DuckDBPyConnection) -> tuple[RefusedFor, ...]:
    """What the records in ``refused`` are refused for, most first."""
    rows = cursor.execute(
        """
        SELECT field, reason, count(*) AS n, first(value ORDER BY import_row), min(import_row),
               first(mend ORDER BY import_row)
        FROM refused GROUP BY field, reason ORDER BY n DESC, field, reason
        """
    ).fetchall()
    return tuple(RefusedFor(*row) for row in rows)


def list_quarantined(
    cursor: duckdb.DuckDBPyConnection, *, open_only: bool = True, limit: int | None = None
) -> list[RefusedRow]:
    """The refused rows, oldest first.

    Args:
        open_only: leave out those that a corrected row has resolved.
        limit: at most so many; None: all of them.
    """
    rows = cursor.execute(
        f"""
        SELECT quarantine_id, import_id, file, import_row, field, value, reason, mend, record,
               quarantine_id IN (SELECT quarantine_id FROM quarantine_resolved) AS resolved
        FROM quarantine {"WHERE NOT resolved" if open_only else ""}
        ORDER BY quarantine_id {"" if limit is None else "LIMIT $limit"}
        """,
        {} if limit is None else {"limit": limit},
    ).fetchall()
    return [RefusedRow(*row) for row in rows]


@dataclass(frozen=True)
class WayOfOpen:
    """Open entries whose files were read in the same way.

    Attributes:
        how: how, but for the document that they were taken out of.
        imports: the imports that brought them.
        n: how many there are.
    """

    how: FileMapping
    imports: tuple[int, ...]
    n: int


def ways_of_open(cursor: duckdb.DuckDBPyConnection) -> tuple[WayOfOpen, ...]:
    """The open entries by how their files were read, most first."""
    rows = cursor.execute(
        """
        SELECT settings, list_contains(notices, $of_handoffs) AS handed,
               list(import_id ORDER BY import_id), sum(n)::BIGINT
        FROM (
            SELECT import_id, count(*) AS n FROM quarantine
            ANTI JOIN quarantine_resolved USING (quarantine_id) GROUP BY import_id)
        JOIN imports USING (import_id) GROUP BY settings, handed ORDER BY settings, handed
        """,
        {"of_handoffs": OF_HANDOFFS},
    ).fetchall()
    found: dict[tuple[str, bool], WayOfOpen] = {}
    for settings, handed, imports, n in rows:
        how = read_settings(settings).of_rows()
        # One file of claims and hand-offs would be read as claims.
        way = how.said(), bool(handed)
        before = found.get(way, WayOfOpen(how, (), 0))
        found[way] = WayOfOpen(how, (*before.imports, *imports), before.n + n)
    return tuple(sorted(found.values(), key=lambda one: -one.n))


def export_quarantined(
    cursor: duckdb.DuckDBPyConnection,
    path: str | os.PathLike[str],
    *,
    imports: Sequence[int] | None = None,
) -> int:
    """Write the open entries to a file that can be corrected and imported like any other.

    Each record has its own fields and `ADDED`; only ``quarantine_id`` must stay as it is. A line
    that was no record has nothing but its raw text, in ``quarantine_record``.

    Args:
        path: ends in .csv, .jsonl or .ndjson.
        imports: only those that these imports brought; None: all.

    Returns:
        How many were written.

    Raises:
        LedgerError: another suffix, or the file cannot be written.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in (".csv", ".jsonl", ".ndjson"):
        raise LedgerError(f"{path.name} must end in .csv or .jsonl.")
    columns: dict[str, None] = {}
    count = 0
    if suffix == ".csv":
        for record in _exported(cursor, imports):
            columns |= dict.fromkeys(record)
    header = [*sorted((name for name in columns if name not in ADDED), key=_place), *ADDED]
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, header) if suffix == ".csv" else None
            if writer is not None:
                writer.writeheader()
            for record in _exported(cursor, imports):
                count += 1
                if writer is not None:
                    writer.writerow(record)
                else:
                    file.write(json.dumps(record, ensure_ascii=False) + "\n")
    except OSError as error:
        raise LedgerError(f"{path} cannot be written: {error.strerror}.") from error
    return count


def _place(name: str) -> tuple[int, str]:
    """Our own fields first, in the contract's order, then the others by name."""
    ours = (*FIELDS, *HANDOFF_FIELDS)
    return (ours.index(name), "") if name in ours else (len(ours), name)


def _exported(
    cursor: duckdb.DuckDBPyConnection, imports: Sequence[int] | None
) -> Iterator[dict[str, Any]]:
    # Fetched in pieces: a quarantine can be larger than memory should be asked for.
    cursor.execute(
        f"""
        SELECT quarantine_id, field, value, reason, mend, file, import_row, record FROM quarantine
        ANTI JOIN quarantine_resolved USING (quarantine_id)
        {"" if imports is None else "WHERE import_id IN (SELECT unnest($imports))"}
        ORDER BY quarantine_id
        """,
        {} if imports is None else {"imports": list(imports)},
    )
    while rows := cursor.fetchmany(10_000):
        for *added, text in rows:
            record: dict[str, Any] = {}
            raw: str | None = text
            if added[1] != "row":
                record, raw = json.loads(text), None
            yield record | dict(zip(ADDED, (*added, raw), strict=True))


def keep_refused(cursor: duckdb.DuckDBPyConnection, *, import_id: int, file: str) -> int:
    """Quarantine the rows of ``refused``; how many are new.

    A row that is there already, as the same record with the same field at fault, is not kept
    twice; nor is a row whose ``quarantine_id`` names an entry and that says nothing itself (a
    broken line, exported and not yet fixed).
    """
    row = cursor.execute(
        """
        INSERT INTO quarantine
        SELECT (SELECT coalesce(max(quarantine_id), 0) FROM quarantine)
                   + row_number() OVER (ORDER BY import_row),
               $import_id, $file, import_row, field, value, reason, mend, record
        FROM refused
        WHERE NOT EXISTS (SELECT 1 FROM quarantine AS q
                          WHERE q.record = refused.record AND q.field = refused.field)
          AND NOT (record = '{}' AND quarantine_id IN (SELECT quarantine_id FROM quarantine))
        """,
        {"import_id": import_id, "file": file},
    ).fetchone()
    return int(row[0]) if row else 0


def resolve_answered(cursor: duckdb.DuckDBPyConnection, *, import_id: int) -> int:
    """Close the open entries that an accepted row names; how many."""
    row = cursor.execute(
        """
        INSERT INTO quarantine_resolved
        SELECT DISTINCT quarantine_id, $import_id FROM accepted
        ANTI JOIN refused USING (import_row)
        SEMI JOIN quarantine USING (quarantine_id)
        ANTI JOIN quarantine_resolved USING (quarantine_id)
        """,
        {"import_id": import_id},
    ).fetchone()
    return int(row[0]) if row else 0


def resolve_read_anew(cursor: duckdb.DuckDBPyConnection, *, import_id: int, sha256: str) -> int:
    """Close the open entries of rows that the same file, read anew, has brought; how many.

    A row is known by the file's bytes and its number in it.
    """
    row = cursor.execute(
        """
        INSERT INTO quarantine_resolved
        SELECT quarantine_id, $import_id FROM quarantine
        SEMI JOIN (SELECT import_id FROM imports WHERE sha256 = $sha256) USING (import_id)
        ANTI JOIN quarantine_resolved USING (quarantine_id)
        SEMI JOIN accepted USING (import_row)
        ANTI JOIN refused USING (import_row)
        """,
        {"import_id": import_id, "sha256": sha256},
    ).fetchone()
    return int(row[0]) if row else 0
