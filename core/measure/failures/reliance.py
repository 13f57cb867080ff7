"""Whether people who are asked look: override rates, shrunk; and who lets nearly everything pass.

Rates of several reviewers are taken to come from one beta distribution, so that few decisions are
believed little (Gelman et al., *Bayesian Data Analysis*, 3rd ed., § 5.3). Whether a reviewer is a
rubber stamp is asked of the cases alone that turned out wrong, and may be asked at every look: by
an e-process (Ramdas et al. 2023, *Game-theoretic statistics and safe anytime-valid inference*).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import scipy

from core.defaults import LEVEL
from core.measure.cells.cells import FloatArray

#: Where log(α/β) and log(α + β) are looked at first; no rate, and no spread of rates, is beyond it.
_CENTRE, _STRENGTH = (-8.0, 8.0), (-2.0, 10.0)
#: Points of the grid along each of the two, and how many standard deviations the second look spans.
_POINTS, _SPAN = 48, 5.0


@dataclass(frozen=True)
class ShrunkenRates:
    """Rates pulled towards their common mean by as much as each is noise.

    Attributes:
        rate: shape (R,), posterior means; the common mean where nothing was counted.
        low, high: shape (R,), the interval.
        mean: of the rates, posterior mean of α/(α + β).
    """

    rate: FloatArray
    low: FloatArray
    high: FloatArray
    mean: float


def shrunken_rates(s: FloatArray, n: FloatArray, *, level: float = LEVEL) -> ShrunkenRates:
    """Estimate R rates together.

    ``sᵢ ~ Binomial(nᵢ, θᵢ)``, ``θᵢ ~ Beta(α, β)`` with ``p(α, β) ∝ (α + β)^(−5/2)``, summed over a
    grid of (log α/β, log(α + β)) that is laid a second time where the first finds the mass. So the
    interval holds how little is known of α and β, which plug-in empirical Bayes leaves out. Each
    posterior is a mixture of betas; its interval is that of the beta of the same mean and variance.

    Args:
        s: shape (R,), hits.
        n: shape (R,), trials, ≥ s.
        level: of the interval, equal-tailed.
    """
    s, n = np.asarray(s, float), np.asarray(n, float)
    if not len(s):
        return ShrunkenRates(s, s, s, float("nan"))
    alpha, beta, weight = _grid(s, n, _CENTRE, _STRENGTH)
    around = (
        _span(np.log(alpha / beta), weight, _CENTRE),
        _span(np.log(alpha + beta), weight, _STRENGTH),
    )
    alpha, beta, weight = _grid(s, n, *around)
    a, b = alpha[:, None] + s, beta[:, None] + n - s
    each = a / (a + b)
    rate = weight @ each
    variance = weight @ (each * (1 - each) / (a + b + 1)) + weight @ (each - rate) ** 2
    strength = rate * (1 - rate) / variance - 1
    tail = (1 - level) / 2
    low, high = (
        np.asarray(scipy.special.betaincinv(rate * strength, (1 - rate) * strength, at), float)
        for at in (tail, 1 - tail)
    )
    return ShrunkenRates(rate, low, high, float(weight @ (alpha / (alpha + beta))))


def _grid(
    s: FloatArray, n: FloatArray, centre: tuple[float, float], strength: tuple[float, float]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """α, β and the posterior weight of each point of a grid, flat."""
    u, v = np.meshgrid(np.linspace(*centre, _POINTS), np.linspace(*strength, _POINTS))
    total = np.exp(v).ravel()
    alpha = total * scipy.special.expit(u).ravel()
    beta = total - alpha
    log = np.log(alpha) + np.log(beta) - 2.5 * np.log(total)
    # So many reviewers have the same counts, or none, that each pair is looked at once.
    pairs, times = np.unique(np.stack([s, n - s]), axis=1, return_counts=True)
    a, b = alpha[:, None], beta[:, None]
    log = (
        log
        + (scipy.special.betaln(a + pairs[0], b + pairs[1]) - scipy.special.betaln(a, b)) @ times
    )
    weight = np.exp(log - log.max())
    return alpha, beta, weight / weight.sum()


def _span(at: FloatArray, weight: FloatArray, most: tuple[float, float]) -> tuple[float, float]:
    mean = float(weight @ at)
    # The grid's own step, so that one point with all the mass is looked around.
    step = (most[1] - most[0]) / (_POINTS - 1)
    reach = _SPAN * max(math.sqrt(float(weight @ (at - mean) ** 2)), step / 4)
    return max(most[0], mean - reach), min(most[1], mean + reach)


def log_stamp_evidence(caught: int, wrong: int, least: float) -> float:
    """The log of an e-value against ``a reviewer overrides at least this share of wrong answers``.

    A likelihood ratio of a mixture: of rates θ below the bound, uniformly weighted, against the
    bound itself,

        ``∫₀ᶜ θᵏ(1−θ)ᵐ⁻ᵏ dθ / (c · cᵏ(1−c)ᵐ⁻ᵏ)``
        ``= B(k+1, m−k+1) I_c(k+1, m−k+1) / (cᵏ⁺¹(1−c)ᵐ⁻ᵏ)``

    Each factor has expectation ≤ 1 whatever the true rate ≥ c, so that by Ville's inequality it
    ever reaches 1/α with probability at most α, however often one looks.

    Args:
        caught: k, wrong answers that were overridden.
        wrong: m, wrong answers that were decided on.
        least: c, in (0, 1).
    """
    k, m = float(caught), float(wrong)
    below = math.log(scipy.special.betainc(k + 1, m - k + 1, least))
    whole = float(scipy.special.betaln(k + 1, m - k + 1))
    return whole + below - (k + 1) * math.log(least) - (m - k) * math.log1p(-least)


def is_stamp(caught: int, wrong: int, *, least: float, reviewers: int, alpha: float) -> bool:
    """Whether a reviewer is shown to override fewer of the wrong answers than the least share.

    Args:
        reviewers: among how many one is looked for: the e-value must reach ``reviewers / alpha``,
            so that of all of them together one is named falsely with probability at most alpha.
    """
    return log_stamp_evidence(caught, wrong, least) >= math.log(reviewers / alpha)


def are_own_labels(
    caught: int, wrong: int, accepted: int, right: int, *, share: float, alpha: float
) -> bool:
    """Whether outcomes are most likely the decisions that they are to be held against.

    A decision says what the outcome says where a wrong answer is overridden, or a right one
    accepted. They are taken for one where this is so of at least ``share`` of the wrong answers,
    and of the right ones: each by the lower one-sided ``1 − alpha`` bound of Clopper & Pearson
    (1934), so that few decisions show nothing, and a few exceptions, such as outcomes that somebody
    corrected later, hide nothing. Both kinds are asked for, because whoever accepts everything
    agrees with most outcomes of a good model. What an outcome says where nothing is ever overridden
    this cannot tell.

    Args:
        caught, wrong: wrong answers that were overridden, and all that were decided on.
        accepted, right: right ones that were accepted, and all.
    """
    return _at_least(caught, wrong, alpha) >= share <= _at_least(accepted, right, alpha)


def _at_least(s: int, n: int, alpha: float) -> float:
    return float(scipy.special.betaincinv(s, n - s + 1, alpha)) if s else 0.0
