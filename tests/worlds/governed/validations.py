"""One validation in every state, and the acts that lead from one to the next."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from core.governance.bodies.refusal import Refused
from core.governance.validations.lifecycle import step
from core.governance.validations.records import Context, Validation
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
