"""The facts that the twelve failures are judged by, gathered for every signal of a ledger."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any

import duckdb

from core.defaults import IN_USE, STANDING_WEEKS
from core.findings.acts import finding_acts
from core.findings.answered import by_signal, occasions
from core.findings.detectors.change.drift_alarm import drift_conditions, watched
from core.findings.detectors.confidence.anchoring import PERIOD as WAYS_PERIOD
from core.findings.detectors.confidence.anchoring import WaysCompared, comparing_ways
from core.findings.detectors.confidence.asking_order import order_times_by_signal
from core.findings.detectors.confidence.metric_gaming import measure_gaming, pairs
from core.findings.detectors.decisions.broken_promise import measure_promises
from core.findings.detectors.decisions.stakes_too_low import too_low
from core.findings.detectors.decisions.theatre import measuring_theatre
from core.findings.detectors.labels.heldout_wear import measure_wear
from core.findings.detectors.labels.tuning_leak import measure_leak
from core.findings.kinds import kind_of
from core.findings.lifecycle import Finding, findings
from core.gate.breaches import KINDS, Kind, reckoning
from core.governance.people.names import Directory, directory
from core.governance.rules_in_force import RulesSpan, timelines
from core.governance.signal_terms import all_terms, terms_of
from core.governance.state import State
from core.ledger.errors import LedgerError
from core.queries.base.seen.fingerprints_seen import fingerprints_seen
from core.queries.base.selection import Selection
from core.queries.base.together.asked_once import one_question
from core.queries.base.together.asking import Asking, together
from core.queries.claims.claims_per_signal import (
    SegmentMoved,
    VersionClaims,
    accounts,
    claims_by_import,
    decisions_by_seal,
    most_moved,
)
from core.registry import proof_rules
from core.registry.signal_spec import SignalSpec
from core.standing.verdict import Verdicts, of_signal, standing_verdicts
from core.terms import USUAL
from core.trail import act_search as search
from core.trail import log as trail
from core.trail.fingerprint import Fingerprint
from core.validation import evidence
from core.validation.evidence_bundle import Bundle, BundlePart, HeldoutUse
from core.validation.recent_sample import all_segments
from core.views.audit.trail_integrity import Wholeness
from core.views.govern.escalation import KIND_WORDS
from core.views.risks.facts import (
    EvidenceTried,
    Followed,
    Labels,
    RepairKnown,
    RiskFacts,
    SeatFacts,
    TrailFacts,
    Version,
    WatchFacts,
    WayOfAsking,
    missed_words,
)
from core.views.shared.canary import canary_lines
from core.views.shared.validation_badge import answerable

#: Weeks in which breaches are looked for.
BREACH_WEEKS = 13
#: Between a sentence and the next.
_SENTENCES = re.compile(r"(?<=\.) (?=[A-Z])")
#: Submissions that are read.
_SUBMISSIONS = 5_000


@one_question
def gathered(
    cursor: duckdb.DuckDBPyConnection,
    state: State | None,
    now: datetime,
    whole: Wholeness,
    verdicts: Verdicts | None = None,
) -> tuple[RiskFacts, ...]:
    """The facts of every signal that has claims or an entry, by name.

    Args:
        whole: the last verification of the trail.
        verdicts: the standing verdicts as of now; None: they are worked out.
    """
    ledger = _Ledger(cursor, state, now, whole, verdicts)
    return tuple(together(cursor, (ledger.facts(signal) for signal in ledger.signals)))


class _Ledger:
    """What is read once for all signals."""

    def __init__(
        self,
        cursor: duckdb.DuckDBPyConnection,
        state: State | None,
        now: datetime,
        whole: Wholeness,
        verdicts: Verdicts | None,
    ) -> None:
        self.cursor, self.state, self.now, self.whole = cursor, state, now, whole
        span = timedelta(weeks=STANDING_WEEKS)
        self.accounts: defaultdict[str, list[VersionClaims]] = defaultdict(list)
        self.moved: dict[str, SegmentMoved] = {}
        # Each signal's labels are settled by its own terms; most signals share the usual ones.
        for maturity in {USUAL.maturity, *(terms.maturity for _, terms in all_terms(state))}:
            end = _midnight(now) - maturity.age
            for one in accounts(cursor, settled=end, now=now):
                if terms_of(state, one.signal).maturity == maturity:
                    self.accounts[one.signal].append(one)
            moved = most_moved(cursor, end - 2 * span, end - span, _midnight(now))
            for signal, found in moved.items():
                if terms_of(state, signal).maturity == maturity:
                    self.moved[signal] = found
        entries = () if state is None else tuple(state.entries)
        self.signals = tuple(sorted({*self.accounts, *entries}))
        self.names, self.seen = directory(cursor), fingerprints_seen(cursor)
        self.imports = claims_by_import(cursor)
        self.decisions = decisions_by_seal(cursor, 0 if state is None else state.sealed_to)
        self.submitted = {} if state is None else _submitted(cursor)
        compared = pairs(cursor, state, now)
        self.gaming = measure_gaming(cursor, compared, family=len(compared))
        self.watches = {} if state is None else _watches(cursor, state, now)
        self.told = _Told() if state is None else _told(cursor, state, now)
        self.repairs = {} if state is None else _repairs(cursor)
        self.spans: Mapping[str, tuple[RulesSpan, ...]] = {}
        if state is not None and state.size:
            self.spans = timelines(trail.acts(cursor))
        if verdicts is None:
            verdicts = standing_verdicts(cursor, state, now)
        self.verdicts = verdicts
        self.segments = all_segments(cursor)
        self.timed = order_times_by_signal(cursor, now - WAYS_PERIOD, now)

    def facts(self, signal: str) -> Asking[RiskFacts]:
        state, mine = self.state, self.accounts.get(signal, [])
        entry = None if state is None else state.entries.get(signal)
        spec = None if entry is None else entry.spec
        judged = [one for one in mine if one.split != "tuning"]
        terms = terms_of(state, signal)
        versions = self._versions(signal, judged)
        since = self.now - WAYS_PERIOD
        changed = yield from measuring_theatre(spec, Selection(signal), self.now)
        ways: tuple[WaysCompared, ...] = ()
        if judged:
            ways = yield from comparing_ways(
                self.cursor, Selection(signal, since, self.now), tolerance=terms.tolerance
            )
        followed = yield from self._followed(signal, spec)
        return RiskFacts(
            signal=signal,
            written=state is not None,
            registered=spec is not None,
            unvalidated="" if spec is None else spec.rules.unvalidated,
            n_claims=sum(one.n_claims for one in judged),
            first=min((one.first_ts.date() for one in judged), default=None),
            versions=versions,
            seat=None if state is None or spec is None else self._seat(state, spec),
            dimensions=self.segments.get(signal, ()) if judged else (),
            recent=of_signal(self.verdicts[signal]).recent if signal in self.verdicts else None,
            moved=self.moved.get(signal),
            labels=_labels(judged),
            leak=measure_leak(self.cursor, signal, mine, self.now),
            n_named=sum(one.n_named for one in mine if one.split == "tuning"),
            unnamed=(
                sum(one.n_claims - one.n_named for one in judged),
                sum(one.n_claims for one in judged),
            ),
            gaming=tuple(one for one in self.gaming if one.pair.signal == signal),
            asked=_asked(judged),
            ways=ways,
            theatre=changed,
            followed=followed,
            trail=self._trail(signal, mine),
            watches=tuple(self.watches.get(signal, ())),
            drifted=tuple(self.told.drifted[signal]),
            unwatched=tuple(self.told.unwatched[signal]),
            bypassed=tuple(self.told.bypassed[signal]),
            handed=tuple(self.told.handed[signal]),
            swapped=tuple(self.told.swapped[signal]),
            shifted=tuple(self.told.shifted[signal]),
            canary=_canary(state, signal),
            unanswered=tuple(self.told.unanswered[signal]),
            always_waived=tuple(self.told.always_waived[signal]),
            log_only=spec is not None and spec.log_only,
            too_low=None if spec is None else too_low(spec, changed),
            worn=self._worn(spec, mine),
            repair=self.repairs.get(signal),
            timed=self.timed.get(signal, ()),
            **self._cuts(spec),
        )

    def _cuts(self, spec: SignalSpec | None) -> dict[str, Any]:
        """What is known of the proof of an entry's cuts."""
        if spec is None or self.state is None:
            return {}
        held = measure_promises(self.cursor, self.state, spec, self.seen, self.now)
        return {
            "unproven": (
                *map(str, proof_rules.unproven(spec, self.state.runs)),
                *self.told.older_cuts[spec.name],
            ),
            "broken": tuple(one.facts.text(one.fingerprint.words()) for one in held if one.broken),
        }

    def _versions(self, signal: str, mine: Sequence[VersionClaims]) -> tuple[Version, ...]:
        by: defaultdict[tuple[tuple[str, str], ...], list[VersionClaims]] = defaultdict(list)
        for one in mine:
            by[one.fields].append(one)
        if not by:
            return ()
        newest = max(one.last_ts for one in mine)
        found = []
        for fields, parts in by.items():
            fingerprint = Fingerprint.of(dict(fields))
            last = max(one.last_ts for one in parts)
            in_use = last >= newest - IN_USE
            standing = signed = None
            if self.state is not None:
                standing = self.state.standing_of(signal, fingerprint, self.now)
                known = self.state.validations.get((signal, fingerprint))
                signed = known.signed.at.date() if known and known.signed else None
            found.append(
                Version(
                    fingerprint=fingerprint,
                    n_claims=sum(one.n_claims for one in parts),
                    n_automated=sum(one.n_automated for one in parts),
                    first=min(one.first_ts for one in parts).date(),
                    in_use=in_use,
                    standing=standing,
                    signed=signed,
                    tried=self._tried(signal, fingerprint) if in_use else None,
                    n=sum(one.n for one in parts),
                    stated=sum(one.stated for one in parts),
                    right=sum(one.right for one in parts),
                )
            )
        return tuple(sorted(found, key=lambda one: (one.first, one.words)))

    def _tried(self, signal: str, fingerprint: Fingerprint) -> EvidenceTried | None:
        sha256 = self.submitted.get((signal, fingerprint))
        if sha256 is None:
            return None
        try:
            bundle = evidence.load(self.cursor, sha256)
            return None if bundle is None else _tried_of(bundle)
        except (LedgerError, KeyError, TypeError, ValueError):
            # What was submitted can no longer be read: the trail's verification says so.
            return None

    def _seat(self, state: State, spec: SignalSpec) -> SeatFacts:
        said = answerable(state, spec.name, self.names, self.now)
        responsible = {
            "schema": spec.responsible.schema,
            "thresholds": spec.responsible.thresholds,
            "monitoring": spec.responsible.monitoring,
        }
        gone = [
            f"{part} ({self.names.words(sub)})"
            for part, sub in responsible.items()
            if _left(state, sub)
        ]
        deputies = [sub for sub in state.resolved(spec.deputies) if not _left(state, sub)]
        return SeatFacts(
            words=said.words,
            empty=said.empty,
            deputies=tuple(self.names.words(sub) for sub in deputies),
            gone=tuple(gone),
            responsible=_each_once(self.names, responsible.values()),
        )

    def _worn(self, spec: SignalSpec | None, mine: Sequence[VersionClaims]) -> HeldoutUse | None:
        if spec is None or self.state is None:
            return None
        found = measure_wear(self.cursor, spec, mine, self.now, self.state.size)
        return min((use for _, use in found), key=lambda use: use.budget - use.before, default=None)

    def _followed(self, signal: str, spec: SignalSpec | None) -> Asking[Followed | None]:
        spans = self.spans.get(signal)
        if not spans or spec is None:
            return None
        since = max(_midnight(self.now) - timedelta(weeks=BREACH_WEEKS), spans[0].since)
        found = yield from reckoning(spans, Selection(signal, since=since, until=self.now))
        kinds: Counter[Kind] = Counter()
        for code in found.codes(lambda one: one.kind is not None):
            kind = found.judged[code].kind
            assert kind is not None
            kinds[kind] += sum(one.n_claims for one in found.counts if one.code == code)
        rules = spec.rules
        return Followed(
            since=since.date(),
            until=self.now.date(),
            n_bands=len(rules.bands),
            n_overrides=len(rules.overrides),
            n_logged=found.tally(lambda one: one.required and one.done).n_claims,
            n_claims=found.tally(lambda one: one.required).n_claims,
            by_kind=tuple((_in_line(kind), kinds[kind]) for kind in KINDS if kinds[kind]),
            n_wrong=found.tally(lambda one: one.kind).n_wrong,
        )

    def _trail(self, signal: str, mine: Sequence[VersionClaims]) -> TrailFacts:
        recorded = frozenset[int]() if self.state is None else self.state.imports
        by_import = self.imports.get(signal, {})
        sealed, unsealed = self.decisions.get(signal, (0, 0))
        return TrailFacts(
            whole=self.whole.whole,
            headline=self.whole.headline,
            n_entries=self.whole.n_entries,
            checked=(self.whole.verified_at or self.whole.checked_at).date(),
            anchored=self.whole.anchored,
            rows_verified=self.whole.rows_verified,
            n_claims=sum(one.n_claims for one in mine),
            n_unrecorded=sum(n for one, n in by_import.items() if one not in recorded),
            n_sealed=sealed,
            n_unsealed=unsealed,
        )


