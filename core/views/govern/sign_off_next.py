"""What can be done next about a validation, and by whom."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from core.findings.kinds import EXPIRING
from core.governance.state import State
from core.governance.validations.records import Context, Validation
from core.governance.validations.standing import Standing
from core.sentences.acts import Names


def next_step(
    state: State,
    signal: str,
    one: Validation | None,
    standing: Standing,
    context: Context | None,
    names: Names,
    now: datetime,
) -> tuple[str, ...]:
    """What can be done next about a fingerprint and by whom, in sentences.

    Args:
        one: what was done about it, as it is at the time; None: nothing.
        standing: its standing then.
        context: what else holds; None: the signal is not registered.
    """
    if context is None:
        return ("Write the signal's registry entry and apply it; then its evidence can be judged.",)
    if standing.state == "retired":
        return ("Nothing: it was retired for good.",)
    if state.entries[signal].spec.log_only and (one is None or one.candidate is None):
        return (
            "Nothing: it needs no evidence and no signature. To let it act, write its stakes, "
            "validation and escalation in the registry first.",
        )
    found = []
    if context.acting_owner is None:
        found.append("There is no owner: an admin has to name one.")
    if one is not None and one.candidate is not None:
        found.append(_signing(one, context, names))
    elif context.acting_owner is not None:
        found.append(_submitting(state, signal, standing, context, names, now))
    if one is not None and one.pending_waiver is not None:
        asked = one.pending_waiver
        may = context.risk_approvers - {asked.requester, context.owner}
        found.append(
            f"{names.person(asked.requester)} asked for a waiver until {asked.until:%Y-%m-%d}; "
            f"{_whom(may, context, names, 'a risk approver')} may approve it."
        )
    if one is not None and one.pending_retirement is not None:
        by = one.pending_retirement.by
        may = context.validators - {by, context.owner, *context.deputies}
        found.append(
            f"{names.person(by)} asked to retire it; "
            f"{_whom(may, context, names, 'a validator')} may approve that."
        )
    return tuple(found)


def _signing(one: Validation, context: Context, names: Names) -> str:
    assert one.candidate is not None
    seat = {context.owner, *context.deputies}
    may = set(context.validators) - {one.candidate.author, one.candidate.submitted_by} - seat
    if context.self_sign:
        may = set(context.validators) | seat
    who = _whom(may, context, names, "a validator")
    if not one.candidate.criteria_met:
        return f"{who} may reject it: not every criterion is met, so it cannot be signed."
    return f"{who} may sign or reject it."


def _submitting(
    state: State,
    signal: str,
    standing: Standing,
    context: Context,
    names: Names,
    now: datetime,
) -> str:
    who = _whom((context.owner, *context.deputies), context, names, "the owner")
    if standing.open and standing.until is not None:
        if standing.until - now <= lead(context):
            return f"{who} may submit new evidence now; the gate stays open while it is judged."
        return f"Nothing until {standing.until:%Y-%m-%d}; {who} may submit new evidence before."
    falls = state.entries[signal].spec.rules.unvalidated
    said = f"{who} may measure it and submit the evidence"
    return f"{said}. Until it is signed each of its claims falls back to {falls}."


def _whom(subs: Collection[str], context: Context, names: Names, role: str) -> str:
    """Those who are there, by name; what is missing where nobody is."""
    there = sorted(names.person(sub) for sub in subs if sub in context.active)
    if not there:
        return f"Nobody ({role} is missing)"
    *first, last = there
    return f"{', '.join(first)} or {last}" if first else last


def lead(context: Context) -> timedelta:
    """So long before its end something is to be renewed; see `core.findings.lifecycle.EXPIRING`."""
    return min(EXPIRING, timedelta(days=context.max_age_days) / 3)
