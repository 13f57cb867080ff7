"""What a new version of a registry entry says otherwise, in the words of those who read it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import attrgetter
from typing import Any, TypeVar

from core.queries.base.truth import USUAL, Truth
from core.registry.escalation_rules import Band, Override, Rules, fraction
from core.registry.signal_spec import Costs, Criterion, Queue, SignalSpec, ValidationPlan
from core.registry.spec_json import MATERIAL, material_sha256
from core.text.figures import counted

#: Stands where there is nothing before, or nothing after.
NOTHING = "–"

Naming = Callable[[str], str]
_T = TypeVar("_T", bound=Hashable)


@dataclass(frozen=True)
class Difference:
    """One thing that changes.

    Attributes:
        field: as a registry file names it, ``spec.escalation.bands``.
        before, after: in words; `NOTHING` where there is none.
        words: the whole change as one phrase, ``cut between review and automate 0.90 → 0.85``.
        material: whether a validation rests on it, so that changing it reopens validation.
    """

    field: str
    before: str
    after: str
    words: str
    material: bool


def differences(
    old: SignalSpec | None, new: SignalSpec, *, name: Naming | None = None
) -> tuple[Difference, ...]:
    """Every difference between two versions of an entry; empty exactly when they are equal.

    Args:
        old: the entry in force; None: the signal is unregistered, and what the new one says is
            listed.
        new: the entry proposed.
        name: how a person or group is shown; without ``user:`` unless given.
    """
    naming = name or _without_prefix
    if old is None:
        return tuple(_new_entry(new, naming))
    return (
        *_fields(_SIGNAL, old, new),
        *_truth(old, new),
        *_people(old, new, naming),
        *_fields(_PLAN, old, new),
        *_plan(old.validation, new.validation),
        *_rules(old.rules, new.rules),
        *_fields(_ESCALATION, old, new),
        *_pairs("labels", old.labels, new.labels),
        *_pairs("annotations", old.annotations, new.annotations),
    )


def reopens_validation(old: SignalSpec | None, new: SignalSpec) -> bool:
    """Whether the change takes the ground from under validations that rest on ``old``."""
    return old is not None and material_sha256(old) != material_sha256(new)


def lines(
    old: SignalSpec | None, new: SignalSpec, *, name: Naming | None = None
) -> tuple[str, ...]:
    """The differences as lines to print; the last one says so when they reopen validation."""
    said = tuple(one.words for one in differences(old, new, name=name))
    if reopens_validation(old, new):
        return (*said, "reopens validation")
    return said or ("nothing changes",)


def criterion_words(criterion: Criterion) -> str:
    """A bound as people read it: ``ece at most 0.05``."""
    bounds = []
    if criterion.minimum_ppm is not None:
        bounds.append(f"at least {fraction(criterion.minimum_ppm)}")
    if criterion.maximum_ppm is not None:
        bounds.append(f"at most {fraction(criterion.maximum_ppm)}")
    return f"{criterion.metric} {' and '.join(bounds) or 'without a bound'}"


def bands_words(bands: Sequence[Band]) -> str:
    """Bands as people read them: ``escalate below 0.62, review below 0.90, automate above``."""
    if len(bands) == 1 and bands[0].below_ppm is None:
        return f"always {bands[0].action}"
    return ", ".join(
        f"{one.action} above" if one.below_ppm is None else f"{one.action} below {_cut(one)}"
        for one in bands
    )


def queue_words(queue: Queue | None) -> str:
    """Where cases wait, as people read it: ``desk-2 within 8 hours``."""
    if queue is None:
        return NOTHING
    hours = f"{queue.within_hours:,} {'hour' if queue.within_hours == 1 else 'hours'}"
    return f"{queue.name} within {hours}"


def costs_words(costs: Costs | None) -> str:
    """What cases cost, as people read it: ``error 25, review 3, escalation 8 EUR``."""
    if costs is None:
        return NOTHING
    error, review, escalation = map(
        fraction, (costs.error_millionths, costs.review_millionths, costs.escalate_millionths)
    )
    return f"error {error}, review {review}, escalation {escalation} {costs.unit}"


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


def _new_entry(new: SignalSpec, name: Naming) -> Iterator[Difference]:
    """What an entry says that did not exist, the weightiest first."""
    bounds = ", ".join(map(criterion_words, new.validation.criteria))
    for field, after, words in (
        ("metadata.name", new.name, f"new entry for {new.name}, stakes {new.stakes}"),
        ("spec.decision", new.decision, f"decides: {new.decision}"),
        ("spec.owner", name(new.owner), f"owner {name(new.owner)}"),
        ("spec.validation.criteria", bounds, f"validated where {bounds}"),
        ("spec.escalation.bands", bands_words(new.rules.bands), bands_words(new.rules.bands)),
    ):
        yield Difference(field, NOTHING, after, words, True)
    for override in new.rules.overrides:
        yield _override_added(override)
    yield from _known_values(Rules(()), new.rules)
    for field, thing, queue in (
        (_REVIEW, "review goes to", new.handling.review),
        (_ESCALATE, "escalate goes to", new.handling.escalate),
    ):
        if queue is not None:
            words = queue_words(queue)
            yield Difference(field, NOTHING, words, f"{thing} {words}", False)
    if new.costs is not None:
        words = costs_words(new.costs)
        yield Difference("spec.costs", NOTHING, words, f"costs {words}", False)


@dataclass(frozen=True)
class _Field:
    """A field with one value.

    Attributes:
        place: as a registry file names it.
        path: of `SignalSpec`; whether a validation rests on it follows from `MATERIAL`.
        thing: in words.
        show: its value in words.
    """

    place: str
    path: str
    thing: str
    show: Callable[[Any], str] = str


def _fields(fields: Iterable[_Field], old: SignalSpec, new: SignalSpec) -> Iterator[Difference]:
    for one in fields:
        of, material = attrgetter(one.path), one.path.split(".")[0] in MATERIAL
        yield from _changed(one.place, one.thing, of(old), of(new), one.show, material=material)


def _truth(old: SignalSpec, new: SignalSpec) -> Iterator[Difference]:
    declared = (old.truth is None, new.truth is None)
    yield from _changed(
        "spec.truth",
        "ground truth",
        old.truth,
        new.truth,
        truth_words,
        material=declared[0] != declared[1] or not old.ground_truth.counts_as(new.ground_truth),
    )


def _people(old: SignalSpec, new: SignalSpec, name: Naming) -> Iterator[Difference]:
    yield from _changed("spec.owner", "owner", old.owner, new.owner, name, material=False)
    for field, thing, before, after in (
        ("spec.deputies", "deputy", old.deputies, new.deputies),
        ("spec.validators", "validator", old.validators, new.validators),
        ("spec.riskApprovers", "risk approver", old.risk_approvers, new.risk_approvers),
    ):
        ordered = field == "spec.deputies"
        yield from _listed(field, thing, before, after, name, material=False, ordered=ordered)
    parts = ("schema", "thresholds", "monitoring")
    yield from _fields(
        (
            _Field(
                f"spec.responsible.{part}", f"responsible.{part}", f"responsible for {part}", name
            )
            for part in parts
        ),
        old,
        new,
    )


def _plan(old: ValidationPlan, new: ValidationPlan) -> Iterator[Difference]:
    field = "spec.validation.segments"
    yield from _listed(field, "required segment", old.segments, new.segments)
    yield from _criteria(old.criteria, new.criteria)


def _criteria(old: tuple[Criterion, ...], new: tuple[Criterion, ...]) -> Iterator[Difference]:
    """Bounds on one metric are one changed bound, where each metric has one."""
    field = "spec.validation.criteria"
    before, after = ({one.metric: one for one in bounds} for bounds in (old, new))
    if len(before) == len(old) and len(after) == len(new):
        for metric in before:
            if metric in after:
                yield from _changed(
                    field, "criterion", before[metric], after[metric], criterion_words
                )
        # What was changed in place is neither gone nor added.
        old = tuple(after.get(one.metric, one) for one in old)
    yield from _listed(field, "criterion", old, new, criterion_words)


def _rules(old: Rules, new: Rules) -> Iterator[Difference]:
    yield from _bands("spec.escalation.bands", "", old.bands, new.bands)
    field = "spec.escalation.overrides"
    before, after = (
        {(one.dimension, one.value): one for one in rules.overrides} for rules in (old, new)
    )
    kept = old.overrides
    if len(before) == len(old.overrides) and len(after) == len(new.overrides):
        for key, one in before.items():
            if key in after:
                prefix = f"for {'='.join(key)}: "
                yield from _bands(field, prefix, one.bands, after[key].bands)
        kept = tuple(after.get((one.dimension, one.value), one) for one in old.overrides)
    yield from _listed(field, "override", kept, new.overrides, _override_words, ordered=True)
    yield from _known_values(old, new)


def _known_values(old: Rules, new: Rules) -> Iterator[Difference]:
    """Which other values of an override's dimension exist, so that they fall under the bands."""
    before, after = (
        [(name, value) for name, values in rules.known_values for value in values]
        for rules in (old, new)
    )
    field, thing = "spec.escalation.knownValues", "known value"
    found = tuple(_listed(field, thing, before, after, "=".join))
    yield from found
    if not found and old.known_values != new.known_values:
        # The same pairs, divided otherwise among dimensions.
        was, now = (_known_words(rules) for rules in (old, new))
        yield Difference(field, was, now, f"known values {was} → {now}", False)


