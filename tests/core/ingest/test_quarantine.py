"""Refused rows: kept whole, exported, corrected, imported again, resolved."""

from __future__ import annotations

import csv
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from core.ingest.checks.row_checks import NUMBER_MEND
from core.ingest.file_mapping import FileMapping
from core.ingest.import_file import import_file
from core.ingest.quarantine import ADDED, export_quarantined, list_quarantined
from core.ledger.connection import Ledger
from core.ledger.errors import LedgerError

NOW = datetime(2026, 11, 23, 12)
LOG = """event_id,ts,signal,confidence,seg_language,note
e1,2026-11-02T10:00:00Z,s,0.9,de,fine
e2,2026-11-02T10:00:00Z,s,0.85f,en,"two
lines"
e3,2026-11-02T10:00:00Z,s,high,,
e4,2026-11-02T10:00:00Z,s,0.7
e1,2026-11-02T10:00:00Z,s,0.8,de,fine
"""


@pytest.fixture
def refusing(ledger: Ledger, tmp_path: Path) -> Ledger:
    """A ledger that refused four of five rows."""
    path = tmp_path / "log.csv"
    path.write_text(LOG)
    assert import_file(ledger, path, now=NOW).n_quarantined == 4
    return ledger


def exported(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".csv":
        with path.open(newline="") as file:
            return list(csv.DictReader(file))
    return [json.loads(line) for line in path.read_text().splitlines()]


def written(path: Path, records: list[dict[str, Any]]) -> Path:
    if path.suffix == ".csv":
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(records[0]))
            writer.writeheader()
            writer.writerows(records)
    else:
        path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def open_ids(ledger: Ledger) -> list[int]:
    return [one.quarantine_id for one in list_quarantined(ledger.cursor())]


def test_a_listing_says_where_what_and_how_to_mend_it(refusing: Ledger):
    rows = list_quarantined(refusing.cursor())
    found = [(one.quarantine_id, one.import_row, one.field, one.value) for one in rows]
    assert found == [
        (1, 2, "confidence", "0.85f"),
        (2, 3, "confidence", "high"),
        (3, 4, "row", "e4,2026-11-02T10:00:00Z,s,0.7"),
        (4, 5, "confidence", "0.8"),
    ]
    assert list_quarantined(refusing.cursor(), limit=2) == rows[:2]


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_an_export_has_the_original_fields_and_why_they_were_refused(
    refusing: Ledger, tmp_path: Path, suffix: str
):
    path = tmp_path / f"refused{suffix}"
    assert export_quarantined(refusing.cursor(), path) == 4
    first, _, broken, _ = exported(path)
    assert first["note"] == "two\nlines"
    assert first["seg_language"] == "en"
    assert {name: first[name] for name in ADDED[:-1]} == {
        "quarantine_id": "1" if suffix == ".csv" else 1,
        "quarantine_field": "confidence",
        "quarantine_value": "0.85f",
        "quarantine_reason": "not a number",
        "quarantine_mend": NUMBER_MEND,
        "quarantine_file": "log.csv",
        "quarantine_row": "2" if suffix == ".csv" else 2,
    }
    assert broken["quarantine_record"] == "e4,2026-11-02T10:00:00Z,s,0.7"


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_an_export_imported_as_it_is_changes_nothing(refusing: Ledger, tmp_path: Path, suffix: str):
    path = tmp_path / f"refused{suffix}"
    export_quarantined(refusing.cursor(), path)
    summary = import_file(refusing, path)
    assert (summary.import_id, summary.n_duplicate) == (None, 4)
    assert open_ids(refusing) == [1, 2, 3, 4]


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_a_corrected_row_is_accepted_and_closes_its_entry(
    refusing: Ledger, tmp_path: Path, suffix: str
):
    path = tmp_path / f"refused{suffix}"
    export_quarantined(refusing.cursor(), path)
    records = exported(path)
    records[0]["confidence"] = "0.85"
    records[2] |= {"event_id": "e4", "ts": "2026-11-02T10:00:00Z", "signal": "s"}
    records[2] |= {"confidence": "0.7"}
    records[3]["confidence"] = "0.9"
    summary = import_file(refusing, written(path, records), now=NOW)
    assert (summary.n_new, summary.n_duplicate, summary.n_quarantined) == (2, 2, 0)
    assert open_ids(refusing) == [2]
    every = list_quarantined(refusing.cursor(), open_only=False)
    assert [one.resolved for one in every] == [True, False, True, True]
    query = "SELECT confidence_raw, seg_language, attributes FROM claims WHERE event_id = 'e2'"
    assert refusing.cursor().execute(query).fetchall() == [
        (0.85, "en", json.dumps({"note": "two\nlines"}, separators=(",", ":")))
    ]


