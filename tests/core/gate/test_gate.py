"""The gate: what it answers, why, and that it fails closed."""

from __future__ import annotations

import math
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.gate.decision_log import DecisionLog, decide_logged
from core.gate.gate import FAIL_CLOSED, Decision, Gate
from core.gate.questions import Question
from core.governance.perform import Office
from core.ledger.connection import Ledger
from core.trail.fingerprint import Fingerprint
from tests.worlds.governed.rounds import examples

ASKED = {
    "signal": "triage",
    "event_id": "e1",
    "model_version": "m1",
    "prompt_version": "p1",
    "seg_language": "de",
}


def ask(gate: Gate, confidence: object = 0.93, **fields: Any) -> Decision:
    return gate.decide(Question.of({**ASKED, "confidence": confidence, **fields}))


@pytest.fixture
def gate(governed) -> Gate:
    return Gate(governed.office)


@pytest.fixture
def open_gate(governed, gate: Gate) -> Gate:
    governed.validate()
    return gate


def test_no_confidence_acts_before_its_fingerprint_was_validated(gate: Gate):
    found = ask(gate, 0.99)
    assert (found.action, found.rule, found.state) == ("review", "fallback:unvalidated", "draft")
    assert found.reason


def test_a_validated_fingerprint_acts_by_the_written_rules(open_gate: Gate):
    actions = [(v, ask(open_gate, v).action) for v in (0, 0.61, 0.62, 0.89, 0.9, 1)]
    assert actions == [
        (0, "escalate"),
        (0.61, "escalate"),
        (0.62, "review"),
        (0.89, "review"),
        (0.9, "automate"),
        (1, "automate"),
    ]


def test_an_override_rules_its_segment_whichever_way_segments_are_given(open_gate: Gate):
    for fields in (
        {"seg_language": "hi"},
        {"SEG_Language": "hi", "seg_language": None},
        {"segments": {"language": "hi"}, "seg_language": "hi"},
        {"segments": '{"Language": "hi "}', "seg_language": "hi"},
    ):
        asked = {name: value for name, value in {**ASKED, **fields}.items() if value is not None}
        found = open_gate.decide(Question.of({**asked, "confidence": 0.93}))
        assert (found.action, found.rule) == ("review", "override:language=hi:band:0-0.95")
    assert ask(open_gate, 0.93, seg_language="de").action == "automate"


@pytest.mark.parametrize(
    "stated", [math.nan, math.inf, 1.0001, -0.1, "0.95", True, [0.9], {"v": 1}, 10**400]
)
def test_what_is_no_confidence_gets_the_fallback_for_invalid(open_gate: Gate, stated: object):
    found = ask(open_gate, stated)
    assert (found.action, found.rule, found.ppm) == ("escalate", "fallback:invalid", None)


def test_a_missing_confidence_gets_the_fallback_for_missing(open_gate: Gate):
    assert ask(open_gate, None).rule == "fallback:missing"
    assert open_gate.decide(Question.of(ASKED)).rule == "fallback:missing"


def test_another_model_prompt_or_order_is_another_fingerprint_and_falls_back(open_gate: Gate):
    for change in (
        {"model_version": "m2"},
        {"prompt_version": "p2"},
        {"prompt_version": None},
        {"elicitation_order": "after"},
        {"params_version": "t0"},
        {"calibrator_version": "c1"},
    ):
        assert ask(open_gate, **change).rule == "fallback:unvalidated", change
    assert ask(open_gate).action == "automate"


def test_an_unknown_signal_is_reviewed_by_the_builtin_rule(open_gate: Gate):
    for signal in ("other", "", None, 7):
        found = ask(open_gate, signal=signal)
        assert (found.action, found.rule) == ("review", FAIL_CLOSED)
        assert found.reason


def test_the_gate_closes_when_the_validation_expires_and_a_clock_set_back_does_not_open_it(
    open_gate: Gate, clock
):
    clock.forward(days=59.9)
    assert ask(open_gate).action == "automate"
    clock.forward(days=0.1)
    assert (ask(open_gate).state, ask(open_gate).rule) == ("expired", "fallback:unvalidated")
    clock.forward(days=-30)
    assert ask(open_gate).state == "expired"


def test_a_stop_is_honoured_by_the_very_next_decision(governed, open_gate: Gate, v1):
    assert ask(open_gate).action == "automate"
    governed.do("user:desk/bob", "validation.suspended", trigger="stop", reason="odd answers")
    found = ask(open_gate)
    assert (found.action, found.state) == ("review", "suspended")
    assert "odd answers" in found.reason


