"""Claims to judge on that were tuned on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from core.findings.facts.base import Facts
from core.queries.sums.validation_sample import Shared
from core.text.figures import counted
from core.validation.tuning_leakage import words


@dataclass(frozen=True)
class Leaked(Facts):
    """How many claims to judge on share an event or an input with how many tuning claims.

    Attributes:
        first: the first of those that do.
    """

    judged: int
    shared: int
    tuning: int
    first: tuple[Shared, ...]
    FIX: ClassVar[str] = (
        "Bring in heldout claims on other inputs, or submit evidence that leaves these out."
    )

    def text(self, version: str) -> str:
        return (
            f"{self.shared:,} of {counted(self.judged, 'claim')} to judge on share an event or an "
            f"input with {counted(self.tuning, 'tuning claim')} "
            f"({'; '.join(map(words, self.first))}). What is measured on them flatters the signal, "
            "and as evidence they are refused."
        )

    def numbers(self) -> dict[str, str]:
        return {
            "judged": str(self.judged),
            "shared": str(self.shared),
            "tuning": str(self.tuning),
        }
