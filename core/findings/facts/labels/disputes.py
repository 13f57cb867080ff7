"""Labels that contradict each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from core.findings.facts.base import Facts
from core.text.figures import counted


@dataclass(frozen=True)
class LabelsContradict(Facts):
    """Claims of a signal whose labels contradict each other, unanswered.

    Attributes:
        conflicts: claims with two labels of one source at the same instant.
        contradictions: claims with a label that one of a better rank, no newer, keeps out.
        event: one of them.
    """

    conflicts: int
    contradictions: int
    event: str
    FIX: ClassVar[str] = (
        "Look at each (Labels): have the better source label it once more, or withdraw the label "
        "that is wrong."
    )

    def text(self, version: str) -> str:
        parts = []
        if self.conflicts:
            have = "has" if self.conflicts == 1 else "have"
            parts.append(
                f"{counted(self.conflicts, 'claim')} {have} two labels of one source that say "
                "different things at the same instant: unlabelled until one is confirmed."
            )
        if self.contradictions:
            have = "has" if self.contradictions == 1 else "have"
            parts.append(
                f"{counted(self.contradictions, 'claim')} {have} a label that contradicts an "
                "earlier one of a source that ranks before its own: the earlier one stays in force."
            )
        return f"{' '.join(parts)} For one: event {self.event}."

    def numbers(self) -> dict[str, str]:
        return {"conflicts": str(self.conflicts), "contradictions": str(self.contradictions)}
