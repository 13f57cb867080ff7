"""Rows as programs send them, read as a kept mapping says: each as one of our own fields.

The same reading as of a file (`core.ingest`), one row at a time. What a mapping cannot read stays
as it was sent, so that it is refused with its field and the fix like the value of any other row.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb

from core.ingest.file_mapping import MIXED, FileMapping, number_in, scale_words, share_of
from core.ingest.reading.said_times import read_times
from core.intake.refused import OffScale, Unfit

_TIMES = ("ts", "outcome_ts")
_NOTHING = object()
_EITHER = OffScale(
    "1 (100 % or 1 %)", "1 is 100 % as a share and 1 % as a percentage", "write 100% or 1%"
)


@dataclass(frozen=True)
class SaidRows:
    """Rows in our own fields.

    Attributes:
        rows: those that count; an `Unfit` stands for one that no mapping can read.
        places: the number of each among those sent, from 0.
        left_out: how many were not asked for.
    """

    rows: tuple[object, ...]
    places: tuple[int, ...]
    left_out: int

    @property
    def received(self) -> int:
        """How many were sent."""
        return len(self.rows) + self.left_out


def said_rows(
    sent: Iterable[object], how: FileMapping, cursor: duckdb.DuckDBPyConnection
) -> SaidRows:
    """Read rows by a mapping.

    Args:
        sent: as `core.intake.batch.judged` takes them.
        cursor: any; times that are written in formats of their own are read by it.

    Raises:
        UnusableFile: the mapping names a format or zone of times that there is not.
    """
    rows: list[object] = []
    places: list[int] = []
    left_out = 0
    for place, one in enumerate(_listed(sent, how.rows)):
        if not isinstance(one, Mapping):
            rows.append(one)
        elif not _counts(one, how.where):
            left_out += 1
            continue
        else:
            try:
                rows.append(_said(one, how))
            except Unfit as unfit:
                rows.append(unfit)
        places.append(place)
    if how.time_formats or how.timezone is not None:
        _read_times(rows, how, cursor)
    return SaidRows(tuple(rows), tuple(places), left_out)


def _listed(sent: Iterable[object], path: str | None) -> Iterator[object]:
    """The rows, also where they are a list within one document."""
    for one in sent:
        if path is None or not isinstance(one, Mapping):
            yield one
            continue
        found = _at(one, path)
        if isinstance(found, list):
            yield from found
        else:
            fix = "send the document that has it, or use another mapping"
            yield Unfit("row", None, f"there is no list at {path}", fix)


def _counts(row: Mapping[str, Any], where: Mapping[str, tuple[str, ...]]) -> bool:
    return all(
        (_text(_at(row, path)) or "").strip() in {value.strip() for value in values}
        for path, values in where.items()
    )


def _said(row: Mapping[str, Any], how: FileMapping) -> dict[str, Any]:
    """A row in our own fields.

    Raises:
        Unfit: it states a field twice.
    """
    found: dict[str, Any] = {}
    taken: set[str] = set()

    def put(name: str, value: object) -> None:
        known = name.lower()
        if known in taken:
            raise Unfit(name, value, f"{known} is stated more than once", "keep one of the two")
        taken.add(known)
        found[name] = value

    for name, value in row.items():
        put(how.renames.get(name, name), value)
    for path, ours in how.renames.items():
        if path not in row and (value := _at(row, path)) is not _NOTHING:
            put(ours, value)
    if how.key:
        put("event_id", _key(row, how.key))
    if how.signal is not None:
        put("signal", how.signal)
    lowered = {name.lower(): name for name in found}
    for field, words in how.values.items():
        place = lowered.get(field.lower())
        if place is not None and field != "confidence":
            text = _text(found[place])
            if text is not None:
                found[place] = words.get(text.strip().lower(), found[place])
    place = lowered.get("confidence")
    if place is not None:
        found[place] = _confidence(found[place], how)
    return found


def _at(row: Mapping[str, Any], path: str) -> object:
    """What a path leads to: the longest name that is a key, then into objects and lists."""
    if path in row:
        return row[path]
    parts = path.split(".")
    for size in range(len(parts) - 1, 0, -1):
        head = ".".join(parts[:size])
        if head in row:
            return _within(row[head], parts[size:])
    return _NOTHING


def _within(value: object, parts: list[str]) -> object:
    for part in parts:
        if isinstance(value, Mapping) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            return _NOTHING
    return value


def _key(row: Mapping[str, Any], paths: tuple[str, ...]) -> str | None:
    parts = [_text(_at(row, path)) for path in paths]
    if None in parts:
        return None
    return "/".join(part.replace("%", "%25").replace("/", "%2F") for part in parts if part)


def _text(value: object) -> str | None:
    """A value as the text that a file would have of it; None: nothing."""
    if value is _NOTHING or value is None or value == "":
        return None
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _confidence(value: object, how: FileMapping) -> object:
    words = how.values.get("confidence", {})
    text = _text(value)
    if text is not None and text.strip().lower() in words:
        meant = words[text.strip().lower()]
        return share_of(meant) if meant else None
    number = number_in(value)
    if how.scale is None or how.scale == 1 or number is None:
        return value
    if how.scale == MIXED:
        if number == 1:
            return _EITHER
        share = number if number < 1 else number / 100
    else:
        share = number / float(how.scale)
    if 0 <= share <= 1:
        return share
    # As a number above 1 it would speak for a scale that was not said, against rows beside it.
    said = scale_words(how.scale)
    fix = f"write a number that a scale of {said} makes one from 0 to 1"
    return OffScale(f"{number:g} (scale {said})", "outside 0 to 1", fix)


def _read_times(rows: list[object], how: FileMapping, cursor: duckdb.DuckDBPyConnection) -> None:
    """Put times that can be read in place of their texts."""
    found = [
        (row, name, text)
        for row in rows
        if isinstance(row, dict)
        for name in row
        if name.lower() in _TIMES and (text := _text(row[name])) is not None
    ]
    texts = [text for _, _, text in found]
    for (row, name, _), time in zip(found, read_times(cursor, texts, how), strict=True):
        if time is not None:
            row[name] = f"{time.isoformat()}Z"