def test_a_correction_that_is_wrong_as_well_leaves_its_entry_open(refusing: Ledger, tmp_path: Path):
    path = tmp_path / "refused.csv"
    export_quarantined(refusing.cursor(), path)
    records = exported(path)[:1]
    records[0]["confidence"] = "85"
    assert import_file(refusing, written(path, records)).n_quarantined == 1
    assert 1 in open_ids(refusing)


def test_a_resolving_import_alone_is_an_import(refusing: Ledger, tmp_path: Path):
    path = tmp_path / "refused.csv"
    export_quarantined(refusing.cursor(), path)
    records = exported(path)[3:]
    records[0]["confidence"] = "0.9"
    summary = import_file(refusing, written(path, records))
    assert (summary.import_id, summary.n_duplicate) == (2, 1)
    assert open_ids(refusing) == [1, 2, 3]
    assert import_file(refusing, path).import_id is None


def test_the_same_refused_row_twice_in_one_file_is_kept_twice(ledger: Ledger, tmp_path: Path):
    path = tmp_path / "log.csv"
    path.write_text("event_id,ts,signal,confidence\n" + ",2026-11-02T10:00:00Z,s,0.9\n" * 2)
    assert import_file(ledger, path).n_quarantined == 2


@pytest.mark.parametrize("name", ["refused.parquet", "refused"])
def test_an_export_to_another_kind_of_file_is_refused(refusing: Ledger, tmp_path: Path, name: str):
    with pytest.raises(LedgerError, match=r"must end in \.csv or \.jsonl"):
        export_quarantined(refusing.cursor(), tmp_path / name)


def test_raw_model_confidences_with_two_scales_mixed_lose_only_what_is_wrong(
    ledger: Ledger, tmp_path: Path
):
    """Missing values, absurd numbers, and averages of a 0–1 and a 0–100 answer, as in the wild."""
    path = tmp_path / "rejects.parquet"
    duckdb.execute(
        f"""
        COPY (
            SELECT 'e' || i AS event_id, TIMESTAMPTZ '2026-11-02 10:00:00+00' AS ts,
                   CASE WHEN i < 500 THEN 'verbal' ELSE 'averaged' END AS signal,
                   CASE WHEN i < 400 THEN NULL WHEN i < 490 THEN 0.9 WHEN i < 500 THEN 362880.0
                        ELSE (0.95 + 95) / 2 END AS raw_confidence,
                   CAST(i % 2 AS TINYINT) AS outcome, i AS question_row, 'law' AS seg_category,
                   i % 3 = 0 AS x_answer_parsed
            FROM range(600) AS t(i)
        ) TO '{path}' (FORMAT parquet)
        """
    )
    summary = import_file(ledger, path, how=FileMapping({"raw_confidence": "confidence"}), now=NOW)
    assert (summary.n_new, summary.n_unstated, summary.n_quarantined) == (490, 400, 110)
    reasons = {one.reason for one in list_quarantined(ledger.cursor())}
    assert reasons == {
        "outside 0 to 1",
        "100 % of this file's stated confidences for averaged are above 1: "
        "a 0–100 scale is suspected",
    }


def test_words_in_place_of_numbers_in_a_text_column_are_refused(ledger: Ledger, tmp_path: Path):
    path = tmp_path / "rejects.parquet"
    duckdb.execute(
        f"""
        COPY (
            SELECT 'e' || i AS event_id, TIMESTAMP '2026-11-02 10:00:00' AS ts,
                   [NULL, 'cell_empty', 'no_confidence', '0.8'][i % 4 + 1] AS raw,
                   CAST(i % 2 AS DOUBLE) AS outcome, i AS q
            FROM range(100) AS t(i)
        ) TO '{path}' (FORMAT parquet)
        """
    )
    mapping = {"raw": "confidence", "q": "input_id"}
    summary = import_file(ledger, path, how=FileMapping(mapping, "boards"), now=NOW)
    assert (summary.n_new, summary.n_unstated, summary.n_quarantined) == (50, 25, 50)
    values = {one.value for one in list_quarantined(ledger.cursor())}
    assert values == {"cell_empty", "no_confidence"}
