"""Change review: a new model, prompt or way of asking against the one before it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from core.comparison import compare as comparison
from core.comparison.compare import Comparison, in_use_before
from core.comparison.compare import GroupChange as GroupChange
from core.comparison.compare import NothingToCompare as NothingToCompare
from core.comparison.compare import SideNumbers as SideNumbers
from core.governance.state import State
from core.measure.metrics.intervals import Interval
from core.measure.verdicts.score_change import ScoreChange
from core.measure.verdicts.shape_change import ShapeChange
from core.queries.base.seen.first_seen import Kind, first_seen
from core.queries.base.selection import Selection
from core.sentences import version_change as words
from core.terms import USUAL, Terms
from core.text.shown import json_text

#: What a change is looked for in, as claims name it.
_KINDS: dict[Kind, str] = {
    "model": "model_version",
    "prompt": "prompt_version",
    "elicitation": "elicitation",
    "params": "params_version",
    "calibrator": "calibrator_version",
}


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
class ChangeReview(Comparison):
    """Two sets of claims compared, in words.

    Attributes:
        before_name, after_name: what tells them apart.
        headline: the verdict in a sentence.
        sentences: what else moved, most important first.
        method: how it was compared.
    """

    before_name: str
    after_name: str
    headline: str
    sentences: tuple[str, ...]
    method: str

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
        return json_text(_finite(payload))


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
            *earlier, after = mine
            before = in_use_before(earlier, after.first_ts)
            before = before or max(earlier, key=lambda one: one.last_ts)
            names = tuple(one.version for one in mine)
            change = Offered(dimension, names, before.version, after.version)
            found.append((-after.first_ts.timestamp(), order, change))
    return tuple(change for *_, change in sorted(found, key=lambda one: one[:2]))


def compare(
    cursor: duckdb.DuckDBPyConnection,
    before: Selection,
    after: Selection,
    *,
    by: Sequence[str] | None = None,
    paired: bool | None = None,
    state: State | None = None,
    terms: tuple[Terms, Terms] = (USUAL, USUAL),
) -> ChangeReview:
    """Compare a candidate's claims with a baseline's, and say what it comes to.

    Args:
        after: the candidate; may be of another signal.
        by: segment dimensions; see `core.comparison.compare.compare`, as for all that follows.
        paired: whether only inputs with a label on both sides count; None: whichever fits.
        state: the written side, for the rules; None: nothing is said of load.
        terms: of the baseline's signal and of the candidate's.

    Raises:
        NothingToCompare: a side has no claim, or both no input in common where paired.
    """
    found = comparison.compare(
        cursor,
        before,
        after,
        by=by,
        paired=paired,
        state=state,
        terms=terms,
    )
    before_name, after_name = words.side_names(before, after)
    whole, parts, tolerance = found.whole, found.groups[1:], found.tolerance
    loads = (found.load_before, found.load_after)
    return ChangeReview(
        **vars(found),
        before_name=before_name,
        after_name=after_name,
        headline=words.headline(found.verdict, whole, parts),
        sentences=words.sentences(whole, found.high, found.psi, loads, found.segments, tolerance),
        method=words.method(
            found.groups, found.by, found.paired, found.shared, found.standard, tolerance
        ),
    )


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
        "verdict": one.verdict,
        "worse": one.worse,
        "better": one.better,
        "gap_verdict": gap.verdict,
        "shape_change": _changed(one.shape),
        "shape_more_labels": 0 if one.shape is None else one.shape.more_labels,
        "auroc_change": _changed(one.auroc),
        "brier_paired": _changed(one.brier),
        "n_inputs": gap.inputs,
        "gap_before": vars(gap.before),
        "gap_after": vars(gap.after),
        "gap_size_change": vars(gap.change),
        "more_labels": gap.more_labels,
        "confidence_change": vars(one.confidence),
        "accuracy_change": vars(one.accuracy),
        "brier_change": vars(one.brier_change),
        "baseline": _numbers_json(one.before),
        "candidate": _numbers_json(one.after),
    }


def _numbers_json(one: SideNumbers | None) -> dict[str, Any] | None:
    if one is None:
        return None
    found = dict(vars(one))
    del found["off_at"]
    return {**found, "where_off": one.off_at.words}


def _changed(one: ShapeChange | ScoreChange | None) -> dict[str, Any] | None:
    """Before, after, the change with its interval, and the verdict of one part."""
    if one is None:
        return None
    sides = {
        name: vars(side) if isinstance(side, Interval) else side
        for name, side in (("before", one.before), ("after", one.after))
    }
    return {**sides, "change": vars(one.change), "verdict": one.verdict}


def _finite(value: Any) -> Any:
    """The same with null for numbers that are not finite."""
    if isinstance(value, Mapping):
        return {name: _finite(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
