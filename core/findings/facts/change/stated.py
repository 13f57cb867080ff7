"""Stated confidence that shifted under one version, and what that may be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from core.findings.facts.base import Facts
from core.findings.facts.change.inputs import InputsDrifted, ShareMoved
from core.text.figures import counted, percent, segment

#: What kept inputs say of the same days.
CanarySays = Literal["none", "not asked", "unchanged", "changed"]


@dataclass(frozen=True)
class CasesMoved:
    """A segment dimension whose mix moved on the same days."""

    dimension: str
    most: ShareMoved

    @property
    def words(self) -> str:
        """``language=de went from 30% to 60%``."""
        name = segment(self.dimension, self.most.value)
        return f"{name} went from {percent(self.most.before)} to {percent(self.most.after)}"


@dataclass(frozen=True)
class StatedShifted(Facts):
    """What one version states is not what it stated before.

    Attributes:
        drift: how far it moved, and what that does to calibration.
        high: the share of more than 0.9.
        newest: whether it is a look at the newest days; else at whole weeks.
        cases: the segment dimensions that moved on the same days.
        dimensions: how many were looked at.
        canary: what kept inputs say of these days.
        kept: how many they are.
    """

    drift: InputsDrifted
    high: ShareMoved
    newest: bool
    cases: tuple[CasesMoved, ...]
    dimensions: int
    canary: CanarySays
    kept: int = 0

    def text(self, version: str) -> str:
        return f"{self.drift.what} {self._may_be} {self.drift.calibration}"

    @property
    def _may_be(self) -> str:
        """What is behind it, as far as anything tells."""
        kept = counted(self.kept, "kept input")
        if self.canary == "changed":
            return f"The model changed: {kept}, asked again, are answered otherwise too."
        if self.canary == "unchanged":
            return (
                f"The model is the same: {kept}, asked again since, are answered as before. So "
                "other cases come in."
            )
        another = "another model, prompt or settings behind the same version"
        if self.cases:
            moved = " and ".join(one.words for one in self.cases)
            said = f"On the same days {moved}: it may be other cases, or {another}."
        elif self.dimensions:
            said = (
                f"None of {counted(self.dimensions, 'segment dimension')} moved with it: it is "
                f"rather {another} than other cases, unless these differ in what no dimension "
                "tells."
            )
        else:
            said = f"It may be {another}, or other cases: no segment is logged that could tell."
        told = "were not asked since" if self.canary == "not asked" else "would tell which"
        what = f"{kept} {told}" if self.kept else f"Kept inputs that are asked again {told}"
        return f"{said} {what}."

    def fix(self) -> str:
        day = self.drift.after.of.first
        if self.canary == "unchanged":
            return self.drift.fix()
        if self.canary == "changed":
            return "Respond to the finding on the model; see on Drift what is stated now."
        ask = "calledger canary ask" if self.kept else "calledger canary keep"
        return (
            f"Ask whoever runs the model what changed about {day}. To tell a changed model from "
            f"changed cases: {ask}."
        )

    def numbers(self) -> dict[str, str]:
        found = {
            "canary": self.canary,
            "cases_moved": ", ".join(one.dimension for one in self.cases),
        }
        if self.newest:
            # A look at days is another one each day: in tenths it is no news until it is some.
            return found | {
                "high_after": f"{self.high.after:.1f}",
                "high_before": f"{self.high.before:.1f}",
                "reference": "days",
            }
        return found | self.drift.numbers()
