"""The life of a validation: every transition and every guard."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.governance.validations.lifecycle import rules_changed, step
from core.governance.validations.records import Validation, ValidationState
from core.governance.validations.standing import standing
from core.trail.acts import SYSTEM, Act, Actor
from tests.worlds.governed.validations import (
    ALL,
    ALONE,
    ANN,
    ASKED,
    BOB,
    CONTEXT,
    DAY,
    DRAFT,
    EVIDENCE,
    EXPIRED,
    IN_VALIDATION,
    NEW_RULES,
    OTHER,
    REJECTED,
    RENEWING,
    RETIRED,
    RIA,
    ROY,
    SUSPENDED,
    T0,
    TAKES,
    VACANT,
    VAL,
    VALIDATED,
    VIC,
    WAIVED,
    act,
    after,
    approved,
    asked,
    expired,
    refused,
    rejected,
    retired,
    retiring,
    signed,
    stopped,
    submitted,
)


@pytest.mark.parametrize("state", ["draft", "rejected", "suspended", "expired"])
def test_submitted_evidence_puts_what_is_closed_in_validation(state: ValidationState) -> None:
    found = step(ALL[state], submitted(70), CONTEXT)
    assert (found.state, found.since) == ("in_validation", T0 + 70 * DAY)
    assert found.candidate is not None
    assert (found.candidate.evidence, found.candidate.origin) == (EVIDENCE, state)


def test_a_deputy_may_submit() -> None:
    assert step(DRAFT, submitted(sub=BOB), CONTEXT).state == "in_validation"


def test_a_signature_validates_what_is_in_validation() -> None:
    assert (VALIDATED.state, VALIDATED.candidate) == ("validated", None)
    assert VALIDATED.ever_validated
    held = VALIDATED.signed
    assert held is not None
    assert (held.signer, held.author, held.evidence, held.meaning, held.until) == (
        *(VAL, ANN, EVIDENCE, "I read it and it holds."),
        T0 + 60 * DAY,
    )


def test_a_rejection_says_why_and_takes_the_evidence_away() -> None:
    assert (REJECTED.state, REJECTED.candidate) == ("rejected", None)
    assert REJECTED.rejection is not None
    assert (REJECTED.rejection.by, REJECTED.rejection.reason) == (VAL, "Too few labels.")


def test_a_renewal_is_prepared_and_signed_while_the_current_one_stays_open() -> None:
    assert RENEWING.state == "validated"
    assert standing(RENEWING, CONTEXT, T0 + 11 * DAY).open
    renewed = step(RENEWING, signed(12, until=100, evidence=OTHER), CONTEXT)
    assert renewed.state == "validated"
    assert renewed.signed is not None
    assert (renewed.signed.evidence, renewed.signed.until) == (OTHER, T0 + 100 * DAY)


def test_a_rejected_renewal_leaves_the_current_one_as_it_is() -> None:
    found = step(RENEWING, rejected(12), CONTEXT)
    assert replace(found, rejection=None) == VALIDATED


@pytest.mark.parametrize("state", ["validated", "waived"])
@pytest.mark.parametrize("sub", [SYSTEM, ROY, ANN, "p-anybody"])
def test_a_trigger_or_anybodys_stop_suspends_what_is_open(state: str, sub: str) -> None:
    found = step(ALL[state], stopped(5, sub), CONTEXT)
    assert (found.state, found.waiver) == ("suspended", None)
    assert found.trigger is not None
    assert (found.trigger.id, found.trigger.by, found.trigger.reason) == ("stop", sub, "Odd.")


def test_the_clock_expires_what_is_past_its_date() -> None:
    assert (EXPIRED.state, EXPIRED.since) == ("expired", T0 + 60 * DAY)


def test_the_clock_ends_a_waiver_past_its_date() -> None:
    found = step(WAIVED, expired(20), CONTEXT)
    assert (found.state, found.since) == ("expired", T0 + 20 * DAY)


@pytest.mark.parametrize("state", ["suspended", "expired"])
def test_two_people_waive_what_was_validated_once(state: str) -> None:
    found = after(asked(62, until=70), approved(63, until=70), of=ALL[state])
    assert found.state == "waived"
    assert found.waiver is not None
    assert (found.waiver.requester, found.waiver.approver) == (BOB, RIA)
    assert found.pending_waiver is None


@pytest.mark.parametrize("state", ["draft", "in_validation", "validated", "suspended", "expired",
                                   "rejected", "waived"])  # fmt: skip
def test_owner_and_validator_retire_from_any_state(state: str) -> None:
    found = after(retiring(8), retired(9), of=ALL[state])
    assert (found.state, found.since) == ("retired", T0 + 9 * DAY)
    assert (found.candidate, found.waiver, found.pending_waiver) == (None, None, None)


def test_a_seen_fingerprint_stays_what_it_was() -> None:
    for one in (DRAFT, IN_VALIDATION, VALIDATED, SUSPENDED, WAIVED):
        assert step(one, act("fingerprint.seen", SYSTEM, 3), CONTEXT) == one


@pytest.mark.parametrize("state", ALL)
@pytest.mark.parametrize("kind", TAKES)
def test_a_state_takes_the_acts_of_the_table_and_no_others(kind: str, state: str) -> None:
    day = 61.0 if state == "expired" else 5.0
    tried = {
        "validation.submitted": submitted(day),
        "validation.signed": signed(day, until=day + 1),
        "validation.rejected": rejected(day),
        "validation.suspended": stopped(day, trigger="drift"),
        "waiver.requested": asked(day, until=day + 1),
        "waiver.approved": approved(day, until=day + 1),
        "retirement.requested": retiring(day),
        "retirement.approved": retired(day),
    }[kind]
    if state in TAKES[kind]:
        step(ALL[state], tried, CONTEXT)
    else:
        refused(ALL[state], tried, ".")


def test_only_owner_and_deputies_submit() -> None:
    refused(DRAFT, submitted(sub=VAL), "Only the owner or a deputy")


def test_evidence_that_waits_is_not_replaced() -> None:
    refused(IN_VALIDATION, submitted(2), "still waits")
    refused(RENEWING, submitted(12), "still waits")


def test_evidence_measured_under_other_rules_is_not_submitted() -> None:
    refused(DRAFT, submitted(material_sha256=NEW_RULES), "other rules than those in force")


@pytest.mark.parametrize("met", [None, 1, "true"])
def test_whether_criteria_are_met_is_said_outright(met: object) -> None:
    refused(DRAFT, submitted(criteria_met=met), "criteria_met .* must be true or false")


@pytest.mark.parametrize("evidence", [None, "", "E" * 64, "e" * 63, "e" * 65])
def test_evidence_is_named_by_its_hash(evidence: object) -> None:
    refused(DRAFT, submitted(evidence=evidence), "64 hexadecimal digits")


def test_evidence_has_an_author() -> None:
    refused(DRAFT, submitted(author=" "), "author of validation.submitted is missing")


def test_submitting_evidence_takes_a_waiver_that_was_asked_for_back() -> None:
    assert step(ASKED, submitted(5), CONTEXT).pending_waiver is None


def test_a_signature_settles_what_was_open_about_the_one_before() -> None:
    waiver_ended = after(submitted(10), expired(20), asked(21, until=40), of=WAIVED)
    again = step(waiver_ended, signed(22), CONTEXT)
    assert (again.state, again.waiver, again.pending_waiver) == ("validated", None, None)
    assert after(submitted(5), signed(6), of=REJECTED).rejection is None


def test_only_a_validator_signs() -> None:
    refused(IN_VALIDATION, signed(sub=RIA), "Only a validator")


@pytest.mark.parametrize("sub", [ANN, BOB])
def test_owner_and_deputies_cannot_sign_even_as_validators(sub: str) -> None:
    both = replace(CONTEXT, validators=frozenset({VAL, sub}))
    refused(IN_VALIDATION, signed(sub=sub), "cannot sign", both)


def test_the_author_cannot_sign() -> None:
    theirs = step(DRAFT, submitted(author=VIC), CONTEXT)
    refused(theirs, signed(sub=VIC), "cannot sign")
    assert step(theirs, signed(sub=VAL), CONTEXT).state == "validated"


def test_who_submitted_cannot_sign_after_changing_seats() -> None:
    theirs = step(DRAFT, submitted(sub=BOB, author=ANN), CONTEXT)
    moved = replace(CONTEXT, deputies=(), validators=frozenset({VAL, BOB}))
    refused(theirs, signed(sub=BOB), "cannot sign", moved)


def test_the_author_signs_where_stakes_are_low_and_the_entry_says_so() -> None:
    found = after(submitted(), signed(sub=ANN), context=ALONE)
    assert found.state == "validated"
    refused(IN_VALIDATION, signed(sub=VAL), "Only a validator", ALONE)


def test_the_author_takes_their_own_evidence_back_where_they_sign_alone() -> None:
    assert after(submitted(), rejected(sub=ANN), context=ALONE).state == "rejected"
    refused(IN_VALIDATION, rejected(sub=ANN), "Only a validator")


@pytest.mark.parametrize("meaning", ["", "  \n"])
def test_a_signature_means_something(meaning: str) -> None:
    refused(IN_VALIDATION, signed(meaning=meaning), "Say what your signature means")


def test_signing_needs_a_signature() -> None:
    refused(IN_VALIDATION, replace(signed(), signature=None), "Say what your signature means")


def test_other_evidence_than_the_one_that_waits_is_not_signed() -> None:
    refused(IN_VALIDATION, signed(evidence=OTHER), "not the evidence that waits")


def test_evidence_measured_under_rules_no_longer_in_force_is_not_signed() -> None:
    changed = replace(CONTEXT, material_sha256=NEW_RULES)
    refused(IN_VALIDATION, signed(), "rules have changed since", changed)


def test_evidence_that_misses_a_criterion_is_not_signed_but_can_be_rejected() -> None:
    missing = step(DRAFT, submitted(criteria_met=False), CONTEXT)
    refused(missing, signed(), "does not meet every criterion")
    assert step(missing, rejected(), CONTEXT).state == "rejected"


def test_nothing_is_signed_while_the_owners_seat_is_empty() -> None:
    refused(IN_VALIDATION, signed(), "There is no owner", VACANT)


def test_a_deputy_who_is_there_fills_the_owners_seat() -> None:
    deputy = replace(CONTEXT, active=CONTEXT.active - {ANN})
    assert deputy.acting_owner == BOB
    assert step(IN_VALIDATION, signed(), deputy).state == "validated"


def test_a_signature_ends_after_it_was_made() -> None:
    refused(IN_VALIDATION, signed(1, until=1), "is past")
    refused(IN_VALIDATION, signed(1, until=0.5), "is past")


def test_a_signature_lasts_as_long_as_the_entry_allows_at_most() -> None:
    assert step(IN_VALIDATION, signed(1, until=91), CONTEXT).state == "validated"
    refused(IN_VALIDATION, signed(1, until=91.001), r"at most \(90 days\)")


@pytest.mark.parametrize("until", [None, "", "2026-04-01", "soon"])
def test_a_signature_names_its_end(until: object) -> None:
    one = signed()
    refused(IN_VALIDATION, replace(one, body={"until": until}), "until of validation.signed")


def test_a_rejection_needs_a_reason_and_something_to_reject() -> None:
    refused(IN_VALIDATION, rejected(reason=" "), "Say why")
    refused(DRAFT, rejected(), "No evidence waits")


def test_a_stop_throws_evidence_that_waits_away() -> None:
    for one in (IN_VALIDATION, RENEWING):
        found = step(one, stopped(20), CONTEXT)
        assert (found.state, found.candidate) == ("suspended", None)
        refused(found, signed(21), "No evidence waits")


def test_the_same_trigger_again_is_absorbed() -> None:
    assert step(ASKED, stopped(9), CONTEXT) == ASKED


def test_another_trigger_takes_a_waiver_that_was_asked_for_with_it() -> None:
    found = step(ASKED, stopped(9, trigger="leakage"), CONTEXT)
    assert found.trigger is not None
    assert (found.state, found.trigger.id, found.pending_waiver) == ("suspended", "leakage", None)


def test_a_stop_of_what_expired_is_not_waived_away() -> None:
    waiting = after(asked(62, until=80), of=EXPIRED)
    found = step(waiting, stopped(63), CONTEXT)
    assert found.state == "suspended"
    refused(found, approved(64, until=80), "No waiver was asked for")


@pytest.mark.parametrize("one", [DRAFT, REJECTED])
def test_a_trigger_is_absorbed_where_nothing_was_ever_open(one: Validation) -> None:
    assert step(one, stopped(9), CONTEXT) == one


def test_a_stop_says_what_and_why() -> None:
    refused(VALIDATED, stopped(reason=""), "Say why")
    refused(VALIDATED, stopped(trigger=""), "trigger of validation.suspended is missing")


def test_what_is_suspended_opens_only_through_new_evidence() -> None:
    refused(SUSPENDED, signed(3), "No evidence waits")
    again = after(submitted(5), signed(6, until=66), of=SUSPENDED)
    assert (again.state, again.trigger) == ("validated", None)


def test_what_is_not_past_its_date_does_not_expire() -> None:
    refused(VALIDATED, expired(59), "Nothing expired")
    for state in ("draft", "suspended", "expired", "rejected", "in_validation"):
        refused(ALL[state], expired(), "Nothing expired")


def test_a_renewal_outlives_the_expiry_of_what_it_renews() -> None:
    late = after(expired(), signed(62, until=100, evidence=OTHER), of=RENEWING)
    assert late.state == "validated"


def test_an_expiry_nobody_recorded_counts() -> None:
    found = step(VALIDATED, submitted(70), CONTEXT)
    assert found.state == "in_validation"
    assert step(VALIDATED, asked(70, until=80), CONTEXT).pending_waiver is not None


def test_what_was_never_validated_is_not_waived() -> None:
    never = step(IN_VALIDATION, stopped(), CONTEXT)
    assert never.state == "suspended"
    refused(never, asked(), "never validated")
    for one in (DRAFT, REJECTED):
        refused(one, asked(), "never validated")


def test_the_owner_does_not_ask_for_a_waiver() -> None:
    refused(SUSPENDED, asked(sub=ANN), "The owner, whom a waiver relieves")


def test_only_deputies_and_risk_approvers_ask_for_a_waiver() -> None:
    assert step(SUSPENDED, asked(sub=RIA), CONTEXT).pending_waiver is not None
    refused(SUSPENDED, asked(sub=VAL), "Only a deputy or a risk approver")


def test_a_waiver_is_asked_for_with_a_reason() -> None:
    refused(SUSPENDED, asked(reason=""), "Say why")


def test_a_waiver_lasts_thirty_days_at_most() -> None:
    assert step(SUSPENDED, asked(3, until=33), CONTEXT).pending_waiver is not None
    refused(SUSPENDED, asked(3, until=33.1), r"at most \(30 days\)")


def test_a_waiver_lasts_no_longer_than_a_validation_may() -> None:
    short = replace(CONTEXT, max_age_days=7)
    assert step(SUSPENDED, asked(3, until=10), short).pending_waiver is not None
    refused(SUSPENDED, asked(3, until=10.1), r"at most \(7 days\)", short)


def test_a_second_waiver_is_not_asked_for_while_one_waits() -> None:
    refused(ASKED, asked(4), "waits for approval")
    assert step(ASKED, asked(20, until=30), CONTEXT).pending_waiver is not None


def test_only_a_risk_approver_approves_a_waiver() -> None:
    refused(ASKED, approved(sub=VAL), "Only a risk approver")


def test_who_asked_for_a_waiver_does_not_approve_it() -> None:
    own = step(SUSPENDED, asked(sub=RIA), CONTEXT)
    refused(own, approved(sub=RIA), "cannot approve it")
    assert step(own, approved(sub=ROY), CONTEXT).state == "waived"


def test_the_owner_does_not_approve_a_waiver_nor_one_they_asked_for_before_they_owned() -> None:
    both = replace(CONTEXT, risk_approvers=frozenset({ANN, RIA}))
    refused(ASKED, approved(sub=ANN), "The owner, whom a waiver relieves", both)
    promoted = replace(CONTEXT, owner=BOB, deputies=(ANN,))
    refused(ASKED, approved(sub=RIA), "The owner, whom a waiver relieves", promoted)


def test_a_waiver_is_approved_for_as_long_as_was_asked_at_most() -> None:
    assert step(ASKED, approved(until=10), CONTEXT).state == "waived"
    refused(ASKED, approved(until=20.5), "at most")


def test_a_waiver_whose_date_passed_is_not_approved() -> None:
    refused(ASKED, approved(20, until=20), "is past")


def test_a_waiver_is_not_approved_while_the_owners_seat_is_empty() -> None:
    refused(ASKED, approved(), "There is no owner", VACANT)


def test_a_waiver_is_carried_by_the_weaker_assurance_of_the_two() -> None:
    found = step(ASKED, approved(assurance="none"), CONTEXT)
    assert found.waiver is not None
    assert found.waiver.assurance == "none"


def test_retiring_drops_a_waiver_that_was_asked_for() -> None:
    assert after(retiring(), retired(), of=ASKED).pending_waiver is None


def test_only_owner_and_deputies_ask_to_retire() -> None:
    refused(VALIDATED, retiring(sub=VAL), "Only the owner or a deputy")


def test_a_retirement_is_asked_for_once() -> None:
    refused(step(VALIDATED, retiring(), CONTEXT), retiring(6), "waits for a validator")


def test_a_retirement_is_approved_by_a_validator_who_is_neither_owner_nor_asked_for_it() -> None:
    waiting = step(VALIDATED, retiring(sub=BOB), CONTEXT)
    refused(waiting, retired(sub=RIA), "Only a validator")
    both = replace(CONTEXT, validators=frozenset({ANN, BOB}))
    refused(waiting, retired(sub=ANN), "cannot approve", both)
    refused(waiting, retired(sub=BOB), "cannot approve", both)
    moved = replace(CONTEXT, deputies=(), validators=frozenset({BOB}))
    refused(waiting, retired(sub=BOB), "cannot approve", moved)


def test_asking_to_retire_closes_nothing() -> None:
    assert standing(step(VALIDATED, retiring(), CONTEXT), CONTEXT, T0 + 6 * DAY).open


def test_what_is_retired_absorbs_what_the_program_records() -> None:
    for one in (act("fingerprint.seen", SYSTEM, 9), stopped(9, SYSTEM), expired(99)):
        assert step(RETIRED, one, CONTEXT) == RETIRED
    assert rules_changed(RETIRED, act("registry.set", ANN, 9)) == RETIRED


def test_what_is_retired_refuses_what_people_do() -> None:
    for one in (submitted(9), stopped(9), asked(9), retiring(9), retired(9), rejected(9)):
        refused(RETIRED, one, "was retired on 2026-03-08, and that is final")


@pytest.mark.parametrize(
    "one",
    [
        submitted(sub=SYSTEM),
        signed(sub=SYSTEM),
        rejected(sub=SYSTEM),
        asked(sub=SYSTEM),
        approved(sub=SYSTEM),
        retiring(sub=SYSTEM),
        retired(sub=SYSTEM),
    ],
)
def test_the_program_moves_nothing_forward_whatever_seat_names_it(one: Act) -> None:
    everywhere = replace(
        CONTEXT,
        owner=SYSTEM,
        validators=frozenset({SYSTEM}),
        risk_approvers=frozenset({SYSTEM}),
        self_sign=True,
    )
    for state in ALL.values():
        if state.state != "retired":
            refused(state, one, "The program itself", everywhere)


def test_other_acts_are_no_acts_on_a_validation() -> None:
    refused(DRAFT, act("registry.set", ANN), "no act on a validation")


def test_an_unknown_assurance_is_refused() -> None:
    odd = replace(signed(), actor=Actor(VAL, "validator", "certain"))  # type: ignore[arg-type]
    refused(IN_VALIDATION, odd, "'certain' is no assurance")


@pytest.mark.parametrize("one", [VALIDATED, RENEWING, WAIVED])
def test_changed_rules_suspend_what_is_open_and_send_its_renewal_back(one: Validation) -> None:
    found = rules_changed(one, act("registry.set", ANN, 15))
    assert (found.state, found.candidate, found.waiver) == ("suspended", None, None)
    assert standing(found, CONTEXT, T0 + 16 * DAY).reason == (
        "The rules changed on 2026-03-17 and were not validated since."
    )


@pytest.mark.parametrize("state", ["draft", "rejected", "suspended", "expired"])
def test_changed_rules_take_evidence_that_waits_back_to_where_it_was_submitted(state: str) -> None:
    waiting = step(ALL[state], submitted(70), CONTEXT)
    found = rules_changed(waiting, act("registry.set", ANN, 71))
    assert found == ALL[state]


def test_changed_rules_take_a_waiver_that_was_asked_for_with_them() -> None:
    found = rules_changed(ASKED, act("registry.set", ANN, 4))
    assert (found.state, found.pending_waiver) == ("suspended", None)


def test_changed_rules_leave_what_has_expired_expired() -> None:
    found = rules_changed(VALIDATED, act("registry.set", ANN, 70))
    assert (found.state, found.since) == ("expired", T0 + 60 * DAY)


def test_an_owner_who_left_says_nothing_about_what_is_retired() -> None:
    found = standing(RETIRED, VACANT, T0 + 9 * DAY)
    assert (found.state, found.open, found.reason) == ("retired", False, "Retired on 2026-03-08.")
    assert step(RETIRED, stopped(9, SYSTEM, "owner_left", "Nobody."), VACANT) == RETIRED


def test_a_validator_cannot_approve_while_the_owners_seat_is_vacant() -> None:
    for one in (IN_VALIDATION, RENEWING):
        evidence = EVIDENCE if one is IN_VALIDATION else OTHER
        refused(one, signed(11, evidence=evidence), "There is no owner", VACANT)


def test_a_waiver_cannot_open_the_gate_on_a_fingerprint_that_was_never_measured() -> None:
    stopped_draft = after(stopped(1), of=DRAFT)
    stopped_evidence = after(submitted(), stopped(1))
    for one in (DRAFT, IN_VALIDATION, REJECTED, stopped_draft, stopped_evidence):
        refused(one, asked(2), "never validated")
        refused(one, approved(2), "never validated")
