"""How much a held-out set flatters whoever judges on it again and again.

    .venv/bin/python tests/benchmarks/heldout.py

Versions that are no better than the one before are tried on one held-out set, until one passes or
the looks are used up. Each is overconfident by exactly the 5 points that are accepted, so that none
should pass: a look passes where the upper end of the gap's 95 % interval lies below the bound, at
2.5 %. *Passes*: the share of the sets on which one did within so many looks. *Flatters*: by how
many points the version with the smallest gap on the set looks better than it is.

- independent: each version errs on inputs of its own;
- alike: two versions of one model agree on four answers of five, right or wrong;
- fitted: after each look the segment (of ten) that looks worst is shifted by what the set shows,
  which is what people do who look. Judged is the error over the ten segments, fitted on the set
  itself, beside the error on the world.
"""

from __future__ import annotations

import argparse

import numpy as np

LOOKS = (1, 2, 3, 5, 8, 10, 20, 50)
BOUND, STATED = 0.05, 0.85
SEGMENTS = 10


def tried(n: int, agree: float, sets: int, rng: np.random.Generator) -> tuple[list[float], ...]:
    """Share of sets with a pass, and flattery in points, within so many looks."""
    passes, flatters = np.zeros(len(LOOKS)), np.zeros(len(LOOKS))
    right = STATED - BOUND
    for _ in range(sets):
        common = rng.random(n) < right
        gaps = []
        for _ in range(LOOKS[-1]):
            own = rng.random(n) < right
            gaps.append(STATED - np.where(rng.random(n) < agree, common, own).mean())
        gap = np.array(gaps)
        high = gap + 1.96 * np.sqrt((STATED - gap) * (1 - STATED + gap) / n)
        for i, looks in enumerate(LOOKS):
            passes[i] += (high[:looks] < BOUND).any()
            flatters[i] += BOUND - gap[:looks].min()
    return (passes / sets).tolist(), (100 * flatters / sets).tolist()


def fitted(n: int, sets: int, rng: np.random.Generator) -> tuple[list[float], list[float]]:
    """Mean error over the segments in points, on the set and on the world, after so many looks."""
    seen, true = np.zeros(len(LOOKS)), np.zeros(len(LOOKS))
    for _ in range(sets):
        # On the world all segments are right as often as stated; the set shows chance.
        error = rng.normal(0, np.sqrt(STATED * (1 - STATED) / (n / SEGMENTS)), SEGMENTS)
        shift = np.zeros(SEGMENTS)
        done = 0
        for i, looks in enumerate(LOOKS):
            while done < looks - 1:
                worst = int(np.argmax(np.abs(error - shift)))
                shift[worst], done = error[worst], done + 1
            seen[i] += np.abs(error - shift).mean()
            true[i] += np.abs(shift).mean()
    return (100 * seen / sets).tolist(), (100 * true / sets).tolist()


def main() -> None:
    """Print a table a size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", type=int, default=1000)
    sets = parser.parse_args().sets
    rng = np.random.default_rng(20_261_130)
    heads = " | ".join(f"{looks}" for looks in LOOKS)
    print(f"| inputs, versions, what | {heads} |\n|---|{'---|' * len(LOOKS)}")
    for n in (400, 1000, 4000):
        for name, agree in (("independent", 0.0), ("alike", 0.8)):
            passes, flatters = tried(n, agree, sets, rng)
            _row(f"{n:,}, {name}, passes", [f"{one:.3f}" for one in passes])
            _row(f"{n:,}, {name}, flatters", [f"{one:.1f}" for one in flatters])
        seen, true = fitted(n, sets, rng)
        _row(f"{n:,}, fitted, error on the set", [f"{one:.1f}" for one in seen])
        _row(f"{n:,}, fitted, error on the world", [f"{one:.1f}" for one in true])


def _row(name: str, cells: list[str]) -> None:
    print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
