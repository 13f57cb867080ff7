"""A model that changed behind its name, and rounds that would have told and were not asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from core.findings.facts.base import Facts
from core.governance.stops import CanaryAlarm
from core.text.figures import counted, e_words


@dataclass(frozen=True)
class ChangedBehindName(Facts):
    """Kept inputs that are answered otherwise than before, under the same name.

    Attributes:
        alarm: what moved, and how sure that is.
        closes: whether the registry entry suspends the validation for it.
        may_act: whether the gate is open for this version.
    """

    alarm: CanaryAlarm
    closes: bool
    may_act: bool
    FIX: ClassVar[str] = (
        "Ask whoever runs the model what changed. Log it under a version of its own, and have new "
        "evidence on claims since then signed; the first round after the signature begins a new "
        "reference."
    )

    def text(self, version: str) -> str:
        if self.may_act:
            gate = "The gate is open for it."
        elif self.closes:
            gate = "The registry entry closes the gate for it until new evidence is signed."
        else:
            gate = "It may not act."
        return (
            f"{version} is no longer the model it was, though its name is the same. "
            f"{self.alarm.words} Kept inputs never change, so it is the model, its prompt or its "
            f"settings, and not what comes in. {gate}"
        )

    def numbers(self) -> dict[str, str]:
        one = self.alarm
        found = {
            "evidence": e_words(one.e_value),
            "needed": "20",
            "round": one.round,
            "rounds_after": str(one.rounds_after),
            "rounds_before": str(one.rounds_before),
            "since": one.since,
        }
        if one.before is not None and one.after is not None:
            found |= {
                "after": f"{one.after:.4f}",
                "before": f"{one.before:.4f}",
                "inputs": str(one.n_inputs),
            }
        if one.other_own is not None and one.other_now is not None:
            found |= {
                "answered": str(one.n_answered),
                "other_answers": f"{one.other_now:.4f}",
                "other_by_itself": f"{one.other_own:.4f}",
            }
        return found


@dataclass(frozen=True)
class CanaryMissed(Facts):
    """Rounds that the registry entry asks for and nobody recorded.

    Attributes:
        every_days: days between two rounds.
        due: the day the first of them was due.
        missed: how many.
        inputs: kept inputs; 0: none are kept.
        last: the day of the last round; None: there was none.
    """

    every_days: int
    due: date
    missed: int
    inputs: int
    last: date | None

    def text(self, version: str) -> str:
        every = "every day" if self.every_days == 1 else f"every {self.every_days} days"
        if not self.inputs:
            return (
                f"The registry entry asks for kept inputs to be asked {every}, and none are kept: "
                "a model that changes behind its name is not seen."
            )
        asked = "they were never asked" if self.last is None else f"the last one was on {self.last}"
        of = f" of {version}" if version else ""
        return (
            f"{counted(self.inputs, 'kept input')} should be asked{of} {every}; {asked}, and "
            f"{counted(self.missed, 'round')} since {self.due} "
            f"{'was' if self.missed == 1 else 'were'} missed. A model that changes behind its name "
            "is not seen meanwhile."
        )

    def fix(self) -> str:
        if not self.inputs:
            return "Keep at least 50 inputs: calledger canary keep."
        return "See why the job that asks them did not run, and ask them now: calledger canary ask."

    def numbers(self) -> dict[str, str]:
        return {
            "due": f"{self.due}",
            "every_days": str(self.every_days),
            "inputs": str(self.inputs),
            "last": "" if self.last is None else f"{self.last}",
        }
