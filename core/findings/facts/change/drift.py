"""A drift beyond what was signed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from core.findings.facts.base import Facts
from core.governance.stops import Alarmed, DriftedPart
from core.text.figures import e_words


@dataclass(frozen=True)
class Drifted(Facts):
    """A validation under watch that was alarmed.

    Attributes:
        since: the day of its signature.
        alarm: the alarm; None: there is none now, and one that was holds it suspended.
        held: that one; None: the act of then holds words only.
        said: these.
        gap: the whole as it is now, where there is no alarm.
    """

    since: date
    alarm: Alarmed | None = None
    held: Alarmed | None = None
    said: str = ""
    gap: DriftedPart | None = None
    FIX: ClassVar[str] = (
        "See on Drift since when and in which cases; fix it, then have new evidence on recent "
        "claims signed."
    )

    def text(self, version: str) -> str:
        if self.alarm is not None:
            return f"{version}: Since it was signed on {self.since}: {self.alarm.words}"
        return f"{version}: {self.said if self.held is None else self.held.reason}"

    def numbers(self) -> dict[str, str]:
        worst = self.gap if self.alarm is None else self.alarm.parts[0]
        found = {"since": f"{self.since}"}
        if self.alarm is not None:
            found["week"] = self.alarm.week
        if worst is None:
            return found
        found |= {
            "claims": str(worst.n),
            "inputs": str(worst.n_inputs),
            "cohorts": str(worst.cohorts),
            "evidence": e_words(worst.e_value),
            "needed": e_words(worst.needed),
        }
        if worst.pattern is not None:
            pattern = worst.pattern
            found |= {"shape": f"{pattern.estimate:.4f}", "where_off": pattern.at.words}
        elif worst.cohorts:
            found[worst.what] = f"{worst.estimate:.4f}"
        if self.alarm is not None and worst.changed is not None:
            changed = worst.changed
            found |= {
                "changed": changed.week,
                "before": f"{changed.before:.4f}",
                "after": f"{changed.after:.4f}",
            }
        return found
