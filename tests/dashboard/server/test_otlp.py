"""What OpenTelemetry's own exporters send over HTTP, and what becomes of it."""

from __future__ import annotations

import gzip
import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry._logs import LogRecord
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import Link, SpanContext, set_span_in_context

from core.audit.verify import verify_ledger
from core.ingest.quarantine import list_quarantined
from core.intake.otlp.mapping import mapping_path
from core.spool.segments import Spool, SpoolFull, segments_beside
from dashboard.server import open_ledger as owner
from dashboard.server.routes.requests import BODY_LIMIT
from tests.worlds.claims.exported import (
    OTHER_SPAN,
    TRACE,
    as_json,
    as_protobuf,
    attributes,
    logs,
    record,
    span,
    traces,
)
from tests.worlds.governed.asked import asked, owned_ledger, token_for
from tests.worlds.running.running import running

MAPPING = """
names:
  self-report: {confidence: "{service}.self-report"}
  plain: {confidence: triage}
  correctness: {outcome: CODE}
  thumbs: {outcome: HUMAN, values: {up: 1, down: 0}}
  relevance: ignore
"""
PROTOBUF = "application/x-protobuf"


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A ledger that is served, with its names."""
    with owned_ledger(tmp_path_factory.mktemp("otlp")) as path:
        mapping_path(path).write_text(MAPPING)
        yield path


@pytest.fixture(scope="module")
def token(ledger: Path) -> str:
    return token_for("ingest")[1]


@pytest.fixture(scope="module")
def address(ledger: Path) -> Iterator[str]:
    with running() as found:
        yield found


def send(
    document: dict[str, Any] | bytes, token: str | None, to: str = "logs", **how: str
) -> httpx.Response:
    body = document if isinstance(document, bytes) else as_protobuf(document)
    return asked("POST", f"/v1/{to}", body, token, **{"content_type": PROTOBUF, **how})


def partial(answer: httpx.Response) -> tuple[int, str]:
    """How many were refused, and why."""
    assert answer.status_code == 200, answer.text
    if answer.headers["content-type"] == "application/json":
        told = answer.json().get("partialSuccess", {})
        return int(told.get("rejectedLogRecords", told.get("rejectedSpans", 0))), told.get(
            "errorMessage", ""
        )
    if answer.request.url.path.endswith("logs"):
        found = ExportLogsServiceResponse.FromString(answer.content).partial_success
        return found.rejected_log_records, found.error_message
    spans = ExportTraceServiceResponse.FromString(answer.content).partial_success
    return spans.rejected_spans, spans.error_message


def folded() -> None:
    """Have all that came in folded, claims that wait for a span too."""
    owner.folder()._fold(None, last=True)


def claims(where: str = "true") -> list[tuple[Any, ...]]:
    columns = "event_id, signal, confidence_raw, outcome, model_version, prompt_version"
    return owner.cursor().execute(f"SELECT {columns} FROM claims WHERE {where}").fetchall()


class Program:
    """A program with OpenTelemetry's SDK and exporters, as its documentation sets them up."""

    def __init__(self, address: str, token: str, service: str, **how: Any) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        resource = Resource({"service.name": service})
        # By itself it waits ten seconds, and a machine that does all tests at once may be slower.
        how = {"timeout": 120, **how}
        self.traces = TracerProvider(resource=resource)
        self.logs = LoggerProvider(resource=resource)
        spans = OTLPSpanExporter(f"{address}/v1/traces", headers=headers, **how)
        records = OTLPLogExporter(f"{address}/v1/logs", headers=headers, **how)
        self.traces.add_span_processor(SimpleSpanProcessor(spans))
        self.logs.add_log_record_processor(SimpleLogRecordProcessor(records))
        self.tracer = self.traces.get_tracer("desk")
        self.logger = self.logs.get_logger("desk")

    def evaluate(self, name: str, span: Any = None, **stated: Any) -> None:
        named = {"gen_ai.evaluation.name": name}
        named |= {f"gen_ai.{key.replace('__', '.')}": one for key, one in stated.items()}
        self.logger.emit(
            LogRecord(
                timestamp=time.time_ns(),
                event_name="gen_ai.evaluation.result",
                attributes=named,
                context=None if span is None else set_span_in_context(span),
            )
        )


