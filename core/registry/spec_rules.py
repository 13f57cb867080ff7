"""Whether a registry entry makes sense, wherever it was written: in a file or on the page."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from core.events import ALLOWED, PPM
from core.measure.metrics.bounded import CALIBRATION_METRICS, DISCRIMINATION_METRICS, METRICS
from core.queries.base.segment_names import RESERVED_DIMENSIONS, kept
from core.queries.base.truth import JUDGE, TRUTH_SOURCES, Truth
from core.registry.escalation_rules import Rules, check_rules, fraction
from core.registry.signal_spec import (
    GROUP,
    Costs,
    Criterion,
    Handling,
    SignalSpec,
    ValidationPlan,
)
from core.registry.strict_yaml import shortened
from core.terms import Maturity

#: As a registry file writes a person, or the opaque id of one whose name was erased.
PERSON = re.compile(r"user:[A-Za-z0-9._/@+-]{1,120}|p-[0-9a-f]{16}")
GROUP_NAME = re.compile(r"[A-Za-z0-9._/@+-]{1,120}")
_LABEL = re.compile(r"[A-Za-z0-9._/@+-]{1,120}")
_DIMENSION = re.compile(r"[A-Za-z0-9_.-]{1,64}")

ORDERS = tuple(ALLOWED["elicitation_order"])

#: No text of an entry is longer.
LONGEST = 2000
#: No count of days is longer, about a century.
MOST_DAYS = 36_525
MOST_SAMPLES = 10**9
#: No case may wait longer, about a year; and no unit is longer.
MOST_HOURS, LONGEST_UNIT = 8_784, 20
#: No cost is above a thousand million units.
MOST_COST = 10**9 * PPM


@dataclass(frozen=True)
class SpecProblem:
    """Why an entry is refused.

    Attributes:
        field: as a registry file names it, ``spec.validation.criteria[1].max``.
        value: what stands there; "" where nothing does.
        words: what is wrong with it and what to write instead, beginning with the verb.
    """

    field: str
    value: str
    words: str

    def __str__(self) -> str:
        value = f'"{shortened(self.value, 80)}" ' if self.value else ""
        return f"{shortened(self.field, 120)}: {value}{shortened(self.words, 400)}."


def person_key(person: str) -> str:
    """What two spellings of one person share: case and compatibility forms make no other person."""
    return unicodedata.normalize("NFKC", person).casefold()


def check_spec(spec: SignalSpec) -> tuple[SpecProblem, ...]:
    """Everything that keeps an entry from being taken into the registry; empty when it is fit.

    Args:
        spec: people as handles (``user:finance/ann.lee``) or opaque ids.
    """
    return (
        *_check_texts(spec),
        *_check_people(spec),
        *_check_plan(spec.validation, low_stakes=spec.stakes == "low"),
        *_check_elicitation(spec),
        *_check_maturity(spec.maturity),
        *_check_escalation(spec),
        *_check_handling(spec.handling),
        *_check_costs(spec.costs),
        *_check_truth(spec.truth),
    )


def check_text(field: str, value: str) -> Iterator[SpecProblem]:
    """Text that people read: something, on no more than a page, nothing invisible in it."""
    if not value.strip():
        yield SpecProblem(field, "", "is empty; write some text")
    elif value != value.strip():
        yield SpecProblem(field, value, "begins or ends with a space; leave it out")
    elif len(value) > LONGEST:
        yield SpecProblem(field, value, f"has more than {LONGEST} characters; shorten it")
    elif any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") and c != "\n" for c in value):
        yield SpecProblem(field, ascii(value)[1:-1], "has a control character; leave it out")


def check_person(field: str, value: str, *, group: bool = False) -> Iterator[SpecProblem]:
    """A reference to a person, or where ``group`` says so to a group."""
    if PERSON.fullmatch(value):
        return
    if value.startswith(GROUP):
        if not group:
            mend = "is a group; write one person, as in user:finance/ann.lee"
            yield SpecProblem(field, value, mend)
        elif not GROUP_NAME.fullmatch(value.removeprefix(GROUP)):
            yield SpecProblem(field, value, "names no group; write it like group:risk/validation")
        return
    mend = "write one like user:finance/ann.lee"
    if group:
        mend += ", or a group like group:risk/validation"
    yield SpecProblem(field, value, f"names no person; {mend}")


def _check_texts(spec: SignalSpec) -> Iterator[SpecProblem]:
    yield from check_text("metadata.name", spec.name)
    if "\n" in spec.name:
        yield SpecProblem("metadata.name", ascii(spec.name)[1:-1], "has a line break; leave it out")
    yield from check_text("spec.decision", spec.decision)
    for part, pairs in (("labels", spec.labels), ("annotations", spec.annotations)):
        names = Counter(name for name, _ in pairs)
        for name, value in pairs:
            field = f"metadata.{part}.{name}"
            if not _LABEL.fullmatch(name):
                mend = "is no name; use letters, digits and . _ / @ + -, at most 120 of them"
                yield SpecProblem(f"metadata.{part}", name, mend)
            elif part == "labels" and name == "stakes":
                yield SpecProblem(field, value, "is a field of its own; leave the label out")
            elif names[name] > 1:
                yield SpecProblem(field, value, "stands there more than once; keep one")
            else:
                yield from check_text(field, value)


def _check_people(spec: SignalSpec) -> Iterator[SpecProblem]:
    yield from check_person("spec.owner", spec.owner)
    owner, deputies = person_key(spec.owner), set(map(person_key, spec.deputies))
    for i, deputy in enumerate(spec.deputies):
        field = f"spec.deputies[{i}]"
        yield from check_person(field, deputy)
        if person_key(deputy) == owner:
            yield SpecProblem(field, deputy, "is the owner; write somebody else, or leave it out")
    yield from check_once("spec.deputies", map(person_key, spec.deputies))
    if not spec.validators:
        mend = "is empty; write who may sign: a person, a group, or a list of them"
        yield SpecProblem("spec.validators", "", mend)
    may_sign_own = spec.validation.self_sign and spec.stakes == "low"
    for i, validator in enumerate(spec.validators):
        field = f"spec.validators[{i}]"
        yield from check_person(field, validator, group=True)
        key = person_key(validator)
        if (key == owner or key in deputies) and not may_sign_own:
            seat = "the owner" if key == owner else "a deputy"
            mend = "who prepares a validation does not sign it; write somebody else"
            if spec.stakes == "low":
                mend += ", or set validation.selfSign"
            yield SpecProblem(field, validator, f"is {seat}, and {mend}")
    yield from check_once("spec.validators", map(_key, spec.validators))
    for i, approver in enumerate(spec.risk_approvers):
        field = f"spec.riskApprovers[{i}]"
        yield from check_person(field, approver, group=True)
        if person_key(approver) == owner:
            mend = "is the owner, who approves no waiver of their own signal; write somebody else"
            yield SpecProblem(field, approver, mend)
    yield from check_once("spec.riskApprovers", map(_key, spec.risk_approvers))
    for name in ("schema", "thresholds", "monitoring"):
        person = getattr(spec.responsible, name)
        if person != spec.owner:
            yield from check_person(f"spec.responsible.{name}", person)


def _key(reference: str) -> str:
    """As `person_key`; the name of a group is taken as it stands."""
    return reference if reference.startswith(GROUP) else person_key(reference)


def check_once(field: str, keys: Iterable[str]) -> Iterator[SpecProblem]:
    """No key of a list stands there twice."""
    seen: set[str] = set()
    for i, key in enumerate(keys):
        if key in seen:
            yield SpecProblem(f"{field}[{i}]", key, "stands there twice; keep one")
        seen.add(key)


def _check_elicitation(spec: SignalSpec) -> Iterator[SpecProblem]:
    if spec.method is not None:
        yield from check_text("spec.elicitation.method", spec.method)
    if spec.order is not None and spec.order not in ORDERS:
        mend = f"is no order; write one of {', '.join(ORDERS)}"
        yield SpecProblem("spec.elicitation.order", spec.order, mend)


def _check_maturity(maturity: Maturity) -> Iterator[SpecProblem]:
    if not 0 <= maturity.days <= MOST_DAYS:
        mend = f"is out of range; write a whole number from 0 to {MOST_DAYS}"
        yield SpecProblem("spec.maturity.days", str(maturity.days), mend)
    if maturity.coverage_ppm == 0:
        mend = "would call a cohort without any label mature; write a share above 0"
        yield SpecProblem("spec.maturity.coverage", "0", mend)


def _check_plan(plan: ValidationPlan, *, low_stakes: bool) -> Iterator[SpecProblem]:
    place = "spec.validation"
    for field, number, most in (
        ("maxAgeDays", plan.max_age_days, MOST_DAYS),
        ("cadenceDays", plan.cadence_days, MOST_DAYS),
        ("windowDays", plan.window_days, MOST_DAYS),
        ("minSamples", plan.min_samples, MOST_SAMPLES),
    ):
        if not 1 <= number <= most:
            mend = f"is out of range; write a whole number from 1 to {most}"
            yield SpecProblem(f"{place}.{field}", str(number), mend)
    if plan.self_sign and not low_stakes:
        mend = "is only for low stakes; leave selfSign out and let a validator sign"
        yield SpecProblem(f"{place}.selfSign", "true", mend)
    for i, dimension in enumerate(plan.segments):
        yield from check_dimension(f"{place}.segments[{i}]", dimension)
    yield from check_once(f"{place}.segments", plan.segments)
    seen: set[str] = set()
    for i, criterion in enumerate(plan.criteria):
        yield from _check_criterion(f"{place}.criteria[{i}]", criterion)
        if criterion.metric in seen:
            mend = "has a criterion already; keep one"
            yield SpecProblem(f"{place}.criteria[{i}].metric", criterion.metric, mend)
        seen.add(criterion.metric)
    metrics = {one.metric for one in plan.criteria}
    if not metrics & set(CALIBRATION_METRICS):
        mend = (
            "bound no calibration metric, so a confidence far from how often it is right would "
            "pass; "
            f"add one of {', '.join(CALIBRATION_METRICS)} with a max"
        )
        yield SpecProblem(f"{place}.criteria", "", mend)
    if not metrics & set(DISCRIMINATION_METRICS):
        mend = (
            "bound no discrimination metric, so a confidence collapsed to one value that suits "
            "the average would pass while it tells right from wrong nowhere; add auroc or dsc "
            "with a min"
        )
        yield SpecProblem(f"{place}.criteria", "", mend)


def check_dimension(field: str, dimension: str) -> Iterator[SpecProblem]:
    """The name of a segment dimension, as an import takes it."""
    if not _DIMENSION.fullmatch(dimension):
        mend = "names no segment; use letters, digits and _ . -, at most 64 of them"
        yield SpecProblem(field, dimension, mend)
    elif dimension.lower() in RESERVED_DIMENSIONS:
        yield SpecProblem(field, dimension, "is no segment of a claim; write a segment dimension")


def _check_criterion(field: str, criterion: Criterion) -> Iterator[SpecProblem]:
    metric = criterion.metric
    if metric not in METRICS:
        mend = f"is no metric; write one of {', '.join(METRICS)}"
        yield SpecProblem(f"{field}.metric", metric, mend)
        return
    row, low, high = METRICS[metric], criterion.minimum_ppm, criterion.maximum_ppm
    wanted, other = ("min", "max") if row.rises else ("max", "min")
    bound, wrong = (low, high) if wanted == "min" else (high, low)
    if wrong is not None:
        better = "larger" if wanted == "min" else "smaller"
        mend = f"is a bound on the wrong side, as {metric} is better {better}; write {wanted}"
        yield SpecProblem(f"{field}.{other}", fraction(wrong), mend)
    elif bound is None:
        yield SpecProblem(field, "", f"has no bound; add {wanted}")
    elif row.rises and bound <= (row.collapsed_ppm or 0):
        mend = f"bounds nothing; write a min above {fraction(row.collapsed_ppm or 0)}"
        if row.collapsed_ppm is not None:
            mend += ", which a confidence collapsed to one value reaches"
        yield SpecProblem(f"{field}.min", fraction(bound), mend)
    elif row.least_strict_ppm is not None:
        least = row.least_strict_ppm
        if bound < least if row.rises else bound > least:
            side = "at least" if row.rises else "at most"
            mend = f"bounds hardly anything, as {row.passes}; write {side} {fraction(least)}"
            yield SpecProblem(f"{field}.{wanted}", fraction(bound), mend)


def _check_escalation(spec: SignalSpec) -> Iterator[SpecProblem]:
    place = "spec.escalation"
    for i, override in enumerate(spec.rules.overrides):
        field = f"{place}.overrides[{i}].where"
        yield from check_dimension(field, override.dimension)
        yield from _check_value(field, override.value)
    yield from _check_known(spec.rules, f"{place}.knownValues")
    for problem in check_rules(spec.rules):
        yield SpecProblem(f"{place}.{problem.place}", problem.value, problem.words)


def _check_value(field: str, value: str) -> Iterator[SpecProblem]:
    """A segment's value that rules name: as an import keeps it, or no claim would ever have it."""
    if not kept(value):
        yield SpecProblem(field, "", "names no value; write the segment's value")
    elif kept(value) != value:
        mend = "has white space around it, which an import drops; leave it out"
        yield SpecProblem(field, ascii(value)[1:-1], mend)
    elif any(unicodedata.category(c) in ("Cc", "Cs") for c in value):
        yield SpecProblem(field, ascii(value)[1:-1], "has a control character; leave it out")
    elif value[0] in "[{":
        mend = "is no single value; write one that claims state as text"
        yield SpecProblem(field, value, mend)


