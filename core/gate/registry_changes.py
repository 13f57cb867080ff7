"""The written registry: what a file would change and do, applied as acts, and written back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import duckdb

from core.gate.backtest import Effects, effects
from core.gate.idle_rules import idle_overrides
from core.governance.advance import check
from core.governance.bodies.refusal import Refused
from core.governance.people.names import Directory, directory, refuse_no_handle
from core.governance.people.people import actor_for, become_first_admin, enter, nobody_is_admin
from core.governance.perform import Desk, Office
from core.governance.state import Person, State
from core.ledger.errors import LedgerError
from core.queries.base.seen.fingerprints_seen import fingerprints_seen, in_use
from core.registry import proof_rules
from core.registry.signal_spec import Group, SignalSpec
from core.registry.spec_diff import FieldDifference, differences
from core.registry.spec_json import material_sha256, spec_sha256, to_json
from core.registry.value_checks import person_key
from core.registry.yaml_reader import RegistryFile, groups_of, people_of, with_people
from core.registry.yaml_writer import write
from core.trail.acts import Act, Assurance, Proposal, Via
from core.trail.fingerprint import Fingerprint


@dataclass(frozen=True)
class SignalChange:
    """What a file says of one signal, against what is in force.

    Attributes:
        new, old: the entries, people as handles; old is None for a new one.
        differences: in words; empty where nothing changes.
        effects: what it would do on the last 30 days of claims.
        idle: overrides of the new entry that fit no claim so far, and values of claims that it
            does not list, each in sentences.
        unproven: what the new one lacks to let something act by itself, each with its fix; with
            any of it the change is refused.
        on_others: its thresholds that were chosen on claims of other versions than one in use,
            a sentence each; they refuse nothing.
    """

    new: SignalSpec
    old: SignalSpec | None
    differences: tuple[FieldDifference, ...]
    effects: Effects
    idle: tuple[str, ...] = ()
    unproven: tuple[str, ...] = ()
    on_others: tuple[str, ...] = ()

    @property
    def reopens(self) -> bool:
        """Whether validations in force are suspended by it."""
        return self.old is not None and any(one.material for one in self.differences)


@dataclass(frozen=True)
class ChangePlan:
    """What applying a file would change; what is the same already is left out.

    Attributes:
        changes: entries that are new or differ.
        groups: groups that are new or have other members; name → members before and after.
        unchanged: signals that are written just as they are.
        new_people: handles that nobody has yet.
    """

    changes: tuple[SignalChange, ...]
    groups: tuple[tuple[Group, tuple[str, ...] | None], ...]
    unchanged: tuple[str, ...]
    new_people: tuple[str, ...]

    @property
    def empty(self) -> bool:
        """Whether it would change nothing."""
        return not self.changes and not self.groups


@dataclass(frozen=True)
class _How:
    """How acts are done: how well their actor is known, through what, and when confirmed."""

    assurance: Assurance
    via: Via
    confirmed: str | None

    @property
    def said(self) -> dict[str, str]:
        """What stands of it in the body of an act."""
        return {} if self.confirmed is None else {"confirmed": self.confirmed}


def plan(
    cursor: duckdb.DuckDBPyConnection, state: State, file: RegistryFile, now: datetime
) -> ChangePlan:
    """Work out what a file would change, and what that would have done; nothing is written."""
    known = directory(cursor)
    file = _as_known(known, file)
    changes, unchanged = [], []
    for new in file.specs:
        entry = state.entries.get(new.name)
        old = None if entry is None else with_people(entry.spec, known.handle)
        if old == new:
            unchanged.append(new.name)
            continue
        found = differences(old, new), effects(cursor, old, new, now=now)
        lacks = proof_rules.unproven(new, state.runs) if proof_rules.changes_it(old, new) else ()
        idle = idle_overrides(cursor, new)
        on_others = tuple(
            words
            for version in in_use(fingerprints_seen(cursor, now), new.name)
            for words in proof_rules.on_others_words(
                new, state.runs, Fingerprint.of(dict(version.fields))
            )
        )
        changes.append(SignalChange(new, old, *found, idle, tuple(map(str, lacks)), on_others))
    groups = []
    for group in file.groups:
        before = state.groups.get(group.name)
        members = None if before is None else tuple(sorted(map(known.handle, before)))
        if members is None or set(members) != set(group.members):
            groups.append((group, members))
    named = {one for group in file.groups for one in group.members}
    named |= {one for spec in file.specs for one in people_of(spec)}
    new_people = tuple(sorted(one for one in named if known.sub(one) is None))
    return ChangePlan(tuple(changes), tuple(groups), tuple(unchanged), new_people)


def refuse_unproven(plan: ChangePlan) -> None:
    """Refuse a plan by which something would act by itself that cannot show it may.

    Raises:
        Refused: some change would be refused, with the first reason.
    """
    for change in plan.changes:
        for problem in change.unproven:
            raise Refused(f"{change.new.name} cannot be registered so: {problem}")


def apply(
    office: Office,
    file: RegistryFile,
    who: str,
    *,
    assurance: Assurance = "none",
    via: Via = "cli",
    confirmed: str | None = None,
) -> tuple[Act, ...]:
    """Apply a file: people who are new are entered, groups and entries set, all or nothing.

    While the ledger has no admin, who applies the first file becomes one.

    Args:
        assurance: how it is known that it is they.
        via: through what.
        confirmed: when they signed on once more for it, as it stands in the acts; None: they did
            not.

    Returns:
        The acts; none where the file says what is in force.

    Raises:
        Refused: not theirs to change.
    """
    done: list[Act] = []
    how = _How(assurance, via, confirmed)
    with office.acting() as desk:
        known = directory(desk.cursor)
        file = _as_known(known, file)
        if _same(desk.state, known, file):
            return ()
        sub = enter(desk, who)
        become_first_admin(desk, sub)
        subs: dict[str, str] = {}

        def sub_of(handle: str) -> str:
            if handle not in subs:
                subs[handle] = enter(desk, handle)
            return subs[handle]

        for group in file.groups:
            done += _group(desk, group, sub, sub_of, how)
        for spec in file.specs:
            done += _entry(desk, with_people(spec, sub_of), sub, how)
    return tuple(done)


def refusal(state: State, known: Directory, plan: ChangePlan, who: str, now: datetime) -> str:
    """Why a person may not apply a plan, as the guards themselves say; "" where they may.

    Args:
        known: everybody's names.
        who: the handle of the person.
    """

    def sub_of(handle: str) -> str:
        return known.sub(handle) or handle

    try:
        refuse_no_handle(who)
        sub = sub_of(who)
        new = {sub_of(one): Person() for one in (who, *plan.new_people)}
        grants = state.grants
        if nobody_is_admin(state):
            grants = {**grants, sub: frozenset({"admin"})}
        people = {**new, **state.people}
        # The trail begins with the first of these acts, where it has not yet.
        state = replace(state, people=people, grants=grants, size=max(state.size, 1))
        for one in proposals(state, known, plan, who):
            check(state, one, now)
    except LedgerError as error:
        return str(error)
    return ""


def proposals(state: State, known: Directory, plan: ChangePlan, who: str) -> tuple[Proposal, ...]:
    """The acts that a plan comes to, for its actor to confirm before they are done.

    Args:
        state: in which everybody named is known.
        known: everybody's names; whoever has none yet stands there by their handle.
        who: the handle of the person who applies it.
    """

    def sub_of(handle: str) -> str:
        return known.sub(handle) or handle

    sub, how = sub_of(who), _How("none", "page", None)
    groups = (_group_set(state, group, sub, sub_of, how) for group, _ in plan.groups)
    entries = (
        _entry_set(state, with_people(change.new, sub_of), sub, how) for change in plan.changes
    )
    return (*groups, *entries)


def _as_known(known: Directory, file: RegistryFile) -> RegistryFile:
    """The file with every person spelled as the directory spells them, or as the file did first."""
    first: dict[str, str] = {}

    def spelled(handle: str) -> str:
        sub = known.sub(handle)
        usual = handle if sub is None else known.handle(sub)
        return first.setdefault(person_key(handle), usual)

    specs = tuple(with_people(spec, spelled) for spec in file.specs)
    groups = tuple(
        replace(group, members=tuple(map(spelled, group.members))) for group in file.groups
    )
    return RegistryFile(specs, groups)


def _same(state: State, known: Directory, file: RegistryFile) -> bool:
    return all(
        spec.name in state.entries
        and with_people(state.entries[spec.name].spec, known.handle) == spec
        for spec in file.specs
    ) and all(
        group.name in state.groups
        and {known.handle(one) for one in state.groups[group.name]} == set(group.members)
        for group in file.groups
    )


def _group(
    desk: Desk,
    group: Group,
    sub: str,
    sub_of: Callable[[str], str],
    how: _How,
) -> Sequence[Act]:
    members = frozenset(sub_of(one) for one in group.members)
    if desk.state.groups.get(group.name) == members:
        return ()
    return (desk.perform(_group_set(desk.state, group, sub, sub_of, how)),)


def _group_set(
    state: State,
    group: Group,
    sub: str,
    sub_of: Callable[[str], str],
    how: _How,
) -> Proposal:
    actor = actor_for(state, sub, "group.set", None, assurance=how.assurance, via=how.via)
    body = {"name": group.name, "members": sorted(sub_of(one) for one in group.members)}
    return Proposal("group.set", actor, body=body | how.said)


def _entry(desk: Desk, spec: SignalSpec, sub: str, how: _How) -> Sequence[Act]:
    entry = desk.state.entries.get(spec.name)
    if entry is not None and entry.spec == spec:
        return ()
    return (desk.perform(_entry_set(desk.state, spec, sub, how)),)


def _entry_set(state: State, spec: SignalSpec, sub: str, how: _How) -> Proposal:
    actor = actor_for(state, sub, "registry.set", spec.name, assurance=how.assurance, via=how.via)
    body = {
        "spec": to_json(spec),
        "spec_sha256": spec_sha256(spec),
        "material_sha256": material_sha256(spec),
    }
    return Proposal("registry.set", actor, spec.name, body=body | how.said)


def export(cursor: duckdb.DuckDBPyConnection, state: State, signals: Sequence[str] = ()) -> str:
    """The registry in force as a YAML file, people by their handles.

    Args:
        signals: only these, and the groups they name; all when empty.
    """
    known = directory(cursor)
    entries: Mapping[str, SignalSpec] = {
        name: with_people(entry.spec, known.handle)
        for name, entry in sorted(state.entries.items())
        if not signals or name in signals
    }
    named = {group for spec in entries.values() for group in groups_of(spec)}
    groups = [
        Group(name, tuple(sorted(map(known.handle, members))))
        for name, members in sorted(state.groups.items())
        if not signals or name in named
    ]
    return write(entries.values(), groups)
