"""The events of a ledger as a lake has them, and a ledger that holds only cells counted there."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from core.events import SEGMENT_PREFIX
from core.governance.perform import Office
from core.lake.build import Declared, build_cells
from core.lake.cell_files import CellManifest
from core.lake.load import load_cells
from core.ledger.connection import Ledger
from core.ledger.sql import literal, quoted
from core.queries.base.kept.week_digests import KeptRelations
from core.queries.base.outcome_log import OUTCOME_LOG
from tests.worlds.claims.event_logs import EventWorld

_CLAIM = (
    *("event_id", "ts", "signal", "model_version", "prompt_version", "params_version"),
    *("calibrator_version", "elicitation", "elicitation_order", "input_id", "split", "action"),
    "label_propensity",
)


def write_log_of(ledger: Ledger, prefix: Path) -> None:
    """Write the claims and outcomes of a ledger that has no withdrawal."""
    for table in ("claims", "outcomes"):
        (prefix / table).mkdir(parents=True)
    with ledger.cursor() as cursor:
        names = [name for name, *_ in cursor.execute("DESCRIBE claims").fetchall()]
        kept = [*_CLAIM, *(name for name in names if name.startswith(SEGMENT_PREFIX))]
        cursor.execute(
            f"""
            COPY (SELECT row_number() OVER (ORDER BY import_id, import_row) AS seq,
                         confidence_raw AS confidence, {", ".join(map(quoted, kept))}
                  FROM claims)
            TO {literal(str(prefix / "claims" / "all.parquet"))} (FORMAT parquet)
            """
        )
        cursor.execute(
            f"""
            COPY (SELECT event_id, signal, CAST(outcome AS INTEGER) AS outcome, outcome_ts,
                         source AS outcome_source, known_at AS logged_at
                  FROM {OUTCOME_LOG})
            TO {literal(str(prefix / "outcomes" / "all.parquet"))} (FORMAT parquet)
            """
        )


def load_log(office: Office, log: Path, folder: Path) -> CellManifest:
    """Count all weeks of a log and load them."""
    with office.ledger.cursor() as cursor:
        ((first, last),) = cursor.execute(
            f"""
            SELECT min(ts)::DATE, max(ts)::DATE
            FROM read_parquet('{log}/claims/**/*.parquet', hive_partitioning = false)
            """
        ).fetchall()
    since = first - timedelta(days=first.weekday())
    until = last + timedelta(days=7 - last.weekday())
    build_cells(log, folder, engine="duckdb", since=since, until=until, declared=Declared({}, {}))
    return load_cells(office, folder).manifest


def without_finer(rows: KeptRelations) -> KeptRelations:
    """Without the finer sums, which an import does not keep."""
    none = {table: f"(SELECT * FROM {rows.of(table)} LIMIT 0)" for table in ("values", "steps")}
    return replace(rows, **none)


#: The signal of a small lake.
LAKE = "lake"


def write_small_lake(prefix: Path) -> None:
    """Two claims of one signal in the week of 2026-10-05, one of them labelled twice."""
    row = {
        **{"ts": datetime(2026, 10, 6), "signal": LAKE, "confidence": 0.9, "action": "review"},
        **{"model_version": "m1", "label_propensity": 0.5, "seg_topic": "billing"},
    }
    claims = [{**row, "event_id": f"l{i}", "seq": i} for i in range(2)]
    came = datetime(2026, 10, 8)
    label = {"event_id": "l0", "signal": LAKE, "outcome_source": "HUMAN"}
    labels = [{**label, "outcome": i, "logged_at": came.replace(day=8 + i)} for i in range(2)]
    EventWorld([("claims", came, claims), ("outcomes", came, labels)]).write_log(prefix)
