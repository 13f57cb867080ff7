"""A row as the line of JSON that is kept of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from core.intake.refused import Unfit

#: Made once: `json.dumps` makes one a row.
_JSON = json.JSONEncoder(ensure_ascii=False, allow_nan=False)


def encoded(line: Mapping[str, Any]) -> bytes:
    """The line, in UTF-8.

    Raises:
        Unfit: a value of it is nothing that JSON or Unicode can hold.
    """
    try:
        return _JSON.encode(line).encode("utf-8")
    except ValueError:
        for name, value in line.items():
            try:
                _JSON.encode({name: value}).encode("utf-8")
            except UnicodeEncodeError:
                why = "holds half a character (a lone surrogate)"
                raise Unfit(name, value, why, "send valid Unicode") from None
            except ValueError:
                why = "holds a number that JSON does not know"
                raise Unfit(name, value, why, "leave that number out") from None
        raise
