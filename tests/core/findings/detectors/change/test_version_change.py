"""New versions held against the ones before them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.findings.detectors.change.version_change import change_conditions
from core.findings.kinds import Condition
from core.queries.base import group_keys
from core.trail.fingerprint import Fingerprint
from core.validation import recent_sample

Bring = Callable[[Any, pd.DataFrame], None]
Made = Callable[..., pd.DataFrame]
M2 = Fingerprint(model_version="m2", prompt_version="p1")


def found(governed: Any) -> list[Condition]:
    with governed.ledger.cursor() as cursor:
        return list(change_conditions(cursor, governed.office.state(), governed.clock.now))


def test_a_new_model_opens_a_review_at_once(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    bring(governed, made(clock, range(5, 90)))
    bring(governed, made(clock, range(1, 5), model_version="m2"))
    (one,) = found(governed)
    assert (one.kind, one.subject, one.severity) == (
        "model_changed",
        "model_version=m2",
        "warning",
    )
    assert one.fingerprint == M2
    day = clock.now.date() - timedelta(days=4)
    assert one.text == (
        f"Model m2, first seen {day} with m1 in use (its claims fall back to people): too few "
        "labels, no label of it is final. The labels of its first day count from 2026-11-30 on."
    )


def test_settled_labels_of_both_sides_give_the_verdict(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    bring(governed, made(clock, range(55, 120)))
    bring(governed, made(clock, range(1, 55), gap=0.2, model_version="m2"))
    (one,) = found(governed)
    assert ": worse. The gap went from " in one.text
    assert "before 1,300 claims of 1,300 inputs on 65 days" in one.text
    assert "after 480 claims of 480 inputs on 24 days" in one.text
    told = dict(one.evidence)
    assert (told["verdict"], told["inputs_after"], told["before"], told["after"]) == (
        "worse",
        "480",
        "m1",
        "m2",
    )


def test_labels_that_come_fast_do_not_make_it_worse(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    bring(governed, made(clock, range(35, 120)))
    young = made(clock, range(1, 35), model_version="m2").astype({"outcome": "Int8"})
    # Of the young claims only failures are known.
    late = pd.to_datetime(young["ts"]).dt.tz_localize(None) > clock.now - timedelta(days=30)
    young.loc[late & (young["outcome"] == 1), "outcome"] = pd.NA
    bring(governed, young)
    (one,) = found(governed)
    assert "too few labels" in one.text


@pytest.mark.parametrize("gap", [0.0, -0.02], ids=["same", "a little less"])
def test_one_that_is_as_good_is_no_finding(
    governed: Any, clock: Any, bring: Bring, made: Made, gap: float
) -> None:
    bring(governed, made(clock, range(55, 120), 60))
    bring(governed, made(clock, range(1, 55), 80, gap=gap, model_version="m2"))
    assert found(governed) == []


def test_a_better_one_ends_the_review(governed: Any, clock: Any, bring: Bring, made: Made) -> None:
    bring(governed, made(clock, range(55, 120), gap=0.25))
    bring(governed, made(clock, range(1, 55), 40, model_version="m2"))
    assert found(governed) == []


def test_it_is_critical_where_a_worse_version_may_act(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    # Signed on heldout claims before its release.
    bring(governed, made(clock, range(1, 5), split="heldout", model_version="m2"))
    governed.validate(M2, days=90)
    clock.forward(days=60)
    bring(governed, made(clock, range(55, 120)))
    bring(governed, made(clock, range(1, 55), gap=0.2, model_version="m2"))
    (one,) = found(governed)
    assert one.severity == "critical"
    assert "its gate is open" in one.text
    governed.validate(M2)
    assert found(governed) == []


def test_a_worse_version_stays_found_after_the_review_would_have_closed(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    bring(governed, made(clock, range(100, 160)))
    bring(governed, made(clock, range(1, 100), gap=0.2, model_version="m2"))
    assert [one.kind for one in found(governed)] == ["model_changed"]


def test_a_review_that_cannot_tell_closes_in_time(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    bring(governed, made(clock, range(40, 120), 2))
    bring(governed, made(clock, range(1, 40), 2, model_version="m2"))
    assert "too few labels, " in found(governed)[0].text
    clock.forward(days=30)
    bring(governed, made(clock, range(1, 30), 2, model_version="m2"))
    assert found(governed) == []


def test_a_version_out_of_use_is_not_reviewed(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    bring(governed, made(clock, range(55, 120)))
    bring(governed, made(clock, range(25, 55), gap=0.3, model_version="m2"))
    bring(governed, made(clock, range(1, 55), 5))
    assert found(governed) == []


def test_versions_that_came_side_by_side_are_no_change(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    for version in ("m1", "m2", "m3"):
        bring(governed, made(clock, range(1, 50), model_version=version))
    assert found(governed) == []


def test_the_first_version_has_nothing_before_it_nor_one_after_a_pause(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    bring(governed, made(clock, range(80, 120)))
    assert found(governed) == []
    bring(governed, made(clock, range(1, 50), model_version="m2"))
    assert found(governed) == []


@pytest.mark.parametrize(
    ("changed", "subject"),
    [
        ({"prompt_version": "p2"}, "prompt_version=p2"),
        ({"elicitation": "verbal"}, "elicitation=verbal"),
        ({"elicitation_order": "after"}, "elicitation_order=after"),
        ({"params_version": "t1"}, "params_version=t1"),
        ({"calibrator_version": "c1"}, "calibrator_version=c1"),
    ],
)
def test_prompts_ways_of_asking_settings_and_calibrators_are_reviewed_likewise(
    governed: Any, clock: Any, bring: Bring, made: Made, changed: dict[str, str], subject: str
) -> None:
    before = {
        "prompt_version": "p1",
        "elicitation": "logprob",
        "elicitation_order": "before",
        "params_version": "t0",
        "calibrator_version": "c0",
    }
    bring(governed, made(clock, range(55, 120), **before))
    bring(governed, made(clock, range(1, 55), gap=0.2, **{**before, **changed}))
    (one,) = found(governed)
    is_model = subject.startswith(("params", "calibrator"))
    assert (one.kind, one.subject) == (
        "model_changed" if is_model else "prompt_changed",
        subject,
    )


def test_a_model_and_a_prompt_that_changed_at_once_are_one_finding(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    bring(governed, made(clock, range(55, 120)))
    bring(governed, made(clock, range(1, 55), model_version="m2", prompt_version="p2", gap=0.2))
    assert [one.subject for one in found(governed)] == ["model_version=m2"]


def test_segments_that_got_worse_are_named(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    before = made(clock, range(55, 120), 40)
    after = made(clock, range(1, 55), 60, model_version="m2")
    for frame in (before, after):
        frame["seg_topic"] = np.where(np.arange(len(frame)) % 3 == 0, "law", "tax")
    law = after["seg_topic"] == "law"
    after.loc[law, "outcome"] = (np.random.default_rng(3).random(law.sum()) < 0.45).astype(int)
    bring(governed, before)
    bring(governed, after)
    (one,) = found(governed)
    assert "Worse on " in one.text
    assert "topic=law (+" in one.text


def test_a_required_segment_of_too_many_values_does_not_keep_the_whole_from_being_compared(
    governed: Any,
    clock: Any,
    bring: Bring,
    made: Made,
    registry_text: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    required = registry_text.replace("minSamples: 400", "minSamples: 400\n    segments: [topic]")
    governed.apply(required, "user:desk/ann")
    for frame in (
        made(clock, range(55, 120)),
        made(clock, range(1, 55), gap=0.2, model_version="m2"),
    ):
        frame["seg_topic"] = np.where(np.arange(len(frame)) % 3 == 0, "law", "tax")
        bring(governed, frame)
    for module in (group_keys, recent_sample):
        monkeypatch.setattr(module, "MOST_VALUES", 1)
    (one,) = found(governed)
    assert ": worse. The gap went from " in one.text


def test_inputs_that_both_answered_are_compared_with_each_other(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    frame = made(clock, range(35, 85))
    inputs = [f"i{i}" for i in range(len(frame))]
    bring(governed, made(clock, range(85, 90)))
    bring(governed, frame.assign(input_id=inputs))
    second = frame.assign(
        event_id=frame["event_id"] + "-2",
        input_id=inputs,
        model_version="m2",
        confidence=np.minimum(frame["confidence"] + 0.25, 1.0),
    )
    bring(governed, second)
    bring(governed, made(clock, range(1, 35), model_version="m2"))
    (one,) = found(governed)
    assert ": worse. The gap went from " in one.text
    assert "On 1,000 inputs that both answered" in one.text
    assert "1,000 claims before and 1,000 claims after" in one.text


def test_errors_that_cancel_are_a_worse_version(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    before = made(clock, range(55, 120), 40)
    after = made(clock, range(1, 55), 80, model_version="m2")
    rng = np.random.default_rng(17)
    for frame, right in ((before, (0.3, 0.5, 0.7, 0.85)), (after, (0.5, 0.6, 0.6, 0.65))):
        at = np.arange(len(frame)) % 4
        frame["confidence"] = np.array([0.3, 0.5, 0.7, 0.85])[at]
        frame["outcome"] = (rng.random(len(frame)) < np.array(right)[at]).astype(int)
    bring(governed, before)
    bring(governed, after)
    (one,) = found(governed)
    assert ": worse. The gap went from " in one.text
    assert "; the shape of the errors: off by " in one.text
    assert "tells right from wrong less well: AUROC 0.7" in one.text
    told = dict(one.evidence)
    assert told["verdict"] == "worse"
    assert float(told["shape_low"]) > 0
    assert float(told["auroc_high"]) < 0
