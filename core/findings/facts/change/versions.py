"""New versions that are not shown to be as good as the one before."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import ClassVar

from core.comparison.compare import Comparison, GroupMoved
from core.comparison.words import (
    brier_moved,
    gap_moved,
    named,
    off_before_and_after,
    off_throughout,
    worse_parts,
)
from core.findings.facts.base import Facts
from core.measure.verdicts.before_after import OverallVerdict
from core.text.figures import basis, counted, within
from core.text.sentence import capital

#: As many groups are named.
NAMED = 3

_NAMES = {
    "model_version": "model",
    "prompt_version": "prompt",
    "elicitation": "way of asking",
    "elicitation_order": "order of asking",
    "params_version": "settings",
    "calibrator_version": "calibrator",
}
_VERDICTS: Mapping[OverallVerdict, str] = {
    "better": "better",
    "worse": "worse",
    "mixed": "mixed",
    "same": "the same within tolerance",
    "cannot_tell": "too few labels",
}


@dataclass(frozen=True)
class Compared:
    """What the comparison of two versions shows.

    Attributes:
        verdict: on calibration.
        whole: all claims.
        worse: the first groups that are worse beyond chance, and ``n_worse``: how many are.
        off: the first that were off and still are, and ``n_off``: how many.
        tolerance: the gap that is accepted.
        shared: inputs with a label on both sides, where only those are compared.
    """

    verdict: OverallVerdict
    whole: GroupMoved
    worse: tuple[GroupMoved, ...]
    n_worse: int
    off: tuple[GroupMoved, ...]
    n_off: int
    tolerance: float
    shared: int | None = None

    @classmethod
    def of(cls, found: Comparison) -> Compared:
        """What acts carry of a comparison."""
        worse = sorted((one for one in found.groups[1:] if one.worse), key=lambda one: -one.harm)
        groups = [one.moved for one in found.groups]
        off = off_throughout(groups)
        return cls(
            found.verdict,
            found.whole.moved,
            tuple(one.moved for one in worse[:NAMED]),
            len(worse),
            tuple(off[:NAMED]),
            len(off),
            found.tolerance,
            found.shared if found.paired else None,
        )


@dataclass(frozen=True)
class VersionChanged(Facts):
    """A new version, held against the one in use when it came.

    Attributes:
        dimension: what changed.
        before, after: the versions.
        first: the day of its first claim.
        may_act: whether the gate is open for it.
        settled: labels count of claims made before this day.
        counts_from: the Monday from which labels of its first day count.
        days: distinct days on which the labelled claims were made, before and after.
        found: the comparison; None: one side has no settled claim yet.
    """

    dimension: str
    before: str
    after: str
    first: date
    may_act: bool
    settled: date
    counts_from: date
    days: tuple[int, int]
    found: Compared | None = None
    FIX: ClassVar[str] = (
        "See Changes for both versions, segment by segment; revert it, fix it, or have evidence "
        "about it signed."
    )

    @property
    def undecided(self) -> bool:
        """Whether it cannot be told if it is as good as the one before."""
        return self.found is None or self.found.verdict == "cannot_tell"

    @property
    def regressed(self) -> bool:
        """Whether anything is worse beyond chance."""
        return self.found is not None and bool(self.found.whole.worse or self.found.n_worse)

    def text(self, version: str) -> str:
        name = _NAMES[self.dimension]
        standing = "its gate is open" if self.may_act else "its claims fall back to people"
        return (
            f"{capital(name)} {self.after}, first seen {self.first} with {self.before} in use "
            f"({standing}): {self._review}"
        )

    @property
    def _review(self) -> str:
        """The verdict and what it rests on, in a sentence or two."""
        found = self.found
        if found is None or not found.whole.gap.inputs:
            return (
                f"{_VERDICTS['cannot_tell']}, no label of it is final. The labels of its first day "
                f"count from {self.counts_from} on."
            )
        whole = found.whole
        more = whole.gap.more_labels
        verdict = _VERDICTS[found.verdict]
        if found.verdict == "cannot_tell" and whole.shape_unknown and whole.shape is not None:
            verdict += " for the shape of the errors"
            more = whole.shape.more_labels
        if found.verdict == "cannot_tell" and more:
            verdict += f", {counted(more, 'more label')}"
        worse = named(found.worse, most=NAMED, of=found.n_worse)
        told = [
            f"{verdict}. {capital(_moved(whole))}; {within(found.tolerance)} accepted.",
            f"{capital(brier_moved(whole))}." if whole.brier_worse else "",
            f"Worse on {worse}." if worse else "",
            off_before_and_after(found.off, most=NAMED, of=found.n_off),
            self._rests_on(found),
        ]
        return " ".join(part for part in told if part)

    def _rests_on(self, found: Compared) -> str:
        old, new = found.whole.before, found.whole.after
        assert old is not None
        assert new is not None
        before, after = self.days
        if found.shared is not None:
            return (
                f"On {counted(found.shared, 'input')} that both answered, settled before "
                f"{self.settled}: {counted(old.n, 'claim')} before and "
                f"{counted(new.n, 'claim')} after. All labels of either were made on "
                f"{counted(before, 'day')} before and {counted(after, 'day')} after."
            )
        return (
            f"On the same mix of cases, settled before {self.settled}: before "
            f"{basis(old.n, old.n_inputs, before)}, after {basis(new.n, new.n_inputs, after)}."
        )

    def numbers(self) -> dict[str, str]:
        found = {
            "dimension": self.dimension,
            "before": self.before,
            "after": self.after,
            "first": f"{self.first}",
            "until": f"{self.settled - timedelta(days=1)}",
            "verdict": "cannot_tell" if self.found is None else self.found.verdict,
            "gate": "open" if self.may_act else "closed",
        }
        return found if self.found is None else found | self._measured(self.found.whole)

    def _measured(self, whole: GroupMoved) -> dict[str, str]:
        found: dict[str, str] = {}
        for name, side, days in (
            ("before", whole.before, self.days[0]),
            ("after", whole.after, self.days[1]),
        ):
            if side is not None:
                found |= {
                    f"claims_{name}": str(side.n),
                    f"inputs_{name}": str(side.n_inputs),
                    f"days_{name}": str(days),
                }
        change = whole.gap.change
        if math.isfinite(change.value):
            found |= {
                "change": f"{change.value:.4f}",
                "low": f"{change.low:.4f}",
                "high": f"{change.high:.4f}",
            }
        shape, auroc = whole.shape, whole.auroc
        if shape is not None and math.isfinite(shape.change.value):
            found |= {
                "shape_before": f"{shape.before.value:.4f}",
                "shape_after": f"{shape.after.value:.4f}",
                "shape_low": f"{shape.change.low:.4f}",
                "shape_high": f"{shape.change.high:.4f}",
            }
        if auroc is not None and math.isfinite(auroc.change.value):
            found |= {
                "auroc_before": f"{auroc.before:.4f}",
                "auroc_after": f"{auroc.after:.4f}",
                "auroc_low": f"{auroc.change.low:.4f}",
                "auroc_high": f"{auroc.change.high:.4f}",
            }
        if whole.gap.more_labels:
            found["more_labels"] = str(whole.gap.more_labels)
        return found


def _moved(whole: GroupMoved) -> str:
    """What became of the gap, and of what else is worse beyond chance."""
    parts = worse_parts(whole)
    return parts if "gap" in whole.worse else "; ".join(filter(None, (gap_moved(whole), parts)))
