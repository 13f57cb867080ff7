"""The Reliability page: is this signal honest, and where in its range is it not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb
import pandas as pd

from core.measure.cells.cells import Cells
from core.measure.cells.group_sums import group_sums
from core.measure.metrics import metric_bootstrap as bootstrap
from core.measure.metrics import reliability_curve as reliability
from core.measure.metrics.scores import NoValue
from core.measure.verdicts.measure_table import Measures, measure_groups
from core.measure.verdicts.verdict import Judgement, judge
from core.queries.base.cells import grouped_cells
from core.queries.base.selection import Selection
from core.queries.labels.label_reach import label_reaches
from core.sentences import measure_rows as explain
from core.sentences import measures as sentences
from core.sentences.numbers import value_name
from core.terms import USUAL, Terms
from core.views.shared.judge_labels import JudgeBesideTruth, judged


@dataclass(frozen=True)
class GroupView:
    """Everything the page shows of one group of claims.

    Attributes:
        name: the group's value, or "" when there is one group only.
        measures: its measures, as `calledger measure` prints them.
        corrected: the gap's corrected interval (low, high), the one the verdict used.
        headline, interval, high_band, coverage: sentences.
        reasons: further sentences: why nothing can be told, what would go unseen.
        rows: the table of measures.
        curve: CORP blocks (v_from, v_to, observed, n).
        consistency: where noise alone would put a calibrated signal (v, low, high).
        honest: simultaneous confidence band of the true curve (v, low, high).
        values: the per-value table.
        histogram: stated and labelled claims per bin (left, right, n_claims, n).
        notes: what was rounded, pooled or left out.
    """

    name: str
    measures: Measures
    corrected: tuple[float, float]
    headline: str
    interval: str | None
    high_band: str
    coverage: str
    reasons: tuple[str, ...]
    rows: tuple[explain.MeasureRow, ...]
    curve: pd.DataFrame
    consistency: pd.DataFrame
    honest: pd.DataFrame
    values: pd.DataFrame
    histogram: pd.DataFrame
    notes: tuple[str, ...]


@dataclass(frozen=True)
class ReliabilityView:
    """One group, or two side by side.

    Attributes:
        groups: the groups, in the order asked for.
        comparison: one sentence on two groups, None for one.
        method: how the intervals were corrected together.
    """

    groups: tuple[GroupView, ...]
    comparison: str | None
    method: str
    tolerance: float
    high_from: float


def reliability_view(
    cursor: duckdb.DuckDBPyConnection,
    selection: Selection,
    *,
    compare: tuple[str, str | None, str | None] | None = None,
    terms: Terms = USUAL,
    as_of: datetime | None = None,
) -> ReliabilityView:
    """Assemble the page for the selected claims.

    Args:
        compare: (dimension, first value, second value) for two groups side by side.
        as_of: when the claims' ages are taken, UTC without zone; None: the selection's
            ``as_known``, or now.
    """
    if compare is None:
        asked = [("", selection)]
    else:
        dimension, *sides = compare
        asked = [(value_name(value), selection.narrowed(dimension, value)) for value in sides]
    return side_by_side(cursor, asked, terms=terms, as_of=as_of)


def side_by_side(
    cursor: duckdb.DuckDBPyConnection,
    asked: Sequence[tuple[str, Selection]],
    *,
    terms: Terms = USUAL,
    as_of: datetime | None = None,
) -> ReliabilityView:
    """Assemble named groups of claims, judged together.

    Args:
        asked: name and claims of each group.
        as_of: when the claims' ages are taken, UTC without zone; None: each selection's
            ``as_known``, or now.
    """
    tolerance, high_from = terms.tolerance, terms.high_from
    named = [(name, _one(cursor, one)) for name, one in asked]
    cells = [one for _, one in named]
    judgement = judge(group_sums(cells, high_from), tolerance=tolerance)
    reaches = [label_reaches(cursor, one, terms=terms, as_of=as_of).get(()) for _, one in asked]
    beside = [
        None if one.by_source else judged(cursor, one, high_from=high_from) for _, one in asked
    ]
    # measure_groups sorts by verdict; the page keeps the order asked for.
    measured = {
        one.group["at"]: one
        for one in measure_groups(
            [{"at": str(i)} for i in range(len(cells))],
            cells,
            tolerance=tolerance,
            high_from=high_from,
            reaches=reaches,
        )
    }
    groups = tuple(
        _group(name, one, measured[str(i)], judgement, i, beside[i])
        for i, (name, one) in enumerate(named)
    )
    comparison = _comparison(groups) if len(groups) == 2 else None
    return ReliabilityView(groups, comparison, judgement.method, tolerance, high_from)


def _one(cursor: duckdb.DuckDBPyConnection, selection: Selection) -> Cells:
    return grouped_cells(cursor, selection).cells[0]


def _group(
    name: str,
    cells: Cells,
    measures: Measures,
    judgement: Judgement,
    at: int,
    labels: JudgeBesideTruth | None,
) -> GroupView:
    tolerance, high_from = judgement.tolerance, judgement.high_from
    corrected = (float(judgement.corrected_low[at]), float(judgement.corrected_high[at]))
    reasons = (
        sentences.why_not_decided(measures, tolerance=tolerance),
        *sentences.beside(measures),
        *(() if labels is None else (one.words for one in labels.groups)),
        sentences.unseen(measures, tolerance=tolerance),
    )
    found = {
        "observed curve": reliability.corp(cells),
        "consistency band": reliability.consistency_band(cells),
        "honest band": _drawable(reliability.honest_band(cells), cells),
    }
    values = reliability.per_value(cells)
    return GroupView(
        name=name,
        measures=measures,
        corrected=corrected,
        headline=sentences.headline(measures, tolerance=tolerance),
        interval=sentences.interval(measures),
        high_band=sentences.high_band(measures, high_from=high_from),
        coverage=sentences.coverage(measures),
        reasons=tuple(reason for reason in reasons if reason),
        rows=explain.measure_rows(measures, _intervals(cells, measures)),
        curve=_frame(found["observed curve"], ("v_from", "v_to", "observed", "n")),
        consistency=_frame(found["consistency band"], ("v", "low", "high")),
        honest=_frame(found["honest band"], ("v", "low", "high")),
        values=_values_frame(values),
        histogram=_histogram_frame(reliability.histogram(cells)),
        notes=_notes(measures, found, values),
    )


def _drawable(
    band: reliability.CurveBand | NoValue, cells: Cells
) -> reliability.CurveBand | NoValue:
    """An honest band whose ends do not cross."""
    curve = reliability.corp(cells)
    if isinstance(band, NoValue) or isinstance(curve, NoValue):
        return band
    return reliability.non_crossing(band, curve)


def _frame(found: object, columns: tuple[str, ...]) -> pd.DataFrame:
    """The named arrays of a result as columns; no rows where it has no value."""
    if isinstance(found, NoValue):
        return pd.DataFrame({name: pd.Series(dtype="float64") for name in columns})
    return pd.DataFrame({name: getattr(found, name) for name in columns})


def _values_frame(values: reliability.PerValue) -> pd.DataFrame:
    return _frame(
        values,
        ("v", "n_claims", "n", "s", "observed", "gap", "exact_low", "exact_high"),
    )


def _histogram_frame(histogram: reliability.Histogram) -> pd.DataFrame:
    frame = _frame(histogram, ("low", "high", "n_claims", "n"))
    return frame.rename(columns={"low": "left", "high": "right"})


def _notes(
    measures: Measures, found: Mapping[str, object], values: reliability.PerValue
) -> tuple[str, ...]:
    """What was rounded, pooled or could not be drawn."""
    if not measures.n:
        return ()
    notes = [f"No {name}: {one.reason}." for name, one in found.items() if isinstance(one, NoValue)]
    rounded = [
        name for name, one in found.items() if isinstance(one, reliability.CurveBand) and one.pooled
    ]
    if rounded:
        notes.append(f"The {' and the '.join(rounded)} work at two decimals of confidence.")
    if values.pooled:
        notes.append("Neighbouring confidences share a row of the table: there are too many.")
    return tuple(notes)


def _intervals(cells: Cells, measures: Measures) -> Mapping[str, tuple[float, float]]:
    """Bootstrap intervals of the composite measures, and the gap's own."""
    intervals = dict(bootstrap.bootstrap_intervals(cells)) if measures.n else {}
    if measures.gap_low is not None and measures.gap_high is not None:
        intervals["gap"] = (measures.gap_low, measures.gap_high)
    return intervals


def _comparison(groups: tuple[GroupView, ...]) -> str | None:
    first, second = groups
    if first.measures.gap is None or second.measures.gap is None:
        return None
    return sentences.told_apart(
        (first.name, first.measures.gap, *first.corrected),
        (second.name, second.measures.gap, *second.corrected),
    )
