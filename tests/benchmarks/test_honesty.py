"""The error rates of verdicts can be printed, and hold where those of the old rule did not."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.worlds.governed.rounds import rounds

SCRIPT = Path(__file__).with_name("honesty.py")


def _printed(section: str, ledgers: int) -> dict[str, list[float]]:
    told = subprocess.run(
        [sys.executable, str(SCRIPT), "--ledgers", str(ledgers), "--processes", "1",
         "--only", section],
        capture_output=True, text=True, check=True, timeout=300,
    ).stdout  # fmt: skip
    found = (re.match(r"(.+?)  +(?:off: .*?)?(?=\d\.\d{3})", line) for line in told.splitlines())
    return {
        " ".join(one[1].split()): [float(x) for x in re.findall(r"\d\.\d{3}", one.string)]
        for one in found
        if one
    }


@rounds(2, 4)
def test_repeated_inputs_make_no_verdict_false(rounds: int) -> None:
    printed = _printed("clusters", rounds)
    assert len(printed) == 40
    assert sum(old for old, *_ in printed.values()) > 5
    assert sum(new for _, new, *_ in printed.values()) == 0


@rounds(4, 10)
def test_labels_chosen_by_outcome_make_no_verdict_false(rounds: int) -> None:
    printed = _printed("missing", rounds)
    wrong_first = printed["calibrated, wrong first 10000"]
    assert wrong_first == [1, 0, 0, 0, 1]
    by_chance = printed["calibrated, by chance 10000"]
    assert by_chance[:2] == [0, 0]
    assert by_chance[4] <= 0.1


@rounds(4, 10)
def test_a_standing_verdict_finds_a_rise_and_blames_the_version_it_came_with(rounds: int) -> None:
    told = subprocess.run(
        [sys.executable, str(SCRIPT), "--ledgers", str(rounds), "--processes", "1",
         "--only", "standing"],
        capture_output=True, text=True, check=True, timeout=300,
    ).stdout  # fmt: skip
    blamed = {
        " ".join(name.split()): float(share)
        for name, share in re.findall(r"^(version.+?)  off .*blamed (\d\.\d{3})", told, re.M)
    }
    assert blamed["version, 0 to +15 1000"] == 1
    assert blamed["version, +10 before too 1000"] == 0
    calibrated = told.split("gap at the tolerance")[0]
    assert set(re.findall(r"ever off (\d\.\d{3})", calibrated)) == {"0.000"}
    rise = re.search(r"gap 0 to \+15 +1000 *(?:\n.*){3}weeks after it +(\d+)", told)
    assert rise is not None
    assert int(rise[1]) <= 6
