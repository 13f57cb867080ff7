"""How often a verdict is false, and what it finds, beside the rules without shape and clusters.

    .venv/bin/python tests/benchmarks/honesty.py
    .venv/bin/python tests/benchmarks/honesty.py --ledgers 100 --only level --only clusters

Ledgers of 1 to 60 segments of 50 to 50,000 labels each, judged together, with the truth known.
*off*: the share of ledgers in which any segment is called off. Where every error is within the
tolerance that is false, and must stay at 5%. *fine*: the share in which any is called fine; false
where every error is 1.5 times the tolerance. "old" is the rule of gap, high band and ECE less its
noise floor, which takes the cluster variance at its word; "new" adds the shape, and clusters.

A hundred ledgers of each take a quarter of an hour of two busy cores, a thousand two hours.
"""

from __future__ import annotations

import argparse
import math
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

import judges
import numpy as np
from honest import changes, missing, standing, watches
from honest.draws import Sizes, by_input, dominated, labelled, like, pareto
from honest.rules import new, old

from core.defaults import TOLERANCE
from core.measure.cells.cells import FloatArray, GroupSums

SEED = 20_261_128
SEGMENTS = (1, 10, 60)
LABELS = (50, 500, 5_000, 50_000)
Draw = Callable[[np.random.Generator, int], GroupSums]

TENS = np.arange(10) / 10 + 0.05
STATED = np.array([0.5, 0.7, 0.8, 0.9, 0.95, 0.99])
USED = np.array([0.05, 0.1, 0.2, 0.3, 0.25, 0.1])
EVEN = np.full(10, 0.1)
#: Signs of errors over ten bands, positive being overconfidence.
ALTERNATE = (-1.0) ** np.arange(10)
CROSS = np.where(np.arange(10) < 5, -1.0, 1.0)
#: The same over what an LLM states, so that under a third of the claims outweighs the rest.
TOP = np.array([-1.0, -1.0, -1.0, 1.0, 1.0, 1.0])


@dataclass(frozen=True)
class Signal:
    """What is stated, how often, and how often that is right."""

    name: str
    v: FloatArray
    right: FloatArray
    share: FloatArray

    @property
    def error(self) -> float:
        """Over its confidences."""
        return float(self.share @ np.abs(self.v - self.right))

    def draw(self, labels: int) -> Draw:
        """Segments of independent claims."""
        return lambda rng, groups: labelled(rng, self.v, self.right, self.share, labels, groups)


def off_by(size: float) -> list[Signal]:
    """Errors of one size in their several arrangements, the size being that of gap or shape."""
    rare = np.array([0.99, 1.0])
    one = np.array([0.5, 0.7, 0.8])
    one_share = np.array([0.5, 0.35, 0.15])
    return [
        Signal("gap, over", STATED, np.minimum(STATED - size, 1), USED),
        Signal("gap, under", TENS, np.minimum(TENS + size * (TENS < 0.9) / 0.9, 1), EVEN),
        Signal("gap, rare failures", rare, rare - size, np.array([0.5, 0.5])),
        Signal("shape, alternating", TENS, _shaped(TENS, EVEN, ALTERNATE, size), EVEN),
        Signal("shape, one cross", TENS, _shaped(TENS, EVEN, CROSS, size), EVEN),
        Signal("shape, over top", STATED, _shaped(STATED, USED, TOP, size), USED),
        Signal("shape, one value", one, one - np.array([0, 0, size / 0.15]), one_share),
    ]


def _shaped(v: FloatArray, share: FloatArray, signs: FloatArray, size: float) -> FloatArray:
    """Errors by sign that leave no gap where there is room for none, of this size over all."""
    over = share @ (signs > 0)
    weight = np.where(signs > 0, 0.5 / over, 0.5 / (1 - over)) if 0 < over < 1 else 1.0
    wanted = signs * weight * size
    for _ in range(50):
        room = np.where(signs > 0, v, 1 - v)
        wanted = signs * np.minimum(np.abs(wanted), room)
        missing = size / (share @ np.abs(wanted))
        if abs(missing - 1) < 1e-9:
            break
        wanted = wanted * missing
    return np.clip(v - wanted, 0, 1)


