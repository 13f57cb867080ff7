"""OTLP requests read from both encodings, whatever bytes come."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.intake.otlp import wire
from core.intake.otlp.wire import Evaluation, NotOtlp, SpanFacts, TooManyItems, read
from tests.worlds.claims.exported import (
    AT,
    OTHER_SPAN,
    OTHER_TRACE,
    SPAN,
    TRACE,
    as_json,
    as_protobuf,
    attributes,
    logs,
    record,
    span,
    traces,
)

ENCODINGS: dict[wire.Encoding, Callable[[dict[str, Any]], bytes]] = {
    "json": as_json,
    "protobuf": as_protobuf,
}
HERE = SpanFacts(TRACE, SPAN)


@pytest.fixture(params=ENCODINGS)
def reading(request: pytest.FixtureRequest) -> Callable[..., wire.Request]:
    """Reads a document that was sent in one of the encodings."""

    def read_it(document: dict[str, Any]) -> wire.Request:
        what: wire.What = "logs" if "resourceLogs" in document else "traces"
        return read(ENCODINGS[request.param](document), what, request.param)

    return read_it


def test_an_evaluation_of_a_log_record_is_of_its_span_or_of_the_response_it_names(reading) -> None:
    found = reading(
        logs(
            record({"gen_ai.evaluation.score.value": 0.92, "gen_ai.evaluation.explanation": "why"}),
            record({"gen_ai.response.id": "r1", "gen_ai.evaluation.score.label": "high"}),
            stated={"service.name": "desk", "calledger.seg_language": "de"},
        )
    )
    assert found.items == 2
    assert found.evaluations == (
        Evaluation(
            0, "self-report", 0.92, explanation="why", at=AT, of=HERE, service="desk",
            ours={"seg_language": "de"},
        ),
        Evaluation(
            1, "self-report", label="high", at=AT, of=SpanFacts(TRACE, SPAN, "r1"),
            service="desk", ours={"seg_language": "de"},
        ),
    )  # fmt: skip


def test_other_log_records_are_none_and_the_older_name_is_one(reading) -> None:
    older = record({"event.name": "gen_ai.evaluation.result"})
    del older["eventName"]
    found = reading(logs({"body": {"stringValue": "served"}}, older))
    assert [one.item for one in found.evaluations] == [1]
    assert found.items == 2


def test_a_record_without_its_time_has_the_time_it_was_observed(reading) -> None:
    one = record({})
    one["observedTimeUnixNano"] = one.pop("timeUnixNano")
    assert reading(logs(one)).evaluations[0].at == AT


def test_a_model_that_a_judges_record_names_is_not_that_of_the_answer(reading) -> None:
    found = reading(logs(record({"gen_ai.response.model": "judge-1"})))
    assert found.evaluations[0].of == HERE


def test_spans_state_the_model_that_answered_before_the_one_asked_for(reading) -> None:
    asked = {
        "gen_ai.request.model": "m",
        "gen_ai.response.model": "m-2026",
        "gen_ai.prompt.version": "v4",
    }
    inferred = {"llm.model_name": "m-7", "llm.prompt_template.version": "v5"}
    found = reading(
        traces(
            span(asked),
            span(inferred, spanId=OTHER_SPAN),
            span({"gen_ai.request.model": "m"}, spanId="00000000000000aa"),
            span({"http.route": "/"}, spanId="00000000000000ab"),
        )
    )
    assert found.spans == (
        SpanFacts(TRACE, SPAN, None, "m-2026", "v4"),
        SpanFacts(TRACE, OTHER_SPAN, None, "m-7", "v5"),
        SpanFacts(TRACE, "00000000000000aa", None, "m", None),
    )


def test_annotations_on_a_span_are_of_it_and_those_of_one_with_one_link_of_the_span_linked(
    reading,
) -> None:
    stated = {
        "annotations.0.annotation.name": "self-report",
        "annotations.0.annotation.score": 0.8,
        "evaluations.1.evaluation.name": "correctness",
        "evaluations.1.evaluation.label": "correct",
        "evaluations.1.evaluation.annotator_kind": "HUMAN",
        "llm.model_name": "m-7",
    }
    links = [{"traceId": OTHER_TRACE, "spanId": OTHER_SPAN}]
    inline, later, several = (
        reading(traces(span(stated, links=one))).evaluations
        for one in ([], links, [*links, *links])
    )
    assert [(one.name, one.score, one.label, one.annotator) for one in inline] == [
        ("self-report", 0.8, None, None),
        ("correctness", None, "correct", "HUMAN"),
    ]
    assert {one.of for one in inline} == {SpanFacts(TRACE, SPAN, None, "m-7")}
    # The model of the span that judges is not that of the one that answered.
    assert {one.of for one in later} == {SpanFacts(OTHER_TRACE, OTHER_SPAN)}
    assert {one.of for one in several} == {one.of for one in inline}


def test_events_of_spans_are_evaluations_too(reading) -> None:
    event = {
        "name": "gen_ai.evaluation.result",
        "timeUnixNano": str(AT + 5000),
        "attributes": attributes(
            {"gen_ai.evaluation.name": "x", "gen_ai.evaluation.score.value": 1}
        ),
    }
    found = reading(traces(span({"gen_ai.response.model": "m"}, events=[event, {"name": "other"}])))
    assert found.evaluations == (
        Evaluation(0, "x", 1, at=AT + 5000, of=SpanFacts(TRACE, SPAN, None, "m")),
    )


def test_annotations_of_a_trace_or_session_say_so(reading) -> None:
    stated = {f"{one}.annotations.0.annotation.name": "x" for one in ("trace", "session")}
    assert [one.scope for one in reading(traces(span(stated))).evaluations] == ["trace", "session"]


def test_values_of_our_own_attributes_keep_their_kind(reading) -> None:
    ours = {
        "text": "a",
        "yes": True,
        "whole": -3,
        "share": 0.5,
        "list": ["a", 1],
        "map": {"k": "v"},
    }
    found = reading(logs(record({f"calledger.{key}": one for key, one in ours.items()})))
    assert found.evaluations[0].ours == ours


@pytest.mark.parametrize("ids", [("", ""), ("0" * 32, "0" * 16)])
def test_an_id_of_nothing_but_zeros_is_none(reading, ids: tuple[str, str]) -> None:
    found = reading(logs(record({}, traceId=ids[0], spanId=ids[1])))
    assert found.evaluations[0].of == SpanFacts()


def test_a_record_with_too_many_attributes_is_refused_and_the_others_are_read(reading) -> None:
    many = {f"a{i}": i for i in range(wire.MOST_ATTRIBUTES + 1)}
    found = reading(logs(record(many), record({})))
    assert list(found.faults) == [0]
    assert "a record has at most 1,000" in found.faults[0]
    assert [one.item for one in found.evaluations] == [1]


def test_more_records_than_a_request_may_hold_are_too_many(
    reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "MOST_ITEMS", 3)
    assert reading(logs(*[{}] * 3)).items == 3
    with pytest.raises(TooManyItems, match="at most 3 records"):
        reading(logs(*[{}] * 4))


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ([], "no list resourceLogs"),
        ({"resourceLogs": {}}, "no list resourceLogs"),
        ("{", "not JSON"),
        ("[" * 100_000, "too deep"),
    ],
)
def test_json_that_is_no_request_is_refused_as_a_whole(document: object, words: str) -> None:
    body = document if isinstance(document, str) else json.dumps(document)
    with pytest.raises(NotOtlp, match=words):
        read(body.encode(), "logs", "json")


@pytest.mark.parametrize(
    "one",
    [
        None,
        7,
        "x",
        {"attributes": {"key": "gen_ai.evaluation.name"}},
        {"attributes": [7, {"key": 7}, {"key": "event.name"}, {"key": "event.name", "value": 3}]},
        {"eventName": 4, "timeUnixNano": "soon", "traceId": "ü" * 32, "spanId": 5},
        {"eventName": "gen_ai.evaluation.result", "timeUnixNano": "9" * 50},
    ],
)
def test_json_of_other_kinds_than_they_should_be_costs_one_record_at_most(one: object) -> None:
    found = read(as_json(logs(one, record({}))), "logs", "json")
    assert found.items == 2
    assert found.evaluations[-1].item == 1


def test_an_attribute_nested_deeper_than_one_may_be_costs_its_record() -> None:
    value: Any = "x"
    for _ in range(wire._DEEPEST + 5):
        value = [value]
    found = read(as_json(logs(record({"calledger.a": value}), record({}))), "logs", "json")
    assert "nested deeper" in found.faults[0]
    assert [one.item for one in found.evaluations] == [1]


def test_protobuf_that_is_cut_or_nested_without_end_is_refused_as_a_whole() -> None:
    whole = as_protobuf(logs(record({"gen_ai.evaluation.score.value": 0.9})))
    with pytest.raises(NotOtlp, match="no whole protobuf request"):
        read(whole[:-3], "logs", "protobuf")
    deep = b""
    for _ in range(3_000):
        deep = _field(5, _field(1, deep))
    with pytest.raises(NotOtlp, match="no whole protobuf request"):
        read(_field(1, _field(2, _field(2, _field(6, _field(2, deep))))), "logs", "protobuf")


def test_half_a_character_names_no_answer_and_no_model() -> None:
    half = {"gen_ai.response.id": "r\ud800", "gen_ai.response.model": "m\udfff"}
    found = read(as_json(logs(record(half))), "logs", "json")
    assert found.evaluations[0].of == HERE
    assert read(as_json(traces(span(half))), "traces", "json").spans == ()


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(body=st.binary(max_size=400))
def test_any_bytes_are_a_request_or_refused(encoding: wire.Encoding, body: bytes) -> None:
    for what in ("logs", "traces"):
        with suppress(NotOtlp):
            read(body, what, encoding)


@given(st.data())
def test_any_bytes_within_a_request_are_read_or_refused(data: st.DataObject) -> None:
    body = bytearray(as_protobuf(logs(record({"gen_ai.evaluation.score.value": 0.9}))))
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = read(bytes(body), "logs", "protobuf")
    except NotOtlp:
        return
    assert all(one.item < found.items for one in found.evaluations)


def _field(number: int, content: bytes) -> bytes:
    size, length = len(content), b""
    while size > 127:
        length += bytes([size & 127 | 128])
        size >>= 7
    return bytes([number << 3 | 2]) + length + bytes([size]) + content
