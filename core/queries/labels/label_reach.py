"""For which claims of each group the labels may speak: the coverage that `label_reach` judges."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from types import MappingProxyType

import duckdb
import numpy as np

from core.measure.cells.cells import Cells, IntArray, ece_bin
from core.measure.metrics.label_bias import LabelledWhere, bounds, escalated_only
from core.measure.verdicts.label_reach import (
    BAND,
    MINIMUM_CLAIMS,
    EarlyLabels,
    LabelReach,
    SpeaksFor,
    Uneven,
    WeightedGap,
    early_labels,
    label_reach,
    most_uneven,
    most_uneven_band,
    uneven_within,
    weighted_gaps,
)
from core.queries.base.dimensions import BAND_LABELS
from core.queries.base.group_keys import Key
from core.queries.base.selection import BAND_DIMENSION, SOURCE_DIMENSION, TIME_DIMENSIONS, Selection
from core.queries.base.together.asking import Asking, answered, ask
from core.queries.base.truth import truth_of
from core.queries.labels.coverage_sets import CoverageAsked
from core.queries.sums.design_effect import EffectAsked
from core.queries.sums.labelling.cohort_ages import AgesAsked, ages_asked
from core.queries.sums.labelling.label_coverage import Coverage, coverage_by, propensity_sums
from core.terms import Maturity, Terms

#: Young claims count for nothing while under this share of all.
YOUNG_SHARE = 0.05


def label_reaches(
    cursor: duckdb.DuckDBPyConnection,
    selection: Selection,
    by: Sequence[str] = (),
    *,
    terms: Terms,
    as_of: datetime | None = None,
) -> Mapping[Key, LabelReach]:
    """For which claims of each group of a selection its labels speak: `reaches_by` one grouping."""
    return reaches_by(cursor, selection, [by], terms=terms, as_of=as_of)[tuple(by)]


def reaches_by(
    cursor: duckdb.DuckDBPyConnection,
    selection: Selection,
    groupings: Sequence[Sequence[str]],
    *,
    terms: Terms,
    as_of: datetime | None = None,
) -> Mapping[tuple[str, ...], Mapping[Key, LabelReach]]:
    """For which claims of each group of several groupings the labels speak.

    Coverage is compared over the confidence bands and the actions, of claims past the age of
    maturity: a young claim is unlabelled for its youth. Of a selection without any such claim all
    are looked at, and so are those of a grouping by time, whose groups are each of one age. A
    question that tells labels apart by who gave them is about these labels alone: those of ground
    truth speak for themselves, and others for nothing.

    A group is held by what its own labels show; and where the rest, each too small to show
    anything, show it together (`core.measure.verdicts.label_reach.uneven_within`), by that. A
    confidence band is held by what is seen over all bands.

    Args:
        groupings: each a list of dimensions; without any there is one group, ``()``.
        terms: the gap that is accepted, and when labels are settled.

    Returns:
        Grouping → key → reach, of the groups that have a stated claim old enough.
    """
    return answered(cursor, reaching(cursor, selection, groupings, terms=terms, as_of=as_of))


def reaching(
    cursor: duckdb.DuckDBPyConnection,
    selection: Selection,
    groupings: Sequence[Sequence[str]],
    *,
    terms: Terms,
    as_of: datetime | None = None,
) -> Asking[Mapping[tuple[str, ...], Mapping[Key, LabelReach]]]:
    """`reaches_by`, asked together with other selections."""
    now = as_of or selection.as_known or datetime.now(UTC)
    now = now if now.tzinfo is None else now.astimezone(UTC).replace(tzinfo=None)
    asked = tuple(dict.fromkeys(tuple(by) for by in groupings))
    found: dict[tuple[str, ...], Mapping[Key, LabelReach]] = {}
    of_claims: list[tuple[str, ...]] = []
    for by in asked:
        if selection.by_source or SOURCE_DIMENSION in by:
            found[by] = _by_source(cursor, selection, by)
        else:
            of_claims.append(by)
    if of_claims:
        found |= yield from _of_claims(cursor, selection, of_claims, terms, now)
    return {by: found[by] for by in asked}


def _of_claims(
    cursor: duckdb.DuckDBPyConnection,
    selection: Selection,
    groupings: Sequence[tuple[str, ...]],
    terms: Terms,
    now: datetime,
) -> Asking[dict[tuple[str, ...], Mapping[Key, LabelReach]]]:
    until = terms.maturity.settled_until(now)
    old = replace(
        selection, until=until if selection.until is None else min(selection.until, until)
    )
    timed = {by: bool(set(by) & set(TIME_DIMENSIONS)) for by in groupings}
    names = {by: tuple(dict.fromkeys((*by, "action", BAND_DIMENSION))) for by in groupings}
    settled = old
    untimed = tuple(dict.fromkeys(names[by] for by in groupings if not timed[by]))
    over_time = tuple(dict.fromkeys(names[by] for by in groupings if timed[by]))
    counted = dict((yield from ask(CoverageAsked(old, untimed))))
    if not any(one.n_claims.sum() for one, _ in counted.values()):
        settled = selection
        counted = dict((yield from ask(CoverageAsked(settled, untimed))))
    if over_time:
        counted |= yield from ask(CoverageAsked(selection, over_time))
    effect = yield from ask(EffectAsked(settled))
    shared = _Shared(effect, (yield from _early(selection, terms.maturity, now)))
    reaches: dict[tuple[str, ...], Mapping[Key, LabelReach]] = {}
    for by in groupings:
        coverage, logged = counted[names[by]]
        groups: dict[Key, list[int]] = {}
        for i, key in enumerate(coverage.keys):
            groups.setdefault(key[: len(by)], []).append(i)
        unlike = {key for key, rows in groups.items() if logged.unlike(rows)}
        weighted = _weighted(cursor, selection if timed[by] else settled, by) if unlike else {}

        def early(key: Key, by: tuple[str, ...] = by, when: bool = timed[by]) -> EarlyLabels | None:
            return shared.early if not when or _starts(by, key) >= until else None

        claims = _Claims(coverage, shared.effect, terms.tolerance)
        told = {key: weighted.get(key) for key in unlike}
        # Labels that are uneven over the bands of a group tell of a choice in each of them.
        kept = [place for place, name in enumerate(by) if name != BAND_DIMENSION]

        def outer(key: Key, kept: Sequence[int] = kept) -> Key:
            return tuple(key[place] for place in kept)

        reaches[by] = _reaches(claims, groups, _Chances(unlike, told), early, outer)
    return reaches


def _weighted(
    cursor: duckdb.DuckDBPyConnection, selection: Selection, by: Sequence[str]
) -> Mapping[Key, WeightedGap | None]:
    found = propensity_sums(cursor, selection, by)
    return dict(zip(found.keys, weighted_gaps(found.sums), strict=True))


def _starts(by: Sequence[str], key: Key) -> datetime:
    """When the time that a group is of begins."""
    label = next(str(value) for name, value in zip(by, key, strict=True) if name in TIME_DIMENSIONS)
    if "W" not in label:
        return datetime.fromisoformat(label)
    year, week = label.split("-W")
    return datetime.combine(date.fromisocalendar(int(year), int(week), 1), time())


def reaches_of_cells(
    groups: Mapping[tuple[Key, str | None], Cells],
    tolerance: float,
    weighted: Mapping[Key, WeightedGap | None] = MappingProxyType({}),
) -> Mapping[Key, LabelReach]:
    """The same of groups of claims that are at hand as cells, all of them old enough.

    Args:
        groups: the claims of each by what was done with them; None: nothing is logged.
        weighted: groups whose labels were drawn with logged chances that differ, and their gap by
            these; None where it cannot be told.

    Returns:
        Of the groups with a stated claim.
    """
    keys: list[Key] = []
    sums: list[tuple[float, float, float, float]] = []
    rows: dict[Key, list[int]] = {}
    for (key, action), cells in groups.items():
        place = ece_bin(cells.v)
        for band in np.unique(place).tolist():
            at = place == band
            rows.setdefault(key, []).append(len(keys))
            keys.append((action, BAND_LABELS[band]))
            v, n_claims = cells.v[at], cells.n_claims[at]
            sums.append((n_claims.sum(), cells.n[at].sum(), cells.s[at].sum(), n_claims @ v))
    if not keys:
        return {}
    n_claims, n, s, sum_v = np.array(sums, dtype=np.float64).T
    claims, known, right = (np.rint(one).astype(np.int64) for one in (n_claims, n, s))
    found = Coverage(("action", BAND_DIMENSION), tuple(keys), claims, known, right, sum_v)
    labelled, worth = n.sum(), sum(_worth(cells) for cells in groups.values())
    effect = max(1.0, labelled / worth) if worth else 1.0
    chances = _Chances(frozenset(weighted), weighted)
    return _reaches(_Claims(found, effect, tolerance), rows, chances, lambda _: None)


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
    early: EarlyLabels | None


@dataclass(frozen=True)
class _Chances:
    """Groups whose labels were drawn with chances that differ, and their gaps by these."""

    unlike: Collection[Key]
    weighted: Mapping[Key, WeightedGap | None]


@dataclass(frozen=True)
class _Claims:
    """Counts of the claims by group, action and band, and what they are judged with."""

    coverage: Coverage
    effect: float
    tolerance: float

    def at(self, name: str) -> int:
        return self.coverage.by.index(name)

    def values(self, name: str, rows: Sequence[int]) -> list[str | None]:
        """Values of a dimension in some rows: bands ascending, others by name with None last."""
        found = {self.coverage.keys[i][self.at(name)] for i in rows}
        if name == BAND_DIMENSION:
            return sorted(found, key=lambda band: BAND_LABELS.index(str(band)))
        return sorted(found, key=lambda value: (value is None, value or ""))

    def summed(
        self, name: str, values: Sequence[str | None], rows: Sequence[int]
    ) -> tuple[IntArray, IntArray]:
        """Stated and labelled claims of some rows by the values of a dimension."""
        place_of = {value: i for i, value in enumerate(values)}
        pairs = [(i, place_of.get(self.coverage.keys[i][self.at(name)])) for i in rows]
        kept = [(i, place) for i, place in pairs if place is not None]
        at = np.array([i for i, _ in kept], dtype=np.int64)
        place = np.array([place for _, place in kept], dtype=np.int64)
        claims, labelled = (
            np.rint(np.bincount(place, one[at], len(values))).astype(np.int64)
            for one in (self.coverage.n_claims, self.coverage.n)
        )
        return claims, labelled

    def by_action(self, rows: Sequence[int]) -> dict[str | None, tuple[int, int]]:
        values = self.values("action", rows)
        claims, labelled = self.summed("action", values, rows)
        return dict(zip(values, zip(claims.tolist(), labelled.tolist(), strict=True), strict=True))


def _reaches(
    claims: _Claims,
    groups: Mapping[Key, Sequence[int]],
    chances: _Chances,
    early: Callable[[Key], EarlyLabels | None],
    outer: Callable[[Key], Key] = lambda key: key,
) -> dict[Key, LabelReach]:
    """The reach of each group, signs being looked for in the ``outer`` group that it is part of."""
    looked: dict[Key, list[int]] = {}
    for key, rows in groups.items():
        looked.setdefault(outer(key), []).extend(rows)
    signs = {key: _signs(claims, rows, len(looked)) for key, rows in looked.items()}
    if len(looked) > 1:
        quiet = {key: rows for key, rows in looked.items() if not signs[key]}
        signs |= _signs_together(claims, quiet)
    found = {}
    for key, rows in groups.items():
        reach = _reach(claims, rows, signs[outer(key)], key in chances.unlike, early(key))
        found[key] = replace(reach, weighted=chances.weighted.get(key))
    return found


@dataclass(frozen=True)
class _Signs:
    """Signs that labels were chosen: by value, or by whom people looked at."""

    uneven: Uneven | None = None
    escalated: LabelledWhere | None = None

    def __bool__(self) -> bool:
        return self.uneven is not None or bool(self.escalated)


def _signs(claims: _Claims, rows: Sequence[int], groups: int) -> _Signs:
    """What a group's own labels show, ``groups`` being looked at side by side."""
    bands = claims.values(BAND_DIMENSION, rows)
    uneven = most_uneven_band(
        bands, *claims.summed(BAND_DIMENSION, bands, rows), effect=claims.effect, groups=groups
    )
    if uneven is None:
        actions = _logged(claims, rows)
        uneven = most_uneven(
            "action",
            actions,
            *claims.summed("action", actions, rows),
            effect=claims.effect,
            groups=groups,
        )
    escalated = escalated_only(claims.by_action(rows))
    # Of many groups some small one has no automated case labelled by chance alone.
    if groups > 1 and escalated.automated[0] < MINIMUM_CLAIMS:
        return _Signs(uneven)
    return _Signs(uneven, escalated)


