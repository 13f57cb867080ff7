"""The benchmark of the detectors runs, and plants what it says."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from tests.worlds.governed.rounds import rounds

SCRIPT = Path(__file__).with_name("detect.py")


def run(ledgers: int, *words: str) -> str:
    asked = [sys.executable, str(SCRIPT), "--ledgers", str(ledgers), "--processes", "1", *words]
    return subprocess.run(asked, capture_output=True, text=True, check=True, timeout=120).stdout


def test_what_is_exact_is_found_at_once_and_a_naive_rule_does_not_see_it() -> None:
    only = ("tuning leak", "theatre", "escalation breach")
    told = run(2, "--looks", "3", *(word for name in only for word in ("--only", name)))
    (leak,) = [line for line in told.splitlines() if line.startswith("tuning leak")]
    assert leak.split("shared inputs (exact)")[1].split()[:3] == ["100%", "1", "0.0%"]
    (last,) = [line for line in told.splitlines() if line.strip().startswith("10%  ")][1:]
    assert last.split()[1:4] == ["100%", "1", "0.0%"]
    (many,) = [line for line in told.splitlines() if line.strip().startswith("200  ")]
    assert many.split()[1:4] == ["100%", "1", "0.0%"]


@rounds(1, 2)
def test_errors_that_cancel_are_found_and_a_calibrated_signal_of_the_same_values_is_not(
    rounds: int,
) -> None:
    (last,) = [
        line
        for line in run(rounds, "--looks", "8", "--only", "errors cancel").splitlines()
        if line.strip().startswith("tolerance + 12")
    ]
    power, _, false = last.split("points")[1].split()[:3]
    assert (power, false) == ("100%", "0.0%")


def test_each_failure_can_be_planted_at_each_of_its_sizes_and_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(str(SCRIPT.parent))
    failures = import_module("detection.failures").FAILURES
    for one in failures:
        for size in (0.0, *(size for _, size in one.sizes)):
            assert len(one.made(np.random.default_rng(1), size)), (one.name, size)


@pytest.mark.usefixtures("proof_asked")
def test_what_was_not_done_or_too_late_is_found_and_what_was_done_in_time_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(str(SCRIPT.parent))
    upkeep = import_module("detection.upkeep")
    for told in (
        *(upkeep.missed_run, upkeep.unlabelled_audit, upkeep.overdue_case, upkeep.blind_check),
        *(upkeep.asked_otherwise, upkeep.always_waived, upkeep.unproven_cut),
        upkeep.older_cut,
    ):
        assert told(0) == (True, False), told.__name__


def test_another_model_is_found_by_kept_inputs_within_weeks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(str(SCRIPT.parent))
    kept = import_module("detection.kept")
    ours, _ = kept.found(np.random.default_rng(1), 3, shift=0.05)
    assert ours.share == 1
    null, _ = kept.found(np.random.default_rng(1), 3)
    assert null.share == 0
