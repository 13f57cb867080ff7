"""The life of one validation: a pure function from a state and an act to the next state.

A validation belongs to a signal and a fingerprint. What is kept is what was done; whether the gate
is open follows from it anew at every reading (`standing`), from the time, the owner's seat and the
rules as they are then.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Literal

from core.defaults import WAIVER_DAYS
from core.governance.permissions import Refused
from core.governance.stops import Alarmed, Differs, stopped_by
from core.trail.act_kinds import KINDS
from core.trail.acts import ASSURANCES, SYSTEM, Act, Assurance, moment

ValidationState = Literal[
    "draft",
    "in_validation",
    "validated",
    "suspended",
    "expired",
    "rejected",
    "waived",
    "retired",
]

#: The trigger of a suspension by a registry entry that changed what a validation rests on.
RULES_CHANGED = "rules_changed"

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Candidate:
    """Evidence that waits for a signature.

    Attributes:
        evidence: SHA-256 of the evidence bundle.
        material_sha256: of the rules it was measured under.
        criteria_met: whether every criterion is met; without it, it cannot be signed.
        author: who made it.
        submitted_by: who submitted it.
        at: when.
        origin, origin_since: the state it was submitted in, to which a change of rules takes it
            back, and since when it was in it.
    """

    evidence: str
    material_sha256: str
    criteria_met: bool
    author: str
    submitted_by: str
    at: datetime
    origin: ValidationState
    origin_since: datetime


@dataclass(frozen=True)
class Signed:
    """A candidate with a signature; fields as in `Candidate`.

    Attributes:
        signer: who signed.
        meaning: what they typed.
        assurance: how it was known that it was they.
        at: when they signed.
        until: when it expires; the gate is closed from then on.
    """

    evidence: str
    material_sha256: str
    author: str
    submitted_by: str
    signer: str
    meaning: str
    assurance: Assurance
    at: datetime
    until: datetime


@dataclass(frozen=True)
class WaiverRequest:
    """A waiver that waits for approval.

    Attributes:
        requester: who asked.
        reason: why.
        until: until when, at most.
        at: when they asked.
        assurance: how it was known that it was they.
    """

    requester: str
    reason: str
    until: datetime
    at: datetime
    assurance: Assurance


@dataclass(frozen=True)
class Waiver:
    """A waiver in force, or the last one.

    Attributes:
        requester, approver: the two who carry it.
        reason: why.
        at: when it was approved.
        until: when it ends; the gate is closed from then on.
        material_sha256: of the rules it was approved under.
        assurance: the weaker of the two.
    """

    requester: str
    approver: str
    reason: str
    at: datetime
    until: datetime
    material_sha256: str
    assurance: Assurance


@dataclass(frozen=True)
class Said:
    """That somebody said something: a rejection, or a request to retire."""

    by: str
    reason: str
    at: datetime


@dataclass(frozen=True)
class Trigger:
    """What suspended it.

    Attributes:
        id: what kind of trigger; the same again changes nothing.
        by: who pulled it, or `SYSTEM`.
        reason: why, in words.
        at: when.
        facts: what those are made from; None: somebody said them.
    """

    id: str
    by: str
    reason: str
    at: datetime
    facts: Differs | Alarmed | None = None


@dataclass(frozen=True)
class Validation:
    """What was done about one fingerprint of one signal.

    Attributes:
        state: what the acts led to; time alone does not change it, see `at_time` and `standing`.
        since: when it came into this state.
        candidate: evidence that waits for a signature. Beside ``validated`` and ``waived`` it is a
            renewal; it outlives an expiry, so that it can still be signed.
        signed: the last signature.
        waiver: the waiver in force in ``waived``, or the one that ended in ``expired``.
        pending_waiver: a waiver that was asked for.
        pending_retirement: a retirement that was asked for.
        trigger: what suspended it last; None once it is validated again.
        rejection: the last rejection of a candidate; None once one is signed.
        ever_validated: whether it was ever signed; without it nothing can be waived.
    """

    state: ValidationState
    since: datetime
    candidate: Candidate | None = None
    signed: Signed | None = None
    waiver: Waiver | None = None
    pending_waiver: WaiverRequest | None = None
    pending_retirement: Said | None = None
    trigger: Trigger | None = None
    rejection: Said | None = None
    ever_validated: bool = False


@dataclass(frozen=True)
class Context:
    """What else holds at the time of an act or of a reading; groups are resolved to people.

    Attributes:
        owner: the owner of the signal.
        deputies: who stands in, in this order.
        validators: who may sign, without those who left.
        risk_approvers: who may approve a waiver, without those who left.
        active: who neither left nor is away.
        self_sign: whether owner and deputies may sign what they made.
        material_sha256: of the rules in force.
        max_age_days: the most days a validation lasts.
    """

    owner: str
    deputies: tuple[str, ...]
    validators: frozenset[str]
    risk_approvers: frozenset[str]
    active: frozenset[str]
    self_sign: bool
    material_sha256: str
    max_age_days: int

    @property
    def acting_owner(self) -> str | None:
        """The owner if active, else the first active deputy; None: the seat is empty."""
        return next((sub for sub in (self.owner, *self.deputies) if sub in self.active), None)

    @property
    def waiver_days(self) -> int:
        """The most days a waiver may last."""
        return min(WAIVER_DAYS, self.max_age_days)


@dataclass(frozen=True)
class Standing:
    """Whether a fingerprint may drive a decision, and why.

    Attributes:
        state: as of the time asked for: a validation past its date has expired.
        open: whether the gate is open.
        reason: one sentence for people.
        until: when what is in force ends; None where nothing is.
    """

    state: ValidationState
    open: bool
    reason: str
    until: datetime | None = None


def standing(
    validation: Validation, context: Context, now: datetime, least: Assurance = "none"
) -> Standing:
    """Whether the gate is open now, worked out from time, owner's seat and rules.

    Args:
        validation: what was done.
        context: what else holds now.
        least: the assurance that a signature needs to open the gate.
    """
    one = at_time(validation, now)
    if one.state not in ("validated", "waived"):
        return Standing(one.state, False, _why_closed(one))
    held: Signed | Waiver | None = one.signed if one.state == "validated" else one.waiver
    assert held is not None
    if held.material_sha256 != context.material_sha256:
        return Standing("suspended", False, stopped_words(None, None))
    if context.acting_owner is None:
        return Standing(one.state, False, "No owner is there.", held.until)
    if ASSURANCES.index(held.assurance) < ASSURANCES.index(least):
        what = "It was signed" if one.state == "validated" else "Its waiver was agreed"
        how = "without sign-on" if held.assurance == "none" else "without signing on again"
        words = f"{what} {how}, and the gate in production mode asks for {least}."
        return Standing(one.state, False, words, held.until)
    if isinstance(held, Waiver):
        words = f"Waived until {_day(held.until)}: {_sentence(held.reason)}"
        return Standing("waived", True, words, held.until)
    return Standing("validated", True, f"Validated until {_day(held.until)}.", held.until)


def ended_words(on: date, *, waiver: bool) -> str:
    """That a validation, or a waiver, is over, in a sentence."""
    return f"{'Its waiver ended' if waiver else 'Expired'} on {on}."


def stopped_words(on: date | None, reason: str | None) -> str:
    """Why a validation is suspended, in a sentence.

    Args:
        on: since which day; None: its rules are others than were signed, whenever that came.
        reason: what was said; None: the rules changed.
    """
    if reason is not None:
        return f"Suspended on {on}: {_sentence(reason)}"
    return f"The rules changed{'' if on is None else f' on {on}'} and were not validated since."


def at_time(validation: Validation, now: datetime) -> Validation:
    """The validation with what time alone has done to it: past its date it is expired."""
    held: Signed | Waiver | None
    held = {"validated": validation.signed, "waived": validation.waiver}.get(validation.state)
    if held is None or now < held.until:
        return validation
    return replace(validation, state="expired", since=held.until)


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
        raise Refused(f"This fingerprint was retired on {_day(one.since)}, and that is final.")
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
            f"Evidence submitted on {_day(one.candidate.at)} still waits; it is signed or rejected "
            "before other evidence is submitted."
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
        raise Refused("Whoever made the evidence, and owner and deputies, cannot sign it.")
    if signature is None or not signature.meaning.strip():
        raise Refused("A signature says what it means; nothing was typed.")
    if signature.evidence != candidate.evidence:
        raise Refused("The evidence that was signed is not the evidence that waits.")
    if candidate.material_sha256 != context.material_sha256:
        raise Refused("The rules changed since the evidence was measured; submit it anew.")
    if not candidate.criteria_met:
        raise Refused("The evidence does not meet every criterion, and cannot be signed.")
    if context.acting_owner is None:
        raise Refused("No owner is there; nothing is signed until one is.")
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


def _stopped_by(act: Act) -> Differs | Alarmed | None:
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
        raise Refused(f"Nothing expired: it is {before.state} since {_day(before.since)}.")
    return one


def _waiver_requested(one: Validation, act: Act, context: Context) -> Validation:
    _refuse_unwaivable(one)
    if act.actor.sub == context.owner:
        raise Refused("The owner, whom a waiver relieves, cannot ask for it; a deputy can.")
    if act.actor.sub not in context.deputies and act.actor.sub not in context.risk_approvers:
        raise Refused("Only a deputy or a risk approver asks for a waiver.")
    if one.pending_waiver is not None and act.at < one.pending_waiver.until:
        raise Refused(
            f"A waiver was asked for on {_day(one.pending_waiver.at)} and waits for approval."
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
        raise Refused("No owner is there; nothing is waived until one is.")
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
            f"Retirement was asked for on {_day(one.pending_retirement.at)} and waits for a "
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
        raise Refused("Who asked for it, and owner and deputies, cannot approve a retirement.")
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


def _why_closed(one: Validation) -> str:
    since = _day(one.since)
    if one.state == "draft":
        return "No evidence was submitted for it."
    if one.state == "in_validation":
        return f"Its evidence waits for a signature since {since}."
    if one.state == "rejected":
        reason = one.rejection.reason if one.rejection else ""
        return f"Its evidence was rejected on {since}: {_sentence(reason)}"
    if one.state == "suspended":
        by_rules = one.trigger is None or one.trigger.id == RULES_CHANGED
        said = None if one.trigger is None or by_rules else one.trigger.reason
        return stopped_words(one.since.date(), said)
    if one.state == "expired":
        return ended_words(one.since.date(), waiver=one.waiver is not None)
    return f"Retired on {since}."


def _text(act: Act, name: str) -> str:
    """A field of the act's body that has to hold words."""
    value = act.body.get(name)
    if not isinstance(value, str) or not value.strip():
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
        raise Refused(f"It would end on {_day(until)}, which is past.")
    if until > most:
        raise Refused(
            f"It may last until {_day(most)} at most ({days} days), not until {_day(until)}."
        )
    return until


def _day(at: datetime) -> str:
    return f"{at:%Y-%m-%d}"


def _sentence(words: str) -> str:
    return words if words.endswith((".", "!", "?")) else f"{words}."
