"""An act about a finding holds facts; its words are made whenever they are read."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from core.findings.facts.anchoring import Anchored
from core.findings.facts.base import Facts
from core.findings.facts.gaming import Gamed, GamedSide
from core.findings.facts.judges import Disagrees, JudgedPart, Share
from core.findings.facts.labels import LastCame, MissingLabels
from core.findings.facts.leak import Leaked
from core.findings.facts.standing import (
    Breaches,
    BrokenTrail,
    EmptySeat,
    Expired,
    Expiring,
    NewFingerprint,
    Suspended,
    Unregistered,
)
from core.findings.facts.theatre import AlwaysTheSame
from core.findings.kinds import FACTS, KINDS, Condition, told_of
from core.governance.names import Directory
from core.monitoring.rounds import PROGRAM, outlook, rounds
from core.queries.sums.validation_sample import Shared
from core.sentences.acts import Names, facts, sentence
from core.trail import log as trail
from core.trail.acts import Proposal
from core.trail.canonical_json import canonical
from core.trail.facts import read, written
from core.trail.fingerprint import Fingerprint

M1 = Fingerprint(model_version="m1")
USED = (60, date(2026, 9, 23), date(2026, 11, 17))
DAYS = {"since": date(2026, 5, 4), "until": date(2026, 11, 1)}
WHOLE = JudgedPart(
    "", 400, 400, Share(0.285, 0.2412, 0.332), Share(0.74, 0.66, 0.81), Share(0.0, 0.0, 0.0095)
)
WORST = JudgedPart("topic=law", 80, 80, Share(0.5, 0.4, 0.6), None, None)
LABELS = {"needed": 40, "since": date(2026, 9, 3), "until": date(2026, 10, 2), "days": 30}
WIDE = GamedSide("rubric-2", 5097, 0.081, 0.67, 0.7, 1.0)
NARROW = GamedSide("rubric-3", 1085, 0.011, 0.58, 0.72, 0.74)

#: Kind, facts, and the sentence that they have always read as.
SENTENCES: list[tuple[str, Facts, str]] = [
    ("trail_broken", BrokenTrail("Entry 3 is gone."), "Entry 3 is gone."),
    (
        "empty_owner_seat",
        EmptySeat(),
        "Nobody answers for this signal: its owner and every deputy have left or are away. The "
        "gate is closed until somebody does.",
    ),
    (
        "unregistered_signal",
        Unregistered(2200, date(2026, 5, 25)),
        "2,200 claims since 2026-05-25, and nothing is written down about this signal: what it "
        "decides, who answers for it, when it may act. The gate sends every case to review.",
    ),
    (
        "new_fingerprint",
        NewFingerprint(*USED, "review", waits=False),
        "m1: 60 claims since 2026-09-23 by a fingerprint that is not validated. Each falls back "
        "to review.",
    ),
    (
        "new_fingerprint",
        NewFingerprint(*USED, "escalate", waits=True),
        "m1: 60 claims since 2026-09-23 by a fingerprint that is not validated. Each falls back "
        "to escalate. Its evidence waits for a signature.",
    ),
    (
        "validation_expired",
        Expired(*USED, "review", date(2026, 11, 29), waiver=False),
        "m1: Expired on 2026-11-29. Its claims fall back to review.",
    ),
    (
        "validation_expired",
        Expired(*USED, "review", date(2026, 11, 29), waiver=True),
        "m1: Its waiver ended on 2026-11-29. Its claims fall back to review.",
    ),
    (
        "validation_suspended",
        Suspended(*USED, "review", date(2026, 11, 24), "wrong teams"),
        "m1: Suspended on 2026-11-24: wrong teams. Its claims fall back to review.",
    ),
    (
        "validation_suspended",
        Suspended(*USED, "review", date(2026, 11, 24)),
        "m1: The rules changed on 2026-11-24 and were not validated since. Its claims fall back "
        "to review.",
    ),
    (
        "validation_suspended",
        Suspended(*USED, "review"),
        "m1: The rules changed and were not validated since. Its claims fall back to review.",
    ),
    (
        "validation_expiring",
        Expiring(*USED, date(2027, 1, 3)),
        "m1: it may act until 2027-01-03 and nobody has submitted new evidence.",
    ),
    (
        "escalation_breached",
        Breaches(
            299, 290, 14, (("cut", 120), ("override", 179)), date(2026, 8, 30), date(2026, 9, 28)
        ),
        "299 claims from 2026-08-30 to 2026-09-28 handled less strictly than the rules require: "
        "120 against the cut, 179 against a segment's own bands. Acted without a person: 290. "
        "Known to be wrong: 14.",
    ),
    (
        "split_leaked",
        Leaked(
            600,
            60,
            1,
            (Shared("e-1", "i-1", "t-1", "input_id"), Shared("e-2", None, "e-2", "event_id")),
        ),
        "60 of 600 claims to judge on share an event or an input with 1 tuning claim (event e-1 "
        "has input i-1 of tuning event t-1; event e-2). What is measured on them flatters the "
        "signal, and as evidence they are refused.",
    ),
    (
        "labels_missing",
        MissingLabels(600, 600, 0, 0, **LABELS, last=LastCame(date(2026, 8, 24), date(2026, 8, 2))),
        "m1 may act, and none of 600 claims of 600 inputs from 2026-09-03 to 2026-10-02 is "
        "labelled, though 30 days have passed: whether it still holds cannot be told. The last "
        "label came on 2026-08-24, of a claim of 2026-08-02. A re-measurement needs 40 labelled "
        "inputs.",
    ),
    (
        "labels_missing",
        MissingLabels(400, 220, 200, 20, **LABELS),
        "m1 may act, and only 200 of 400 claims (20 inputs of 220) from 2026-09-03 to 2026-10-02 "
        "are labelled, though 30 days have passed: whether it still holds cannot be told. No "
        "label ever came. A re-measurement needs 40 labelled inputs.",
    ),
    (
        "judge_disagrees",
        Disagrees("LLM", WHOLE, WORST, drawn=True, **DAYS, tolerance=0.1),
        "Labels from LLM disagree with ground truth on 28% (24% to 33%) of 400 claims of 400 "
        "inputs that both labelled, made from 2026-05-04 to 2026-11-01; 10% is accepted. By them "
        "74% (66% to 81%) of the wrong ones are called right and 0% (0% to 1%) of the right ones "
        "are called wrong. Worst: topic=law, 50% (40% to 60%) of 80 claims of 80 inputs.",
    ),
    (
        "judge_disagrees",
        Disagrees(None, WHOLE, None, drawn=False, **DAYS, tolerance=0.1),
        "Labels that state no source disagree with ground truth on 28% (24% to 33%) of 400 claims "
        "of 400 inputs that both labelled, made from 2026-05-04 to 2026-11-01; 10% is accepted. "
        "By them 74% (66% to 81%) of the wrong ones are called right and 0% (0% to 1%) of the "
        "right ones are called wrong. These claims were not drawn by chance, with one chance: on "
        "others they may disagree more or less often.",
    ),
    (
        "metric_gamed",
        Gamed("prompt", WIDE, NARROW, (-0.13, -0.05), True, 0.0001, 0.001, 12),
        "From prompt rubric-2 to prompt rubric-3: ECE fell from 0.081 to 0.011 while AUROC fell "
        "from 0.67 to 0.58 (by 0.05 to 0.13; n 5,097 and 1,085); and 90% of what it states lies "
        "within 2 points (72–74%), where it was 30 (70–100%). It looks better calibrated because "
        "it tells less of right and wrong.",
    ),
    (
        "metric_gamed",
        Gamed("weeks", WIDE, NARROW, None, True, 1.0, 0.001, 12),
        "From rubric-2 to rubric-3: 90% of what it states lies within 2 points (72–74%), where it "
        "was 30 (70–100%). It says nearly the same of every case.",
    ),
    (
        "confidence_anchored",
        Anchored(None, "p1", True, 1200, 0.15, 0.147, 0.152, 0.05, -0.0, 1064),
        "Asked after the answer (prompt p1), it states 15.0 points more than before it, on the "
        "same 1,200 inputs (14.7 to 15.2; ±5 accepted), and is right as often: the accuracy "
        "differs by 0.0 points (n 1,064).",
    ),
    (
        "confidence_anchored",
        Anchored("t", None, False, 400, 0.12, 0.115, 0.125, 0.05, 0.01, 400),
        "Asked after the answer, it states 12.0 points more than before it of t, on the same 400 "
        "events (11.5 to 12.5; ±5 accepted), and is right as often: the accuracy differs by 1.0 "
        "points (n 400).",
    ),
    (
        "confidence_theatre",
        AlwaysTheSame("review", "rules", 100, date(2026, 8, 24)),
        "All 100 decisions since 2026-08-24 are review (by the rules in force): the confidence "
        "changed none of them. Why does this signal exist?",
    ),
    (
        "confidence_theatre",
        AlwaysTheSame("review", "logged", 2860, date(2026, 8, 17), (("automate", 79),)),
        "All 2,860 decisions since 2026-08-17 are review (as logged): the confidence changed none "
        "of them. Why does this signal exist? If it might act, its rules would automate 79 of "
        "them. None of its fingerprints in use may act, so the fallback decides.",
    ),
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


THEATRE = AlwaysTheSame("review", "rules", 100, date(2026, 8, 24))


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
