"""Metaculus: forecasts with their questions' resolutions, as its data download has them."""

from __future__ import annotations

from collections.abc import Iterator

from core.intake.formats.base import KnownFormat, Record, event, has, score, word
from core.intake.otlp.wire import Evaluation

_RESOLUTIONS = {"yes": 1, "no": 0}
CONFIDENCE, OUTCOME = "probability_yes", "resolution"


def _scores(record: Record) -> Iterator[Evaluation]:
    # Of a numeric question neither the forecast nor its resolution is a yes or no.
    if (record.get("type") or "binary") != "binary":
        return
    forecast = event(record.get("forecast_id"))
    forecast = forecast or event(record.get("question_id"), record.get("forecast_timestamp"))
    if word(record.get(CONFIDENCE)) is not None:
        yield score(
            0,
            CONFIDENCE,
            record[CONFIDENCE],
            event_id=forecast,
            at=word(record.get("forecast_timestamp")),
            ours={"input_id": word(record.get("question_id"))},
        )
    # Annulled and ambiguous questions resolved to nothing.
    resolved = _RESOLUTIONS.get(str(record.get(OUTCOME)).strip().lower())
    if resolved is not None:
        at = word(record.get("actual_resolve_time"))
        yield score(0, OUTCOME, resolved, event_id=forecast, at=at)


FORMAT = KnownFormat(
    "metaculus",
    "Metaculus's forecasts",
    "https://www.metaculus.com/api/ (data download)",
    has("question_id", "probability_yes", "resolution"),
    _scores,
    confidence=CONFIDENCE,
    outcome=(OUTCOME, "HUMAN"),
)
