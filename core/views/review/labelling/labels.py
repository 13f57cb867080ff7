"""Whether the labels may stand for the claims: where they are thin, early, or chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd

from core.measure.cells.cells import InputSums
from core.measure.metrics.intervals import gap_interval, wilson
from core.measure.metrics.label_bias import (
    AUTOMATED_COVERAGE_MINIMUM,
    bounds,
    escalated_only,
    inverse_propensity,
)
from core.queries.base.cells import grouped_cells
from core.queries.base.selection import BAND_DIMENSION, Selection
from core.queries.sums.design_effect import design_effect
from core.queries.sums.labelling.cohort_ages import CohortAges, cohort_ages
from core.queries.sums.labelling.label_coverage import Coverage, coverage_by, propensity_sums
from core.sentences import labels as sentences
from core.sentences.labels import Early, LookedAt
from core.sentences.numbers import counted, value_name
from core.terms import USUAL, Maturity, Terms
from core.views.shared.maturity import mature

#: The newest so many cohorts are drawn.
COHORTS_DRAWN = 26
_BY = ("week", "action", BAND_DIMENSION)


@dataclass(frozen=True)
class LabelsView:
    """How far a signal's labels may be taken for all its claims.

    Attributes:
        headline: what to make of the labels, in a sentence.
        findings: what speaks against them, each with its numbers; empty where nothing does.
        fine: what was looked at and is in order, or could not be looked at; "" where all is found.
        bounds: what the unlabelled could change at most; "" where all are labelled.
        weighted: the estimate from logged label propensities; "" where none is logged.
        escalated_only: the labels are of escalated or reviewed cases only, and no propensity
            of an automated one is logged.
        bands, actions, cohorts: coverage of each value: value, n_claims, n, coverage with
            ``…_low`` and ``…_high``, gap_if_right, gap_if_wrong, mature. Bands and actions of
            settled cohorts alone; cohorts all, oldest first.
        ages: the gap of each cohort as known at each age it has reached: cohort, age_days, gap,
            low, high, n, mature.
    """

    headline: str
    findings: tuple[str, ...]
    fine: str
    bounds: str
    weighted: str
    escalated_only: bool
    bands: pd.DataFrame
    actions: pd.DataFrame
    cohorts: pd.DataFrame
    ages: pd.DataFrame


def labels_view(
    cursor: duckdb.DuckDBPyConnection,
    selection: Selection,
    *,
    terms: Terms = USUAL,
    as_of: datetime | None = None,
) -> LabelsView:
    """Assemble what the labels of the selected claims may be used for.

    What is told apart is told of *settled* weeks: those wholly past the age of maturity, or, while
    there is none, those that reached the coverage of maturity.

    Args:
        terms: by what the signal is measured; bounds are held against the gap it accepts.
    """
    now, maturity = _now(selection, as_of), terms.maturity
    found = coverage_by(cursor, selection, _BY)
    weeks = _summed(found, 0)
    cohorts = _frame(weeks)
    starts = [_monday(label) for label in cohorts["value"]]
    cohorts["mature"] = mature(maturity, starts, 7, weeks.n, weeks.n_claims, now)
    until = maturity.settled_until(now)
    aged = np.array([datetime.combine(one, time()) < until for one in starts], dtype=bool)
    settled = cohorts["value"][aged if aged.any() else cohorts["mature"].astype(bool)].to_list()
    known = found if len(settled) == len(cohorts) else _of_weeks(found, settled)
    bands, actions = _frame(_summed(known, 2)), _frame(_summed(known, 1))
    aging = cohort_ages(cursor, selection, maturity.ages_days, as_of=now)
    if not known.n_claims.sum():
        return LabelsView(
            headline=sentences.not_settled(int(found.n_claims.sum())),
            findings=(),
            fine="",
            bounds="",
            weighted="",
            escalated_only=False,
            bands=bands,
            actions=actions,
            cohorts=cohorts,
            ages=_ages_frame(aging, maturity),
        )
    asked = _settled_only(selection, settled, until if aged.any() else None)
    effect = design_effect(cursor, asked)
    where = escalated_only(_summed(known, 1).counts())
    chance = _weighted(cursor, asked)
    escalated = bool(where) and (chance is None or not _logs_automated(cursor, asked))
    told = (
        *((sentences.escalated(where),) if escalated else ()),
        sentences.by_band(bands, effect),
        *(() if escalated else (sentences.by_action(actions, effect),)),
        sentences.by_cohort(cohorts[cohorts["value"].isin(settled)], effect),
        sentences.by_age(_early(aging, effect)),
    )
    n, n_claims = int(known.n.sum()), int(known.n_claims.sum())
    which = (
        f"at least {counted(maturity.days, 'day')} old"
        if aged.any()
        else "of weeks with final outcomes"
    )
    every = told if chance is None else (*told, chance)
    return LabelsView(
        headline=sentences.headline(every, n, n_claims, which),
        findings=tuple(one.words for one in told if one.wrong),
        fine=sentences.fine(told),
        bounds=sentences.bounds(_bounds(known), n, n_claims, terms.tolerance),
        weighted="" if chance is None else chance.words,
        escalated_only=escalated,
        bands=bands,
        actions=actions,
        cohorts=cohorts,
        ages=_ages_frame(aging, maturity),
    )


def escalated_cases_only(
    cursor: duckdb.DuckDBPyConnection,
    selection: Selection,
    maturity: Maturity,
    *,
    as_of: datetime | None = None,
) -> str | None:
    """The sentence for a signal that is labelled only where its cases were escalated or reviewed.

    Looks at weeks past the age of maturity. Where no claim is automated it costs next to nothing:
    the claims are told apart by their action before anything else of them is read.

    Returns:
        The sentence; None where the labels are of all cases, or put right by a logged propensity.
    """
    asked = _until(selection, maturity.settled_until(_now(selection, as_of)))
    automated = asked.narrowed("action", "automate")
    few = coverage_by(cursor, automated)
    stated, labelled = int(few.n_claims.sum()), int(few.n.sum())
    if not stated or labelled >= AUTOMATED_COVERAGE_MINIMUM * stated:
        return None
    where = escalated_only(coverage_by(cursor, asked, ("action",)).counts())
    if not where:
        return None
    return None if _logs_automated(cursor, asked) else sentences.escalated(where).words


def _now(selection: Selection, as_of: datetime | None) -> datetime:
    now = as_of or selection.as_known or datetime.now(UTC)
    return now if now.tzinfo is None else now.astimezone(UTC).replace(tzinfo=None)


def _until(selection: Selection, end: datetime) -> Selection:
    return replace(selection, until=end if selection.until is None else min(selection.until, end))


def _settled_only(selection: Selection, weeks: Sequence[str], end: datetime | None) -> Selection:
    """The same question about the settled weeks; their ``end`` where they are settled by age."""
    if end is not None:
        return _until(selection, end)
    return replace(selection, where=(*selection.where, ("week", tuple(weeks))))


def _monday(label: str) -> date:
    year, week = label.split("-W")
    return date.fromisocalendar(int(year), int(week), 1)


def _of_weeks(found: Coverage, weeks: Sequence[str]) -> Coverage:
    keep = np.array([key[0] in set(weeks) for key in found.keys], dtype=bool)
    return _taken(found, keep)


def _taken(found: Coverage, keep: npt.NDArray[np.bool_]) -> Coverage:
    keys = tuple(key for key, kept in zip(found.keys, keep, strict=True) if kept)
    return Coverage(
        found.by, keys, found.n_claims[keep], found.n[keep], found.s[keep], found.sum_v[keep]
    )


def _summed(found: Coverage, at: int) -> Coverage:
    """Coverage by one of its dimensions alone, in the order of its values."""
    named = [key[at] for key in found.keys]
    values = sorted(set(named), key=lambda value: (value is None, value or ""))
    place = np.array([values.index(value) for value in named], dtype=np.int64)

    def of(column: npt.NDArray[np.float64] | npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        total: npt.NDArray[np.float64] = np.bincount(place, column, len(values)).astype(float)
        return total

    counts = (np.rint(of(one)).astype(np.int64) for one in (found.n_claims, found.n, found.s))
    n_claims, n, s = counts
    keys = tuple((value,) for value in values)
    return Coverage((found.by[at],), keys, n_claims, n, s, of(found.sum_v))


def _frame(one: Coverage) -> pd.DataFrame:
    low, high = wilson(one.n, one.n_claims, 0.05)
    most = bounds(one.n_claims, one.n, one.s, one.sum_v)
    return pd.DataFrame(
        {
            "value": [value_name(value) for (value,) in one.keys],
            "n_claims": one.n_claims,
            "n": one.n,
            "coverage": one.n / np.where(one.n_claims > 0, one.n_claims, np.nan),
            "coverage_low": low,
            "coverage_high": high,
            "gap_if_right": most.gap_if_right,
            "gap_if_wrong": most.gap_if_wrong,
            "mature": True,
        }
    )


def _bounds(known: Coverage) -> tuple[float, float]:
    """The gap of all settled claims if every unlabelled one were right, and if wrong."""
    most = bounds(known.n_claims.sum(), known.n.sum(), known.s.sum(), known.sum_v.sum())
    return float(most.gap_if_right), float(most.gap_if_wrong)


def _logs_automated(cursor: duckdb.DuckDBPyConnection, asked: Selection) -> bool:
    """Whether some automated claim was labelled with a logged chance."""
    return bool(propensity_sums(cursor, asked.narrowed("action", "automate")).sums.n.any())


def _weighted(cursor: duckdb.DuckDBPyConnection, asked: Selection) -> LookedAt | None:
    sums = propensity_sums(cursor, asked).sums
    if not sums.n.any():
        return None
    cells = grouped_cells(cursor, asked).cells[0]
    plain = float((cells.n * cells.v).sum() - cells.s.sum()) / cells.total
    return sentences.weighted(inverse_propensity(sums), int(sums.n_labelled[0]), plain)


def _early(aging: CohortAges, effect: float) -> Early:
    """The cohorts that have reached every age, taken together at each of them."""
    old = aging.mature[:, -1]
    n, s, sv = (one[old].sum(axis=0) for one in (aging.n, aging.s, aging.sv))
    of = aging.repeated
    repeated = of and InputSums(
        of.inputs[old].sum(axis=0),
        of.rr[old].sum(axis=0),
        of.rm[old].sum(axis=0),
        of.mm[old].sum(axis=0),
        of.most[old].max(axis=0, initial=0),
    )
    confidence = sv / np.where(n > 0, n, np.nan)
    low, high = gap_interval(confidence, s, n, 0.05, repeated)
    return Early(aging.ages_days, int(old.sum()), n, s, sv, low, high, effect)


def _ages_frame(aging: CohortAges, maturity: Maturity) -> pd.DataFrame:
    """A line per cohort and age it has reached, of the newest cohorts."""
    confidence = aging.sv / np.where(aging.n > 0, aging.n, np.nan)
    gap = confidence - aging.s / np.where(aging.n > 0, aging.n, np.nan)
    low, high = gap_interval(confidence, aging.s, aging.n, 0.05, aging.repeated)
    covered = maturity.covered(aging.n, aging.n_claims[:, None])
    final = np.asarray(aging.ages_days) >= maturity.days
    rows = [
        (
            week,
            age,
            gap[w, a],
            low[w, a],
            high[w, a],
            int(aging.n[w, a]),
            bool(final[a] or covered[w, a]),
        )
        for w, week in enumerate(aging.weeks)
        for a, age in enumerate(aging.ages_days)
        if aging.mature[w, a] and w >= len(aging) - COHORTS_DRAWN
    ]
    columns = ["cohort", "age_days", "gap", "low", "high", "n", "mature"]
    return pd.DataFrame(rows, columns=columns)
