"""The gap of all claims by the audit samples drawn of them, whoever labels the rest."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from core.defaults import MINIMUM_INPUTS
from core.events import PPM
from core.measure.metrics.label_bias import inverse_propensity
from core.queries.base.selection import Selection
from core.queries.sums.labelling.audit_answers import samples_answered
from core.queries.sums.labelling.audit_frame import chanced
from core.queries.sums.labelling.audit_samples import sampled_signals
from core.queries.sums.labelling.label_coverage import propensity_sums
from core.standing.drawn_samples import samples

#: So much of the claims must have had a chance in an answered sample for it to speak for all.
COVERED = 0.98
#: Level of the interval in which the gap of all labels has to lie to be believed beside it.
NEAR = 0.8


@dataclass(frozen=True)
class AuditedGap:
    """The gap by the drawn labels alone, each counting for one over its chance (Hájek 1971).

    Attributes:
        gap, low, high: with the interval at the level asked for.
        n: drawn and labelled claims it rests on.
        effective: equally weighted claims they are worth (Kish 1965).
        near: the ends of its interval at the level `NEAR`.
    """

    gap: float
    low: float
    high: float
    n: int
    effective: float
    near: tuple[float, float]

    def contradicts(self, gap: float) -> bool:
        """Whether the gap of all labels, however they came about, is not that of all claims.

        Asked at a low level on purpose: where it errs, the audit alone gives the verdict, which
        holds as well and is only less sharp.
        """
        low, high = self.near
        return not low <= gap <= high


def audited_gap(
    cursor: duckdb.DuckDBPyConnection, claims: Selection, *, level: float
) -> AuditedGap | None:
    """What answered audit samples say of some claims.

    None where none was drawn of them, where they were not drawn of nearly all, where a label had
    to count for less than it stands for, or where too few are labelled.
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
    one, near = (inverse_propensity(sums, level=at) for at in (level, NEAR))
    return AuditedGap(
        float(one.gap[0]),
        float(one.gap_low[0]),
        float(one.gap_high[0]),
        int(one.n[0]),
        float(one.effective_n[0]),
        (float(near.gap_low[0]), float(near.gap_high[0])),
    )
