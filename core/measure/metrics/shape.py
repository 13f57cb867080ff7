"""Whether errors cancel: the miscalibration over the range of confidence, with bounds.

A signal that is overconfident at the top and underconfident at the bottom has no gap, and may
still be off everywhere. What is asked of its shape is the expected calibration error over bands
(`core.measure.cells.cells.Bands`), ``L1 = Σ_b |E S_b| / N`` with ``S_b = Σ(v − y)`` over a band's
claims. Observed, that is biased upwards: it is no bound, and neither is it less its noise floor.

**Lower bound.** For weights ε_b in {−1, 0, 1}, fixed beforehand, ``Σ ε_b E S_b ≤ N·L1``. So with
a family of such patterns and c the 1 − α quantile of the largest of their standardised sums,

    low = max(0, max_ε [ |Σ ε_b S_b| − c·√(V(ε) + c²/2) ] / N),    V(ε) = Σ ε_b² V_b

is passed by L1 with a chance of at least 1 − α however the errors lie. The patterns are all runs of
adjacent bands (with both signs: cutoff calibration error, Rossellini et al. 2025) and all single
cuts, −1 below and +1 above, which find an overconfident top over an underconfident bottom.
``V_b = s(n − s)/n``; c²/2 stands in for what few failures do not show, as in
`core.measure.verdicts.before_after`.

**Upper bound.** ``high = ECE + z_{1−α/2}·√(ΣV_b + z²/2)/N``: the true signs are *one* fixed
pattern, and the ECE is the largest of all sign patterns' sums, so it needs no correction.

**Repeated inputs.** The cluster variance over inputs alone fails with few inputs or heavy ones.
V(ε) is the larger of it and ``Σ_bc |ε_b ε_c| √(p̃q̃_b p̃q̃_c)·M_bc``, with ``M_bc = Σ_j m_jb m_jc``
and p̃_b the band's accuracy with two right and two wrong inputs added: an input's claims are then
taken to stand or fall together. And z²/2 becomes z²/2·Σm²/N.

What cancels *inside* a band is not seen: the error found is a lower bound of that per confidence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy

from core.measure.cells.cells import BANDS, BandInputs, Bands, FloatArray, IntArray
from core.measure.cells.group_sums import BoolArray

#: Draws by which a critical value is found; see `critical_value`.
DRAWS = 1024
_SEED = 20_240_229
#: A band is named as off where it is so many standard errors off by itself.
_NAMED = 2.0
#: Labels are planned so that the answer comes in four of five cases.
_POWER = 0.8


@dataclass(frozen=True)
class Shape:
    """The shape of G groups' errors; arrays of shape (G,) but for ``signs`` and ``named``.

    Where a group has no labelled claim, what rests on labels is nan.

    Attributes:
        count: bands that carry a label. With one, the shape is the gap, and nothing of its own.
        error: the expected calibration error over the bands, in [0, 1]; biased upwards.
        low: lower bound of the true one, at level 1 − alpha.
        high: its upper bound, at level 1 − alpha_high/2.
        signs: shape (G, BANDS), the pattern that shows most: 1 where it is overconfidence, −1
            underconfidence, 0 where it takes no part; 0 throughout where ``low`` is 0.
        named: the same but for bands that take part by the pattern's form alone: left are those
            whose own sum is two standard errors off that way, or all where none is.
        critical: how many standard errors the search over patterns asks for.
        variance: V of all bands together, as ``high`` has it.
        unseen: Σm²/N of the inputs; 1 where none repeats.
        alpha_high: as given.
    """

    count: IntArray
    error: FloatArray
    low: FloatArray
    high: FloatArray
    signs: IntArray
    named: IntArray
    critical: FloatArray
    variance: FloatArray
    unseen: FloatArray
    alpha_high: float

    def __len__(self) -> int:
        return len(self.count)

    @property
    def alone(self) -> BoolArray:
        """Whether there are under two bands: no shape to judge beside the gap."""
        found: BoolArray = self.count < 2
        return found


def shape(bands: Bands, alpha: float, alpha_high: float | None = None) -> Shape:
    """Bounds of the error over each group's bands.

    Args:
        bands: of G groups.
        alpha: 1 − confidence level of each group's lower bound, in (0, 1); a family is corrected
            for by the caller.
        alpha_high: the same of the upper bound, two-sided; None: alpha. To call a group off by its
            gap *or* its shape shares the chance of an error between them; to call it fine takes
            both, so that the upper bound need not share.

    Raises:
        ValueError: if an alpha is out of range.
    """
    alpha_high = alpha if alpha_high is None else alpha_high
    for one in (alpha, alpha_high):
        if not 0 < one < 1:
            raise ValueError(f"alpha must be in (0, 1), not {one}")
    size, count = len(bands), bands.count
    known = np.where(count > 0, bands.n.sum(axis=1), np.nan)
    residual = np.where(bands.n > 0, bands.sv - bands.s, 0.0)
    spread = _spread(bands)
    error = np.abs(residual).sum(axis=1) / known
    z, z_high = (float(scipy.special.ndtri(1 - one / 2)) for one in (alpha, alpha_high))
    total = spread.all(count)
    high = error + z_high * np.sqrt(total + z_high * z_high / 2 * spread.unseen) / known
    low = np.where(count > 0, 0.0, np.nan)
    critical = np.full(size, np.nan)
    signs = np.zeros((size, BANDS), dtype=np.int64)
    for number in np.unique(count[count > 0]).tolist():
        at = np.flatnonzero(count == number)
        family = patterns(number)
        reach = np.abs(residual[at, :number] @ family.T)
        variance = spread.of(at, family)
        # No pattern can ask for less than one alone does, so most groups need no c of their own.
        critical[at] = even = even_critical(number, alpha)
        least = reach - z * np.sqrt(variance + z * z / 2 * spread.unseen[at, None])
        for i in np.flatnonzero(least.max(axis=1) > 0).tolist():
            g = at[i]
            if number > 1:
                weighted = family * np.sqrt(spread.bands[g, :number])
                critical[g] = critical_value(weighted, alpha, near=even)
            c = critical[g]
            bound = reach[i] - c * np.sqrt(variance[i] + c * c / 2 * spread.unseen[g])
            best = int(bound.argmax())
            if bound[best] > 0:
                low[g] = bound[best] / known[g]
                side = np.sign(residual[g, :number] @ family[best])
                signs[g, :number] = side * family[best]
    own = signs * residual > _NAMED * np.sqrt(spread.bands)
    named = np.where(own.any(axis=1, keepdims=True), signs * own, signs)
    return Shape(
        count=count,
        error=error,
        low=low,
        high=np.minimum(high, 1),
        signs=signs,
        named=named,
        critical=critical,
        variance=total,
        unseen=spread.unseen,
        alpha_high=alpha_high,
    )


@lru_cache(maxsize=64)
def patterns(bands: int) -> FloatArray:
    """The patterns of so many bands, one of each pair ±ε, the gap (all ones) first.

    Args:
        bands: at least 1.

    Returns:
        Shape (bands·(bands + 1)/2 + bands − 1, bands), of −1, 0 and 1: 64 for ten bands.
    """
    rows = [
        [1.0 if first <= b < first + length else 0.0 for b in range(bands)]
        for length in range(bands, 0, -1)
        for first in range(bands - length + 1)
    ]
    rows += [[-1.0 if b < cut else 1.0 for b in range(bands)] for cut in range(1, bands)]
    found = np.array(rows)
    found.flags.writeable = False
    return found


def critical_value(
    directions: FloatArray, alpha: float, *, near: float | None = None, one_sided: bool = False
) -> float:
    """The 1 − α quantile of ``max_i |u_i·Z|`` for unit vectors u_i and standard normal Z.

    ``P(max |X_i| > c) = 2K(1 − Φ(c))·E[1/#{j: |X_j| > c}]``, where the expectation is over one of
    the K drawn with equal chances, *given* that it exceeds c (Adler, Blanchet & Liu 2012). Every
    draw counts, so that a thousand of them serve at .05 as well as at one in a million, where
    plain draws of the maximum have none; the draws are fixed. At α .05 it is within .02 of a
    million plain draws.

    Args:
        directions: shape (K, d), any length; rows of zeros are left out.
        alpha: in (0, 1).
        near: a value close to the answer, from which one Newton step is taken; None: it is
            searched for.
        one_sided: of ``max_i u_i·Z`` instead.

    Returns:
        c; that of one single variable where there is no direction.
    """
    length = np.sqrt((directions**2).sum(axis=1))
    u = directions[length > 0] / length[length > 0, None]
    sides = 1 if one_sided else 2
    single = -float(scipy.special.ndtri(alpha / sides))
    if len(u) < 2:
        return single
    most = -float(scipy.special.ndtri(alpha / sides / len(u)))
    excess = _excess(u, alpha, sides)
    if near is not None:
        # The tail falls by about c + 1/c in logarithm.
        return float(np.clip(near + excess(near) / (near + 1 / near), single, most))
    if excess(single) <= 0:
        return single
    return float(scipy.optimize.brentq(excess, single, most + 1e-6, xtol=1e-5))


def _excess(u: FloatArray, alpha: float, sides: int) -> Callable[[float], float]:
    """Logarithm of the chance that the largest passes c, over alpha."""
    first = np.arange(DRAWS) % len(u)
    uniform, normal = _fixed_draws(u.shape[1])
    own = u[first]
    rest = (normal - (normal * own).sum(axis=1, keepdims=True) * own) @ u.T
    toward = own @ u.T

    def excess(c: float) -> float:
        tail = float(scipy.special.ndtr(-c))
        x = rest - scipy.special.ndtri(tail * uniform)[:, None] * toward
        over = ((np.abs(x) if sides == 2 else x) > c).sum(axis=1)
        chance = sides * len(u) * tail * (1 / np.maximum(over, 1)).mean()
        return float(np.log(chance / alpha))

    return excess


@lru_cache(maxsize=64)
def _fixed_draws(dimension: int) -> tuple[FloatArray, FloatArray]:
    rng = np.random.default_rng(_SEED)
    return rng.random(DRAWS), rng.standard_normal((DRAWS, dimension))


@lru_cache(maxsize=4096)
def even_critical(bands: int, alpha: float) -> float:
    """The critical value of a shape over bands of equal variance.

    Args:
        bands: at least 1.
        alpha: in (0, 1).
    """
    return critical_value(patterns(bands), alpha)


@dataclass(frozen=True)
class _Spread:
    """Variances of S_b, and of their sums.

    Attributes:
        bands: shape (G, BANDS), of each; never 0 where it has a label.
        plain: shape (G, BANDS), s(n − s)/n.
        cluster: shape (G, BANDS, BANDS), over inputs; None where none repeats.
        together: the same shape, as if an input's claims stood and fell together.
        repeats: shape (G,), whether an input repeats.
        unseen: shape (G,), Σm²/N.
    """

    bands: FloatArray
    plain: FloatArray
    cluster: FloatArray | None
    together: FloatArray | None
    repeats: BoolArray
    unseen: FloatArray

    def of(self, at: IntArray, family: FloatArray) -> FloatArray:
        """V of the patterns in the groups named, shape (groups, patterns)."""
        number = family.shape[1]
        found: FloatArray = self.plain[at, :number] @ np.abs(family).T
        if self.cluster is None or self.together is None:
            return found
        support = np.abs(family)
        clustered = _quadratic(self.cluster[at, :number, :number], family)
        together = _quadratic(self.together[at, :number, :number], support)
        return np.where(self.repeats[at, None], np.maximum(clustered, together), found)

    def all(self, count: IntArray) -> FloatArray:
        """An upper value for every pattern over all bands, shape (G,)."""
        found: FloatArray = self.plain.sum(axis=1)
        if self.cluster is None or self.together is None:
            return found
        clustered = np.abs(self.cluster).sum(axis=(1, 2))
        return np.where(self.repeats, np.maximum(clustered, self.together.sum(axis=(1, 2))), found)


def _quadratic(matrix: FloatArray, family: FloatArray) -> FloatArray:
    found: FloatArray = np.einsum("pb,gbc,pc->gp", family, matrix, family, optimize=True)
    return found


def _spread(bands: Bands) -> _Spread:
    n, s = bands.n.astype(np.float64), bands.s.astype(np.float64)
    known = np.where(n > 0, n, 1)
    plain = s * (n - s) / known
    total = n.sum(axis=1)
    p = (s + 2) / (n + 4)
    smooth = np.where(n > 0, n * p * (1 - p), 0)
    if bands.inputs is None:
        repeats = np.zeros(len(bands), dtype=np.bool_)
        return _Spread(smooth, plain, None, None, repeats, np.ones(len(bands)))
    mm = bands.inputs.mm
    claims = mm.sum(axis=(1, 2))
    repeats = claims > total
    together, cluster = _together(n, s, mm), _clustered(bands, bands.inputs)
    diagonal = np.maximum(
        np.diagonal(together, axis1=1, axis2=2), np.diagonal(cluster, axis1=1, axis2=2)
    )
    return _Spread(
        np.where(repeats[:, None], diagonal, smooth),
        plain,
        cluster,
        together,
        repeats,
        np.where(repeats, claims / np.where(total > 0, total, 1), 1.0),
    )


def _together(n: FloatArray, s: FloatArray, mm: FloatArray) -> FloatArray:
    """√(p̃q̃_b p̃q̃_c)·M_bc, shape (…, B, B)."""
    own = np.diagonal(mm, axis1=-2, axis2=-1)
    kish = n * n / np.where(own > 0, own, 1)
    p = (s / np.where(n > 0, n, 1) * kish + 2) / (kish + 4)
    root = np.where(n > 0, np.sqrt(p * (1 - p)), 0)
    found: FloatArray = root[..., :, None] * root[..., None, :] * mm
    return found


def _clustered(bands: Bands, of: BandInputs) -> FloatArray:
    """Covariance over inputs of the bands' sums, each centred at its band's gap."""
    n = bands.n.astype(np.float64)
    gap = np.where(n > 0, (bands.sv - bands.s) / np.where(n > 0, n, 1), 0)
    mixed = of.rm * gap[:, None, :]
    found: FloatArray = (
        of.rr - mixed - np.swapaxes(mixed, 1, 2) + gap[:, :, None] * gap[:, None, :] * of.mm
    )
    # Centring takes a degree of freedom. The inputs are not counted here; (Σm)²/Σm² is no more.
    total, squares = n.sum(axis=1), of.mm.sum(axis=(1, 2))
    inputs = total**2 / np.where(squares > 0, squares, 1)
    factor = np.where(inputs > 1, inputs / np.where(inputs > 1, inputs - 1, 1), 1)
    scaled: FloatArray = found * factor[:, None, None]
    return scaled


def labels_to_show(bands: Bands, found: Shape, tolerance: float) -> FloatArray:
    """Labelled claims that would show an error beyond the tolerance, in four of five cases.

    Were the errors, the mix of bands and the inputs what they look like: the smallest number over
    patterns for which ``|Σ ε_b S_b| − τN`` is c standard errors, and .84 for the chance.

    Args:
        bands: of G groups.
        found: their `shape`.
        tolerance: τ.

    Returns:
        Shape (G,); inf where no pattern shows more than the tolerance, nan without a label.
    """
    total = bands.n.sum(axis=1).astype(np.float64)
    needed = np.where(total > 0, np.inf, np.nan)
    spread, residual = _spread(bands), np.where(bands.n > 0, bands.sv - bands.s, 0.0)
    for at, family in _families(found.count):
        reach = np.abs(residual[at, : family.shape[1]] @ family.T) - tolerance * total[at, None]
        variance, c = spread.of(at, family), found.critical[at, None]
        unseen = spread.unseen[at, None]

        def short(
            times: FloatArray,
            reach: FloatArray = reach,
            variance: FloatArray = variance,
            c: FloatArray = c,
            unseen: FloatArray = unseen,
        ) -> BoolArray:
            half = c * np.sqrt(variance / times + c * c / 2 * unseen / times**2)
            wanted = half + float(scipy.special.ndtri(_POWER)) * np.sqrt(variance / times)
            missing: BoolArray = reach < wanted
            return missing

        times = _least(short, reach.shape)
        needed[at] = np.where(reach > 0, times * total[at, None], np.inf).min(axis=1)
    return needed


def labels_to_clear(bands: Bands, found: Shape, tolerance: float) -> FloatArray:
    """Labelled claims after which ``high`` would be within the tolerance, in four of five cases.

    The true error of a band is taken to be ``√max(0, S_b² − V_b)``, what it shows beyond its noise,
    and the ECE of so many labels to be that of such a signal.

    Args:
        bands: of G groups.
        found: their `shape`.
        tolerance: τ.

    Returns:
        Shape (G,); inf where the error itself is not within the tolerance, nan without a label.
    """
    total = bands.n.sum(axis=1).astype(np.float64)
    known = np.where(total > 0, total, np.nan)
    spread, residual = _spread(bands), np.where(bands.n > 0, bands.sv - bands.s, 0.0)
    mean = np.sqrt(np.maximum(residual**2 - spread.bands, 0)) / known[:, None]
    sd = np.sqrt(spread.bands) / known[:, None]
    z = float(scipy.special.ndtri(1 - found.alpha_high / 2))

    def short(times: FloatArray) -> BoolArray:
        now = np.where(sd > 0, sd, 1) / np.sqrt(times)[:, None]
        x = mean / now
        # Mean and variance of the folded normal.
        folded = np.sqrt(2 / np.pi) * now * np.exp(-x * x / 2) + mean * scipy.special.erf(
            x / np.sqrt(2)
        )
        folded = np.where(sd > 0, folded, mean)
        left = np.where(sd > 0, mean**2 + now**2 - folded**2, 0).sum(axis=1)
        half = z * np.sqrt(found.variance / times + z * z / 2 * found.unseen / times**2) / known
        likely = folded.sum(axis=1) + float(scipy.special.ndtri(_POWER)) * np.sqrt(
            np.maximum(left, 0)
        )
        missing: BoolArray = likely + half > tolerance
        return missing

    times = _least(short, total.shape)
    return np.where(mean.sum(axis=1) < tolerance, times, np.inf) * known


def _families(count: IntArray) -> Iterator[tuple[IntArray, FloatArray]]:
    for number in np.unique(count[count > 0]).tolist():
        yield np.flatnonzero(count == number), patterns(number)


def _least(short: Callable[[FloatArray], BoolArray], size: tuple[int, ...]) -> FloatArray:
    """The least multiple of the labels that does not fall short, within a millionth and 10⁹."""
    low, high = np.full(size, -6.0), np.full(size, 9.0)
    for _ in range(40):
        middle = (low + high) / 2
        missing = short(10.0**middle)
        low, high = np.where(missing, middle, low), np.where(missing, high, middle)
    return np.where(high > 8.9, np.inf, 10.0**high)
