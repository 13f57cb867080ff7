"""Names of columns: ``--map``, other tools' names, segments, attributes."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from core.ingest.file_mapping import FileMapping
from core.ingest.import_file import ImportSummary, UnusableFile, import_file
from core.ledger.connection import Ledger

NOW = datetime(2026, 11, 23, 12)
HEAD, ROW = "event_id,ts,signal,confidence", "e1,2026-11-02T10:00:00Z,s,0.9"


def take(
    ledger: Ledger, tmp_path: Path, extra_head: str = "", extra_row: str = "", **options: Any
) -> ImportSummary:
    path = tmp_path / "log.csv"
    path.write_text(f"{HEAD}{extra_head}\n{ROW}{extra_row}\n", encoding="utf-8")
    return import_file(ledger, path, now=NOW, **options)


def kept(ledger: Ledger, columns: str) -> list[tuple[Any, ...]]:
    return ledger.cursor().execute(f"SELECT {columns} FROM claims ORDER BY import_row").fetchall()


def test_mapped_columns_are_read_under_our_names(ledger: Ledger, tmp_path: Path):
    path = tmp_path / "theirs.csv"
    path.write_text("id,when,score,lang\ne1,2026-11-02T10:00:00Z,0.9,de\n")
    mapping = {"id": "event_id", "when": "ts", "score": "confidence", "lang": "seg_language"}
    import_file(ledger, path, how=FileMapping(mapping, "triage"))
    columns = "event_id, signal, confidence_raw, seg_language, attributes"
    assert kept(ledger, columns) == [("e1", "triage", 0.9, "de", None)]


@pytest.mark.parametrize(
    ("mapping", "says"),
    [
        ({"scoer": "confidence"}, "has no column 'scoer' to map; it has: event_id, ts, signal"),
        ({"extra": "confidnce"}, "no field 'confidnce'"),
        ({"extra": "confidence"}, "two columns for confidence: 'confidence' and 'extra'"),
    ],
)
def test_a_mapping_that_does_not_fit_is_refused_by_name(
    ledger: Ledger, tmp_path: Path, mapping: dict[str, str], says: str
):
    with pytest.raises(UnusableFile, match=says):
        take(ledger, tmp_path, ",extra", ",1", how=FileMapping(mapping))


def test_a_column_in_the_way_can_be_set_aside(ledger: Ledger, tmp_path: Path):
    mapping = {"confidence": "x_old", "extra": "confidence"}
    take(ledger, tmp_path, ",extra", ",0.5", how=FileMapping(mapping))
    assert kept(ledger, "confidence_raw, attributes") == [(0.5, '{"x_old":"0.9"}')]


def test_our_names_are_read_in_any_case(ledger: Ledger, tmp_path: Path):
    take(ledger, tmp_path, ",Model_Version", ",m1")
    assert kept(ledger, "model_version") == [("m1",)]


def test_a_signal_given_for_a_file_that_names_its_own_is_refused(ledger: Ledger, tmp_path: Path):
    with pytest.raises(UnusableFile, match="leave --signal out"):
        take(ledger, tmp_path, how=FileMapping(signal="other"))


@pytest.mark.parametrize(
    ("column", "field"),
    [
        ("gen_ai.response.model", "model_version"),
        ("llm.model_name", "model_version"),
        ("gen_ai.prompt.version", "prompt_version"),
        ("llm.prompt_template.version", "prompt_version"),
        ("promptVersion", "prompt_version"),
        ("traceId", "trace_id"),
        ("context.span_id", "span_id"),
    ],
)
def test_other_tools_names_are_read_with_a_notice(
    ledger: Ledger, tmp_path: Path, column: str, field: str
):
    summary = take(ledger, tmp_path, f",{column}", ",v7")
    assert kept(ledger, field) == [("v7",)]
    assert summary.notices == (f"Column {column!r} was read as {field}.",)


def test_our_own_name_goes_before_another_tools(ledger: Ledger, tmp_path: Path):
    summary = take(ledger, tmp_path, ",llm.model_name,model_version", ",theirs,ours")
    assert kept(ledger, "model_version, attributes") == [("ours", '{"llm.model_name":"theirs"}')]
    assert summary.notices == ()


def test_other_columns_are_attributes_in_the_order_of_their_names(ledger: Ledger, tmp_path: Path):
    take(ledger, tmp_path, ",zeta,alpha,empty", ',"say ""hi""",ä,')
    ((attributes,),) = kept(ledger, "attributes")
    assert list(json.loads(attributes).items()) == [("alpha", "ä"), ("zeta", 'say "hi"')]


