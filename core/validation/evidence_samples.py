"""The claims measured and judged: the whole, the recent window, and every required segment.

**The recent window** is the last ``window_days`` of the production claims. It is judged by
itself as well: where it *misses* a criterion the whole is not met, however good the older claims
are; where it is too small to decide one, that is said and does not count, since the whole decides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import duckdb
import numpy as np

from core.ledger.errors import TooManyValues, UnknownDimension
from core.measure.cells.cells import Cells
from core.measure.cells.group_sums import group_sums
from core.measure.metrics.label_bias import Weighted, inverse_propensity
from core.measure.metrics.metric_bounds import LEVEL, JudgedSample
from core.measure.verdicts.label_reach import LabelReach, weighted_gaps
from core.measure.verdicts.measure_table import Measures, measure_groups
from core.measure.verdicts.verdict import Judgement, judge
from core.queries.base.group_keys import Key
from core.queries.labels.label_reach import reaches_of_cells
from core.queries.sums.validation_sample import (
    JudgedSpan,
    judged_cells,
    judged_counts,
    judged_propensities,
)
from core.registry.escalation_rules import RuleRow, rungs_of
from core.registry.signal_spec import SignalSpec
from core.validation.criteria import SampleResult, judge_sample, segment_minimum, verdict_result
from core.validation.evidence_bundle import (
    PLAIN_LAYOUT,
    UNASKED_LAYOUT,
    sample_json,
    segment_measures_json,
)


def sample_of(
    cursor: duckdb.DuckDBPyConnection,
    judged: JudgedSpan,
    spec: SignalSpec,
    rules: Sequence[RuleRow],
) -> JudgedSample:
    """The claims to judge, and those of them that the rules automate."""
    cells = judged_cells(cursor, judged).cells[0]
    automated = judged_cells(
        cursor, judged, rungs=rungs_of(spec.rules), only=_automating(rules)
    ).cells[0]
    return JudgedSample(cells, automated, spec.high_from_ppm / 1_000_000)


def _automating(rules: Sequence[RuleRow]) -> tuple[int, ...]:
    return tuple(i for i, row in enumerate(rules) if row.action == "automate")


def by_parts(
    cursor: duckdb.DuckDBPyConnection,
    spec: SignalSpec,
    judged: JudgedSpan,
    cells: Cells,
    result: SampleResult,
    layout: int,
) -> tuple[Measures, SampleResult]:
    """What is measured of a sample, and its criteria with the product's own verdict among them."""
    labels = _Labels()
    if layout != PLAIN_LAYOUT:
        labels = _labels(cursor, spec, judged, {(): cells})[()]
        tolerance, high_from = spec.tolerance_ppm / 1_000_000, spec.high_from_ppm / 1_000_000
        verdict = judge(group_sums([cells], high_from), tolerance=tolerance)
        result = result.with_verdict(verdict_result(verdict, 0, labels.weighted, labels.reach))
    told = labels.reach if layout >= UNASKED_LAYOUT else None
    return _measured(spec, cells, told), result


def _measured(spec: SignalSpec, cells: Cells, reach: LabelReach | None) -> Measures:
    return measure_groups(
        [{}],
        [cells],
        tolerance=spec.tolerance_ppm / 1_000_000,
        high_from=spec.high_from_ppm / 1_000_000,
        reaches=[reach],
    )[0]


def window_of(
    cursor: duckdb.DuckDBPyConnection,
    spec: SignalSpec,
    recent: JudgedSpan,
    rules: Sequence[RuleRow],
    layout: int,
) -> tuple[Measures, SampleResult] | None:
    """The recent window's measures and criteria; None where it holds no claim."""
    if recent.since is None or not judged_counts(cursor, recent).production:
        return None
    sample = sample_of(cursor, recent, spec, rules)
    minimum = segment_minimum(spec.validation.min_samples)
    result = judge_sample(spec.validation.criteria, sample, minimum=minimum)
    return by_parts(cursor, spec, recent, sample.cells, result, layout)


@dataclass(frozen=True)
class _Labels:
    """What the labels of a group may be taken for.

    Attributes:
        reach: for which of its claims they speak; None: nothing is known against them.
        weighted: its gap, each label counting by the chance it was drawn with; None: all alike.
    """

    reach: LabelReach | None = None
    weighted: Weighted | None = None


