"""The written registry as people read it: who answers for what, what may act, until when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import duckdb

from core.governance.people.names import Directory, directory
from core.governance.permissions import roles_of
from core.governance.state import Person, State
from core.queries.base.seen.fingerprints_seen import Seen, fingerprints_seen
from core.queries.claims.claims_per_signal import claims_since
from core.trail.fingerprint import Fingerprint
from core.views.govern.findings import FindingsView, findings_view
from core.views.shared.validation_badge import (
    Answerable,
    Badge,
    answerable,
    prints_in_use,
    standing_badge,
)

#: So many days of claims are counted, and so long before it ends a validation is announced.
RECENT_DAYS, SOON = 30, timedelta(days=14)
_NAMED = 4


@dataclass(frozen=True)
class RegistryRow:
    """One signal's line.

    Attributes:
        signal: its name.
        registered: whether anything is written down about it.
        decision: what it decides; "" where that is not registered.
        stakes: log-only, low, medium or high; "" likewise.
        owner: who answers for it.
        badge: whether its fingerprints in use may act.
        may_act: whether at least one of them may.
        ends: the first day on which one that may act no longer does; None where none may.
        n_findings: findings that wait for an answer.
        n_claims: claims since `RegistryView.since`, tuning ones left out.
    """

    signal: str
    registered: bool
    decision: str
    stakes: str
    owner: Answerable
    badge: Badge
    may_act: bool
    ends: date | None
    n_findings: int
    n_claims: int


@dataclass(frozen=True)
class PersonRow:
    """Somebody known.

    Attributes:
        sub: their opaque id.
        name: as pages show them.
        handle: as a registry file writes them; "" once it is erased.
        status: in words: ``there``, ``away until 2026-12-04``, ``left``.
        roles: every seat they fill, in words.
        admin: whether they may say who is there.
    """

    sub: str
    name: str
    handle: str
    status: str
    roles: tuple[str, ...]
    admin: bool


@dataclass(frozen=True)
class RegistryView:
    """Every signal, and everybody known.

    Attributes:
        headline: what may act, what is unregistered, who is missing and what ends soon.
        rows: the signals, those that wait for somebody first.
        people: everybody known, by name.
        findings: what is wrong now.
        since: the first day of the claims counted.
        production: whether the gate asks for signatures made with sign-on.
    """

    headline: str
    rows: tuple[RegistryRow, ...]
    people: tuple[PersonRow, ...]
    findings: FindingsView
    since: date
    production: bool

    @property
    def names(self) -> tuple[str, ...]:
        """The signals, in the order of the rows."""
        return tuple(one.signal for one in self.rows)

    def row(self, signal: str) -> RegistryRow:
        """One signal's line."""
        return next(one for one in self.rows if one.signal == signal)


def registry_view(cursor: duckdb.DuckDBPyConnection, state: State, now: datetime) -> RegistryView:
    """Assemble every signal that has claims or an entry."""
    names, seen = directory(cursor), fingerprints_seen(cursor)
    wrong = findings_view(cursor, state, now)
    since = now.date() - timedelta(days=RECENT_DAYS)
    signals = sorted({one.signal for one in seen} | set(state.entries))
    counts = claims_since(cursor, since)
    rows = [_signal_row(state, one, seen, names, wrong, counts.get(one, 0), now) for one in signals]
    rows.sort(key=lambda one: (-_urgency(one, wrong), -one.n_claims, one.signal))
    return RegistryView(
        headline=_headline(rows, now),
        rows=tuple(rows),
        people=_everybody(state, names, now),
        findings=wrong,
        since=since,
        production=state.mode == "production",
    )


def _signal_row(
    state: State,
    signal: str,
    seen: Sequence[Seen],
    names: Directory,
    wrong: FindingsView,
    n_claims: int,
    now: datetime,
) -> RegistryRow:
    entry = state.entries.get(signal)
    prints = prints_in_use(seen, signal) or known_prints(state, signal)
    standings = [state.standing_of(signal, one, now) for one in prints]
    ends = [one.until.date() for one in standings if one.open and one.until is not None]
    return RegistryRow(
        signal=signal,
        registered=entry is not None,
        decision=entry.spec.decision if entry else "",
        stakes=entry.spec.stakes if entry else "",
        owner=answerable(state, signal, names, now),
        badge=standing_badge(state, signal, prints, now),
        may_act=bool(ends),
        ends=min(ends, default=None),
        n_findings=sum(one.waits for one in wrong.of(signal)),
        n_claims=n_claims,
    )


