"""Text as it was logged, safe to put where Streamlit reads Markdown."""

from __future__ import annotations

import re


def verbatim(text: str) -> str:
    """Logged text as inline code, so that nothing in it is a link, a picture or a formula.

    Line breaks, which would end the piece of code, show as ``⏎``.
    """
    shown = re.sub(r"\r\n|\r|\n", " ⏎ ", text).replace("\t", " ").strip() or " "
    fence = "`" * (max(map(len, re.findall(r"`+", shown)), default=0) + 1)
    pad = " " if shown[0] == "`" or shown[-1] == "`" else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def heading(name: str) -> str:
    """The name of a column: as it is, and `verbatim` where it holds more than words."""
    return name if re.fullmatch(r"\w[\w .-]*", name) else verbatim(name)


def plain(text: str) -> str:
    """A sentence of ours that may hold logged names, so that none of it is read as Markdown."""
    return re.sub(r"([\\`*_{}\[\]<>#!|~$])", r"\\\1", text.replace("\n", " "))
