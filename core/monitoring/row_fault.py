"""Why a row of a file, or of what a program sent, cannot be used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class RowFault:
    """What is wrong with a row that was not taken.

    Attributes:
        row: 1 is the first, below a header.
        field: what is wrong.
        value: as it stands there.
        reason: why.
        mend: what to do.
    """

    row: int
    field: str
    value: str
    reason: str
    mend: str

    @property
    def words(self) -> str:
        """All of it in a sentence."""
        value = f" {self.value!r}" if self.value else ""
        return f"Row {self.row}, {self.field}{value}: {self.reason}; {self.mend}."

    def as_json(self) -> dict[str, Any]:
        """As HTTP answers it; rows are counted from 0 there."""
        return {
            "index": self.row - 1,
            "field": self.field,
            "value": self.value,
            "reason": self.reason,
            "fix": self.mend,
        }
