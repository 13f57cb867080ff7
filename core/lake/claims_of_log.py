"""Single claims out of an event log, with their outcomes, as files that the ordinary import reads.

Of a signal whose cells were loaded, what needs single claims needs all of some days: the same rows
that were counted, in the order in which they came.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from core import events
from core.lake.engines import MEMORY
from core.lake.event_log import EventLog, LogTable, look_at_log
from core.ledger.errors import LedgerError
from core.ledger.sql import literal, quoted

#: Rows of one file.
ROWS_A_FILE = 500_000
#: What numbers the log's rows, and is no field of a claim.
_LOG_ONLY = frozenset({"seq", "logged_at"})


def files_of_claims(
    log: Path, folder: Path, signal: str, since: date, until: date
) -> Iterator[Path]:
    """Write the claims of a signal and some days, then all outcomes of them; file by file.

    An outcome that states no time is known from when it was logged.

    Args:
        log: the event log (`core.lake.event_log`).
        folder: where to write; each file may be taken away once it was read.
        since: first day.
        until: the day after the last.

    Raises:
        LedgerError: it is no such log, or has no such claim.
    """
    found = look_at_log(log, since, until)
    with duckdb.connect() as connection:
        connection.execute(f"SET memory_limit = '{MEMORY}'; SET TimeZone = 'UTC'")
        connection.execute(f"SET temp_directory = {literal(str(folder))}")
        _views(connection, found)
        mine = {
            "signal": signal,
            "since": datetime.combine(since, time()),
            "until": datetime.combine(until, time()),
        }
        where = "signal = $signal AND ts >= $since AND ts < $until"
        some = False
        claims = f"SELECT {_fields(found.claims)} FROM logged_claims WHERE {where} ORDER BY seq"
        for path in _written(connection, claims, mine, folder, f"{_plain(signal)}.claims"):
            some = True
            yield path
        if not some:
            raise LedgerError(
                f"{log} has no claim of {signal} from {since} up to {until}; see calledger cells "
                "list for its days."
            )
        if found.outcomes.files:
            columns = found.outcomes.columns
            stated = "coalesce(outcome_ts, logged_at)" if "outcome_ts" in columns else "logged_at"
            source = "outcome_source" if "outcome_source" in columns else "NULL"
            told = "signal = $signal OR signal IS NULL" if "signal" in columns else "TRUE"
            outcomes = f"""
                SELECT event_id, $signal AS signal, outcome, {stated} AS outcome_ts,
                       CAST({source} AS VARCHAR) AS outcome_source
                FROM logged_outcomes
                WHERE ({told}) AND event_id IN (SELECT event_id FROM logged_claims WHERE {where})
                ORDER BY logged_at
            """
            yield from _written(connection, outcomes, mine, folder, f"{_plain(signal)}.outcomes")


def _views(connection: duckdb.DuckDBPyConnection, log: EventLog) -> None:
    for name, table in (("logged_claims", log.claims), ("logged_outcomes", log.outcomes)):
        if table.files:
            listed = ", ".join(literal(_exactly(one)) for one in table.files)
            connection.execute(
                f"CREATE TEMP VIEW {name} AS SELECT * FROM read_parquet([{listed}], "
                "union_by_name = true, hive_partitioning = false)"
            )


def _exactly(path: Path) -> str:
    return "".join(f"[{one}]" if one in "[*?" else one for one in str(path))


def _fields(table: LogTable) -> str:
    """The columns of a claim; what else the log keeps stays there."""
    known = {*events.FIELDS} - _LOG_ONLY
    return ", ".join(
        quoted(one)
        for one in sorted(table.columns)
        if one in known or one.startswith(events.SEGMENT_PREFIX)
    )


def _written(
    connection: duckdb.DuckDBPyConnection,
    query: str,
    parameters: dict[str, object],
    folder: Path,
    name: str,
) -> Iterator[Path]:
    reader = connection.sql(query, params=parameters).to_arrow_reader(ROWS_A_FILE)
    for number, batch in enumerate(reader, 1):
        if batch.num_rows:
            path = folder / f"{name}.{number}.parquet"
            pq.write_table(pa.Table.from_batches([batch]), path)
            yield path


def _plain(name: str) -> str:
    return "".join(one if one.isalnum() or one in "_-." else "_" for one in name)[:80]
