"""Parts of a registry entry as people read them."""

from __future__ import annotations

from collections.abc import Sequence

from core.defaults import HELDOUT_USES
from core.queries.base.truth import USUAL, Truth
from core.registry.escalation_rules import Override, RuleBand, fraction
from core.registry.signal_spec import AuditPlan, CanaryPlan, Costs, Criterion, Queue
from core.text.figures import counted

#: Stands where there is nothing.
NOTHING = "–"


def criterion_words(criterion: Criterion) -> str:
    """A bound as people read it: ``ece at most 0.05``."""
    bounds = []
    if criterion.minimum_ppm is not None:
        bounds.append(f"at least {fraction(criterion.minimum_ppm)}")
    if criterion.maximum_ppm is not None:
        bounds.append(f"at most {fraction(criterion.maximum_ppm)}")
    return f"{criterion.metric} {' and '.join(bounds) or 'without a bound'}"


def bands_words(bands: Sequence[RuleBand]) -> str:
    """Bands as people read them: ``escalate below 0.62, review below 0.90, automate above``."""
    if len(bands) == 1 and bands[0].below_ppm is None:
        return f"always {bands[0].action}"
    return ", ".join(
        f"{one.action} above" if one.below_ppm is None else f"{one.action} below {cut_words(one)}"
        for one in bands
    )


def cut_words(band: RuleBand) -> str:
    """The threshold of a band."""
    return NOTHING if band.below_ppm is None else fraction(band.below_ppm)


def override_words(override: Override) -> str:
    """The bands of a segment: ``language=hi: always review``."""
    return f"{override.dimension}={override.value}: {bands_words(override.bands)}"


def queue_words(queue: Queue | None) -> str:
    """Where cases wait, as people read it: ``desk-2 within 8 hours``."""
    return (
        NOTHING if queue is None else f"{queue.name} within {counted(queue.within_hours, 'hour')}"
    )


def costs_words(costs: Costs | None) -> str:
    """What cases cost, as people read it: ``error 25, review 3, escalation 8 EUR``."""
    if costs is None:
        return NOTHING
    error, review, escalation = map(
        fraction, (costs.error_millionths, costs.review_millionths, costs.escalate_millionths)
    )
    return f"error {error}, review {review}, escalation {escalation} {costs.unit}"


def audit_words(audit: AuditPlan | None) -> str:
    """What is drawn, as people read it: ``40 labels a week of each topic, within 14 days``."""
    if audit is None:
        return NOTHING
    of = "" if audit.by is None else f" of each {audit.by}"
    within = counted(audit.within_days, "day")
    return f"{counted(audit.per_week, 'label')} a week{of}, within {within}"


def truth_words(truth: Truth | None) -> str:
    """Whose labels count, as people read it: ``HUMAN, CODE and labels that state no source``."""
    said = truth or USUAL
    words = " and ".join(
        [", ".join(said.sources), *["labels that state no source"] * said.unstated]
    )
    if truth is None:
        return f"not declared ({words})"
    if truth.judge_tolerance_ppm is None:
        return words
    return f"{words}; a judge may disagree on {fraction(truth.judge_tolerance_ppm)} of the claims"


def canary_words(plan: CanaryPlan | None) -> str:
    """How kept inputs are asked again, as people read it: ``every 7 days, closes the gate``."""
    if plan is None:
        return NOTHING
    every = "every day" if plan.every_days == 1 else f"every {plan.every_days} days"
    return f"{every}, {'closes' if plan.closes_gate else 'does not close'} the gate"


def pair_words(pair: tuple[str, str]) -> str:
    """A name and its value: ``team=support``."""
    return "=".join(pair)


def known_words(known: Sequence[tuple[str, Sequence[str]]]) -> str:
    """Values by their dimension: ``topic: tax, billing``."""
    return "; ".join(f"{name}: {', '.join(values)}" for name, values in known) or NOTHING


def days_words(number: int) -> str:
    """So many days."""
    return counted(number, "day")


def count_words(number: int) -> str:
    """A count."""
    return f"{number:,}"


def times_words(number: int | None) -> str:
    """As in ``at most 5 times``; nothing declared: as usual."""
    said = HELDOUT_USES if number is None else number
    return f"at most {said:,} {'time' if said == 1 else 'times'}"


def yes_or_no(flag: bool) -> str:
    """A flag."""
    return "yes" if flag else "no"


def quoted(text: str) -> str:
    """Text of people."""
    return f"“{text}”"


def quoted_or_any(text: str | None) -> str:
    """Text of people that may be left out."""
    return "any" if text is None else quoted(text)
