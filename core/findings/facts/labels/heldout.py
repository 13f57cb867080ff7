"""A held-out set that was judged on so often that hardly any evidence can rest on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from core.findings.facts.base import Facts
from core.text.figures import counted


@dataclass(frozen=True)
class Looked:
    """How many acts judged on a held-out set, and what they judged: ``evidence``."""

    what: str
    n: int


@dataclass(frozen=True)
class HeldoutWorn(Facts):
    """How often a version's heldout inputs were judged on, of how many times they may be.

    Attributes:
        inputs: its heldout inputs.
        before: how often one of them was judged on, on average.
        budget: how often it may be.
        looks: by what.
    """

    inputs: int
    before: float
    budget: int
    looks: tuple[Looked, ...]
    FIX: ClassVar[str] = (
        "Bring in heldout claims on inputs that were not judged on, before the next evidence."
    )

    @property
    def spent(self) -> bool:
        """Whether no further evidence can rest on it."""
        return self.before + 1 > self.budget + 1e-9

    def text(self, version: str) -> str:
        times = f"{self.before:.1f}".removesuffix(".0")
        by = ", ".join(f"{one.n:,} × {one.what}" for one in self.looks)
        left = "no further evidence" if self.spent else "one more evidence"
        return (
            f"The {counted(self.inputs, 'heldout input')} of {version} were judged on {times} of "
            f"{counted(self.budget, 'time')} ({by}): {left} can rest on them. Whatever is tried on "
            "the same claims again and again passes in the end by chance."
        )

    def numbers(self) -> dict[str, str]:
        return {
            "inputs": str(self.inputs),
            "judged": f"{self.before:.2f}",
            "budget": str(self.budget),
        }
