"""The life of a validation: every transition, every guard, and what a reading says of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from core.governance.permissions import Refused
from core.governance.validations.lifecycle import rules_changed, step
from core.governance.validations.records import Context, Validation, ValidationState
from core.governance.validations.standing import at_time, standing
from core.trail.acts import SYSTEM, Act, Actor, Assurance, Signature, stamp
from core.trail.fingerprint import Fingerprint

T0 = datetime(2026, 3, 2, 9)
DAY = timedelta(days=1)
ANN, BOB, VAL, VIC, RIA, ROY = (f"p-{name}" for name in ("ann", "bob", "val", "vic", "ria", "roy"))
EVIDENCE, OTHER = "e" * 64, "0" * 64
RULES, NEW_RULES = "rules-1", "rules-2"
PRINT = Fingerprint(model_version="m-1")

CONTEXT = Context(
    owner=ANN,
    deputies=(BOB,),
    validators=frozenset({VAL, VIC}),
    risk_approvers=frozenset({RIA, ROY}),
    active=frozenset({ANN, BOB, VAL, VIC, RIA, ROY}),
    self_sign=False,
    material_sha256=RULES,
    max_age_days=90,
)
ALONE = replace(CONTEXT, self_sign=True, validators=frozenset(), deputies=())
VACANT = replace(CONTEXT, active=CONTEXT.active - {ANN, BOB})
DRAFT = Validation("draft", T0)


def act(
    kind: str,
    sub: str,
    day: float = 0,
    signature: Signature | None = None,
    assurance: Assurance = "signed-on",
    **body: Any,
) -> Act:
    return Act(
        seq=1,
        at=T0 + day * DAY,
        kind=kind,
        actor=Actor(sub, "any", assurance),
        signal="triage",
        fingerprint=PRINT,
        body=body,
        signature=signature,
    )


def submitted(day: float = 0, sub: str = ANN, **changed: Any) -> Act:
    body = {
        "evidence": EVIDENCE,
        "material_sha256": RULES,
        "criteria_met": True,
        "author": sub,
        **changed,
    }
    return act("validation.submitted", sub, day, **body)


def signed(
    day: float = 1,
    sub: str = VAL,
    *,
    until: float = 60,
    meaning: str = "I read it and it holds.",
    evidence: str = EVIDENCE,
    assurance: Assurance = "signed-on",
) -> Act:
    signature = Signature(meaning, evidence)
    end = stamp(T0 + until * DAY)
    return act("validation.signed", sub, day, signature, assurance, until=end)


def rejected(day: float = 1, sub: str = VAL, reason: str = "Too few labels.") -> Act:
    return act("validation.rejected", sub, day, reason=reason)


def stopped(day: float = 2, sub: str = ROY, trigger: str = "stop", reason: str = "Odd.") -> Act:
    return act("validation.suspended", sub, day, trigger=trigger, reason=reason)


def expired(day: float = 61) -> Act:
    return act("validation.expired", SYSTEM, day, until=stamp(T0 + 60 * DAY))


def asked(day: float = 3, sub: str = BOB, until: float = 20, **body: Any) -> Act:
    body = {"reason": "The replacement comes on Monday.", **body}
    return act("waiver.requested", sub, day, until=stamp(T0 + until * DAY), **body)


def approved(day: float = 4, sub: str = RIA, until: float = 20, **options: Any) -> Act:
    return act("waiver.approved", sub, day, until=stamp(T0 + until * DAY), **options)


def retiring(day: float = 5, sub: str = ANN) -> Act:
    return act("retirement.requested", sub, day, reason="Replaced.")


def retired(day: float = 6, sub: str = VAL) -> Act:
    return act("retirement.approved", sub, day)


def after(*acts: Act, of: Validation = DRAFT, context: Context = CONTEXT) -> Validation:
    for one in acts:
        of = step(of, one, context)
    return of


IN_VALIDATION = after(submitted())
VALIDATED = after(submitted(), signed())
RENEWING = after(submitted(10, BOB, evidence=OTHER), of=VALIDATED)
REJECTED = after(submitted(), rejected())
SUSPENDED = after(stopped(), of=VALIDATED)
EXPIRED = after(expired(), of=VALIDATED)
ASKED = after(asked(), of=SUSPENDED)
WAIVED = after(approved(), of=ASKED)
RETIRED = after(retiring(), retired(), of=VALIDATED)
ALL = {
    "draft": DRAFT,
    "in_validation": IN_VALIDATION,
    "validated": VALIDATED,
    "suspended": SUSPENDED,
    "expired": EXPIRED,
    "rejected": REJECTED,
    "waived": WAIVED,
    "retired": RETIRED,
}


def refused(validation: Validation, one: Act, match: str, context: Context = CONTEXT) -> None:
    with pytest.raises(Refused, match=match):
        step(validation, one, context)


# The transitions of the table, one by one.


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


# Which acts a state takes, all of them together.

TAKES = {
    "validation.submitted": {"draft", "rejected", "suspended", "expired", "validated", "waived"},
    "validation.signed": {"in_validation"},
    "validation.rejected": {"in_validation"},
    "validation.suspended": set(ALL) - {"retired"},
    "waiver.requested": {"suspended", "expired"},
    "waiver.approved": set(),
    "retirement.requested": set(ALL) - {"retired"},
    "retirement.approved": set(),
}


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


# Guards of submitting.


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


# Guards of signing and rejecting.


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
    refused(IN_VALIDATION, signed(), "rules changed", changed)


def test_evidence_that_misses_a_criterion_is_not_signed_but_can_be_rejected() -> None:
    missing = step(DRAFT, submitted(criteria_met=False), CONTEXT)
    refused(missing, signed(), "does not meet every criterion")
    assert step(missing, rejected(), CONTEXT).state == "rejected"


def test_nothing_is_signed_while_the_owners_seat_is_empty() -> None:
    refused(IN_VALIDATION, signed(), "No owner is there", VACANT)


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


# Triggers, and what they do where nothing is open.


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


# Guards of waivers.


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
    refused(ASKED, approved(), "No owner is there", VACANT)


def test_a_waiver_is_carried_by_the_weaker_assurance_of_the_two() -> None:
    found = step(ASKED, approved(assurance="none"), CONTEXT)
    assert found.waiver is not None
    assert found.waiver.assurance == "none"


# Guards of retiring.


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


# The program, and what is no act on a validation.


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


# A change of rules.


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


# What a reading says.


@pytest.mark.parametrize(
    ("one", "day", "state", "reason"),
    [
        (DRAFT, 1, "draft", "No evidence was submitted for it."),
        (IN_VALIDATION, 1, "in_validation", "Its evidence waits for a signature since 2026-03-02."),
        (REJECTED, 2, "rejected", "Its evidence was rejected on 2026-03-03: Too few labels."),
        (SUSPENDED, 3, "suspended", "Suspended on 2026-03-04: Odd."),
        (VALIDATED, 60, "expired", "Expired on 2026-05-01."),
        (EXPIRED, 61, "expired", "Expired on 2026-05-01."),
        (WAIVED, 20, "expired", "Its waiver ended on 2026-03-22."),
        (RETIRED, 9, "retired", "Retired on 2026-03-08."),
    ],
)
def test_a_closed_gate_says_why(one: Validation, day: float, state: str, reason: str) -> None:
    found = standing(one, CONTEXT, T0 + day * DAY)
    assert (found.state, found.open, found.reason) == (state, False, reason)
    assert found.until is None


@pytest.mark.parametrize(
    ("one", "state", "until", "reason"),
    [
        (VALIDATED, "validated", 60, "Validated until 2026-05-01."),
        (WAIVED, "waived", 20, "Waived until 2026-03-22: The replacement comes on Monday."),
    ],
)
def test_the_gate_is_open_until_the_very_moment_of_its_date(
    one: Validation, state: str, until: int, reason: str
) -> None:
    end = T0 + until * DAY
    found = standing(one, CONTEXT, end - timedelta(microseconds=1))
    assert (found.state, found.open, found.reason, found.until) == (state, True, reason, end)
    assert not standing(one, CONTEXT, end).open


@pytest.mark.parametrize("one", [VALIDATED, WAIVED])
def test_an_empty_owners_seat_closes_the_gate_and_somebody_in_it_opens_it_again(
    one: Validation,
) -> None:
    found = standing(one, VACANT, T0 + 5 * DAY)
    assert (found.state, found.open, found.reason) == (
        *(one.state, False),
        "No owner is there.",
    )
    deputy = replace(VACANT, active=frozenset({BOB}))
    assert standing(one, deputy, T0 + 5 * DAY).open


@pytest.mark.parametrize("one", [VALIDATED, WAIVED])
def test_other_rules_close_the_gate_even_if_no_act_said_so(one: Validation) -> None:
    changed = replace(CONTEXT, material_sha256=NEW_RULES)
    found = standing(one, changed, T0 + 5 * DAY)
    assert (found.state, found.open, found.reason) == (
        *("suspended", False),
        "The rules changed and were not validated since.",
    )


@pytest.mark.parametrize(
    ("made", "least", "is_open"),
    [
        ("none", "none", True),
        ("none", "signed-on", False),
        ("signed-on", "signed-on", True),
        ("re-authenticated", "signed-on", True),
        ("signed-on", "re-authenticated", False),
    ],
)
def test_a_signature_opens_the_gate_only_with_the_assurance_it_asks_for(
    made: Assurance, least: Assurance, is_open: bool
) -> None:
    one = step(IN_VALIDATION, signed(assurance=made), CONTEXT)
    found = standing(one, CONTEXT, T0 + 5 * DAY, least)
    assert found.open == is_open
    if not is_open:
        assert found.state == "validated"
        how = "sign-on" if made == "none" else "signing on again"
        assert found.reason == (
            f"It was signed without {how}, and the gate in production mode asks for {least}."
        )


def test_a_waiver_without_sign_on_does_not_open_a_gate_that_asks_for_it() -> None:
    one = step(ASKED, approved(assurance="none"), CONTEXT)
    found = standing(one, CONTEXT, T0 + 5 * DAY, "signed-on")
    assert (found.state, found.open) == ("waived", False)
    assert found.reason.startswith("Its waiver was agreed without sign-on")


def test_time_alone_only_ever_expires() -> None:
    for one in ALL.values():
        late = at_time(one, T0 + 1000 * DAY)
        assert late.state == ("expired" if one.state in ("validated", "waived") else one.state)


# The three cases that falsified the first version of the table.


def test_an_owner_who_left_says_nothing_about_what_is_retired() -> None:
    found = standing(RETIRED, VACANT, T0 + 9 * DAY)
    assert (found.state, found.open, found.reason) == ("retired", False, "Retired on 2026-03-08.")
    assert step(RETIRED, stopped(9, SYSTEM, "owner_left", "Nobody."), VACANT) == RETIRED


def test_a_validator_cannot_approve_while_the_owners_seat_is_vacant() -> None:
    for one in (IN_VALIDATION, RENEWING):
        evidence = EVIDENCE if one is IN_VALIDATION else OTHER
        refused(one, signed(11, evidence=evidence), "No owner is there", VACANT)


def test_a_waiver_cannot_open_the_gate_on_a_fingerprint_that_was_never_measured() -> None:
    stopped_draft = after(stopped(1), of=DRAFT)
    stopped_evidence = after(submitted(), stopped(1))
    for one in (DRAFT, IN_VALIDATION, REJECTED, stopped_draft, stopped_evidence):
        refused(one, asked(2), "never validated")
        refused(one, approved(2), "never validated")
