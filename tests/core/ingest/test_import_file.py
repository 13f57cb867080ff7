"""A file's way into the ledger: duplicates, outcomes early and late, all or nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import core
from core.ingest.checks import repeats
from core.ingest.file_mapping import FileMapping
from core.ingest.import_file import ImportSummary, import_file
from core.ingest.quarantine import list_quarantined
from core.ledger.connection import Ledger
from core.queries.base.outcome_log import OUTCOME_LOG

NOW = datetime(2026, 11, 23, 12)
LATER = NOW + timedelta(days=1)


def claim(event: str = "e1", signal: str = "s", **fields: Any) -> dict[str, Any]:
    made = {"event_id": event, "ts": "2026-11-02T10:00:00Z", "signal": signal, "confidence": 0.9}
    return {**made, **fields}


def outcome(event: str, value: int, **fields: Any) -> dict[str, Any]:
    return {"event_id": event, "outcome": value, **fields}


class Importer:
    """Imports lists of records into one ledger as JSONL files."""

    def __init__(self, ledger: Ledger, folder: Path) -> None:
        self.ledger, self.folder, self.count = ledger, folder, 0

    def __call__(self, *records: dict[str, Any], now: datetime = NOW) -> ImportSummary:
        self.count += 1
        path = self.folder / f"{self.count}.jsonl"
        path.write_text("".join(json.dumps(record) + "\n" for record in records))
        return import_file(self.ledger, path, now=now)

    def claims(self, columns: str = "outcome") -> list[tuple[Any, ...]]:
        return self.rows(f"SELECT {columns} FROM claims ORDER BY event_id, signal")

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.ledger.cursor().execute(query).fetchall()


@pytest.fixture
def take(ledger: Ledger, tmp_path: Path) -> Importer:
    return Importer(ledger, tmp_path)


def test_the_same_file_again_changes_nothing_and_reports_everything_duplicate(
    ledger: Ledger, tmp_path: Path
):
    records = [claim("e1", outcome=1), claim("e2", confidence="?"), outcome("e9", 0), claim("e1")]
    path = tmp_path / "log.jsonl"
    path.write_text("\n".join(json.dumps(record) for record in records))
    first = import_file(ledger, path, now=NOW)
    assert (first.import_id, first.n_new, first.n_duplicate, first.n_quarantined) == (1, 2, 1, 1)
    tables = ("claims", "outcomes", "quarantine", "imports", "signals", "segment_dimensions")
    before = [ledger.cursor().execute(f"FROM {table}").fetchall() for table in tables]
    again = import_file(ledger, path, now=LATER)
    assert [ledger.cursor().execute(f"FROM {table}").fetchall() for table in tables] == before
    assert (again.import_id, again.n_read, again.n_duplicate) == (None, 4, 4)
    assert (again.n_new, again.n_quarantined, again.n_attached, again.n_held) == (0, 0, 0, 0)


def test_the_same_records_in_another_file_and_order_change_nothing(take: Importer):
    records = [claim("e1", outcome=1), claim("e2", confidence="?"), outcome("e9", 0)]
    take(*records)
    again = take(*reversed(records), now=LATER)
    assert (again.import_id, again.n_duplicate, take.ledger.data_version()) == (None, 3, 1)


@pytest.mark.parametrize("kind", ["jsonl", "csv"])
def test_a_small_file_is_read_as_a_large_one_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
):
    records = [
        *(claim(f"e{i}", outcome=i % 2, seg_topic="ab"[i % 2], note=f"n{i}") for i in range(9)),
        *(claim("e1", confidence=0.4), claim("e2", outcome=0), claim("e10", confidence="?")),
        *(claim(f"p{i}", "percent", confidence=40 + i) for i in range(5)),
        *(outcome("e3", 0, outcome_ts="2026-11-09T10:00:00Z"), outcome("later", 1)),
    ]
    path = tmp_path / f"log.{kind}"
    if kind == "jsonl":
        path.write_text("".join(json.dumps(record) + "\n" for record in records))
    else:
        pd.DataFrame(records).to_csv(path, index=False)
    tables = ("claims", "outcomes", "quarantine", "imports", "signals", "segment_dimensions")
    found = []
    for small in (0, 10_000):
        monkeypatch.setattr("core.ingest.import_file.SMALL_RECORDS", small)
        with Ledger.in_memory() as ledger:
            import_file(ledger, path, now=NOW)
            found.append([ledger.cursor().execute(f"FROM {one}").fetchall() for one in tables])
    assert found[0] == found[1]
    assert all(found[0])


def test_the_same_file_with_another_mapping_is_read_anew(ledger: Ledger, tmp_path: Path):
    path = tmp_path / "log.csv"
    path.write_text("event_id,ts,confidence\ne1,2026-11-02T10:00:00Z,0.9\n")
    import_file(ledger, path, how=FileMapping(signal="a"))
    assert import_file(ledger, path, how=FileMapping(signal="b")).n_new == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("confidence", 0.8),
        ("ts", "2026-11-02T10:00:01Z"),
        ("model_version", "m2"),
        ("split", "heldout"),
        ("seg_language", "de"),
        ("note", "changed"),
    ],
)
def test_the_same_claim_with_other_content_is_refused_naming_the_field(
    take: Importer, field: str, value: object
):
    changed = claim(**{field: value})
    take(claim(), {**changed, "outcome": 1})
    take(changed)
    refused = list_quarantined(take.ledger.cursor())
    expected = "attributes" if field == "note" else field
    assert [(one.import_id, one.field) for one in refused] == [(1, expected), (2, expected)]
    assert {one.reason for one in refused} == {"same claim with other content"}
    assert take.claims("confidence_ppm, outcome") == [(900_000, None)]


def test_one_event_may_have_a_claim_of_each_signal(take: Importer):
    assert take(claim(signal="a"), claim(signal="b", confidence=0.1)).n_new == 2


def test_a_confidence_that_differs_below_a_millionth_is_the_same_content(take: Importer):
    take(claim(confidence=0.3))
    assert take(claim(confidence=0.1 + 0.2), claim("e2")).n_duplicate == 1


def test_an_outcome_reaches_the_claim_of_every_signal_or_of_the_one_it_names(take: Importer):
    take(claim(signal="a"), claim(signal="b"), claim("e2", "a"), claim("e2", "b"))
    summary = take(outcome("e1", 1), outcome("e2", 0, signal="b"), now=LATER)
    assert take.claims() == [(1,), (1,), (None,), (0,)]
    assert (summary.n_new, summary.n_attached, summary.n_held) == (2, 3, 0)


def test_an_outcome_before_its_claim_is_held_and_attached_when_the_claim_comes(take: Importer):
    early = take(outcome("e1", 1, outcome_source="HUMAN"), outcome("e1", 0, signal="b"))
    assert (early.n_new, early.n_held, early.n_attached) == (2, 2, 0)
    late = take(claim(signal="a"), claim(signal="b"), now=LATER)
    assert (late.n_new, late.n_held, late.n_attached, late.n_corrected) == (2, 0, 2, 0)
    assert take.claims("outcome, outcome_known_at, outcome_source, outcome_corrected") == [
        (1, NOW, "HUMAN", False),
        # What a person said of the event outranks what is said of the claim without a source.
        (1, NOW, "HUMAN", True),
    ]


def test_a_different_outcome_later_is_a_correction_and_both_stay_logged(take: Importer):
    take(claim(outcome=1, outcome_ts="2026-11-03T00:00:00Z"))
    summary = take(outcome("e1", 0, outcome_ts="2026-11-05T00:00:00Z"))
    assert (summary.n_new, summary.n_attached, summary.n_corrected) == (1, 0, 1)
    assert take.claims("outcome, outcome_ts, outcome_corrected") == [
        (0, datetime(2026, 11, 5), True)
    ]
    logged = take.rows(f"SELECT outcome, with_claim FROM {OUTCOME_LOG} ORDER BY known_at")
    assert logged == [(1, True), (0, False)]


def test_an_outcome_known_earlier_does_not_supersede_a_later_one(take: Importer):
    take(claim(outcome=1, outcome_ts="2026-11-05T00:00:00Z"))
    summary = take(outcome("e1", 0, outcome_ts="2026-11-03T00:00:00Z"))
    assert summary.n_corrected == 0
    assert take.claims("outcome, outcome_corrected") == [(1, True)]


def test_an_outcome_without_a_time_is_known_from_its_import(take: Importer):
    take(claim(outcome=1))
    assert take.claims("outcome_ts, outcome_known_at") == [(None, NOW)]


def test_a_duplicate_claim_that_brings_an_outcome_labels_the_claim(take: Importer):
    take(claim())
    summary = take(claim(outcome=1), now=LATER)
    assert (summary.n_new, summary.n_duplicate, summary.n_attached) == (1, 0, 1)
    assert take.claims("outcome, import_id") == [(1, 1)]
    assert take.rows("SELECT with_claim FROM outcomes") == [(True,)]


def test_an_outcome_in_its_own_row_counts_once_beside_a_duplicate_of_the_event(take: Importer):
    summary = take(claim("e1", "a"), claim("e1", "a"), claim("e1", "b", outcome=0))
    assert (summary.n_new, summary.n_duplicate, summary.n_attached) == (2, 1, 1)


def test_an_outcome_for_an_event_without_a_claim_does_not_touch_others(take: Importer):
    take(claim("e1"), claim("e2", outcome=1))
    take(outcome("e3", 0))
    assert take.claims("outcome, outcome_corrected") == [(None, False), (1, False)]


@pytest.mark.parametrize(
    ("records", "repeats"),
    [
        ([claim("e1", input_id="i"), claim("e2", input_id="i")], True),
        ([claim("e1", input_id="i"), claim("e2", input_id="j")], False),
        ([claim("e1"), claim("e2")], False),
        ([claim("e1", input_id="i"), claim("e2", input_id="i", confidence=None)], False),
        ([claim("e1", input_id="i"), claim("e2", "t", input_id="i")], False),
    ],
)
def test_a_signal_repeats_when_two_stated_claims_share_an_input(
    take: Importer, records: list[dict[str, Any]], repeats: bool
):
    take(*records)
    assert take.rows("SELECT repeats FROM signals WHERE signal = 's'") == [(repeats,)]


@pytest.mark.parametrize("few", [0, repeats.FEW])
def test_an_input_that_repeats_over_two_files_is_noted(
    take: Importer, monkeypatch: pytest.MonkeyPatch, few: int
):
    monkeypatch.setattr(repeats, "FEW", few)
    take(claim("e1", input_id="i"), claim("e2", "t", input_id="i"))
    take(claim("e3", input_id="j"))
    assert take.rows("FROM signals ORDER BY signal") == [("s", False, 1), ("t", False, 1)]
    take(claim("e4", input_id="i"))
    assert take.rows("FROM signals ORDER BY signal") == [("s", True, 1), ("t", False, 1)]


def test_every_record_is_new_duplicate_or_quarantined_and_the_import_is_recorded(take: Importer):
    records = [claim("e1"), claim("e1"), claim("e2", confidence=None), claim("e3", confidence=2)]
    records += [claim(f"f{i}") for i in range(5)]
    summary = take(*records, outcome("e1", 1), outcome("e1", 1), outcome("e9", 1))
    assert summary.n_read == 12
    assert summary.n_read == summary.n_new + summary.n_duplicate + summary.n_quarantined
    assert (summary.n_new, summary.n_duplicate, summary.n_quarantined) == (9, 2, 1)
    assert (summary.n_unstated, summary.n_attached, summary.n_held) == (1, 1, 1)
    moment = datetime(2026, 11, 2, 10)
    columns = "source, format, imported_at, n_read, n_new, first_ts, last_ts"
    assert take.rows(f"SELECT {columns} FROM imports") == [
        ("1.jsonl", "jsonl", NOW, 12, 9, moment, moment)
    ]


def test_progress_never_falls_and_ends_at_one(ledger: Ledger, tmp_path: Path):
    path = tmp_path / "log.jsonl"
    path.write_text("".join(json.dumps(claim(f"e{i}")) + "\n" for i in range(20_000)))
    told: list[tuple[float, str]] = []
    import_file(ledger, path, progress=lambda fraction, stage: told.append((fraction, stage)))
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions)
    assert (fractions[0], fractions[-1]) == (0.0, 1.0)
    assert len({stage for _, stage in told}) >= 5


_KILLED = """
import os, signal, sys
from core.ingest.import_file import import_file
from core.ledger.connection import Ledger

