"""No row vanishes: every record of a file is in the ledger or in quarantine."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from core.ingest.import_file import import_file
from core.ingest.quarantine import list_quarantined
from core.ingest.reading import malformed_lines as lines
from core.ingest.reading import readers, survey
from core.ledger.connection import Ledger
from core.ledger.errors import UnusableFile
from tests.worlds.governed.rounds import examples

NOW = datetime(2026, 11, 23, 12)
HEAD = "event_id,ts,signal,confidence,note\n"
#: A bound that a generated record can pass.
SMALL = 400
MEGABYTE = 1_000_000


def record(i: int, note: str) -> dict[str, Any]:
    return {
        "event_id": f"e{i}",
        "ts": "2026-11-02T10:00:00Z",
        "signal": "s",
        "confidence": 0.9,
        "note": note,
    }


def csv_line(i: int, note: str) -> str:
    return f"e{i},2026-11-02T10:00:00Z,s,0.9,{note}\n"


def json_line(i: int, note: str) -> str:
    return json.dumps(record(i, note), ensure_ascii=False) + "\n"


def accounted(ledger: Ledger) -> list[int]:
    """The rows of the file that are kept or refused."""
    query = "SELECT import_row FROM claims UNION ALL SELECT import_row FROM quarantine ORDER BY 1"
    return [row for (row,) in ledger.cursor().execute(query).fetchall()]


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_row_of_40_mb_costs_itself_alone(ledger: Ledger, tmp_path: Path, kind: str, suffix: str):
    line, head = (csv_line, HEAD) if kind == "csv" else (json_line, "")
    text = head + line(1, "short") + line(2, "x" * 40 * MEGABYTE) + line(3, "short")
    path = tmp_path / f"log.{kind}{suffix}"
    path.write_bytes(gzip.compress(text.encode(), 1) if suffix else text.encode())
    summary = import_file(ledger, path, now=NOW)
    assert (summary.n_read, summary.n_new, summary.n_quarantined) == (3, 2, 1)
    (refused,) = list_quarantined(ledger.cursor())
    assert (refused.import_row, refused.field) == (2, "row")
    assert refused.reason == "longer than 16 MB, the most a record may have"
    assert refused.mend == "shorten its longest text, or leave that text out"
    assert len(refused.record) < 3000


def test_a_parquet_cell_of_40_mb_costs_its_row_alone(ledger: Ledger, tmp_path: Path):
    path = tmp_path / "log.parquet"
    notes = ["short", "x" * 40 * MEGABYTE, "short"]
    pq.write_table(pa.Table.from_pylist([record(i, note) for i, note in enumerate(notes)]), path)
    assert import_file(ledger, path, now=NOW).n_new == 2
    (refused,) = list_quarantined(ledger.cursor())
    assert (refused.import_row, refused.field) == (2, "row")
    assert len(refused.record) < 3000


def test_a_parquet_file_of_nothing_but_huge_cells_is_refused_unread(ledger: Ledger, tmp_path: Path):
    path = tmp_path / "log.parquet"
    pq.write_table(pa.Table.from_pylist([record(1, "x" * 40 * MEGABYTE)]), path)
    with pytest.raises(UnusableFile, match="in the column 'note', and a record has at most 16 MB"):
        import_file(ledger, path, now=NOW)


def test_a_record_just_within_the_bound_is_kept_whole(ledger: Ledger, tmp_path: Path):
    rest = len(csv_line(1, "")) - 1
    path = tmp_path / "log.csv"
    path.write_text(HEAD + csv_line(1, "x" * (survey.MOST_BYTES_OF_A_RECORD - rest)))
    assert import_file(ledger, path, now=NOW).n_new == 1


def bounded(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """A record may have so many bytes."""
    for module in (lines, survey, readers):
        monkeypatch.setattr(module, "MOST_BYTES_OF_A_RECORD", most)


def test_a_quoted_value_of_many_short_lines_beyond_the_bound_is_one_refusal(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    bounded(monkeypatch, 2 * MEGABYTE)
    path = tmp_path / "log.csv"
    long = '"' + "x,\n" * MEGABYTE + '"'
    path.write_text(HEAD + csv_line(1, "short") + csv_line(2, long) + csv_line(3, "short"))
    import_file(ledger, path, now=NOW)
    assert accounted(ledger) == [1, 2, 3]
    assert [one.import_row for one in list_quarantined(ledger.cursor())] == [2]


def test_a_quoted_field_of_a_megabyte_survives_a_bad_line_elsewhere(ledger: Ledger, tmp_path: Path):
    path = tmp_path / "log.csv"
    path.write_text(HEAD + csv_line(1, '"' + "x\n\n" * 300_000 + '"') + "bad\n" + csv_line(3, "y"))
    assert import_file(ledger, path, now=NOW).n_new == 2
    (attributes,) = ledger.cursor().execute(
        "SELECT attributes FROM claims WHERE import_row = 1"
    ).fetchone() or ("",)
    assert json.loads(attributes)["note"] == ("x\n\n" * 300_000)


def test_two_long_lines_of_the_same_beginning_are_two_refusals(ledger: Ledger, tmp_path: Path):
    path = tmp_path / "log.jsonl"
    long = "x" * 17 * MEGABYTE
    path.write_text(json_line(1, "") + json_line(2, long + "a") + json_line(2, long + "b"))
    assert import_file(ledger, path, now=NOW).n_quarantined == 2


_IN_LITTLE_MEMORY = """
import resource, sys
from core.ledger.errors import UnusableFile
from core.ingest.import_file import import_file
from core.ledger.connection import Ledger