def known_prints(state: State, signal: str) -> tuple[Fingerprint, ...]:
    """The fingerprints validated before their first claim."""
    return tuple(one for name, one in state.validations if name == signal)


def _urgency(row: RegistryRow, wrong: FindingsView) -> int:
    waiting = [one for one in wrong.of(row.signal) if one.waits]
    if any(one.severity == "critical" for one in waiting):
        return 3
    return 2 if waiting else 0


def _headline(rows: Sequence[RegistryRow], now: datetime) -> str:
    if not rows:
        return "No signal is registered, and no claim has come in."
    open_ = [one for one in rows if one.may_act]
    missing = [one for one in rows if one.registered and one.owner.empty]
    unregistered = [one for one in rows if not one.registered]
    soon = [one for one in open_ if one.ends is not None and one.ends <= (now + SOON).date()]
    whole = f"{len(rows)} {'signal' if len(rows) == 1 else 'signals'}"
    if open_:
        text = f"{len(open_)} of {whole} may act now: {_names(open_)}."
    else:
        text = f"None of {whole} may act: every case falls back to people."
    if missing:
        text += f" {_with(missing, 'has', 'have')} no owner: {_names(missing)}."
    if soon:
        ends = ", ".join(f"{one.signal} ({one.ends})" for one in soon[:_NAMED])
        text += f" {_with(soon, 'ends', 'end')} within {SOON.days} days: {ends}"
        text += f" and {len(soon) - _NAMED} more." if len(soon) > _NAMED else "."
    if unregistered:
        text += f" {_with(unregistered, 'is', 'are')} not registered: {_names(unregistered)}."
    return text


def _with(rows: Sequence[RegistryRow], one: str, many: str) -> str:
    return f"{len(rows)} {one if len(rows) == 1 else many}"


def _names(rows: Sequence[RegistryRow]) -> str:
    more = len(rows) - _NAMED
    said = ", ".join(one.signal for one in rows[:_NAMED])
    return f"{said} and {more} more" if more > 0 else said


def _everybody(state: State, names: Directory, now: datetime) -> tuple[PersonRow, ...]:
    rows = []
    for sub, person in state.people.items():
        name = names.names.get(sub)
        rows.append(
            PersonRow(
                sub=sub,
                name=names.words(sub),
                handle=(name.handle or "") if name else "",
                status=status_words(person, now),
                roles=tuple(_roles(state, sub)),
                admin="admin" in state.grants.get(sub, ()),
            )
        )
    return tuple(sorted(rows, key=lambda one: one.name.lower()))


def _roles(state: State, sub: str) -> Iterator[str]:
    """The seats of a person, those for the whole ledger first."""
    granted = {"admin": "admin", "auditor": "auditor", "risk_approver": "risk approver"}
    held = state.grants.get(sub, frozenset())
    yield from (words for role, words in granted.items() if role in held)
    seats: dict[str, list[str]] = {}
    for signal in sorted(state.entries):
        # Who has left still stands in the entry: that is what somebody must see.
        spec = state.entries[signal].spec
        for words, seat in (
            ("owner", (spec.owner,)),
            ("deputy", spec.deputies),
            ("validator", spec.validators),
            ("risk approver", spec.risk_approvers),
        ):
            if sub in state.resolved(seat):
                seats.setdefault(words, []).append(signal)
    for words, signals in seats.items():
        more = len(signals) - _NAMED
        rest = f" and {more} more" if more > 0 else ""
        yield f"{words} of {', '.join(signals[:_NAMED])}{rest}"


def status_words(person: Person, now: datetime) -> str:
    """Whether somebody is there, as people read it."""
    if person.active(now.date()):
        return "there"
    if person.status == "left":
        return "left"
    return "away" if person.until is None else f"away until {person.until}"


def may_set_status(state: State, sub: str) -> bool:
    """Whether a person may say who is there."""
    return "admin" in roles_of(state, sub, None)
