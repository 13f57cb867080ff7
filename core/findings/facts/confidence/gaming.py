"""Metrics that are gamed or collapse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from core.findings.facts.base import Facts

PairKind = Literal["prompt", "model", "weeks"]


@dataclass(frozen=True)
class GamedSide:
    """One of two groups of claims.

    Attributes:
        name: the version, or the days of the weeks.
        n: labelled claims.
        ece, auroc: None without any, or where every one of them is right, or wrong.
        narrowest, widest: between which 90 % of what it states lies.
    """

    name: str
    n: int
    ece: float | None
    auroc: float | None
    narrowest: float
    widest: float

    @property
    def width(self) -> float:
        """Of what it states."""
        return self.widest - self.narrowest


@dataclass(frozen=True)
class Gamed(Facts):
    """Two groups of claims of which the later looks better and is worse.

    Attributes:
        kind: what tells the two apart.
        traded: by how much AUROC changed, (low, high), where ECE fell and AUROC with it; None:
            that is not shown.
        narrowed: whether the stated confidences shrank into a band.
        p_traded, p_narrowed: of each, before the correction over ``comparisons``.
    """

    kind: PairKind
    before: GamedSide
    after: GamedSide
    traded: tuple[float, float] | None
    narrowed: bool
    p_traded: float
    p_narrowed: float
    comparisons: int
    FIX: ClassVar[str] = (
        "Judge it by AUROC or DSC as well as by calibration; revert the change, or show that its "
        "cases really became alike."
    )

    def text(self, version: str) -> str:
        meaning = (
            "It says nearly the same for every case."
            if self.traded is None
            else "It looks better calibrated because it separates right from wrong less well."
        )
        return f"{self.moved} {meaning}"

    @property
    def moved(self) -> str:
        """What was found, in a sentence or two."""
        old, new = self.before, self.after
        parts = []
        if self.traded is not None:
            low, high = self.traded
            parts.append(
                f"ECE fell from {old.ece:.3f} to {new.ece:.3f} while AUROC fell from "
                f"{old.auroc:.2f} to {new.auroc:.2f} (by {-high:.2f} to {-low:.2f}; n {old.n:,} "
                f"and {new.n:,})"
            )
        if self.narrowed:
            parts.append(
                f"90% of what it states lies within {new.width * 100:.0f} points "
                f"({new.narrowest * 100:.0f}–{new.widest * 100:.0f}%), where it was "
                f"{old.width * 100:.0f} ({old.narrowest * 100:.0f}–{old.widest * 100:.0f}%)"
            )
        before, after = self._names
        return f"From {before} to {after}: {'; and '.join(parts)}."

    @property
    def _names(self) -> tuple[str, str]:
        """What the two are called: ``prompt rubric-2``."""
        kind = "" if self.kind == "weeks" else f"{self.kind} "
        return f"{kind}{self.before.name}", f"{kind}{self.after.name}"

    def numbers(self) -> dict[str, str]:
        before, after = self._names
        found = {
            "after": after,
            "before": before,
            "comparisons": str(self.comparisons),
            "p_narrowed": f"{self.p_narrowed:.6f}",
            "p_traded": f"{self.p_traded:.6f}",
            "width_after": f"{self.after.width:.4f}",
            "width_before": f"{self.before.width:.4f}",
        }
        for name, side in (("before", self.before), ("after", self.after)):
            if side.ece is not None and side.auroc is not None:
                found |= {f"ece_{name}": f"{side.ece:.4f}", f"auroc_{name}": f"{side.auroc:.4f}"}
        return found
