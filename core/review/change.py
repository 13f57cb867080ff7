"""Change review: a new model, prompt or way of asking against the one before it."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import duckdb
import numpy as np

from core.govern.escalation import ACTIONS, Rules, decide
from core.govern.state import State
from core.measure import reliability
from core.measure.cells import Cells
from core.measure.change import (
    GapChange,
    Interval,
    OverallVerdict,
    difference,
    gap_changes,
    overall,
)
from core.measure.drift import Stability, population_stability
from core.measure.scores import Auroc, auroc
from core.measure.sums import group_sums
from core.measure.verdict import HIGH_FROM, MINIMUM_INPUTS, TOLERANCE, judge
from core.review import change_words as words
from core.review.words import value_name
from core.store.catalogue import dimensions, signals
from core.store.cells import GroupedCells
from core.store.compared import (
    ComparedGroup,
    cells_by_value,
    compared,
    compared_cells,
    shared_inputs,
)
from core.store.dimensions import segment_dimensions
from core.store.errors import LedgerError
from core.store.selection import CLAIM_DIMENSIONS, Selection
from core.store.series import design_effect
from core.store.versions import Kind, VersionSeen, first_seen

#: Both sides are paired by themselves where so much of the smaller one's inputs are shared.
PAIRED_FROM = 0.5
#: A dimension with more values than this is compared only when it is asked for.
MOST_VALUES = 50
#: What a change is looked for in, as claims name it.
_KINDS: dict[Kind, str] = {
    "model": "model_version",
    "prompt": "prompt_version",
    "elicitation": "elicitation",
}
#: A version whose last claim is older than this when the next one comes was not in use then.
_IN_USE = timedelta(days=14)


class NothingToCompare(LedgerError):  # noqa: N818 (reads as what is the matter)
    """One of the two sides has no claim."""


@dataclass(frozen=True)
class Offered:
    """A change that can be reviewed.

    Attributes:
        dimension: what changed.
        versions: its values, the first seen first.
        before, after: the two that are compared unless others are chosen.
    """

    dimension: str
    versions: tuple[str, ...]
    before: str
    after: str


@dataclass(frozen=True)
class Numbers:
    """One side of a group as it was logged (paired: its claims on shared inputs); no weights.

    What rests on labels is None without them; intervals are 95 % each.

    Attributes:
        n_claims: stated claims.
        n_unstated: claims without a confidence.
        n: labelled claims.
        n_inputs: distinct inputs among them.
        stated_mean: mean confidence of all stated claims, labelled or not.
        mean_confidence, accuracy, gap, gap_low, gap_high: over labelled claims.
        ece: over ten equal-width bins, with the noise floor.
        auroc: with ``auroc_low`` and ``auroc_high`` (DeLong).
        high_n, high_claimed, high_observed, high_low, high_high: in the high-confidence band.
    """

    n_claims: int
    n_unstated: int
    n: int
    n_inputs: int
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
    high_claimed: float | None
    high_observed: float | None
    high_low: float | None
    high_high: float | None


@dataclass(frozen=True)
class GroupChange:
    """One group on both sides.

    Attributes:
        dimension: None for the whole and its high-confidence band.
        value: of the dimension; None: claims that name none.
        high: whether it is the high-confidence band.
        before, after: as logged; None for the high band, which is a part of the whole's.
        gap: what became of the gap, weighted or paired, and the verdict.
        confidence, accuracy, brier: change of the mean over labelled claims, weighted or paired,
            with its own 95 % interval.
    """

    dimension: str | None
    value: str | None
    high: bool
    before: Numbers | None
    after: Numbers | None
    gap: GapChange
    confidence: Interval
    accuracy: Interval
    brier: Interval

    @property
    def name(self) -> str:
        """In words: ``all claims``, ``topic=law``."""
        if self.high:
            return "high-confidence band"
        if self.dimension is None:
            return "all claims"
        return f"{self.dimension}={value_name(self.value)}"


@dataclass(frozen=True)
class ChangeReview:
    """Two sets of claims compared.

    Attributes:
        before, after: the claims.
        before_name, after_name: what tells them apart, in words.
        verdict: on calibration.
        headline: it in a sentence.
        sentences: what else moved, most important first.
        whole, high: all claims, and the high-confidence band; no band has no label: None.
        segments: worst first: worse by size, then cannot tell, same, better.
        psi: how far the stated confidences moved; None without claims.
        load_before, load_after: share of claims for each action by the registered rules; None
            where none are registered.
        paired: whether only inputs with a label on both sides are compared.
        shared: how many those are.
        standard: share of the baseline's labels in cells that both sides have; see `compared`.
        method: how it was compared, in words.
        tolerance: the gap accepted.
        high_from: lower edge of the high-confidence band.
    """

    before: Selection
    after: Selection
    before_name: str
    after_name: str
    verdict: OverallVerdict
    headline: str
    sentences: tuple[str, ...]
    whole: GroupChange
    high: GroupChange | None
    segments: tuple[GroupChange, ...]
    psi: Stability | None
    load_before: Mapping[str, float] | None
    load_after: Mapping[str, float] | None
    paired: bool
    shared: int
    standard: float
    method: str
    tolerance: float
    high_from: float

    @property
    def groups(self) -> tuple[GroupChange, ...]:
        """The whole, its high band, then the segments."""
        return (self.whole, *((self.high,) if self.high else ()), *self.segments)

    @property
    def regressed(self) -> bool:
        """Worse, or mixed with something worse."""
        return any(one.gap.verdict == "worse" for one in self.groups)

    def to_json(self) -> str:
        """Everything as JSON; numbers that do not exist are null."""
        payload = {
            "baseline": _side_json(self.before, self.before_name),
            "candidate": _side_json(self.after, self.after_name),
            "verdict": self.verdict,
            "regression": self.regressed,
            "headline": self.headline,
            "paired": self.paired,
            "shared_inputs": self.shared,
            "standardised_share": self.standard,
            "tolerance": self.tolerance,
            "high_from": self.high_from,
            "psi": None
            if self.psi is None
            else {"value": self.psi.psi, "noise": self.psi.noise, "p_value": self.psi.p_value},
            "load": {"baseline": _plain(self.load_before), "candidate": _plain(self.load_after)},
            "groups": [_group_json(one) for one in self.groups],
            "method": self.method,
        }
        return json.dumps(_finite(payload), indent=2, ensure_ascii=False, allow_nan=False)


def offered(cursor: duckdb.DuckDBPyConnection, selection: Selection) -> tuple[Offered, ...]:
    """Changes of model, prompt or elicitation among the selected claims, the newest first.

    The candidate is the version first seen last; the baseline the one in use when it came, with
    the most claims of those that were.
    """
    seen = first_seen(cursor, selection)
    found = []
    for order, (kind, dimension) in enumerate(_KINDS.items()):
        mine = [one for one in seen if one.kind == kind]
        if len(mine) > 1:
            after, before = mine[-1], _in_use(mine)
            names = tuple(one.version for one in mine)
            change = Offered(dimension, names, before.version, after.version)
            found.append((-after.first_ts.timestamp(), order, change))
    return tuple(change for *_, change in sorted(found, key=lambda one: one[:2]))


def _in_use(seen: Sequence[VersionSeen]) -> VersionSeen:
    *earlier, newest = seen
    running = [one for one in earlier if one.last_ts >= newest.first_ts - _IN_USE]
    if running:
        return max(running, key=lambda one: one.n_claims)
    return max(earlier, key=lambda one: one.last_ts)


def compare(
    cursor: duckdb.DuckDBPyConnection,
    before: Selection,
    after: Selection,
    *,
    by: Sequence[str] | None = None,
    paired: bool | None = None,
    state: State | None = None,
    tolerance: float = TOLERANCE,
    high_from: float = HIGH_FROM,
) -> ChangeReview:
    """Compare a candidate's claims with a baseline's. See `gap_changes` for how it is decided.

    Args:
        cursor: of the ledger.
        before: the baseline.
        after: the candidate; may be of another signal.
        by: segment dimensions; None: those the signals have, up to `MOST_VALUES` values each.
        paired: only inputs with a label on both sides; None: where `PAIRED_FROM` of the smaller
            side's are. Otherwise the candidate is weighted to the baseline's mix of segments.
        state: the written side, for the rules; None: nothing is said of load.
        tolerance: the gap accepted, in (0, 1).
        high_from: lower edge of the high-confidence band.

    Raises:
        NothingToCompare: a side has no claim, or both no input in common where paired.
        UnknownDimension: a dimension that the ledger does not have.
        BadValue: a selection accepts a week, day or band that does not exist.
    """
    names = words.side_names(before, after)
    everything = compared_cells(cursor, before, after, (), paired=False)
    for one, found, name in zip(
        (before, after), everything, ("baseline", "candidate"), strict=True
    ):
        if not len(found.cells[0].v) and not found.cells[0].n_unstated:
            raise NothingToCompare(_empty(cursor, one, name))
    n_before, n_after, shared = shared_inputs(cursor, before, after)
    if paired and not shared:
        raise NothingToCompare(
            "Baseline and candidate share no labelled input_id, so they cannot be paired; compare "
            "all their claims instead (--unpaired)."
        )
    pairing = paired
    if pairing is None:
        pairing = shared >= MINIMUM_INPUTS and shared >= PAIRED_FROM * min(n_before, n_after)
    dims = _usual(cursor, before, after) if by is None else tuple(dict.fromkeys(by))
    sums = compared(cursor, before, after, dims, paired=pairing, high_from=high_from)
    cells = compared_cells(cursor, before, after, (), paired=True) if pairing else everything
    summed = _telling(sums.groups) if by is None else sums.groups
    groups = _groups(cursor, before, after, dims, pairing, summed, cells, tolerance, high_from)
    whole = groups[0]
    high = next((one for one in groups if one.high), None)
    segments = sorted((one for one in groups if one.dimension is not None), key=_worst_first)
    parts = [one.gap.verdict for one in groups[1:]]
    verdict = overall(whole.gap.verdict, parts)
    psi = _psi(cursor, before, after, (cells[0].cells[0], cells[1].cells[0]))
    loads = tuple(
        _load(cursor, (before, after), at, pairing, _rules(state, one.signal))
        for at, one in enumerate((before, after))
    )
    return ChangeReview(
        before=before,
        after=after,
        before_name=names[0],
        after_name=names[1],
        verdict=verdict,
        headline=words.headline(verdict, whole.gap, whole.accuracy, groups[1:]),
        sentences=words.sentences(whole, high, psi, loads, segments, tolerance),
        whole=whole,
        high=high,
        segments=tuple(segments),
        psi=psi,
        load_before=loads[0],
        load_after=loads[1],
        paired=pairing,
        shared=shared,
        standard=sums.standard,
        method=words.method(groups, dims, pairing, shared, sums.standard, tolerance),
        tolerance=tolerance,
        high_from=high_from,
    )


def _telling(groups: Sequence[ComparedGroup]) -> tuple[ComparedGroup, ...]:
    """Without the only value of a dimension, which is the whole again."""
    values = Counter(one.dimension for one in groups)
    return tuple(one for one in groups if one.dimension is None or values[one.dimension] > 1)


def _groups(
    cursor: duckdb.DuckDBPyConnection,
    before: Selection,
    after: Selection,
    by: Sequence[str],
    paired: bool,
    summed: Sequence[ComparedGroup],
    whole: tuple[GroupedCells, GroupedCells],
    tolerance: float,
    high_from: float,
) -> list[GroupChange]:
    """Every group with its verdict, the whole first; segments known to both sides or to one."""
    sides: dict[str | None, tuple[dict[str | None, Cells], dict[str | None, Cells]]] = {
        None: ({None: whole[0].cells[0]}, {None: whole[1].cells[0]})
    }
    for name in by:
        found = compared_cells(cursor, before, after, (name,), paired=paired)
        sides[name] = (cells_by_value(found[0]), cells_by_value(found[1]))
    judged = gap_changes([one.pairs["gap"] for one in summed], tolerance=tolerance)
    keys = [(one.dimension, one.value) for one in summed]
    numbers = []
    for at in (0, 1):
        cells = [sides[name][at].get(value, _NO_CELLS) for name, value in keys]
        numbers.append(_numbers(cells, high_from, tolerance))
    return [
        GroupChange(
            one.dimension,
            one.value,
            one.high,
            None if one.high else numbers[0][i],
            None if one.high else numbers[1][i],
            judged[i],
            difference(one.pairs["confidence"]),
            difference(one.pairs["accuracy"]),
            difference(one.pairs["brier"]),
        )
        for i, one in enumerate(summed)
    ]


def _numbers(cells: Sequence[Cells], high_from: float, tolerance: float) -> list[Numbers]:
    found = judge(group_sums(cells, high_from), tolerance=tolerance)
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
            Numbers(
                n_claims=n_claims,
                n_unstated=one.n_unstated,
                n=int(found.n[i]),
                n_inputs=int(found.n_inputs[i]),
                stated_mean=float(one.v @ one.n_claims / n_claims) if n_claims else None,
                mean_confidence=_known(found.mean_confidence[i]),
                accuracy=_known(found.accuracy[i]),
                gap=_known(found.gap[i]),
                gap_low=_known(found.gap_low[i]),
                gap_high=_known(found.gap_high[i]),
                ece=_known(found.ece[i]),
                ece_noise_floor=_known(found.ece_noise_floor[i]),
                auroc=value,
                auroc_low=low,
                auroc_high=high,
                high_n=int(found.high_n[i]),
                high_claimed=_known(found.high_claimed[i]),
                high_observed=_known(found.high_observed[i]),
                high_low=_known(found.high_low[i]),
                high_high=_known(found.high_high[i]),
            )
        )
    return numbers


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
    known = segment_dimensions(cursor)
    by = tuple({o.dimension: 0 for o in rules.overrides if o.dimension in known})
    grouped = compared_cells(cursor, sides[0], sides[1], by, paired=paired)[at]
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
    found: dict[str, None] = {}
    for signal in dict.fromkeys((before.signal, after.signal)):
        for one in dimensions(cursor, signal):
            values = one.n_values + (one.n_missing > 0)
            if one.name in CLAIM_DIMENSIONS or one.name in settled:
                continue
            if 1 < values <= MOST_VALUES:
                found[one.name] = None
    return tuple(found)


def _empty(cursor: duckdb.DuckDBPyConnection, side: Selection, name: str) -> str:
    """Which of a side's conditions no claim meets, and which values there are."""
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
            asked = " or ".join(value_name(value) for value in values)
            exist = ", ".join(there[:20]) or "none, for its claims do not name it"
            return (
                f"No claim of {side.signal} has {dimension}={asked}, so the {name} is empty; "
                f"there are: {exist}."
            )
    asked = ", ".join(
        f"{dimension}={' or '.join(map(value_name, values))}" for dimension, values in side.where
    )
    return (
        f"The {name} is empty: no claim of {side.signal} meets all of "
        f"{asked or 'the period and the split asked for'} at once; each by itself occurs (claims "
        "of the tuning split count only where split=tuning is asked for)."
    )


