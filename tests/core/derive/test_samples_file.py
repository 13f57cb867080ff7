"""A file of samples becomes a file of claims, and the import reads it as it stands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.derive.agreement import Columns
from core.derive.samples_file import derive_agreement
from core.ingest.import_file import import_file
from core.ledger.connection import Ledger
from core.ledger.errors import LedgerError, UnusableFile

HEADER = "input_id,answer,final,ts,model_version,outcome\n"
ROWS = (
    "q1,Paris,true,2026-11-02T09:00:00Z,m1,1\n"
    "q1,paris,,,,\nq1,Lyon,,,,\n"
    "q2,4,true,2026-11-02T10:00:00Z,m1,0\n"
    "q2,4,,,,\nq2,4,,,,\n"
)
COLUMNS = Columns(given="final")


def written(folder: Path, content: str, name: str = "samples.csv") -> Path:
    path = folder / name
    path.write_text(content)
    return path


@pytest.mark.parametrize("name", ["claims.csv", "claims.jsonl"])
def test_the_import_reads_what_was_derived(tmp_path: Path, name: str) -> None:
    out = tmp_path / name
    done = derive_agreement(
        written(tmp_path, HEADER + ROWS), out, columns=COLUMNS, signal="answers.agreement"
    )
    assert (done.claims, done.sampled, done.tied) == (2, (2, 2), 1)
    with Ledger.open(tmp_path / "l.duckdb", create=True) as ledger:
        assert import_file(ledger, out).n_new == 2
        rows = (
            ledger.cursor()
            .execute(
                """
            SELECT event_id, confidence_raw, outcome, elicitation, elicitation_order, attributes
            FROM claims ORDER BY event_id
            """
            )
            .fetchall()
        )
    assert [row[:5] for row in rows] == [
        ("q1", 0.5, 1, "agreement", "behavioural"),
        ("q2", 1.0, 0, "agreement", "behavioural"),
    ]
    assert json.loads(rows[0][5])["agreement_sampled"] == "2"


def test_a_record_that_is_broken_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    lines = '{"input_id": "q1", "answer": "a", "ts": "2026-11-02"}\n{"input_id": \n'
    samples = written(tmp_path, lines, "samples.jsonl")
    with pytest.raises(UnusableFile, match=r"samples.jsonl, record 2: the line is not JSON"):
        derive_agreement(samples, tmp_path / "out.csv", columns=Columns(), signal="s")
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize(
    ("header", "signal", "words"),
    [
        ("q,a,ts", "s", "no column answer and input_id; it has: q, a, ts.*--answer THEIRS --input"),
        ("input_id,answer", "s", "no column ts, the time of the answer given"),
        ("input_id,answer,ts", None, "names no signal; say --signal NAME"),
        ("input_id,answer,ts,signal", "s", "names its signals itself; leave --signal out"),
    ],
)
def test_what_is_missing_is_said_with_the_option_that_names_it(
    tmp_path: Path, header: str, signal: str | None, words: str
) -> None:
    samples = written(tmp_path, f"{header}\n{','.join('x' * (header.count(',') + 1))}\n")
    with pytest.raises(UnusableFile, match=words):
        derive_agreement(samples, tmp_path / "out.csv", columns=Columns(), signal=signal)


def test_the_samples_are_not_written_over(tmp_path: Path) -> None:
    samples = written(tmp_path, HEADER + ROWS)
    with pytest.raises(LedgerError, match="is the file that is read"):
        derive_agreement(samples, samples, columns=COLUMNS, signal="s")
    assert samples.read_text() == HEADER + ROWS