@dataclass(frozen=True)
class Line:
    """One design and what each rule called: shares of ledgers, and of groups."""

    name: str
    segments: int
    labels: str
    off: tuple[float, float]
    fine: tuple[float, float]
    each_off: tuple[float, float]
    each_fine: tuple[float, float]


def simulated(name: str, segments: int, labels: str, draw: Draw, ledgers: int) -> Line:
    """Judge so many ledgers by both rules, on the same draws."""
    rng = np.random.default_rng([SEED, *name.encode(), segments, *labels.encode()])
    told = np.zeros((2, 4))
    for _ in range(ledgers):
        sums = draw(rng, segments)
        for i, rule in enumerate((old, new)):
            called = rule(sums)
            told[i] += (
                called.off.any(),
                called.fine.any(),
                called.off.mean(),
                called.fine.mean(),
            )
    shares = [(float(a), float(b)) for a, b in (told / ledgers).T]
    return Line(name, segments, labels, *shares)


Asked = tuple[str, int, str, "Made"]


@dataclass(frozen=True)
class Made:
    """How a design is drawn; kept as data so that it goes to another process."""

    signal: Signal
    labels: int = 0
    sizes: Sizes | None = None
    alike: float = 1.0
    spans: bool = False
    bad: Signal | None = None

    def draw(self, rng: np.random.Generator, groups: int) -> GroupSums:
        """The segments of one ledger; one of them ``bad`` where there is such."""
        one = self.signal
        if self.sizes is not None:
            sizes = self.sizes(rng, groups)
            return by_input(
                rng, one.v, one.right, one.share, sizes, alike=self.alike, spans=self.spans
            )
        right = np.broadcast_to(one.right, (groups, len(one.v))).copy()
        if self.bad is not None:
            right[0] = self.bad.right
        return labelled(rng, one.v, right, one.share, self.labels, groups)


def level() -> Iterator[Asked]:
    """Every error within the tolerance, at most: nothing may be called off."""
    calibrated = [Signal("calibrated", STATED, STATED, USED), Signal("ten", TENS, TENS, EVEN)]
    for signal in [*calibrated, *off_by(TOLERANCE)]:
        for segments in SEGMENTS:
            for labels in LABELS:
                yield signal.name, segments, f"{labels:,}", Made(signal, labels)


def fine() -> Iterator[Asked]:
    """Every error 1.5 times the tolerance: nothing may be called fine."""
    for signal in off_by(1.5 * TOLERANCE):
        for segments in SEGMENTS:
            for labels in LABELS[1:]:
                yield signal.name, segments, f"{labels:,}", Made(signal, labels)


CLUSTERED: dict[str, tuple[Sizes, float]] = {
    "Pareto(1), 30-60 inputs": (pareto(1.0, 30, 60), 1.0),
    "Pareto(1), 200-400": (pareto(1.0, 200, 400), 1.0),
    "Pareto(1.5), 30-60": (pareto(1.5, 30, 60), 1.0),
    "one input 50%": (dominated(0.5), 1.0),
    "one input 80%": (dominated(0.8), 1.0),
    "two inputs 40% each": (dominated(0.4, 0.4), 1.0),
    "30 x 20, 90% alike": (like(30, 20), 0.9),
    "60 x 20 alike": (like(60, 20), 1.0),
    "100 x 5, 30% alike": (like(100, 5), 0.3),
    "300 x 5 alike": (like(300, 5), 1.0),
}


def clusters() -> Iterator[Asked]:
    """Inputs that repeat, calibrated or with a gap at the tolerance: nothing may be off."""
    edge = Signal("edge", STATED, STATED - TOLERANCE, USED)
    for kind, signal in (("calibrated", Signal("", STATED, STATED, USED)), ("edge", edge)):
        for name, (sizes, alike) in CLUSTERED.items():
            for spans in (False, True):
                made = Made(signal, sizes=sizes, alike=alike, spans=spans)
                told = f"{kind}, {name}{', spread' if spans else ''}"
                yield told, 50, "", made


