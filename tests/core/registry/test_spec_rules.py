"""What an entry may say, wherever it was written."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from core.measure.metrics.bounded import CALIBRATION_METRICS, DISCRIMINATION_METRICS, METRICS
from core.queries.base.truth import Truth
from core.registry.escalation_rules import Override, RuleBand, Rules, fraction
from core.registry.signal_spec import (
    CanaryPlan,
    Costs,
    Criterion,
    Handling,
    Queue,
    Responsible,
    SignalSpec,
    ValidationPlan,
)
from core.registry.spec_rules import check_spec
from core.registry.value_checks import SpecProblem
from core.terms import Maturity

ANN, BOB, CY = "user:finance/ann", "p-0123456789abcdef", "user:risk/cy"
BANDS = (RuleBand(900_000, "review"), RuleBand(None, "automate"))
ENTRY = SignalSpec(
    name="triage",
    decision="route the ticket",
    stakes="low",
    owner=ANN,
    deputies=(BOB,),
    validators=(CY, "group:risk"),
    risk_approvers=("group:risk",),
    responsible=Responsible(ANN, BOB, CY),
    method="verbal",
    order="after",
    validation=ValidationPlan(
        90,
        400,
        (Criterion("gap", maximum_ppm=50_000), Criterion("dsc", minimum_ppm=1)),
        ("language",),
    ),
    rules=Rules(BANDS, (Override("language", "hi", (RuleBand(None, "review"),)),)),
    labels=(("team", "support"),),
    annotations=(("wiki.example/page", "a\nb"),),
)


def plan(**changed: Any) -> dict[str, Any]:
    return {"validation": replace(ENTRY.validation, **changed)}


def override(dimension: str, value: str) -> dict[str, Any]:
    return {"rules": Rules(BANDS, (Override(dimension, value, BANDS),))}


def handled(review: Queue) -> dict[str, Any]:
    return {"handling": Handling(review)}


KNOWN = "spec.escalation.knownValues.language"


def known(*values: tuple[str, tuple[str, ...]]) -> dict[str, Any]:
    return {"rules": replace(ENTRY.rules, known_values=values)}


def test_what_only_logs_is_refused_with_rules_that_would_act() -> None:
    (problem,) = check_spec(replace(ENTRY, stakes="log-only"))
    assert problem.field == "metadata.labels.stakes"
    assert "nobody signs and nothing acts" in problem.words


def test_a_sensible_entry_has_no_problem() -> None:
    assert check_spec(ENTRY) == ()


@pytest.mark.parametrize(
    ("changed", "field", "words"),
    [
        ({"name": ""}, "metadata.name", "is empty"),
        ({"name": " a"}, "metadata.name", "begins or ends with a space"),
        ({"name": "a\nb"}, "metadata.name", "has a line break"),
        ({"decision": "a" * 2001}, "spec.decision", "has more than 2000 characters"),
        ({"decision": "a\x00b"}, "spec.decision", "has a control character"),
        ({"decision": "a\ud800"}, "spec.decision", "has a control character"),
        ({"labels": (("é", "x"),)}, "metadata.labels", "is no name"),
        ({"labels": (("stakes", "x"),)}, "metadata.labels.stakes", "is a field of its own"),
        ({"labels": (("a", " "),)}, "metadata.labels.a", "is empty"),
        ({"owner": "group:x"}, "spec.owner", "is a group"),
        ({"owner": ""}, "spec.owner", "names no person"),
        ({"deputies": ("group:x",)}, "spec.deputies[0]", "is a group"),
        ({"deputies": (BOB, BOB)}, "spec.deputies[1]", "stands there twice"),
        ({"deputies": (ANN,)}, "spec.deputies[0]", "is the owner"),
        ({"validators": ()}, "spec.validators", "is empty"),
        ({"validators": ("group:",)}, "spec.validators[0]", "names no group"),
        ({"validators": (BOB,)}, "spec.validators[0]", "is a deputy"),
        ({"validators": (CY, CY)}, "spec.validators[1]", "stands there twice"),
        ({"risk_approvers": (ANN,)}, "spec.riskApprovers[0]", "is the owner"),
        (
            {"responsible": Responsible(ANN, "group:risk", ANN)},
            "spec.responsible.thresholds",
            "is a group",
        ),
        ({"method": ""}, "spec.elicitation.method", "is empty"),
        ({"order": "between"}, "spec.elicitation.order", "is no order"),
        ({"maturity": Maturity(days=40_000)}, "spec.maturity.days", "is out of range"),
        (
            {"maturity": Maturity(coverage_ppm=0)},
            "spec.maturity.coverage",
            "would call a cohort without any label final",
        ),
        (plan(min_samples=0), "spec.validation.minSamples", "is out of range"),
        (plan(cadence_days=0), "spec.validation.cadenceDays", "is out of range"),
        (plan(window_days=40_000), "spec.validation.windowDays", "is out of range"),
        (plan(segments=("a b",)), "spec.validation.segments[0]", "names no segment"),
        (plan(segments=("split",)), "spec.validation.segments[0]", "is no segment of a claim"),
        (plan(segments=("a", "a")), "spec.validation.segments[1]", "stands there twice"),
        (override("confidence_band", "x"), "spec.escalation.overrides[0].where", "is no segment"),
        (override("language", ""), "spec.escalation.overrides[0].where", "names no value"),
        (override("language", "\x07"), "spec.escalation.overrides[0].where", "has a control"),
        (override("language", "\u00a0hi"), "spec.escalation.overrides[0].where", "has white space"),
        (override("language", "[1]"), "spec.escalation.overrides[0].where", "is no single value"),
        (known(("language", ())), "spec.escalation.knownValues.language", "is empty"),
        (known(("language", ("de", "de"))), f"{KNOWN}[1]", "stands there twice"),
        (known(("language", ("de ",))), f"{KNOWN}[0]", "has white space"),
        (known(("language", ("\u2003",))), f"{KNOWN}[0]", "names no value"),
        (
            known(("LANGUAGE", ("hi",))),
            "spec.escalation.knownValues.LANGUAGE[0]",
            "has an override of its own",
        ),
        (known(("topic", ("law",))), "spec.escalation.knownValues.topic", "has no override"),
        (
            known(("language", ("de",)), ("Language", ("en",))),
            "spec.escalation.knownValues.Language",
            "stands there twice, and letter case does not count",
        ),
        (plan(segments=("outcome_source",)), "spec.validation.segments[0]", "is no segment"),
        ({"truth": Truth(())}, "spec.truth.sources", "is empty"),
        ({"truth": Truth(("LLM",))}, "spec.truth.sources[0]", "is a judge's label"),
        ({"truth": Truth(("CODE", "CODE"))}, "spec.truth.sources[1]", "stands there twice"),
        (
            {"truth": Truth(judge_tolerance_ppm=0)},
            "spec.truth.judgeTolerance",
            "is out of range; write a share above 0 and below 1",
        ),
        (
            {"rules": Rules(BANDS[:1])},
            "spec.escalation.bands[0].below",
            "is a threshold of the last",
        ),
        (plan(max_age_days=0), "spec.validation.maxAgeDays", "is out of range"),
        (plan(min_samples=10**9 + 1), "spec.validation.minSamples", "is out of range"),
        (plan(cadence_days=36_526), "spec.validation.cadenceDays", "is out of range"),
        ({"name": "a" * 2001}, "metadata.name", "has more than 2000 characters"),
        ({"method": "a\x07"}, "spec.elicitation.method", "has a control character"),
        ({"annotations": (("a b", "x"),)}, "metadata.annotations", "is no name"),
        (handled(Queue("", 8)), "spec.escalation.handling.review.queue", "is empty"),
        (handled(Queue("x", 0)), "spec.escalation.handling.review.withinHours", "is out of range"),
        (handled(Queue("x", 8785)), "spec.escalation.handling.review.withinHours", "is out of"),
        ({"costs": Costs(" ", 0, 0, 0)}, "spec.costs.unit", "is empty"),
        ({"costs": Costs("a" * 21, 0, 0, 0)}, "spec.costs.unit", "is no unit"),
        ({"costs": Costs("a\nb", 0, 0, 0)}, "spec.costs.unit", "is no unit"),
        ({"costs": Costs("EUR", 10**15, 0, 0)}, "spec.costs.error", "is out of range"),
        ({"costs": Costs("EUR", 0, -1, 0)}, "spec.costs.review", "is out of range"),
        ({"canary": CanaryPlan(0)}, "spec.canary.everyDays", "is out of range"),
        ({"costs": Costs("EUR", 0, 0, 10**15)}, "spec.costs.escalate", "is out of range"),
    ],
)
def test_a_senseless_entry_is_refused_at_the_field(
    changed: dict[str, Any], field: str, words: str
) -> None:
    (problem,) = check_spec(replace(ENTRY, **changed))
    assert problem.field == field
    assert problem.words.startswith(words)
    assert str(problem).endswith(f"{problem.words}.")


@pytest.mark.parametrize("stakes", ["medium", "high"])
def test_the_author_signs_only_at_low_stakes(stakes: str) -> None:
    own = {"validators": (ANN,), **plan(self_sign=True)}
    assert check_spec(replace(ENTRY, **own)) == ()
    found = check_spec(replace(ENTRY, stakes=stakes, **own))
    assert [one.field for one in found] == ["spec.validators[0]", "spec.validation.selfSign"]


@pytest.mark.parametrize("metric", METRICS)
def test_each_metric_is_bounded_on_its_own_side(metric: str) -> None:
    low, high = Criterion(metric, minimum_ppm=600_000), Criterion(metric, maximum_ppm=60_000)
    right, wrong = (low, high) if METRICS[metric].rises else (high, low)
    others = tuple(one for one in ENTRY.validation.criteria if one.metric != metric)
    assert check_spec(replace(ENTRY, **plan(criteria=(*others, right)))) == ()
    for refused in (wrong, Criterion(metric), Criterion(metric, 600_000, 600_000)):
        found = check_spec(replace(ENTRY, **plan(criteria=(*others, refused))))
        assert len(found) == 1


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        (CALIBRATION_METRICS, "bound no calibration metric"),
        (DISCRIMINATION_METRICS, "bound no discrimination metric"),
    ],
)
def test_criteria_bound_calibration_and_discrimination_both(
    missing: tuple[str, ...], words: str
) -> None:
    criteria = tuple(one for one in ENTRY.validation.criteria if one.metric not in missing)
    (problem,) = check_spec(replace(ENTRY, **plan(criteria=criteria)))
    assert problem.field == "spec.validation.criteria"
    assert problem.words.startswith(words)


def test_a_discrimination_bound_that_one_value_for_all_claims_reaches_is_refused() -> None:
    for bound in (Criterion("auroc", minimum_ppm=500_000), Criterion("dsc", minimum_ppm=0)):
        criteria = (ENTRY.validation.criteria[0], bound)
        (problem,) = check_spec(replace(ENTRY, **plan(criteria=criteria)))
        assert problem.field == "spec.validation.criteria[1].min"


@pytest.mark.parametrize("metric", [key for key, one in METRICS.items() if one.least_strict_ppm])
def test_a_criterion_that_hardly_anything_fails_is_refused_with_the_least_strict_bound(
    metric: str,
) -> None:
    least = METRICS[metric].least_strict_ppm
    assert least is not None
    rising = METRICS[metric].rises
    others = tuple(one for one in ENTRY.validation.criteria if one.metric != metric)

    def found(ppm: int) -> tuple[SpecProblem, ...]:
        bound = Criterion(metric, ppm, None) if rising else Criterion(metric, None, ppm)
        return check_spec(replace(ENTRY, **plan(criteria=(*others, bound))))

    assert found(least) == ()
    for loose in (least - 1, 1) if rising else (least + 1, 999_999, 1_000_000):
        (problem,) = found(loose)
        assert problem.words.endswith(f"{'at least' if rising else 'at most'} {fraction(least)}")


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"validators": ("user:finance/Ann",)}, "spec.validators[0]"),
        ({"deputies": ("user:Finance/ann",)}, "spec.deputies[0]"),
        ({"risk_approvers": ("user:finance/aNN",)}, "spec.riskApprovers[0]"),
        ({"validators": ("user:desk/bo", "user:desk/BO")}, "spec.validators[1]"),
    ],
)
def test_another_spelling_of_a_person_is_no_other_person(
    changed: dict[str, Any], field: str
) -> None:
    assert ANN == "user:finance/ann"
    (problem,) = check_spec(replace(ENTRY, **changed))
    assert problem.field == field


def test_a_problem_shows_the_ends_of_a_long_value() -> None:
    (problem,) = check_spec(replace(ENTRY, decision="x" * 1_000_000))
    assert len(str(problem)) < 200
