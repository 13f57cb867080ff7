"""What the trail says: the state as nothing but its acts replayed, one after the other."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Literal

from core.governance.permissions import GRANTABLE, Refused, authorize
from core.governance.validation_lifecycle import (
    STEPS,
    Context,
    Standing,
    Validation,
    at_time,
    rules_changed,
    standing,
    step,
)
from core.registry.signal_spec import GROUP, SignalSpec
from core.registry.spec_json import hashes_as_written, material_sha256, of_json
from core.registry.spec_rules import check_spec
from core.trail.act_kinds import KINDS
from core.trail.acts import SYSTEM, Act, Assurance, Proposal
from core.trail.fingerprint import Fingerprint
from core.trail.signed_answers import SIGNED_FROM

Mode = Literal["local", "production"]
Status = Literal["active", "away", "left"]

#: What a signature needs to open the gate, by the gate's mode.
LEAST: Mapping[Mode, Assurance] = {"local": "none", "production": "signed-on"}

_SHA256 = re.compile(r"[0-9a-f]{64}")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Person:
    """Whether somebody can be counted on.

    Attributes:
        status: active, away or left.
        until: the day an absence ends, on which they are back; None: not known.
    """

    status: Status = "active"
    until: date | None = None

    def active(self, day: date) -> bool:
        """Whether they neither left nor are away on a day."""
        if self.status == "away":
            return self.until is not None and day >= self.until
        return self.status == "active"


@dataclass(frozen=True)
class Entry:
    """A registry entry as an act set it.

    Attributes:
        spec: what is written down.
        spec_sha256: of the whole of it.
        material_sha256: of what a validation rests on.
        seq, at: the act.
    """

    spec: SignalSpec
    spec_sha256: str
    material_sha256: str
    seq: int
    at: datetime

    @property
    def self_sign(self) -> bool:
        """Whether owner and deputies may sign what they made: only where the stakes are low."""
        return self.spec.validation.self_sign and self.spec.stakes == "low"


@dataclass(frozen=True)
class Checked:
    """The last run of the standing checks.

    Attributes:
        at: when.
        data_version: number of the newest import then.
    """

    at: datetime
    data_version: int


@dataclass(frozen=True)
class TokenGrant:
    """What an act gave to whoever holds a token for HTTP.

    Attributes:
        scopes: what it allows.
        label: what it is for.
        secret_sha256: hash of its secret; None: an act of an earlier version, which has none.
        given_by: who gave it out.
        revoked: whether it was taken back.
    """

    scopes: tuple[str, ...]
    label: str
    secret_sha256: str | None
    given_by: str
    revoked: bool = False


@dataclass(frozen=True)
class State:
    """What the trail says after its first ``size`` acts; a value, never changed.

    Attributes:
        size: acts replayed.
        last_at: time of the last one, before which nothing is ever judged.
        mode: of the gate; ``production`` asks for signatures made with sign-on.
        people: opaque id → person.
        bound: id of a sign-on account → opaque id of the person it is bound to.
        groups: name without ``group:`` → members.
        grants: opaque id → roles granted for the whole ledger.
        had_admin: whether anybody was ever admin.
        entries: signal → the registry entry in force.
        history: signal → every entry it had, oldest first.
        validations: (signal, fingerprint) → validation; without one it is a draft.
        tokens: id → what was given with it, taken back or not.
        imports: numbers of the recorded imports.
        sealed_to: number of the last sealed decision, 0 at first.
        signed_from: from which decision on all are signed; None: no act says so.
        checked: the last run of the standing checks; None: there was none yet.
        remeasured: signal → when it was last re-measured.
        unmeasured: signal → when a fingerprint was first seen since then.
    """

    size: int = 0
    last_at: datetime = datetime.min
    mode: Mode = "local"
    people: Mapping[str, Person] = field(default_factory=dict)
    bound: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, frozenset[str]] = field(default_factory=dict)
    grants: Mapping[str, frozenset[str]] = field(default_factory=dict)
    had_admin: bool = False
    entries: Mapping[str, Entry] = field(default_factory=dict)
    history: Mapping[str, tuple[Entry, ...]] = field(default_factory=dict)
    validations: Mapping[tuple[str, Fingerprint], Validation] = field(default_factory=dict)
    tokens: Mapping[str, TokenGrant] = field(default_factory=dict)
    imports: frozenset[int] = frozenset()
    sealed_to: int = 0
    signed_from: int | None = None
    checked: Checked | None = None
    remeasured: Mapping[str, datetime] = field(default_factory=dict)
    unmeasured: Mapping[str, datetime] = field(default_factory=dict)
    #: Contexts worked out for this very state; the gate asks for the same one again and again.
    _contexts: dict[tuple[str, date], Context] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    def resolved(self, seat: Iterable[str]) -> tuple[str, ...]:
        """The people of a seat in its order, groups replaced by their members."""
        found: dict[str, None] = {}
        for reference in seat:
            if reference.startswith(GROUP):
                members = self.groups.get(reference.removeprefix(GROUP), frozenset())
                found.update(dict.fromkeys(sorted(members)))
            else:
                found[reference] = None
        return tuple(found)

    def context(self, signal: str, now: datetime) -> Context:
        """What a validation of a signal is judged by at a time.

        Raises:
            Refused: the signal has no registry entry.
        """
        day = max(now, self.last_at).date()
        known = self._contexts.get((signal, day))
        if known is None:
            known = self._contexts[signal, day] = self._worked_out(signal, day)
        return known

    def _worked_out(self, signal: str, day: date) -> Context:
        entry = self.entries.get(signal)
        if entry is None:
            raise Refused(f"{signal} is not registered; write its entry and apply it first.")
        spec, plan = entry.spec, entry.spec.validation
        approvers = (sub for sub, roles in self.grants.items() if "risk_approver" in roles)
        return Context(
            owner=spec.owner,
            deputies=self.resolved(spec.deputies),
            validators=self._there(self.resolved(spec.validators)),
            risk_approvers=self._there((*self.resolved(spec.risk_approvers), *approvers)),
            active=frozenset(sub for sub, one in self.people.items() if one.active(day)),
            self_sign=entry.self_sign,
            material_sha256=entry.material_sha256,
            max_age_days=plan.max_age_days,
        )

    def _there(self, subs: Iterable[str]) -> frozenset[str]:
        return frozenset(
            sub for sub in subs if sub in self.people and self.people[sub].status != "left"
        )

    def acting_owner(self, signal: str, now: datetime) -> str | None:
        """The owner if active, else the first active deputy; None: empty, or not registered."""
        return self.context(signal, now).acting_owner if signal in self.entries else None

    def standing_of(self, signal: str, fingerprint: Fingerprint, now: datetime) -> Standing:
        """Whether a claim of this fingerprint may drive its signal's decision at a time, and why.

        Worked out anew; a time before the last act counts as the last act's, so that a clock set
        back reopens nothing.
        """
        if signal not in self.entries:
            return Standing("draft", False, "Nothing is written down about this signal.")
        now = max(now, self.last_at)
        validation = self.validations.get((signal, fingerprint))
        if validation is None:
            return Standing("draft", False, "This fingerprint was never validated.")
        return standing(validation, self.context(signal, now), now, LEAST[self.mode])

    def entry_at(self, signal: str, at: datetime) -> Entry | None:
        """The registry entry that was in force at a time; None: there was none yet."""
        known = self.history.get(signal, ())
        place = bisect_right(known, at, key=lambda entry: entry.at)
        return known[place - 1] if place else None


EMPTY = State()


def replay(acts: Iterable[Act]) -> State:
    """The state after acts, from the first one on.

    Raises:
        Refused: an act does not follow from those before it; see `advance`.
    """
    state = EMPTY
    for act in acts:
        state = advance(state, act)
    return state


def advance(state: State, act: Act) -> State:
    """The state after one more act.

    Raises:
        Refused: it is not the next act, is of no known kind or form, could not be done in this
            state, or names another state before or after it than it has.
    """
    after = _led_to(state, act)
    if (act.before, act.after) != after.moved:
        raise Refused(
            f"Act {act.seq} says it led from {act.before} to {act.after}; it leads from "
            f"{after.moved[0]} to {after.moved[1]}."
        )
    return after.state


def check(state: State, proposal: Proposal, at: datetime) -> tuple[str | None, str | None]:
    """Whether an act may be done now; nothing is changed.

    Args:
        proposal: the act.
        at: when; a time before the last act counts as the last act's.

    Returns:
        The state of the validation before and after; None where the act is about none.

    Raises:
        Refused: not theirs to do, or not in this state; the message says which.
    """
    authorize(state, proposal.actor, proposal.kind, proposal.signal)
    _refuse_unfit(state, proposal)
    act = Act(
        seq=state.size,
        at=max(at, state.last_at),
        kind=proposal.kind,
        actor=proposal.actor,
        signal=proposal.signal,
        fingerprint=proposal.fingerprint,
        body=proposal.body,
        signature=proposal.signature,
    )
    return _led_to(state, act).moved


@dataclass(frozen=True)
class _After:
    """A state, and from what to what the act moved a validation."""

    state: State
    moved: tuple[str | None, str | None] = (None, None)


def _led_to(state: State, act: Act) -> _After:
    if act.kind not in KINDS:
        raise Refused(f"There is no act of the kind {act.kind!r}.")
    if act.seq != state.size:
        raise Refused(f"Act {act.seq} is not the next one, {state.size}.")
    if act.at < state.last_at:
        raise Refused(f"Act {act.seq} is dated before the one before it.")
    if (act.kind == "trail.started") != (state.size == 0):
        raise Refused("A trail begins with trail.started, and only there.")
    if act.kind in STEPS:
        after = _stepped(state, act)
    else:
        effect = EFFECTS.get(act.kind)
        after = _After(state if effect is None else effect(state, act))
    return replace(after, state=replace(after.state, size=state.size + 1, last_at=act.at))


def _stepped(state: State, act: Act) -> _After:
    """An act on a validation."""
    signal, fingerprint = act.signal, act.fingerprint
    if signal is None or fingerprint is None:
        raise Refused(f"{act.kind} names no {'signal' if signal is None else 'fingerprint'}.")
    known = state.validations.get((signal, fingerprint))
    one = known or Validation("draft", act.at)
    context = state.context(signal, act.at)
    after = step(one, act, context)
    # An expiry that nobody recorded is still what the act met; recording it is what moves it.
    met = one if act.kind == "validation.expired" else at_time(one, act.at)
    moved = (None if act.kind == "fingerprint.seen" and known is None else met.state, after.state)
    if after is known:
        return _After(state, moved)
    validations = {**state.validations, (signal, fingerprint): after}
    unmeasured = state.unmeasured
    if act.kind == "fingerprint.seen":
        unmeasured = {signal: act.at, **unmeasured}
    return _After(replace(state, validations=validations, unmeasured=unmeasured), moved)


def _person_added(state: State, act: Act) -> State:
    sub = _text(act, "sub")
    if sub in state.people:
        raise Refused(f"{sub} is known already.")
    if sub == SYSTEM or sub.startswith(GROUP):
        raise Refused(f"{sub!r} can be nobody's id.")
    return replace(state, people={**state.people, sub: Person()})


def _person_named(state: State, act: Act) -> State:
    _known_person(state, act, "sub")
    _text(act, "names")
    return state


def _person_status(state: State, act: Act) -> State:
    sub, status = _known_person(state, act, "sub"), act.body.get("status")
    if status not in ("active", "away", "left"):
        raise Refused(f"status of person.status must be active, away or left, not {status!r}.")
    until = _day(act) if act.body.get("until") is not None else None
    if until is not None and status != "away":
        raise Refused(f"Only who is away is so until a day; {status} has none.")
    if status == "left" and _sole_admin(state, sub):
        raise Refused(f"{sub} is the only admin; grant the role to somebody else first.")
    return replace(state, people={**state.people, sub: Person(status, until)})


def _person_forgotten(state: State, act: Act) -> State:
    sub = _known_person(state, act, "sub")
    bound = {account: other for account, other in state.bound.items() if other != sub}
    return replace(state, bound=bound)


def _person_bound(state: State, act: Act) -> State:
    sub, account = _known_person(state, act, "sub"), _account(act)
    known = state.bound.get(account)
    if known is not None:
        rest = " already" if known == sub else "; take it from them first"
        raise Refused(f"This account is bound to {known}{rest}.")
    if state.people[sub].status == "left":
        raise Refused(f"{sub} has left; nobody signs on as them.")
    return replace(state, bound={**state.bound, account: sub})


def _person_unbound(state: State, act: Act) -> State:
    sub, account = _known_person(state, act, "sub"), _account(act)
    if state.bound.get(account) != sub:
        raise Refused(f"This account is not bound to {sub}.")
    return replace(state, bound={one: of for one, of in state.bound.items() if one != account})


def _account(act: Act) -> str:
    """The id of the account an act is about, and that it names the issuer."""
    _text(act, "issuer")
    value = _text(act, "account")
    if not _SHA256.fullmatch(value):
        raise Refused(f"account of {act.kind} must be a SHA-256 in hexadecimal, not {value!r}.")
    return value


def _group_set(state: State, act: Act) -> State:
    name, members = _text(act, "name").removeprefix(GROUP), act.body.get("members")
    if not isinstance(members, (list, tuple)):
        raise Refused(f"members of the group {name} must be a list of people.")
    for sub in members:
        if sub not in state.people:
            raise Refused(f"{sub} in the group {name} is not known to this ledger.")
    return replace(state, groups={**state.groups, name: frozenset(members)})


def _role_granted(state: State, act: Act) -> State:
    sub, role = _known_person(state, act, "sub"), _granted_role(act)
    held = state.grants.get(sub, frozenset())
    if role in held:
        raise Refused(f"{sub} is {role} already.")
    if not state.had_admin and (role != "admin" or act.actor.sub != sub):
        raise Refused("The first role that is granted is admin, by somebody to themselves.")
    grants = {**state.grants, sub: held | {role}}
    return replace(state, grants=grants, had_admin=True)


def _role_revoked(state: State, act: Act) -> State:
    sub, role = _known_person(state, act, "sub"), _granted_role(act)
    held = state.grants.get(sub, frozenset())
    if role not in held:
        raise Refused(f"{sub} is no {role}.")
    if role == "admin" and _sole_admin(state, sub):
        raise Refused(f"{sub} is the only admin; grant the role to somebody else first.")
    return replace(state, grants={**state.grants, sub: held - {role}})


def _gate_mode(state: State, act: Act) -> State:
    mode = act.body.get("mode")
    if mode not in ("local", "production"):
        raise Refused(f"mode of gate.mode must be local or production, not {mode!r}.")
    return replace(state, mode=mode)


def _registry_set(state: State, act: Act) -> State:
    entry = _entry(act)
    signal = entry.spec.name
    before = state.entries.get(signal)
    validations = state.validations
    if before is not None and before.material_sha256 != entry.material_sha256:
        validations = {
            key: rules_changed(one, act) if key[0] == signal else one
            for key, one in validations.items()
        }
    return replace(
        state,
        entries={**state.entries, signal: entry},
        history={**state.history, signal: (*state.history.get(signal, ()), entry)},
        validations=validations,
    )


def _import_recorded(state: State, act: Act) -> State:
    import_id = _number(act, "import_id")
    if import_id in state.imports:
        raise Refused(f"Import {import_id} is recorded already.")
    return replace(state, imports=state.imports | {import_id})


def _decisions_sealed(state: State, act: Act) -> State:
    first, last = _number(act, "first"), _number(act, "last")
    if not state.sealed_to < first <= last:
        raise Refused(
            f"Decisions {first} to {last} do not follow those sealed up to {state.sealed_to}."
        )
    return replace(state, sealed_to=last, signed_from=_signed_from(state, act))


def _trail_started(state: State, act: Act) -> State:
    return replace(state, signed_from=_signed_from(state, act))


def _signed_from(state: State, act: Act) -> int | None:
    """The act's word on it, or else what held before: an earlier version's acts say nothing."""
    return _number(act, SIGNED_FROM) if SIGNED_FROM in act.body else state.signed_from


def _check_run(state: State, act: Act) -> State:
    return replace(state, checked=Checked(act.at, _number(act, "data_version")))


def _signal_remeasured(state: State, act: Act) -> State:
    if act.signal is None or act.signal not in state.entries:
        raise Refused("Only a signal with a registry entry is re-measured.")
    # Acts of before hold the outcome in words as well.
    if not isinstance(act.body.get("fingerprints"), list):
        _text(act, "text")
    return replace(
        state,
        remeasured={**state.remeasured, act.signal: act.at},
        unmeasured={name: of for name, of in state.unmeasured.items() if name != act.signal},
    )


def _token_created(state: State, act: Act) -> State:
    token, scopes, hashed = _text(act, "token"), act.body.get("scopes"), None
    if token in state.tokens:
        raise Refused(f"The token {token} was given out already.")
    if not isinstance(scopes, (list, tuple)) or not all(isinstance(one, str) for one in scopes):
        raise Refused(f"scopes of {act.kind} must be a list of names, not {scopes!r}.")
    if act.body.get("secret_sha256") is not None:
        hashed = _text(act, "secret_sha256")
    grant = TokenGrant(tuple(scopes), str(act.body.get("label", "")), hashed, act.actor.sub)
    return replace(state, tokens={**state.tokens, token: grant})


def _token_revoked(state: State, act: Act) -> State:
    token = _text(act, "token")
    grant = state.tokens.get(token)
    if grant is None:
        raise Refused(f"The token {token} was never given out.")
    return replace(state, tokens={**state.tokens, token: replace(grant, revoked=True)})


def _audit_drawn(state: State, act: Act) -> State:
    if act.signal is None or act.signal not in state.entries:
        raise Refused("An audit sample is drawn of a signal with a registry entry.")
    _text(act, "sha256")
    return state


#: What an act changes beside validations; the others are folded elsewhere or change nothing.
EFFECTS: Mapping[str, Callable[[State, Act], State]] = MappingProxyType(
    {
        "trail.started": _trail_started,
        "person.added": _person_added,
        "person.named": _person_named,
        "person.status": _person_status,
        "person.forgotten": _person_forgotten,
        "person.bound": _person_bound,
        "person.unbound": _person_unbound,
        "group.set": _group_set,
        "role.granted": _role_granted,
        "role.revoked": _role_revoked,
        "gate.mode": _gate_mode,
        "registry.set": _registry_set,
        "import.recorded": _import_recorded,
        "decisions.sealed": _decisions_sealed,
        "check.run": _check_run,
        "signal.remeasured": _signal_remeasured,
        "audit.drawn": _audit_drawn,
        "token.created": _token_created,
        "token.revoked": _token_revoked,
    }
)


def _refuse_unfit(state: State, proposal: Proposal) -> None:
    """What a new act must not bring about, though a trail that holds it could be read.

    Admins say who signs and who approves, so they are kept out of those seats: while they are in
    the one they cannot come into the other.
    """
    body = proposal.body
    if proposal.kind == "role.granted" and body.get("role") in ("admin", "risk_approver"):
        sub, role = str(body.get("sub")), body["role"]
        if role == "risk_approver" and "admin" in state.grants.get(sub, ()):
            _refuse_admin(sub)
        if role == "admin" and sub in _signers(state):
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


def _refuse_entry(state: State, proposal: Proposal) -> None:
    spec = _spec(proposal.body)
    for problem in check_spec(spec):
        raise Refused(f"{spec.name} cannot be registered so: {problem}")
    before = state.entries.get(spec.name)
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


def _refuse_admins(state: State, subs: Iterable[str]) -> None:
    for sub in subs:
        if "admin" in state.grants.get(sub, ()):
            _refuse_admin(sub)


def _refuse_admin(sub: str) -> None:
    raise Refused(f"{sub} is an admin, and an admin cannot sign or approve.")


def _signers(state: State) -> frozenset[str]:
    """Everybody in a seat that signs or approves, of any signal or of all."""
    seats = [(*one.spec.validators, *one.spec.risk_approvers) for one in state.entries.values()]
    granted = (sub for sub, roles in state.grants.items() if "risk_approver" in roles)
    return frozenset(granted).union(*(state.resolved(seat) for seat in seats))


def _sole_admin(state: State, sub: str) -> bool:
    """Whether nobody who is still here is admin but one person."""
    there = {
        one
        for one, roles in state.grants.items()
        if "admin" in roles and state.people[one].status != "left"
    }
    return there == {sub}


def _entry(act: Act) -> Entry:
    """The entry an act sets, held against the hashes beside it."""
    spec = _spec(act.body)
    if act.signal != spec.name:
        raise Refused(f"The entry is about {spec.name}, and the act about {act.signal}.")
    # Of the entry as it stands there: what this program would write may have more fields.
    entry = Entry(spec, *hashes_as_written(act.body["spec"]), act.seq, act.at)
    for name in ("spec_sha256", "material_sha256"):
        if act.body.get(name) != getattr(entry, name):
            raise Refused(f"{name} of the entry of {spec.name} is not that of the entry.")
    return entry


def _spec(body: Mapping[str, Any]) -> SignalSpec:
    try:
        return of_json(body.get("spec", {}))
    except ValueError as error:
        raise Refused(f"This is no registry entry: {error}.") from None


def _text(act: Act, name: str) -> str:
    value = act.body.get(name)
    if not isinstance(value, str) or not value.strip():
        raise Refused(f"{name} of {act.kind} must be text, not {value!r}.")
    return value


def _number(act: Act, name: str) -> int:
    value = act.body.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise Refused(f"{name} of {act.kind} must be a whole number from 1, not {value!r}.")
    return value


def _day(act: Act) -> date:
    value = act.body["until"]
    try:
        if not isinstance(value, str) or not _DAY.fullmatch(value):
            raise ValueError
        return date.fromisoformat(value)
    except ValueError:
        raise Refused(
            f"until of {act.kind} must be a day like 2026-11-24, not {value!r}."
        ) from None


def _known_person(state: State, act: Act, name: str) -> str:
    sub = _text(act, name)
    if sub not in state.people:
        raise Refused(f"{sub} is not known to this ledger; an admin adds people.")
    return sub


def _granted_role(act: Act) -> str:
    role = act.body.get("role")
    if role not in GRANTABLE:
        raise Refused(f"role of {act.kind} must be one of {', '.join(GRANTABLE)}, not {role!r}.")
    return str(role)
