"""An owner keeps a kind of finding quiet that was always waived, and lets it be heard again."""

from __future__ import annotations

from datetime import timedelta

from core.defaults import ALWAYS_WAIVED, TURNED_DOWN_DAYS
from core.findings.acts import finding_acts
from core.findings.answered import AnsweredKind, by_signal, occasions
from core.findings.kinds import kind_of
from core.findings.lifecycle import findings
from core.governance.perform import Office
from core.governance.refusal import Refused
from core.monitoring.finding_responses import NO_REASON
from core.trail.acts import Act, Actor, Proposal


def why_not(answered: AnsweredKind | None, kind: str) -> str:
    """Why a kind may not be turned down for a signal; "": it may."""
    words = kind_of(kind).words
    if kind_of(kind).severity == "critical":
        return f"“{words}” is critical, and what is critical is always heard."
    if answered is None or answered.waivers < ALWAYS_WAIVED:
        n = 0 if answered is None else answered.waivers
        return (
            f"“{words}” was waived {n} times here; from {ALWAYS_WAIVED} times on, with nobody who "
            "did anything else, it may be turned down."
        )
    if answered.acted_on:
        return f"Somebody acted on “{words}” here, so it changes something."
    return ""


def proposed_turning_down(
    office: Office, actor: Actor, signal: str, kind: str, *, reason: str
) -> Proposal:
    """That a kind of finding is not found anew of a signal for a time.

    `core.defaults.TURNED_DOWN_DAYS` later it is heard again.

    Args:
        actor: the owner or a deputy.
        reason: in words.

    Raises:
        Refused: no reason, or it may not be turned down (`why_not`).
    """
    if not reason.strip():
        raise Refused(NO_REASON)
    with office.ledger.cursor() as cursor:
        known = by_signal(occasions(findings(finding_acts(cursor), office.now())))
    mine = next((one for one in known if (one.signal, one.kind) == (signal, kind)), None)
    refused = why_not(mine, kind)
    if refused:
        raise Refused(refused)
    until = office.now().date() + timedelta(days=TURNED_DOWN_DAYS)
    body = {"finding_kind": kind, "until": until.isoformat(), "reason": reason.strip()}
    return Proposal("finding_kind.turned_down", actor, signal, None, body)


def turn_up(office: Office, actor: Actor, signal: str, kind: str) -> Act:
    """Let a kind be heard again from now on.

    Raises:
        Refused: it is not turned down, or not theirs to say.
    """
    body = {"finding_kind": kind}
    return office.perform(Proposal("finding_kind.turned_up", actor, signal, None, body))