def _submitted(
    cursor: duckdb.DuckDBPyConnection,
) -> dict[tuple[str, Fingerprint], str]:
    """The evidence submitted last, by signal and fingerprint."""
    asked = search.ActSearch(kinds=("validation.submitted",))
    found: dict[tuple[str, Fingerprint], str] = {}
    for one in search.found(cursor, asked, limit=_SUBMISSIONS):
        act = one.act
        if act is not None and act.signal is not None and act.fingerprint is not None:
            found.setdefault((act.signal, act.fingerprint), str(act.body.get("evidence")))
    return found


def _repairs(cursor: duckdb.DuckDBPyConnection) -> dict[str, RepairKnown]:
    """The newest certified map of each signal."""
    asked = search.ActSearch(kinds=("recalibration.judged",))
    known: dict[str, RepairKnown] = {}
    for one in search.found(cursor, asked, limit=_SUBMISSIONS):
        act = one.act
        if act is None or act.signal in known or not act.body.get("given"):
            continue
        if act.signal is not None and act.fingerprint is not None:
            body = act.body
            known[act.signal] = RepairKnown(
                version=str(body["calibrator_version"]),
                of=act.fingerprint,
                at=act.at.date(),
                inputs=int(body["n_heldout"]),
                before=float(body["gap_before"]),
                after=float(body["gap_after"]),
            )
    return known


