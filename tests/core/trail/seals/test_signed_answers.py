"""The gate's answers since the last seal: signed as they are given, never made good afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.audit.report import Report
from core.audit.verify import verify_ledger
from core.gate.decision_log import DecisionLog, decide_logged
from core.gate.gate import Gate, Question
from core.governance.perform import Office
from core.ledger.connection import Ledger
from core.monitoring.rounds import rounds
from core.trail import log as trail
from core.trail.acts import SYSTEM, Actor, Proposal
from core.trail.checkpoints.signer import Signer
from core.trail.signing_key import key_path
from tests.worlds.governed.governed import Governed

_FORGED = """
    INSERT INTO decisions SELECT * REPLACE (decision_no + 1 AS decision_no, 'automate' AS action)
    FROM decisions ORDER BY decision_no DESC LIMIT 1
"""


def _ask(governed: Governed, *events: str) -> None:
    gate, log = Gate(governed.office), DecisionLog(governed.office)
    asked = [{"signal": "triage", "event_id": one, "confidence": 0.95} for one in events]
    decide_logged(gate, log, [Question.of(one) for one in asked])


def _report(governed: Governed) -> Report:
    return verify_ledger(governed.ledger.cursor())


def _words(governed: Governed) -> str:
    return "\n".join(one.words for one in _report(governed).problems)


def test_answers_since_the_last_seal_are_covered_however_they_came(governed: Governed) -> None:
    _ask(governed, "a", "b", "ü\n☃")
    _ask(governed, "c")
    report = _report(governed)
    assert report.problems == ()
    assert any("4 answers of the gate came after the last seal; a sig" in x for x in report.remarks)


@pytest.mark.parametrize(
    "change",
    [
        _FORGED,
        "UPDATE decisions SET action = 'automate' WHERE decision_no = 1",
        "DELETE FROM decisions WHERE decision_no = 2",
        "DELETE FROM decisions WHERE decision_no = 3",
        "DELETE FROM decision_head",
        "DELETE FROM decision_head; " + _FORGED,
        "UPDATE decision_head SET signature = ''",
    ],
)
def test_what_was_done_to_them_by_hand_is_found_at_once_and_after_every_later_answer_and_seal(
    governed: Governed, change: str
) -> None:
    _ask(governed, "a", "b", "c")
    governed.ledger.cursor().execute(change)
    assert "decisions from 1 on, after the last seal" in _words(governed)
    _ask(governed, "d")
    assert "decisions from 1 on, after the last seal" in _words(governed)
    rounds(governed.office)
    assert "were not those that the gate had signed" in _words(governed)


def test_a_digest_worked_out_by_hand_is_not_signed_by_the_next_answer(governed: Governed) -> None:
    _ask(governed, "a")
    signature = "SELECT signature FROM decision_head"
    cursor = governed.ledger.cursor()
    genuine = cursor.execute(signature).fetchone()
    cursor.execute(_FORGED)
    # What the log itself would have written, but for the signature.
    _resigned(governed, Signer.generate(governed.signer.name))
    assert cursor.execute(signature).fetchone() != genuine
    assert "carry no valid signature" in _words(governed)
    _ask(governed, "b")
    assert "carry no valid signature" in _words(governed)


def _resigned(governed: Governed, signer: Signer) -> None:
    """Write the digest of what there is, signed by somebody."""
    from core.trail.seals import signed_answers

    with governed.ledger.transaction() as cursor:
        signed_answers.clear(cursor)
        rows = cursor.execute("SELECT * FROM decisions").fetchall()
        names = [str(one[0]) for one in cursor.description or ()]
        signed_answers.sign(cursor, signer, names, rows, tuple)


def test_a_seal_covers_them_and_the_next_answer_begins_anew(governed: Governed) -> None:
    _ask(governed, "a", "b")
    rounds(governed.office)
    assert _report(governed).ok
    _ask(governed, "c")
    assert _report(governed).ok
    head = governed.ledger.cursor().execute("SELECT first_no, last_no FROM decision_head")
    assert head.fetchall() == [(3, 3)]


def test_answers_after_a_change_of_key_follow_those_before_it(governed: Governed) -> None:
    _ask(governed, "a")
    new = Signer.generate(governed.signer.name)
    change = Proposal("key.changed", Actor(SYSTEM, SYSTEM), body={"key": new.verifier_key})
    with governed.ledger.transaction() as cursor:
        trail.append(
            cursor, governed.signer, change,
            at=governed.clock.now, before=None, after=None, successor=new,
        )  # fmt: skip
    log = DecisionLog(Office(governed.ledger, new, clock=governed.clock))
    gate = Gate(governed.office)
    log.write([gate.decide(Question.of({"signal": "triage", "confidence": 0.5}))])
    assert _report(governed).ok


def test_what_was_answered_before_the_trail_began_waits_for_the_first_seal(
    ungoverned: Governed,
) -> None:
    _ask(ungoverned, "a")
    ungoverned.apply()
    _ask(ungoverned, "b")
    report = _report(ungoverned)
    assert report.ok
    assert any("1 answer of the gate came after the last seal and nothing" in x
               for x in report.remarks)  # fmt: skip
    rounds(ungoverned.office)
    assert _report(ungoverned).ok


def test_without_the_signing_key_no_answer_is_given_but_the_closed_one(
    governed_on, tmp_path: Path
) -> None:
    path = tmp_path / "l.duckdb"
    with Ledger.open(path, create=True) as ledger:
        governed = governed_on(ledger)
        governed.validate()
        key_path(path).unlink(missing_ok=True)
        office = Office.of(ledger, clock=governed.clock)
        question = Question.of(
            {"signal": "triage", "confidence": 0.95, "model_version": "m1", "prompt_version": "p1"}
        )
        (answer,) = decide_logged(Gate(office), DecisionLog(office), [question])
        assert (answer.action, answer.rule) == ("review", "builtin:fail-closed")
        assert ledger.cursor().execute("SELECT count(*) FROM decisions").fetchone() == (0,)
