"""The gap of all claims by the audit samples drawn of them, whoever labels the rest."""

from __future__ import annotations

from dataclasses import dataclass, replace

import duckdb

from core.defaults import MINIMUM_INPUTS
from core.events import PPM
from core.measure.labelling.contradiction import contradicted
from core.measure.metrics.label_bias import inverse_propensity
from core.queries.base.selection import Selection
from core.queries.sums.labelling.audit_answers import samples_answered
from core.queries.sums.labelling.audit_differences import weekly_differences
from core.queries.sums.labelling.audit_frame import chanced
from core.queries.sums.labelling.audit_samples import sampled_signals
from core.queries.sums.labelling.label_coverage import propensity_sums
from core.standing.drawn_samples import samples

#: So much of the claims must have had a chance in an answered sample for it to speak for all.
COVERED = 0.98


@dataclass(frozen=True)
class AuditedGap:
    """The gap by the drawn labels alone, each counting for one over its chance (Hájek 1971).

    Attributes:
        gap, low, high: with the interval at the level asked for.
        n: drawn and labelled claims it rests on.
        effective: equally weighted claims they are worth (Kish 1965).
        contradicts: whether the gap of all labels, however they came about, is not that of all
            claims, by all weeks of the version so far (`core.measure.labelling.contradiction`).
    """

    gap: float
    low: float
    high: float
    n: int
    effective: float
    contradicts: bool


def audited_gap(
    cursor: duckdb.DuckDBPyConnection, claims: Selection, *, level: float, tolerance: float
) -> AuditedGap | None:
    """What answered audit samples say of some claims.

    None where none was drawn of them, where they were not drawn of nearly all, where a label had
    to count for less than it stands for, or where too few are labelled.

    Args:
        claims: of one version; its earlier ones are asked for too, for what contradicts.
        tolerance: the gap that is accepted.
    """
    if claims.signal not in sampled_signals(cursor):
        return None
    known, drawn = samples_answered(cursor, claims.signal), samples(cursor, claims.signal)
    designs = [one.design for one in drawn if one.audit not in known or known[one.audit].enough]
    if not designs:
        return None
    had, of = chanced(cursor, claims, designs)
    if not of or had < COVERED * of:
        return None
    # Each stands for as many as it was drawn from: a cut weight would be a bias.
    sums = propensity_sums(cursor, claims, maximum_weight=PPM).sums
    if not len(sums) or sums.n_capped[0] or sums.inputs[0] < MINIMUM_INPUTS:
        return None
    one = inverse_propensity(sums, level=level)
    weeks = weekly_differences(cursor, replace(claims, since=None), designs)
    told = contradicted(weeks, tolerance)
    return AuditedGap(
        float(one.gap[0]),
        float(one.gap_low[0]),
        float(one.gap_high[0]),
        int(one.n[0]),
        float(one.effective_n[0]),
        contradicts=bool(told.size and told[-1]),
    )
