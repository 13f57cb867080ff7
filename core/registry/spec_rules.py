"""Whether a registry entry makes sense, wherever it was written: in a file or on the page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from core.measure.metrics.bounded import CALIBRATION_METRICS, DISCRIMINATION_METRICS
from core.registry.entry_table import stated_values
from core.registry.escalation_rules import Rules, check_rules
from core.registry.signal_spec import UNPLANNED, UNRULED, Handling, SignalSpec, ValidationPlan
from core.registry.value_checks import (
    SpecProblem,
    check_dimension,
    check_once,
    check_segment_value,
    person_key,
)


def check_spec(spec: SignalSpec) -> tuple[SpecProblem, ...]:
    """Everything that keeps an entry from being taken into the registry; empty when it is fit.

    Args:
        spec: people as handles (``user:finance/ann.lee``) or opaque ids.
    """
    if spec.log_only:
        return (*check_values(SignalSpec, spec), *_check_owner(spec), *_check_undeciding(spec))
    return (
        *check_values(SignalSpec, spec),
        *_check_owner(spec),
        *_check_seats(spec),
        *_check_plan(spec.validation, low_stakes=spec.stakes == "low"),
        *_check_escalation(spec),
    )


def check_values(kind: type, entry: Any) -> Iterator[SpecProblem]:
    """What is wrong with each field by itself, as its row has it."""
    for place, row, value in stated_values(kind, entry):
        if row.check is None or value is None:
            continue
        # What the usual one is, is judged at its own place.
        if not (row.usual and value == getattr(entry, row.usual)):
            yield from row.check(place, value)


def _check_owner(spec: SignalSpec) -> Iterator[SpecProblem]:
    for i, deputy in enumerate(spec.deputies):
        if person_key(deputy) == person_key(spec.owner):
            fix = "is the owner; write somebody else, or leave it out"
            yield SpecProblem(f"spec.deputies[{i}]", deputy, fix)


def _check_undeciding(spec: SignalSpec) -> Iterator[SpecProblem]:
    """What decides nothing needs no plan, and may have no rules that would let it."""
    signs = (spec.validators, spec.risk_approvers, spec.validation)
    acts = (spec.rules, spec.handling)
    if signs != ((), (), UNPLANNED) or acts != (UNRULED, Handling()):
        fix = "is log-only, so nobody signs and nothing acts; leave out who signs, the validation "
        fix += "and the escalation, or write low, medium or high"
        yield SpecProblem("metadata.labels.stakes", spec.stakes, fix)


def _check_seats(spec: SignalSpec) -> Iterator[SpecProblem]:
    owner, deputies = person_key(spec.owner), set(map(person_key, spec.deputies))
    if not spec.validators:
        fix = "is empty; write who may sign: a person, a group, or a list of them"
        yield SpecProblem("spec.validators", "", fix)
    may_sign_own = spec.validation.self_sign and spec.stakes == "low"
    for i, validator in enumerate(spec.validators):
        key = person_key(validator)
        if (key == owner or key in deputies) and not may_sign_own:
            seat = "the owner" if key == owner else "a deputy"
            fix = "who prepares a validation does not sign it; write somebody else"
            if spec.stakes == "low":
                fix += ", or set validation.selfSign"
            yield SpecProblem(f"spec.validators[{i}]", validator, f"is {seat}, and {fix}")
    for i, approver in enumerate(spec.risk_approvers):
        if person_key(approver) == owner:
            fix = "is the owner, who approves no waiver of their own signal; write somebody else"
            yield SpecProblem(f"spec.riskApprovers[{i}]", approver, fix)


def _check_plan(plan: ValidationPlan, *, low_stakes: bool) -> Iterator[SpecProblem]:
    if plan.self_sign and not low_stakes:
        fix = "is only for low stakes; leave selfSign out and let a validator sign"
        yield SpecProblem("spec.validation.selfSign", "true", fix)
    place = "spec.validation.criteria"
    seen: set[str] = set()
    for i, criterion in enumerate(plan.criteria):
        if criterion.metric in seen:
            fix = "has a criterion already; keep one"
            yield SpecProblem(f"{place}[{i}].metric", criterion.metric, fix)
        seen.add(criterion.metric)
    if not seen & set(CALIBRATION_METRICS):
        fix = (
            "bound no calibration metric, so a confidence far from how often it is right would "
            "pass; "
            f"add one of {', '.join(CALIBRATION_METRICS)} with a max"
        )
        yield SpecProblem(place, "", fix)
    if not seen & set(DISCRIMINATION_METRICS):
        fix = (
            "bound no discrimination metric, so a confidence collapsed to one value that suits "
            "the average would pass while it tells right from wrong nowhere; add auroc or dsc "
            "with a min"
        )
        yield SpecProblem(place, "", fix)


def _check_escalation(spec: SignalSpec) -> Iterator[SpecProblem]:
    place = "spec.escalation"
    for i, override in enumerate(spec.rules.overrides):
        field = f"{place}.overrides[{i}].where"
        yield from check_dimension(field, override.dimension)
        yield from check_segment_value(field, override.value)
    yield from _check_known(spec.rules, f"{place}.knownValues")
    for problem in check_rules(spec.rules):
        yield SpecProblem(f"{place}.{problem.place}", problem.value, problem.words)


def _check_known(rules: Rules, place: str) -> Iterator[SpecProblem]:
    special = {(one.dimension.lower(), one.value) for one in rules.overrides}
    overridden = {dimension for dimension, _ in special}
    seen: set[str] = set()
    for dimension, values in rules.known_values:
        field = f"{place}.{dimension}"
        key = dimension.lower()
        if key not in overridden:
            fix = "has no override, so all of its values fall under the bands; leave it out"
            yield SpecProblem(field, dimension, fix)
        elif key in seen:
            fix = "stands there twice, and letter case does not count; keep one"
            yield SpecProblem(field, dimension, fix)
        seen.add(key)
        if not values:
            yield SpecProblem(field, "", "is empty; list the values, or leave it out")
        yield from check_once(field, values)
        for i, value in enumerate(values):
            one = f"{field}[{i}]"
            yield from check_segment_value(one, value)
            if (key, value) in special:
                fix = "has an override of its own; leave it out of the list"
                yield SpecProblem(one, value, fix)
