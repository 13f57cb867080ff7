"""A threshold chosen again every day of a year: how often it breaks its promise on some day.

    .venv/bin/python tests/benchmarks/choosing_again.py
    .venv/bin/python tests/benchmarks/choosing_again.py --years 2000

A signal states one of 20 confidences, 40 labelled claims a day. Each day a cut is chosen anew on
all claims so far: at most 5 % wrong among those above it, with 90 %. *Ever broken*: the share of
years in which some day's cut had a true risk above 5 %; it may be 10 %. *Final*: the median share
of claims automated on the last day; *first*: the median day with a cut (– where not half have one).

Rules: Learn-then-Test as if it were the first look (naive); Learn-then-Test with δ spent over the
looks, δ·6/(π²k²) on the k-th; and the bets of `core.measure.labelling.cut_at_every_look`.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterator

import numpy as np
import scipy

from core.measure.cells.cells import Cells
from core.measure.labelling.cut_at_every_look import learn_at_every_look
from core.measure.labelling.risk_thresholds import claims_needed, learn_then_test

RISK, DELTA, DAYS, EACH = 0.05, 0.1, 365, 40
VALUES = np.round(np.linspace(0.52, 0.995, 20), 3)

#: The chance of being wrong at each confidence, and what it is an example of.
WORLDS: dict[str, np.ndarray] = {
    # Above every cut 5.1 % are wrong: any cut ever chosen breaks the promise.
    "just above everywhere": np.full(20, 0.051),
    # Of the 4 highest together 5.1 % are wrong, above them fewer, below them more.
    "crosses at 0.92": np.array([*np.linspace(0.4, 0.12, 16), 0.084, 0.06, 0.04, 0.02]),
    # The highest confidences are the worst, as after a prompt that says 99 %.
    "worst at the top": np.interp(VALUES, [0.52, 0.9, 0.95, 0.995], [0.3, 0.04, 0.04, 0.12]),
    # Nothing is wrong with it.
    "good": np.interp(VALUES, [0.52, 0.75, 0.995], [0.3, 0.04, 0.005]),
}
Rule = Callable[[Cells, int], float | None]


def naive(cells: Cells, look: int) -> float | None:
    """As if no look had been before."""
    return learn_then_test(cells, RISK, DELTA).cut


def spent(cells: Cells, look: int) -> float | None:
    """Of one budget, less at each look."""
    return learn_then_test(cells, RISK, DELTA * 6 / (math.pi * look) ** 2).cut


def every_look(cells: Cells, look: int) -> float | None:
    """The product's."""
    return learn_at_every_look(cells, RISK, DELTA).cut


RULES: dict[str, Rule] = {
    "Learn-then-Test, each day anew": naive,
    "the same, δ spent over looks": spent,
    "a bet at every look": every_look,
}


def year(rng: np.random.Generator, wrong: np.ndarray, days: int) -> Iterator[Cells]:
    """All claims so far, day by day."""
    share = np.full(20, 1 / 20)
    n, s = np.zeros(20, dtype=np.int64), np.zeros(20, dtype=np.int64)
    for _ in range(days):
        came = rng.multinomial(EACH, share)
        n, s = n + came, s + came - rng.binomial(came, wrong)
        yield Cells(VALUES, n, n, s)


def true_risk(wrong: np.ndarray) -> np.ndarray:
    """Above each value, that value included."""
    return np.cumsum(wrong[::-1])[::-1] / np.arange(20, 0, -1)


def simulate(
    name: str, years: int, days: int, every: int = 1, seed: int = 20261129
) -> dict[str, tuple[float, float, float]]:
    """By rule: share of years ever broken, median final share automated, median first day."""
    rng = np.random.default_rng(seed)
    wrong, risks = WORLDS[name], true_risk(WORLDS[name])
    broken = dict.fromkeys(RULES, 0)
    final: dict[str, list[float]] = {rule: [] for rule in RULES}
    first: dict[str, list[float]] = {rule: [] for rule in RULES}
    for _ in range(years):
        ever, begun = dict.fromkeys(RULES, False), dict.fromkeys(RULES, math.inf)
        last = dict.fromkeys(RULES, 0.0)
        for day, cells in enumerate(year(rng, wrong, days), start=1):
            if day % every:
                continue
            for rule, choose in RULES.items():
                cut = choose(cells, day // every)
                at = None if cut is None else int(np.searchsorted(VALUES, cut - 1e-9))
                last[rule] = 0.0 if at is None else 1 - at / 20
                if at is not None:
                    begun[rule] = min(begun[rule], day)
                    ever[rule] |= bool(risks[at] > RISK + 1e-12)
        for rule in RULES:
            broken[rule] += ever[rule]
            final[rule].append(last[rule])
            first[rule].append(begun[rule])
    return {
        rule: (broken[rule] / years, float(np.median(final[rule])), float(np.median(first[rule])))
        for rule in RULES
    }


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--years", type=int, default=500)
    parser.add_argument("--days", type=int, default=DAYS)
    parser.add_argument("--every", type=int, default=1, help="days between looks")
    asked = parser.parse_args()
    print(f"{asked.years} years; a promise of {RISK:.0%} with {1 - DELTA:.0%}; first look at "
          f"{claims_needed(RISK, DELTA)} labels at the earliest\n")  # fmt: skip
    print(f"{'world':<24}{'rule':<34}{'ever broken':>12}{'95%':>14}{'final':>8}{'first':>7}")
    for name in WORLDS:
        for rule, (ever, final, first) in simulate(
            name, asked.years, asked.days, asked.every
        ).items():
            k = round(ever * asked.years)
            test = scipy.stats.binomtest(k, asked.years).proportion_ci()
            day = f"{first:.0f}" if math.isfinite(first) else "–"
            interval = f"{test.low:.1%}–{test.high:.1%}"
            print(f"{name:<24}{rule:<34}{ever:>12.1%}{interval:>14}{final:>8.0%}{day:>7}",
                  flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
