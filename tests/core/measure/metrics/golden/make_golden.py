"""Makes ``golden.json``: what eight other calibration packages say about the sets in ``cells.csv``.

Run it in an environment of its own, with the packages named in ``README.md``; the peers are too
heavy, or too far away, to be installed wherever the tests run::

    python make_golden.py            # needs R with calibrationband as well
    python make_golden.py --new-data # draws cells.csv afresh first

Every set is expanded to one row per claim before a peer sees it, because no peer takes sums.
"""

from __future__ import annotations

import argparse
import csv
import importlib.metadata
import json
import platform
import subprocess
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import calibration
import mcgrad.metrics
import numpy as np
from calzone.metrics import calculate_ece_mce, cox_regression_analysis
from calzone.utils import reliability_diagram
from mapie.metrics import calibration as mapie
from netcal.metrics import ECE
from relplot.metrics import binnedECE
from sklearn.metrics import roc_auc_score

HERE = Path(__file__).parent
CELLS = HERE / "cells.csv"
GOLDEN = HERE / "golden.json"
PACKAGES = (
    "netcal",
    "MAPIE",
    "uncertainty-calibration",
    "calzone-tool",
    "mcgrad",
    "relplot",
    "scikit-learn",
    "statsmodels",
    "torch",
    "numpy",
    "scipy",
)
CLIPS = (1e-7, 1e-6, 1e-3, 1e-2)
BAND_SETS = ("self_report", "exact_0_1", "two_decimals", "tiny", "falling")

Cells = tuple[np.ndarray, np.ndarray, np.ndarray]


def draw_cells() -> dict[str, Cells]:
    """The seeded sets; see ``README.md`` for why each of them is there."""
    rng = np.random.default_rng(20_261_123)

    def summed(v: np.ndarray, truth: np.ndarray) -> Cells:
        y = rng.random(len(v)) < truth
        values, index = np.unique(v, return_inverse=True)
        n = np.bincount(index)
        return values, n, np.bincount(index, weights=y).astype(int)

    def jagged(v: np.ndarray, low: float, slope: float, round_numbers: float) -> np.ndarray:
        """Right too often at the bottom, too seldom at the top, and seldomer at whole tenths.

        Neighbours that err in opposite directions make a bin's edge rule visible in the ECE.
        """
        at_tenth = np.isclose(np.round(v, 1), v)
        return np.clip(low + slope * v - np.where(at_tenth, round_numbers, 0), 0, 1)

    grid = np.round(np.arange(0.5, 1.001, 0.05), 2)
    weight = np.array([3, 2, 4, 3, 8, 6, 14, 12, 22, 18, 8])
    self_report = rng.choice(grid, 2_000, p=weight / weight.sum())
    ends = rng.choice(np.array([0, 0.05, 0.1, 0.2, 0.3, 0.6, 0.7, 0.9, 0.95, 1]), 600)
    two_decimals = np.round(rng.beta(5, 2, 5_000), 2)
    tie_free = np.sort(rng.choice(999_999, 200, replace=False) + 1) / 1_000_000
    return {
        "self_report": summed(self_report, jagged(self_report, 0.24, 0.72, 0.06)),
        "exact_0_1": summed(ends, jagged(ends, 0.1, 0.85, 0.05)),
        "two_decimals": summed(two_decimals, jagged(two_decimals, 0.1, 0.88, 0.12)),
        "tiny": (
            np.array([0.2, 0.3, 0.6, 0.7, 0.95]),
            np.array([1, 4, 5, 1, 9]),
            np.array([1, 1, 4, 0, 7]),
        ),
        "tie_free": summed(tie_free, tie_free**1.3),
        "falling": (
            np.array([0.6, 0.7, 0.8, 0.9]),
            np.array([100, 100, 100, 100]),
            np.array([90, 75, 60, 45]),
        ),
        "even_half": (np.array([0.5]), np.array([1_000]), np.array([500])),
    }


def write_cells(sets: dict[str, Cells]) -> None:
    """One line per data set and distinct confidence."""
    with CELLS.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["data_set", "v", "n", "s"])
        for name, columns in sets.items():
            for v, n, s in zip(*columns, strict=True):
                writer.writerow([name, repr(float(v)), int(n), int(s)])


def read_cells() -> dict[str, Cells]:
    """What ``write_cells`` wrote."""
    rows: dict[str, list[tuple[float, int, int]]] = {}
    with CELLS.open() as file:
        for row in csv.DictReader(file):
            rows.setdefault(row["data_set"], []).append(
                (float(row["v"]), int(row["n"]), int(row["s"]))
            )
    return {
        name: (
            np.array([v for v, _, _ in lines]),
            np.array([n for _, n, _ in lines]),
            np.array([s for _, _, s in lines]),
        )
        for name, lines in rows.items()
    }


def expand(cells: Cells) -> tuple[np.ndarray, np.ndarray]:
    """One row per claim: by confidence, and within a confidence by outcome, wrong ones first."""
    v, n, s = cells
    outcome = np.concatenate([np.repeat([0, 1], [a - b, b]) for a, b in zip(n, s, strict=True)])
    return np.repeat(v, n), outcome


def answer(call: Callable[[], Any]) -> float | dict[str, str]:
    """The number, or what came instead of one."""
    try:
        number = float(call())
        return number if np.isfinite(number) else {"not_finite": repr(number)}
    except (ValueError, AssertionError, ZeroDivisionError) as error:
        return {"error": type(error).__name__, "message": str(error)}


def ask_netcal(v: np.ndarray, y: np.ndarray) -> dict[str, Any]:
    """Bins are [lo, hi), the last one closed; one ulp lower they are (lo, hi]."""
    lower = np.nextafter(v, 0.0)
    return {
        "ece_10": answer(lambda: ECE(10).measure(v, y)),
        "ece_10_one_ulp_lower": answer(lambda: ECE(10).measure(lower, y)),
    }


