"""What a thorough round sees in the claims: theatre, gaming and anchoring, and that it stays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.findings.detectors.all import DETECTORS, Detector, detected
from core.findings.detectors.confidence.metric_gaming import (
    gaming_conditions,
    measure_gaming,
    pairs,
)
from core.findings.detectors.decisions.theatre import measure_theatre, theatre_conditions
from core.findings.kinds import KINDS, Condition
from core.findings.lifecycle import Finding
from core.governance.state import EMPTY
from core.ingest.import_file import import_file
from core.measure.failures.theatre import USUAL_COSTS
from core.monitoring.rounds import outlook, rounds
from core.queries.base.selection import Selection
from core.trail.fingerprint import Fingerprint

Add = Callable[[Any, pd.DataFrame], None]


@pytest.fixture
def add(tmp_path: Path) -> Add:
    def import_frame(governed: Any, frame: pd.DataFrame) -> None:
        file = tmp_path / f"claims-{len(list(tmp_path.iterdir()))}.csv"
        frame.to_csv(file, index=False)
        assert import_file(governed.ledger, file).n_quarantined == 0

    return import_frame


def frame(days_ago: range, clock: Any, per_day: int = 20, **columns: Any) -> pd.DataFrame:
    """So many claims at noon of each day, calibrated, at .5, .7 and .95."""
    size = len(days_ago) * per_day
    rng = np.random.default_rng(size + days_ago.start)
    confidence = rng.choice([0.5, 0.7, 0.95], size)
    day = np.repeat([clock.now - timedelta(days=one) for one in days_ago], per_day)
    return pd.DataFrame(
        {
            "event_id": [f"{days_ago.start}-{days_ago.stop}-{i}" for i in range(size)],
            "ts": [f"{one:%Y-%m-%dT%H:%M:%S}Z" for one in day],
            "signal": "triage",
            "confidence": confidence,
            "outcome": (rng.random(size) < confidence).astype(int),
            "model_version": "m1",
            "prompt_version": "p1",
            **columns,
        }
    )


def found(governed: Any) -> dict[str, Finding]:
    wrong = outlook(governed.office).findings
    return {one.kind: one for one in wrong if KINDS[one.kind].thorough}


# Theatre --------------------------------------------------------------------------------------


def test_the_same_action_throughout_is_theatre_and_stays_found_between_thorough_rounds(
    governed: Any, clock: Any, add: Add
) -> None:
    add(governed, frame(range(1, 40), clock, action="review"))
    rounds(governed.office)
    assert found(governed) == {}
    rounds(governed.office, thorough=True)
    one = found(governed)["confidence_theatre"]
    assert (one.severity, one.signal) == ("warning", "triage")
    assert "Why does this signal exist?" in one.text
    assert "None of its fingerprints in use may act" in one.text
    clock.forward(minutes=1)
    rounds(governed.office)
    assert found(governed)["confidence_theatre"].id == one.id


def test_theatre_is_gone_in_the_next_thorough_round_after_it_decides(
    governed: Any, clock: Any, add: Add
) -> None:
    add(governed, frame(range(1, 40), clock, action="review"))
    rounds(governed.office, thorough=True)
    other = frame(range(40, 42), clock, action="automate")
    add(governed, other)
    rounds(governed.office)
    assert "confidence_theatre" in found(governed)
    rounds(governed.office, thorough=True)
    assert found(governed) == {}


def test_few_decisions_alike_are_no_theatre(governed: Any, clock: Any, add: Add) -> None:
    add(governed, frame(range(1, 6), clock, per_day=19, action="review"))
    with governed.ledger.cursor() as cursor:
        assert theatre_conditions(cursor, governed.office.state(), clock.now) == ()


def test_without_logged_actions_the_rules_in_force_are_asked(
    governed: Any, clock: Any, add: Add
) -> None:
    add(governed, frame(range(1, 40), clock))
    spec = governed.office.state().entries["triage"].spec
    with governed.ledger.cursor() as cursor:
        measured = measure_theatre(cursor, spec, Selection("triage"), clock.now)
    assert (measured.basis, measured.changes_nothing) == ("rules", False)
    by_rule = {one.row.rule: one.n_claims for one in measured.rules}
    assert by_rule["band:0-0.62"] > 0
    assert sum(by_rule.values()) == measured.n_claims == 39 * 20
    # No claim names a language, so what is written for one is met by nothing.
    assert {row.rule for row in measured.dead} == {
        "override:language=hi:band:0-0.95",
        "override:language=hi:band:0.95-1",
    }
    assert (measured.costs, measured.unit) == (USUAL_COSTS, None)


def test_rules_of_which_one_alone_is_ever_met_are_theatre(
    governed: Any, clock: Any, add: Add
) -> None:
    add(governed, frame(range(1, 40), clock).assign(confidence=0.7))
    with governed.ledger.cursor() as cursor:
        (one,) = theatre_conditions(cursor, governed.office.state(), clock.now)
    assert "by the rules in force" in one.text


def test_a_signal_without_rules_and_actions_cannot_be_told(
    governed: Any, clock: Any, add: Add
) -> None:
    add(governed, frame(range(1, 40), clock, signal="other"))
    with governed.ledger.cursor() as cursor:
        measured = measure_theatre(cursor, None, Selection("other"), clock.now)
    assert (measured.basis, measured.effect, measured.changes_nothing) == ("nothing", None, False)


# Gaming ---------------------------------------------------------------------------------------


def collapsed(clock: Any) -> tuple[pd.DataFrame, pd.DataFrame]:
    before = frame(range(60, 140), clock)
    before["confidence"] = np.minimum(before["confidence"] + 0.05, 1.0)
    after = frame(range(1, 60), clock, prompt_version="p2")
    after["confidence"] = 0.72
    return before, after


def test_a_collapsed_prompt_is_found_and_critical_once_it_may_act(
    governed: Any, clock: Any, add: Add
) -> None:
    for part in collapsed(clock):
        add(governed, part)
    rounds(governed.office, thorough=True)
    one = found(governed)["metric_gamed"]
    assert (one.severity, one.subject) == ("warning", "prompt p2")
    assert one.fingerprint.prompt_version == "p2"
    governed.validate(one.fingerprint)
    with governed.ledger.cursor() as cursor:
        (now,) = gaming_conditions(cursor, governed.office.state(), clock.now)
    assert now.severity == "critical"
    assert now.id == one.id


def test_two_versions_alike_are_not_flagged(governed: Any, clock: Any, add: Add) -> None:
    add(governed, frame(range(60, 140), clock))
    add(governed, frame(range(1, 60), clock, prompt_version="p2"))
    rounds(governed.office, thorough=True)
    assert "metric_gamed" not in found(governed)


def test_a_prompt_and_a_model_that_changed_at_once_are_compared_once(
    governed: Any, clock: Any, add: Add
) -> None:
    add(governed, frame(range(60, 140), clock))
    add(governed, frame(range(1, 60), clock, prompt_version="p2", model_version="m2"))
    with governed.ledger.cursor() as cursor:
        asked = pairs(cursor, governed.office.state(), clock.now)
    assert [(one.kind, one.before, one.after) for one in asked if one.kind != "weeks"] == [
        ("prompt", "p1", "p2")
    ]
    assert [one.kind for one in asked].count("weeks") == 1


def test_a_version_out_of_use_is_not_compared(governed: Any, clock: Any, add: Add) -> None:
    for part in collapsed(clock):
        add(governed, part)
    clock.forward(days=40)
    add(governed, frame(range(1, 30), clock, prompt_version="p1"))
    with governed.ledger.cursor() as cursor:
        asked = pairs(cursor, governed.office.state(), clock.now)
    assert [one.kind for one in asked] == ["weeks"]


def test_labels_younger_than_the_maturity_do_not_count(governed: Any, clock: Any, add: Add) -> None:
    add(governed, frame(range(60, 140), clock))
    add(governed, frame(range(1, 20), clock, prompt_version="p2"))
    with governed.ledger.cursor() as cursor:
        asked = pairs(cursor, governed.office.state(), clock.now)
        one = measure_gaming(cursor, asked, family=len(asked))[0]
    assert (one.pair.after, one.found.after.n) == ("p2", 0)
    assert one.found.after.n_claims == 19 * 20


def test_other_ways_of_asking_are_not_held_against_each_other(
    governed: Any, clock: Any, add: Add
) -> None:
    add(governed, frame(range(60, 140), clock, elicitation_order="before"))
    add(governed, frame(range(1, 60), clock, elicitation_order="after", prompt_version="p2"))
    with governed.ledger.cursor() as cursor:
        asked = pairs(cursor, EMPTY, clock.now)
    assert {one.kind for one in asked} == {"weeks"}


# Anchoring ------------------------------------------------------------------------------------


def asked_twice(clock: Any, shift: float, **other: Any) -> pd.DataFrame:
    first = frame(range(40, 60), clock, elicitation="verbal", elicitation_order="before")
    first["input_id"] = [f"i{i}" for i in range(len(first))]
    second = first.assign(
        event_id=first["event_id"] + "-after",
        confidence=np.minimum(first["confidence"] + shift, 1.0).round(2),
        elicitation_order="after",
        **other,
    )
    return pd.concat([first, second])


def test_a_shift_at_equal_accuracy_is_found(governed: Any, clock: Any, add: Add) -> None:
    add(governed, asked_twice(clock, 0.15))
    rounds(governed.office, thorough=True)
    one = found(governed)["confidence_anchored"]
    assert (one.severity, dict(one.evidence)["pairs"]) == ("warning", "400")
    assert "on the same 400 inputs" in one.text


@pytest.mark.parametrize(
    ("shift", "other"),
    [(0.02, {}), (-0.15, {}), (0.15, {"elicitation": "logprob"}), (0.15, {"outcome": ""})],
    ids=["within tolerance", "less", "another method", "no outcomes"],
)
def test_other_shifts_are_not_the_answers_doing(
    governed: Any, clock: Any, add: Add, shift: float, other: dict[str, Any]
) -> None:
    add(governed, asked_twice(clock, shift, **other))
    rounds(governed.office, thorough=True)
    assert "confidence_anchored" not in found(governed)


def test_a_level_of_its_own_is_kept_between_rounds(governed: Any, clock: Any, add: Add) -> None:
    before, after = collapsed(clock)
    add(governed, before)
    add(governed, after)
    governed.validate(Fingerprint(model_version="m1", prompt_version="p2"))
    rounds(governed.office, thorough=True)
    assert found(governed)["metric_gamed"].severity == "critical"
    rounds(governed.office)
    assert found(governed)["metric_gamed"].severity == "critical"


# A check that cannot look ---------------------------------------------------------------------


def test_a_check_that_stops_takes_nothing_from_the_others_and_what_it_found_stands(
    governed: Any, clock: Any, add: Add, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(governed, frame(range(1, 40), clock, action="review"))
    rounds(governed.office, thorough=True)
    assert "confidence_theatre" in found(governed)

    def stops(*_: object) -> tuple[Condition, ...]:
        raise KeyError("what a claim says")

    looks = tuple(
        replace(one, find=stops) if one.kinds == ("confidence_theatre",) else one
        for one in DETECTORS
    )
    monkeypatch.setattr("core.findings.detectors.all.DETECTORS", looks)
    rounds(governed.office, thorough=True)
    one = found(governed)["check_failed"]
    assert "“Confidence that changes nothing” stopped and could not look: KeyError in" in one.text
    assert "what a claim says" not in one.text
    assert (one.signal, one.owner) == ("triage", governed.sub("user:desk/ann"))
    assert "confidence_theatre" in found(governed)
    monkeypatch.undo()
    rounds(governed.office, thorough=True)
    assert "check_failed" not in found(governed)


def test_a_check_that_stops_on_one_signal_looks_at_the_others(
    governed: Any, clock: Any, add: Add, monkeypatch: pytest.MonkeyPatch, registry_text: str
) -> None:
    governed.apply(registry_text.replace("name: triage", "name: other"))
    add(governed, frame(range(1, 40), clock, action="review"))
    add(governed, frame(range(1, 40), clock, action="review", signal="other"))

    def stops(cursor: Any, state: Any, now: Any) -> tuple[Condition, ...]:
        if "other" in state.entries:
            raise KeyError
        return theatre_conditions(cursor, state, now)

    look = Detector(("confidence_theatre",), stops)
    monkeypatch.setattr("core.findings.detectors.all.DETECTORS", (look,))
    with governed.ledger.cursor() as cursor:
        seen = detected(cursor, governed.office.state(), clock.now)
    assert [(one.kind, one.signal) for one in seen] == [
        ("confidence_theatre", "triage"),
        ("check_failed", "other"),
    ]
