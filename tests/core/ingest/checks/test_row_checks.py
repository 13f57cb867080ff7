"""Every rule a record is checked by: what is accepted, and what is refused with which fix."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.ingest.import_file import ImportSummary, import_file
from core.ingest.quarantine import RefusedRow, list_quarantined
from core.ledger.connection import Ledger

NOW = datetime(2026, 11, 23, 12)
CLAIM = {"event_id": "e1", "ts": "2026-11-02T10:00:00Z", "signal": "s", "confidence": 0.9}


def take(ledger: Ledger, tmp_path: Path, *records: dict[str, Any], **options: Any) -> ImportSummary:
    path = tmp_path / "log.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return import_file(ledger, path, now=NOW, **options)


def each(field: str, values: Sequence[object], **others: object) -> list[dict[str, Any]]:
    """One claim per value of ``field``, in this order."""
    return [
        {**CLAIM, "event_id": f"e{i}", **others, field: value} for i, value in enumerate(values)
    ]


def kept(ledger: Ledger, columns: str) -> list[tuple[Any, ...]]:
    return ledger.cursor().execute(f"SELECT {columns} FROM claims ORDER BY import_row").fetchall()


def only_refused(ledger: Ledger) -> RefusedRow:
    (refused,) = list_quarantined(ledger.cursor())
    return refused


TIMES = [
    ("2026-11-02T10:00:00Z", datetime(2026, 11, 2, 10)),
    ("2026-11-02t10:00:00z", datetime(2026, 11, 2, 10)),
    ("2026-11-02T10:00:00+02:00", datetime(2026, 11, 2, 8)),
    ("2026-11-02 10:00:00-0330", datetime(2026, 11, 2, 13, 30)),
    ("2026-11-02 10:00:00 +0000", datetime(2026, 11, 2, 10)),
    ("2026-11-02 10:00:00 UTC", datetime(2026, 11, 2, 10)),
    ("2026-11-02T10:00:00.123456Z", datetime(2026, 11, 2, 10, 0, 0, 123456)),
    ("2026-11-02T10:00:00,5Z", datetime(2026, 11, 2, 10, 0, 0, 500000)),
    ("2026-11-02T10:00Z", datetime(2026, 11, 2, 10)),
    ("2026-11-02T10:00:00", datetime(2026, 11, 2, 10)),
    ("2026-11-02", datetime(2026, 11, 2)),
    (1793613600, datetime(2026, 11, 2, 10)),
    (1793613600000, datetime(2026, 11, 2, 10)),
    (1793613600000000, datetime(2026, 11, 2, 10)),
    (1793613600000000000, datetime(2026, 11, 2, 10)),
    ("1793613600.25", datetime(2026, 11, 2, 10, 0, 0, 250000)),
]


def test_a_time_is_kept_in_utc(ledger: Ledger, tmp_path: Path):
    take(ledger, tmp_path, *each("ts", [text for text, _ in TIMES]))
    assert kept(ledger, "ts") == [(utc,) for _, utc in TIMES]


def test_what_is_no_clear_time_is_refused(ledger: Ledger, tmp_path: Path):
    unclear = ["yesterday", "02/11/2026", "2026-13-02T10:00:00Z", "20261102", "1793613"]
    unclear += ["infinity", "2026", "2026-11-02T25:00:00Z"]
    take(ledger, tmp_path, *each("ts", unclear))
    refused = list_quarantined(ledger.cursor())
    assert [one.value for one in refused] == unclear
    assert {(one.field, one.reason) for one in refused} == {("ts", "not a time")}
    assert all("2026-11-23T14:30:00Z" in one.mend for one in refused)


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("2026-10-25T02:30:00+25:00", "at most 14 hours"),
        ("2026-10-25T02:30:00-1430", "at most 14 hours"),
        ("2026-10-25T02:30:00+13:75", "at most 14 hours"),
        ("0001-01-01T00:00:00Z", "not in the years 1970 to 2200"),
        ("1969-12-31T23:59:59Z", "not in the years 1970 to 2200"),
        ("9999-12-31", "not in the years 1970 to 2200"),
        (9_999_999_999, "not in the years 1970 to 2200"),
    ],
)
@pytest.mark.parametrize("field", ["ts", "outcome_ts"])
def test_a_time_that_no_clock_here_shows_is_refused_with_the_reason(
    ledger: Ledger, tmp_path: Path, field: str, written: object, reason: str
):
    take(ledger, tmp_path, {**CLAIM, "outcome": 1, field: written})
    refused = only_refused(ledger)
    assert (refused.field, refused.value) == (field, str(written))
    assert reason in refused.reason
    assert "2026-11-23T14:30:00Z" in refused.mend


def test_the_offsets_and_years_at_the_ends_of_what_there_is_are_taken(
    ledger: Ledger, tmp_path: Path
):
    ends = ["2026-11-02T10:00:00+14:00", "1970-01-01T00:00:00Z", "2200-12-31T23:59:59.999999Z"]
    assert take(ledger, tmp_path, *each("ts", ends)).n_new == 3


@pytest.mark.parametrize("year", [1, 1969, 2201, 9999])
def test_a_typed_time_of_another_year_is_refused(ledger: Ledger, tmp_path: Path, year: int):
    path = tmp_path / "log.parquet"
    claim = {"event_id": ["e"], "signal": ["s"], "confidence": [0.5], "ts": [datetime(year, 6, 1)]}
    pq.write_table(pa.table(claim), path)
    import_file(ledger, path, now=NOW)
    assert only_refused(ledger).reason == "not in the years 1970 to 2200"


TWICE = [
    ('{"event_id": "e1", "ts": "2026-11-02", "signal": "s", "confidence": 0.9, "confidence": 0.1}',
     "confidence"),
    ('{"event_id": "e1", "\\u0065vent_id": "e2", "ts": "2026-11-02", "signal": "s", '
     '"confidence": 0.9}', "event_id"),
    ('{"event_id": "e1", "ts": "2026-11-02", "signal": "s", "confidence": 0.9, '
     '"segments": {"topic": "tax", "topic": "medical"}}', "topic"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "key"), TWICE)
def test_a_json_key_given_twice_is_refused_by_its_name(
    ledger: Ledger, tmp_path: Path, line: str, key: str
):
    path = tmp_path / "log.jsonl"
    path.write_text(line + "\n" + json.dumps({**CLAIM, "event_id": "good"}) + "\n")
    assert import_file(ledger, path, now=NOW).n_new == 1
    refused = only_refused(ledger)
    assert refused.import_row == 1
    assert refused.reason == f'the key "{key}" stands there twice'
    assert refused.mend == "keep one of the two"


def test_a_key_given_twice_in_a_csv_segments_object_is_refused(ledger: Ledger, tmp_path: Path):
    path = tmp_path / "log.csv"
    segments = '"{""topic"": ""tax"", ""topic"": ""medical""}"'
    path.write_text(
        f"event_id,ts,signal,confidence,segments\ne1,2026-11-02T10:00:00Z,s,0.9,{segments}\n"
    )
    import_file(ledger, path, now=NOW)
    refused = only_refused(ledger)
    assert (refused.field, refused.reason) == (
        "segments",
        'the key "topic" stands there twice',
    )


def test_times_without_a_zone_are_noticed_once_per_file(ledger: Ledger, tmp_path: Path):
    rows = [{**CLAIM, "event_id": f"e{i}", "ts": "2026-11-02T10:00:00"} for i in range(3)]
    summary = take(ledger, tmp_path, *rows, {**CLAIM, "event_id": "z", "ts": "2026-11-02"})
    assert summary.notices == (
        "3 records had times without a zone: taken as UTC.",
        "1 record had dates without a time: taken as midnight UTC.",
    )


@pytest.mark.parametrize("empty", [None, "", "absent"])
def test_a_claim_without_confidence_is_kept_as_unstated(
    ledger: Ledger, tmp_path: Path, empty: str | None
):
    unstated = {**CLAIM, "event_id": "e2", "confidence": empty}
    if empty == "absent":
        del unstated["confidence"]
    summary = take(ledger, tmp_path, CLAIM, unstated)
    assert (summary.n_new, summary.n_unstated, summary.n_quarantined) == (2, 1, 0)
    assert kept(ledger, "confidence_ppm, confidence_raw") == [(900_000, 0.9), (None, None)]


def test_a_confidence_that_is_no_number_is_refused(ledger: Ledger, tmp_path: Path):
    wrong = ["high", "nan", "inf", "-Infinity", "1_0", "true", "0.85f", "8,5,0", "about 85%"]
    take(ledger, tmp_path, *each("confidence", wrong))
    refused = list_quarantined(ledger.cursor())
    assert [one.value for one in refused] == wrong
    assert {(one.field, one.reason) for one in refused} == {("confidence", "not a number")}
    assert "--values confidence:high=0.9" in refused[0].mend


def test_a_confidence_outside_0_to_1_is_refused(ledger: Ledger, tmp_path: Path):
    outside = [-0.01, 1.0000001, 362880]
    summary = take(ledger, tmp_path, *each("confidence", [*outside, *[0.5] * 20]))
    assert (summary.n_new, summary.n_quarantined) == (20, 3)
    refused = list_quarantined(ledger.cursor())
    assert {one.reason for one in refused} == {"outside 0 to 1"}
    assert [float(one.value or "") for one in refused] == outside


def test_the_ends_of_the_scale_are_accepted(ledger: Ledger, tmp_path: Path):
    take(ledger, tmp_path, *each("confidence", [0, 1, "1.0", ".5", "1e-6"]))
    assert kept(ledger, "confidence_ppm") == [(0,), (1_000_000,), (1_000_000,), (500_000,), (1,)]


def test_when_a_fifth_is_above_1_every_stated_row_of_that_signal_is_refused(
    ledger: Ledger, tmp_path: Path
):
    percent = [{**CLAIM, "event_id": f"p{i}", "confidence": 1} for i in range(4)]
    percent += [{**CLAIM, "event_id": "p4", "confidence": 85}]
    unstated = {**CLAIM, "event_id": "p5", "confidence": None}
    other = {**CLAIM, "signal": "t"}
    summary = take(ledger, tmp_path, *percent, unstated, other)
    assert (summary.n_quarantined, summary.n_new) == (5, 2)
    reasons = {(one.field, one.reason, one.mend) for one in list_quarantined(ledger.cursor())}
    assert reasons == {
        (
            "confidence",
            "20 % of this file's stated confidences for s are above 1: a 0–100 scale is suspected",
            "import the file again with --scale 100 if that is so",
        )
    }


def test_under_a_fifth_above_1_only_those_rows_are_refused(ledger: Ledger, tmp_path: Path):
    rows = [{**CLAIM, "event_id": f"p{i}"} for i in range(5)]
    summary = take(ledger, tmp_path, *rows, {**CLAIM, "event_id": "p5", "confidence": 85})
    assert (summary.n_quarantined, summary.n_new) == (1, 5)


def test_an_outcome_is_read_as_0_or_1(ledger: Ledger, tmp_path: Path):
    stated = {0: [0, "0", "false", False, 0.0, "0.0"], 1: [1, "1.0", True, "TRUE", " 1 ", "1e0"]}
    take(ledger, tmp_path, *each("outcome", stated[0] + stated[1]))
    assert kept(ledger, "outcome") == [(0,)] * 6 + [(1,)] * 6


def test_a_graded_score_is_refused_with_the_mend_to_choose_the_cut(ledger: Ledger, tmp_path: Path):
    take(ledger, tmp_path, {**CLAIM, "outcome": 0.7})
    refused = only_refused(ledger)
    assert (refused.field, refused.value) == ("outcome", "0.7")
    assert "choose the threshold" in refused.mend


NOT_ALLOWED: list[tuple[str, object, str]] = [
    ("outcome", "perhaps", "write 1 for right and 0 for wrong"),
    ("outcome", 2, "write 1 for right and 0 for wrong"),
    ("outcome_ts", "soon", "2026-11-23T14:30:00Z"),
    ("outcome_source", "ROBOT", "write one of HUMAN, CODE, LLM"),
    ("elicitation_order", "during", "write one of before, after, independent, behavioural"),
    ("split", "train", "write one of tuning, heldout, production"),
    ("action", "ignore", "write one of automate, review, escalate"),
    ("label_propensity", 0, "chance"),
    ("label_propensity", 1.5, "chance"),
    ("label_propensity", "often", "chance"),
    ("segments", "de", '{"language": "de"}'),
    ("segments", "[1]", '{"language": "de"}'),
    ("event_id", "", "id"),
    ("signal", "", "--signal"),
    ("ts", "", "time"),
]


def test_a_value_that_is_not_allowed_is_refused_naming_what_is(ledger: Ledger, tmp_path: Path):
    records = [
        {**CLAIM, "event_id": f"e{i}", "outcome": 1, field: value}
        for i, (field, value, _) in enumerate(NOT_ALLOWED)
    ]
    take(ledger, tmp_path, *records)
    refused = list_quarantined(ledger.cursor())
    assert [one.field for one in refused] == [field for field, _, _ in NOT_ALLOWED]
    for one, (_, _, mend) in zip(refused, NOT_ALLOWED, strict=True):
        assert mend in one.mend


def test_a_refusal_names_file_and_row_and_costs_no_other_row(ledger: Ledger, tmp_path: Path):
    records = each("confidence", [0.5] * 4 + ["?"] + [0.5])
    assert take(ledger, tmp_path, *records).n_new == 5
    refused = only_refused(ledger)
    assert (refused.file, refused.import_row) == ("log.jsonl", 5)
    assert json.loads(refused.record) == {**CLAIM, "event_id": "e4", "confidence": "?"}


ALLOWED: list[tuple[str, object, object]] = [
    ("outcome_source", "human", "HUMAN"),
    ("split", "validation", "heldout"),
    ("split", "test", "heldout"),
    ("split", "Tuning", "tuning"),
    ("split", None, "production"),
    ("action", "Review", "review"),
    ("elicitation_order", "behavioural", "behavioural"),
    ("label_propensity", "0.25", 0.25),
]


def test_values_with_a_fixed_set_are_kept_in_one_spelling(ledger: Ledger, tmp_path: Path):
    records = [
        {**CLAIM, "event_id": f"e{i}", "outcome": 1, field: stated}
        for i, (field, stated, _) in enumerate(ALLOWED)
    ]
    take(ledger, tmp_path, *records)
    for i, (field, _, value) in enumerate(ALLOWED):
        assert kept(ledger, field)[i] == (value,)


def test_a_judge_is_kept_in_one_spelling_in_the_log_of_outcomes(ledger: Ledger, tmp_path: Path):
    take(ledger, tmp_path, {**CLAIM, "outcome": 1, "outcome_source": "LLM_JUDGE"})
    assert ledger.cursor().execute("SELECT source FROM outcomes").fetchall() == [("LLM",)]


def test_an_offending_value_is_shown_with_80_characters_at_most(ledger: Ledger, tmp_path: Path):
    take(ledger, tmp_path, {**CLAIM, "confidence": "x" * 500})
    assert only_refused(ledger).value == "x" * 80


def test_an_outcome_before_its_claim_is_kept_with_a_notice(ledger: Ledger, tmp_path: Path):
    summary = take(ledger, tmp_path, {**CLAIM, "outcome": 1, "outcome_ts": "2026-11-01T00:00:00Z"})
    assert kept(ledger, "outcome_ts") == [(datetime(2026, 11, 1),)]
    assert summary.notices == (
        "1 record had an outcome_ts before ts: kept, but left out of delay figures.",
    )


def test_an_outcome_time_without_an_outcome_is_left_out_with_a_notice(
    ledger: Ledger, tmp_path: Path
):
    summary = take(ledger, tmp_path, {**CLAIM, "outcome": None, "outcome_ts": "2026-11-03"})
    assert kept(ledger, "outcome, outcome_ts, outcome_known_at") == [(None, None, None)]
    assert "1 record had an outcome_ts without an outcome: left out." in summary.notices


@pytest.mark.parametrize(
    ("record", "claims", "outcomes"),
    [
        ({"event_id": "e2", "outcome": 1}, 1, 1),
        ({"event_id": "e2", "outcome": 1, "signal": "s"}, 1, 1),
        ({"event_id": "e2", "outcome": 1, "signal": "s", "trace_id": "t"}, 1, 1),
        ({"event_id": "e2", "outcome": 1, "ts": "2026-11-02T10:00:00Z"}, 1, 1),
        ({"event_id": "e2", "outcome": 1, "signal": "s", "ts": "2026-11-02T10:00:00Z"}, 2, 0),
    ],
)
def test_a_record_without_confidence_is_an_outcome_unless_it_describes_a_claim(
    ledger: Ledger, tmp_path: Path, record: dict[str, Any], claims: int, outcomes: int
):
    summary = take(ledger, tmp_path, CLAIM, record)
    assert (summary.n_new, summary.n_quarantined) == (2, 0)
    assert len(kept(ledger, "event_id")) == claims
    assert summary.n_held == outcomes


def test_a_record_that_describes_a_claim_without_its_time_is_refused(
    ledger: Ledger, tmp_path: Path
):
    record = {"event_id": "e2", "outcome": 1, "signal": "s", "model_version": "m"}
    take(ledger, tmp_path, CLAIM, record)
    assert (only_refused(ledger).field, only_refused(ledger).reason) == ("ts", "no ts")


def test_in_a_file_without_confidence_every_record_is_an_outcome(ledger: Ledger, tmp_path: Path):
    record = {"event_id": "e1", "signal": "s", "ts": "2026-11-02T10:00:00Z", "outcome": 1}
    summary = take(ledger, tmp_path, record, {**record, "event_id": "e2", "outcome": None})
    assert (summary.n_held, summary.n_quarantined) == (1, 1)
    assert only_refused(ledger).reason == "no outcome"
