"""What acts by itself at medium and high stakes is bounded by itself, or refused with the fix."""

from __future__ import annotations

import pytest

from core.events import PPM
from core.findings.kinds import conditions
from core.gate import registry_changes as registry
from core.governance.bodies.refusal import Refused
from core.registry import proof_rules
from core.registry.cut_runs import CutRun, ProvenCut
from core.registry.yaml_reader import read
from core.trail.acts import Signature
from tests.worlds.governed.entries import REPLY, entry
from tests.worlds.governed.governed import Governed
from tests.worlds.governed.house import NOW
from tests.worlds.governed.proven_cuts import RUN, prove_cuts

ABOVE = '{metric: automated_error, max: "0.05"}, {metric: high_band_gap, max: "0.05"}'
PROVEN = REPLY.replace('min: "0.75"}', f'min: "0.75"}}, {ABOVE}') + f"    cutsFrom: {RUN}\n"


def refusals(text: str, level_ppm: int = 900_000) -> list[str]:
    (spec,) = read(text).specs
    cut = ProvenCut(None, None, 0, PPM, 9, 0)
    run = CutRun(RUN, "s", 1, NOW, "p", 1, 1, level_ppm, (cut,))
    return [str(one) for one in proof_rules.unproven(spec, {RUN: run})]


@pytest.mark.usefixtures("proof_asked")
@pytest.mark.parametrize(
    ("changed", "refused"),
    [
        ({}, True),
        ({"stakes": "medium"}, True),
        ({"stakes": "low"}, False),
        ({"most": {"ece": "0.05", "automated_error": "0.02", "high_band_gap": "0.04"}}, False),
        ({"most": {"ece": "0.05", "automated_error": "0.02"}}, True),
        ({"most": {"ece": "0.05", "high_band_gap": "0.02"}}, True),
    ],
)
def test_what_acts_by_itself_is_bounded_by_itself(changed: dict, refused: bool) -> None:
    assert bool(refusals(entry(**changed, escalation={"cutsFrom": RUN}))) is refused


@pytest.mark.usefixtures("proof_asked")
def test_a_run_from_before_that_holds_in_every_other_case_proves_nothing_to_a_new_entry() -> None:
    bounds = {"ece": "0.05", "automated_error": "0.02", "high_band_gap": "0.04"}
    text = entry(most=bounds, escalation={"cutsFrom": RUN})
    (said,) = refusals(text, level_ppm=500_000)
    assert "proves the threshold 0.90 with less than 80% confidence: record a run with" in said


@pytest.mark.usefixtures("proof_asked")
def test_an_entry_that_sends_every_case_to_people_need_not_be_proven() -> None:
    text = REPLY.replace("review}, {action: automate}", "escalate}, {action: review}")
    assert refusals(text) == []
    alone = "    overrides: [{where: {topic: tax}, bands: [{action: automate}]}]\n"
    assert len(refusals(text + alone)) == 2


@pytest.mark.usefixtures("proof_asked")
def test_a_typed_cut_with_a_bound_on_the_whole_alone_is_refused_with_the_fix(
    ungoverned: Governed,
) -> None:
    with ungoverned.ledger.cursor() as cursor:
        plan = registry.plan(cursor, ungoverned.office.state(), read(REPLY), ungoverned.clock.now)
    said, _ = plan.changes[0].unproven
    assert '{metric: automated_error, max: "0.05"} and {metric: high_band_gap' in said
    with pytest.raises(Refused, match="automated_error"):
        registry.refuse_unproven(plan)
    with pytest.raises(Refused, match="nothing acts by itself without it"):
        ungoverned.apply(REPLY, who="user:t/adam")
    prove_cuts(ungoverned.office, "s", "user:t/ann")
    assert ungoverned.apply(PROVEN, who="user:t/adam")


@pytest.mark.usefixtures("proof_asked")
def test_a_run_that_lets_more_be_wrong_than_the_entry_allows_does_not_prove_its_cut(
    ungoverned: Governed,
) -> None:
    loose = prove_cuts(ungoverned.office, "s", "user:t/ann", risk_ppm=500_000)
    with pytest.raises(Refused, match=r"threshold 0\.90 on than automated_error allows, 0\.05"):
        ungoverned.apply(PROVEN.replace(RUN, loose), who="user:t/adam")
    prove_cuts(ungoverned.office, "s", "user:t/ann", look=2)
    assert ungoverned.apply(PROVEN.replace(RUN, f"[{loose}, {RUN}]"), who="user:t/adam")


def test_an_entry_from_before_goes_on_and_its_next_change_has_to_be_proven(
    ungoverned: Governed, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    ungoverned.apply(REPLY, who="user:t/adam")
    request.getfixturevalue("proof_asked")
    state = ungoverned.office.state()
    assert "cut_unproven" in {one.kind for one in conditions(state, (), ungoverned.clock.now)}
    assert ungoverned.apply(REPLY.replace("t/bob", "t/ben"), who="user:t/ann")
    with pytest.raises(Refused, match="cannot be registered so"):
        ungoverned.apply(REPLY.replace("maxAgeDays: 90", "maxAgeDays: 60"), who="user:t/ann")
    prove_cuts(ungoverned.office, "s", "user:t/ann")
    assert ungoverned.apply(PROVEN, who="user:t/ann")


def test_nothing_new_is_signed_on_an_entry_from_before(
    governed: Governed, request: pytest.FixtureRequest
) -> None:
    governed.validate()
    request.getfixturevalue("proof_asked")
    assert governed.office.state().standing_of("triage", *_first(governed)).open
    size = governed.office.state().size
    with pytest.raises(Refused, match="change it first"):
        governed.validate()
    # Not even evidence is submitted that nobody could sign.
    assert governed.office.state().size == size
    with pytest.raises(Refused, match="change it first"):
        governed.do(
            "user:risk/vera",
            "validation.signed",
            signature=Signature("I checked", "0" * 64),
            until="2026-12-01T00:00:00.000000Z",
        )


def _first(governed: Governed) -> tuple:
    ((_, fingerprint),) = governed.office.state().validations
    return fingerprint, governed.clock.now
