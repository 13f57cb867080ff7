"""What is wrong now: worked out from the state and the ledger, kind by kind."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from core.defaults import IN_USE
from core.gate.breaches import Breached
from core.gate.breaches import Kind as BreachKind
from core.governance.state import State
from core.governance.validation_lifecycle import DRIFT_ALARM, EVIDENCE_CHANGED, Validation
from core.queries.base.fingerprints_seen import Seen
from core.text.figures import counted
from core.trail.fingerprint import Fingerprint
from core.validation.evidence import Comparison

Severity = Literal["critical", "warning"]


@dataclass(frozen=True)
class FindingKind:
    """What can be wrong; all that is said of it and asked of it by its kind alone.

    Attributes:
        key: as the trail has it.
        words: what it is called on screen.
        severity: how bad it usually is; a condition may say otherwise.
        page: key of the page (`dashboard.pages`) where it is seen and settled.
        thorough: whether only a thorough round can see it; in between it stands as that found it.
    """

    key: str
    words: str
    severity: Severity
    page: str
    thorough: bool = False


#: Worst first, as pages list them.
_ROWS = (
    FindingKind("trail_broken", "Trail broken", "critical", "decision_trail"),
    FindingKind("rows_set_aside", "Logged rows could not be taken in", "critical", "data"),
    FindingKind("empty_owner_seat", "No owner", "critical", "registry"),
    FindingKind("evidence_changed", "Evidence changed", "critical", "sign_off", thorough=True),
    FindingKind("escalation_breached", "Escalation rules breached", "critical", "escalation"),
    FindingKind("drift_alarm", "Drifted beyond the tolerance", "critical", "drift", thorough=True),
    FindingKind("miscalibrated", "Miscalibrated", "critical", "reliability", thorough=True),
    FindingKind(
        "hidden_segment",
        "A segment fails although the total looks fine",
        "critical",
        "segments",
        thorough=True,
    ),
    FindingKind(
        "split_leaked", "Judged on what it was tuned on", "warning", "thresholds", thorough=True
    ),
    FindingKind("validation_suspended", "Validation suspended", "critical", "sign_off"),
    FindingKind("validation_expired", "Validation expired", "critical", "sign_off"),
    FindingKind(
        "new_fingerprint", "New model or prompt version, not validated", "warning", "sign_off"
    ),
    FindingKind("unregistered_signal", "Unregistered signal", "warning", "registry"),
    FindingKind("validation_expiring", "Validation about to expire", "warning", "sign_off"),
    FindingKind("model_changed", "Model changed", "warning", "changes", thorough=True),
    FindingKind(
        "prompt_changed", "Prompt or way of asking changed", "warning", "changes", thorough=True
    ),
    FindingKind("inputs_drifted", "Inputs drifted", "warning", "drift", thorough=True),
    FindingKind("labels_missing", "No recent labels", "warning", "labels", thorough=True),
    FindingKind(
        "judge_disagrees",
        "A judge disagrees with ground truth",
        "warning",
        "reliability",
        thorough=True,
    ),
    FindingKind("metric_gamed", "Metric gamed or collapsed", "warning", "drift", thorough=True),
    FindingKind(
        "confidence_anchored",
        "Confidence anchored by the answer",
        "warning",
        "reliability",
        thorough=True,
    ),
    FindingKind(
        "confidence_theatre",
        "Confidence that changes nothing",
        "warning",
        "escalation",
        thorough=True,
    ),
)
#: By key, in the order pages list them.
KINDS: Mapping[str, FindingKind] = {one.key: one for one in _ROWS}

#: So long before its end a validation or a waiver is about to expire, and never earlier than half
#: the way there.
EXPIRING = timedelta(days=14)
#: Triggers of a suspension that are findings themselves.
_FOUND_ITSELF = (EVIDENCE_CHANGED, DRIFT_ALARM)


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
        evidence: every fact that its words rest on, as text: while these stay the same, it is the
            same, however it is worded.
        level: how bad it is, where that is not what its kind usually is.
    """

    kind: str
    signal: str | None
    subject: str
    text: str
    mend: str
    fingerprint: Fingerprint | None = None
    evidence: tuple[tuple[str, str], ...] = ()
    level: Severity | None = None

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


