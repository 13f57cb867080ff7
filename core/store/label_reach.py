"""For which claims of each group the labels may speak: the coverage that `label_reach` judges."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta

import duckdb
import numpy as np

from core.measure.cells import Cells, ece_bin
from core.measure.label_reach import (
    EarlyLabels,
    LabelReach,
    SpeaksFor,
    early_labels,
    label_reach,
    most_uneven,
    most_uneven_band,
)
from core.measure.labels import bounds, escalated_only
from core.store.basis import how_labelled
from core.store.dimensions import BAND_LABELS
from core.store.intake import MATURE_AGE, MATURE_COVERAGE
from core.store.keys import Key
from core.store.labelling import Coverage, coverage_by
from core.store.selection import BAND_DIMENSION, SOURCE_DIMENSION, Selection
from core.store.series import cohort_ages, design_effect
from core.store.truth import truth_of

#: Ages at which the labels known early are held against all that came, in days.
AGES_DAYS = (7, 14, 21, MATURE_AGE.days)
#: Young claims count for nothing while under this share of all.
YOUNG_SHARE = 0.05


def label_reaches(
    cursor: duckdb.DuckDBPyConnection,
    selection: Selection,
    by: Sequence[str] = (),
    *,
    tolerance: float,
    as_of: datetime | None = None,
) -> Mapping[Key, LabelReach]:
    """For which claims of each group of a selection its labels speak.

    Coverage is compared over the confidence bands and the actions, of claims past the age of
    maturity: a young claim is unlabelled for its youth. Of a selection without any such claim all
    are looked at. A question that tells labels apart by who gave them is about these labels alone:
    those of ground truth speak for themselves, and others for nothing.

    Args:
        cursor: of the ledger.
        selection: the claims.
        by: dimensions; without any there is one group, ``()``.
        tolerance: the gap accepted, in [0, 1].
        as_of: when ages are taken, UTC without zone; None: the selection's ``as_known``, or now.

    Returns:
        Key → reach, of the groups that have a stated claim old enough.

    Raises:
        UnknownDimension: ``by`` or the selection names a dimension that the ledger lacks.
        BadValue: the selection accepts a week, day or band that does not exist.
    """
    now = as_of or selection.as_known or datetime.now(UTC)
    now = now if now.tzinfo is None else now.astimezone(UTC).replace(tzinfo=None)
    if selection.by_source or SOURCE_DIMENSION in by:
        return _by_source(cursor, selection, by)
    names = tuple(dict.fromkeys((*by, "action", BAND_DIMENSION)))
    until = settled_until(now)
    old = replace(
        selection, until=until if selection.until is None else min(selection.until, until)
    )
    found = coverage_by(cursor, old, names)
    settled = old
    if not found.n_claims.sum():
        settled, found = selection, coverage_by(cursor, selection, names)
    shared = _Shared(
        effect=design_effect(cursor, settled),
        by_chance=how_labelled(cursor, settled).drawn_unlike,
        early=_early(cursor, selection, until, now),
        tolerance=tolerance,
    )
    groups: dict[Key, list[int]] = {}
    for i, key in enumerate(found.keys):
        groups.setdefault(key[: len(by)], []).append(i)
    at = {name: names.index(name) for name in ("action", BAND_DIMENSION)}
    return {key: _reach(found, rows, at, shared) for key, rows in groups.items()}


def reach_of_cells(by_action: Mapping[str | None, Cells], *, tolerance: float) -> LabelReach | None:
    """The same of claims that are at hand as cells, all of them old enough.

    Args:
        by_action: the claims by what was done with them; None: nothing is logged.
        tolerance: the gap accepted, in [0, 1].

    Returns:
        None without a stated claim.
    """
    keys: list[Key] = []
    sums: list[tuple[float, float, float, float]] = []
    for action, cells in by_action.items():
        place = ece_bin(cells.v)
        for band in np.unique(place).tolist():
            at = place == band
            keys.append((action, BAND_LABELS[band]))
            v, n_claims = cells.v[at], cells.n_claims[at]
            sums.append((n_claims.sum(), cells.n[at].sum(), cells.s[at].sum(), n_claims @ v))
    if not keys:
        return None
    n_claims, n, s, sum_v = np.array(sums, dtype=np.float64).T
    claims, known, right = (np.rint(one).astype(np.int64) for one in (n_claims, n, s))
    found = Coverage(("action", BAND_DIMENSION), tuple(keys), claims, known, right, sum_v)
    labelled, worth = n.sum(), sum(_worth(cells) for cells in by_action.values())
    shared = _Shared(max(1.0, labelled / worth) if worth else 1.0, False, None, tolerance)
    return _reach(found, range(len(keys)), {"action": 0, BAND_DIMENSION: 1}, shared)


def _worth(cells: Cells) -> float:
    """Equally weighted inputs that a group's labelled claims are worth (Kish 1965)."""
    if cells.inputs is None:
        return float(cells.total)
    m = np.bincount(cells.inputs.input, cells.inputs.n)
    return float(m.sum() ** 2 / (m @ m)) if m.size else 0.0


