"""People in acts: entered, present or away, and in which role they act."""

from __future__ import annotations

from datetime import date

import duckdb

from core.governance.people import accounts
from core.governance.people import names as directory
from core.governance.perform import Desk, Office
from core.governance.permissions import allowed_roles, roles_of
from core.governance.state import State
from core.ledger.errors import LedgerError
from core.trail.act_kinds import ROLES
from core.trail.acts import SYSTEM, Act, Actor, Assurance, Proposal, Via

_PROGRAM = Actor(SYSTEM, SYSTEM, via="system")


def enter(desk: Desk, handle: str, printed_name: str | None = None) -> str:
    """The opaque id of a handle, entered into the directory and the trail if it is new.

    ``user:desk/Ann`` is ``user:desk/ann``, or one person could sit on both sides of a signature.
    Names count only as an act carries them, so a new printed name is an act, too; and so are names
    that an earlier version of the program entered without one.

    Raises:
        LedgerError: the handle names no person.
    """
    directory.refuse_no_handle(handle)
    known = directory.directory(desk.cursor)
    sub = known.sub(handle)
    if sub is None:
        sub, names = directory.add(desk.cursor, handle, printed_name)
        desk.perform(Proposal("person.added", _PROGRAM, body={"sub": sub, "names": names}))
        return sub
    found = known.names[sub]
    wanted = printed_name or found.printed_name
    if wanted != found.printed_name or not found.recorded:
        names = directory.rename(desk.cursor, sub, found.handle or handle, wanted)
        desk.perform(Proposal("person.named", _PROGRAM, body={"sub": sub, "names": names}))
    return sub


def actor_for(
    state: State,
    sub: str,
    kind: str,
    signal: str | None,
    *,
    assurance: Assurance = "none",
    via: Via = "cli",
) -> Actor:
    """A person in the role that allows an act.

    Where they hold several, it is the one nearest to the signal. Where they hold none that does,
    it is the role they have, and the act will be refused with its reason.
    """
    held = roles_of(state, sub, signal)
    fitting = [role for role in _NEAREST if role in held and role in allowed_roles(kind)]
    return Actor(sub, fitting[0] if fitting else _any(held), assurance, via)


_NEAREST = (
    "owner",
    "deputy",
    "responsible",
    "validator",
    "risk_approver",
    "admin",
    "auditor",
    "viewer",
)


def _any(held: frozenset[str]) -> str:
    return next((role for role in ROLES[::-1] if role in held), "viewer")


def known_person(office: Office, handle: str) -> str:
    """The opaque id of somebody who is in the directory.

    Raises:
        LedgerError: nobody has this handle; names those who are known.
    """
    with office.ledger.cursor() as cursor:
        found = directory.directory(cursor)
    sub = found.sub(handle)
    if sub is None:
        handles = sorted(one.handle for one in found.names.values() if one.handle)
        raise LedgerError(
            f"Nobody is known as {handle!r}; known are: {', '.join(handles) or 'nobody yet'}."
        )
    return sub


def nobody_is_admin(state: State) -> bool:
    """Whether whoever applies a registry file next becomes the admin."""
    return not any("admin" in roles for roles in state.grants.values())


def become_first_admin(desk: Desk, sub: str) -> bool:
    """Make a person admin where nobody is; whether that was so."""
    if not nobody_is_admin(desk.state):
        return False
    desk.perform(
        Proposal(
            "role.granted",
            Actor(sub, "viewer", via="cli"),
            body={"sub": sub, "role": "admin"},
        )
    )
    return True


def status_proposal(actor: Actor, sub: str, status: str, until: date | None) -> Proposal:
    """That a person is active, away until a day, or has left, as it would be recorded."""
    body = {"sub": sub, "status": status, "until": None if until is None else until.isoformat()}
    return Proposal("person.status", actor, body=body)


def set_status(
    office: Office, actor: Actor, sub: str, status: str, until: date | None = None
) -> Act:
    """Record that a person is active, away until a day, or has left.

    Raises:
        Refused: not theirs to say, or there is no such person.
    """
    return office.perform(status_proposal(actor, sub, status, until))


def forget(office: Office, actor: Actor, sub: str) -> Act:
    """Erase a person's names; what they did keeps their opaque id.

    Raises:
        Refused: not theirs to do.
    """
    return office.perform(
        Proposal("person.forgotten", actor, body={"sub": sub}),
        lambda cursor, _act: _erase(cursor, sub),
    )


def _erase(cursor: duckdb.DuckDBPyConnection, sub: str) -> None:
    directory.forget(cursor, sub)
    accounts.forget(cursor, sub)
