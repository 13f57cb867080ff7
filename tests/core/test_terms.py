"""What signals are measured by: one formula of maturity, and one place for what is usual."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from core.registry.yaml_reader import read
from core.terms import USUAL, Maturity, Terms
from tests.worlds.governed.governed import REGISTRY

#: A Monday.
END = datetime(2026, 11, 2)


@pytest.mark.parametrize(
    ("after", "n", "n_claims", "final"),
    [
        (timedelta(days=30), 0, 10, True),
        (timedelta(days=30, microseconds=-1), 79, 100, False),
        (timedelta(0), 80, 100, True),
        (timedelta(days=29), 0, 0, False),
    ],
)
def test_a_cohort_is_final_at_the_age_or_the_coverage(
    after: timedelta, n: int, n_claims: int, final: bool
) -> None:
    assert Maturity(30, 800_000).reached(END, n, n_claims, END + after) is final


def test_coverage_is_compared_in_whole_numbers() -> None:
    # 0.07 * 100 is more than 7 in binary fractions.
    assert Maturity(30, 70_000).covered(7, 100)
    several = Maturity(30, 500_000).covered(np.array([4, 5, 0]), np.array([10, 10, 0]))
    assert several.tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("now", "monday"),
    [
        (END + timedelta(days=30), END),
        (END + timedelta(days=30, microseconds=-1), END - timedelta(weeks=1)),
        (END + timedelta(days=36, hours=23), END),
    ],
)
def test_claims_are_settled_up_to_a_monday(now: datetime, monday: datetime) -> None:
    assert Maturity(30).settled_until(now) == monday


@pytest.mark.parametrize(
    ("days", "ages"),
    [(90, (7, 14, 21, 90)), (30, (7, 14, 21, 30)), (14, (7, 14)), (0, (0,))],
)
def test_cohorts_are_compared_at_ages_up_to_that_of_maturity(
    days: int, ages: tuple[int, ...]
) -> None:
    assert Maturity(days).ages_days == ages


def test_an_entry_says_what_its_signal_is_measured_by_and_is_usual_where_it_is_silent() -> None:
    said = '  tolerance: "0.05"\n  highConfidence: "0.90"\n'
    assert said in REGISTRY
    (silent,) = read(REGISTRY.replace(said, "")).specs
    assert silent.terms == USUAL
    declared = REGISTRY.replace(
        "  decision:", '  maturity: {days: 90, coverage: "0.99"}\n  decision:'
    )
    (slow,) = read(declared).specs
    assert slow.terms == Terms(maturity=Maturity(90, 990_000))


#: In a process of its own: constants are read once, when a module is first imported.
OTHER_DEFAULTS = """
from datetime import timedelta
from core import defaults
defaults.TOLERANCE, defaults.HIGH_FROM = 0.02, 0.8
defaults.MATURE_AGE, defaults.MATURE_COVERAGE = timedelta(days=90), 0.99
from core.governance.signal_terms import terms_of
from core.governance.state import EMPTY
from core.registry.yaml_reader import read
from core.registry.yaml_writer import example
from core.terms import Maturity, Terms
from tests.worlds.governed.governed import REGISTRY
said = '  tolerance: "0.05"\\n  highConfidence: "0.90"\\n'
assert said in REGISTRY
other = Terms(0.02, 0.8, Maturity(90, 990_000))
(silent,) = read(REGISTRY.replace(said, "")).specs
assert silent.terms == other, silent.terms
assert terms_of(EMPTY, "unregistered") == terms_of(None, "unregistered") == other
assert 'maturity: {days: 90, coverage: "0.99"}' in example("s")
assert 'tolerance: "0.02"' in example("s")
"""


def test_another_default_holds_for_silent_entries_and_unregistered_signals_alike() -> None:
    done = subprocess.run(
        [sys.executable, "-c", OTHER_DEFAULTS],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
