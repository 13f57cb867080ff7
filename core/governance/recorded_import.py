"""Imports as acts: every file that comes in is recorded and sealed with the rows it brought."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Set
from datetime import datetime

import duckdb

from core.governance.perform import Desk, Office
from core.ingest.file_mapping import PLAIN, FileMapping
from core.ingest.import_file import ImportSummary, import_file
from core.trail.acts import SYSTEM, Actor, Proposal
from core.trail.seals.row_seals import seal_import

_COUNTS = (
    *("n_read", "n_new", "n_duplicate", "n_unstated", "n_quarantined"),
    *("n_attached", "n_held", "n_corrected"),
)
_PROGRAM = Actor(SYSTEM, SYSTEM, via="system")


def import_recorded(
    office: Office,
    path: str | os.PathLike[str],
    *,
    how: FileMapping = PLAIN,
    now: datetime | None = None,
    progress: Callable[[float, str], None] | None = None,
    pulled: Mapping[str, str] | None = None,
    first: Callable[[Desk, int], object] | None = None,
) -> ImportSummary:
    """Import a file (`core.ingest.import_file.import_file`) and record it, in one transaction.

    Args:
        first: what else is done in it, before it is recorded, at the same desk and with the number
            of the import; not where the file brings nothing.

    Raises:
        UnusableFile: the file as a whole cannot be used; nothing was changed.
        TrailBroken: nothing is taken in beside a trail that is not what was signed.
    """
    with office.joining() as desk_in:

        def recorded(cursor: duckdb.DuckDBPyConnection, import_id: int) -> None:
            desk = desk_in(cursor)
            if first is not None:
                first(desk, import_id)
            _record(desk, import_id)

        return import_file(
            office.ledger,
            path,
            how=how,
            now=now,
            progress=progress,
            recorded=recorded,
            pulled=pulled,
        )


def adopt_unrecorded(office: Office) -> tuple[int, ...]:
    """Record the imports that came in before there was a trail, sealed as their rows are now.

    Returns:
        Their numbers; nothing is done when there is none.
    """
    if not _missing(office.ledger.cursor(), office.state().imports):
        return ()
    with office.acting() as desk:
        missing = _missing(desk.cursor, desk.state.imports)
        for import_id in missing:
            _record(desk, import_id)
    return missing


def _missing(cursor: duckdb.DuckDBPyConnection, recorded: Set[int]) -> tuple[int, ...]:
    rows = cursor.execute("SELECT import_id FROM imports ORDER BY import_id").fetchall()
    return tuple(number for (number,) in rows if number not in recorded)


def _record(desk: Desk, import_id: int) -> None:
    names = ("source", "format", "sha256", "settings", *_COUNTS)
    row = desk.cursor.execute(
        f"SELECT {', '.join(names)} FROM imports WHERE import_id = $import_id",
        {"import_id": import_id},
    ).fetchone()
    assert row is not None
    found = dict(zip(names, row, strict=True))
    brought = desk.cursor.execute(
        "SELECT dimension FROM segment_dimensions WHERE first_import = $import_id "
        "ORDER BY dimension",
        {"import_id": import_id},
    ).fetchall()
    desk.perform(
        Proposal(
            "import.recorded",
            _PROGRAM,
            body={
                "import_id": import_id,
                "source": found["source"],
                "format": found["format"],
                "file_sha256": found["sha256"],
                "settings": found["settings"],
                **{name: found[name] for name in _COUNTS},
                "dimensions": [name for (name,) in brought],
                "seals": [dict(one) for one in seal_import(desk.cursor, import_id)],
            },
        )
    )
