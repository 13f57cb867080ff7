"""Whether weekly audit samples tell the gap of all claims, whoever labels the rest.

    .venv/bin/python tests/benchmarks/audits.py
    .venv/bin/python tests/benchmarks/audits.py --ledgers 50

Real ledgers in memory, governed, of 300 claims a week for 11 weeks; the program draws 60 a week, of
which 95% are labelled, and people label others as they like, half of them before the draw.
*Covers*: how often the 95% interval holds the gap of all claims of the window, by the samples, and
by all labels as if they were chosen by chance. *Off*, *fine*: how often the standing verdict says
so; with gaps of 0 and 5 points (the tolerance) *off* is false, with 10 points *fine* is.

Then, with the measure alone and a gap of 5 points, a year of weekly looks at whether the samples
contradict all labels, beside the rule of one 80% interval a look over eight weeks. *Apart*: how far
the gap of all labels is from that of all claims, in points. *Ever*: told in some week. *Turns*: how
often the answer changes in the year.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).parents[2]))

from core.measure.labelling.contradiction import Differences, contradicted
from tests.worlds.governed.audited import WRONG_FIRST, Labelled, V, told

SEED = 20261129
PEOPLE = {
    "wrong ones first": WRONG_FIRST,
    "right ones first": Labelled(0.3, 0.6),
    "a few more wrong": Labelled(0.5, 0.4),
    "by chance": Labelled(0.5, 0.5),
    "nobody": Labelled(0.0, 0.0),
}
GAPS = (0.0, 0.05, 0.1)
WEEKS, PER_WEEK, ANSWERED, TOLERANCE = 52, 300, 0.95, 0.05
CHOOSING = {name: people for name, people in PEOPLE.items() if name != "nobody"} | {
    "hardly more wrong": Labelled(0.45, 0.4)
}


def one(who: str, gap: float, ledger: int) -> tuple[bool, bool, bool, bool, bool]:
    """Whether the samples speak, cover, the labels cover, and the verdict is off, or fine."""
    seed = [SEED, list(PEOPLE).index(who), round(1000 * gap), ledger]
    world = told(np.random.default_rng(seed), gap, people=PEOPLE[who])
    audit, recent, state = world.audit, world.verdict.recent, world.verdict.state
    covers = audit is not None and audit.low <= world.gap <= audit.high
    plain = recent is not None and recent.low <= world.gap <= recent.high
    return audit is not None, covers, plain, state == "off", state == "fine"


def year(
    rng: np.random.Generator, people: Labelled, drawn_a_week: int
) -> tuple[float, npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """How far apart the gaps are, and in which weeks that is told: by the rule, and by one look."""
    shape = WEEKS, PER_WEEK
    v = rng.choice(V, shape)
    right = rng.random(shape) < v - 0.05
    by_people = rng.random(shape) < np.where(right, people.right, people.wrong)
    before = by_people & (rng.random(shape) < people.early)
    answered = before | (rng.random(shape) < ANSWERED)
    drawn = (rng.random(shape) < drawn_a_week / PER_WEEK) & answered
    n, s, q = _sums(v - right, drawn)
    m, t, u = _sums(v - right, drawn | by_people)
    apart, left = t / m - s / n, 1 / n - 1 / m
    spread = (u - t**2 / m + 0.25) / m
    rule = contradicted(Differences(apart, spread * left, left), TOLERANCE)
    # Of eight weeks, as many as there are.
    n8, s8, q8, m8, t8 = (np.convolve(one, np.ones(8))[:WEEKS] for one in (n, s, q, m, t))
    error = np.sqrt((q8 / n8 - (s8 / n8) ** 2) / n8)
    return float(apart.mean()), rule, abs(t8 / m8 - s8 / n8) > 1.2816 * error


def _sums(r: npt.NDArray[np.float64], of: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """By week: claims, and the sums of their residuals and of their squares, shape (3, weeks)."""
    return np.array([of.sum(axis=1), (r * of).sum(axis=1), (r**2 * of).sum(axis=1)])


def print_years(years: int) -> None:
    """The table of a year of looks."""
    print(f"\n{years} years of weekly looks\n")
    print(f"{'people label':<19}{'drawn':>6}{'apart':>7}{'ever':>8}{'turns':>7}"
          f"{'wk 11':>6}{'26':>6}{'52':>6}   {'by one look: ever':>8}{'turns':>7}")  # fmt: skip
    for who, people in CHOOSING.items():
        for drawn in (60, 20):
            rng = np.random.default_rng([SEED, drawn])
            found = [year(rng, people, drawn) for _ in range(years)]
            apart = 100 * np.mean([one for one, _, _ in found])
            ours, looks = (np.array([one[which] for one in found]) for which in (1, 2))
            by = "".join(f"{ours[:, week - 1].mean():>6.0%}" for week in (11, 26, 52))
            print(
                f"{who:<19}{drawn:>6}{apart:>+7.1f}{_ever(ours)}{by}   {_ever(looks)}", flush=True
            )


def _ever(told: npt.NDArray[np.bool_]) -> str:
    turns = told[:, 0] + (told[:, 1:] != told[:, :-1]).sum(axis=1)
    return f"{told.any(axis=1).mean():>8.1%}{turns.mean():>7.2f}"


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ledgers", type=int, default=200)
    parser.add_argument("--years", type=int, default=1000)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    began = time.perf_counter()
    print_years(asked.years)
    if not asked.ledgers:
        return
    print(f"\n{asked.ledgers} ledgers of each\n")
    print(f"{'people label':<18}{'gap':>5}{'speaks':>8}{'covers':>8}{'all labels':>12}"
          f"{'off':>7}{'fine':>7}")  # fmt: skip
    with ProcessPoolExecutor(asked.processes) as pool:
        for who in PEOPLE:
            for gap in GAPS:
                n = asked.ledgers
                rows = pool.map(one, [who] * n, [gap] * n, range(n), chunksize=5)
                speaks, covers, plain, off, fine = np.array(list(rows)).mean(axis=0)
                print(f"{who:<18}{gap:>5.0%}{speaks:>8.0%}{covers:>8.1%}{plain:>12.1%}"
                      f"{off:>7.1%}{fine:>7.1%}", flush=True)  # fmt: skip
    print(f"\n{time.perf_counter() - began:.0f} seconds")


if __name__ == "__main__":
    main()
