"""What a person may do now, and why not where they may not: said before they try."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.governance.advance import check
from core.governance.bodies.refusal import Refused
from core.governance.people.names import Directory
from core.governance.people.people import actor_for
from core.governance.state import State
from core.governance.validations.lifecycle import STEPS
from core.trail.act_kinds import KINDS
from core.trail.acts import Proposal, Signature, stamp
from core.trail.fingerprint import Fingerprint

#: Every act on a validation that a person does.
_BY_PEOPLE = tuple(kind for kind, one in KINDS.items() if kind in STEPS and one.roles)
_SUB = re.compile(r"p-[0-9a-f]{16}")
#: Stands for what the person has yet to type, or the machine to measure.
_TYPED, _MEASURED = "…", "0" * 64


@dataclass(frozen=True)
class Offer:
    """One act.

    Attributes:
        may: whether they may do it now, once they have typed what it asks for.
        why: why not, in a sentence; "" where they may.
    """

    may: bool
    why: str = ""


def offers(
    state: State,
    sub: str,
    names: Directory,
    signal: str,
    fingerprint: Fingerprint,
    now: datetime,
) -> Mapping[str, Offer]:
    """Every act of `_BY_PEOPLE`, as the guards themselves answer for this person."""
    found = {}
    for kind in _BY_PEOPLE:
        why = refusal(state, _proposal(state, sub, kind, signal, fingerprint, now), names, now)
        found[kind] = Offer(not why, why)
    return found


def refused_as_typed(
    state: State,
    sub: str,
    names: Directory,
    kind: str,
    signal: str,
    fingerprint: Fingerprint,
    now: datetime,
    *,
    words: str,
    until: datetime | None = None,
) -> str:
    """Why an act that is offered would be refused with what is typed so far; "": it would not.

    Args:
        words: the reason, or what the signature means.
        until: when it ends, where the act asks for that.
    """
    asked = _proposal(state, sub, kind, signal, fingerprint, now, words=words, until=until)
    return refusal(state, asked, names, now)


def refusal(state: State, proposal: Proposal, names: Directory, now: datetime) -> str:
    """Why an act would be refused now, with people's names; "" where it may be done."""
    try:
        check(state, proposal, now)
    except Refused as error:
        return named(str(error), names)
    return ""


def may_any(
    state: State,
    sub: str,
    kinds: Iterable[str],
    signal: str,
    fingerprint: Fingerprint,
    now: datetime,
) -> bool:
    """Whether a person may do one of these acts about a fingerprint now."""
    for kind in kinds:
        try:
            check(state, _proposal(state, sub, kind, signal, fingerprint, now), now)
        except Refused:
            continue
        return True
    return False


def named(text: str, names: Directory) -> str:
    """A sentence with people's names where it has their opaque ids."""
    return _SUB.sub(lambda match: names.words(match[0]), text)


def _proposal(
    state: State,
    sub: str,
    kind: str,
    signal: str,
    fingerprint: Fingerprint,
    now: datetime,
    *,
    words: str = _TYPED,
    until: datetime | None = None,
) -> Proposal:
    """The act as it would be proposed, with stand-ins for what is not typed or measured yet."""
    actor = actor_for(state, sub, kind, signal, via="page")
    entry, known = state.entries.get(signal), state.validations.get((signal, fingerprint))
    candidate = known.candidate if known else None
    end = stamp(until or max(now, state.last_at) + timedelta(days=1))
    body: dict[str, object] = {"reason": words, "until": end}
    signature = None
    if kind == "validation.submitted":
        body = {
            "evidence": _MEASURED,
            "material_sha256": entry.material_sha256 if entry else "",
            "criteria_met": True,
            "author": sub,
        }
    elif kind == "validation.signed":
        body = {"until": end}
        signature = Signature(words, candidate.evidence if candidate else _MEASURED)
    elif kind == "validation.suspended":
        body = {"trigger": "stop", "reason": words}
    elif kind == "waiver.approved" and known and known.pending_waiver:
        body = {"until": stamp(known.pending_waiver.until)}
    return Proposal(kind, actor, signal, fingerprint, body, signature)
