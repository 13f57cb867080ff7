"""What the twelve failures are judged by: facts of one signal, without any judgement."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from core.findings.detectors.confidence.anchoring import WaysCompared
from core.findings.detectors.confidence.metric_gaming import Gaming
from core.findings.detectors.decisions.theatre import Theatre
from core.findings.facts.decisions.stakes import StakesTooLow
from core.findings.facts.labels.leak import Leaked
from core.governance.validations.standing import Standing
from core.measure.failures.asking_order import OrderShown
from core.queries.claims.claims_per_signal import SegmentMoved
from core.queries.sums.pairs.order_times import TimedOrder
from core.sentences.numbers import count
from core.trail.fingerprint import Fingerprint
from core.validation.evidence_bundle import HeldoutUse
from core.validation.recent_sample import Off as Off
from core.validation.recent_sample import Recent as Recent


@dataclass(frozen=True)
class EvidenceTried:
    """The last evidence about a version.

    Attributes:
        at: the day it was frozen.
        n: labelled claims it rests on.
        missed: the criteria that are not, on all claims or the recent ones, in words.
        missed_segments: the criteria that a required segment misses, in words.
        n_left_out: claims left out of it because they were tuned on.
        declared: whether the owner declares in it that nothing was chosen on its claims.
    """

    at: date
    n: int
    missed: tuple[str, ...] = ()
    missed_segments: tuple[str, ...] = ()
    n_left_out: int = 0
    declared: bool = False


@dataclass(frozen=True)
class Version:
    """A fingerprint that made claims.

    Attributes:
        fingerprint: itself.
        n_claims: its claims, tuning ones left out.
        n_automated: those of them whose logged action is automate.
        first: days of its first and last claim.
        in_use: whether its last claim is not long before the signal's.
        standing: whether it may act, and why; None: the trail is broken.
        signed: the day it was signed last; None: never.
        tried: the last evidence about it; None: none was submitted.
        n: its settled labelled claims.
        stated, right: Σ confidence and Σ outcome over these.
    """

    fingerprint: Fingerprint
    n_claims: int
    n_automated: int
    first: date
    in_use: bool
    standing: Standing | None
    signed: date | None = None
    tried: EvidenceTried | None = None
    n: int = 0
    stated: float = 0.0
    right: int = 0

    @property
    def words(self) -> str:
        """As people read it."""
        return self.fingerprint.words()


@dataclass(frozen=True)
class SeatFacts:
    """Who answers for a signal.

    Attributes:
        words: the owner, and who stands in: ``Ann Lee (away); Bob Ng stands in``.
        empty: whether nobody is there.
        deputies: by name, those who left are left out.
        gone: who is responsible for a part and has left: ``schema (Maya Cole)``.
        responsible: for schema, thresholds and monitoring, by name, each once.
    """

    words: str
    empty: bool
    deputies: tuple[str, ...]
    gone: tuple[str, ...]
    responsible: tuple[str, ...]


@dataclass(frozen=True)
class Labels:
    """How a signal's labels came about.

    Attributes:
        n_known: claims with an outcome.
        n_drawn: those drawn with a logged chance below one.
        n_automated: claims logged as automated.
        n_automated_labelled: those of them with an outcome.
    """

    n_known: int
    n_drawn: int
    n_automated: int
    n_automated_labelled: int

    @property
    def one_sided(self) -> bool:
        """Whether only what people looked at is labelled."""
        return self.n_known > 0 and self.n_automated >= 30 and not self.n_automated_labelled


@dataclass(frozen=True)
class WatchFacts:
    """The standing watch over a version since it was signed.

    Attributes:
        fingerprint: which version.
        words: what the watch saw, with its evidence.
        inputs: distinct labelled inputs in them.
        alarm: what the alarm says that stands; "" where none does.
    """

    fingerprint: Fingerprint
    words: str
    inputs: int
    alarm: str


@dataclass(frozen=True)
class WayOfAsking:
    """One way of asking: method and order as logged, and its claims."""

    method: str | None
    order: str | None
    n_claims: int


@dataclass(frozen=True)
class Followed:
    """What was done held against the rules in force then.

    Attributes:
        since, until: the first and the last day looked at.
        n_bands, n_overrides: of the rules in force now.
        n_logged: claims with a logged action that a rule was in force for.
        n_claims: claims that a rule was in force for.
        by_kind: breaches by kind, in words, with their number.
        n_wrong: known wrong ones among the breaches.
    """

    since: date
    until: date
    n_bands: int
    n_overrides: int
    n_logged: int
    n_claims: int
    by_kind: tuple[tuple[str, int], ...] = ()
    n_wrong: int = 0


@dataclass(frozen=True)
class TrailFacts:
    """The ledger's trail, and what of a signal it covers.

    Attributes:
        whole: whether it was verified and nothing is wrong.
        headline: the answer of the verification, in a sentence.
        n_entries: acts in it.
        checked: the day of the verification.
        anchored: whether something outside the ledger vouches for its last entry.
        n_claims: the signal's claims.
        n_unrecorded: those that came in with an import no act records.
        n_sealed, n_unsealed: the gate's answers about it that are sealed, and that are not yet.
        rows_verified: whether every sealed row was verified, now or earlier.
    """

    whole: bool
    headline: str
    n_entries: int
    checked: date
    anchored: bool
    n_claims: int
    n_unrecorded: int
    n_sealed: int
    n_unsealed: int
    rows_verified: bool = True


@dataclass(frozen=True)
class RepairKnown:
    """The newest map that was certified for a signal.

    Attributes:
        version: what claims with its confidences state as ``calibrator_version``.
        of: the version it was fitted on.
        at: the day it was certified.
        inputs: labelled held-out inputs it was judged on.
        before, after: their gap as stated, and mapped.
    """

    version: str
    of: Fingerprint
    at: date
    inputs: int
    before: float
    after: float


@dataclass(frozen=True)
class RiskFacts:
    """Everything the twelve failures are judged by.

    Attributes:
        signal: its name.
        written: whether the trail can be relied on.
        registered: whether anything is written down about it.
        unvalidated: what its claims fall back to; "" without an entry.
        n_claims: its claims, tuning ones left out.
        first: days of its first and last claim; None without any.
        versions: by first claim.
        seat: who answers for it; None: nothing is written down.
        dimensions: segment dimensions that its claims name.
        recent: the newest settled claims; None: none is labelled.
        moved: the segment whose share of the claims moved most; None: none is named.
        labels: how its labels came about.
        leak: what was tuned on, n_named: how many tuning claims name their input, unnamed: how
            many others do not, and all others.
        gaming: every comparison of versions and weeks.
        asked: the ways of asking, most claims first.
        ways: ways of asking held against each other.
        timed: ways of asking whose claims log when answer and confidence came, each with what
            these times show.
        theatre: what it changed.
        followed: what was done; None: no rule was ever in force.
        trail: the trail.
        watches: the standing watch over what is in force, or was until an alarm.
        worn: how often the most worn held-out set of a version in use was judged on; None: there is
            none.
        repair: the newest certified map; None: there is none.
        drifted: what the findings say that what comes in drifted, and that are not resolved.
        unproven: what lets cases act by themselves without proof, or with proof of other versions
            alone, each a sentence.
        broken: cuts above which more are wrong than was proven, each a sentence.
        unwatched: what the findings say that checks did not look, or lack the labels to.
        bypassed: what the findings say that acted without asking the gate.
        handed: what the findings say of people to whom cases went.
        swapped: what kept inputs say of a model that changed behind its name.
        shifted: what the findings say that stated confidence shifted under one version.
        canary: what kept inputs say that are asked again; "" where none are.
        unanswered: findings for whoever answers for a part that are overdue: ``schema: A logged
            field came or went, since 2026-11-20``.
        always_waived: the kinds of finding about it that change nothing, in words.
        log_only: whether its entry says that it decides nothing.
        too_low: what shows that its stakes are written too low; None: nothing does.
    """

    signal: str
    written: bool
    registered: bool
    unvalidated: str
    n_claims: int
    first: date | None
    versions: tuple[Version, ...]
    seat: SeatFacts | None
    dimensions: tuple[str, ...]
    recent: Recent | None
    moved: SegmentMoved | None
    labels: Labels
    leak: Leaked
    n_named: int
    gaming: tuple[Gaming, ...]
    asked: tuple[WayOfAsking, ...]
    ways: tuple[WaysCompared, ...]
    theatre: Theatre
    followed: Followed | None
    trail: TrailFacts
    watches: tuple[WatchFacts, ...] = ()
    drifted: tuple[str, ...] = ()
    unwatched: tuple[str, ...] = ()
    bypassed: tuple[str, ...] = ()
    handed: tuple[str, ...] = ()
    swapped: tuple[str, ...] = ()
    shifted: tuple[str, ...] = ()
    canary: str = ""
    unanswered: tuple[str, ...] = ()
    always_waived: tuple[str, ...] = ()
    log_only: bool = False
    too_low: StakesTooLow | None = None
    worn: HeldoutUse | None = None
    repair: RepairKnown | None = None
    timed: tuple[tuple[TimedOrder, OrderShown], ...] = ()
    unproven: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    unnamed: tuple[int, int] = (0, 0)

    @property
    def in_use(self) -> tuple[Version, ...]:
        """The versions in use, newest first."""
        used = [one for one in self.versions if one.in_use]
        return tuple(sorted(used, key=lambda one: one.first, reverse=True))


def missed_words(name: str, words: str, n: int) -> str:
    """A criterion that is missed, in words: ``topic=medical missed ECE 0.170 (…), at most 0.08``.

    Args:
        words: as `core.validation.criteria.CriterionResult` says it.
        n: labelled claims it rests on.
    """
    return f"{name} missed {words.partition(': ')[0]} (n {count(n)})"
