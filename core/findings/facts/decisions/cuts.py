"""What acts by itself, and cannot show that it may, or no longer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
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


@dataclass(frozen=True)
class CutOlder(Facts):
    """A version acts by a cut that was chosen before it came, which its evidence does not bound.

    Attributes:
        cuts: which, in words.
        run: SHA-256 of the run that chose the first of them.
        of: the day it was recorded.
        chosen_on: whose claims it saw, in words.
    """

    cuts: tuple[str, ...]
    run: str
    of: date
    chosen_on: str
    FIX: ClassVar[str] = (
        "Choose the threshold anew on claims of this version and name that run in the registry "
        "entry, or bound it there by automated_error and submit new evidence."
    )

    def text(self, version: str) -> str:
        were = "was" if len(self.cuts) == 1 else "were"
        return (
            f"{version} is validated and acts by itself from {' and '.join(self.cuts)} on, which "
            f"{were} chosen on {self.of} on claims of {self.chosen_on}, and of none of its own; no "
            "criterion of its evidence says how often what acts by itself may be wrong."
        )

    def numbers(self) -> dict[str, str]:
        return {"cut": ", ".join(self.cuts), "chosen": self.of.isoformat()}


@dataclass(frozen=True)
class PromiseBroken(Facts):
    """More are wrong above a cut than its threshold run proved.

    Attributes:
        cut: which, in words.
        run: SHA-256 of the run.
        of: the day it was recorded.
        risk_ppm: the share of wrong ones that it accepted.
        errors, n: wrong and labelled claims at the cut or above since then.
        level_ppm: with which probability it holds; 0: an act of before does not say.
    """

    cut: str
    run: str
    of: date
    risk_ppm: int
    errors: int
    n: int
    level_ppm: int = 0
    FIX: ClassVar[str] = (
        "Choose the threshold anew on claims of this version, for every look, and record the run; "
        "until then send these cases to people."
    )

    def text(self, version: str) -> str:
        return (
            f"{version}: at {self.cut} and above {self.errors:,} of {self.n:,} were wrong since "
            f"{self.of}, {self.errors / self.n:.1%}; the threshold run of that day proved at most "
            f"{self.risk_ppm / 10_000:.6g}%."
        )

    def numbers(self) -> dict[str, str]:
        found = {
            "cut": self.cut,
            "errors": str(self.errors),
            "n": str(self.n),
            "accepted": f"{self.risk_ppm / 10_000:.6g}%",
        }
        sure = {"confidence": f"{self.level_ppm / 10_000:.6g}%"} if self.level_ppm else {}
        return found | sure
