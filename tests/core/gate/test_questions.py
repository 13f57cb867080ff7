"""What the gate is asked is read as an import reads it, and what is unclear is never guessed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from core.gate.questions import Question, Stated, json_value
from core.ingest.import_file import import_file
from core.ingest.reading.file_format import UnusableFile
from core.ledger.connection import Ledger
from core.queries.base.segment_names import kept
from core.registry.escalation_rules import Override, RuleBand, Rules, decide
from core.trail.fingerprint import Fingerprint
from tests.worlds.governed.rounds import examples

RULES = Rules(
    (RuleBand(900_000, "review"), RuleBand(None, "automate")),
    (Override("topic", "medical", (RuleBand(None, "escalate"),)),),
    known_values=(("topic", ("tax", "5", "true")),),
)
TAX = {"seg_topic": "tax"}


def of_text(text: str) -> Question:
    return Question.of(json_value(text))


def action(question: Question) -> str:
    return decide(RULES, 0.95, question.segments, may_act=True).action


@pytest.mark.parametrize(
    "text",
    [
        '{"seg_topic": "medical"}',
        "{}",
        '{"seg_topic": null}',
        '{"seg_topic": ""}',
        '{"seg_topic": " \\u00a0"}',
        '{"seg_topic": "medical "}',
        '{"seg_topic": "\\u00a0medical\\u2003"}',
        '{"seg_topic": "Medical"}',
        '{"seg_topic": "TAX"}',
        '{"seg_topic": "t\\u200bax"}',
        '{"seg_topic": "t\\u0430x"}',
        '{"seg_topic": "ta\\ud800x"}',
        '{"seg_topic": "anything"}',
        '{"seg_topic": ["tax"]}',
        '{"seg_topic": {"tax": 1}}',
        '{"seg_topic": 1e300}',
        '{"segments": {" topic": "tax"}}',
        '{"segments": {"topic": "tax", " topic": "medical"}}',
        '{"segments": {"topic": "tax", "Topic": "medical"}}',
        '{"segments": {"topic": "tax", "topic": "medical"}}',
        '{"segments": {"topic": "tax", "topic": "tax"}}',
        '{"segments": {"topic": "tax"}, "segments": {}}',
        '{"segments": {"topic": "medical"}, "seg_topic": "tax"}',
        '{"segments.topic": "medical", "seg_topic": "tax"}',
        '{"SEG_topic": "medical", "seg_topic": "tax"}',
        '{"seg_topic": "tax", "segments": {"topic": null}}',
        '{"segments": "medical"}',
        '{"segments": "{\\"topic\\": \\"medical\\"}"}',
        '{"segments": ["topic"], "seg_topic": "tax"}',
        '{"segments": 7, "seg_topic": "tax"}',
        '{" seg_topic": "medical", "seg_topic": "tax"}',
        '{"seg_week": "x", "seg_topic": "tax"}',
    ],
)
def test_a_segment_that_is_not_surely_a_listed_value_has_the_strictest_rule(text: str) -> None:
    assert action(of_text(text)) == "escalate"


@pytest.mark.parametrize(
    "text",
    [
        '{"seg_topic": "tax"}',
        '{"seg_topic": " tax\\u00a0"}',
        '{"SEG_Topic": "tax"}',
        '{"segments.topic": "tax"}',
        '{"segments": {"TOPIC": "tax"}}',
        '{"Segments": {"topic": "tax"}, "seg_topic": "tax"}',
        '{"segments": "{\\"topic\\": \\"tax\\"}"}',
        '{"segments": {"topic": "tax", "amount": {"odd": 1}}}',
        '{"seg_topic": 5}',
        '{"seg_topic": true}',
        '{"topic": "medical", "seg_topic": "tax"}',
    ],
)
def test_a_listed_value_falls_under_the_bands_however_an_import_would_find_it(text: str) -> None:
    assert action(of_text(text)) == "automate"


# ------------------------------------------------------------------------------ as an import reads
TEXTS = st.text(max_size=6) | st.sampled_from(["tax", " tax", "medical\u00a0", "\u2003", "5", "[]"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=4,
)
NAMES = st.sampled_from(
    [
        *("seg_topic", "SEG_topic", "seg_Topic", " seg_topic", "segments", "Segments"),
        *("segments.topic", "segments.Topic", "SEGMENTS.topic", "topic", "seg_week", "seg_", "a"),
    ]
)
KEYS = st.sampled_from(["topic", "Topic", " topic", "t\u00f6pic", "seg_topic", "a"])
FIELDS = st.dictionaries(
    NAMES, VALUES | st.dictionaries(KEYS, VALUES, max_size=2) | st.just('{"topic":"tax"}'),
    max_size=3,
)  # fmt: skip


@pytest.fixture
def imported(tmp_path: Path) -> Iterator[Any]:
    """``imported(lines)``: the segments of the claims that an import made of JSONL, by event."""
    count = iter(range(10_000))

    def read(lines: list[str]) -> dict[str, dict[str, str]]:
        file = tmp_path / f"claims-{next(count)}.jsonl"
        file.write_text("\n".join(lines), encoding="utf-8")
        with Ledger.in_memory() as ledger:
            import_file(ledger, file)
            frame = ledger.cursor().execute("SELECT * FROM claims").df()
        columns = {name: name[4:].lower() for name in frame if name.startswith("seg_")}
        return {
            row["event_id"]: {
                dimension: row[name]
                for name, dimension in columns.items()
                if isinstance(row[name], str)
            }
            for _, row in frame.iterrows()
        }

    return read


def line(event: str, fields: Mapping[str, Any]) -> str:
    claim = {"event_id": event, "ts": "2026-11-02T09:00:00Z", "signal": "s", "confidence": 0.9}
    return json.dumps({**claim, **fields})


@settings(
    max_examples=examples(8, 200), deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(st.lists(VALUES, min_size=20, max_size=40))
@example(["tax", " tax\t", "\u00a0", "", None, 1.5, -0.0, 7, 2**63, True, ["a"], "\u200b", "1e5"])
def test_of_any_value_the_gate_reads_what_the_import_keeps(
    imported: Any, several: list[object]
) -> None:
    asked = {f"e{i}": {"seg_topic": value} for i, value in enumerate(several)}
    asked |= {f"f{i}": {"segments": {"x": value}} for i, value in enumerate(several)}
    # What is no JSON at all (NaN) costs its own row.
    found = imported([line("e", TAX), *(line(event, fields) for event, fields in asked.items())])
    assert found["e"] == {"topic": "tax"}
    for event, fields in asked.items():
        question = Question.of(fields)
        if event in found and not question.unclear and question.unreadable is None:
            assert question.segments == found[event], fields


@settings(
    max_examples=examples(12, 300), deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(FIELDS)
def test_of_any_names_the_gate_reads_what_the_import_keeps_or_nothing_for_sure(
    imported: Any, fields: dict[str, Any]
) -> None:
    question = Question.of(json.loads(json.dumps(fields)))
    try:
        found = imported([line("e", fields)])
    except UnusableFile:
        return
    if "e" in found and not question.unclear and question.unreadable is None:
        assert question.segments == found["e"]


def surely(fields: Mapping[str, Any]) -> bool:
    """Whether every mention of the topic, in any spelling, is one listed text."""
    told = []
    for name, value in fields.items():
        bare = kept(name).lower().replace("segments.", "seg_")
        if bare == "segments":
            inner = value
            if isinstance(value, str):
                try:
                    inner = json.loads(value) if value else {}
                except ValueError:
                    return False
            if inner is None and value is None:
                continue
            if not isinstance(inner, dict):
                return False
            told += [one for key, one in inner.items() if kept(key).lower() == "topic"]
        elif bare == "seg_topic":
            told.append(value)
    texts = {
        "true" if one is True else kept(str(one)) if isinstance(one, (str, int, float)) else None
        for one in told
    }
    return len(texts) == 1 and texts <= {"tax", "5", "true"}


@settings(max_examples=examples(150, 2_000), deadline=None)
@given(FIELDS)
def test_whatever_is_asked_acts_only_where_each_mention_is_one_listed_value(
    fields: dict[str, Any],
) -> None:
    if action(Question.of(fields)) == "automate":
        assert surely(fields)


# --------------------------------------------------------------------------------- faults and words
@pytest.mark.parametrize("name", ["signal", "event_id", "model_version", "elicitation"])
def test_half_a_character_is_a_fault_and_stands_as_its_escape(name: str) -> None:
    question = of_text(f'{{"{name}": "a\\ud800b"}}')
    assert question.faults == (
        f"{name} holds half a character (a lone surrogate); send valid Unicode.",
    )
    told = {"signal": question.signal, "event_id": question.event_id}
    assert {**told, **question.fingerprint.as_json()}[name] == "a\\ud800b"


@pytest.mark.parametrize("text", ['{"event_id": "a", "event_id": "b"}', '{"Signal":1,"signal":2}'])
def test_a_field_that_is_stated_twice_is_a_fault(text: str) -> None:
    (fault,) = of_text(text).faults
    assert "is stated more than once" in fault


def test_a_confidence_that_is_stated_twice_is_none() -> None:
    question = of_text('{"confidence": 0.1, "confidence": 0.95}')
    assert question.confidence == Stated((0.1, 0.95))
    assert question.given == "0.1 and 0.95"
    assert decide(RULES, question.confidence, {}, may_act=True).rule == "fallback:invalid"


def test_versions_are_found_in_any_letter_case_and_under_the_names_of_other_tools() -> None:
    assert of_text('{"Calibrator_Version": "c"}').fingerprint == Fingerprint(calibrator_version="c")
    named = of_text('{"gen_ai.response.model": "m", "gen_ai.prompt.version": "p"}').fingerprint
    assert named == Fingerprint(model_version="m", prompt_version="p")


@pytest.mark.parametrize("item", [5, "x", None, [1], Stated((1,))])
def test_what_is_no_object_is_a_question_with_a_fault(item: object) -> None:
    (fault,) = Question.of(item).faults
    assert "not a JSON object" in fault


@settings(max_examples=examples(100, 2_000), deadline=None)
@given(st.dictionaries(st.text(max_size=3) | NAMES | st.just("event_id"), VALUES, max_size=4))
def test_whatever_is_asked_can_be_stored_and_sent(fields: dict[str, Any]) -> None:
    question = Question.of(fields)
    for text in (question.signal, question.event_id, question.given, *question.noted.values()):
        assert text is None or text.encode("utf-8").decode("utf-8") == text


@pytest.mark.parametrize("deep", ["[" * 100_000, '{"a":' * 100_000])
def test_json_that_is_nested_too_deep_is_refused_in_words(deep: str) -> None:
    with pytest.raises(ValueError, match=r"nested too deep|Expecting"):
        json_value(deep)


def test_a_number_too_long_for_this_program_costs_its_own_question_alone() -> None:
    (one, other) = json_value(f'[{{"confidence": {"9" * 5000}}}, {{"confidence": 1}}]')  # type: ignore[misc]
    assert Question.of(one).given == "9" * 80
    assert Question.of(other).confidence == 1
