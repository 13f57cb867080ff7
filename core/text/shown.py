"""Logged text as people may see it, what is hidden in it or directs other text as an escape.

Names, reasons and values come from outside. A right-to-left override or a zero-width space in one
would make it pass for another, and a control character would act on the terminal that prints it.
"""

from __future__ import annotations

import json
import re
import shlex
import unicodedata
from functools import lru_cache
from typing import Any

#: Anything but printable ASCII and line ends, the quick test before the exact one.
_UNUSUAL = re.compile(r"[^\n -~]")
#: Controls, formats (bidirectional and zero-width ones among them), surrogates, line separators.
_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
#: What Unicode lets a renderer leave out besides (Default_Ignorable_Code_Point of 15.0): joiners,
#: fillers of Hangul, vowels of Khmer without a shape, variation selectors, unassigned ones.
_IGNORABLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8"
    "\U000e0000-\U000e0fff]"
)


def visible(text: str) -> str:
    r"""The text with each hidden character as an escape, such as ``\u202e`` or ``\U000e0041``.

    Line feeds stay. Applied twice it changes nothing more. JSON's and YAML's double quotes read the
    escapes of four digits back, YAML's those of eight too.
    """
    return _UNUSUAL.sub(lambda found: _escaped(found[0]), text)


def one_line(text: str) -> str:
    """The text as `visible` gives it, each run of spaces and line ends as one space."""
    return visible(re.sub(r"[ \t\r\n\f\v]+", " ", text))


def shortened(text: str, most: int) -> str:
    """A text of at most so many characters; of a longer one its beginning and end."""
    if len(text) <= most:
        return text
    end = most // 4
    return f"{text[: most - end - 1]}…{text[-end:]}"


def shell_word(text: str) -> str:
    """One word of a command that can be copied: quoted as a shell reads it back, and `visible`."""
    if "\n" not in text and visible(text) == text:
        return shlex.quote(text)
    marked = text.replace("\\", r"\\").replace("'", r"\'").replace("\n", r"\n")
    return f"$'{visible(marked)}'"


def json_text(value: Any) -> str:
    """A value as JSON over several lines, other letters as they are, hidden characters escaped.

    What reads it gets exactly the value.
    """
    written = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    return _UNUSUAL.sub(
        lambda found: json.dumps(found[0])[1:-1] if _hidden(found[0]) else found[0], written
    )


@lru_cache(maxsize=4096)
def _escaped(one: str) -> str:
    if not _hidden(one):
        return one
    return f"\\u{ord(one):04x}" if ord(one) <= 0xFFFF else f"\\U{ord(one):08x}"


def _hidden(one: str) -> bool:
    return unicodedata.category(one) in _CATEGORIES or _IGNORABLE.match(one) is not None
