"""Late labels decide anew: what a finding says now, and what was believed before."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest

from core.findings.kinds import Condition
from core.monitoring.rounds import outlook, rounds
from core.trail.acts import Act

HIDDEN = Condition(
    "hidden_segment",
    "triage",
    "topic",
    "topic=tax is off: +9.0 points, 40 claims.",
    "Open Segments.",
    evidence=(("n", "40"), ("gap", "0.09")),
    level="warning",
)


class Labels:
    """What the detectors see, set by the test."""

    def __init__(self) -> None:
        self.seen: tuple[Condition, ...] = (HIDDEN,)

    def __call__(self, *_: object) -> tuple[Condition, ...]:
        return self.seen


@pytest.fixture
def labels(monkeypatch: pytest.MonkeyPatch) -> Labels:
    found = Labels()
    monkeypatch.setattr("core.monitoring.rounds.detected", found)
    return found


def checked(governed: Any) -> list[Act]:
    """The acts of a thorough round about findings."""
    return [act for act in rounds(governed.office, thorough=True) if "finding" in act.kind]


def finding(governed: Any) -> Any:
    (one,) = outlook(governed.office).findings
    return one


MORE = replace(HIDDEN, text="topic=tax is off: +7.0 points, 300 claims.", evidence=(("n", "300"),))
WORSE = replace(MORE, level="critical")


def test_what_labels_made_of_it_is_recorded_beside_what_was_believed(
    governed: Any, labels: Labels
) -> None:
    checked(governed)
    labels.seen = (MORE,)
    (act,) = checked(governed)
    assert act.kind == "finding.revised"
    assert act.body["text"] == MORE.text
    one = finding(governed)
    assert (one.text, dict(one.evidence), one.occurrences) == (MORE.text, {"n": "300"}, 1)
    assert [entry.text for entry in one.history] == [HIDDEN.text, MORE.text]


def test_nothing_is_recorded_where_nothing_changed(governed: Any, labels: Labels) -> None:
    checked(governed)
    labels.seen = (replace(HIDDEN, evidence=tuple(reversed(HIDDEN.evidence))),)
    assert checked(governed) == []


def test_the_same_in_other_words_is_no_news(governed: Any, labels: Labels) -> None:
    checked(governed)
    labels.seen = (replace(HIDDEN, text="Off on topic=tax.", mend="See Segments."),)
    assert checked(governed) == []


def test_a_short_round_decides_nothing_anew(governed: Any, labels: Labels) -> None:
    checked(governed)
    labels.seen = (MORE,)
    assert rounds(governed.office) == ()
    assert finding(governed).text == HIDDEN.text


def test_a_milder_answer_does_not_undo_what_was_said(
    governed: Any, labels: Labels, clock: Any
) -> None:
    labels.seen = (WORSE,)
    checked(governed)
    governed.do("user:desk/ann", "finding.acknowledged", None, finding=WORSE.id, note="on it")
    labels.seen = (MORE,)
    checked(governed)
    assert (finding(governed).state, finding(governed).severity) == ("acknowledged", "warning")


def test_what_became_critical_is_open_again_and_due_earlier(
    governed: Any, labels: Labels, clock: Any
) -> None:
    clock.now = datetime(2026, 11, 3, 9)
    checked(governed)
    assert finding(governed).due == date(2026, 11, 7)
    until = "2026-11-30"
    governed.do(
        "user:risk/rita", "finding.waived", None, finding=HIDDEN.id, until=until, reason="a pilot"
    )
    assert finding(governed).state == "waived"
    labels.seen = (WORSE,)
    checked(governed)
    one = finding(governed)
    assert (one.state, one.severity, one.due) == ("open", "critical", date(2026, 11, 5))


def test_what_is_no_longer_so_is_resolved_with_what_was_believed(
    governed: Any, labels: Labels
) -> None:
    checked(governed)
    labels.seen = ()
    (act,) = checked(governed)
    assert (act.kind, dict(act.body)) == ("finding.resolved", {"finding": HIDDEN.id})
    labels.seen = (MORE,)
    (again,) = checked(governed)
    assert again.kind == "finding.recurred"
    assert finding(governed).history[1].note == "It no longer applies."
    assert [entry.text for entry in finding(governed).history] == [
        HIDDEN.text,
        HIDDEN.text,
        MORE.text,
    ]
