"""Text as it was logged, safe to put where Streamlit or a report's reader reads Markdown.

Escapes alone do not do: emoji, icons, bare addresses and arrows are looked for in what is left
after Markdown was read, escapes taken off. Only code is left alone by all of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pandas as pd
from pandas.api.types import is_datetime64_any_dtype, is_numeric_dtype

from core.text.shown import one_line, visible

#: What Markdown reads as markup, and a colon, which begins one of Streamlit's directives.
_MARKUP = r"[\\`*_{}\[\]<>#!|~$&]|:(?=[^\s\d])"
#: What becomes a link, a picture or another sign in a finished text: addresses of the web and of
#: mail, ``:emoji:``, which a time's ``:18:`` is not, ``:material/…:``, arrows and the like.
_LIVE = (
    r"(?:(?:https?://|www\.)[^\s`|]+|[-.\w+]+@[-\w]+(?:\.[-\w]+)+|:(?!\d\d:)[\w+-]+:"
    r"|:material(?=/)|(?<!\S)(?:<?->|<-|--|[<>~]=)(?!\S))+"
)
_EITHER = re.compile(f"({_LIVE})|(?:{_MARKUP})", re.IGNORECASE)
#: What makes a list of a text that begins with it.
_ITEM = re.compile(r"^( ?\d*)([-+.)])(?= |$)")


def verbatim(text: str) -> str:
    """Logged text as inline code, so that nothing in it is a link, a picture or a formula.

    Line breaks, which would end the piece of code, show as ``⏎``.
    """
    shown = visible(re.sub(r"\r\n|\r|\n", " ⏎ ", text).replace("\t", " ")).strip() or " "
    # Streamlit rewrites ":material/" before anything is read, in code too: its slash stays outside.
    return r"\/".join(_code(piece) for piece in re.split(r"(?<=:material)/", shown) if piece)


def plain(text: str) -> str:
    """A sentence of ours that may hold logged names, so that none of it is read as Markdown."""
    line = one_line(text)
    marked = _EITHER.sub(lambda found: _code(found[1]) if found[1] else f"\\{found[0]}", line)
    return _ITEM.sub(r"\1\\\2", marked)


def _code(text: str) -> str:
    fence = "`" * (max(map(len, re.findall(r"`+", text)), default=0) + 1)
    pad = " " if text[0] == "`" or text[-1] == "`" else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def cells(frame: pd.DataFrame, of: Callable[[str], str] = visible) -> pd.DataFrame:
    """A table as people may see it: its texts, those in lists too, as ``of`` shows them.

    Args:
        frame: the table; columns of numbers and times stay as they are.
        of: `visible` for a data frame; `plain` or `verbatim` for a table, whose cells are Markdown.
    """
    shown = {
        name: frame[name]
        if is_numeric_dtype(frame[name]) or is_datetime64_any_dtype(frame[name])
        else frame[name].map(lambda cell: _cell(cell, of))
        for name in frame.columns
    }
    return pd.DataFrame(shown, index=frame.index)


def _cell(value: Any, of: Callable[[str], str]) -> Any:
    if isinstance(value, list):
        return [_cell(one, of) for one in value]
    return of(value) if isinstance(value, str) else value
