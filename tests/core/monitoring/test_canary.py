"""Inputs are kept, asked again and recorded once; a round that cannot be used records nothing."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest

from core.audit.verify import verify_ledger
from core.gate import registry_changes as registry
from core.governance.bodies.canaries import canary_standing
from core.governance.bodies.refusal import Refused
from core.governance.canary_answers import answered, answers_of, stated_of
from core.measure.monitoring.canary import round_tails
from core.monitoring.canary import (
    KEPT,
    Result,
    RoundAsked,
    RowsRefused,
    UnknownVersion,
    asked_version,
    keep,
    record,
)
from core.monitoring.canary_rows import UnusableRows, inputs_of, results_of, rows_of
from core.registry.yaml_reader import read
from core.sentences.acts import facts
from core.trail.fingerprint import Fingerprint
from core.views.shared.canary import canary_lines
from tests.worlds.governed.governed import REGISTRY, V1

START = datetime(2026, 10, 2, 9)
IDS = [f"q-{n:02}" for n in range(50)]


@pytest.fixture
def kept(governed: Any) -> Any:
    keep(governed.office, governed.actor("user:desk/ann", KEPT), "triage", [(i, None) for i in IDS])
    return governed


def asked(day: int, ppm: int = 900_000, answer: str = "yes", **more: Any) -> RoundAsked:
    results = tuple(Result(one, ppm, answer) for one in IDS)
    at = START + timedelta(days=day)
    return RoundAsked("triage", V1, at, **{"results": results, **more})


def rounds_of(governed: Any, version: Fingerprint = V1) -> Any:
    return governed.office.state().canary_rounds[("triage", version)]


def test_the_same_inputs_are_kept_once_unless_a_new_reference_is_asked_for(kept: Any) -> None:
    ann, inputs = kept.actor("user:desk/ann", KEPT), [(i, None) for i in IDS]
    assert keep(kept.office, ann, "triage", inputs) is None
    again = keep(kept.office, ann, "triage", inputs, anew=True)
    assert again is not None
    assert kept.office.state().canaries["triage"].inputs == tuple(IDS)


def test_too_few_inputs_and_ids_that_repeat_are_refused(governed: Any) -> None:
    ann = governed.actor("user:desk/ann", KEPT)
    with pytest.raises(Refused, match="49 inputs are few"):
        keep(governed.office, ann, "triage", [(i, None) for i in IDS[:49]])
    with pytest.raises(RowsRefused, match="Row 51, input_id 'q-00': stands in row 1 too; keep"):
        keep(governed.office, ann, "triage", [(i, None) for i in [*IDS, "q-00"]])


def test_a_round_recorded_twice_changes_nothing_and_other_results_are_refused(kept: Any) -> None:
    first = record(kept.office, asked(0))
    size = kept.office.state().size
    assert record(kept.office, asked(0, name="")).known
    assert kept.office.state().size == size
    assert (first.round.name, first.round.n_asked) == ("2026-10-02", 50)
    with pytest.raises(Refused, match="recorded with other results"):
        record(kept.office, asked(0, ppm=800_000))
    record(kept.office, asked(2))
    with pytest.raises(Refused, match="rounds are recorded in the order"):
        record(kept.office, asked(1))


def test_every_row_that_cannot_be_used_is_named_and_nothing_is_recorded(kept: Any) -> None:
    rows = [
        {"input_id": "q-00", "confidence": 0.9, "input_sha256": "x"},
        {"input_id": "unknown", "confidence": 0.9},
        {"input_id": "q-01", "confidence": 0.9},
        {"input_id": "q-01", "confidence": 0.8},
    ]
    with pytest.raises(RowsRefused) as refusal:
        record(kept.office, asked(0, results=results_of(rows)))
    assert [(one.row, one.field, one.value) for one in refusal.value.refused] == [
        (2, "input_id", "unknown"),
        (4, "input_id", "q-01"),
    ]
    with pytest.raises(RowsRefused, match=r"confidence '85%': is no number in \[0, 1\]; write it"):
        results_of([{"input_id": "q-00", "confidence": "85%"}])
    assert ("triage", V1) not in kept.office.state().canary_rounds


def test_an_input_that_is_no_longer_what_was_kept_is_refused(governed: Any) -> None:
    rows = [{"input_id": one, "text": f"What is {one}?"} for one in IDS]
    ann = governed.actor("user:desk/ann", KEPT)
    keep(governed.office, ann, "triage", inputs_of(rows))
    changed = Result("q-00", 900_000, digest=inputs_of([{**rows[0], "text": "?"}])[0][1])
    with pytest.raises(RowsRefused, match="is not the input that was kept"):
        record(governed.office, asked(0, results=(changed,)))


def test_failures_are_counted_and_named_and_a_round_of_nothing_else_is_none(kept: Any) -> None:
    some = (*(Result(one, 900_000) for one in IDS[:40]), Result("q-40", failure="no answer in 5 s"))
    taken = record(kept.office, asked(0, results=some))
    assert (taken.round.n_asked, taken.round.n_failed) == (40, 10)
    assert taken.failures == {"no answer in 5 s": 1, "not asked": 9}
    with pytest.raises(Refused, match=r"No input of triage was answered \(not asked: 50\)"):
        record(kept.office, asked(1, results=()))


def test_neither_inputs_nor_answers_stand_in_the_trail(governed: Any) -> None:
    rows = [{"input_id": one, "text": "the customer's words"} for one in IDS]
    governed_ann = governed.actor("user:desk/ann", KEPT)
    keep(governed.office, governed_ann, "triage", inputs_of(rows))
    record(governed.office, asked(0, answer="the model's words"))
    entries = governed.ledger.cursor().execute("SELECT string_agg(entry, '') FROM acts").fetchall()
    assert "words" not in entries[0][0].replace("in words", "")
    assert verify_ledger(governed.ledger.cursor()).ok


def test_until_it_can_tell_it_says_how_many_rounds_are_missing(kept: Any) -> None:
    (line,) = canary_lines(kept.office.state())
    assert line.words == "50 kept inputs, not asked yet."
    record(kept.office, asked(0))
    (line,) = canary_lines(kept.office.state())
    assert line.words == "50 kept inputs, asked 1 time: after 2 more rounds it can tell."


def test_the_first_round_is_due_when_inputs_were_kept_and_the_next_after_its_days(
    kept: Any,
) -> None:
    (line,) = canary_lines(kept.office.state())
    assert line.due is None, "the entry names no interval"
    entry = REGISTRY.replace("  validation:\n", "  canary: {everyDays: 7}\n  validation:\n")
    registry.apply(kept.office, read(entry), "user:desk/ann")
    (line,) = canary_lines(kept.office.state())
    assert line.due == line.kept.at
    record(kept.office, asked(0))
    (line,) = canary_lines(kept.office.state())
    assert line.due == START + timedelta(days=7)


def test_a_changed_model_is_told_in_the_first_round_after_it(kept: Any) -> None:
    for day in range(6):
        record(kept.office, asked(day))
    (line,) = canary_lines(kept.office.state())
    assert (line.state, line.standing.process.e_value < 1.01) == ("unchanged", True)
    record(kept.office, asked(6, ppm=850_000))
    (line,) = canary_lines(kept.office.state())
    assert line.state == "changed"
    assert line.standing.alarm is not None
    assert line.standing.alarm.name == "2026-10-08"
    assert "shown by the round 2026-10-08" in line.words


def test_what_is_judged_is_what_was_recorded(kept: Any) -> None:
    rng = np.random.default_rng(3)
    for day in range(5):
        results = tuple(
            Result(one, int(rng.choice([700_000, 800_000, 900_000])), str(rng.integers(3)))
            for one in IDS
        )
        record(kept.office, asked(day, results=results))
    found = rounds_of(kept)
    assert [one.p_values for one in found[:2]] == [None, None]
    bodies = answered(kept.ledger.cursor(), "triage", found)
    tails = round_tails(stated_of(bodies), answers_of(bodies))
    assert found[-1].p_values == tails.p_values


def test_another_version_and_inputs_kept_anew_begin_a_series_of_their_own(kept: Any) -> None:
    for day in range(4):
        record(kept.office, asked(day))
    other = Fingerprint(model_version="m2", prompt_version="p1")
    record(kept.office, RoundAsked("triage", other, START, asked(0, ppm=100_000).results))
    assert len(canary_standing(rounds_of(kept, other)).rounds) == 1
    ann = kept.actor("user:desk/ann", KEPT)
    keep(kept.office, ann, "triage", [(i, None) for i in IDS], anew=True)
    record(kept.office, asked(9, ppm=100_000))
    standing = canary_standing(rounds_of(kept))
    assert (len(standing.rounds), standing.alarm) == (1, None)


def test_a_round_is_of_the_version_in_use_unless_another_is_named(
    kept: Any, log: Callable[..., None]
) -> None:
    with pytest.raises(UnknownVersion, match="In use: none"):
        asked_version(kept.office, "triage", Fingerprint())
    log(START - timedelta(days=1))
    version = asked_version(kept.office, "triage", Fingerprint())
    assert version.model_version == "m1"
    with pytest.raises(UnknownVersion, match="triage has no version m9"):
        asked_version(kept.office, "triage", Fingerprint(model_version="m9"))


def test_a_round_of_the_future_is_refused_for_none_could_follow_it(kept: Any) -> None:
    with pytest.raises(Refused, match="lies in the future"):
        record(kept.office, asked(400))
    assert not record(kept.office, asked(0)).known


def test_a_reason_may_be_in_any_script(kept: Any) -> None:
    some = (*(Result(one, 900_000) for one in IDS[:49]), Result("q-49", failure="Überlast"))
    taken = record(kept.office, asked(0, results=some))
    assert taken.failures == {"Überlast": 1}
    assert taken.act is not None
    assert "Überlast 1" in [one.value for one in facts(taken.act, {}.get)]


@pytest.mark.parametrize(
    ("content", "ids"),
    [
        (b'"input_id","text"\n"a","b"\n', ["a"]),
        (b"input_id , text\n a ,b\n", ["a"]),
        ('{"input_id": "a", "text": "x\u2028y"}\n'.encode(), ["a"]),
        ("a\u2028b\nc\n".encode(), ["a\u2028b", "c"]),
        (b'[{"input_id": 0}, {"input_id": " a"}]', ["0", "a"]),
    ],
)
def test_ids_of_inputs_are_read_as_those_of_results_are(content: bytes, ids: list[str]) -> None:
    assert [one for one, _ in inputs_of(rows_of(content))] == ids
    assert [one.input_id for one in results_of(rows_of(content))] == ids


def test_a_text_may_be_as_long_as_a_request() -> None:
    long = b"x" * 200_000
    assert rows_of(b'input_id,text\na,"' + long + b'"\n')[0]["text"] == long.decode()
    limit = csv.field_size_limit(1_000)
    try:
        with pytest.raises(UnusableRows, match="Line 2 is not CSV"):
            rows_of(b"input_id,text\na," + long)
    finally:
        csv.field_size_limit(limit)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"input_id;text\na;b\n", "but not as a column"),
        (b"Input_ID,text\na,b\n", "but not as a column"),
        (b"input_id,text\na,b,c\n", "Line 2 has 3 values under 2 names"),
        (b"input_id,input_id\na,b\n", "names a column twice"),
    ],
)
def test_a_table_that_would_be_misread_is_refused(content: bytes, told: str) -> None:
    with pytest.raises(UnusableRows, match=told):
        rows_of(content)


def test_rows_are_read_from_every_form_of_file() -> None:
    as_lines = b'{"input_id": "a", "text": "x"}\n\n{"input_id": "b", "text": "y"}\n'
    assert [one["input_id"] for one in rows_of(as_lines)] == ["a", "b"]
    assert rows_of(b'[{"input_id": "a"}]') == [{"input_id": "a"}]
    assert rows_of(b"input_id,confidence\na,0.5\n") == [{"input_id": "a", "confidence": "0.5"}]
    assert inputs_of(rows_of(b"a\nb\n")) == [("a", None), ("b", None)]
    assert inputs_of(rows_of(as_lines))[0][1] is not None
    with pytest.raises(UnusableRows, match="Line 2 is not JSON"):
        rows_of(b'{"input_id": "a"}\n{"input_id"\n')