def _known_words(rules: Rules) -> str:
    said = (f"{name}: {', '.join(values)}" for name, values in rules.known_values)
    return "; ".join(said) or NOTHING


_REVIEW, _ESCALATE = "spec.escalation.handling.review", "spec.escalation.handling.escalate"


def _bands(
    field: str, prefix: str, old: tuple[Band, ...], new: tuple[Band, ...]
) -> Iterator[Difference]:
    """Cut by cut where the same actions follow each other, otherwise the bands as a whole."""
    if [one.action for one in old] != [one.action for one in new]:
        yield from _changed(field, f"{prefix}bands", old, new, bands_words)
        return
    for i, (lower, upper) in enumerate(pairwise(old)):
        thing = f"{prefix}cut between {lower.action} and {upper.action}"
        yield from _changed(field, thing, lower, new[i], _cut)
    if old:
        yield from _changed(field, f"{prefix}cut of the last band", old[-1], new[-1], _cut)


def _override_added(override: Override) -> Difference:
    words = _override_words(override)
    field = "spec.escalation.overrides"
    return Difference(field, NOTHING, words, f"override added: {words}", True)


def _override_words(override: Override) -> str:
    return f"{override.dimension}={override.value}: {bands_words(override.bands)}"


def _pairs(
    part: str, old: tuple[tuple[str, str], ...], new: tuple[tuple[str, str], ...]
) -> Iterator[Difference]:
    thing = part.removesuffix("s")
    yield from _listed(f"metadata.{part}", thing, old, new, "=".join, material=False)


