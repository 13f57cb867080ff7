"""A registry entry through JSON and back, and what its hashes stand for."""

from __future__ import annotations

import json
import re
from dataclasses import fields, is_dataclass, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.queries.base.truth import Truth
from core.registry.escalation_rules import RuleBand, Rules
from core.registry.signal_spec import (
    AuditPlan,
    CanaryPlan,
    Costs,
    Criterion,
    Handling,
    Queue,
    Responsible,
    SignalSpec,
    ValidationPlan,
)
from core.registry.spec_json import (
    MATERIAL,
    hashes_as_written,
    material_sha256,
    of_json,
    spec_sha256,
    to_json,
)
from core.terms import Maturity
from core.trail.canonical_json import canonical
from tests.worlds.claims.any_value import any_value

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


def leaf(name: str, kind: type) -> st.SearchStrategy[Any]:
    """Text of any kind; numbers as far as a field of that name may go."""
    if kind is int:
        # What is no share of disagreement is not written.
        least = int(name == "judge_tolerance_ppm")
        return st.integers(least, 10**15 if name.endswith("_millionths") else 1_000_000)
    return text if kind is str else st.booleans()


specs = any_value(SignalSpec, leaf)

ENTRY = SignalSpec(
    name="triage",
    decision="route the ticket without a person reading it",
    stakes="high",
    owner="p-0000000000000001",
    deputies=("p-0000000000000002",),
    validators=("group:risk",),
    risk_approvers=("p-0000000000000003",),
    responsible=Responsible("p-0000000000000001", "p-0000000000000001", "p-0000000000000002"),
    method="verbal",
    order="after",
    validation=ValidationPlan(
        90,
        400,
        (Criterion("ece", maximum_ppm=50_000), Criterion("auroc", minimum_ppm=750_000)),
        ("language", "topic"),
    ),
    rules=Rules((RuleBand(900_000, "review"), RuleBand(None, "automate"))),
    labels=(("team", "support"),),
    handling=Handling(Queue("desk-2", 8)),
    costs=Costs("EUR", 25_000_000, 3_000_000, 8_000_000),
)
#: Paths of fields that may be left out, as acts made before they existed do.
DEFAULTED = re.compile(
    r"(tolerance|high_from)_ppm|maturity(\..*)?|labels|annotations|handling(\.(review|escalate))?"
    r"|costs|validation\.(segments|cadence_days|window_days|self_sign)"
    r"|validation\.criteria\[\d\]\.(minimum|maximum)_ppm"
    r"|rules\.(overrides|unvalidated|missing|invalid)"
)


@given(specs)
def test_what_is_written_is_read_back_equal(spec: SignalSpec) -> None:
    written = canonical(to_json(spec))
    assert of_json(json.loads(written)) == spec


@given(specs, specs)
def test_two_entries_share_a_hash_only_when_they_are_equal(
    one: SignalSpec, other: SignalSpec
) -> None:
    assert (spec_sha256(one) == spec_sha256(other)) == (one == other)


def places(value: Any, place: str = "") -> list[tuple[Any, str, str]]:
    """Every (object, key, path) of a JSON value."""
    found = []
    if isinstance(value, dict):
        for key, inner in value.items():
            path = f"{place}.{key}" if place else key
            found += [(value, key, path), *places(inner, path)]
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            found += places(inner, f"{place}[{i}]")
    return found


PATHS = [path for _, _, path in places(to_json(ENTRY))]


@pytest.mark.parametrize("path", [path for path in PATHS if not DEFAULTED.fullmatch(path)])
def test_a_missing_field_is_named(path: str) -> None:
    written = to_json(ENTRY)
    holder, key = next((holder, key) for holder, key, at in places(written) if at == path)
    del holder[key]
    with pytest.raises(ValueError, match=f"^{re.escape(path)} is missing$"):
        of_json(written)


@pytest.mark.parametrize("path", PATHS)
def test_a_value_of_another_type_is_named(path: str) -> None:
    written = to_json(ENTRY)
    holder, key = next((holder, key) for holder, key, at in places(written) if at == path)
    holder[key] = 0.5
    with pytest.raises(ValueError, match=rf"^{re.escape(path)} is 0\.5, not "):
        of_json(written)


@pytest.mark.parametrize("path", [path for path in PATHS if DEFAULTED.fullmatch(path)])
def test_a_field_that_is_not_there_has_its_default_and_no_part_in_the_hashes(path: str) -> None:
    written = to_json(ENTRY)
    holder, key = next((holder, key) for holder, key, at in places(written) if at == path)
    del holder[key]
    spec = of_json(written)
    assert len(set(map(str, (to_json(spec), written, to_json(ENTRY))))) >= 2
    assert hashes_as_written(written)[0] not in (spec_sha256(spec), spec_sha256(ENTRY))


def test_an_entry_as_written_now_has_its_own_hashes() -> None:
    assert hashes_as_written(to_json(ENTRY)) == (spec_sha256(ENTRY), material_sha256(ENTRY))


def test_an_entry_that_lists_no_values_and_no_truth_keeps_the_hashes_it_was_signed_under() -> None:
    written = to_json(ENTRY)
    assert "known_values" not in written["rules"]
    assert not {"truth", "canary"} & set(written)
    assert hashes_as_written(written) == (
        "e77df1cd00b7c8ac4282872b2ebf87c8fef78a64ac4d67a71b108248ab6b11cd",
        "746bb2991d97124a1aa6ae8363da2e5291dc1e66dda403e90dbb88f19a64efda",
    )


