"""Where a file's records and fields are: JSON documents, paths into objects, keys, conditions."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from core.ingest.file_mapping import FileMapping
from core.ingest.import_file import ImportSummary, UnusableFile, import_file
from core.ingest.quarantine import list_quarantined
from core.ingest.reading import json_document
from core.ledger.connection import Ledger

NOW = datetime(2026, 11, 23, 12)
CLAIM = {"event_id": "e1", "ts": "2026-11-02T10:00:00Z", "signal": "s", "confidence": 0.9}
LOG = {
    "status": "success",
    "eval": {"created": "2026-11-02T09:00:00Z", "model": "m-1"},
    "samples": [
        {"id": 1, "epoch": 1, "scores": {"choice": {"value": "C"}}, "sure": [{"p": 0.5}]},
        {"id": 1, "epoch": 2, "scores": {"choice": {"value": "I"}}, "sure": [{"p": 0.25}]},
    ],
}


def take(ledger: Ledger, path: Path, content: object, **how: Any) -> ImportSummary:
    path.write_text(content if isinstance(content, str) else json.dumps(content, indent=1))
    return import_file(ledger, path, how=FileMapping(**how), now=NOW)


def kept(ledger: Ledger, columns: str) -> list[tuple[Any, ...]]:
    return ledger.cursor().execute(f"SELECT {columns} FROM claims ORDER BY import_row").fetchall()


def test_the_records_of_a_document_are_read_with_what_stands_around_them(
    ledger: Ledger, tmp_path: Path
):
    names = {
        "scores.choice.value": "outcome",
        "sure.0.p": "confidence",
        "eval.created": "ts",
        "eval.model": "model_version",
    }
    found = take(
        ledger, tmp_path / "log.json", LOG, rows="samples", renames=names, key=("id", "epoch"),
        signal="quiz",
    )  # fmt: skip
    assert found.n_quarantined == 0
    columns = "event_id, ts, model_version, confidence_ppm, outcome"
    assert kept(ledger, columns) == [
        ("1/1", datetime(2026, 11, 2, 9), "m-1", 500_000, 1),
        ("1/2", datetime(2026, 11, 2, 9), "m-1", 250_000, 0),
    ]


@pytest.mark.parametrize("rows", [None, "sample"])
def test_a_document_whose_list_is_not_named_is_refused_with_the_lists_it_has(
    ledger: Ledger, tmp_path: Path, rows: str | None
):
    with pytest.raises(UnusableFile, match=r"samples \(2\).*--rows samples"):
        take(ledger, tmp_path / "log.json", LOG, rows=rows)


def test_a_json_list_is_read_as_it_is(ledger: Ledger, tmp_path: Path):
    found = take(ledger, tmp_path / "log.json", [CLAIM, {**CLAIM, "event_id": "e2"}, 7])
    assert (found.n_new, found.n_quarantined) == (2, 1)
    assert found.notices == ("Read as one list of a JSON document.",)
    assert list_quarantined(ledger.cursor())[0].import_row == 3


def test_one_record_over_several_lines_is_read(ledger: Ledger, tmp_path: Path):
    assert take(ledger, tmp_path / "log.json", CLAIM).n_new == 1


def test_a_document_that_is_too_long_is_refused_with_another_way(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(json_document, "MOST_BYTES_OF_A_DOCUMENT", 10)
    with pytest.raises(UnusableFile, match=r"jq -c '\.\[\]' log\.json"):
        take(ledger, tmp_path / "log.json", [CLAIM])


def test_rows_are_for_json_documents_only(ledger: Ledger, tmp_path: Path):
    with pytest.raises(UnusableFile, match="leave out --rows"):
        take(ledger, tmp_path / "log.csv", "event_id\n", rows="samples")


@pytest.mark.parametrize("made", ["struct", "json"])
def test_a_path_leads_into_the_objects_of_a_parquet_file(ledger: Ledger, tmp_path: Path, made: str):
    path = tmp_path / "log.parquet"
    value = {
        "struct": "{'self': {'p': 0.75, 'at': TIMESTAMP '2026-11-02 10:00:00'}}",
        "json": """'{"self": {"p": 0.75, "at": "2026-11-02T10:00:00Z"}}'""",
    }[made]
    duckdb.execute(f"COPY (SELECT 'e1' AS id, {value} AS scores) TO '{path}' (FORMAT parquet)")
    names = {"id": "event_id", "scores.self.p": "confidence", "scores.self.at": "ts"}
    import_file(ledger, path, how=FileMapping(names, "s"))
    assert kept(ledger, "confidence_ppm, ts") == [(750_000, datetime(2026, 11, 2, 10))]


def test_a_path_that_leads_nowhere_is_refused_with_the_columns_there_are(
    ledger: Ledger, tmp_path: Path
):
    line = json.dumps({**CLAIM, "scores": {"a": 1}})
    with pytest.raises(UnusableFile, match=r"no column 'scores\.b' to map; it has: .*scores"):
        take(ledger, tmp_path / "log.jsonl", line, renames={"scores.b": "outcome"})


def test_parts_of_a_key_that_differ_make_different_ids(ledger: Ledger, tmp_path: Path):
    rows = ["run,n,ts,signal,confidence"]
    rows += [f"{run},{n},2026-11-02,s,0.5" for run, n in [("a/b", "c"), ("a", "b/c"), ("x", "")]]
    found = take(ledger, tmp_path / "log.csv", "\n".join(rows) + "\n", key=("run", "n"))
    assert kept(ledger, "event_id") == [("a%2Fb/c",), ("a/b%2Fc",)]
    assert (found.n_quarantined, list_quarantined(ledger.cursor())[0].field) == (1, "event_id")


FORECASTS = """event_id,ts,signal,confidence,type,tier
e1,2026-11-02,s,0.5,binary,gold
e2,2026-11-02,s,,numeric,gold
e3,2026-11-02,s,0.7,binary,silver
e4,2026-11-02,s,?,binary,gold
"""


def test_only_the_records_that_are_asked_for_come_in_and_the_others_are_counted(
    ledger: Ledger, tmp_path: Path
):
    where = {"type": ("binary",), "tier": ("gold", "silver")}
    found = take(ledger, tmp_path / "log.csv", FORECASTS, where=where)
    assert (found.n_read, found.n_new) == (3, 2)
    assert found.notices[0] == (
        "1 record left out: only type=binary, tier=gold, tier=silver was asked for."
    )
    # A row keeps its number in the file.
    assert list_quarantined(ledger.cursor())[0].import_row == 4


def test_a_condition_that_no_record_meets_is_refused_with_the_values_there_are(
    ledger: Ledger, tmp_path: Path
):
    with pytest.raises(UnusableFile, match=r"type is: binary \(3\), numeric \(1\)"):
        take(ledger, tmp_path / "log.csv", FORECASTS, where={"type": ("date",)})


def test_a_document_with_a_condition_and_a_scale_of_its_own_is_another_import(
    ledger: Ledger, tmp_path: Path
):
    take(ledger, tmp_path / "log.csv", FORECASTS, where={"tier": ("gold",)})
    assert take(ledger, tmp_path / "log.csv", FORECASTS).n_new == 1
    settings = ledger.cursor().execute("SELECT settings FROM imports ORDER BY import_id").fetchall()
    assert [json.loads(one).get("where") for (one,) in settings] == [{"tier": ["gold"]}, None]
