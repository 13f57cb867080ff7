"""One side of a comparison: its groups in numbers, and why it has no claim."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import duckdb

from core.measure.cells.cells import Cells
from core.measure.cells.group_sums import group_sums
from core.measure.metrics.scores import Auroc, auroc
from core.measure.verdicts.label_reach import LabelReach
from core.measure.verdicts.parts import PartName, PartState
from core.measure.verdicts.verdict import judge
from core.queries.base.catalogue import dimensions, signals
from core.queries.base.selection import Selection
from core.text.figures import finite, value_words
from core.text.off_at import OffAt
from core.text.parts import shape_at
from core.trail.fingerprint import FIELDS
from core.validation.nearest import closest_first, fingerprints_there


@dataclass(frozen=True)
class Side:
    """One side of a group, as far as words need it.

    Attributes:
        n: labelled claims.
        n_inputs: distinct inputs among them.
        high_claimed, high_observed: in the high-confidence band; None without labels there.
        state: by itself, of its worst part, and ``reason``: which that is; ``too_few`` where the
            labels cannot speak for all its claims.
        off_at: in which bands of confidence it is off beyond chance.
    """

    n: int
    n_inputs: int
    high_claimed: float | None
    high_observed: float | None
    state: PartState
    reason: PartName | None
    off_at: OffAt


@dataclass(frozen=True)
class SideNumbers(Side):
    """One side of a group as it was logged (paired: its claims on shared inputs); no weights.

    What rests on labels is None without them; intervals are 95 % each.

    Attributes:
        n_claims: stated claims.
        n_unstated: claims without a confidence.
        stated_mean: mean confidence of all stated claims, labelled or not.
        mean_confidence, accuracy, gap, gap_low, gap_high: over labelled claims.
        ece: over ten equal-width bins, with the noise floor.
        auroc: with ``auroc_low`` and ``auroc_high`` (DeLong).
        high_n, high_low, high_high: in the high-confidence band.
    """

    n_claims: int
    n_unstated: int
    stated_mean: float | None
    mean_confidence: float | None
    accuracy: float | None
    gap: float | None
    gap_low: float | None
    gap_high: float | None
    ece: float | None
    ece_noise_floor: float | None
    auroc: float | None
    auroc_low: float | None
    auroc_high: float | None
    high_n: int
    high_low: float | None
    high_high: float | None

    @property
    def side(self) -> Side:
        """Without what words do not need."""
        return Side(*(getattr(self, one.name) for one in fields(Side)))


def numbers_of(
    cells: Sequence[Cells],
    high_from: float,
    tolerance: float,
    reaches: Sequence[LabelReach | None],
) -> list[SideNumbers]:
    """Each group of a side as it was logged.

    Args:
        cells: of the groups.
        reaches: for which of its claims the labels of each group speak; None: nothing is known
            against them.
    """
    found = judge(group_sums(cells, high_from), tolerance=tolerance).with_reaches(reaches)
    numbers = []
    for i, one in enumerate(cells):
        n_claims = int(one.n_claims.sum())
        area = auroc(one)
        value = low = high = None
        if isinstance(area, Auroc):
            value = area.value
            if isinstance(area.standard_error, float):
                half = 1.959964 * area.standard_error
                low, high = max(0.0, value - half), min(1.0, value + half)
        numbers.append(
            SideNumbers(
                n_claims=n_claims,
                n_unstated=one.n_unstated,
                n=int(found.n[i]),
                n_inputs=int(found.n_inputs[i]),
                stated_mean=float(one.v @ one.n_claims / n_claims) if n_claims else None,
                mean_confidence=finite(found.mean_confidence[i]),
                accuracy=finite(found.accuracy[i]),
                gap=finite(found.gap[i]),
                gap_low=finite(found.gap_low[i]),
                gap_high=finite(found.gap_high[i]),
                ece=finite(found.ece[i]),
                ece_noise_floor=finite(found.ece_noise_floor[i]),
                auroc=value,
                auroc_low=low,
                auroc_high=high,
                high_n=int(found.high_n[i]),
                high_claimed=finite(found.high_claimed[i]),
                high_observed=finite(found.high_observed[i]),
                high_low=finite(found.high_low[i]),
                high_high=finite(found.high_high[i]),
                state=found.state[i],
                reason=found.reason[i],
                off_at=shape_at(found, i),
            )
        )
    return numbers


def why_empty(cursor: duckdb.DuckDBPyConnection, side: Selection, name: str) -> str:
    """Which of a side's conditions no claim meets, and which values there are.

    Args:
        side: the claims asked for; there are none.
        name: which side it is.
    """
    known = [one.name for one in signals(cursor)]
    if side.signal not in known:
        if not known:
            return "This ledger has no claim yet; bring some in with: calledger import."
        return f"There is no signal {side.signal!r}; there are: {', '.join(known)}."
    facts = {one.name: one for one in dimensions(cursor, side.signal)}
    for dimension, values in side.where:
        one = facts.get(dimension)
        there = [value for value, _ in one.values] if one else []
        missing = one is None or one.n_missing > 0
        accepted = [value for value in values if value in there or (value is None and missing)]
        if not accepted and dimension not in ("week", "day", "confidence_band"):
            asked = " or ".join(value_words(value) for value in values)
            nearest = closest_first(str(values[0]), there) if values else there
            exist = ", ".join(nearest[:20]) or "none, for its claims do not name it"
            return (
                f"No claim of {side.signal} has {dimension}={asked}, so the {name} is empty; "
                f"there are: {exist}."
            )
    asked = ", ".join(
        f"{dimension}={' or '.join(map(value_words, values))}" for dimension, values in side.where
    )
    named = {
        dimension: values[0]
        for dimension, values in side.where
        if dimension in FIELDS and len(values) == 1
    }
    there_are = f" {fingerprints_there(cursor, side.signal, named)}" if named else ""
    return (
        f"The {name} is empty: no claim of {side.signal} meets all of "
        f"{asked or 'the period and the split asked for'} at once; each by itself occurs (claims "
        f"of the tuning split count only where split=tuning is asked for).{there_are}"
    )
