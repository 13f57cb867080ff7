"""Evaluations as rows of claims and outcomes, by what each name was said to be.

What is wrong with a value stays in the row, so that it is judged and kept in the quarantine like
that of any other row; what cannot become a row at all is told by its name and the reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from core.intake.otlp.mapping import (
    SERVICE,
    ConfidenceName,
    OtlpMapping,
    OutcomeName,
    reaches,
)
from core.intake.otlp.wire import EVENT, Evaluation, Request, SpanFacts

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
UNNAMED = "(no name)"
#: Why an evaluation is no row. The first is mended by a line of the mapping file.
NOT_MAPPED = "the name is not mapped"
NO_NAME = f"an evaluation without a name ({EVENT} has gen_ai.evaluation.name)"
NOT_OF_ONE = "it is of a whole trace or session, and no one answer is named"
NO_EVENT = "neither gen_ai.response.id nor a span says which answer it is of"
BY_A_PERSON = "a person gave it, so it is no confidence of a model"
NO_SERVICE = f"the signal is named after {SERVICE}, and no service.name is stated"


@dataclass(frozen=True)
class Row:
    """A row that an evaluation became.

    Attributes:
        item: which log record or span of the request brought it.
        fields: as they are sent over HTTP too.
        of: the answer it is of, by which a claim's versions are found.
    """

    item: int
    fields: Mapping[str, Any]
    of: SpanFacts


@dataclass(frozen=True)
class NotARow:
    """An evaluation that became none.

    Attributes:
        item: see `Row`.
        name: of the evaluation.
        reason: one of this module's.
    """

    item: int
    name: str
    reason: str


@dataclass(frozen=True)
class Translated:
    """What became of a request's evaluations, each in their order.

    Attributes:
        claims: rows of claims.
        outcomes: rows of outcomes.
        left_out: those that became neither.
        ignored: how many have a name that is of no concern here.
    """

    claims: tuple[Row, ...]
    outcomes: tuple[Row, ...]
    left_out: tuple[NotARow, ...]
    ignored: int


def translate(request: Request, mapping: OtlpMapping) -> Translated:
    """Make rows of the evaluations of a request.

    Versions that the same request states are in the rows; see `versioned`.
    """
    claims: list[Row] = []
    outcomes: list[Row] = []
    left_out: list[NotARow] = []
    ignored = 0
    spans = Spans(request.spans)
    for one in request.evaluations:
        meaning = mapping.names.get(one.name or "")
        if meaning is None and one.name in mapping.names:
            ignored += 1
            continue
        row = _row(one, meaning, mapping)
        if isinstance(row, str):
            left_out.append(NotARow(one.item, one.name or UNNAMED, row))
        elif isinstance(meaning, ConfidenceName):
            claims.append(Row(one.item, versioned(row, spans.of(one.of)), one.of))
        else:
            outcomes.append(Row(one.item, row, one.of))
    return Translated(tuple(claims), tuple(outcomes), tuple(left_out), ignored)


class Spans:
    """What spans state, found by the provider's name of the answer, else by the span."""

    def __init__(self, facts: Iterable[SpanFacts] = ()) -> None:
        self._by_key = {key: one for one in facts for key in keys_of(one)}

    def of(self, answer: SpanFacts) -> SpanFacts | None:
        """The span of an answer; None: it is not among them."""
        return next((self._by_key[key] for key in keys_of(answer) if key in self._by_key), None)


def keys_of(facts: SpanFacts) -> tuple[str, ...]:
    """By what an answer and its span find each other, best first."""
    found = [] if facts.response_id is None else [f"response {facts.response_id}"]
    if facts.trace_id is not None and facts.span_id is not None:
        found.append(f"span {facts.trace_id}:{facts.span_id}")
    return tuple(found)


def versioned(fields: Mapping[str, Any], span: SpanFacts | None) -> dict[str, Any]:
    """A claim's fields with the versions of its span, where it states none itself."""
    found = dict(fields)
    if span is not None:
        found["model_version"] = found["model_version"] or span.model
        found["prompt_version"] = found["prompt_version"] or span.prompt
    return found


def _row(
    one: Evaluation, meaning: ConfidenceName | OutcomeName | None, mapping: OtlpMapping
) -> dict[str, Any] | str:
    """The fields of a row, or why there is none."""
    if one.name is None:
        return NO_NAME
    if meaning is None:
        return NOT_MAPPED
    if one.scope != "span":
        return NOT_OF_ONE
    event = one.ours.get("event_id") or _event_id(one.of, mapping)
    if event is None:
        return NO_EVENT
    if isinstance(meaning, OutcomeName):
        return _outcome(one, meaning, event)
    if one.annotator == "HUMAN":
        return BY_A_PERSON
    signal = meaning.signal_of(one.service)
    return NO_SERVICE if signal is None else _claim(one, signal, event)


def _event_id(of: SpanFacts, mapping: OtlpMapping) -> str | None:
    if of.response_id is not None and mapping.event_by == "response":
        return of.response_id
    return None if of.trace_id is None or of.span_id is None else f"{of.trace_id}:{of.span_id}"


def _claim(one: Evaluation, signal: str, event: object) -> dict[str, Any]:
    stated: dict[str, Any] = {
        "event_id": event,
        "ts": _time(one.at),
        "signal": signal,
        # A word in its place is no number, and is kept as one that cannot be used.
        "confidence": one.score if one.score is not None else one.label,
        "model_version": one.of.model,
        "prompt_version": one.of.prompt,
        "trace_id": one.of.trace_id,
        "span_id": one.of.span_id,
    }
    if one.explanation is not None:
        stated["explanation"] = one.explanation
    return stated | {name: value for name, value in one.ours.items() if name not in _OUTCOME_ONLY}


#: Fields that a confidence's evaluation cannot state.
_OUTCOME_ONLY = frozenset({"outcome", "outcome_ts", "outcome_source", "signal", "confidence"})


def _outcome(one: Evaluation, meaning: OutcomeName, event: object) -> dict[str, Any]:
    row = {
        "event_id": event,
        "outcome": _label(one, meaning),
        "outcome_ts": _time(one.at),
        # Who judged says so itself, where it does.
        "outcome_source": one.annotator or meaning.source,
    }
    return row if meaning.signal is None else row | {"signal": meaning.signal}


def _label(one: Evaluation, meaning: OutcomeName) -> object:
    if isinstance(one.label, str) and meaning.values:
        return meaning.values.get(one.label.strip().lower(), one.label)
    number = isinstance(one.score, (int, float)) and not isinstance(one.score, bool)
    if number and meaning.threshold is not None:
        return int(reaches(float(str(one.score)), meaning.threshold))
    return one.score if one.score is not None else one.label


def _time(at: int | str | None) -> str | None:
    """Nanoseconds since 1970 as ISO 8601, of which microseconds are kept; text as it is."""
    if at is None or isinstance(at, str):
        return at
    try:
        return (_EPOCH + timedelta(microseconds=at // 1000)).isoformat().replace("+00:00", "Z")
    except OverflowError:
        return str(at)
