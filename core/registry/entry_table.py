"""The fields of a registry file, one row each: reading, writing, checking and telling follow.

In which form a value stands follows from its type and name: a share (``…_ppm``) and an amount
(``…_millionths``) are quoted decimals, a `Literal` one of its words. What it is when it is left out
is the default of its dataclass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields
from functools import lru_cache
from operator import attrgetter
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from core.queries.base.truth import Truth
from core.registry import value_checks as checks
from core.registry import words
from core.registry.escalation_rules import RuleBand, fraction
from core.registry.signal_spec import (
    AuditPlan,
    CanaryPlan,
    Costs,
    Criterion,
    Group,
    Queue,
    SignalSpec,
)
from core.registry.value_checks import each, whole


@dataclass(frozen=True)
class FieldRow:
    """A field of a file, or a mapping around fields.

    Attributes:
        place: in the file; a last part ``*`` stands for all other keys of a mapping.
        path: of the attribute; "" for a mapping that is no value by itself.
        thing: what it is in words; "" where a change is told by what is around it.
        show: its value in words.
        check: what is wrong with a value that is stated.
        need: what to write where it is missing; "" where it may be.
        note: the comment that is written beside it.
        usual: path of the attribute whose value it has where it is left out.
        material: whether a validation rests on it, so that changing it reopens validation.
        people: whether it names people.
        alone: whether a single one may stand without the brackets of a list.
        ordered: whether the order of a list means something.
        block: whether a mapping is written with a line for each field.
        younger: whether it came after the first ledgers. It is left out of JSON while it says
            nothing, so that an entry without it keeps the hashes it was signed under.
        deciding: whether only an entry has it whose confidence decides something.
    """

    place: str
    path: str = ""
    thing: str = ""
    show: Callable[[Any], str] = str
    check: checks.Check | None = None
    need: str = ""
    note: str = ""
    usual: str = ""
    material: bool = True
    people: bool = False
    alone: bool = False
    ordered: bool = False
    block: bool = False
    younger: bool = False
    deciding: bool = False

    @property
    def field(self) -> str:
        """As problems and differences name it."""
        return self.place.removesuffix(".*")

    @property
    def of(self) -> Callable[[Any], Any]:
        """Gives its value in an entry."""
        return attrgetter(self.path)


def _people(place: str, path: str, thing: str, check: checks.Check, **other: Any) -> FieldRow:
    return FieldRow(place, path, thing, check=check, people=True, material=False, **other)


_SEATS = each(checks.check_seat, key=checks.seat_key)
_PERSONS = each(checks.check_person, key=checks.person_key)
_ANSWERS, _PLAN = "spec.responsible", "spec.validation"
_ESCALATION, _FALLS, _HANDLING = (
    "spec.escalation",
    "spec.escalation.fallback",
    "spec.escalation.handling",
)
_DAYS = whole(1, checks.MOST_DAYS)


def _answers(part: str) -> FieldRow:
    place = f"{_ANSWERS}.{part}"
    return _people(
        place, f"responsible.{part}", f"responsible for {part}", checks.check_person, usual="owner"
    )


def _cost(name: str, of: str) -> FieldRow:
    need = f'write what {of} costs, as in "2.50"'
    return FieldRow(name, f"{name}_millionths", need=need, check=checks.check_cost)


#: In the order in which they are written.
ROWS: Mapping[type, tuple[FieldRow, ...]] = {
    SignalSpec: (
        FieldRow("metadata", need="write the name under it", block=True),
        FieldRow("metadata.name", "name", "name", check=checks.check_line,
            need="write the signal's name", material=False),
        FieldRow("metadata.labels", need="write labels: {stakes: high}"),
        FieldRow("metadata.labels.stakes", "stakes", "stakes",
            need="write log-only, low, medium or high"),
        FieldRow("metadata.labels.*", "labels", "label", words.pair_words, checks.check_pairs,
            material=False),
        FieldRow("metadata.annotations.*", "annotations", "annotation", words.pair_words,
            checks.check_pairs, material=False),
        FieldRow("spec", need="write the entry under it", block=True),
        _people("spec.owner", "owner", "owner", checks.check_person, need="write one person"),
        _people("spec.deputies", "deputies", "deputy", _PERSONS, ordered=True),
        _people("spec.validators", "validators", "validator", _SEATS, need="write who may sign",
                alone=True, deciding=True),
        _people("spec.riskApprovers", "risk_approvers", "risk approver", _SEATS, alone=True,
                deciding=True),
        FieldRow("spec.elicitation.method", "method", "method", words.quoted_or_any,
            checks.check_text),
        FieldRow("spec.elicitation.order", "order", "order", words.quoted_or_any,
            checks.check_order),
        FieldRow("spec.decision", "decision", "decision", words.quoted, checks.check_text,
            need="write what the confidence decides, in words"),
        FieldRow(_ANSWERS, note="otherwise the owner"),
        *map(_answers, ("schema", "thresholds", "monitoring")),
        FieldRow("spec.tolerance", "tolerance_ppm", "tolerance", fraction,
            note="the gap that is accepted"),
        FieldRow("spec.highConfidence", "high_from_ppm", "high-confidence band from", fraction),
        FieldRow("spec.maturity", note="whichever is first"),
        FieldRow("spec.maturity.days", "maturity.days", "outcomes final after", words.days_words,
            whole(0, checks.MOST_DAYS)),
        FieldRow("spec.maturity.coverage", "maturity.coverage_ppm", "outcomes final at coverage",
            fraction, checks.check_coverage),
        FieldRow("spec.truth", "truth", "ground truth", words.truth_words,
            note="whose labels count", younger=True),
        FieldRow("spec.canary", "canary", "canary", words.canary_words, material=False,
            note="kept inputs, asked again", younger=True),
        FieldRow(_PLAN, need="write what a validation needs", block=True, deciding=True),
        FieldRow(f"{_PLAN}.maxAgeDays", "validation.max_age_days", "validation expires after",
            words.days_words, _DAYS, need="write after how many days a validation expires"),
        FieldRow(f"{_PLAN}.minSamples", "validation.min_samples", "labelled inputs needed",
            words.count_words, whole(1, checks.MOST_SAMPLES),
            need="write how many labelled inputs it takes"),
        FieldRow(f"{_PLAN}.segments", "validation.segments", "required segment",
            check=each(checks.check_dimension, key=str),
            note="bounds apply to each of their values"),
        FieldRow(f"{_PLAN}.criteria", "validation.criteria", "criterion", words.criterion_words,
            each(checks.check_criterion), need="write which bounds have to be met"),
        FieldRow(f"{_PLAN}.cadenceDays", "validation.cadence_days", "re-measured every",
            words.days_words, _DAYS),
        FieldRow(f"{_PLAN}.windowDays", "validation.window_days", "recent production window",
            words.days_words, _DAYS),
        FieldRow(f"{_PLAN}.heldoutUses", "validation.heldout_uses", "one held-out set judged on",
            words.times_words, whole(1, checks.MOST_USES), note="at most so many times",
            younger=True),
        FieldRow(f"{_PLAN}.selfSign", "validation.self_sign", "author may sign", words.yes_or_no),
        FieldRow(_ESCALATION, need="write the bands under it", block=True, deciding=True),
        FieldRow(f"{_ESCALATION}.bands", "rules.bands", "bands", words.bands_words,
            need="write at least two, the last without below",
            note="ordered; the last has no `below`, and a threshold belongs to the band above it"),
        FieldRow(f"{_ESCALATION}.overrides", "rules.overrides", "override", words.override_words,
            ordered=True, note="the first that fits a claim is taken"),
        FieldRow(f"{_ESCALATION}.knownValues", block=True,
            note="under the bands; for any value not named here the strictest rule"),
        FieldRow(f"{_ESCALATION}.knownValues.*", "rules.known_values", "known value",
            words.known_words, younger=True),
        FieldRow(f"{_ESCALATION}.cutsFrom", "cuts_from", "threshold from run",
            check=each(checks.check_sha256, key=str), material=False, alone=True, younger=True,
            note="the runs that prove the thresholds; without one they are chosen by hand"),
        FieldRow(f"{_FALLS}.unvalidated", "rules.unvalidated",
            "where the fingerprint may not act:"),
        FieldRow(f"{_FALLS}.missing", "rules.missing", "where no confidence is stated:"),
        FieldRow(f"{_FALLS}.invalid", "rules.invalid", "where what is stated is no confidence:"),
        FieldRow(_HANDLING, block=True,
            note="where cases wait, and in how many hours they are taken up"),
        FieldRow(f"{_HANDLING}.review", "handling.review", "review goes to", words.queue_words,
            material=False),
        FieldRow(f"{_HANDLING}.escalate", "handling.escalate", "escalate goes to",
            words.queue_words, material=False),
        FieldRow("spec.costs", "costs", "costs", words.costs_words, note="of one case each",
            material=False),
        FieldRow("spec.audit", "audit", "audit sample", words.audit_words,
            note="drawn every week", material=False, younger=True),
    ),
    Group: (
        FieldRow("metadata", need="write the name under it", block=True),
        FieldRow("metadata.name", "name", check=checks.check_group_name,
            need="write what it is called"),
        FieldRow("spec", need="write the entry under it", block=True),
        FieldRow("spec.members", "members", check=_PERSONS, need="write a list of people"),
    ),
    Criterion: (
        FieldRow("metric", "metric", need="write what is bounded"),
        FieldRow("max", "maximum_ppm"),
        FieldRow("min", "minimum_ppm"),
    ),
    RuleBand: (
        FieldRow("below", "below_ppm"),
        FieldRow("action", "action", need="write automate, review or escalate"),
    ),
    Queue: (
        FieldRow("queue", "name", need="write where the cases wait", check=checks.check_text),
        FieldRow("withinHours", "within_hours", need="write in how many hours a case is taken up",
            check=whole(1, checks.MOST_HOURS, "whole hours")),
    ),
    Costs: (
        FieldRow("unit", "unit", need="write of what, as in EUR", check=checks.check_unit),
        _cost("error", "one automated error"),
        _cost("review", "one review"),
        _cost("escalate", "one escalation"),
    ),
    CanaryPlan: (
        FieldRow("everyDays", "every_days", check=_DAYS,
            need="write after how many days kept inputs are asked again"),
        FieldRow("closesGate", "closes_gate"),
    ),
    AuditPlan: (
        FieldRow("perWeek", "per_week", need="write how many labels a week, as in 40",
            check=whole(1, checks.MOST_LABELS)),
        FieldRow("by", "by", check=checks.check_dimension),
        FieldRow("withinDays", "within_days", check=_DAYS),
    ),
    Truth: (
        FieldRow("sources", "sources", need="write whose labels are truth, as in [HUMAN, CODE]",
            check=checks.check_sources),
        FieldRow("unstated", "unstated"),
        FieldRow("judgeTolerance", "judge_tolerance_ppm", check=checks.check_share, younger=True),
    ),
}  # fmt: skip

#: The rows of an entry that name people.
PEOPLE = tuple(row for row in ROWS[SignalSpec] if row.people)


@dataclass
class Node:
    """A key of a file.

    Attributes:
        row: its row; a plain one for a mapping that nothing is said of.
        kind: type of its value, where it has one.
        usual: its default, where it has one.
        inside: the keys of the mapping that it is.
    """

    row: FieldRow = FieldRow("")
    kind: Any = None
    usual: Any = None
    inside: dict[str, Node] = field(default_factory=dict)


@lru_cache
def tree(kind: type) -> Mapping[str, Node]:
    """The keys that a value of a type is written with."""
    root = Node()
    for row in ROWS[kind]:
        node = root
        for part in row.place.split("."):
            node = node.inside.setdefault(part, Node())
        node.row = row
        if row.path:
            node.kind = kind
            for name in row.path.split("."):
                node.usual = getattr(node.kind, name, None)
                node.kind = stated(types_of(node.kind)[name])
    return root.inside


@lru_cache
def types_of(kind: type) -> Mapping[str, Any]:
    """The types of a dataclass's fields."""
    return get_type_hints(kind)


@lru_cache
def defaulted(kind: type) -> frozenset[str]:
    """The fields of a dataclass that may be left out."""
    return frozenset(one.name for one in fields(kind) if one.default is not MISSING)


def stated(kind: Any) -> Any:
    """The type without None."""
    inner = get_args(kind)
    return next(of for of in inner if of is not NoneType) if get_origin(kind) is UnionType else kind


def stated_values(kind: type, value: Any, around: str = "") -> Iterator[tuple[str, FieldRow, Any]]:
    """Every field of a value, with its place and what it says; those of a part after the part."""
    for row in ROWS[kind]:
        if row.path:
            place, said = f"{around}{row.field}", row.of(value)
            yield place, row, said
            if type(said) in ROWS:
                yield from stated_values(type(said), said, f"{place}.")
