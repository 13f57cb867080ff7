"""Names and texts as SQL has them."""

from __future__ import annotations


def quoted(identifier: str) -> str:
    """An SQL identifier in double quotes, safe whatever it contains."""
    return '"' + identifier.replace('"', '""') + '"'


def literal(text: str) -> str:
    """An SQL string."""
    return "'" + text.replace("'", "''") + "'"