@pytest.mark.parametrize("compression", [Compression.NoCompression, Compression.Gzip])
def test_a_program_with_the_real_sdk_logs_claims_with_the_versions_of_their_span_and_outcomes(
    ledger: Path, token: str, address: str, compression: Compression
) -> None:
    service = f"desk-{compression.value}"
    program = Program(address, token, service, compression=compression)
    versions = {"gen_ai.response.model": "assist-2", "gen_ai.prompt.version": "v4"}
    with program.tracer.start_as_current_span("chat", attributes=versions) as answered:
        # It is sent at once, and so before the span, which has not ended.
        program.evaluate("self-report", answered, evaluation__score__value=0.92)
    program.evaluate("correctness", answered, evaluation__score__value=1)
    context = answered.get_span_context()
    event = f"{context.trace_id:032x}:{context.span_id:016x}"
    folded()
    signal = f"{service}.self-report"
    assert claims(f"signal = '{signal}'") == [(event, signal, 0.92, 1, "assist-2", "v4")]


def test_openinference_annotations_of_the_real_sdk_reach_the_claim_of_the_span_they_link(
    ledger: Path, token: str, address: str
) -> None:
    program = Program(address, token, "inferred")
    stated = {
        "llm.model_name": "assist-2",
        "llm.prompt_template.version": "v5",
        "annotations.0.annotation.name": "self-report",
        "annotations.0.annotation.score": 0.7,
    }
    with program.tracer.start_as_current_span("llm", attributes=stated) as answered:
        pass
    context = answered.get_span_context()
    target = SpanContext(context.trace_id, context.span_id, is_remote=True)
    feedback = {
        "openinference.span.kind": "EVALUATOR",
        "annotations.0.annotation.name": "thumbs",
        "annotations.0.annotation.label": "down",
        "annotations.0.annotation.annotator_kind": "HUMAN",
    }
    with program.tracer.start_as_current_span(
        "feedback", links=[Link(target)], attributes=feedback
    ):
        pass
    folded()
    event = f"{context.trace_id:032x}:{context.span_id:016x}"
    expected = (event, "inferred.self-report", 0.7, 0, "assist-2", "v5")
    assert claims("signal = 'inferred.self-report'") == [expected]
    source = "SELECT source FROM outcomes WHERE event_id = $event"
    assert owner.cursor().execute(source, {"event": event}).fetchall() == [("HUMAN",)]