before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with Ledger.in_memory() as ledger:
    try:
        import_file(ledger, sys.argv[1])
    except UnusableFile as error:
        print(error)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.parametrize("name", ["bomb.csv.gz", "bomb.jsonl.gz"])
def test_a_bomb_of_one_line_is_refused_in_one_sentence_and_in_little_memory(
    tmp_path: Path, name: str
):
    path = tmp_path / name
    with gzip.open(path, "wb", 1) as file:
        for _ in range(240):
            file.write(b"x" * MEGABYTE)
    done = subprocess.run(
        [sys.executable, "-c", _IN_LITTLE_MEMORY, str(path)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    said, grown = done.stdout.splitlines()
    assert "16 MB" in said
    # ru_maxrss is in kilobytes on Linux and in bytes on macOS.
    unit = 1 if sys.platform == "darwin" else 1024
    assert int(grown) * unit < 200 * MEGABYTE


def test_a_reader_that_loses_a_record_is_not_believed(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "log.jsonl"
    path.write_text("".join(json_line(i, "x") for i in range(5)))
    monkeypatch.setattr(readers, "_LINE_READER", f"({readers._LINE_READER} LIMIT 3)".replace(
        "read_csv", "FROM read_csv", 1))  # fmt: skip
    assert import_file(ledger, path, now=NOW).n_new == 5


def test_a_file_that_grows_while_it_is_read_is_refused(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "log.csv"
    path.write_text(HEAD + csv_line(1, "x") + "bad\n")
    careful = lines.careful_csv

    def grown(*args: Any) -> None:
        with path.open("a") as file:
            file.write(csv_line(2, "late"))
        careful(*args)

    monkeypatch.setattr(readers, "careful_csv", grown)
    with pytest.raises(UnusableFile, match="read as 4 lines, but has 3"):
        import_file(ledger, path, now=NOW)
    assert ledger.data_version() == 0


def test_a_gzip_file_damaged_in_its_middle_is_refused(ledger: Ledger, tmp_path: Path):
    path = tmp_path / "log.csv.gz"
    good = gzip.compress(
        (HEAD + "".join(csv_line(i * 7919 % 997, "x") for i in range(999))).encode()
    )
    path.write_bytes(good[:400] + bytes([good[400] ^ 0xFF, 0xFF, 0xFF]) + good[403:])
    with pytest.raises(UnusableFile, match="truncated or damaged"):
        import_file(ledger, path, now=NOW)


# Text with all that a reader of lines can stumble over, often longer than the small bound.
NOTES = st.text(
    st.sampled_from('ab,;"\n\r\t\x01\x0b\x0c\x1c\xa0\u2028 \'{}[]:é'), max_size=30
) | st.integers(SMALL // 4, SMALL * 3).map(lambda n: "x" * n) | st.integers(5, 300).map(
    lambda n: "y\n" * n
)  # fmt: skip
BOUNDED = settings(
    max_examples=examples(12, 500), suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def imported(name: str, content: bytes) -> tuple[Any, list[int], dict[int, str]]:
    """The summary, the rows accounted for, and the notes of those kept."""
    with tempfile.TemporaryDirectory() as folder, Ledger.in_memory() as ledger:
        path = Path(folder) / name
        path.write_bytes(content)
        summary = import_file(ledger, path, now=NOW)
        kept = ledger.cursor().execute("SELECT import_row, attributes FROM claims").fetchall()
        notes = {row: json.loads(text or "{}").get("note", "") for row, text in kept}
        return summary, accounted(ledger), notes


@pytest.fixture
def small_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    bounded(monkeypatch, SMALL)
    # The survey's pieces are shorter than a record may be, and so end anywhere in one.
    monkeypatch.setattr(survey, "_CHUNK", 97)


@BOUNDED
@given(st.lists(NOTES, min_size=1, max_size=12), st.sampled_from([",", ";", "\t"]))
def test_every_csv_record_is_kept_or_refused(small_bound: None, notes: list[str], mark: str):
    doubled = [note.replace('"', '""') for note in notes]
    records = [
        mark.join([f"e{i}", "2026-11-02T10:00:00Z", "s", "0.9", f'"{note}"']) + "\n"
        for i, note in enumerate(doubled, 1)
    ]
    content = HEAD.replace(",", mark) + "".join(records)
    summary, rows, kept = imported("log.csv", content.encode())
    assert summary.n_read == summary.n_new + summary.n_quarantined
    assert rows == list(range(1, summary.n_read + 1))
    if all(len(one.encode()) <= SMALL for one in records):
        assert kept == {i: note.strip(" \xa0") for i, note in enumerate(notes, 1)}


@BOUNDED
@given(st.lists(NOTES, min_size=1, max_size=12), st.booleans())
def test_every_json_line_is_kept_or_refused(
    small_bound: None, notes: list[str], last_line_ended: bool
):
    text = "".join(json_line(i, note) for i, note in enumerate(notes))
    fits = [len(line.encode()) <= SMALL for line in text.split("\n")[:-1]]
    if not any(fits):
        return
    summary, rows, kept = imported(
        "log.jsonl", (text if last_line_ended else text.rstrip("\n")).encode()
    )
    assert rows == list(range(1, len(notes) + 1))
    assert (summary.n_new, summary.n_quarantined) == (sum(fits), len(fits) - sum(fits))
    assert kept == {i: note for i, note in enumerate(notes, 1) if fits[i - 1]}


LINES = st.lists(
    st.text(st.sampled_from('ab,"\r\t\x01\x0b\x0c\xa0\u2028 {}'), max_size=20)
    | st.integers(0, 50).map(lambda i: csv_line(i, "x").strip())
    | st.integers(0, 50).map(lambda i: csv_line(i, '"open').strip())
    | st.just("z" * 2 * SMALL),
    max_size=15,
    # Of an event that comes again only the first record is kept.
    unique_by=lambda line: line.split(",")[0] if line.startswith("e") else object(),
)


@BOUNDED
@example([csv_line(0, '"open').strip(), 'a\r"'], "\n")
@given(LINES, st.sampled_from(["\n", "\r\n"]))
def test_of_any_text_below_a_header_no_line_vanishes(
    small_bound: None, given_lines: list[str], newline: str
):
    """Every line that is not blank is in a record that is kept, or in quarantine."""
    content = newline.join([HEAD.strip(), *given_lines, ""]).encode()
    with tempfile.TemporaryDirectory() as folder, Ledger.in_memory() as ledger:
        path = Path(folder) / "log.csv"
        path.write_bytes(content)
        summary = import_file(ledger, path, now=NOW)
        assert summary.n_read == summary.n_new + summary.n_duplicate + summary.n_quarantined
        # A carriage return alone may end a line, too.
        words = {re.split("[,\r]", line.strip())[0] for line in given_lines}
        cursor = ledger.cursor()
        refused = cursor.execute("SELECT record FROM quarantine").fetchall()
        kept = cursor.execute("SELECT event_id, CAST(attributes AS VARCHAR) FROM claims").fetchall()
        notes = [json.loads(text or "{}").get("note", "") for _, text in kept]
        whole = "\n".join([*(text for (text,) in refused), *(name for name, _ in kept), *notes])
        # A line may lie inside a quoted field, which ends with its quotation mark and is trimmed.
        inside = [word.strip(' "\xa0')[:100] for word in words]
        assert all(word in whole for word in inside)
