"""What comes in held against what came in before."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.findings.detectors.change.input_drift import inputs_conditions, measure_inputs
from core.findings.kinds import Condition
from core.monitoring.canary import KEPT, Result, RoundAsked, keep, record
from tests.worlds.governed.governed import V1

Bring = Callable[[Any, pd.DataFrame], None]
Made = Callable[..., pd.DataFrame]


def found(governed: Any) -> list[Condition]:
    with governed.ledger.cursor() as cursor:
        return list(inputs_conditions(cursor, governed.office.state(), governed.clock.now))


def mixed(frame: pd.DataFrame, share: float, seed: int = 1) -> pd.DataFrame:
    """So much of it in German, and the rest in English."""
    german = np.random.default_rng(seed).random(len(frame)) < share
    return frame.assign(seg_language=np.where(german, "de", "en"))


def test_the_same_mix_is_not_found(governed: Any, clock: Any, bring: Bring, made: Made) -> None:
    bring(governed, mixed(made(clock, range(1, 90)), 0.3))
    with governed.ledger.cursor() as cursor:
        looks = measure_inputs(cursor, governed.office.state(), clock.now)
    assert {(one.dimension, one.signed) for one in looks} == {("language", False), (None, False)}
    assert found(governed) == []


def test_a_shift_that_matters_says_which_way_and_what_is_not_known_yet(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    bring(governed, mixed(made(clock, range(29, 120)), 0.3))
    bring(governed, mixed(made(clock, range(1, 29)), 0.6))
    (one,) = found(governed)
    assert (one.kind, one.subject, one.severity) == ("inputs_drifted", "language", "warning")
    assert "language=en went from 70% to 39% and language=de from 30% to 61%" in one.text
    assert "2026-10-05 to 2026-11-01 (560 inputs on 28 days) against the weeks before" in one.text
    assert "2026-08-10 to 2026-10-04 (1,120 inputs on 56 days)" in one.text
    assert "not known yet: the first labels of these weeks are final on" in one.text


def test_a_shift_beyond_noise_that_is_small_does_not_matter(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    bring(governed, mixed(made(clock, range(29, 120), 300), 0.30))
    bring(governed, mixed(made(clock, range(1, 29), 300), 0.35))
    with governed.ledger.cursor() as cursor:
        looks = measure_inputs(cursor, governed.office.state(), clock.now)
    (one,) = (one for one in looks if one.dimension == "language")
    assert one.change.p_value < 1e-4
    assert found(governed) == []


def test_one_case_that_is_asked_again_and_again_is_one_input(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    frame = mixed(made(clock, range(1, 90)), 0.3)
    bring(governed, frame.assign(input_id=[f"i{i}" for i in range(len(frame))]))
    again = made(clock, range(1, 29), 40, seg_language="de")
    bring(governed, again.assign(input_id="i0", event_id=again["event_id"] + "-again"))
    assert found(governed) == []
    bring(governed, again.assign(event_id=again["event_id"] + "-other"))
    assert [one.subject for one in found(governed)] == ["language"]


def test_a_shift_that_is_settled_tells_harder_cases_from_lost_truth(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    governed.validate(days=90)
    clock.forward(days=85)
    easy, hard = made(clock, range(80, 140)), made(clock, range(1, 80))
    rng = np.random.default_rng(4)
    for frame, german in ((easy, 0.1), (hard, 0.6)):
        is_german = rng.random(len(frame)) < german
        frame["seg_language"] = np.where(is_german, "de", "en")
        frame["confidence"] = np.where(is_german, 0.6, 0.95)
        frame["outcome"] = (rng.random(len(frame)) < frame["confidence"]).astype(int)
        bring(governed, frame)
    (one,) = found(governed)
    assert dict(one.evidence)["reference"] == "signed"
    assert "the weeks before it was signed" in one.text
    assert "Stated confidence moved with it" in one.text
    assert "Harder cases, and the confidences said so: the Brier score went from " in one.text


def test_confidences_that_lost_their_truth_are_said_to(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    governed.validate(days=90)
    clock.forward(days=85)
    bring(governed, mixed(made(clock, range(80, 140)), 0.1))
    bring(governed, mixed(made(clock, range(1, 80), gap=0.3), 0.6))
    (one,) = found(governed)
    assert "Calibration suffers: the Brier score went from " in one.text


def test_stated_confidence_is_compared_within_one_version(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    bring(governed, made(clock, range(29, 120)))
    bring(governed, made(clock, range(1, 29), prompt_version="p2").assign(confidence=0.7))
    assert found(governed) == []
    bring(governed, made(clock, range(29, 120), prompt_version="p2"))
    (one,) = found(governed)
    assert one.subject == "stated confidence"
    assert one.text.startswith("Stated confidence in 0.6–0.7 went from ")


@pytest.mark.parametrize("days", [range(1, 29), range(29, 120)], ids=["only now", "only before"])
def test_one_side_alone_is_no_shift(
    governed: Any, clock: Any, bring: Bring, made: Made, days: range
) -> None:
    bring(governed, mixed(made(clock, days), 0.3))
    assert found(governed) == []


def test_what_is_said_changes_with_the_week_and_not_with_every_round(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    bring(governed, mixed(made(clock, range(29, 120)), 0.3))
    bring(governed, mixed(made(clock, range(1, 29)), 0.6))
    monday = found(governed)
    clock.forward(days=6)
    bring(governed, mixed(made(clock, range(0, 6)), 0.6))
    assert found(governed) == monday
    clock.forward(days=1)
    assert [one.id for one in found(governed)] == [one.id for one in monday]
    assert found(governed) != monday


def stating(frame: pd.DataFrame, share: float, seed: int = 1) -> pd.DataFrame:
    """So much of it stated as 0.95, and the rest lower."""
    rng = np.random.default_rng(seed)
    high = rng.random(len(frame)) < share
    return frame.assign(confidence=np.where(high, 0.95, rng.choice([0.6, 0.7, 0.8], len(frame))))


def test_stated_confidence_that_shifts_is_found_the_day_after_and_blamed_on_nobody_yet(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    bring(governed, stating(made(clock, range(3, 90)), 0.19))
    bring(governed, stating(made(clock, range(1, 3)), 0.61))
    (one,) = found(governed)
    assert (one.kind, one.severity) == ("stated_shifted", "warning")
    assert (
        "2026-10-31 to 2026-11-01 (40 inputs on 2 days) against the weeks before, 2026" in one.text
    )
    assert "no segment is logged that could tell" in one.text
    assert "Kept inputs that are asked again would tell which." in one.text
    assert "calledger canary keep" in one.mend


def test_while_the_gate_is_open_a_rise_of_high_confidence_is_critical(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    bring(governed, stating(made(clock, range(3, 90)), 0.19))
    governed.validate()
    bring(governed, stating(made(clock, range(1, 3)), 0.61))
    assert [one.severity for one in found(governed)] == ["critical"]


def test_segments_that_moved_on_the_same_days_are_named(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    bring(governed, mixed(stating(made(clock, range(3, 90)), 0.19), 0.3))
    bring(governed, mixed(stating(made(clock, range(1, 3)), 0.61), 0.9))
    (one,) = found(governed)
    assert "On the same days language=de went from 30% to 85%" in one.text
    assert "it may be other cases, or another model" in one.text


def test_segments_that_stayed_speak_for_another_model(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    bring(governed, mixed(stating(made(clock, range(3, 90)), 0.19), 0.3))
    bring(governed, mixed(stating(made(clock, range(1, 3)), 0.61), 0.3))
    (one,) = found(governed)
    assert "None of 1 segment dimension moved with it: it is rather another model" in one.text


def test_kept_inputs_that_are_answered_as_before_acquit_the_model(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    ids = [f"q-{n}" for n in range(50)]
    keep(governed.office, governed.actor("user:desk/ann", KEPT), "triage", [(i, None) for i in ids])
    results = tuple(Result(one, 900_000, "yes") for one in ids)
    for days in range(6, 0, -1):
        at = clock.now - timedelta(days=days)
        record(governed.office, RoundAsked("triage", V1, at, results))
    bring(governed, stating(made(clock, range(3, 90)), 0.19))
    bring(governed, stating(made(clock, range(1, 3)), 0.61))
    governed.validate()
    (one,) = found(governed)
    assert one.severity == "warning"
    assert "The model is the same: 50 kept inputs, asked again since" in one.text
    record(governed.office, RoundAsked("triage", V1, clock.now, tuple(
        Result(one, 970_000, "yes") for one in ids
    )))  # fmt: skip
    (one,) = found(governed)
    assert "The model changed: 50 kept inputs" in one.text


def test_days_that_differ_by_chance_are_not_found_in_sixty_looks(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    """Sixty days of looks at an honest signal; `tests/benchmarks/detect.py` has the years."""
    bring(governed, stating(made(clock, range(-60, 120)), 0.4))
    for _ in range(60):
        assert found(governed) == []
        clock.forward(days=1)
