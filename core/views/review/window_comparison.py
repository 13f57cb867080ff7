"""What changed between two windows: what was stated, which cases came, and why the score moved."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import numpy as np
import pandas as pd

from core.measure.cells.cells import Cells, IntArray
from core.measure.metrics import reliability_curve as reliability
from core.measure.metrics.scores import NoValue
from core.measure.monitoring.brier_decomposition import (
    BrierSplit,
    brier_split,
    brier_split_by_segment,
)
from core.measure.monitoring.confidence_shift import (
    Displacement,
    Stability,
    population_stability,
    wasserstein,
)
from core.queries.base.cells import grouped_cells
from core.queries.base.selection import Selection
from core.queries.sums.design_effect import design_effect
from core.queries.sums.labelling.label_coverage import coverage_by
from core.sentences.numbers import count, dimension_name, p_words, percent, points, value_name
from core.text.figures import signed
from core.views.shared.maturity import Window

#: Below this, a change of windows of this size is called no chance.
SIGNIFICANT = 0.01


@dataclass(frozen=True)
class MixView:
    """How the cases of one dimension moved: shares of each value, and in words."""

    dimension: str
    values: pd.DataFrame
    words: str


@dataclass(frozen=True)
class ShiftView:
    """Two windows of one signal compared.

    Attributes:
        before: the reference window.
        after: the current one.
        stated_before: histogram of stated confidence: left, right, n_claims.
        stated_after: the same bins.
        stated: how far the stated confidences moved, in words; needs no label.
        mixes: one per segment dimension.
        parts: the Brier score's change: label, before, after, n_before, n_after, foretold,
            decalibration with ``…_low`` and ``…_high``; one line, empty without labels.
        by_segment: the same per value of a dimension, with contribution and added_decalibration,
            what it added to the whole's change and to its decalibration; empty where none was
            asked for. A value labelled in one window only has no split of its own.
        split: mix shift or decalibration, in words.
    """

    before: Window
    after: Window
    stated_before: pd.DataFrame
    stated_after: pd.DataFrame
    stated: str
    mixes: tuple[MixView, ...]
    parts: pd.DataFrame
    by_segment: pd.DataFrame
    split: str


def shift_view(
    cursor: duckdb.DuckDBPyConnection,
    selection: Selection,
    before: Window,
    after: Window,
    *,
    dimensions: tuple[str, ...],
    by: str | None = None,
) -> ShiftView:
    """Compare two windows of the selected claims.

    Args:
        selection: the claims; its own period is replaced by the windows'.
        dimensions: whose mix of cases is compared.
        by: dimension whose values' shares in the Brier score's change are shown.
    """
    selections = before.of(selection), after.of(selection)
    old, new = (grouped_cells(cursor, one).cells[0] for one in selections)
    effects = tuple(design_effect(cursor, one) for one in selections)
    mixes = tuple(_mix(cursor, selections, name, (effects[0], effects[1])) for name in dimensions)
    whole = brier_split(old, new)
    return ShiftView(
        before=before,
        after=after,
        stated_before=_histogram(old),
        stated_after=_histogram(new),
        stated=_stated_words(old, new, (effects[0], effects[1])),
        mixes=mixes,
        parts=_parts([("all claims", whole)]),
        by_segment=pd.DataFrame() if by is None else _by_segment(cursor, selections, by),
        split=_split_words(whole),
    )


def _histogram(cells: Cells) -> pd.DataFrame:
    found = reliability.histogram(cells)
    return pd.DataFrame({"left": found.low, "right": found.high, "n_claims": found.n_claims})


def _stated_words(old: Cells, new: Cells, effects: tuple[float, float]) -> str:
    moved = wasserstein(old, new, design_effects=effects)
    if isinstance(moved, NoValue):
        return f"Nothing to compare: {moved.reason}."
    psi = population_stability(_bins(old), _bins(new), design_effects=effects)
    said = (
        f"Stated confidence moved by {points(moved.shift, decimals=1)} points on average "
        f"(Wasserstein {_points(moved.distance)}, by noise alone {_points(moved.noise)}"
    )
    if isinstance(psi, Stability):
        said += f"; PSI {psi.psi:.3f}, by noise alone {psi.noise:.3f}"
    return f"{said}): {_chance(moved)}"


def _bins(cells: Cells) -> IntArray:
    return reliability.histogram(cells, bins=10).n_claims


def _points(value: float | None) -> str:
    return "–" if value is None else points(value, decimals=1).lstrip("+")


def _chance(moved: Displacement) -> str:
    if moved.p_value is None:
        return "whether that is chance is not known."
    if moved.p_value > SIGNIFICANT:
        return "no more than chance would."
    return f"more than chance would ({p_words(moved.p_value)}, {count(moved.n_after)} claims)."


def _mix(
    cursor: duckdb.DuckDBPyConnection,
    selections: tuple[Selection, Selection],
    dimension: str,
    effects: tuple[float, float],
) -> MixView:
    old, new = (coverage_by(cursor, one, (dimension,)).counts() for one in selections)
    values = list(dict.fromkeys((*old, *new)))
    n_old = np.array([old.get(value, (0, 0))[0] for value in values], dtype=np.int64)
    n_new = np.array([new.get(value, (0, 0))[0] for value in values], dtype=np.int64)
    frame = pd.DataFrame(
        {
            "value": [value_name(value) for value in values],
            "share_before": n_old / max(1, n_old.sum()),
            "share_after": n_new / max(1, n_new.sum()),
            "n_before": n_old,
            "n_after": n_new,
        }
    )
    return MixView(dimension, frame, _mix_words(dimension, frame, n_old, n_new, effects))


def _mix_words(
    dimension: str, frame: pd.DataFrame, old: IntArray, new: IntArray, effects: tuple[float, float]
) -> str:
    name = dimension_name(dimension)
    psi = population_stability(old, new, design_effects=effects)
    if isinstance(psi, NoValue):
        return f"{name}: {psi.reason}."
    figures = f"PSI {psi.psi:.3f}, by noise alone {psi.noise:.3f}"
    if not psi.p_value <= SIGNIFICANT:
        return f"{name}: the mix of cases changed no more than chance would ({figures})."
    moved = int((frame["share_after"] - frame["share_before"]).abs().to_numpy().argmax())
    value, before, after = (
        frame[column].iloc[moved] for column in ("value", "share_before", "share_after")
    )
    return (
        f"{name}: the mix of cases changed ({figures}, {p_words(psi.p_value)}); {value} went from "
        f"{percent(before)} to {percent(after)}."
    )


def _parts(splits: list[tuple[str, BrierSplit | NoValue]]) -> pd.DataFrame:
    rows = []
    for label, split in splits:
        if isinstance(split, NoValue):
            continue
        row: dict[str, object] = {
            "label": label,
            "before": split.before,
            "after": split.after,
            "n_before": split.n_before,
            "n_after": split.n_after,
        }
        for name, change in (
            ("foretold", split.foretold),
            ("decalibration", split.decalibration),
        ):
            row |= {name: change.value, f"{name}_low": change.low, f"{name}_high": change.high}
        rows.append(row)
    return pd.DataFrame(rows, columns=list(_PART_COLUMNS))


_PART_COLUMNS = (
    *("label", "before", "after", "n_before", "n_after", "foretold", "foretold_low"),
    *("foretold_high", "decalibration", "decalibration_low", "decalibration_high"),
)


def _by_segment(
    cursor: duckdb.DuckDBPyConnection, selections: tuple[Selection, Selection], by: str
) -> pd.DataFrame:
    """Each value's own split, with what it added to the whole's change."""
    sides = []
    for one in selections:
        found = grouped_cells(cursor, one, (by,))
        sides.append(dict(zip((key[0] for key in found.keys), found.cells, strict=True)))
    segments = brier_split_by_segment(sides[0], sides[1])
    if isinstance(segments, NoValue):
        return pd.DataFrame(columns=[*_PART_COLUMNS, "contribution", "added_decalibration"])
    parts = []
    for part in segments:
        if not part.n_before and not part.n_after:
            continue
        own = _parts([(value_name(part.key), part.split)]).to_dict("records")
        # In one window only: no split of its own, but a part in the whole's change.
        row = own[0] if own else {}
        parts.append(
            {
                **row,
                "label": value_name(part.key),
                "n_before": part.n_before,
                "n_after": part.n_after,
                "contribution": part.change,
                "added_decalibration": part.decalibration,
            }
        )
    return pd.DataFrame(parts, columns=[*_PART_COLUMNS, "contribution", "added_decalibration"])


def _split_words(split: BrierSplit | NoValue) -> str:
    """Harder cases or worse calibration?"""
    if isinstance(split, NoValue):
        return f"The Brier score cannot be compared: {split.reason}."
    said = (
        f"The Brier score went from {split.before:.4f} to {split.after:.4f} "
        f"(n {count(split.n_before)} and {count(split.n_after)}): "
        f"{signed(split.foretold.value, 4)} was expected from the stated confidences, "
        f"{signed(split.decalibration.value, 4)} is decalibration."
    )
    harder, truth = split.foretold.sign, split.decalibration.sign
    if truth == 0 and harder == 0:
        return f"{said} Neither is more than chance would give."
    if truth == 0:
        cases = "harder" if harder > 0 else "easier"
        return (
            f"{said} The cases became {cases}; there is no sign that the signal lost its "
            "calibration."
        )
    worse = "worse calibrated" if truth > 0 else "better calibrated"
    if harder == 0:
        return (
            f"{said} The confidences became {worse}; there is no sign that the cases became harder "
            "or easier."
        )
    # What worse calibrated confidences say of the cases is no longer to be trusted.
    cases = "harder" if harder > 0 else "easier"
    return f"{said} The confidences expect {cases} cases, and became {worse}."
