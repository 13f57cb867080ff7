"""How often a map is certified, and how often it is worse on fresh claims all the same.

    .venv/bin/python tests/benchmarks/recalibration.py
    .venv/bin/python tests/benchmarks/recalibration.py --rounds 1000
    .venv/bin/python tests/benchmarks/recalibration.py --data FOLDER

Ten confidences, 200 to 2,000 labelled tuning inputs and as many heldout ones. Certified: share of
the rounds. Worse: certified, and the map's mean squared calibration error is greater than that of
the confidences as stated. Halved: of those certified, how many have at most half the mean absolute
error.

With a folder of Parquet files of real claims (signal, model_version, prompt_version, input_id,
confidence, outcome), every version's inputs are split into thirds by a hash of the input: a map is
fitted on the first, certified on the second, and its gap taken on the third, which nothing saw.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from core.measure.cells.cells import Cells
from core.measure.failures.gaming import BAND, NARROWED
from core.measure.metrics.scores import NoValue
from core.measure.recalibration.applied import apply_map
from core.measure.recalibration.certificate import Certificate, certify
from core.measure.recalibration.fitting import Fitted, choose_map, merged, values

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


def certified(tuning: Cells, held: Cells) -> tuple[Fitted, Certificate] | None:
    """The map fitted on some claims, and its certificate on others; None: it is not given."""
    choice = choose_map(tuning)
    if isinstance(choice, NoValue):
        return None
    to = values(held, choice.fitted)
    found = certify(
        (held, merged([(held, to)])), {}, changes=[(held, to)], tolerance=0.05, high_from=0.9
    )
    return None if isinstance(found, NoValue) or not found.given else (choice.fitted, found)


def simulated(rounds: int) -> None:
    """Print a line a truth and size."""
    rng = np.random.default_rng(20_261_129)
    print("| truth | inputs of each split | certified | worse | halved |\n|---|---|---|---|---|")
    for name, right in TRUTHS.items():
        for n in (200, 500, 2000):
            given = worse = halved = 0
            for _ in range(rounds):
                tuning, held = drawn(n, right, rng), drawn(n, right, rng)
                found = certified(tuning, held)
                if found is None:
                    continue
                given += 1
                to = np.array([apply_map(found[0], v) for v in GRID.tolist()])
                before, after = abs(GRID - right), abs(to - right)
                worse += bool(SHARE @ after**2 > SHARE @ before**2)
                halved += bool(SHARE @ after <= SHARE @ before / 2)
            share = f"{halved / given:.2f}" if given else "–"
            print(
                f"| {name} | {n:,} | {given / rounds:.2f} | {worse / rounds:.3f} | {share} |",
                flush=True,
            )


def thirds(folder: Path) -> Iterator[tuple[str, tuple[Cells, ...]]]:
    """The claims of each version of each signal, its inputs in three parts."""
    names = ["signal", "model_version", "prompt_version", "input_id"]
    for file in sorted(folder.glob("*.parquet")):
        if file.stem.endswith("_rejects"):
            continue
        claims = pd.read_parquet(file, columns=[*names, "ts", "event_id", "confidence", "outcome"])
        claims = claims.dropna(subset=["confidence", "outcome"]).sort_values(["ts", "event_id"])
        # Of each input the first claim, as the product takes it.
        claims = claims.drop_duplicates(names)
        part = {one: hashlib.sha256(str(one).encode()).digest()[0] % 3
                for one in claims["input_id"].unique()}  # fmt: skip
        claims["part"] = claims["input_id"].map(part)
        claims["v"] = claims["confidence"].round(3)
        for (signal, *_), version in claims.groupby(names[:3], dropna=False):
            cells = []
            for one in range(3):
                sums = version[version["part"] == one].groupby("v")["outcome"].agg(["size", "sum"])
                n, s = (sums[name].to_numpy(np.int64) for name in ("size", "sum"))
                cells.append(Cells(sums.index.to_numpy(np.float64), n, n, s))
            yield f"{file.stem}, {signal}", tuple(cells)


def real(folder: Path) -> None:
    """Print a line a signal of real claims."""
    told: dict[str, list[tuple[float, float, bool] | None]] = {}
    for name, (tuning, held, fresh) in thirds(folder):
        found = certified(tuning, held)
        if found is None:
            told.setdefault(name, []).append(None)
            continue
        fitted, certificate = found
        right = float(fresh.s.sum() / fresh.n.sum())
        before, after = (
            abs(float(v @ fresh.n / fresh.n.sum()) - right)
            for v in (fresh.v, values(fresh, fitted))
        )
        width = certificate.after.width
        narrow = width <= BAND and width <= NARROWED * certificate.before.width
        told.setdefault(name, []).append((before, after, narrow))
    print("| claims | versions | certified | gap before | gap after | halved | collapsed |")
    print("|---|---|---|---|---|---|---|")
    for name, all_ in told.items():
        given = np.array([one for one in all_ if one is not None], dtype=float).reshape(-1, 3)
        if not len(given):
            print(f"| {name} | {len(all_)} | 0 | – | – | – | – |")
            continue
        before, after = np.median(given[:, 0]), np.median(given[:, 1])
        halved = (given[:, 1] <= given[:, 0] / 2).mean()
        print(f"| {name} | {len(all_)} | {len(given)} | {before:.3f} | {after:.3f} | "
              f"{halved:.2f} | {int(given[:, 2].sum())} |", flush=True)  # fmt: skip


def main() -> None:
    """Simulate, or try real claims."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--data", type=Path, help="a folder of real claims, in place of simulating")
    asked = parser.parse_args()
    if asked.data is None:
        simulated(asked.rounds)
    else:
        real(asked.data)


if __name__ == "__main__":
    main()
