"""A model that changed behind its name is a finding, and may lose its validation at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from core.monitoring.canary import KEPT, Result, RoundAsked, keep, record
from core.monitoring.rounds import outlook, rounds
from core.trail.fingerprint import Fingerprint
from core.views.shared.canary import canary_lines
from tests.worlds.governed.governed import REGISTRY, V1

IDS = [f"q-{n:02}" for n in range(50)]
CLOSES = REGISTRY.replace(
    "  validation:\n", "  canary: {everyDays: 1, closesGate: true}\n  validation:\n", 1
)


def ask(
    governed: Any,
    rounds_: int,
    ppm: int = 900_000,
    answer: str = "yes",
    fingerprint: Fingerprint = V1,
) -> None:
    """A round a day, the clock going on."""
    for _ in range(rounds_):
        governed.clock.forward(days=1)
        results = tuple(Result(one, ppm, answer) for one in IDS)
        record(governed.office, RoundAsked("triage", fingerprint, governed.clock.now, results))
        rounds(governed.office)


def found(governed: Any, kind: str = "model_swapped") -> list[Any]:
    return [one for one in outlook(governed.office).findings if one.kind == kind]


@pytest.fixture
def watched(governed: Any) -> Any:
    """Validated, with kept inputs whose alarm closes the gate."""
    governed.apply(CLOSES)
    governed.validate()
    keep(governed.office, governed.actor("user:desk/ann", KEPT), "triage", [(i, None) for i in IDS])
    return governed


def standing(governed: Any) -> Any:
    return governed.office.state().standing_of("triage", V1, governed.clock.now)


def test_a_model_that_stays_the_same_is_no_finding(watched: Any) -> None:
    ask(watched, 8)
    assert found(watched) == []
    assert standing(watched).open


def test_a_changed_model_closes_the_gate_at_once_where_the_entry_says_so(watched: Any) -> None:
    ask(watched, 6)
    ask(watched, 1, ppm=970_000)
    assert (standing(watched).state, standing(watched).open) == ("suspended", False)
    (one,) = found(watched)
    assert (one.severity, one.owner) == ("critical", watched.sub("user:desk/ann"))
    assert "since about the round 2026-11-09, after 6 rounds" in one.text
    assert "They state 97% on average, and stated 90%: +7.0 points" in one.text
    assert "not what comes in" in one.text
    assert "The model changed behind its name." in standing(watched).reason
    # Only the cause is a finding; that it suspended is not one more.
    assert found(watched, "validation_suspended") == []


def test_without_that_rule_the_gate_stays_open_and_the_finding_says_so(governed: Any) -> None:
    governed.validate()
    ann = governed.actor("user:desk/ann", KEPT)
    keep(governed.office, ann, "triage", [(i, None) for i in IDS])
    ask(governed, 6)
    ask(governed, 1, answer="no")
    assert standing(governed).open
    (one,) = found(governed)
    assert one.severity == "critical"
    assert "100% of the answers are other ones than before, where 0%" in one.text
    assert one.text.endswith("The gate is open for it.")


def test_a_new_signature_answers_it_and_the_next_round_begins_a_new_reference(watched: Any) -> None:
    ask(watched, 6)
    ask(watched, 2, ppm=970_000)
    watched.clock.forward(hours=1)
    watched.validate()
    rounds(watched.office)
    assert (found(watched), standing(watched).open) == ([], True)
    ask(watched, 5, ppm=970_000)
    (line,) = canary_lines(watched.office.state())
    assert (len(line.standing.rounds), line.state) == (5, "unchanged")
    assert standing(watched).open


def test_a_round_that_was_missed_is_a_finding_until_it_is_asked(watched: Any) -> None:
    ask(watched, 3)
    watched.clock.forward(hours=47)
    assert found(watched, "canary_missed") == []
    watched.clock.forward(days=2)
    (one,) = found(watched, "canary_missed")
    assert "2 rounds since 2026-11-06 were missed" in one.text
    ask(watched, 1)
    assert found(watched, "canary_missed") == []


def test_a_round_of_another_version_is_not_the_one_that_is_due(watched: Any) -> None:
    ask(watched, 3)
    watched.clock.forward(days=3)
    ask(watched, 1, fingerprint=replace(V1, model_version="m2"))
    (one,) = found(watched, "canary_missed")
    assert one.fingerprint == V1
    assert "should be asked of m1" in one.text


def test_an_entry_that_asks_for_a_canary_without_inputs_is_a_finding(governed: Any) -> None:
    governed.apply(CLOSES)
    governed.clock.forward(days=1, hours=1)
    (one,) = found(governed, "canary_missed")
    assert "none are kept" in one.text
    assert one.due == (governed.clock.now + timedelta(days=4)).date()
