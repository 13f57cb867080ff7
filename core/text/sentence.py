"""How a sentence begins and ends."""

from __future__ import annotations


def capital(words: str) -> str:
    """With its first letter large; "" stays so."""
    return f"{words[:1].upper()}{words[1:]}"


def ended(words: str) -> str:
    """With a full stop, where nothing else ends it."""
    return words if words.endswith((".", "!", "?")) else f"{words}."
