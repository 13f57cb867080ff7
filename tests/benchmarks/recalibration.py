"""How often a map is certified, and how often it is worse on fresh claims all the same.

    .venv/bin/python tests/benchmarks/recalibration.py
    .venv/bin/python tests/benchmarks/recalibration.py --rounds 1000

Ten confidences, 200 to 2,000 labelled tuning inputs and as many heldout ones. Certified: share of
the rounds. Worse: certified, and the map's mean squared calibration error is greater than that of
the confidences as stated. Halved: of those certified, how many have at most half the mean absolute
error.
"""

from __future__ import annotations

import argparse

import numpy as np

from core.measure.cells.cells import Cells
from core.measure.metrics.scores import NoValue
from core.measure.recalibration.certificate import certify
from core.measure.recalibration.fitting import choose_map, merged, values

GRID = np.array([0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.99, 1.0])
SHARE = np.array([0.03, 0.05, 0.08, 0.07, 0.15, 0.2, 0.2, 0.15, 0.05, 0.02])
TRUTHS = {
    "calibrated": GRID,
    "3 points over": np.clip(GRID - 0.03, 0, 1),
    "10 points over": np.clip(GRID - 0.1, 0, 1),
    "half the slope": 0.5 + 0.5 * (GRID - 0.5),
    "says nothing": np.full(GRID.size, 0.8),
    "upside down": 1.3 - GRID,
}


def drawn(n: int, right: np.ndarray, rng: np.random.Generator) -> Cells:
    """n labelled claims."""
    counts = rng.multinomial(n, SHARE / SHARE.sum())
    return Cells(GRID, counts, counts, rng.binomial(counts, right))


def main() -> None:
    """Print a line a truth and size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=200)
    rounds = parser.parse_args().rounds
    rng = np.random.default_rng(20_261_129)
    print("| truth | inputs of each split | certified | worse | halved |\n|---|---|---|---|---|")
    for name, right in TRUTHS.items():
        for n in (200, 500, 2000):
            certified = worse = halved = 0
            for _ in range(rounds):
                choice = choose_map(drawn(n, right, rng))
                if isinstance(choice, NoValue):
                    continue
                held = drawn(n, right, rng)
                to = values(held, choice.fitted)
                found = certify(
                    (held, merged([(held, to)])),
                    {},
                    changes=[(held, to)],
                    tolerance=0.05,
                    high_from=0.9,
                )
                if isinstance(found, NoValue) or not found.given:
                    continue
                certified += 1
                before, after = abs(GRID - right), abs(to - right)
                worse += bool(SHARE @ after**2 > SHARE @ before**2)
                halved += bool(SHARE @ after <= SHARE @ before / 2)
            share = f"{halved / certified:.2f}" if certified else "–"
            print(
                f"| {name} | {n:,} | {certified / rounds:.2f} | {worse / rounds:.3f} | {share} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
