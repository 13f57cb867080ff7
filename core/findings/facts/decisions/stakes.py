"""A signal that does more than its stakes were written for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from core.findings.facts.base import Facts
from core.text.figures import counted


@dataclass(frozen=True)
class StakesTooLow(Facts):
    """What acted by itself where little or nothing was to be checked.

    Attributes:
        stakes: as written: low, or log-only.
        automated: claims that were automated.
        since: the first day looked at.
        a_week: automated claims a week, rounded.
        allowed: a week, from which on it is much.
        errors_cost: what their errors cost at the least; None: not shown to be more than reviews.
        review_cost: what reviewing them would have cost.
        unit: of both.
    """

    stakes: str
    automated: int
    since: date
    a_week: int = 0
    allowed: int = 0
    errors_cost: int | None = None
    review_cost: int = 0
    unit: str = ""
    FIX: ClassVar[str] = (
        "Write higher stakes in the registry, so that evidence and a second person stand before "
        "it, or have people take these cases."
    )

    def text(self, version: str) -> str:
        were = "was" if self.automated == 1 else "were"
        acted = f"{counted(self.automated, 'claim')} {were} automated since {self.since}"
        if self.stakes == "log-only":
            return f"{acted}, though its entry says log-only: its confidence is to decide nothing."
        said = []
        if self.a_week >= self.allowed:
            said.append(
                f"{acted}, {self.a_week:,} a week, on stakes written as {self.stakes}: from "
                f"{self.allowed:,} a week on somebody else should look before it may act."
            )
        if self.errors_cost is not None:
            head = "Their" if said else f"{acted}. Their"
            said.append(
                f"{head} errors cost {self.errors_cost:,} {self.unit} at the least, and reviewing "
                f"all of them would have cost {self.review_cost:,}, by its own declared costs."
            )
        return " ".join(said)

    def numbers(self) -> dict[str, str]:
        found = {"stakes": self.stakes, "automated": str(self.automated), "since": f"{self.since}"}
        if self.stakes != "log-only":
            found["a_week"] = str(self.a_week)
        if self.errors_cost is not None:
            found |= {
                "errors_cost": str(self.errors_cost),
                "review_cost": str(self.review_cost),
                "unit": self.unit,
            }
        return found
