"""What is kept of one validation: evidence that waits, signatures, waivers, and what else holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from core.defaults import WAIVER_DAYS
from core.governance.stops import StoppedBy
from core.trail.acts import Assurance

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
    facts: StoppedBy | None = None


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
