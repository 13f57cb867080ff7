"""What is wrong now: worked out from the state and the ledger, kind by kind."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from core.defaults import IN_USE
from core.findings.facts.base import Facts
from core.findings.facts.change.canary import CanaryMissed, ChangedBehindName
from core.findings.facts.change.drift import Drifted
from core.findings.facts.change.inputs import InputsDrifted
from core.findings.facts.change.stated import StatedShifted
from core.findings.facts.change.versions import VersionChanged
from core.findings.facts.confidence.anchoring import Anchored
from core.findings.facts.confidence.asking_order import OrderContradicted
from core.findings.facts.confidence.calibration import HiddenSegment, Miscalibrated
from core.findings.facts.confidence.gaming import Gamed
from core.findings.facts.decisions.bypass import GateBypassed
from core.findings.facts.decisions.cuts import CutOlder, PromiseBroken, UnprovenCut
from core.findings.facts.decisions.handoffs import HandOffsOverdue, RubberStamp
from core.findings.facts.decisions.stakes import StakesTooLow
from core.findings.facts.decisions.theatre import AlwaysTheSame
from core.findings.facts.labels.disputes import LabelsContradict
from core.findings.facts.labels.heldout import HeldoutWorn
from core.findings.facts.labels.judges import Disagrees
from core.findings.facts.labels.labels import AuditUnanswered, MissingLabels
from core.findings.facts.labels.leak import Leaked
from core.findings.facts.watching.evidence import EvidenceChanged
from core.findings.facts.watching.monitoring import CheckFailed, RunsMissed
from core.findings.facts.watching.schema import (
    FieldChanged,
    ShareJumped,
    VersionsUnnamed,
    VolumeStopped,
)
from core.findings.facts.watching.set_aside import SetAside
from core.findings.facts.watching.standing import (
    Breaches,
    BrokenTrail,
    EmptySeat,
    Expired,
    Expiring,
    NewFingerprint,
    Suspended,
    Unregistered,
)
from core.findings.facts.watching.time_stamps import NotStamped
from core.gate.breaches import Breached
from core.governance.state import State
from core.governance.stops import CANARY_ALARM, DRIFT_ALARM, EVIDENCE_CHANGED
from core.governance.validations.records import RULES_CHANGED, Validation
from core.governance.validations.standing import at_time
from core.queries.base.seen.fingerprints_seen import Seen
from core.registry import proof_rules
from core.registry.cut_runs import chosen_by_hand, proven_on_others
from core.registry.signal_spec import ResponsiblePart
from core.trail.facts import FACTS, read, written
from core.trail.fingerprint import Fingerprint
from core.validation.evidence import Recomputed

Severity = Literal["critical", "warning"]


@dataclass(frozen=True)
class FindingKind:
    """What can be wrong; all that is said of it and asked of it by its kind alone.

    Attributes:
        key: as the trail has it.
        words: what it is called on screen.
        severity: how bad it usually is; a condition may say otherwise.
        page: key of the page (`dashboard.pages`) where it is seen and settled.
        facts: what the trail holds of it, with the words made from that; None: not known.
        thorough: whether only a thorough round can see it; in between it stands as that found it.
        part: what of the signal it is about, so that whoever answers for that must respond to it;
            None: the owner.
        personal: whether it is of the ledger as a whole and for one person, its subject.
    """

    key: str
    words: str
    severity: Severity
    page: str
    facts: type[Facts] | None = None
    thorough: bool = False
    part: ResponsiblePart | None = None
    personal: bool = False


#: Worst first, as pages list them.
_ROWS = (
    FindingKind("trail_broken", "Trail broken", "critical", "decision_trail", BrokenTrail),
    FindingKind(
        "rows_set_aside", "Logged rows could not be taken in", "critical", "data", SetAside
    ),
    FindingKind("empty_owner_seat", "No owner", "critical", "registry", EmptySeat),
    FindingKind(
        "evidence_changed",
        "Evidence changed",
        "critical",
        "sign_off",
        EvidenceChanged,
        thorough=True,
    ),
    FindingKind(
        "escalation_breached", "Escalation rules breached", "critical", "escalation", Breaches
    ),
    FindingKind(
        "gate_bypassed",
        "Acted without asking the gate",
        "critical",
        "escalation",
        GateBypassed,
        thorough=True,
    ),
    FindingKind(
        "drift_alarm", "Drifted beyond the tolerance", "critical", "drift", Drifted, thorough=True
    ),
    FindingKind(
        "model_swapped", "Model changed behind its name", "critical", "drift", ChangedBehindName
    ),
    FindingKind(
        "miscalibrated", "Miscalibrated", "critical", "reliability", Miscalibrated, thorough=True
    ),
    FindingKind(
        "hidden_segment",
        "A segment fails although the total looks fine",
        "critical",
        "segments",
        HiddenSegment,
        thorough=True,
    ),
    FindingKind(
        "split_leaked",
        "Judged on what it was tuned on",
        "warning",
        "thresholds",
        Leaked,
        thorough=True,
        part="thresholds",
    ),
    FindingKind(
        "heldout_worn",
        "Held-out set judged on too often",
        "warning",
        "sign_off",
        HeldoutWorn,
        thorough=True,
    ),
    FindingKind("validation_suspended", "Validation suspended", "critical", "sign_off", Suspended),
    FindingKind("validation_expired", "Validation expired", "critical", "sign_off", Expired),
    FindingKind(
        "new_fingerprint",
        "New model or prompt version, not validated",
        "warning",
        "sign_off",
        NewFingerprint,
    ),
    FindingKind(
        "unregistered_signal", "Signal not registered", "warning", "registry", Unregistered
    ),
    FindingKind(
        "promise_broken",
        "More wrong above the threshold than proven",
        "warning",
        "thresholds",
        PromiseBroken,
        thorough=True,
        part="thresholds",
    ),
    FindingKind(
        "cut_older",
        "Threshold older than its evidence",
        "warning",
        "thresholds",
        CutOlder,
        part="thresholds",
    ),
    FindingKind(
        "cut_unproven",
        "Acts without proof above its threshold",
        "warning",
        "registry",
        UnprovenCut,
        part="thresholds",
    ),
    FindingKind(
        "validation_expiring", "Validation about to expire", "warning", "sign_off", Expiring
    ),
    FindingKind(
        "model_changed", "Model changed", "warning", "changes", VersionChanged, thorough=True
    ),
    FindingKind(
        "prompt_changed",
        "Prompt or way of asking changed",
        "warning",
        "changes",
        VersionChanged,
        thorough=True,
    ),
    FindingKind(
        "inputs_drifted", "Inputs drifted", "warning", "drift", InputsDrifted, thorough=True
    ),
    FindingKind(
        "stated_shifted",
        "Stated confidence shifted",
        "warning",
        "drift",
        StatedShifted,
        thorough=True,
    ),
    FindingKind(
        "labels_missing",
        "No recent labels",
        "warning",
        "labels",
        MissingLabels,
        thorough=True,
        part="monitoring",
    ),
    FindingKind(
        "audit_unanswered",
        "Labels of an audit sample are overdue",
        "warning",
        "labels",
        AuditUnanswered,
        thorough=True,
        part="monitoring",
    ),
    FindingKind(
        "volume_stopped",
        "No claims come in any more",
        "warning",
        "data",
        VolumeStopped,
        thorough=True,
        part="schema",
    ),
    FindingKind(
        "field_changed",
        "A logged field came or went",
        "warning",
        "data",
        FieldChanged,
        thorough=True,
        part="schema",
    ),
    FindingKind(
        "share_jumped",
        "More unstated or refused than before",
        "warning",
        "data",
        ShareJumped,
        thorough=True,
        part="schema",
    ),
    FindingKind(
        "versions_unnamed",
        "Claims that name no version",
        "warning",
        "data",
        VersionsUnnamed,
        thorough=True,
        part="schema",
    ),
    FindingKind(
        "rubber_stamp",
        "A reviewer lets wrong answers pass",
        "warning",
        "escalation",
        RubberStamp,
        thorough=True,
    ),
    FindingKind(
        "handoffs_overdue",
        "Cases that went to people are overdue",
        "warning",
        "escalation",
        HandOffsOverdue,
        thorough=True,
    ),
    FindingKind(
        "check_failed",
        "A check could not look",
        "warning",
        "watch",
        CheckFailed,
        thorough=True,
        part="monitoring",
    ),
    FindingKind(
        "runs_missed",
        "Standing checks did not run",
        "warning",
        "watch",
        RunsMissed,
        thorough=True,
        part="monitoring",
        personal=True,
    ),
    FindingKind(
        "labels_contradict",
        "Labels contradict each other",
        "warning",
        "labels",
        LabelsContradict,
        thorough=True,
    ),
    FindingKind(
        "judge_disagrees",
        "A judge disagrees with ground truth",
        "warning",
        "reliability",
        Disagrees,
        thorough=True,
    ),
    FindingKind(
        "metric_gamed", "Metric gamed or collapsed", "warning", "drift", Gamed, thorough=True
    ),
    FindingKind(
        "confidence_anchored",
        "Confidence anchored by the answer",
        "warning",
        "reliability",
        Anchored,
        thorough=True,
    ),
    FindingKind(
        "canary_missed",
        "Kept inputs were not asked",
        "warning",
        "watch",
        CanaryMissed,
        part="monitoring",
    ),
    FindingKind(
        "order_contradicted",
        "Not asked in the order that is logged",
        "warning",
        "reliability",
        OrderContradicted,
        thorough=True,
    ),
    FindingKind(
        "not_stamped", "No time stamp from outside", "warning", "decision_trail", NotStamped
    ),
    FindingKind(
        "confidence_theatre",
        "Confidence that changes nothing",
        "warning",
        "escalation",
        AlwaysTheSame,
        thorough=True,
    ),
    FindingKind(
        "stakes_too_low",
        "Acts more than its stakes allow",
        "warning",
        "registry",
        StakesTooLow,
        thorough=True,
    ),
)
#: By key, in the order pages list them.
KINDS: Mapping[str, FindingKind] = {one.key: one for one in _ROWS}

#: So long before its end a validation or a waiver is about to expire, and never earlier than half
#: the way there.
EXPIRING = timedelta(days=14)
#: Triggers of a suspension that are findings themselves.
_FOUND_ITSELF = (EVIDENCE_CHANGED, DRIFT_ALARM, CANARY_ALARM)


@dataclass(frozen=True)
class Condition:
    """Something that is wrong now.

    Attributes:
        kind: key of one of `KINDS`, or what another version found, see `kind_of`.
        signal: which signal; None for the ledger as a whole.
        subject: what of it: a fingerprint's id, or the kind again.
        fingerprint: where it is about one.
        text: what is wrong, in a sentence.
        mend: what to do next, in a sentence.
        evidence: the main numbers, as text: while these stay the same, it is the same, however it
            is worded.
        level: how bad it is, where that is not what its kind usually is.
        facts: every fact that its words rest on, as acts carry it; None: an act of before holds
            its words instead.
    """

    kind: str
    signal: str | None
    subject: str
    text: str
    mend: str
    fingerprint: Fingerprint | None = None
    evidence: tuple[tuple[str, str], ...] = ()
    level: Severity | None = None
    facts: Mapping[str, Any] | None = None

    @classmethod
    def of(
        cls,
        kind: str,
        signal: str | None,
        subject: str,
        facts: Facts,
        fingerprint: Fingerprint | None = None,
        level: Severity | None = None,
    ) -> Condition:
        """A condition by its facts, worded as whoever reads them in the trail will."""
        carried = written(facts)
        told = told_of(kind, {FACTS: carried}, fingerprint)
        return cls(
            kind, signal, subject, told.text, told.mend, fingerprint, told.evidence, level, carried
        )

    @property
    def id(self) -> str:
        """The same for the same thing wrong, whenever it comes: ``n-`` and twelve digits."""
        words = "\n".join((self.kind, self.signal or "", self.subject))
        return f"n-{hashlib.sha256(words.encode()).hexdigest()[:12]}"

    @property
    def severity(self) -> Severity:
        """How bad it is: as its kind, unless it says so itself."""
        return self.level or kind_of(self.kind).severity


def kind_of(key: str) -> FindingKind:
    """The row of a kind.

    A trail may hold what another version found. Such a kind is called by its key, seen in the
    registry, and left alone by rounds that do not look for everything.
    """
    return KINDS.get(key) or FindingKind(key, key, "warning", "registry", thorough=True)


@dataclass(frozen=True)
class ToldFinding:
    """A finding in words; attributes as of `Condition`."""

    text: str
    mend: str
    evidence: tuple[tuple[str, str], ...]


def told_of(kind: str, body: Mapping[str, Any], fingerprint: Fingerprint | None) -> ToldFinding:
    """What an act says of a finding: its words made from the facts, or those it was stored with.

    Args:
        body: of an act that opens or revises a finding.
    """
    if FACTS not in body:
        return ToldFinding(str(body["text"]), str(body["mend"]), _as_text(body["evidence"]))
    carried, known = body[FACTS], kind_of(kind).facts
    version = "" if fingerprint is None else fingerprint.words()
    try:
        if known is None:
            raise ValueError(f"no kind of finding is called {kind!r}")
        facts = read(known, carried)
        return ToldFinding(facts.text(version), facts.fix(), _as_text(facts.numbers()))
    except ValueError:
        return ToldFinding(json.dumps(carried, ensure_ascii=False), _OTHERS, ())


#: What to do about a kind that another version of the program found.
_OTHERS = "Read it with the version of the program that found it."


def _as_text(numbers: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((str(name), str(value)) for name, value in numbers.items()))


def conditions(
    state: State,
    seen: Sequence[Seen],
    now: datetime,
    *,
    changed_evidence: Mapping[tuple[str, Fingerprint], Recomputed] | None = None,
    breaches: Mapping[str, Breached] | None = None,
) -> tuple[Condition, ...]:
    """Everything that is wrong now, worst first.

    Args:
        changed_evidence: what differs, where evidence that was signed no longer recomputes.
        breaches: the last days' breaches, of the signals that have any.
    """
    found: list[Condition] = []
    by_signal: dict[str, list[Seen]] = {}
    for one in seen:
        by_signal.setdefault(one.signal, []).append(one)
    for signal, prints in by_signal.items():
        if signal not in state.entries:
            found.append(_unregistered(signal, prints))
    for signal in state.entries:
        if state.acting_owner(signal, now) is None:
            found.append(_empty_seat(signal))
        if proof_rules.unproven(state.entries[signal].spec, state.runs):
            found.append(_cut_unproven(state, signal))
        found += _of_fingerprints(state, signal, by_signal.get(signal, ()), now)
    for (signal, fingerprint), comparison in (changed_evidence or {}).items():
        found.append(_changed(signal, fingerprint, comparison))
    for signal, of in (breaches or {}).items():
        found.append(_breached(signal, of))
    order = tuple(KINDS)
    return tuple(sorted(found, key=lambda one: (order.index(one.kind), one.signal or "", one.id)))


def broken_trail(why: str) -> Condition:
    """That the trail is broken, of which nothing else can be told.

    Args:
        why: what is the matter, in a sentence.
    """
    return Condition.of("trail_broken", None, "trail_broken", BrokenTrail(why))


def _unregistered(signal: str, prints: Sequence[Seen]) -> Condition:
    n, first = sum(one.n_claims for one in prints), min(one.first_ts for one in prints)
    facts = Unregistered(n, first.date())
    return Condition.of("unregistered_signal", signal, "unregistered_signal", facts)


def _empty_seat(signal: str) -> Condition:
    return Condition.of("empty_owner_seat", signal, "empty_owner_seat", EmptySeat())


def _cut_unproven(state: State, signal: str) -> Condition:
    spec = state.entries[signal].spec
    by_hand = tuple(map(proof_rules.cut_words, chosen_by_hand(spec, state.runs)))
    facts = UnprovenCut(spec.stakes, proof_rules.unbounded(spec), by_hand)
    return Condition.of("cut_unproven", signal, "cut_unproven", facts)


def _of_fingerprints(
    state: State, signal: str, prints: Sequence[Seen], now: datetime
) -> list[Condition]:
    """What is wrong with the validations of the fingerprints in use."""
    if not prints or state.entries[signal].spec.log_only:
        return []
    newest = max(one.last_ts for one in prints)
    found = []
    for one in prints:
        if one.last_ts < newest - IN_USE:
            continue
        fingerprint = Fingerprint.of(dict(one.fields))
        kind, facts = _of_fingerprint(state, signal, fingerprint, one, now)
        if facts is not None:
            found.append(Condition.of(kind, signal, fingerprint.id, facts, fingerprint))
        if state.standing_of(signal, fingerprint, now).open:
            found += _cut_older(state, signal, fingerprint)
    return found


def _cut_older(state: State, signal: str, fingerprint: Fingerprint) -> list[Condition]:
    """That a version acts by cuts that were chosen on claims of others.

    Where a criterion says how often what acts by itself may be wrong, its own evidence proves them.
    """
    spec = state.entries[signal].spec
    older = proven_on_others(spec, state.runs, fingerprint)
    if not older or any(one.metric == "automated_error" for one in spec.validation.criteria):
        return []
    run = older[0][1]
    facts = CutOlder(
        tuple(proof_rules.cut_words(cut) for cut, _ in older),
        run.sha256,
        run.at.date(),
        proof_rules.versions_words(run.versions or ()),
    )
    return [Condition.of("cut_older", signal, fingerprint.id, facts, fingerprint)]


def _of_fingerprint(
    state: State, signal: str, fingerprint: Fingerprint, seen: Seen, now: datetime
) -> tuple[str, Facts | None]:
    """What is wrong with the validation of one, by the kind of it; None: nothing."""
    known = state.validations.get((signal, fingerprint))
    standing = state.standing_of(signal, fingerprint, now)
    used = seen.n_claims, seen.first_ts.date(), seen.last_ts.date()
    fallback = state.entries[signal].spec.rules.unvalidated
    waits = known is not None and known.candidate is not None
    if standing.state in ("draft", "rejected", "in_validation"):
        return "new_fingerprint", NewFingerprint(*used, fallback, waits)
    if known is None:
        return "", None
    if standing.state == "expired":
        # What time alone ended, no act says.
        over = at_time(known, max(now, state.last_at))
        facts = Expired(*used, fallback, over.since.date(), waiver=over.waiver is not None)
        return "validation_expired", facts
    if standing.state == "suspended" and _stopped_by(known) not in _FOUND_ITSELF:
        on = known.since.date() if known.state == "suspended" else None
        said = None if on is None or _stopped_by(known) in (None, RULES_CHANGED) else known.trigger
        reason = None if said is None else said.reason
        return "validation_suspended", Suspended(*used, fallback, on, reason)
    if standing.open and standing.until is not None and not waits:
        lead = min(EXPIRING, (standing.until - known.since) / 2)
        if standing.until - now <= lead:
            return "validation_expiring", Expiring(*used, standing.until.date())
    return "", None


def _stopped_by(validation: Validation | None) -> str | None:
    """The trigger that suspended it."""
    return validation.trigger.id if validation is not None and validation.trigger else None


def _changed(signal: str, fingerprint: Fingerprint, now: Recomputed) -> Condition:
    facts = EvidenceChanged(now.facts)
    return Condition.of("evidence_changed", signal, fingerprint.id, facts, fingerprint)


def _breached(signal: str, of: Breached) -> Condition:
    last = of.until - timedelta(days=1)
    # What is worse is another finding, with its own date.
    level: Severity | None
    subject, level = ("automated", None) if of.n_automated else ("reviewed", "warning")
    facts = Breaches(
        of.n, of.n_automated, of.n_wrong, tuple(of.by_kind), of.since.date(), last.date()
    )
    return Condition.of("escalation_breached", signal, subject, facts, level=level)
