"""A threshold on the confidence with a guarantee: Learn-then-Test, and what a threshold costs.

The risk of a threshold is the share of wrong ones among the claims stated at it or above. One
sample chooses the threshold, another one judges it: the sample that chose flatters its own choice.

Everything here takes one claim per input: cells whose claims may be counted as independent.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy

from core.measure.cells.cells import Cells, FloatArray, IntArray
from core.measure.metrics.intervals import clopper_pearson

#: Confidence level of the intervals shown.
LEVEL = 0.95
#: Half a millionth, so that 0.93 from elsewhere meets the ledger's own 0.93.
ROOM = 5e-7


@dataclass(frozen=True)
class Step:
    """One candidate that was tested.

    Attributes:
        cut: the candidate, a stated confidence.
        n: labelled claims at or above it.
        errors: wrong ones among them.
        p: P(as few errors or fewer, were the risk above the threshold just the bound).
        coverage: share of all claims at or above it, in [0, 1].
    """

    cut: float
    n: int
    errors: int
    p: float
    coverage: float


@dataclass(frozen=True)
class Learned:
    """What the tests say.

    Attributes:
        risk: the bound α on the share of wrong ones, in (0, 1).
        delta: the accepted probability of choosing a threshold that breaks the bound, in (0, 1).
        cut: the lowest candidate that passed; None when none did.
        path: what was tested, from the highest threshold down, to the first that failed.
        reason: why there is no cut, in words; "" where there is one.
        needed: labelled claims that the first test takes, at the least.
    """

    risk: float
    delta: float
    cut: float | None
    path: tuple[Step, ...]
    reason: str
    needed: int

    @property
    def chosen(self) -> Step | None:
        """The candidate chosen."""
        return next((one for one in self.path if one.cut == self.cut), None)

    @property
    def stopped(self) -> Step | None:
        """The candidate that failed; None when all passed, or none was tested."""
        last = self.path[-1] if self.path else None
        return None if last is None or last.cut == self.cut else last


@dataclass(frozen=True)
class AtCut:
    """What a threshold does with one sample.

    Attributes:
        cut: the threshold.
        n_claims: all claims, those that state no confidence included.
        automated: the ones at the threshold or above.
        n: labelled ones among the automated.
        errors: wrong ones among these.
        risk: errors / n; None without a label.
        low, high: its Clopper–Pearson interval at `LEVEL`; None likewise.
    """

    cut: float
    n_claims: int
    automated: int
    n: int
    errors: int
    risk: float | None
    low: float | None
    high: float | None

    @property
    def coverage(self) -> float | None:
        """Share automated; None without a claim."""
        return self.automated / self.n_claims if self.n_claims else None

    @property
    def human(self) -> int:
        """Claims that people look at."""
        return self.n_claims - self.automated


@dataclass(frozen=True)
class RiskCoverage:
    """Risk and coverage at every distinct confidence, from the highest down; arrays of shape (k,).

    Attributes:
        cut: the confidence; what is stated at it or above is automated.
        coverage: share of all claims automated.
        n, errors: labelled ones among them, and the wrong ones among these.
        risk: errors / n; nan where nothing above is labelled.
        low, high: Clopper–Pearson at `LEVEL`, each threshold by itself; nan likewise.
    """

    cut: FloatArray
    coverage: FloatArray
    n: IntArray
    errors: IntArray
    risk: FloatArray
    low: FloatArray
    high: FloatArray

    @property
    def labelled(self) -> int:
        """Labelled claims at any confidence."""
        return int(self.n[-1]) if self.n.size else 0


def claims_needed(risk: float, delta: float) -> int:
    """Labelled claims below which no test passes, not even without an error: ln δ / ln(1 − α)."""
    return max(1, math.ceil(math.log(delta) / math.log1p(-risk) - 1e-9))


def check_bound(risk: float, delta: float) -> None:
    """Refuse a bound that is none.

    Raises:
        ValueError: α or δ is not within (0, 1).
    """
    if not (0 < risk < 1 and 0 < delta < 1):
        raise ValueError(f"risk {risk} and delta {delta} must lie between 0 and 1")


def too_few(labelled: int, needed: int) -> str:
    """Why there is no cut where no test can pass yet, in words."""
    if not labelled:
        return "no labelled claim"
    return f"{labelled:,} labelled claims, and it takes {needed:,} without an error"


def learn_then_test(cells: Cells, risk: float, delta: float) -> Learned:
    """The lowest threshold above which the share of wrong ones is at most ``risk``, with 1 − δ.

    Learn-then-Test with one fixed sequence (Angelopoulos, Bates, Candès, Jordan & Lei 2021,
    arXiv 2110.01052, §3.1): the distinct confidences from high to low, each tested with the
    exact binomial p-value P(Bin(n, α) ≤ errors) of the labelled claims at it or above; the first
    that fails ends it, and everything before it holds, all of it together with probability 1 − δ
    over the sample. Testing starts where n reaches `claims_needed`, which no outcome decides:
    above it no test can pass, so the sequence would end before it began. To test only values that
    were stated is the same as to test every one there is, since between two of them nothing
    changes.

    Args:
        cells: one claim per input.
        risk: α, in (0, 1).
        delta: δ, in (0, 1).

    Raises:
        ValueError: a bound that is none.
    """
    check_bound(risk, delta)
    curve = risk_coverage(cells)
    needed = claims_needed(risk, delta)
    if curve.labelled < needed:
        return Learned(risk, delta, None, (), too_few(curve.labelled, needed), needed)
    # A value without a label is no candidate: nothing was seen there that could speak for it.
    seen = np.diff(curve.n, prepend=0) > 0
    candidates = np.flatnonzero(seen & (curve.n >= needed))
    p = scipy.stats.binom.cdf(curve.errors[candidates], curve.n[candidates], risk)
    failed = np.flatnonzero(p > delta)
    tested = candidates if not failed.size else candidates[: failed[0] + 1]
    path = tuple(
        Step(
            cut=float(curve.cut[at]),
            n=int(curve.n[at]),
            errors=int(curve.errors[at]),
            p=float(value),
            coverage=float(curve.coverage[at]),
        )
        for at, value in zip(tested, p, strict=False)
    )
    passed = path if not failed.size else path[:-1]
    if not passed:
        first = path[0]
        reason = (
            f"the highest threshold that can be tested, {first.cut:g}, fails: {first.errors:,} of "
            f"{first.n:,} wrong there or above"
        )
        return Learned(risk, delta, None, path, reason, needed)
    return Learned(risk, delta, passed[-1].cut, path, "", needed)


def learn_per_segment(segments: Sequence[Cells], risk: float, delta: float) -> tuple[Learned, ...]:
    """A threshold for each segment, all of them together with probability 1 − δ: each gets δ / G.

    Args:
        segments: G groups, at least one.
        risk: α of every segment.
        delta: δ of all.
    """
    return tuple(learn_then_test(cells, risk, delta / len(segments)) for cells in segments)


def risk_coverage(cells: Cells) -> RiskCoverage:
    """The risk–coverage curve (Geifman & El-Yaniv 2017): tied claims go together, none is split.

    Coverage is of all claims, labelled or not, those that state no confidence included: they are
    never automated.
    """
    n = np.cumsum(cells.n[::-1])
    errors = np.cumsum((cells.n - cells.s)[::-1])
    automated = np.cumsum(cells.n_claims[::-1])
    total = int(cells.n_claims.sum()) + cells.n_unstated
    low, high = clopper_pearson(errors, n, 1 - LEVEL)
    return RiskCoverage(
        cut=cells.v[::-1],
        coverage=automated / max(total, 1),
        n=n,
        errors=errors,
        risk=errors / np.where(n > 0, n, np.nan),
        low=low,
        high=high,
    )


def at_cut(cells: Cells, cut: float) -> AtCut:
    """What a threshold does with a sample; the threshold itself is automated."""
    above = cells.v >= cut - ROOM
    n, s = int(cells.n[above].sum()), int(cells.s[above].sum())
    low, high = (float(end) for end in clopper_pearson(n - s, n, 1 - LEVEL))
    return AtCut(
        cut=cut,
        n_claims=int(cells.n_claims.sum()) + cells.n_unstated,
        automated=int(cells.n_claims[above].sum()),
        n=n,
        errors=n - s,
        risk=(n - s) / n if n else None,
        low=low if n else None,
        high=high if n else None,
    )


def expected_cost(
    shares: tuple[float, float, float],
    risk: float,
    prices: tuple[float, float, float],
) -> float:
    """Expected cost of one case.

    Args:
        shares: of cases automated, reviewed and escalated; together 1.
        risk: share of wrong ones among the automated.
        prices: of one wrong automated case, one review, one escalation.
    """
    automated, reviewed, escalated = shares
    error, review, escalate = prices
    return automated * risk * error + reviewed * review + escalated * escalate
