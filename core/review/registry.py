"""The written registry as people read it: who answers for what, what may act, until when."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from itertools import pairwise

import duckdb

from core.events import PPM
from core.govern import trail
from core.govern.access import roles_of
from core.govern.acts import Act
from core.govern.conditions import IN_USE
from core.govern.differences import (
    bands_words,
    costs_words,
    criterion_words,
    differences,
    queue_words,
)
from core.govern.directory import Directory, directory
from core.govern.escalation import Action, RuleRow, table
from core.govern.fingerprint import Fingerprint
from core.govern.monitor import watched
from core.govern.registry import Plan, export
from core.govern.registry_text import example
from core.govern.spec import GROUP, SignalSpec
from core.govern.state import Person, State
from core.govern.validation import Standing, Validation
from core.review.findings import FindingRow, FindingsView, findings_view
from core.review.standing import Answerable, Badge, answerable, in_use, standing_badge
from core.review.words import cut, percent, within
from core.store.catalogue import dimensions
from core.store.fingerprints import Seen, fingerprints_seen
from core.store.rows import count_claims
from core.store.selection import Selection

#: So many days of claims are counted, and so long before it ends a validation is announced.
RECENT_DAYS, SOON = 30, timedelta(days=14)
_NAMED = 4


@dataclass(frozen=True)
class RegistryRow:
    """One signal's line.

    Attributes:
        signal: its name.
        registered: whether anything is written down about it.
        decision: what it decides; "" where that is not written down.
        stakes: low, medium or high; "" likewise.
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
        here: whether they are there today.
        status: in words: ``there``, ``away until 2026-12-04``, ``left``.
        roles: every seat they fill, in words.
        admin: whether they may say who is there.
    """

    sub: str
    name: str
    handle: str
    here: bool
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
        size: entries of the trail it was read from.
    """

    headline: str
    rows: tuple[RegistryRow, ...]
    people: tuple[PersonRow, ...]
    findings: FindingsView
    since: date
    production: bool
    size: int

    @property
    def names(self) -> tuple[str, ...]:
        """The signals, in the order of the rows."""
        return tuple(one.signal for one in self.rows)

    def row(self, signal: str) -> RegistryRow:
        """One signal's line."""
        return next(one for one in self.rows if one.signal == signal)


@dataclass(frozen=True)
class Seat:
    """A seat of a signal and who fills it.

    Attributes:
        name: ``Owner``, ``Validators``, …
        people: each in words, with who is away or has left: ``Ann Lee (away until 2026-12-04)``.
        empty: whether nobody who is there fills it.
    """

    name: str
    people: tuple[str, ...]
    empty: bool


@dataclass(frozen=True)
class PrintRow:
    """A fingerprint of the signal.

    Attributes:
        fingerprint: itself.
        words: as people read it.
        n_claims: its claims, unstated, tuning and heldout ones included.
        first, last: days of its first and last claim or question; None while it has none.
        standing: whether it may act, and why.
        state_words: the state in words: ``Validated``, ``Waits for a signature``.
        does: what its claims get: ``acts by the rules`` or ``falls back to review``.
        signed: who signed last, when and how it was known that it was they; "" without.
        waiting: evidence, a waiver or a retirement that waits for somebody; "" without.
        watched: what the standing watch saw since it was signed; "" where it is not watched.
        query: dimension → values with which the Claims page lists exactly its claims; None where
            its filters cannot tell it from another.
    """

    fingerprint: Fingerprint
    words: str
    n_claims: int
    first: date | None
    last: date | None
    standing: Standing
    state_words: str
    does: str
    signed: str
    waiting: str
    watched: str
    query: tuple[tuple[str, tuple[str | None, ...]], ...] | None


@dataclass(frozen=True)
class EntryChange:
    """One version of the registry entry.

    Attributes:
        seq: of the act that set it.
        when: the minute.
        who: by name.
        lines: what it said otherwise, in words.
        reopened: whether validations were suspended by it.
    """

    seq: int
    when: str
    who: str
    lines: tuple[str, ...]
    reopened: bool


