"""Labels that miss more of one kind of claim: a verdict on all claims from the labels that came.

"old" takes the labels as they are; "new" withholds the verdict where coverage shows the choice.
*withheld* is the share of ledgers in which it does. Where the confidence says nothing of the
outcome, or one value is all that is stated, no coverage by confidence can show a choice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.defaults import TOLERANCE
from core.measure.cells.cells import FloatArray
from core.measure.metrics.label_bias import bounds
from core.measure.verdicts.label_reach import label_reach, most_uneven_band
from honest.draws import independent
from honest.rules import new

TENS = np.arange(10) / 10 + 0.05
STATED = np.array([0.5, 0.7, 0.8, 0.9, 0.95, 0.99])
FLAT = np.full(6, 0.8)


@dataclass(frozen=True)
class Design:
    """What is stated, how often right, and the chance of a label for wrong and right claims."""

    name: str
    v: FloatArray
    right: FloatArray
    labelled: tuple[float, float]
    claims: int


_KINDS = (
    ("calibrated", TENS, TENS),
    ("calibrated LLM", STATED, STATED),
    ("says nothing", STATED, FLAT),
    ("gap +7.5", STATED, STATED - 1.5 * TOLERANCE),
)
_CHOICES = {"by chance": (0.3, 0.3), "wrong first": (1.0, 0.03), "right first": (0.1, 0.4)}
DESIGNS = [
    Design(f"{name}, {chosen}", v, right, labelled, claims)
    for name, v, right in _KINDS
    for chosen, labelled in _CHOICES.items()
    for claims in (1_000, 10_000)
]


def line(at: int, ledgers: int) -> str:
    """Simulate one design."""
    design = DESIGNS[at]
    rng = np.random.default_rng([at, 13])
    told = np.zeros((3, 2))
    for _ in range(ledgers):
        claims = rng.multinomial(design.claims, np.full(len(design.v), 1 / len(design.v)))
        right = rng.binomial(claims, design.right)
        missed, seen = design.labelled
        s = rng.binomial(right, seen)
        n = s + rng.binomial(claims - right, missed)
        called = new(independent(design.v, n[None], s[None]))
        uneven = most_uneven_band([f"{one:g}" for one in design.v], claims, n)
        at_most = bounds(claims.sum(), n.sum(), s.sum(), claims @ design.v)
        reach = label_reach(
            n_claims=int(claims.sum()),
            n=int(n.sum()),
            gap_if_right=float(at_most.gap_if_right),
            gap_if_wrong=float(at_most.gap_if_wrong),
            tolerance=TOLERANCE,
            uneven=uneven,
        )
        held = reach.speaks_for == "labelled"
        told += [
            (called.off[0], called.off[0] and not held),
            (called.fine[0], called.fine[0] and not held),
            (False, held),
        ]
    off, fine, held = told / ledgers
    return (
        f"{design.name:<30}{design.claims:>7}  off: old {off[0]:.3f} new {off[1]:.3f}"
        f"  fine: old {fine[0]:.3f} new {fine[1]:.3f}  withheld {held[1]:.3f}"
    )
