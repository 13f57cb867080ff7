"""The log of the gate's answers: on disk before they are given, and joined to their claims."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import duckdb
import pytest

from core.gate.decision_log import DecisionLog, decide_logged, decisions_of_event, unsealed
from core.gate.gate import FAIL_CLOSED, Gate
from core.gate.questions import Question
from core.ledger.connection import Ledger

ASKED = {
    "signal": "triage",
    "model_version": "m1",
    "prompt_version": "p1",
    "confidence": 0.93,
    "seg_language": "de",
}


def questions(*events: str) -> list[Question]:
    return [Question.of({**ASKED, "event_id": event}) for event in events]


def test_an_answer_is_in_the_log_with_what_was_asked_and_why(governed):
    gate, log = Gate(governed.office), DecisionLog(governed.office)
    asked = Question.of({**ASKED, "event_id": "e1", "seg_language": "hi"})
    (answer,) = decide_logged(gate, log, [asked])
    (logged,) = decisions_of_event(governed.ledger.cursor(), "triage", "e1")
    assert (logged.decision_id, logged.action) == (answer.decision_id, "review")
    assert (logged.rule, logged.reason) == (answer.rule, answer.reason)
    assert (logged.confidence, logged.state) == ("0.93", "draft")
    assert logged.fingerprint == '{"model_version":"m1","prompt_version":"p1"}'
    assert logged.trail_size == governed.office.state().size


def test_answers_are_numbered_without_a_gap_over_batches(governed):
    gate, log = Gate(governed.office), DecisionLog(governed.office)
    for batch in (("a", "b"), (), ("c",)):
        decide_logged(gate, log, questions(*batch))
    rows = governed.ledger.cursor().execute(
        "SELECT decision_no, event_id FROM decisions ORDER BY decision_no"
    )
    assert rows.fetchall() == [(1, "a"), (2, "b"), (3, "c")]
    assert unsealed(governed.ledger.cursor(), 0) == (1, 3)
    assert unsealed(governed.ledger.cursor(), 2) == (3, 3)
    assert unsealed(governed.ledger.cursor(), 3) is None


def test_many_threads_log_every_answer_once(governed):
    gate, log = Gate(governed.office), DecisionLog(governed.office)

    def ask(worker: int) -> list[str]:
        found = []
        for i in range(20):
            found += decide_logged(gate, log, questions(f"{worker}-{i}"))
        return [one.decision_id for one in found]

    with ThreadPoolExecutor(8) as pool:
        given = [id_ for ids in pool.map(ask, range(8)) for id_ in ids]
    cursor = governed.ledger.cursor()
    logged = [id_ for (id_,) in cursor.execute("SELECT decision_id FROM decisions").fetchall()]
    numbers = cursor.execute(
        "SELECT min(decision_no), max(decision_no), count(DISTINCT decision_no) FROM decisions"
    ).fetchone()
    assert sorted(logged) == sorted(given)
    assert len(set(given)) == 160
    assert numbers == (1, 160, 160)


def test_an_answer_that_cannot_be_logged_is_not_given(governed, monkeypatch: pytest.MonkeyPatch):
    governed.validate()
    gate, log = Gate(governed.office), DecisionLog(governed.office)
    assert decide_logged(gate, log, questions("a"))[0].action == "automate"

    def full(self: Ledger) -> None:
        raise duckdb.IOException("No space left on device")

    monkeypatch.setattr(Ledger, "transaction", full)
    (answer,) = decide_logged(gate, log, questions("b"))
    assert (answer.action, answer.rule) == ("review", FAIL_CLOSED)
    assert "could not be logged" in answer.reason


def test_what_is_logged_is_what_was_given_whatever_was_asked(governed):
    gate, log = Gate(governed.office), DecisionLog(governed.office)
    odd = [
        {**ASKED, "event_id": "a"},
        {**ASKED, "event_id": "b\ud800"},
        {**ASKED, "event_id": "c", "model_version": "\udfff"},
        {"signal": "\ud800", "event_id": "d", "seg_\u00e9": "\ud800"},
        {**ASKED, "event_id": "e", "confidence": ["\ud800"]},
        5,
    ]
    answers = decide_logged(gate, log, [Question.of(one) for one in odd])
    rows = governed.ledger.cursor().execute(
        "SELECT decision_id, event_id, action, rule, reason FROM decisions ORDER BY decision_no"
    )
    assert rows.fetchall() == [
        (one.decision_id, one.question.event_id, one.action, one.rule, one.reason)
        for one in answers
    ]
    assert answers[1].question.event_id == "b\\ud800"


def test_segments_are_logged_as_they_were_given_where_they_are_unclear(governed):
    gate, log = Gate(governed.office), DecisionLog(governed.office)
    asked = {"seg_language": "hi", "segments": {"Language": "de", "topic": ["law"]}}
    decide_logged(gate, log, [Question.of({**ASKED, **asked})])
    (row,) = governed.ledger.cursor().execute("SELECT segments FROM decisions").fetchall()
    assert json.loads(row[0]) == {
        "language": "hi", "segments.Language": "de", "segments.topic": "['law']",
    }  # fmt: skip


def test_an_answer_joins_its_claim_when_that_arrives(governed, tmp_path):
    from core.governance.recorded_import import import_recorded

    gate, log = Gate(governed.office), DecisionLog(governed.office)
    decide_logged(gate, log, questions("e7"))
    file = tmp_path / "claims.csv"
    file.write_text(
        "event_id,ts,signal,confidence,action\ne7,2026-11-02T10:00:00Z,triage,0.93,review\n"
    )
    import_recorded(governed.office, file)
    row = governed.ledger.cursor().execute(
        """
        SELECT claims.action, decisions.action FROM claims
        JOIN decisions USING (signal, event_id)
        """
    )
    assert row.fetchall() == [("review", "review")]
