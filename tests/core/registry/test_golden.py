"""What entries are hashed to, written as and told apart by must not change with the code."""

from __future__ import annotations

from hashlib import sha256

import pytest

from core.queries.base.truth import Truth
from core.registry.escalation_rules import Override, RuleBand, Rules
from core.registry.signal_spec import (
    Costs,
    Criterion,
    Handling,
    Maturity,
    Queue,
    Responsible,
    SignalSpec,
    ValidationPlan,
)
from core.registry.spec_diff import differences
from core.registry.spec_json import hashes_as_written, to_json
from core.registry.yaml_writer import write

MINIMAL = SignalSpec(
    name="triage",
    decision="route the ticket",
    stakes="high",
    owner="user:a/ann",
    deputies=(),
    validators=("user:b/bob",),
    risk_approvers=(),
    responsible=Responsible("user:a/ann", "user:a/ann", "user:a/ann"),
    method=None,
    order=None,
    validation=ValidationPlan(
        90, 400, (Criterion("ece", maximum_ppm=50_000), Criterion("auroc", minimum_ppm=750_000))
    ),
    rules=Rules((RuleBand(900_000, "review"), RuleBand(None, "automate"))),
)
FULL = SignalSpec(
    name="intake",
    decision="close the ticket: nobody reads it",
    stakes="low",
    owner="user:c/cy",
    deputies=("user:c/dee", "user:a/ann"),
    validators=("group:risk/validation",),
    risk_approvers=("user:d/eve",),
    responsible=Responsible("user:c/dee", "user:c/cy", "user:d/eve"),
    method="verbal",
    order="after",
    validation=ValidationPlan(
        30,
        600,
        (Criterion("ece", maximum_ppm=40_000), Criterion("dsc", minimum_ppm=10_000)),
        ("topic", "language"),
        14,
        7,
        True,
    ),
    rules=Rules(
        (RuleBand(620_000, "escalate"), RuleBand(850_000, "review"), RuleBand(None, "automate")),
        overrides=(Override("topic", "medical", (RuleBand(None, "review"),)),),
        unvalidated="escalate",
        missing="escalate",
        invalid="review",
        known_values=(("topic", ("tax", "billing")),),
    ),
    tolerance_ppm=30_000,
    high_from_ppm=950_000,
    maturity=Maturity(21, 900_000),
    labels=(("team", "support"),),
    annotations=(("wiki", "page-7"),),
    handling=Handling(Queue("desk-2", 8), Queue("lead", 1)),
    costs=Costs("EUR", 25_000_000, 3_000_000, 8_000_000),
    truth=Truth(("HUMAN", "CODE"), False, 100_000),
)


@pytest.mark.parametrize(
    ("spec", "whole", "material", "text"),
    [
        (
            MINIMAL,
            "14fe3c3b4387246cc6cfee9ab9821f04b7b1e3c6e3595155ec6721d014fd2c1a",
            "aed4c307b7d8a070c5c0f2f302613ce0187e39b668f789e10418e9db1088977f",
            "4a3814dee51dc74ee449768e91c74a47d5991670bb940afcd00e85c8994a32c4",
        ),
        (
            FULL,
            "e8cb0f8813ae5d7f4d4c205382336a5481d4c796e7e39d93c36d4d93e2c50665",
            "fbc0cf78a30430064f0461190b5bacb5011c38a4439a961ec45f80ed9197d582",
            "55a540db083835ea15d3ff2db9dfe4be9d0edabc0be4ebb05030372d46bc986c",
        ),
    ],
)
def test_an_entry_keeps_its_hashes_and_its_text(
    spec: SignalSpec, whole: str, material: str, text: str
) -> None:
    assert hashes_as_written(to_json(spec)) == (whole, material)
    assert sha256(write([spec]).encode()).hexdigest() == text


def test_a_change_of_every_field_keeps_its_words_and_what_it_reopens() -> None:
    assert [(one.material, one.field, one.words) for one in differences(MINIMAL, FULL)] == [
        (True, "metadata.labels.stakes", "stakes high → low"),
        (True, "spec.elicitation.method", "method any → “verbal”"),
        (True, "spec.elicitation.order", "order any → “after”"),
        (
            True,
            "spec.decision",
            "decision “route the ticket” → “close the ticket: nobody reads it”",
        ),
        (True, "spec.tolerance", "tolerance 0.05 → 0.03"),
        (True, "spec.highConfidence", "high-confidence band from 0.90 → 0.95"),
        (True, "spec.maturity.days", "outcomes final after 30 days → 21 days"),
        (True, "spec.maturity.coverage", "outcomes final at coverage 0.80 → 0.90"),
        (
            True,
            "spec.truth",
            "ground truth not declared (HUMAN, CODE and labels that state no "
            "source) → HUMAN, CODE; a judge may disagree on 0.10 of the claims",
        ),
        (True, "spec.validation.maxAgeDays", "validation expires after 90 days → 30 days"),
        (True, "spec.validation.minSamples", "labelled inputs needed 400 → 600"),
        (True, "spec.validation.segments", "required segment added: topic"),
        (True, "spec.validation.segments", "required segment added: language"),
        (True, "spec.validation.criteria", "criterion ece at most 0.05 → ece at most 0.04"),
        (True, "spec.validation.criteria", "criterion removed: auroc at least 0.75"),
        (True, "spec.validation.criteria", "criterion added: dsc at least 0.01"),
        (True, "spec.validation.cadenceDays", "re-measured every 30 days → 14 days"),
        (True, "spec.validation.windowDays", "recent production window 28 days → 7 days"),
        (True, "spec.validation.selfSign", "author may sign no → yes"),
        (
            True,
            "spec.escalation.bands",
            "bands review below 0.90, automate above → escalate below 0.62, review "
            "below 0.85, automate above",
        ),
        (True, "spec.escalation.overrides", "override added: topic=medical: always review"),
        (True, "spec.escalation.knownValues", "known value added: topic=tax"),
        (True, "spec.escalation.knownValues", "known value added: topic=billing"),
        (
            True,
            "spec.escalation.fallback.unvalidated",
            "where the fingerprint may not act: review → escalate",
        ),
        (
            True,
            "spec.escalation.fallback.missing",
            "where no confidence is stated: review → escalate",
        ),
        (
            True,
            "spec.escalation.fallback.invalid",
            "where what is stated is no confidence: escalate → review",
        ),
        (False, "metadata.name", "name triage → intake"),
        (False, "metadata.labels", "label added: team=support"),
        (False, "metadata.annotations", "annotation added: wiki=page-7"),
        (False, "spec.owner", "owner a/ann → c/cy"),
        (False, "spec.deputies", "deputy added: c/dee"),
        (False, "spec.deputies", "deputy added: a/ann"),
        (False, "spec.validators", "validator removed: b/bob"),
        (False, "spec.validators", "validator added: group:risk/validation"),
        (False, "spec.riskApprovers", "risk approver added: d/eve"),
        (False, "spec.responsible.schema", "responsible for schema a/ann → c/dee"),
        (False, "spec.responsible.thresholds", "responsible for thresholds a/ann → c/cy"),
        (False, "spec.responsible.monitoring", "responsible for monitoring a/ann → d/eve"),
        (False, "spec.escalation.handling.review", "review goes to – → desk-2 within 8 hours"),
        (False, "spec.escalation.handling.escalate", "escalate goes to – → lead within 1 hour"),
        (False, "spec.costs", "costs – → error 25, review 3, escalation 8 EUR"),
    ]
