"""Files as they really come: three formats, compressed, damaged, mislabelled."""

from __future__ import annotations

import csv
import gzip
import json
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.ingest.import_file import UnusableFile, import_file
from core.ingest.quarantine import list_quarantined
from core.ledger.connection import Ledger
from core.queries.base.segment_names import MOST_DIMENSIONS

NOW = datetime(2026, 11, 23, 12)
HEAD = "event_id,ts,signal,confidence,note\n"


def line(i: int, note: str = "plain") -> str:
    return f"e{i},2026-11-02T10:00:00Z,s,0.9,{note}\n"


def rows_of(ledger: Ledger, columns: str = "import_row, event_id") -> list[tuple[Any, ...]]:
    return ledger.cursor().execute(f"SELECT {columns} FROM claims ORDER BY import_row").fetchall()


def refused_rows(ledger: Ledger) -> list[tuple[int, str]]:
    return [(one.import_row, one.reason) for one in list_quarantined(ledger.cursor())]


def test_csv_jsonl_and_parquet_of_the_same_records_make_the_same_ledger(tmp_path: Path):
    time = datetime(2026, 11, 2, 10, tzinfo=UTC)
    records: list[dict[str, Any]] = [
        {
            "event_id": f"e{i}",
            "ts": time,
            "signal": "s",
            "confidence": None if i == 3 else i / 20,
            "outcome": [None, 0, 1][i % 3],
            "outcome_ts": time if i % 3 else None,
            "model_version": 'm, "quoted"' if i == 4 else "m",
            "seg_language": "dé" if i % 2 else None,
            "parsed": i % 2 == 0,
            "tokens": i * 7,
            "temperature": 0.25,
            "text": None if i == 1 else "two\nlines",
        }
        for i in range(20)
    ]
    records += [{**records[0]}, {**records[0], "model_version": "other"}]
    pq.write_table(pa.Table.from_pylist(records), tmp_path / "log.parquet")
    plain = [
        {
            key: value.isoformat() if isinstance(value, datetime) else value
            for key, value in r.items()
        }
        for r in records
    ]
    (tmp_path / "log.jsonl").write_text("\n".join(json.dumps(record) for record in plain))
    with (tmp_path / "log.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(records[0]))
        writer.writeheader()
        for record in plain:
            texts = {k: str(v).lower() if isinstance(v, bool) else v for k, v in record.items()}
            writer.writerow(texts)
    ledgers = []
    for name in ("log.csv", "log.jsonl", "log.parquet"):
        with Ledger.in_memory() as ledger:
            summary = import_file(ledger, tmp_path / name, now=NOW)
            assert (summary.n_new, summary.n_duplicate, summary.n_quarantined) == (20, 1, 1)
            cursor = ledger.cursor()
            tables = [
                cursor.execute(f"SELECT * FROM {table} ORDER BY import_row").fetchall()
                for table in ("claims", "outcomes")
            ]
            ledgers.append([*tables, refused_rows(ledger)])
    assert ledgers[0] == ledgers[1] == ledgers[2]


def test_typed_parquet_columns_are_used_as_they_are(ledger: Ledger, tmp_path: Path):
    path = tmp_path / "typed.parquet"
    duckdb.execute(
        f"""
        COPY (SELECT 7 AS event_id, DATE '2026-11-02' AS ts, 's' AS signal,
                     0.85::DECIMAL(3, 2) AS confidence, true AS outcome,
                     TIMESTAMP '2026-11-03 10:00:00' AS outcome_ts,
                     'm'::ENUM ('m', 'n') AS model_version, 0.5::FLOAT AS label_propensity,
                     [1, 2] AS list, DATE '2026-01-01' AS day)
        TO '{path}' (FORMAT parquet)
        """
    )
    summary = import_file(ledger, path, now=NOW)
    columns = "event_id, ts, confidence_ppm, outcome, outcome_ts, model_version, label_propensity"
    assert rows_of(ledger, f"{columns}, attributes") == [
        ("7", datetime(2026, 11, 2), 850_000, 1, datetime(2026, 11, 3, 10), "m", 0.5,
         '{"day":"2026-01-01","list":"[1,2]"}')
    ]  # fmt: skip
    assert len(summary.notices) == 2


@pytest.mark.parametrize("kind", ["gz", "zst"])
@pytest.mark.parametrize("name", ["log.csv", "log.jsonl"])
def test_compressed_text_is_read(ledger: Ledger, tmp_path: Path, name: str, kind: str):
    text = HEAD + line(1) + line(2)
    if name.endswith("jsonl"):
        keys, *rows = text.splitlines()
        objects = [dict(zip(keys.split(","), row.split(","), strict=True)) for row in rows]
        text = "\n".join(json.dumps(one) for one in objects)
    path = tmp_path / f"{name}.{kind}"
    if kind == "gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        with pa.output_stream(path, compression="zstd") as stream:
            stream.write(text.encode())
    assert import_file(ledger, path, now=NOW).n_new == 2


@pytest.mark.parametrize(("mark", "called"), [(";", "semicolons"), ("\t", "tabs")])
def test_another_separator_is_found_with_a_notice(
    ledger: Ledger, tmp_path: Path, mark: str, called: str
):
    path = tmp_path / "log.csv"
    path.write_text((HEAD + line(1)).replace(",", mark))
    summary = import_file(ledger, path, now=NOW)
    assert (summary.n_new, summary.notices) == (1, (f"Read as separated by {called}.",))


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_byte_order_mark_blank_lines_and_blanks_around_values_do_no_harm(
    ledger: Ledger, tmp_path: Path, newline: str
):
    text = (
        "\ufeff" + HEAD.replace(",", " , ") + "\n" + line(1).replace(",", ", ") + "\n\n" + line(2)
    )
    path = tmp_path / "log.csv"
    path.write_text(text.replace("\n", newline), encoding="utf-8", newline="")
    import_file(ledger, path, now=NOW)
    expected = [(1, "e1", '{"note":"plain"}'), (2, "e2", '{"note":"plain"}')]
    assert rows_of(ledger, "import_row, event_id, attributes") == expected


def test_a_jsonl_file_with_a_byte_order_mark_and_blank_lines_is_read(
    ledger: Ledger, tmp_path: Path
):
    record = dict(zip(HEAD.strip().split(","), line(1).strip().split(","), strict=True))
    path = tmp_path / "log.jsonl"
    path.write_text("\ufeff" + json.dumps(record) + "\r\n\r\n  \n", encoding="utf-8", newline="")
    assert import_file(ledger, path, now=NOW).n_new == 1


def test_every_broken_csv_line_costs_one_row_and_keeps_its_text(ledger: Ledger, tmp_path: Path):
    lines = [line(i) for i in range(1, 11)]
    lines[1] = line(2, '"two\nlines, ""quoted"""')
    lines[2] = "e3,short\n"
    lines[4] = line(5, "one,too,many")
    lines[6] = line(7, '"stray')
    lines[8] = line(9, '"closed"early')
    body = (HEAD + "".join(lines)).encode().replace(b"e4,", b"e\xe4\xc3\xa4,")
    path = tmp_path / "log.csv"
    path.write_bytes(body + "é".encode())
    summary = import_file(ledger, path, now=NOW)
    assert [event for _, event in rows_of(ledger)] == ["e1", "e2", "e6", "e8", "e10"]
    assert [row for row, _ in rows_of(ledger)] == [1, 2, 6, 8, 10]
    refused = list_quarantined(ledger.cursor())
    assert [one.import_row for one in refused] == [3, 4, 5, 7, 9, 11]
    assert {one.field for one in refused} == {"row"}
    assert refused[0].record == "e3,short"
    assert refused[1].record == "e\\xe4ä,2026-11-02T10:00:00Z,s,0.9,plain"
    assert summary.n_quarantined == 6


def test_every_broken_jsonl_line_costs_one_row_and_keeps_its_text(ledger: Ledger, tmp_path: Path):
    record = dict(zip(HEAD.strip().split(","), line(1, "ä").strip().split(","), strict=True))
    good = json.dumps(record, ensure_ascii=False)
    bad = ['{"event_id": "cut', "[1, 2]", '"text"', "42"]
    path = tmp_path / "log.jsonl"
    path.write_bytes("\n".join([*bad, good, ""]).encode() + b'{"event_id": "\xe4"}\n')
    import_file(ledger, path, now=NOW)
    assert rows_of(ledger) == [(5, "e1")]
    refused = list_quarantined(ledger.cursor())
    assert [one.import_row for one in refused] == [1, 2, 3, 4, 6]
    assert [one.record for one in refused] == [*bad, '{"event_id": "\\xe4"}']


def test_one_bad_row_among_200_000_costs_one_row(ledger: Ledger, tmp_path: Path):
    lines = [line(i) for i in range(200_000)]
    lines[123_456] = line(123_456, '"stray quote')
    path = tmp_path / "log.csv"
    path.write_text(HEAD + "".join(lines))
    summary = import_file(ledger, path, now=NOW)
    assert (summary.n_new, summary.n_quarantined) == (199_999, 1)
    assert list_quarantined(ledger.cursor())[0].import_row == 123_457


def test_a_header_alone_is_an_empty_log(ledger: Ledger, tmp_path: Path):
    path = tmp_path / "log.csv"
    path.write_text(HEAD)
    summary = import_file(ledger, path)
    assert (summary.n_read, summary.import_id) == (0, None)


def _parquet_bytes() -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"event_id": [str(i) for i in range(1000)]}), sink)
    return bytes(sink.getvalue())


