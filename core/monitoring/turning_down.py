"""An owner keeps a kind of finding quiet that was always waived, and lets it be heard again."""

from __future__ import annotations

from datetime import timedelta

from core.defaults import TURNED_DOWN_DAYS
from core.findings.acts import finding_acts
from core.findings.answered import AnsweredKind, by_signal, occasions
from core.findings.lifecycle import findings
from core.governance.bodies.refusal import Refused
from core.governance.perform import Office
from core.monitoring.finding_responses import NO_REASON
from core.trail.acts import Act, Actor, Proposal


def proposed_turning_down(
    office: Office, actor: Actor, signal: str, kind: str, *, reason: str
) -> Proposal:
    """That a kind of finding is not found anew of a signal for a time.

    `core.defaults.TURNED_DOWN_DAYS` later it is heard again.

    Args:
        actor: the owner or a deputy.
        reason: in words.

    Raises:
        Refused: no reason, or it may not be turned down.
    """
    if not reason.strip():
        raise Refused(NO_REASON)
    with office.ledger.cursor() as cursor:
        known = by_signal(occasions(findings(finding_acts(cursor), office.now())))
    never = AnsweredKind(kind, signal, 0, 0, 0, 0, 0, None)
    mine = next((one for one in known if (one.signal, one.kind) == (signal, kind)), never)
    if mine.why_not_turned_down:
        raise Refused(mine.why_not_turned_down)
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
