"""What an act changes beside validations: one function a kind of act."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from types import MappingProxyType
from typing import Any

from core.governance.bodies.canaries import (
    AHEAD,
    CanaryRound,
    KeptInputs,
    read_p_values,
    refuse_series,
)
from core.governance.bodies.recorded_runs import run_of
from core.governance.bodies.refusal import Refused
from core.governance.permissions import GRANTABLE
from core.governance.state import Checked, Entry, Person, State, TokenGrant
from core.governance.validations.lifecycle import rules_changed
from core.registry.cut_runs import looks_at
from core.registry.signal_spec import GROUP, SignalSpec
from core.registry.spec_json import hashes_as_written, of_json
from core.trail.acts import SYSTEM, Act, moment
from core.trail.canonical_json import sha256_of
from core.trail.seals.signed_answers import SIGNED_FROM

_SHA256 = re.compile(r"[0-9a-f]{64}")
_HALF_SHA256 = re.compile(r"[0-9a-f]{32}")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def _person_added(state: State, act: Act) -> State:
    sub = _text(act, "sub")
    if sub in state.people:
        raise Refused(f"{sub} is known already.")
    if sub == SYSTEM or sub.startswith(GROUP):
        raise Refused(f"{sub!r} can be nobody's id.")
    return replace(state, people={**state.people, sub: Person()})


def _person_named(state: State, act: Act) -> State:
    _known_person(state, act)
    _text(act, "names")
    return state


def _person_status(state: State, act: Act) -> State:
    sub, status = _known_person(state, act), act.body.get("status")
    if status not in ("active", "away", "left"):
        raise Refused(f"status of person.status must be active, away or left, not {status!r}.")
    until = _day(act) if act.body.get("until") is not None else None
    if until is not None and status != "away":
        raise Refused(f"Only who is away is so until a day; {status} has none.")
    if status == "left" and _sole_admin(state, sub):
        raise Refused(f"{sub} is the only admin; grant the role to somebody else first.")
    return replace(state, people={**state.people, sub: Person(status, until)})


def _person_forgotten(state: State, act: Act) -> State:
    sub = _known_person(state, act)
    bound = {account: other for account, other in state.bound.items() if other != sub}
    return replace(state, bound=bound)


def _person_bound(state: State, act: Act) -> State:
    sub, account = _known_person(state, act), _account(act)
    # Acts of before hashed an account without a salt.
    if "salt_sha256" in act.body:
        _sha256(act, "salt_sha256")
    known = state.bound.get(account)
    if known is not None:
        rest = " already" if known == sub else "; take it from them first"
        raise Refused(f"This account is bound to {known}{rest}.")
    if state.people[sub].status == "left":
        raise Refused(f"{sub} has left; nobody signs on as them.")
    return replace(state, bound={**state.bound, account: sub})


def _person_unbound(state: State, act: Act) -> State:
    sub, account = _known_person(state, act), _account(act)
    if state.bound.get(account) != sub:
        raise Refused(f"This account is not bound to {sub}.")
    return replace(state, bound={one: of for one, of in state.bound.items() if one != account})


def _account(act: Act) -> str:
    """The id of the account an act is about, and that it names the issuer."""
    _text(act, "issuer")
    return _sha256(act, "account")


def _sha256(act: Act, name: str) -> str:
    value = _text(act, name)
    if not _SHA256.fullmatch(value):
        raise Refused(f"{name} of {act.kind} must be a SHA-256 in hexadecimal, not {value!r}.")
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
    sub, role = _known_person(state, act), _granted_role(act)
    held = state.grants.get(sub, frozenset())
    if role in held:
        raise Refused(f"{sub} is {role} already.")
    if not state.had_admin and (role != "admin" or act.actor.sub != sub):
        raise Refused("The first role that is granted is admin, by somebody to themselves.")
    grants = {**state.grants, sub: held | {role}}
    return replace(state, grants=grants, had_admin=True)


def _role_revoked(state: State, act: Act) -> State:
    sub, role = _known_person(state, act), _granted_role(act)
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


def _threshold_run(state: State, act: Act) -> State:
    found = run_of(act, looks_at(state.runs, act.signal) + 1)
    if found.sha256 in state.runs:
        raise Refused(f"The threshold run {found.sha256} is recorded already.")
    return replace(state, runs={**state.runs, found.sha256: found})


def _import_recorded(state: State, act: Act) -> State:
    import_id = _number(act, "import_id")
    if import_id in state.imports:
        raise Refused(f"Import {import_id} is recorded already.")
    return replace(state, imports=state.imports.and_(import_id))


def _cells_loaded(state: State, act: Act) -> State:
    """Nothing of the state: whether cells are loaded is asked of the trail where they are read."""
    for name in ("events_sha256", "manifest_sha256", "limits_sha256"):
        _sha256(act, name)
    if not _text(act, "since") < _text(act, "until"):
        raise Refused(f"since of {act.kind} must lie before until.")
    return state


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


def _recalibration_judged(state: State, act: Act) -> State:
    """Nothing of the state: how often claims were judged on is asked of the trail."""
    if act.signal is None or act.signal not in state.entries:
        raise Refused("Only a map of a signal with a registry entry is recorded.")
    _text(act, "calibrator_version")
    _sha256(act, "map_sha256")
    _number(act, "imports")
    if not isinstance(act.body.get("given"), bool):
        raise Refused(f"given of {act.kind} must say whether the map was certified.")
    return state


def _token_created(state: State, act: Act) -> State:
    token, scopes, hashed = _text(act, "token"), act.body.get("scopes"), None
    if token in state.tokens:
        raise Refused(f"The token {token} was issued already.")
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
        raise Refused(f"The token {token} was never issued.")
    return replace(state, tokens={**state.tokens, token: replace(grant, revoked=True)})


def _audit_drawn(state: State, act: Act) -> State:
    if act.signal is None or act.signal not in state.entries:
        raise Refused("An audit sample is drawn of a signal with a registry entry.")
    _sha256(act, "sha256")
    if "week" not in act.body:
        return state
    monday = _day(act, "week")
    # Of a week that is not over nothing is drawn, and after one far ahead never again.
    if monday.weekday() != 0 or monday > act.at.date():
        raise Refused(
            "The week of an audit sample is told by the Monday after it, once it is over."
        )
    first, last = state.audited.get(act.signal, (monday, monday))
    if act.signal in state.audited and monday <= last:
        raise Refused(f"The audit sample of {act.signal} of the week of {monday} is drawn already.")
    return replace(state, audited={**state.audited, act.signal: (first, monday)})


def _canary_kept(state: State, act: Act) -> State:
    if act.signal is None or act.signal not in state.entries:
        raise Refused("Inputs are kept for a signal with a registry entry.")
    said = act.body.get("inputs")
    if not isinstance(said, (list, tuple)) or not all(map(_is_input, said)):
        raise Refused(f"inputs of {act.kind} must be a list of ids with digests.")
    inputs = tuple(one[0] for one in said)
    if not inputs or len(set(inputs)) < len(inputs):
        raise Refused(f"inputs of {act.kind} must be different ids, at least one.")
    if act.body.get("n_inputs") != len(inputs):
        raise Refused(f"n_inputs of {act.kind} must be how many they are.")
    kept = KeptInputs(act.seq, act.at, inputs, tuple(one[1] for one in said))
    return replace(state, canaries={**state.canaries, act.signal: kept})


def _is_input(one: object) -> bool:
    """Whether it is an id with the half of a SHA-256, or with none."""
    if not isinstance(one, (list, tuple)) or len(one) != 2 or not isinstance(one[0], str):
        return False
    return bool(one[0].strip()) and (
        one[1] is None or (isinstance(one[1], str) and _HALF_SHA256.fullmatch(one[1]) is not None)
    )


def _canary_asked(state: State, act: Act) -> State:
    if act.signal is None or act.fingerprint is None:
        raise Refused("A canary round is of a signal and a fingerprint.")
    kept = state.canaries.get(act.signal)
    if kept is None:
        raise Refused(f"No inputs of {act.signal} are kept, so none can be asked again.")
    key = act.signal, act.fingerprint
    before, body = state.canary_rounds.get(key, ()), act.body
    n_asked = _n_answered(act, len(kept.inputs))
    name = _text(act, "round")
    try:
        asked_at, p_values = moment(_text(act, "asked_at")), read_p_values(body.get("p_values"))
    except ValueError as error:
        raise Refused(f"{act.kind} cannot be read: {error}.") from None
    if any(one.name == name for one in before):
        raise Refused(f"The round {name} is recorded already.")
    if before and asked_at < before[-1].asked_at:
        raise Refused(f"The round {name} was asked before the one recorded last; rounds go on.")
    if asked_at > act.at + AHEAD:
        raise Refused(f"The round {name} was asked after it was recorded.")
    known = state.validations.get(key)
    signed = known.signed.at if known is not None and known.signed is not None else None
    series = _number(act, "series")
    refuse_series(series, before, kept, signed, judged=p_values is not None)
    one = CanaryRound(
        act.seq,
        act.at,
        name,
        asked_at,
        _sha256(act, "results_sha256"),
        series,
        n_asked,
        len(kept.inputs) - n_asked,
        p_values,
    )
    return replace(state, canary_rounds={**state.canary_rounds, key: (*before, one)})


def _n_answered(act: Act, n_kept: int) -> int:
    """How many inputs were answered, as its results say; the act's own counts are held to them."""
    results = {name: act.body.get(name) for name in ("ppm", "answers", "failures")}
    ppm = _of_each(act, "ppm", n_kept, _is_ppm)
    answers = _of_each(act, "answers", n_kept, _is_answer)
    n = sum(one is not None or other is not None for one, other in zip(ppm, answers, strict=True))
    if (_number(act, "n_asked"), act.body.get("n_failed")) != (n, n_kept - n):
        raise Refused(f"n_asked and n_failed of {act.kind} must be what its results come to.")
    if sha256_of(results) != _sha256(act, "results_sha256"):
        raise Refused(f"results_sha256 of {act.kind} is not that of its results.")
    return n