def _worst_first(one: GroupChange) -> tuple[int, float]:
    rank = {"worse": 0, "cannot_tell": 1, "same": 2, "better": 3}[one.gap.verdict]
    value = one.gap.change.value
    return rank, -(value if math.isfinite(value) else -1.0)


def _known(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _plain(load: Mapping[str, float] | None) -> dict[str, float] | None:
    return None if load is None else dict(load)


def _side_json(side: Selection, name: str) -> dict[str, Any]:
    where = {dimension: list(values) for dimension, values in side.where}
    return {"signal": side.signal, "name": name, "where": where}


def _group_json(one: GroupChange) -> dict[str, Any]:
    group = {} if one.dimension is None else {one.dimension: one.value}
    gap = one.gap
    return {
        "group": group,
        "high_band": one.high,
        "verdict": gap.verdict,
        "n_inputs": gap.inputs,
        "gap_before": vars(gap.before),
        "gap_after": vars(gap.after),
        "gap_size_change": vars(gap.change),
        "more_labels": gap.more_labels,
        "confidence_change": vars(one.confidence),
        "accuracy_change": vars(one.accuracy),
        "brier_change": vars(one.brier),
        "baseline": None if one.before is None else vars(one.before),
        "candidate": None if one.after is None else vars(one.after),
    }


def _finite(value: Any) -> Any:
    """The same with null for numbers that are not finite."""
    if isinstance(value, Mapping):
        return {name: _finite(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


_NO_CELLS = Cells(
    np.zeros(0),
    np.zeros(0, dtype=np.int64),
    np.zeros(0, dtype=np.int64),
    np.zeros(0, dtype=np.int64),
)
