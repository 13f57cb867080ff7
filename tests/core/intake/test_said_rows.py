"""Rows that are sent and read by a mapping: the same as those of a file that is read by it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.ingest.file_mapping import FileMapping
from core.ingest.import_file import import_file
from core.intake.batch import judged
from core.intake.names_met import Dimensions, FieldNames
from core.intake.said_rows import said_rows
from core.ledger.connection import Ledger
from core.ledger.errors import UnusableFile

HOW = FileMapping(
    renames={"answer.sure": "confidence", "done": "outcome", "when": "ts", "kind": "seg_kind"},
    signal="s",
    where={"type": ("binary", "yes/no")},
    values={"confidence": {"high": "0.9", "none": ""}, "outcome": {"solved": "1", "open": "0"}},
    scale=10,
    time_formats=("%d/%m/%Y %H:%M",),
    timezone="Europe/Berlin",
    key=("run", "case"),
)
TIME = "02/11/2026 10:00"


def row(case: object, sure: object, **more: Any) -> dict[str, Any]:
    return {"run": "a/b", "case": case, "answer": {"sure": sure}, "done": "solved", "when": TIME,
            "kind": "x", "type": "binary", **more}  # fmt: skip


ROWS = [
    row(1, 7),
    row(2, "8,5", when="2026-11-02T10:00:00"),
    row(3, "85%", done="open", when="2026-11-02T10:00:00Z"),
    row(4, "High"),
    row(5, "none"),
    row(6, 7, type="numeric"),
    row(7, 70),
    row(8, "soso"),
    row(9, 5, when="02/13/2026 10:00"),
    row(10, 5, done="perhaps"),
    row(None, 5),
    row(11, "9.5", done=None, type="yes/no"),
]
KEPT = "event_id, ts, confidence_raw, outcome, seg_kind"


def imported(folder: Path, lines: bytes, how: FileMapping) -> tuple[list[Any], list[Any]]:
    path = folder / f"{len(list(folder.iterdir()))}.jsonl"
    path.write_bytes(lines)
    with Ledger.open(folder / f"{path.stem}.duckdb", create=True) as ledger:
        import_file(ledger, path, how=how)
        cursor = ledger.cursor()
        kept = cursor.execute(f"SELECT {KEPT} FROM claims ORDER BY event_id").fetchall()
        refused = cursor.execute("SELECT field FROM quarantine ORDER BY import_row").fetchall()
    return kept, refused


@pytest.mark.parametrize("scale", [10, "mixed"])
def test_what_is_kept_and_refused_is_what_a_file_read_so_brings(
    tmp_path: Path, scale: float | str
) -> None:
    how = HOW.with_more(FileMapping(scale=scale))
    more = [row(20, 1), row(21, 0.5), row(22, "1"), row(23, 100)]
    sent = [*ROWS, *more]
    with Ledger.open(tmp_path / "l.duckdb", create=True) as ledger:
        said = said_rows(sent, how, ledger.cursor())
    batch = judged(said.rows, "claims", FieldNames(), Dimensions(tuple))
    assert said.left_out == 1
    assert (said.received, batch.received) == (len(sent), len(sent) - 1)
    ours = imported(tmp_path, b"\n".join(batch.lines) + b"\n", FileMapping())
    theirs = imported(tmp_path, "\n".join(map(json.dumps, sent)).encode() + b"\n", how)
    assert ours == theirs
    assert len(theirs[0]) == 9


def test_a_refusal_names_the_row_as_it_was_sent() -> None:
    sent = [row(1, 5, type="numeric"), row(2, 5, signal="own"), row(3, 50), "no row"]
    how = HOW.with_more(FileMapping(timezone=None))
    with Ledger.in_memory() as ledger:
        said = said_rows(sent, how, ledger.cursor())
    batch = judged(said.rows, "claims", FieldNames(), Dimensions(tuple)).placed(said.places)
    found = [(one.index, one.fault.field, one.quarantined) for one in batch.refused]
    assert found == [(1, "signal", False), (2, "confidence", True), (3, "row", False)]


def test_rows_may_be_a_list_within_one_document() -> None:
    how = FileMapping(rows="data.samples")
    with Ledger.in_memory() as ledger:
        said = said_rows([{"data": {"samples": [{"a": 1}, {"a": 2}]}}, {}], how, ledger.cursor())
    batch = judged(said.rows[2:], "claims", FieldNames(), Dimensions(tuple))
    assert said.rows[:2] == ({"a": 1}, {"a": 2})
    assert batch.refused[0].fault.reason == "there is no list at data.samples"


def test_a_format_of_times_that_there_is_not_is_refused_as_a_whole() -> None:
    with Ledger.in_memory() as ledger, pytest.raises(UnusableFile, match="no time zone"):
        said_rows([row(1, 5)], FileMapping(timezone="Europe/Berlinn"), ledger.cursor())
