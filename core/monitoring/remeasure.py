"""A re-measurement: one fingerprint's newest settled production claims, judged once more.

What a validation rests on was measured once, on the claims of then. This measures the same on the
last `window_days` whose outcomes are final, so that no set is ever judged for ever. Where the
labels do not represent all claims there is no verdict, as on every page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta

import duckdb

from core.ledger.errors import UnknownDimension
from core.measure.cells.group_sums import group_sums
from core.measure.verdicts.label_reach import LabelReach, weighted_gaps
from core.measure.verdicts.parts import PartState
from core.measure.verdicts.verdict import Judgement, judge
from core.monitoring.remeasured import Remeasured, RemeasuredBand, RemeasuredGroup
from core.queries.base.group_keys import Key
from core.queries.base.seen.fingerprints_seen import Seen
from core.queries.labels.label_reach import reaches_of_cells
from core.queries.labels.weekly_cohorts import Matured, matured_cells, matured_propensities
from core.registry.signal_spec import SignalSpec
from core.terms import Maturity
from core.text.parts import PartShown, part_shown
from core.trail.fingerprint import Fingerprint

#: States in which some error is shown.
_SHOWN: tuple[PartState, ...] = ("off", "at_the_edge")


def remeasure(
    cursor: duckdb.DuckDBPyConnection, spec: SignalSpec, seen: Seen, now: datetime
) -> Remeasured:
    """Measure the newest settled production claims of a fingerprint.

    Args:
        spec: the signal's registry entry: window, maturity, tolerance, required segments.
        seen: whose claims.
    """
    fingerprint = Fingerprint.of(dict(seen.fields))
    matured = Matured(spec.name, fingerprint.as_json(), datetime.min, now, spec.maturity)
    since = matured.until - timedelta(days=spec.validation.window_days)
    matured = Matured(spec.name, fingerprint.as_json(), since, now, spec.maturity)
    tolerance = spec.tolerance_ppm / 1_000_000
    keys: list[tuple[str, str | None] | None] = [None]
    cells = list(matured_cells(cursor, matured, weekly=False).cells)
    reaches = [_reaches(cursor, matured, (), tolerance).get(())]
    for dimension in sorted(set(spec.validation.segments)):
        try:
            found = matured_cells(cursor, matured, [dimension], weekly=False)
            of = _reaches(cursor, matured, (dimension,), tolerance)
        except UnknownDimension:
            continue
        keys += [(dimension, key[0]) for key in found.keys]
        cells += found.cells
        reaches += [of.get(key) for key in found.keys]
    sums = group_sums(cells, spec.high_from_ppm / 1_000_000)
    judged = judge(sums, tolerance=tolerance).with_reaches(reaches)
    whole, *segments = _measured(keys, judged)
    young = not whole.n and seen.first_ts >= since
    return Remeasured(
        fingerprint,
        since,
        matured.until,
        whole,
        tuple(segments),
        _come_of_age(seen.first_ts, spec.maturity) if young else None,
    )


def _reaches(
    cursor: duckdb.DuckDBPyConnection, matured: Matured, by: tuple[str, ...], tolerance: float
) -> Mapping[Key, LabelReach]:
    """For which claims of each group the labels speak, those whose outcomes are final."""
    every = matured_cells(cursor, matured, [*by, "action"], weekly=False, unlabelled=True)
    groups = {(key[:-1], key[-1]): one for key, one in zip(every.keys, every.cells, strict=True)}
    drawn = matured_propensities(cursor, matured, by)
    weighted = {key: weighted_gaps(sums)[0] for key, sums in drawn.items()}
    return reaches_of_cells(groups, tolerance, weighted)


def _measured(
    keys: Sequence[tuple[str, str | None] | None], judged: Judgement
) -> list[RemeasuredGroup]:
    return [
        RemeasuredGroup(
            where,
            int(judged.n[i]),
            int(judged.n_inputs[i]),
            float(judged.gap[i]),
            float(judged.corrected_low[i]),
            float(judged.corrected_high[i]),
            judged.state[i],
            judged.reason[i],
            _beside(judged, i),
            float(judged.shape.value[i]),
            float(judged.shape.low[i]),
            _band(judged, i),
            judged.reaches[i],
        )
        for i, where in enumerate(keys)
    ]


def _beside(judged: Judgement, i: int) -> PartShown | None:
    """What is off, or at the edge, in a group whose gap as a whole is not."""
    reason = judged.reason[i]
    if judged.state[i] not in _SHOWN or reason is None or reason == "whole":
        return None
    return part_shown(judged, i, reason)


def _band(judged: Judgement, i: int) -> RemeasuredBand | None:
    """The high-confidence band, where an error of it is what gives a group its verdict."""
    if judged.reason[i] != "high_band" or judged.state[i] not in _SHOWN:
        return None
    gap = judged.high_claimed[i] - judged.high_observed[i]
    low, high = judged.high_gap_low[i], judged.high_gap_high[i]
    return RemeasuredBand(int(judged.high_n[i]), float(gap), float(low), float(high))


def _come_of_age(made: datetime, maturity: Maturity) -> datetime:
    """When the week of a claim is read."""
    monday = datetime.combine(made.date() - timedelta(days=made.weekday()), time())
    return monday + timedelta(weeks=1) + maturity.age