def _signs_together(claims: _Claims, groups: Mapping[Key, Sequence[int]]) -> Mapping[Key, _Signs]:
    """What the labels of groups that show nothing by themselves show together."""
    every = [i for rows in groups.values() for i in rows]
    for name, values in (
        (BAND_DIMENSION, claims.values(BAND_DIMENSION, every)),
        ("action", _logged(claims, every)),
    ):
        counts = [claims.summed(name, values, rows) for rows in groups.values()]
        if not counts or not values:
            continue
        stated, labelled = (np.stack(one) for one in zip(*counts, strict=True))
        shown = BAND if name == BAND_DIMENSION else name
        found = uneven_within(shown, values, stated, labelled, effect=claims.effect)
        if found is not None:
            uneven, may = found
            return {key: _Signs(uneven) for key, held in zip(groups, may, strict=True) if held}
    escalated = escalated_only(claims.by_action(every))
    if not escalated:
        return {}
    held = {}
    for key, rows in groups.items():
        n_claims, n = escalated_only(claims.by_action(rows)).automated
        if n_claims and not n:
            held[key] = _Signs(escalated=escalated)
    return held


def _logged(claims: _Claims, rows: Sequence[int]) -> list[str | None]:
    return [action for action in claims.values("action", rows) if action is not None]


