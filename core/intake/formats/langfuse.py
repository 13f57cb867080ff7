"""Langfuse: scores, as its pages export them and its public API lists them."""

from __future__ import annotations

from collections.abc import Iterator

from core.intake.formats.base import KnownFormat, Record, event, has, inside, listed, score, word
from core.intake.otlp.wire import Evaluation

#: Who gave a score; one sent by the API may be anybody's.
_SOURCES = {"ANNOTATION": "HUMAN", "EVAL": "LLM"}


def _scores(record: Record) -> Iterator[Evaluation]:
    rows = listed(record["data"]) if "data" in record else iter((record,))
    for row in rows:
        numeric = row.get("value") not in (None, "")
        yield score(
            0,
            row.get("name"),
            row.get("value") if numeric else row.get("stringValue"),
            event_id=event(row.get("traceId")),
            annotator=_SOURCES.get(str(row.get("source")).upper()),
            at=word(row.get("timestamp")),
            explanation=word(row.get("comment")),
            ours={
                "trace_id": word(row.get("traceId")),
                "span_id": word(row.get("observationId")),
            },
        )


def _fits(record: Record) -> bool:
    own = has("traceId", "dataType", "source", "value", "name")
    return own(record) or any(own(one) for one in listed(inside(record, "data")))


FORMAT = KnownFormat(
    "langfuse",
    "Langfuse's list of scores",
    "https://langfuse.com/docs/evaluation/evaluation-methods/data-model",
    _fits,
    _scores,
)