def _of_each(act: Act, name: str, n_kept: int, fits: Callable[[object], bool]) -> Sequence[object]:
    value = act.body.get(name)
    if not isinstance(value, (list, tuple)) or len(value) != n_kept or not all(map(fits, value)):
        raise Refused(f"{name} of {act.kind} must have a value for each kept input.")
    return value


def _is_ppm(one: object) -> bool:
    return one is None or (
        isinstance(one, int) and not isinstance(one, bool) and 0 <= one <= 1_000_000
    )


def _is_answer(one: object) -> bool:
    return one is None or isinstance(one, str)


def _label_said(state: State, act: Act) -> State:
    """Nothing: the row of the log that came in with it says what it changes."""
    if act.signal is None:
        raise Refused("A label is withdrawn or confirmed of a claim of a signal.")
    for name in ("event_id", "label_source", "reason"):
        _text(act, name)
    return state


def _notices_resumed(state: State, _act: Act) -> State:
    """Nothing: a file beside the ledger is what holds messages back."""
    return state


def _turned_down(state: State, act: Act) -> State:
    of = _registered(state, act), _text(act, "finding_kind")
    _text(act, "reason")
    day = _day(act)
    if day < act.at.date():
        raise Refused(f"until of {act.kind} is {day}, which is past.")
    return replace(state, turned_down={**state.turned_down, of: day})


