"""Opik: traces or spans with their feedback scores, as its REST API lists them."""

from __future__ import annotations

from collections.abc import Iterator

from core.intake.formats.base import KnownFormat, Record, event, has, inside, listed, score, word
from core.intake.otlp.wire import Evaluation

#: An online rule is a judge; what an SDK sent may be anybody's.
_SOURCES = {"ui": "HUMAN", "online_scoring": "LLM"}


def _scores(record: Record) -> Iterator[Evaluation]:
    rows = listed(record["content"]) if "content" in record else iter((record,))
    for row in rows:
        for one in listed(row.get("feedback_scores")):
            yield score(
                0,
                one.get("name"),
                one.get("value"),
                event_id=event(row.get("id")),
                annotator=_SOURCES.get(str(one.get("source")).lower()),
                at=word(one.get("created_at") or row.get("end_time") or row.get("start_time")),
                explanation=word(one.get("reason")),
                ours={
                    # When it was stated, and not when that was noted down.
                    "ts": word(row.get("start_time")),
                    "trace_id": word(row.get("trace_id") or row.get("id")),
                    "model_version": word(row.get("model")),
                },
            )


def _fits(record: Record) -> bool:
    own = has("feedback_scores", "id")
    return own(record) or any(own(one) for one in listed(inside(record, "content")))


FORMAT = KnownFormat(
    "opik",
    "Opik's list of traces with feedback scores",
    "https://www.comet.com/docs/opik/reference/rest-api/traces/get-traces-by-project",
    _fits,
    _scores,
)
