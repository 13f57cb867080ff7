"""Rows of kept inputs, and of what they came to, read from files and from HTTP.

A row is an object: with ``input_id``, and of results ``confidence``, ``answer`` (any value) or
``failure``. Whatever else a row of inputs holds, its text for one, stays in the file; only a digest
of it is kept.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Iterable, Mapping
from itertools import zip_longest
from typing import Any

from core.events import quantise
from core.ledger.errors import LedgerError
from core.monitoring.canary import Result, RowsRefused, digest_of
from core.monitoring.row_fault import RowFault
from core.text.shown import shortened

#: What a row of results may say of its input.
DIGEST = "input_sha256"
#: What every row has.
INPUT = "input_id"
#: No value of a CSV file is longer.
csv.field_size_limit(max(csv.field_size_limit(), 16_000_000))


class UnusableRows(LedgerError):  # noqa: N818 (reads as what is the matter)
    """A file, or a body, that is no list of rows; nothing was changed."""


def rows_of(content: bytes) -> list[Mapping[str, Any]]:
    """The rows of a file: JSON lines, a JSON list, CSV with a header, or an id a line.

    Raises:
        UnusableRows: it is none of these.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnusableRows(f"The file is not UTF-8: byte {error.start + 1}.") from None
    begins = text.lstrip()[:1]
    if begins == "[":
        return _objects(_json(text, "The file"))
    # Lines end with \n and nothing else: texts hold other characters that break lines.
    lines = text.split("\n")
    if begins == "{":
        numbered = enumerate(lines, start=1)
        return _objects([_json(line, f"Line {n}") for n, line in numbered if line.strip()])
    names = _columns(lines[0])
    if INPUT in names:
        return _table(text, names)
    if any(one.strip("\"' ").lower() == INPUT for one in re.split(r"[,;\t|]", lines[0])):
        raise UnusableRows(
            f"The first line names {INPUT}, but not as a column: write it in lower case, with "
            "commas between the columns."
        )
    return [{INPUT: line.strip()} for line in lines if line.strip()]


def _columns(header: str) -> list[str]:
    try:
        return [one.strip() for one in next(csv.reader([header], skipinitialspace=True), [])]
    except csv.Error:
        return []


def _table(text: str, names: list[str]) -> list[Mapping[str, Any]]:
    """The rows under a header."""
    if len(set(names)) < len(names):
        raise UnusableRows("The first line names a column twice: keep one of the two.")
    reader = csv.reader(io.StringIO(text, newline=""), skipinitialspace=True)
    found: list[Mapping[str, Any]] = []
    try:
        next(reader)
        for row in filter(None, reader):
            if len(row) > len(names):
                raise UnusableRows(
                    f"Line {reader.line_num} has {len(row)} values under {len(names)} names: put "
                    "quotes around text with a comma in it."
                )
            found.append(dict(zip_longest(names, row)))
    except csv.Error as error:
        raise UnusableRows(f"Line {reader.line_num} is not CSV: {error}.") from None
    return found


def inputs_of(rows: Iterable[Mapping[str, Any]]) -> list[tuple[str, str | None]]:
    """Ids and digests of inputs to keep; a digest only where a row holds more than its id."""
    found = []
    for row in rows:
        more = len(row) > 1
        found.append((input_of(row) or "", row_digest(row) if more else None))
    return found


def input_of(row: Mapping[str, Any]) -> str | None:
    """The id of a row's input; None: it has none."""
    found = row.get(INPUT)
    if isinstance(found, bool) or not isinstance(found, (str, int)):
        return None
    return sound(str(found).strip()) or None


def row_digest(row: Mapping[str, Any]) -> str:
    """The digest of a row of inputs."""
    return digest_of(json.dumps(row, sort_keys=True, ensure_ascii=True, default=str))


def results_of(rows: Iterable[Mapping[str, Any]]) -> tuple[Result, ...]:
    """What inputs came to.

    Raises:
        RowsRefused: a row has no id, or a confidence that is none.
    """
    found, refused = [], []
    for number, row in enumerate(rows, start=1):
        read = _result(number, row)
        if isinstance(read, RowFault):
            refused.append(read)
        else:
            found.append(read)
    if refused:
        raise RowsRefused(refused)
    return tuple(found)


def sound(text: str) -> str:
    """Text that can be written down: half a character, which JSON can hold, is replaced."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _result(number: int, row: Mapping[str, Any]) -> Result | RowFault:
    input_id, failure = input_of(row), row.get("failure")
    if input_id is None:
        return RowFault(number, "input_id", "", "is missing", "write which input it is")
    stated = row.get("confidence")
    ppm = None if stated in (None, "") else _ppm(stated)
    if stated not in (None, "") and ppm is None:
        return RowFault(
            number,
            "confidence",
            shortened(sound(str(stated)), 80),
            "is no number in [0, 1]",
            "write it as a share, as in 0.85, or leave it out",
        )
    answer, digest = row.get("answer"), row.get(DIGEST)
    if answer is not None and not isinstance(answer, str):
        answer = json.dumps(answer, sort_keys=True)
    return Result(
        input_id,
        ppm,
        answer or None,
        shortened(sound(str(failure)), 80) if failure else None,
        sound(str(digest)) if digest else None,
    )


def _ppm(stated: object) -> int | None:
    if isinstance(stated, bool) or not isinstance(stated, (int, float, str)):
        return None
    try:
        value = float(stated)
    except (ValueError, OverflowError):
        return None
    return quantise(value) if math.isfinite(value) and 0 <= value <= 1 else None


def _json(text: str, what: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnusableRows(f"{what} is not JSON: {error}.") from None


def _objects(found: object) -> list[Mapping[str, Any]]:
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise UnusableRows("What was sent is no list of objects: each row is one, with input_id.")
    return found