def test_an_empty_owner_seat_closes_it_and_a_deputy_keeps_it_open(governed, open_gate: Gate):
    for handle, action in (("user:desk/ann", "automate"), ("user:desk/bob", "review")):
        governed.do(
            "user:desk/admin", "person.status", None, signal=None,
            sub=governed.sub(handle), status="left", until=None,
        )  # fmt: skip
        assert ask(open_gate).action == action
    assert "There is no owner" in ask(open_gate).reason


def test_changed_rules_close_it_until_they_are_validated(governed, open_gate: Gate, registry_text):
    changed = registry_text.replace('{below: "0.90"', '{below: "0.85"')
    governed.apply(changed, who="user:desk/ann")
    found = ask(open_gate)
    assert (found.action, found.state) == ("review", "suspended")


def test_in_production_mode_a_signature_without_sign_on_opens_nothing(governed, open_gate: Gate):
    governed.do("user:desk/admin", "gate.mode", None, signal=None, mode="production")
    found = ask(open_gate)
    assert (found.action, found.rule) == ("review", "fallback:unvalidated")
    assert "sign-on" in found.reason


def test_the_answer_names_the_registry_version_and_the_trail_it_rests_on(governed, open_gate: Gate):
    state = governed.office.state()
    found = ask(open_gate)
    assert found.registry_version == state.entries["triage"].spec_sha256
    assert found.trail_size == state.size


def test_a_trail_that_was_tampered_with_fails_closed(governed, open_gate: Gate):
    with governed.ledger.transaction() as cursor:
        cursor.execute(
            "UPDATE acts SET entry = replace(entry, 'high', 'low') WHERE contains(entry, 'high')"
        )
    office = Office(governed.ledger, governed.signer, clock=governed.clock)
    found = ask(Gate(office))
    assert (found.action, found.rule) == ("review", FAIL_CLOSED)
    assert "trail" in found.reason


def test_a_trail_cut_short_under_a_running_gate_fails_closed(governed, open_gate: Gate):
    assert ask(open_gate).action == "automate"
    with governed.ledger.transaction() as cursor:
        cursor.execute("DELETE FROM acts WHERE seq = (SELECT max(seq) FROM acts)")
    assert ask(open_gate).rule == FAIL_CLOSED


def test_a_segment_nobody_listed_has_the_strictest_rule_and_the_reason_says_so(open_gate: Gate):
    strictest = "the strictest rule of language applies."
    for fields, why in (
        ({"seg_language": None}, "language is not stated"),
        ({"seg_language": "xx"}, "language is 'xx', which the registry entry does not list"),
        ({"seg_language": "d\u0435"}, r"language is 'd\u0435', which the registry entry does not"),
        ({"seg_language": ["de"]}, "language is \"['de']\", no text"),
        ({"segments": {"language": "hi"}}, "language is contradicted: seg_language and segments."),
        ({"segments": 5}, "The segments cannot be read (segments is no JSON object)"),
    ):
        found = ask(open_gate, 0.93, **fields)
        assert (found.action, found.rule) == ("review", "override:language=hi:band:0-0.95")
        assert found.reason.startswith(f"Stated 0.93; rule {found.rule}. {why}")
        assert found.reason.endswith(strictest)


def test_a_question_with_a_fault_has_the_most_careful_fallback(open_gate: Gate):
    for fields in ({"event_id": "a\ud800"}, {"model_version": "m1\ud800"}):
        found = ask(open_gate, 0.97, **fields)
        assert (found.action, found.rule) == ("escalate", FAIL_CLOSED)
        assert "half a character" in found.reason
    unnamed = ask(open_gate, 0.97, signal="triage\udfff")
    assert (unnamed.action, unnamed.rule) == ("review", FAIL_CLOSED)


def test_a_clock_set_back_over_a_restart_reopens_nothing_that_the_log_saw_expire(
    governed, open_gate: Gate, clock
):
    clock.forward(days=60.1)
    decide_logged(open_gate, DecisionLog(governed.office), [Question.of(ASKED)])
    clock.forward(days=-30)
    found = ask(Gate(governed.office))
    assert (found.action, found.state) == ("review", "expired")
    assert "This machine's clock says 2026-12-02 11:24 UTC" in found.reason


def test_a_clock_set_back_over_a_restart_reopens_nothing_that_the_trail_saw_expire(
    governed, open_gate: Gate, clock
):
    clock.forward(days=60.1)
    governed.do(
        "user:desk/admin", "person.status", None, signal=None,
        sub=governed.sub("user:desk/bob"), status="left", until=None,
    )  # fmt: skip
    clock.forward(days=-30)
    assert ask(Gate(governed.office)).state == "expired"


