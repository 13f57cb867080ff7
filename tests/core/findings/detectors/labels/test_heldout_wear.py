"""A held-out set is a finding before it is used up, and only where there is one."""

from __future__ import annotations

from typing import Any

import pytest

from core.findings.detectors.labels.heldout_wear import wear_conditions
from core.findings.kinds import Condition
from core.trail.acts import SYSTEM, Actor, Proposal
from tests.core.validation.test_held_out import held_out
from tests.core.validation.test_steps import bring, lines
from tests.worlds.governed.governed import V1, Governed, registered
from tests.worlds.running.begun import Begun

PROGRAM = Actor(SYSTEM, SYSTEM, via="system")


def judge(desk: Governed, times: int) -> None:
    """So many maps are judged on the heldout claims of one version."""
    for i in range(times):
        body: dict[str, Any] = {
            "calibrator_version": f"platt-{i}",
            "map_sha256": f"{i:064x}",
            "given": False,
            "n_heldout": 200,
            "imports": 2,
        }
        desk.office.perform(Proposal("recalibration.judged", PROGRAM, "triage", V1, body))


def found(desk: Governed) -> list[Condition]:
    with desk.ledger.cursor() as cursor:
        return list(wear_conditions(cursor, desk.office.state(), desk.clock()))


@pytest.mark.parametrize(
    ("times", "said"),
    [
        (3, None),
        (4, "200 heldout inputs of m1 · p1 were judged on 4 of 5 times (4 × calibration map): one"),
        (5, "were judged on 5 of 5 times (5 × calibration map): no further evidence can rest"),
    ],
)
def test_it_is_found_when_one_more_evidence_can_rest_on_it(
    begun: Begun, times: int, said: str | None
) -> None:
    desk = begun.after(registered, held_out)
    judge(desk, times)
    conditions = found(desk)
    assert [one.kind for one in conditions if one.fingerprint == V1] == ["heldout_worn"] * bool(
        said
    )
    assert said is None or any(said in one.text for one in conditions)


def test_new_inputs_end_it(begun: Begun) -> None:
    desk = begun.after(registered, held_out)
    judge(desk, 5)
    bring(desk, lines(desk.clock(), 600, split="heldout", pre="n"))
    assert V1 not in [one.fingerprint for one in found(desk)]


def test_production_claims_alone_are_no_held_out_set(begun: Begun) -> None:
    desk = begun.after(registered)
    bring(desk, lines(desk.clock(), 300))
    judge(desk, 5)
    assert found(desk) == []