@dataclass(frozen=True)
class SignalView:
    """One signal's entry and what came of it.

    Attributes:
        row: its line of the overview.
        sentence: what it decides and who answers for it; what is missing, where nothing is
            written down.
        findings: what is wrong with it.
        seats: who fills which seat.
        prints: its fingerprints, newest use first.
        older: those not used for long before its last claim.
        rules: the rows the gate runs on; empty where unregistered.
        fallback: what is done with claims that may not act.
        terms: (name, value in words) of what it is measured and validated by.
        history: the versions of its entry, newest first.
        text: the YAML in force, or an example to fill in.
    """

    row: RegistryRow
    sentence: str
    findings: tuple[FindingRow, ...]
    seats: tuple[Seat, ...]
    prints: tuple[PrintRow, ...]
    older: tuple[PrintRow, ...]
    rules: tuple[RuleRow, ...]
    fallback: Action | None
    terms: tuple[tuple[str, str], ...]
    history: tuple[EntryChange, ...]
    text: str


# ----------------------------------------------------------------------------------- every signal
def registry_view(cursor: duckdb.DuckDBPyConnection, state: State, now: datetime) -> RegistryView:
    """Assemble every signal that has claims or an entry.

    Args:
        cursor: of the ledger.
        state: what the trail says.
        now: UTC without zone.
    """
    names, seen = directory(cursor), fingerprints_seen(cursor)
    wrong = findings_view(cursor, state, now)
    since = now.date() - timedelta(days=RECENT_DAYS)
    signals = sorted({one.signal for one in seen} | set(state.entries))
    rows = [_signal_row(cursor, state, one, seen, names, wrong, since, now) for one in signals]
    rows.sort(key=lambda one: (-_urgency(one, wrong), -one.n_claims, one.signal))
    return RegistryView(
        headline=_headline(rows, now),
        rows=tuple(rows),
        people=_everybody(state, names, now),
        findings=wrong,
        since=since,
        production=state.mode == "production",
        size=state.size,
    )


def _signal_row(
    cursor: duckdb.DuckDBPyConnection,
    state: State,
    signal: str,
    seen: Sequence[Seen],
    names: Directory,
    wrong: FindingsView,
    since: date,
    now: datetime,
) -> RegistryRow:
    entry = state.entries.get(signal)
    prints = in_use(seen, signal) or _known_prints(state, signal)
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
        n_claims=count_claims(cursor, Selection(signal, since=datetime.combine(since, time()))),
    )


def _known_prints(state: State, signal: str) -> tuple[Fingerprint, ...]:
    """The fingerprints validated before their first claim."""
    return tuple(one for name, one in state.validations if name == signal)


def _urgency(row: RegistryRow, wrong: FindingsView) -> int:
    waiting = [one for one in wrong.of(row.signal) if one.waits]
    if any(one.severity == "critical" for one in waiting):
        return 3
    return 2 if waiting else 0


def _headline(rows: Sequence[RegistryRow], now: datetime) -> str:
    if not rows:
        return "Nothing is written down, and no claim has come in."
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
        text += f" {_with(missing, 'has', 'have')} nobody in the owner's seat: {_names(missing)}."
    if soon:
        ends = ", ".join(f"{one.signal} ({one.ends})" for one in soon[:_NAMED])
        text += f" {_with(soon, 'ends', 'end')} within {SOON.days} days: {ends}"
        text += f" and {len(soon) - _NAMED} more." if len(soon) > _NAMED else "."
    if unregistered:
        text += f" {_with(unregistered, 'is', 'are')} unregistered: {_names(unregistered)}."
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
                here=person.active(now.date()),
                status=_status(person, now),
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


def _status(person: Person, now: datetime) -> str:
    if person.active(now.date()):
        return "there"
    if person.status == "left":
        return "left"
    return "away" if person.until is None else f"away until {person.until}"


