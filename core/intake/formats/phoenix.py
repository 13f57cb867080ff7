"""Phoenix: span annotations, as its REST API lists them and its client writes them as a table."""

from __future__ import annotations

from collections.abc import Iterator

from core.intake.formats.base import (
    KnownFormat,
    Record,
    event,
    has,
    inside,
    listed,
    number,
    score,
    word,
)
from core.intake.otlp.wire import Evaluation


def _scores(record: Record) -> Iterator[Evaluation]:
    rows = listed(record["data"]) if "data" in record else iter((record,))
    for row in rows:
        span = row.get("span_id", row.get("context.span_id"))
        # Its client's table has the result's parts as columns.
        found = (
            row.get("result")
            if "result" in row
            else {
                part: row.get(f"result.{part}", row.get(part))
                for part in ("score", "label", "explanation")
            }
        )
        yield score(
            0,
            row.get("name", row.get("annotation_name")),
            number(inside(found, "score")),
            event_id=event(span),
            label=word(inside(found, "label")),
            annotator=word(row.get("annotator_kind")),
            at=word(row.get("created_at")),
            explanation=word(inside(found, "explanation")),
            ours={"span_id": word(span)},
        )


def _fits(record: Record) -> bool:
    own = has("annotator_kind", "span_id")
    return own(record) or any(own(one) for one in listed(inside(record, "data")))


FORMAT = KnownFormat(
    "phoenix",
    "Phoenix's list of span annotations",
    "https://arize.com/docs/phoenix/tracing/how-to-tracing/feedback-and-annotations",
    _fits,
    _scores,
)
