"""Evaluations as rows, by what each name was said to be."""

from __future__ import annotations

from typing import Any

import pytest

from core.intake.otlp import translate as words
from core.intake.otlp.mapping import read_names
from core.intake.otlp.translate import Translated, translate
from core.intake.otlp.wire import Evaluation, Request, SpanFacts
from tests.worlds.claims.exported import AT, OTHER_SPAN, SPAN, TRACE

MAPPING = """
names:
  self-report: {confidence: triage}
  of-service: {confidence: "{service}.self-report"}
  correct: {outcome: HUMAN}
  graded: {outcome: CODE, threshold: "0.5"}
  verdict: {outcome: LLM, signal: triage, values: {right: 1, wrong: 0}}
  relevance: ignore
"""
HERE = SpanFacts(TRACE, SPAN)
TIME = "2026-10-05T09:00:00.000001Z"
CLAIM = {
    "event_id": f"{TRACE}:{SPAN}", "ts": TIME, "signal": "triage", "confidence": 0.9,
    "model_version": None, "prompt_version": None, "trace_id": TRACE, "span_id": SPAN,
}  # fmt: skip


def translated(*evaluations: Evaluation, spans: Any = (), mapping: str = MAPPING) -> Translated:
    return translate(Request(len(evaluations), evaluations, tuple(spans), {}), read_names(mapping))


def one(name: str | None, score: object = None, **more: Any) -> Evaluation:
    return Evaluation(0, name, score, **{"at": AT, "of": HERE, **more})


def claim_of(evaluation: Evaluation, **more: Any) -> dict[str, Any]:
    (row,) = translated(evaluation, **more).claims
    return dict(row.fields)


def outcome_of(evaluation: Evaluation) -> dict[str, Any]:
    (row,) = translated(evaluation).outcomes
    return dict(row.fields)


def test_a_mapped_confidence_is_a_claim_of_its_signal() -> None:
    assert claim_of(one("self-report", 0.9)) == CLAIM
    assert claim_of(one("of-service", 0.9, service="desk"))["signal"] == "desk.self-report"


@pytest.mark.parametrize(
    ("evaluation", "confidence"),
    [
        (one("self-report"), None),
        (one("self-report", label="high"), "high"),
        (one("self-report", 85), 85),
        (one("self-report", True), True),
    ],
)
def test_what_no_confidence_can_be_is_kept_to_be_judged(
    evaluation: Evaluation, confidence: object
) -> None:
    assert claim_of(evaluation)["confidence"] == confidence


def test_the_event_is_the_response_else_the_span_or_always_the_span() -> None:
    named = one("self-report", 0.9, of=SpanFacts(TRACE, SPAN, "r1"))
    assert claim_of(named)["event_id"] == "r1"
    assert claim_of(named, mapping=f"event: span\n{MAPPING}")["event_id"] == f"{TRACE}:{SPAN}"
    assert claim_of(one("self-report", 0.9, ours={"event_id": "t-1"}))["event_id"] == "t-1"


def test_fields_of_ours_are_stated_and_an_explanation_is_kept() -> None:
    ours = {"seg_language": "de", "model_version": "m1", "confidence": 1.0, "outcome": 1}
    found = claim_of(one("self-report", 0.9, ours=ours, explanation="sure"))
    assert found == {**CLAIM, "seg_language": "de", "model_version": "m1", "explanation": "sure"}


def test_versions_are_those_of_the_span_in_the_same_request() -> None:
    spans = [
        SpanFacts(TRACE, SPAN, "r1", "m1", "v1"),
        SpanFacts(TRACE, OTHER_SPAN, "r2", "m2", "v2"),
    ]
    found = claim_of(one("self-report", 0.9), spans=spans)
    assert (found["model_version"], found["prompt_version"]) == ("m1", "v1")
    by_response = one("self-report", 0.9, of=SpanFacts(TRACE, SPAN, "r2"))
    assert claim_of(by_response, spans=spans)["model_version"] == "m2"
    stated = one("self-report", 0.9, ours={"model_version": "own"})
    found = claim_of(stated, spans=spans)
    assert (found["model_version"], found["prompt_version"]) == ("own", "v1")


@pytest.mark.parametrize(
    ("evaluation", "outcome", "source"),
    [
        (one("correct", 1), 1, "HUMAN"),
        (one("correct", 0.0), 0.0, "HUMAN"),
        (one("correct", 0.7), 0.7, "HUMAN"),
        (one("correct", label="good"), "good", "HUMAN"),
        (one("correct", 1, annotator="LLM"), 1, "LLM"),
        (one("correct", 1, annotator="crowd"), 1, "crowd"),
        (one("graded", 0.5), 1, "CODE"),
        (one("graded", 0.4999), 0, "CODE"),
        (one("graded", float("nan")), 0, "CODE"),
        (one("graded", "high"), "high", "CODE"),
        (one("graded", True), True, "CODE"),
        (one("verdict", 0.9, label=" Right "), 1, "LLM"),
        (one("verdict", label="maybe"), "maybe", "LLM"),
        (one("verdict", 0), 0, "LLM"),
        (one("correct"), None, "HUMAN"),
    ],
)
def test_an_outcome_is_its_score_or_what_its_word_means_from_whoever_judged(
    evaluation: Evaluation, outcome: object, source: str
) -> None:
    found = outcome_of(evaluation)
    assert (found["outcome"], found["outcome_source"]) == (outcome, source)
    assert found["event_id"] == f"{TRACE}:{SPAN}"
    assert found["outcome_ts"] == TIME


def test_an_outcome_of_one_signal_names_it() -> None:
    assert outcome_of(one("verdict", 1))["signal"] == "triage"
    assert "signal" not in outcome_of(one("correct", 1))


@pytest.mark.parametrize(
    ("evaluation", "name", "reason"),
    [
        (one("coherence", 4), "coherence", words.NOT_MAPPED),
        (one(None, 4), words.UNNAMED, words.NO_NAME),
        (one("correct", 1, scope="trace"), "correct", words.NOT_OF_ONE),
        (one("correct", 1, of=SpanFacts(TRACE)), "correct", words.NO_EVENT),
        (one("of-service", 0.9), "of-service", words.NO_SERVICE),
        (one("self-report", 1, annotator="HUMAN"), "self-report", words.BY_A_PERSON),
    ],
)
def test_what_is_no_row_is_left_out_with_the_reason(
    evaluation: Evaluation, name: str, reason: str
) -> None:
    found = translated(evaluation)
    assert not found.claims + found.outcomes
    assert [(each.name, each.reason) for each in found.left_out] == [(name, reason)]


def test_an_ignored_name_is_counted_and_told_to_nobody() -> None:
    assert translated(one("relevance", 0.3)) == Translated((), (), (), 1)


@pytest.mark.parametrize(
    ("at", "ts"), [(None, None), (1, "1970-01-01T00:00:00Z"), (10**25, str(10**25))]
)
def test_a_time_that_none_can_be_is_kept_to_be_judged(at: int | None, ts: str | None) -> None:
    assert claim_of(one("self-report", 0.9, at=at))["ts"] == ts
