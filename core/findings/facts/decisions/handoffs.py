"""People who are asked and do not look; cases that nobody takes up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import ClassVar

from core.defaults import CAUGHT_LEAST
from core.findings.facts.base import Facts
from core.text.figures import counted, percent


@dataclass(frozen=True)
class RubberStamp(Facts):
    """A reviewer whom wrong answers pass.

    Attributes:
        reviewer: an opaque id.
        since, until: the first day of the decisions, and the first after them.
        decisions: of which it is known whether they are the model's answer.
        overridden: decisions that are not the model's answer.
        wrong: decisions on answers that turned out wrong.
        caught: overridden ones among these.
    """

    reviewer: str
    since: date
    until: date
    decisions: int
    overridden: int
    wrong: int
    caught: int
    FIX: ClassVar[str] = (
        "Ask first what stands in the way: too many cases, too little time, or an answer shown "
        "before the case. Then have a sample of them decided again by somebody else."
    )

    def text(self, version: str) -> str:
        return (
            f"{self.reviewer} let {self.wrong - self.caught:,} of "
            f"{counted(self.wrong, 'wrong answer')} pass ({self.caught:,} overridden), and "
            f"overrode {self.overridden:,} of {counted(self.decisions, 'decision')} in all, up to "
            f"{self.until - timedelta(days=1)}. Beyond chance, fewer than {percent(CAUGHT_LEAST)} "
            "of wrong answers are overridden."
        )

    def numbers(self) -> dict[str, str]:
        # Not the counts, which every label changes: the finding is revised once a week.
        return {
            "reviewer": self.reviewer,
            "first": f"{self.since}",
            "last": f"{self.until - timedelta(days=1)}",
        }


@dataclass(frozen=True)
class HandOffsOverdue(Facts):
    """Cases that were handed over and are past their time.

    Attributes:
        cases: how many.
        untaken: those that nobody has.
        event: the first one due.
        queue: its queue; None: it names none.
        due: when it was.
    """

    cases: int
    untaken: int
    event: str
    queue: str | None
    due: datetime
    FIX: ClassVar[str] = (
        "Have them taken up and decided, or register a queue and hours that people can keep."
    )

    def text(self, version: str) -> str:
        where = "" if self.queue is None else f" in {self.queue}"
        are = "is" if self.cases == 1 else "are"
        nobody = f"{self.untaken:,} of them nobody has" if self.cases > 1 else (
            "nobody has it" if self.untaken else "somebody has it"
        )  # fmt: skip
        return (
            f"{counted(self.cases, 'case')} that went to people {are} overdue: {nobody}. The "
            f"first, event {self.event}{where}, was due {self.due:%Y-%m-%d %H:%M} UTC."
        )

    def numbers(self) -> dict[str, str]:
        return {"about": str(_about(self.cases)), "first_due": self.event}


def _about(n: int) -> int:
    """A number rounded down to 1, 2 or 5 and noughts: one case more or less is the same finding."""
    size = int(10 ** (len(str(n)) - 1))
    return next(step * size for step in (5, 2, 1) if step * size <= n)
