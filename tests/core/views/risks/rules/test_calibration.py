"""Whether it is calibrated where it matters and now."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.queries.claims.claims_per_signal import SegmentMoved
from core.text.parts import PartShown
from core.views.risks.facts import EvidenceTried, Labels, Off, RiskFacts, missed_words
from core.views.risks.rules import calibration
from tests.worlds.governed.risk_facts import (
    ALARM,
    CANCELLING,
    CHOSEN,
    DAY,
    FACTS,
    M1,
    M2,
    OFF,
    OTHERS,
    RECENT,
    UNSURE,
    WATCH,
    version,
)


# ------------------------------------------------------------------------------ hidden segment
def test_segments_that_were_looked_at_and_are_not_off_are_covered() -> None:
    found = calibration.aggregate(FACTS)
    assert found.status == "covered"
    assert "none of 4 segments is off beyond chance" in found.line
    assert "95% of the labels are off by less than 10 points" in found.line


def test_a_segment_that_is_off_is_open_and_opened_by_its_link() -> None:
    words = "right 67% of the time (said 83%): gap +15.8 points (+13.5 to +18.1), 1,370 claims of "
    words += "1,360 inputs on 56 days"
    off = Off(
        "topic",
        "medical",
        PartShown("whole", 0.158, 0.135, 0.181, 1_370, said=0.83, right=0.672),
        1_360,
        56,
    )
    found = calibration.aggregate(replace(FACTS, recent=replace(RECENT, off=(off,))))
    assert found.status == "open"
    assert f"topic=medical is off: {words}" in found.line
    assert found.link.query == (("topic", "medical"),)


def test_the_high_confidence_band_alone_is_enough() -> None:
    recent = replace(RECENT, state="off", off_parts=("high_band",), high_low=0.06, high_high=0.14)
    found = calibration.aggregate(replace(FACTS, recent=recent))
    assert found.status == "open"
    assert "it is right 94% of the time (said 95%, n 500)" in found.line


def test_a_required_segment_that_misses_its_criterion_is_open_with_its_evidence() -> None:
    words = "ECE 0.158 (0.135 to 0.181), at most 0.08: missed."
    tried = EvidenceTried(DAY, 3_000, (), (missed_words("topic=medical", words, 1_370),))
    found = calibration.aggregate(replace(FACTS, versions=(version(tried=tried),)))
    assert found.status == "open"
    assert "topic=medical missed ECE 0.158 (0.135 to 0.181), at most 0.08 (n 1,370)" in found.line
    assert found.link.page == "sign_off"


@pytest.mark.parametrize(
    "facts",
    [
        replace(FACTS, recent=None),
        replace(FACTS, dimensions=()),
        replace(FACTS, recent=replace(RECENT, state="too_few")),
        replace(FACTS, recent=replace(RECENT, state="at_the_edge")),
        replace(FACTS, recent=replace(RECENT, bounded=0.79)),
        replace(FACTS, recent=replace(RECENT, n_segments=0, bounded=0.0)),
        replace(FACTS, labels=Labels(800, 800, 0, 0)),
        replace(FACTS, labels=Labels(800, 0, 300, 0)),
    ],
    ids=[
        *("unlabelled", "no segment", "too few", "at the edge", "little", "small", "drawn"),
        "one-sided",
    ],
)
def test_labels_that_cannot_tell_are_not_measured(facts: RiskFacts) -> None:
    assert calibration.aggregate(facts).status == "not_measured"


# ---------------------------------------------------------------------------------------- drift
def test_recent_claims_within_tolerance_are_covered_and_the_mix_is_said() -> None:
    found = calibration.drift(replace(FACTS, moved=OTHERS))
    assert found.status == "covered"
    assert "amount=over 500 from 8% to 40% of 1,100 claims" in found.line
    assert "hardly changed" in calibration.drift(FACTS).line


@pytest.mark.parametrize("moved", [FACTS.moved, None])
def test_lost_calibration_is_no_drift_of_inputs_that_hardly_changed(
    moved: SegmentMoved | None,
) -> None:
    found = calibration.drift(replace(OFF, moved=moved))
    assert found.status == "not_measured"
    assert "outside ±5 points, and there is no sign that its inputs drifted." in found.line
    assert ("The inputs hardly changed" in found.line) == (moved is not None)


def test_a_finding_that_inputs_drifted_is_open_though_calibration_held() -> None:
    blind = calibration.drift(replace(FACTS, unwatched=("3 daily runs did not happen.",)))
    assert (blind.status, blind.link.page) == ("open", "watch")
    assert blind.line.startswith("3 daily runs did not happen.")
    found = calibration.drift(replace(FACTS, drifted=("amount=low went from 62% to 25%.",)))
    assert (found.status, found.link.page) == ("open", "drift")
    assert found.line == "amount=low went from 62% to 25%."
    two = calibration.drift(replace(FACTS, drifted=("One.", "Other.")))
    assert two.line == "One. 1 more finding of it stands."


def test_recent_claims_outside_tolerance_are_open_and_too_few_are_not_measured() -> None:
    assert calibration.drift(replace(OFF, moved=OTHERS)).status == "open"
    unsure = replace(RECENT, state="too_few")
    found = calibration.drift(replace(FACTS, recent=unsure))
    assert found.status == "not_measured"
    assert "but its high-confidence band has too few labels (500)" in found.line


def test_errors_that_cancel_leave_an_aggregate_open_and_where_is_said() -> None:
    found = calibration.aggregate(replace(FACTS, recent=CANCELLING))
    assert (found.status, found.link.page) == ("open", "reliability")
    assert "errors cancel: overconfident at 70% to 85%, underconfident at 30%" in found.line


def test_errors_that_cancel_are_named_where_inputs_drifted() -> None:
    found = calibration.drift(replace(FACTS, recent=CANCELLING, moved=OTHERS))
    assert found.status == "open"
    assert "errors cancel: overconfident at 70% to 85%" in found.line


def test_labels_that_cannot_speak_for_all_are_not_measured_and_why_is_said() -> None:
    for rule in (calibration.aggregate, calibration.drift):
        found = rule(replace(FACTS, recent=CHOSEN))
        assert found.status == "not_measured"
        assert found.line.startswith("No verdict on all claims, because the labels do not")


def test_an_error_at_the_edge_of_the_tolerance_is_called_so() -> None:
    found = calibration.drift(replace(FACTS, recent=replace(RECENT, state="at_the_edge")))
    assert found.status == "not_measured"
    assert "at the edge of ±5 points" in found.line


def test_an_alarm_of_the_watch_is_open_whatever_the_newest_weeks_say() -> None:
    found = calibration.drift(replace(FACTS, watches=(WATCH, ALARM)))
    assert (found.status, found.link.page) == ("open", "drift")
    assert found.line == (
        "m1: The gap is +9.1 points. It changed about 2026-W40. Watched since 2026-09-01: 5 "
        "cohorts, 900 inputs, evidence 0.8."
    )
    two = calibration.drift(replace(FACTS, watches=(ALARM, replace(ALARM, fingerprint=M2))))
    assert two.line.endswith(" An alarm is open on 1 more version.")
    # Labels of what people looked at only do not take an alarm back.
    one_sided = replace(FACTS, recent=None, watches=(ALARM,))
    assert calibration.drift(one_sided).status == "open"


def test_a_watch_without_an_alarm_covers_a_band_that_the_newest_weeks_cannot_tell() -> None:
    found = calibration.drift(replace(UNSURE, watches=(WATCH,)))
    assert found.status == "covered"
    assert "Watched since 2026-09-01: 5 cohorts, 900 inputs, evidence 0.8." in found.line


@pytest.mark.parametrize(
    "facts",
    [
        replace(UNSURE, watches=(replace(WATCH, inputs=0),)),
        replace(UNSURE, watches=(replace(WATCH, inputs=29),)),
        replace(UNSURE, watches=(WATCH,), versions=(version(M1), version(M2))),
        replace(UNSURE, watches=(WATCH,), versions=()),
        replace(
            FACTS,
            watches=(WATCH,),
            recent=replace(RECENT, gap=0.05, low=0.03, high=0.07, state="at_the_edge"),
        ),
        replace(FACTS, watches=(WATCH,), recent=replace(RECENT, state="at_the_edge")),
        replace(FACTS, watches=(WATCH,), recent=replace(RECENT, state="too_few", error_high=0.06)),
    ],
    ids=[
        "no cohort yet",
        "hardly a label",
        "another version unwatched",
        "none in use",
        "the whole not known to be within tolerance",
        "a band that is shown an error",
        "a shape not known to be within tolerance",
    ],
)
def test_a_watch_that_saw_too_little_covers_nothing(facts: RiskFacts) -> None:
    assert calibration.drift(facts).status == "not_measured"


def test_where_another_version_is_in_use_the_one_that_is_watched_is_named() -> None:
    two = replace(FACTS, watches=(WATCH,), versions=(version(M1), version(M2)))
    assert f" {M1.words()}: watched since 2026-09-01" in calibration.drift(two).line


def test_a_watch_without_an_alarm_does_not_close_what_the_newest_weeks_show() -> None:
    assert calibration.drift(replace(OFF, moved=OTHERS, watches=(WATCH,))).status == "open"