def _labels(
    cursor: duckdb.DuckDBPyConnection,
    spec: SignalSpec,
    judged: JudgedSpan,
    groups: Mapping[Key, Cells],
    by: Sequence[str] = (),
    *,
    family: int = 1,
) -> Mapping[Key, _Labels]:
    """What the labels of each group may be taken for.

    They are weighted where every label logs the chance it was drawn with and those differ. One
    label without its chance, or one that would count for more than a claim may, and the labels are
    judged as they are: nobody escapes a verdict by logging a chance here and there. Otherwise it is
    production claims that are asked for whom they speak; what is held out is labelled on purpose.

    Args:
        groups: the cells of each group.
        family: groups judged side by side, over which a weighted gap's interval is corrected.
    """
    tolerance = spec.tolerance_ppm / 1_000_000
    drawn = {
        key: sums
        for key, sums in judged_propensities(cursor, judged, by).items()
        if sums.sound[0] and key in groups
    }
    gaps = {key: weighted_gaps(sums)[0] for key, sums in drawn.items()}
    by_chance = reaches_of_cells({(key, None): groups[key] for key in drawn}, tolerance, gaps)
    production = judged_cells(cursor, judged, ["split", "action", *by])
    reaches = reaches_of_cells(
        {
            (key[2:], key[1]): cells
            for key, cells in zip(production.keys, production.cells, strict=True)
            if key[0] == "production"
        },
        tolerance,
    )
    level = LEVEL ** (1 / family)
    return {
        key: _Labels(by_chance.get(key), inverse_propensity(drawn[key], level=level))
        if key in drawn
        else _Labels(reaches.get(key))
        for key in groups
    }


@dataclass(frozen=True)
class _Segments:
    """Every value of every required dimension, and the dimensions that are not judged by value.

    Attributes:
        missing: those that no claim names.
        crowded: those with too many values.
    """

    names: tuple[tuple[str, str | None], ...]
    judgement: Judgement
    results: tuple[SampleResult, ...]
    missing: tuple[str, ...]
    crowded: tuple[str, ...] = ()

    def with_verdicts(self, labels: Sequence[_Labels]) -> _Segments:
        """The same, the product's own verdict on each segment counting as a criterion."""
        told = (
            one.with_verdict(verdict_result(self.judgement, i, of.weighted, of.reach))
            for i, (one, of) in enumerate(zip(self.results, labels, strict=True))
        )
        judgement = self.judgement.with_reaches([of.reach for of in labels])
        return replace(self, judgement=judgement, results=tuple(told))

    def as_json(self, layout: int) -> list[dict[str, Any]]:
        def measures(i: int, group: dict[str, str | None]) -> dict[str, Any]:
            found = segment_measures_json(self.judgement, i, group)
            if layout < UNASKED_LAYOUT:
                del found["speaks_for"]
            return found

        return [
            {
                "dimension": dimension,
                "value": value,
                "measures": measures(i, {dimension: value}),
                "sample": sample_json(result),
            }
            for i, ((dimension, value), result) in enumerate(
                zip(self.names, self.results, strict=True)
            )
        ]


def segments_of(
    cursor: duckdb.DuckDBPyConnection,
    spec: SignalSpec,
    judged: JudgedSpan,
    rules: Sequence[RuleRow],
    layout: int,
) -> _Segments:
    """Every value of every required dimension, judged side by side."""
    names: list[tuple[str, str | None]] = []
    samples: list[JudgedSample] = []
    missing: list[str] = []
    crowded: list[str] = []
    found: dict[str, dict[Key, Cells]] = {}
    plan, high_from = spec.validation, spec.high_from_ppm / 1_000_000
    for dimension in sorted(set(plan.segments)):
        try:
            grouped = judged_cells(cursor, judged, [dimension])
        except TooManyValues:
            crowded.append(dimension)
            continue
        except UnknownDimension:
            missing.append(dimension)
            continue
        if all(key == (None,) for key in grouped.keys):
            missing.append(dimension)
            continue
        automated = judged_cells(
            cursor, judged, [dimension], rungs=rungs_of(spec.rules), only=_automating(rules)
        )
        acting = dict(zip(automated.keys, automated.cells, strict=True))
        found[dimension] = dict(zip(grouped.keys, grouped.cells, strict=True))
        for key, cells in zip(grouped.keys, grouped.cells, strict=True):
            names.append((dimension, key[0]))
            samples.append(JudgedSample(cells, acting.get(key, no_cells()), high_from))
    segments = _Segments(
        names=tuple(names),
        judgement=judge(
            group_sums([sample.cells for sample in samples], high_from),
            tolerance=spec.tolerance_ppm / 1_000_000,
        ),
        results=tuple(
            judge_sample(
                plan.criteria,
                sample,
                minimum=segment_minimum(plan.min_samples),
                family=len(samples),
                segment=True,
            )
            for sample in samples
        ),
        missing=tuple(missing),
        crowded=tuple(crowded),
    )
    if layout == PLAIN_LAYOUT:
        return segments
    labels = [_Labels()] * len(names)
    if layout >= UNASKED_LAYOUT:
        of = {
            (dimension, key[0]): one
            for dimension, groups in found.items()
            for key, one in _labels(
                cursor, spec, judged, groups, [dimension], family=len(names)
            ).items()
        }
        labels = [of[name] for name in names]
    return segments.with_verdicts(labels)


def no_cells() -> Cells:
    """Of no claims."""
    none = np.zeros(0, dtype=np.int64)
    return Cells(np.zeros(0), none, none, none)