def _by_source(
    cursor: duckdb.DuckDBPyConnection, selection: Selection, by: Sequence[str]
) -> Mapping[Key, LabelReach]:
    truth = truth_of(cursor, selection.signal)
    asked = {v for name, values in selection.where if name == SOURCE_DIMENSION for v in values}
    found = coverage_by(cursor, selection, by)

    def reach(i: int) -> LabelReach:
        named = dict(zip(by, found.keys[i], strict=True))
        sources = {named[SOURCE_DIMENSION]} if SOURCE_DIMENSION in named else asked
        decide = all(map(truth.counts, sources))
        n_claims, n = int(found.n_claims[i]), int(found.n[i])
        speaks_for: SpeaksFor = "all" if decide else "labelled"
        return LabelReach(speaks_for, n_claims, n, math.nan, math.nan, no_truth=not decide)

    return {key: reach(i) for i, key in enumerate(found.keys)}


@dataclass(frozen=True)
class _Shared:
    """What holds for all groups of a selection."""

    effect: float
    by_chance: bool
    early: EarlyLabels | None
    tolerance: float


def settled_until(now: datetime) -> datetime:
    """The Monday before which every claim is past the age of maturity."""
    day = (now - MATURE_AGE).date()
    return datetime.combine(day - timedelta(days=day.weekday()), time())


def _reach(
    found: Coverage, rows: Sequence[int], at: Mapping[str, int], shared: _Shared
) -> LabelReach:
    n_claims, n, s = (one[rows] for one in (found.n_claims, found.n, found.s))
    most = bounds(n_claims.sum(), n.sum(), s.sum(), found.sum_v[rows].sum())

    def summed(name: str) -> tuple[list[str | None], np.ndarray, np.ndarray]:
        named = [found.keys[i][at[name]] for i in rows]
        values = sorted(set(named), key=lambda value: (value is None, value or ""))
        place = np.array([values.index(value) for value in named], dtype=np.int64)
        totals = (
            np.rint(np.bincount(place, one, len(values))).astype(np.int64) for one in (n_claims, n)
        )
        claims, labelled = totals
        return values, claims, labelled

    bands, band_claims, band_n = summed(BAND_DIMENSION)
    order = np.argsort([BAND_LABELS.index(str(band)) for band in bands])
    uneven = most_uneven_band(
        [bands[i] for i in order], band_claims[order], band_n[order], effect=shared.effect
    )
    actions, action_claims, action_n = summed("action")
    pairs = zip(action_claims.tolist(), action_n.tolist(), strict=True)
    counts = dict(zip(actions, pairs, strict=True))
    logged = np.array([action is not None for action in actions], dtype=bool)
    uneven = uneven or most_uneven(
        "action",
        [action for action in actions if action is not None],
        action_claims[logged],
        action_n[logged],
        effect=shared.effect,
    )
    return label_reach(
        n_claims=int(n_claims.sum()),
        n=int(n.sum()),
        gap_if_right=float(most.gap_if_right),
        gap_if_wrong=float(most.gap_if_wrong),
        tolerance=shared.tolerance,
        uneven=uneven,
        escalated=escalated_only(counts),
        by_chance=shared.by_chance,
        early=shared.early,
    )


def _early(
    cursor: duckdb.DuckDBPyConnection, selection: Selection, until: datetime, now: datetime
) -> EarlyLabels | None:
    """What early labels are like, where young claims with few labels are among the selected."""
    if selection.until is not None and selection.until <= until:
        return None
    aging = cohort_ages(cursor, selection, AGES_DAYS, as_of=now)
    young = ~aging.mature[:, -1] & (aging.n[:, -1] < MATURE_COVERAGE * aging.n_claims)
    if aging.n[young, -1].sum() < YOUNG_SHARE * max(1, aging.n[:, -1].sum()):
        return None
    old = aging.mature[:, -1]
    n, s, sv = (one[old].sum(axis=0) for one in (aging.n, aging.s, aging.sv))
    if not old.any():
        return None
    return early_labels(aging.ages_days, n, s, sv, effect=design_effect(cursor, selection))
