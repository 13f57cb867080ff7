"""One text for one value: RFC 8785 JSON, restricted so that it needs no number formatting.

Inside the restriction (ASCII keys, no floats, whole numbers below 2^53) Python's own encoder
writes what RFC 8785 asks for, byte for byte. What is hashed and signed is this text and nothing
derived from it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

#: Whole numbers beyond it are not the same number to every JSON reader.
MOST = 2**53
#: Made once: `json.dumps` makes one a value.
_JSON = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def canonical(value: Any) -> str:
    """The canonical JSON text of a value.

    Args:
        value: dicts with ASCII string keys, lists, tuples, strings, whole numbers, booleans, None.
            A fraction is written as a decimal string by whoever makes the value.

    Raises:
        ValueError: a float, a number of 2^53 or more, a key that is not ASCII text, a lone
            surrogate, or a value of another type; the message says where it stands.
    """
    _refuse_unfit(value, None)
    return _JSON.encode(value)


def sha256_of(value: Any) -> str:
    """SHA-256 of the canonical text in UTF-8, in hexadecimal."""
    return hashlib.sha256(canonical(value).encode("utf-8")).hexdigest()


#: Where a value stands: in what, and under which key or number; None: it is the whole.
_Place = tuple["_Place", str | int] | None


def _refuse_unfit(value: Any, place: _Place) -> None:
    if value is None or isinstance(value, bool):
        return
    if isinstance(value, str):
        try:
            value.encode("utf-8")
        except UnicodeEncodeError as error:
            raise ValueError(f"{_named(place)} is not text: {error.reason}") from None
    elif isinstance(value, int):
        if abs(value) >= MOST:
            raise ValueError(
                f"{_named(place)} is {value}, too large to be the same number everywhere"
            )
    elif isinstance(value, (list, tuple)):
        for i, inner in enumerate(value):
            _refuse_unfit(inner, (place, i))
    elif isinstance(value, (dict, Mapping)):
        for key, inner in value.items():
            if not (isinstance(key, str) and key.isascii()):
                raise ValueError(f"{_named(place)} has the key {key!r}, which is not ASCII text")
            _refuse_unfit(inner, (place, key))
    else:
        raise ValueError(f"{_named(place)} is a {type(value).__name__}; write fractions as text")


def _named(place: _Place) -> str:
    if place is None:
        return "$"
    outer, last = place
    return f"{_named(outer)}.{last}" if isinstance(last, str) else f"{_named(outer)}[{last}]"
