"""Registry files that tests write down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from core.registry.escalation_rules import RuleBand, Rules
from core.registry.signal_spec import Criterion, Responsible, SignalSpec, ValidationPlan


def entry(
    name: str = "s",
    *,
    stakes: str = "high",
    most: Mapping[str, str] | None = None,
    least: Mapping[str, str] | None = None,
    cuts: Mapping[str, str] | None = None,
    validation: Mapping[str, Any] | None = None,
    escalation: Mapping[str, Any] | None = None,
    **spec: Any,
) -> str:
    """A signal's entry as YAML; what is not said is as it is for one that sends replies.

    Args:
        name: the signal's.
        stakes: likewise.
        most: bounds from above, by metric; ECE at most 0.05 unless given.
        least: bounds from below, by metric; AUROC at least 0.75 unless given.
        cuts: below which cut each action is taken, strictest first; all else is automated.
        validation: further fields of it.
        escalation: further fields of it.
        spec: further fields of the entry.
    """
    bounds = [
        *({"metric": metric, "max": bound} for metric, bound in (most or {"ece": "0.05"}).items()),
        *({"metric": metric, "min": one} for metric, one in (least or {"auroc": "0.75"}).items()),
    ]
    bands: list[dict[str, str]] = [
        {"below": cut, "action": action} for action, cut in (cuts or {"review": "0.90"}).items()
    ]
    written = {
        "owner": "user:t/ann",
        "validators": ["user:t/val"],
        "decision": "sends the reply",
        **spec,
        "validation": {
            "maxAgeDays": 90,
            "minSamples": 400,
            "criteria": bounds,
            **(validation or {}),
        },
        "escalation": {"bands": [*bands, {"action": "automate"}], **(escalation or {})},
    }
    metadata = {"name": name, "labels": {"stakes": stakes}}
    return _document("ConfidenceSignal", metadata, written)


def spec_with(**said: Any) -> SignalSpec:
    """An entry as a value; what is not said is the least that one has to say."""
    owner = said.get("owner", "user:ann")
    bounds = (Criterion("ece", maximum_ppm=50_000), Criterion("auroc", minimum_ppm=750_000))
    least = {
        "name": "triage",
        "decision": "route the ticket",
        "stakes": "high",
        "owner": owner,
        "deputies": (),
        "validators": ("user:cy",),
        "risk_approvers": (),
        "responsible": Responsible(owner, owner, owner),
        "method": None,
        "order": None,
        "validation": ValidationPlan(90, 400, bounds),
        "rules": Rules((RuleBand(900_000, "review"), RuleBand(None, "automate"))),
    }
    return SignalSpec(**{**least, **said})


def group(name: str, *members: str) -> str:
    """A group of people as YAML, to stand after an entry."""
    return "---\n" + _document("Group", {"name": name}, {"members": list(members)})


def _document(kind: str, metadata: Mapping[str, Any], spec: Mapping[str, Any]) -> str:
    written = {"apiVersion": "calledger/v1", "kind": kind, "metadata": metadata, "spec": spec}
    return yaml.safe_dump(written, sort_keys=False, width=10_000)


#: One as a person writes it, for tests that change its text.
REPLY = """apiVersion: calledger/v1
kind: ConfidenceSignal
metadata: {name: s, labels: {stakes: high}}
spec:
  owner: user:t/ann
  deputies: [user:t/bob]
  validators: [user:t/val]
  riskApprovers: [user:t/rita]
  decision: "sends the reply"
  validation:
    maxAgeDays: 90
    minSamples: 400
    criteria: [{metric: ece, max: "0.05"}, {metric: auroc, min: "0.75"}]
  escalation:
    bands: [{below: "0.90", action: review}, {action: automate}]
"""
#: One whose confidence decides nothing.
LOG_ONLY = """apiVersion: calledger/v1
kind: ConfidenceSignal
metadata: {name: s, labels: {stakes: log-only}}
spec:
  owner: user:t/ann
  decision: "shown to the developers of the desk"
"""
