"""Applying a registry file: compared first, all or nothing, and written back as it is in force."""

from __future__ import annotations

import pytest

from core.gate import registry_changes as registry
from core.governance.bodies.refusal import Refused
from core.registry.yaml_reader import read
from core.trail import log as trail


def plan(governed, text: str) -> registry.ChangePlan:
    with governed.ledger.cursor() as cursor:
        return registry.plan(cursor, governed.office.state(), read(text), governed.clock.now)


def test_who_applies_the_first_file_becomes_admin_and_later_ones_do_not(
    ungoverned, registry_text: str
):
    ungoverned.apply(registry_text, who="user:desk/kim")
    state = ungoverned.office.state()
    assert state.grants == {ungoverned.sub("user:desk/kim"): frozenset({"admin"})}
    later = registry_text.replace("maxAgeDays: 90", "maxAgeDays: 60")
    ungoverned.apply(later, who="user:desk/ann")
    assert ungoverned.office.state().grants == state.grants


def test_a_file_that_says_what_is_in_force_changes_nothing(governed, registry_text: str):
    size = governed.office.state().size
    assert plan(governed, registry_text).empty
    assert governed.apply(registry_text, who="user:desk/stranger") == ()
    assert governed.office.state().size == size


def test_a_refused_file_leaves_no_person_no_group_and_no_entry(governed, registry_text: str):
    size = governed.office.state().size
    changed = registry_text.replace("desk/bob", "desk/carl").replace("triage", "other")
    with pytest.raises(Refused):
        governed.apply(changed, who="user:desk/ann")
    assert governed.office.state().size == size
    handles = governed.ledger.cursor().execute("SELECT handle FROM people").fetchall()
    assert ("user:desk/carl",) not in handles


def test_the_plan_names_changes_new_people_and_what_is_suspended(governed, registry_text: str):
    text = registry_text.replace('below: "0.90"', 'below: "0.80"').replace("desk/bob", "desk/carl")
    found = plan(governed, text)
    (change,) = found.changes
    assert change.reopens
    assert any("0.90 → 0.80" in one.words for one in change.differences)
    assert found.new_people == ("user:desk/carl",)
    assert not plan(governed, registry_text.replace("desk/bob", "desk/carl")).changes[0].reopens


def test_a_group_whose_members_change_is_an_act_of_its_own(governed, registry_text: str):
    text = registry_text.replace("[user:risk/vera]", "[user:risk/vera, user:risk/idris]")
    assert [one.name for one, _ in plan(governed, text).groups] == ["risk/validation"]
    acts = governed.apply(text, who="user:desk/admin")
    assert [act.kind for act in acts] == ["group.set"]
    members = governed.office.state().groups["risk/validation"]
    assert members == {governed.sub("user:risk/vera"), governed.sub("user:risk/idris")}


def test_what_is_written_back_is_what_is_in_force(governed):
    with governed.ledger.cursor() as cursor:
        text = registry.export(cursor, governed.office.state())
    assert plan(governed, text).empty
    assert "user:desk/ann" in text
    with governed.ledger.cursor() as cursor:
        assert "ConfidenceSignal" not in registry.export(
            cursor, governed.office.state(), ("another",)
        )


def test_entries_in_the_trail_name_people_by_opaque_ids_only(governed):
    with governed.ledger.cursor() as cursor:
        (act,) = [one for one in trail.acts(cursor) if one.kind == "registry.set"]
    assert act.body["spec"]["owner"] == governed.sub("user:desk/ann")


def test_another_spelling_of_somebody_known_is_the_same_person(governed, registry_text: str):
    size = governed.office.state().size
    spelled = registry_text.replace("user:desk/ann", "user:Desk/ANN")
    found = plan(governed, spelled)
    assert found.empty
    assert found.new_people == ()
    assert governed.apply(spelled, who="user:desk/Admin") == ()
    assert governed.office.state().size == size


def test_two_spellings_of_somebody_new_in_one_file_are_one_person(ungoverned, registry_text: str):
    text = registry_text.replace("deputies: [user:desk/bob", "deputies: [user:desk/New")
    text = text.replace("[user:risk/vera]", "[user:risk/vera, user:desk/NEW]")
    ungoverned.apply(text, who="user:desk/kim")
    handles = ungoverned.ledger.cursor().execute("SELECT handle FROM people").fetchall()
    assert [one for (one,) in handles if one.lower() == "user:desk/new"] == ["user:desk/New"]


def test_a_group_member_spelled_otherwise_cannot_sign_what_they_submitted(
    governed, registry_text: str
):
    text = registry_text.replace("[user:risk/vera]", "[user:risk/vera, user:desk/Ann]")
    governed.apply(text, who="user:desk/admin")
    ann = governed.sub("user:desk/ann")
    assert ann in governed.office.state().groups["risk/validation"]
    assert governed.sub("user:desk/Ann") == ann


def with_override(registry_text: str, where: str) -> str:
    """The override put on another segment, with no other value listed but one nobody has."""
    dimension = where.split(":")[0]
    listed = registry_text.replace("{language: [de, en]}", f"{{{dimension}: [none]}}")
    return listed.replace("{language: hi}", f"{{{where}}}", 1)


UNLISTED = (
    "Of topic the entry does not list {}: the strictest rule applies to such claims. Are the bands "
    "meant for them? Then list them under knownValues."
)


@pytest.mark.parametrize(
    ("where", "said"),
    [
        (
            "topic: medcal",
            (
                "The override topic=medcal fits no claim: no claim of triage has this value; "
                "the nearest there is medical.",
                UNLISTED.format("medical, tax"),
            ),
        ),
        (
            "topic: xyz",
            (
                "The override topic=xyz fits no claim: no claim of triage has this value; "
                "there are medical, tax.",
                UNLISTED.format("medical, tax"),
            ),
        ),
        (
            "topc: tax",
            (
                "The override topc=tax fits no claim: no claim has a segment topc; "
                "the nearest there is topic. Until claims state one, the strictest rule applies "
                "to them all.",
            ),
        ),
        ("topic: tax", (UNLISTED.format("medical"),)),
    ],
)
def test_an_override_that_no_claim_is_under_is_told_before_it_is_applied(
    governed, registry_text: str, bring, made, where: str, said: tuple[str, ...]
):
    bring(governed, made(governed.clock, range(1, 3), seg_topic="tax"))
    bring(governed, made(governed.clock, range(3, 6), seg_topic="medical"))
    (change,) = plan(governed, with_override(registry_text, where)).changes
    assert change.idle == said


def test_an_override_that_some_claim_is_under_is_not_told(
    governed, registry_text: str, bring, made
):
    bring(governed, made(governed.clock, range(1, 3), seg_topic="tax"))
    (change,) = plan(governed, with_override(registry_text, "topic: tax")).changes
    assert change.idle == ()


def test_of_a_signal_without_claims_no_override_is_called_idle(governed, registry_text: str):
    (change,) = plan(governed, with_override(registry_text, "topic: tax")).changes
    assert change.idle == ()