def _check_known(rules: Rules, place: str) -> Iterator[SpecProblem]:
    special = {(one.dimension.lower(), one.value) for one in rules.overrides}
    overridden = {dimension for dimension, _ in special}
    seen: set[str] = set()
    for dimension, values in rules.known_values:
        field = f"{place}.{dimension}"
        key = dimension.lower()
        if key not in overridden:
            mend = "has no override, so all of its values fall under the bands; leave it out"
            yield SpecProblem(field, dimension, mend)
        elif key in seen:
            mend = "stands there twice, and letter case does not count; keep one"
            yield SpecProblem(field, dimension, mend)
        seen.add(key)
        if not values:
            yield SpecProblem(field, "", "is empty; list the values, or leave it out")
        yield from check_once(field, values)
        for i, value in enumerate(values):
            one = f"{field}[{i}]"
            yield from _check_value(one, value)
            if (key, value) in special:
                mend = "has an override of its own; leave it out of the list"
                yield SpecProblem(one, value, mend)


def _check_handling(handling: Handling) -> Iterator[SpecProblem]:
    for action, queue in (("review", handling.review), ("escalate", handling.escalate)):
        if queue is None:
            continue
        place = f"spec.escalation.handling.{action}"
        yield from check_text(f"{place}.queue", queue.name)
        if not 1 <= queue.within_hours <= MOST_HOURS:
            mend = f"is out of range; write whole hours from 1 to {MOST_HOURS}"
            yield SpecProblem(f"{place}.withinHours", str(queue.within_hours), mend)