def progress(fraction, stage):
    if stage == sys.argv[3]:
        os.kill(os.getpid(), signal.SIGKILL)

import_file(Ledger.open(sys.argv[1]), sys.argv[2], progress=progress)
"""


@pytest.mark.parametrize("stage", ["storing outcomes", "finishing"])
def test_a_process_killed_in_the_middle_leaves_the_ledger_as_it_was(tmp_path: Path, stage: str):
    path = tmp_path / "ledger.duckdb"
    before, during = tmp_path / "before.jsonl", tmp_path / "during.jsonl"
    before.write_text(json.dumps(claim("e0")))
    records = [claim(f"e{i}", seg_language="de", outcome=1) for i in range(1, 5000)]
    records += [outcome("e0", 1), claim("bad", confidence="?")]
    during.write_text("\n".join(json.dumps(record) for record in records))
    with Ledger.open(path, create=True) as ledger:
        import_file(ledger, before, now=NOW)
    environment = {**os.environ, "PYTHONPATH": str(Path(core.__file__).parents[1])}
    command = [sys.executable, "-c", _KILLED, str(path), str(during), stage]
    killed = subprocess.run(command, env=environment, check=False)
    assert killed.returncode == -signal.SIGKILL
    with Ledger.open(path) as ledger:
        cursor = ledger.cursor()
        assert ledger.data_version() == 1
        assert cursor.execute("SELECT event_id, outcome FROM claims").fetchall() == [("e0", None)]
        for table in ("outcomes", "quarantine", "segment_dimensions"):
            assert cursor.execute(f"FROM {table}").fetchall() == []
        assert import_file(ledger, during, now=NOW).n_new == 5000


def test_readers_see_the_ledger_as_it_was_until_the_import_is_whole(take: Importer, tmp_path: Path):
    take(claim("e1"))
    path = tmp_path / "more.jsonl"
    path.write_text("\n".join(json.dumps(claim(f"f{i}", outcome=1)) for i in range(100)))
    seen = []

    def look(fraction: float, stage: str) -> None:
        seen.append((len(take.claims()), len(take.rows(f"FROM {OUTCOME_LOG}"))))

    import_file(take.ledger, path, progress=look)
    assert set(seen) == {(1, 0)}
    assert len(take.claims()) == 101