def test_an_exporter_says_nothing_of_what_was_refused_so_it_is_counted_here(
    ledger: Path, token: str, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    program = Program(address, token, "desk-refused")
    with caplog.at_level(logging.WARNING):
        program.evaluate("coherence", evaluation__score__value=4, response__id="r9")
        program.evaluate("coherence", evaluation__score__value=5, response__id="r8")
        program.evaluate("self-report", evaluation__score__value=-1.7, response__id="r7")
    assert caplog.records == []
    told = {(one.name, one.reason): one.n for one in owner.otlp_left_out().told()}
    # What it has no answer to in time it sends again, and that is counted again.
    assert told["coherence", "the name is not mapped"] >= 2
    folded()
    (row,) = [one for one in list_quarantined(owner.cursor()) if "-1.7" in str(one.value)]
    assert (row.field, row.reason.partition(" ")[0]) == ("confidence", "outside")


@pytest.mark.parametrize("encode", [as_json, as_protobuf])
def test_what_is_kept_is_on_disk_when_it_is_answered(ledger: Path, token: str, encode: Any) -> None:
    sent = f"r-{encode.__name__}"
    body = encode(
        logs(
            record({"gen_ai.evaluation.name": "plain", "gen_ai.evaluation.score.value": 0.4,
                    "gen_ai.response.id": sent}),
            record({"gen_ai.evaluation.name": "correctness", "gen_ai.evaluation.score.value": 1,
                    "gen_ai.response.id": sent}),
        )
    )  # fmt: skip
    kind = PROTOBUF if encode is as_protobuf else "application/json; charset=utf-8"
    assert partial(send(body, token, content_type=kind)) == (0, "")
    spooled = "".join(one.path.read_text() for one in segments_beside(ledger))
    assert spooled.count(f'"{sent}"') == 2
    # An exporter that had no answer sends again.
    packed = gzip.compress(body)
    assert partial(send(packed, token, content_type=kind, content_encoding="gzip")) == (0, "")
    folded()
    assert claims(f"event_id = '{sent}'") == [(sent, "triage", 0.4, 1, None, None)]
    assert segments_beside(ledger) == ()


@pytest.mark.parametrize("encoding", [PROTOBUF, "application/json"])
def test_one_bad_record_is_told_and_the_others_are_kept(
    ledger: Path, token: str, encoding: str
) -> None:
    answers = [
        record({"gen_ai.evaluation.name": "plain", "gen_ai.evaluation.score.value": share,
                "gen_ai.response.id": f"bad-{encoding}-{share}"})
        for share in (0.5, -0.5)
    ]  # fmt: skip
    others = [record({"gen_ai.evaluation.name": name}) for name in ("coherence", "relevance")]
    unrelated = {"body": {"stringValue": "served"}}
    document = logs(*answers, *others, unrelated)
    body = as_protobuf(document) if encoding == PROTOBUF else as_json(document)
    rejected, why = partial(send(body, token, content_type=encoding))
    assert rejected == 2
    assert "record 1: confidence: outside 0 to 1" in why
    assert "record 2: 'coherence': the name is not mapped" in why
    folded()
    kept = claims(f"event_id LIKE 'bad-{encoding}-%'")
    assert [row[2] for row in kept] == [0.5]


def test_a_row_that_cannot_even_be_kept_is_counted_where_people_look(
    ledger: Path, token: str
) -> None:
    deep: Any = "x"
    for _ in range(20):
        deep = [deep]
    one = record({"gen_ai.evaluation.name": "plain", "calledger.deep": deep})
    rejected, why = partial(send(logs(one), token))
    assert rejected == 1
    assert "nested deeper" in why
    assert any("nested deeper" in each.reason for each in owner.otlp_left_out().told())


def test_a_span_is_refused_once_however_many_of_its_annotations_are(
    ledger: Path, token: str
) -> None:
    stated = {f"annotations.{i}.annotation.name": f"unknown-{i}" for i in range(9)}
    rejected, why = partial(send(traces(span(stated), span({})), token, "traces"))
    assert (rejected, why) == (1, "record 0: 'unknown-0': the name is not mapped")


def test_many_reasons_are_told_in_part(ledger: Path, token: str) -> None:
    names = [record({"gen_ai.evaluation.name": f"odd-{i}"}) for i in range(9)]
    rejected, why = partial(send(logs(*names), token))
    assert rejected == 9
    assert why.endswith("record 4: 'odd-4': the name is not mapped; and 4 more reasons")


@pytest.mark.parametrize("to", ["logs", "traces"])
@pytest.mark.parametrize(
    ("body", "how", "status"),
    [
        (b"", {}, 200),
        (b"{}", {"content_type": "application/json"}, 200),
        (as_protobuf(logs(record({})))[:-2], {}, 400),
        (b"{", {"content_type": "application/json"}, 400),
        (b"[" * 50_000, {"content_type": "application/json"}, 400),
        (b"not gzip", {"content_encoding": "gzip"}, 400),
        (gzip.compress(bytes(BODY_LIMIT + 1)), {"content_encoding": "gzip"}, 413),
        (b"\x0a\x02\x12\x00" * 110_000, {}, 200),
        (b"", {"content_type": "text/plain"}, 415),
        (b"", {"content_encoding": "br"}, 415),
    ],
)
def test_a_body_that_is_nothing_is_refused_in_the_encoding_it_came_in(
    ledger: Path, token: str, to: str, body: bytes, how: dict[str, str], status: int
) -> None:
    answer = send(body, token, to, **how)
    assert answer.status_code == status
    sent = how.get("content_type", PROTOBUF)
    assert answer.headers["content-type"] == (PROTOBUF if sent == PROTOBUF else "application/json")
    if status != 200 and sent == PROTOBUF:
        # `google.rpc.Status`: field 2, the message.
        assert answer.content[:1] == b"\x12"
        assert answer.content.endswith(b".")


def test_a_request_of_millions_of_empty_records_is_refused(ledger: Path, token: str) -> None:
    records = b"\x12\x00" * 200_000
    scope = b"\x12" + varint(len(records)) + records
    answer = send(b"\x0a" + varint(len(scope)) + scope, token)
    assert answer.status_code == 413


def varint(number: int) -> bytes:
    found = b""
    while number > 127:
        found += bytes([number & 127 | 128])
        number >>= 7
    return found + bytes([number])


@pytest.mark.parametrize("scope", [None, "decide"])
def test_only_a_token_that_may_log_lets_in(ledger: Path, scope: str | None) -> None:
    secret = None if scope is None else token_for(scope)[1]
    assert send(logs(), secret).status_code == (401 if scope is None else 403)


def test_where_the_disk_is_full_an_exporter_comes_again(
    ledger: Path, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise SpoolFull("The disk is full.")

    monkeypatch.setattr(Spool, "submit", full)
    answer = send(logs(record({"gen_ai.evaluation.name": "plain"})), token)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")


def test_a_file_of_names_that_is_wrong_has_exporters_come_again_until_it_is_right(
    ledger: Path, token: str
) -> None:
    path = mapping_path(ledger)
    one = record({"gen_ai.evaluation.name": "plain", "gen_ai.response.id": "after-mending"})
    path.write_text("names: {a: {outcome: people}}")
    try:
        answer = send(logs(one), token)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
        assert b"line 1, names.a.outcome" in answer.content
    finally:
        path.write_text(MAPPING)
    assert partial(send(logs(one), token)) == (0, "")


def test_spans_are_kept_only_where_some_name_is_a_confidence(ledger: Path, token: str) -> None:
    folded()
    document = traces(span({"gen_ai.response.model": "m"}), span({"http.route": "/"}))
    path = mapping_path(ledger)
    try:
        path.write_text("names: {correctness: {outcome: HUMAN}}")
        assert partial(send(document, token, "traces")) == (0, "")
        assert segments_beside(ledger) == ()
    finally:
        path.write_text(MAPPING)
    send(document, token, "traces")
    (segment,) = segments_beside(ledger)
    assert segment.path.read_text().count("span_id") == 1


def test_claims_whose_span_names_no_model_are_counted(ledger: Path, token: str) -> None:
    folded()
    before = owner.folder().without_model
    named = {"gen_ai.evaluation.name": "plain", "gen_ai.evaluation.score.value": 0.5}
    event = {"name": "gen_ai.evaluation.result", "attributes": attributes(named)}
    one = span({}, events=[event], spanId=OTHER_SPAN)
    assert partial(send(traces(one), token, "traces")) == (0, "")
    folded()
    assert owner.folder().without_model == before + 1
    assert claims(f"event_id = '{TRACE}:{OTHER_SPAN}'")[0][4] is None


def test_the_ledger_is_as_sealed_as_by_any_other_import(ledger: Path) -> None:
    folded()
    assert not verify_ledger(owner.cursor()).problems


def test_the_metrics_say_what_became_of_evaluations(ledger: Path, token: str) -> None:
    send(logs(record({"gen_ai.evaluation.name": "never-mapped"})), token)
    text = asked("GET", "/metrics", token=token_for("read")[1]).text
    assert 'calledger_otlp_evaluations_total{became="left_out",sent_as="logs"}' in text
    assert 'calledger_otlp_claims_total{span="joined"}' in text
    assert "never-mapped" not in text
