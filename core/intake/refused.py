"""What is wrong with a row that was sent, and what stands where one could not be read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from core.ingest.checks.row_checks import SHOWN


@dataclass(frozen=True)
class Fault:
    """What is wrong with a row.

    Attributes:
        field: the field at fault; "row" where it is no record at all.
        value: what was given, shortened; None: nothing.
        reason: what is wrong.
        fix: what to do about it.
    """

    field: str
    value: str | None
    reason: str
    fix: str


class Unfit(Exception):  # noqa: N818 (reads as what is the matter)
    """A row that cannot even be kept."""

    def __init__(self, field: str, value: object, reason: str, fix: str) -> None:
        super().__init__(reason)
        self.fault = Fault(field, shown(value), reason, fix)


@dataclass(frozen=True)
class NotRead:
    """What stands where a row should, and is no JSON."""

    reason: str


class OffScale(str):
    """A confidence that no scale makes a share: text, which no import takes for a number."""

    reason: str
    fix: str

    def __new__(cls, text: str, reason: str, fix: str) -> OffScale:
        """Such a text, with what is wrong and what to do about it."""
        made = super().__new__(cls, text)
        made.reason, made.fix = reason, fix
        return made


def shown(value: object) -> str | None:
    """A value in an answer: short, and text that can be sent."""
    if value is None:
        return None
    if isinstance(value, str):
        text = value
    elif isinstance(value, (bool, int, float)):
        text = json.dumps(value)
    else:
        text = f"{'an object' if isinstance(value, Mapping) else 'a list'}"
    text = text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