def _check_costs(costs: Costs | None) -> Iterator[SpecProblem]:
    if costs is None:
        return
    yield from check_text("spec.costs.unit", costs.unit)
    if len(costs.unit) > LONGEST_UNIT or "\n" in costs.unit:
        mend = f"is no unit; write one word of at most {LONGEST_UNIT} characters, as in EUR"
        yield SpecProblem("spec.costs.unit", ascii(costs.unit)[1:-1], mend)
    for name, millionths in (
        ("error", costs.error_millionths),
        ("review", costs.review_millionths),
        ("escalate", costs.escalate_millionths),
    ):
        if not 0 <= millionths < MOST_COST:
            mend = "is out of range; write an amount from 0 to below a thousand million"
            yield SpecProblem(f"spec.costs.{name}", str(millionths), mend)


def _check_truth(truth: Truth | None) -> Iterator[SpecProblem]:
    if truth is None:
        return
    place, listed = "spec.truth.sources", " or ".join(TRUTH_SOURCES)
    if not truth.sources:
        yield SpecProblem(place, "", f"is empty; write {listed}, or both")
    yield from check_once("spec.truth.sources", truth.sources)
    for i, source in enumerate(truth.sources):
        field = f"{place}[{i}]"
        if source == JUDGE:
            mend = (
                "is a judge's label, which stands beside the truth and is never taken for it; "
                "leave it out, and register the judge as a signal of its own to check it"
            )
            yield SpecProblem(field, source, mend)
        elif source not in TRUTH_SOURCES:
            yield SpecProblem(field, source, f"is no source of labels; write {listed}")
    if truth.judge_tolerance_ppm is not None and not 0 < truth.judge_tolerance_ppm < PPM:
        yield SpecProblem(
            "spec.truth.judgeTolerance",
            fraction(truth.judge_tolerance_ppm),
            'is out of range; write a share above 0 and below 1, as in "0.10"',
        )
