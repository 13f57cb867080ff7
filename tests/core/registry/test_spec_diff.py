"""What changed between two versions of an entry, completely and in plain words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.queries.base.truth import Truth
from core.registry.escalation_rules import Override, RuleBand, Rules
from core.registry.signal_spec import (
    UNPLANNED,
    UNRULED,
    AuditPlan,
    CanaryPlan,
    Costs,
    Criterion,
    Handling,
    Queue,
    Responsible,
    SignalSpec,
)
from core.registry.spec_diff import differences
from core.registry.spec_json import material_sha256
from core.registry.words import NOTHING
from core.terms import Maturity
from tests.worlds.claims.any_value import any_value
from tests.worlds.governed.entries import spec_with

BANDS = (RuleBand(620_000, "escalate"), RuleBand(900_000, "review"), RuleBand(None, "automate"))
HINDI = Override("language", "hi", (RuleBand(950_000, "review"), RuleBand(None, "automate")))
ENTRY = spec_with(
    deputies=("user:bob",),
    validators=("group:risk",),
    risk_approvers=("user:cy",),
    method="verbal",
    order="after",
    validation=replace(spec_with().validation, segments=("language", "topic")),
    rules=Rules(BANDS, (HINDI,)),
)

LOGGED = spec_with(
    stakes="log-only", validators=(), validation=UNPLANNED, rules=UNRULED, name="triage"
)


def words(old: SignalSpec | None, new: SignalSpec) -> list[str]:
    return [one.words for one in differences(old, new)]


#: Few values each, so that versions often agree in part.
FEW = {str: st.sampled_from(["a", "b"]), int: st.sampled_from([1, 2]), bool: st.booleans()}
specs = any_value(SignalSpec, lambda _, kind: FEW[kind])


@st.composite
def versions(draw: st.DrawFn) -> tuple[SignalSpec, SignalSpec]:
    """Two entries that differ in a few fields at most."""
    old, other = draw(specs), draw(specs)
    changed = draw(st.sets(st.sampled_from(sorted(vars(old))), max_size=3))
    return old, replace(old, **{name: getattr(other, name) for name in changed})


@given(versions())
def test_there_is_no_difference_exactly_between_equal_entries(
    pair: tuple[SignalSpec, SignalSpec],
) -> None:
    old, new = pair
    assert (differences(old, new) == ()) == (old == new)


@given(versions())
# A source that no label can state yet is a difference all the same, as it is to the hash.
@example((spec_with(truth=Truth(sources=("LATER",))), spec_with(truth=Truth(sources=()))))
def test_a_difference_is_material_exactly_when_a_validation_rests_on_it(
    pair: tuple[SignalSpec, SignalSpec],
) -> None:
    old, new = pair
    material = any(one.material for one in differences(old, new))
    assert material == (material_sha256(old) != material_sha256(new))


@given(versions())
def test_every_difference_says_both_sides(pair: tuple[SignalSpec, SignalSpec]) -> None:
    for one in differences(*pair):
        assert one.before != one.after
        assert all(side == NOTHING or side in one.words for side in (one.before, one.after))


def plan(**changed: Any) -> dict[str, Any]:
    return {"validation": replace(ENTRY.validation, **changed)}


def rules(**changed: Any) -> dict[str, Any]:
    return {"rules": replace(ENTRY.rules, **changed)}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"decision": "close it"}, ["decision “route the ticket” → “close it”", "*"]),
        ({"stakes": "low"}, ["stakes high → low", "*"]),
        ({"owner": "user:dee"}, ["owner ann → dee"]),
        ({"deputies": ("user:bob", "user:dee")}, ["deputy added: dee"]),
        (
            {"deputies": ("user:dee", "user:bob")},
            ["deputy added: dee", "order (deputy) bob → dee; bob"],
        ),
        ({"deputies": ()}, ["deputy removed: bob"]),
        (
            {"validators": ("user:dee",)},
            ["validator removed: group:risk", "validator added: dee"],
        ),
        ({"risk_approvers": ()}, ["risk approver removed: cy"]),
        (
            {"responsible": Responsible("user:ann", "user:bob", "user:ann")},
            ["responsible for thresholds ann → bob"],
        ),
        ({"method": None}, ["method “verbal” → any", "*"]),
        ({"tolerance_ppm": 40_000}, ["tolerance 0.05 → 0.04", "*"]),
        ({"high_from_ppm": 950_000}, ["high-confidence band from 0.90 → 0.95", "*"]),
        (
            {"maturity": Maturity(1, 500_000)},
            [
                "outcomes final after 30 days → 1 day",
                "outcomes final at coverage 0.80 → 0.50",
                "*",
            ],
        ),
        (plan(max_age_days=60), ["validation expires after 90 days → 60 days", "*"]),
        (plan(min_samples=2000), ["labelled inputs needed 400 → 2,000", "*"]),
        (plan(self_sign=True), ["author may sign no → yes", "*"]),
        (plan(segments=("language",)), ["required segment removed: topic", "*"]),
        (
            plan(segments=("topic", "language")),
            ["order (required segment) language; topic → topic; language"],
        ),
        (
            plan(criteria=(Criterion("ece", maximum_ppm=40_000), ENTRY.validation.criteria[1])),
            ["criterion ece at most 0.05 → ece at most 0.04", "*"],
        ),
        (
            plan(criteria=(Criterion("smece", maximum_ppm=1), ENTRY.validation.criteria[1])),
            [
                "criterion removed: ece at most 0.05",
                "criterion added: smece at most 0.000001",
                "*",
            ],
        ),
        (
            rules(bands=(BANDS[0], RuleBand(850_000, "review"), BANDS[2])),
            ["threshold between review and automate 0.90 → 0.85", "*"],
        ),
        (
            rules(bands=(BANDS[1], BANDS[2])),
            [
                "bands escalate below 0.62, review below 0.90, automate above → "
                "review below 0.90, automate above",
                "*",
            ],
        ),
        (
            rules(overrides=()),
            ["override removed: language=hi: review below 0.95, automate above", "*"],
        ),
        (
            rules(overrides=(HINDI, Override("topic", "law", (RuleBand(None, "review"),)))),
            ["override added: topic=law: always review", "*"],
        ),
        (
            rules(overrides=(Override("topic", "law", HINDI.bands), HINDI)),
            [
                "override added: topic=law: review below 0.95, automate above",
                "order (override) language=hi: review below 0.95, automate above → "
                "topic=law: review below 0.95, automate above; "
                "language=hi: review below 0.95, automate above",
                "*",
            ],
        ),
        (
            rules(overrides=(replace(HINDI, bands=(RuleBand(None, "review"),)),)),
            [
                "for language=hi: bands review below 0.95, automate above → always review",
                "*",
            ],
        ),
        (
            rules(overrides=(replace(HINDI, bands=(RuleBand(970_000, "review"), HINDI.bands[1])),)),
            ["for language=hi: threshold between review and automate 0.95 → 0.97", "*"],
        ),
        (
            rules(known_values=(("language", ("de", "en")),)),
            ["known value added: language=de", "known value added: language=en", "*"],
        ),
        (
            rules(missing="escalate", unvalidated="escalate"),
            [
                "where the fingerprint may not act: review → escalate",
                "where no confidence is stated: review → escalate",
                "*",
            ],
        ),
        ({"labels": (("team", "a b"),)}, ["label added: team=a b"]),
        (
            {"handling": Handling(Queue("desk-2", 8), Queue("lead", 1))},
            [
                "review goes to – → desk-2 within 8 hours",
                "escalate goes to – → lead within 1 hour",
            ],
        ),
        (
            {"costs": Costs("EUR", 25_000_000, 2_500_000, 8_000_000)},
            ["costs – → error 25, review 2.50, escalation 8 EUR"],
        ),
        (
            {"canary": CanaryPlan(7, closes_gate=True)},
            ["canary – → every 7 days, closes the gate"],
        ),
        (
            {"truth": Truth(("HUMAN",), unstated=False)},
            [
                "ground truth not declared (HUMAN, CODE and labels that state no source) → HUMAN",
                "*",
            ],
        ),
        (
            {"truth": Truth(("HUMAN",), judge_tolerance_ppm=150_000)},
            [
                "ground truth not declared (HUMAN, CODE and labels that state no source) → HUMAN "
                "and labels that state no source; a judge may disagree on 0.15 of the claims",
                "*",
            ],
        ),
        ({}, []),
    ],
)
def test_a_change_is_said_in_the_words_of_its_readers(
    changed: dict[str, Any], said: list[str]
) -> None:
    new = replace(ENTRY, **changed)
    reopens = material_sha256(ENTRY) != material_sha256(new)
    assert [*words(ENTRY, new), *["*"] * reopens] == said


@pytest.mark.parametrize(
    "changed",
    [
        plan(segments=("topic", "language")),
        plan(criteria=ENTRY.validation.criteria[::-1]),
    ],
)
def test_an_order_without_meaning_is_no_material_difference(changed: dict[str, Any]) -> None:
    (one,) = differences(ENTRY, replace(ENTRY, **changed))
    assert not one.material


def test_what_a_judge_may_disagree_on_is_no_material_difference() -> None:
    declared = replace(ENTRY, truth=Truth())
    (one,) = differences(declared, replace(ENTRY, truth=Truth(judge_tolerance_ppm=50_000)))
    assert not one.material
    assert one.words.endswith("a judge may disagree on 0.05 of the claims")


def test_a_new_entry_is_listed_and_reopens_nothing() -> None:
    assert words(None, ENTRY) == [
        "new entry for triage, stakes high",
        "decides: route the ticket",
        "owner ann",
        "validated where ece at most 0.05, auroc at least 0.75",
        "escalate below 0.62, review below 0.90, automate above",
        "override added: language=hi: review below 0.95, automate above",
    ]


def test_a_new_entry_says_what_it_declares_beside_its_plan() -> None:
    declared = replace(ENTRY, truth=Truth(("HUMAN",), unstated=False), audit=AuditPlan(40, "topic"))
    assert words(None, declared)[5:] == [
        "ground truth HUMAN",
        "override added: language=hi: review below 0.95, automate above",
        "audit sample 40 labels a week of each topic, within 14 days",
    ]


#: One whose confidence decides nothing.
LOGGED = spec_with(stakes="log-only", validators=(), validation=UNPLANNED, rules=UNRULED)


def test_a_new_entry_that_is_only_logged_lists_no_plan_and_no_rules() -> None:
    assert words(None, LOGGED) == [
        "new entry for triage, stakes log-only",
        "decides: route the ticket",
        "owner ann",
    ]


def test_what_is_no_longer_only_logged_changes_nothing_from_values_nobody_wrote() -> None:
    assert words(LOGGED, spec_with()) == [
        "stakes log-only → high",
        "validation expires after – → 90 days",
        "labelled inputs needed – → 400",
        "criterion added: ece at most 0.05",
        "criterion added: auroc at least 0.75",
        "bands – → review below 0.90, automate above",
        "where what is stated is no confidence: – → escalate",
        "validator added: cy",
    ]


def test_what_becomes_only_logged_has_neither_plan_nor_rules_left() -> None:
    assert words(spec_with(), LOGGED) == [
        "stakes high → log-only",
        "validation expires after 90 days → –",
        "labelled inputs needed 400 → –",
        "criterion removed: ece at most 0.05",
        "criterion removed: auroc at least 0.75",
        "bands review below 0.90, automate above → –",
        "where what is stated is no confidence: escalate → –",
        "validator removed: cy",
    ]


def test_people_are_shown_by_the_name_given_and_compared_by_who_they_are() -> None:
    other = replace(ENTRY, owner="user:dee")
    (one,) = differences(ENTRY, other, name=lambda _: "Ann Lee")
    assert one.words == "owner Ann Lee → Ann Lee"


def test_a_log_only_entry_is_said_without_the_plan_and_the_rules_that_it_lacks() -> None:
    assert words(None, LOGGED) == [
        "new entry for triage, stakes log-only",
        "decides: route the ticket",
        "owner ann",
    ]
    assert "labelled inputs needed – → 400" in words(LOGGED, spec_with())
    back = words(spec_with(), LOGGED)
    assert "bands review below 0.90, automate above → –" in back
    assert "validation expires after 90 days → –" in back


def test_a_new_entry_says_which_labels_are_asked_for_every_week() -> None:
    assert "audit sample 40 labels a week, within 14 days" in words(
        None, spec_with(audit=AuditPlan(40))
    )