def power() -> Iterator[Asked]:
    """Errors 3 to 15 points beyond the tolerance; *off* is right, of one segment or one of ten."""
    calibrated = Signal("", STATED, STATED, USED)
    for beyond in (0.03, 0.05, 0.10, 0.15):
        size = TOLERANCE + beyond
        gap, _, _, _, cross, top, _ = off_by(size)
        band = np.where(STATED >= 0.9, STATED - size, STATED)
        kinds = [
            ("gap", gap, None),
            ("shape, one cross", cross, None),
            ("shape, over top", top, None),
            ("high band", Signal("", STATED, band, USED), None),
        ]
        for labels in (200, 500, 1_000, 5_000):
            for name, signal, bad in kinds:
                yield f"{name} +{beyond * 100:.0f}", 1, f"{labels:,}", Made(signal, labels, bad=bad)
            made = Made(calibrated, labels, bad=gap)
            yield f"segment +{beyond * 100:.0f}", 10, f"{labels:,}", made


SECTIONS: dict[str, Callable[[], Iterator[Asked]]] = {
    "level": level,
    "fine": fine,
    "clusters": clusters,
    "power": power,
}


def _line(asked: tuple[str, int], ledgers: int) -> Line:
    section, at = asked
    name, segments, labels, made = list(SECTIONS[section]())[at]
    return simulated(name, segments, labels, made.draw, ledgers)


def _print(section: str, line: Line) -> None:
    numbers = {
        "level": (*line.off, *line.each_fine),
        "fine": (*line.fine, *line.each_off),
        "clusters": (*line.off, *line.each_fine),
        # Of ten segments nine are calibrated, and rightly fine.
        "power": (*line.off, *(line.fine if line.segments == 1 else (math.nan, math.nan))),
    }[section]
    told = "".join(f"{_share(one):>9}" for one in numbers)
    print(f"{line.name:<42}{line.segments:>4}{line.labels:>9}{told}", flush=True)


def _share(x: float) -> str:
    return "–" if math.isnan(x) else f"{x:.3f}"


HEADERS = {
    "level": ("FALSE off", "fine, per segment"),
    "fine": ("FALSE fine", "off, per segment"),
    "clusters": ("FALSE off", "fine, per segment"),
    "power": ("off", "FALSE fine"),
}


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ledgers", type=int, default=1000)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    every = [*SECTIONS, "missing", "judges", "compare", "watch", "standing"]
    parser.add_argument("--only", action="append", choices=every, default=[], metavar="SECTION")
    asked = parser.parse_args()
    began = time.perf_counter()
    print(f"{asked.ledgers} ledgers of each; tolerance {TOLERANCE * 100:.0f} points; shares")
    with ProcessPoolExecutor(asked.processes) as pool:
        for section, designs in SECTIONS.items():
            if asked.only and section not in asked.only:
                continue
            print(f"\n{section}: {designs.__doc__}")
            first, second = HEADERS[section]
            print(f"{'':<42}{'seg':>4}{'labels':>9}{first:>18}{second:>18}")
            print(f"{'':<55}" + f"{'old':>9}{'new':>9}" * 2)
            places = [(section, at) for at, _ in enumerate(designs())]
            for line in pool.map(partial(_line, ledgers=asked.ledgers), places):
                _print(section, line)
        for name, module in (
            ("missing", missing),
            ("compare", changes),
            ("watch", watches),
            ("standing", standing),
        ):
            if not asked.only or name in asked.only:
                print(f"\n{name}: {module.__doc__.splitlines()[0]}")
                for words in pool.map(
                    partial(module.line, ledgers=asked.ledgers), range(len(module.DESIGNS))
                ):
                    print(words, flush=True)
    if not asked.only or "judges" in asked.only:
        print("\njudges: Intervals that a judge's labels narrow.")
        judges.main(asked.ledgers, family=False)
    print(f"\n{time.perf_counter() - began:.0f} seconds")


if __name__ == "__main__":
    main()
