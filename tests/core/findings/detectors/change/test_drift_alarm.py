"""The standing watch: what is watched since the signature, what alarms, and what that closes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.findings.detectors.change.drift_alarm import (
    Watched,
    drift_conditions,
    drifted,
    watch_one,
    watched,
)
from core.governance.replay import Replay
from core.governance.stops import DRIFT_ALARM
from core.ingest.import_file import import_file
from core.ledger.connection import Ledger
from core.measure.monitoring.e_process import LEVEL
from core.monitoring.rounds import outlook, rounds
from core.trail.fingerprint import Fingerprint
from sample_data import planted, story

SIGNED = datetime(2026, 11, 2, 9)
SEGMENTED = ("    minSamples: 400\n", "    minSamples: 400\n    segments: [language, colour]\n")
Log = Callable[..., None]


@pytest.fixture
def log(governed: Any, tmp_path: Path) -> Log:
    """``log(week, gap, …)``: a week of production claims after the signature, off by a gap."""

    def import_week(week: int, gap: float = 0.0, n: int = 300, **columns: Any) -> None:
        rng = np.random.default_rng([week + 1, n, abs(round(1000 * gap))])
        v = rng.choice([0.6, 0.8, 0.95], n)
        day = SIGNED + timedelta(weeks=week, hours=1)
        name = f"{week}-{len(list(tmp_path.iterdir()))}"
        frame = pd.DataFrame(
            {
                "event_id": [f"{name}-{i}" for i in range(n)],
                "ts": f"{day:%Y-%m-%dT%H:%M:%SZ}",
                "outcome_ts": f"{day + timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}",
                "signal": "triage",
                "confidence": v,
                "outcome": (rng.random(n) < v - gap).astype(int),
                "model_version": "m1",
                "prompt_version": "p1",
                **columns,
            }
        )
        file = tmp_path / f"{name}.csv"
        frame.to_csv(file, index=False)
        assert import_file(governed.ledger, file).n_quarantined == 0

    return import_week


def seen(governed: Any) -> Watched:
    with governed.ledger.cursor() as cursor:
        (one,) = watched(cursor, governed.office.state(), governed.clock.now)
    return one


def standing(governed: Any, v1: Any) -> tuple[str, bool]:
    found = governed.office.state().standing_of("triage", v1, governed.clock.now)
    return found.state, found.open


def kinds(governed: Any) -> set[str]:
    return {one.kind for one in outlook(governed.office).findings}


def test_nothing_is_watched_that_was_never_signed(governed: Any, log: Log) -> None:
    log(0)
    with governed.ledger.cursor() as cursor:
        assert watched(cursor, governed.office.state(), governed.clock.now) == ()


def test_claims_are_watched_from_the_signature_until_the_last_week_of_age(
    governed: Any, clock: Any, log: Log
) -> None:
    governed.validate()
    log(-1, 0.5)
    for week in range(6):
        log(week)
    assert seen(governed).words == "watched since 2026-11-02: no cohort has final outcomes yet"
    clock.forward(weeks=3, days=30)
    one = seen(governed)
    assert (one.cohorts, one.gap.n, one.n_inputs, one.alarm) == (3, 900, 900, None)
    assert one.since == SIGNED
    assert one.words.startswith("watched since 2026-11-02: 3 cohorts, 900 inputs, evidence 0.")
    assert one.words.endswith(" of 20 needed: no alarm")


def test_a_short_round_does_not_look_and_an_alarm_is_dated_when_its_week_came_of_age(
    governed: Any, clock: Any, log: Log, v1: Any
) -> None:
    governed.validate(days=89)
    for week in range(4):
        log(week, 0.2)
    clock.forward(weeks=4, days=30)
    rounds(governed.office)
    assert standing(governed, v1) == ("validated", True)
    assert "drift_alarm" not in kinds(governed)
    alarm = seen(governed).alarm
    assert alarm is not None
    assert alarm.at == datetime(2026, 11, 9) + timedelta(days=30)


def test_an_alarm_opens_a_finding_with_its_numbers_and_no_second_one_for_the_suspension(
    governed: Any, clock: Any, log: Log, v1: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.monitoring.rounds._changed_evidence", lambda *_: {})
    governed.validate(days=89)
    for week in range(4):
        log(week, 0.2)
    clock.forward(weeks=4, days=30)
    rounds(governed.office, thorough=True)
    assert standing(governed, v1) == ("suspended", False)
    validation = governed.office.state().validations["triage", v1]
    assert validation.trigger.id == DRIFT_ALARM
    assert "The gap is +" in validation.trigger.reason
    assert validation.trigger.reason.endswith(" It was so from the first cohort on.")
    (found,) = [one for one in outlook(governed.office).findings if one.kind == "drift_alarm"]
    assert (found.severity, found.fingerprint, found.stored) == ("critical", v1, True)
    numbers = dict(found.evidence)
    assert numbers["claims"] == numbers["inputs"] == "1200"
    assert (numbers["cohorts"], numbers["needed"], numbers["week"]) == ("4", "20", "2026-W45")
    assert "validation_suspended" not in kinds(governed)
    # Neither a short round nor another thorough one takes it away, or says it twice.
    clock.forward(days=1)
    assert not [act for act in rounds(governed.office) if act.kind.startswith("validation")]
    # That nothing rests on it any more is what the next check makes of the other finding.
    again = {act.kind for act in rounds(governed.office, thorough=True)}
    assert again <= {"finding.revised"}
    assert "drift_alarm" in kinds(governed)
    # A new signature begins a new watch.
    governed.validate()
    rounds(governed.office, thorough=True)
    assert "drift_alarm" not in kinds(governed)
    assert standing(governed, v1) == ("validated", True)


def test_an_alarm_says_about_when_it_changed_and_from_what_to_what(
    governed: Any, clock: Any, log: Log
) -> None:
    governed.validate(days=89)
    for week, gap in enumerate([0.0] * 4 + [0.2] * 3):
        log(week, gap)
    clock.forward(weeks=7, days=30)
    one = seen(governed)
    assert one.alarm is not None
    before, after = one.gap.stretches
    assert (before.last, after.first) == (3, 4)
    assert (before.inputs, after.inputs) == (1200, 900)
    moved = f"from {before.mean * 100:+.1f} to {after.mean * 100:+.1f} points."
    assert one.alarm.words.endswith(f" It changed about 2026-W49: {moved.replace('-', '−')}")
    (found,) = drift_conditions(governed.office.state(), [one])
    assert found.text.endswith(one.alarm.words)
    numbers = dict(found.evidence)
    assert numbers["changed"] == "2026-W49"
    assert float(numbers["after"]) == pytest.approx(0.2, abs=0.04)


SAID = np.array([0.3, 0.5, 0.7, 0.85])
CANCELLING = np.array([0.5, 0.6, 0.6, 0.65])


def week_of(seed: int, right: np.ndarray, n: int = 300) -> dict[str, Any]:
    """Confidences and outcomes of a week in which each of `SAID` is right with its chance."""
    rng = np.random.default_rng(seed)
    at = rng.integers(4, size=n)
    return {"confidence": SAID[at], "outcome": (rng.random(n) < right[at]).astype(int)}


def test_errors_that_cancel_alarm_with_where_they_lie_and_since_when(
    governed: Any, clock: Any, log: Log
) -> None:
    governed.validate(days=89)
    for week in range(7):
        log(week, **week_of(week, SAID if week < 4 else CANCELLING))
    clock.forward(weeks=7, days=30)
    one = seen(governed)
    assert one.alarm is not None
    assert abs(one.gap.estimate) < 0.05
    (part,) = one.alarm.parts
    assert part.pattern is not None
    assert part.pattern.at.words == "overconfident at 70% to 85%, underconfident at 30% to 50%"
    assert "The shape of the errors is off by " in one.alarm.words
    assert f"({part.pattern.at.words}; at most 5 accepted) over 2,100 claims" in one.alarm.words
    before, after = part.stretches
    assert after.first == 4
    moved = f"{before.mean * 100:+.1f} to {after.mean * 100:+.1f} points.".replace("-", "−")
    assert one.alarm.words.endswith(f" It changed about 2026-W49: from {moved}")
    (found,) = drift_conditions(governed.office.state(), [one])
    numbers = dict(found.evidence)
    assert numbers["where_off"] == part.pattern.at.words
    assert float(numbers["shape"]) == pytest.approx(part.pattern.estimate, abs=1e-4)
    assert (numbers["changed"], "gap" in numbers) == ("2026-W49", False)


def test_the_bands_are_those_stated_before_the_signature(
    governed: Any, clock: Any, log: Log
) -> None:
    # What is stated before lies in one band with all that comes later, so that no shape is seen.
    governed.validate(days=89)
    log(-1, confidence=0.9, outcome=1)
    for week in range(4):
        log(week, **week_of(week, CANCELLING))
    clock.forward(weeks=4, days=30)
    one = seen(governed)
    assert one.alarm is None
    assert one.gap.pattern is None


def test_a_segment_whose_errors_cancel_is_flagged(
    governed: Any, clock: Any, log: Log, registry_text: str
) -> None:
    governed.apply(registry_text.replace(*SEGMENTED), "user:desk/ann")
    governed.validate(days=89)
    for week in range(4):
        log(week, n=1200, **week_of(week, SAID, 1200), seg_language="de")
        log(week, n=200, **week_of(week + 9, CANCELLING, 200), seg_language="hi")
    clock.forward(weeks=4, days=30)
    one = seen(governed)
    assert [part.where for part in one.flagged] == [("language", "hi")]
    assert one.alarm is not None
    assert "The shape of the errors of language=hi is off by " in one.alarm.words


def test_inputs_that_repeat_are_one_bet_each_on_the_shape_too(
    governed: Any, clock: Any, log: Log
) -> None:
    governed.validate(days=89)
    for week in range(4):
        shown = week_of(week, CANCELLING, 40)
        asked = {name: np.repeat(values, 50) for name, values in shown.items()}
        log(week, n=2000, input_id=[f"{week}-{i // 50}" for i in range(2000)], **asked)
    clock.forward(weeks=4, days=30)
    one = seen(governed)
    assert (one.gap.n, one.n_inputs, one.alarm) == (8000, 160, None)


def test_without_an_alarm_a_change_is_dated_but_nothing_is_said_of_it(
    governed: Any, clock: Any, log: Log
) -> None:
    governed.validate(days=89)
    # From one end of the tolerance to the other: moved, and never beyond what was agreed.
    for week, gap in enumerate([-0.04] * 3 + [0.04] * 3):
        log(week, gap, n=900)
    clock.forward(weeks=6, days=30)
    one = seen(governed)
    assert len(one.gap.stretches) == 2
    assert one.alarm is None
    assert "changed" not in one.words


def test_a_waiver_agreed_after_the_alarm_is_not_closed_by_it(
    governed: Any, clock: Any, log: Log, v1: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.monitoring.rounds._changed_evidence", lambda *_: {})
    governed.validate(days=89)
    log(0, 0.3)
    clock.forward(weeks=1, days=30)
    rounds(governed.office, thorough=True)
    until = f"{clock.now + timedelta(days=20):%Y-%m-%dT%H:%M:%S.%fZ}"
    governed.do("user:desk/bob", "waiver.requested", reason="known, being mended", until=until)
    governed.do("user:risk/rita", "waiver.approved", until=until)
    assert standing(governed, v1) == ("waived", True)
    rounds(governed.office, thorough=True)
    assert standing(governed, v1) == ("waived", True)
    assert "drift_alarm" in kinds(governed)


def test_a_signature_given_meanwhile_is_not_closed_by_what_was_seen_before_it(
    governed: Any, clock: Any, log: Log
) -> None:
    governed.validate(days=89)
    log(0, 0.3)
    clock.forward(weeks=1, days=30)
    one = seen(governed)
    state = governed.office.state()
    assert drifted(state, [one], clock.now)
    governed.validate()
    assert not drifted(governed.office.state(), [one], clock.now)
    assert not drift_conditions(governed.office.state(), [one])


def test_one_question_asked_fifty_times_raises_no_alarm(
    governed: Any, clock: Any, log: Log
) -> None:
    governed.validate(days=89)
    inputs = [f"q{i // 50}" for i in range(300)]
    answers = np.repeat([0, 1, 0, 1, 1, 1], 50)
    for week in range(4):
        log(week, n=300, input_id=inputs, outcome=answers, confidence=0.9)
    clock.forward(weeks=4, days=30)
    one = seen(governed)
    # Six questions, of which the first week holds all; as 300 claims they would alarm.
    assert (one.cohorts, one.gap.n, one.n_inputs, one.alarm) == (1, 300, 6, None)
    assert one.gap.estimate == pytest.approx(0.9 - 4 / 6)


BOUNDED = (
    '      - {metric: auroc, min: "0.60"}\n',
    '      - {metric: auroc, min: "0.60"}\n      - {metric: automated_error, max: "0.06"}\n',
)


def test_a_required_segment_alarms_though_the_whole_holds(
    governed: Any, clock: Any, log: Log, registry_text: str
) -> None:
    governed.apply(registry_text.replace(*SEGMENTED), "user:desk/ann")
    governed.validate(days=89)
    for week in range(4):
        log(week, 0.0, n=400, seg_language="de")
        log(week, 0.0, n=400, seg_language="en")
        log(week, 0.25, n=60, seg_language="hi")
    clock.forward(weeks=4, days=30)
    one = seen(governed)
    assert one.gap.process.crossed is None
    assert [part.where for part in one.segments] == [
        ("language", value) for value in ("de", "en", "hi")
    ]
    assert [part.where for part in one.flagged] == [("language", "hi")]
    assert one.alarm is not None
    assert "The gap of language=hi is +" in one.alarm.words
    assert "3 segments, 1 flagged" in one.words
    assert one.gap.process.level == pytest.approx(LEVEL / 2)


def test_errors_of_what_is_automated_are_watched_against_their_bound(
    governed: Any, clock: Any, log: Log, registry_text: str
) -> None:
    governed.apply(registry_text.replace(*BOUNDED), "user:desk/ann")
    governed.validate(days=89)
    for week in range(4):
        # Of those at .95, which act by themselves, 12 % are wrong, and the gap stays small.
        outcome = np.array([0] * 12 + [1] * 88 + [1] * 190 + [0] * 10)
        log(week, n=300, confidence=[0.95] * 100 + [0.88] * 200, outcome=outcome)
    clock.forward(weeks=4, days=30)
    one = seen(governed)
    assert one.gap.process.crossed is None
    assert one.errors is not None
    assert (one.errors.n, one.errors.estimate) == (400, pytest.approx(0.12))
    assert one.alarm is not None
    assert one.alarm.parts == (one.errors,)
    assert "12.0% (at most 6% accepted)" in one.alarm.words
    assert one.alarm.words.endswith(" It was so from the first cohort on.")


def test_no_validated_version_of_the_sample_alarms_and_those_known_to_drift_would(
    told_path: Path,
) -> None:
    with Ledger.open(told_path, read_only=True) as ledger, ledger.cursor() as cursor:
        state, now = Replay().caught_up(cursor), datetime(2026, 11, 23, 12)
        found = watched(cursor, state, now)
        assert len(found) == 4
        assert [one.signal for one in found if one.alarm] == []
        start = datetime(2026, 5, 25)

        def since_it_began(signal: str, fingerprint: Fingerprint) -> Watched:
            return watch_one(cursor, state.entries[signal].spec, fingerprint, start, now)

        # A prompt that claims 11 points too much, and tickets of one topic that are wrong often.
        assert since_it_began(planted.DRAFT, story.DRAFT_V3).gap.process.crossed is not None
        triage = since_it_began(planted.SELF_REPORT, story.SELF_REPORT_V4)
        assert triage.gap.process.crossed is None
        assert [one.where for one in triage.flagged] == [("topic", "medical")]
