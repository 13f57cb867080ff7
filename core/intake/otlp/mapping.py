"""Which evaluation is a confidence and which an outcome: the file ``<ledger>.otlp.yaml``.

All that OpenTelemetry sends of both is a name and a score, so somebody has to say it; nothing is
guessed from a name.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from core.events import ALLOWED, PPM
from core.intake.read_again import ReadAgain
from core.ledger.errors import LedgerError
from core.registry.strict_yaml import (
    Missing,
    Place,
    Unreadable,
    file_text,
    only_place,
    said,
)

#: By what an evaluation and its claim are known as one event.
EventBy = Literal["response", "span"]
EVENT_BY: tuple[EventBy, ...] = ("response", "span")
SOURCES = tuple(dict.fromkeys(ALLOWED["outcome_source"].values()))
#: In the name of a signal it stands for what the sender calls itself.
SERVICE = "{service}"
#: The word for a name that is of no concern here.
IGNORE = "ignore"


@dataclass(frozen=True)
class ConfidenceName:
    """A name whose score is a stated confidence.

    Attributes:
        signal: which; `SERVICE` in it stands for the sender's ``service.name``.
    """

    signal: str

    def signal_of(self, service: str | None) -> str | None:
        """The signal's name for one sender; None where it needs the service and none is stated."""
        if SERVICE not in self.signal:
            return self.signal
        return self.signal.replace(SERVICE, service) if service else None


@dataclass(frozen=True)
class OutcomeName:
    """A name whose score says whether an answer was right.

    Attributes:
        source: who judges, where an evaluation does not say it.
        signal: the only one whose claims it labels; None: every claim of the event.
        values: a label's word, in lower case → 0 or 1.
        threshold: from which on a graded score is right, in millionths; None: it is 0 or 1.
    """

    source: str
    signal: str | None = None
    values: Mapping[str, int] = field(default_factory=dict)
    threshold: int | None = None


@dataclass(frozen=True)
class OtlpMapping:
    """What each name is; see the module.

    Attributes:
        names: those that are something here; None for one that is ignored.
        event_by: the id of the provider's response where one is stated, else trace and span; or
            always trace and span.
    """

    names: Mapping[str, ConfidenceName | OutcomeName | None] = field(default_factory=dict)
    event_by: EventBy = "response"


class OtlpMappingError(LedgerError):
    """The file is refused; the message has one problem a line, each with its fix."""


def mapping_path(ledger: str | os.PathLike[str]) -> Path:
    """Where names are mapped: ``<ledger>.otlp.yaml``."""
    ledger = Path(ledger)
    return ledger.with_name(ledger.name + ".otlp.yaml")


class MappingFile(ReadAgain[OtlpMapping]):
    """The file beside a ledger.

    Reading it raises what `mapping_beside` raises.
    """

    def __init__(self, ledger: str | os.PathLike[str]) -> None:
        super().__init__(mapping_path(ledger), lambda: mapping_beside(ledger))


def mapping_beside(ledger: str | os.PathLike[str]) -> OtlpMapping:
    """What is said beside a ledger; without a file, no name is mapped.

    Raises:
        OtlpMappingError: the file is refused.
        LedgerError: it cannot be read.
    """
    path = mapping_path(ledger)
    if not path.exists():
        return OtlpMapping()
    try:
        text = file_text(path, "mapping file")
    except Unreadable as error:
        raise OtlpMappingError(f"{path.name} {error.problem}") from None
    return read_names(text, source=path.name)


def read_names(text: str, *, source: str = "otlp.yaml") -> OtlpMapping:
    """Read what each name is.

    Args:
        source: what the file is called in messages.

    Raises:
        OtlpMappingError: with every problem of the file.
    """
    try:
        place = only_place(text)
    except Unreadable as error:
        raise OtlpMappingError(f"{source} {error.problem}") from None
    if place is None:
        return OtlpMapping()
    found = _mapping(place)
    if place.notes.problems:
        raise OtlpMappingError("\n".join(said(place.notes.problems, source)))
    return found


def _mapping(place: Place) -> OtlpMapping:
    fields = _inside(place, ("event", "names"))
    event_by = fields["event"].choice(EVENT_BY) if "event" in fields else "response"
    named = fields["names"].inside(None) if "names" in fields else {}
    names: dict[str, ConfidenceName | OutcomeName | None] = {}
    for name, one in ({} if isinstance(named, Missing) else named).items():
        names[name] = _meaning(one)
    return OtlpMapping(names, "response" if isinstance(event_by, Missing) else event_by)


def _meaning(place: Place) -> ConfidenceName | OutcomeName | None:
    if getattr(place.node, "value", None) == IGNORE:
        return None
    fields = _inside(place, ("confidence", "outcome", "signal", "values", "threshold"))
    if not fields:
        return None
    if ("confidence" in fields) == ("outcome" in fields):
        place.refuse(
            "is a confidence or an outcome; write {confidence: SIGNAL}, "
            f"{{outcome: {SOURCES[0]}}}, or {IGNORE}",
            value=False,
        )
        return None
    if "confidence" in fields:
        for other in ("signal", "values", "threshold"):
            if other in fields:
                fields[other].refuse("belongs to an outcome; leave it out", value=False)
        signal = fields["confidence"].text()
        return None if isinstance(signal, Missing) else ConfidenceName(signal)
    return _label(fields)


def _label(fields: Mapping[str, Place]) -> OutcomeName | None:
    source = fields["outcome"].choice(SOURCES)
    signal = fields["signal"].text() if "signal" in fields else None
    threshold = fields["threshold"].fraction() if "threshold" in fields else None
    values: dict[str, int] = {}
    words = fields["values"].inside(None) if "values" in fields else {}
    for word, one in ({} if isinstance(words, Missing) else words).items():
        meant = one.whole()
        if not isinstance(meant, Missing) and meant not in (0, 1):
            one.refuse("is no outcome; write 1 for right and 0 for wrong")
        elif not isinstance(meant, Missing):
            values[word.strip().lower()] = meant
    if isinstance(source, Missing) or isinstance(signal, Missing) or isinstance(threshold, Missing):
        return None
    return OutcomeName(source, signal, values, threshold)


def _inside(place: Place, known: Sequence[str]) -> dict[str, Place]:
    found = place.inside(known)
    return {} if isinstance(found, Missing) else found


def reaches(score: float, threshold: int) -> bool:
    """Whether a graded score counts as right."""
    return score * PPM >= threshold


def lines_for(name: str) -> tuple[str, ...]:
    """The lines of which one is to be written, under ``names:``, for a name that is not mapped."""
    quoted = json.dumps(name, ensure_ascii=False)
    return tuple(
        f"{quoted}: {meaning}"
        for meaning in ("{confidence: SIGNAL}", f"{{outcome: {SOURCES[0]}}}", IGNORE)
    )