def _tried_of(bundle: Bundle) -> EvidenceTried:
    recent = [bundle.window] if bundle.window is not None else []
    return EvidenceTried(
        at=bundle.at.date(),
        n=bundle.whole.sample.n,
        missed=tuple(_missed([bundle.whole, *recent])),
        missed_segments=tuple(_missed(bundle.segments)),
        n_left_out=bundle.counts["overlap_left_out"],
        declared=bundle.declared_untuned,
    )


def _missed(parts: Iterable[BundlePart]) -> list[str]:
    return [
        missed_words(part.name, one.words, one.n)
        for part in parts
        for one in part.sample.results
        if one.outcome == "missed"
    ]


def _watches(
    cursor: duckdb.DuckDBPyConnection, state: State, now: datetime
) -> dict[str, list[WatchFacts]]:
    """By signal; an alarm also stands where later labels no longer show it, until signed anew."""
    seen = watched(cursor, state, now)
    alarms = {(one.signal, one.subject): one.text for one in drift_conditions(state, seen)}
    found: defaultdict[str, list[WatchFacts]] = defaultdict(list)
    for one in seen:
        alarm = alarms.get((one.signal, one.fingerprint.id), "")
        found[one.signal].append(WatchFacts(one.fingerprint, one.words, one.n_inputs, alarm))
    return found


