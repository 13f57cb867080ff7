"""What would come of a file, and what is proposed so that more of it comes in."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from core.ingest.dry_run import DryRun, dry_run
from core.ingest.file_mapping import FileMapping
from core.ingest.import_file import import_file
from core.ingest.mapping.column_mapping import MissingColumns
from core.ingest.quarantine import list_quarantined
from core.ledger.connection import Ledger

NOW = datetime(2026, 11, 23, 12)
OURS = "event_id,ts,signal,confidence,outcome"


def write(folder: Path, header: str, *rows: str) -> Path:
    path = folder / "log of mine.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def tried(
    ledger: Ledger, folder: Path, header: str, *rows: str, how: FileMapping | None = None
) -> DryRun:
    return dry_run(ledger, write(folder, header, *rows), how=how or FileMapping(), now=NOW)


def confidences(ledger: Ledger, folder: Path, *stated: str) -> DryRun:
    rows = [f"e{i},2026-11-02T10:00:00Z,s,{one},1" for i, one in enumerate(stated)]
    return tried(ledger, folder, OURS, *rows)


def times(ledger: Ledger, folder: Path, *written: str) -> DryRun:
    rows = [f'e{i},"{one}",s,0.5,1' for i, one in enumerate(written)]
    return tried(ledger, folder, OURS, *rows)


def test_nothing_is_written(ledger: Ledger, tmp_path: Path):
    found = confidences(ledger, tmp_path, "0.5", "?")
    assert (found.first.n_read, found.first.n_new, found.first.n_refused) == (2, 1, 1)
    assert found.first.import_id is None
    for table in ("claims", "imports", "quarantine", "segment_dimensions", "signals"):
        assert ledger.cursor().execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)


def test_what_is_refused_is_summed_by_field_and_reason_with_the_first_row(
    ledger: Ledger, tmp_path: Path
):
    found = confidences(ledger, tmp_path, "0.5", "?", "0.5", "what", "-1")
    said = [(one.field, one.reason, one.n, one.value, one.row) for one in found.first.refusals]
    assert said == [
        ("confidence", "not a number", 2, "?", 2),
        ("confidence", "outside 0 to 1", 1, "-1", 5),
    ]


def test_the_columns_that_are_missing_are_proposed_at_once_from_names_and_contents(
    ledger: Ledger, tmp_path: Path
):
    header = "id,createdAt,llm_confidence,correct,model,time"
    rows = [f"r{i},2026-11-02 10:0{i},0.{i},yes,m-1,{i} s" for i in range(1, 6)]
    found = tried(ledger, tmp_path, header, *rows)
    assert found.how == FileMapping(
        {
            "id": "event_id",
            "createdAt": "ts",
            "llm_confidence": "confidence",
            "correct": "outcome",
            "model": "model_version",
        },
        signal="log-of-mine",
    )
    assert found.first.n_new == 5


def test_a_column_whose_contents_do_not_fit_is_not_proposed(ledger: Ledger, tmp_path: Path):
    rows = [f"r{i},2026-11-02,s,{one}" for i, one in enumerate(["good", "bad", "good"])]
    with pytest.raises(MissingColumns, match="no column for confidence") as missing:
        tried(ledger, tmp_path, "event_id,ts,signal,score", *rows)
    assert not missing.value.complete
    assert "--map THEIRS=confidence" in str(missing.value)


def test_columns_with_few_values_are_named_as_possible_segments(ledger: Ledger, tmp_path: Path):
    rows = [f"r{i},2026-11-02,0.5,{['de', 'en'][i % 2]}" for i in range(20)]
    (asked,) = tried(ledger, tmp_path, "id,ts,confidence,lang", *rows).asks
    assert "lang (2 values): add --map lang=seg_lang" in asked


@pytest.mark.parametrize(
    ("stated", "scale"),
    [(["7", "8", "10", "0"], 10), (["70", "85", "0"], 100), (["70", "85", "0.9"], "mixed")],
)
def test_the_scale_that_confidences_seem_to_have_is_proposed_and_tried(
    ledger: Ledger, tmp_path: Path, stated: list[str], scale: float | str
):
    found = confidences(ledger, tmp_path, *stated)
    assert (found.first.n_refused, found.then.n_refused) == (len(stated), 0)
    assert found.best.scale == scale


def test_formats_of_times_are_proposed_where_only_one_reads_them_all(
    ledger: Ledger, tmp_path: Path
):
    found = times(ledger, tmp_path, "13/09/2026 10:51", "01/09/2026 08:00", "Sep 1, 2026 3:04 PM")
    assert set(found.best.time_formats) == {"%d/%m/%Y %H:%M", "%b %d, %Y %I:%M %p"}
    assert (found.first.n_refused, found.then.n_refused) == (3, 0)


def test_a_time_that_may_begin_with_day_or_month_is_asked_about(ledger: Ledger, tmp_path: Path):
    found = times(ledger, tmp_path, "01/09/2026 10:51", "02/03/2026 08:00")
    assert found.best.time_formats == ()
    (asked,) = found.asks
    assert "'%d/%m/%Y %H:%M'" in asked
    assert "'%m/%d/%Y %H:%M'" in asked


def test_what_words_mean_is_asked_and_never_proposed(ledger: Ledger, tmp_path: Path):
    found = confidences(ledger, tmp_path, "high", "HIGH", "low", "0.5")
    assert found.best == FileMapping()
    (asked,) = found.asks
    assert "high (2), low (1)" in asked


def test_questions_that_are_not_yes_or_no_are_proposed_to_be_left_out(
    ledger: Ledger, tmp_path: Path
):
    rows = ["e1,2026-11-02,s,,1,numeric", "e2,2026-11-02,s,0.9,yes,binary"]
    found = tried(ledger, tmp_path, f"{OURS},type", *rows)
    assert found.best.where == {"type": ("binary",)}
    assert (found.then.n_read, found.then.n_refused) == (1, 0)


def test_rows_that_the_same_file_read_anew_brings_are_closed_in_quarantine(
    ledger: Ledger, tmp_path: Path
):
    path = write(tmp_path, OURS, *(f"e{i},2026-11-02,s,{i}0,1" for i in range(6, 10)))
    assert import_file(ledger, path, now=NOW).mostly_refused
    assert import_file(ledger, path, how=FileMapping(scale=100), now=NOW).n_new == 4
    assert list_quarantined(ledger.cursor()) == []


def test_the_same_file_again_says_that_it_was_refused(ledger: Ledger, tmp_path: Path):
    path = write(tmp_path, OURS, "e1,2026-11-02,s,?,1")
    import_file(ledger, path, now=NOW)
    assert "1 of its records were refused then" in import_file(ledger, path, now=NOW).notices[0]


def test_a_file_in_which_every_record_was_taken_for_an_outcome_says_so_first(
    ledger: Ledger, tmp_path: Path
):
    path = write(tmp_path, "doc,exact_match", "1,0.0", "2,1.0")
    names = {"doc": "event_id", "exact_match": "outcome"}
    found = import_file(ledger, path, how=FileMapping(names, "math"), now=NOW)
    assert (found.n_held, found.notices[0].split(":")[0]) == (2, "No column states a confidence")
