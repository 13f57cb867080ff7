"""A canary round counts only where everything it says of itself is so."""

from __future__ import annotations

from typing import Any

import pytest

from core.governance.bodies.canaries import canary_standing
from core.governance.bodies.refusal import Refused
from core.trail.acts import stamp
from core.trail.canonical_json import sha256_of
from tests.worlds.governed.acts import ANN, DAY, OLD, T0, World

IDS = [f"q-{n}" for n in range(50)]
LOW = ["0.000001", "1", "0.000001", "1"]


def keep(world: World, day: float = 1, **changed: Any) -> None:
    body = {"n_inputs": 50, "inputs": [[one, None] for one in IDS], **changed}
    world.do("canary.kept", ANN, "owner", day, signal="triage", body=body)


def ask(world: World, day: float, *, series: int = 1, p_values: Any = None, **changed: Any) -> None:
    results: dict[str, Any] = {
        name: changed.pop(name, usual)
        for name, usual in (
            ("ppm", [900_000] * 49 + [None]),
            ("answers", [None] * 50),
            ("failures", [["not asked", 1]]),
        )
    }
    body = {
        "round": f"day {day}",
        "asked_at": stamp(T0 + day * DAY),
        **{"n_asked": 49, "n_failed": 1},
        **results,
        "results_sha256": sha256_of(results),
        "series": series,
        "p_values": p_values,
        **changed,
    }
    world.program("canary.asked", day, signal="triage", fingerprint=OLD, body=body)


@pytest.mark.parametrize(
    "changed",
    [
        {"n_inputs": 51},
        {"inputs": [[1, None]], "n_inputs": 1},
        {"inputs": [["", None]], "n_inputs": 1},
        {"inputs": [["a", "no digest"]], "n_inputs": 1},
        {"inputs": "ab", "n_inputs": 2},
        {"inputs": [["a", None], ["a", None]], "n_inputs": 2},
    ],
)
def test_inputs_that_are_none_are_refused(world: World, changed: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        keep(world, **changed)


def test_a_round_is_kept_as_it_was_recorded(world: World) -> None:
    keep(world)
    ask(world, 2)
    ((one,),) = world.state.canary_rounds.values()
    assert (one.n_asked, one.n_failed, one.series) == (49, 1, 1)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"ppm": [900_000] * 49}, "ppm of canary.asked must have a value for each"),
        ({"ppm": [1_000_001] * 49 + [None]}, "ppm of canary.asked must have a value for each"),
        ({"ppm": [True] * 49 + [None]}, "ppm of canary.asked must have a value for each"),
        ({"answers": [7] * 50}, "answers of canary.asked must have a value for each"),
        ({"n_asked": 50, "n_failed": 0}, "must be what its results come to"),
        ({"n_failed": 0}, "must be what its results come to"),
        ({"results_sha256": "0" * 64}, "is not that of its results"),
        ({"series": 2}, "series 2 of a canary does not follow"),
        ({"p_values": LOW}, "and only these, are not judged"),
        ({"asked_at": stamp(T0 + 3 * DAY)}, "was asked after it was recorded"),
    ],
)
def test_a_round_that_says_what_is_not_so_is_refused(
    world: World, changed: dict[str, Any], told: str
) -> None:
    keep(world)
    with pytest.raises(Refused, match=told):
        ask(world, 2, **changed)


def test_evidence_is_not_left_out_by_judging_no_more(world: World) -> None:
    keep(world)
    ask(world, 2)
    ask(world, 3)
    with pytest.raises(Refused, match="and only these, are not judged"):
        ask(world, 4)
    ask(world, 4, p_values=LOW)


def test_evidence_is_forgotten_for_new_inputs_or_a_signature_and_for_nothing_else(
    validated: World,
) -> None:
    keep(validated, 3)
    for day, p_values in ((4, None), (5, None), (6, LOW), (7, LOW), (8, LOW)):
        ask(validated, day, p_values=p_values)
    (rounds,) = validated.state.canary_rounds.values()
    assert canary_standing(rounds).alarm is not None
    with pytest.raises(Refused, match="series 2 of a canary does not follow"):
        ask(validated, 9, series=2)
    keep(validated, 10)
    with pytest.raises(Refused, match="series 1 of a canary does not follow"):
        ask(validated, 11, p_values=LOW)
    ask(validated, 11, series=2)
