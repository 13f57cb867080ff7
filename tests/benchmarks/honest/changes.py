"""Two models compared: what the old rule (gap) calls worse, and what each of the new parts does.

Each at level 0.95 by itself, on so many labels a side; a fifth as many pairs as ledgers are drawn.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from core.measure.cells.cells import Cells, FloatArray, InputCells
from core.measure.cells.group_sums import HUNDREDTHS
from core.measure.verdicts.before_after import Pair, SideSums, gap_changes
from core.measure.verdicts.score_change import auroc_change, brier_change
from core.measure.verdicts.shape_change import shape_change, shared_bands
from tests.worlds.claims.band_pairs import band_pair

V4, BAD4 = np.array([0.3, 0.5, 0.7, 0.85]), np.array([0.5, 0.6, 0.6, 0.65])
V10 = np.arange(10) / 10 + 0.05
SLOPE = 0.5 + 0.5 * (V10 - 0.5)


@dataclass(frozen=True)
class Design:
    """What is stated, and how often right before and after."""

    name: str
    v: FloatArray
    before: FloatArray
    after: FloatArray
    labels: int
    paired: bool


_KINDS = (
    ("same, calibrated", V4, V4, V4),
    ("same, cancelling", V4, BAD4, BAD4),
    ("same size, sign turned", V4, BAD4, 2 * V4 - BAD4),
    ("same size, gap turned", V10, V10 - 0.05, V10 + 0.05),
    ("calibrated to cancelling", V4, V4, BAD4),
    ("slope 1 to .5", V10, V10, SLOPE),
    ("calibrated to gap +10", V10, V10, np.maximum(V10 - 0.1, 0)),
)
DESIGNS = [
    Design(name, v, before, after, labels, paired)
    for name, v, before, after in _KINDS
    for labels in (100, 500, 2000)
    for paired in (False, True)
]


def line(at: int, ledgers: int) -> str:
    """Simulate one design."""
    design = DESIGNS[at]
    rng = np.random.default_rng([at, 7])
    runs = max(ledgers // 5, 20)
    words = [_verdicts(rng, design) for _ in range(runs)]
    told = "".join(
        f"  {name} {np.mean([one[name] == 'worse' for one in words]):.3f}" for name in words[0]
    )
    same = np.mean([one["shape"] == "same" for one in words])
    how = "paired" if design.paired else ""
    return f"{design.name:<26}{design.labels:>6} {how:<7}worse:{told}  shape same {same:.3f}"


def _verdicts(rng: np.random.Generator, design: Design) -> dict[str, str]:
    sides, residuals, scores = [], [], []
    common = rng.standard_normal(design.labels)
    for right in (design.before, design.after):
        value = rng.integers(len(design.v), size=design.labels)
        own = rng.standard_normal(design.labels)
        z = np.sqrt(0.8) * common + np.sqrt(0.2) * own if design.paired else own
        y = (special.ndtr(z) < right[value]).astype(int)
        n = np.bincount(value, minlength=len(design.v))
        s = np.bincount(value, y, len(design.v)).astype(int)
        detail = InputCells(np.arange(len(value)), value, np.ones(len(value), dtype=int), y)
        sides.append(Cells(design.v, n, n, s, 0, detail))
        residuals.append(design.v[value] - y)
        scores.append(residuals[-1] ** 2)
    counts = np.zeros(HUNDREDTHS)
    counts[np.rint(design.v * 100).astype(int)] = sides[0].n + sides[1].n
    pair = band_pair(*sides, shared_bands(counts), shared=design.paired)
    inputs = (sides[0].inputs, sides[1].inputs) if design.paired else None
    return {
        "gap (old)": gap_changes([_pair(*residuals, design.paired)])[0].verdict,
        "shape": shape_change(pair).verdict,
        "Brier": brier_change(_pair(*scores, design.paired)).verdict,
        "AUROC": auroc_change(*sides, inputs=inputs).verdict,
    }


def _pair(before: FloatArray, after: FloatArray, paired: bool) -> Pair:
    n = len(before)
    sides = [SideSums(n, n, n, q.sum(), q @ q, q.sum()) for q in (before, after)]
    if not paired:
        return Pair(*sides)
    return Pair(*sides, n, float(before @ after), before.sum(), after.sum(), n)