@dataclass(frozen=True)
class _Told:
    """What findings say that are not resolved, by signal; waived ones stand too.

    Attributes:
        drifted: that what comes in, or what is logged of it, is no longer what it was.
        unwatched: that it was not looked at, or that labels for it are overdue.
        unanswered: those for whoever answers for a part that are past their day.
    """

    drifted: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    unwatched: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    bypassed: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    handed: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    swapped: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    shifted: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    unanswered: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    always_waived: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    older_cuts: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))


def _canary(state: State | None, signal: str) -> str:
    """What the kept inputs of a signal say; "" where none are kept."""
    lines = () if state is None else canary_lines(state, [signal])
    return lines[0].words if lines else ""


def _told(cursor: duckdb.DuckDBPyConnection, state: State, now: datetime) -> _Told:
    """What findings say; of those for a part of a signal, what is not answered in time."""
    told = _Told()
    known = findings(finding_acts(cursor), now)
    for kind in by_signal(occasions(known)):
        turned = state.turned_down.get((kind.signal or "", kind.kind))
        if kind.always_waived and (turned is None or turned < now.date()):
            told.always_waived[kind.signal or ""].append(
                f"“{kind_of(kind.kind).words}” was waived {kind.waivers} times and nobody did "
                "anything else"
            )
    for one in known.values():
        if one.state == "resolved":
            continue
        of = _signals_of(one, state, now)
        first, part = _SENTENCES.split(one.text)[0], kind_of(one.kind).part
        for signal in of:
            if one.kind in ("inputs_drifted", "field_changed", "share_jumped", "volume_stopped"):
                told.drifted[signal].append(first)
            if one.kind in ("rubber_stamp", "handoffs_overdue"):
                told.handed[signal].append(first)
            if one.kind == "gate_bypassed":
                told.bypassed[signal].append(first)
            if one.kind == "model_swapped":
                told.swapped[signal].append(" ".join(_SENTENCES.split(one.text)[:2]))
            if one.kind == "cut_older":
                told.older_cuts[signal].append(first)
            if one.kind == "stated_shifted":
                told.shifted[signal].append(first)
            if one.kind in ("check_failed", "runs_missed", "audit_unanswered", "canary_missed"):
                told.unwatched[signal].append(first)
            if part is not None and one.overdue(now):
                words = f"{part}: {kind_of(one.kind).words}, due {one.due}"
                told.unanswered[signal].append(words)
    return told