# ------------------------------------------------------------------------------------- one signal
def signal_view(
    cursor: duckdb.DuckDBPyConnection, state: State, whole: RegistryView, signal: str, now: datetime
) -> SignalView:
    """Assemble one signal.

    Args:
        cursor: of the ledger.
        state: what the trail says.
        whole: every signal.
        signal: one of ``whole.names``.
        now: UTC without zone.
    """
    names, row = directory(cursor), whole.row(signal)
    entry = state.entries.get(signal)
    seen = {one.fingerprint: one.words for one in watched(cursor, state, now, only=signal)}
    prints, older = (
        tuple(replace(one, watched=_capital(seen.get(one.fingerprint, ""))) for one in rows)
        for rows in _prints(cursor, state, signal, names, now)
    )
    return SignalView(
        row=row,
        sentence=_sentence(row),
        findings=whole.findings.of(signal),
        seats=() if entry is None else tuple(_seats(state, entry.spec, names, now)),
        prints=prints,
        older=older,
        rules=() if entry is None else table(entry.spec.rules),
        fallback=None if entry is None else entry.spec.rules.unvalidated,
        terms=() if entry is None else tuple(_terms(entry.spec)),
        history=_history(cursor, state, signal, names),
        text=example(signal) if entry is None else export(cursor, state, (signal,)),
    )


def _capital(words: str) -> str:
    """As a sentence; "" stays so."""
    return f"{words[0].upper()}{words[1:]}." if words else ""


def _sentence(row: RegistryRow) -> str:
    if not row.registered:
        return (
            "Unregistered: nothing is written down about what it decides, who answers for it and "
            "when it may act. The gate sends every case to review. Fill in the people of the entry "
            "below and apply it."
        )
    decision = row.decision.rstrip(".")
    return f"Decides: {decision}. Stakes: {row.stakes}. Owner: {row.owner.words}."


def _seats(state: State, spec: SignalSpec, names: Directory, now: datetime) -> Iterator[Seat]:
    answers = spec.responsible
    for name, seat in (
        ("Owner", (spec.owner,)),
        ("Deputies, in this order", spec.deputies),
        ("Validators, who sign", spec.validators),
        ("Risk approvers", spec.risk_approvers),
        ("Responsible for schema", (answers.schema,)),
        ("Responsible for thresholds", (answers.thresholds,)),
        ("Responsible for monitoring", (answers.monitoring,)),
    ):
        people, here = [], False
        for reference in seat:
            members = state.resolved((reference,))
            said = [_person(state, one, names, now) for one in members]
            here = here or any(state.people[one].active(now.date()) for one in members)
            if reference.startswith(GROUP):
                group = reference.removeprefix(GROUP)
                people.append(f"group {group}: {', '.join(said) or 'nobody'}")
            else:
                people += said
        if name == "Owner" and not here:
            acting = state.acting_owner(spec.name, now)
            people += [] if acting is None else [f"{names.words(acting)} stands in"]
            here = acting is not None
        yield Seat(name, tuple(people), not here)


def _person(state: State, sub: str, names: Directory, now: datetime) -> str:
    status = _status(state.people[sub], now)
    return names.words(sub) if status == "there" else f"{names.words(sub)} ({status})"


def _prints(
    cursor: duckdb.DuckDBPyConnection,
    state: State,
    signal: str,
    names: Directory,
    now: datetime,
) -> tuple[tuple[PrintRow, ...], tuple[PrintRow, ...]]:
    """The fingerprints in use, or not yet used, and the older ones; newest use first."""
    seen = {
        Fingerprint.of(dict(one.fields)): one
        for one in fingerprints_seen(cursor)
        if one.signal == signal
    }
    known = {*seen, *_known_prints(state, signal)}
    query = _queries(cursor, signal, known)
    newest = max((one.last_ts for one in seen.values()), default=datetime.min)
    rows = []
    for one in known:
        used = seen.get(one)
        rows.append((used, _print_row(state, signal, one, used, names, query(one), now)))
    # What is prepared before its first claim comes first: it is what is about to be released.
    rows.sort(key=lambda pair: pair[1].words)
    rows.sort(key=lambda pair: pair[0].last_ts if pair[0] else datetime.max, reverse=True)
    current = [row for used, row in rows if used is None or used.last_ts >= newest - IN_USE]
    older = [row for used, row in rows if used is not None and used.last_ts < newest - IN_USE]
    return tuple(current), tuple(older)


