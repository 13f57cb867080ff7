"""What was not watched: standing checks that did not run, and one that could not look."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from core.findings.facts.base import Facts
from core.text.figures import counted

#: What stood in the way is told so far.
_MOST = 160


@dataclass(frozen=True)
class RunsMissed(Facts):
    """Daily runs that did not happen.

    Attributes:
        missed: how many, of the days that are looked at.
        days: how many days these are.
        since, until: the last run before the longest stretch without one, and the run that ended
            it.
        claims: production claims made meanwhile, of the signals whose monitoring one answers for.
        signals: the signals that made them.
    """

    missed: int
    days: int
    since: datetime
    until: datetime
    claims: int
    signals: int
    FIX: ClassVar[str] = (
        "See why nothing ran (calledger doctor, the server's log, the cron job), and answer here "
        "what was done. What it missed is caught up; it is over after a week of daily runs."
    )

    def text(self, version: str) -> str:
        return (
            f"{counted(self.missed, 'daily run')} of the last {self.days} did not happen; nobody "
            f"looked from {self.since:%Y-%m-%d %H:%M} to {self.until:%Y-%m-%d %H:%M} UTC, while "
            f"{counted(self.signals, 'signal')} made {counted(self.claims, 'claim')}."
        )

    def numbers(self) -> dict[str, str]:
        return {
            "missed": str(self.missed),
            "since": f"{self.since:%Y-%m-%d %H:%M}",
            "until": f"{self.until:%Y-%m-%d %H:%M}",
            "claims": str(self.claims),
            "signals": str(self.signals),
        }


@dataclass(frozen=True)
class CheckFailed(Facts):
    """A check that stopped on a signal's claims.

    Attributes:
        check: what it looks for, in words.
        error: what it said, without what may be private.
    """

    check: str
    error: str
    FIX: ClassVar[str] = (
        "The other checks ran, and what this one found before still stands. Report it with the "
        "server's log; it is tried again at the next run."
    )

    def text(self, version: str) -> str:
        return (
            f"The check for “{self.check}” stopped and could not look: {self.error[:_MOST]}. "
            "Whether that is wrong here is not known."
        )

    def numbers(self) -> dict[str, str]:
        return {"check": self.check, "error": self.error[:_MOST]}
