"""What is written down about a signal: one registry entry as a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from core.defaults import (
    AUDIT_WITHIN_DAYS,
    CADENCE_DAYS,
    HELDOUT_USES,
    JUDGE_TOLERANCE,
    WINDOW_DAYS,
)
from core.events import PPM
from core.queries.base.truth import USUAL as USUAL_TRUTH
from core.queries.base.truth import Truth
from core.registry.escalation_rules import Action, RuleBand, Rules
from core.terms import USUAL, Maturity, Terms

#: ``log-only``: its confidence decides nothing, so nothing has to be signed.
Stakes = Literal["log-only", "low", "medium", "high"]
LOG_ONLY: Stakes = "log-only"

#: Prefix of a reference to a group of people where a person's opaque id could stand.
GROUP = "group:"


@dataclass(frozen=True)
class Criterion:
    """A bound on one metric; exactly one of minimum and maximum is set.

    Attributes:
        metric: a key of `core.measure.metrics.bounded.METRICS`; of ``gap`` and ``high_band_gap``
            the size counts, not the sign; ``automated_error`` is the share of wrong ones among
            what the rules would automate.
        minimum_ppm, maximum_ppm: the bound, in whole millionths.
    """

    metric: str
    minimum_ppm: int | None = None
    maximum_ppm: int | None = None


#: What of a signal somebody may answer for beside its owner.
ResponsiblePart = Literal["schema", "thresholds", "monitoring"]


@dataclass(frozen=True)
class Responsible:
    """Who answers for a part of the signal; opaque ids."""

    schema: str
    thresholds: str
    monitoring: str

    def of(self, part: ResponsiblePart) -> str:
        """Who answers for a part."""
        return {
            "schema": self.schema,
            "thresholds": self.thresholds,
            "monitoring": self.monitoring,
        }[part]


@dataclass(frozen=True)
class ValidationPlan:
    """What a validation needs, and how long it holds.

    Attributes:
        max_age_days: days from the signature until it expires.
        cadence_days: days after which a re-measurement is due.
        window_days: length of the recent production window that every bundle holds.
        min_samples: labelled inputs that the judged sample needs, and each required segment a
            tenth of it but at least 30.
        segments: required segment dimensions: the criteria apply to each of their values.
        criteria: at least one of calibration and one of discrimination.
        self_sign: whether the author may sign; only with low stakes.
        heldout_uses: how many times one held-out set may be judged on; None: not declared.
    """

    max_age_days: int
    min_samples: int
    criteria: tuple[Criterion, ...]
    segments: tuple[str, ...] = ()
    cadence_days: int = CADENCE_DAYS
    window_days: int = WINDOW_DAYS
    self_sign: bool = False
    heldout_uses: int | None = None

    @property
    def heldout_budget(self) -> int:
        """How many times one held-out set may be judged on, declared or not."""
        return HELDOUT_USES if self.heldout_uses is None else self.heldout_uses


@dataclass(frozen=True)
class Queue:
    """Where cases wait for a person.

    Attributes:
        name: the queue, as the people who work it off call it.
        within_hours: whole hours in which a case has to be taken up.
    """

    name: str
    within_hours: int


@dataclass(frozen=True)
class Handling:
    """Where the cases of an action go; None: nothing is written down."""

    review: Queue | None = None
    escalate: Queue | None = None

    def of(self, action: Action) -> Queue | None:
        """The queue of an action; what is automated waits for nobody."""
        return {"automate": None, "review": self.review, "escalate": self.escalate}[action]


@dataclass(frozen=True)
class Costs:
    """What a case costs, in whole millionths of one unit.

    Attributes:
        unit: of all of them, as in ``EUR`` or ``minutes``.
        error_millionths: one wrong case that was automated.
        review_millionths, escalate_millionths: one review, one escalation.
    """

    unit: str
    error_millionths: int
    review_millionths: int
    escalate_millionths: int


#: What an entry that is only logged has in place of a plan and of rules: nothing to measure up to,
#: and bands that no case meets, for nothing opens the gate to them.
UNPLANNED = ValidationPlan(max_age_days=1, min_samples=1, criteria=())
UNRULED = Rules((RuleBand(500_000, "escalate"), RuleBand(None, "review")), invalid="review")


@dataclass(frozen=True)
class CanaryPlan:
    """How often kept inputs are asked again, and what a change of the model does.

    Attributes:
        every_days: whole days between two rounds.
        closes_gate: whether a model that changed behind its name loses its validation at once.
    """

    every_days: int
    closes_gate: bool = False


@dataclass(frozen=True)
class AuditPlan:
    """The audit sample that is drawn of a signal every week.

    Attributes:
        per_week: unlabelled inputs to draw a week, of each value where ``by`` is given.
        by: a segment dimension; None: of all claims alike.
        within_days: days after a draw in which its labels are to be there.
    """

    per_week: int
    by: str | None = None
    within_days: int = AUDIT_WITHIN_DAYS


@dataclass(frozen=True)
class SignalSpec:
    """One registry entry. People are opaque ids, groups ``group:<name>``.

    Attributes:
        name: the signal.
        decision: what its confidence decides, in words.
        stakes: how much harm a wrong decision does; sets how soon findings are due. ``log-only``:
            it decides nothing; such an entry has `UNPLANNED` and `UNRULED`.
        owner: who answers for it.
        deputies: who stands in, in this order.
        validators: who may sign; never the owner or a deputy.
        risk_approvers: who may approve a waiver; never the owner.
        responsible: for schema, thresholds and monitoring.
        method, order: how the confidence is asked for; None: any.
        tolerance_ppm: the gap accepted.
        high_from_ppm: lower edge of the high-confidence band.
        maturity: when outcomes may be read as final.
        validation: what a validation needs.
        rules: what is done with a case.
        labels: free labels, name → value.
        annotations: references to other systems, name → value.
        handling: where cases go that are not automated. Like ``costs`` no part of what a
            validation rests on.
        costs: what errors and people's work cost; None: not declared.
        truth: whose labels count as truth; None: not declared.
        canary: how often kept inputs are asked again; None: not declared.
        audit: the audit sample drawn every week; None: none is.
        cuts_from: SHA-256 of the threshold runs that its cuts come from; empty: chosen by hand.
    """

    name: str
    decision: str
    stakes: Stakes
    owner: str
    deputies: tuple[str, ...]
    validators: tuple[str, ...]
    risk_approvers: tuple[str, ...]
    responsible: Responsible
    method: str | None
    order: str | None
    validation: ValidationPlan
    rules: Rules
    tolerance_ppm: int = round(USUAL.tolerance * PPM)
    high_from_ppm: int = round(USUAL.high_from * PPM)
    maturity: Maturity = USUAL.maturity
    labels: tuple[tuple[str, str], ...] = ()
    annotations: tuple[tuple[str, str], ...] = ()
    handling: Handling = Handling()
    costs: Costs | None = None
    truth: Truth | None = None
    canary: CanaryPlan | None = None
    audit: AuditPlan | None = None
    cuts_from: tuple[str, ...] = ()

    @property
    def log_only(self) -> bool:
        """Whether its confidence decides nothing."""
        return self.stakes == LOG_ONLY

    @property
    def terms(self) -> Terms:
        """By what it is measured."""
        return Terms(self.tolerance_ppm / PPM, self.high_from_ppm / PPM, self.maturity)

    @property
    def ground_truth(self) -> Truth:
        """Whose labels count as truth, declared or not."""
        return self.truth or USUAL_TRUTH

    @property
    def judge_tolerance(self) -> float:
        """Share of the claims on which a judge may disagree with truth, in (0, 1)."""
        declared = self.ground_truth.judge_tolerance_ppm
        return JUDGE_TOLERANCE if declared is None else declared / PPM


@dataclass(frozen=True)
class Group:
    """A group of people, which may stand where validators or risk approvers do.

    Attributes:
        name: without the prefix ``group:``.
        members: people, as handles or opaque ids.
    """

    name: str
    members: tuple[str, ...]
