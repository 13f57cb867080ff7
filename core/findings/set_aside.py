"""What programs logged and could not be taken in: segments of the spool that were set aside."""

from __future__ import annotations

import hashlib
from pathlib import Path

import duckdb

from core.findings.kinds import Condition
from core.gate.decision_log import KIND as ANSWERS
from core.spool.segments import Segment, failed_beside
from core.text.figures import counted
from core.text.shown import shell_word


def set_aside_conditions(cursor: duckdb.DuckDBPyConnection) -> tuple[Condition, ...]:
    """One for each segment that lies aside now.

    Args:
        cursor: of the ledger.
    """
    row = cursor.execute(
        "SELECT path FROM duckdb_databases() WHERE database_name = current_database()"
    ).fetchone()
    if row is None or row[0] is None:
        return ()
    ledger = Path(row[0])
    return tuple(_condition(ledger, one) for one in failed_beside(ledger))


def _condition(ledger: Path, segment: Segment) -> Condition:
    rows, sha256 = _content(segment.path)
    sender = segment.kind.partition("-")[2]
    by = f" by the token {sender}" if sender else ""
    what = segment.kind.partition("-")[0]
    # Beside the ledger, wherever that is when somebody reads this.
    place = segment.path.relative_to(ledger.parent)
    return Condition(
        "rows_set_aside",
        None,
        segment.path.name,
        f"{counted(rows, 'row')} of {what} logged{by} could not be taken into the ledger. Nothing "
        f"is lost: they lie beside it in {place}. All that came in before and after them was taken "
        "in.",
        _fix(ledger, segment, place),
        evidence=(("rows", str(rows)), ("segment", segment.path.name), ("sha256", sha256)),
    )


def _fix(ledger: Path, segment: Segment, place: Path) -> str:
    if segment.kind == ANSWERS:
        return (
            "These are answers of the gate; the server's log names the line at fault. Correct that "
            f"line in the file and move it up into {place.parent.parent}; the next fold takes it "
            "in, and then this finding is over."
        )
    path, file_ = shell_word(ledger.name), shell_word(str(place))
    return (
        f"Stop the server and see what is wrong: calledger import {file_} --ledger {path}. Correct "
        "the file, import it and delete it; then this finding is over."
    )


def _content(path: Path) -> tuple[int, str]:
    """Lines and SHA-256 of a file, by which it is known again; 0 and "" where it is gone."""
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            file.seek(0)
            return sum(1 for _ in file), digest
    except OSError:
        return 0, ""
