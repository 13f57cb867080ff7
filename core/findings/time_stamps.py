"""Time stamp authorities that have stamped no checkpoint for too long."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import duckdb

from core.findings.facts.watching.time_stamps import NotStamped
from core.findings.kinds import Condition
from core.ledger.errors import LedgerError
from core.trail import log as trail
from core.trail.checkpoints import time_stamps
from core.trail.checkpoints.anchors import authorities_of


def unstamped_conditions(cursor: duckdb.DuckDBPyConnection, now: datetime) -> tuple[Condition, ...]:
    """One for each authority that left the newest checkpoint unstamped for too long."""
    row = cursor.execute(
        "SELECT path FROM duckdb_databases() WHERE database_name = current_database()"
    ).fetchone()
    note = trail.latest_note(cursor)
    if row is None or row[0] is None or note is None:
        return ()
    ledger, found = Path(row[0]), []
    try:
        named = authorities_of(ledger)
    except LedgerError:
        # Said at every act, where the anchors are read.
        return ()
    for authority in named:
        last = time_stamps.newest(ledger, authority)
        if time_stamps.silent(ledger, note, last, now):
            facts = NotStamped(authority.url, _at(last), ledger.name)
            found.append(Condition.of("not_stamped", None, authority.url, facts))
    return tuple(found)


def _at(stamp: time_stamps.Stamp | None) -> datetime | None:
    try:
        return None if stamp is None else stamp.at
    except time_stamps.StampError:
        return None
