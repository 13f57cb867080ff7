"""Intervals that a judge's labels narrow hold for any judge."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.judges import CHANCES, JUDGES, SIGNALS, coverage_unequally
from tests.worlds.governed.rounds import rounds

SCRIPT = Path(__file__).with_name("judges.py")


@rounds(20, 200)
def test_coverage_is_kept_from_fifty_labels_on_whatever_the_judge_does(rounds: int) -> None:
    told = subprocess.run(
        [sys.executable, str(SCRIPT), str(rounds)], capture_output=True, text=True, check=True,
        timeout=300,
    ).stdout  # fmt: skip
    lines = [line for line in told.splitlines() if line.startswith("n ")]
    assert len(lines) == 24
    held = [float(one) for line in lines for one in re.findall(r"(\d\.\d{3}) \(", line)]
    # Of one of 72 cells; that of all of them together is an eighth of it.
    chance_error = (0.95 * 0.05 / rounds) ** 0.5
    assert min(held) >= 0.95 - 3 * chance_error
    assert sum(held) / len(held) >= 0.95


@pytest.mark.parametrize("more", CHANCES)
@pytest.mark.parametrize("name", ["perfect", "right 95 %", "lenient"])
def test_intervals_hold_where_labels_are_drawn_with_unequal_chances(name: str, more: str) -> None:
    held, width, used = coverage_unequally(
        JUDGES[name], SIGNALS["10 over"], CHANCES[more], n=200, draws=400
    )
    assert held >= 0.94
    assert width < 0.97
    assert used > 0.7


def test_a_useless_judge_is_left_aside_where_chances_are_unequal() -> None:
    *_, used = coverage_unequally(
        JUDGES["useless"], SIGNALS["10 over"], CHANCES["the surer"], n=100, draws=400
    )
    assert used <= 0.05
