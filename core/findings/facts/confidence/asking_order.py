"""A confidence that is not asked for in the order that its claims say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from core.findings.facts.base import Facts
from core.text.figures import counted


@dataclass(frozen=True)
class OrderContradicted(Facts):
    """The times of answer and confidence speak against the order that is logged.

    Attributes:
        method: the elicitation; None: not stated.
        order: what is logged, before or after.
        n: claims with both times.
        against: those whose times say the opposite.
        low: at least so large is the share of these.
        event: one of them.
    """

    method: str | None
    order: str
    n: int
    against: int
    low: float
    event: str
    FIX: ClassVar[str] = (
        "Ask in the order that is meant, or log the order as it is; until then read this "
        "confidence as one asked for after the answer, which may anchor it."
    )

    def text(self, version: str) -> str:
        how = "" if self.method is None else f" by {self.method}"
        is_so = "after" if self.order == "before" else "before"
        return (
            f"Logged as asked {self.order} the answer{how}, and stated {is_so} it by the times of "
            f"{self.against:,} of {counted(self.n, 'claim')} "
            f"({self.against / self.n * 100:.0f}%, at least {self.low * 100:.0f}%). For one: event "
            f"{self.event}."
        )

    def numbers(self) -> dict[str, str]:
        return {"against": str(self.against), "low": f"{self.low:.4f}", "timed": str(self.n)}