def _print_row(
    state: State,
    signal: str,
    fingerprint: Fingerprint,
    used: Seen | None,
    names: Directory,
    query: tuple[tuple[str, tuple[str | None, ...]], ...] | None,
    now: datetime,
) -> PrintRow:
    standing = state.standing_of(signal, fingerprint, now)
    known = state.validations.get((signal, fingerprint))
    entry = state.entries.get(signal)
    action = entry.spec.rules.unvalidated if entry else "review"
    return PrintRow(
        fingerprint=fingerprint,
        words=fingerprint.words(),
        n_claims=used.n_claims if used else 0,
        first=used.first_ts.date() if used else None,
        last=used.last_ts.date() if used else None,
        standing=standing,
        state_words=STATE_WORDS[standing.state],
        does="acts by the rules" if standing.open else f"falls back to {action}",
        signed=_signed(known, names),
        waiting=_waiting(known, names),
        watched="",
        query=query if used and used.n_claims else None,
    )


STATE_WORDS: Mapping[str, str] = {
    "draft": "Not validated",
    "in_validation": "Waits for a signature",
    "validated": "Validated",
    "suspended": "Suspended",
    "expired": "Expired",
    "rejected": "Rejected",
    "waived": "Waived",
    "retired": "Retired",
}


def _signed(known: Validation | None, names: Directory) -> str:
    if known is None or known.signed is None:
        return ""
    one = known.signed
    return f"Signed by {names.words(one.signer)} on {one.at:%Y-%m-%d}, assurance: {one.assurance}."


def _waiting(known: Validation | None, names: Directory) -> str:
    said = []
    if known is not None and known.candidate is not None:
        by = names.words(known.candidate.submitted_by)
        said.append(
            f"Evidence by {by} of {known.candidate.at:%Y-%m-%d} waits for a signature"
            f"{'' if known.candidate.criteria_met else ', but does not meet every criterion'}."
        )
    if known is not None and known.pending_waiver is not None:
        asked = known.pending_waiver
        said.append(
            f"{names.words(asked.requester)} asked for a waiver until {asked.until:%Y-%m-%d}."
        )
    if known is not None and known.pending_retirement is not None and known.state != "retired":
        said.append(f"{names.words(known.pending_retirement.by)} asked to retire it.")
    return " ".join(said)


#: The fields of a fingerprint that the filters of the Claims page know.
_FILTERED = ("model_version", "prompt_version", "elicitation", "elicitation_order")
_Query = tuple[tuple[str, tuple[str | None, ...]], ...]


def _queries(
    cursor: duckdb.DuckDBPyConnection, signal: str, known: set[Fingerprint]
) -> Callable[[Fingerprint], _Query | None]:
    """What lists exactly the claims of a fingerprint, tuning ones included."""
    found = {one.name: one for one in dimensions(cursor, signal)}
    splits = found.get("split")
    values = [value for value, _ in splits.values] if splits else []

    def key(one: Fingerprint) -> tuple[str | None, ...]:
        return tuple(getattr(one, name) for name in _FILTERED)

    def query(one: Fingerprint) -> _Query | None:
        if sum(key(other) == key(one) for other in known) > 1:
            return None
        chosen: list[tuple[str, tuple[str | None, ...]]] = []
        for name, value in zip(_FILTERED, key(one), strict=True):
            facts = found.get(name)
            if facts is not None and facts.n_values + (facts.n_missing > 0) > 1:
                chosen.append((name, (value,)))
        if "tuning" in values:
            chosen.append(("split", tuple(values)))
        return tuple(chosen)

    return query


