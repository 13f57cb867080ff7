"""The spool into the ledger: what cannot be used is set aside, what is left over is not lost."""

from __future__ import annotations

import hashlib
import json
import os
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from core.audit.verify import verify_ledger
from core.findings.set_aside import set_aside_conditions
from core.gate.decision_log import DecisionLog, SpooledLog, decide_logged, logged
from core.gate.gate import FAIL_CLOSED, Gate
from core.gate.questions import Question
from core.governance.perform import Office
from core.intake import fold as folding
from core.intake.fold import fold, fold_left_over
from core.intake.otlp.joining import KIND as OTLP
from core.intake.otlp.joining import claim_line, span_line
from core.intake.otlp.wire import SpanFacts
from core.ledger.connection import Ledger
from core.ledger.errors import LedgerError
from core.monitoring.rounds import outlook, rounds
from core.spool.segments import Spool, beside, failed_beside, segments_beside

CLAIM = {"event_id": "e1", "ts": "2026-11-02T10:00:00Z", "signal": "triage", "confidence": 0.9}


@pytest.fixture
def office(tmp_path: Path):
    with Ledger.open(tmp_path / "ledger.duckdb", create=True) as ledger:
        yield Office.of(ledger)


@pytest.fixture
def spool(office: Office):
    made = Spool(beside(Path(str(office.ledger.path))))
    yield made
    made.close()


def line(**more: object) -> bytes:
    return json.dumps({**CLAIM, **more}).encode()


def counted(office: Office, table: str) -> int:
    row = office.ledger.cursor().execute(f"SELECT count(*) FROM {table}").fetchone()
    assert row is not None
    return int(row[0])


def test_a_segment_that_cannot_be_used_is_a_finding_until_somebody_took_it_away(
    office: Office, spool: Spool
) -> None:
    spool.append("claims-t-1", [b'{"no": "claim"}', b"{}"])
    spool.append("claims-t-2", [line()])
    done = fold(office, spool)
    assert [one.kind for one in done.folded] == ["claims-t-2"]
    assert counted(office, "claims") == 1
    rounds(office)
    (finding,) = (one for one in outlook(office).open() if one.kind == "rows_set_aside")
    assert finding.text.startswith("2 rows of claims logged by the token t-1 could not")
    assert "calledger import ledger.duckdb.spool/failed/" in finding.mend
    (aside,) = failed_beside(Path(str(office.ledger.path)))
    digest = hashlib.sha256(aside.path.read_bytes()).hexdigest()
    assert ("sha256", digest) in set_aside_conditions(office.ledger.cursor())[0].evidence
    aside.path.unlink()
    rounds(office)
    assert not [one for one in outlook(office).open() if one.kind == "rows_set_aside"]


def test_a_ledger_without_a_file_has_nothing_aside() -> None:
    with Ledger.in_memory() as ledger:
        assert set_aside_conditions(ledger.cursor()) == ()