def _signals_of(one: Finding, state: State, now: datetime) -> tuple[str, ...]:
    """The signals that a finding is about; one for a person is about those they answer for."""
    if one.signal is not None:
        return (one.signal,)
    kind = kind_of(one.kind)
    if not kind.personal:
        return ()
    return tuple(
        signal
        for signal in state.entries
        if state.answers_for(signal, kind.part, now) == one.subject
    )


def _labels(mine: Sequence[VersionClaims]) -> Labels:
    return Labels(
        n_known=sum(one.n_known for one in mine),
        n_drawn=sum(one.n_drawn for one in mine),
        n_automated=sum(one.n_automated for one in mine),
        n_automated_labelled=sum(one.n_automated_labelled for one in mine),
    )


def _asked(mine: Sequence[VersionClaims]) -> tuple[WayOfAsking, ...]:
    found: Counter[tuple[str | None, str | None]] = Counter()
    for one in mine:
        fields = dict(one.fields)
        found[fields.get("elicitation"), fields.get("elicitation_order")] += one.n_claims
    return tuple(WayOfAsking(*way, n) for way, n in found.most_common())


def _each_once(names: Directory, subs: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names.words(sub) for sub in subs))


def _left(state: State, sub: str) -> bool:
    person = state.people.get(sub)
    return person is None or person.status == "left"


def _in_line(kind: Kind) -> str:
    """A kind of breach within a sentence."""
    words = KIND_WORDS[kind]
    return f"{words[0].lower()}{words[1:]}"


def _midnight(at: datetime) -> datetime:
    return datetime.combine(at.date(), time())
