"""What the trail says: the state that its acts replayed lead to."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from core.governance.bodies.canaries import KeptInputs, Rounds
from core.governance.bodies.number_ranges import Numbers
from core.governance.bodies.refusal import Refused
from core.governance.validations.records import Context, Validation
from core.governance.validations.standing import LOGGED_ONLY, Standing, standing
from core.registry.cut_runs import Runs
from core.registry.signal_spec import GROUP, ResponsiblePart, SignalSpec
from core.trail.acts import Assurance
from core.trail.fingerprint import Fingerprint

Mode = Literal["local", "production"]
Status = Literal["active", "away", "left"]
#: What a signature needs to open the gate, by the gate's mode.
LEAST: Mapping[Mode, Assurance] = {"local": "none", "production": "signed-on"}


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
        revoked: whether it was revoked.
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
        tokens: id → what was given with it, revoked or not.
        imports: numbers of the recorded imports.
        sealed_to: number of the last sealed decision, 0 at first.
        signed_from: from which decision on all are signed; None: no act says so.
        checked: the last run of the standing checks; None: there was none yet.
        remeasured: signal → when it was last re-measured.
        runs: SHA-256 → the recorded threshold run.
        unmeasured: signal → when a fingerprint was first seen since then.
        canaries: signal → the inputs that are asked again.
        canary_rounds: (signal, fingerprint) → rounds in which they were, oldest first.
        audited: signal → the Mondays of its first and its last weekly audit sample.
        turned_down: (signal, kind of finding) → the last day on which it is kept quiet.
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
    imports: Numbers = field(default_factory=Numbers)
    sealed_to: int = 0
    signed_from: int | None = None
    checked: Checked | None = None
    remeasured: Mapping[str, datetime] = field(default_factory=dict)
    unmeasured: Mapping[str, datetime] = field(default_factory=dict)
    canaries: Mapping[str, KeptInputs] = field(default_factory=dict)
    canary_rounds: Rounds = field(default_factory=dict)
    audited: Mapping[str, tuple[date, date]] = field(default_factory=dict)
    runs: Runs = field(default_factory=dict)
    turned_down: Mapping[tuple[str, str], date] = field(default_factory=dict)
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

    def answers_for(self, signal: str, part: ResponsiblePart | None, now: datetime) -> str | None:
        """Who answers for a part of a signal at a time.

        Whoever its entry names, while they are there; else, and for the whole of it, the acting
        owner. None: nobody, or it is not registered.
        """
        if part is not None and signal in self.entries:
            sub, day = self.entries[signal].spec.responsible.of(part), max(now, self.last_at).date()
            if sub in self.people and self.people[sub].active(day):
                return sub
        return self.acting_owner(signal, now)

    def standing_of(self, signal: str, fingerprint: Fingerprint, now: datetime) -> Standing:
        """Whether a claim of this fingerprint may drive its signal's decision at a time, and why.

        Worked out anew; a time before the last act counts as the last act's, so that a clock set
        back reopens nothing.
        """
        if signal not in self.entries:
            return Standing("draft", False, "This signal is not registered.")
        if self.entries[signal].spec.log_only:
            return Standing("draft", False, LOGGED_ONLY)
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
