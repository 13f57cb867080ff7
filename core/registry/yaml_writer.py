"""Registry entries written out as YAML, the same text for the same entries every time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

import yaml

from core.defaults import CADENCE_DAYS, WINDOW_DAYS
from core.events import PPM
from core.registry.escalation_rules import Band, Rules, fraction
from core.registry.signal_spec import Criterion, Handling, SignalSpec, ValidationPlan
from core.registry.yaml_reader import API_VERSION, KINDS, Group
from core.terms import USUAL
from core.text.shown import visible

#: What can stand without quotes, if YAML takes it for text.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9._/@+-]*(?::[A-Za-z0-9._/@+-]+)?")


def write(specs: Iterable[SignalSpec], groups: Iterable[Group] = ()) -> str:
    """Entries and groups as one file, which `core.registry.yaml_reader.read` gives back.

    Groups come first, then entries, each by name. What is usual is written out as well, so that
    an entry says all it means; only who is responsible is left out where that is the owner.

    Args:
        specs: people as handles.
        groups: likewise.
    """
    parts = [
        *(_group(group) for group in sorted(groups, key=lambda one: one.name)),
        *(_signal(spec) for spec in sorted(specs, key=lambda one: one.name)),
    ]
    return "---\n".join("".join(f"{line}\n" for line in part) for part in parts)


def rules_text(rules: Rules) -> str:
    """The rules alone, as they stand in an entry."""
    return "".join(f"{line}\n" for line in _rules(rules))


def example(name: str) -> str:
    """A complete entry for an unregistered signal, explained; only its people are to be filled in.

    Until they are, and stand where ``<…>`` stands, it is refused at those very lines.

    Args:
        name: the signal.
    """
    maturity = USUAL.maturity
    return _EXAMPLE.format(
        version=API_VERSION,
        kind=KINDS[0],
        name=_text(name),
        tolerance=_quoted_fraction(round(USUAL.tolerance * PPM)),
        high_from=_quoted_fraction(round(USUAL.high_from * PPM)),
        days=maturity.days,
        coverage=_quoted_fraction(maturity.coverage_ppm),
        cadence=CADENCE_DAYS,
        window=WINDOW_DAYS,
    )


def _group(group: Group) -> Iterator[str]:
    yield f"apiVersion: {API_VERSION}"
    yield f"kind: {KINDS[1]}"
    yield "metadata:"
    yield f"  name: {_text(group.name)}"
    yield "spec:"
    yield f"  members: {_listed(group.members)}"


def _signal(spec: SignalSpec) -> Iterator[str]:
    yield f"apiVersion: {API_VERSION}"
    yield f"kind: {KINDS[0]}"
    yield "metadata:"
    yield f"  name: {_text(spec.name)}"
    labels = (("stakes", spec.stakes), *spec.labels)
    yield f"  labels: {_mapped(labels)}"
    if spec.annotations:
        yield f"  annotations: {_mapped(spec.annotations)}"
    yield "spec:"
    yield f"  owner: {_text(spec.owner)}"
    if spec.deputies:
        yield f"  deputies: {_listed(spec.deputies)}"
    yield f"  validators: {_listed(spec.validators)}"
    if spec.risk_approvers:
        yield f"  riskApprovers: {_listed(spec.risk_approvers)}"
    asked = (("method", spec.method), ("order", spec.order))
    stated = [(name, value) for name, value in asked if value is not None]
    if stated:
        yield f"  elicitation: {_mapped(stated)}"
    yield f"  decision: {_text(spec.decision)}"
    answers = [
        (name, person)
        for name in ("schema", "thresholds", "monitoring")
        if (person := getattr(spec.responsible, name)) != spec.owner
    ]
    if answers:
        yield f"  responsible: {_mapped(answers)}  # otherwise the owner"
    yield f"  tolerance: {_quoted_fraction(spec.tolerance_ppm)}  # the gap that is accepted"
    yield f"  highConfidence: {_quoted_fraction(spec.high_from_ppm)}"
    coverage = _quoted_fraction(spec.maturity.coverage_ppm)
    yield f"  maturity: {{days: {spec.maturity.days}, coverage: {coverage}}}  # whichever is first"
    if spec.truth is not None:
        unstated = "true" if spec.truth.unstated else "false"
        judge = ""
        if spec.truth.judge_tolerance_ppm is not None:
            judge = f", judgeTolerance: {_quoted_fraction(spec.truth.judge_tolerance_ppm)}"
        listed = f"{{sources: {_listed(spec.truth.sources)}, unstated: {unstated}{judge}}}"
        yield f"  truth: {listed}  # whose labels count"
    yield from _plan(spec.validation)
    yield from _rules(spec.rules)
    yield from _handling(spec.handling)
    costs = spec.costs
    if costs is not None:
        amounts = (
            f"{name}: {_quoted_fraction(millionths)}"
            for name, millionths in (
                ("error", costs.error_millionths),
                ("review", costs.review_millionths),
                ("escalate", costs.escalate_millionths),
            )
        )
        yield f"  costs: {{unit: {_text(costs.unit)}, {', '.join(amounts)}}}  # of one case each"


def _plan(plan: ValidationPlan) -> Iterator[str]:
    yield "  validation:"
    yield f"    maxAgeDays: {plan.max_age_days}"
    yield f"    minSamples: {plan.min_samples}"
    if plan.segments:
        yield f"    segments: {_listed(plan.segments)}  # bounds apply to each of their values"
    yield "    criteria:"
    for criterion in plan.criteria:
        yield f"      - {{metric: {criterion.metric}, {_bound(criterion)}}}"
    yield f"    cadenceDays: {plan.cadence_days}"
    yield f"    windowDays: {plan.window_days}"
    if plan.self_sign:
        yield "    selfSign: true"


def _bound(criterion: Criterion) -> str:
    if criterion.minimum_ppm is not None:
        return f"min: {_quoted_fraction(criterion.minimum_ppm)}"
    assert criterion.maximum_ppm is not None
    return f"max: {_quoted_fraction(criterion.maximum_ppm)}"


def _rules(rules: Rules) -> Iterator[str]:
    yield "  escalation:"
    yield "    bands:  # ordered; the last has no `below`, and a cut belongs to the band above it"
    yield from _bands(rules.bands, "      ")
    if rules.overrides:
        yield "    overrides:  # the first that fits a claim is taken"
    for override in rules.overrides:
        yield f"      - where: {_mapped([(override.dimension, override.value)])}"
        yield "        bands:"
        yield from _bands(override.bands, "          ")
    if rules.known_values:
        yield "    knownValues:  # under the bands; for any value not named here the strictest rule"
    for dimension, values in rules.known_values:
        yield f"      {_text(dimension)}: {_listed(values)}"
    falls = [(name, getattr(rules, name)) for name in ("unvalidated", "missing", "invalid")]
    yield f"    fallback: {_mapped(falls)}"


def _handling(handling: Handling) -> Iterator[str]:
    named = [(name, getattr(handling, name)) for name in ("review", "escalate")]
    stated = [(name, queue) for name, queue in named if queue is not None]
    if stated:
        yield "    handling:  # where cases wait, and in how many hours they are taken up"
    for name, queue in stated:
        yield f"      {name}: {{queue: {_text(queue.name)}, withinHours: {queue.within_hours}}}"


def _bands(bands: Sequence[Band], indent: str) -> Iterator[str]:
    for band in bands:
        below = ""
        if band.below_ppm is not None:
            below = f"below: {_quoted_fraction(band.below_ppm)}, "
        yield f"{indent}- {{{below}action: {band.action}}}"


def _listed(values: Iterable[str]) -> str:
    return f"[{', '.join(map(_text, values))}]"


def _mapped(pairs: Iterable[tuple[str, str]]) -> str:
    return "{" + ", ".join(f"{_text(name)}: {_text(value)}" for name, value in pairs) + "}"


def _quoted_fraction(ppm: int) -> str:
    return f'"{fraction(ppm)}"'


def _text(value: str) -> str:
    """The text as YAML reads it back: plain where that is safe, in double quotes otherwise."""
    if _PLAIN.fullmatch(value) and _is_text(value):
        return value
    # PyYAML escapes what its own reader would refuse or fold; the rest is read back the same.
    dumped = yaml.dump(value, default_style='"', allow_unicode=True, width=float("inf"))
    return visible(str(dumped).rstrip("\n"))


def _is_text(value: str) -> bool:
    node = yaml.compose(value, Loader=yaml.SafeLoader)
    return node is not None and node.tag == "tag:yaml.org,2002:str"


_EXAMPLE = """\
# Fill in the people where <…> stands, as in user:finance/ann.lee, and read the rest once.
apiVersion: {version}
kind: {kind}
metadata:
  name: {name}
  labels: {{stakes: high}}  # low, medium or high: how soon findings are due
