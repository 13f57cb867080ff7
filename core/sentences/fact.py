"""A name and a value, as pages list them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fact:
    """A name and a value.

    Attributes:
        name: in our words, or for an attribute the file's own.
        value: as shown.
        logged: whether the value is text that came from outside, to be shown as it came.
    """

    name: str
    value: str
    logged: bool = True
