"""Confidence that the answer pulls up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from core.findings.facts.base import Facts


@dataclass(frozen=True)
class Anchored(Facts):
    """One method asked after the answer, held against itself asked before it.

    Attributes:
        of: the signal that asks before; None: the same.
        prompt: of what asks after; None: not told apart.
        by_input: whether inputs are shared, or else events.
        n: how many.
        shift, low, high: by how much more it states, after − before, with the interval.
        tolerance: what is accepted.
        accuracy: the difference of the accuracy likewise, over ``n_accuracy``.
    """

    of: str | None
    prompt: str | None
    by_input: bool
    n: int
    shift: float
    low: float
    high: float
    tolerance: float
    accuracy: float
    n_accuracy: int
    FIX: ClassVar[str] = (
        "Ask for the confidence before the answer or independently of it; the version that asks "
        "after it needs a validation of its own."
    )

    def text(self, version: str) -> str:
        prompt = f" (prompt {self.prompt})" if self.prompt else ""
        of = "" if self.of is None else f" of {self.of}"
        return (
            f"Asked after the answer{prompt}, it states {self.shift * 100:.1f} points more than "
            f"before it{of}, on the same {self.n:,} {'inputs' if self.by_input else 'events'} "
            f"({self.low * 100:.1f} to {self.high * 100:.1f}; ±{self.tolerance * 100:.6g} "
            f"accepted), and is right as often: the accuracy differs by "
            f"{abs(self.accuracy) * 100:.1f} points (n {self.n_accuracy:,})."
        )

    def numbers(self) -> dict[str, str]:
        return {
            "accuracy_difference": f"{self.accuracy + 0.0:.4f}",
            "confidence_difference": f"{self.shift:.4f}",
            "high": f"{self.high:.4f}",
            "low": f"{self.low:.4f}",
            "pairs": str(self.n),
        }
