"""What people say to a finding: that they have seen it, or that it may wait until a date."""

from __future__ import annotations

from datetime import date, timedelta

from core.defaults import WAIVER_DAYS
from core.findings.lifecycle import Finding
from core.governance.bodies.refusal import Refused
from core.governance.perform import Office
from core.monitoring.rounds import outlook, rounds
from core.trail.acts import Act, Actor, Proposal

#: What is said, before and after, where nothing was typed.
NO_NOTE = "Say what you do about it: the note is kept in the trail."
OWNS_IT = "Whoever must respond to a finding cannot waive it; another risk approver can."
NOT_THEIRS = (
    "It is not for you: who is responsible for a part answers what is wrong with that part."
)
NO_REASON = "Say why it may wait: the reason is kept in the trail."


def acknowledge(office: Office, actor: Actor, finding: str, *, note: str) -> Act:
    """Say that a finding is seen, and what is being done about it.

    Args:
        actor: the owner, a deputy or whoever the finding is for; an admin where nothing is written
            down about the signal.
        note: in words.

    Raises:
        Refused: not theirs to say, nothing was said, or it is waived or gone.
    """
    if not note.strip():
        raise Refused(NO_NOTE)
    found = _written(office, finding)
    if found.state == "waived":
        raise Refused(f"It is waived until {found.until}; nobody has to respond before.")
    if actor.role == "responsible" and actor.sub != found.owner:
        raise Refused(NOT_THEIRS)
    return office.perform(_proposed("finding.acknowledged", actor, found, note=note.strip()))


def waive(office: Office, actor: Actor, finding: str, *, until: date, reason: str) -> Act:
    """Let a finding wait, see `proposed_waiver`."""
    return office.perform(proposed_waiver(office, actor, finding, until=until, reason=reason))


def proposed_waiver(
    office: Office, actor: Actor, finding: str, *, until: date, reason: str
) -> Proposal:
    """That a finding may wait until a day; the next day it is open again if it is still so.

    A finding that was just noticed is written into the trail.

    Args:
        actor: a risk approver, and not the one who must answer it.
        until: the last day of it, `core.defaults.WAIVER_DAYS` from now at
            most.
        reason: in words.

    Raises:
        Refused: not theirs to say, no reason, the day is past or too far, or it is gone.
    """
    today = office.now().date()
    if not reason.strip():
        raise Refused(NO_REASON)
    if until <= today:
        raise Refused(f"{until} is past; choose a later day.")
    most = today + timedelta(days=WAIVER_DAYS)
    if until > most:
        raise Refused(f"A finding may wait until {most} at most, not until {until}.")
    found = _written(office, finding)
    if actor.sub == found.owner:
        raise Refused(OWNS_IT)
    body = {"until": until.isoformat(), "reason": reason.strip()}
    return _proposed("finding.waived", actor, found, **body)


def _written(office: Office, finding: str) -> Finding:
    """The finding as it is now, written into the trail if it was just noticed.

    Raises:
        Refused: there is none, or none any more.
    """
    found = _live(office, finding)
    if not found.stored:
        rounds(office)
        found = _live(office, finding)
    return found


def _live(office: Office, finding: str) -> Finding:
    for one in outlook(office).findings:
        if one.id == finding:
            return one
    raise Refused("This finding is resolved already; there is nothing to respond to.")


def _proposed(kind: str, actor: Actor, found: Finding, **body: str) -> Proposal:
    return Proposal(kind, actor, found.signal, found.fingerprint, {"finding": found.id, **body})