@pytest.mark.parametrize(
    "error", [duckdb.IOException("disk"), OSError("disk"), MemoryError(), LedgerError("broken")]
)
def test_what_is_not_a_segments_fault_leaves_it_where_it_is(
    office: Office, spool: Spool, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    spool.append("claims", [line()])
    monkeypatch.setattr(folding, "import_recorded", fail)
    with pytest.raises(type(error)):
        fold(office, spool)
    monkeypatch.undo()
    assert len(fold(office, spool).folded) == 1
    assert counted(office, "claims") == 1


@pytest.mark.parametrize("kind", ["claims", "outcomes", "decisions"])
def test_a_segment_in_which_no_row_became_whole_is_no_finding(office: Office, kind: str) -> None:
    folder = beside(Path(str(office.ledger.path)))
    folder.mkdir(exist_ok=True)
    (folder / f"1795936557100.{kind}.jsonl").touch()
    fold_left_over(office)
    assert not folder.exists()
    assert set_aside_conditions(office.ledger.cursor()) == ()


def test_what_nobody_foresaw_stops_one_segment_only(
    office: Office, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = folding.import_recorded

    def fail(office: Office, path: Path, **how: object) -> object:
        if "t-1" in path.name:
            raise AssertionError
        return real(office, path, **how)

    monkeypatch.setattr(folding, "import_recorded", fail)
    spool.append("claims-t-1", [line()])
    spool.append("claims-t-2", [line()])
    done = fold(office, spool)
    assert ([why for _, why in done.set_aside], len(done.folded)) == (["AssertionError: "], 1)


def test_an_outcome_without_a_time_is_known_from_when_it_came(office: Office, spool: Spool) -> None:
    spool.append("outcomes", [b'{"event_id": "e1", "outcome": 1}'])
    (segment,) = spool.closed()
    came = datetime(2026, 11, 3, 8, tzinfo=UTC)
    os.utime(segment.path, (came.timestamp(), came.timestamp()))
    fold(office, spool)
    (known,) = office.ledger.cursor().execute("SELECT known_at FROM outcomes").fetchone() or ()
    assert known == came.replace(tzinfo=None)


def test_what_a_server_left_is_folded_by_who_opens_the_ledger_next(office: Office) -> None:
    path = Path(str(office.ledger.path))
    assert fold_left_over(office).folded == ()
    left = Spool(beside(path))
    left.append("claims", [line()])
    left.close()
    assert len(segments_beside(path)) == 1
    assert len(fold_left_over(office).folded) == 1
    assert not beside(path).exists()
    assert counted(office, "claims") == 1


def questions(*events: str) -> list[Question]:
    return [Question.of({"signal": "triage", "event_id": one, "confidence": 0.9}) for one in events]


def test_answers_are_folded_in_their_order_once_and_signed(office: Office, spool: Spool) -> None:
    spool.append("claims", [line()])
    fold(office, spool)
    gate, log = Gate(office), SpooledLog(office, spool)
    given = [
        one.decision_id
        for batch in (("a", "b"), (), ("c",))
        for one in decide_logged(gate, log, questions(*batch))
    ]
    assert logged(office.ledger.cursor()) == 0
    (segment,) = spool.closed(["decisions"])
    kept = segment.path.read_bytes()
    fold(office, spool, ["decisions"])
    # A process that died after the commit finds the segment again.
    segment.path.write_bytes(kept)
    fold(office, spool, ["decisions"])
    decide_logged(gate, DecisionLog(office), questions("d"))
    rows = office.ledger.cursor().execute(
        "SELECT decision_no, event_id, decision_id FROM decisions ORDER BY decision_no"
    ).fetchall()  # fmt: skip
    assert [row[:2] for row in rows] == [(1, "a"), (2, "b"), (3, "c"), (4, "d")]
    assert [row[2] for row in rows][:3] == given
    assert verify_ledger(office.ledger.cursor()).ok
    rounds(office)
    assert office.state().sealed_to == 4
    assert verify_ledger(office.ledger.cursor()).ok


def test_answers_in_the_spool_are_those_an_immediate_log_writes(
    office: Office, spool: Spool
) -> None:
    gate = Gate(office)
    odd = {"signal": "\ud800", "event_id": "x\ud800", "seg_\u00e9": "\ud800", "confidence": ["a"]}
    answer = gate.decide(Question.of(odd))
    SpooledLog(office, spool).write([answer])
    DecisionLog(office).write([answer])
    fetch = "SELECT * EXCLUDE (decision_no) FROM decisions"
    (at_once,) = office.ledger.cursor().execute(fetch).fetchall()
    with office.ledger.transaction() as cursor:
        cursor.execute("DELETE FROM decisions")
    fold(office, spool)
    assert office.ledger.cursor().execute(fetch).fetchall() == [at_once]


def test_answers_that_are_damaged_are_set_aside(office: Office, spool: Spool) -> None:
    for bad in (b"{", b"\xff", b"{}", b'{"decided_at": "x"}'):
        spool.append("decisions", [bad])
        ((_, why),) = fold(office, spool).set_aside
        assert "no answer of the gate" in why


def test_answers_set_aside_are_corrected_in_place_and_folded_again(
    office: Office, spool: Spool
) -> None:
    spool.append("claims", [line()])
    fold(office, spool)
    decide_logged(Gate(office), SpooledLog(office, spool), questions("a"))
    (segment,) = spool.closed(["decisions"])
    right = segment.path.read_bytes()
    segment.path.write_bytes(right[:20] + b"\n")
    fold(office, spool)
    (said,) = set_aside_conditions(office.ledger.cursor())
    assert "calledger import" not in said.mend
    assert "move it up into ledger.duckdb.spool" in said.mend
    (aside,) = failed_beside(Path(str(office.ledger.path)))
    aside.path.write_bytes(right)
    aside.path.rename(aside.path.parent.parent / aside.path.name)
    assert len(fold(office, spool).folded) == 1
    assert logged(office.ledger.cursor()) == 1
    assert set_aside_conditions(office.ledger.cursor()) == ()


def test_an_answer_that_nothing_can_sign_is_not_given(
    office: Office, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool.append("claims", [line()])
    fold(office, spool)
    again = Office.of(office.ledger)
    path = Path(str(office.ledger.path))
    path.with_name(path.name + ".key").unlink()
    (answer,) = decide_logged(Gate(again), SpooledLog(again, spool), questions("a"))
    assert (answer.action, answer.rule) == ("review", FAIL_CLOSED)
    assert spool.closed(["decisions"]) == ()


def test_claims_that_waited_for_their_span_when_the_server_was_killed_are_not_lost(
    office: Office, spool: Spool
) -> None:
    at = SpanFacts("5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174", None, "m1", None)
    unversioned = line(model_version=None, prompt_version=None)
    spool.append(f"{OTLP}-t", [claim_line(unversioned, at, now=0.0), span_line(at)])
    spool.close()
    done = fold_left_over(office)
    assert done.joined.with_span == 1
    found = office.ledger.cursor().execute("SELECT event_id, model_version FROM claims").fetchall()
    assert found == [("e1", "m1")]
    assert segments_beside(Path(str(office.ledger.path))) == ()
