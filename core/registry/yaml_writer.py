"""Registry entries written out as YAML, the same text for the same entries every time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import is_dataclass, replace
from operator import attrgetter
from typing import Any

import yaml

from core.defaults import CADENCE_DAYS, WINDOW_DAYS
from core.events import PPM
from core.registry.entry_table import Node, tree
from core.registry.escalation_rules import Override, fraction
from core.registry.signal_spec import Group, Handling, SignalSpec, Stakes
from core.registry.yaml_reader import API_VERSION, KINDS
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
        *(_document(group) for group in sorted(groups, key=lambda one: one.name)),
        *(_document(spec) for spec in sorted(specs, key=lambda one: one.name)),
    ]
    return "---\n".join("".join(f"{line}\n" for line in part) for part in parts)


def rules_text(spec: SignalSpec) -> str:
    """The rules alone, as they stand in an entry; where cases go that are not automated is none."""
    nodes = tree(SignalSpec)["spec"].inside
    stated = _stated(replace(spec, handling=Handling()), {"escalation": nodes["escalation"]})
    return "".join(f"{line}\n" for line in _lines(stated, nodes, "  "))


def example(name: str) -> str:
    """A complete entry for an unregistered signal, explained; only its people are to be filled in.

    Until they are, and stand where ``<…>`` stands, it is refused at those very lines. It sends
    every case to people: its stakes are high, and no threshold run proves a cut yet.

    Args:
        name: the signal.
    """
    maturity = USUAL.maturity
    return _EXAMPLE.format(
        version=API_VERSION,
        kind=next(iter(KINDS)),
        name=_text(name),
        decides=_DECIDES,
        tolerance=_quoted_fraction(round(USUAL.tolerance * PPM)),
        high_from=_quoted_fraction(round(USUAL.high_from * PPM)),
        days=maturity.days,
        coverage=_quoted_fraction(maturity.coverage_ppm),
        cadence=CADENCE_DAYS,
        window=WINDOW_DAYS,
    )


def first_entry(
    name: str, *, owner: str, validators: Sequence[str], decision: str, stakes: Stakes
) -> str:
    """A complete entry for an unregistered signal: `example` with its people, and no deputy.

    At medium and high stakes it sends every case to people: no threshold run proves a cut yet.

    Args:
        name: the signal.
        owner: as a registry file writes people, and so the validators.
        decision: what its confidence decides, in words.
        stakes: how much harm a wrong decision does.
    """
    _, _, text = example(name).partition("\n")
    if stakes not in ("medium", "high"):
        text = text.replace(_UNTIL_PROVEN, _AUTOMATED, 1)
    for blank, said in (
        ("user:<owner>", _text(owner)),
        ("[user:<deputy>]", "[]"),
        ("user:<validator>", f"[{', '.join(map(_text, validators))}]"),
        (_DECIDES, _text(decision)),
        ("stakes: high", f"stakes: {stakes}"),
    ):
        text = text.replace(blank, said, 1)
    return text


def _document(entry: SignalSpec | Group) -> Iterator[str]:
    of: Any = type(entry)
    nodes = tree(of)
    yield f"apiVersion: {API_VERSION}"
    yield f"kind: {next(name for name, one in KINDS.items() if one is of)}"
    yield from _lines(_stated(entry, nodes), nodes, "")


def _stated(entry: Any, nodes: Mapping[str, Node]) -> dict[str, Any]:
    """What an entry says, as mappings and lists of texts that YAML reads."""
    found: dict[str, Any] = {}
    for key, node in nodes.items():
        row = node.row
        if row.deciding and entry.log_only:
            continue
        if node.inside:
            if inner := _stated(entry, node.inside):
                found[key] = inner
            continue
        value = row.of(entry)
        if key == "*":
            found.update((_text(name), _plain(one)) for name, one in value)
        elif not (row.usual and value == attrgetter(row.usual)(entry)) and (
            row.need or _says(value, node.usual)
        ):
            found[key] = _plain(value, row.path)
    return found


def _says(value: Any, usual: Any) -> bool:
    """Whether a value that may be left out says something."""
    return value not in (None, ()) and not (value is False and not usual)


def _plain(value: Any, name: str = "") -> Any:
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, Override):
        return {"where": {_text(value.dimension): _text(value.value)}, "bands": _plain(value.bands)}
    if is_dataclass(value):
        return _stated(value, tree(type(value)))  # type: ignore[arg-type]
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return _quoted_fraction(value) if name.endswith(("_ppm", "_millionths")) else str(value)
    return _text(value)


def _lines(stated: Mapping[str, Any], nodes: Mapping[str, Node], indent: str) -> Iterator[str]:
    for key, value in stated.items():
        node = nodes.get(key)
        note = f"  # {node.row.note}" if node and node.row.note else ""
        if node and node.row.block:
            yield f"{indent}{key}:{note}"
            yield from _lines(value, node.inside, f"{indent}  ")
        elif _is_blocks(value):
            yield f"{indent}{key}:{note}"
            for one in value:
                blocks = any(map(_is_blocks, one.values()))
                first, *rest = _lines(one, {}, f"{indent}    ") if blocks else [_flow(one)]
                yield f"{indent}  - {first.lstrip()}"
                yield from rest
        else:
            yield f"{indent}{key}: {_flow(value)}{note}"


def _is_blocks(value: Any) -> bool:
    return isinstance(value, list) and isinstance(next(iter(value), None), dict)


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(one)}" for key, one in value.items()) + "}"
    return f"[{', '.join(value)}]" if isinstance(value, list) else str(value)


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


_DECIDES = '"what it decides, for example: the answer is sent without a person reading it"'
_AUTOMATED = """\
      - {below: "0.90", action: review}
      - {action: automate}
"""
_UNTIL_PROVEN = """\
      - {action: review}  # automate from where a recorded threshold run proves it, see cutsFrom
"""
_EXAMPLE = """\
# Fill in the people where <…> stands, as in user:finance/ann.lee, and read the rest once.
apiVersion: {version}
kind: {kind}
metadata:
  name: {name}
  labels: {{stakes: high}}  # low, medium or high; log-only: it decides nothing
spec:
  owner: user:<owner>  # one person, not a group
  deputies: [user:<deputy>]  # who stands in, in this order
  validators: user:<validator>  # who signs: a person, a group:… or a list; never owner or deputy
  riskApprovers: []  # who may approve a waiver; never the owner
  decision: {decides}
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
      - {{metric: high_band_gap, max: "0.05"}}  # high confidences are right as often as they say
    cadenceDays: {cadence}
    windowDays: {window}
  escalation:
    bands:  # ordered; the last has no `below`, and a threshold belongs to the band above it
      - {{below: "0.62", action: escalate}}
      - {{action: review}}  # automate from where a recorded threshold run proves it, see cutsFrom
    # cutsFrom: []  # the runs that calledger threshold --record printed; by hand: low stakes only
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