def test_segment_columns_become_dimensions_and_an_empty_value_is_missing(
    ledger: Ledger, tmp_path: Path
):
    take(ledger, tmp_path, ",seg_language,seg_tier", ",de,")
    assert kept(ledger, "seg_language, seg_tier") == [("de", None)]
    dimensions = ledger.cursor().execute("FROM segment_dimensions ORDER BY dimension").fetchall()
    assert dimensions == [("language", 1), ("tier", 1)]


def test_a_dimension_known_in_another_case_is_the_same(ledger: Ledger, tmp_path: Path):
    take(ledger, tmp_path, ",seg_Language", ",de")
    path = tmp_path / "later.csv"
    path.write_text(f"{HEAD},seg_LANGUAGE\ne2,2026-11-02T10:00:00Z,s,0.8,en\n")
    import_file(ledger, path)
    assert sorted(kept(ledger, "seg_Language")) == [("de",), ("en",)]
    assert ledger.cursor().execute("FROM segment_dimensions").fetchall() == [("Language", 1)]


@pytest.mark.parametrize("name", ["week", "signal", "model_version", "Confidence_Band", "a b", ""])
def test_a_dimension_whose_name_cannot_be_used_is_refused_with_the_mapping_that_helps(
    ledger: Ledger, tmp_path: Path, name: str
):
    with pytest.raises(UnusableFile, match=rf'--map "seg_{name}=seg_\w+"') as refusal:
        take(ledger, tmp_path, f",seg_{name}", ",x")
    theirs, _, ours = str(refusal.value).split('"')[1].partition("=")
    take(ledger, tmp_path, f",seg_{name}", ",x", how=FileMapping({theirs: ours}))
    assert kept(ledger, f'"{ours}"') == [("x",)]


@pytest.mark.parametrize("made", ["struct", "map", "json", "csv", "jsonl"])
def test_a_segments_object_is_read_whatever_carries_it(ledger: Ledger, tmp_path: Path, made: str):
    parts = {"language": "de", "tier": "gold"}
    path = tmp_path / f"log.{made if made in ('csv', 'jsonl') else 'parquet'}"
    base = "'e1' AS event_id, DATE '2026-11-02' AS ts, 's' AS signal, 0.9 AS confidence"
    if made == "jsonl":
        record = dict(zip(HEAD.split(","), ROW.split(","), strict=True)) | {"segments": parts}
        path.write_text(json.dumps(record))
    elif made == "csv":
        path.write_text(
            f'{HEAD},segments\n{ROW},"{json.dumps(parts).replace(chr(34), chr(34) * 2)}"\n'
        )
    else:
        value = {
            "struct": "{'language': 'de', 'tier': 'gold'}",
            "map": "MAP {'language': 'de', 'tier': 'gold'}",
            "json": f"'{json.dumps(parts)}'",
        }[made]
        duckdb.execute(f"COPY (SELECT {base}, {value} AS segments) TO '{path}' (FORMAT parquet)")
    import_file(ledger, path)
    assert kept(ledger, "seg_language, seg_tier, attributes") == [("de", "gold", None)]


@pytest.mark.parametrize(
    ("header", "missing", "mend"),
    [
        ("id,ts,signal,confidence", "event_id", "--map id=event_id"),
        ("event_id,signal,confidence", "ts", "--map THEIRS=ts"),
        ("event_id,ts,confidence", "signal", "--signal log"),
        ("event_id,ts,signal,score", "confidence", "--map score=confidence"),
        ("a,b,c,d", "event_id and confidence", "--map THEIRS=event_id"),
    ],
)
def test_a_file_without_a_needed_column_is_refused_naming_those_it_has(
    ledger: Ledger, tmp_path: Path, header: str, missing: str, mend: str
):
    path = tmp_path / "log.csv"
    path.write_text(f"{header}\n")
    with pytest.raises(UnusableFile) as refusal:
        import_file(ledger, path)
    assert f"no column for {missing}; it has: {header.replace(',', ', ')}." in str(refusal.value)
    assert mend in str(refusal.value)
