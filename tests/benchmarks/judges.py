"""How often the intervals that a judge's labels narrow hold, and by how much they are narrowed.

    python tests/benchmarks/judges.py [DRAWS]

Each line is a judge, from perfect to hostile, over signals that are calibrated, 10 points
overconfident and right 95 % of the time whatever they say; n claims have both labels, 10 n the
judge's alone. Printed beside it is the textbook form (PPI++, Angelopoulos, Duchi & Zrnic 2024),
which fails with few labels. `--family` asks for one of about 25 intervals made together. Last come
labels whose chances depend on the confidence, or on what the judge says.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
from scipy import special

from core.measure.cells.cells import FloatArray
from core.measure.labelling.judge_labels import (
    JudgeSums,
    LabelSums,
    TruthSums,
    WeightedSums,
    _estimate,
    powered,
)

Draw = Callable[[np.random.Generator, FloatArray, FloatArray, FloatArray], FloatArray]

VALUES = np.array([0.7, 0.8, 0.9, 0.95, 0.99])


def _passing(right: float, wrong: float) -> Draw:
    """A judge that passes right and wrong answers with these chances."""

    def judge(
        rng: np.random.Generator, v: FloatArray, y: FloatArray, chance: FloatArray
    ) -> FloatArray:
        return (rng.random(y.shape) < np.where(y > 0, right, wrong)).astype(float)

    return judge


def _believing(
    rng: np.random.Generator, v: FloatArray, y: FloatArray, chance: FloatArray
) -> FloatArray:
    """Passes what is right, and what is wrong the likelier the surer it sounds."""
    return (rng.random(y.shape) < np.where(y > 0, 1.0, v - 0.1)).astype(float)


JUDGES: Mapping[str, Draw] = {
    "perfect": _passing(1.0, 0.0),
    "right 98 %": _passing(0.98, 0.02),
    "right 95 %": _passing(0.95, 0.05),
    "right 85 %": _passing(0.85, 0.15),
    "lenient": _passing(1.0, 0.4),
    "believes the confidence": _believing,
    "useless": _passing(0.5, 0.5),
    "hostile": _passing(0.2, 0.8),
}
SIGNALS: Mapping[str, Callable[[FloatArray], FloatArray]] = {
    "calibrated": lambda v: v,
    "10 over": lambda v: v - 0.1,
    "flat .95": lambda v: np.full_like(v, 0.95),
}


def drawn(
    rng: np.random.Generator, judge: Draw, truth: Callable[[FloatArray], FloatArray], *, n: int,
    more: int, draws: int, repeat: int = 1, alike: float = 0.0,
) -> tuple[JudgeSums, float]:  # fmt: skip
    """Sums of so many ledgers, and the true gap of all of them.

    Args:
        rng: what chance is drawn from.
        judge: who labels.
        truth: the chance to be right, from the confidence.
        n: inputs with both labels.
        more: inputs with the judge's alone.
        draws: ledgers.
        repeat: claims of every input.
        alike: share of inputs whose claims all turn out as the first does.
    """

    def part(inputs: int) -> LabelSums:
        shape = (draws, inputs, repeat)
        v = np.broadcast_to(rng.choice(VALUES, (draws, inputs, 1)), shape)
        chance = truth(v)
        y = (rng.random(shape) < chance).astype(float)
        y = np.where(rng.random((draws, inputs, 1)) < alike, y[:, :, :1], y)
        f = judge(rng, v, y, chance)
        return sums_of(v, y, f)

    both, only = part(n), part(more)
    sv = both.v
    inputs = None
    if repeat > 1:
        from core.measure.cells.cells import InputSums

        inputs = InputSums(both.inputs, both.rr, both.rm, both.mm, both.most)
    truths = TruthSums(both.n, np.rint(both.s).astype(np.int64), sv, inputs)
    gap = float(np.mean(VALUES - truth(VALUES)))
    yes = np.ones(draws, dtype=np.bool_)
    return JudgeSums(both, only, truths, yes, ~yes), gap


def sums_of(v: FloatArray, y: FloatArray, f: FloatArray) -> LabelSums:
    """The sums of claims, each array of shape (units, inputs, claims of an input)."""
    r, q, m = (one.sum(axis=2) for one in (v - y, v - f, np.ones_like(v)))
    claims = m.sum(axis=1)

    def total(values: FloatArray) -> FloatArray:
        return values.sum(axis=(1, 2))

    return LabelSums(
        inputs=np.full(len(v), v.shape[1], dtype=np.int64),
        n=np.rint(claims).astype(np.int64),
        v=total(v),
        vv=total(v * v),
        f=total(f),
        s=total(y),
        fs=total(f * y),
        r=r.sum(axis=1),
        q=q.sum(axis=1),
        rr=(r * r).sum(axis=1),
        qq=(q * q).sum(axis=1),
        rq=(r * q).sum(axis=1),
        rm=(r * m).sum(axis=1),
        qm=(q * m).sum(axis=1),
        mm=(m * m).sum(axis=1),
        most=m.max(axis=1),
    )


#: The chance to be labelled, as a multiple of the usual one, from the confidence and the judge.
CHANCES: Mapping[str, Callable[[FloatArray, FloatArray], FloatArray]] = {
    "the surer": lambda v, f: np.where(v > 0.85, 1.6, 0.4),
    "the doubtful": lambda v, f: np.where(v < 0.85, 1.8, 0.5),
    "what it fails": lambda v, f: np.where(f < 1, 3.0, 0.6),
}


def drawn_unequally(
    rng: np.random.Generator, judge: Draw, truth: Callable[[FloatArray], FloatArray],
    chance: Callable[[FloatArray, FloatArray], FloatArray], *, n: int, draws: int,
) -> tuple[JudgeSums, float]:  # fmt: skip
    """As `drawn`, about n of 11 n claims being labelled, each with its own chance."""
    v = rng.choice(VALUES, (draws, 11 * n))
    right = truth(v)
    y = (rng.random(v.shape) < right).astype(float)
    f = judge(rng, v, y, right)
    p = np.minimum(chance(v, f) / 11, 1)
    picked = rng.random(v.shape) < p
    w = picked / p
    w = w * (picked.sum(axis=1) / w.sum(axis=1))[:, None]
    r, q = v - y, v - f

    def sums(w: FloatArray) -> LabelSums:
        n = np.rint(w.sum(axis=1)).astype(np.int64)
        once = (w * v, w * v * v, w * f, w * y, w * f * y, w * r, w * q)
        twice = (w * w * one for one in (r * r, q * q, r * q, r, q, np.ones_like(r)))
        return LabelSums(
            n, n, *(one.sum(axis=1) for one in once), *(one.sum(axis=1) for one in twice),
            w.max(axis=1),
        )  # fmt: skip

    both, only = sums(picked.astype(float)), sums((~picked).astype(float))
    truths = TruthSums(both.n, np.rint(both.s).astype(np.int64), both.v)
    yes = np.ones(draws, dtype=np.bool_)
    once = ((w * one).sum(axis=1) for one in (r * r, q * q, r * q))
    weighted = WeightedSums(sums(w), *once)
    gap = float(np.mean(VALUES - truth(VALUES)))
    return JudgeSums(both, only, truths, yes, yes, weighted), gap


def coverage_unequally(
    judge: Draw, truth: Callable[[FloatArray], FloatArray],
    chance: Callable[[FloatArray, FloatArray], FloatArray], *, n: int, draws: int, seed: int = 1,
) -> tuple[float, float, float]:  # fmt: skip
    """Where the judge is used: coverage, and width over the weighted one without; and how often."""
    rng = np.random.default_rng(seed)
    sums, gap = drawn_unequally(rng, judge, truth, chance, n=n, draws=draws)
    found = powered(sums)
    bare = _estimate(sums, 0.05, 1.96, raised=1.92, weight=np.zeros(draws))
    used = found.weighted
    if not used.any():
        return float("nan"), float("nan"), 0.0
    held = (found.low - 1e-12 <= gap) & (gap <= found.high + 1e-12)
    width = (found.high - found.low)[used].mean() / (2 * bare.half[used].mean())
    return float(held[used].mean()), float(width), float(used.mean())


def coverage(
    judge: Draw, truth: Callable[[FloatArray], FloatArray], *, n: int, draws: int,
    alpha: float = 0.05, family: bool = False, seed: int = 1, repeat: int = 1, alike: float = 0.0,
) -> tuple[float, float, float]:  # fmt: skip
    """Coverage, mean width over that of truth alone, and coverage of the textbook form."""
    rng = np.random.default_rng(seed)
    sums, gap = drawn(rng, judge, truth, n=n, more=10 * n, draws=draws, repeat=repeat, alike=alike)
    found = powered(sums, alpha=alpha, family=family)
    z = float(special.ndtri(1 - alpha / 2))
    plain = _estimate(sums, alpha, z, raised=0.0)
    half = z * np.sqrt(plain.variance)

    def covered(low: FloatArray, high: FloatArray) -> float:
        held: npt.NDArray[np.bool_] = (low - 1e-12 <= gap) & (gap <= high + 1e-12)
        return float(held.mean())

    width = (found.high - found.low).mean() / (found.truth_high - found.truth_low).mean()
    return (
        covered(found.low, found.high),
        float(width),
        covered(plain.gap - half, plain.gap + half),
    )


def main(draws: int, family: bool) -> None:
    """Print the table."""
    alpha = 0.002 if family else 0.05
    print(
        f"Coverage of {1 - alpha:.1%} intervals (width over truth alone; textbook), {draws} draws"
    )
    for n in (50, 100, 400):
        for name, judge in JUDGES.items():
            cells = []
            for truth in SIGNALS.values():
                held, width, textbook = coverage(
                    judge, truth, n=n, draws=draws, alpha=alpha, family=family
                )
                cells.append(f"{held:.3f} ({width:.2f}; {textbook:.3f})")
            print(f"n {n:>3}  {name:<24}" + "  ".join(cells), flush=True)
    for repeat, alike in ((5, 0.9), (5, 0.3), (20, 0.9)):
        cells = []
        for name in ("perfect", "lenient", "hostile"):
            held, width, _ = coverage(
                JUDGES[name], SIGNALS["10 over"], n=100, draws=max(draws // 5, 1), alpha=alpha,
                family=family, repeat=repeat, alike=alike,
            )  # fmt: skip
            cells.append(f"{name} {held:.3f} ({width:.2f})")
        print(f"100 inputs × {repeat}, {alike:.0%} alike: " + "  ".join(cells), flush=True)
    print("Labels drawn with unequal chances, where the judge is used (width; how often used)")
    for n in (100, 200, 400):
        for name in ("perfect", "right 95 %", "lenient", "useless"):
            for more, chance in CHANCES.items():
                cells = []
                for truth in SIGNALS.values():
                    held, width, used = coverage_unequally(
                        JUDGES[name], truth, chance, n=n, draws=draws
                    )
                    cells.append(f"{held:.3f} ({width:.2f}; {used:.2f})")
                print(f"of {n:>3}  {name:<12}{more:<14}" + "  ".join(cells), flush=True)


if __name__ == "__main__":
    given = [one for one in sys.argv[1:] if not one.startswith("-")]
    main(int(given[0]) if given else 1000, "--family" in sys.argv)
