"""Whether a validation opens the gate, worked out anew at every reading.

It follows from the time, the owner's seat and the rules as they are then, beside what was done.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime

from core.governance.validations.records import (
    RULES_CHANGED,
    Context,
    Signed,
    Validation,
    ValidationState,
    Waiver,
)
from core.text.sentence import ended
from core.trail.acts import ASSURANCES, Assurance

#: Why the gate is closed for what nobody lets decide.
LOGGED_ONLY = "Log only: its confidence is measured, and nothing may act on it."


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
        return Standing(one.state, False, "There is no owner.", held.until)
    if ASSURANCES.index(held.assurance) < ASSURANCES.index(least):
        what = "It was signed" if one.state == "validated" else "Its waiver was agreed"
        how = "without sign-on" if held.assurance == "none" else "without signing on again"
        words = f"{what} {how}, and the gate in production mode asks for {least}."
        return Standing(one.state, False, words, held.until)
    if isinstance(held, Waiver):
        words = f"Waived until {day(held.until)}: {ended(held.reason)}"
        return Standing("waived", True, words, held.until)
    return Standing("validated", True, f"Validated until {day(held.until)}.", held.until)


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
        return f"Suspended on {on}: {ended(reason)}"
    return f"The rules changed{'' if on is None else f' on {on}'} and were not validated since."


def at_time(validation: Validation, now: datetime) -> Validation:
    """The validation with what time alone has done to it: past its date it is expired."""
    held: Signed | Waiver | None
    held = {"validated": validation.signed, "waived": validation.waiver}.get(validation.state)
    if held is None or now < held.until:
        return validation
    return replace(validation, state="expired", since=held.until)


def _why_closed(one: Validation) -> str:
    since = day(one.since)
    if one.state == "draft":
        return "No evidence was submitted for it."
    if one.state == "in_validation":
        return f"Its evidence waits for a signature since {since}."
    if one.state == "rejected":
        reason = one.rejection.reason if one.rejection else ""
        return f"Its evidence was rejected on {since}: {ended(reason)}"
    if one.state == "suspended":
        by_rules = one.trigger is None or one.trigger.id == RULES_CHANGED
        said = None if one.trigger is None or by_rules else one.trigger.reason
        return stopped_words(one.since.date(), said)
    if one.state == "expired":
        return ended_words(one.since.date(), waiver=one.waiver is not None)
    return f"Retired on {since}."


def day(at: datetime) -> str:
    """As people read it: ``2026-11-24``."""
    return f"{at:%Y-%m-%d}"
