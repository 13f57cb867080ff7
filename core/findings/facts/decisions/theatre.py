"""Confidence that changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar, Literal

from core.findings.facts.base import Facts


@dataclass(frozen=True)
class AlwaysTheSame(Facts):
    """One action, whatever was stated.

    Attributes:
        action: which.
        basis: whether the actions were logged, or are those of the rules in force.
        decisions: how many.
        since: the first day.
        would: what the rules would do instead, where actions were logged, with how many claims.
        gate_open: whether a fingerprint in use may act.
    """

    action: str
    basis: Literal["logged", "rules"]
    decisions: int
    since: date
    would: tuple[tuple[str, int], ...] = ()
    gate_open: bool = False
    FIX: ClassVar[str] = (
        "Validate it and let it decide, move its thresholds to where cases differ, or retire it "
        "and save its cost."
    )

    def text(self, version: str) -> str:
        source = "as logged" if self.basis == "logged" else "by the rules in force"
        text = (
            f"All {self.decisions:,} decisions since {self.since} are {self.action} ({source}): "
            "the confidence changed none of them. Why does this signal exist?"
        )
        if self.would:
            would = " and ".join(f"{one} {n:,}" for one, n in self.would)
            text += f" If it were allowed to act, its rules would {would} of them."
            if not self.gate_open:
                text += " None of its fingerprints in use may act, so the fallback decides."
        return text

    def numbers(self) -> dict[str, str]:
        found = {
            "action": self.action,
            "basis": self.basis,
            "decisions": str(self.decisions),
            "since": f"{self.since}",
        }
        if self.would:
            found |= {f"would_{one}": str(n) for one, n in self.would}
            found["gate"] = "open" if self.gate_open else "closed"
        return found