def test_listed_values_are_material_and_their_order_is_not() -> None:
    def listing(*values: str) -> SignalSpec:
        rules = replace(ENTRY.rules, known_values=(("topic", values),))
        return replace(ENTRY, rules=rules)

    assert of_json(json.loads(canonical(to_json(listing("a", "b"))))) == listing("a", "b")
    assert material_sha256(listing("a")) not in (material_sha256(ENTRY), material_sha256(listing()))
    assert material_sha256(listing("a", "b")) == material_sha256(listing("b", "a"))
    assert spec_sha256(listing("a", "b")) != spec_sha256(listing("b", "a"))


def test_an_unknown_field_is_named() -> None:
    written = to_json(ENTRY)
    written["rules"]["bands"][1]["abvoe"] = 1
    with pytest.raises(ValueError, match=r"^rules\.bands\[1\]\.abvoe is no known field$"):
        of_json(written)


@pytest.mark.parametrize(
    ("path", "value", "refusal"),
    [
        ("stakes", "huge", "stakes is 'huge', not one of log-only, low, medium, high"),
        ("tolerance_ppm", True, "tolerance_ppm is True, not a whole number"),
        ("tolerance_ppm", 1_000_001, "tolerance_ppm is 1000001, not in 0 … 1000000"),
        ("deputies", "p-1", "deputies is 'p-1', not a list"),
        ("labels", [["a"]], "labels[0] has 1 values, not 2"),
        ("owner", None, "owner is None, not text"),
    ],
)
def test_a_value_that_cannot_stand_there_is_refused(path: str, value: object, refusal: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(refusal)}$"):
        of_json(to_json(ENTRY) | {path: value})


@pytest.mark.parametrize("other", [None, [], "text", 3])
def test_what_is_no_object_is_no_entry(other: Any) -> None:
    with pytest.raises(ValueError, match=r"^the entry is .*, not an object$"):
        of_json(other)


CHANGED: dict[str, Any] = {
    "name": "other",
    "decision": "something else",
    "stakes": "low",
    "owner": "p-9",
    "deputies": (),
    "validators": ("p-9",),
    "risk_approvers": (),
    "responsible": Responsible("a", "b", "c"),
    "method": None,
    "order": "before",
    "validation": replace(ENTRY.validation, max_age_days=91),
    "rules": replace(ENTRY.rules, missing="escalate"),
    "tolerance_ppm": 1,
    "high_from_ppm": 1,
    "maturity": Maturity(1),
    "labels": (),
    "annotations": (("wiki", "page"),),
    "handling": Handling(Queue("desk-2", 9)),
    "costs": None,
    "truth": Truth(("HUMAN",)),
    "canary": CanaryPlan(1),
    "audit": AuditPlan(40),
    "cuts_from": ("ab" * 32,),
}


@pytest.mark.parametrize("name", [field.name for field in fields(SignalSpec)])
def test_a_field_is_material_exactly_when_a_validation_rests_on_it(name: str) -> None:
    changed = replace(ENTRY, **{name: CHANGED[name]})
    assert spec_sha256(changed) != spec_sha256(ENTRY)
    assert (material_sha256(changed) != material_sha256(ENTRY)) == (name in MATERIAL)


def test_every_part_of_what_is_material_changes_the_hash() -> None:
    plain = to_json(ENTRY)
    for holder, key, path in places(plain):
        if path.split(".")[0] not in MATERIAL or not isinstance(holder[key], int):
            continue
        kept = holder[key]
        holder[key] = not kept if isinstance(kept, bool) else kept + 1
        assert material_sha256(of_json(plain)) != material_sha256(ENTRY), path
        holder[key] = kept


def test_listing_criteria_and_segments_in_another_order_changes_nothing_material() -> None:
    plan = ENTRY.validation
    turned = replace(plan, criteria=plan.criteria[::-1], segments=plan.segments[::-1])
    assert material_sha256(replace(ENTRY, validation=turned)) == material_sha256(ENTRY)


def test_listing_sources_of_truth_in_another_order_changes_nothing_material() -> None:
    one, other = (
        replace(ENTRY, truth=Truth(both)) for both in (("HUMAN", "CODE"), ("CODE", "HUMAN"))
    )
    assert material_sha256(one) == material_sha256(other)


def test_how_much_a_judge_may_disagree_is_kept_and_is_not_material() -> None:
    plain, said = (replace(ENTRY, truth=Truth(judge_tolerance_ppm=one)) for one in (None, 50_000))
    assert set(to_json(plain)["truth"]) == {"sources", "unstated"}
    assert of_json(json.loads(canonical(to_json(said)))) == said
    assert material_sha256(said) == material_sha256(plain)
    assert spec_sha256(said) != spec_sha256(plain)


def test_every_field_has_a_form_in_json() -> None:
    for part in (ENTRY, ENTRY.validation, ENTRY.rules, ENTRY.maturity, ENTRY.responsible):
        assert is_dataclass(part)
    declared = replace(
        ENTRY,
        truth=Truth(),
        canary=CanaryPlan(1),
        audit=AuditPlan(40),
        cuts_from=("ab" * 32,),
    )
    assert set(to_json(declared)) == {field.name for field in fields(SignalSpec)}
