"""What the gate is asked, read from any JSON as an import would read the same claim.

What cannot be read for certain is never guessed: a segment that is unclear is no segment, so that
the strictest rule that could apply is taken, and a question with a fault may not act at all.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from core import events
from core.queries.base.segment_names import dimension_of, fault_of, kept, meant_as_segment, plain
from core.trail.fingerprint import FIELDS, Fingerprint

#: As many characters of what was given for a confidence are kept, and of a value are told.
_KEPT, _TOLD = 80, 40
_HALF = "holds half a character (a lone surrogate); send valid Unicode"
_NAMES = frozenset(events.FIELDS)
_ALIASES = {ours: [one.lower() for one in names] for ours, names in events.ALIASES.items()}
_ALL_ALIASES = frozenset(one for names in _ALIASES.values() for one in names)


@dataclass(frozen=True)
class Stated:
    """What stands for a field that is stated more than once, whether or not it is the same."""

    values: tuple[object, ...]


@dataclass(frozen=True)
class Question:
    """What the production system asks: the fields of a claim, as they are at hand.

    Attributes:
        signal: the signal's name; None where none, or no text, was given.
        event_id: what the claim will be known by; the answer joins it when it arrives.
        confidence: whatever was given; None: nothing.
        fingerprint: the versions and the elicitation that made it.
        segments: dimension → value, where an import would read the same.
        unclear: dimension in lower case → why no value of it can be read.
        unreadable: why no segment at all can be read; None: they can.
        faults: why nothing may act on this question, whatever the rules; usually none.
        noted: the segments as they are logged, whatever they are.
    """

    signal: str | None
    event_id: str | None
    confidence: object
    fingerprint: Fingerprint
    segments: Mapping[str, str]
    unclear: Mapping[str, str] = field(default_factory=dict)
    unreadable: str | None = None
    faults: tuple[str, ...] = ()
    noted: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, item: object) -> Question:
        """Read a claim's fields as `core.events` names them; what is not known is left alone.

        It never raises: what is no object, or cannot be read, is a question with a fault.
        """
        try:
            if not isinstance(item, Mapping):
                return cls.without(f"The question is not a JSON object: {_told(item)}.")
            return _read(item)
        except Exception:
            return cls.without("The question cannot be read.")

    @classmethod
    def without(cls, fault: str) -> Question:
        """A question of which nothing can be read."""
        return cls(None, None, None, Fingerprint(), {}, faults=(fault,))

    @property
    def given(self) -> str | None:
        """The confidence as it was given, shortened; None: nothing was."""
        return None if self.confidence is None else _sound(_shown(self.confidence)[:_KEPT])


def json_value(text: str | bytes) -> object:
    """The value of a JSON text, with `Stated` for a key that stands there more than once.

    Raises:
        ValueError: it is no JSON, not UTF-8, or nested too deep; the message is a phrase.
    """
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8")
        return json.loads(text, object_pairs_hook=_object, parse_int=_whole)
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start + 1} is not UTF-8") from None
    except RecursionError:
        raise ValueError("it is nested too deep") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        several: dict[str, list[Any]] = {}
        for name, value in pairs:
            several.setdefault(name, []).append(value)
        found |= {name: Stated(tuple(all_)) for name, all_ in several.items() if len(all_) > 1}
    return found


def _whole(digits: str) -> object:
    # Python refuses to read very long numbers; none of them is a confidence.
    return int(digits) if len(digits) < 400 else digits


def _read(fields: Mapping[Any, Any]) -> Question:
    named = dict(_named(fields))
    faults: list[str] = []

    def text(name: str) -> str | None:
        value = named.get(name)
        if isinstance(value, Stated):
            faults.append(f"{name} is stated more than once.")
            return None
        found = _text(value)
        if found is not None and _sound(found) != found:
            faults.append(f"{name} {_HALF}.")
            return _sound(found)
        return found

    signal = text("signal") if isinstance(named.get("signal"), (str, Stated)) else None
    event_id = text("event_id")
    versions = {name: text(name) for name in FIELDS}
    order = versions["elicitation_order"]
    versions["elicitation_order"] = order.lower() if order else None
    segments = _Segments()
    segments.read(fields)
    return Question(
        signal=signal,
        event_id=event_id,
        confidence=named.get("confidence"),
        fingerprint=Fingerprint.of(versions),
        segments=segments.clear,
        unclear=segments.unclear,
        unreadable=segments.unreadable,
        faults=tuple(faults),
        noted=segments.noted,
    )


def _named(fields: Mapping[Any, Any]) -> Iterator[tuple[str, object]]:
    """The fields by our names, which count in any letter case, and as other tools name them."""
    found: dict[str, list[object]] = {}
    for name, value in fields.items():
        if isinstance(name, str):
            found.setdefault(name.lower(), []).append(value)
    if not _ALL_ALIASES.isdisjoint(found):
        for ours, names in _ALIASES.items():
            if ours not in found:
                alias = next((one for one in names if one in found), None)
                if alias is not None:
                    found[ours] = found[alias]
    for name, values in found.items():
        if name in _NAMES:
            yield name, values[0] if len(values) == 1 else Stated(tuple(values))


class _Segments:
    """The segments of a question as they are read, one mention after another."""

    def __init__(self) -> None:
        self.clear: dict[str, str] = {}
        self.unclear: dict[str, str] = {}
        self.unreadable: str | None = None
        self.noted: dict[str, str] = {}
        self._seen: dict[str, tuple[str, str | None]] = {}

    def read(self, fields: Mapping[Any, Any]) -> None:
        for name, value in fields.items():
            if not isinstance(name, str):
                continue
            ours = plain(name)
            stated = dimension_of(ours)
            if name.lower() == events.SEGMENTS_OBJECT:
                self._object(name, value)
            elif stated is not None:
                self._mention(name, stated, value)
            elif meant_as_segment(name):
                self._give_up(name, value, f"{_told(name)} has white space around it")
        # What is unclear for one reason stays so, whatever else is said of it.
        for dimension in self.unclear:
            self.clear.pop(dimension, None)
        if self.unreadable is not None:
            self.clear.clear()

    def _object(self, name: str, value: object) -> None:
        inner = value
        if isinstance(value, str):
            if not value:
                return
            # An import reads an object that comes as text.
            try:
                inner = json_value(value)
            except ValueError:
                inner = value
        if inner is None and value is None:
            return
        if not isinstance(inner, Mapping):
            self._give_up(name, value, f"{name} is no JSON object")
            return
        for key, one in inner.items():
            if isinstance(key, str):
                self._mention(f"{events.SEGMENTS_OBJECT}.{key}", key, one)
            else:
                self._give_up(str(key), one, f"{_told(key)} names no dimension")

    def _mention(self, name: str, dimension: str, value: object) -> None:
        fault = fault_of(dimension)
        if fault is not None:
            self._give_up(name, value, f"{_told(dimension)} names no dimension")
            return
        key = dimension.lower()
        first = self._seen.get(key)
        if isinstance(value, Stated):
            self._blur(key, name, value, "is stated more than once")
            return
        try:
            found = _value(value)
        except ValueError as error:
            self._blur(key, name, value, f"is {_told(value)}, {error}")
            return
        if first is not None and first[1] != found:
            self._blur(key, name, value, f"is contradicted: {first[0]} and {name} differ")
            return
        self._seen[key] = (name, found)
        if found is not None:
            self.clear[key] = found
            self.noted.setdefault(dimension, found)

    def _blur(self, key: str, name: str, value: object, why: str) -> None:
        self.unclear.setdefault(key, why)
        self.noted[_sound(name)] = _sound(_shown(value))

    def _give_up(self, name: str, value: object, why: str) -> None:
        if self.unreadable is None:
            self.unreadable = why
        self.noted[_sound(name)] = _sound(_shown(value))


def _value(value: object) -> str | None:
    """A segment's value as an import keeps it; None: none is stated.

    Raises:
        ValueError: an import may keep something else; the message is why.
    """
    if value is None:
        return None
    if isinstance(value, str):
        if _sound(value) != value:
            raise ValueError("no valid Unicode")
        return kept(value) or None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and -(2**63) <= value < 2**64:
        return str(value)
    # Beyond these, every writer of JSON has its own way of writing a number.
    if isinstance(value, float) and math.isfinite(value) and "e" not in repr(value):
        return repr(value)
    raise ValueError("no text")


def _text(value: object) -> str | None:
    """A field as text; None: not given."""
    if value is None or value == "":
        return None
    return value if isinstance(value, str) else _shown(value)


def _shown(value: object) -> str:
    """Whatever was given, as text."""
    if isinstance(value, str):
        return value
    if isinstance(value, Stated):
        return " and ".join(map(_shown, value.values))
    try:
        return str(value)
    except Exception:
        return f"<{type(value).__name__}>"


def _told(value: object) -> str:
    """A value in a sentence: short, and every character that is not plain as its escape."""
    text = _shown(value)
    return ascii(text if len(text) <= _TOLD else f"{text[: _TOLD - 1]}…")


def _sound(text: str) -> str:
    """Text that can be stored and sent: half a character stands there as its escape."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def unsure_words(question: Question, dimensions: Iterable[str]) -> str:
    """Why the strictest rules of some dimensions were taken, in sentences; "" without any."""
    said = []
    for dimension in dimensions:
        key = dimension.lower()
        if question.unreadable is not None:
            why = f"The segments cannot be read ({question.unreadable})"
        elif key in question.unclear:
            why = f"{dimension} {question.unclear[key]}"
        elif key in question.segments:
            value = _told(question.segments[key])
            why = f"{dimension} is {value}, which the registry entry does not list"
        else:
            why = f"{dimension} is not stated"
        said.append(f"{why}: the strictest rule of {dimension} applies.")
    return " ".join(said)
