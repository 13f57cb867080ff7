"""What a value means: notations and scales of confidences, words for outcomes, times."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from core.ingest.file_mapping import FileMapping
from core.ingest.import_file import ImportSummary, UnusableFile, import_file
from core.ingest.quarantine import RefusedRow, list_quarantined
from core.ledger.connection import Ledger

NOW = datetime(2026, 11, 23, 12)


def take(
    ledger: Ledger, folder: Path, header: str, rows: Sequence[str], how: FileMapping | None = None
) -> ImportSummary:
    path = folder / "log.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return import_file(ledger, path, how=how or FileMapping(), now=NOW)


def stated(
    ledger: Ledger, folder: Path, confidences: Sequence[str], how: FileMapping | None = None
) -> ImportSummary:
    rows = [f'e{i},2026-11-02T10:00:00Z,s,"{one}"' for i, one in enumerate(confidences)]
    return take(ledger, folder, "event_id,ts,signal,confidence", rows, how)


def labelled(ledger: Ledger, folder: Path, outcomes: Sequence[str], **how: Any) -> ImportSummary:
    rows = [f"e{i},2026-11-02T10:00:00Z,s,0.5,{one}" for i, one in enumerate(outcomes)]
    header = "event_id,ts,signal,confidence,outcome"
    return take(ledger, folder, header, rows, FileMapping(**how))


def kept(ledger: Ledger, column: str = "confidence_ppm / 1e6") -> list[Any]:
    rows = ledger.cursor().execute(f"SELECT {column} FROM claims ORDER BY import_row").fetchall()
    return [value for (value,) in rows]


def refused(ledger: Ledger) -> list[RefusedRow]:
    return list_quarantined(ledger.cursor())


# -- confidences -----------------------------------------------------------------------------------


def test_every_notation_of_a_share_is_read_as_what_it_says(ledger: Ledger, tmp_path: Path):
    found = stated(ledger, tmp_path, ["85%", "0,85", ".85", "8.5e-1", "85 %", "85,0 %", "0.85"])
    assert kept(ledger) == [0.85] * 7
    assert found.notices == (
        "How confidences are written: 3 from 0 to 1 (.85), 1 with a decimal comma (0,85), "
        "3 with a percent sign (85%).",
    )


def test_a_percent_sign_that_says_more_than_all_is_refused(ledger: Ledger, tmp_path: Path):
    stated(ledger, tmp_path, ["150%", "85%"])
    assert [(one.value, one.reason) for one in refused(ledger)] == [("150%", "outside 0 to 1")]


def test_a_word_for_none_is_unstated_and_counted(ledger: Ledger, tmp_path: Path):
    found = stated(ledger, tmp_path, ["N/A", "null", "0.5"])
    assert (found.n_new, found.n_unstated, found.n_quarantined) == (3, 2, 0)
    assert "2 records said n/a or the like for a confidence: kept as unstated." in found.notices


@pytest.mark.parametrize(
    ("numbers", "scale"),
    [
        (["7", "8", "10", "1", "0"], "--scale 10 "),
        (["70", "85", "10", "1", "0"], "--scale 100 "),
        (["0.5", "85", "0.9", "70"], "--scale mixed "),
    ],
)
def test_a_scale_in_doubt_is_asked_for_by_its_right_factor(
    ledger: Ledger, tmp_path: Path, numbers: list[str], scale: str
):
    assert stated(ledger, tmp_path, numbers).n_new == 0
    assert len(refused(ledger)) == len(numbers)
    assert all(scale in one.mend for one in refused(ledger))


def test_a_percent_file_of_mostly_0_and_1_does_not_read_1_as_certain(
    ledger: Ledger, tmp_path: Path
):
    found = stated(ledger, tmp_path, ["0"] * 30 + ["1"] * 30 + ["45"])
    assert (found.n_new, found.n_quarantined) == (0, 61)


@pytest.mark.parametrize(
    ("scale", "number", "share"), [(10, "7", 0.7), (100, "85", 0.85), (100, "12.5", 0.125)]
)
def test_a_scale_that_is_told_divides_numbers_but_no_percentages(
    ledger: Ledger, tmp_path: Path, scale: float, number: str, share: float
):
    found = stated(ledger, tmp_path, [number, "85%", "1"], FileMapping(scale=scale))
    assert found.n_quarantined == 0
    assert kept(ledger) == [share, 0.85, 1 / scale]


def test_a_scale_divides_numbers_of_a_parquet_file(ledger: Ledger, tmp_path: Path):
    path = tmp_path / "log.parquet"
    duckdb.execute(
        f"""
        COPY (SELECT 'e' || i AS event_id, TIMESTAMP '2026-11-02' AS ts, 's' AS signal,
                     i * 10 AS confidence FROM range(3) AS t(i)) TO '{path}' (FORMAT parquet)
        """
    )
    import_file(ledger, path, how=FileMapping(scale=100))
    assert kept(ledger) == [0, 0.1, 0.2]


def test_shares_beside_whole_percentages_are_not_divided_without_being_asked_for(
    ledger: Ledger, tmp_path: Path
):
    numbers = ["85", "90", "0.9", "1"]
    found = stated(ledger, tmp_path, numbers, FileMapping(scale=100))
    assert (found.n_new, [one.value for one in refused(ledger)]) == (2, ["0.9", "1"])
    assert "--scale mixed" in refused(ledger)[0].mend
    assert stated(ledger, tmp_path, numbers, FileMapping(scale="mixed")).n_new == 1
    assert sorted(kept(ledger)) == [0.85, 0.9, 0.9]


def test_a_1_where_shares_and_percentages_are_mixed_is_refused(ledger: Ledger, tmp_path: Path):
    assert stated(ledger, tmp_path, ["85", "0.9", "1", "0"], FileMapping(scale="mixed")).n_new == 3
    (one,) = refused(ledger)
    assert one.reason == "1 is 100 % as a share and 1 % as a percentage"
    assert one.mend == "write 100% or 1%"


def test_percentages_with_a_fraction_below_1_are_read_where_others_have_one_too(
    ledger: Ledger, tmp_path: Path
):
    stated(ledger, tmp_path, ["85.5", "0.9"], FileMapping(scale=100))
    assert kept(ledger) == [0.855, 0.009]


def test_words_mean_the_shares_that_are_said_of_them_on_any_scale(ledger: Ledger, tmp_path: Path):
    words = {"high": "0.9", "low": "20%", "unsure": ""}
    how = FileMapping(scale=100, values={"confidence": words})
    found = stated(ledger, tmp_path, ["High", " low ", "UNSURE", "85", "middling"], how)
    assert kept(ledger) == [0.9, 0.2, None, 0.85]
    assert found.n_quarantined == 1
    assert "--values confidence:high=0.9" in refused(ledger)[0].mend


# -- outcomes --------------------------------------------------------------------------------------


def test_words_for_right_and_wrong_are_read_in_any_case(ledger: Ledger, tmp_path: Path):
    right = ["yes", "TRUE", "C", "pass", "Correct", "right", "✓", "1", "t", "Y"]
    wrong = ["no", "False", "I", "FAIL", "incorrect", "wrong", "✗", "0", "f", "N"]
    assert labelled(ledger, tmp_path, right + wrong).n_quarantined == 0
    assert kept(ledger, "outcome") == [1] * 10 + [0] * 10


def test_an_outcome_that_will_not_be_known_leaves_the_claim_unlabelled_and_is_counted(
    ledger: Ledger, tmp_path: Path
):
    found = labelled(ledger, tmp_path, ["annulled", "n/a", "", "null", "1"])
    assert (found.n_new, found.n_quarantined, found.n_attached) == (5, 0, 1)
    assert "3 records said n/a or the like for an outcome: kept unlabelled." in found.notices


def test_letters_that_are_answers_are_not_read_as_right(ledger: Ledger, tmp_path: Path):
    found = labelled(ledger, tmp_path, ["A", "C", "B", "1"])
    assert (found.n_new, found.n_quarantined) == (1, 3)
    assert "perhaps an answer" in refused(ledger)[1].reason


def test_the_words_of_a_file_mean_what_is_said_of_them(ledger: Ledger, tmp_path: Path):
    words = {"outcome": {"solved": "1", "open": "0", "dropped": ""}}
    labelled(ledger, tmp_path, ["Solved", "open", "dropped"], values=words)
    assert kept(ledger, "outcome") == [1, 0, None]


def test_a_number_that_answers_no_yes_no_question_is_no_label(ledger: Ledger, tmp_path: Path):
    header = "event_id,ts,signal,confidence,outcome,type"
    rows = ["e1,2026-11-02,s,,1,numeric", "e2,2026-11-02,s,0.9,yes,binary"]
    assert take(ledger, tmp_path, header, rows).n_new == 1
    (one,) = refused(ledger)
    assert (one.field, one.value, one.import_row) == ("outcome", "1", 1)
    assert "--where type=binary" in one.mend


def test_a_score_that_a_person_gave_is_no_confidence(ledger: Ledger, tmp_path: Path):
    header = "id,timestamp,source,name,value"
    rows = [
        "s1,2026-11-02T09:00:00.000Z,ANNOTATION,correctness,1",
        "s3,2026-11-02T09:02:00.000Z,API,self_confidence,0.9",
    ]
    names = {"id": "event_id", "name": "signal", "timestamp": "ts", "value": "confidence"}
    assert take(ledger, tmp_path, header, rows, FileMapping(names)).n_new == 1
    (one,) = refused(ledger)
    assert one.import_row == 1
    assert "a label that a person gave" in one.reason


# -- times -----------------------------------------------------------------------------------------


def times(ledger: Ledger, folder: Path, written: Sequence[str], **how: Any) -> ImportSummary:
    rows = [f'e{i},"{one}",s,0.5' for i, one in enumerate(written)]
    return take(ledger, folder, "event_id,ts,signal,confidence", rows, FileMapping(**how))


def test_times_of_several_formats_are_read_where_they_are_told(ledger: Ledger, tmp_path: Path):
    forms = ("%d/%m/%Y %H:%M", "%b %d, %Y %I:%M %p")
    written = ["01/09/2026 10:51", "Sep 1, 2026 03:04 PM", "2026-09-01T10:00:00+02:00"]
    found = times(ledger, tmp_path, written, time_formats=forms)
    expected = [datetime(2026, 9, 1, 10, 51), datetime(2026, 9, 1, 15, 4), datetime(2026, 9, 1, 8)]
    assert kept(ledger, "ts") == expected
    assert found.notices == ("2 records had times without a zone: taken as UTC.",)


def test_times_without_a_zone_are_of_the_zone_that_is_told(ledger: Ledger, tmp_path: Path):
    written = ["2026-07-01 10:00:00", "2026-01-01 10:00", "01.07.2026", "2026-07-01T10:00:00Z"]
    found = times(ledger, tmp_path, written, timezone="Europe/Berlin", time_formats=("%d.%m.%Y",))
    expected = [(2026, 7, 1, 8), (2026, 1, 1, 9), (2026, 6, 30, 22), (2026, 7, 1, 10)]
    assert kept(ledger, "ts") == [datetime(*one) for one in expected]
    assert found.notices == ()


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"timezone": "Europe/Berln"}, "such as Europe/Berlin"),
        ({"time_formats": ("%Q",)}, "no format of times"),
    ],
)
def test_a_zone_or_format_that_there_is_not_is_refused(
    ledger: Ledger, tmp_path: Path, how: dict[str, Any], says: str
):
    with pytest.raises(UnusableFile, match=says):
        times(ledger, tmp_path, ["2026-07-01"], **how)
