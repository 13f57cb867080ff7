"""What acts by itself, and cannot show that it may."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from core.findings.facts.base import Facts
from core.registry.proof_rules import ABOVE_THE_CUT


@dataclass(frozen=True)
class UnprovenCut(Facts):
    """An entry from before what acts by itself had to be bounded by itself.

    Attributes:
        stakes: of the entry.
        missing: the criteria it lacks, keys of `ABOVE_THE_CUT`.
        by_hand: the cuts that no threshold run proves.
    """

    stakes: str
    missing: tuple[str, ...]
    by_hand: tuple[str, ...] = ()
    FIX: ClassVar[str] = (
        "Add to its registry entry the criteria, with your own bounds, and the threshold run; then "
        "submit new evidence. Until then nothing new is signed; what was signed goes on until it "
        "expires."
    )

    def text(self, version: str) -> str:
        said = f"At {self.stakes} stakes it lets cases act by themselves"
        bounds = " and ".join(ABOVE_THE_CUT[one] for one in self.missing)
        if bounds:
            said += f", and no criterion says {bounds}"
        if self.by_hand:
            cuts = " and ".join(self.by_hand)
            said += f"; {cuts} {'was' if len(self.by_hand) == 1 else 'were'} chosen by hand"
        return f"{said}."

    def numbers(self) -> dict[str, str]:
        return {
            "stakes": self.stakes,
            "missing": ", ".join(self.missing),
            "by_hand": ", ".join(self.by_hand),
        }
