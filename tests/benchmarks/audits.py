"""Whether weekly audit samples tell the gap of all claims, whoever labels the rest.

    .venv/bin/python tests/benchmarks/audits.py
    .venv/bin/python tests/benchmarks/audits.py --ledgers 50

Real ledgers in memory, governed, of 300 claims a week for 11 weeks; the program draws 60 a week, of
which 95% are labelled, and people label others as they like, half of them before the draw.
*Covers*: how often the 95% interval holds the gap of all claims of the window, by the samples, and
by all labels as if they were chosen by chance. *Off*, *fine*: how often the standing verdict says
so; with gaps of 0 and 5 points (the tolerance) *off* is false, with 10 points *fine* is.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.worlds.governed.audited import WRONG_FIRST, Labelled, told

SEED = 20261129
PEOPLE = {
    "wrong ones first": WRONG_FIRST,
    "right ones first": Labelled(0.3, 0.6),
    "a few more wrong": Labelled(0.5, 0.4),
    "by chance": Labelled(0.5, 0.5),
    "nobody": Labelled(0.0, 0.0),
}
GAPS = (0.0, 0.05, 0.1)


def one(who: str, gap: float, ledger: int) -> tuple[bool, bool, bool, bool, bool]:
    """Whether the samples speak, cover, the labels cover, and the verdict is off, or fine."""
    seed = [SEED, list(PEOPLE).index(who), round(1000 * gap), ledger]
    world = told(np.random.default_rng(seed), gap, people=PEOPLE[who])
    audit, recent, state = world.audit, world.verdict.recent, world.verdict.state
    covers = audit is not None and audit.low <= world.gap <= audit.high
    plain = recent is not None and recent.low <= world.gap <= recent.high
    return audit is not None, covers, plain, state == "off", state == "fine"


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ledgers", type=int, default=200)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    began = time.perf_counter()
    print(f"{asked.ledgers} ledgers of each\n")
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
