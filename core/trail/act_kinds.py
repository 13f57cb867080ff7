"""Every kind of act there is: one row each, from which all that is asked of a kind follows.

What an act of a kind changes is registered with the state it changes (`core.governance.effects`,
`core.governance.validations.lifecycle`, `core.findings.lifecycle`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

#: Every role a person can act in, from what everybody known may to what few may.
ROLES = (
    "viewer",
    "auditor",
    "owner",
    "deputy",
    "responsible",
    "validator",
    "risk_approver",
    "admin",
)

#: What people look for acts by, in the order the trail's filter shows.
Group = Literal[
    "Validations",
    "Waivers and retirements",
    "Registry",
    "Findings",
    "Standing watch",
    "Imports and seals",
    "People and roles",
    "Gate and access",
    "Trail and key",
]


@dataclass(frozen=True)
class ActKind:
    """A kind of act.

    Attributes:
        key: as the trail has it.
        group: under which people look for it.
        did: what an act of it did, where nothing more is known: ``granted a role``.
        may: what it does, as in "may …": ``grant a role``.
        says: its sentence, with parts of the act in braces (`core.sentences.acts`); ``{of}`` is
            where the signal and fingerprint stand in a text that does not name them beside it.
        roles: who may ever do it, of `ROLES`; `core.governance.permissions` narrows it.
        program: whether the program does it by itself. Nothing of that opens a gate.
        weighty: whether whoever does it signs on once more for it, where people sign on: it opens a
            gate, ends something for good, or says who may do so.
    """

    key: str
    group: Group
    did: str
    may: str
    says: str
    roles: frozenset[str]
    program: bool = False
    weighty: bool = False


_ANYONE = frozenset(ROLES)
_SEAT = frozenset({"owner", "deputy"})
_DEPUTY = frozenset({"deputy"})
_VALIDATOR = frozenset({"validator"})
_RISK = frozenset({"risk_approver"})
_ADMIN = frozenset({"admin"})
_RESPONSIBLE = frozenset({"responsible"})
_NOBODY: frozenset[str] = frozenset()

_ROWS = (
    ActKind(
        "trail.started",
        "Trail and key",
        "started the trail",
        "start the trail",
        "started the trail {origin}",
        _NOBODY,
        program=True,
    ),
    ActKind(
        "key.changed",
        "Trail and key",
        "changed the trail's signing key",
        "change the trail's signing key",
        "changed the trail's signing key",
        _ADMIN,
        weighty=True,
    ),
    ActKind(
        "person.added",
        "People and roles",
        "added a person",
        "add a person",
        "entered {sub}",
        _ADMIN,
        program=True,
    ),
    ActKind(
        "person.named",
        "People and roles",
        "recorded a person's names",
        "record a person's names",
        "recorded the names of {sub}",
        _ADMIN,
        program=True,
    ),
    ActKind(
        "person.status",
        "People and roles",
        "changed whether a person is active",
        "say whether a person is active",
        "recorded that {sub} {is_now}",
        _ADMIN,
    ),
    ActKind(
        "person.forgotten",
        "People and roles",
        "erased a person's name",
        "erase a person's name",
        "erased the name of {id}",
        _ADMIN,
        weighty=True,
    ),
    ActKind(
        "person.bound",
        "People and roles",
        "bound a sign-on account to a person",
        "bind a sign-on account to a person",
        "bound an account of {issuer} to {sub}",
        _ADMIN,
        weighty=True,
    ),
    ActKind(
        "person.unbound",
        "People and roles",
        "took a sign-on account from a person",
        "take a sign-on account from a person",
        "unbound an account of {issuer} from {sub}",
        _ADMIN,
        weighty=True,
    ),
    ActKind(
        "group.set",
        "People and roles",
        "set the members of a group",
        "set the members of a group",
        "set the group {name} to {members}",
        _ADMIN,
        weighty=True,
    ),
    ActKind(
        "role.granted",
        "People and roles",
        "granted a role",
        "grant a role",
        "{granted}",
        _ADMIN,
        weighty=True,
    ),
    ActKind(
        "role.revoked",
        "People and roles",
        "took a role away",
        "take a role away",
        "took the role {role} from {sub}",
        _ADMIN,
        weighty=True,
    ),
    ActKind(
        "gate.mode",
        "Gate and access",
        "changed the gate's mode",
        "change the gate's mode",
        "set the gate to {mode} mode",
        _ADMIN,
        weighty=True,
    ),
    ActKind(
        "registry.set",
        "Registry",
        "set a registry entry",
        "set this registry entry",
        "set the registry entry{of}, owner {entry_owner}",
        _SEAT | _ADMIN,
        weighty=True,
    ),
    # Anybody known: an entry that automates needs a run before it is written.
    ActKind(
        "threshold.run",
        "Registry",
        "recorded a threshold run",
        "record a threshold run",
        "recorded a threshold run{of}: {cuts_found}",
        _ANYONE,
    ),
    ActKind(
        "fingerprint.seen",
        "Validations",
        "saw a new fingerprint",
        "record a new fingerprint",
        "saw a new fingerprint{of}: {n_claims} since {first_ts}",
        _NOBODY,
        program=True,
    ),
    ActKind(
        "validation.submitted",
        "Validations",
        "submitted a validation",
        "submit a validation",
        "submitted evidence{of}: {criteria_met}",
        _SEAT,
    ),
    ActKind(
        "recalibration.judged",
        "Validations",
        "judged a calibration map",
        "record that a calibration map was judged",
        "judged the map {calibrator_version}{of} on {n_heldout}: {given}",
        _NOBODY,
        program=True,
    ),
    # Owner and deputies only where the entry lets them sign their own evidence.
    ActKind(
        "validation.signed",
        "Validations",
        "signed a validation",
        "sign a validation",
        "signed the validation{of} until {until}",
        _VALIDATOR | _SEAT,
        weighty=True,
    ),
    ActKind(
        "validation.rejected",
        "Validations",
        "rejected a validation",
        "reject a validation",
        "rejected the validation{of}: {reason}",
        _VALIDATOR | _SEAT,
    ),
    ActKind(
        "validation.suspended",
        "Validations",
        "suspended a validation",
        "stop a fingerprint",
        "{stopped}{of}: {reason}",
        _ANYONE,
        program=True,
    ),
    ActKind(
        "validation.expired",
        "Validations",
        "recorded that a validation expired",
        "record that a validation expired",
        "recorded the end of the {ended}{of} on {until}",
        _NOBODY,
        program=True,
    ),
    # Not the owner: neither of the two who carry a waiver may be the one it relieves.
    ActKind(
        "waiver.requested",
        "Waivers and retirements",
        "asked for a waiver",
        "ask for a waiver",
        "asked for a waiver{of} until {until}: {reason}",
        _DEPUTY | _RISK,
    ),
    ActKind(
        "waiver.approved",
        "Waivers and retirements",
        "approved a waiver",
        "approve a waiver",
        "approved the waiver{of} until {until}",
        _RISK,
        weighty=True,
    ),
    ActKind(
        "retirement.requested",
        "Waivers and retirements",
        "asked to retire a fingerprint",
        "ask to retire a fingerprint",
        "asked for retirement{of}: {reason}",
        _SEAT,
    ),
    ActKind(
        "retirement.approved",
        "Waivers and retirements",
        "retired a fingerprint",
        "retire a fingerprint",
        "approved the retirement{of}",
        _VALIDATOR,
        weighty=True,
    ),
    ActKind(
        "finding.opened",
        "Findings",
        "opened a finding",
        "open a finding",
        "opened the finding “{finding}”{of}, {severity}, due {due}",
        _NOBODY,
        program=True,
    ),
    ActKind(
        "finding.recurred",
        "Findings",
        "recorded that a finding came again",
        "record that a finding came again",
        "recorded again the finding “{finding}”{of}, {severity}, due {due}",
        _NOBODY,
        program=True,
    ),
    ActKind(
        "finding.revised",
        "Findings",
        "recorded what later data made of a finding",
        "record what later data made of a finding",
        "revised the finding “{finding}”{of}: {text}",
        _NOBODY,
        program=True,
    ),
    # An admin only where there is no registry entry, and so no owner; whoever is responsible for a
    # part of the signal only where the finding is theirs (`core.monitoring.finding_responses`).
    ActKind(
        "finding.acknowledged",
        "Findings",
        "acknowledged a finding",
        "acknowledge a finding",
        "acknowledged the finding “{finding}”{of}{noted}",
        _SEAT | _ADMIN | _RESPONSIBLE,
    ),
    ActKind(
        "finding.resolved",
        "Findings",
        "resolved a finding",
        "resolve a finding",
        "resolved the finding “{finding}”{of}{noted}",
        _SEAT | _ADMIN,
        program=True,
    ),
    ActKind(
        "finding.waived",
        "Findings",
        "waived a finding until a date",
        "waive a finding",
        "waived the finding “{finding}”{of} until {until}{noted}",
        _RISK,
        weighty=True,
    ),
    ActKind(
        "finding_kind.turned_down",
        "Findings",
        "turned a kind of finding down",
        "turn a kind of finding down",
        "turned the findings “{finding_kind}”{of} down until {until}{noted}",
        _SEAT,
        weighty=True,
    ),
    ActKind(
        "finding_kind.turned_up",
        "Findings",
        "let a kind of finding be heard again",
        "let a kind of finding be heard again",
        "let the findings “{finding_kind}”{of} be heard again",
        _SEAT,
    ),
    ActKind(
        "import.recorded",
        "Imports and seals",
        "recorded an import",
        "record an import",
        "recorded import {import_id}, {source}: {rows}",
        _NOBODY,
        program=True,
    ),
    # An admin only where there is no registry entry, and so no owner.
    ActKind(
        "label.withdrawn",
        "Imports and seals",
        "withdrew a label",
        "withdraw a label",
        "withdrew the label of event {event_id} by {label_source}{of}: {reason}",
        _VALIDATOR | _SEAT | _ADMIN,
    ),
    ActKind(
        "label.confirmed",
        "Imports and seals",
        "confirmed a label",
        "confirm a label",
        "confirmed event {event_id} as {said_right}, by {label_source}{of}: {reason}",
        _VALIDATOR | _SEAT | _ADMIN,
    ),
    ActKind(
        "cells.loaded",
        "Imports and seals",
        "loaded cells",
        "load cells",
        "loaded cells of {n}, {since} to {until}, counted by {engine}",
        _NOBODY,
        program=True,
    ),
    ActKind(
        "decisions.sealed",
        "Imports and seals",
        "sealed the gate's decisions",
        "seal the gate's decisions",
        "sealed {decisions} of the gate",
        _NOBODY,
        program=True,
    ),
    ActKind(
        "check.run",
        "Standing watch",
        "ran the standing checks",
        "record a run of the standing checks",
        "ran the standing checks, {n_open} open{missed}",
        _NOBODY,
        program=True,
    ),
    ActKind(
        "signal.remeasured",
        "Standing watch",
        "re-measured a signal",
        "record a re-measurement",
        "re-measured {signal}: {text}",
        _NOBODY,
        program=True,
    ),
    # The program only where nobody was ever an admin, and so nobody is known who could.
    ActKind(
        "notices.resumed",
        "Standing watch",
        "let a restored ledger tell people again",
        "let a restored ledger tell people again",
        "said that this restored ledger is the live one, which tells people again",
        _ADMIN,
        program=True,
    ),
    ActKind(
        "audit.drawn",
        "Standing watch",
        "drew an audit sample",
        "draw an audit sample",
        "drew an audit sample of {n}{of}",
        _VALIDATOR | _SEAT,
        program=True,
    ),
    ActKind(
        "canary.kept",
        "Standing watch",
        "kept inputs to ask again",
        "keep inputs to ask again",
        "kept {n_inputs} to ask again{of}",
        _VALIDATOR | _SEAT,
    ),
    ActKind(
        "canary.asked",
        "Standing watch",
        "recorded a canary round",
        "record a canary round",
        "recorded the canary round {round}{of}: {n_asked} asked again{failed}",
        _NOBODY,
        program=True,
    ),
    ActKind(
        "token.created",
        "Gate and access",
        "gave out a token for HTTP",
        "give out a token for HTTP",
        "issued the token {token}, “{label}”, for {scopes}",
        _ADMIN,
        weighty=True,
    ),
    ActKind(
        "token.revoked",
        "Gate and access",
        "took a token for HTTP back",
        "take a token for HTTP back",
        "revoked the token {token}",
        _ADMIN,
    ),
)
#: By key, in the order the trail's filter shows.
KINDS: Mapping[str, ActKind] = {one.key: one for one in _ROWS}
#: Keys by group; together they hold every kind once.
GROUPS: Mapping[str, tuple[str, ...]] = {
    group: tuple(one.key for one in _ROWS if one.group == group) for group in get_args(Group)
}


def did(key: str) -> str:
    """What an act of a kind did; what another version of the program did, by its key."""
    return KINDS[key].did if key in KINDS else f"did something unknown, {key}"