def _turned_up(state: State, act: Act) -> State:
    of = _registered(state, act), _text(act, "finding_kind")
    if of not in state.turned_down:
        raise Refused(f"{of[1]} is not turned down for {of[0]}.")
    return replace(
        state, turned_down={one: day for one, day in state.turned_down.items() if one != of}
    )


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
        "threshold.run": _threshold_run,
        "import.recorded": _import_recorded,
        "cells.loaded": _cells_loaded,
        "decisions.sealed": _decisions_sealed,
        "check.run": _check_run,
        "signal.remeasured": _signal_remeasured,
        "audit.drawn": _audit_drawn,
        "canary.kept": _canary_kept,
        "canary.asked": _canary_asked,
        "recalibration.judged": _recalibration_judged,
        "label.withdrawn": _label_said,
        "label.confirmed": _label_said,
        "finding_kind.turned_down": _turned_down,
        "finding_kind.turned_up": _turned_up,
        "notices.resumed": _notices_resumed,
        "token.created": _token_created,
        "token.revoked": _token_revoked,
    }
)


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
    spec = spec_of(act.body)
    if act.signal != spec.name:
        raise Refused(f"The entry is about {spec.name}, and the act about {act.signal}.")
    # Of the entry as it stands there: what this program would write may have more fields.
    entry = Entry(spec, *hashes_as_written(act.body["spec"]), act.seq, act.at)
    for name in ("spec_sha256", "material_sha256"):
        if act.body.get(name) != getattr(entry, name):
            raise Refused(f"{name} of the entry of {spec.name} is not that of the entry.")
    return entry


def spec_of(body: Mapping[str, Any]) -> SignalSpec:
    """The entry in an act's body.

    Raises:
        Refused: there is none that can be read.
    """
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


def _day(act: Act, name: str = "until") -> date:
    value = act.body[name]
    try:
        if not isinstance(value, str) or not _DAY.fullmatch(value):
            raise ValueError
        return date.fromisoformat(value)
    except ValueError:
        raise Refused(
            f"{name} of {act.kind} must be a day like 2026-11-24, not {value!r}."
        ) from None


def _registered(state: State, act: Act) -> str:
    if act.signal is None or act.signal not in state.entries:
        raise Refused(f"{act.kind} is about a signal with a registry entry.")
    return act.signal


def _known_person(state: State, act: Act) -> str:
    sub = _text(act, "sub")
    if sub not in state.people:
        raise Refused(f"{sub} is not known to this ledger; an admin adds people.")
    return sub


def _granted_role(act: Act) -> str:
    role = act.body.get("role")
    if role not in GRANTABLE:
        raise Refused(f"role of {act.kind} must be one of {', '.join(GRANTABLE)}, not {role!r}.")
    return str(role)
