"""Under which rules a claim was made, and whether what was done is what the gate answered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from core.gate import registry_changes as registry
from core.gate.decision_log import DecisionLog, decide_logged
from core.gate.gate import Gate
from core.gate.questions import Question
from core.governance.people import people
from core.governance.people.names import directory
from core.governance.perform import Office
from core.governance.recorded_import import import_recorded
from core.ledger.connection import Ledger
from core.registry import yaml_reader as registry_file
from core.trail.acts import Proposal, Signature, stamp
from core.trail.fingerprint import Fingerprint
from core.views.audit.claim import claim_view
from core.views.audit.claim_rules import Governed
from tests.worlds.governed.entries import entry

REGISTRY = entry(
    owner="user:team/ann",
    validators="user:risk/eve",
    decision="close the ticket",
    cuts={"escalate": "0.62", "review": "0.90"},
    validation={"minSamples": 100},
)
CLAIMS = """event_id,ts,signal,confidence,model_version,action
before,2026-08-31T12:00:00Z,s,0.95,m1,automate
drafted,2026-09-02T12:00:00Z,s,0.95,m1,automate
signed,2026-09-04T12:00:00Z,s,0.95,m1,automate
other,2026-09-04T12:00:00Z,s,0.95,m2,review
stopped,2026-09-06T12:00:00Z,s,0.95,m1,
unregistered,2026-09-04T12:00:00Z,free,0.95,m1,automate
"""
FINGERPRINT = Fingerprint(model_version="m1")
EVIDENCE = "ab" * 32


@dataclass
class Clock:
    now: datetime = datetime(2026, 9, 1)

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Small:
    """Registered on 1 September, submitted on the 2nd, signed on the 3rd, stopped on the 5th."""

    office: Office
    clock: Clock
    seqs: dict[str, int]

    def ask(self, event_id: str, confidence: object, model: str = "m1") -> str:
        gate, log = Gate(self.office), DecisionLog(self.office)
        fields = {
            **{"signal": "s", "event_id": event_id},
            **{"confidence": confidence, "model_version": model},
        }
        (decision,) = decide_logged(gate, log, [Question.of(fields)])
        return decision.action

    def view(self, event_id: str, signal: str = "s") -> Governed:
        with self.office.ledger.cursor() as cursor:
            found = claim_view(cursor, signal, event_id)
        assert found is not None
        return found.governed


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Small]:
    clock = Clock()
    with Ledger.in_memory() as ledger:
        office = Office.of(ledger, clock=clock)
        seqs = {
            "entry": registry.apply(office, registry_file.read(REGISTRY), "user:team/ann")[-1].seq
        }
        told = Small(office, clock, seqs)

        def act(day: int, name: str, who: str, kind: str, signature: Signature | None, **body):
            clock.now = datetime(2026, 9, day)
            sub = directory(ledger.cursor()).sub(who)
            assert sub is not None
            actor = people.actor_for(office.state(), sub, kind, "s")
            if kind == "validation.submitted":
                body["author"] = sub
            done = office.perform(Proposal(kind, actor, "s", FINGERPRINT, body, signature))
            seqs[name] = done.seq

        material = office.state().entries["s"].material_sha256
        act(
            *(2, "submitted", "user:team/ann", "validation.submitted", None),
            evidence=EVIDENCE,
            material_sha256=material,
            criteria_met=True,
        )
        signature = Signature("Fit.", EVIDENCE)
        until = stamp(datetime(2026, 9, 3) + timedelta(days=30))
        act(3, "signed", "user:risk/eve", "validation.signed", signature, until=until)
        act(
            *(5, "stopped", "user:team/ann", "validation.suspended", None),
            trigger="stop",
            reason="Complaints.",
        )
        file = tmp_path / "claims.csv"
        file.write_text(CLAIMS)
        clock.now = datetime(2026, 9, 7)
        import_recorded(office, file, now=clock.now)
        yield told


def test_a_claim_is_judged_by_what_was_in_force_when_it_was_made(small: Small) -> None:
    drafted, signed, stopped = (small.view(name) for name in ("drafted", "signed", "stopped"))
    assert "its fingerprint was in validation: it was bound to the fallback." in drafted.then
    assert "its fingerprint was validated: it could act by the rules." in signed.then
    assert "its fingerprint was suspended: it was bound to the fallback." in stopped.then
    assert {one.entry for one in (drafted, signed, stopped)} == {small.seqs["entry"]}
    assert drafted.last_act == small.seqs["submitted"]
    assert signed.last_act == small.seqs["signed"]
    assert stopped.last_act == small.seqs["stopped"]


def test_a_validation_is_that_of_the_claims_own_fingerprint(small: Small) -> None:
    other = small.view("other")
    assert "its fingerprint was a draft: it was bound to the fallback." in other.then
    assert other.last_act is None


def test_a_claim_older_than_the_registry_had_no_rule(small: Small) -> None:
    before = small.view("before")
    assert before.then == (
        "This signal was not registered when the claim was made; its first entry is of 2026-09-01 "
        "00:00 UTC."
    )
    assert before.entry is None


def test_where_nothing_is_registered_one_line_says_so_and_nothing_else(small: Small) -> None:
    assert small.view("unregistered", "free") == Governed(
        "This signal is not registered: no rule was in force for it."
    )


def test_a_claim_the_gate_was_not_asked_about_says_so(small: Small) -> None:
    view = small.view("signed")
    assert view.asked == "The gate was not asked about this claim."
    assert view.answers == ()


def test_an_answer_joins_its_claim_by_event(small: Small) -> None:
    assert small.ask("signed", 0.95) == "review"
    view = small.view("signed")
    (answer,) = view.answers
    assert view.asked == "The gate was asked about this claim once."
    assert (answer.action, answer.rule, answer.state) == (
        "review",
        "fallback:unvalidated",
        "suspended",
    )
    assert answer.entry == small.seqs["entry"]
    assert answer.otherwise == ()


def test_what_was_done_against_the_answer_is_said(small: Small) -> None:
    small.ask("signed", 0.95)
    view = small.view("signed")
    assert view.differs
    assert view.followed == "It was acted on without a person, though the gate answered review."


def test_what_was_done_as_answered_is_said(small: Small) -> None:
    small.ask("other", 0.95, "m2")
    view = small.view("other")
    assert (view.followed, view.differs) == (
        "It was put before a person, as the gate answered.",
        False,
    )


def test_without_a_logged_action_it_is_not_known_whether_it_was_followed(small: Small) -> None:
    small.ask("stopped", 0.95)
    view = small.view("stopped")
    assert not view.differs
    assert view.followed.startswith("What was done was not logged")


def test_the_newest_of_several_answers_comes_first_and_counts(small: Small) -> None:
    small.ask("other", 0.95, "m2")
    small.ask("other", "high", "m2")
    view = small.view("other")
    assert [one.action for one in view.answers] == ["escalate", "review"]
    assert view.differs
    assert "as an earlier answer had it" in view.followed


def test_an_answer_to_another_question_than_the_claim_is_said_to_be(small: Small) -> None:
    small.ask("signed", 0.4, "m9")
    (answer,) = small.view("signed").answers
    assert answer.otherwise == (
        "The gate was asked with the confidence 0.4; the claim states 0.95.",
        "The gate was asked about the fingerprint m9; the claim was made by m1.",
    )


def test_a_broken_trail_tells_nothing_but_that_it_is(small: Small) -> None:
    with small.office.ledger.cursor() as cursor:
        cursor.execute("UPDATE acts SET entry = replace(entry, 'Complaints', 'Praise')")
    view = small.view("signed")
    assert view.then.startswith("What was in force is not known. The decision trail is broken:")
    assert view.entry is None
