"""How well failures are detected: power, delay and false alarms, beside the naive rules.

    .venv/bin/python tests/benchmarks/detect.py
    .venv/bin/python tests/benchmarks/detect.py --ledgers 50 --only "input drift" --only theatre

Each of the twelve failures, and errors that cancel, is planted at three sizes in simulated ledgers:
real ones in memory, governed, of 200 claims a week with one signal and one version that was
validated after 8 weeks, in which nothing is wrong for 16. The real detector and the naive rule then
look at them every Monday for 12 weeks. *Power*: the share of ledgers in which it is found by then;
*weeks*: the median delay from its beginning, the week in which labels settle included (– where not
half are found); *false*: the share of ledgers without the failure in which it is found all the same
in those 12 weeks. A naive rule that is often false is also "found" often.

Two hundred ledgers of each take a quarter of an hour to half an hour of two cores.

Nobody answering and a broken trail are no matter of chance, nor are a tuning leak, a held-out set
that is used up, a breach of the rules, and what is listed last: whatever is there is found in the
next round. The gap's drift is shown once more below, rule by rule and over years, with the measure
alone, since there a ledger adds nothing; so are reviewers who let wrong answers pass, and kept
inputs that another model answers.
"""

from __future__ import annotations

import argparse
import math
import os
import time

import numpy as np
from detection import exact, gap, kept, stamps, upkeep
from detection.failures import FAILURES
from detection.ledgers import AFTER, LABELS
from detection.simulation import SEED, Found, Line, lines

#: Ledgers for what is exact.
_EXACT = 20


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ledgers", type=int, default=200)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--looks", type=int, default=AFTER, help="weeks that are looked at")
    names = [one.name for one in FAILURES]
    parser.add_argument("--only", action="append", choices=names, default=[], metavar="FAILURE")
    asked = parser.parse_args()
    began = time.perf_counter()
    print(f"{asked.ledgers} ledgers of each, {LABELS} claims a week, {asked.looks} weekly looks\n")
    _header()
    last = ""
    for line in lines(asked.ledgers, asked.processes, asked.only, looks=asked.looks):
        _print(line, first=line.failure.name != last)
        last = line.failure.name
    if not asked.only:
        _kept(np.random.default_rng([SEED, 1]), asked.ledgers)
        _exact(min(asked.ledgers, _EXACT))
        rng = np.random.default_rng(SEED)
        gap.print_dates(rng, asked.ledgers)
        gap.print_rules(rng, asked.ledgers)
        stamps.print_stamps(rng, asked.ledgers)
    print(f"\n{time.perf_counter() - began:.0f} seconds")


def _header() -> None:
    print(f"{'':<20}{'':<26}{'detector':<28}{'power':>6}{'weeks':>6}{'false':>7}"
          f"   {'naive rule':<28}{'power':>6}{'weeks':>6}{'false':>7}")  # fmt: skip


def _print(line: Line, *, first: bool) -> None:
    failure = line.failure
    print(
        f"{failure.name if first else '':<20}{line.size:<26}"
        f"{failure.detector if first else '':<28}{_told(line.ours, line.ours_false)}   "
        f"{failure.rule if first else '':<28}{_told(line.naive, line.naive_false)}",
        flush=True,
    )


def _kept(rng: np.random.Generator, models: int) -> None:
    """Another model behind the name."""
    false = kept.found(rng, models)
    for words, how in kept.SIZES:
        ours, naive = kept.found(rng, models, **how)
        first = words == kept.SIZES[0][0]
        print(f"{'kept inputs' if first else '':<20}{words:<26}"
              f"{'ranks of each input' if first else '':<28}{_told(ours, false[0])}   "
              f"{'z-test of each round' if first else '':<28}{_told(naive, false[1])}")  # fmt: skip


def _told(found: Found, false: Found) -> str:
    weeks = f"{found.median:.0f}" if math.isfinite(found.median) else "–"
    return f"{found.share:>6.0%}{weeks:>6}{false.share:>7.1%}"


def _exact(ledgers: int) -> None:
    """They are found in the next round."""
    for name, what, told in (
        ("nobody answers", "owner and deputy gone", exact.nobody),
        ("no trail", "one character, one entry", exact.no_trail),
        ("worn held-out set", "judged on 4 of 5 times", exact.worn),
        ("gate not asked", "1% of answers deleted", exact.unasked),
        ("asked otherwise, late", "1% of answers each", upkeep.asked_otherwise),
        ("repair not taken up", "off by 10 points, map tried", exact.unrepaired),
        ("no proof of the cut", "high stakes, no bound", upkeep.unproven_cut),
        ("cut of another version", "the run names its versions", upkeep.older_cut),
        ("audit not labelled", "70% in time, 80% needed", upkeep.unlabelled_audit),
        ("case overdue", "one of two, by a minute", upkeep.overdue_case),
        ("runs missed", "1 to 5 of a week", upkeep.missed_run),
        ("check cannot look", "one stops on a signal", upkeep.blind_check),
        ("always waived", "three times, nothing else", upkeep.always_waived),
    ):
        found = np.array([told(seed) for seed in range(ledgers)])
        print(f"{name:<22}{what:<28}{'exact, ' + str(ledgers) + ' ledgers':<28}"
              f"{found[:, 0].mean():>6.0%}{0:>6}{found[:, 1].mean():>7.1%}   none")  # fmt: skip


if __name__ == "__main__":
    main()
