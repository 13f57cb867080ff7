"""Whether a gap, or an error rate, left what was agreed: evidence that may be looked at any time.

Testing every week at 5 % alarms sooner or later on every honest signal. An *e-process* is capital
in a game that is fair or worse while the null hypothesis holds, so that it ever reaches ``1/α``
with a chance of at most α, however often one looks (Ville 1939; Waudby-Smith & Ramdas 2024,
"Estimating means of bounded random variables by betting"). The null here is not exact calibration,
which every large signal breaks by a point, but the agreement: the gap stays within ±τ.

**The game.** With ``x = v − y`` of a claim, or its mean over the claims of one input, capital is
multiplied by ``1 + λ(x − τ)``: a bet on overconfidence of which every stake λ is small enough to
stay above zero. It is played at a fixed mixture of stakes (`STAKES`), and likewise with ``−x``; the
e-value is the mean of the two sides, which reaches ``1/α`` no later than either reaches ``2/α``.

**Late changes.** A game won by nobody for half a year has lost most of its capital when something
breaks at last. So capital goes in little by little: the share ``1/(j(j+1))`` before cohort j, a
half before the first, and what is not in yet (``1/(C+1)`` after C) is kept. The shares are fixed
and sum to one, so this too is a game that is fair or worse (Shin, Ramdas & Rinaldo 2023,
"E-detectors").

**Cohorts.** Capital is read after whole cohorts only, each taken once, at a fixed age of its
labels: the order in which labels arrive is no fair game (failures are often reported first).
Within a cohort the order plays no part, and gaps may differ from claim to claim: for independent
inputs whose gaps average ``ḡ ≤ τ``, ``E Π(1 + λ(xᵢ − τ)) = Π(1 + λ(gᵢ − τ)) ≤ (1 + λ(ḡ − τ))ⁿ ≤ 1``
by the inequality of the means. Assumed are inputs independent within a cohort, and cohorts whose
gap is within ±τ whatever came before; nothing else of how the gap moves.

**Shape.** Errors that cancel have no mean to bet on. `shape_bets` bets on ``ε_b(v − y)`` with the
patterns ε of `core.measure.metrics.shape` over bands of confidence, the gap's two sides among them,
against the null that the error over these bands stays within τ: ``|Σ ε_b E(v − y)| ≤ Σ_b |E S_b| ≤
τn``, so each is a game that is fair or worse, and so is their mixture by `shape_prior`. One process
at one level watches both; the gap is found about a week later than by itself, a shape that cancels
at all. The bands must not depend on outcomes, nor on what was stated later: take `shape_edges` of
the first cohort, or of the claims that were signed for.

Everything is in logarithms. Where every claim is its own input a cohort's factor depends on its
cells alone; else on the inputs' means.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy

from core.measure.cells.cells import BANDS, Cells, FloatArray, IntArray, hundredth
from core.measure.cells.group_sums import input_bands
from core.measure.metrics.shape import patterns

#: Stakes as shares of the largest that a single claim could still not ruin; fixed beforehand. A
#: stake λ wins where the mean is beyond the bound by more than about λ·variance/2, so that the
#: smallest finds what is beyond it by a fifth of a point, given labels, and the largest what is
#: gross.
STAKES = (1 / 64, 1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 7 / 8)
#: Chance of a false alarm, ever, over all that is watched of one fingerprint.
LEVEL = 0.05


@dataclass(frozen=True)
class EProcess:
    """Evidence against the agreement, cohort by cohort; C cohorts.

    Attributes:
        log_e: shape (C,), logarithm of the e-value after each.
        level: the chance of a false alarm, ever; the e-value needed is 1/level.
        crossed: the first cohort after which the e-value reached what is needed; None: never.
    """

    log_e: FloatArray
    level: float
    crossed: int | None

    @property
    def needed(self) -> float:
        """The e-value at which there is an alarm."""
        return 1 / self.level

    @property
    def e_value(self) -> float:
        """The e-value now: 1 before the first cohort."""
        return math.exp(min(self.log_e[-1], 700.0)) if self.log_e.size else 1.0


def gap_bets(v: FloatArray, n: IntArray, s: IntArray, tolerance: float) -> FloatArray:
    """What bets on a gap beyond a tolerance win in cohorts whose claims are inputs of their own.

    Args:
        v: shape (k,), confidences, in [0, 1].
        n: shape (…, k), labelled claims of each cohort.
        s: shape (…, k), those that were right.
        tolerance: τ, in [0, 1).

    Returns:
        Shape (…, 2, len(STAKES)): logarithm of the factor by which the capital on overconfidence,
        and on underconfidence, grows with each stake.
    """
    stakes = _gap_stakes(tolerance)

    def of(sign: int) -> FloatArray:
        right = np.log1p(np.outer(sign * (v - 1) - tolerance, stakes))
        wrong = np.log1p(np.outer(sign * v - tolerance, stakes))
        found: FloatArray = s @ right + (n - s) @ wrong
        return found

    return np.stack([of(1), of(-1)], axis=-2)


def shape_edges(cells: Cells) -> IntArray:
    """The bands that a watch over shape keeps: their upper edges in hundredths, ascending.

    The stated confidences at two decimals where there are at most `core.measure.cells.cells.BANDS`,
    each band reaching down to the one below; else the ECE bins. The last band reaches up to 1.

    Args:
        cells: the stated claims that are known before the first bet, labelled or not.

    Returns:
        Shape (B,), B ≥ 1, the last 100.
    """
    stated = np.unique(hundredth(cells.v[cells.n_claims > 0]))
    if stated.size > BANDS:
        stated = 10 * np.arange(1, BANDS + 1)
    edges = np.append(stated[:-1], 100)
    return edges.astype(np.int64)


def shape_sides(edges: IntArray) -> FloatArray:
    """The patterns that are bet on, shape (sides, B): the gap's over, its under, then the others.

    Args:
        edges: of `shape_edges`.
    """
    half = patterns(len(edges))
    both = np.concatenate([half[:1], -half[:1], half[1:], -half[1:]])
    return both


def shape_prior(edges: IntArray) -> FloatArray:
    """The share of the capital on each of `shape_sides`, shape (sides,), summing to 1.

    Half on the gap's two sides and half on the others evenly; with one band there are no others.
    """
    others = len(shape_sides(edges)) - 2
    if not others:
        return np.full(2, 0.5)
    return np.concatenate([np.full(2, 0.25), np.full(others, 0.5 / others)])


def shape_bets_of(cells: Cells, tolerance: float, edges: IntArray) -> FloatArray:
    """What bets on an error over bands beyond a tolerance win in one cohort.

    Args:
        cells: the cohort; where inputs repeat each counts once, by the mean of its ``ε_b(v − y)``.
        tolerance: τ, in [0, 1).
        edges: the bands, of `shape_edges`; the same for every cohort of a process.

    Returns:
        Shape (sides, len(STAKES)), as `gap_bets` but over `shape_sides`.
    """
    stakes, sides = _gap_stakes(tolerance), shape_sides(edges)
    band = np.searchsorted(edges, hundredth(cells.v))
    if cells.inputs is not None:
        return _shape_bets_of_inputs(cells, band, sides, stakes, tolerance)

    def won(sign: int) -> FloatArray:
        """Of each band, with ε = 1, −1 or 0 on it; shape (B, stakes)."""
        right = np.log1p(np.outer(sign * (cells.v - 1) - tolerance, stakes))
        wrong = np.log1p(np.outer(sign * cells.v - tolerance, stakes))
        each = cells.s[:, None] * right + (cells.n - cells.s)[:, None] * wrong
        found = np.zeros((len(edges), len(stakes)))
        np.add.at(found, band, each)
        return found

    found: FloatArray = (sides > 0) @ won(1) + (sides < 0) @ won(-1) + (sides == 0) @ won(0)
    return found


#: Doubles held at once while inputs are bet on.
_CHUNK = 4_000_000


def _shape_bets_of_inputs(
    cells: Cells, band: IntArray, sides: FloatArray, stakes: FloatArray, tolerance: float
) -> FloatArray:
    r, m = input_bands(cells, band, sides.shape[1])
    mean = r.multiply(1 / m.sum(axis=1)[:, None]).tocsr()
    found = np.zeros((len(sides), len(stakes)))
    step = max(1, _CHUNK // (len(sides) * len(stakes)))
    for start in range(0, mean.shape[0], step):
        x = mean[start : start + step] @ sides.T
        found += np.log1p((x - tolerance)[:, :, None] * stakes).sum(axis=0)
    return found


def error_bets(n: IntArray, s: IntArray, bound: float) -> FloatArray:
    """What bets on more errors than a bound win, where claims are inputs of their own.

    Args:
        n: shape (…), labelled claims of each cohort.
        s: shape (…), those that were right.
        bound: the share of wrong ones that is accepted, in (0, 1].

    Returns:
        Shape (…, 1, len(STAKES)), as in `gap_bets`.
    """
    stakes = np.array(STAKES) / bound
    right, wrong = np.log1p(-bound * stakes), np.log1p((1 - bound) * stakes)
    found: FloatArray = np.multiply.outer(s, right) + np.multiply.outer(n - s, wrong)
    return found[..., np.newaxis, :]


def error_bets_of(cells: Cells, bound: float) -> FloatArray:
    """The same of one cohort, shape (1, len(STAKES)); each input counts once, by its mean."""
    if cells.inputs is None:
        return error_bets(cells.n.sum(), cells.s.sum(), bound)
    wrong = _input_means(cells, np.ones_like(cells.v))
    stakes = np.array(STAKES) / bound
    found: FloatArray = np.log1p(np.outer(wrong - bound, stakes)).sum(axis=0)
    return found[np.newaxis, :]


def log_e_values(
    bets: FloatArray, prior: FloatArray | None = None, *, patience: int = 1
) -> FloatArray:
    """Logarithm of the e-value after each cohort.

    Args:
        bets: shape (…, C, sides, stakes), of C cohorts in their order.
        prior: shape (sides,), the share of the capital on each side; None: even shares.
        patience: p ≥ 1: of what is left, the share ``1/(p + j)`` goes in before cohort j = 1, 2, …;
            the larger, the more is left for a change that comes after about p cohorts.

    Returns:
        Shape (…, C): of the mean capital over sides and stakes, and of what is not in the game yet.
    """
    cohorts, sides, stakes = bets.shape[-3:]
    found = np.empty(bets.shape[:-2])
    capital = np.full((*bets.shape[:-3], sides, stakes), -np.inf)
    share_of = np.full(sides, 1 / sides) if prior is None else prior
    shares = np.log(share_of / stakes)[:, np.newaxis]
    for i in range(cohorts):
        share = math.log(patience / ((i + patience) * (i + patience + 1)))
        capital = np.logaddexp(capital, share) + bets[..., i, :, :]
        played = scipy.special.logsumexp(capital + shares, axis=(-2, -1))
        left = math.log(patience / (i + patience + 1))
        found[..., i] = np.logaddexp(played, left)
    return found


def leading_side(bets: Sequence[FloatArray], prior: FloatArray) -> int:
    """Which side has won most of the capital after a series of cohorts.

    Args:
        bets: as in `e_process`; at least one.
        prior: shape (sides,), the share of the capital on each side.
    """
    by_side = np.moveaxis(np.stack(bets), 1, 0)[:, :, np.newaxis, :]
    return int((log_e_values(by_side)[:, -1] + np.log(prior)).argmax())


def e_process(
    bets: Sequence[FloatArray], level: float = LEVEL, prior: FloatArray | None = None
) -> EProcess:
    """Evidence after each of a series of cohorts.

    Args:
        bets: one array of `shape_bets_of` or `error_bets_of` per cohort, oldest first.
        level: the chance of a false alarm, ever, in (0, 1).
        prior: the share of the capital on each side; None: even shares.
    """
    log_e = log_e_values(np.stack(bets), prior) if bets else np.zeros(0)
    over = np.flatnonzero(log_e >= -math.log(level))
    return EProcess(log_e, level, int(over[0]) if over.size else None)


def e_bh(log_e: FloatArray, level: float) -> npt.NDArray[np.bool_]:
    """Which of K hypotheses to reject, by their e-values, however they depend on each other.

    The k largest, for the largest k with the k-th at least ``K / (k·level)``: the expected share
    of false ones among them is at most ``level`` (Wang & Ramdas 2022, "False discovery rate control
    with e-values"), and so the chance of any where all hypotheses hold.

    Args:
        log_e: shape (K,), logarithms of e-values.
    """
    count = log_e.size
    order = np.argsort(-log_e, kind="stable")
    rank = np.arange(1, count + 1)
    passed = np.flatnonzero(log_e[order] >= np.log(count / (rank * level)))
    rejected = np.zeros(count, dtype=np.bool_)
    if passed.size:
        rejected[order[: passed[-1] + 1]] = True
    return rejected


def mean_over_inputs(cells: Sequence[Cells]) -> tuple[float, float]:
    """Mean gap and mean share of wrong claims over the inputs of several cohorts.

    Returns:
        (gap in [−1, 1], errors in [0, 1]); nan without a labelled claim.
    """
    gap = wrong = 0.0
    for one in cells:
        if one.inputs is None:
            gap += float(one.n @ one.v - one.s.sum())
            wrong += float((one.n - one.s).sum())
        else:
            gap += float(_input_means(one, one.v).sum())
            wrong += float(_input_means(one, np.ones_like(one.v)).sum())
    total = sum(one.n_inputs for one in cells)
    return (gap / total, wrong / total) if total else (math.nan, math.nan)


def _gap_stakes(tolerance: float) -> FloatArray:
    # x − τ is never under −1 − τ.
    return np.array(STAKES) / (1 + tolerance)


def _input_means(cells: Cells, of_wrong: FloatArray) -> FloatArray:
    """Mean over each input's labelled claims of (``of_wrong`` of its confidence − outcome)."""
    inputs = cells.inputs
    assert inputs is not None
    total = np.bincount(inputs.input, weights=inputs.n * of_wrong[inputs.value] - inputs.s)
    return total / np.bincount(inputs.input, weights=inputs.n)
