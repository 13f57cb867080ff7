"""Two sets of claims of a signal compared: what became of calibration, group by group.

What it comes to in sentences is `core.views.review.changes`'s matter.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Protocol, TypeVar

import duckdb
import numpy as np

from core.comparison.ranking import Areas, areas_on_one_mix, paired_areas
from core.comparison.sides import Side, numbers_of, why_empty
from core.comparison.sides import SideNumbers as SideNumbers
from core.defaults import IN_USE, MINIMUM_INPUTS
from core.governance.state import State
from core.ledger.errors import LedgerError, UnknownDimension
from core.measure.cells.cells import Cells
from core.measure.metrics import reliability_curve as reliability
from core.measure.metrics.intervals import Interval
from core.measure.monitoring.confidence_shift import Stability, population_stability
from core.measure.verdicts.before_after import OverallVerdict, Pair, difference, overall
from core.measure.verdicts.group_change import ChangedPart, GroupPairs, PartsChange, parts_changes
from core.measure.verdicts.score_change import brier_change
from core.queries.base.cells import GroupedCells
from core.queries.base.dimensions import segment_dimensions
from core.queries.base.selection import Selection
from core.queries.labels.label_reach import reaches_by
from core.queries.sums.design_effect import design_effect
from core.queries.sums.pairs.paired_groups import (
    ClaimsReadOnce,
    ComparedGroup,
    compared,
    compared_cells,
    labelled_inputs,
    nothing_shared,
)
from core.registry.escalation_rules import ACTIONS, Rules, decide
from core.terms import USUAL, Terms
from core.text.figures import segment
from core.validation.recent_sample import segments_of

#: Both sides are paired by themselves where so much of the smaller one's inputs are shared.
PAIRED_FROM = 0.5

NO_INTERVAL = Interval(math.nan, math.nan, math.nan)


class NothingToCompare(LedgerError):  # noqa: N818 (reads as what is the matter)
    """One of the two sides has no claim."""


@dataclass(frozen=True)
class GroupMoved(PartsChange):
    """One group on both sides: what became of its parts, with what words need.

    Attributes:
        dimension: None for the whole and its high-confidence band.
        value: of the dimension; None: claims that name none.
        high: whether it is the high-confidence band.
        before, after: as logged; None for the high band, which is a part of the whole's.
        said, right: mean confidence and accuracy over labelled claims, before and after, weighted
            or paired; nan without any.
    """

    dimension: str | None = None
    value: str | None = None
    high: bool = False
    before: Side | None = None
    after: Side | None = None
    said: tuple[float, float] = (math.nan, math.nan)
    right: tuple[float, float] = (math.nan, math.nan)

    @property
    def name(self) -> str:
        """In words: ``all claims``, ``topic=law``."""
        if self.high:
            return "high-confidence band"
        if self.dimension is None:
            return "all claims"
        return segment(self.dimension, self.value)

    @property
    def harm(self) -> float:
        """By how much it is worse, of the parts that are shown to be; of the gap where none is.

        In [−1, 1]; −1 where it has no number.
        """
        changes: dict[ChangedPart, float] = {"gap": self.gap.change.value}
        if self.shape is not None:
            changes["shape"] = self.shape.change.value
        if self.auroc is not None:
            changes["auroc"] = -self.auroc.change.value
        known = [changes[name] for name in self.worse or ("gap",)]
        return max((one for one in known if math.isfinite(one)), default=-1.0)

    @property
    def off_both(self) -> bool:
        """Whether it is off before and after, each side by itself."""
        sides = (self.before, self.after)
        return all(one is not None and one.state == "off" for one in sides)


@dataclass(frozen=True)
class GroupChange(GroupMoved):
    """One group on both sides, with all numbers.

    Attributes:
        before, after: as logged; None for the high band, which is a part of the whole's.
        confidence, accuracy, brier_change: change of these means, and of the Brier score's, with
            its own 95 % interval.
    """

    before: SideNumbers | None = None
    after: SideNumbers | None = None
    confidence: Interval = NO_INTERVAL
    accuracy: Interval = NO_INTERVAL
    brier_change: Interval = NO_INTERVAL

    @property
    def moved(self) -> GroupMoved:
        """Without what words do not need."""
        found = GroupMoved(*(getattr(self, one.name) for one in fields(GroupMoved)))
        before, after = (None if one is None else one.side for one in (self.before, self.after))
        return replace(found, before=before, after=after)


@dataclass(frozen=True)
class Comparison:
    """Two sets of claims compared.

    Attributes:
        before, after: the claims.
        verdict: on calibration.
        whole, high: all claims, and the high-confidence band; no band has no label: None.
        segments: worst first: worse by size, then cannot tell, same, better.
        psi: how far the stated confidences moved; None without claims.
        load_before, load_after: share of claims for each action by the registered rules; None
            where none are registered.
        paired: whether only inputs with a label on both sides are compared.
        shared: how many those are.
        standard: share of the baseline's labels in cells that both sides have; see `compared`.
        tolerance: the gap accepted.
        high_from: lower edge of the high-confidence band.
        by: the segment dimensions compared.
    """

    before: Selection
    after: Selection
    verdict: OverallVerdict
    whole: GroupChange
    high: GroupChange | None
    segments: tuple[GroupChange, ...]
    psi: Stability | None
    load_before: Mapping[str, float] | None
    load_after: Mapping[str, float] | None
    paired: bool
    shared: int
    standard: float
    tolerance: float
    high_from: float
    by: tuple[str, ...]

    @property
    def groups(self) -> tuple[GroupChange, ...]:
        """The whole, its high band, then the segments."""
        return (self.whole, *((self.high,) if self.high else ()), *self.segments)

    @property
    def regressed(self) -> bool:
        """Worse, or mixed with something worse."""
        return any(one.worse for one in self.groups)


class _Version(Protocol):
    @property
    def first_ts(self) -> datetime: ...

    @property
    def last_ts(self) -> datetime: ...

    @property
    def n_claims(self) -> int: ...


V = TypeVar("V", bound=_Version)


def in_use_before(earlier: Sequence[V], first: datetime) -> V | None:
    """The version in use when a new one came: with the most claims of those that were.

    Args:
        earlier: versions first seen before it.
        first: when it was first seen, UTC without zone.

    Returns:
        None where none was in use then.
    """
    running = [one for one in earlier if one.last_ts >= first - IN_USE]
    return max(running, key=lambda one: one.n_claims, default=None)


def compare(
    cursor: duckdb.DuckDBPyConnection,
    before: Selection,
    after: Selection,
    *,
    by: Sequence[str] | None = None,
    paired: bool | None = None,
    state: State | None = None,
    terms: tuple[Terms, Terms] = (USUAL, USUAL),
) -> Comparison:
    """Compare a candidate's claims with a baseline's. See `parts_changes` for how it is decided.

    Args:
        after: the candidate; may be of another signal.
        by: segment dimensions; None: `core.validation.recent_sample.segments_of` the signals.
        paired: only inputs with a label on both sides; None: where `PAIRED_FROM` of the smaller
            side's are. Otherwise the candidate is weighted to the baseline's mix of segments.
        state: the written side, for the rules; None: nothing is said of load.
        terms: of the baseline's signal and of the candidate's. Each side's labels are settled by
            its own; the gap accepted and the high-confidence band are the candidate's.

    Raises:
        NothingToCompare: a side has no claim, or both no input in common where paired.
    """
    dims = _usual(cursor, before, after) if by is None else tuple(dict.fromkeys(by))
    once = None
    if not paired and nothing_shared(cursor, before, after):
        once = ClaimsReadOnce.of(cursor, before, after, dims)

    def cells_by(names: Sequence[str], paired: bool) -> tuple[GroupedCells, GroupedCells]:
        if once is not None:
            return once.cells(names)
        return compared_cells(cursor, before, after, names, paired=paired)

    everything = cells_by((), False)
    for one, found, name in zip(
        (before, after), everything, ("baseline", "candidate"), strict=True
    ):
        if not len(found.cells[0].v) and not found.cells[0].n_unstated:
            raise NothingToCompare(why_empty(cursor, one, name))
    labelled = once.labelled_inputs() if once else labelled_inputs(cursor, before, after)
    shared = labelled.shared
    if paired and not shared:
        raise NothingToCompare(
            "Baseline and candidate share no labelled input_id, so they cannot be paired; compare "
            "all their claims instead (--unpaired)."
        )
    pairing = paired
    if pairing is None:
        pairing = shared >= MINIMUM_INPUTS and shared >= PAIRED_FROM * min(
            labelled.before, labelled.after
        )
    tolerance, high_from = terms[1].tolerance, terms[1].high_from
    single = labelled.single
    sums = (
        once.compared(high_from)
        if once
        else compared(
            cursor, before, after, dims, paired=pairing, high_from=high_from, single=single
        )
    )
    cells = cells_by((), True) if pairing else everything
    summed = _telling(sums.groups) if by is None else sums.groups
    sides: dict[str | None, tuple[GroupedCells, GroupedCells]] = {None: cells}
    sides |= {name: cells_by((name,), pairing) for name in dims}
    ranked = (
        paired_areas(cursor, before, after, sides)
        if pairing
        else areas_on_one_mix(cells_by(dims, False), dims)
    )
    groups = _groups(cursor, (before, after), dims, pairing, summed, sides, ranked, terms)
    whole = groups[0]
    high = next((one for one in groups if one.high), None)
    segments = sorted((one for one in groups if one.dimension is not None), key=_worst_first)
    psi = _psi(cursor, before, after, (cells[0].cells[0], cells[1].cells[0]))
    loads = tuple(
        _load(cursor, (before, after), at, pairing, _rules(state, one.signal))
        for at, one in enumerate((before, after))
    )
    return Comparison(
        before=before,
        after=after,
        verdict=overall(whole.verdict, [one.verdict for one in groups[1:]]),
        whole=whole,
        high=high,
        segments=tuple(segments),
        psi=psi,
        load_before=loads[0],
        load_after=loads[1],
        paired=pairing,
        shared=shared,
        standard=sums.standard,
        tolerance=tolerance,
        high_from=high_from,
        by=dims,
    )


def _telling(groups: Sequence[ComparedGroup]) -> tuple[ComparedGroup, ...]:
    """Without the only value of a dimension, which is the whole again."""
    values = Counter(one.dimension for one in groups)
    return tuple(one for one in groups if one.dimension is None or values[one.dimension] > 1)


def _groups(
    cursor: duckdb.DuckDBPyConnection,
    selections: tuple[Selection, Selection],
    by: Sequence[str],
    paired: bool,
    summed: Sequence[ComparedGroup],
    sides: Mapping[str | None, tuple[GroupedCells, GroupedCells]],
    ranked: Areas,
    terms: tuple[Terms, Terms],
) -> list[GroupChange]:
    """Every group with its verdict, the whole first; segments known to both sides or to one."""
    tolerance, high_from = terms[1].tolerance, terms[1].high_from
    keys = [(one.dimension, () if one.dimension is None else (one.value,)) for one in summed]
    numbers = []
    groupings = [(), *((name,) for name in by)]
    for at, side in enumerate(selections):
        by_side = replace(terms[1], maturity=terms[at].maturity)
        reaches = reaches_by(cursor, side, groupings, terms=by_side)
        spoken = [reaches[() if name is None else (name,)].get(key) for name, key in keys]
        found = {
            name: dict(zip(of[at].keys, of[at].cells, strict=True)) for name, of in sides.items()
        }
        cells = [found[name].get(key, _NO_CELLS) for name, key in keys]
        numbers.append(numbers_of(cells, high_from, tolerance, spoken))
    judged = parts_changes(
        [
            GroupPairs(
                one.pairs["gap"],
                None if one.high else one.bands,
                None if one.high else ranked(*key),
                brier_change(one.pairs["brier"]) if paired else None,
            )
            for one, key in zip(summed, keys, strict=True)
        ],
        tolerance=tolerance,
    )
    return [
        GroupChange(
            **vars(judged[i]),
            dimension=one.dimension,
            value=one.value,
            high=one.high,
            before=None if one.high else numbers[0][i],
            after=None if one.high else numbers[1][i],
            said=_means(one.pairs["confidence"]),
            right=_means(one.pairs["accuracy"]),
            confidence=difference(one.pairs["confidence"]),
            accuracy=difference(one.pairs["accuracy"]),
            brier_change=difference(one.pairs["brier"]),
        )
        for i, one in enumerate(summed)
    ]


def _means(pair: Pair) -> tuple[float, float]:
    return pair.before.mean, pair.after.mean


def _psi(
    cursor: duckdb.DuckDBPyConnection, before: Selection, after: Selection, cells: Sequence[Cells]
) -> Stability | None:
    """Over ten equal-width bins (lo, hi] of the stated confidences, labelled or not."""
    bins = [reliability.histogram(one, bins=10).n_claims for one in cells]
    effects = (design_effect(cursor, before), design_effect(cursor, after))
    found = population_stability(bins[0], bins[1], design_effects=effects)
    return found if isinstance(found, Stability) else None


def _rules(state: State | None, signal: str) -> Rules | None:
    entry = None if state is None else state.entries.get(signal)
    return None if entry is None else entry.spec.rules


def _load(
    cursor: duckdb.DuckDBPyConnection,
    sides: tuple[Selection, Selection],
    at: int,
    paired: bool,
    rules: Rules | None,
) -> dict[str, float] | None:
    """Share of one side's claims for each action by the rules, were its version validated."""
    if rules is None:
        return None
    named = {one.dimension.lower() for one in rules.overrides}
    by = tuple(name for name in segment_dimensions(cursor) if name.lower() in named)
    try:
        grouped = compared_cells(cursor, sides[0], sides[1], by, paired=paired)[at]
    except UnknownDimension:  # A rule names one with too many values to split claims by.
        return None
    counts = dict.fromkeys(ACTIONS, 0)
    for key, cells in zip(grouped.keys, grouped.cells, strict=True):
        segments = {name: value for name, value in zip(by, key, strict=True) if value is not None}
        for v, n in zip(cells.v.tolist(), cells.n_claims.tolist(), strict=True):
            counts[decide(rules, v, segments, may_act=True).action] += n
        counts[decide(rules, None, segments, may_act=True).action] += cells.n_unstated
    total = sum(counts.values())
    return {action: n / total for action, n in counts.items()} if total else None


def _usual(
    cursor: duckdb.DuckDBPyConnection, before: Selection, after: Selection
) -> tuple[str, ...]:
    """Segment dimensions of either signal that can tell two groups apart."""
    settled = {name for side in (before, after) for name, values in side.where if len(values) == 1}
    every = (
        name
        for signal in dict.fromkeys((before.signal, after.signal))
        for name in segments_of(cursor, signal)
        if name not in settled
    )
    return tuple(dict.fromkeys(every))


def _worst_first(one: GroupChange) -> tuple[int, float]:
    rank = {"worse": 0, "mixed": 0, "cannot_tell": 2, "same": 3, "better": 4}[one.verdict]
    if one.verdict == "mixed" and not one.worse:
        rank = 1
    return rank, -one.harm


_NO_CELLS = Cells(
    np.zeros(0),
    np.zeros(0, dtype=np.int64),
    np.zeros(0, dtype=np.int64),
    np.zeros(0, dtype=np.int64),
)