def _reach(
    claims: _Claims,
    rows: Sequence[int],
    signs: _Signs,
    by_chance: bool,
    early: EarlyLabels | None,
) -> LabelReach:
    found = claims.coverage
    n_claims, n, s = (one[rows] for one in (found.n_claims, found.n, found.s))
    most = bounds(n_claims.sum(), n.sum(), s.sum(), found.sum_v[rows].sum())
    return label_reach(
        n_claims=int(n_claims.sum()),
        n=int(n.sum()),
        gap_if_right=float(most.gap_if_right),
        gap_if_wrong=float(most.gap_if_wrong),
        tolerance=claims.tolerance,
        uneven=signs.uneven,
        escalated=signs.escalated,
        by_chance=by_chance,
        early=early,
    )


def _early(selection: Selection, maturity: Maturity, now: datetime) -> Asking[EarlyLabels | None]:
    """What early labels are like, where young claims with few labels are among the selected."""
    if selection.until is not None and selection.until <= maturity.settled_until(now):
        return None
    aging = yield from ask(AgesAsked(selection, ages_asked(maturity.ages_days), now))
    young = ~aging.mature[:, -1] & ~maturity.covered(aging.n[:, -1], aging.n_claims)
    if aging.n[young, -1].sum() < YOUNG_SHARE * max(1, aging.n[:, -1].sum()):
        return None
    old = aging.mature[:, -1]
    n, s, sv = (one[old].sum(axis=0) for one in (aging.n, aging.s, aging.sv))
    if not old.any():
        return None
    effect = yield from ask(EffectAsked(selection))
    return early_labels(aging.ages_days, n, s, sv, effect=effect)
