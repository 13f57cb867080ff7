"""The life of one validation: a pure function from a state and an act to the next state.

A validation belongs to a signal and a fingerprint.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from core.governance.bodies.refusal import Refused
from core.governance.stops import StoppedBy, stopped_by
from core.governance.validations.records import (
    RULES_CHANGED,
    Candidate,
    Context,
    Said,
    Signed,
    Trigger,
    Validation,
    Waiver,
    WaiverRequest,
)
from core.governance.validations.standing import at_time, day
from core.trail.act_kinds import KINDS
from core.trail.acts import ASSURANCES, SYSTEM, Act, moment

#: What is said where an act needs a reason and has none.
NO_REASON = "Say why: the reason is kept in the trail."

_SHA256 = re.compile(r"[0-9a-f]{64}")


def step(validation: Validation, act: Act, context: Context) -> Validation:
    """The validation after an act.

    The kinds are ``fingerprint.seen``, ``validation.*``, ``waiver.*`` and ``retirement.*``. Who may
    act in which role is asked before (`core.governance.permissions.authorize`); that they sit in
    the seat the act needs, and that the two of a pair are two, is guarded here again.

    A trigger, and that is also a person's stop, throws away a candidate and a waiver asked for:
    they answer to what was known before it. What was open, in validation or expired is suspended by
    it; a draft and what was rejected stay so, and a suspended one by the same trigger stays as it
    is. What is retired absorbs the program's acts and refuses people's.

    Args:
        validation: before.
        act: what was done, at ``act.at``.
        context: what else held just before it.

    Raises:
        Refused: it cannot be done in this state, with the reason.
    """
    if act.kind not in STEPS:
        raise Refused(f"{act.kind} is no act on a validation.")
    if act.actor.assurance not in ASSURANCES:
        raise Refused(f"{act.actor.assurance!r} is no assurance of who acts.")
    if act.actor.sub == SYSTEM and not KINDS[act.kind].program:
        raise Refused("The program itself moves no validation forward; only people do.")
    one = at_time(validation, act.at)
    if one.state == "retired":
        if act.actor.sub == SYSTEM:
            return validation
        raise Refused(f"This fingerprint was retired on {day(one.since)}, and that is final.")
    if act.kind == _EXPIRED:
        return _expired(validation, one)
    return _BY_KIND[act.kind](one, act, context)


def rules_changed(validation: Validation, act: Act) -> Validation:
    """The validation after a registry entry changed what it rests on.

    What was open is suspended; evidence that waits was measured under the old rules and is sent
    back, and a waiver asked for falls.
    """
    one = at_time(validation, act.at)
    if one.state == "retired":
        return validation
    if one.state in ("validated", "waived"):
        reason = "The registry entry changed what the validation rests on."
        return _suspended(one, Trigger(RULES_CHANGED, act.actor.sub, reason, act.at))
    if one.state == "in_validation":
        assert one.candidate is not None
        one = replace(one, state=one.candidate.origin, since=one.candidate.origin_since)
    return replace(one, candidate=None, pending_waiver=None)


def _seen(one: Validation, _act: Act, _context: Context) -> Validation:
    return one


def _submitted(one: Validation, act: Act, context: Context) -> Validation:
    if act.actor.sub not in (context.owner, *context.deputies):
        raise Refused("Only the owner or a deputy submits evidence.")
    if one.candidate is not None:
        raise Refused(
            f"Evidence submitted on {day(one.candidate.at)} still waits; it has to be signed or "
            "rejected before other evidence is submitted."
        )
    if act.body.get("material_sha256") != context.material_sha256:
        raise Refused("The evidence was measured under other rules than those in force.")
    met = act.body.get("criteria_met")
    if not isinstance(met, bool):
        raise Refused(f"criteria_met of validation.submitted must be true or false, not {met!r}.")
    candidate = Candidate(
        evidence=_sha256(act, act.body.get("evidence")),
        material_sha256=context.material_sha256,
        criteria_met=met,
        author=_text(act, "author"),
        submitted_by=act.actor.sub,
        at=act.at,
        origin=one.state,
        origin_since=one.since,
    )
    if one.state in ("validated", "waived"):
        return replace(one, candidate=candidate)
    return replace(
        one, state="in_validation", since=act.at, candidate=candidate, pending_waiver=None
    )


def _signed(one: Validation, act: Act, context: Context) -> Validation:
    candidate, signer, signature = one.candidate, act.actor.sub, act.signature
    if candidate is None:
        raise Refused("No evidence waits for a signature.")
    seat = (context.owner, *context.deputies)
    if context.self_sign and signer in seat:
        pass
    elif signer not in context.validators:
        raise Refused("Only a validator of this signal signs.")
    elif not context.self_sign and signer in (*seat, candidate.author, candidate.submitted_by):
        raise Refused("Whoever made the evidence cannot sign it, nor can the owner or a deputy.")
    if signature is None or not signature.meaning.strip():
        raise Refused("Say what your signature means.")
    if signature.evidence != candidate.evidence:
        raise Refused("The evidence that was signed is not the evidence that waits.")
    if candidate.material_sha256 != context.material_sha256:
        raise Refused(
            "The rules have changed since the evidence was measured; submit new evidence."
        )
    if not candidate.criteria_met:
        raise Refused("The evidence does not meet every criterion, and cannot be signed.")
    if context.acting_owner is None:
        raise Refused("There is no owner; nothing is signed until there is one.")
    until = _until(act, act.at + timedelta(days=context.max_age_days), context.max_age_days)
    return replace(
        one,
        state="validated",
        since=act.at,
        candidate=None,
        signed=Signed(
            evidence=candidate.evidence,
            material_sha256=candidate.material_sha256,
            author=candidate.author,
            submitted_by=candidate.submitted_by,
            signer=signer,
            meaning=signature.meaning.strip(),
            assurance=act.actor.assurance,
            at=act.at,
            until=until,
        ),
        waiver=None,
        pending_waiver=None,
        trigger=None,
        rejection=None,
        ever_validated=True,
    )


def _rejected(one: Validation, act: Act, context: Context) -> Validation:
    may = set(context.validators)
    if context.self_sign:
        # Where nobody else signs, nobody else can reject: they take their own evidence back.
        may |= {context.owner, *context.deputies}
    if act.actor.sub not in may:
        raise Refused("Only a validator of this signal rejects evidence.")
    if one.candidate is None:
        raise Refused("No evidence waits for a signature.")
    said = Said(act.actor.sub, _text(act, "reason"), act.at)
    if one.state == "in_validation":
        one = replace(one, state="rejected", since=act.at)
    return replace(one, candidate=None, rejection=said)


def _suspended_by(one: Validation, act: Act, _context: Context) -> Validation:
    id_, by, facts = _text(act, "trigger"), act.actor.sub, _stopped_by(act)
    reason = _text(act, "reason") if facts is None else facts.reason
    trigger = Trigger(id_, by, reason, act.at, facts)
    if one.state in ("draft", "rejected"):
        return one
    if one.state == "suspended" and one.trigger is not None and one.trigger.id == trigger.id:
        return one
    return _suspended(one, trigger)


def _stopped_by(act: Act) -> StoppedBy | None:
    try:
        return stopped_by(act.body)
    except ValueError as error:
        raise Refused(f"facts of {act.kind} cannot be read: {error}.") from None


def _suspended(one: Validation, trigger: Trigger) -> Validation:
    return replace(
        one,
        state="suspended",
        since=trigger.at,
        trigger=trigger,
        candidate=None,
        waiver=None,
        pending_waiver=None,
    )


def _expired(before: Validation, one: Validation) -> Validation:
    if one.state != "expired" or before.state == "expired":
        raise Refused(f"Nothing expired: it is {before.state} since {day(before.since)}.")
    return one


def _waiver_requested(one: Validation, act: Act, context: Context) -> Validation:
    _refuse_unwaivable(one)
    if act.actor.sub == context.owner:
        raise Refused("The owner, whom a waiver relieves, cannot ask for it; a deputy can.")
    if act.actor.sub not in context.deputies and act.actor.sub not in context.risk_approvers:
        raise Refused("Only a deputy or a risk approver asks for a waiver.")
    if one.pending_waiver is not None and act.at < one.pending_waiver.until:
        raise Refused(
            f"A waiver was asked for on {day(one.pending_waiver.at)} and waits for approval."
        )
    until = _until(act, act.at + timedelta(days=context.waiver_days), context.waiver_days)
    request = WaiverRequest(act.actor.sub, _text(act, "reason"), until, act.at, act.actor.assurance)
    return replace(one, pending_waiver=request)


def _waiver_approved(one: Validation, act: Act, context: Context) -> Validation:
    _refuse_unwaivable(one)
    asked, approver = one.pending_waiver, act.actor.sub
    if asked is None:
        raise Refused("No waiver was asked for.")
    if approver not in context.risk_approvers:
        raise Refused("Only a risk approver of this signal approves a waiver.")
    if approver == asked.requester:
        raise Refused("Whoever asked for a waiver cannot approve it; another risk approver can.")
    if approver == context.owner or asked.requester == context.owner:
        raise Refused("The owner, whom a waiver relieves, can neither ask for nor approve it.")
    if context.acting_owner is None:
        raise Refused("There is no owner; nothing is waived until there is one.")
    most = min(asked.until, act.at + timedelta(days=context.waiver_days))
    until = _until(act, most, context.waiver_days)
    return replace(
        one,
        state="waived",
        since=act.at,
        pending_waiver=None,
        waiver=Waiver(
            requester=asked.requester,
            approver=approver,
            reason=asked.reason,
            at=act.at,
            until=until,
            material_sha256=context.material_sha256,
            assurance=min(asked.assurance, act.actor.assurance, key=ASSURANCES.index),
        ),
    )


def _refuse_unwaivable(one: Validation) -> None:
    if not one.ever_validated:
        raise Refused("This fingerprint was never validated, and cannot be waived.")
    if one.state not in ("suspended", "expired"):
        raise Refused(f"Only what is suspended or expired can be waived; it is {one.state}.")


def _retirement_requested(one: Validation, act: Act, context: Context) -> Validation:
    if act.actor.sub not in (context.owner, *context.deputies):
        raise Refused("Only the owner or a deputy asks to retire a fingerprint.")
    if one.pending_retirement is not None:
        raise Refused(
            f"Retirement was asked for on {day(one.pending_retirement.at)} and waits for a "
            "validator."
        )
    return replace(one, pending_retirement=Said(act.actor.sub, _text(act, "reason"), act.at))


def _retirement_approved(one: Validation, act: Act, context: Context) -> Validation:
    asked, approver = one.pending_retirement, act.actor.sub
    if asked is None:
        raise Refused("Nobody asked to retire this fingerprint.")
    if approver not in context.validators:
        raise Refused("Only a validator of this signal approves its retirement.")
    if approver in (asked.by, context.owner, *context.deputies):
        raise Refused("Whoever asked for it cannot approve it, nor can the owner or a deputy.")
    return replace(
        one, state="retired", since=act.at, candidate=None, waiver=None, pending_waiver=None
    )


_EXPIRED = "validation.expired"
_BY_KIND: Mapping[str, Callable[[Validation, Act, Context], Validation]] = {
    "fingerprint.seen": _seen,
    "validation.submitted": _submitted,
    "validation.signed": _signed,
    "validation.rejected": _rejected,
    "validation.suspended": _suspended_by,
    "waiver.requested": _waiver_requested,
    "waiver.approved": _waiver_approved,
    "retirement.requested": _retirement_requested,
    "retirement.approved": _retirement_approved,
}
#: Every kind of act that `step` knows.
STEPS = frozenset({*_BY_KIND, _EXPIRED})


def _text(act: Act, name: str) -> str:
    """A field of the act's body that has to hold words."""
    value = act.body.get(name)
    if not isinstance(value, str) or not value.strip():
        if name == "reason":
            raise Refused(NO_REASON)
        raise Refused(f"{name} of {act.kind} is missing; say it in words.")
    return value.strip()


def _sha256(act: Act, value: object) -> str:
    if not isinstance(value, str) or not _SHA256.fullmatch(value):
        raise Refused(
            f"evidence of {act.kind} must be the 64 hexadecimal digits of its SHA-256, not "
            f"{value!r}."
        )
    return value


def _until(act: Act, most: datetime, days: int) -> datetime:
    """The end the act names: after the act, and not after ``most``."""
    text = _text(act, "until")
    try:
        until = moment(text)
    except ValueError:
        raise Refused(
            f"until of {act.kind} must be a time like 2026-11-24T09:12:00.000000Z, not {text!r}."
        ) from None
    if until <= act.at:
        raise Refused(f"{day(until)} is past; choose a later day.")
    if until > most:
        raise Refused(
            f"It may last until {day(most)} at most ({days} days), not until {day(until)}."
        )
    return until
