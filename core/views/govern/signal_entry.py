"""One signal's registry entry as people read it: people, versions, terms and history."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import pairwise

import duckdb

from core.defaults import IN_USE
from core.events import PPM
from core.findings.detectors.change.drift_alarm import watched
from core.gate.registry_changes import export
from core.governance.people.names import Directory, directory
from core.governance.state import State
from core.governance.validations.records import Validation
from core.governance.validations.standing import LOGGED_ONLY, Standing
from core.queries.base.catalogue import dimensions
from core.queries.base.seen.fingerprints_seen import Seen, fingerprints_seen
from core.registry.escalation_rules import RuleRow, table
from core.registry.signal_spec import GROUP, LOG_ONLY, SignalSpec, ValidationPlan
from core.registry.spec_diff import differences
from core.registry.words import bands_words, costs_words, criterion_words, queue_words, truth_words
from core.registry.yaml_writer import example
from core.sentences.cut_origin import CutOrigin, origin_of_spec
from core.sentences.numbers import counted, cut, percent, within
from core.text.sentence import capital
from core.trail import log as trail
from core.trail.acts import Act
from core.trail.fingerprint import Fingerprint
from core.views.govern.findings import FindingRow
from core.views.govern.registry import RegistryRow, RegistryView, known_prints, status_words


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
        does: what its claims get: ``acts by the rules`` or ``falls back to review``; "" where it is
            log-only.
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
    terms: tuple[tuple[str, str], ...]
    history: tuple[EntryChange, ...]
    text: str


def signal_view(
    cursor: duckdb.DuckDBPyConnection, state: State, whole: RegistryView, signal: str, now: datetime
) -> SignalView:
    """Assemble one signal.

    Args:
        signal: one of ``whole.names``.
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
        rules=() if entry is None or entry.spec.log_only else table(entry.spec.rules),
        terms=()
        if entry is None
        else tuple(_terms(entry.spec, origin_of_spec(state, entry.spec, names))),
        history=_history(cursor, state, signal, names),
        text=example(signal) if entry is None else export(cursor, state, (signal,)),
    )


def _capital(words: str) -> str:
    """As a sentence; "" stays so."""
    return f"{capital(words)}." if words else ""


def _sentence(row: RegistryRow) -> str:
    if not row.registered:
        return (
            "Not registered: nobody has said what it decides, who owns it or when it may act. The "
            "gate sends every case to review. Fill in the people of the entry below and apply it."
        )
    decision = row.decision.rstrip(".")
    if row.stakes == LOG_ONLY:
        return f"{LOGGED_ONLY} What it is for: {decision}. Owner: {row.owner.words}."
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
        if spec.log_only and name in ("Validators, who sign", "Risk approvers"):
            continue
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
    status = status_words(state.people[sub], now)
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
    known = {*seen, *known_prints(state, signal)}
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
    logged = entry is not None and entry.spec.log_only
    return PrintRow(
        fingerprint=fingerprint,
        words=fingerprint.words(),
        n_claims=used.n_claims if used else 0,
        first=used.first_ts.date() if used else None,
        last=used.last_ts.date() if used else None,
        standing=standing,
        state_words="Log only" if logged else STATE_WORDS[standing.state],
        does="" if logged else "acts by the rules" if standing.open else f"falls back to {action}",
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


def _terms(spec: SignalSpec, origin: CutOrigin | None) -> Iterator[tuple[str, str]]:
    """What it is measured and validated by, in words."""
    if origin is not None and not spec.log_only:
        yield "Threshold comes from", origin.words.removesuffix(".")
    if not spec.log_only:
        yield from _validation_terms(spec.validation)
    maturity = spec.maturity
    yield "Tolerance", f"a gap of {within(spec.tolerance_ppm / PPM)}"
    yield "Ground truth", truth_words(spec.truth)
    yield "High-confidence band", f"stated {cut(spec.high_from_ppm / PPM)} or more"
    yield (
        "Outcomes count as final",
        f"after {counted(maturity.days, 'day')}, or once {percent(maturity.coverage_ppm / PPM)} "
        "are labelled, whichever is first",
    )
    yield "Elicitation", " · ".join(filter(None, (spec.method, spec.order))) or "any"
    if not spec.log_only:
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


def _validation_terms(plan: ValidationPlan) -> Iterator[tuple[str, str]]:
    """What evidence has to meet, and for how long a signature holds."""
    yield "Criteria", "; ".join(map(criterion_words, plan.criteria))
    yield (
        "Required segments",
        f"each value of {', '.join(plan.segments)}, held to the same criteria"
        if plan.segments
        else "none: only the whole is judged",
    )
    yield "Labelled inputs needed", f"{plan.min_samples:,}, of the judged sample"
    yield "A signature holds", counted(plan.max_age_days, "day")
    yield "Re-measured every", counted(plan.cadence_days, "day")
    yield "Recent production window", counted(plan.window_days, "day")
    yield (
        "Who may sign",
        "a validator, or the author (low stakes)"
        if plan.self_sign
        else "a validator who neither made the evidence nor owns the signal",
    )


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
