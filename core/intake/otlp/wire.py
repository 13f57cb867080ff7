"""The bytes of an OTLP request, in protobuf or JSON, as evaluations and what their spans state.

An evaluation is a log record or span event `gen_ai.evaluation.result`
(https://github.com/open-telemetry/semantic-conventions-genai, docs/gen-ai/gen-ai-events.md), or an
annotation on a span (https://github.com/Arize-ai/openinference, spec/annotations.md). JSON is
OTLP's own: ids are hexadecimal, names are in camel case, whole numbers may be text.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from core.gate.questions import json_value

What = Literal["logs", "traces"]
Encoding = Literal["protobuf", "json"]
#: What an evaluation is about; only of a span is it known which answer that is.
Scope = Literal["span", "trace", "session"]

EVENT = "gen_ai.evaluation.result"
#: Attributes that begin so are fields of ours: `calledger.seg_language`.
OURS = "calledger."

#: Log records or spans that one request may hold, and attributes that one of them may have.
MOST_ITEMS = 100_000
MOST_ATTRIBUTES = 1_000
#: How deep an attribute may be nested; protobuf itself ends at about as much.
_DEEPEST = 30

_ANNOTATION = re.compile(
    r"(?:(trace|session)\.)?(annotations|evaluations)\.(\d{1,6})\.(?:annotation|evaluation)\."
    r"(name|score|label|explanation|annotator_kind)"
)
_WANTED = (
    "gen_ai.evaluation.", "annotations.", "evaluations.", "trace.annotations.",
    "trace.evaluations.", "session.annotations.", "session.evaluations.", OURS,
)  # fmt: skip
_RESPONSE = "gen_ai.response.id"
#: Best first: what answered, before what was asked for.
_MODEL = ("gen_ai.response.model", "llm.model_name", "gen_ai.request.model")
_PROMPT = ("gen_ai.prompt.version", "llm.prompt_template.version")
_ALSO = frozenset({_RESPONSE, *_MODEL, *_PROMPT, "event.name", "service.name"})
_NO_ID = re.compile(r"0*")
_ID = re.compile(r"[0-9a-f]+")

#: A large body of tiny records takes fifty times its size while it is read: one at a time.
_LARGE = 20_000
_reading = threading.Lock()


class NotOtlp(ValueError):  # noqa: N818 (reads as what is the matter)
    """The body as a whole cannot be read; the message is a sentence."""


class TooManyItems(NotOtlp):
    """It holds more records or spans than one request may."""


@dataclass(frozen=True)
class SpanFacts:
    """What a span states that evaluations of it do not.

    Attributes:
        trace_id: in hexadecimal; None: none that is valid.
        span_id: the same.
        response_id: what the provider called the answer.
        model: its version.
        prompt: its version.
    """

    trace_id: str | None = None
    span_id: str | None = None
    response_id: str | None = None
    model: str | None = None
    prompt: str | None = None


@dataclass(frozen=True)
class Evaluation:
    """One result, of one answer.

    Attributes:
        item: which log record or span of the request brought it, from 0.
        name: of what was judged or stated; None: it has none.
        score: a number, where it is one.
        label: a word.
        explanation: why.
        annotator: HUMAN, LLM, CODE or a word of the sender's; None: not stated.
        at: nanoseconds since 1970, or a time as it was written; None: not stated.
        of: the answer it is of, and what is known of that.
        service: what sent it.
        scope: whether it is of one answer at all.
        ours: fields stated under `OURS`, by their name.
    """

    item: int
    name: str | None
    score: object = None
    label: object = None
    explanation: object = None
    annotator: str | None = None
    at: int | str | None = None
    of: SpanFacts = field(default_factory=SpanFacts)
    service: str | None = None
    scope: Scope = "span"
    ours: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Request:
    """What came in one request.

    Attributes:
        items: how many log records or spans.
        evaluations: in their order.
        spans: those that state a version.
        faults: items that cannot be read, and why.
    """

    items: int
    evaluations: tuple[Evaluation, ...]
    spans: tuple[SpanFacts, ...]
    faults: Mapping[int, str]


def read(body: bytes, what: What, encoding: Encoding) -> Request:
    """Read the body of a request.

    Raises:
        NotOtlp: it is damaged, or something else.
    """
    with _reading if len(body) > _LARGE else nullcontext():
        reader = _of_message if encoding == "protobuf" else _of_json
        return _gathered(reader(body, what), what)


def read_document(document: object, what: What) -> Request:
    """Read a request that was read from JSON already, as a collector writes one a line.

    Raises:
        NotOtlp: it is something else.
    """
    return _gathered(_of_document(document, what), what)


@dataclass(frozen=True)
class _Event:
    """A log record, or an event of a span: the same for both encodings."""

    name: str | None
    at: int | None
    attributes: Mapping[str, Any]


@dataclass(frozen=True)
class _Item:
    """A log record or a span: the same for both encodings."""

    service: str | None
    ours: Mapping[str, object]
    trace_id: str | None
    span_id: str | None
    at: int | None
    attributes: Mapping[str, Any]
    name: str | None = None
    events: tuple[_Event, ...] = ()
    links: tuple[tuple[str | None, str | None], ...] = ()


def _gathered(found: Iterable[_Item | str], what: What) -> Request:
    evaluations: list[Evaluation] = []
    spans: list[SpanFacts] = []
    faults: dict[int, str] = {}
    number = -1
    for number, item in enumerate(found):
        if number >= MOST_ITEMS:
            raise TooManyItems(f"A request holds at most {MOST_ITEMS:,} records: send fewer.")
        if isinstance(item, str):
            faults[number] = item
        elif what == "logs":
            evaluations.extend(_of_record(number, item))
        else:
            evaluations.extend(_of_span(number, item))
            facts = _facts(item.attributes, item.trace_id, item.span_id)
            if facts.model or facts.prompt:
                spans.append(facts)
    return Request(number + 1, tuple(evaluations), tuple(spans), faults)


def _of_record(number: int, item: _Item) -> Iterator[Evaluation]:
    # The name stood in an attribute before records had a field for it.
    if EVENT in (item.name, item.attributes.get("event.name")):
        # A model that the record names may be the judge's: versions are those of the span.
        of = SpanFacts(item.trace_id, item.span_id, _sound(item.attributes.get(_RESPONSE)))
        yield _of_event(number, item, _Event(item.name, item.at, item.attributes), of)


def _of_span(number: int, item: _Item) -> Iterator[Evaluation]:
    # A span with exactly one link carries what was found later: it is of the span linked to, and
    # what it states of an answer or a model is the judge's.
    linked = item.links[0] if len(item.links) == 1 else None
    own = _facts(item.attributes, item.trace_id, item.span_id)
    of = own if linked is None else SpanFacts(*linked)
    for event in item.events:
        if EVENT in (event.name, event.attributes.get("event.name")):
            response = _sound(event.attributes.get(_RESPONSE)) or of.response_id
            yield _of_event(number, item, event, replace(of, response_id=response))
    found: dict[tuple[str, str, int], dict[str, Any]] = {}
    for key, value in item.attributes.items():
        named = _ANNOTATION.fullmatch(key)
        if named is not None:
            scope, form, index, part = named.groups()
            found.setdefault((scope or "span", form, int(index)), {})[part] = value
    for (scope, _, _), parts in found.items():
        yield Evaluation(
            number,
            _text(parts.get("name")),
            parts.get("score"),
            parts.get("label"),
            parts.get("explanation"),
            _text(parts.get("annotator_kind")),
            item.at,
            of,
            item.service,
            "trace" if scope == "trace" else "session" if scope == "session" else "span",
            {**item.ours, **_own(item.attributes)},
        )


def _of_event(number: int, item: _Item, event: _Event, of: SpanFacts) -> Evaluation:
    stated = event.attributes
    return Evaluation(
        number,
        _text(stated.get("gen_ai.evaluation.name")),
        stated.get("gen_ai.evaluation.score.value"),
        stated.get("gen_ai.evaluation.score.label"),
        stated.get("gen_ai.evaluation.explanation"),
        at=event.at if event.at is not None else item.at,
        of=of,
        service=item.service,
        ours={**item.ours, **_own(item.attributes), **_own(stated)},
    )


def _facts(stated: Mapping[str, Any], trace_id: str | None, span_id: str | None) -> SpanFacts:
    return SpanFacts(
        trace_id,
        span_id,
        _sound(stated.get(_RESPONSE)),
        next(filter(None, (_sound(stated.get(one)) for one in _MODEL)), None),
        next(filter(None, (_sound(stated.get(one)) for one in _PROMPT)), None),
    )


def _own(stated: Mapping[str, Any]) -> dict[str, object]:
    return {key[len(OURS) :]: one for key, one in stated.items() if key.startswith(OURS)}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _sound(value: object) -> str | None:
    """Text that can be written; JSON can hold half a character, which names nothing."""
    text = _text(value)
    return None if text is None or any("\ud800" <= one <= "\udfff" for one in text) else text


def _wanted(key: str) -> bool:
    return key in _ALSO or key.startswith(_WANTED)


def _too_many(count: int) -> str:
    return f"{count:,} attributes, and a record has at most {MOST_ATTRIBUTES:,}"


# -- protobuf --------------------------------------------------------------------------------------


def _of_message(body: bytes, what: What) -> Iterator[_Item | str]:
    # Only whoever receives OTLP pays for loading it.
    from google.protobuf.message import DecodeError

    message: Any
    if what == "logs":
        from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

        message = ExportLogsServiceRequest()
    else:
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
            ExportTraceServiceRequest,
        )

        message = ExportTraceServiceRequest()
    try:
        message.ParseFromString(body)
    except DecodeError:
        raise NotOtlp(f"The body is no whole protobuf request for {what}: send it again.") from None
    return _messages(message, what)


def _messages(message: Any, what: What) -> Iterator[_Item | str]:
    for resource in message.resource_logs if what == "logs" else message.resource_spans:
        service, ours, fault = _of_resource(resource.resource.attributes)
        for scope in resource.scope_logs if what == "logs" else resource.scope_spans:
            for one in scope.log_records if what == "logs" else scope.spans:
                yield fault or _of_one(one, what, service, ours)


def _of_resource(pairs: Any) -> tuple[str | None, Mapping[str, object], str | None]:
    if len(pairs) > MOST_ATTRIBUTES:
        return None, {}, _too_many(len(pairs))
    stated = _pairs(pairs)
    return _text(stated.get("service.name")), _own(stated), None


def _of_one(one: Any, what: What, service: str | None, ours: Mapping[str, object]) -> _Item | str:
    count = len(one.attributes)
    if what == "traces":
        count += sum(len(event.attributes) for event in one.events) + len(one.links)
    if count > MOST_ATTRIBUTES:
        return _too_many(count)
    ids = (_hex(one.trace_id, 16), _hex(one.span_id, 8))
    if what == "logs":
        at = one.time_unix_nano or one.observed_time_unix_nano or None
        return _Item(service, ours, *ids, at, _pairs(one.attributes), one.event_name)
    return _Item(
        service,
        ours,
        *ids,
        one.end_time_unix_nano or one.start_time_unix_nano or None,
        _pairs(one.attributes),
        events=tuple(
            _Event(event.name, event.time_unix_nano or None, _pairs(event.attributes))
            for event in one.events
        ),
        links=tuple((_hex(link.trace_id, 16), _hex(link.span_id, 8)) for link in one.links),
    )


def _pairs(pairs: Any) -> dict[str, Any]:
    return {pair.key: _value(pair.value) for pair in pairs if _wanted(pair.key)}


def _value(value: Any) -> object:
    """A value as Python has it; protobuf refuses deep nesting by itself."""
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    found = getattr(value, kind)
    if kind == "array_value":
        return [_value(one) for one in found.values]
    if kind == "kvlist_value":
        return {pair.key: _value(pair.value) for pair in found.values}
    return found.hex() if isinstance(found, bytes) else found


def _hex(found: bytes, size: int) -> str | None:
    return found.hex() if len(found) == size and any(found) else None


# -- JSON ------------------------------------------------------------------------------------------


def _of_json(body: bytes, what: What) -> Iterator[_Item | str]:
    try:
        document = json_value(body)
    except ValueError as error:
        raise NotOtlp(f"The body is not JSON: {error}.") from None
    return _of_document(document, what)


def _of_document(document: object, what: What) -> Iterator[_Item | str]:
    outer, inner, last = (
        ("resourceLogs", "scopeLogs", "logRecords")
        if what == "logs"
        else ("resourceSpans", "scopeSpans", "spans")
    )
    if not isinstance(document, Mapping) or not isinstance(document.get(outer, []), list):
        raise NotOtlp(f"The body is no OTLP request for {what}: it has no list {outer}.")
    for resource in _listed(document, outer):
        described = resource.get("resource") if isinstance(resource, Mapping) else None
        service, ours, fault = _json_resource(described)
        for scope in _listed(resource, inner):
            for one in _listed(scope, last):
                yield fault or _json_one(one, what, service, ours)


def _json_resource(described: object) -> tuple[str | None, Mapping[str, object], str | None]:
    pairs = _listed(described, "attributes")
    if len(pairs) > MOST_ATTRIBUTES:
        return None, {}, _too_many(len(pairs))
    try:
        stated = _json_pairs(pairs)
    except _TooDeep as deep:
        return None, {}, str(deep)
    return _text(stated.get("service.name")), _own(stated), None


def _json_one(
    one: object, what: What, service: str | None, ours: Mapping[str, object]
) -> _Item | str:
    if not isinstance(one, Mapping):
        return "no JSON object"
    events, links = _listed(one, "events"), _listed(one, "links")
    count = sum(len(_listed(each, "attributes")) for each in (one, *events)) + len(links)
    if count > MOST_ATTRIBUTES:
        return _too_many(count)
    ids = (_json_id(one.get("traceId"), 32), _json_id(one.get("spanId"), 16))
    first, second = (
        ("timeUnixNano", "observedTimeUnixNano")
        if what == "logs"
        else ("endTimeUnixNano", "startTimeUnixNano")
    )
    try:
        return _Item(
            service,
            ours,
            *ids,
            _whole(one.get(first)) or _whole(one.get(second)),
            _json_pairs(_listed(one, "attributes")),
            _text(one.get("eventName")) if what == "logs" else None,
            tuple(
                _Event(
                    _text(event.get("name")),
                    _whole(event.get("timeUnixNano")),
                    _json_pairs(_listed(event, "attributes")),
                )
                for event in events
                if isinstance(event, Mapping)
            ),
            tuple(
                (_json_id(link.get("traceId"), 32), _json_id(link.get("spanId"), 16))
                for link in links
                if isinstance(link, Mapping)
            ),
        )
    except _TooDeep as deep:
        return str(deep)


class _TooDeep(ValueError):  # noqa: N818 (reads as what is the matter)
    """An attribute is nested deeper than one may be."""


def _listed(around: object, key: str) -> list[Any]:
    found = around.get(key) if isinstance(around, Mapping) else None
    return found if isinstance(found, list) else []


def _json_pairs(pairs: list[Any]) -> dict[str, Any]:
    return {
        key: _json_any(pair.get("value"))
        for pair in pairs
        if isinstance(pair, Mapping) and isinstance(key := pair.get("key"), str) and _wanted(key)
    }


def _json_any(value: object, deep: int = 0) -> object:
    if deep > _DEEPEST:
        raise _TooDeep(f"an attribute nested deeper than {_DEEPEST} levels")
    if not isinstance(value, Mapping):
        return None
    for kind, found in value.items():
        if kind in ("stringValue", "boolValue", "bytesValue"):
            return found
        if kind == "intValue":
            whole = _whole(found, negative=True)
            return found if whole is None else whole
        if kind == "doubleValue":
            return _number(found)
        if kind == "arrayValue":
            return [_json_any(one, deep + 1) for one in _listed(found, "values")]
        if kind == "kvlistValue":
            return {
                str(pair.get("key")): _json_any(pair.get("value"), deep + 1)
                for pair in _listed(found, "values")
                if isinstance(pair, Mapping)
            }
    return None


def _json_id(value: object, digits: int) -> str | None:
    if not isinstance(value, str) or len(value) != digits:
        return None
    found = value.lower()
    return found if _ID.fullmatch(found) and not _NO_ID.fullmatch(found) else None


def _whole(value: object, *, negative: bool = False) -> int | None:
    """A whole number, also one that is text; None: it is none, or 0 where that means unset."""
    if isinstance(value, str) and value.isascii() and len(value) <= 20:
        digits = value.removeprefix("-") if negative else value
        value = int(value) if digits.isdigit() else None
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if negative else (value if value > 0 else None)


def _number(value: object) -> object:
    """A number, also one that is text, as JSON has to write those that it does not know."""
    if isinstance(value, str) and value.isascii() and "_" not in value:
        try:
            return float(value)
        except ValueError:
            return value
    return value
