"""OpenTelemetry: OTLP requests as JSON lines, as a collector's file exporter writes them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from core.intake.formats.base import KnownFormat, Record
from core.intake.otlp.wire import Evaluation, SpanFacts, What, read_document

_LISTS: dict[str, What] = {"resourceLogs": "logs", "resourceSpans": "traces"}


def _scores(record: Record) -> Iterator[Evaluation]:
    for key, what in _LISTS.items():
        if key in record:
            yield from read_document(record, what).evaluations


def _spans(record: Record) -> Iterator[SpanFacts]:
    if "resourceSpans" in record:
        yield from read_document(record, "traces").spans


def _fits(record: Record) -> bool:
    return any(isinstance(record.get(key), list) for key in _LISTS)


FORMAT = KnownFormat(
    "otel",
    "OpenTelemetry's log records or spans",
    "https://opentelemetry.io/docs/specs/otel/protocol/file-exporter/",
    _fits,
    _scores,
    spans=_spans,
)
#: The same file, by the name of what stands in its spans.
OPENINFERENCE = replace(
    FORMAT,
    name="openinference",
    what="OpenInference's spans",
    documented="https://github.com/Arize-ai/openinference, spec/annotations.md",
    fits=lambda record: False,
)
