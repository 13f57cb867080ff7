"""What a known format is, and small pieces that several of them need."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from core.intake.otlp.wire import Evaluation, SpanFacts

Record = Mapping[str, Any]


@dataclass(frozen=True)
class RunOfFile:
    """What the name of a file says.

    Attributes:
        name: of the run, which begins the ids of its events; None: it does not say.
        at: when it was made; None: it does not say.
    """

    name: str | None = None
    at: str | None = None


@dataclass(frozen=True)
class KnownFormat:
    """A format of another tool.

    Attributes:
        name: as it is typed.
        what: what such a file is, in words.
        documented: where its layout is described.
        fits: whether a record can be nothing else.
        scores: the scores of one record: a line, a row, or the whole of one JSON document. Each
            states its event under ``ours``.
        confidence: the name of the one that is a confidence, where the format settles it.
        outcome: the same of the outcome, and who judges.
        run: what the name of a file says of the run that it is of, for a format whose records are
            numbered anew in each run; None: its events are known by themselves.
        spans: what a record says of models and prompts beside its scores; None: nothing.
    """

    name: str
    what: str
    documented: str
    fits: Callable[[Record], bool]
    scores: Callable[[Record], Iterator[Evaluation]]
    confidence: str | None = None
    outcome: tuple[str, str] | None = None
    run: Callable[[str], RunOfFile] | None = None
    spans: Callable[[Record], Iterator[SpanFacts]] | None = None


def has(*keys: str) -> Callable[[Record], bool]:
    """Whether a record has all of these keys."""
    return lambda record: all(key in record for key in keys)


def inside(record: object, *path: str) -> Any:
    """What lies at a path of objects; None: nothing."""
    for key in path:
        record = record.get(key) if isinstance(record, Mapping) else None
    return record


def listed(found: object) -> Iterator[Record]:
    """The objects of a list; of anything else none."""
    return (
        (one for one in found if isinstance(one, Mapping)) if isinstance(found, list) else iter(())
    )


def number(value: object) -> object:
    """A number, also one that is text; anything else as it is, and empty text as nothing."""
    if isinstance(value, bool):
        return int(value)
    if not isinstance(value, str):
        return value
    try:
        found = float(value) if value.isascii() and "_" not in value else math.nan
    except ValueError:
        found = math.nan
    return found if math.isfinite(found) else value or None


def word(value: object) -> str | None:
    """Text, also of a number; None: nothing."""
    return None if value is None or value == "" or isinstance(value, (dict, list)) else str(value)


def event(*parts: object) -> str | None:
    """Several ids as one, joined by a slash; None where one is missing."""
    found = [word(part) for part in parts]
    return None if None in found else "/".join(one for one in found if one is not None)


def score(
    item: int, name: object, value: object, *, event_id: str | None, **more: Any
) -> Evaluation:
    """One score; a value that is no number is its label.

    Args:
        event_id: what it is a score of.
        **more: of an `Evaluation`; ``ours`` is added to.
    """
    read = number(value)
    ours = {key: one for key, one in more.pop("ours", {}).items() if one is not None}
    if event_id is not None:
        ours["event_id"] = event_id
    if isinstance(read, (int, float)):
        return Evaluation(item, word(name), score=read, ours=ours, **more)
    label = more.pop("label", None)
    label = word(read) if label is None else label
    return Evaluation(item, word(name), label=label, ours=ours, **more)