def _changed(
    field: str,
    thing: str,
    before: _T,
    after: _T,
    show: Callable[[_T], str] = str,
    *,
    material: bool = True,
) -> Iterator[Difference]:
    if before != after:
        was, now = show(before), show(after)
        yield Difference(field, was, now, f"{thing} {was} → {now}", material)


def _listed(
    field: str,
    thing: str,
    old: Sequence[_T],
    new: Sequence[_T],
    show: Callable[[_T], str] = str,
    *,
    material: bool = True,
    ordered: bool = False,
) -> Iterator[Difference]:
    """What left a list, what came to its end, and any other order of it.

    Only where the list is ``ordered`` does its order mean something: it is told beside other
    changes, and is as material as they are.
    """
    rest, kept = list(new), []
    for one in old:
        if one in rest:
            rest.remove(one)
            kept.append(one)
        else:
            words = show(one)
            yield Difference(field, words, NOTHING, f"{thing} removed: {words}", material)
    for one in rest:
        words = show(one)
        yield Difference(field, NOTHING, words, f"{thing} added: {words}", material)
    same = len(kept) == len(old) and not rest
    if list(new) != [*kept, *rest] and (ordered or same):
        was, now = ("; ".join(map(show, order)) for order in (old, new))
        words = f"order ({thing}) {was} → {now}"
        yield Difference(field, was, now, words, material and ordered)


def _cut(band: Band) -> str:
    return NOTHING if band.below_ppm is None else fraction(band.below_ppm)


def _days(number: int) -> str:
    return counted(number, "day")


def _count(number: int) -> str:
    return f"{number:,}"


def _yes_or_no(flag: bool) -> str:
    return "yes" if flag else "no"


def _quoted(text: str) -> str:
    return f"“{text}”"


def _or_any(text: str | None) -> str:
    return "any" if text is None else _quoted(text)


def _without_prefix(reference: str) -> str:
    return reference.removeprefix("user:")


_SIGNAL = (
    _Field("metadata.name", "name", "name"),
    _Field("spec.decision", "decision", "decision", _quoted),
    _Field("metadata.labels.stakes", "stakes", "stakes"),
    _Field("spec.elicitation.method", "method", "method", _or_any),
    _Field("spec.elicitation.order", "order", "order", _or_any),
    _Field("spec.tolerance", "tolerance_ppm", "tolerance", fraction),
    _Field("spec.highConfidence", "high_from_ppm", "high-confidence band from", fraction),
    _Field("spec.maturity.days", "maturity.days", "outcomes mature after", _days),
    _Field(
        "spec.maturity.coverage", "maturity.coverage_ppm", "outcomes mature at coverage", fraction
    ),
)
_OF_PLAN, _FALLS = "spec.validation", "spec.escalation.fallback"
_PLAN = (
    _Field(f"{_OF_PLAN}.maxAgeDays", "validation.max_age_days", "validation expires after", _days),
    _Field(f"{_OF_PLAN}.cadenceDays", "validation.cadence_days", "re-measured every", _days),
    _Field(f"{_OF_PLAN}.windowDays", "validation.window_days", "recent production window", _days),
    _Field(f"{_OF_PLAN}.minSamples", "validation.min_samples", "labelled inputs needed", _count),
    _Field(f"{_OF_PLAN}.selfSign", "validation.self_sign", "author may sign", _yes_or_no),
)
_ESCALATION = (
    _Field(f"{_FALLS}.unvalidated", "rules.unvalidated", "where the fingerprint may not act:"),
    _Field(f"{_FALLS}.missing", "rules.missing", "where no confidence is stated:"),
    _Field(f"{_FALLS}.invalid", "rules.invalid", "where what is stated is no confidence:"),
    _Field(_REVIEW, "handling.review", "review goes to", queue_words),
    _Field(_ESCALATE, "handling.escalate", "escalate goes to", queue_words),
    _Field("spec.costs", "costs", "costs", costs_words),
)