spec:
  owner: user:<owner>  # one person, not a group
  deputies: [user:<deputy>]  # who stands in, in this order
  validators: user:<validator>  # who signs: a person, a group:… or a list; never owner or deputy
  riskApprovers: []  # who may approve a waiver; never the owner
  decision: "what it decides, for example: the answer is sent without a person reading it"
  tolerance: {tolerance}  # the gap between stated and observed that is accepted
  highConfidence: {high_from}  # where the high-confidence band begins
  maturity: {{days: {days}, coverage: {coverage}}}  # outcomes are final at either
  truth: {{sources: [HUMAN, CODE], unstated: true}}  # whose labels count; never a judge's (LLM)
  validation:
    maxAgeDays: 90  # a signature holds so long
    minSamples: 400  # labelled inputs it takes
    segments: []  # dimensions, as in [language]: bounds then apply to each of their values
    criteria:
      - {{metric: ece, max: "0.05"}}  # claims are right as often as they say
      - {{metric: auroc, min: "0.75"}}  # and tell right from wrong, so that no constant passes
      - {{metric: automated_error, max: "0.01"}}  # wrong ones among what acts by itself
    cadenceDays: {cadence}
    windowDays: {window}
  escalation:
    bands:  # ordered; the last has no `below`, and a cut belongs to the band above it
      - {{below: "0.62", action: escalate}}
      - {{below: "0.90", action: review}}
      - {{action: automate}}
    # overrides:  # other bands for a segment
    #   - where: {{topic: medical}}
    #     bands: [{{action: review}}]
    # knownValues:  # values that the bands above are for; any other: the strictest rule
    #   topic: [billing, shipping]
    fallback: {{unvalidated: review, missing: review, invalid: escalate}}  # never automate
    # handling:  # where cases wait, and in how many hours they are taken up
    #   review: {{queue: desk-2, withinHours: 8}}
    #   escalate: {{queue: lead, withinHours: 2}}
  # costs: {{unit: EUR, error: "25", review: "3", escalate: "8"}}  # of one case each
"""