def ask_mapie(v: np.ndarray, y: np.ndarray) -> dict[str, Any]:
    """``num_bins`` counts edges, so 11 of them make ten bins (lo, hi], and zero one of its own."""
    return {
        "ece_uniform_10": answer(lambda: mapie.expected_calibration_error(y, v, 10, "uniform")),
        "ece_uniform_11": answer(lambda: mapie.expected_calibration_error(y, v, 11, "uniform")),
    }


def ask_uncertainty_calibration(v: np.ndarray, y: np.ndarray) -> dict[str, Any]:
    """Ten bins (lo, hi] with zero in the first; ``per_value`` where values are few (k < n/4)."""
    ten = {"num_bins": 10, "binning_scheme": calibration.get_equal_prob_bins}
    scaled = calibration.lower_bound_scaling_ce
    return {
        "ece_10": answer(lambda: calibration.get_ece(v, y, num_bins=10)),
        "debiased_l2_10": answer(lambda: scaled(v, y, p=2, debias=True, **ten)),
        "debiased_l2": answer(lambda: calibration.get_calibration_error(v, y, p=2, debias=True)),
    }


def ask_calzone(v: np.ndarray, y: np.ndarray) -> dict[str, Any]:
    """Bins are (lo, hi]: exactly zero is in none of them and drops out of numerator and total."""
    both = np.column_stack([1 - v, v])

    def ece() -> float:
        accuracy, confidence, _, count = reliability_diagram(y, both, 10, class_to_plot=1)
        return float(calculate_ece_mce(accuracy, confidence, count)[0])

    out: dict[str, Any] = {
        "ece_10": answer(ece),
        "cox": {},
    }
    if len(np.unique(v)) > 1:
        for clip in CLIPS:
            slope, intercept, slope_ci, intercept_ci = cox_regression_analysis(
                y, both, epsilon=clip, method="newton", tol=1e-14, maxiter=200
            )
            out["cox"][repr(clip)] = {
                "slope": float(slope),
                "intercept": float(intercept),
                "slope_ci": [float(x) for x in slope_ci],
                "intercept_ci": [float(x) for x in intercept_ci],
            }
    return out


def ask_mcgrad(v: np.ndarray, y: np.ndarray) -> dict[str, Any]:
    """Bins are [lo, hi), the last one closed."""
    return {"ece_10": answer(lambda: mcgrad.metrics.expected_calibration_error(y, v, num_bins=10))}


R_SCRIPT = """
library(calibrationband)
args <- commandArgs(trailingOnly = TRUE)
rows <- read.csv(args[1])
for (alpha in c(0.05, 0.1)) for (nc in c(FALSE, TRUE)) {
  band <- calibration_bands(rows$v, rows$y, alpha = alpha, method = "standard", nc = nc)$bands
  cat(sprintf("%s,%s,%.17g,%.17g,%.17g\\n", alpha, nc, band$x, band$lwr, band$upr), sep = "")
}
"""


def ask_calibrationband(v: np.ndarray, y: np.ndarray) -> dict[str, Any]:
    """Band at every stated confidence, and at 0 and 1 where the package adds them."""
    with tempfile.TemporaryDirectory() as folder:
        rows, script = Path(folder) / "rows.csv", Path(folder) / "bands.R"
        np.savetxt(rows, np.column_stack([v, y]), "%.17g", ",", header="v,y", comments="")
        script.write_text(R_SCRIPT)
        text = subprocess.run(
            ["Rscript", str(script), str(rows)], check=True, capture_output=True, text=True
        ).stdout
    out: dict[str, Any] = {}
    for line in text.splitlines():
        alpha, non_crossing, x, low, high = line.split(",")
        key = f"alpha={alpha}" + (", non-crossing" if non_crossing == "TRUE" else "")
        band = out.setdefault(key, {"x": [], "low": [], "high": []})
        for name, number in (("x", x), ("low", low), ("high", high)):
            band[name].append(float(number))
    return out


def r_versions() -> dict[str, str]:
    """The R side of the recorded versions."""
    text = subprocess.run(
        ["Rscript", "-e", 'cat(as.character(getRversion()), format(packageVersion("Rcpp")))'],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return dict(zip(("R", "Rcpp"), text.split(), strict=True))


def main() -> None:
    """Ask every peer about every set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--new-data", action="store_true", help="draw cells.csv afresh first")
    if parser.parse_args().new_data:
        write_cells(draw_cells())
    answers: dict[str, Any] = {}
    for name, cells in read_cells().items():
        v, y = expand(cells)
        answers[name] = {
            "netcal": ask_netcal(v, y),
            "mapie": ask_mapie(v, y),
            "uncertainty_calibration": ask_uncertainty_calibration(v, y),
            "calzone": ask_calzone(v, y),
            "mcgrad": ask_mcgrad(v, y),
            "relplot": {"binned_ece_10": answer(lambda v=v, y=y: binnedECE(v, y, 10))},
            "scikit_learn": {"auroc": answer(lambda v=v, y=y: roc_auc_score(y, v))},
        }
        if name in BAND_SETS:
            answers[name]["calibrationband"] = ask_calibrationband(v, y)
    golden = {
        "made": {
            "date": datetime.now(UTC).date().isoformat(),
            "python": platform.python_version(),
            "packages": {name: importlib.metadata.version(name) for name in PACKAGES}
            | r_versions(),
        },
        "data_sets": answers,
    }
    GOLDEN.write_text(json.dumps(golden, indent=1, allow_nan=False) + "\n")


if __name__ == "__main__":
    main()
