"""Who may do what: every kind of act, the roles that may do it, and the one question to ask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from core.ledger.errors import LedgerError
from core.trail.acts import KINDS, SYSTEM, Actor

if TYPE_CHECKING:
    from core.governance.state import State

#: Every role a person can act in, from what everybody known may to what few may.
ROLES = ("viewer", "auditor", "owner", "deputy", "validator", "risk_approver", "admin")
#: The roles that are granted to a person for the whole ledger; the others follow from a signal's
#: registry entry.
GRANTABLE = ("admin", "auditor", "risk_approver")

_ANYONE = frozenset(ROLES)
_SEAT = frozenset({"owner", "deputy"})
_VALIDATOR = frozenset({"validator"})
_RISK = frozenset({"risk_approver"})
_ADMIN = frozenset({"admin"})
_NOBODY: frozenset[str] = frozenset()

#: What an act does, as in "may …", and the roles that may ever do it; `authorize` narrows it.
_TABLE: Mapping[str, tuple[str, frozenset[str]]] = {
    "trail.started": ("start the trail", _NOBODY),
    "key.changed": ("change the trail's signing key", _ADMIN),
    "person.added": ("add a person", _ADMIN),
    "person.named": ("record a person's names", _ADMIN),
    "person.status": ("say whether a person is active", _ADMIN),
    "person.forgotten": ("erase a person's name", _ADMIN),
    "group.set": ("set the members of a group", _ADMIN),
    "role.granted": ("grant a role", _ADMIN),
    "role.revoked": ("take a role away", _ADMIN),
    "gate.mode": ("change the gate's mode", _ADMIN),
    "registry.set": ("set this registry entry", _SEAT | _ADMIN),
    "fingerprint.seen": ("record a new fingerprint", _NOBODY),
    "validation.submitted": ("submit a validation", _SEAT),
    # Owner and deputies only where the entry lets them sign their own evidence.
    "validation.signed": ("sign a validation", _VALIDATOR | _SEAT),
    "validation.rejected": ("reject a validation", _VALIDATOR | _SEAT),
    "validation.suspended": ("stop a fingerprint", _ANYONE),
    "validation.expired": ("record that a validation expired", _NOBODY),
    # Not the owner: neither of the two who carry a waiver may be the one it relieves.
    "waiver.requested": ("ask for a waiver", frozenset({"deputy"}) | _RISK),
    "waiver.approved": ("approve a waiver", _RISK),
    "retirement.requested": ("ask to retire a fingerprint", _SEAT),
    "retirement.approved": ("retire a fingerprint", _VALIDATOR),
    "finding.opened": ("open a finding", _NOBODY),
    "finding.recurred": ("record that a finding came again", _NOBODY),
    "finding.revised": ("record what later data made of a finding", _NOBODY),
    # An admin only where there is no registry entry, and so no owner.
    "finding.acknowledged": ("acknowledge a finding", _SEAT | _ADMIN),
    "finding.resolved": ("resolve a finding", _SEAT | _ADMIN),
    "finding.waived": ("waive a finding", _RISK),
    "import.recorded": ("record an import", _NOBODY),
    "decisions.sealed": ("seal the gate's decisions", _NOBODY),
    "check.run": ("record a run of the standing checks", _NOBODY),
    "signal.remeasured": ("record a re-measurement", _NOBODY),
    "audit.drawn": ("draw an audit sample", _SEAT | _VALIDATOR),
    "token.created": ("give out a token for HTTP", _ADMIN),
    "token.revoked": ("take a token for HTTP back", _ADMIN),
}
assert _TABLE.keys() == KINDS.keys()

#: What the program does by itself. Nothing among it opens a gate.
SYSTEM_KINDS = frozenset(
    {
        "trail.started",
        "person.added",
        "person.named",
        "fingerprint.seen",
        "validation.suspended",
        "validation.expired",
        "finding.opened",
        "finding.recurred",
        "finding.revised",
        "finding.resolved",
        "import.recorded",
        "decisions.sealed",
        "check.run",
        "signal.remeasured",
    }
)

_WORDS = {
    "viewer": "anybody known",
    "auditor": "an auditor",
    "owner": "the owner",
    "deputy": "a deputy",
    "validator": "a validator",
    "risk_approver": "a risk approver",
    "admin": "an admin",
}


class Refused(LedgerError):  # noqa: N818 (reads as what is the matter)
    """An act is not theirs to do, or not in this state; the message says who may, or what is."""


def roles_of(state: State, sub: str, signal: str | None) -> frozenset[str]:
    """Every role a person holds.

    Args:
        state: what the trail says.
        sub: the person's opaque id.
        signal: owner, deputy, validator and risk approver are roles at a signal; None: only those
            that hold for the whole ledger.

    Returns:
        Of `ROLES`; everybody known is at least a viewer. Empty for somebody unknown, and for
        somebody who left. Being away takes no role: whoever acts is there.
    """
    person = state.people.get(sub)
    if person is None or person.status == "left":
        return frozenset()
    held = {"viewer", *state.grants.get(sub, ())}
    entry = None if signal is None else state.entries.get(signal)
    if entry is not None:
        spec = entry.spec
        seats = {
            "owner": (spec.owner,),
            "deputy": spec.deputies,
            "validator": spec.validators,
            "risk_approver": spec.risk_approvers,
        }
        held |= {role for role, seat in seats.items() if sub in state.resolved(seat)}
    return frozenset(held)


def allowed_roles(kind: str) -> frozenset[str]:
    """The roles that may ever do an act of this kind; `who_may` says which may now.

    Raises:
        Refused: there is no such kind.
    """
    return _known(kind)[1]


def who_may(state: State, kind: str, signal: str | None) -> frozenset[str]:
    """The roles that may do an act of this kind about this signal, as the state is.

    Raises:
        Refused: there is no such kind.
    """
    _, roles = _known(kind)
    entry = None if signal is None else state.entries.get(signal)
    if kind in ("validation.signed", "validation.rejected"):
        return roles if entry is not None and entry.self_sign else roles - _SEAT
    if kind in ("finding.acknowledged", "finding.resolved"):
        return _ADMIN if entry is None else roles - _ADMIN
    if kind == "role.granted" and not state.had_admin:
        return _ANYONE
    return roles


def authorize(state: State, actor: Actor, kind: str, signal: str | None) -> None:
    """Let an actor do an act of this kind, or say who may.

    It asks for the role alone; what else has to hold is guarded by `core.governance.state.check`.
    While there was never an admin, everybody known may grant a role: `check` lets that be only
    *admin*, to themselves.

    Args:
        state: what the trail says.
        actor: who, in which role.
        kind: of `core.trail.acts.KINDS`.
        signal: about which signal; None for the ledger as a whole.

    Raises:
        Refused: there is no such kind, the actor is unknown or left, does not hold the role they
            act in, or the role does not allow it.
    """
    words, _ = _known(kind)
    if actor.sub == SYSTEM or actor.role == SYSTEM:
        if actor.sub != actor.role:
            raise Refused(f"{actor.sub} cannot act as {actor.role}: only the program is {SYSTEM}.")
        if kind not in SYSTEM_KINDS:
            raise Refused(
                f"The program itself may not {words}; {_who(who_may(state, kind, signal))} may."
            )
        return
    held = roles_of(state, actor.sub, signal)
    if not held:
        raise Refused(
            f"{actor.sub} has left and may do nothing more."
            if actor.sub in state.people
            else f"{actor.sub} is not known to this ledger; an admin adds people."
        )
    may = who_may(state, kind, signal)
    if not may:
        raise Refused(f"Only the program itself may {words}.")
    if actor.role not in held:
        listed = ", ".join(role for role in ROLES if role in held)
        raise Refused(
            f"{actor.sub} does not act as {actor.role} here but as {listed}; "
            f"only {_who(may)} may {words}."
        )
    if actor.role not in may:
        raise Refused(f"Only {_who(may)} may {words}, and {actor.sub} acts as {actor.role}.")


def _known(kind: str) -> tuple[str, frozenset[str]]:
    if kind not in _TABLE:
        raise Refused(f"There is no act of the kind {kind!r}.")
    return _TABLE[kind]


def _who(roles: frozenset[str]) -> str:
    """Roles as people read them: ``the owner, a deputy or a validator``."""
    if not roles:
        return "nobody"
    if roles == _ANYONE:
        return _WORDS["viewer"]
    *first, last = [_WORDS[role] for role in ROLES if role in roles]
    return f"{', '.join(first)} or {last}" if first else last
