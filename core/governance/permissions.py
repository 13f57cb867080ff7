"""Who may do what: the roles of a person, those that may do an act, and the one question to ask."""

from __future__ import annotations

from core.governance.bodies.refusal import Refused
from core.governance.state import State
from core.registry.signal_spec import SignalSpec
from core.trail.act_kinds import KINDS, ROLES, ActKind
from core.trail.acts import SYSTEM, Actor

#: The roles that are granted to a person for the whole ledger; the others follow from a signal's
#: registry entry.
GRANTABLE = ("admin", "auditor", "risk_approver")

_SEAT = frozenset({"owner", "deputy"})
_ADMIN = frozenset({"admin"})
_RESPONSIBLE = frozenset({"responsible"})
_WORDS = {
    "viewer": "anybody known",
    "auditor": "an auditor",
    "responsible": "whoever is responsible for it",
    "owner": "the owner",
    "deputy": "a deputy",
    "validator": "a validator",
    "risk_approver": "a risk approver",
    "admin": "an admin",
}


def roles_of(state: State, sub: str, signal: str | None) -> frozenset[str]:
    """Every role a person holds.

    Args:
        signal: owner, deputy, validator, risk approver and who is responsible for a part of it are
            roles at a signal; None: those that hold for the whole ledger, and of whom is
            responsible for a part of any signal.

    Returns:
        Of `ROLES`; everybody known is at least a viewer. Empty for somebody unknown, and for
        somebody who left. Being away takes no role: whoever acts is there.
    """
    person = state.people.get(sub)
    if person is None or person.status == "left":
        return frozenset()
    held = {"viewer", *state.grants.get(sub, ())}
    entry = None if signal is None else state.entries.get(signal)
    if signal is None and any(_named(sub, one.spec) for one in state.entries.values()):
        held.add("responsible")
    if entry is not None:
        spec = entry.spec
        # Owner and deputies answer for the whole of it anyway.
        if _named(sub, spec) and sub not in (spec.owner, *state.resolved(spec.deputies)):
            held.add("responsible")
        seats = {
            "owner": (spec.owner,),
            "deputy": spec.deputies,
            "validator": spec.validators,
            "risk_approver": spec.risk_approvers,
        }
        held |= {role for role, seat in seats.items() if sub in state.resolved(seat)}
    return frozenset(held)


def _named(sub: str, spec: SignalSpec) -> bool:
    """Whether an entry names somebody as responsible for a part of the signal."""
    answers = spec.responsible
    return sub in (answers.schema, answers.thresholds, answers.monitoring)


def allowed_roles(kind: str) -> frozenset[str]:
    """The roles that may ever do an act of this kind; `who_may` says which may now.

    Raises:
        Refused: there is no such kind.
    """
    return _known(kind).roles


def who_may(state: State, kind: str, signal: str | None) -> frozenset[str]:
    """The roles that may do an act of this kind about this signal, as the state is.

    Raises:
        Refused: there is no such kind.
    """
    roles = _known(kind).roles
    entry = None if signal is None else state.entries.get(signal)
    if kind in ("validation.signed", "validation.rejected"):
        return roles if entry is not None and entry.self_sign else roles - _SEAT
    if kind == "finding.acknowledged" and signal is None:
        return _ADMIN | _RESPONSIBLE
    if kind in ("finding.acknowledged", "finding.resolved", "label.withdrawn", "label.confirmed"):
        return _ADMIN if entry is None else roles - _ADMIN
    if kind == "role.granted" and not state.had_admin:
        return frozenset(ROLES)
    return roles


def authorize(state: State, actor: Actor, kind: str, signal: str | None) -> None:
    """Let an actor do an act of this kind, or say who may.

    It asks for the role alone; what else has to hold is guarded by `core.governance.advance.check`.
    While there was never an admin, everybody known may grant a role: `check` lets that be only
    *admin*, to themselves.

    Args:
        kind: of `core.trail.act_kinds.KINDS`.
        signal: about which signal; None for the ledger as a whole.

    Raises:
        Refused: there is no such kind, the actor is unknown or left, does not hold the role they
            act in, or the role does not allow it.
    """
    asked = _known(kind)
    words = asked.may
    if actor.sub == SYSTEM or actor.role == SYSTEM:
        if actor.sub != actor.role:
            raise Refused(f"{actor.sub} cannot act as {actor.role}: only the program is {SYSTEM}.")
        if not asked.program:
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


def _known(kind: str) -> ActKind:
    if kind not in KINDS:
        raise Refused(f"There is no act of the kind {kind!r}.")
    return KINDS[kind]


def _who(roles: frozenset[str]) -> str:
    """Roles as people read them: ``the owner, a deputy or a validator``."""
    if not roles:
        return "nobody"
    if roles == frozenset(ROLES):
        return _WORDS["viewer"]
    *first, last = [_WORDS[role] for role in ROLES if role in roles]
    return f"{', '.join(first)} or {last}" if first else last
