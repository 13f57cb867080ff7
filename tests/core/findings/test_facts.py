"""An act about a finding holds facts; its words are made whenever they are read."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from core.findings.facts.base import Facts
from core.findings.facts.decisions.theatre import AlwaysTheSame
from core.findings.facts.labels.judges import Share
from core.findings.kinds import KINDS, Condition, told_of
from core.governance.people.names import Directory
from core.governance.stops import Alarmed, Differs, stopped_by
from core.monitoring.rounds import PROGRAM, outlook, rounds
from core.sentences.acts import Names, facts, sentence
from core.trail import log as trail
from core.trail.acts import Proposal
from core.trail.canonical_json import canonical
from core.trail.facts import FACTS, read, written
from tests.core.findings.sentences import (
    calibration,
    changes,
    handed,
    labels,
    logged,
    running,
    standing,
    stating,
)
from tests.core.findings.sentences.calibration import ALARM, DIFFERS
from tests.core.findings.sentences.sentence import M1

#: Of every kind, by subject.
SENTENCES = [
    *calibration.SENTENCES,
    *changes.SENTENCES,
    *standing.SENTENCES,
    *labels.SENTENCES,
    *handed.SENTENCES,
    *logged.SENTENCES,
    *running.SENTENCES,
    *stating.SENTENCES,
]


@pytest.mark.parametrize(("kind", "found", "text"), SENTENCES)
def test_what_an_act_holds_reads_as_the_sentence_it_always_was(
    kind: str, found: Facts, text: str
) -> None:
    body = {FACTS: written(found)}
    canonical(body)
    told = told_of(kind, body, M1)
    assert told.text == text
    assert told.mend == found.fix() != ""
    assert dict(told.evidence) == found.numbers()


@pytest.mark.parametrize(("kind", "found", "text"), SENTENCES)
def test_facts_come_back_as_they_were_written(kind: str, found: Facts, text: str) -> None:
    assert KINDS[kind].facts is type(found)
    assert read(type(found), written(found)) == found


def test_every_kind_that_holds_facts_has_its_sentences_here() -> None:
    assert {kind for kind, _, _ in SENTENCES} == {
        key for key, one in KINDS.items() if one.facts is not None
    }


def test_a_share_half_way_between_two_rounds_when_read_as_when_found() -> None:
    found = Share(1 - 0.715, 0.2, 0.3)
    assert read(Share, written(found)).words == found.words == "29% (20% to 30%)"


def test_facts_that_cannot_be_read_are_shown_as_they_stand() -> None:
    told = told_of("split_leaked", {FACTS: {"judged": "many"}}, M1)
    assert told.text == '{"judged": "many"}'
    assert told_of("of_tomorrow", {FACTS: {"n": 3}}, None).text == '{"n": 3}'


@pytest.mark.parametrize(
    ("trigger", "why"), [("evidence_changed", DIFFERS), ("drift_alarm", ALARM)]
)
def test_a_suspension_holds_facts_and_reads_as_the_reason_it_always_was(
    trigger: str, why: Differs | Alarmed
) -> None:
    body = {"trigger": trigger, FACTS: written(why)}
    assert stopped_by(body) == why
    assert stopped_by({"trigger": trigger, "reason": "It was said so."}) is None
    with pytest.raises(ValueError, match="of_tomorrow"):
        stopped_by({**body, "trigger": "of_tomorrow"})
    assert DIFFERS.reason.startswith("What was signed no longer recomputes from the ledger: The")
    assert ALARM.reason.startswith("Drifted beyond what was signed. The gap is +8.1 points (±5")


THEATRE = AlwaysTheSame("review", "rules", 100, date(2026, 8, 24))


#: One of each kind that a thorough round measures.
MEASURED = {
    kind: found
    for kind, found, _ in SENTENCES
    if KINDS[kind].thorough and kind not in ("drift_alarm", "evidence_changed")
}


@pytest.fixture
def seen_every(monkeypatch: pytest.MonkeyPatch) -> None:
    def found(*_: object) -> tuple[Condition, ...]:
        return tuple(Condition.of(kind, "triage", kind, one, M1) for kind, one in MEASURED.items())

    monkeypatch.setattr("core.monitoring.rounds.detected", found)


@pytest.mark.usefixtures("seen_every")
def test_other_words_of_every_kind_write_no_act_in_a_nightly_check(
    governed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = [one for one in rounds(governed.office, thorough=True) if "finding" in one.kind]
    assert {one.body["finding_kind"] for one in opened} == set(MEASURED)
    for one in MEASURED.values():
        monkeypatch.setattr(type(one), "text", lambda *_: "In other words.")
        monkeypatch.setattr(type(one), "fix", lambda *_: "Do otherwise.")
    assert rounds(governed.office, thorough=True) == ()
    told = {(one.text, one.mend) for one in outlook(governed.office).findings}
    assert told == {("In other words.", "Do otherwise.")}


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def found(*_: object) -> tuple[Condition, ...]:
        return (Condition.of("confidence_theatre", "triage", "confidence_theatre", THEATRE),)

    monkeypatch.setattr("core.monitoring.rounds.detected", found)


@pytest.mark.usefixtures("seen")
def test_another_word_changes_what_is_read_and_writes_no_act(
    governed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds(governed.office, thorough=True)
    monkeypatch.setattr(AlwaysTheSame, "text", lambda *_: "In other words.")
    assert rounds(governed.office, thorough=True) == ()
    (one,) = outlook(governed.office).findings
    assert one.text == "In other words."
    assert [entry.text for entry in one.history] == ["In other words."]
    with governed.ledger.cursor() as cursor:
        *_, act = trail.acts(cursor)
    said = {one.name: one.value for one in facts(act, Names(Directory({}), {}))}
    assert said["What is wrong"] == "In other words."


@pytest.mark.usefixtures("seen")
def test_an_act_about_a_finding_holds_facts_and_no_sentence(governed: Any) -> None:
    (act,) = (one for one in rounds(governed.office, thorough=True) if "finding" in one.kind)
    assert act.body[FACTS] == {
        "action": "review",
        "basis": "rules",
        "decisions": 100,
        "since": "2026-08-24",
    }
    assert not {"text", "mend", "evidence"} & act.body.keys()


@pytest.mark.usefixtures("seen")
def test_a_finding_that_was_written_down_in_words_reads_as_before_and_is_not_revised(
    governed: Any,
) -> None:
    (one,) = outlook_of_words(governed)
    assert (one.text, one.mend, one.facts) == ("It was said so.", "Do this.", None)
    assert rounds(governed.office, thorough=True) == ()
    (one,) = outlook(governed.office).findings
    assert (one.text, one.stored) == ("It was said so.", True)
    with governed.ledger.cursor() as cursor:
        *_, act = trail.acts(cursor)
    names = Names(Directory({}), {one.id: one.kind})
    assert "Confidence that changes nothing" in sentence(act, names)
    said = {fact.name: fact.value for fact in facts(act, names)}
    assert (said["What is wrong"], said["What to do"]) == ("It was said so.", "Do this.")


def outlook_of_words(governed: Any) -> Any:
    """The findings of a ledger in which a version of before wrote one down in words."""
    now = Condition.of("confidence_theatre", "triage", "confidence_theatre", THEATRE)
    body = {
        "finding": now.id,
        "finding_kind": now.kind,
        "severity": now.severity,
        "subject": now.subject,
        "owner": None,
        "due": "2026-12-01",
        "evidence": dict(now.evidence),
        "text": "It was said so.",
        "mend": "Do this.",
    }
    with governed.office.acting() as desk:
        desk.perform(Proposal("finding.opened", PROGRAM, "triage", body=body))
    return outlook(governed.office).findings
