"""What programs logged and could not be taken in: segments of the spool that were set aside."""

from __future__ import annotations

import hashlib
from pathlib import Path

import duckdb

from core.findings.facts.watching.set_aside import SetAside
from core.findings.kinds import Condition
from core.gate.decision_log import KIND as ANSWERS
from core.spool.segments import Segment, failed_beside


def set_aside_conditions(cursor: duckdb.DuckDBPyConnection) -> tuple[Condition, ...]:
    """One for each segment that lies aside now."""
    row = cursor.execute(
        "SELECT path FROM duckdb_databases() WHERE database_name = current_database()"
    ).fetchone()
    if row is None or row[0] is None:
        return ()
    ledger = Path(row[0])
    return tuple(_condition(ledger, one) for one in failed_beside(ledger))


def _condition(ledger: Path, segment: Segment) -> Condition:
    rows, sha256 = _content(segment.path)
    what, _, sender = segment.kind.partition("-")
    # Beside the ledger, wherever that is when somebody reads this.
    place = segment.path.relative_to(ledger.parent)
    facts = SetAside(
        what, sender or None, rows, ledger.name, str(place), sha256, answers=segment.kind == ANSWERS
    )
    return Condition.of("rows_set_aside", None, segment.path.name, facts)


def _content(path: Path) -> tuple[int, str]:
    """Lines and SHA-256 of a file, by which it is known again; 0 and "" where it is gone."""
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            file.seek(0)
            return sum(1 for _ in file), digest
    except OSError:
        return 0, ""
