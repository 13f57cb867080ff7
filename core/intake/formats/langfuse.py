"""Langfuse: scores, as its pages export them and its public API lists them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from core.intake.formats.base import KnownFormat, Record, event, has, inside, listed, score, word
from core.intake.otlp.wire import Evaluation

#: Who gave a score; one sent by the API may be anybody's.
_SOURCES = {"ANNOTATION": "HUMAN", "EVAL": "LLM"}


def _scores(record: Record) -> Iterator[Evaluation]:
    rows = listed(record["data"]) if "data" in record else iter((record,))
    for row in rows:
        trace, observation = _of(row)
        numeric = row.get("value") not in (None, "")
        yield score(
            0,
            row.get("name"),
            row.get("value") if numeric else row.get("stringValue"),
            event_id=event(trace),
            annotator=_SOURCES.get(str(row.get("source")).upper()),
            at=word(row.get("timestamp")),
            explanation=word(row.get("comment")),
            ours={"trace_id": word(trace), "span_id": word(observation)},
        )


def _of(row: Record) -> tuple[object, object]:
    """The trace and observation that a score is of: its subject, in version 3 of the API."""
    subject = row.get("subject")
    if not isinstance(subject, Mapping):
        return row.get("traceId"), row.get("observationId")
    kind, known = subject.get("kind"), subject.get("id")
    if kind == "observation":
        return subject.get("traceId"), known
    return (known if kind == "trace" else None), None


def _own(row: Record) -> bool:
    return has("dataType", "source", "value", "name")(row) and (
        "traceId" in row or "subject" in row
    )


def _fits(record: Record) -> bool:
    return _own(record) or any(_own(one) for one in listed(inside(record, "data")))


FORMAT = KnownFormat(
    "langfuse",
    "Langfuse's list of scores",
    "https://langfuse.com/docs/evaluation/evaluation-methods/data-model",
    _fits,
    _scores,
)
