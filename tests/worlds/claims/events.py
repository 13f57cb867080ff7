"""A small ledger, filled straight by SQL so that reading is tested without the importer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from core.audit.kept_check import COVERED as KEPT
from core.ingest.kept_sums import keep_up
from core.ledger.connection import Ledger

#: A Monday, the first day of ISO week 2026-W45.
MONDAY = datetime(2026, 11, 2, 12)

Rows = Sequence[Mapping[str, Any]]
Fill = Callable[..., None]

_CLAIMS = pa.schema(
    [
        ("event_id", pa.string()),
        ("signal", pa.string()),
        ("ts", pa.timestamp("us")),
        ("confidence_ppm", pa.int32()),
        ("model_version", pa.string()),
        ("prompt_version", pa.string()),
        ("elicitation", pa.string()),
        ("input_id", pa.string()),
        ("split", pa.string()),
        ("action", pa.string()),
        ("outcome", pa.int8()),
        ("outcome_ts", pa.timestamp("us")),
        ("outcome_known_at", pa.timestamp("us")),
        ("outcome_corrected", pa.bool_()),
        ("import_id", pa.int32()),
        ("import_row", pa.int64()),
    ]
)
_OUTCOMES = pa.schema(
    [
        ("event_id", pa.string()),
        ("signal", pa.string()),
        ("outcome", pa.int8()),
        ("outcome_ts", pa.timestamp("us")),
        ("known_at", pa.timestamp("us")),
        ("with_claim", pa.bool_()),
        ("import_id", pa.int32()),
        ("import_row", pa.int64()),
    ]
)


def add_claims(
    ledger: Ledger, claims: Rows = (), outcomes: Rows = (), *, repeats: Sequence[str] = ()
) -> None:
    """Add claims and logged outcomes; what a row leaves out is filled plausibly.

    ``confidence`` may be given in [0, 1] instead of confidence_ppm; columns seg_… become segment
    dimensions; signals named in ``repeats`` are marked so.
    """
    known = {f"seg_{name}" for (name,) in _all(ledger, "SELECT dimension FROM segment_dimensions")}
    segments = sorted({name for row in claims for name in row if name.startswith("seg_")})
    start = _all(ledger, "SELECT count(*) FROM claims")[0][0]
    full = []
    for i, given in enumerate(claims, start=start + 1):
        row: dict[str, Any] = {
            "event_id": f"e{i}",
            "signal": "triage",
            "ts": MONDAY + timedelta(minutes=i),
            "split": "production",
            "outcome_corrected": False,
            "import_id": 1,
            "import_row": i,
            **given,
        }
        confidence = row.pop("confidence", None)
        if confidence is not None:
            row["confidence_ppm"] = round(confidence * 1_000_000)
        if row.get("outcome") is not None:
            row.setdefault("outcome_known_at", row.get("outcome_ts") or row["ts"])
        full.append(row)
    with ledger.transaction() as cursor:
        for name in segments:
            if name not in known:
                cursor.execute(f'ALTER TABLE claims ADD COLUMN "{name}" VARCHAR')
                cursor.execute(
                    "INSERT INTO segment_dimensions VALUES ($name, 1)", {"name": name[4:]}
                )
        schema = pa.schema([*_CLAIMS, *(pa.field(name, pa.string()) for name in segments)])
        cursor.register("new_claims", pa.Table.from_pylist(full, schema))
        cursor.execute("INSERT INTO claims BY NAME SELECT * FROM new_claims")
        cursor.register("new_outcomes", pa.Table.from_pylist(list(outcomes), _OUTCOMES))
        cursor.execute("INSERT INTO outcomes BY NAME SELECT * FROM new_outcomes")
        for signal in sorted({row["signal"] for row in full}):
            cursor.execute(
                "INSERT INTO signals VALUES ($signal, $repeats, 1)",
                {"signal": signal, "repeats": signal in repeats},
            )
    keep_again(ledger)


def keep_again(ledger: Ledger) -> None:
    """Have questions answered from sums that are kept, as after an import."""
    with ledger.transaction() as cursor:
        for table in KEPT:
            cursor.execute(f"DELETE FROM {table}")
    keep_up(ledger)


def _all(ledger: Ledger, sql: str) -> list[tuple[Any, ...]]:
    with ledger.cursor() as cursor:
        return cursor.execute(sql).fetchall()


@pytest.fixture(scope="session")
def fill() -> Fill:
    """``fill(ledger, claims, outcomes=(), repeats=())``: add rows by plain SQL."""
    return add_claims


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    """An empty ledger in memory."""
    with Ledger.in_memory() as ledger:
        yield ledger


def _add_import(ledger: Ledger, import_id: int, **given: Any) -> None:
    row = {
        "import_id": import_id,
        "source": f"file-{import_id}.csv",
        "format": "csv",
        "sha256": "0" * 64,
        "imported_at": MONDAY,
        "n_read": 0,
        "n_new": 0,
        "n_duplicate": 0,
        "n_unstated": 0,
        "n_quarantined": 0,
        "n_attached": 0,
        "n_held": 0,
        "n_corrected": 0,
        "first_ts": None,
        "last_ts": None,
        "notices": [],
        **given,
    }
    with ledger.transaction() as cursor:
        names = ", ".join(row)
        values = ", ".join(f"${name}" for name in row)
        cursor.execute(f"INSERT INTO imports ({names}) VALUES ({values})", row)


@pytest.fixture(scope="session")
def add_import() -> Callable[..., None]:
    """``add_import(ledger, import_id, **columns)``: one row of imports."""
    return _add_import


@pytest.fixture(scope="session")
def monday_noon() -> datetime:
    """The time from which ``fill`` counts minutes when it is not given one."""
    return MONDAY