def conditions(
    state: State,
    seen: Sequence[Seen],
    now: datetime,
    *,
    changed_evidence: Mapping[tuple[str, Fingerprint], Comparison] | None = None,
    breaches: Mapping[str, Breached] | None = None,
) -> tuple[Condition, ...]:
    """Everything that is wrong now, worst first.

    Args:
        state: what the trail says.
        seen: the fingerprints of the ledger.
        now: UTC without zone.
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
    return Condition(
        "trail_broken",
        None,
        "trail_broken",
        why,
        "Verify the trail, hold it against the checkpoints kept outside this ledger, and restore "
        "the last whole backup. Until then the gate sends every case to review.",
    )


def _unregistered(signal: str, prints: Sequence[Seen]) -> Condition:
    n, first = sum(one.n_claims for one in prints), min(one.first_ts for one in prints)
    return Condition(
        "unregistered_signal",
        signal,
        "unregistered_signal",
        f"{n:,} claims since {first:%Y-%m-%d}, and nothing is written down about this signal: what "
        "it decides, who answers for it, when it may act. The gate sends every case to review.",
        "Write its registry entry and apply it.",
        evidence=(("claims", str(n)), ("first", f"{first:%Y-%m-%d}")),
    )


def _empty_seat(signal: str) -> Condition:
    return Condition(
        "empty_owner_seat",
        signal,
        "empty_owner_seat",
        "Nobody answers for this signal: its owner and every deputy have left or are away. The "
        "gate is closed until somebody does.",
        "Name an active owner in its registry entry.",
    )


def _of_fingerprints(
    state: State, signal: str, prints: Sequence[Seen], now: datetime
) -> list[Condition]:
    """What is wrong with the validations of the fingerprints in use."""
    if not prints:
        return []
    newest = max(one.last_ts for one in prints)
    spec = state.entries[signal].spec
    found = []
    for one in prints:
        if one.last_ts < newest - IN_USE:
            continue
        fingerprint = Fingerprint.of(dict(one.fields))
        known = state.validations.get((signal, fingerprint))
        standing = state.standing_of(signal, fingerprint, now)
        evidence = (
            ("claims", str(one.n_claims)),
            ("first", f"{one.first_ts:%Y-%m-%d}"),
            ("last", f"{one.last_ts:%Y-%m-%d}"),
        )

        def condition(
            kind: str,
            text: str,
            mend: str,
            *,
            of: Fingerprint = fingerprint,
            evidence: tuple[tuple[str, str], ...] = evidence,
        ) -> Condition:
            return Condition(kind, signal, of.id, text, mend, of, evidence)

        words = fingerprint.words()
        if standing.state in ("draft", "rejected", "in_validation"):
            waits = " Its evidence waits for a signature." if known and known.candidate else ""
            found.append(
                condition(
                    "new_fingerprint",
                    f"{words}: {one.n_claims:,} claims since {one.first_ts:%Y-%m-%d} by a "
                    f"fingerprint that is not validated. Each falls back to "
                    f"{spec.rules.unvalidated}.{waits}",
                    "Measure it, submit the evidence and have a validator sign it.",
                )
            )
        elif standing.state == "expired":
            found.append(
                condition(
                    "validation_expired",
                    f"{words}: {standing.reason} Its claims fall back to {spec.rules.unvalidated}.",
                    "Submit new evidence on recent claims and have it signed.",
                )
            )
        elif standing.state == "suspended" and _stopped_by(known) not in _FOUND_ITSELF:
            found.append(
                condition(
                    "validation_suspended",
                    f"{words}: {standing.reason} Its claims fall back to {spec.rules.unvalidated}.",
                    "Find out why; then submit new evidence and have it signed.",
                )
            )
        elif standing.open and standing.until is not None:
            held = standing.until - known.since if known else EXPIRING
            lead = min(EXPIRING, held / 2)
            if standing.until - now <= lead and not (known and known.candidate):
                found.append(
                    condition(
                        "validation_expiring",
                        f"{words}: it may act until {standing.until:%Y-%m-%d} and nobody has "
                        "submitted new evidence.",
                        "Submit new evidence now: the gate stays open while it is judged.",
                    )
                )
    return found


def _stopped_by(validation: Validation | None) -> str | None:
    """The trigger that suspended it."""
    return validation.trigger.id if validation is not None and validation.trigger else None


def _changed(signal: str, fingerprint: Fingerprint, now: Comparison) -> Condition:
    return Condition(
        "evidence_changed",
        signal,
        fingerprint.id,
        f"{fingerprint.words()}: what was signed no longer recomputes from the ledger: {now.words}",
        "Verify the trail and the seals; do not sign again before it is explained.",
        fingerprint,
        evidence=(
            ("claims_sha256", now.claims_sha256 or "none"),
            ("differences", str(len(now.differences))),
        ),
    )


#: What a breach of each kind did not keep to.
_BREACH_WORDS: Mapping[BreachKind, str] = {
    "cut": "the cut",
    "override": "a segment's own bands",
    "missing": "what is asked where no confidence is stated",
    "unvalidated": "the fallback of versions that may not act",
}


def _breached(signal: str, of: Breached) -> Condition:
    last = of.until - timedelta(days=1)
    several = ", ".join(f"{n:,} against {_BREACH_WORDS[kind]}" for kind, n in of.by_kind)
    claims = counted(of.n, "claim")
    return Condition(
        "escalation_breached",
        signal,
        # What is worse is another finding, with its own date.
        "automated" if of.n_automated else "reviewed",
        f"{claims} from {of.since:%Y-%m-%d} to {last:%Y-%m-%d} handled less strictly "
        f"than the rules require: {several}. Acted without a person: {of.n_automated:,}. Known to "
        f"be wrong: {of.n_wrong:,}.",
        "Open them, find out why production did not do as the rule says, and make it call the "
        "gate.",
        evidence=(
            ("breaches", str(of.n)),
            ("automated", str(of.n_automated)),
            ("wrong", str(of.n_wrong)),
            *((kind, str(n)) for kind, n in of.by_kind),
            ("first", f"{of.since:%Y-%m-%d}"),
            ("last", f"{last:%Y-%m-%d}"),
        ),
        level=None if of.n_automated else "warning",
    )
