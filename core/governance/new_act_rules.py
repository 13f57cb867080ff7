"""What a new act must not bring about, though a trail that holds it could be read.

Admins say who signs and who approves, so they are kept out of those seats: while they are in the
one they cannot come into the other.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from core.defaults import TURNED_DOWN_DAYS
from core.governance.bodies.recorded_runs import refuse_made_up
from core.governance.bodies.refusal import Refused
from core.governance.effects import spec_of
from core.governance.state import State
from core.registry import proof_rules
from core.registry.signal_spec import GROUP
from core.registry.spec_json import material_sha256
from core.registry.spec_rules import check_spec
from core.trail.acts import Proposal


def refuse_unfit(state: State, proposal: Proposal, at: datetime) -> None:
    """Refuse such an act.

    Args:
        at: when it would be done.

    Raises:
        Refused: it would be one, with the reason.
    """
    body = proposal.body
    if proposal.kind == "role.granted" and body.get("role") in ("admin", "risk_approver"):
        sub, role = str(body.get("sub")), body["role"]
        if role == "risk_approver" and "admin" in state.grants.get(sub, ()):
            _refuse_admin(sub)
        if role == "admin" and sub in signers(state):
            raise Refused(f"{sub} signs or approves, and so cannot be an admin too.")
    elif proposal.kind == "group.set":
        name, members = str(body.get("name")).removeprefix(GROUP), body.get("members")
        trusted = {
            one.removeprefix(GROUP)
            for entry in state.entries.values()
            for one in (*entry.spec.validators, *entry.spec.risk_approvers)
        }
        if name in trusted and isinstance(members, (list, tuple)):
            _refuse_admins(state, members)
    elif proposal.kind == "registry.set":
        _refuse_entry(state, proposal)
    elif proposal.kind == "threshold.run":
        refuse_made_up(body)
    elif proposal.kind == "finding_kind.turned_down":
        _refuse_for_good(body.get("until"), at)
    elif proposal.kind in ("validation.submitted", "validation.signed"):
        _refuse_unready(state, proposal)


def _refuse_for_good(until: object, at: datetime) -> None:
    last = f"{at.date() + timedelta(days=TURNED_DOWN_DAYS)}"
    if isinstance(until, str) and until > last:
        raise Refused(
            f"A kind of finding is turned down for {TURNED_DOWN_DAYS} days at the most, until "
            f"{last}."
        )


def _refuse_entry(state: State, proposal: Proposal) -> None:
    spec = spec_of(proposal.body)
    for problem in check_spec(spec):
        raise Refused(f"{spec.name} cannot be registered so: {problem}")
    before = state.entries.get(spec.name)
    if proof_rules.changes_it(None if before is None else before.spec, spec):
        for problem in proof_rules.unproven(spec, state.runs):
            raise Refused(f"{spec.name} cannot be registered so: {problem}")
    material = before is not None and before.material_sha256 != material_sha256(spec)
    if material and proposal.actor.role == "admin":
        raise Refused(
            f"Only the owner or a deputy changes the rules of {spec.name}; an admin writes new "
            "entries and says who fills the seats."
        )
    seats = {
        "owner": (spec.owner,),
        "deputies": spec.deputies,
        "validators": spec.validators,
        "risk_approvers": spec.risk_approvers,
        "responsible": (
            spec.responsible.schema,
            spec.responsible.thresholds,
            spec.responsible.monitoring,
        ),
    }
    for seat, references in seats.items():
        for sub in references:
            if not sub.startswith(GROUP) and sub not in state.people:
                raise Refused(f"{sub} among {seat} of {spec.name} is not known to this ledger.")
    _refuse_admins(state, state.resolved((*spec.validators, *spec.risk_approvers)))


def _refuse_unready(state: State, proposal: Proposal) -> None:
    entry = None if proposal.signal is None else state.entries.get(proposal.signal)
    if entry is None:
        return
    if entry.spec.log_only and proposal.kind == "validation.submitted":
        raise Refused(
            f"{proposal.signal} is log-only: it needs no evidence and no signature. To let it "
            "act, write its stakes, validation and escalation in the registry first."
        )
    for problem in proof_rules.unproven(entry.spec, state.runs):
        raise Refused(
            f"The registry entry of {entry.spec.name} is from before what acts by itself had to "
            f"be proven; change it first. {problem}"
        )


def _refuse_admins(state: State, subs: Iterable[str]) -> None:
    for sub in subs:
        if "admin" in state.grants.get(sub, ()):
            _refuse_admin(sub)


def _refuse_admin(sub: str) -> None:
    raise Refused(f"{sub} is an admin, and an admin cannot sign or approve.")


def signers(state: State) -> frozenset[str]:
    """Everybody in a seat that signs or approves, of any signal or of all."""
    seats = [(*one.spec.validators, *one.spec.risk_approvers) for one in state.entries.values()]
    granted = (sub for sub, roles in state.grants.items() if "risk_approver" in roles)
    return frozenset(granted).union(*(state.resolved(seat) for seat in seats))
