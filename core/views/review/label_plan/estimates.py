"""What the audit samples say of all claims, each label counting by its chance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

from core.measure.metrics.label_bias import inverse_propensity
from core.queries.base.selection import Selection
from core.queries.sums.labelling.audit_frame import Frame
from core.queries.sums.labelling.label_coverage import propensity_sums
from core.sentences import label_plan as words
from core.text.figures import finite


@dataclass(frozen=True)
class SampleEstimate:
    """What the samples say of the claims that had a chance to be drawn.

    Attributes:
        n: labelled claims it rests on.
        effective_n: equally weighted ones they are worth.
        gap, low, high: with its 95% interval; None where too few are labelled.
        covered: share of the group's claims that had a chance to be drawn, in [0, 1].
        words: what it says against the tolerance, in a sentence.
    """

    n: int
    effective_n: float
    gap: float | None
    low: float | None
    high: float | None
    covered: float
    words: str


def estimated(
    cursor: duckdb.DuckDBPyConnection,
    selection: Selection,
    by: str | None,
    offered: Frame,
    tolerance: float,
    own: Mapping[str | None, tuple[int, int, int]],
) -> dict[str | None, SampleEstimate]:
    """What the samples say of each group that has a drawn and labelled claim."""
    asked = selection
    if not selection.splits_chosen:
        asked = selection.narrowed("split", "production")
    found = propensity_sums(cursor, asked, () if by is None else (by,))
    weighted = inverse_propensity(found.sums)
    shares = {
        value: (int(offered.covered[g]), int(offered.n_claims[g]))
        for g, value in enumerate(offered.values)
    }
    if by is None:
        shares = {None: (int(offered.covered.sum()), int(offered.n_claims.sum()))}
        n, chanced, left = (sum(one[i] for one in own.values()) for i in range(3))
        own = {None: (n, chanced, left)} if own else {}
    for value, (n, chanced, _) in own.items():
        covered, n_claims = shares.get(value, (0, 0))
        shares[value] = (covered + chanced, n_claims + n)
    told: dict[str | None, SampleEstimate] = {}
    for g, key in enumerate(found.keys):
        value = None if by is None else key[0]
        covered, n_claims = shares.get(value, (0, 0))
        if not weighted.n[g] or not covered:
            continue
        share = covered / n_claims
        told[value] = SampleEstimate(
            n=int(weighted.n[g]),
            effective_n=float(weighted.effective_n[g]),
            gap=finite(weighted.gap[g]),
            low=finite(weighted.gap_low[g]),
            high=finite(weighted.gap_high[g]),
            covered=share,
            words=words.estimate(
                n=int(weighted.n[g]),
                effective_n=float(weighted.effective_n[g]),
                gap=float(weighted.gap[g]),
                low=float(weighted.gap_low[g]),
                high=float(weighted.gap_high[g]),
                capped=int(weighted.n_capped[g]),
                covered=share,
                tolerance=tolerance,
            ),
        )
    return told