@pytest.fixture
def on_disk(tmp_path: Path, governed_on) -> Iterator[tuple[Path, Gate]]:
    """A ledger file of some megabytes and its open gate."""
    path = tmp_path / "ledger.duckdb"
    with Ledger.open(path, create=True) as ledger:
        governed = governed_on(ledger)
        governed.validate()
        with ledger.transaction() as cursor:
            cursor.execute(
                "CREATE TABLE attic AS SELECT md5(i::VARCHAR) FROM range(200000) AS numbers(i)"
            )
        ledger.cursor().execute("CHECKPOINT")
        yield path, Gate(governed.office)


def test_a_ledger_that_is_cut_while_it_is_open_fails_closed_until_the_program_ends(on_disk):
    path, gate = on_disk
    assert ask(gate).action == "automate"
    os.truncate(path, path.stat().st_size // 3)
    for _ in range(2):
        found = ask(gate)
        assert (found.action, found.rule) == ("review", FAIL_CLOSED)
        assert "it was cut from" in found.reason
    os.truncate(path, 20_000_000)
    assert ask(gate).rule == FAIL_CLOSED


@pytest.mark.parametrize("harm", ["replaced", "gone", "emptied", "log cut"])
def test_a_ledger_that_is_harmed_while_it_is_open_fails_closed(on_disk, harm: str):
    path, gate = on_disk
    decide_logged(gate, DecisionLog(gate._office), [Question.of(ASKED)])
    # Nothing rests on the time of a file that was written to a moment ago.
    os.utime(path, (time.time() - 60,) * 2)
    assert ask(gate).action == "automate"
    if harm == "replaced":
        copy = path.with_name("copy.duckdb")
        shutil.copy(path, copy)
        copy.replace(path)
    elif harm == "gone":
        path.unlink()
    elif harm == "log cut":
        os.truncate(f"{path}.wal", 10)
    else:
        os.truncate(path, 0)
    found = ask(gate)
    assert (found.action, found.rule) == ("review", FAIL_CLOSED)


def test_a_gate_that_watches_its_ledger_lets_no_other_process_open_it(on_disk):
    path, gate = on_disk
    log = DecisionLog(gate._office)
    for _ in range(3):
        decide_logged(gate, log, [Question.of(ASKED)])
        gate._office.ledger.cursor().execute("CHECKPOINT")
    opened = subprocess.run(
        [sys.executable, "-c", "import duckdb, sys; duckdb.connect(sys.argv[1])", str(path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert opened.returncode == 1
    assert "Conflicting lock" in opened.stderr


def test_checkpoints_imports_and_space_given_back_are_no_damage(on_disk):
    _, gate = on_disk
    cursor = gate._office.ledger.cursor()
    log = DecisionLog(gate._office)
    for query in (
        "INSERT INTO attic SELECT md5(i::VARCHAR) FROM range(300000) AS numbers(i)",
        "CHECKPOINT",
        "DELETE FROM attic",
        "CHECKPOINT",
        "DROP TABLE attic",
        "CHECKPOINT",
    ):
        cursor.execute(query)
        (found,) = decide_logged(gate, log, [Question.of({**ASKED, "confidence": 0.93})])
        assert found.action == "automate", (query, found.reason)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(
    max_examples=examples(60, 1_000),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(st.dictionaries(st.sampled_from([
    "signal", "event_id", "confidence", "model_version", "segments", "seg_language",
    "elicitation_order", "split", "other"]), ANYTHING))  # fmt: skip
def test_any_object_gets_exactly_one_action_and_can_be_logged(governed, fields: dict[str, Any]):
    gate, log = Gate(governed.office), DecisionLog(governed.office)
    (found,) = decide_logged(gate, log, [Question.of(fields)])
    # Nothing was validated in this ledger, so nothing may act by itself.
    assert found.action in ("review", "escalate")
    assert not found.reason.startswith("Fails closed: the answer")


def test_another_office_on_the_same_file_is_honoured_by_the_very_next_decision(
    tmp_path: Path, clock, governed_on
):
    with Ledger.open(tmp_path / "ledger.duckdb", create=True) as ledger:
        governed = governed_on(ledger)
        gate = Gate(governed.office)
        governed.validate()
        for _ in range(20):
            assert ask(gate).action == "automate"
        other = governed_on(ledger, same_key_as=governed)
        other.do("user:desk/bob", "validation.suspended", trigger="stop", reason="odd answers")
        assert ask(gate).state == "suspended"


def test_a_fingerprint_is_read_as_an_import_reads_it():
    asked = Question.of({"model_version": 4, "elicitation_order": "After", "prompt_version": ""})
    assert asked.fingerprint == Fingerprint(model_version="4", elicitation_order="after")