def _terms(spec: SignalSpec) -> Iterator[tuple[str, str]]:
    """What it is measured and validated by, in words."""
    plan, maturity = spec.validation, spec.maturity
    yield "Criteria", "; ".join(map(criterion_words, plan.criteria))
    yield (
        "Required segments",
        f"each value of {', '.join(plan.segments)}, held to the same criteria"
        if plan.segments
        else "none: only the whole is judged",
    )
    yield "Labelled inputs needed", f"{plan.min_samples:,}, of the judged sample"
    yield "A signature holds", _days(plan.max_age_days)
    yield "Re-measured every", _days(plan.cadence_days)
    yield "Recent production window", _days(plan.window_days)
    yield (
        "Who may sign",
        "a validator, or the author (low stakes)"
        if plan.self_sign
        else "a validator who neither made the evidence nor sits in the owner's seat",
    )
    yield "Tolerance", f"a gap of {within(spec.tolerance_ppm / PPM)}"
    yield "High-confidence band", f"stated {cut(spec.high_from_ppm / PPM)} or more"
    yield (
        "Outcomes count as final",
        f"after {_days(maturity.days)}, or once {percent(maturity.coverage_ppm / PPM)} are "
        "labelled, whichever is first",
    )
    yield "Elicitation", " · ".join(filter(None, (spec.method, spec.order))) or "any"
    yield "Rules", bands_words(spec.rules.bands)
    for action, queue in (
        ("Reviews", spec.handling.review),
        ("Escalations", spec.handling.escalate),
    ):
        if queue is not None:
            yield f"{action} go to", queue_words(queue)
    if spec.costs is not None:
        yield "Declared costs", costs_words(spec.costs)
    for name, pairs in (("Labels", spec.labels), ("References", spec.annotations)):
        if pairs:
            yield name, ", ".join(f"{key}={value}" for key, value in pairs)


def _days(number: int) -> str:
    return f"{number:,} {'day' if number == 1 else 'days'}"


def _history(
    cursor: duckdb.DuckDBPyConnection, state: State, signal: str, names: Directory
) -> tuple[EntryChange, ...]:
    versions = state.history.get(signal, ())
    found = []
    for before, entry in pairwise((None, *versions)):
        assert entry is not None
        (act,) = (
            Act.of_text(text) for _, text, _ in trail.entries(cursor, entry.seq, entry.seq + 1)
        )
        old = None if before is None else before.spec
        changed = differences(old, entry.spec, name=names.words)
        found.append(
            EntryChange(
                seq=entry.seq,
                when=f"{entry.at:%Y-%m-%d %H:%M}",
                who=names.words(act.actor.sub),
                lines=tuple(one.words for one in changed),
                reopened=before is not None and before.material_sha256 != entry.material_sha256,
            )
        )
    return tuple(reversed(found))


# ----------------------------------------------------------------------------------- what is asked
@dataclass(frozen=True)
class PlanPart:
    """What a text would change of one signal, of a group, or of who is known.

    Attributes:
        heading: of what.
        changes: each in words.
        effects: what it would have done with the last claims; empty where it concerns none.
        warning: what it takes the ground from; "" where nothing.
    """

    heading: str
    changes: tuple[str, ...]
    effects: tuple[str, ...] = ()
    warning: str = ""


def plan_parts(plan: Plan) -> tuple[PlanPart, ...]:
    """What a text would change and what that would have done, as `calledger registry diff` says."""
    found = []
    for change in plan.changes:
        found.append(
            PlanPart(
                f"{change.new.name}: {'new entry' if change.old is None else 'changed'}",
                tuple(one.words for one in change.differences),
                change.effects.lines(),
                "Validations in force are suspended by this; submit evidence anew."
                if change.reopens
                else "",
            )
        )
    for group, before in plan.groups:
        was = "new" if before is None else f"was: {', '.join(before) or 'nobody'}"
        found.append(PlanPart(f"Group {group.name}", (f"{', '.join(group.members)} ({was})",)))
    if plan.new_people:
        found.append(PlanPart("People who are new here", plan.new_people))
    return tuple(found)


def same_plan(one: Plan, other: Plan) -> bool:
    """Whether two plans say the same changes; what these would have done goes on with the clock."""

    def core(plan: Plan) -> object:
        return [(a.new, a.old) for a in plan.changes], plan.groups, plan.new_people

    return core(one) == core(other)


def may_set_status(state: State, sub: str) -> bool:
    """Whether a person may say who is there."""
    return "admin" in roles_of(state, sub, None)
