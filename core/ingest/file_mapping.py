"""How a file is to be read, as one value: what options say, what is kept by name, what is recorded.

Whoever has a file says in it which of its columns is which field, which records count, and what
their numbers, words and times mean. Nothing of it is guessed.
"""

from __future__ import annotations

import json
import math
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from core import events

#: Numbers up to 1 are shares and those above 1 percentages, in one file.
MIXED = "mixed"

#: A number with a decimal comma, and a percentage, in lower case and without blanks around.
DECIMAL_COMMA = r"[+-]?\d{0,3},\d+"
PERCENTAGE = r"[+-]?(\d+[.,]?\d*|[.,]\d+)(e[+-]?\d+)?\s*[%％]"
#: What can be said of scores, as the options of the command are called.
SCORE_WORDS = ("format", "confidence", "outcome", "outcome_source", "at", "run")
_PREFIXES = (events.SEGMENT_PREFIX, events.ATTRIBUTE_PREFIX)


class UnusableMapping(ValueError):  # noqa: N818 (reads as what is the matter)
    """Something is said that cannot be: the message is why, and what can be said."""


@dataclass(frozen=True)
class FileMapping:
    """How a file is read; what is not said is read as it stands.

    Attributes:
        renames: the file's name of a column → the field it is. A name with dots leads into an
            object: ``scores.choice.value``.
        signal: the signal of every record, for a file without a column that names it.
        where: column → values; a record counts that has one of them, in each of the columns.
        values: field → the file's word, in lower case → what it means. Of a confidence it means a
            share, whatever the scale.
        scale: what a confidence is divided by; `MIXED`; None: nothing was said.
        time_formats: of times that are not ISO 8601, as `strptime` has them; tried in this order.
        timezone: the IANA name of the zone of times that name none; None: UTC.
        rows: where the list of records is in one JSON document: ``samples``.
        key: the columns that together are the event's id.
        scores: of a file of another tool's scores, what `SCORE_WORDS` have: which score is what.
            Only such files are read with it (`core.intake.formats`).
    """

    renames: Mapping[str, str] = field(default_factory=dict)
    signal: str | None = None
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    scale: float | str | None = None
    time_formats: tuple[str, ...] = ()
    timezone: str | None = None
    rows: str | None = None
    key: tuple[str, ...] = ()
    scores: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what no file can be read by.

        Raises:
            UnusableMapping: it says why.
        """
        self._refuse_unknown_values()
        scale = self.scale
        number = isinstance(scale, (int, float)) and not isinstance(scale, bool)
        if isinstance(scale, str) and scale != MIXED:
            raise UnusableMapping(_SCALES.format(given=scale))
        if number and not (math.isfinite(float(scale or 0)) and float(scale or 0) >= 1):
            raise UnusableMapping(_SCALES.format(given=scale))
        if self.key and "event_id" in self.renames.values():
            raise UnusableMapping("The event's id is made of --key, or is a column: leave one out.")
        for word in self.scores:
            if word not in SCORE_WORDS:
                raise UnusableMapping(
                    f"Of scores nobody says {word!r}; there are: {', '.join(SCORE_WORDS)}."
                )

    def _refuse_unknown_values(self) -> None:
        for name, words in self.values.items():
            known = (*events.FIELDS, *events.HANDOFF_FIELDS)
            if name not in known and not name.startswith(events.SEGMENT_PREFIX):
                raise UnusableMapping(
                    f"There is no field {name!r} whose values could be said; there are: "
                    f"{', '.join(events.FIELDS)} and {events.SEGMENT_PREFIX}<dimension>."
                )
            if name == "confidence":
                for word, meant in words.items():
                    if meant != "" and share_of(meant) is None:
                        raise UnusableMapping(
                            f"{meant!r} is not the confidence that {word!r} can stand for: say a "
                            f"number from 0 to 1, as in --values confidence:{word}=0.9"
                        )

    def as_json(self) -> dict[str, Any]:
        """What is said, as JSON and YAML hold it; `read_mapping` reads it back."""
        said: dict[str, Any] = {}
        for one in fields(self):
            value = getattr(self, one.name)
            if value is None or value in ((), {}):
                continue
            said[_NAMES.get(one.name, one.name)] = _plain(value)
        return said

    def settings(self, program: str, *, pulled: Mapping[str, str] | None = None) -> str:
        """As an import records it; the same bytes read in another way are another import.

        Args:
            pulled: where the file was pulled from.
        """
        said = {"map": {}, "signal": None} | self.as_json() | {"program": program}
        if pulled is not None:
            said["pull"] = dict(pulled)
        return json.dumps(said, sort_keys=True)

    def arguments(self) -> tuple[str, ...]:
        """The words of `calledger import` that say the same."""
        words: list[str] = []
        for theirs, ours in self.renames.items():
            words += ["--map", f"{theirs}={ours}"]
        for column, values in self.where.items():
            for value in values:
                words += ["--where", f"{column}={value}"]
        for name, meanings in self.values.items():
            said = ",".join(f"{word}={meant}" for word, meant in meanings.items())
            words += ["--values", f"{name}:{said}"]
        if self.scale is not None:
            words += ["--scale", scale_words(self.scale)]
        for form in self.time_formats:
            words += ["--time-format", form]
        for word, one in self.scores.items():
            words += [f"--{word.replace('_', '-')}", one]
        for option, said_of in (
            ("--timezone", self.timezone),
            ("--rows", self.rows),
            ("--key", ",".join(self.key) or None),
            ("--signal", self.signal),
        ):
            if said_of is not None:
                words += [option, said_of]
        return tuple(words)

    def said(self) -> str:
        """The same as one line that a shell reads."""
        return shlex.join(self.arguments())

    def with_more(self, more: FileMapping) -> FileMapping:
        """This, and what another says besides; where both speak of one thing, the other holds."""
        values = {name: dict(words) for name, words in self.values.items()}
        for name, words in more.values.items():
            values[name] = values.get(name, {}) | dict(words)
        return FileMapping(
            renames=dict(self.renames) | dict(more.renames),
            signal=more.signal if more.signal is not None else self.signal,
            where=dict(self.where) | dict(more.where),
            values=values,
            scale=more.scale if more.scale is not None else self.scale,
            time_formats=more.time_formats or self.time_formats,
            timezone=more.timezone or self.timezone,
            rows=more.rows if more.rows is not None else self.rows,
            key=more.key or self.key,
            scores=dict(self.scores) | dict(more.scores),
        )

    def of_rows(self) -> FileMapping:
        """The same for records that were taken out of their document already."""
        return replace(self, rows=None)


#: Read as it stands.
PLAIN = FileMapping()

_NAMES = {"renames": "map"}
_SCALES = (
    "{given!r} is no scale: say what a confidence is divided by, 10 for 0 to 10 or 100 for 0 to "
    "100; 1 for shares; or mixed, where numbers up to 1 are shares and those above percentages."
)


def read_mapping(said: object, where: str) -> FileMapping:
    """A mapping as `FileMapping.as_json` writes it.

    Args:
        said: as JSON or YAML holds it.
        where: what it is called in a message.

    Raises:
        UnusableMapping: it is none.
    """
    if not isinstance(said, Mapping):
        raise UnusableMapping(f"{where} is no mapping: it holds no names and values.")
    known = {_NAMES.get(one.name, one.name): one.name for one in fields(FileMapping)}
    for name in said:
        if name not in known:
            raise UnusableMapping(
                f"{where} says {name!r}, which no mapping has; it has: {', '.join(known)}."
            )
    try:
        return FileMapping(
            renames=_texts(said.get("map", {})),
            signal=_text_or_none(said.get("signal")),
            where={str(k): _list(v) for k, v in dict(said.get("where", {})).items()},
            values={
                str(name): {word.strip().lower(): meant for word, meant in _texts(words).items()}
                for name, words in dict(said.get("values", {})).items()
            },
            scale=said.get("scale"),
            time_formats=_list(said.get("time_formats", ())),
            timezone=_text_or_none(said.get("timezone")),
            rows=_text_or_none(said.get("rows")),
            key=_list(said.get("key", ())),
            scores=_texts(said.get("scores", {})),
        )
    except (TypeError, ValueError) as error:
        if isinstance(error, UnusableMapping):
            raise UnusableMapping(f"{where}: {error}") from None
        raise UnusableMapping(f"{where} is no mapping: a name and a value were expected.") from None


def scale_words(scale: float | str) -> str:
    """A scale as it is typed."""
    return scale if isinstance(scale, str) else f"{scale:g}"


def read_settings(settings: str) -> FileMapping:
    """The mapping of an import that was recorded; what else was recorded with it is left out."""
    said = json.loads(settings)
    return read_mapping(
        {name: one for name, one in said.items() if name not in ("program", "pull")}, "the import"
    )


def share_of(text: str) -> float | None:
    """A share in words of a number: 0.85, 0,85 or 85%; None: it is none in [0, 1]."""
    number = confidence_in(text)
    if number is None:
        try:
            number = float(text) if "_" not in text else None
        except ValueError:
            return None
    return number if number is not None and 0 <= number <= 1 else None


def number_in(value: object) -> float | None:
    """A finite number as it stands, also one that is text or has a decimal comma; None: none."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    text = value
    if isinstance(text, str):
        if not text.isascii() or "_" in text:
            return None
        if re.fullmatch(DECIMAL_COMMA, text.strip(" ")):
            text = text.replace(",", ".")
    try:
        number = float(text)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def confidence_in(text: str) -> float | None:
    """A confidence with a decimal comma or a percent sign; None: it is another text."""
    lowered = text.strip(" ").lower()
    if not lowered.rstrip("％").isascii():
        return None
    if re.fullmatch(DECIMAL_COMMA, lowered):
        return float(lowered.replace(",", "."))
    if re.fullmatch(PERCENTAGE, lowered):
        return float(lowered.rstrip(" %％").replace(",", ".")) / 100
    return None


def may_be_renamed_to(ours: str) -> bool:
    """Whether a column can be read under this name."""
    known = (*events.FIELDS, *events.HANDOFF_FIELDS, events.SEGMENTS_OBJECT)
    return ours in known or ours.startswith(_PREFIXES)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, tuple):
        return list(value)
    return value


def _texts(said: object) -> dict[str, str]:
    if not isinstance(said, Mapping):
        raise TypeError(said)
    return {str(name): "" if value is None else str(value) for name, value in said.items()}


def _text_or_none(said: object) -> str | None:
    if said is None or isinstance(said, str):
        return said
    raise TypeError(said)


def _list(said: object) -> tuple[str, ...]:
    if isinstance(said, str):
        return (said,)
    if not isinstance(said, Sequence):
        raise TypeError(said)
    return tuple(map(str, said))
