"""What a command costs before and while it does next to nothing, in seconds of processor.

    .venv/bin/python tests/benchmarks/start_up.py

On a ledger of two claims; each line is the median of five runs, user and system time of the whole
process, beside Python with the libraries that no ledger is opened without.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

TIMES = 5
#: Whoever installed it compiles a module once.
ENVIRONMENT = {name: one for name, one in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
CLAIMS = (
    "event_id,signal,confidence,ts,outcome\n"
    "1,s,0.9,2026-11-01T00:00:00Z,1\n"
    "2,s,0.8,2026-11-02T00:00:00Z,0\n"
)
#: What is measured, and the most it may take.
COMMANDS: dict[str, float | None] = {
    "--help": 0.3,
    "decide --ledger {ledger} --signal s --confidence 0.9": 0.4,
    "measure --ledger {ledger} --signal s": 0.9,
    "import {claims} --ledger {ledger}": None,
    "check --ledger {ledger}": None,
    "trail verify --ledger {ledger}": None,
    "registry export --ledger {ledger}": None,
    "doctor --ledger {ledger}": None,
    "report --ledger {ledger} --out {folder}/report.html": None,
}


def main() -> None:
    """Print a line a command."""
    with tempfile.TemporaryDirectory() as folder:
        names = {"ledger": f"{folder}/l.duckdb", "claims": f"{folder}/c.csv", "folder": folder}
        Path(names["claims"]).write_text(CLAIMS)
        calledger = [sys.executable, "-m", "dashboard.cli.main"]
        subprocess.run([*calledger, *"import {claims} --ledger {ledger}".format(**names).split()],
                       check=True, capture_output=True)  # fmt: skip
        print(f"{os.cpu_count()} processors; median seconds of processor of {TIMES} runs")
        for code in ("pass", "import click, duckdb, numpy", "import click, duckdb, numpy, pandas"):
            print(f"{taken([sys.executable, '-c', code]):5.2f}        python -c {code!r}")
        for words, limit in COMMANDS.items():
            seconds = taken([*calledger, *words.format(**names).split()])
            most = "" if limit is None else f"≤ {limit:.1f}"
            print(
                f"{seconds:5.2f} {most:6} calledger {words.partition(' --')[0].partition(' {')[0]}"
            )


def taken(command: list[str]) -> float:
    """The median user and system time of a command."""
    seconds = []
    for _ in range(TIMES):
        with subprocess.Popen(
            command, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            _, _, used = os.wait4(process.pid, 0)
            process.returncode = 0
        seconds.append(used.ru_utime + used.ru_stime)
    return statistics.median(seconds)


if __name__ == "__main__":
    main()