PARQUET = _parquet_bytes()
LATIN_1 = (HEAD + line(1, "für")).encode("latin-1")
GZIP = gzip.compress((HEAD + "".join(line(i * 7919 % 1013) for i in range(1000))).encode())


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("log.csv", b"", "empty (0 bytes)"),
        ("log.parquet", b"", "empty (0 bytes)"),
        ("log.csv", b"\n\n", "blank lines"),
        ("log.jsonl", b"\n", "blank lines"),
        ("log.csv", PARQUET, "not CSV text, but a Parquet file"),
        ("log.csv", GZIP, "not CSV text, but gzip-compressed"),
        ("log.jsonl", b"\x28\xb5\x2f\xfd0000", "zstd-compressed"),
        ("log.csv", b"PK\x03\x04....", "Excel workbook"),
        ("log.csv", b"\0" * 8 + b"DUCK" + b"\0" * 8, "a DuckDB database"),
        ("log.csv.gz", b"event_id,ts\n", "not gzip-compressed"),
        ("log.parquet", HEAD.encode(), "not a Parquet file"),
        ("log.parquet", PARQUET[: len(PARQUET) // 2], "truncated"),
        ("log.parquet", PARQUET[:100] + b"\0" * 100 + PARQUET[-8:], "damaged or truncated"),
        ("log.csv.gz", GZIP[: len(GZIP) // 2], "truncated or damaged"),
        ("log.csv", (HEAD + line(1)).encode("utf-16"), "byte 0 is 0xFF, as in UTF-16"),
        ("log.csv", (HEAD + line(1)).encode("utf-16-le"), "byte 1 is 0x00, as in UTF-16"),
        ("log.csv", LATIN_1, f"byte {LATIN_1.index(0xFC)} is 0xFC, as in Latin-1"),
        ("log.csv", HEAD.replace("note", "für").encode("latin-1") + b"x\n", "0xFC, as in Latin-1"),
        ("log.json", b'[{"event_id": "e1"}', "begins like a JSON list, but is no JSON"),
        ("log.jsonl", b"no json\nat all\n", "no line that is a JSON object"),
        ("log.csv", (HEAD + line(1)).replace("\n", "\r").encode(), "tr '\\r' '\\n'"),
        ("log.xlsx", b"PK\x03\x04", "must end in .csv"),
        ("log", b"x", "must end in .csv"),
        ("log.csv", b"event_id,ts,ts\n", "two columns named 'ts'"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_one_sentence_and_changes_nothing(
    ledger: Ledger, tmp_path: Path, name: str, content: bytes, says: str
):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UnusableFile) as refusal:
        import_file(ledger, path)
    message = str(refusal.value)
    assert says in message
    assert name in message
    assert "\n" not in message
    assert ledger.data_version() == 0


def test_a_missing_file_and_a_folder_are_refused_in_one_sentence(ledger: Ledger, tmp_path: Path):
    with pytest.raises(UnusableFile, match="There is no file"):
        import_file(ledger, tmp_path / "none.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(UnusableFile, match="is a folder"):
        import_file(ledger, tmp_path / "folder.csv")


def test_a_jsonl_file_whose_keys_are_data_is_refused(ledger: Ledger, tmp_path: Path):
    path = tmp_path / "log.jsonl"
    path.write_text("\n".join(json.dumps({f"user-{i}": 1}) for i in range(1001)))
    with pytest.raises(UnusableFile, match="1,001 different columns"):
        import_file(ledger, path)


def test_a_parquet_file_with_too_many_columns_is_refused_before_they_are_bound(
    ledger: Ledger, tmp_path: Path
):
    path = tmp_path / "log.parquet"
    pq.write_table(pa.table({f"user-{i}": [1] for i in range(1001)}), path)
    with pytest.raises(UnusableFile, match="1,001 different columns"):
        import_file(ledger, path)


def test_a_file_that_brings_more_segment_dimensions_than_a_ledger_has_is_refused(
    ledger: Ledger, tmp_path: Path
):
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    for path, numbers in ((first, range(MOST_DIMENSIONS)), (second, range(1, MOST_DIMENSIONS + 1))):
        names, values = ",".join(f"seg_d{i}" for i in numbers), ",".join("x" for _ in numbers)
        row = f"{path.stem},2026-11-02T10:00:00Z,s,0.9,{values}\n"
        path.write_text(f"event_id,ts,signal,confidence,{names}\n{row}")
    import_file(ledger, first, now=NOW)
    with pytest.raises(UnusableFile) as refusal:
        import_file(ledger, second, now=NOW)
    assert "second.csv brings 1 new segment dimensions, 'd100' among them" in str(refusal.value)
    assert "Write them without seg_" in str(refusal.value)
    assert rows_of(ledger) == [(1, "first")]


def test_a_parquet_file_whose_footer_lies_is_read_or_refused_and_nothing_else(
    ledger: Ledger, tmp_path: Path
):
    path, chance = tmp_path / "log.parquet", random.Random(14)
    size = int.from_bytes(PARQUET[-8:-4], "little")
    lies = [
        PARQUET[:-8] + wrong.to_bytes(4, "little") + PARQUET[-4:]
        for wrong in (0, 1, size - 1, size + 1, len(PARQUET), 2**31, 2**32 - 1)
    ]
    for _ in range(60):
        lie = bytearray(PARQUET)
        lie[chance.randrange(len(PARQUET) - 8 - size, len(PARQUET) - 8)] = chance.randrange(256)
        lies.append(bytes(lie))
    said = []
    for lie in lies:
        path.write_bytes(lie)
        try:
            import_file(ledger, path, now=NOW)
        except UnusableFile as refusal:
            said.append(str(refusal))
    assert len(said) > 20
    assert all(path.name in one for one in said)


@pytest.mark.parametrize("name", ["log[1].csv", "log*.csv", "log?.csv"])
def test_a_name_that_looks_like_a_pattern_means_that_file_alone(
    ledger: Ledger, tmp_path: Path, name: str
):
    (tmp_path / "log1.csv").write_text(HEAD + line(1))
    path = tmp_path / name
    path.write_text(HEAD + line(2))
    import_file(ledger, path, now=NOW)
    assert rows_of(ledger) == [(1, "e2")]


def test_blank_lines_before_the_header_do_no_harm(ledger: Ledger, tmp_path: Path):
    path = tmp_path / "log.csv"
    path.write_text("\n\n" + HEAD + line(1))
    import_file(ledger, path, now=NOW)
    assert rows_of(ledger) == [(1, "e1")]


def test_quotes_and_odd_characters_in_paths_and_columns_do_no_harm(ledger: Ledger, tmp_path: Path):
    path = tmp_path / 'it\'s "odd" [1] *.parquet'
    columns = {"a\"b'c": ["x"], "event_id": ["e"], "signal": ["o'clock"], "confidence": [0.5]}
    pq.write_table(pa.table({**columns, "ts": [datetime(2026, 11, 2)]}), path)
    import_file(ledger, path, now=NOW)
    ((attributes, signal),) = rows_of(ledger, "attributes, signal")
    assert (json.loads(attributes), signal) == ({"a\"b'c": "x"}, "o'clock")
