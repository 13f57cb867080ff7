"""MLflow 3: traces as JSON, each with its assessments."""

from __future__ import annotations

from collections.abc import Iterator

from core.intake.formats.base import KnownFormat, Record, event, inside, listed, score, word
from core.intake.otlp.wire import Evaluation

_SOURCES = {"LLM_JUDGE": "LLM", "AI_JUDGE": "LLM", "HUMAN": "HUMAN", "CODE": "CODE"}


def _scores(record: Record) -> Iterator[Evaluation]:
    trace = inside(record, "info", "trace_id") or record.get("trace_id")
    for one in _assessments(record):
        # One that was overridden stays in the list, marked.
        if one.get("valid") in (False, "false"):
            continue
        kind = "feedback" if "feedback" in one else "expectation"
        source = str(inside(one, "source", "source_type") or "").upper()
        yield score(
            0,
            one.get("assessment_name", one.get("name")),
            inside(one, kind, "value"),
            event_id=event(one.get("trace_id") or trace),
            annotator=_SOURCES.get(source),
            at=word(one.get("create_time")),
            explanation=word(one.get("rationale")),
            ours={
                # When it was stated, and not when that was noted down.
                "ts": word(inside(record, "info", "request_time") or record.get("request_time")),
                "trace_id": word(one.get("trace_id") or trace),
                "span_id": word(one.get("span_id")),
                "model_version": word(inside(record, "info", "trace_metadata", "mlflow.modelId")),
            },
        )


def _assessments(record: Record) -> Iterator[Record]:
    if "assessment_name" in record:
        yield record
    yield from listed(inside(record, "info", "assessments"))
    yield from listed(record.get("assessments"))


def _fits(record: Record) -> bool:
    return any("assessment_name" in one for one in _assessments(record))


FORMAT = KnownFormat(
    "mlflow",
    "MLflow's traces with assessments",
    "https://mlflow.org/docs/latest/genai/concepts/feedback/ and "
    "mlflow/protos/assessments.proto of https://github.com/mlflow/mlflow",
    _fits,
    _scores,
)
