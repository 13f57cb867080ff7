"""The sample's governance: which signals end in which state, by the product's own functions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import get_args

import pytest

from core.audit.verify import verify_ledger
from core.governance.advance import check
from core.governance.bodies.refusal import Refused
from core.governance.people.names import directory
from core.governance.people.people import actor_for
from core.governance.perform import Office
from core.governance.state import State
from core.governance.validations.records import ValidationState
from core.ledger.connection import Ledger
from core.monitoring.rounds import outlook
from core.registry.yaml_reader import read_path, with_people
from core.trail import log as trail
from core.trail.acts import SYSTEM, Proposal
from core.trail.fingerprint import Fingerprint
from core.validation import evidence
from core.validation.steps import prepare
from core.validation.tuning_leakage import TuningLeaked
from core.views.govern.answered import answered_view
from sample_data import story
from sample_data.planted import (
    AGREEMENT,
    ANSWER,
    CALLBACK,
    DRAFT,
    GROUNDING,
    JUDGE,
    LOGPROB,
    MERGE,
    ROUTING,
    SAFETY,
    SELF_REPORT,
)

NOW = datetime(2026, 11, 23, 12)


@pytest.fixture(scope="module")
def office(told_path: Path) -> Iterator[Office]:
    with Ledger.open(told_path, read_only=True) as ledger:
        yield Office(ledger, _no_key, clock=lambda: NOW)


def _no_key() -> None:
    raise AssertionError("nothing is written here")


@pytest.fixture(scope="module")
def state(office: Office) -> State:
    return office.state()


ENDS = {
    (AGREEMENT, story.AGREEMENT_V4): ("validated", True),
    (SELF_REPORT, story.SELF_REPORT_V4): ("rejected", False),
    (LOGPROB, story.REFUND_5): ("expired", False),
    (LOGPROB, story.REFUND_6): ("validated", True),
    (AGREEMENT, story.AGREEMENT_V3): ("retired", False),
    (SAFETY, story.GUARD_1): ("suspended", False),
    (SAFETY, story.GUARD_2): ("draft", False),
    (DRAFT, story.DRAFT_V2): ("validated", True),
    (DRAFT, story.DRAFT_V3): ("rejected", False),
    (ANSWER, story.ANSWER_V9): ("draft", False),
    (JUDGE, story.RUBRIC_3): ("rejected", False),
    (ROUTING, story.ROUTING_V1): ("rejected", False),
    (MERGE, story.MERGE_V1): ("in_validation", False),
    (GROUNDING, story.GROUNDING_V2): ("waived", True),
}


@pytest.mark.parametrize(("signal", "fingerprint"), ENDS, ids=lambda one: str(one)[:40])
def test_each_fingerprint_ends_in_its_state(state: State, signal: str, fingerprint: Fingerprint):
    found = state.standing_of(signal, fingerprint, NOW)
    assert (found.state, found.open) == ENDS[signal, fingerprint]
    assert found.reason


def test_the_story_shows_every_state_a_validation_can_be_in():
    assert {state for state, _ in ENDS.values()} == set(get_args(ValidationState))


def test_what_is_wrong_at_the_end_is_found_and_owned(office: Office):
    found = {(one.kind, one.signal) for one in outlook(office).findings}
    assert found == {
        ("empty_owner_seat", SAFETY),
        ("gate_bypassed", LOGPROB),
        ("miscalibrated", ANSWER),
        ("miscalibrated", DRAFT),
        ("miscalibrated", ROUTING),
        ("hidden_segment", SELF_REPORT),
        ("hidden_segment", SAFETY),
        ("model_swapped", ANSWER),
        ("split_leaked", ANSWER),
        ("heldout_worn", ANSWER),
        ("promise_broken", SAFETY),
        ("model_changed", SAFETY),
        ("model_changed", SELF_REPORT),
        ("prompt_changed", SELF_REPORT),
        ("prompt_changed", DRAFT),
        ("prompt_changed", JUDGE),
        ("inputs_drifted", LOGPROB),
        ("metric_gamed", JUDGE),
        ("confidence_anchored", DRAFT),
        ("confidence_theatre", MERGE),
        ("order_contradicted", ROUTING),
        ("field_changed", ROUTING),
        ("inputs_drifted", ROUTING),
        ("stakes_too_low", DRAFT),
        ("rubber_stamp", MERGE),
        ("handoffs_overdue", MERGE),
        ("share_jumped", JUDGE),
        ("audit_unanswered", ROUTING),
        ("canary_missed", SAFETY),
        ("escalation_breached", SELF_REPORT),
        ("escalation_breached", SAFETY),
        ("escalation_breached", DRAFT),
        ("escalation_breached", ANSWER),
        ("escalation_breached", GROUNDING),
        ("new_fingerprint", SAFETY),
        ("new_fingerprint", SELF_REPORT),
        ("new_fingerprint", DRAFT),
        ("new_fingerprint", ANSWER),
        ("new_fingerprint", JUDGE),
        ("new_fingerprint", MERGE),
        ("new_fingerprint", ROUTING),
        ("unregistered_signal", CALLBACK),
        ("validation_expiring", LOGPROB),
        ("validation_expiring", GROUNDING),
    }


def test_no_act_of_the_program_holds_a_sentence(office: Office):
    """Acts of the program hold facts; a sentence in one is what somebody wrote in another."""
    with office.ledger.cursor() as cursor:
        every = trail.acts(cursor)
    by_program = [act for act in every if act.actor.sub == SYSTEM]
    kinds = {act.kind for act in by_program}
    assert {"finding.opened", "finding.revised", "signal.remeasured", "check.run"} <= kinds
    wrote = {words for act in every if act.actor.sub != SYSTEM for words in _sentences(act.body)}
    assert len(wrote) > 3
    assert {words for act in by_program for words in _sentences(act.body)} <= wrote


def _sentences(value: object) -> Iterator[str]:
    """Texts of five words and more, or that end as a sentence does."""
    if isinstance(value, str):
        # An import's settings are JSON as text.
        is_json = value.startswith("{")
        if not is_json and (len(value.split()) >= 5 or value.rstrip().endswith((".", "!", "?"))):
            yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _sentences(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _sentences(inner)


def test_a_finding_is_dated_when_it_was_first_found(office: Office):
    (found,) = [
        one
        for one in outlook(office).findings
        if (one.kind, one.signal) == ("new_fingerprint", DRAFT)
    ]
    assert f"{found.opened_at:%Y-%m-%d}" == "2026-09-07"
    assert found.owner == story.names_in(office.ledger)[story.PAUL]


def test_while_the_owner_is_away_the_deputy_stands_in(state: State, office: Office):
    names = story.names_in(office.ledger)
    assert state.entries[LOGPROB].spec.owner == names[story.TOM]
    assert state.acting_owner(LOGPROB, NOW) == names[story.INES]


def test_the_leaked_evaluation_cannot_be_submitted_and_lists_its_rows(office: Office):
    with pytest.raises(TuningLeaked) as refused:
        prepare(office, ANSWER, story.ANSWER_V9)
    assert "300" in str(refused.value)


def test_errors_that_cancel_meet_every_written_bound_and_miss_the_verdict(office: Office):
    bundle = prepare(office, ROUTING, story.ROUTING_V1, untuned=True)
    results = bundle.whole.sample.results
    assert [(one.metric, one.outcome) for one in results] == [
        ("gap", "met"),
        ("auroc", "met"),
        ("tuning_apart", "met"),
        ("verdict", "missed"),
    ]
    assert not bundle.met
    assert "underconfident at 30% to 50%" in results[-1].words


def test_the_trail_and_every_seal_verify(office: Office):
    with office.ledger.cursor() as cursor:
        report = verify_ledger(cursor)
        kinds = {act.kind for act in trail.acts(cursor)}
    assert report.ok, report.lines()
    assert {"import.recorded", "decisions.sealed", "waiver.approved"} <= kinds


def test_what_was_signed_recomputes(office: Office, state: State):
    with office.ledger.cursor() as cursor:
        for one in state.validations.values():
            if one.signed is not None:
                assert evidence.verify(cursor, one.signed.evidence).same


def test_the_gate_answered_the_last_claims_as_their_fingerprints_stood(office: Office):
    rows = office.ledger.cursor().execute(
        """
        SELECT signal, rule, count(*) FROM decisions JOIN claims USING (signal, event_id)
        WHERE rule LIKE 'fallback:%' AND ts >= $since AND list_contains($signals, signal)
        GROUP BY signal, rule
        """,
        {"since": datetime(2026, 11, 21, 10), "signals": [AGREEMENT, LOGPROB, SAFETY, GROUNDING]},
    )
    assert {row[:2] for row in rows.fetchall()} == {(SAFETY, "fallback:unvalidated")}
    joined = office.ledger.cursor().execute(
        "SELECT count(*) FROM decisions JOIN claims USING (signal, event_id)"
    )
    assert (
        joined.fetchone()
        == office.ledger.cursor().execute("SELECT count(*) FROM decisions").fetchone()
    )


def test_the_registry_is_the_committed_file(state: State, office: Office):
    with office.ledger.cursor() as cursor:
        names = directory(cursor)
    written = {spec.name: spec for spec in read_path(story.REGISTRY).specs}
    in_force = {
        name: with_people(entry.spec, names.handle) for name, entry in state.entries.items()
    }
    assert in_force == written


def test_whoever_reads_only_cannot_act(office: Office):
    names = story.names_in(office.ledger)
    nora = actor_for(office.state(), names[story.NORA], "validation.signed", MERGE)
    with pytest.raises(Refused, match="validator"):
        check(office.state(), Proposal("validation.signed", nora, MERGE, story.MERGE_V1), NOW)


def test_a_kind_of_finding_that_was_always_waived_is_offered_to_be_turned_down(
    office: Office, state: State
):
    view = answered_view(office.ledger.cursor(), state, office.now())
    assert [(one.signal, one.kind) for one in view.may] == [(story.MERGE, "new_fingerprint")]
