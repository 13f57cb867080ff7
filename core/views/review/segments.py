"""The Segments page: which cases does the aggregate hide."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import pandas as pd

from core.defaults import MINIMUM_INPUTS
from core.measure.cells.cells import GroupSums
from core.measure.verdicts.label_reach import LabelReach
from core.measure.verdicts.segments import (
    MaxStatisticTest,
    false_discovery_q,
    gap_p_values,
    max_statistic_test,
)
from core.measure.verdicts.shrinkage import shrunken_gaps
from core.measure.verdicts.verdict import Judgement, judge
from core.queries.base.cells import grouped_cells
from core.queries.base.group_keys import Segment
from core.queries.base.selection import BAND_DIMENSION, TIME_DIMENSIONS, Selection
from core.queries.labels.label_reach import reaches_by
from core.queries.sums.grouped_sums import grouped_sums
from core.sentences.numbers import counted, dimension_name, shown_states, value_name, within
from core.terms import USUAL, Terms
from core.text.parts import part_shown, reach_words, shape_at

#: Segments whose false-discovery rate is held below this are flagged in the ranked list.
FALSE_DISCOVERY_RATE = 0.10

#: Above this many heatmap cells the test over overlapping segments is left out.
MOST_CELLS_TESTED = 400


@dataclass(frozen=True)
class SegmentsView:
    """Everything the page shows.

    Attributes:
        row, column: the heatmap's dimensions.
        cells: one line per heatmap cell: the row's and the column's value under the dimensions'
            names, gap, corrected_low, corrected_high, n, n_inputs, coverage, verdict, shown (the
            corrected interval's end nearest zero; 0 when it holds zero), too_few, shape_low and
            shape_high (bounds of the error over its bands of confidence; null with under two),
            shape_shown (the lower one; 0 where none is shown), shape_where (in words).
        ranked: one line per one-way and two-way segment, worst first: label, dimensions and
            values (tuples), gap, gap_low, gap_high, shrunken, n, n_inputs, coverage, verdict, q,
            flagged.
        headline: what is worst, in words.
        withheld: why segments listed have no verdict while others have one, each in words.
        cells_method, ranked_method: how each family was corrected.
        test: the test over all overlapping segments at once, in words; None where left out.
    """

    row: str
    column: str
    cells: pd.DataFrame
    ranked: pd.DataFrame
    headline: str
    withheld: tuple[str, ...]
    cells_method: str
    ranked_method: str
    test: str | None
    tolerance: float
    high_from: float


def segments_view(
    cursor: duckdb.DuckDBPyConnection,
    selection: Selection,
    *,
    row: str,
    column: str,
    segment_dimensions: Sequence[str],
    every_pair: bool = False,
    terms: Terms = USUAL,
) -> SegmentsView:
    """Assemble the page.

    Args:
        row: the heatmap's dimension that runs down.
        column: the one that runs across; another than ``row``.
        segment_dimensions: the dimensions ranked one by one in the list of worst segments.
        every_pair: rank also each pair of them, not only ``row`` × ``column``.
    """
    tolerance, high_from = terms.tolerance, terms.high_from
    one_way = tuple(
        (name,)
        for name in dict.fromkeys((*segment_dimensions, row, column))
        if name not in TIME_DIMENSIONS and name != BAND_DIMENSION
    )
    two_way = _pairs([name for (name,) in one_way]) if every_pair else ()
    groupings = tuple(dict.fromkeys((*one_way, (row, column), *two_way)))
    found = grouped_sums(cursor, selection, groupings, high_from=high_from)
    segments = [_segment(*entry) for entry in found.entries]
    crossed = [i for i, one in enumerate(segments) if _names(one) == (row, column)]
    cell_sums = found.sums.take(crossed)
    reaches = segment_reaches(cursor, selection, segments, terms)
    cell_judgement = judge(cell_sums, tolerance=tolerance)
    cell_judgement = cell_judgement.with_reaches([reaches.get(segments[i]) for i in crossed])
    cells = _cell_frame([segments[i] for i in crossed], cell_judgement, row, column)
    listed = [
        i
        for i, one in enumerate(segments)
        if not {BAND_DIMENSION, *TIME_DIMENSIONS} & set(_names(one))
    ]
    names = [segments[i] for i in listed]
    ranked, ranked_judgement = ranked_segments(found.sums.take(listed), names, tolerance, reaches)
    known = [one for one in reaches.values() if one.n]
    held = [one for one in known if one.speaks_for == "labelled"]
    # A test over all of them cannot leave one out.
    tested = not held and 0 < len(crossed) <= MOST_CELLS_TESTED
    test = _test(cursor, selection, row, column) if tested else None
    mute = _mute(ranked, cells, reaches)
    return SegmentsView(
        row=row,
        column=column,
        cells=cells,
        ranked=ranked,
        headline=mute or _headline(ranked, tolerance),
        withheld=() if mute else _withheld(ranked),
        cells_method=cell_judgement.method,
        ranked_method=ranked_judgement.method,
        test=test,
        tolerance=tolerance,
        high_from=high_from,
    )


def segment_reaches(
    cursor: duckdb.DuckDBPyConnection,
    selection: Selection,
    segments: Iterable[Segment],
    terms: Terms,
) -> dict[Segment, LabelReach]:
    """For which claims the labels of each segment speak, and under ``()`` those of all.

    Args:
        segments: which.
        terms: the gap that is accepted, and when labels are settled.
    """
    groupings = [(), *dict.fromkeys(map(_names, segments))]
    found = reaches_by(cursor, selection, groupings, terms=terms)
    return {_segment(names, key): reach for names, of in found.items() for key, reach in of.items()}


def label(segment: Segment) -> str:
    """A segment in words: ``Topic medical × Language hi``."""
    return " × ".join(f"{dimension_name(name)} {value_name(value)}" for name, value in segment)


def _segment(names: Sequence[str], key: Sequence[str | None]) -> Segment:
    return tuple(zip(names, key, strict=True))


def _names(segment: Segment) -> tuple[str, ...]:
    return tuple(name for name, _ in segment)


def _pairs(names: Sequence[str]) -> tuple[tuple[str, str], ...]:
    return tuple((a, b) for i, a in enumerate(names) for b in names[i + 1 :])


def _cell_frame(
    segments: Sequence[Segment], judged: Judgement, row: str, column: str
) -> pd.DataFrame:
    values = [dict(one) for one in segments]
    low, high = judged.corrected_low, judged.corrected_high
    # The end nearest zero: a wide interval cannot look alarming.
    shown = np.where(low > 0, low, np.where(high < 0, high, 0.0))
    # Nor can a gap of labels that do not speak for these claims.
    muted = np.array([one == "labelled" for one in judged.speaks_for], dtype=np.bool_)
    shown = np.where(muted, 0.0, shown)
    curved = judged.shape.present
    shape_low = np.where(curved, judged.shape.low, np.nan)
    return pd.DataFrame(
        {
            # As objects: a column of strings would make None, "names no value", a NaN.
            row: pd.Series([one[row] for one in values], dtype=object),
            column: pd.Series([one[column] for one in values], dtype=object),
            "gap": judged.gap,
            "corrected_low": low,
            "corrected_high": high,
            "n": judged.n,
            "n_inputs": judged.n_inputs,
            "n_claims": judged.n_claims,
            "n_unstated": judged.n_unstated,
            "coverage": judged.coverage,
            "verdict": shown_states(judged),
            "shown": np.nan_to_num(shown),
            "too_few": judged.n_effective < MINIMUM_INPUTS,
            "shape_low": shape_low,
            "shape_high": np.where(curved, judged.shape.high, np.nan),
            "shape_shown": np.nan_to_num(np.where(muted, 0.0, shape_low)),
            "shape_where": [
                shape_at(judged, g).words if curved[g] else "" for g in range(len(judged))
            ],
            "words": [_words(judged, g) for g in range(len(judged))],
        }
    )


def ranked_segments(
    sums: GroupSums,
    segments: Sequence[Segment],
    tolerance: float,
    reaches: Mapping[Segment, LabelReach],
) -> tuple[pd.DataFrame, Judgement]:
    """Every listed segment with a label on at least one claim, worst shrunken gap first.

    Args:
        sums: of the segments.
        segments: their names and values.
        reaches: for which claims the labels of each speak; nothing is known against those of one
            that is not there.
    """
    judged = judge(sums, tolerance=tolerance).with_reaches([reaches.get(one) for one in segments])
    overlapping = len({_names(one) for one in segments}) > 1
    q = false_discovery_q(gap_p_values(sums, tolerance), overlapping=overlapping)
    shrunken = shrunken_gaps(judged.gap, judged.n.astype(np.float64), judged.accuracy)
    frame = pd.DataFrame(
        {
            "label": [label(one) for one in segments],
            "segment": list(segments),
            "gap": judged.gap,
            "gap_low": judged.gap_low,
            "gap_high": judged.gap_high,
            "shrunken": shrunken.gap,
            "n": judged.n,
            "n_inputs": judged.n_inputs,
            "coverage": judged.coverage,
            "mean_confidence": judged.mean_confidence,
            "accuracy": judged.accuracy,
            "high_n": judged.high_n,
            "high_claimed": judged.high_claimed,
            "high_observed": judged.high_observed,
            "verdict": shown_states(judged),
            "words": [_words(judged, g) for g in range(len(judged))],
            "q": q,
            "flagged": (q <= FALSE_DISCOVERY_RATE) & (np.array(judged.speaks_for) == "all"),
        }
    )
    frame = frame[frame["n"] > 0]
    order = frame["shrunken"].abs().sort_values(ascending=False, kind="stable").index
    return frame.loc[order].reset_index(drop=True), judged


def _words(judged: Judgement, group: int) -> str:
    """What gives a segment's verdict, or why it has none; "" of one that is fine."""
    reach, reason = judged.reaches[group], judged.reason[group]
    if reach is not None and reach.speaks_for == "labelled":
        return reach_words(reach)
    if reason is None or not judged.n[group]:
        return ""
    return part_shown(judged, group, reason).words()


def _mute(ranked: pd.DataFrame, cells: pd.DataFrame, reaches: Mapping[Segment, LabelReach]) -> str:
    """Why no segment has a verdict on all its claims; "" where some has, or none has a label."""
    shown = (*ranked["verdict"], *cells[cells["n"] > 0]["verdict"])
    if not shown or set(shown) != {"no_verdict"}:
        return ""
    whole = reaches.get(())
    if whole is not None and whole.speaks_for == "labelled":
        return reach_words(whole)
    return next(words for one in reaches.values() if (words := reach_words(one)))


def _withheld(ranked: pd.DataFrame) -> tuple[str, ...]:
    held = ranked[ranked["verdict"] == "no_verdict"]
    return tuple(f"{row['label']}: {row['words']}" for _, row in held.iterrows())


def _test(
    cursor: duckdb.DuckDBPyConnection, selection: Selection, row: str, column: str
) -> str | None:
    """The max-statistic test over rows, columns and cells of the heatmap, in words."""
    units = grouped_cells(cursor, selection, (row, column))
    labelled = [i for i, one in enumerate(units.cells) if one.total]
    if not labelled:
        return None
    keys = [units.keys[i] for i in labelled]
    members: list[np.ndarray] = [np.eye(len(keys), dtype=bool)]
    names = [label(((row, a), (column, b))) for a, b in keys]
    for axis, dimension in enumerate((row, column)):
        for value in dict.fromkeys(key[axis] for key in keys):
            members.append(np.array([[key[axis] == value for key in keys]]))
            names.append(label(((dimension, value),)))
    result = max_statistic_test([units.cells[i] for i in labelled], np.vstack(members))
    return _test_words(result, names)


def _test_words(result: MaxStatisticTest, names: Sequence[str]) -> str:
    if result.excluded == len(names):
        return "No test over all segments at once: too few labelled claims in each of them."
    if np.isnan(result.p_value):
        return f"No test over all segments at once: {result.note or 'too little data'}."
    tested = len(names) - result.excluded
    if result.p_value <= 0.05:
        return (
            f"Taken together, the {tested} overlapping segments of the map are not calibrated "
            f"(max-statistic test, p {result.p_value:.3f})."
        )
    return (
        f"Taken together, the {tested} segments of the map show nothing that chance alone would "
        f"not (max-statistic test, p {result.p_value:.2f})."
    )


def _headline(ranked: pd.DataFrame, tolerance: float) -> str:
    """What is worst, and how many segments are outside tolerance."""
    if ranked.empty:
        return "No labelled claim matches these filters."
    bad = ranked[ranked["verdict"] == "off"]
    n_held = int((ranked["verdict"] == "no_verdict").sum())
    verb, whose = ("has", "its") if n_held == 1 else ("have", "their")
    held = (
        f" {counted(n_held, 'segment')} {verb} no verdict: {whose} labels do not represent all "
        "claims."
        if n_held
        else ""
    )
    if bad.empty:
        unsure = int(ranked["verdict"].isin(("too_few", "at_the_edge")).sum())
        return (
            f"No segment is off by more than {within(tolerance)}; {unsure} of {len(ranked)} are "
            f"not decided.{held}"
        )
    verb = "is" if len(bad) == 1 else "are"
    many = f"{len(bad)} of {counted(len(ranked), 'segment')} {verb} off."
    return f"{many} Worst: {bad.iloc[0]['label']}: {bad.iloc[0]['words']}.{held}"
