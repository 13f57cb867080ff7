"""Signals and segments that are off, and how bad that is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.findings.detectors.confidence.miscalibration import calibration_conditions
from core.findings.kinds import Condition

Bring = Callable[[Any, pd.DataFrame], None]
Made = Callable[..., pd.DataFrame]


def found(governed: Any) -> list[Condition]:
    with governed.ledger.cursor() as cursor:
        return list(calibration_conditions(cursor, governed.office.state(), governed.clock.now))


def test_a_signal_within_tolerance_is_not_found(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    bring(governed, made(clock, range(31, 87), gap=0.02))
    assert found(governed) == []


def test_one_that_is_off_is_a_warning_until_something_rests_on_it(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    bring(governed, made(clock, range(1, 87), gap=0.15))
    (one,) = found(governed)
    assert (one.kind, one.severity, one.subject) == ("miscalibrated", "warning", "miscalibrated")
    assert "1,120 claims of 1,120 inputs on 56 days" in one.text
    assert "no case rests on it" in one.text
    governed.validate()
    (now,) = found(governed)
    assert (now.severity, now.id) == ("critical", one.id)
    assert "no case rests on it" not in now.text


def test_rows_of_one_input_raise_no_alarm_that_its_inputs_do_not(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    # Forty cases, of which chance made six too many fail, each claimed thirty times.
    frame = made(clock, range(40, 60), 60)
    case = np.arange(len(frame)) % 40
    frame = frame.assign(confidence=0.7, outcome=(case < 22).astype(int))
    bring(governed, frame.assign(input_id=[f"i{one}" for one in case]))
    assert found(governed) == []
    other = frame.assign(event_id=frame["event_id"] + "-own", ts=frame["ts"], input_id=None)
    bring(governed, other.assign(input_id=[f"own{i}" for i in range(len(other))]))
    (one,) = found(governed)
    assert "2,400 claims of 1,240 inputs on 20 days" in one.text


def test_the_band_alone_is_enough_and_is_told_apart_from_the_whole(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    frame = made(clock, range(31, 87))
    rng = np.random.default_rng(1)
    high = frame["confidence"] == 0.95
    frame.loc[high, "outcome"] = (rng.random(high.sum()) < 0.83).astype(int)
    bring(governed, frame)
    (one,) = found(governed)
    assert "stated at 90% or more it is right 85% of the time (said 95%)" in one.text
    assert "As a whole the gap is +" in one.text
    assert dict(one.evidence)["band_from"] == "0.9"


def test_a_segment_that_fails_behind_a_healthy_whole_is_named(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    bring(governed, made(clock, range(31, 87), 38, seg_topic="law"))
    bring(governed, made(clock, range(31, 87), 4, gap=0.3, seg_topic="medical"))
    (one,) = found(governed)
    assert (one.kind, one.subject) == ("hidden_segment", "topic")
    assert "topic=medical is off: right 40% of the time (said 71%): gap +3" in one.text
    assert "216 claims of 216 inputs on 54 days" in one.text
    assert "As a whole it is" in one.text
    assert "Miscalibrated" not in one.text
    assert dict(one.evidence)["worst"] == "topic=medical"


def test_a_whole_that_is_off_says_so_and_not_each_of_its_segments(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    for topic in ("law", "tax"):
        bring(governed, made(clock, range(31, 87), 10, gap=0.2, seg_topic=topic))
    assert [one.kind for one in found(governed)] == ["miscalibrated"]


def test_only_the_worst_three_segments_are_named(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    bring(governed, made(clock, range(31, 87), 60, seg_topic="law"))
    for i in range(4):
        bring(governed, made(clock, range(31, 87), 3, gap=0.35, seg_topic=f"bad-{i}"))
    (one,) = found(governed)
    assert one.text.count(" is off: right ") == 3
    assert "and 1 more" in one.text


def test_where_nothing_automated_is_labelled_nothing_is_said(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    frame = made(clock, range(31, 87), gap=0.2, action="review").astype({"outcome": "Int8"})
    frame.loc[::2, "action"] = "automate"
    frame.loc[::2, "outcome"] = pd.NA
    bring(governed, frame)
    assert found(governed) == []


@pytest.mark.parametrize(("gap", "off"), [(0.0, False), (0.2, True)])
def test_drawn_labels_are_weighted_by_their_chances(
    governed: Any, clock: Any, bring: Bring, made: Made, gap: float, off: bool
) -> None:
    # Wrong ones complain: they are labelled nine times in ten, others one in two.
    frame = made(clock, range(31, 87), 60, gap=gap).astype({"outcome": "Int8"})
    chance = np.where(frame["outcome"] == 0, 0.9, 0.5)
    drawn = np.random.default_rng(2).random(len(frame)) < chance
    frame["label_propensity"] = chance
    frame.loc[~drawn, "outcome"] = pd.NA
    bring(governed, frame)
    conditions = found(governed)
    assert [one.kind for one in conditions] == ["miscalibrated"] * off
    if off:
        assert "weighted by the logged chance of each label" in conditions[0].text


def test_an_unregistered_signal_is_judged_by_the_usual_terms(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    bring(governed, made(clock, range(31, 87), gap=0.3, signal="other"))
    (one,) = found(governed)
    assert (one.kind, one.signal, one.severity) == ("miscalibrated", "other", "warning")
    assert dict(one.evidence)["tolerance"] == "0.05"


def test_what_is_said_changes_with_the_week_and_not_with_every_round(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    bring(governed, made(clock, range(1, 87), gap=0.15))
    monday = found(governed)
    clock.forward(days=6)
    assert found(governed) == monday
    clock.forward(days=1)
    bring(governed, made(clock, range(1, 7), gap=0.15))
    assert [one.id for one in found(governed)] == [one.id for one in monday]
    assert found(governed) != monday
