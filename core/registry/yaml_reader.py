"""The written registry as people keep it: YAML in, entries out, and back."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import yaml

from core.ledger.errors import LedgerError
from core.queries.base.truth import Truth
from core.registry.escalation_rules import ACTIONS, Action, Band, Override, Rules
from core.registry.signal_spec import (
    GROUP,
    STAKES,
    Costs,
    Criterion,
    Handling,
    Queue,
    Responsible,
    SignalSpec,
    ValidationPlan,
)
from core.registry.spec_rules import (
    GROUP_NAME,
    SpecProblem,
    check_once,
    check_person,
    check_spec,
    person_key,
)
from core.registry.strict_yaml import (
    Missing,
    Notes,
    Place,
    Problem,
    Unreadable,
    documents,
    file_text,
    said,
)
from core.terms import Maturity

API_VERSION = "calledger/v1"
KINDS = ("ConfidenceSignal", "Group")

_T = TypeVar("_T")


@dataclass(frozen=True)
class Group:
    """A group of people, which may stand where validators or risk approvers do.

    Attributes:
        name: without the prefix ``group:``.
        members: people, as handles or opaque ids.
    """

    name: str
    members: tuple[str, ...]


@dataclass(frozen=True)
class RegistryFile:
    """What a file holds; people are handles, ``user:finance/ann.lee``.

    Attributes:
        specs: its entries, in the file's order.
        groups: its groups.
    """

    specs: tuple[SignalSpec, ...]
    groups: tuple[Group, ...]


class RegistryFileError(LedgerError):
    """A registry file is refused; the message has its first problems, each with its fix.

    Attributes:
        source: the file's name.
        problems: all of them, by line.
    """

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(said(problems, source)))
        self.source = source
        self.problems = tuple(problems)


def read_path(path: str | os.PathLike[str]) -> RegistryFile:
    """Read a registry file.

    Raises:
        RegistryFileError: it is refused.
        LedgerError: there is no such file, or it cannot be read.
    """
    path = Path(path)
    try:
        text = file_text(path, "file")
    except Unreadable as error:
        raise RegistryFileError(path.name, [error.problem]) from None
    return read(text, source=path.name)


def read(text: str, *, source: str = "registry") -> RegistryFile:
    """Read registry entries and groups, one a document.

    Args:
        text: YAML.
        source: what the file is called in messages.

    Raises:
        RegistryFileError: with every problem of the file.
    """
    try:
        nodes = documents(text)
    except Unreadable as error:
        raise RegistryFileError(source, [error.problem]) from None
    if not nodes:
        words = f"holds no entry; write one that begins with apiVersion: {API_VERSION}"
        raise RegistryFileError(source, [Problem(1, "", "", words)])
    problems: list[Problem] = []
    specs: list[SignalSpec] = []
    groups: list[Group] = []
    names: dict[tuple[type, str], int] = {}
    for node in nodes:
        notes = Notes()
        found = _document(Place(node, "", _line(node), notes))
        if found is not None:
            line = notes.line_of("metadata.name")
            first = names.setdefault((type(found), found.name), line)
            if first != line:
                words = f"has an entry already, on line {first}; keep one"
                notes.add(Problem(line, "metadata.name", f'"{found.name}"', words))
            if isinstance(found, SignalSpec):
                _note(notes, check_spec(found))
                specs.append(found)
            else:
                _note(notes, _check_group(found))
                groups.append(found)
        problems += notes.problems
    if problems:
        raise RegistryFileError(source, sorted(problems, key=lambda one: one.line))
    return RegistryFile(tuple(specs), tuple(groups))


def with_people(spec: SignalSpec, translate: Callable[[str], str]) -> SignalSpec:
    """The entry with every person put through ``translate``; groups stay as they are."""

    def of(person: str) -> str:
        return person if person.startswith(GROUP) else translate(person)

    answers = spec.responsible
    return replace(
        spec,
        owner=of(spec.owner),
        deputies=tuple(map(of, spec.deputies)),
        validators=tuple(map(of, spec.validators)),
        risk_approvers=tuple(map(of, spec.risk_approvers)),
        responsible=Responsible(of(answers.schema), of(answers.thresholds), of(answers.monitoring)),
    )


def people_of(spec: SignalSpec) -> tuple[str, ...]:
    """Every person the entry names, each once, the owner first; groups are left out."""
    answers = spec.responsible
    named = (
        spec.owner,
        *spec.deputies,
        *spec.validators,
        *spec.risk_approvers,
        answers.schema,
        answers.thresholds,
        answers.monitoring,
    )
    return tuple(dict.fromkeys(person for person in named if not person.startswith(GROUP)))


def groups_of(spec: SignalSpec) -> tuple[str, ...]:
    """Every group the entry names, without ``group:``, each once."""
    named = (*spec.validators, *spec.risk_approvers)
    return tuple(dict.fromkeys(one.removeprefix(GROUP) for one in named if one.startswith(GROUP)))


class _Fields:
    """The fields of a mapping; a missing one that is needed is noted."""

    def __init__(
        self, place: Place | None, known: Sequence[str] | None, hints: dict[str, str] | None = None
    ) -> None:
        found = None if place is None else place.inside(known, hints)
        self.place = place
        self.found = found if isinstance(found, dict) else {}
        self.readable = isinstance(found, dict)

    def need(self, key: str, mend: str) -> Place | None:
        """The value of a key that must be there."""
        if key not in self.found and self.readable and self.place is not None:
            field = f"{self.place.field}.{key}" if self.place.field else key
            problem = Problem(self.place.line, field, "", f"is missing; {mend}")
            self.place.notes.add(problem)
        return self.found.get(key)

    def get(self, key: str) -> Place | None:
        """The value of a key that may be left out."""
        return self.found.get(key)


def _value(place: Place | None, read_it: Callable[[Place], _T | Missing], default: _T) -> _T:
    """What stands at a place, or ``default`` where nothing does or it was refused."""
    found = default if place is None else read_it(place)
    return default if isinstance(found, Missing) else found


def _each(place: Place | None) -> list[Place]:
    return _value(place, Place.items, [])


def _texts(place: Place | None) -> tuple[str, ...]:
    return tuple(_value(one, Place.text, "") for one in _each(place))


_BY_PROGRAM = {"status": "is written by the program only; leave it out"}


def _document(place: Place) -> SignalSpec | Group | None:
    """The entry or group of a document; None where it cannot be told which it is."""
    top = _Fields(place, ("apiVersion", "kind", "metadata", "spec"), _BY_PROGRAM)
    if not top.readable:
        return None
    version = top.need("apiVersion", f"write apiVersion: {API_VERSION}")
    _value(version, lambda one: one.choice((API_VERSION,)), "")
    kind_place = top.need("kind", f"write kind: {KINDS[0]} or kind: {KINDS[1]}")
    kind = _value(kind_place, lambda one: one.choice(KINDS), "")
    metadata = top.need("metadata", "write the name under it")
    spec = top.need("spec", "write the entry under it")
    if kind == KINDS[0]:
        return _signal(metadata, spec)
    if kind == KINDS[1]:
        return _group(metadata, spec)
    return None


def _group(metadata: Place | None, spec: Place | None) -> Group:
    meta = _Fields(metadata, ("name",), _BY_PROGRAM)
    name = _value(meta.need("name", "write what it is called"), Place.text, "")
    members = _Fields(spec, ("members",), _BY_PROGRAM).need("members", "write a list of people")
    return Group(name, _texts(members))


def _check_group(group: Group) -> Iterator[SpecProblem]:
    if not GROUP_NAME.fullmatch(group.name):
        mend = "names no group; use letters, digits and . _ / @ + -, as in risk/validation"
        yield SpecProblem("metadata.name", group.name, mend)
    for i, member in enumerate(group.members):
        yield from check_person(f"spec.members[{i}]", member)
    yield from check_once("spec.members", map(person_key, group.members))


_SPEC_FIELDS = (
    "owner",
    "deputies",
    "validators",
    "riskApprovers",
    "elicitation",
    "decision",
    "responsible",
    "tolerance",
    "highConfidence",
    "maturity",
    "validation",
    "escalation",
    "costs",
    "truth",
)


def _signal(metadata: Place | None, spec: Place | None) -> SignalSpec:
    meta = _Fields(metadata, ("name", "labels", "annotations"), _BY_PROGRAM)
    labels = _Fields(meta.need("labels", "write labels: {stakes: high}"), None)
    stakes = labels.need("stakes", "write low, medium or high")
    fields = _Fields(spec, _SPEC_FIELDS, _BY_PROGRAM)
    owner = _value(fields.need("owner", "write one person"), Place.text, "")
    asked = _Fields(fields.get("elicitation"), ("method", "order"))
    answers = _Fields(fields.get("responsible"), ("schema", "thresholds", "monitoring"))
    mature = _Fields(fields.get("maturity"), ("days", "coverage"))
    escalation = _Fields(
        fields.need("escalation", "write the bands under it"),
        ("bands", "overrides", "knownValues", "fallback", "handling"),
    )
    return SignalSpec(
        name=_value(meta.need("name", "write the signal's name"), Place.text, ""),
        decision=_value(
            fields.need("decision", "write what the confidence decides, in words"), Place.text, ""
        ),
        stakes=_value(stakes, lambda one: one.choice(STAKES), "low"),
        owner=owner,
        deputies=_texts(fields.get("deputies")),
        validators=_people(fields.need("validators", "write who may sign")),
        risk_approvers=_people(fields.get("riskApprovers")),
        responsible=Responsible(
            schema=_value(answers.get("schema"), Place.text, owner),
            thresholds=_value(answers.get("thresholds"), Place.text, owner),
            monitoring=_value(answers.get("monitoring"), Place.text, owner),
        ),
        method=_optional(asked.get("method")),
        order=_optional(asked.get("order")),
        validation=_plan(fields.need("validation", "write what a validation needs")),
        rules=_rules(escalation),
        tolerance_ppm=_value(fields.get("tolerance"), Place.fraction, SignalSpec.tolerance_ppm),
        high_from_ppm=_value(
            fields.get("highConfidence"), Place.fraction, SignalSpec.high_from_ppm
        ),
        maturity=Maturity(
            days=_value(mature.get("days"), Place.whole, Maturity.days),
            coverage_ppm=_value(mature.get("coverage"), Place.fraction, Maturity.coverage_ppm),
        ),
        labels=_pairs(labels, leave_out="stakes"),
        annotations=_pairs(_Fields(meta.get("annotations"), None)),
        handling=_handling(escalation.get("handling")),
        costs=_costs(fields.get("costs")),
        truth=_truth(fields.get("truth")),
    )


def _optional(place: Place | None) -> str | None:
    return None if place is None else _value(place, Place.text, "")


def _people(place: Place | None) -> tuple[str, ...]:
    """One person or group, or a list of them."""
    if place is not None and not isinstance(place.node, yaml.SequenceNode):
        return (_value(place, Place.text, ""),)
    return _texts(place)


def _pairs(fields: _Fields, *, leave_out: str = "") -> tuple[tuple[str, str], ...]:
    return tuple(
        (name, _value(place, Place.text, ""))
        for name, place in fields.found.items()
        if name != leave_out
    )


def _plan(place: Place | None) -> ValidationPlan:
    known = (
        "maxAgeDays",
        "minSamples",
        "segments",
        "criteria",
        "cadenceDays",
        "windowDays",
        "selfSign",
    )
    fields = _Fields(place, known)
    usual = ValidationPlan
    return ValidationPlan(
        max_age_days=_value(
            fields.need("maxAgeDays", "write after how many days a validation expires"),
            Place.whole,
            1,
        ),
        min_samples=_value(
            fields.need("minSamples", "write how many labelled inputs it takes"), Place.whole, 1
        ),
        criteria=tuple(
            _criterion(one)
            for one in _each(fields.need("criteria", "write which bounds have to be met"))
        ),
        segments=_texts(fields.get("segments")),
        cadence_days=_value(fields.get("cadenceDays"), Place.whole, usual.cadence_days),
        window_days=_value(fields.get("windowDays"), Place.whole, usual.window_days),
        self_sign=_value(fields.get("selfSign"), Place.flag, usual.self_sign),
    )


def _criterion(place: Place) -> Criterion:
    fields = _Fields(place, ("metric", "max", "min"))
    low, high = fields.get("min"), fields.get("max")
    return Criterion(
        metric=_value(fields.need("metric", "write what is bounded"), Place.text, ""),
        minimum_ppm=None if low is None else _value(low, Place.fraction, 0),
        maximum_ppm=None if high is None else _value(high, Place.fraction, 0),
    )


def _rules(fields: _Fields) -> Rules:
    falls = _Fields(fields.get("fallback"), ("unvalidated", "missing", "invalid"))

    def fallback(name: str, usual: Action) -> Action:
        return _action(falls.get(name), usual)

    return Rules(
        bands=_bands(fields.need("bands", "write at least two, the last without below")),
        overrides=tuple(_override(one) for one in _each(fields.get("overrides"))),
        unvalidated=fallback("unvalidated", Rules.unvalidated),
        missing=fallback("missing", Rules.missing),
        invalid=fallback("invalid", Rules.invalid),
        known_values=tuple(
            (dimension, _texts(values))
            for dimension, values in _Fields(fields.get("knownValues"), None).found.items()
        ),
    )


def _handling(place: Place | None) -> Handling:
    fields = _Fields(place, ("review", "escalate"))
    return Handling(_queue(fields.get("review")), _queue(fields.get("escalate")))


def _queue(place: Place | None) -> Queue | None:
    if place is None:
        return None
    fields = _Fields(place, ("queue", "withinHours"))
    hours = fields.need("withinHours", "write in how many hours a case is taken up")
    return Queue(
        name=_value(fields.need("queue", "write where the cases wait"), Place.text, "?"),
        within_hours=_value(hours, Place.whole, 1),
    )


def _costs(place: Place | None) -> Costs | None:
    if place is None:
        return None
    fields = _Fields(place, ("unit", "error", "review", "escalate"))

    def cost(name: str, of: str) -> int:
        return _value(fields.need(name, f'write what {of} costs, as in "2.50"'), Place.amount, 0)

    return Costs(
        unit=_value(fields.need("unit", "write of what, as in EUR"), Place.text, "?"),
        error_millionths=cost("error", "one automated error"),
        review_millionths=cost("review", "one review"),
        escalate_millionths=cost("escalate", "one escalation"),
    )


def _truth(place: Place | None) -> Truth | None:
    if place is None:
        return None
    fields = _Fields(place, ("sources", "unstated", "judgeTolerance"))
    sources = fields.need("sources", "write whose labels are truth, as in [HUMAN, CODE]")
    unstated = _value(fields.get("unstated"), Place.flag, Truth.unstated)
    tolerance = fields.get("judgeTolerance")
    judge_tolerance = None if tolerance is None else _value(tolerance, Place.fraction, 0)
    return Truth(_texts(sources), unstated, judge_tolerance)


def _override(place: Place) -> Override:
    fields = _Fields(place, ("where", "bands"))
    where = fields.need("where", "write the segment, as in {language: hi}")
    named = _pairs(_Fields(where, None))
    if where is not None and len(named) != 1:
        if isinstance(where.node, yaml.MappingNode):
            where.refuse(f"names {len(named)} segments; write one, as in {{language: hi}}")
        named = (("", ""),)
    dimension, value = named[0] if named else ("", "")
    return Override(dimension, value, _bands(fields.need("bands", "write at least one")))


def _bands(place: Place | None) -> tuple[Band, ...]:
    found = []
    for one in _each(place):
        fields = _Fields(one, ("below", "action"))
        below = fields.get("below")
        cut = None if below is None else _value(below, Place.fraction, 0)
        action = fields.need("action", "write automate, review or escalate")
        found.append(Band(cut, _action(action, "review")))
    return tuple(found)


def _action(place: Place | None, default: Action) -> Action:
    return _value(place, lambda one: one.choice(ACTIONS), default)


def _note(notes: Notes, problems: Sequence[SpecProblem] | Iterator[SpecProblem]) -> None:
    """Add what is wrong with the sense of a document, unless its form is wrong there already."""
    found = [
        Problem(
            notes.line_of(problem.field),
            problem.field,
            f'"{problem.value}"' if problem.value else "",
            problem.words,
        )
        for problem in problems
        if not notes.refused(_ladder(problem.field))
    ]
    for problem in found:
        notes.add(problem)


def _ladder(field: str) -> str:
    """Bands are judged together: one that cannot be read leaves nothing to say of the others."""
    head, bands, _ = field.partition(".bands")
    return head + bands


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
