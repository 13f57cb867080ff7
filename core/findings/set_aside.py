"""What programs logged and could not be taken in: segments of the spool that were set aside."""

from __future__ import annotations

from pathlib import Path

import duckdb

from core.findings.kinds import Condition
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
    try:
        with segment.path.open("rb") as file:
            rows = sum(1 for _ in file)
    except OSError:
        rows = 0
    sender = segment.kind.partition("-")[2]
    by = f" by the token {sender}" if sender else ""
    what = segment.kind.partition("-")[0]
    # Beside the ledger, wherever that is when somebody reads this.
    place = segment.path.relative_to(ledger.parent)
    path, file_ = shell_word(ledger.name), shell_word(str(place))
    return Condition(
        "rows_set_aside",
        None,
        segment.path.name,
        f"{counted(rows, 'row')} of {what} logged{by} could not be taken into the ledger. Nothing "
        f"is lost: they lie beside it in {place}. All that came in before and after them was taken "
        "in.",
        f"Stop the server and see what is wrong: calledger import {file_} --ledger {path}. Correct "
        "the file, import it and delete it; then this finding is over.",
        evidence=(("rows", str(rows)), ("segment", segment.path.name)),
    )
