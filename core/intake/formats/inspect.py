"""Inspect AI: an evaluation log as JSON (`inspect log dump`), one sample a claim."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from core.intake.formats.base import KnownFormat, Record, event, has, inside, listed, score, word
from core.intake.otlp.wire import Evaluation

#: What its scorers write for right, wrong and no answer, as its own accuracy counts them; P
#: (partial) is neither right nor wrong.
_GRADES = {"C": 1, "I": 0, "N": 0}


def _scores(record: Record) -> Iterator[Evaluation]:
    of = record["eval"]
    run = inside(of, "run_id") or inside(of, "created")
    for item, sample in enumerate(listed(record["samples"])):
        stated: dict[str, Any] = {
            "event_id": event(run, sample.get("id"), sample.get("epoch")),
            "at": word(sample.get("completed_at") or inside(of, "created")),
            "ours": {
                "model_version": word(inside(of, "model")),
                # What is asked again in another epoch is the same input.
                "input_id": event(inside(of, "task"), sample.get("id")),
                "split": "heldout",
                "seg_task": word(inside(of, "task")),
            },
        }
        for name, one in _items(sample.get("scores")):
            value = inside(one, "value")
            if isinstance(value, Mapping):
                for part, inner in value.items():
                    yield score(item, f"{name}.{part}", _graded(inner), **stated)
            else:
                yield score(item, name, _graded(value), **stated)
            for key, inner in _items(inside(one, "metadata")):
                yield from _numeric(item, f"{name}.metadata.{key}", inner, stated)
        for key, inner in _items(sample.get("metadata")):
            yield from _numeric(item, f"metadata.{key}", inner, stated)


def _items(found: object) -> Iterator[tuple[str, object]]:
    return iter(found.items()) if isinstance(found, Mapping) else iter(())


def _numeric(
    item: int, name: str, value: object, stated: Mapping[str, Any]
) -> Iterator[Evaluation]:
    """A number that a solver or scorer left beside: perhaps how sure the model said it was."""
    if isinstance(value, (int, float)):
        yield score(item, name, value, **stated)


def _graded(value: object) -> object:
    return _GRADES.get(value, value) if isinstance(value, str) else value


FORMAT = KnownFormat(
    "inspect",
    "a log of Inspect AI",
    "https://inspect.aisi.org.uk/eval-logs.html",
    has("eval", "samples", "status"),
    _scores,
)
