"""When two answers of a model count as the same."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from types import MappingProxyType

_NUMBER = re.compile(r"[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d+)?(?:[eE][-+]?\d+)?")
_LETTER = re.compile(r"(?<![^\W_])([A-Z])(?![^\W_])")
_AROUND = " \t\r\n.,;:!?\"'`()[]{}*_"

Key = Callable[[str], str | None]


def exact(answer: str) -> str | None:
    """The answer as it is, blanks at its ends aside."""
    return answer.strip() or None


def text(answer: str) -> str | None:
    """Whatever case, width, blanks and marks around it: " Paris." is "paris"."""
    folded = " ".join(unicodedata.normalize("NFKC", answer).casefold().split())
    return folded.strip(_AROUND) or None


def number(answer: str) -> str | None:
    """The last number in it, by its value: "so 1,200.0" is "1200"; None without any."""
    # A decimal comma is left alone: "1,5" may be two numbers.
    found = [one for one in _NUMBER.findall(answer) if any(sign.isdigit() for sign in one)]
    if not found:
        return None
    try:
        value = Decimal(found[-1].replace(",", ""))
    except InvalidOperation:
        return None
    return "0" if value == 0 else f"{value.normalize():f}"


def letter(answer: str) -> str | None:
    """The first capital letter that stands alone: "(B) because …" is "B"; None without any."""
    found = _LETTER.search(answer)
    return None if found is None else found[1]


#: By the name `--same` takes; what each compares.
KEYS: MappingProxyType[str, Key] = MappingProxyType(
    {"exact": exact, "text": text, "number": number, "letter": letter}
)
